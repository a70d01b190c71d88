"""What a top costs the detector with 7 venues and 43 assets, and what a copy of its state costs.

    python -m benchmarks.detector [--rounds 15] [--assets 43] [--json]

Every asset is listed by every venue, so a top touches twelve ordered pairs: their statistics are
told, and those that may trade are looked at.  Prices wander by half a basis point and cross before
fees, as they do between real venues.  Beside it, in turns, the gross edge of the same pairs is
computed and thrown away: the least that looking at them can cost.  A copy of the state, as crash
capsules keep it, stops everything else for as long as it takes.
"""

from __future__ import annotations

import argparse
import json
import random
import time
from collections.abc import Callable, Sequence
from decimal import Decimal
from statistics import median

import trio.testing

from actors.bare_venue import bare_venue
from actors.detector import DetectorActor
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.recorder import encode
from actors.venue import Venue
from benchmarks.soak import SYMBOLS
from config.settings import DetectorSettings, VenueSettings
from markets.arbitrage import gross_bps
from markets.assets import AssetRegistry
from messages.books import BookTop
from messages.identifiers import parse_symbol
from messages.instruments import SymbolInfo
from messages.market import Levels
from simulator.instruments import assets
from supervisors.runtime import Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec

TOPS = 2_000
LEVELS = 20
STEP = 1e-4
"""The middle moves by at most half of it from one top to the next."""

HALF_SPREAD = 1.5e-4


def info_of(venue: str, symbol: str) -> SymbolInfo:
    """A symbol as its venue lists it, as far as the detector asks."""
    parts = parse_symbol(symbol)
    return SymbolInfo(
        venue=venue,
        symbol=symbol,
        native=parts.base + parts.quote,
        base=parts.base,
        quote=parts.quote,
        kind=parts.kind,
        settle=parts.settle,
        tick=Decimal("0.01"),
        lot=Decimal("0.001"),
        contract_size=Decimal(1),
    )


def listed(count: int) -> list[SymbolInfo]:
    """So many assets, each on every venue."""
    return [
        info_of(venue, spelling.format(asset.name, asset.name))
        for asset in assets(count)
        for venue, spelling in SYMBOLS.items()
    ]


class Market:
    """A detector in a running tree, and prices for it."""

    def __init__(self, runtime: Runtime, venues: dict[str, Venue], infos: Sequence[SymbolInfo]):
        context = runtime.lookup("bench/detector").context
        assert context is not None
        assert isinstance(context.actor, DetectorActor)
        self.detector = context.actor
        self._clock = runtime.clock
        self._venues, self._infos = venues, infos
        self._chance = random.Random(1)
        self._middles = {info.base: 100.0 for info in infos}
        for info in infos:
            self.take([self._top(info)])

    def tops(self) -> list[BookTop]:
        """Tops of symbols drawn by chance."""
        return [self._top(self._chance.choice(self._infos)) for _ in range(TOPS)]

    def _top(self, info: SymbolInfo) -> BookTop:
        chance = self._chance
        middle = self._middles[info.base] * (1.0 + (chance.random() - 0.5) * STEP)
        self._middles[info.base] = middle
        bid = middle * (1.0 - HALF_SPREAD * 2.0 * chance.random())
        ask = middle * (1.0 + HALF_SPREAD * 2.0 * chance.random())
        bids: Levels = tuple((bid - step * 0.01, 2.0) for step in range(LEVELS))
        asks: Levels = tuple((ask + step * 0.01, 2.0) for step in range(LEVELS))
        now_ns, path = self._clock.now_ns(), f"bench/{info.venue}"
        self._venues[info.venue].feeds[path].proof_ns = now_ns
        wall_ms = self._clock.wall_ns() // 1_000_000
        return BookTop(
            info.venue, info.symbol, path, 1, 7, bids, asks, wall_ms, now_ns, now_ns, now_ns
        )

    def take(self, tops: Sequence[BookTop]) -> None:
        """One turn of the detector for each top."""
        for top in tops:
            self.detector.handle(top)
            self.detector.drained()

    def least(self, tops: Sequence[BookTop]) -> None:
        """Nothing but the gross edge of every pair of a top's symbol."""
        pairs = len(SYMBOLS) - 1
        for top in tops:
            bid, ask = top.bids[0][0], top.asks[0][0]
            for _ in range(pairs):
                gross_bps(bid, ask)
                gross_bps(ask, bid)


def spent_us(way: Callable[[Sequence[BookTop]], None], tops: Sequence[BookTop]) -> float:
    """Microseconds of CPU a top."""
    began_ns = time.thread_time_ns()
    way(tops)
    return (time.thread_time_ns() - began_ns) / len(tops) / 1e3


def measure(market: Market, rounds: int) -> dict[str, object]:
    """All figures; every round has new tops for both ways."""
    tops_us, least_us, copy_ms, size = [], [], [], 0
    for _ in range(rounds):
        tops = market.tops()
        tops_us.append(spent_us(market.take, tops))
        least_us.append(spent_us(market.least, tops))
        began_ns = time.thread_time_ns()
        size = len(encode(market.detector.capsule_state()))
        copy_ms.append((time.thread_time_ns() - began_ns) / 1e6)
    top_us, bare_us = median(tops_us), median(least_us)
    said = market.detector.summary()
    return {
        **{name: said[name] for name in ("instruments", "pairs", "comparable", "opened")},
        "top_us": round(top_us, 2),
        "least_us": round(bare_us, 2),
        "ratio": round(top_us / bare_us, 2),
        "copy_ms": round(median(copy_ms), 2),
        "copy_bytes": size,
    }


async def run(count: int, rounds: int) -> dict[str, object]:
    """Measure in a running tree."""
    infos = listed(count)
    venues = {
        name: bare_venue(
            VenueSettings(name=name, symbols=()),
            tuple(info for info in infos if info.venue == name),
            (f"bench/{name}",),
        )
        for name in SYMBOLS
    }

    def detector() -> DetectorActor:
        registry = AssetRegistry(simulated=venues)  # else made-up assets are not the same
        return DetectorActor(DetectorSettings(), venues, Outlet(), registry)

    feeds = (ChildSpec(name, Actor) for name in venues)
    spec = SupervisorSpec("bench", children=(*feeds, ChildSpec("detector", detector)))
    async with open_tree(spec) as runtime:
        await trio.testing.wait_all_tasks_blocked()
        return measure(Market(runtime, venues, infos), rounds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--assets", type=int, default=43)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = trio.run(run, options.assets, options.rounds)
    if options.json:
        print(json.dumps(found))
    else:
        print("\n".join(f"{name:12} {value}" for name, value in found.items()))


if __name__ == "__main__":
    main()
