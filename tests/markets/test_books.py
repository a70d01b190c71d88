"""One suite for both books: whatever is done to them, they equal a plain dict."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from math import inf, nan

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.book import LadderBook, book_for
from markets.depth import TRIM_SLACK_LEVELS, OffGrid, OrderBook
from markets.ladder import DRIFT_SLOTS, MARGIN_SLOTS, WINDOW_SLOTS
from markets.sorted_book import SortedBook
from messages.market import Level, Levels

TICK = Decimal("0.01")

Make = Callable[[int | None], OrderBook]


def ladder(max_levels: int | None = None) -> OrderBook:
    """A ladder book on cents."""
    return LadderBook(TICK, max_levels)


def twin(max_levels: int | None = None) -> OrderBook:
    """A sorted book."""
    return SortedBook(max_levels)


both_books = pytest.mark.parametrize("make", [ladder, twin], ids=["ladder", "sorted"])


class Model:
    """The plainest book there is: two dicts, sorted when asked."""

    def __init__(self) -> None:
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set or delete each level."""
        for side, levels in ((self.bids, bids), (self.asks, asks)):
            for price, amount in levels:
                side[price] = amount
                if not amount:
                    del side[price]

    def all_levels(self) -> tuple[Levels, Levels]:
        """Best first."""
        return tuple(sorted(self.bids.items(), reverse=True)), tuple(sorted(self.asks.items()))


def check(book: OrderBook, model: Model) -> None:
    """Everything a book answers follows from its levels."""
    bids, asks = model.all_levels()
    assert book.all_levels() == (bids, asks)
    assert book.levels() == (len(bids), len(asks))
    nothing = ((0.0, 0.0),)
    assert book.best() == (bids or nothing)[0] + (asks or nothing)[0]
    assert (book.bids.best_price, book.asks.best_price) == (book.best()[0], book.best()[2])
    assert book.crossed == bool(bids and asks and bids[0][0] >= asks[0][0])
    for count in (0, 1, 3, 20):
        assert book.top(count) == (bids[:count], asks[:count])


# Ticks gather near a centre, spread around it beyond a window, and lie near zero.
ticks = st.one_of(
    st.integers(100_000, 100_030),
    st.integers(100_000 - WINDOW_SLOTS * 2, 100_000 + WINDOW_SLOTS * 2),
    st.integers(1, 60),
    st.integers(1, 10**9),
)
amounts = st.one_of(st.just(0.0), st.integers(1, 9).map(lambda units: units / 8))
sides = st.lists(st.tuples(ticks.map(lambda tick: tick / 100), amounts), max_size=12).map(tuple)


@both_books
@given(snapshot=st.tuples(sides, sides), deltas=st.lists(st.tuples(sides, sides), max_size=12))
def test_any_operations_equal_a_plain_dict(
    make: Make, snapshot: tuple[Levels, Levels], deltas: list[tuple[Levels, Levels]]
) -> None:
    """After every change all levels, counts, tops and best prices are those of the model."""
    book, model = make(None), Model()
    book.apply(((1.0, 1.0),), ((2.0, 1.0),))  # a reset forgets it
    book.reset(*snapshot)
    model.apply(*snapshot)
    check(book, model)
    for bids, asks in deltas:
        book.apply(bids, asks)
        model.apply(bids, asks)
        check(book, model)


@both_books
@given(
    moves=st.lists(
        st.sampled_from([1, -1, 40, -40, MARGIN_SLOTS + 9, -DRIFT_SLOTS - 9, 3 * WINDOW_SLOTS]),
        max_size=30,
    )
)
def test_a_drifting_market_equals_a_plain_dict(make: Make, moves: list[int]) -> None:
    """The best levels are deleted and set anew as the price walks and leaps; nothing is lost."""
    book, model, mid = make(None), Model(), 50_000
    for move in moves:
        mid = max(mid + move, 50)
        old_bids, old_asks = model.all_levels()
        bids: list[Level] = [(price, 0.0) for price, _ in old_bids if price >= mid / 100]
        asks: list[Level] = [(price, 0.0) for price, _ in old_asks if price <= mid / 100]
        bids += [((mid - step) / 100, 1.0 + step) for step in (1, 2, 9, 30)]
        asks += [((mid + step) / 100, 1.0 + step) for step in (1, 2, 9, 30)]
        book.apply(tuple(bids), tuple(asks))
        model.apply(tuple(bids), tuple(asks))
        check(book, model)


@both_books
def test_a_whole_side_can_go_and_come_back(make: Make) -> None:
    """Deleting every level of a side leaves it empty, and the other untouched."""
    book = make(None)
    book.reset(((9.99, 1.0), (9.0, 2.0), (0.01, 3.0)), ((10.0, 1.0), (99.0, 4.0)))
    book.apply(((0.01, 0.0), (9.99, 0.0), (9.0, 0.0)), ())
    assert book.best() == (0.0, 0.0, 10.0, 1.0)
    assert book.levels() == (0, 2)
    assert book.crossed is False
    book.apply(((500_000.0, 1.0),), ())
    assert book.top(1) == (((500_000.0, 1.0),), ((10.0, 1.0),))
    book.clear()
    assert book.all_levels() == ((), ())
    assert book.levels() == (0, 0)


