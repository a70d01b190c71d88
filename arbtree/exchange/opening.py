"""`open_exchange`, the one factory of handles, and `open_world`, a market to try them on."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from typing import Literal, overload

import trio

from actors.outlet import Outlet
from actors.runtime.clock import TrioClock
from actors.runtime.faults import GaveUp
from actors.views import View
from arbtree.engine import CLOSE_WITHIN_S, Seams, open_venues
from arbtree.exchange.contract import PrivateExchange, PublicExchange, not_available
from arbtree.exchange.public import PublicHandle
from config.rules import check_rules
from config.settings import DetectorSettings, Settings, VenueSettings
from exchanges.registry import dialect
from messages.errors import ConfigError, UsageError
from simulator.world import World
from supervisors.runtime import Options, Runtime
from supervisors.tree import MAX_LISTENERS, exchange_tree

MAX_DEPTH_LEVELS = 100
"""Levels a side that a view carries at most; a deeper look is a fresh request."""


@overload
def open_exchange(
    venue: str,
    side: Literal["public"] = "public",
    *,
    embedded: bool = False,
    world: World | None = None,
    depth_levels: int = 20,
    rest_url: str | None = None,
    websocket_url: str | None = None,
    seed: int = 0,
    seams: Seams | None = None,
) -> AbstractAsyncContextManager[PublicExchange]: ...


@overload
def open_exchange(
    venue: str, side: Literal["private"], **options: object
) -> AbstractAsyncContextManager[PrivateExchange]: ...


def open_exchange(  # type: ignore[misc] # the second form raises before it looks at its options
    venue: str,
    side: Literal["public", "private"] = "public",
    *,
    embedded: bool = False,
    world: World | None = None,
    depth_levels: int = 20,
    rest_url: str | None = None,
    websocket_url: str | None = None,
    seed: int = 0,
    seams: Seams | None = None,
) -> AbstractAsyncContextManager[PublicExchange] | AbstractAsyncContextManager[PrivateExchange]:
    """Open a venue for the length of an `async with` block, inside a trio program.

    Args:
        venue: one of `arbtree venues`, such as `binance` or `gateio_futures`.
        side: `public` is market data; `private` is the account.
        embedded: a simulated venue inside this process, nothing leaves the machine.
        world: the simulated market to use, shared by several handles; see `open_world`.
        depth_levels: levels a side of a live view, 1 to 100.
        rest_url, websocket_url: addresses instead of the venue's own, given together.
        seed: of all jitter, and of the market of an embedded venue.
        seams: dial and clock, for tests.

    Raises:
        NotAvailable: `private`; the text says from which version.
        UsageError: no such venue, or options that do not fit together.
    """
    dialect(venue)  # refuses a name it does not know
    if side == "private":
        raise not_available(f"a private exchange of {venue}")
    if side != "public":
        raise UsageError(f"a side is 'public' or 'private', not {side!r}")
    if (embedded or world is not None) and (rest_url or websocket_url):
        raise UsageError("a simulated venue has no address of its own: leave the addresses out")
    if not 1 <= depth_levels <= MAX_DEPTH_LEVELS:
        raise UsageError(f"depth_levels must be from 1 to {MAX_DEPTH_LEVELS}, not {depth_levels}")
    settings = Settings(
        detector=DetectorSettings(depth_levels=depth_levels),
        venues=(
            VenueSettings(name=venue, symbols=(), rest_url=rest_url, websocket_url=websocket_url),
        ),
    )
    try:
        check_rules(settings, "")
    except ConfigError as error:
        raise UsageError(f"{error.key}: expected {error.expected}, found {error.found}") from error
    own = World(seed, venues=(venue,)) if embedded and world is None else None
    if world is not None and venue not in world.venues:
        raise UsageError(f"this world has no venue {venue!r}: {', '.join(world.venues)}")
    return _opened(settings, seams, world or own, own, Options(seed=seed))


@asynccontextmanager
async def open_world(*venues: str, seed: int = 0) -> AsyncIterator[World]:
    """Run simulated venues on one market beside the block; `world=` of handles leads to them.

    Args:
        venues: which ones; the simulator's own choice when left out.
        seed: everything they say follows from it.
    """
    _must_be_trio()
    world = World(seed, venues=venues) if venues else World(seed)
    failure: Exception | None = None
    async with trio.open_nursery() as nursery:
        await nursery.start(World.run, world)
        try:
            yield world
        except Exception as error:
            failure = error
        nursery.cancel_scope.cancel(reason="the block has ended")
    if failure is not None:
        raise failure


class WorldClock(TrioClock):
    """The time of a simulated market: trio's own, and the wall clock that its venues show."""

    def __init__(self, world: World) -> None:
        super().__init__()
        self._world = world

    def wall_ns(self) -> int:
        """Return the market's wall time in nanoseconds since 1970."""
        return self._world.now_ms() * 1_000_000


@asynccontextmanager
async def _opened(
    settings: Settings,
    seams: Seams | None,
    world: World | None,
    own: World | None,
    options: Options,
) -> AsyncIterator[PublicExchange]:
    """Run the tree of a handle beside the block.

    What the block raises leaves as it is, not in a group: users write plain `except` clauses.
    """
    _must_be_trio()
    if seams is None:
        seams = Seams(world.dial, WorldClock(world)) if world is not None else Seams()
    (venue,) = open_venues(settings, seams, {}).values()
    views: dict[str, View] = {}
    outlet = Outlet(MAX_LISTENERS)
    runtime = Runtime(
        exchange_tree(settings, venue, views, outlet),
        clock=seams.clock,
        observer=seams.observer,
        options=options,
    )
    failure: Exception | None = None
    ended = trio.Event()
    async with trio.open_nursery() as nursery:
        if own is not None:
            await nursery.start(World.run, own)

        async def run(started: trio.Event) -> None:
            nonlocal failure
            try:
                report = await runtime.run(started)
            finally:
                ended.set()
            if report.code:
                failure = GaveUp(f"the handle of {venue.name} gave up: {report.reason}")
                nursery.cancel_scope.cancel(reason=report.reason)

        started = trio.Event()
        nursery.start_soon(run, started)
        await started.wait()
        handle = PublicHandle(settings, venue, views, outlet, runtime)
        try:
            yield handle
        except Exception as error:
            failure = error
        finally:
            handle.close()
            runtime.request_stop("the block has ended")
            # The tree bounds its own stop; this only ends a wait that it failed to.
            with trio.move_on_after(options.stop_within_s + CLOSE_WITHIN_S, shield=True):
                await ended.wait()
                await venue.rest.aclose()
        nursery.cancel_scope.cancel(reason="the block has ended")
    if failure is not None:
        raise failure


def _must_be_trio() -> None:
    """Refuse another event loop in words of ours."""
    if not trio.lowlevel.in_trio_run():
        raise UsageError("arbtree runs on trio: open handles inside trio.run(...)")
