"""The simulated book: never crossed, on its grid, its changes numbered and complete."""

from __future__ import annotations

import random
from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.book import Book, Engine

moves = st.lists(st.floats(-0.004, 0.004), min_size=5, max_size=40)


def book(seed: str = "s", mid: float = 61_800_00.0, jump: int = 1, levels: int = 60) -> Book:
    """A book of BTC's size, smaller than the default one."""
    return Book(
        seed=seed,
        engine=Engine(1000, jump),
        levels=levels,
        lot_value=0.6,
        mid_ticks=mid,
        half_spread_ticks=mid * 4e-5,
        spacing_ticks=mid * 0.012 / levels,
    )


def live(one: Book, mid: float, changes: list[float]) -> None:
    """Step the book along a walk."""
    for at_ms, change in enumerate(changes):
        mid *= 1 + change
        one.step(mid, mid * 4e-5, at_ms)


@settings(max_examples=60)
@given(moves, st.sampled_from([61_800_00.0, 3_450.0, 40.0]), st.integers(0, 99))
def test_a_book_is_never_crossed_or_empty(changes: list[float], mid: float, seed: int) -> None:
    """Whatever the mid does, bids lie below asks and both sides keep levels in order."""
    one = book(str(seed), mid)
    for at_ms, change in enumerate(changes):
        mid *= 1 + change
        one.step(mid, mid * 4e-5, at_ms)
        assert one.bids.best()[0] < one.asks.best()[0]
        for side in (one.bids, one.asks):
            assert side.keys == sorted(side.lots)
            assert 2 <= len(side.keys) <= 60
            assert all(lots > 0 for lots in side.lots.values())
        assert one.bids.keys[0] > 0


@settings(max_examples=30)
@given(moves, st.sampled_from([1, 24]), st.integers(1, 7))
def test_diffs_rebuild_the_book(changes: list[float], jump: int, every: int) -> None:
    """A copy fed with diffs equals the book, and each diff ends where the next one begins."""
    one = book(jump=jump)
    bids, asks = dict(one.bids.top(999)), dict(one.asks.top(999))
    diff, last_id, mid = one.watch(), one.last_id, 61_800_00.0
    for at_ms, change in enumerate(changes):
        mid *= 1 + change
        one.step(mid, mid * 4e-5, at_ms)
        if at_ms % every or not diff.first_id:
            continue
        assert diff.previous_id == last_id < diff.first_id <= one.last_id
        if jump == 1:
            assert diff.first_id == last_id + 1
        for side, news in ((bids, diff.bids), (asks, diff.asks)):
            side.update(news)
            for tick in [tick for tick, lots in side.items() if lots == 0]:
                del side[tick]
        last_id = one.last_id
        diff.restart(last_id)
        assert bids == dict(one.bids.top(999))
        assert asks == dict(one.asks.top(999))


def test_spot_ids_count_single_changes() -> None:
    """One level change is one id; futures ids jump but only ever grow."""
    one = book()
    before = one.last_id
    one._set(one.bids, one.bids.keys[-1], 7)
    one._set(one.bids, one.bids.keys[-1], 7)
    one._set(one.bids, one.bids.keys[0], 0)
    assert one.last_id == before + 2
    shared = Engine(10, 24)
    source = random.Random(1)
    ids = [shared.next_id(source) for _ in range(200)]
    jumps = [b - a for a, b in pairwise(ids)]
    assert min(jumps) >= 1 and max(jumps) <= 24 and len(set(jumps)) > 10


def test_trades_take_from_the_best_level_and_are_numbered() -> None:
    """Trade ids count up by one, parts of one order share a price and an aggregate id."""
    one = book()
    live(one, 61_800_00.0, [0.0] * 400)
    trades = list(one.trades)
    assert len(trades) > 20
    assert [trade.trade_id for trade in trades] == list(
        range(trades[0].trade_id, trades[0].trade_id + len(trades))
    )
    prices: dict[int, set[int]] = {}
    for trade in trades:
        assert trade.lots > 0
        prices.setdefault(trade.aggregate_id, set()).add(trade.tick)
    assert all(len(ticks) == 1 for ticks in prices.values())
    assert {trade.taker_sold for trade in trades} == {True, False}


def test_events_have_the_size_of_real_ones() -> None:
    """Two steps (100 ms) of a quiet market change five to fifteen levels, mostly near the top."""
    one = book(levels=250)
    live(one, 61_800_00.0, [0.0] * 50)
    diff, sizes, near = one.watch(), [], 0
    for at_ms in range(400):
        one.step(61_800_00.0, 250.0, at_ms)
        if at_ms % 2:
            sizes.append(len(diff.bids) + len(diff.asks))
            near += sum(1 for tick in diff.bids if tick >= one.bids.keys[-40:][0])
            near += sum(1 for tick in diff.asks if -tick >= one.asks.keys[-40:][0])
            diff.restart(one.last_id)
    assert 5 <= sum(sizes) / len(sizes) <= 15
    assert near > 0.75 * sum(sizes)


def test_a_frozen_state_does_not_change() -> None:
    """A snapshot taken now shows the same levels after the book went on."""
    one = book()
    state = one.state(5, 20)
    kept = (state.last_id, list(state.bids), list(state.asks))
    live(one, 61_800_00.0, [0.001] * 20)
    assert (state.last_id, state.bids, state.asks) == kept
    assert len(state.bids) == 20 and state.bids == sorted(state.bids, reverse=True)
