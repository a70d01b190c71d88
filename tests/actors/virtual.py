"""An engine and its simulated venues in one process, on memory streams and a virtual clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import trio

from actors.runtime.clock import TrioClock
from actors.runtime.reference import Observer
from arbtree.engine import Engine, Seams, embedded_world
from arbtree.status import BookStatus, books
from config.settings import Settings, VenueSettings
from simulator.world import START_MS, World
from supervisors.rows import Row
from supervisors.runtime import Options

ASSETS = ("BTC", "ETH")
SPOT = tuple(f"{asset}/USDT" for asset in ASSETS)
LINEAR = tuple(f"{asset}/USDT:USDT" for asset in ASSETS)
INVERSE = tuple(f"{asset}/USD:{asset}" for asset in ASSETS)


def small_settings(**venue_options: Any) -> Settings:
    """Three embedded venues with two assets each."""
    families = (("binance", SPOT), ("binance_usdm", LINEAR), ("binance_coinm", INVERSE))
    return Settings(
        venues=tuple(
            VenueSettings(name=name, symbols=symbols, embedded=True, **venue_options)
            for name, symbols in families
        )
    )


@dataclass
class Virtual:
    """A running engine and its world."""

    engine: Engine
    world: World

    def books(self) -> dict[str, BookStatus]:
        """Every book by its path below the venues."""
        return {book.path.split("/", 2)[2]: book for book in books(self.engine)}

    def row(self, path: str) -> Row:
        """One row of the tree."""
        return next(row for row in self.engine.runtime.rows() if row.path == path)

    def states(self) -> dict[str, str]:
        """The state of every book."""
        return {path: book.state for path, book in self.books().items()}

    def all_live(self) -> bool:
        """Whether every book is live."""
        return set(self.states().values()) == {"LIVE"}

    async def until(self, condition: Callable[[], bool], within_s: float = 60.0) -> float:
        """Wait until something holds and return how long it took; fails when it never does."""
        began_s = trio.current_time()
        with trio.fail_after(within_s):
            while not condition():  # noqa: ASYNC110 - a condition over the whole tree has no event
                await trio.sleep(0.02)
        return trio.current_time() - began_s


@asynccontextmanager
async def virtual_engine(
    settings: Settings | None = None,
    *,
    seed: int = 1,
    observer: Observer | None = None,
    force_exit: Callable[[int], object] | None = None,
) -> AsyncIterator[Virtual]:
    """Run an engine on a simulated world beside the block; both are stopped after it."""
    settings = settings if settings is not None else small_settings()
    world = embedded_world(settings)
    assert world is not None
    options = Options(seed=seed)
    async with trio.open_nursery() as nursery:
        await nursery.start(World.run, world)
        engine = Engine(
            settings,
            Seams(world.dial, TrioClock(START_MS * 1_000_000), observer),
            options=options,
        )
        started, stopped = trio.Event(), trio.Event()

        async def run() -> None:
            await engine.run(started)
            stopped.set()

        nursery.start_soon(run)
        await started.wait()
        yield Virtual(engine, world)
        engine.runtime.request_stop("the test is over")
        await stopped.wait()
        nursery.cancel_scope.cancel(reason="the test is over")
