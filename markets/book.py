"""The ladder book, the fastest book in pure Python where the tick is known.

`markets.ladder` says how a side works and what it costs; `markets.sorted_book` is the twin for
symbols that do not suit, and `book_for` chooses.
"""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from heapq import nlargest, nsmallest

from markets.depth import TRIM_SLACK_LEVELS, OffGrid
from markets.ladder import WINDOW_SLOTS, LadderSide
from markets.sorted_book import SortedBook
from messages.market import Best, Levels

MAX_NUMERATOR = 16
"""Greatest p of a tick p/q: the ladder steps in 1/q, so a greater p would waste its window."""

MAX_DENOMINATOR = 10**15
"""Greatest q: q and every tick that passes the exact check are whole numbers below 2**53."""

WIDE_LEVELS = 20
"""The levels a `BookTop` carries: a ladder on which they are far apart would search too long."""


class LadderBook:
    """An order book over integer ticks; see `markets.depth.OrderBook` for each method.

    Args:
        tick: the price step; in lowest terms p/q with p at most `MAX_NUMERATOR`.  The ladder
            steps in 1/q: a price off that grid raises OffGrid and is never merged into another.
        max_levels: how many levels a side to keep (at least 1), None for all; the farthest go.
        slack: how many levels a side may exceed that between two trims, at least 0.

    Raises:
        ValueError: the tick is not positive, or no ladder can be built on it.
    """

    __slots__ = ("_room", "_slack", "asks", "bids", "max_levels")

    def __init__(
        self, tick: Decimal, max_levels: int | None = None, slack: int = TRIM_SLACK_LEVELS
    ) -> None:
        if not fits_ladder(tick):
            raise ValueError(f"no ladder can be built on the tick {tick}")
        if max_levels is not None and max_levels < 1:
            raise ValueError(f"max_levels is {max_levels}, expected at least 1")
        denominator = Fraction(tick).denominator
        self.max_levels = max_levels
        self._room = self._slack = slack
        self.bids = LadderSide(-1, denominator)
        self.asks = LadderSide(1, denominator)

    def reset(self, bids: Levels, asks: Levels) -> None:
        """Replace the whole book by a snapshot."""
        self.bids.load(bids)
        self.asks.load(asks)
        if self.max_levels is not None:
            self._trim(self.max_levels)

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set levels to absolute amounts; 0 deletes.  Raises OffGrid."""
        if self.max_levels is not None:
            self._room -= len(bids) + len(asks)
        if bids:
            self.bids.apply(bids)
        if asks:
            self.asks.apply(asks)
        if self._room < 0 and self.max_levels is not None:
            self._trim(self.max_levels)

    def _trim(self, max_levels: int) -> None:
        lazy = self._slack > 0
        fuller = max(
            self.bids.trim(max_levels, drop_on_arrival=lazy),
            self.asks.trim(max_levels, drop_on_arrival=lazy),
        )
        # No side can pass the limit by more than the slack within so many changes.
        self._room = max_levels - fuller + self._slack

    def clear(self) -> None:
        """Forget every level; counters stay."""
        self.bids.clear()
        self.asks.clear()

    def best(self) -> Best:
        """The best level of both sides; zeros for an empty one."""
        bids, asks = self.bids, self.asks
        bid, ask = bids.best_price, asks.best_price
        bid_amount = bids.amounts[bids.best] if bid else 0.0
        return bid, bid_amount, ask, asks.amounts[asks.best] if ask else 0.0

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        return self.bids.best_price >= self.asks.best_price > 0.0

    @property
    def dropped_levels(self) -> int:
        """How many levels the limit cost so far."""
        return self.bids.dropped + self.asks.dropped

    @property
    def dropped_prices(self) -> tuple[float, float]:
        """The best bid and ask dropped since the last snapshot; infinite where none was."""
        return self.bids.dropped_price, self.asks.dropped_price

    @property
    def sparse(self) -> bool:
        """Whether the best `WIDE_LEVELS` of a side do not fit half a window.

        Searching such a book costs more than the twin's whole update; the owner should ask now
        and then, and go on with `to_sorted()`.
        """
        reach = WINDOW_SLOTS / 2 / abs(self.bids.den)
        best = self.top(WIDE_LEVELS)
        return any(len(side) > 1 and abs(side[0][0] - side[-1][0]) > reach for side in best)

    @property
    def recentrings(self) -> int:
        """How often a window moved: many for few changes means that the tick is too fine."""
        return self.bids.recentrings + self.asks.recentrings

    def top(self, count: int) -> tuple[Levels, Levels]:
        """The best `count` levels of bids and asks, best first."""
        return self.bids.top(count), self.asks.top(count)

    def levels(self) -> tuple[int, int]:
        """How many levels bids and asks have."""
        return self.bids.count(), self.asks.count()

    def all_levels(self) -> tuple[Levels, Levels]:
        """Every level of bids and asks, best first."""
        return self.top(max(self.levels()))

    def to_sorted(self) -> SortedBook:
        """The same book as its twin, which takes any price; also after OffGrid."""
        twin = SortedBook(self.max_levels)
        twin.dropped_levels = self.dropped_levels
        twin.reset(*self.all_levels())
        twin.note_dropped(*self.dropped_prices)
        return twin


def fits_ladder(tick: Decimal | None) -> bool:
    """Whether a ladder can be built on this tick; None (unknown) cannot."""
    if tick is None or not tick.is_finite() or tick <= 0:
        return False
    step = Fraction(tick)
    return step.numerator <= MAX_NUMERATOR and step.denominator <= MAX_DENOMINATOR


def book_for(
    tick: Decimal | None,
    bids: Levels = (),
    asks: Levels = (),
    max_levels: int | None = None,
    slack: int = TRIM_SLACK_LEVELS,
) -> LadderBook | SortedBook:
    """Build the book that suits a symbol and load it with a snapshot.

    Args:
        tick: the price step, None where it is unknown.
        bids: the snapshot's bids, in any order.
        asks: the snapshot's asks, in any order.
        max_levels: how many levels a side to keep, None for all.
        slack: how many levels a side a ladder may exceed that between two trims.

    Returns:
        A ladder, or its twin when the tick is unknown, too coarse or fine for a ladder, when a
        snapshot price is off the grid, or when the levels are too far apart (`sparse`).
    """
    if tick is not None and fits_ladder(tick) and not _too_wide(tick, bids, asks):
        ladder = LadderBook(tick, max_levels, slack)
        try:
            ladder.reset(bids, asks)
        except OffGrid:
            pass
        else:
            return ladder
    twin = SortedBook(max_levels)
    twin.reset(bids, asks)
    return twin


def _too_wide(tick: Decimal, bids: Levels, asks: Levels) -> bool:
    """Whether a ladder with these levels would be `sparse`, told before it is built."""
    reach = WINDOW_SLOTS / 2 / Fraction(tick).denominator
    for best in (nlargest(WIDE_LEVELS, bids), nsmallest(WIDE_LEVELS, asks)):
        if best and abs(best[0][0] - best[-1][0]) > reach:
            return True
    return False
