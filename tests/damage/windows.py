"""Windows of real recordings, and what the book really was after each of their events.

The truth comes from the tests' own Decimal books (`tests.golden.oracle`), never from the product.
"""

from __future__ import annotations

import gzip
import heapq
import json
from collections.abc import Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.golden.oracle import DecimalBook

TOP: Final = 10
"""Levels a side that are compared after every published change."""

EVENTS: Final = 48
"""Depth events of one window: about half a second to five seconds of market."""

WINDOWS: Final = 12
"""Windows taken from one recording, evenly spread."""

SPAN: Final = 1_500
"""Depth events of a recording that the windows are spread over; reading more takes time only."""

FAMILIES: Final = {
    "binance": ("BTCUSDT", "hftbacktest/binance/spot_btcusdt_20240808.gz"),
    "binance_usdm": ("BTCUSDT", "hftbacktest/binance/usdm_btcusdt_20240808.gz"),
    "binance_coinm": ("BTCUSD_PERP", "hftbacktest/binance/coinm_btcusd_perp_20240808.gz"),
}
"""Venue family -> native symbol and recording."""

Top = tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]


class Frame(NamedTuple):
    """One recorded message; `event` counts depth events from 1, 0 marks a best quote."""

    payload: bytes
    event: int


class Window:
    """A run of consecutive messages with the book before and after each depth event.

    Index 0 is the state before the first event.
    """

    def __init__(self, venue: str, book: DecimalBook, last_id: int) -> None:
        self.venue = venue
        self.native = FAMILIES[venue][0]
        self.frames: list[Frame] = []
        self.ids = [last_id]
        self.tops: list[Top] = []
        self._events: list[dict[str, Any]] = []
        self._start = (dict(book.sides[0]), dict(book.sides[1]))
        self._rolling = (dict(book.sides[0]), dict(book.sides[1]))
        self._bodies: dict[int, bytes] = {}
        self.tops.append(top_of(self._rolling))

    @property
    def last(self) -> int:
        """Index of the last depth event."""
        return len(self._events)

    def add(self, payload: bytes, data: dict[str, Any], *, depth: bool) -> None:
        """Append one recorded message."""
        if depth:
            self._events.append(data)
            self.ids.append(data["u"])
            _apply(self._rolling, data)
            self.tops.append(top_of(self._rolling))
        self.frames.append(Frame(payload, self.last if depth else 0))

    def levels(self, index: int) -> tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]:
        """The whole book after the event of that index."""
        sides = (dict(self._start[0]), dict(self._start[1]))
        for data in self._events[:index]:
            _apply(sides, data)
        return sides

    def snapshot(self, index: int) -> bytes:
        """The REST answer of that instant, as the venue would have written it."""
        body = self._bodies.get(index)
        if body is None:
            bids, asks = self.levels(index)
            answer = {
                "lastUpdateId": self.ids[index],
                "bids": [[str(p), str(q)] for p, q in sorted(bids.items(), reverse=True)],
                "asks": [[str(p), str(q)] for p, q in sorted(asks.items())],
            }
            body = self._bodies[index] = json.dumps(answer).encode()
        return body

    def whole(self, index: int) -> Top:
        """Every level after the event of that index, best first, as floats."""
        bids, asks = self.levels(index)
        return _floats(sorted(bids.items(), reverse=True)), _floats(sorted(asks.items()))


def top_of(sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]]) -> Top:
    """The best levels of both sides as floats, best first."""
    bids = heapq.nlargest(TOP, sides[0])
    asks = heapq.nsmallest(TOP, sides[1])
    return _floats([(p, sides[0][p]) for p in bids]), _floats([(p, sides[1][p]) for p in asks])


def _floats(levels: list[tuple[Decimal, Decimal]]) -> tuple[tuple[float, float], ...]:
    return tuple((float(price), float(amount)) for price, amount in levels)


def _apply(
    sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]], data: dict[str, Any]
) -> None:
    for side, changes in zip(sides, (data["b"], data["a"]), strict=True):
        for price, amount in changes:
            if Decimal(amount):
                side[Decimal(price)] = Decimal(amount)
            else:
                side.pop(Decimal(price), None)


def _payloads(path: Path) -> Iterator[bytes]:
    with gzip.open(path) as lines:
        for line in lines:
            yield line.partition(b" ")[2].rstrip()


def load(data: Path, venue: str) -> list[Window]:
    """Cut the windows of one family out of its recording."""
    native, file = FAMILIES[venue]
    payloads = _payloads(data / file)
    starts = {SPAN * n // WINDOWS + 40 for n in range(WINDOWS)}
    book, last_id, seen = DecimalBook(), 0, 0
    held: list[dict[str, Any]] = []
    windows: list[Window] = []
    window: Window | None = None
    for payload in payloads:
        message = json.loads(payload)
        stream = message.get("stream", "")
        if not stream:
            book.apply(message["bids"], message["asks"])
            last_id = message["lastUpdateId"]
            for event in held:
                if event["u"] > last_id:
                    book.apply(event["b"], event["a"])
                    last_id = event["u"]
            continue
        depth = "@depth" in stream
        if not depth and "@bookTicker" not in stream:
            continue
        if depth and not last_id:
            held.append(message["data"])
        elif depth and message["data"]["u"] > last_id:
            seen += 1
            book.apply(message["data"]["b"], message["data"]["a"])
            last_id = message["data"]["u"]
        if window is not None:
            window.add(payload, message["data"], depth=depth)
            if window.last == EVENTS:
                windows.append(window)
                window = None
                if len(windows) == WINDOWS:
                    break
        elif depth and last_id and seen in starts and seen > 2:
            window = Window(venue, book, last_id)
    assert len(windows) == WINDOWS, f"{venue}: {len(windows)} windows of {native}"
    return windows
