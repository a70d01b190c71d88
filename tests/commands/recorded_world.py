"""A simulated venue, Binance unless said otherwise, recorded on a virtual clock in the test."""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from actors.recordings import capture
from actors.recordings.records import Kind, Record
from actors.recordings.tape import Worker
from actors.runtime.clock import Clock, TrioClock
from actors.transport.dial import Dialer
from arbtree.engine import Seams
from arbtree.recording import Recording, Wish
from simulator.instruments import named_assets
from simulator.world import START_MS, World
from supervisors.runtime import ExitReport, Options

SYMBOLS = ("BTC/USDT", "ethusdt")
"""One in unified spelling, one as a user may type the venue's own name."""


async def inline(work: Callable[[], None]) -> None:
    """Write in the loop itself: a thread and a virtual clock do not wait for each other."""
    await trio.lowlevel.checkpoint()
    work()


@asynccontextmanager
async def world(venue: str = "binance") -> AsyncIterator[World]:
    """A simulated venue beside the block."""
    made = World(venues=[venue], assets=named_assets(("BTC", "ETH")))
    async with trio.open_nursery() as nursery:
        await nursery.start(World.run, made)
        yield made
        nursery.cancel_scope.cancel(reason="the test is over")


def recording(
    made: World,
    output: Path,
    symbols: tuple[str, ...] = SYMBOLS,
    duration_s: float | None = 5.0,
    *,
    worker: Worker = inline,
    dialer: Dialer | None = None,
    clock: Clock | None = None,
) -> Recording:
    """A recording of that world on its virtual clock."""
    (venue,) = made.venues
    return Recording(
        Wish(venue, symbols, output, duration_s=duration_s),
        Seams(dialer or made.dial, clock or TrioClock(START_MS * 1_000_000)),
        Options(seed=1),
        worker=worker,
    )


async def recorded(
    output: Path, symbols: tuple[str, ...] = SYMBOLS, venue: str = "binance"
) -> tuple[Recording, ExitReport]:
    """Record a world of its own to the end."""
    async with world(venue) as made:
        work = recording(made, output, symbols)
        report = await work.run()
    assert report is not None
    return work, report


def frames_of(path: Path) -> list[Record]:
    """The frames of a capture."""
    return [record for record in capture.read(path) if record[1] is Kind.FRAME]
