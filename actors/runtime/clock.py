"""The one seam for time: monotonic and wall nanoseconds from one object that tests replace."""

from __future__ import annotations

import time
from typing import Protocol

import trio

NS_PER_S = 1_000_000_000


class Clock(Protocol):
    """Where every actor reads the time."""

    def now_ns(self) -> int:
        """Return monotonic nanoseconds; only differences mean anything."""
        ...

    def wall_ns(self) -> int:
        """Return nanoseconds since 1970 UTC."""
        ...


class SystemClock:
    """The machine's own clocks."""

    def now_ns(self) -> int:
        """Return the system's monotonic nanoseconds."""
        return time.monotonic_ns()

    def wall_ns(self) -> int:
        """Return the system's wall time in nanoseconds since 1970."""
        return time.time_ns()


class TrioClock:
    """The time of the running trio loop, so that `trio.testing.MockClock` moves it.

    Args:
        wall_start_ns: the wall time, in nanoseconds since 1970, at trio time 0.
    """

    def __init__(self, wall_start_ns: int = 0) -> None:
        self._wall_start_ns = wall_start_ns

    def now_ns(self) -> int:
        """Return the loop's time in nanoseconds."""
        return round(trio.current_time() * NS_PER_S)

    def wall_ns(self) -> int:
        """Return the wall time that belongs to the loop's time."""
        return self._wall_start_ns + self.now_ns()


class ManualClock:
    """A clock that stands still until it is set: replays set it to each frame's own time."""

    def __init__(self, start_ns: int = 0) -> None:
        self._now_ns = start_ns

    def set_ns(self, at_ns: int) -> None:
        """Move both clocks to this time; a recording may step back, so this may too."""
        self._now_ns = at_ns

    def now_ns(self) -> int:
        """Return the time last set."""
        return self._now_ns

    def wall_ns(self) -> int:
        """Return the time last set: recordings carry wall time."""
        return self._now_ns
