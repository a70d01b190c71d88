"""Windows of real recordings, and what the book really was after each of their events.

The truth comes from the tests' own Decimal books (`tests.golden.oracle`), never from the product.
"""

from __future__ import annotations

import gzip
import heapq
import json
import random
import re
from collections.abc import Callable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any, Final, NamedTuple

from tests.exchanges.mexc.samples import wrapper
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

VENUES: Final = (*FAMILIES, "gateio", "gateio_futures", "mexc")
"""Every venue whose books are damaged here."""

Top = tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]


class Frame(NamedTuple):
    """One recorded message; `event` counts depth events from 1, 0 marks a best quote."""

    payload: bytes
    event: int


class Window:
    """A run of consecutive messages with the book before and after each depth event.

    Index 0 is the state before the first event.
    """

    def __init__(self, venue: str, book: DecimalBook, last_id: int, native: str = "") -> None:
        self.venue = venue
        self.native = native or FAMILIES[venue][0]
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
            best_bids = [[str(p), str(q)] for p, q in sorted(bids.items(), reverse=True)]
            best_asks = [[str(p), str(q)] for p, q in sorted(asks.items())]
            spell = SNAPSHOTS.get(self.venue, _binance_snapshot)
            answer = spell(self.ids[index], best_bids, best_asks)
            body = self._bodies[index] = json.dumps(answer).encode()
        return body

    def whole(self, index: int) -> Top:
        """Every level after the event of that index, best first, as floats."""
        bids, asks = self.levels(index)
        return _floats(sorted(bids.items(), reverse=True)), _floats(sorted(asks.items()))


Texts = list[list[str]]


def _binance_snapshot(last_id: int, bids: Texts, asks: Texts) -> dict[str, Any]:
    """As Binance and MEXC spell it."""
    return {"lastUpdateId": last_id, "bids": bids, "asks": asks}


def _gate_snapshot(last_id: int, bids: Texts, asks: Texts) -> dict[str, Any]:
    return {"id": last_id, "current": 5, "update": 5, "bids": bids, "asks": asks}


def _contract_snapshot(last_id: int, bids: Texts, asks: Texts) -> dict[str, Any]:
    sides = ([{"p": p, "s": q} for p, q in side] for side in (bids, asks))
    return _gate_snapshot(last_id, *sides)  # type: ignore[arg-type]  # levels are objects here


SNAPSHOTS: Final = {"gateio": _gate_snapshot, "gateio_futures": _contract_snapshot}
"""How a venue spells its REST snapshot, where it differs."""


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
    if venue in MORE:
        return MORE[venue](data)
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


# -- Gate.io: short recordings, every symbol with enough events is one window ---------------------

GATE: Final = {"gateio": "gate/spot_20210422", "gateio_futures": "gate_futures/usdt_20230524"}
LEAST_EVENTS: Final = 16
"""Fewer cannot lose a dozen and still be a stream."""
_ANSWER: Final = re.compile(
    rb"^https://\S+/order_book\?(?:currency_pair|contract)=(\w+)\S* -> [^{]*(.*)$"
)


def _pairs(levels: Any) -> Texts:
    """Levels as pairs of texts, whichever way they are spelt."""
    pairs = ((e["p"], e["s"]) if isinstance(e, dict) else e for e in levels or ())
    return [[str(price), str(amount)] for price, amount in pairs]


def _gate_windows(data: Path, venue: str) -> list[Window]:
    base = data / "cryptofeed" / GATE[venue]
    snapshots: dict[str, dict[str, Any]] = {}
    with gzip.open(f"{base}.http.txt.gz") as lines:
        for line in lines:
            if match := _ANSWER.match(line.rstrip()):
                answer, _ = json.JSONDecoder().raw_decode(match[2].decode())
                snapshots.setdefault(match[1].decode(), answer)
    windows: dict[str, Window] = {}
    for native, answer in snapshots.items():
        book = DecimalBook()
        book.apply(_pairs(answer["bids"]), _pairs(answer["asks"]))
        windows[native] = Window(venue, book, answer["id"], native)
    with gzip.open(f"{base}.ws.txt.gz") as lines:
        for line in lines:
            payload = line.partition(b": ")[2].rstrip()
            if not line[:1].isdigit() or b'"event":"update"' not in payload:
                continue
            message = json.loads(payload)
            kind, event = message["channel"].partition(".")[2], message["result"]
            if kind not in ("order_book_update", "book_ticker"):
                continue
            window = windows[event["s"]]
            if kind == "order_book_update" and event["u"] > window.ids[-1]:
                event |= {"b": _pairs(event["b"]), "a": _pairs(event["a"])}
                window.add(payload, event, depth=True)
            elif kind == "book_ticker":
                window.add(payload, event, depth=False)
    return [window for window in windows.values() if window.last >= LEAST_EVENTS]


# -- MEXC: nobody has recorded increments, so these are made up -----------------------------------


def _mexc_windows(data: Path) -> list[Window]:
    return [_mexc_window(random.Random(number)) for number in range(WINDOWS)]


def _mexc_window(chance: random.Random) -> Window:
    """One window of increments with several versions each, as the venue aggregates them."""
    book, last_id = DecimalBook(), chance.randrange(10**10)
    bids = [[f"{100 - step / 100:.2f}", "1.5"] for step in range(1, 41)]
    asks = [[f"{100 + step / 100:.2f}", "2.5"] for step in range(1, 41)]
    book.apply(bids, asks)
    window = Window("mexc", book, last_id, "BTCUSDT")
    for _ in range(EVENTS):
        changes = [_mexc_changes(chance, -1), _mexc_changes(chance, 1)]
        first_id, last_id = last_id + 1, last_id + chance.randint(1, 20)
        frame = wrapper()
        body = frame.public_aggre_depths
        body.from_version, body.to_version = str(first_id), str(last_id)
        for side, levels in zip((body.bids, body.asks), changes, strict=True):
            for price, amount in levels:
                side.add(price=price, quantity=amount)
        event = {"u": last_id, "b": changes[0], "a": changes[1]}
        window.add(frame.SerializeToString(), event, depth=True)
    return window


def _mexc_changes(chance: random.Random, sign: int) -> Texts:
    """A few levels of one side; the best two stay, so that no side empties or crosses."""
    steps = chance.sample(range(3, 60), chance.randint(0, 4))
    amounts = ("0", "0.00000000", "3.25", "0.5", "17")
    return [[f"{100 + sign * step / 100:.2f}", chance.choice(amounts)] for step in steps]


MORE: Final[dict[str, Callable[[Path], list[Window]]]] = {
    "gateio": lambda data: _gate_windows(data, "gateio"),
    "gateio_futures": lambda data: _gate_windows(data, "gateio_futures"),
    "mexc": _mexc_windows,
}
"""Venues whose windows do not come from one long recording."""
