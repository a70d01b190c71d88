"""The log on standard error: one line an event, as text or JSON, the actor path as its id."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TextIO

import orjson

from config.settings import LogSettings
from supervisors.events import LifecycleEvent

LEVELS = ("debug", "info", "warning", "error")

_LEVEL_OF = {
    "outage": "warning",
    "backoff": "warning",
    "crash": "error",
    "killed": "error",
    "stuck": "error",
    "quarantined": "error",
    "gave_up": "error",
    "fatal": "error",
    "signal": "info",
    "removed": "info",
}
"""The level of each kind of lifecycle event; what is not named is debug."""


class Log:
    """Writes lifecycle events that are important enough.

    Args:
        settings: level and format.
        stream: where to write.
    """

    def __init__(self, settings: LogSettings, stream: TextIO) -> None:
        self._least = LEVELS.index(settings.level)
        self._json = settings.format == "json"
        self._stream = stream

    def event(self, event: LifecycleEvent) -> None:
        """Write one event, if its level is high enough."""
        level = _LEVEL_OF.get(event.kind, "debug")
        if LEVELS.index(level) < self._least:
            return
        at = datetime.fromtimestamp(event.wall_ns / 1e9, UTC)
        stamp = at.isoformat(timespec="milliseconds")
        if self._json:
            body = {
                "time": stamp,
                "level": level,
                "id": event.path,
                "generation": event.generation,
                "event": event.kind,
                "text": event.text,
            }
            line = orjson.dumps(body).decode()
        else:
            line = f"{stamp} {level:7} {event.path} {story(event)}"
        print(line, file=self._stream, flush=True)


def story(event: LifecycleEvent) -> str:
    """What happened in a few words; many texts begin with the kind already."""
    if event.text.startswith(event.kind):
        return event.text
    return f"{event.kind} {event.text}".rstrip()
