"""The market: venues follow one price and part beyond fees now and then, from one seed."""

from __future__ import annotations

from itertools import pairwise

import pytest

from simulator.instruments import assets
from simulator.market import CALM, Market, MarketRates, Shock
from simulator.world import World

VENUES = ("binance", "binance_usdm", "binance_coinm")
TWO_DEFAULT_FEES_BPS = 15.0
"""Taker fees of spot (10) and USD-M (5)."""


def net_edges(seconds: int, seed: int, rates: MarketRates | None = None) -> dict[float, float]:
    """The best spot x USD-M edge after two default taker fees, in bps, every 50 ms by books."""
    now_ms = [0]
    world = World(seed, venues=VENUES[:2], rates=rates, now_ms=lambda: now_ms[0])
    spot, usdm = (world.venues[name].listings for name in VENUES[:2])
    edges: dict[float, float] = {}
    for tick in range(1, seconds * 100 + 1):
        now_ms[0] += 10
        world.step()
        if tick % 5:
            continue
        best = 0.0
        for native in spot:
            one, two = spot[native], usdm[native]
            for buy, sell in ((one, two), (two, one)):
                ask = buy.book.asks.best()[0] * buy.listing.tick
                bid = sell.book.bids.best()[0] * sell.listing.tick
                best = max(best, (bid / ask - 1) * 10_000 - TWO_DEFAULT_FEES_BPS)
        edges[tick / 100] = best
    return edges


@pytest.mark.parametrize("seed", [1, 2, 3])
def test_prices_cross_net_of_fees_within_five_seconds_and_not_for_long(seed: int) -> None:
    """The first edge comes within 5 s, more follow, and most of the time there is none."""
    edges = net_edges(60, seed)
    crossing = [second for second, edge in edges.items() if edge > 0]
    assert crossing and crossing[0] <= 5.0
    episodes = sum(1 for second in crossing if edges.get(round(second - 0.05, 2), 0.0) <= 0)
    assert 3 <= episodes <= 30
    assert len(crossing) < 0.4 * len(edges)


def test_a_calm_market_never_pays() -> None:
    """Without shocks no edge survives two taker fees."""
    assert max(net_edges(30, 7, CALM).values()) == 0.0


def test_a_shock_ramps_up_holds_and_fades() -> None:
    """A shock is nothing before and after, full in between, and continuous."""
    shock = Shock(venue_index=0, start_s=10.0, hold_s=1.0, size_bps=-30.0)
    assert shock.offset_bps(10.0) == shock.offset_bps(shock.end_s) == 0.0
    assert shock.offset_bps(10.15) == pytest.approx(-15.0)
    assert shock.offset_bps(10.8) == pytest.approx(-30.0)
    times = [10 + step / 100 for step in range(300)]
    values = [shock.offset_bps(at_s) for at_s in times]
    assert max(abs(a - b) for a, b in pairwise(values)) <= 1.01


def test_the_market_follows_from_its_seed() -> None:
    """Equal seeds give equal prices, another seed others, and a venue less changes no truth."""

    def prices(seed: int, venues: tuple[str, ...]) -> list[float]:
        market = Market(seed, {"BTC": 60_000.0, "ETH": 3_000.0}, venues, MarketRates())
        for _ in range(500):
            market.step()
        return [asset.truth.price for asset in market.assets.values()]

    assert prices(1, VENUES) == prices(1, VENUES) == prices(1, VENUES[:2])
    assert prices(1, VENUES) != prices(2, VENUES)


def test_venues_stay_near_the_true_price() -> None:
    """At rest no venue strays further than a few basis points."""
    market = Market(5, {asset.name: asset.price for asset in assets(3)}, VENUES, CALM)
    for _ in range(2_000):
        market.step()
        for asset in market.assets.values():
            for mid in asset.mids:
                assert abs(mid.price / asset.truth.price - 1) < 8e-4
