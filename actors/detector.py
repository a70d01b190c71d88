"""The detector actor: sees prices that cross between venues after fees, and follows their lives.

Accepts `BookTop` and `BookDark`, conflated to the latest of each book; emits `OpportunityOpened`
and `OpportunityClosed` to its outlet.  A top of an epoch that is not its connection's current one
is dark by construction, and every leg must be fresh at the moment of decision.  State lost at
restart: all tops (books tell theirs again when they see it up), open opportunities and episode
statistics.  Restart type: permanent.  Cancellation closes every open opportunity as stopped.
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping, Sequence

from msgspec import Struct

from actors.feed import Feed
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.reference import ActorRef
from actors.venue import Venue
from config.settings import DetectorSettings
from markets.arbitrage import Crossing, Edge, NoEdge, leg_of
from markets.comparable import why_not_comparable
from markets.episodes import PairEpisodes, PairStatistics
from markets.fees import Fees, FeeSchedule, fees_from_bps
from markets.freshness import Ages, Freshness, FreshnessLimits, ages, lag_of
from markets.opportunities import Closed, CloseReason, Life, OpportunityTracker
from messages.books import BookDark, BookTop
from messages.identifiers import Instrument
from messages.instruments import SymbolInfo
from messages.opportunities import Evidence, OpportunityClosed, OpportunityOpened

EPISODE_THRESHOLDS_BPS = (0.0, 1.0, 2.0, 5.0, 10.0, 20.0)
"""Gross edges that episodes are counted above."""

RECHECK_S = 0.1
"""How often open opportunities are looked at for staleness when no price moves."""

IDS_PER_LIFE = 1_000_000_000
"""Opportunity ids never repeat over restarts of the detector."""

NS_PER_MS = 1_000_000

Both = tuple[Evidence, Evidence]


class Recheck(Struct, frozen=True, gc=False):
    """A timer: look at open opportunities again."""


class _Leg:
    """One instrument: its latest top, and what proves it."""

    __slots__ = ("feed", "info", "pairs", "ref", "told_ns", "top", "venue")

    def __init__(self, info: SymbolInfo, venue: Venue) -> None:
        self.info = info
        self.venue = venue
        self.top: BookTop | None = None
        self.told_ns = 0
        self.ref: ActorRef | None = None
        self.feed: Feed | None = None
        self.pairs: list[_Pair] = []


class _Pair:
    """Buying on one instrument and selling on the other."""

    __slots__ = ("buy", "crossing", "episodes", "sell", "tracker")

    def __init__(
        self, buy: _Leg, sell: _Leg, rules: DetectorSettings, crossing: Crossing | None
    ) -> None:
        self.buy, self.sell, self.crossing = buy, sell, crossing
        self.episodes = PairEpisodes(EPISODE_THRESHOLDS_BPS)
        self.tracker: OpportunityTracker[Both] = OpportunityTracker(rules.alive_after_ms)


class DetectorActor(Actor):
    """Compares every two instruments of different venues with one base asset.

    Args:
        rules: thresholds and age limits.
        venues: the shared services of every venue, by name.
        outlet: where opportunities are published.
    """

    def __init__(
        self, rules: DetectorSettings, venues: Mapping[str, Venue], outlet: Outlet
    ) -> None:
        self._rules = rules
        self._venues = venues
        self._outlet = outlet
        self._limits = FreshnessLimits(
            proof_to_trade_ms=rules.proof_age_ms,
            proof_hard_ms=rules.proof_age_hard_ms,
            change_ms=rules.change_age_ms,
            lag_ms=rules.lag_ms,
        )
        self._fees = fee_schedule(venues)
        self._legs: dict[tuple[str, str], _Leg] = {}
        self._pairs: list[_Pair] = []
        self._touched: dict[_Pair, None] = {}
        self._at_ns = 0
        self.opened = 0
        self.evaluated = 0

    # -- life -----------------------------------------------------------------------------------

    def started(self) -> None:
        """Begin with nothing known."""
        self._ids = itertools.count((self.context.generation - 1) * IDS_PER_LIFE + 1)
        self._rechecking = False

    async def stopping(self) -> None:
        """End every open opportunity: nobody watches it any more."""
        for pair in self._pairs:
            self._close(pair, CloseReason.STOPPED)

    def summary(self) -> dict[str, object]:
        """What screens and the inspector show."""
        return {
            "instruments": len(self._legs),
            "pairs": len(self._pairs),
            "comparable": sum(pair.crossing is not None for pair in self._pairs),
            "evaluated": self.evaluated,
            "opened": self.opened,
            "open": sum(pair.tracker.life is not None for pair in self._pairs),
        }

    def statistics(self) -> dict[tuple[Instrument, Instrument], PairStatistics]:
        """Episodes of every ordered (buy, sell) pair so far, gross."""
        return {
            (pair.buy.info.instrument, pair.sell.info.instrument): pair.episodes.result()
            for pair in self._pairs
        }

    # -- messages -------------------------------------------------------------------------------

    def handle(self, message: object) -> None:
        """Take the latest news of one book."""
        if isinstance(message, BookTop):
            leg = self._leg(message.venue, message.symbol)
            if leg is not None:
                self._quote(leg, message)
        elif isinstance(message, BookDark):
            known = self._legs.get((message.venue, message.symbol))
            if known is not None and known.top is not None:
                self._withdraw(known)

    def handle_control(self, message: object) -> None:
        """Look at open opportunities although no price moved."""
        if isinstance(message, Recheck):
            self._touched.update(
                (pair, None) for pair in self._pairs if pair.tracker.life is not None
            )
            self._rechecking = bool(self._touched)
            if self._rechecking:
                self.context.timer(RECHECK_S, Recheck())

    def drained(self) -> None:
        """Evaluate what this turn touched, once each."""
        if not self._touched:
            return
        now_ns = self.context.clock.now_ns()
        wall_ns = self.context.clock.wall_ns()
        for pair in self._touched:
            if pair.crossing is not None:
                self._evaluate(pair, pair.crossing, now_ns, wall_ns)
        self._touched.clear()

    # -- instruments ----------------------------------------------------------------------------

    def _leg(self, venue_name: str, symbol: str) -> _Leg | None:
        leg = self._legs.get((venue_name, symbol))
        if leg is not None:
            return leg
        venue = self._venues.get(venue_name)
        info = venue.directory.known(symbol) if venue is not None else None
        if venue is None or info is None:
            return None
        leg = _Leg(info, venue)
        for other in self._legs.values():
            if other.info.base == info.base and other.info.venue != info.venue:
                self._pair(leg, other)
                self._pair(other, leg)
        self._legs[(venue_name, symbol)] = leg
        return leg

    def _pair(self, buy: _Leg, sell: _Leg) -> None:
        crossing = None
        if why_not_comparable(buy.info, sell.info) is None:
            crossing = Crossing(
                leg_of(buy.info, self._fees.taker(buy.info)),
                leg_of(sell.info, self._fees.taker(sell.info)),
                self._rules.threshold_bps,
            )
        pair = _Pair(buy, sell, self._rules, crossing)
        for leg in (buy, sell):
            leg.pairs.append(pair)
            if leg.top is not None:
                self._tell(pair, leg, leg.top, leg.told_ns)
        self._pairs.append(pair)

    def _quote(self, leg: _Leg, top: BookTop) -> None:
        if leg.feed is None or leg.feed.path != top.connection:
            leg.feed = leg.venue.feeds[top.connection]
            leg.ref = self.context.lookup(top.connection)
        leg.top = top
        leg.told_ns = self._at_ns = max(self._at_ns, self.context.clock.now_ns())
        for pair in leg.pairs:
            self._tell(pair, leg, top, self._at_ns)
            self._touched[pair] = None

    def _tell(self, pair: _Pair, leg: _Leg, top: BookTop, at_ns: int) -> None:
        if leg is pair.buy:
            pair.episodes.buy_quote(at_ns, top.asks[0][0])
        else:
            pair.episodes.sell_quote(at_ns, top.bids[0][0])

    def _withdraw(self, leg: _Leg) -> None:
        leg.top = None
        self._at_ns = max(self._at_ns, self.context.clock.now_ns())
        for pair in leg.pairs:
            if leg is pair.buy:
                pair.episodes.withdraw_buy(self._at_ns)
            else:
                pair.episodes.withdraw_sell(self._at_ns)
            self._touched[pair] = None

    # -- decisions ------------------------------------------------------------------------------

    def _evaluate(self, pair: _Pair, crossing: Crossing, now_ns: int, wall_ns: int) -> None:
        self.evaluated += 1
        buy, sell = pair.buy.top, pair.sell.top
        if buy is None or sell is None:
            self._close(pair, CloseReason.DARK)
            return
        if pair.tracker.life is None and not crossing.pays(sell.bids[0][0], buy.asks[0][0]):
            return
        buy_ages = self._ages(pair.buy, buy, now_ns, wall_ns)
        sell_ages = self._ages(pair.sell, sell, now_ns, wall_ns)
        if buy_ages is None or sell_ages is None:
            self._close(pair, CloseReason.DARK)
            return
        for found in (self._limits.judge(buy_ages), self._limits.judge(sell_ages)):
            if found is not Freshness.TRADEABLE:
                dark = found is Freshness.DARK
                self._close(pair, CloseReason.DARK if dark else CloseReason.STALE)
                return
        edge = crossing.evaluate(sell.bids, buy.asks)
        if isinstance(edge, Edge) and edge.amount * edge.buy_average < self._rules.min_notional:
            edge = NoEdge.BELOW_NOTIONAL
        proof = (
            _evidence(pair.buy, buy, buy.asks[0][0], buy_ages),
            _evidence(pair.sell, sell, sell.bids[0][0], sell_ages),
        )
        number = next(self._ids) if pair.tracker.life is None and isinstance(edge, Edge) else 0
        outcome = pair.tracker.seen(now_ns, edge, proof, number)
        if isinstance(outcome, Life):
            self.opened += 1
            if not self._rechecking:
                self._rechecking = True
                self.context.timer(RECHECK_S, Recheck())
            self._outlet.publish(_opened(outcome, self.context.clock.now_ns()))
        elif isinstance(outcome, Closed):
            self._outlet.publish(_closed(outcome))

    def _ages(self, leg: _Leg, top: BookTop, now_ns: int, wall_ns: int) -> Ages | None:
        """The ages of a top; None when its connection's life is over."""
        if leg.ref is None or leg.feed is None or leg.ref.generation != top.epoch:
            return None
        received_wall_ms = (wall_ns - (now_ns - top.received_ns)) / NS_PER_MS
        lag_ms = lag_of(received_wall_ms, top.venue_ms, leg.venue.clock_offset.offset_ms)
        return ages(now_ns, leg.feed.proof_ns, top.received_ns, lag_ms)

    def _close(self, pair: _Pair, reason: CloseReason) -> None:
        if pair.tracker.life is None:
            return
        closed = pair.tracker.close(self.context.clock.now_ns(), reason)
        if closed is not None:
            self._outlet.publish(_closed(closed))


