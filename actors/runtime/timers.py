"""Calling back at a later time: one heap and one task for the whole run.

Setting a timer touches no task of its own, so a handler that runs in its sender's turn may do it.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable

import trio

from actors.runtime.faults import TooManyTimers

MAX_TIMERS = 100_000  # some fifty for each of two thousand actors; more is a leak
COMPACT_AT = 64  # below this many dead entries a sweep is not worth its while


class Timer:
    """A callback that waits for its time."""

    __slots__ = ("_timers", "callback", "due_s")

    def __init__(self, timers: Timers, due_s: float, callback: Callable[[], None]) -> None:
        self._timers = timers
        self.due_s = due_s
        self.callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Never call back; harmless if it has called back already."""
        if self.callback is not None:
            self.callback = None
            self._timers.bury()


class Timers:
    """All timers of a run; equal times are called in the order in which they were set."""

    def __init__(self) -> None:
        self._heap: list[tuple[float, int, Timer]] = []
        self._count = 0
        self._dead = 0
        self._changed = trio.Event()
        self._wakes_s = float("-inf")  # when `run` looks next; never before it has looked once

    def __len__(self) -> int:
        return len(self._heap) - self._dead

    def after(self, delay_s: float, callback: Callable[[], None]) -> Timer:
        """Call back once after this many seconds (at least 0) of the loop's time.

        Raises:
            TooManyTimers: 100,000 wait already.
        """
        if len(self) >= MAX_TIMERS:
            raise TooManyTimers(f"{MAX_TIMERS} timers wait already: something sets them in a loop")
        due_s = trio.current_time() + max(0.0, delay_s)
        timer = Timer(self, due_s, callback)
        self._count += 1
        heapq.heappush(self._heap, (due_s, self._count, timer))
        if due_s < self._wakes_s:
            self._wakes_s = due_s
            self._changed.set()
        return timer

    def bury(self) -> None:
        """Note a cancelled entry; sweep when they are the greater part."""
        self._dead += 1
        if self._dead > COMPACT_AT and self._dead * 2 > len(self._heap):
            self._heap = [entry for entry in self._heap if entry[2].callback is not None]
            heapq.heapify(self._heap)
            self._dead = 0

    async def run(self) -> None:
        """Call back what is due, for ever."""
        while True:
            self._call_due()
            self._changed = trio.Event()
            self._wakes_s = due_s = self._heap[0][0] if self._heap else float("inf")
            with trio.CancelScope(deadline=due_s):
                await self._changed.wait()

    def _call_due(self) -> None:
        """Call what is due now; what a callback sets for now waits for the next round."""
        now_s, last = trio.current_time(), self._count
        while self._heap:
            due_s, number, timer = self._heap[0]
            if timer.callback is None:
                heapq.heappop(self._heap)
                self._dead -= 1
            elif due_s <= now_s and number <= last:
                heapq.heappop(self._heap)
                callback, timer.callback = timer.callback, None
                callback()
            else:
                return
