"""Frames for benchmarks: what the simulated venues send, and what real ones were recorded sending.

The simulator speaks the real wire protocols; its world is stepped by hand here, so that a minute
of market takes a second and the same seed gives the same bytes.
"""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterable, Iterator
from typing import cast
from urllib.parse import urlsplit

from msgspec import Struct

from benchmarks.replay import SHARED_DATA
from exchanges.mexc.frames_pb2 import PushDataWrapper
from exchanges.registry import dialect
from messages.instruments import SymbolInfo
from messages.market import (
    BestQuote,
    BookDelta,
    BookSnapshot,
    Kline,
    PartialBook,
    PublicMessage,
    StreamKind,
    Ticker24h,
    Trade,
)
from messages.requests import ConnectionPlan
from simulator.protocol import Connection
from simulator.topics import ALL_KINDS, Topic
from simulator.venue import Venue
from simulator.world import START_MS, TICK_MS, World

VENUES = (
    *("binance", "binance_us", "binance_usdm", "binance_coinm"),
    *("gateio", "gateio_futures", "mexc"),
)
KINDS = {
    BookDelta: "depth",
    BookSnapshot: "in-band snapshot",
    PartialBook: "partial depth",
    BestQuote: "best quote",
    Trade: "trade",
    Kline: "kline",
    Ticker24h: "ticker",
}
"""What a frame is called by the first message in it."""
IN_BAND = "in-band depth"
"""Increments of Gate.io's stream that begins with a snapshot; the other one is `depth`."""
SEQUENCES = ("depth", IN_BAND)
"""Kinds whose frames follow one another: twice they would be no sequence."""
STREAMS = (
    StreamKind.DEPTH,
    StreamKind.PARTIAL_DEPTH,
    StreamKind.BEST_QUOTE,
    StreamKind.TRADE,
    StreamKind.KLINE,
    StreamKind.TICKER_24H,
)
FEW = 50
"""Fewer frames than these are repeated: a round of one frame would time cold caches."""
MARKET_S = 60
"""How long the market is watched."""

RECORDED = {
    "binance": "hftbacktest/binance/spot_btcusdt_20240808.gz",
    "binance_usdm": "hftbacktest/binance/usdm_btcusdt_20240808.gz",
    "gateio": "cryptofeed/gate/spot_20210422.ws.txt.gz",
    "gateio_futures": "cryptofeed/gate_futures/usdt_20230524.ws.txt.gz",
    "mexc": "mexc/pb_frames.json",
}
_NATIVE = re.compile(rb'"(?:s|contract|currency_pair)":\s*"([A-Z0-9]+(?:_[A-Z0-9]+)?)"')
_CANDLE = re.compile(rb'"n":\s*"[0-9a-zA-Z]+?_([A-Z0-9]+_[A-Z0-9]+)"')


class Frames(Struct, frozen=True):
    """Frames of one venue by kind, in the order they came, and the symbols they speak of."""

    venue: str
    infos: tuple[SymbolInfo, ...]
    kinds: dict[str, list[bytes]]


class Ear:
    """A connection that keeps what it is sent, as far as a venue needs one to publish to."""

    number = 0

    def __init__(self) -> None:
        self.kinds = ALL_KINDS
        self.spelling = 1
        self.combined = False
        self.streams: dict[str, Topic | None] = {}
        self.heard: list[bytes] = []

    def offer(self, frame: bytes) -> None:
        """Take the payload out of one whole unmasked frame."""
        size = frame[1]
        self.heard.append(frame[{126: 4, 127: 10}.get(size, 2) :])


def _listen(venue: Venue, plan: ConnectionPlan) -> Ear:
    """Connect as our engine does, without the socket."""
    url = urlsplit(plan.url)
    address = f"{url.path}?{url.query}" if url.query else url.path
    target = venue.protocol.target(address, {name.lower(): text for name, text in plan.headers})
    if target is None:
        raise SystemExit(f"the simulated {venue.name} has no path {address}")
    ear = Ear()
    ear.kinds, ear.spelling, ear.combined = target.kinds, target.spelling, target.combined
    for stream in plan.streams:
        venue.subscribe(cast(Connection, ear), stream)
    return ear


