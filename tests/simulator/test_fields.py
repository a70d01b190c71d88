"""Events and answers have exactly the members of the documents' samples and of recordings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from simulator.instruments import assets
from simulator.world import World
from tests.simulator.client import client, rest, running

STREAMS = ("depth@100ms", "bookTicker", "trade", "aggTrade", "kline_1m", "ticker", "miniTicker")
PLACES = {
    "binance": ("stream.binance.com", [("/stream", "btcusdt")]),
    "binance_usdm": (
        "fstream.binance.com",
        [("/public/stream", "btcusdt"), ("/market/stream", "btcusdt")],
    ),
    "binance_coinm": ("dstream.binance.com", [("/stream", "btcusd_perp")]),
}
KLINE = set("tTsifLochlvnxqVQB")
TICKER = set("eEspPwcQohlvqOCFLn")
SAMPLES = {
    "binance": {
        "depth@100ms": set("eEsUuba"),
        "bookTicker": set("usbBaA"),
        "trade": set("eEstpqTmM"),
        "aggTrade": set("eEsapqflTmM"),
        "kline_1m": set("eEsk"),
        "ticker": TICKER | set("xbBaA"),
        "miniTicker": set("eEscohlvq"),
        "depth5": {"lastUpdateId", "bids", "asks"},
    },
    "binance_usdm": {
        "depth@100ms": {*"eETsUuba", "pu", "ps", "st"},
        "bookTicker": {*"eusbBaATE", "ps", "st"},
        "trade": {*"eETstpqXm", "ps", "st"},
        "aggTrade": {*"eEsapqflTm", "nq", "ps", "st"},
        "kline_1m": {*"eEsk", "st"},
        "ticker": TICKER | {"st"},
        "miniTicker": {*"eEscohlvq", "st"},
        "depth5": {*"eETsUuba", "pu", "ps", "st"},
        "markPrice@1s": {*"eEspiPrT", "st"},
    },
    "binance_coinm": {
        "depth@100ms": {*"eETsUuba", "pu", "ps", "st"},
        "bookTicker": {*"eusbBaATE", "ps", "st"},
        "trade": {*"eETstpqXm", "ps", "st"},
        "aggTrade": {*"eEsapqflTm", "ps", "st"},
        "kline_1m": {*"eEsk", "st"},
        "ticker": TICKER | {"ps", "st"},
        "miniTicker": {*"eEscohlvq", "ps", "st"},
        "depth5": {*"eETsUuba", "pu", "ps", "st"},
        "markPrice@1s": {*"eEspiPrT", "st"},
    },
}
"""Members of every event in the documents' current form."""


async def events(venue: str, recorded: bool) -> dict[str, Any]:
    """One event of every stream of a venue's BTC symbol, by the stream's name after the `@`."""
    host, places = PLACES[venue]
    found: dict[str, Any] = {}
    world = World(1, venues=[venue], assets=assets(1), recorded=recorded)
    async with running(world):
        for address, symbol in places:
            names = "/".join(f"{symbol}@{one}" for one in (*STREAMS, "depth5", "markPrice@1s"))
            async with client(world, host, f"{address}?streams={names}") as one:
                for message in await one.collect(6.0):
                    found.setdefault(message["stream"].partition("@")[2], message["data"])
    return found


@pytest.mark.parametrize("venue", sorted(SAMPLES))
async def test_events_have_the_members_of_the_documents(
    venue: str, autojump_clock: MockClock
) -> None:
    """Every stream of every family, in the current form, and nothing else."""
    found = await events(venue, recorded=False)
    assert {name: set(event) for name, event in found.items()} == SAMPLES[venue]
    assert set(found["kline_1m"]["k"]) == KLINE


def recorded_frames(folder: Path) -> Iterator[tuple[str, str, Any]]:
    """Venue, stream and data of real combined frames."""
    files = {
        "binance": ["hftbacktest/binance/spot_btcusdt_20240808.gz"],
        "binance_usdm": [
            "hftbacktest/binance/usdm_btcusdt_20240808.gz",
            "cryptofeed/binance_usdm/usdm_20210722.ws.txt.gz",
        ],
        "binance_coinm": [
            "hftbacktest/binance/coinm_btcusd_perp_20240808.gz",
            "cryptofeed/binance_coinm/coinm_20210722.ws.txt.gz",
        ],
    }
    for venue, names in files.items():
        for name in names:
            with gzip.open(folder / name, "rt") as lines:
                for number, line in enumerate(lines):
                    place = line.find('{"stream"')
                    if place >= 0:
                        frame = json.loads(line[place:])
                        yield venue, frame["stream"].partition("@")[2], frame["data"]
                    if number > 3_000:
                        break


