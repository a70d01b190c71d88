"""Handles on simulated venues under a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass

import trio

from arbtree import PublicExchange, open_exchange, open_world
from arbtree.exchange.public import PublicHandle
from exchanges.registry import venues
from simulator.venues import VENUES
from simulator.world import World
from supervisors.runtime import Runtime

SYMBOLS = {
    "binance": "BTC/USDT",
    "binance_us": "BTC/USDT",
    "binance_usdm": "BTC/USDT:USDT",
    "binance_coinm": "BTC/USD:BTC",
    "gateio": "BTC/USDT",
    "gateio_futures": "BTC/USDT:USDT",
    "mexc": "BTC/USDT",
}
"""One symbol that each venue lists."""

SIMULATED = tuple(venue for venue in venues() if venue in VENUES)
"""The venues that can be simulated: what the tests run on."""


@dataclass
class Opened:
    """A handle, the market it is on, and the tree below it."""

    exchange: PublicExchange
    world: World

    @property
    def runtime(self) -> Runtime:
        """The running tree."""
        assert isinstance(self.exchange, PublicHandle)
        return self.exchange._runtime

    def state(self, path: str) -> str:
        """The state of one child of the tree; empty where there is none."""
        rows = self.runtime.rows()
        return next((str(row.state) for row in rows if row.path == f"exchange/{path}"), "")


@asynccontextmanager
async def opened(venue: str = "binance", *symbols: str) -> AsyncIterator[Opened]:
    """A handle that follows symbols of a simulated venue."""
    async with open_world(venue, seed=1) as world, open_exchange(venue, world=world) as exchange:
        await exchange.init(symbols)
        yield Opened(exchange, world)


def subscribed(world: World, venue: str = "binance") -> list[str]:
    """The streams that the venue sends us, one entry for each connection that asked."""
    connections = world.venues[venue].connections.values()
    return sorted(stream for connection in connections for stream in connection.streams)


async def until(condition: Callable[[], bool], within_s: float = 60.0) -> float:
    """Wait until something holds and return how long it took; fails when it never does."""
    began_s = trio.current_time()
    with trio.fail_after(within_s):
        while not condition():  # noqa: ASYNC110 - a condition over a whole tree has no event
            await trio.sleep(0.02)
    return trio.current_time() - began_s
