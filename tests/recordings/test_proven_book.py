"""The book that is proven or dark, message by message."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from actors import proven_book
from actors.proven_book import ProvenBook, Verdict
from exchanges.contract import SequenceRule
from exchanges.sequencing import State
from messages.books import DarkReason
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import BestQuote, BookDelta, BookSnapshot, Levels
from tests import window

INFO = SymbolInfo(venue="v", symbol="A/B", native="AB", base="A", quote="B", kind=ContractKind.SPOT)
BIDS: Levels = ((100.5, 2.0), (100.0, 1.0))
ASKS: Levels = ((101.0, 3.0), (101.5, 1.0))


def delta(
    first: int, last: int, bids: Levels = (), asks: Levels = (), previous: int = -1
) -> BookDelta:
    """An event of epoch 1."""
    return BookDelta("v", "A/B", 1, first, last, previous, 0, 0, bids, asks)


def snapshot(last: int, bids: Levels = BIDS, asks: Levels = ASKS) -> BookSnapshot:
    """A snapshot of epoch 1."""
    return BookSnapshot("v", "A/B", 1, last, 0, 0, bids, asks)


def quote(last: int, bid: float = 100.5, ask: float = 101.0, amount: float = 2.0) -> BestQuote:
    """A best quote; by default the one of the snapshot above."""
    return BestQuote("v", "A/B", 1, last, 0, 0, bid, amount, ask, 3.0)


def opened(rule: SequenceRule = SequenceRule.CONTIGUOUS) -> ProvenBook:
    """A book in its first life."""
    book = ProvenBook(rule)
    book.open(1)
    return book


def live(last: int = 10) -> ProvenBook:
    """A book just loaded."""
    book = opened()
    assert book.snapshot(snapshot(last)) is Verdict.CHANGED
    return book


def test_the_first_event_asks_for_a_snapshot_once() -> None:
    """Only when the stream flows can a snapshot be bridged."""
    book = opened()
    verdicts = [book.delta(delta(n, n)) for n in (1, 2, 3)]
    assert verdicts == [Verdict.FIRST, Verdict.NOTHING, Verdict.NOTHING]
    assert book.state is State.BUFFERING
    assert (Verdict.FIRST.wants_snapshot, Verdict.FIRST.dark) == (True, None)


def test_a_snapshot_takes_the_held_events_along() -> None:
    """The book stands behind the last of them at once, and one change is told."""
    book = opened()
    for n, amount in ((9, 1.0), (10, 2.0), (11, 7.0), (12, 8.0)):
        book.delta(delta(n, n, ((100.5, amount),)))
    assert book.snapshot(snapshot(10)) is Verdict.CHANGED
    assert (book.sequence, book.updates, book.old) == (12, 2, 2)
    assert (book.best_bid, book.best_ask) == ((100.5, 8.0), (101.0, 3.0))
    assert (book.live, book.changed, book.state) == (True, True, State.LIVE)


def test_a_gap_darkens_at_once_and_a_snapshot_mends() -> None:
    """Nothing of the unproven book is left to be read."""
    book = live()
    assert book.delta(delta(11, 11)) is Verdict.CHANGED
    assert book.delta(delta(13, 13, ((100.5, 9.0),))) is Verdict.GAP
    assert (Verdict.GAP.wants_snapshot, Verdict.GAP.dark) == (True, DarkReason.GAP)
    assert (book.live, book.state, book.reason) == (False, State.DARK, DarkReason.GAP)
    assert (book.levels(), book.best_bid, book.best_ask) == ((0, 0), None, None)
    assert book.snapshot(snapshot(11)) is Verdict.REFUSED
    assert book.snapshot(snapshot(12)) is Verdict.CHANGED
    assert (book.sequence, book.gaps, book.resyncs) == (13, 1, 1)
    assert book.best_bid == (100.5, 9.0)


def test_old_events_and_snapshots_change_nothing() -> None:
    """What the book holds already is ignored and counted."""
    book = live()
    book.changed = False
    assert book.delta(delta(9, 10, ((100.5, 9.0),))) is Verdict.NOTHING
    assert book.snapshot(snapshot(10)) is Verdict.NOTHING
    assert (book.old, book.changed, book.best_bid) == (1, False, (100.5, 2.0))


def test_a_crossed_book_is_dark_until_a_snapshot() -> None:
    """A locked book too: nobody quotes both sides at one price."""
    for price in (101.0, 101.5):
        book = live()
        assert book.delta(delta(11, 11, ((price, 1.0),))) is Verdict.CROSSED
        assert (book.state, book.reason, book.levels()) == (State.DARK, DarkReason.CROSSED, (0, 0))
        assert book.delta(delta(12, 12, ((price, 0.0),))) is Verdict.NOTHING
        assert not book.live
        assert book.snapshot(snapshot(11)) is Verdict.CHANGED


def test_a_crossed_snapshot_is_never_live() -> None:
    """Held events do not uncross it either: the proof is gone."""
    book = opened()
    book.delta(delta(11, 11, ((102.0, 0.0),)))
    assert book.snapshot(snapshot(10, ((102.0, 1.0), *BIDS))) is Verdict.CROSSED
    assert not book.live


def test_an_empty_side_is_dark_and_recovers_by_itself() -> None:
    """The sequence is whole, so no snapshot is asked for."""
    book = live()
    gone: Levels = ((100.5, 0.0), (100.0, 0.0))
    assert book.delta(delta(11, 11, gone)) is Verdict.EMPTY
    assert (Verdict.EMPTY.wants_snapshot, Verdict.EMPTY.dark) == (False, DarkReason.EMPTY)
    assert (book.live, book.state, book.reason) == (False, State.DARK, DarkReason.EMPTY)
    assert book.delta(delta(12, 12)) is Verdict.NOTHING
    assert book.delta(delta(13, 13, ((99.0, 1.0),))) is Verdict.CHANGED
    assert (book.live, book.state, book.best_bid) == (True, State.LIVE, (99.0, 1.0))
    assert (book.gaps, book.resyncs) == (0, 0)


def test_an_empty_snapshot_says_so_once() -> None:
    """A market without a bid is synchronised and dark."""
    book = opened()
    assert book.snapshot(snapshot(10, ())) is Verdict.EMPTY
    assert book.delta(delta(11, 11)) is Verdict.NOTHING


def test_the_owner_may_darken_it() -> None:
    """A bad frame or a lost connection: events are held until a snapshot."""
    book = live()
    book.dark(DarkReason.DECODE)
    assert (book.live, book.state, book.reason) == (False, State.DARK, DarkReason.DECODE)
    assert book.delta(delta(11, 11)) is Verdict.NOTHING
    assert book.sequence == 10


def test_a_new_life_begins_empty() -> None:
    """Counters go on; levels and quotes do not."""
    book = live()
    book.quote(quote(11))
    book.open(2)
    assert (book.state, book.levels(), book.live) == (State.EMPTY, (0, 0), False)
    assert book.delta(delta(11, 11)) is Verdict.NOTHING, "of the life before"
    assert book.old == 1


# -- prices and limits --------------------------------------------------------------------------


@pytest.mark.parametrize("price", [100.123, 1e300])
def test_any_price_is_a_level_like_others(price: float) -> None:
    """Held for a snapshot or not: no grid is found in a snapshot that events must keep to."""
    book = opened()
    book.delta(delta(11, 11, (), ((price + 1.0, 5.0),)))
    assert book.snapshot(snapshot(10)) is Verdict.CHANGED
    before = book.all_levels()
    assert (price + 1.0, 5.0) in before[1]
    assert book.delta(delta(12, 12, (), ((price + 1.0, 0.0),))) is Verdict.CHANGED
    assert book.all_levels()[1] == tuple(each for each in before[1] if each[1] != 5.0)


def test_the_level_limit_is_kept_over_books() -> None:
    """Dropped levels are counted through resyncs."""
    book = ProvenBook(SequenceRule.CONTIGUOUS, max_levels=1)
    book.open(1)
    book.snapshot(snapshot(10))
    dropped = book.dropped_levels
    assert dropped == 2
    book.delta(delta(20, 20))
    book.snapshot(snapshot(19))
    assert book.dropped_levels == 2 * dropped


def test_what_a_serving_stream_took_out_of_its_window_is_told_again() -> None:
    """A book of such a stream knows what it holds now, however far the prices have moved."""
    book = ProvenBook(SequenceRule.CONTIGUOUS, max_levels=100, served_levels=2)
    book.open(1)
    book.snapshot(snapshot(10))
    book.delta(delta(11, 11, ((100.6, 1.0), (100.7, 1.0))))
    book.delta(delta(12, 12, ((100.6, 0.0), (100.7, 0.0), (99.5, 1.0), (99.0, 1.0))))
    book.look_for_drops()
    assert book.top(9)[0] == ((99.5, 1.0), (99.0, 1.0))
    assert (book.known.bid, book.known.ask) == (-inf, inf)


@given(window.BIDS, window.CHANGES, st.integers(1, 7), st.integers(1, 6))
def test_what_left_the_window_of_a_stream_is_never_shown_again(
    bids: window.Bids, changes: list[window.Bids], limit: int, served: int
) -> None:
    """Whatever the limit: the venue says no more of it, not even that it was deleted."""
    book = ProvenBook(SequenceRule.CONTIGUOUS, max_levels=limit, served_levels=served)
    book.open(1)
    book.snapshot(snapshot(10, window.best(bids, served)))
    for last_id, changed in enumerate(changes, 11):
        after = window.changed(bids, changed)
        book.delta(delta(last_id, last_id, window.told(served, bids, after)))
        book.look_for_drops()
        known = {price: amount for price, amount in after.items() if price >= book.known.bid}
        held = tuple(each for each in book.top(served)[0] if each[0] >= book.known.bid)
        assert held == window.best(known, served)
        bids = after


def test_a_limit_narrows_what_is_known_to_what_was_never_dropped() -> None:
    """Near levels that vanish do not bring back what was dropped behind them."""
    book = ProvenBook(SequenceRule.CONTIGUOUS, max_levels=4)
    book.open(1)
    bids = tuple((100.0 - step, 1.0) for step in range(5))
    book.snapshot(snapshot(10, bids))
    book.delta(delta(11, 11, (*((price, 0.0) for price, _ in bids[:3]), (95.0, 1.0))))
    book.look_for_drops()
    assert book.top(3)[0] == ((97.0, 1.0), (95.0, 1.0))
    assert 96.0 < book.known.bid < 96.1


# -- proof by best quotes -----------------------------------------------------------------------


def test_quotes_are_compared_whichever_comes_first() -> None:
    """Before its event, right behind it, and after later events."""
    book = live()
    book.quote(quote(11))
    assert book.quotes_compared == 0
    book.delta(delta(11, 11))
    assert (book.quotes_compared, book.quotes_equal) == (1, 1)
    book.delta(delta(12, 12, ((100.5, 5.0),)))
    book.quote(quote(12, amount=5.0))
    assert (book.quotes_compared, book.quotes_equal) == (2, 2)
    book.delta(delta(13, 14, ((100.5, 6.0),)))
    book.quote(quote(12, amount=6.0))
    assert (book.quotes_compared, book.quotes_equal) == (3, 2)


def test_quotes_of_no_event_are_never_compared() -> None:
    """An id inside an event is not the id of a book."""
    book = live()
    book.quote(quote(11))
    book.delta(delta(11, 12))
    book.quote(quote(11))
    assert book.quotes_compared == 0


def test_each_message_is_compared_once() -> None:
    """A quote that waited is gone, and two of one id are two messages."""
    book = live()
    book.quote(quote(11))
    book.quote(quote(11, amount=9.0))
    book.delta(delta(11, 11))
    book.delta(delta(11, 11))
    assert (book.quotes_compared, book.quotes_equal) == (2, 1)


def test_no_quote_counts_before_the_snapshot_or_while_dark() -> None:
    """What arrived then is not kept for later."""
    book = opened()
    book.quote(quote(10))
    book.quote(quote(11))
    book.delta(delta(11, 11))
    book.snapshot(snapshot(10))
    assert book.quotes_compared == 0
    book.quote(quote(12))
    book.delta(delta(14, 14))
    book.quote(quote(14))
    book.snapshot(snapshot(13))
    assert book.quotes_compared == 0


def test_a_quote_is_compared_with_a_snapshot_and_with_the_event_of_its_id() -> None:
    """Two states of one id where the rule applies the event too, as futures do."""
    book = opened(SequenceRule.CHAINED)
    book.snapshot(snapshot(10))
    book.quote(quote(10))
    assert book.quotes_compared == 1
    assert book.delta(delta(8, 10, previous=7)) is Verdict.CHANGED
    assert (book.quotes_compared, book.quotes_equal) == (2, 2)


def test_waiting_quotes_are_bounded() -> None:
    """Quotes whose events passed are dropped first; then the oldest, counted."""
    book = live()
    limit = proven_book.PENDING_QUOTES
    for n in range(limit):
        book.quote(quote(11 + n))
    book.delta(delta(11, 500))
    book.quote(quote(11 + limit))
    assert book.quotes_dropped == 0
    for n in range(2 * limit):
        book.quote(quote(10_000 + n))
    assert book.quotes_dropped > 0
    assert len(book._pending) <= limit
    for _ in range(100):
        book.quote(quote(50_000))
    assert len(book._others[50_000]) == proven_book.QUOTES_AN_ID


def test_remembered_bests_are_bounded() -> None:
    """Old ids are forgotten; the latest are still compared."""
    book = live()
    for n in range(11, 11 + 2 * proven_book.RECENT_BESTS):
        book.delta(delta(n, n))
    assert len(book._recent) <= proven_book.RECENT_BESTS
    book.quote(quote(11))
    assert book.quotes_compared == 0
    book.quote(quote(book.sequence - 1))
    assert book.quotes_compared == 1


def test_quotes_that_no_event_ends_at_are_let_go() -> None:
    """MEXC gathers changes for 100 ms: a quote of an id within an event is never compared."""
    book = live(10)
    for last_id in range(20, 10_010, 10):
        book.quote(quote(last_id - 5))
        book.quote(quote(last_id))
        book.delta(delta(last_id - 9, last_id))
    assert book.quotes_compared == 999
    assert len(book._pending) <= proven_book.RECENT_BESTS
