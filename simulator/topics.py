"""Stream names, the routes they are served on, who listens, and what a fault does to events.

A name the venue does not know is a topic as well: it is acknowledged, listed and silent.
"""

from __future__ import annotations

import enum
import re
from collections import deque
from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from simulator.candles import INTERVALS_MS
from simulator.instruments import Family


class Kind(enum.Enum):
    """What a stream brings."""

    DIFF = "diff"
    PARTIAL = "partial"
    BOOK_TICKER = "bookTicker"
    TRADE = "trade"
    AGGREGATE_TRADE = "aggTrade"
    KLINE = "kline"
    TICKER = "ticker"
    MINI_TICKER = "miniTicker"
    MARK_PRICE = "markPrice"


PUBLIC_KINDS = (Kind.DIFF, Kind.PARTIAL, Kind.BOOK_TICKER, Kind.TRADE)
"""What USD-M serves on `/public` and on the unrouted legacy address; the rest is `/market`."""


class Route(enum.Enum):
    """Which streams an address delivers."""

    ALL = "all"
    PUBLIC = "public"
    MARKET = "market"
    NONE = "none"

    def carries(self, kind: Kind) -> bool:
        """Whether a stream of that kind says anything on this route."""
        if self is Route.ALL:
            return True
        if self is Route.NONE:
            return False
        return (kind in PUBLIC_KINDS) is (self is Route.PUBLIC)


class StreamName(Struct, frozen=True):
    """A stream name taken apart; `symbol` is lower case as on the wire."""

    text: str
    symbol: str
    kind: Kind
    every_ms: int = 0
    levels: int = 0
    interval: str = ""


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
AGGREGATE_MS = 100
"""Futures send aggregated trades every 100 ms, spot at once."""


def parse_stream(text: str, family: Family) -> StreamName | None:
    """Read a stream name as a venue of that family does; None when it knows no such stream."""
    symbol, _, rest = text.partition("@")
    if not symbol or symbol != symbol.lower() or not rest:
        return None
    if rest in _REAL_TIME:
        return StreamName(text, symbol, _REAL_TIME[rest])
    if rest in ("ticker", "miniTicker"):
        return StreamName(text, symbol, Kind(rest), every_ms=_TICKER_MS[family])
    if rest in _MARK_MS and family is not Family.SPOT:
        return StreamName(text, symbol, Kind.MARK_PRICE, every_ms=_MARK_MS[rest])
    if match := _KLINE.fullmatch(rest):
        interval = match["interval"]
        if interval not in INTERVALS_MS or (interval == "1s" and family is not Family.SPOT):
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


class Listener(Protocol):
    """A connection as a topic sees it."""

    combined: bool
    micros: bool

    def offer(self, frame: bytes) -> None:
        """Queue one finished websocket frame."""


Mangler = Callable[[bytes], tuple[bytes, ...]]
"""A fault of one event: what is sent instead of it, nothing included."""


def drop(payload: bytes) -> tuple[bytes, ...]:
    """The event never arrives."""
    return ()


def duplicate(payload: bytes) -> tuple[bytes, ...]:
    """The event arrives twice."""
    return (payload, payload)


def truncate(payload: bytes) -> tuple[bytes, ...]:
    """Only the first half of the event's text arrives."""
    return (payload[: len(payload) // 2],)


def reorder() -> tuple[Mangler, Mangler]:
    """Two faults for two events in a row: the first is held back until after the second."""
    held: list[bytes] = []

    def hold(payload: bytes) -> tuple[bytes, ...]:
        held.append(payload)
        return ()

    def release(payload: bytes) -> tuple[bytes, ...]:
        return (payload, held.pop(0))

    return hold, release


def text_frame(payload: bytes) -> bytes:
    """A whole unmasked websocket text frame (RFC 6455 section 5.2), as servers send them."""
    size = len(payload)
    if size < 126:
        return b"\x81" + bytes((size,)) + payload
    if size < 65_536:
        return b"\x81\x7e" + size.to_bytes(2, "big") + payload
    return b"\x81\x7f" + size.to_bytes(8, "big") + payload


class Topic:
    """One stream and who listens to it."""

    __slots__ = ("events", "listeners", "muted", "name", "tampering", "text")

    def __init__(self, text: str, name: StreamName | None) -> None:
        self.text = text
        self.name = name
        self.listeners: dict[Listener, None] = {}
        self.tampering: deque[Mangler] = deque()
        self.muted = False
        self.events = 0

    def publish(self, write: Callable[[int], bytes]) -> None:
        """Send one event to every listener.

        Args:
            write: makes the payload; its argument is 1 for times in milliseconds, 1000 for
                microseconds (`?timeUnit=MICROSECOND`).
        """
        if not self.listeners:
            return
        self.events += 1
        mangler = self.tampering.popleft() if self.tampering else None
        if self.muted:
            return
        frames: dict[tuple[bool, bool], bytes] = {}
        payloads: dict[bool, tuple[bytes, ...]] = {}
        for listener in self.listeners:
            variant = (listener.combined, listener.micros)
            frame = frames.get(variant)
            if frame is None:
                some = payloads.get(listener.micros)
                if some is None:
                    payload = write(1000 if listener.micros else 1)
                    some = (payload,) if mangler is None else mangler(payload)
                    payloads[listener.micros] = some
                frame = b"".join(text_frame(self._wrapped(one, variant[0])) for one in some)
                frames[variant] = frame
            if frame:
                listener.offer(frame)

    def _wrapped(self, payload: bytes, combined: bool) -> bytes:
        if not combined:
            return payload
        return b'{"stream":"%b","data":%b}' % (self.text.encode(), payload)