def simulated(count: int, seed: int = 1) -> Iterator[Frames]:
    """What every simulated venue sends: up to `count` frames of each kind."""
    ticks = 0
    world = World(seed, venues=VENUES, now_ms=lambda: START_MS + ticks * TICK_MS)
    ears: dict[str, list[Ear]] = {}
    infos: dict[str, tuple[SymbolInfo, ...]] = {}
    for name, venue in world.venues.items():
        ours = dialect(name)
        infos[name] = tuple(ours.symbol_from_native(native) for native in venue.listings)
        streams = {ours.stream(kind, info): info for info in infos[name] for kind in STREAMS}
        feed = ours.depth_feed()
        if feed.in_band:
            streams |= {ours.stream(STREAMS[0], info, feed.option): info for info in infos[name]}
        ears[name] = [_listen(venue, plan) for plan in ours.plan(streams)]
    for _ in range(MARKET_S * 1000 // TICK_MS):
        ticks += 1
        world.step()
    for name, each in ears.items():
        heard = [payload for ear in each for payload in ear.heard]
        yield sort_frames(name, infos[name], heard, count)


def recorded(count: int) -> Iterator[Frames]:
    """The same of real recordings, as far as they are here and hold a kind."""
    for venue, file in RECORDED.items():
        path = SHARED_DATA / file
        if not path.is_file():
            continue
        ours = dialect(venue)
        payloads = list(_payloads(path.read_bytes(), file))
        natives = {
            match.decode()
            for payload in payloads
            for pattern in (_NATIVE, _CANDLE)
            for match in pattern.findall(payload)
        }
        if venue == "mexc":
            natives = {PushDataWrapper.FromString(payload).symbol for payload in payloads}
        infos = tuple(ours.symbol_from_native(native) for native in sorted(natives))
        yield sort_frames(venue, infos, payloads, count)


def _payloads(data: bytes, file: str) -> Iterator[bytes]:
    """The frames of a recording that bring something."""
    if file.endswith(".json"):
        for each in json.loads(data):
            yield bytes.fromhex(each["hex"])
        return
    for line in gzip.decompress(data).split(b"\n"):
        start = line.find(b"{")
        if start > 0 and b"<-" not in line[:start] and b"lastUpdateId" not in line[:60]:
            yield line[start:].strip()


def sort_frames(
    venue: str, infos: tuple[SymbolInfo, ...], payloads: Iterable[bytes], count: int
) -> Frames:
    """Sort frames by kind, few ones repeated; those of no kind here (answers) are left out."""
    codec = dialect(venue).codec(infos, 0)
    kinds: dict[str, list[bytes]] = {name: [] for name in (IN_BAND, *KINDS.values())}
    for payload in payloads:
        messages = codec.decode(payload, 0)
        name = KINDS.get(type(messages[0])) if messages else None
        if name == "depth" and b'.obu"' in payload:
            name = IN_BAND
        if name is not None and len(kinds[name]) < count:
            kinds[name].append(payload)
    for name, some in kinds.items():
        if some and name not in SEQUENCES:
            some *= max(1, FEW // len(some))
    return Frames(venue, infos, {name: some for name, some in kinds.items() if some})


def numbers(message: PublicMessage) -> tuple[float, ...]:
    """The floats a message brings: what every way of decoding has to come up with."""
    if isinstance(message, BookDelta | BookSnapshot | PartialBook):
        return tuple(
            each for side in (message.bids, message.asks) for pair in side for each in pair
        )
    if isinstance(message, BestQuote):
        return (message.bid, message.bid_amount, message.ask, message.ask_amount)
    if isinstance(message, Trade):
        return (message.price, message.amount)
    if isinstance(message, Kline):
        return (message.open, message.high, message.low, message.close, message.amount)
    if isinstance(message, Ticker24h):
        return (message.last, message.high, message.low, message.amount)
    return ()
