"""Whatever is done to a book, it equals a plain dict."""

from __future__ import annotations

from math import inf, nan, nextafter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from markets.book import MOST_NEAR_PRICES, NEAR_PRICES, SPARE_PRICES, TRIM_SLACK_LEVELS, OrderBook
from messages.market import Level, Levels


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


# Ticks gather near a centre, spread around it, and lie near zero.
ticks = st.one_of(
    st.integers(100_000, 100_030),
    st.integers(100_000 - 8_192, 100_000 + 8_192),
    st.integers(1, 60),
    st.integers(1, 10**9),
)
amounts = st.one_of(st.just(0.0), st.integers(1, 9).map(lambda units: units / 8))
sides = st.lists(st.tuples(ticks.map(lambda tick: tick / 100), amounts), max_size=12).map(tuple)


@given(snapshot=st.tuples(sides, sides), deltas=st.lists(st.tuples(sides, sides), max_size=12))
def test_any_operations_equal_a_plain_dict(
    snapshot: tuple[Levels, Levels], deltas: list[tuple[Levels, Levels]]
) -> None:
    """After every change all levels, counts, tops and best prices are those of the model."""
    book, model = OrderBook(), Model()
    book.apply(((1.0, 1.0),), ((2.0, 1.0),))  # a reset forgets it
    book.reset(*snapshot)
    model.apply(*snapshot)
    check(book, model)
    for bids, asks in deltas:
        book.apply(bids, asks)
        model.apply(bids, asks)
        check(book, model)


@given(
    moves=st.lists(
        st.sampled_from([1, -1, 40, -40, 1_033, -3_081, 12_288]),
        max_size=30,
    )
)
def test_a_drifting_market_equals_a_plain_dict(moves: list[int]) -> None:
    """The best levels are deleted and set anew as the price walks and leaps; nothing is lost."""
    book, model, mid = OrderBook(), Model(), 50_000
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


def test_a_whole_side_can_go_and_come_back() -> None:
    """Deleting every level of a side leaves it empty, and the other untouched."""
    book = OrderBook()
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


def test_deleting_unknown_levels_is_normal() -> None:
    """Deletes near, far, better than the best and on an empty book change nothing."""
    book = OrderBook()
    for _ in range(2):
        book.apply(((0.01, 0.0), (10.0, 0.0), (90_000.0, 0.0)), ((0.01, 0.0), (90_000.0, 0.0)))
        assert book.levels() == (0, 0)
    book.reset(((10.0, 1.0),), ((10.01, 1.0),))
    book.apply(((0.01, 0.0), (10.03, 0.0), (90_000.0, 0.0)), ((0.01, 0.0), (90_000.0, 0.0)))
    assert book.all_levels() == (((10.0, 1.0),), ((10.01, 1.0),))


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
    level: Level, side: int, middle: float
) -> None:
    """Not-a-number, infinite and non-positive values raise; the levels before stay right."""
    book = OrderBook()
    bids, asks = ((round(middle - 0.01, 2), 1.0),), ((round(middle + 0.01, 2), 2.0),)
    book.reset(bids, asks)
    with pytest.raises(ValueError, match="is not"):
        book.apply(*(((level,), ()) if side == 0 else ((), (level,))))
        assert book.best() == bids[0] + asks[0] or not 0.0 < level[0] < inf
        book.all_levels()
    assert book.all_levels() == (bids, asks)


def test_a_level_limit_drops_the_farthest_and_counts_them() -> None:
    """Of a snapshot exactly the best levels stay, near or far, and the rest is counted."""
    book = OrderBook(3)
    bids = tuple((price, 1.0) for price in (1.0, 100.0, 99.99, 50.0, 99.98))
    book.reset(bids, ((101.0, 1.0),))
    assert book.top(9)[0] == ((100.0, 1.0), (99.99, 1.0), (99.98, 1.0))
    assert book.levels() == (3, 1)
    assert book.dropped_levels == 2


@given(seed=st.integers(0, 99))
def test_a_level_limit_holds_at_every_moment(seed: int) -> None:
    """No side ever has more than the limit and the stated slack; the best is always right."""
    book, model, limit = OrderBook(40), Model(), 40
    for step in range(60):
        ask = 1_000 + (seed * 7 + step * 13) % 50
        new = tuple((tick / 100, 1.0) for tick in range(ask, ask + 900, 45))
        old = ((model.all_levels()[1][0][0], 0.0),) if step % 3 and model.asks else ()
        book.apply((), old + new)
        model.apply((), old + new)
        assert book.levels()[1] <= limit + TRIM_SLACK_LEVELS
        assert book.top(10) == ((), model.all_levels()[1][:10])
    assert book.levels()[1] + book.dropped_levels >= len(model.asks)


@given(data=st.data())
def test_everything_nearer_than_the_best_dropped_price_is_known(data: st.DataObject) -> None:
    """Whatever vanished and came since: there every level equals the book without a limit."""
    book, model = OrderBook(4), Model()
    changes = st.tuples(st.integers(1, 200), st.sampled_from((0.0, 1.0, 2.0)))
    for _ in range(data.draw(st.integers(1, 6))):
        drawn = data.draw(st.lists(changes, max_size=60, unique_by=lambda each: each[0]))
        bids = tuple((tick / 100, amount) for tick, amount in drawn)
        asks = tuple(((300 + tick) / 100, amount) for tick, amount in drawn)
        book.apply(bids, asks)
        for side, levels in ((model.bids, bids), (model.asks, asks)):
            for price, amount in levels:
                side.pop(price, None)
                side.update({price: amount} if amount else {})
        bid, ask = book.dropped_prices
        ours, truth = book.all_levels(), model.all_levels()
        for held, whole, sign, bound in zip(ours, truth, (1, -1), (bid, ask), strict=True):
            known = [level for level in whole if (level[0] - bound) * sign > 0]
            assert [level for level in held if (level[0] - bound) * sign > 0] == known
            assert bound * sign == -inf or len(known) < len(whole) or not whole or held == whole


