"""What book actors say, and what is said to them besides market data."""

from __future__ import annotations

import enum
from typing import ClassVar

from msgspec import Struct

from messages.instruments import SymbolInfo
from messages.market import BookSnapshot, Levels


class DarkReason(enum.Enum):
    """Why a book may not be used for decisions."""

    STARTING = "starting"
    GAP = "gap"
    CROSSED = "crossed"
    EMPTY = "empty"
    DISCONNECTED = "disconnected"
    DECODE = "decode"
    CRASHED = "crashed"
    STOPPED = "stopped"
    SUSPENDED = "suspended"
    """An operator lets it take nothing for now."""
    DIVERGED = "diverged"
    """An audit found it wrong; a clean audit lifts it."""
    OUTGROWN = "outgrown"
    """Prices have left the range its snapshot knew."""


class BookTop(Struct, frozen=True, gc=False):
    """The best levels of a live book: one per changed book per read.

    `connection` is the path of the feed's actor and `epoch` the life it had; a top whose epoch
    is not that actor's current one is dark by construction.  `decoded_ns` and `applied_ns`
    bracket the book's turn.
    """

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    connection: str
    epoch: int
    sequence: int
    bids: Levels
    asks: Levels
    venue_ms: int
    received_ns: int
    decoded_ns: int
    applied_ns: int


class BookDark(Struct, frozen=True, gc=False):
    """This book is not usable any more; the next BookTop lifts it."""

    volatile: ClassVar[bool] = True

    venue: str
    symbol: str
    epoch: int
    reason: DarkReason
    at_ns: int


class FeedOpened(Struct, frozen=True, gc=False):
    """A connection life begins to feed this book, or what it feeds it has other rules from now on.

    Either way the book starts empty.  `in_band` says that snapshots come with the stream and are
    asked of the connection.
    """

    volatile: ClassVar[bool] = False

    info: SymbolInfo
    connection: str
    epoch: int
    in_band: bool = False


class FeedLost(Struct, frozen=True, gc=False):
    """The connection life that fed this book is over."""

    volatile: ClassVar[bool] = False

    connection: str
    epoch: int
    reason: DarkReason


class SnapshotWanted(Struct, frozen=True, gc=False):
    """A book asks for a snapshot: the venue's snapshot actor for one by REST, or its connection
    for one that comes with the stream."""

    volatile: ClassVar[bool] = False

    symbol: str
    epoch: int
    urgent: bool = True


class SnapshotFailed(Struct, frozen=True, gc=False):
    """No snapshot came: the book asks again after `retry_after_s`."""

    volatile: ClassVar[bool] = False

    symbol: str
    epoch: int
    text: str
    retry_after_s: float


class SymbolChanged(Struct, frozen=True, gc=False):
    """The venue says something else about a symbol than before: tick, status, contract size."""

    volatile: ClassVar[bool] = False

    info: SymbolInfo


class SymbolRefused(Struct, frozen=True, gc=False):
    """The venue does not list this symbol or does not let it trade: its book cannot exist."""

    volatile: ClassVar[bool] = False

    venue: str
    symbol: str
    listed: bool
    text: str


class RestLevel(Struct, frozen=True, gc=False):
    """One level of a book that came by REST: by its type no `Level`, so nothing prices with it."""

    price: float
    amount: float


class RestBook(Struct, frozen=True, gc=False):
    """A book as a venue answered it once: for looking at, never for pricing.

    It was old when it arrived and nothing proves it current; its levels are not the tuples that
    pricing functions take.
    """

    volatile: ClassVar[bool] = True
    tradeable: ClassVar[bool] = False

    venue: str
    symbol: str
    last_id: int
    venue_ms: int
    received_ns: int
    bids: tuple[RestLevel, ...]
    asks: tuple[RestLevel, ...]


def untradeable(snapshot: BookSnapshot, levels: int) -> RestBook:
    """Turn the best levels a side of a snapshot into what may only be looked at."""
    return RestBook(
        snapshot.venue,
        snapshot.symbol,
        snapshot.last_id,
        snapshot.venue_ms,
        snapshot.received_ns,
        tuple(RestLevel(price, amount) for price, amount in snapshot.bids[:levels]),
        tuple(RestLevel(price, amount) for price, amount in snapshot.asks[:levels]),
    )
