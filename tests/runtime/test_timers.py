"""Timers: order, cancelling and their bound."""

from __future__ import annotations

from functools import partial

import pytest
import trio
from trio.testing import MockClock

from actors.runtime import timers as timers_module
from actors.runtime.faults import TooManyTimers
from actors.runtime.timers import Timers


async def test_timers_fire_in_order_of_time_and_then_of_setting(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Equal times keep the order in which they were set; none fires early or twice."""
    timers = Timers()
    fired: list[tuple[str, float]] = []

    def note(name: str) -> None:
        fired.append((name, trio.current_time()))

    nursery.start_soon(timers.run)
    for name, delay_s in (("late", 5.0), ("first", 1.0), ("second", 1.0), ("at once", -1.0)):
        timers.after(delay_s, partial(note, name))
    await trio.sleep(10)
    assert fired == [("at once", 0), ("first", 1), ("second", 1), ("late", 5)]
    assert len(timers) == 0


async def test_a_cancelled_timer_never_fires(
    autojump_clock: MockClock, nursery: trio.Nursery
) -> None:
    """Cancelling works until it fires, twice is harmless, and the heap does not keep the dead."""
    timers, fired = Timers(), []
    nursery.start_soon(timers.run)
    kept = timers.after(1, lambda: fired.append("kept"))
    for _ in range(1_000):
        timer = timers.after(500, lambda: fired.append("cancelled"))
        timer.cancel()
        timer.cancel()
    assert len(timers) == 1
    assert len(timers._heap) < 200
    await trio.sleep(1_000)
    kept.cancel()
    assert fired == ["kept"]
    assert len(timers) == 0


async def test_a_timer_may_set_timers(autojump_clock: MockClock, nursery: trio.Nursery) -> None:
    """A callback that sets itself again for now does not hold up the loop."""
    timers, fired = Timers(), []

    def again() -> None:
        fired.append(trio.current_time())
        if len(fired) < 5:
            timers.after(0, again)

    nursery.start_soon(timers.run)
    timers.after(1, again)
    await trio.sleep(2)
    assert fired == [1.0] * 5


def nothing() -> None:
    """A callback."""


async def test_too_many_timers_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    """A loop that sets timers hits a limit with a name."""
    monkeypatch.setattr(timers_module, "MAX_TIMERS", 2)
    timers = Timers()
    timers.after(1, nothing)
    timers.after(1, nothing)
    await trio.lowlevel.checkpoint()
    with pytest.raises(TooManyTimers, match="2 timers"):
        timers.after(1, nothing)
