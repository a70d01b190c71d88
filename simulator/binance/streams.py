"""Stream names of the Binance families, their addresses and the routes they are served on."""

from __future__ import annotations

import enum
import re
from urllib.parse import parse_qs, unquote, urlsplit

from simulator.binance.listings import Family
from simulator.candles import INTERVALS_MS
from simulator.frames import text_frame
from simulator.protocol import Target
from simulator.topics import ALL_KINDS, Kind, StreamName

PUBLIC_KINDS = frozenset({Kind.DIFF, Kind.PARTIAL, Kind.BOOK_TICKER, Kind.TRADE})
"""What USD-M serves on `/public` and on the unrouted legacy address; the rest is `/market`."""


class Route(enum.Enum):
    """Which streams an address delivers."""

    ALL = ALL_KINDS
    PUBLIC = PUBLIC_KINDS
    MARKET = ALL_KINDS - PUBLIC_KINDS
    NONE = frozenset[Kind]()

    def carries(self, kind: Kind) -> bool:
        """Whether a stream of that kind says anything on this route."""
        return kind in self.value


INTERVALS = frozenset(INTERVALS_MS) - {"10s"}
"""Candle lengths Binance has; futures have no `1s`."""
_DEPTH = re.compile(r"depth(?P<levels>5|10|20)?(?:@(?P<ms>\d+)ms)?")
_KLINE = re.compile(r"kline_(?P<interval>\w+)")
_DEPTH_MS = {
    Family.SPOT: (1000, (1000, 100)),
    Family.USDM: (250, (0, 100, 250, 500)),
    Family.COINM: (250, (0, 100, 250, 500)),
}
"""Speed when none is named, and the speeds that may be."""
_TICKER_MS = {Family.SPOT: 1000, Family.USDM: 2000, Family.COINM: 500}
_KLINE_MS = {Family.SPOT: 2000, Family.USDM: 250, Family.COINM: 250}
_MARK_MS = {"markPrice": 3000, "markPrice@1s": 1000}
_REAL_TIME = {
    "bookTicker": Kind.BOOK_TICKER,
    "trade": Kind.TRADE,
    "aggTrade": Kind.AGGREGATE_TRADE,
}


def parse_stream(text: str, family: Family) -> StreamName | None:
    """Read a stream name as a venue of that family does; None when it knows no such stream."""
    symbol, _, rest = text.partition("@")
    if not symbol or symbol != symbol.lower() or not rest:
        return None
    symbol = symbol.upper()
    if rest in _REAL_TIME:
        return StreamName(text, symbol, _REAL_TIME[rest])
    if rest in ("ticker", "miniTicker"):
        return StreamName(text, symbol, Kind(rest), every_ms=_TICKER_MS[family])
    if rest in _MARK_MS and family is not Family.SPOT:
        return StreamName(text, symbol, Kind.MARK_PRICE, every_ms=_MARK_MS[rest])
    if match := _KLINE.fullmatch(rest):
        interval = match["interval"]
        if interval not in INTERVALS or (interval == "1s" and family is not Family.SPOT):
            return None
        every_ms = 1000 if interval == "1s" else _KLINE_MS[family]
        return StreamName(text, symbol, Kind.KLINE, every_ms=every_ms, interval=interval)
    if match := _DEPTH.fullmatch(rest):
        usual_ms, allowed = _DEPTH_MS[family]
        every_ms = int(match["ms"]) if match["ms"] else usual_ms
        if every_ms not in allowed or (match["levels"] and every_ms == 0):
            return None
        kind = Kind.PARTIAL if match["levels"] else Kind.DIFF
        return StreamName(text, symbol, kind, every_ms=every_ms, levels=int(match["levels"] or 0))
    return None


def parse_target(target: str, family: Family) -> Target | None:
    """Read a stream address; None when the venue has no such path."""
    parts = urlsplit(target)
    path = unquote(parts.path)
    route = Route.ALL
    if family is Family.USDM:
        route = Route.PUBLIC
        for prefix, served in (
            ("/public", Route.PUBLIC),
            ("/market", Route.MARKET),
            ("/private", Route.NONE),
        ):
            if path.startswith(prefix + "/"):
                path, route = path[len(prefix) :], served
    query = parse_qs(parts.query)
    micros = query.get("timeUnit", [""])[0].upper() == "MICROSECOND" and family is Family.SPOT
    unit = 1000 if micros else 1
    if path.rstrip("/") == "/stream":
        names = _names("/".join(query.get("streams", [])))
        return Target(names, kinds=route.value, spelling=unit, combined=True)
    if path == "/ws" or path.startswith("/ws/"):
        names = _names(path[len("/ws") :])
        return Target(names, kinds=route.value, spelling=unit)
    return None


def _names(text: str) -> tuple[str, ...]:
    return tuple(name for name in text.split("/") if name)


def frame(name: str, payload: bytes, combined: bool) -> bytes:
    """A text frame, wrapped in the stream's name on combined connections."""
    if combined:
        payload = b'{"stream":"%b","data":%b}' % (name.encode(), payload)
    return text_frame(payload)
