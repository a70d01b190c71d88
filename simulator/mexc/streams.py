"""MEXC's topics.  Source: the sheet `mexc`, section 1.3."""

from __future__ import annotations

import re

from simulator.topics import EVERY_SYMBOL, Kind, StreamName

INTERVALS = {
    "Min1": "1m",
    "Min5": "5m",
    "Min15": "15m",
    "Min30": "30m",
    "Min60": "1h",
    "Hour4": "4h",
    "Hour8": "8h",
    "Day1": "1d",
    "Week1": "1w",
    "Month1": "1M",
}
"""Candle lengths as topics spell them, and as this room does."""
PREFIX = "spot@public."
LONGEST = 200
"""A longer name is no topic."""
_SPEEDS_MS = {"100ms": 100, "10ms": 10}
_AGGREGATED = {
    "aggre.depth": Kind.DIFF,
    "aggre.bookTicker": Kind.BOOK_TICKER,
    "aggre.deals": Kind.AGGREGATE_TRADE,
}
_ZONES = frozenset({"24H", "UTC-8", "UTC+0", "UTC+1", "UTC+2", "UTC+3", "UTC+8", "UTC+9", "UTC+10"})
"""Time zones of mini tickers; they move the day of the zoned rate."""
PARTIAL_MS, BATCH_MS, CHANGES_MS, KLINE_MS, TICKER_MS = 100, 100, 10, 1000, 3000
"""How often what names no speed is sent; the documents name no number but for changes (5 ms)."""
_TOPIC = re.compile(r"spot@public\.(?P<what>[A-Za-z.]+)\.v3\.api\.pb@(?P<rest>[^,\[\]]+)")


def parse_stream(text: str) -> StreamName | None:
    """Read a topic; None when the venue has no such topic."""
    match = _TOPIC.fullmatch(text) if len(text) <= LONGEST else None
    if match is None:
        return None
    what, parts = match["what"], match["rest"].split("@")
    if what == "miniTickers":
        known = len(parts) == 1 and parts[0] in _ZONES
        return StreamName(text, EVERY_SYMBOL, Kind.ALL_TICKERS, TICKER_MS) if known else None
    if what in _AGGREGATED:
        if len(parts) != 2 or parts[0] not in _SPEEDS_MS:
            return None
        return StreamName(text, parts[1], _AGGREGATED[what], _SPEEDS_MS[parts[0]])
    if what == "bookTicker.batch":
        return StreamName(text, parts[0], Kind.BOOK_TICKER, BATCH_MS) if len(parts) == 1 else None
    if what == "increase.depth.batch":
        return StreamName(text, parts[0], Kind.DIFF, CHANGES_MS) if len(parts) == 1 else None
    return _with_option(text, what, parts)


def _with_option(text: str, what: str, parts: list[str]) -> StreamName | None:
    """Topics that end in levels, an interval or a time zone."""
    if len(parts) != 2:
        return None
    symbol, option = parts
    if what == "limit.depth" and option in ("5", "10", "20"):
        return StreamName(text, symbol, Kind.PARTIAL, PARTIAL_MS, int(option))
    if what == "kline" and option in INTERVALS:
        return StreamName(text, symbol, Kind.KLINE, KLINE_MS, interval=INTERVALS[option])
    if what == "miniTicker" and option in _ZONES:
        return StreamName(text, symbol, Kind.MINI_TICKER, TICKER_MS)
    return None


def event_type(text: str, symbol: str) -> str:
    """What a body calls its stream: the topic up to its symbol."""
    return text.partition(f"@{symbol}")[0]
