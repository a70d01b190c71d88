"""What the detector knows of each instrument, and of each ordered pair of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.detector_state import EPISODES, LegState, PairState
from actors.opportunity_facts import Both
from config.settings import DetectorSettings
from markets.arbitrage import Crossing
from markets.comparable import NotComparable
from markets.episodes import PairEpisodes
from markets.opportunities import OpportunityTracker
from markets.price_band import BandState, PriceBand
from messages.books import BookTop
from messages.instruments import SymbolInfo

if TYPE_CHECKING:
    from actors.feed import Feed
    from actors.runtime.reference import ActorRef
    from actors.venue import Venue

EPISODE_THRESHOLDS_BPS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Gross edges that episodes are counted above."""


class Leg:
    """One instrument: its latest top, and what proves it."""

    __slots__ = (
        "ask", "base", "bid", "bought", "compared", "feed", "info", "ref", "sold", "told_ns",
        "top", "venue",
    )  # fmt: skip

    def __init__(self, info: SymbolInfo, venue: Venue, base: str) -> None:
        self.info = info
        self.base = base
        self.venue = venue
        self.top: BookTop | None = None
        self.bid = self.ask = 0.0
        """The best prices of the top; older ones where there is none."""
        self.told_ns = 0
        self.ref: ActorRef | None = None
        self.feed: Feed | None = None
        self.bought: list[Pair] = []
        """Pairs that buy here."""
        self.sold: list[Pair] = []
        """Pairs that sell here."""
        self.compared: dict[Pair, None] = {}
        """Pairs that may trade, in order."""

    def show(self, top: BookTop, at_ns: int) -> None:
        """Take a new top."""
        self.top, self.told_ns = top, at_ns
        self.bid, self.ask = top.bids[0][0], top.asks[0][0]

    def state(self) -> LegState:
        """A copy of it for crash capsules."""
        connection = self.feed.path if self.feed is not None else ""
        return LegState(self.info, self.top, self.told_ns, connection)


class Pair:
    """Buying on one instrument and selling on the other."""

    __slots__ = ("band", "buy", "crossing", "episodes", "reason", "sell", "tracker")

    def __init__(
        self,
        buy: Leg,
        sell: Leg,
        rules: DetectorSettings,
        crossing: Crossing | NotComparable,
        band: PriceBand,
    ) -> None:
        self.buy, self.sell, self.band = buy, sell, band
        self.crossing = crossing if isinstance(crossing, Crossing) else None
        self.reason = None if isinstance(crossing, Crossing) else crossing
        self.episodes = PairEpisodes(EPISODE_THRESHOLDS_BPS)
        self.tracker: OpportunityTracker[Both] = OpportunityTracker(rules.alive_after_ms)

    def state(self) -> PairState:
        """A copy of it for crash capsules; what its instruments say of it is told anew."""
        return PairState(EPISODES.copy(self.episodes), self.tracker.life)


def timed(pair: Pair) -> bool:
    """Whether something about a pair ends by time alone."""
    return pair.tracker.life is not None or pair.band.state is BandState.OUTSIDE


def mid(top: BookTop) -> float:
    """The middle of the best prices."""
    return (top.bids[0][0] + top.asks[0][0]) / 2.0
