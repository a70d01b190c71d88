"""Other people's decoders, asked round by round: run by an interpreter of another environment.

`benchmarks.decode` makes that environment and starts this file in it; nothing of arbtree is
imported here.  Two ways: `orjson`, whose dictionaries become floats by a function written for
that one venue and kind, which therefore pays for no choice between kinds; and `ccxt`, the
websocket client of that venue's exchange class, which also keeps the books and lists its users
read.  Nobody waits for its results, which saves it some work.

Each line on standard input is one JSON object, answered by one: `load` brings frames, `run`
decodes all of them once and says how many microseconds of CPU a frame took.
"""

from __future__ import annotations

import asyncio
import base64
import gc
import importlib
import json
import sys
from collections.abc import Callable, Sequence
from operator import itemgetter
from time import process_time_ns
from typing import Any

Json = Any
Read = Callable[[bytes], Any]
Run = Callable[[], None]

CLASSES = {
    "binance": ("binance", "wss://stream.binance.com/stream"),
    "binance_us": ("binanceus", "wss://stream.binance.us:9443/stream"),
    "binance_usdm": ("binanceusdm", "wss://fstream.binance.com/public/ws"),
    "binance_coinm": ("binancecoinm", "wss://dstream.binance.com/ws"),
    "gateio": ("gate", "wss://api.gateio.ws/ws/v4/"),
    "gateio_futures": ("gate", "wss://fx-ws.gateio.ws/v4/ws/usdt"),
    "mexc": ("mexc", "wss://wbs-api.mexc.com/ws"),
}
"""The class of ccxt.pro, and an address from which it knows the market."""


# -- orjson and float ---------------------------------------------------------------------------


def pairs(member: str, bids: str, asks: str) -> Callable[[Any], Read]:
    """Read levels that are pairs of texts; a side may be missing."""

    def make(loads: Any) -> Read:
        def read(payload: bytes) -> Any:
            data = loads(payload)[member]
            return (
                [(float(price), float(amount)) for price, amount in data.get(bids, ())],
                [(float(price), float(amount)) for price, amount in data.get(asks, ())],
            )

        return read

    return make


def objects(bids: str, asks: str) -> Callable[[Any], Read]:
    """Read levels that are objects, as Gate futures sends them."""

    def make(loads: Any) -> Read:
        def read(payload: bytes) -> Any:
            data = loads(payload)["result"]
            return (
                [(float(each["p"]), float(each["s"])) for each in data[bids]],
                [(float(each["p"]), float(each["s"])) for each in data[asks]],
            )

        return read

    return make


def members(path: Sequence[str], *names: str) -> Callable[[Any], Read]:
    """Read these members of one object, or of every object of a list."""
    take = itemgetter(*names)

    def make(loads: Any) -> Read:
        def read(payload: bytes) -> Any:
            data = loads(payload)
            for name in path:
                data = data[name]
            if type(data) is list:
                return [[float(text) for text in take(each)] for each in data]
            return [float(text) for text in take(data)]

        return read

    return make


_BINANCE = {
    "depth": pairs("data", "b", "a"),
    "partial depth": pairs("data", "bids", "asks"),
    "best quote": members(("data",), "b", "B", "a", "A"),
    "trade": members(("data",), "p", "q"),
    "kline": members(("data", "k"), "o", "h", "l", "c", "v"),
    "ticker": members(("data",), "c", "h", "l", "v"),
}
_BINANCE_FUTURES = {**_BINANCE, "partial depth": pairs("data", "b", "a")}
_QUOTE = members(("result",), "b", "B", "a", "A")
ORJSON: dict[str, dict[str, Callable[[Any], Read]]] = {
    "binance": _BINANCE,
    "binance_us": _BINANCE,
    "binance_usdm": _BINANCE_FUTURES,
    "binance_coinm": _BINANCE_FUTURES,
    "gateio": {
        "depth": pairs("result", "b", "a"),
        "in-band depth": pairs("result", "b", "a"),
        "in-band snapshot": pairs("result", "b", "a"),
        "partial depth": pairs("result", "bids", "asks"),
        "best quote": _QUOTE,
        "trade": members(("result",), "price", "amount"),
        "kline": members(("result",), "o", "h", "l", "c", "a"),
        "ticker": members(("result",), "last", "high_24h", "low_24h", "base_volume"),
    },
    "gateio_futures": {
        "depth": objects("b", "a"),
        "in-band depth": pairs("result", "b", "a"),
        "in-band snapshot": pairs("result", "b", "a"),
        "partial depth": objects("bids", "asks"),
        "best quote": _QUOTE,
        "trade": members(("result",), "price", "size"),
        "kline": members(("result",), "o", "h", "l", "c", "v"),
        "ticker": members(("result",), "last", "high_24h", "low_24h", "volume_24h"),
    },
}