def fee_schedule(venues: Mapping[str, Venue]) -> FeeSchedule:
    """The fees of every venue: the user's word, then the venue's, then the sheet's base fee."""
    defaults: dict[str, Fees] = {}
    chosen: dict[str, Fees] = {}
    for name, venue in venues.items():
        maker_bps, taker_bps = venue.dialect.default_fee_bps
        defaults[name] = fees_from_bps(maker_bps, taker_bps)
        said: Sequence[float | None] = (
            venue.settings.maker_fee_bps,
            venue.settings.taker_fee_bps,
        )
        if any(fee is not None for fee in said):
            chosen[name] = fees_from_bps(
                maker_bps if said[0] is None else said[0],
                taker_bps if said[1] is None else said[1],
            )
    return FeeSchedule(defaults, venues=chosen)


def _evidence(leg: _Leg, top: BookTop, price: float, found: Ages) -> Evidence:
    return Evidence(
        leg.info.instrument,
        top.epoch,
        top.sequence,
        price,
        round(found.proof_age_ms, 3),
        round(found.change_age_ms, 3),
        None if found.lag_ms is None else round(found.lag_ms, 3),
        top.received_ns,
        top.applied_ns,
    )


def _opened(life: Life[Both], decided_ns: int) -> OpportunityOpened:
    buy, sell = life.evidence
    return OpportunityOpened(
        life.opportunity_id,
        buy,
        sell,
        life.opened_ns,
        decided_ns,
        round(life.edge.gross_bps, 4),
        round(life.edge.net_bps, 4),
        life.edge.amount,
    )


def _closed(closed: Closed[Both]) -> OpportunityClosed:
    life = closed.life
    buy, sell = life.evidence
    return OpportunityClosed(
        life.opportunity_id,
        buy,
        sell,
        life.opened_ns,
        life.peak_ns,
        closed.closed_ns,
        round(life.edge.gross_bps, 4),
        round(life.edge.net_bps, 4),
        life.edge.amount,
        closed.reason.value,
        closed.alive_after_ms,
    )
