"""An independent client follows simulated books by the documents' algorithm."""

from __future__ import annotations

from decimal import Decimal

import pytest
from trio.testing import MockClock

from simulator.instruments import assets
from simulator.world import World
from tests.simulator.client import ReferenceBook, client, follow, rest, running

SPOT = (
    "binance",
    "BTCUSDT",
    "api.binance.com",
    "/stream?streams=",
    "/api/v3/depth?symbol=BTCUSDT&limit=5000",
)
USDM = (
    "binance_usdm",
    "BTCUSDT",
    "fapi.binance.com",
    "/public/stream?streams=",
    "/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
)
COINM = (
    "binance_coinm",
    "BTCUSD_PERP",
    "dapi.binance.com",
    "/stream?streams=",
    "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000",
)


@pytest.mark.parametrize("speed", ["@100ms", "@0ms", ""])
@pytest.mark.parametrize("family", [SPOT, USDM, COINM], ids=["spot", "usdm", "coinm"])
async def test_a_client_follows_a_book_without_a_gap(
    family: tuple[str, str, str, str, str], speed: str, autojump_clock: MockClock
) -> None:
    """Minutes without a gap, every comparable best quote equal, the end equal to REST."""
    duration_s = 120.0 if speed == "@100ms" else 40.0
    venue, native, host, address, snapshot = family
    symbol = native.lower()
    if family is SPOT and speed == "@0ms":
        speed = "@1000ms"
    world = World(3, venues=[venue], assets=assets(2))
    book = ReferenceBook(futures=family is not SPOT)
    async with running(world):
        resource = f"{address}{symbol}@depth{speed}/{symbol}@bookTicker"
        async with client(world, host, resource) as one:
            await follow(world, host, one, book, snapshot, duration_s)
            world.halt(venue, native)
            for message in await one.collect(2.0):
                if "@depth" in message["stream"]:
                    book.event(message["data"])
            _, _, end = await rest(world, host, snapshot)
    assert book.gaps == 0
    assert book.applied > 30
    assert book.compared == book.equal > 5
    assert book.last_id == end["lastUpdateId"]
    assert {Decimal(p): Decimal(q) for p, q in end["bids"]} == book.bids
    assert {Decimal(p): Decimal(q) for p, q in end["asks"]} == book.asks
