"""What every venue's stream writer offers, and the numbers all of them print."""

from __future__ import annotations

import abc
from collections.abc import Sequence
from typing import NoReturn

from msgspec import Struct

from messages.errors import UsageError
from simulator.book import Book, Diff, Trade
from simulator.candles import Candle
from simulator.instruments import Listing, digits_text
from simulator.topics import StreamName

FUNDING_MS = 8 * 3_600_000
"""Funding is settled every eight hours, aligned to UTC."""
FUNDING_RATE = "0.00010000"
"""The rate of a calm market; the simulator settles no funding."""


class Summary(Struct, frozen=True):
    """What tickers tell: 24 hours, the book, the last trade's size, mark and index price."""

    day: Candle
    book: Book
    last_lots: int
    mark: float
    index: float


class StreamWriter(abc.ABC):
    """Spells the stream events of one listing.

    Every method gets the stream's name first and ends with the venue's clock and the
    listener's spelling; it returns the event's payload.  What every venue has is abstract; the
    rest a venue overrides where it has such streams, and the others refuse.
    """

    listing: Listing
    quiet_share: float = 0.0
    """How often `quiet` is sent when there were no trades."""
    rebase_share: float = 0.0
    """How often an in-band stream sends its whole book instead of waiting for a newcomer."""

    @abc.abstractmethod
    def depth(self, name: StreamName, diff: Diff, book: Book, now_ms: int, spelling: int) -> bytes:
        """What changed since this stream's last event."""

    def full(self, name: StreamName, book: Book, now_ms: int, spelling: int) -> bytes:
        """The whole book within the stream's depth, before its changes."""
        _refuse(name)

    @abc.abstractmethod
    def partial(
        self, name: StreamName, book: Book, previous_id: int, now_ms: int, spelling: int
    ) -> bytes:
        """The best levels."""

    @abc.abstractmethod
    def book_ticker(self, name: StreamName, book: Book, now_ms: int, spelling: int) -> bytes:
        """Best bid and ask."""

    def trade(self, name: StreamName, trade: Trade, now_ms: int, spelling: int) -> bytes:
        """One single trade."""
        _refuse(name)

    def trades(
        self, name: StreamName, trades: Sequence[Trade], now_ms: int, spelling: int
    ) -> bytes:
        """The trades of one taker order, or of one interval."""
        _refuse(name)

    @abc.abstractmethod
    def kline(self, name: StreamName, candle: Candle, now_ms: int, spelling: int) -> bytes:
        """The candle of an interval."""

    def ticker(self, name: StreamName, summary: Summary, now_ms: int, spelling: int) -> bytes:
        """Rolling statistics of 24 hours."""
        _refuse(name)

    def mini_ticker(self, name: StreamName, day: Candle, now_ms: int, spelling: int) -> bytes:
        """The same in brief."""
        _refuse(name)

    def all_tickers(
        self, name: StreamName, days: Sequence[tuple[Listing, Candle]], now_ms: int, spelling: int
    ) -> bytes:
        """The same of every symbol."""
        _refuse(name)

    def mark_price(
        self, name: StreamName, mark: float, index: float, now_ms: int, spelling: int
    ) -> bytes:
        """Mark price, index and the running funding rate."""
        _refuse(name)

    def quiet(self, name: StreamName, now_ms: int, spelling: int) -> bytes:
        """An event that tells nothing."""
        _refuse(name)


def _refuse(name: StreamName) -> NoReturn:
    """Say that a venue has no streams of this kind; their names are refused before, when read."""
    raise UsageError(f"this venue has no stream like {name.text}")


def change_texts(listing: Listing, day: Candle) -> tuple[str, str, str]:
    """Price change, change in percent and average price of a day, untrimmed."""
    change = day.close - day.open
    sign = "-" if change < 0 else ""
    text = sign + digits_text(abs(change) * listing.tick_units, listing.price_digits)
    percent = f"{100.0 * change / day.open:.3f}"
    average = digits_text(
        (day.high + day.low + day.open + day.close) * listing.tick_units // 4,
        listing.price_digits,
    )
    return text, percent, average


def next_funding_ms(now_ms: int) -> int:
    """When funding is settled next."""
    return (now_ms // FUNDING_MS + 1) * FUNDING_MS
