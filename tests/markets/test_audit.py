"""Comparing a book with a snapshot at equal sequence: what is found, and what must not be."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.audit import (
    COPY_FACTOR,
    NOTED_EVENTS,
    STRIKES,
    AuditNotes,
    Comparison,
    Difference,
    Finding,
    KnownRange,
    Suspicion,
)
from messages.market import BookDelta, BookSnapshot, Levels
from tests import window

LEVELS = 8
Side = dict[int, int]
Change = tuple[str, int, int]


def event(first_id: int, last_id: int, bids: Levels = (), asks: Levels = ()) -> BookDelta:
    """An event of a contiguous stream."""
    return BookDelta("binance", "BTC/USDT", 1, first_id, last_id, -1, 0, 0, bids, asks)


def snapshot(last_id: int, bids: Levels, asks: Levels) -> BookSnapshot:
    """A snapshot as of this id."""
    return BookSnapshot("binance", "BTC/USDT", 1, last_id, 0, 0, bids, asks)


def ranked(side: Side, name: str, count: int = 10_000) -> Levels:
    """A side's levels, best first."""
    prices = sorted(side, reverse=name == "bid")
    return tuple((float(price), float(side[price])) for price in prices[:count])


def notes(bids: Levels, asks: Levels, known: KnownRange | None = None, at: int = 100) -> AuditNotes:
    """Notes begun at an id."""
    return AuditNotes(at, bids, asks, known or KnownRange(), levels=LEVELS, best=3)


class Truth:
    """A venue's book that remembers itself at every id."""

    def __init__(self, bids: Side, asks: Side) -> None:
        self.states: dict[int, tuple[Side, Side]] = {100: (bids, asks)}
        self.last_id = 100

    def change(self, side: str, price: int, amount: int) -> None:
        """One numbered change."""
        bids, asks = (dict(each) for each in self.states[self.last_id])
        book = bids if side == "bid" else asks
        if amount:
            book[price] = amount
        else:
            book.pop(price, None)
        self.last_id += 1
        self.states[self.last_id] = (bids, asks)

    def at(self, last_id: int, levels: int = LEVELS) -> BookSnapshot:
        """What REST says of that id."""
        bids, asks = self.states[last_id]
        return snapshot(last_id, ranked(bids, "bid", levels), ranked(asks, "ask", levels))


def sides(low: int, high: int) -> st.SearchStrategy[Side]:
    """A side with prices in that range."""
    return st.dictionaries(st.integers(low, high), st.integers(1, 9), min_size=1)


CHANGES = st.lists(
    st.lists(
        st.one_of(
            st.tuples(st.just("bid"), st.integers(1, 40), st.integers(0, 9)),
            st.tuples(st.just("ask"), st.integers(41, 80), st.integers(0, 9)),
        ),
        min_size=1,
        max_size=5,
    ),
    max_size=12,
)


def followed(bids: Side, asks: Side, changes: list[list[Change]]) -> tuple[Truth, AuditNotes]:
    """A truth, and the notes of a book that follows it right, one event for each list."""
    truth = Truth(bids, asks)
    full = LEVELS * COPY_FACTOR
    taken = notes(ranked(bids, "bid", full), ranked(asks, "ask", full))
    for group in changes:
        first_id = truth.last_id + 1
        touched: dict[tuple[str, int], int] = {}
        for side, price, amount in group:
            truth.change(side, price, amount)
            touched[side, price] = amount
        levels = {
            name: tuple((float(p), float(a)) for (side, p), a in touched.items() if side == name)
            for name in ("bid", "ask")
        }
        taken.add(event(first_id, truth.last_id, levels["bid"], levels["ask"]))
    return truth, taken


@given(sides(1, 40), sides(41, 80), CHANGES, st.data())
def test_a_book_that_is_right_is_never_found_wrong(
    bids: Side, asks: Side, changes: list[list[Change]], data: st.DataObject
) -> None:
    """Whatever happens and wherever the snapshot's id lies, inside an event included."""
    truth, taken = followed(bids, asks, changes)
    at = data.draw(st.integers(100, truth.last_id))
    assert taken.compare(truth.at(at)).result is Comparison.EQUAL


