"""One configured engine: shared services, the tree and its runtime, ready to run.

What a test replaces (dial, clock, chance) comes in through `Seams`; with the defaults this is the
engine that `arbtree run` runs.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from dataclasses import dataclass, field

import trio

from actors.assets import band_rules
from actors.outlet import Outlet
from actors.runtime.clock import Clock, SystemClock
from actors.runtime.reference import Observer
from actors.transport.dial import Dialer, SocketDialer
from actors.transport.rest import RestClient
from actors.transport.turns import Turns
from actors.venue import ClockOffset, SymbolDirectory, Venue
from config.settings import Settings, VenueSettings
from exchanges.registry import dialect
from markets.budget import RequestBudget
from markets.price_band import PriceBands
from simulator.instruments import named_assets
from simulator.market import MarketRates
from simulator.world import Address, World
from supervisors.runtime import ExitReport, Options, Runtime
from supervisors.tree import engine_tree

CLOSE_WITHIN_S = 2.0
"""Idle REST connections are closed by force after this; nothing waits for their answers."""


@dataclass(frozen=True)
class Seams:
    """The few places where an engine touches the world."""

    dialer: Dialer = field(default_factory=SocketDialer)
    clock: Clock = field(default_factory=SystemClock)
    observer: Observer | None = None


class Engine:
    """The services and the tree of one configuration.

    Args:
        settings: the checked configuration.
        seams: dial, clock and observer.
        addresses: where embedded venues listen, by venue; a venue without one is dialled at its
            configured address, or its own.
        options: seed, signals and stop deadline of the runtime.
    """

    def __init__(
        self,
        settings: Settings,
        seams: Seams | None = None,
        addresses: Mapping[str, Address] | None = None,
        options: Options | None = None,
    ) -> None:
        self.settings = settings
        self.seams = seams if seams is not None else Seams()
        self.outlet = Outlet()
        self.bands = PriceBands(band_rules(settings.detector))
        places = addresses if addresses is not None else {}
        seed = options.seed if options is not None else 0
        self.venues = open_venues(settings, self.seams, places, seed)
        self.runtime = Runtime(
            engine_tree(settings, self.venues, self.outlet, self.bands),
            clock=self.seams.clock,
            observer=self.seams.observer,
            options=options,
        )

    async def run(self, started: trio.Event | None = None) -> ExitReport:
        """Run the tree until it ends or is asked to stop, then close what its actors shared."""
        try:
            return await self.runtime.run(started)
        finally:
            with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
                await self.close()

    async def close(self) -> None:
        """Close the connections that nobody uses any more; the caller bounds the time."""
        for venue in self.venues.values():
            await venue.rest.aclose()


def open_venues(
    settings: Settings, seams: Seams, addresses: Mapping[str, Address], seed: int = 0
) -> dict[str, Venue]:
    """Make the shared services of every active venue; nothing is dialled yet.

    Args:
        settings: the checked configuration.
        seams: dial and clock.
        addresses: where embedded venues listen.
        seed: of the jitter of repeated requests.
    """
    lines: dict[str, Turns] = {}
    venues: dict[str, Venue] = {}
    for venue in settings.active_venues:
        limits = dialect(venue.name).limits
        pool = limits.pool or venue.name
        if pool not in lines:
            budget = RequestBudget(limits.rest, seams.clock.now_ns() / 1e9)
            lines[pool] = Turns(budget, seams.clock)
        chance = random.Random(f"{seed}:{venue.name}:rest")
        venues[venue.name] = _open(venue, seams, addresses.get(venue.name), lines[pool], chance)
    return venues


def _open(
    settings: VenueSettings,
    seams: Seams,
    address: Address | None,
    turns: Turns,
    chance: random.Random,
) -> Venue:
    venue = dialect(settings.name)
    rest_url = address.rest if address is not None else settings.rest_url
    websocket_url = address.stream if address is not None else settings.websocket_url
    rest = RestClient(
        venue.venue,
        rest_url or venue.rest_url,
        seams.dialer,
        seams.clock,
        error=venue.error,
        turns=turns,
        rate_use=venue.rate_use,
        chance=chance.random,
    )
    return Venue(
        dialect=venue,
        settings=settings,
        rest=rest,
        directory=SymbolDirectory(venue, rest, seams.clock),
        feeds={},
        clock=seams.clock,
        dialer=seams.dialer,
        clock_offset=ClockOffset(),
        websocket_url=websocket_url,
    )


def embedded_world(settings: Settings, clock: Clock | None = None) -> World | None:
    """The simulated exchanges of a configuration; None when it embeds none.

    Args:
        settings: the checked configuration.
        clock: the wall clock that the venues show; virtual without one.
    """
    names = [venue.name for venue in settings.active_venues if venue.embedded]
    if not names:
        return None
    rules = settings.simulator
    return World(
        rules.seed,
        venues=names,
        assets=named_assets(settings.simulated_assets),
        rates=MarketRates(volatility_bps=rules.volatility_bps, shock_every_s=rules.shock_every_s),
        levels=rules.levels,
        step_ms=rules.step_ms,
        now_ms=None if clock is None else lambda: clock.wall_ns() // 1_000_000,
    )