@both_books
def test_deleting_unknown_levels_is_normal(make: Make) -> None:
    """Deletes near, far, better than the best and on an empty book change nothing."""
    book = make(None)
    for _ in range(2):
        book.apply(((0.01, 0.0), (10.0, 0.0), (90_000.0, 0.0)), ((0.01, 0.0), (90_000.0, 0.0)))
        assert book.levels() == (0, 0)
    book.reset(((10.0, 1.0),), ((10.01, 1.0),))
    book.apply(((0.01, 0.0), (10.03, 0.0), (90_000.0, 0.0)), ((0.01, 0.0), (90_000.0, 0.0)))
    assert book.all_levels() == (((10.0, 1.0),), ((10.01, 1.0),))


@both_books
@pytest.mark.parametrize(
    "level",
    [
        (nan, 1.0), (inf, 1.0), (-inf, 1.0), (-1.0, 1.0), (-0.01, 1.0), (0.0, 1.0),
        (1.0, nan), (1.0, -1.0), (70_000.0, -inf),
    ],
)  # fmt: skip
@pytest.mark.parametrize("side", [0, 1])
@pytest.mark.parametrize("middle", [0.05, 1.0, 60_000.0])
def test_what_is_no_level_is_refused_and_harms_nothing(
    make: Make, level: Level, side: int, middle: float
) -> None:
    """Not-a-number, infinite and non-positive values raise; the levels before stay right."""
    book = make(None)
    bids, asks = ((round(middle - 0.01, 2), 1.0),), ((round(middle + 0.01, 2), 2.0),)
    book.reset(bids, asks)
    with pytest.raises(ValueError, match=r"is not|NaN"):
        book.apply(*(((level,), ()) if side == 0 else ((), (level,))))
    assert book.all_levels() == (bids, asks)


@both_books
def test_a_level_limit_drops_the_farthest_and_counts_them(make: Make) -> None:
    """Of a snapshot exactly the best levels stay, near or far, and the rest is counted."""
    book = make(3)
    bids = tuple((price, 1.0) for price in (1.0, 100.0, 99.99, 50.0, 99.98))
    book.reset(bids, ((101.0, 1.0),))
    assert book.top(9)[0] == ((100.0, 1.0), (99.99, 1.0), (99.98, 1.0))
    assert book.levels() == (3, 1)
    assert book.dropped_levels == 2


@both_books
@given(seed=st.integers(0, 99))
def test_a_level_limit_holds_at_every_moment(make: Make, seed: int) -> None:
    """No side ever has more than the limit and the stated slack; the best is always right."""
    book, model, limit = make(40), Model(), 40
    for step in range(60):
        ask = 1_000 + (seed * 7 + step * 13) % 50
        new = tuple((tick / 100, 1.0) for tick in range(ask, ask + 900, 45))
        old = ((model.all_levels()[1][0][0], 0.0),) if step % 3 and model.asks else ()
        book.apply((), old + new)
        model.apply((), old + new)
        assert book.levels()[1] <= limit + TRIM_SLACK_LEVELS
        assert book.top(10) == ((), model.all_levels()[1][:10])
    assert book.levels()[1] + book.dropped_levels >= len(model.asks)


def test_a_full_ladder_drops_far_levels_on_arrival() -> None:
    """Behind the worst level of a full side nothing is stored again; room lets it in later."""
    book = LadderBook(TICK, 2)
    book.reset((), ((10.0, 1.0), (5_000.0, 1.0), (6_000.0, 1.0)))
    book.apply((), ((7_000.0, 1.0),))
    assert book.levels() == (0, 2)
    assert book.dropped_levels == 2
    book.apply((), ((10.0, 0.0),) + ((5_000.0, 2.0),) * TRIM_SLACK_LEVELS)
    book.apply((), ((7_000.0, 1.0),))
    assert book.all_levels() == ((), ((5_000.0, 2.0), (7_000.0, 1.0)))


# -- the ladder's own ---------------------------------------------------------------------------


@given(
    tick=st.one_of(
        st.integers(1, 16).flatmap(
            lambda p: st.integers(0, 8).map(lambda places: Decimal(p).scaleb(-places))
        ),
        st.sampled_from([Decimal("0.25"), Decimal("0.0005"), Decimal("2.5"), Decimal("0.000001")]),
    ),
    steps=st.lists(st.integers(1, 10**7), min_size=1, max_size=8),
)
def test_prices_come_back_exactly(tick: Decimal, steps: list[int]) -> None:
    """The float of a decimal string on the grid is rebuilt bit for bit from its tick."""
    book = LadderBook(tick)
    texts = {str(tick * step) for step in steps}
    book.apply(tuple((float(text), 1.0) for text in texts), ())
    expected = sorted((float(text) for text in texts), reverse=True)
    assert [price for price, _ in book.all_levels()[0]] == expected


