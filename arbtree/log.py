"""The log on standard error: one line an event, as text or JSON, the actor path as its id.

Events are rare by nature (lives, gaps, resyncs, audits, bans): no message of a venue makes a line.
An event that repeats is written once in `REPEAT_S`, and then how often it was held back.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from datetime import UTC, datetime

import orjson

from config.settings import LogSettings
from supervisors.events import LifecycleEvent

LEVELS = ("debug", "info", "warning", "error")

REPEAT_S = 10.0
"""Lines of one actor and kind within this time are one line and a count."""

MOST_KINDS = 1_024
"""Pairs of actor and kind whose repeats are counted; beyond, the oldest is told and forgotten."""

_LEVEL_OF = {
    "outage": "warning",
    "backoff": "debug",
    "crash": "error",
    "killed": "error",
    "stuck": "error",
    "quarantined": "error",
    "gave_up": "error",
    "fatal": "error",
    "diverged": "error",
    "gap": "warning",
    "outgrown": "warning",
    "resync": "info",
    "audited": "info",
    "audit": "warning",
    "clock": "warning",
    "signal": "info",
    "removed": "info",
}
"""The level of each kind of event; what is not named is debug."""


class _Held:
    """Repeats of one actor and kind since a line of it was written."""

    __slots__ = ("count", "since_ns", "text")

    def __init__(self, since_ns: int) -> None:
        self.since_ns = since_ns
        self.count = 0
        self.text = ""


class Log:
    """Writes events that are important enough.

    Args:
        settings: level and format.
        write: takes each line; what it cannot write any more is left alone.
        wall_ns: the time of lines that bring none, in nanoseconds since 1970.
    """

    def __init__(
        self,
        settings: LogSettings,
        write: Callable[[str], None],
        wall_ns: Callable[[], int] = time.time_ns,
    ) -> None:
        self._least = LEVELS.index(settings.level)
        self._json = settings.format == "json"
        self._write_line = write
        self._wall_ns = wall_ns
        self._held: dict[tuple[str, str], _Held] = {}
        self.written = 0
        self.held_back = 0

    def event(self, event: LifecycleEvent) -> None:
        """Write one event, if its level is high enough and it does not repeat."""
        level = _LEVEL_OF.get(event.kind, "debug")
        if event.kind == "ready" and event.generation > 1:
            level = "info"  # the end of a restart's story
        self._offer(level, event.path, event.kind, event.text, event.generation, event.wall_ns)

    def line(self, level: str, path: str, kind: str, text: str) -> None:
        """Write what is no event of the tree."""
        self._offer(level, path, kind, text, None, self._wall_ns())

    def tell_repeats(self) -> None:
        """Write how often what was held back has repeated, where its time is over."""
        now_ns = self._wall_ns()
        for (path, kind), held in tuple(self._held.items()):
            if now_ns - held.since_ns >= REPEAT_S * 1e9:
                del self._held[path, kind]
                self._tell(path, kind, held, now_ns)

    def close(self) -> None:
        """Write how often whatever was held back has repeated."""
        now_ns = self._wall_ns()
        for (path, kind), held in self._held.items():
            self._tell(path, kind, held, now_ns)
        self._held.clear()

    def _offer(
        self, level: str, path: str, kind: str, text: str, generation: int | None, wall_ns: int
    ) -> None:
        if LEVELS.index(level) < self._least:
            return
        held = self._held.get((path, kind))
        if held is not None and 0 <= wall_ns - held.since_ns < REPEAT_S * 1e9:
            held.count += 1
            held.text = text
            self.held_back += 1
            return
        if held is not None:
            del self._held[path, kind]
            self._tell(path, kind, held, wall_ns)
        elif len(self._held) >= MOST_KINDS:
            oldest = next(iter(self._held))
            self._tell(*oldest, self._held.pop(oldest), wall_ns)
        self._held[path, kind] = _Held(wall_ns)
        self._write(level, path, kind, text, generation, wall_ns, 0)

    def _tell(self, path: str, kind: str, held: _Held, wall_ns: int) -> None:
        if held.count:
            level = _LEVEL_OF.get(kind, "info")
            self._write(level, path, kind, held.text, None, wall_ns, held.count)

    def _write(
        self,
        level: str,
        path: str,
        kind: str,
        text: str,
        generation: int | None,
        wall_ns: int,
        repeated: int,
    ) -> None:
        at = datetime.fromtimestamp(wall_ns / 1e9, UTC)
        stamp = at.isoformat(timespec="milliseconds")
        if self._json:
            body: dict[str, object] = {"time": stamp, "level": level, "id": path}
            if generation is not None:
                body["generation"] = generation
            body |= {"event": kind, "text": text}
            if repeated:
                body["repeated"] = repeated
            line = orjson.dumps(body).decode()
        else:
            words = " ".join(_story(kind, text).split())
            tail = f" (and {repeated} more, the last of them this one)" if repeated else ""
            line = f"{stamp} {level:7} {path} {words}{tail}"
        try:
            self._write_line(line)
        except OSError:
            return  # nobody reads it; what runs must not end for that
        self.written += 1


def story(event: LifecycleEvent) -> str:
    """What happened in a few words; many texts begin with the kind already."""
    return _story(event.kind, event.text)


def _story(kind: str, text: str) -> str:
    return text if text.startswith(kind) else f"{kind} {text}".rstrip()
