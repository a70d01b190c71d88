"""Many cuts at random instants, in virtual time: how long until every book is live again?

    python -m tests.actors.cuts [--cuts 300] [--seed 1] [--venues binance,mexc]

Each cut ends all connections of the venue.  Some are followed by a second cut while the first is
mended, some fall into slow or lost REST answers, and some into a restart of the snapshot actor,
which loses every question.
"""

from __future__ import annotations

import argparse
import random
import sys

import trio
from trio.testing import MockClock

from config.settings import Settings, SimulatorSettings, VenueSettings
from simulator.rest import RestFault
from simulator.schedule import make_deterministic
from tests.actors.virtual import Virtual, virtual_engine

FAMILIES = {
    "binance": "{}/USDT",
    "binance_us": "{}/USDT",
    "binance_usdm": "{}/USDT:USDT",
    "binance_coinm": "{0}/USD:{0}",
    "gateio": "{}/USDT",
    "gateio_futures": "{}/USDT:USDT",
    "mexc": "{}/USDT",
}
"""How each venue family names what it lists for an asset."""

ASSETS = ("BTC", "ETH", "SOL")

CALM_S = 11.0
"""A connection is healthy after 10 s: its next backoff is the first one again."""

BACK_WITHIN_S = 8.0
"""What recovery may add up to: three backoffs (0.25, 0.5 and 1 s), two places in the reconnect
bucket (2 s), the first event (0.5 s), a lost or slow answer and its retry (2.5 s), dials and the
snapshot itself (below 1 s).  A lost question that waits for a deadline is above it."""

NEVER_S = 120.0


def settings(venue: str) -> Settings:
    """One embedded venue with a few books that change twice a second."""
    symbols = tuple(FAMILIES[venue].format(asset) for asset in ASSETS)
    return Settings(
        simulator=SimulatorSettings(levels=50, step_ms=500),
        venues=(VenueSettings(name=venue, symbols=symbols, snapshot_levels=100, embedded=True),),
    )


async def recoveries(venue: str, cuts: int, seed: int) -> list[float]:
    """Cut so often; how long each recovery took in seconds, from the last cut of its kind."""
    chance = random.Random(seed)
    took_s = []
    async with virtual_engine(settings(venue), seed=seed) as virtual:
        await virtual.until(virtual.all_live)
        for _ in range(cuts):
            await trio.sleep(CALM_S + chance.random())
            began_s = trio.current_time()
            await _cut(virtual, venue, chance)
            await virtual.until(virtual.all_live, NEVER_S)
            virtual.world.heal_rest(venue)
            took_s.append(trio.current_time() - began_s)
    return took_s


async def _cut(virtual: Virtual, venue: str, chance: random.Random) -> None:
    """Cut, and do what makes it worse, within a second and a half."""
    world = virtual.world
    worse = chance.choice(("nothing", "again", "slow", "lost", "restart"))
    if worse == "slow":
        world.fail_rest(venue, RestFault(delay_s=chance.uniform(0.1, 1.5), left=3))
    elif worse == "lost":
        world.fail_rest(venue, RestFault(hang_up=True, left=1))
    elif worse == "restart":
        world.fail_rest(venue, RestFault(delay_s=1.0, left=3))
    assert world.cut(venue)
    # Only then is the news of the cut read: before that every book still is what it was.
    await trio.sleep(0.05)
    if worse in ("again", "restart"):
        await trio.sleep(chance.uniform(0.0, 1.4))
    if worse == "again":
        world.cut(venue)
        await trio.sleep(0.05)
    elif worse == "restart":
        virtual.engine.runtime.kill(f"engine/venues/{venue}/snapshots", RuntimeError("planted"))


def sweep(venue: str, cuts: int, seed: int) -> list[float]:
    """The recoveries of one venue, sorted."""
    make_deterministic(seed)
    clock = MockClock(autojump_threshold=0)
    return sorted(trio.run(recoveries, venue, cuts, seed, clock=clock))


def main() -> int:
    """Print a line a venue; exit code 1 when a recovery took too long."""
    parser = argparse.ArgumentParser(prog="tests.actors.cuts", description=__doc__)
    parser.add_argument("--cuts", type=int, default=300)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--venues", default=",".join(FAMILIES))
    options = parser.parse_args()
    worst_s = 0.0
    for venue in options.venues.split(","):
        took_s = sweep(venue, options.cuts, options.seed)
        middle_s = took_s[len(took_s) // 2]
        worst_s = max(worst_s, took_s[-1])
        print(f"{venue:15} {len(took_s)} cuts, p50 {middle_s:.2f} s, worst {took_s[-1]:.2f} s")
    return int(worst_s > BACK_WITHIN_S)


if __name__ == "__main__":
    sys.exit(main())
