"""The market behind all venues: one true price per asset, one straying mid per venue.

A venue's mid follows the true price with its own lag, noise and basis.  Now and then a *shock*
carries one venue away from the others and back within seconds: that is what makes prices cross
beyond fees.  Everything is drawn from the seed and counted in steps, never in real time.
"""

from __future__ import annotations

import math
import random
from collections.abc import Sequence

from msgspec import Struct

MARKET_STEP_MS = 50
"""How often true prices move: finer than the quickest documented stream (100 ms)."""
STEP_S = MARKET_STEP_MS / 1000
BPS = 1e-4


class MarketRates(Struct, frozen=True):
    """How lively the market is; times in seconds, sizes in basis points.

    Args:
        volatility_bps: standard deviation of the true price over one second.
        noise_bps: standard deviation of a venue's own mid around the true price.
        basis_bps: the largest constant offset of a venue's mid.
        half_spread_bps: half the distance from bid to ask at rest.
        shock_every_s: mean time between two shocks of one asset; 0 for none at all.
        first_shock_s: when the first asset's first shock comes; the next asset's follows
            `shock_stagger_s` later and so on, so that a user sees one soon.
        shock_bps: smallest and largest size; the default exceeds two default taker fees
            (spot 10, futures 5) and both spreads.
        shock_hold_s: shortest and longest time at full size.
    """

    volatility_bps: float = 1.0
    noise_bps: float = 0.6
    basis_bps: float = 1.5
    half_spread_bps: float = 0.4
    shock_every_s: float = 90.0
    first_shock_s: float = 2.5
    shock_stagger_s: float = 4.0
    shock_bps: tuple[float, float] = (26.0, 45.0)
    shock_hold_s: tuple[float, float] = (0.6, 2.5)


CALM = MarketRates(shock_every_s=0.0)
"""A market without shocks: prices of the venues never part by more than a few bps."""

SHOCK_RAMP_S = 0.3
"""How long a shock takes to build up and half as long as it takes to fade."""
NOISE_PULL = 0.2
"""Share of its noise a venue's mid loses per step (an Ornstein-Uhlenbeck walk)."""


class TruePrice:
    """The price everybody would agree on: a geometric random walk."""

    def __init__(self, seed: str, price: float, rates: MarketRates) -> None:
        self._random = random.Random(f"{seed}/true")
        self._sigma = rates.volatility_bps * BPS * math.sqrt(STEP_S)
        self.start = price
        self.price = price

    def step(self) -> None:
        """Move on by one market step."""
        self.price *= math.exp(self._random.gauss(0.0, self._sigma))


class Shock(Struct, frozen=True):
    """One venue's departure from the true price."""

    venue_index: int
    start_s: float
    hold_s: float
    size_bps: float

    @property
    def end_s(self) -> float:
        """When the last of it is gone."""
        return self.start_s + self.hold_s + 3 * SHOCK_RAMP_S

    def offset_bps(self, now_s: float) -> float:
        """How far it carries its venue at that time: up, hold, down in straight lines."""
        age_s = now_s - self.start_s
        if age_s <= 0.0 or now_s >= self.end_s:
            return 0.0
        up = age_s / SHOCK_RAMP_S
        down = (self.end_s - now_s) / (2 * SHOCK_RAMP_S)
        return self.size_bps * min(1.0, up, down)


class VenueMid:
    """Where one venue's quotes centre for one asset."""

    def __init__(self, seed: str, truth: TruePrice, rates: MarketRates) -> None:
        self._random = random.Random(f"{seed}/mid")
        self._truth = truth
        self._noise_step = rates.noise_bps * BPS * math.sqrt(NOISE_PULL * (2 - NOISE_PULL))
        self._follow = self._random.uniform(0.25, 0.7)
        self._basis = self._random.uniform(-1.0, 1.0) * rates.basis_bps * BPS
        self._followed = truth.price
        self._noise = 0.0
        self.half_spread = rates.half_spread_bps * BPS * self._random.uniform(0.7, 1.3)
        self.price = truth.price * (1 + self._basis)

    def step(self, shock_bps: float) -> None:
        """Move on by one market step under a shock of that size."""
        self._followed += (self._truth.price - self._followed) * self._follow
        self._noise += self._random.gauss(0.0, self._noise_step) - self._noise * NOISE_PULL
        self.price = self._followed * (1 + self._basis + self._noise + shock_bps * BPS)


class AssetMarket:
    """One asset at all venues: its true price, their mids and its shocks."""

    def __init__(
        self, seed: str, price: float, venues: Sequence[str], position: int, rates: MarketRates
    ) -> None:
        self.truth = TruePrice(seed, price, rates)
        self.mids = tuple(VenueMid(f"{seed}/{venue}", self.truth, rates) for venue in venues)
        self.shocks = 0
        self._rates = rates
        self._random = random.Random(f"{seed}/shocks")
        self._shock = self._draw(rates.first_shock_s + position * rates.shock_stagger_s)

    def _draw(self, start_s: float) -> Shock | None:
        if self._rates.shock_every_s <= 0 or len(self.mids) < 2:
            return None
        # The first shock hits the first venue: a spot venue by default, whose pair with a linear
        # futures venue is the one an engine may trade.
        index = 0 if self.shocks == 0 else self._random.randrange(len(self.mids))
        size = self._random.uniform(*self._rates.shock_bps) * self._random.choice((-1, 1))
        return Shock(index, start_s, self._random.uniform(*self._rates.shock_hold_s), size)

    def step(self, now_s: float) -> None:
        """Move on by one market step that ends at `now_s` since the start."""
        self.truth.step()
        shock = self._shock
        if shock is not None and now_s >= shock.end_s:
            self.shocks += 1
            pause_s = self._random.expovariate(1 / self._rates.shock_every_s)
            self._shock = shock = self._draw(now_s + pause_s)
        for index, mid in enumerate(self.mids):
            hit = shock is not None and shock.venue_index == index
            mid.step(shock.offset_bps(now_s) if hit and shock is not None else 0.0)


class Market:
    """All assets, moved together."""

    def __init__(
        self, seed: int, prices: dict[str, float], venues: Sequence[str], rates: MarketRates
    ) -> None:
        self.steps = 0
        self.assets = {
            name: AssetMarket(f"{seed}/{name}", price, venues, position, rates)
            for position, (name, price) in enumerate(prices.items())
        }

    def step(self) -> None:
        """Move every price on by `MARKET_STEP_MS`."""
        self.steps += 1
        now_s = self.steps * STEP_S
        for asset in self.assets.values():
            asset.step(now_s)