@given(sides(1, 40), sides(41, 80), CHANGES, st.data())
def test_one_wrong_level_is_found_at_equal_sequence(
    bids: Side, asks: Side, changes: list[list[Change]], data: st.DataObject
) -> None:
    """A level the snapshot shows differently, at an id the book stood at, is the one named."""
    truth, taken = followed(bids, asks, changes)
    right = truth.at(truth.last_id)
    if not right.bids:
        return
    index = data.draw(st.integers(0, min(len(right.bids), LEVELS) - 1))
    price, amount = right.bids[index]
    wrong = (*right.bids[:index], (price, amount + 1), *right.bids[index + 1 :])
    found = taken.compare(snapshot(right.last_id, wrong, right.asks))
    assert found.exact
    assert found.differences == (Difference("bid", price, amount, amount + 1),)
    assert found.text.startswith(f"1 of {found.compared} levels differ: bid {price:g}: ours ")


@given(window.BIDS, window.CHANGES, st.integers(1, 12), st.data())
def test_notes_forget_what_left_the_window_of_a_stream(
    bids: window.Bids, changes: list[window.Bids], served: int, data: st.DataObject
) -> None:
    """The venue says no more of it: a ghost there, or a price far from the first, is no news."""
    taken = AuditNotes(
        100, window.best(bids, served), (), KnownRange(), levels=LEVELS, best=3, window=served
    )
    states = [bids]
    for last_id, each in enumerate(changes, 101):
        states.append(window.changed(states[-1], each))
        taken.add(event(last_id, last_id, window.told(served, *states[-2:])))
    at = data.draw(st.integers(0, len(changes)))
    right = window.best(states[at], LEVELS)
    found = taken.compare(snapshot(100 + at, right, ()))
    assert found.result is not Comparison.DIFFERENT
    assert found.compared == min(served, len(right))
    if right:
        price, amount = right[0]
        found = taken.compare(snapshot(100 + at, ((price, amount + 1.0), *right[1:]), ()))
        assert found.differences == (Difference("bid", price, amount, amount + 1.0),)


def test_ghosts_and_missing_levels_are_found() -> None:
    """A level only we have, and one only the venue has, down to the snapshot's last level."""
    ours = notes(((10.0, 1.0), (9.0, 1.0), (7.0, 1.0)), ((11.0, 1.0),))
    found = ours.compare(snapshot(100, ((10.0, 1.0), (8.0, 2.0), (7.0, 1.0)), ((11.0, 1.0),)))
    assert found.differences == (Difference("bid", 9.0, 1.0, 0.0), Difference("bid", 8.0, 0.0, 2.0))


def test_what_lies_beyond_the_snapshot_is_not_compared() -> None:
    """The snapshot is cut: farther levels of ours say nothing."""
    ours = notes(((10.0, 1.0), (9.0, 1.0), (8.0, 1.0)), ((11.0, 1.0), (12.0, 1.0)))
    found = ours.compare(snapshot(100, ((10.0, 1.0), (9.0, 1.0)), ((11.0, 1.0),)))
    assert (found.result, found.compared) == (Comparison.EQUAL, 3)


def test_what_the_book_never_knew_is_not_compared() -> None:
    """Beyond the range of its snapshot a book may miss levels: no fault of its sequence."""
    known = KnownRange()
    known.loaded(((10.0, 1.0), (9.0, 1.0)), ((11.0, 1.0),))
    theirs = snapshot(100, ((10.0, 1.0), (9.0, 1.0), (8.0, 1.0), (7.0, 1.0)), ((11.0, 1.0),))
    ours = AuditNotes(
        100, ((10.0, 1.0), (9.0, 1.0), (7.0, 1.0)), ((11.0, 1.0),), known, levels=LEVELS, best=2
    )
    assert ours.compare(theirs).result is Comparison.EQUAL


