"""Every recorded Binance line decodes, and means what an independent reading of it says."""

from __future__ import annotations

import gzip
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple
from urllib.parse import parse_qsl, urlsplit

import pytest

from exchanges.contract import PublicDialect
from exchanges.registry import dialect, venue_of_url
from exchanges.sequencing import Sequencer, State, Verdict
from messages.instruments import SymbolInfo
from messages.market import BestQuote, BookDelta, BookSnapshot, Kline, PublicMessage, Trade

CHECKED_EVERY = 53
"""Every so many frames are read a second time, by the json of the standard library."""

_NATIVE = re.compile(rb'"s":"([^"]+)"')
_WEBSOCKET = re.compile(rb"^(\d+\.\d+): (\{.*)$")
_REST = re.compile(rb"^(https://\S+) -> (\d+\.\d+): (.*?)(?: header: .*)?$")


class Line(NamedTuple):
    """A recorded websocket frame (no url), or a REST answer with its url where one is known."""

    url: str
    payload: bytes
    rest: bool


def hftbacktest(path: Path) -> Iterator[Line]:
    """Read `local_ns JSON` lines."""
    with gzip.open(path) as file:
        for line in file:
            payload = line[line.index(b" ") + 1 :].rstrip()
            yield Line("", payload, not payload.startswith(b'{"stream"'))


def cryptofeed(*paths: Path) -> Iterator[Line]:
    """Read frames and REST answers of files that belong together, merged by time."""
    found: list[tuple[float, int, Line]] = []
    for path in paths:
        with gzip.open(path) as file:
            lines = [line.rstrip() for line in file]
        for line in lines:
            if match := _WEBSOCKET.match(line):
                found.append((float(match[1]), len(found), Line("", match[2], False)))
            elif match := _REST.match(line):
                answer = Line(match[1].decode(), match[3], True)
                found.append((float(match[2]), len(found), answer))
    return (line for _, _, line in sorted(found, key=lambda each: each[:2]))


# What the data README says: venue, files, depth events applied over all books of the recording.
STREAMS: dict[str, tuple[str, tuple[str, ...], int]] = {
    "spot 2024": ("binance", ("spot_btcusdt_20240808", "spot_btcusdt_20240809"), 3_449 + 3_044),
    "usdm 2024-08": ("binance_usdm", ("usdm_btcusdt_20240808",), 6_547),
    "usdm 2024-07": ("binance_usdm", ("usdm_btcusdt_20240718", "usdm_btcusdt_20240719"), 9_017),
    "coinm 2024": (
        "binance_coinm",
        ("coinm_btcusd_perp_20240808", "coinm_btcusd_perp_20240809"),
        26_824 + 17_948,
    ),
    "spot 2021-04": ("binance", ("binance/spot_20210405.txt.gz",), 4_642),
    "spot 2021-08": (
        "binance",
        ("binance/spot_20210814.ws.txt.gz", "binance/spot_20210814.http.txt.gz"),
        528,
    ),
    "us 2021": ("binance_us", ("binance_us/spot_20210405.txt.gz",), 3_185),
    "usdm 2021": (
        "binance_usdm",
        ("binance_usdm/usdm_20210722.ws.txt.gz", "binance_usdm/usdm_20210722.http.txt.gz"),
        752,
    ),
    "coinm 2021": (
        "binance_coinm",
        ("binance_coinm/coinm_20210722.ws.txt.gz", "binance_coinm/coinm_20210722.http.txt.gz"),
        1_788,
    ),
}


def recorded(data: Path, files: tuple[str, ...]) -> Iterator[Line]:
    """Read the lines of one recording."""
    if files[0].endswith(".txt.gz"):
        yield from cryptofeed(*(data / "cryptofeed" / name for name in files))
    else:
        for name in files:
            yield from hftbacktest(data / "hftbacktest" / "binance" / f"{name}.gz")


