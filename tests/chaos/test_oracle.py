"""Replay and truth tell a right book from a wrong one, on messages made by hand."""

from __future__ import annotations

from typing import Any

import trio
from msgspec import structs
from trio.testing import MockClock

from arbtree.chaos.oracle import ReplayChecker, TruthChecker
from messages.books import BookDark, BookTop, DarkReason, FeedOpened
from messages.market import BookDelta, BookSnapshot, Levels
from simulator.instruments import DEFAULT_ASSETS, usdt_pair
from tests.chaos.news import ASKS, BIDS, BOOK, CONNECTION, INFO, delta, top

# -- replay ---------------------------------------------------------------------------------------


def _replayed(news: BookTop, events: tuple[BookDelta, ...]) -> ReplayChecker:
    checker = ReplayChecker()
    checker.opened(BOOK, FeedOpened(INFO, CONNECTION, 1))
    checker.snapshot(BOOK, BookSnapshot("binance", "BTC/USDT", 1, 10, 0, 0, BIDS, ASKS))
    for event in events:
        checker.delta(BOOK, event)
    checker.top(BOOK, news)
    return checker


async def test_replay_knows_a_right_top_from_a_wrong_one(autojump_clock: MockClock) -> None:
    """Right levels pass; a level too much, an overlooked gap and a made-up id do not."""
    await trio.lowlevel.checkpoint()
    changed = ((99.5, 3.0), *BIDS)
    follows = (delta(11, 12, ((99.5, 3.0),)),)
    assert _replayed(top(12, changed), follows).failed == 0
    assert _replayed(top(12, BIDS), follows).failed == 1
    gap = (delta(13, 14, ((99.5, 3.0),)),)
    assert "leads to sequence 14" in _replayed(top(14, changed), gap).violations[0]
    assert _replayed(top(99, BIDS), ()).failed == 1
    assert _replayed(structs.replace(top(10), epoch=2), ()).failed == 1


async def test_replay_wants_a_snapshot_after_darkness(autojump_clock: MockClock) -> None:
    """A book that went dark and goes on with its old levels is found out."""
    await trio.lowlevel.checkpoint()
    checker = _replayed(top(10), ())
    checker.dark(BOOK, BookDark("binance", "BTC/USDT", 1, DarkReason.CROSSED, 0))
    checker.delta(BOOK, delta(15, 15, ((99.5, 3.0),)))
    checker.top(BOOK, top(15, ((99.5, 3.0), *BIDS)))
    assert checker.failed == 1


async def test_replay_is_told_of_a_feed_once_a_life(autojump_clock: MockClock) -> None:
    """The same news again, from a connection that was held up, changes no book; a life does."""
    await trio.lowlevel.checkpoint()
    changed = ((99.5, 3.0), *BIDS)
    checker = _replayed(top(12, changed), (delta(11, 12, ((99.5, 3.0),)),))
    checker.opened(BOOK, FeedOpened(INFO, CONNECTION, 1))
    checker.top(BOOK, top(12, changed))
    assert checker.failed == 0
    checker.state(BOOK, "starting", 2)
    checker.opened(BOOK, FeedOpened(INFO, CONNECTION, 1))
    checker.top(BOOK, top(12, changed))
    assert "nothing it accepted leads to sequence 12" in checker.violations[0]


# -- truth ----------------------------------------------------------------------------------------


class _Listed:
    """What the checker takes from a simulated symbol: how it spells, and who looks at its book."""

    def __init__(self) -> None:
        self.listing = usdt_pair(DEFAULT_ASSETS[0], "BTCUSDT")
        self.witness: Any = None


class _Side:
    def __init__(self, *levels: tuple[int, int]) -> None:
        self._levels = list(levels)

    def top(self, count: int) -> list[tuple[int, int]]:
        return self._levels[:count]


class _VenueBook:
    """Two levels a side, as the messages above have them, in ticks and lots."""

    last_id = 12
    bids, asks = (
        _Side((9_900, 100_000), (9_800, 200_000)),
        _Side((10_100, 100_000), (10_200, 200_000)),
    )


async def test_truth_compares_prices_amounts_and_depth(autojump_clock: MockClock) -> None:
    """The venue's own levels pass; another price, another amount or a level too few does not."""
    await trio.lowlevel.checkpoint()

    def found(bids: Levels) -> int:
        listed: Any = _Listed()
        checker = TruthChecker()
        checker.watch(BOOK, listed, 5)
        listed.witness(None, _VenueBook())
        checker.top(BOOK, top(12, bids))
        assert checker.looked_at == 1
        return checker.failed

    assert found(BIDS) == 0
    assert found(((99.5, 1.0), (98.0, 2.0))) == 1
    assert found(((99.0, 1.5), (98.0, 2.0))) == 1
    assert found(BIDS[:1]) == 1
    assert found(()) == 1