def test_a_snapshot_forgets_what_was_dropped() -> None:
    """The range begins anew; what its own excess costs is dropped again."""
    book = OrderBook(2)
    book.reset(((3.0, 1.0), (2.0, 1.0), (1.0, 1.0)), ((4.0, 1.0),))
    assert book.dropped_prices == (1.0, inf)
    book.reset(((3.0, 1.0), (2.0, 1.0)), ((4.0, 1.0), (5.0, 1.0), (6.0, 1.0)))
    assert book.dropped_prices == (-inf, 6.0)


def test_a_limit_below_one_is_refused() -> None:
    """A book without levels is no book."""
    with pytest.raises(ValueError, match="max_levels"):
        OrderBook(0)


@pytest.mark.parametrize("price", [100.005, 0.1 + 0.2, 5e-324, 1.7e308])
def test_any_price_is_a_level_of_its_own(price: float) -> None:
    """No tick is needed: what is one bit apart is not merged, and comes back as it was."""
    book, model = OrderBook(), Model()
    levels = tuple((each, 1.0) for each in (nextafter(price, 0.0), price) if each)
    book.reset(((50.0, 1.0),), ((51.0, 2.0),))
    model.apply(((50.0, 1.0),), ((51.0, 2.0),))
    for sides in ((levels, ()), ((), levels)):
        book.apply(*sides)
        model.apply(*sides)
        check(book, model)


@pytest.mark.parametrize("bad", [-1.0, nan, -inf])
@pytest.mark.parametrize("price", [10.0, 9.5, 9.0])
def test_a_bad_amount_of_a_known_level_is_never_shown(price: float, bad: float) -> None:
    """Wherever the level stands: whoever would show it raises, and then it is gone."""
    book = OrderBook()
    levels = ((10.0, 1.0), (9.5, 1.0), (9.0, 2.0))
    book.reset(levels, ((11.0, 1.0),))
    with pytest.raises(ValueError, match=f"{bad!r} is not an amount"):
        book.apply(((price, bad), (8.0, 1.0)), ())
        assert book.best() == ((10.0, 1.0) if price < 10.0 else (9.5, 1.0)) + (11.0, 1.0)
        book.apply(((10.0, 0.0),), ())
        book.top(3)
    left = [each for each, _ in book.all_levels()[0]]
    assert left in ([9.5, 9.0, 8.0], [9.0, 8.0], [9.5, 8.0])
    assert price not in left


def test_a_snapshot_with_what_is_no_level_is_refused() -> None:
    """Prices and amounts alike."""
    for level in ((nan, 1.0), (inf, 1.0), (-1.0, 1.0), (0.0, 0.0), (1.0, nan), (1.0, -1.0)):
        with pytest.raises(ValueError, match="is not"):
            OrderBook().reset((), ((2.0, 1.0), level))


# -- order --------------------------------------------------------------------------------------


@given(seed=st.integers(0, 9_999))
@settings(max_examples=25)
def test_books_deeper_than_what_is_kept_in_order_equal_a_plain_dict(seed: int) -> None:
    """Levels beyond the horizon come to the top, and new ones push the order to its limit."""
    chance, book, model = Random(seed), OrderBook(), Model()
    deep = 2 * NEAR_PRICES
    sides = tuple(
        tuple((tick / 8, 1.0) for tick in chance.sample(ticks, deep))
        for ticks in (range(1, 4 * deep), range(4 * deep, 8 * deep))
    )
    book.reset(*sides)
    model.apply(*sides)
    for _ in range(60):
        best = [len(levels) and levels[0][0] for levels in model.all_levels()]
        changes = []
        for price, sign in zip(best, (-1, 1), strict=True):
            near = [max(1.0, price * 8 + sign * chance.randrange(-4, deep // 2)) for _ in range(40)]
            changes.append(tuple((tick / 8, chance.choice((0.0, 0.0, 2.0))) for tick in near))
        if not chance.randrange(8):
            gone = model.all_levels()[0][: NEAR_PRICES + 9]
            changes[0] = tuple((price, 0.0) for price, _ in gone)
        book.apply(*changes)
        model.apply(*changes)
        check(book, model)


def test_what_is_kept_is_bounded() -> None:
    """Neither deleted levels nor new ones make a side grow beyond what it holds."""
    book = OrderBook()
    for start in range(0, 100_000, 50):
        new = tuple((tick / 8 + 1.0, 1.0) for tick in range(start, start + 50))
        old = tuple((tick / 8 + 1.0, 0.0) for tick in range(start - 200, start - 150) if tick >= 0)
        book.apply((), new + old)
        book.settle()
        assert len(book.asks.prices) <= MOST_NEAR_PRICES
        assert len(book.asks.amounts) <= 3 * 200 + SPARE_PRICES
    assert book.levels() == (0, 200)


def test_a_level_limit_bounds_deleted_levels_too() -> None:
    """They go first: no level is dropped for one that is deleted."""
    book = OrderBook(10, slack=0)
    book.reset((), tuple((float(n), 1.0) for n in range(1, 11)))
    book.apply((), ((3.0, 0.0), (4.0, 0.0), (11.0, 1.0), (12.0, 1.0)))
    assert (book.levels(), book.dropped_levels) == ((0, 10), 0)
    book.apply((), ((0.5, 1.0),))
    assert (book.levels(), book.dropped_levels, book.dropped_prices) == ((0, 10), 1, (-inf, 12.0))
    assert len(book.asks.amounts) == 10