def check(message: PublicMessage, payload: bytes) -> None:
    """Compare a message with what json says of the same bytes."""
    data = json.loads(payload)["data"]
    if isinstance(message, BookDelta):
        found = [[[p, q] for p, q in side] for side in (message.bids, message.asks)]
        assert found == [[[float(p), float(q)] for p, q in data[side]] for side in "ba"]
        ids = [message.first_id, message.last_id, message.previous_id, message.venue_ms]
        assert ids == [data["U"], data["u"], data.get("pu", -1), data["E"]]
    elif isinstance(message, BestQuote):
        quote = [message.bid, message.bid_amount, message.ask, message.ask_amount]
        assert quote == [float(data[name]) for name in ("b", "B", "a", "A")]
        assert (message.last_id, message.venue_ms) == (data["u"], data.get("E", 0))
    elif isinstance(message, Trade):
        trade = [message.price, message.amount, message.taker_sold, message.venue_ms]
        assert trade == [float(data["p"]), float(data["q"]), data["m"], data["T"]]
        assert message.trade_id == data.get("t", data.get("a"))
        assert (message.first_trade_id, message.last_trade_id) == (
            data.get("f", -1),
            data.get("l", -1),
        )
    else:
        assert isinstance(message, Kline)
        candle = data["k"]
        prices = [message.open, message.high, message.low, message.close, message.amount]
        assert prices == [float(candle[name]) for name in "ohlcv"]


class Books:
    """One sequencer per symbol, fed as a recording plays."""

    def __init__(self, public: PublicDialect) -> None:
        self.public = public
        self.sequencers: dict[str, Sequencer] = defaultdict(lambda: Sequencer(public.rule))
        self.verdicts: Counter[Verdict] = Counter()

    def feed(self, message: PublicMessage | BookSnapshot) -> None:
        """Hand in what a sequencer wants."""
        if isinstance(message, BookDelta):
            self.verdicts[self.sequencers[message.symbol].delta(message)] += 1
        elif isinstance(message, BookSnapshot):
            self.verdicts[self.sequencers[message.symbol].snapshot(message)] += 1


@pytest.mark.parametrize("name", STREAMS)
def test_every_recorded_frame(shared_data: Path, name: str) -> None:
    """All lines decode, a sample equals json's reading, and the books have no gap."""
    venue, files, applied = STREAMS[name]
    public = dialect(venue)
    lines = list(recorded(shared_data, files))
    natives = {
        match[1].decode()
        for line in lines
        if not line.rest
        for match in [_NATIVE.search(line.payload)]
        if match is not None
    }
    infos = {native: public.symbol_from_native(native) for native in natives}
    codec, books = public.codec(infos.values(), 0), Books(public)
    for number, line in enumerate(lines):
        if line.rest:
            books.feed(public.decode_snapshot(line.payload, wanted(public, line, infos), 0, number))
            continue
        (message,) = codec.decode(line.payload, number)
        if number % CHECKED_EVERY == 0:
            check(message, line.payload)
        books.feed(message)
    assert sum(each.applied for each in books.sequencers.values()) == applied
    for sequencer in books.sequencers.values():
        assert (sequencer.gaps, sequencer.resyncs) == (0, 0)
        assert sequencer.state is State.LIVE
    assert books.verdicts[Verdict.GAP] == 0


def wanted(public: PublicDialect, line: Line, infos: dict[str, SymbolInfo]) -> SymbolInfo:
    """Say which symbol a recorded snapshot is of, by its address; hftbacktest has one symbol."""
    if not line.url:
        (info,) = infos.values()
        return info
    assert venue_of_url(line.url) == public.venue
    parts = urlsplit(line.url)
    kind, native = public.classify_rest_path(parts.path, dict(parse_qsl(parts.query)))
    assert kind == "snapshot"
    return infos[native]


@pytest.mark.parametrize(
    ("venue", "file", "least"),
    [
        ("binance", "binance/spot_20210814.exchangeInfo.txt.gz", 1_500),
        ("binance_usdm", "binance_usdm/usdm_20210722.exchangeInfo.txt.gz", 100),
    ],
)
def test_recorded_exchange_info(shared_data: Path, venue: str, file: str, least: int) -> None:
    """Every real symbol has tick and lot, and the guess from its name agrees where it can."""
    public = dialect(venue)
    (line,) = [line for line in cryptofeed(shared_data / "cryptofeed" / file) if line.rest]
    info = public.decode_venue_info(line.payload)
    assert len(info.symbols) >= least
    assert {rule.what for rule in info.limits} >= {"REQUEST_WEIGHT", "ORDERS"}
    wrong = []
    for each in info.symbols:
        assert each.tick is not None and each.lot is not None and each.status != "UNREADABLE"
        guess = public.symbol_from_native(each.native)
        if guess.symbol != each.symbol:
            wrong.append((each.native, each.symbol, guess.symbol))
    assert wrong == []


# -- payloads of other projects ------------------------------------------------------------------
