"""The clocks."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from actors.runtime.clock import ManualClock, SystemClock, TrioClock


async def test_the_trio_clock_follows_a_virtual_loop(autojump_clock: MockClock) -> None:
    """Ninety virtual seconds are ninety seconds on both of its faces."""
    clock = TrioClock(wall_start_ns=1_000)
    began_ns, wall_ns = clock.now_ns(), clock.wall_ns()
    await trio.sleep(90)
    assert clock.now_ns() - began_ns == 90_000_000_000
    assert clock.wall_ns() - wall_ns == 90_000_000_000
    assert clock.wall_ns() - clock.now_ns() == 1_000


def test_the_manual_clock_stands_still_until_it_is_set() -> None:
    """Both faces show what was set last, also when that is earlier."""
    clock = ManualClock(5)
    assert (clock.now_ns(), clock.wall_ns()) == (5, 5)
    clock.set_ns(3)
    assert (clock.now_ns(), clock.wall_ns()) == (3, 3)


def test_the_system_clock_never_steps_back() -> None:
    """Monotonic time does not decrease, and wall time is after 2020."""
    clock = SystemClock()
    assert clock.now_ns() <= clock.now_ns()
    assert clock.wall_ns() > 1_577_836_800 * 10**9
