"""The virtual world: a whole engine and its simulated venues in one process, on a virtual clock.

Hours pass in seconds, nothing leaves the process, and one seed gives one run.  `run_virtual`
plays an async function in such a world; `virtual_engine` opens an engine inside any test that
has a `trio.testing.MockClock` already.  docs/test_kit.md shows both.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TypeVar

import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.reference import Observer
from arbtree.engine import Engine, Seams, embedded_world
from arbtree.status import BookStatus, book_states, books
from config.settings import Settings, SimulatorSettings, VenueSettings
from messages.errors import UsageError
from messages.opportunities import OpportunityClosed, OpportunityOpened
from simulator.schedule import make_deterministic
from simulator.world import START_MS, World
from supervisors.rows import Row
from supervisors.runtime import ExitReport, Options

__all__ = [
    "OpportunityClosed",
    "OpportunityOpened",
    "Settings",
    "VirtualEngine",
    "embedded_settings",
    "run_virtual",
    "virtual_engine",
]

T = TypeVar("T")

LOOK_EVERY_S = 0.02
"""How often `until` looks: virtual time, so it costs little."""


def embedded_settings(
    symbols: Mapping[str, Sequence[str]], *, market_seed: int = 1, shock_every_s: float = 90.0
) -> Settings:
    """A configuration in which every venue is simulated.

    Args:
        symbols: what to follow, in unified spelling, by venue.
        market_seed: the whole market follows from it.
        shock_every_s: mean time between two moments at which prices of one asset drift apart by
            more than the fees; 0: never.
    """
    return Settings(
        simulator=SimulatorSettings(seed=market_seed, shock_every_s=shock_every_s),
        venues=tuple(
            VenueSettings(name=venue, symbols=tuple(wanted), embedded=True)
            for venue, wanted in symbols.items()
        ),
    )


@dataclass
class VirtualEngine:
    """A running engine and its world.

    Attributes:
        engine: the same that `arbtree run` runs; `engine.outlet` publishes opportunities.
        world: its simulated venues, which can be cut, stalled, muted and lied to.
        exit: how the engine ended; None while it runs.
    """

    engine: Engine
    world: World
    exit: ExitReport | None = None

    def books(self) -> dict[str, BookStatus]:
        """Every book by its path below the venues, such as `mexc/books/BTC-USDT`."""
        return {book.path.split("/", 2)[2]: book for book in books(self.engine)}

    def row(self, path: str) -> Row:
        """One row of the tree, by its whole path."""
        return next(row for row in self.engine.runtime.rows() if row.path == path)

    def states(self) -> dict[str, str]:
        """The state of every book."""
        states = book_states(self.engine)
        return {path.split("/", 2)[2]: state for path, state in states.items()}

    def all_live(self) -> bool:
        """Whether every book is live."""
        return set(book_states(self.engine).values()) == {"LIVE"}

    async def until(self, condition: Callable[[], bool], within_s: float = 60.0) -> float:
        """Wait until something holds; return after how many virtual seconds it did.

        Raises:
            trio.TooSlowError: it did not hold within that time.
        """
        began_s = trio.current_time()
        with trio.fail_after(within_s):
            while not condition():  # noqa: ASYNC110 - a condition over the whole tree has no event
                await trio.sleep(LOOK_EVERY_S)
        return trio.current_time() - began_s

    async def opportunities(self, for_s: float) -> list[OpportunityOpened | OpportunityClosed]:
        """What the detector publishes in the next virtual seconds."""
        wanted = self.engine.outlet.subscribe(types=(OpportunityOpened, OpportunityClosed))
        try:
            await trio.sleep(for_s)
            return [
                fact
                for fact in wanted.take_nowait()
                if isinstance(fact, OpportunityOpened | OpportunityClosed)
            ]
        finally:
            self.engine.outlet.unsubscribe(wanted)


@asynccontextmanager
async def virtual_engine(
    settings: Settings,
    *,
    seed: int = 1,
    observer: Observer | None = None,
) -> AsyncIterator[VirtualEngine]:
    """Run an engine on a simulated world beside the block; both are stopped after it.

    Args:
        settings: every venue of it `embedded`.
        seed: of the engine's chance; the market's is `settings.simulator.seed`.
        observer: sees every accepted message and every change of state.

    Raises:
        UsageError: a venue is not embedded: nothing here may dial the world outside.
    """
    world = embedded_world(settings)
    outside = [venue.name for venue in settings.active_venues if not venue.embedded]
    if world is None or outside:
        raise UsageError(f"only embedded venues are virtual, not {', '.join(outside) or 'none'}")
    async with trio.open_nursery() as nursery:
        await nursery.start(World.run, world)
        engine = Engine(
            settings,
            Seams(world.dial, TrioClock(START_MS * 1_000_000), observer),
            options=Options(seed=seed, force_exit=_forced),
        )
        virtual = VirtualEngine(engine, world)
        started, stopped = trio.Event(), trio.Event()

        async def run() -> None:
            virtual.exit = await engine.run(started)
            started.set()
            stopped.set()

        nursery.start_soon(run)
        await started.wait()
        yield virtual
        engine.runtime.request_stop("the block has ended")
        await stopped.wait()
        nursery.cancel_scope.cancel(reason="the block has ended")


def _forced(code: int) -> None:
    raise AssertionError(f"the engine did not stop in time and was forced, code {code}")


def run_virtual(
    scenario: Callable[[VirtualEngine], Awaitable[T]],
    settings: Settings,
    *,
    seed: int = 1,
    observer: Observer | None = None,
) -> T:
    """Play an async function beside an engine, in virtual time, and return what it returns.

    Equal arguments give an equal run: the order in which tasks run is a function of the seed.

    Args:
        scenario: gets the running engine; what it raises is raised here.
        settings, seed, observer: see `virtual_engine`.
    """
    make_deterministic(seed)

    async def main() -> T:
        async with virtual_engine(settings, seed=seed, observer=observer) as virtual:
            return await scenario(virtual)

    return trio.run(main, clock=MockClock(autojump_threshold=0))