def test_a_book_whose_best_levels_are_unknown_is_outgrown() -> None:
    """The levels that decisions look at lie where the book knows nothing for certain."""
    known = KnownRange()
    known.loaded(((10.0, 1.0),), ((11.0, 1.0), (12.0, 1.0), (13.0, 1.0)))
    theirs = snapshot(100, ((10.0, 1.0), (9.0, 1.0), (8.0, 1.0)), ((11.0, 1.0), (12.0, 1.0)))
    ours = notes(((10.0, 1.0),), ((11.0, 1.0), (12.0, 1.0)), known)
    assert ours.compare(theirs).result is Comparison.BEYOND


def test_dropped_levels_narrow_what_is_known() -> None:
    """The range only narrows until the next snapshot."""
    known = KnownRange()
    known.loaded(((10.0, 1.0), (1.0, 1.0)), ((11.0, 1.0), (20.0, 1.0)))
    known.dropped(-inf, inf)
    assert (known.bid, known.ask) == (1.0, 20.0)
    known.dropped(5.0, 15.0)
    known.dropped(4.0, 16.0)
    assert known.bid > 5.0 and known.ask < 15.0
    assert known.bid == pytest.approx(5.0)
    assert known.ask == pytest.approx(15.0)
    known.loaded(((10.0, 1.0), (1.0, 1.0)), ((11.0, 1.0), (20.0, 1.0)))
    assert (known.bid, known.ask) == (1.0, 20.0)


def test_inside_an_event_its_own_levels_are_left_out() -> None:
    """They may show either amount; all others must be equal, and that is no exact proof."""
    ours = notes(((10.0, 1.0), (9.0, 1.0)), ((11.0, 1.0),))
    ours.add(event(101, 105, ((10.0, 5.0),)))
    half = snapshot(103, ((10.0, 3.0), (9.0, 1.0)), ((11.0, 1.0),))
    assert ours.compare(half) == Finding(Comparison.EQUAL, exact=False, compared=2)
    wrong = ours.compare(snapshot(103, ((10.0, 3.0), (9.0, 2.0)), ((11.0, 1.0),)))
    assert (wrong.result, wrong.exact) == (Comparison.DIFFERENT, False)


def test_a_snapshot_from_before_the_notes_decides_nothing() -> None:
    """A REST server that lags is no proof of anything."""
    assert notes((), ()).compare(snapshot(99, ((1.0, 1.0),), ())).result is Comparison.EARLIER


def test_notes_are_bounded() -> None:
    """More events than `NOTED_EVENTS` are not kept, and that is said."""
    ours = notes((), ())
    for number in range(NOTED_EVENTS):
        ours.add(event(101 + number, 101 + number))
    before = ours.overflowed
    ours.add(event(5_000, 5_000))
    assert (before, ours.overflowed, ours.last_id) == (False, True, 5_000)


def different(*prices: float, exact: bool = False) -> Finding:
    """A finding with differing bids."""
    found = tuple(Difference("bid", price, 1.0, 2.0) for price in prices)
    return Finding(Comparison.DIFFERENT, exact, 10, found)


def test_an_exact_difference_is_proof() -> None:
    """At equal sequence there is no other explanation."""
    assert Suspicion().confirmed(different(10.0, exact=True))


def test_an_inexact_difference_must_persist_at_one_level() -> None:
    """Other levels each time are the doing of events; the same one is not."""
    passing = Suspicion()
    assert not any(passing.confirmed(different(float(price))) for price in range(10))
    lasting = Suspicion()
    seen = [lasting.confirmed(different(7.0, float(other))) for other in range(STRIKES)]
    assert seen == [False] * (STRIKES - 1) + [True]


def test_a_clean_audit_clears_a_suspicion() -> None:
    """The strikes begin anew."""
    cleared = Suspicion()
    for _ in range(STRIKES - 1):
        assert not cleared.confirmed(different(7.0))
    assert not cleared.confirmed(Finding(Comparison.EQUAL))
    assert not cleared.confirmed(different(7.0))
