"""Names of Binance's streams, which connection carries them, and the commands that ask for them.

Sources: sheet `binance` sections 1.1 to 1.3, `binance_futures` sections 1.1 and 1.2.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from exchanges.binance.limits import Family, Product
from exchanges.planning import fill_connections
from messages.errors import UsageError
from messages.instruments import SymbolInfo
from messages.market import StreamKind
from messages.requests import ConnectionPlan

INTERVALS: Final = (
    "1s",
    "1m",
    "3m",
    "5m",
    "15m",
    "30m",
    "1h",
    "2h",
    "4h",
    "6h",
    "8h",
    "12h",
    "1d",
    "3d",
    "1w",
    "1M",
)
"""Candle lengths; `1s` on spot only."""

_FUTURES_DEPTH: Final = {
    "100ms": "depth@100ms",
    "250ms": "depth",
    "500ms": "depth@500ms",
    "0ms": "depth@0ms",
}
# What `option` may say for each kind, and the channel it means; the first one is the default.
_DEPTH: Final[dict[Product, dict[str, str]]] = {
    Product.SPOT: {"100ms": "depth@100ms", "1000ms": "depth"},
    Product.USDM: _FUTURES_DEPTH,
    Product.COINM: _FUTURES_DEPTH,
}
_PARTIAL: Final = {
    f"{levels}{speed}": f"depth{levels}{speed}"
    for levels in (20, 10, 5)
    for speed in ("@100ms", "", "@500ms")
}
_OTHER: Final[dict[StreamKind, dict[str, str]]] = {
    StreamKind.BEST_QUOTE: {"bookTicker": "bookTicker"},
    StreamKind.TRADE: {"trade": "trade", "aggTrade": "aggTrade"},
    StreamKind.TICKER_24H: {"ticker": "ticker", "miniTicker": "miniTicker"},
    StreamKind.KLINE: {each: f"kline_{each}" for each in ("1m", *INTERVALS)},
}

_PUBLIC_CHANNELS: Final = ("depth", "rpiDepth", "bookTicker", "trade")
"""Beginnings of the channels on USD-M's /public route; everything else is on /market."""


def stream_name(family: Family, kind: StreamKind, info: SymbolInfo, option: str) -> str:
    """See `PublicDialect.stream`.

    Raises:
        UsageError: when the family has no such option.
    """
    if kind is StreamKind.DEPTH:
        options = _DEPTH[family.product]
    elif kind is StreamKind.PARTIAL_DEPTH:
        options = _PARTIAL
    else:
        options = _OTHER[kind]
    if not option:
        option = next(iter(options))
    channel = options.get(option)
    spot = family.product is Product.SPOT
    if channel is None or (channel.endswith("@500ms") if spot else channel == "kline_1s"):
        raise UsageError(
            f"{family.venue} has no {kind.value} stream {option!r}; it has {', '.join(options)}"
        )
    return f"{info.native.lower()}@{channel}"


def plan_connections(
    family: Family, streams: Mapping[str, SymbolInfo]
) -> tuple[ConnectionPlan, ...]:
    """See `PublicDialect.plan`; a symbol's streams of one route stay on one connection."""
    plans: list[ConnectionPlan] = []
    limit = family.limits.streams_per_connection
    for route, url in family.routes:
        routed = {
            stream: info
            for stream, info in streams.items()
            if len(family.routes) == 1 or route_of(stream) == route
        }
        for number, (names, symbols) in enumerate(fill_connections(routed, limit), 1):
            plans.append(ConnectionPlan(f"{route}-{number}", url, names, symbols))
    return tuple(plans)


def route_of(stream: str) -> str:
    """Say which USD-M route carries a stream: `public` or `market`.

    On the wrong one it is acknowledged and stays silent.
    """
    symbol, _, channel = stream.partition("@")
    if symbol.startswith("!"):
        return "public" if symbol == "!bookTicker" else "market"
    return "public" if channel.startswith(_PUBLIC_CHANNELS) else "market"


def commands(
    family: Family, method: str, streams: Sequence[str], request_id: int
) -> tuple[str, ...]:
    """Spell a SUBSCRIBE or UNSUBSCRIBE of all these streams in as many frames as it takes."""
    size = family.limits.streams_per_command
    return tuple(
        msgspec.json.encode(
            {"method": method, "params": streams[at : at + size], "id": request_id + number}
        ).decode()
        for number, at in enumerate(range(0, len(streams), size))
    )
