"""A live run strikes only where nothing lasts, so that each recovery belongs to one fault."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from arbtree.chaos.live import LiveRun, Wish, live_settings
from arbtree.chaos.recovery import SLOW_BLAME_FOR_S
from arbtree.chaos.seeds import feeds_of
from messages.books import BookDark, BookTop, DarkReason
from messages.faults import fault_kind
from supervisors.chaos.nemesis import Injected
from supervisors.chaos.schedule import Planned

VENUE = "engine/venues/mexc"
CONNECTION = f"{VENUE}/connections/0"
BOOK = f"{VENUE}/books/BTC-USDT"


def _run() -> LiveRun:
    """A run with every book live, on which nothing has struck."""
    run = LiveRun(Wish(60.0, 1.0, 1), live_settings(1))
    run._feeds.update(feeds_of(live_settings(1)))
    run.recovery.live.update(dict.fromkeys(run._feeds, True))
    return run


def _strikes(run: LiveRun, fault: str) -> None:
    now_s = trio.current_time()
    injected = Injected(Planned(now_s, fault, CONNECTION), now_s, now_s)
    run.recovery.strikes(injected)
    run._note(injected)


def _goes_dark_and_live(run: LiveRun) -> None:
    run.recovery.dark(BOOK, BookDark("mexc", "BTC/USDT", 1, DarkReason.DISCONNECTED, 0))
    levels = ((1.0, 1.0),)
    top = BookTop("mexc", "BTC/USDT", CONNECTION, 2, 1, levels, levels, 0, 0, 0, 0)
    run.recovery.top(BOOK, top)


@pytest.mark.parametrize(("fault", "quiet_s"), [("cut", 1.0), ("half_open", SLOW_BLAME_FOR_S)])
async def test_a_place_is_left_alone_until_a_fault_is_noticed(
    fault: str, quiet_s: float, autojump_clock: MockClock
) -> None:
    """What shows as silence alone is waited for; another fault there would take its blame."""
    gap, run = fault_kind("gap"), _run()
    assert run._idle(gap, BOOK)
    _strikes(run, fault)
    await trio.sleep(quiet_s - 0.1)
    assert not run._idle(gap, BOOK)
    assert run._idle(gap, "engine/venues/binance/books/BTC-USDT")
    await trio.sleep(0.2)
    assert run._idle(gap, BOOK)


async def test_a_place_is_free_when_a_slow_fault_is_over(autojump_clock: MockClock) -> None:
    """As soon as it was noticed and everything was live again, and the blame is its own."""
    gap, run = fault_kind("gap"), _run()
    _strikes(run, "half_open")
    await trio.sleep(9.0)
    _goes_dark_and_live(run)
    run._let_go()
    assert not run._idle(gap, BOOK)
    await trio.sleep(1.1)
    assert run._idle(gap, BOOK)
    (record,) = run.recovery.records()
    assert (record.dark_after_s, record.live_after_s) == (9.0, 9.0)