@pytest.mark.parametrize("price", ["100.005", "100.0000001", "99.999", "0.001", "123456789.012"])
@pytest.mark.parametrize("amount", [0.0, 1.0])
def test_a_price_off_the_grid_is_told_and_nothing_is_lost(price: str, amount: float) -> None:
    """The whole delta applied again on the twin gives the book that the model has."""
    book, model = LadderBook(TICK), Model()
    snapshot = (((100.0, 1.0), (99.5, 2.0)), ((100.01, 3.0), (4_000.0, 1.0)))
    delta = (((100.0, 0.0), (99.0, 7.0)), ((100.01, 9.0), (float(price), amount), (101.0, 5.0)))
    book.reset(*snapshot)
    with pytest.raises(OffGrid, match="not a multiple of 1/100") as caught:
        book.apply(*delta)
    assert caught.value.price == float(price)
    assert book.best()[:2] == (99.5, 2.0)  # what came before the raise is applied and in order
    moved = book.to_sorted()
    moved.apply(*delta)
    model.apply(*snapshot)
    model.asks[float(price)] = 1.0  # so that the model may delete it
    model.apply(*delta)
    check(moved, model)


def test_the_twin_takes_the_counters_along() -> None:
    """A book that moves to its twin keeps its limit and what it dropped."""
    book = LadderBook(TICK, 1)
    book.reset(((1.0, 1.0), (2.0, 1.0)), ())
    moved = book.to_sorted()
    assert (moved.max_levels, moved.dropped_levels) == (1, 1)
    assert moved.all_levels() == (((2.0, 1.0),), ())


def test_a_quiet_market_does_not_move_the_window() -> None:
    """The window moves only when the best price leaves its middle part."""
    book = LadderBook(TICK)
    book.reset(((600.0, 1.0),), ((600.01, 1.0),))
    moved = book.recentrings
    for step in range(MARGIN_SLOTS):
        book.apply(((600.0 + step / 100, 1.0),), ())
    assert book.recentrings <= moved + 1
    book.apply(((590.0, 1.0), (700.0, 1.0)), ())
    assert book.recentrings == moved + 1


def test_the_ladder_knows_when_it_does_not_suit() -> None:
    """Levels too far apart for a window are told as sparse."""
    book = LadderBook(TICK)
    book.reset(((100.0, 1.0), (99.0, 1.0)), ((101.0, 1.0),))
    assert not book.sparse
    book.apply(((50.0, 1.0),), ())
    assert book.sparse


@pytest.mark.parametrize("price", [1e300, 1.7e308])
@pytest.mark.parametrize("tick", ["0.01", "1E-10"])
def test_a_price_beyond_all_ticks_is_off_the_grid(price: float, tick: str) -> None:
    """It is a price, however mad: the twin takes it, and no owner of a book crashes of it."""
    book = LadderBook(Decimal(tick))
    book.reset(((0.5, 1.0),), ((0.75, 1.0),))
    with pytest.raises(OffGrid):
        book.apply((), ((price, 2.0),))
    twin = book.to_sorted()
    twin.apply((), ((price, 2.0),))
    assert twin.all_levels() == (((0.5, 1.0),), ((0.75, 1.0), (price, 2.0)))


@pytest.mark.parametrize("tick", ["0", "-0.01", "NaN", "Infinity", "17", "1000", "1E-16"])
def test_a_tick_without_a_ladder_is_refused(tick: str) -> None:
    """Non-positive, endless, too coarse and too fine ticks are for the twin."""
    with pytest.raises(ValueError, match="no ladder"):
        LadderBook(Decimal(tick))
    assert isinstance(book_for(Decimal(tick)), SortedBook)


def test_a_limit_below_one_is_refused() -> None:
    """A book without levels is no book."""
    with pytest.raises(ValueError, match="max_levels"):
        LadderBook(TICK, 0)
    with pytest.raises(ValueError, match="max_levels"):
        SortedBook(0)


def test_the_book_that_suits_is_chosen() -> None:
    """A known tick and a dense snapshot get a ladder, everything else the twin; both are loaded."""
    dense = (((9.99, 1.0), (9.98, 1.0)), ((10.0, 1.0),))
    wide = (((900.0, 1.0), (9.98, 1.0)), ((1_000.0, 1.0),))
    off = (((9.995, 1.0),), ())
    assert isinstance(book_for(TICK, *dense), LadderBook)
    for tick, levels in ((None, dense), (TICK, wide), (TICK, off)):
        chosen = book_for(tick, levels[0], levels[1], max_levels=9)
        assert isinstance(chosen, SortedBook)
        assert chosen.all_levels() == levels
        assert chosen.max_levels == 9
