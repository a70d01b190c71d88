"""The log: its levels and forms, repeats with a count, and a reader that has gone."""

from __future__ import annotations

import io
import json
from typing import Any, Literal

from arbtree import log as log_module
from arbtree.log import Log
from config.settings import LogSettings
from supervisors.events import LifecycleEvent

SECOND_NS = 1_000_000_000
PATH = "engine/venues/binance/books/BTC-USDT"


def event(
    kind: str, at_s: float = 0.0, text: str = "", path: str = PATH, generation: int = 1
) -> LifecycleEvent:
    """An event at this time."""
    return LifecycleEvent(1, 0, int(at_s * SECOND_NS), path, generation, kind, text)


class Written:
    """A log into memory whose clock is set by hand."""

    def __init__(
        self,
        level: Literal["debug", "info", "warning", "error"] = "debug",
        form: Literal["text", "json"] = "json",
    ) -> None:
        self.stream = io.StringIO()
        self.now_s = 0.0
        settings = LogSettings(level=level, format=form)
        self.log = Log(settings, self._write, lambda: int(self.now_s * SECOND_NS))

    def _write(self, line: str) -> None:
        if self.stream.closed:
            raise BrokenPipeError(32, "Broken pipe")
        self.stream.write(line + "\n")

    @property
    def lines(self) -> list[str]:
        """What was written."""
        return self.stream.getvalue().splitlines()

    @property
    def objects(self) -> list[dict[str, Any]]:
        """The same as objects."""
        return [json.loads(line) for line in self.lines]


def test_a_json_line_has_the_path_as_its_id() -> None:
    """One object a line, with when, what and whose."""
    written = Written()
    written.log.event(event("gap", 1.5, "gap after 17", generation=3))
    assert written.objects == [
        {
            "time": "1970-01-01T00:00:01.500+00:00",
            "level": "warning",
            "id": PATH,
            "generation": 3,
            "event": "gap",
            "text": "gap after 17",
        }
    ]


def test_a_text_is_one_line_whatever_it_holds() -> None:
    """A line feed in an error's text cannot forge a second line."""
    written = Written(form="text")
    written.log.event(event("crash", text="crash: ValueError: a\n1970-01-01 error forged"))
    assert written.lines == [
        f"1970-01-01T00:00:00.000+00:00 error   {PATH} crash: ValueError: a 1970-01-01 error forged"
    ]


def test_levels_choose() -> None:
    """Starts are debug, restarts' ends info, gaps warnings, divergences errors."""
    kinds = [("starting", 1), ("ready", 1), ("ready", 2), ("gap", 1), ("diverged", 1)]
    counts = {}
    for level in ("debug", "info", "warning", "error"):
        written = Written(level)
        for number, (kind, generation) in enumerate(kinds):
            written.log.event(event(kind, path=f"engine/{number}", generation=generation))
        counts[level] = len(written.lines)
    assert counts == {"debug": 5, "info": 3, "warning": 2, "error": 1}


def test_repeats_are_one_line_and_a_count() -> None:
    """A thousand outages of one actor within ten seconds are two lines."""
    written = Written()
    for number in range(1_000):
        written.log.event(event("outage", number / 200, f"outage: number {number}"))
    assert len(written.lines) == 1
    written.log.event(event("outage", 1.0, "outage: another", path="engine/other"))
    assert len(written.lines) == 2
    written.now_s = 20.0
    written.log.tell_repeats()
    told = written.objects[2]
    assert (told["repeated"], told["text"]) == (999, "outage: number 999")
    assert (told["id"], told["level"]) == (PATH, "warning")
    written.log.tell_repeats()
    written.log.close()
    assert len(written.lines) == 3
    written.log.event(event("outage", 21.0, "outage: later"))
    assert written.objects[3]["text"] == "outage: later"


def test_nothing_held_back_is_lost_at_the_end() -> None:
    """Closing tells what repeated."""
    written = Written(form="text")
    for _ in range(3):
        written.log.event(event("gap", text="gap after 1"))
    written.log.close()
    assert written.lines[-1].endswith("gap after 1 (and 2 more, the last of them this one)")
    assert (written.log.written, written.log.held_back) == (2, 2)


def test_what_repeats_is_bounded() -> None:
    """However many actors there are, so many are remembered; the rest is told."""
    written = Written()
    for number in range(3 * log_module.MOST_KINDS):
        for _ in range(2):
            written.log.event(event("gap", path=f"engine/{number}"))
    assert len(written.log._held) == log_module.MOST_KINDS
    told = sum(line.get("repeated", 0) for line in written.objects)
    assert told == 2 * log_module.MOST_KINDS


def test_a_reader_that_has_gone_ends_nothing() -> None:
    """Standard error closed: the engine trades on."""
    written = Written()
    written.stream.close()
    written.log.event(event("gap"))
    assert written.log.written == 0