async def test_events_have_the_members_of_real_recordings(
    shared_data: Path, autojump_clock: MockClock
) -> None:
    """In the recorded form every futures event has exactly the members of the real ones."""
    ours = {venue: await events(venue, recorded=True) for venue in PLACES}
    seen = set()
    for venue, stream, data in recorded_frames(shared_data):
        stream = "depth@100ms" if stream.startswith("depth") else stream
        mine = ours[venue].get(stream)
        if mine is None:
            continue
        seen.add((venue, stream))
        theirs = set(data)
        if (venue, stream) == ("binance", "trade"):
            theirs -= {"a", "b"}  # order ids, gone since 2024
        assert set(mine) == theirs, (venue, stream)
        for key, value in data.items():
            if key in mine:
                assert type(mine[key]) is type(value), (venue, stream, key)
    assert len(seen) >= 9


REST = {
    "/api/v3/depth?symbol=BTCUSDT&limit=5": {"lastUpdateId", "bids", "asks"},
    "/api/v3/trades?symbol=BTCUSDT&limit=1": {
        "id",
        "price",
        "qty",
        "quoteQty",
        "time",
        "isBuyerMaker",
        "isBestMatch",
    },
    "/api/v3/aggTrades?symbol=BTCUSDT&limit=1": set("apqflTmM"),
    "/fapi/v1/aggTrades?symbol=BTCUSDT&limit=1": set("apqflTm"),
    "/fapi/v1/depth?symbol=BTCUSDT&limit=5": {"lastUpdateId", "E", "T", "bids", "asks"},
    "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=5": {
        "lastUpdateId",
        "E",
        "T",
        "symbol",
        "pair",
        "bids",
        "asks",
    },
    "/dapi/v1/trades?symbol=BTCUSD_PERP&limit=1": {
        "id",
        "price",
        "qty",
        "baseQty",
        "time",
        "isBuyerMaker",
    },
    "/dapi/v1/ticker/bookTicker?symbol=BTCUSD_PERP": {
        "lastUpdateId",
        "symbol",
        "pair",
        "bidPrice",
        "bidQty",
        "askPrice",
        "askQty",
        "time",
    },
    "/fapi/v2/ticker/price?symbol=BTCUSDT": {"symbol", "price", "time"},
}
LIKE_RECORDED = (
    "/api/v3/trades",
    "/api/v3/aggTrades",
    "/api/v3/ticker/24hr",
    "/fapi/v1/aggTrades",
    "/fapi/v1/premiumIndex",
    "/fapi/v1/ticker/24hr",
    "/dapi/v1/premiumIndex",
    "/dapi/v1/trades",
    "/fapi/v1/depth",
    "/fapi/v1/time",
    "/dapi/v1/ticker/bookTicker",
)
"""Answers compared with documented payloads kept by another project."""
HOSTS = {"/api": "api.binance.com", "/fap": "fapi.binance.com", "/dap": "dapi.binance.com"}


async def test_answers_have_the_members_of_the_documents(autojump_clock: MockClock) -> None:
    """Snapshots, trades and tickers of each family, and nothing else."""
    world = World(1, assets=assets(1))
    async with running(world):
        await one_minute()
        for target, members in REST.items():
            status, _, body = await rest(world, HOSTS[target[:4]], target)
            assert status == 200
            assert set(body[0] if isinstance(body, list) else body) == members, target


async def test_answers_have_the_members_of_documented_payloads(
    shared_data: Path, autojump_clock: MockClock
) -> None:
    """The same against payloads another project keeps from the documents."""
    payloads: dict[str, Any] = {}
    with gzip.open(shared_data / "jkorf" / "binance.jsonl.gz", "rt") as lines:
        for line in lines:
            record = json.loads(line)
            if record["kind"] == "rest":
                payloads.setdefault(record["url_path"], record["response"])
    world = World(1, assets=assets(1))
    async with running(world):
        await one_minute()
        for path in LIKE_RECORDED:
            symbol = "BTCUSD_PERP" if path.startswith("/dapi") else "BTCUSDT"
            query = "" if path.endswith("time") else f"?symbol={symbol}"
            _, _, mine = await rest(world, HOSTS[path[:4]], path + query)
            theirs = payloads[path]
            assert isinstance(mine, list) is isinstance(theirs, list), path
            if isinstance(mine, list):
                mine, theirs = mine[0], theirs[0]
            assert set(mine) == set(theirs), path


async def one_minute() -> None:
    """Let some trades happen."""
    await trio.sleep(60)
