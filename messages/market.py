"""What a venue says in public, normalised by its codec.

Levels are `(price, amount)` tuples of floats parsed straight from the venue's decimal strings,
in the venue's own unit (contracts where it trades contracts); amount 0 deletes a level.
`received_ns` is the monotonic receive time of the read that brought the bytes, `venue_ms` the
venue's wall clock (0 where the message carries none), `epoch` the connection life it belongs to.
"""

from __future__ import annotations

import enum
from typing import ClassVar

from msgspec import Struct

Level = tuple[float, float]
Levels = tuple[Level, ...]
Best = tuple[float, float, float, float]
"""Best bid, its amount, best ask, its amount; a price and an amount of 0 where a side is empty."""


class StreamKind(enum.Enum):
    """The kinds of public streams, by what they bring."""

    DEPTH = "depth"
    PARTIAL_DEPTH = "partial_depth"
    BEST_QUOTE = "best_quote"
    TRADE = "trade"
    KLINE = "kline"
    TICKER_24H = "ticker_24h"


class BookSnapshot(Struct, frozen=True, gc=False):
    """A whole book as of `last_id`, best level first on both sides.

    `served_levels` is how many levels a side the stream that brought it keeps up to date, 0 where
    nothing says so; `replaces` means that the stream begins anew with it, whatever came before.
    `rest_born` marks the answer to a request: it proves nothing until the stream is joined to it.
    """

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    last_id: int
    venue_ms: int
    received_ns: int
    bids: Levels
    asks: Levels
    served_levels: int = 0
    replaces: bool = False
    rest_born: bool = False


class BookDelta(Struct, frozen=True, gc=False):
    """Changed levels of a book, from update `first_id` to `last_id`.

    `previous_id` is the last id of the event before it where the venue names it, else -1.
    """

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    first_id: int
    last_id: int
    previous_id: int
    venue_ms: int
    received_ns: int
    bids: Levels
    asks: Levels


class PartialBook(Struct, frozen=True, gc=False):
    """The best N levels a side as a stream sends them; `last_id` 0 where it names none."""

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    last_id: int
    venue_ms: int
    received_ns: int
    bids: Levels
    asks: Levels


class BestQuote(Struct, frozen=True, gc=False):
    """Best bid and ask with the update id of the book they belong to."""

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    last_id: int
    venue_ms: int
    received_ns: int
    bid: float
    bid_amount: float
    ask: float
    ask_amount: float


class Trade(Struct, frozen=True, gc=False):
    """One public trade; `taker_sold` is True when the buyer was the maker.

    `trade_id` is the venue's own: a number, or text where it is none; -1 where the venue names
    none.
    """

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    trade_id: int | str
    venue_ms: int
    received_ns: int
    price: float
    amount: float
    taker_sold: bool
    first_trade_id: int = -1
    last_trade_id: int = -1


class Kline(Struct, frozen=True, gc=False):
    """One candle, from the first to the last millisecond of its interval.

    `closed` is False while the interval still runs.
    """

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    interval: str
    open_ms: int
    close_ms: int
    venue_ms: int
    received_ns: int
    open: float
    high: float
    low: float
    close: float
    amount: float
    quote_amount: float
    trades: int
    closed: bool


class Ticker24h(Struct, frozen=True, gc=False):
    """Rolling 24 h statistics; a price the venue did not send is 0."""

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    venue_ms: int
    received_ns: int
    last: float
    open: float
    high: float
    low: float
    amount: float
    quote_amount: float
    change_percent: float
    bid: float = 0.0
    ask: float = 0.0


class ServerTime(Struct, frozen=True, gc=False):
    """The venue's wall clock as it answered it."""

    volatile: ClassVar[bool] = True

    venue: str
    venue_ms: int
    received_ns: int


class Ack(Struct, frozen=True, gc=False):
    """The venue confirmed the command with this request id, or of it the `streams` it names."""

    volatile: ClassVar[bool] = True

    venue: str
    request_id: int
    received_ns: int
    streams: tuple[str, ...] = ()


class Refused(Struct, frozen=True, gc=False):
    """The venue refused a command; `request_id` is -1 where it does not say which.

    `streams` are those the venue named in its answer, empty where it named none; `final` says
    that it will refuse them again: there is no such symbol or stream.
    """

    volatile: ClassVar[bool] = True

    venue: str
    request_id: int
    received_ns: int
    code: str
    text: str
    streams: tuple[str, ...] = ()
    final: bool = False


class Heartbeat(Struct, frozen=True, gc=False):
    """The venue's application-level ping or pong; `answer` is the text to send back, if any."""

    volatile: ClassVar[bool] = True

    venue: str
    received_ns: int
    answer: str = ""


class ShutdownAnnounced(Struct, frozen=True, gc=False):
    """The venue said that it will close this connection soon: open the next one now."""

    volatile: ClassVar[bool] = True

    venue: str
    received_ns: int


PublicMessage = (
    BookSnapshot
    | BookDelta
    | PartialBook
    | BestQuote
    | Trade
    | Kline
    | Ticker24h
    | ServerTime
    | Ack
    | Refused
    | Heartbeat
    | ShutdownAnnounced
)