def flat(value: Any) -> list[float]:
    """All numbers of a nested result, in order."""
    return [value] if isinstance(value, float) else [each for one in value for each in flat(one)]


def load_orjson(asked: Json, frames: list[bytes]) -> tuple[Run, Json]:
    """The run of this way, and all numbers it finds; or which member a frame lacks."""
    read = ORJSON[asked["venue"]][asked["kind"]](importlib.import_module("orjson").loads)

    def run() -> None:
        for payload in frames:
            read(payload)

    try:
        return run, {"numbers": [flat(read(payload)) for payload in frames]}
    except KeyError as error:
        return run, {"lacks": error.args[0]}


# -- ccxt.pro -----------------------------------------------------------------------------------


def load_ccxt(asked: Json, frames: list[bytes]) -> tuple[Run, Json]:
    """The run of this way, and how many of the frames it made something of."""
    name, url = CLASSES[asked["venue"]]
    exchange = getattr(importlib.import_module("ccxt.pro"), name)()
    exchange.set_markets([{**exchange.safe_market_structure(), **one} for one in asked["markets"]])
    client_class = importlib.import_module("ccxt.async_support.base.ws.client").Client
    silent = [lambda *_: None] * 3
    client = client_class(url, exchange.handle_message, *silent)
    # As its own class sets it where frames are binary.
    client.decompressBinary = asked["venue"] != "mexc"
    books = asked["books"]
    handle = client.handle_text_or_binary_message
    told = 0

    def count(result: Any, message_hash: Any) -> Any:
        nonlocal told
        told += 1
        return result

    def run() -> None:
        for payload in frames:
            handle(payload)

    def begin() -> None:
        # Without this its books would take every further round for old news.
        for symbol, book in books.items():
            exchange.orderbooks[symbol] = exchange.order_book(book)

    client.resolve = count
    begin()
    handled = 0
    for payload in frames:
        before = told
        handle(payload)
        handled += told > before
    del client.resolve
    BEGIN["ccxt"] = begin
    return run, {"handled": handled}


LOAD = {"orjson": load_orjson, "ccxt": load_ccxt}
BEGIN: dict[str, Run] = {}
"""What a way does before a round, untimed."""


def versions() -> Json:
    """The packages this environment has."""
    metadata = importlib.import_module("importlib.metadata")
    found = {}
    for name in ("orjson", "ccxt", "protobuf"):
        try:
            found[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return found


def main() -> None:
    """Answer until standard input ends."""
    asyncio.set_event_loop(asyncio.new_event_loop())
    runs: dict[str, tuple[Run, int]] = {}
    print(json.dumps(versions()), flush=True)
    for line in sys.stdin:
        asked = json.loads(line)
        way = asked["way"]
        if asked["do"] == "load":
            frames = [base64.b64decode(each) for each in asked["frames"]]
            BEGIN.pop(way, None)
            run, answer = LOAD[way](asked, frames)
            runs[way] = (run, len(frames))
            gc.collect()
            gc.freeze()
        else:
            run, count = runs[way]
            if way in BEGIN:
                BEGIN[way]()
            began = process_time_ns()
            run()
            answer = {"us": (process_time_ns() - began) / count / 1_000}
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main()
