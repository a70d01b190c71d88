"""The detector actor: sees prices that cross between venues after fees, and follows their lives.

Accepts `BookTop` and `BookDark`, conflated to the latest of each book; emits `OpportunityOpened`
and `OpportunityClosed` to its outlet.  A top of an epoch that is not its connection's current one
is dark by construction, and every leg must be fresh at the moment of decision.  Two symbols whose
mids leave the price band open nothing, see `markets.price_band`; `ReleasePair` ends a quarantine.
State lost at restart: all tops (books tell theirs again when they see it up), open opportunities
and episode statistics, but no quarantine.  Restart type: permanent.  Cancellation closes every
open opportunity as stopped.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Self

from msgspec import Struct

from actors.assets import band_rules
from actors.bare_venue import bare_venue
from actors.detector_pairs import Leg, Pair, mid, timed
from actors.detector_state import DetectorState, state_of, take_over
from actors.opportunity_facts import closed, evidence, opened
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.asks import Ask
from actors.venue import Venue
from config.settings import DetectorSettings
from markets.arbitrage import Crossing, Edge, NoEdge, leg_of
from markets.assets import AssetRegistry
from markets.comparable import NotComparable, why_not_comparable
from markets.episodes import PairStatistics
from markets.fees import Fees, FeeSchedule, fees_from_bps
from markets.freshness import Ages, Freshness, FreshnessLimits
from markets.opportunities import Closed, CloseReason, Life
from markets.price_band import BandState, PriceBands
from markets.price_gate import PriceGate
from messages.books import BookDark, BookTop
from messages.identifiers import Instrument
from messages.instruments import SymbolInfo
from messages.opportunities import PairQuarantined, PairReleased, ReleasePair

# Looking a member up on its class costs 70 ns on CPython 3.11.
_INSIDE = BandState.INSIDE

RECHECK_S = 0.1
"""How often open opportunities are looked at for staleness when no price moves."""

IDS_PER_LIFE = 1_000_000_000
"""Opportunity ids never repeat over restarts of the detector."""

HELD_SHOWN = 20
"""Pairs outside the price band that the summary names; all are counted."""


class Recheck(Struct, frozen=True, gc=False):
    """A timer: look at open opportunities again."""


class DetectorActor(Actor):
    """Compares every two instruments of different venues with one base asset.

    Args:
        rules: thresholds and age limits.
        venues: the shared services of every venue, by name.
        outlet: where opportunities are published.
        assets: which tickers are one asset; the well-known ones when left out.
        bands: what knows the quarantines; they must outlive a restart.
    """

    capsule_form: ClassVar[type[Any] | None] = DetectorState
    # A copy takes some 5 us a pair and a top is 850 bytes: with 64 kB every 76th of them paid for
    # one, 18 % of a core with 1,800 pairs.
    capsule_every: ClassVar[int] = 8192
    capsule_bytes: ClassVar[int] = 2 * 1024 * 1024

    def __init__(
        self,
        rules: DetectorSettings,
        venues: Mapping[str, Venue],
        outlet: Outlet,
        assets: AssetRegistry | None = None,
        bands: PriceBands | None = None,
    ) -> None:
        self._rules = rules
        self._venues = venues
        self._outlet = outlet
        self._assets = assets or AssetRegistry()
        self._bands = bands or PriceBands(band_rules(rules))
        self._widest = 1.0 + rules.price_band_percent / 100.0
        self._gate = PriceGate(
            FreshnessLimits(
                proof_to_trade_ms=rules.proof_age_ms,
                proof_hard_ms=rules.proof_age_hard_ms,
                change_ms=rules.change_age_ms,
                lag_ms=rules.lag_ms,
            )
        )
        self._fees = fee_schedule(venues)
        self._legs: dict[tuple[str, str], Leg] = {}
        self._pairs: list[Pair] = []
        self._touched: dict[Pair, None] = {}
        self._at_ns = self._next_id = 0
        self._rechecking = False
        self.opened = 0
        self.evaluated = 0

    # -- life -----------------------------------------------------------------------------------

    def started(self) -> None:
        """Begin with nothing known."""
        self._next_id = (self.context.generation - 1) * IDS_PER_LIFE + 1
        self._bands.lost(self.context.clock.now_ns())

    async def stopping(self) -> None:
        """End every open opportunity: nobody watches it any more."""
        for pair in self._pairs:
            self._close(pair, CloseReason.STOPPED)

    def summary(self) -> dict[str, object]:
        """What screens and the inspector show; pairs count once in each direction."""
        held = list(self._bands.held())
        return {
            "instruments": len(self._legs),
            "pairs": len(self._pairs),
            "comparable": sum(pair.crossing is not None for pair in self._pairs),
            "asset_unproven": sum(
                pair.reason is NotComparable.ASSET_UNPROVEN for pair in self._pairs
            ),
            "quarantines": self._bands.quarantines,
            "quarantined": sum(band.state is BandState.QUARANTINED for _, _, band in held),
            "held": [
                f"{one} and {other}: {band.state.value}, {band.reason}"
                for one, other, band in held[:HELD_SHOWN]
            ],
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

    def capsule_state(self) -> DetectorState:
        """A copy of tops, opportunities, statistics and quarantines; see `Actor.capsule_state`."""
        state = state_of(self._rules, self._venues, self._assets, self._bands)
        state.legs = [leg.state() for leg in self._legs.values()]
        state.pairs = [pair.state() for pair in self._pairs]
        state.at_ns, state.next_id, state.rechecking = self._at_ns, self._next_id, self._rechecking
        state.opened, state.evaluated = self.opened, self.evaluated
        return state

    @classmethod
    def from_capsule(cls, state: DetectorState) -> Self:
        """A new detector over venues with nothing behind them."""
        venues = {each.name: bare_venue(each, (), state.feeds[each.name]) for each in state.venues}
        assets = AssetRegistry(state.words, state.simulated)
        return cls(state.rules, venues, Outlet(), assets, state.price_bands())

    def restored(self, state: DetectorState) -> None:
        """Become what the state says."""
        for known in state.legs:
            self._new_leg(known.info, self._venues[known.info.venue])
        take_over(state, list(self._legs.values()), self._pairs, self._bands, self.context)
        self._at_ns, self._next_id, self._rechecking = state.at_ns, state.next_id, state.rechecking
        self.opened, self.evaluated = state.opened, state.evaluated

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
        else:
            self.context.discard("no_top")

    def handle_control(self, message: object) -> None:
        """Look at open opportunities although no price moved; release a pair."""
        if isinstance(message, ReleasePair):
            self._release(message)
        elif isinstance(message, Recheck):
            self._touched.update((pair, None) for pair in self._pairs if timed(pair))
            self._rechecking = bool(self._touched)
            if self._rechecking:
                self.context.timer(RECHECK_S, Recheck())

    def handle_ask(self, ask: Ask) -> None:
        """Release a pair and say whether it was quarantined."""
        if isinstance(ask.message, ReleasePair):
            ask.reply(self._release(ask.message))
        else:
            super().handle_ask(ask)

    def _release(self, pair: ReleasePair) -> bool:
        released = self._bands.of(pair.one, pair.other).release()
        if released:
            self._released(pair.one, pair.other, "user")
        return released

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

    def _leg(self, venue_name: str, symbol: str) -> Leg | None:
        leg = self._legs.get((venue_name, symbol))
        if leg is not None:
            return leg
        venue = self._venues.get(venue_name)
        info = self.context.saw(venue.directory.known(symbol) if venue is not None else None)
        return None if venue is None or info is None else self._new_leg(info, venue)

    def _new_leg(self, info: SymbolInfo, venue: Venue) -> Leg:
        leg = Leg(info, venue, self._assets.base_key(info))
        for other in self._legs.values():
            if other.base == leg.base and other.info.venue != info.venue:
                self._pair(leg, other)
                self._pair(other, leg)
        self._legs[(info.venue, info.symbol)] = leg
        return leg

    def _pair(self, buy: Leg, sell: Leg) -> None:
        crossing: Crossing | NotComparable | None
        crossing = why_not_comparable(buy.info, sell.info, self._assets)
        if crossing is None:
            crossing = Crossing(
                leg_of(buy.info, self._fees.taker(buy.info)),
                leg_of(sell.info, self._fees.taker(sell.info)),
                self._rules.threshold_bps,
            )
        band = self._bands.of(buy.info.instrument, sell.info.instrument)
        pair = Pair(buy, sell, self._rules, crossing, band)
        buy.bought.append(pair)
        sell.sold.append(pair)
        if buy.top is not None:
            pair.episodes.buy_quote(buy.told_ns, buy.ask)
        if sell.top is not None:
            pair.episodes.sell_quote(sell.told_ns, sell.bid)
        if pair.crossing is not None:
            buy.compared[pair] = sell.compared[pair] = None
        self._pairs.append(pair)

    def _quote(self, leg: Leg, top: BookTop) -> None:
        if leg.feed is None or leg.feed.path != top.connection:
            leg.feed = leg.venue.feeds[top.connection]
            leg.ref = self.context.lookup(top.connection)
        self._at_ns = at_ns = max(self._at_ns, self.context.clock.now_ns())
        leg.show(top, at_ns)
        bid, ask = leg.bid, leg.ask
        for pair in leg.bought:
            pair.episodes.buy_quote(at_ns, ask)
        for pair in leg.sold:
            pair.episodes.sell_quote(at_ns, bid)
        self._touched.update(leg.compared)

    def _withdraw(self, leg: Leg) -> None:
        leg.top = None
        self._at_ns = max(self._at_ns, self.context.clock.now_ns())
        for pair in leg.bought:
            pair.episodes.withdraw_buy(self._at_ns)
        for pair in leg.sold:
            pair.episodes.withdraw_sell(self._at_ns)
        self._touched.update(leg.compared)

    # -- decisions ------------------------------------------------------------------------------

    def _evaluate(self, pair: Pair, crossing: Crossing, now_ns: int, wall_ns: int) -> None:
        self.evaluated += 1
        buy, sell, band = pair.buy.top, pair.sell.top, pair.band
        if buy is None or sell is None:
            band.lost(now_ns)
            self._close(pair, CloseReason.DARK)
            return
        bid, ask = pair.sell.bid, pair.buy.ask
        apart = (pair.buy.bid + ask) / (bid + pair.sell.ask)
        calm = band.state is _INSIDE and 1.0 <= apart * self._widest <= self._widest * self._widest
        if calm and pair.tracker.life is None and not crossing.pays(bid, ask):
            return
        buy_ages = self._judge(pair.buy, buy, now_ns, wall_ns)
        sell_ages = self._judge(pair.sell, sell, now_ns, wall_ns)
        for found in (buy_ages, sell_ages):
            if isinstance(found, Freshness):
                band.lost(now_ns)
                dark = found is Freshness.DARK
                self._close(pair, CloseReason.DARK if dark else CloseReason.STALE)
                return
        if not (calm or self._in_band(pair, buy, sell, now_ns)):
            self._close(pair, CloseReason.QUARANTINED)
            return
        assert isinstance(buy_ages, Ages)
        assert isinstance(sell_ages, Ages)
        edge = crossing.evaluate(sell.bids, buy.asks)
        if isinstance(edge, Edge) and edge.amount * edge.buy_average < self._rules.min_notional:
            edge = NoEdge.BELOW_NOTIONAL
        proof = (
            evidence(pair.buy.info, buy, ask, buy_ages),
            evidence(pair.sell.info, sell, bid, sell_ages),
        )
        number = 0
        if pair.tracker.life is None and isinstance(edge, Edge):
            number, self._next_id = self._next_id, self._next_id + 1
        outcome = pair.tracker.seen(now_ns, edge, proof, number)
        if isinstance(outcome, Life):
            self.opened += 1
            self._recheck()
            self._outlet.publish(opened(outcome, self.context.clock.now_ns()))
        elif isinstance(outcome, Closed):
            self._outlet.publish(closed(outcome))

    def _judge(self, leg: Leg, top: BookTop, now_ns: int, wall_ns: int) -> Ages | Freshness:
        """The ages of a top that may be traded on, or why it may not."""
        if leg.ref is None or leg.feed is None:
            return Freshness.DARK
        offset_ms = leg.venue.clock_offset.offset_ms
        epoch, proven_ns, offset_ms = self.context.saw(
            (leg.ref.generation, leg.feed.proof_ns, offset_ms)
        )
        return self._gate.judge(
            top,
            epoch=epoch,
            proven_ns=proven_ns,
            now_ns=now_ns,
            wall_ns=wall_ns,
            clock_offset_ms=offset_ms,
        )

    def _in_band(self, pair: Pair, buy: BookTop, sell: BookTop, now_ns: int) -> bool:
        """Tell the band two proven mids and say whether anything may open."""
        band = pair.band
        before = band.state
        state = band.seen(now_ns, mid(buy), mid(sell))
        if state is BandState.OUTSIDE:
            self._recheck()
        elif state is not before:
            one, other = pair.buy.info.instrument, pair.sell.info.instrument
            if state is BandState.QUARANTINED:
                self._outlet.publish(PairQuarantined(one, other, now_ns, band.reason))
            elif before is BandState.QUARANTINED:
                self._released(one, other, "rule")
        return band.calm

    def _released(self, one: Instrument, other: Instrument, by: str) -> None:
        self._outlet.publish(PairReleased(one, other, self.context.clock.now_ns(), by))

    def _recheck(self) -> None:
        if not self._rechecking:
            self._rechecking = True
            self.context.timer(RECHECK_S, Recheck())

    def _close(self, pair: Pair, reason: CloseReason) -> None:
        if pair.tracker.life is None:
            return
        whole = pair.tracker.close(self.context.clock.now_ns(), reason)
        if whole is not None:
            self._outlet.publish(closed(whole))


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
