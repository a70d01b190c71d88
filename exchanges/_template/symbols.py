"""How the example venue spells symbols and streams."""

from __future__ import annotations

from typing import Final

from exchanges._template.limits import VENUE
from messages.errors import UnknownSymbol
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import StreamKind

CHANNELS: Final[dict[StreamKind, str]] = {
    StreamKind.DEPTH: "book",
    StreamKind.PARTIAL_DEPTH: "top",
    StreamKind.BEST_QUOTE: "quote",
    StreamKind.TRADE: "trade",
    StreamKind.KLINE: "candle",
    StreamKind.TICKER_24H: "day",
}
"""What a stream of each kind is called, before the colon."""


def from_native(native: str) -> SymbolInfo:
    """Take a native name apart.

    Raises:
        UnknownSymbol: when the text is not BASE-QUOTE.
    """
    base, dash, quote = native.partition("-")
    if not (base and dash and quote) or "-" in quote:
        raise UnknownSymbol(f"{native!r} is not a symbol of {VENUE}")
    return SymbolInfo(
        venue=VENUE,
        symbol=f"{base}/{quote}",
        native=native,
        base=base,
        quote=quote,
        kind=ContractKind.SPOT,
    )


def stream_name(kind: StreamKind, info: SymbolInfo, option: str) -> str:
    """Name a stream: `book:BTC-USDT`, `candle:BTC-USDT:1m`."""
    interval = f":{option or '1m'}" if kind is StreamKind.KLINE else ""
    return f"{CHANNELS[kind]}:{info.native}{interval}"
