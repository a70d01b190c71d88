"""Gate's channels and what may be asked of them.

A stream's name is `CHANNEL@PAYLOAD`, the payload's parts joined by commas.  Source: the sheets
`gateio` section 1.3 and `gateio_futures` section 2.
"""

from __future__ import annotations

import re

from simulator.topics import Kind, StreamName

INTERVALS = {
    "10s": "10s",
    "1m": "1m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "1h": "1h",
    "4h": "4h",
    "8h": "8h",
    "1d": "1d",
    "7d": "1w",
}
"""Candle lengths as the venue spells them, and as this room does."""
LISTS = frozenset({"tickers", "trades", "book_ticker"})
"""Channels whose payload is a list of symbols, each a stream of its own."""
_LIST_KINDS = {
    "tickers": (Kind.TICKER, 1000),
    "book_ticker": (Kind.BOOK_TICKER, 0),
}
_SPEEDS = {"100ms": (100, 100), "20ms": (20, 20)}
"""Speeds of changes: milliseconds, and the levels a side they tell of."""
_IN_BAND = re.compile(r"ob\.(?P<symbol>[^.]+)\.(?P<levels>400|50)")
_IN_BAND_MS = {"400": 100, "50": 20}
_PARTIAL_LEVELS = frozenset({"5", "10", "20", "50", "100"})
_CONTRACT_LEVELS = frozenset({"100", "50", "20"})
LEGACY_MS = 100
"""How often the older book of futures is sent; the documents name no number."""


def names_of(channel: str, payload: list[str]) -> list[str]:
    """The streams a command asks for."""
    if channel.partition(".")[2] in LISTS:
        return [f"{channel}@{symbol}" for symbol in payload]
    return [f"{channel}@{','.join(payload)}"]


def parse_stream(text: str, prefix: str) -> StreamName | None:
    """Read a stream's name; None when the market of that prefix has no such stream."""
    channel, _, payload = text.partition("@")
    market, _, what = channel.partition(".")
    parts = payload.split(",")
    if market != prefix or not payload:
        return None
    if what in LISTS:
        kind, every_ms = _LIST_KINDS.get(what) or (
            (Kind.AGGREGATE_TRADE if prefix == "futures" else Kind.TRADE),
            0,
        )
        return StreamName(text, parts[0], kind, every_ms) if len(parts) == 1 else None
    if what == "candlesticks":
        if len(parts) != 2 or parts[0] not in INTERVALS:
            return None
        return StreamName(text, parts[1], Kind.KLINE, 2000, interval=INTERVALS[parts[0]])
    if what == "obu":
        match = _IN_BAND.fullmatch(payload)
        if match is None:
            return None
        levels = match["levels"]
        every_ms = _IN_BAND_MS[levels]
        return StreamName(text, match["symbol"], Kind.IN_BAND, every_ms, int(levels))
    if what == "order_book_update":
        return _changes(text, parts, prefix == "futures")
    if what == "order_book":
        return _partial(text, parts, prefix == "futures")
    return None


def _changes(text: str, parts: list[str], futures: bool) -> StreamName | None:
    """`BTC_USDT,100ms`; contracts may name a level, and 20 ms exist with 20 levels only."""
    if not 2 <= len(parts) <= (3 if futures else 2) or parts[1] not in _SPEEDS:
        return None
    every_ms, levels = _SPEEDS[parts[1]]
    if len(parts) == 3:
        if parts[2] not in _CONTRACT_LEVELS or (every_ms == 20 and parts[2] != "20"):
            return None
        levels = int(parts[2])
    return StreamName(text, parts[0], Kind.DIFF, every_ms, levels)


def _partial(text: str, parts: list[str], futures: bool) -> StreamName | None:
    """`BTC_USDT,20,100ms`, or `BTC_USDT,20,0` of contracts."""
    if len(parts) != 3 or parts[1] not in _PARTIAL_LEVELS:
        return None
    speeds = {"0": LEGACY_MS} if futures else {"100ms": 100, "1000ms": 1000}
    if parts[2] not in speeds:
        return None
    return StreamName(text, parts[0], Kind.PARTIAL, speeds[parts[2]], int(parts[1]))
