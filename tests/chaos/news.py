"""Books and what is told of them, made by hand for the tests of the checkers."""

from __future__ import annotations

from messages.books import BookTop
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import BookDelta, Levels

BOOK = "engine/venues/binance/books/BTC-USDT"
OTHER = "engine/venues/mexc/books/BTC-USDT"
CONNECTION = "engine/venues/binance/connections/0"
S_NS = 1_000_000_000
BIDS: Levels = ((99.0, 1.0), (98.0, 2.0))
ASKS: Levels = ((101.0, 1.0), (102.0, 2.0))
INFO = SymbolInfo(
    venue="binance", symbol="BTC/USDT", native="BTCUSDT", base="BTC", quote="USDT",
    kind=ContractKind.SPOT,
)  # fmt: skip


def top(sequence: int, bids: Levels = BIDS, venue: str = "binance") -> BookTop:
    """News of a book of epoch 1, by its venue's first connection."""
    feed = f"engine/venues/{venue}/connections/0"
    return BookTop(venue, "BTC/USDT", feed, 1, sequence, bids, ASKS, 0, 0, 0, 0)


def delta(first: int, last: int, bids: Levels, received_ns: int = 0) -> BookDelta:
    """An event of the book on Binance."""
    return BookDelta("binance", "BTC/USDT", 1, first, last, -1, 0, received_ns, bids, ())
