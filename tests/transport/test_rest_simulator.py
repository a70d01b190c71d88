"""Our clients against the simulator's own meter: no window ever holds more than it may."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import pytest
import trio
import trio.testing

from actors.runtime.clock import TrioClock
from actors.venue import Venue
from arbtree.engine import Seams, embedded_world, open_venues
from config.settings import Settings, VenueSettings
from messages.errors import ArbtreeError, Banned, RateLimited
from messages.instruments import SymbolInfo
from messages.requests import RestRequest
from simulator.world import START_MS, World

MINUTE_S = 60.0
SYMBOLS = {
    "binance": "BTC/USDT",
    "binance_usdm": "BTC/USDT:USDT",
    "binance_coinm": "BTC/USD:BTC",
    "gateio": "BTC/USDT",
    "gateio_futures": "BTC/USDT:USDT",
    "mexc": "BTC/USDT",
}


@asynccontextmanager
async def running(*names: str) -> AsyncIterator[tuple[World, dict[str, Venue]]]:
    """A world whose markets stand still, and the engine's services for its venues."""
    settings = Settings(
        venues=tuple(
            VenueSettings(name=name, symbols=(SYMBOLS[name],), embedded=True) for name in names
        )
    )
    world = embedded_world(settings)
    assert world is not None
    async with trio.open_nursery() as nursery:
        await nursery.start(World.run, world)
        world.pause(1e6)
        # Off the minute, so that windows of the venue begin in the middle of ours.
        await trio.sleep(17.3)
        venues = open_venues(settings, Seams(world.dial, TrioClock(START_MS * 1_000_000)), {})
        yield world, venues
        for venue in venues.values():
            await venue.rest.aclose()
        nursery.cancel_scope.cancel(reason="the test is over")


def requests_of(venue: Venue, info: SymbolInfo) -> tuple[RestRequest, ...]:
    """Heavy and light ones."""
    dialect = venue.dialect
    return (
        dialect.snapshot_request(info, 1000),
        dialect.tickers_request(),
        dialect.trades_request(info, 100),
        dialect.klines_request(info, "1m", 10),
        dialect.server_time_request(),
    )


