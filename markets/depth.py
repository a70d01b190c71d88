"""What every order book offers, whichever way it keeps its levels."""

from __future__ import annotations

from typing import Protocol

from messages.errors import RETRY_NEVER, ArbtreeError
from messages.market import Best, Levels

TRIM_SLACK_LEVELS = 256
"""How many levels a side may exceed `max_levels` between two trims.

Counting a ladder's window costs about 10 us, so it is done once in so many changes.
"""


class OffGrid(ArbtreeError):
    """A price is not on the tick grid of a ladder book.

    Nothing is lost: levels carry absolute amounts, so the caller takes `to_sorted()` and applies
    the whole delta again on the twin.
    """

    default_retry = RETRY_NEVER

    def __init__(self, price: float, step: str) -> None:
        super().__init__(f"price {price!r} is not a multiple of {step}")
        self.price = price


class Side(Protocol):
    """One side of a book, as its readers see it."""

    @property
    def best_price(self) -> float:
        """The price of the best level; 0 where the side is empty."""


class OrderBook(Protocol):
    """The two sides of one symbol's book, as absolute amounts by price.

    Prices and amounts are positive finite floats parsed from decimal strings; the codecs refuse
    everything else before it gets here.  A book that meets one raises ValueError.
    """

    max_levels: int | None

    @property
    def bids(self) -> Side:
        """The side of the buyers."""

    @property
    def asks(self) -> Side:
        """The side of the sellers."""

    @property
    def dropped_levels(self) -> int:
        """How many levels the limit cost so far."""

    @property
    def dropped_prices(self) -> tuple[float, float]:
        """The best bid and ask dropped since the last snapshot; infinite where none was."""

    def reset(self, bids: Levels, asks: Levels) -> None:
        """Replace the whole book by a snapshot, in any order of levels."""

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set levels to absolute amounts; 0 deletes, and deleting an unknown level is normal.

        Raises:
            OffGrid: a price is not on the tick grid (ladder only).
            ValueError: a price or amount is negative or not a number.
        """

    def clear(self) -> None:
        """Forget every level; counters stay."""

    def best(self) -> Best:
        """The best level of both sides; zeros for an empty one."""

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""

    def top(self, count: int) -> tuple[Levels, Levels]:
        """The best `count` levels of bids and asks, best first."""

    def levels(self) -> tuple[int, int]:
        """How many levels bids and asks have.

        With `max_levels` set, at most that many and `TRIM_SLACK_LEVELS` more.
        """

    def all_levels(self) -> tuple[Levels, Levels]:
        """Every level of bids and asks, best first."""