@pytest.mark.parametrize(
    ("names", "limit"),
    [(("binance",), 6000), (("binance_usdm", "binance_coinm"), 2400)],
    ids=["spot", "both futures"],
)
async def test_no_budget_is_exceeded_under_many_callers(
    names: tuple[str, ...], limit: int, virtual_time: trio.testing.MockClock
) -> None:
    """Sixty callers for five minutes, some of them cancelled: no refusal, and little unused."""
    chance = random.Random(5)
    async with running(*names) as (world, venues):
        infos = {
            name: (await venue.directory.load())[SYMBOLS[name]] for name, venue in venues.items()
        }

        async def caller(venue: Venue) -> None:
            while True:
                request = chance.choice(requests_of(venue, infos[venue.name]))
                with trio.move_on_after(chance.choice((2.0, 30.0, 30.0))):
                    try:
                        await venue.rest.request(request, deadline_s=25.0)
                    except ArbtreeError as error:
                        assert error.outage, error
                await trio.sleep(chance.uniform(0.0, 0.2))

        async with trio.open_nursery() as callers:
            for name in names:
                for _ in range(60 // len(names)):
                    callers.start_soon(caller, venues[name])
            await trio.sleep(5 * MINUTE_S)
            callers.cancel_scope.cancel()
        windows = list(world.venues[names[0]].pool.windows)
        assert len(windows) >= 5
        assert max(window.used for window in windows) <= limit
        assert sum(window.refused for window in windows) == 0
        # What flows in is half of the limit; the other half is kept for bursts.
        for window in windows[1:-1]:
            assert 0.47 * limit <= window.used
        assert windows[0].used > 0.6 * limit
        assert set(world.venues[names[0]].meter.answers) == {200}
        for venue in venues.values():
            assert venue.rest.tally.refused == venue.rest.tally.failed == 0
            assert venue.rest.tally.answered > 100


@pytest.mark.parametrize(
    ("names", "raw_limit"),
    [(("mexc",), 300), (("gateio", "gateio_futures"), None)],
    ids=["mexc", "both markets of gate"],
)
async def test_no_budget_of_an_endpoint_is_exceeded_under_many_callers(
    names: tuple[str, ...], raw_limit: int | None, virtual_time: trio.testing.MockClock
) -> None:
    """The same for venues that count each endpoint alone, and MEXC's requests together as well."""
    chance = random.Random(6)
    async with running(*names) as (world, venues):
        infos = {
            name: (await venue.directory.load())[SYMBOLS[name]] for name, venue in venues.items()
        }

        async def caller(venue: Venue) -> None:
            while True:
                request = chance.choice(requests_of(venue, infos[venue.name]))
                with trio.move_on_after(chance.choice((0.5, 20.0, 20.0))):
                    try:
                        await venue.rest.request(request, deadline_s=15.0)
                    except ArbtreeError as error:
                        assert error.outage, error
                await trio.sleep(chance.uniform(0.0, 0.1))

        async with trio.open_nursery() as callers:
            for name in names:
                for _ in range(60):
                    callers.start_soon(caller, venues[name])
            await trio.sleep(MINUTE_S / 2)
            callers.cancel_scope.cancel()
        together: Counter[int] = Counter()
        fullest = 0.0
        for name in names:
            pools = world.venues[name].budgets
            assert len(pools) >= 4
            for pool in pools.values():
                for window in pool.windows:
                    assert window.used <= pool.limit
                    assert window.refused == 0
                    together[window.start_ms] += window.requests
                    fullest = max(fullest, window.used / pool.limit)
            assert set(world.venues[name].meter.answers) == {200}
            rest = venues[name].rest
            assert rest.tally.refused == rest.tally.failed == 0
            assert rest.tally.answered > 100
        if raw_limit is None:
            assert fullest > 0.4
        else:
            # The limit of all requests together is what binds there.
            assert 0.4 * raw_limit < max(together.values()) <= raw_limit


async def test_others_on_our_address_are_noticed(virtual_time: trio.testing.MockClock) -> None:
    """Somebody else spends most of the minute: after one answer we wait for the next minute."""
    async with running("binance") as (world, venues):
        venue, pool = venues["binance"], world.venues["binance"].pool
        info = (await venue.directory.load())["BTC/USDT"]
        assert pool.spend(5_000, world.now_ms()) is None
        depth = venue.dialect.snapshot_request(info, 1000)

        async def caller() -> None:
            for _ in range(10):
                await venue.rest.request(depth, deadline_s=120.0)

        async with trio.open_nursery() as callers:
            for _ in range(8):
                callers.start_soon(caller)
        assert sum(window.refused for window in pool.windows) == 0
        assert [window.used > 5_000 for window in pool.windows] == [True, False]
        assert venue.rest.tally.answered == 81


@pytest.mark.parametrize("status", [429, 418])
async def test_storm_of_refusals(status: int, virtual_time: trio.testing.MockClock) -> None:
    """A refused address is left alone until the time the venue named, by both of its venues."""
    async with running("binance_usdm", "binance_coinm") as (world, venues):
        usdm, coinm = venues["binance_usdm"], venues["binance_coinm"]
        time = {name: venue.dialect.server_time_request() for name, venue in venues.items()}
        pool = world.venues["binance_usdm"].pool
        while (refusal := pool.spend(2_400, world.now_ms())) is None or refusal.status != status:
            pass
        window = pool.window(world.now_ms())
        refused = window.refused
        with pytest.raises(RateLimited) as caught:
            await usdm.rest.request(time["binance_usdm"])
        assert isinstance(caught.value, Banned) is (status == 418)
        wait_s = caught.value.retry.after_s
        assert wait_s == refusal.retry_after_s
        began_s = trio.current_time()
        for _ in range(200):
            for venue in (usdm, coinm):
                with pytest.raises(RateLimited, match="still banned"):
                    await venue.rest.request(time[venue.name], deadline_s=1.0)
        assert window.refused == refused + 1
        await coinm.rest.request(time["binance_coinm"], deadline_s=wait_s + 1)
        assert trio.current_time() - began_s == pytest.approx(wait_s, abs=0.1)
        assert pool.bans == (status == 418)
