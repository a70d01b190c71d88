"""The opportunities of one ordered pair in a replay, with the evidence of their peaks.

What happens behind the earlier of two last quotes is provisional, as it is for episodes: until
the silent side quotes again, nobody knows whether it still means what it said.  So the state at
the last time when both had spoken is kept, and the end of the input falls back to it.
"""

from __future__ import annotations

from typing import Protocol

from msgspec import Struct

from markets.arbitrage import Crossing, Edge, NoEdge, gross_bps
from markets.opportunities import Closed, CloseReason, Life, OpportunityTracker
from messages.instruments import SymbolInfo
from messages.market import Levels


class Quoted(Protocol):
    """What this file needs to know of a leg."""

    info: SymbolInfo
    at_ns: int
    bid: float
    ask: float
    sequence: int

    def top(self) -> tuple[Levels, Levels] | None:
        """The levels that can be traded, best first; None where the recording has no amounts."""


class Seen(Struct, frozen=True):
    """What the two quotes were when an opportunity peaked."""

    buy_sequence: int
    sell_sequence: int
    buy_age_ms: float
    sell_age_ms: float


class Lived(Struct, frozen=True):
    """One opportunity from its opening to its end."""

    buy: SymbolInfo
    sell: SymbolInfo
    life: Life[Seen]
    closed_ns: int


class LifeLine:
    """Follows the opportunities of one ordered pair, one after the other.

    Args:
        crossing: judges prices and depth, fees included.
        buy: the leg bought at.
        sell: the leg sold at.
        max_age_ns: longest age of either quote, None for any.
    """

    def __init__(
        self, crossing: Crossing, buy: Quoted, sell: Quoted, max_age_ns: int | None
    ) -> None:
        self._crossing, self._buy, self._sell = crossing, buy, sell
        self._max_age_ns = max_age_ns
        self._tracker: OpportunityTracker[Seen] = OpportunityTracker(())
        self._closed: list[tuple[Closed[Seen], Life[Seen] | None]] = []
        self._proven: Life[Seen] | None = None
        self._oldest_ns = -1
        self._count = 0
        # Filters can refuse an amount at any price; without them every paying price has one.
        self._filtered = any(
            leg.lot is not None or leg.min_amount or leg.min_notional
            for leg in (crossing.buy, crossing.sell)
        )

    def evaluate(self, at_ns: int) -> None:
        """Look at the pair once, after all quotes of this time."""
        buy, sell, tracker = self._buy, self._sell, self._tracker
        if tracker.life is not None and self._max_age_ns is not None:
            expiry_ns = self._oldest_ns + self._max_age_ns
            if expiry_ns < at_ns:
                self._close(expiry_ns, CloseReason.STALE)
        oldest_ns = min(buy.at_ns, sell.at_ns)
        if oldest_ns > self._oldest_ns:
            self._oldest_ns, self._proven = oldest_ns, tracker.life
        if oldest_ns < 0:
            return
        if self._max_age_ns is not None and at_ns - oldest_ns > self._max_age_ns:
            return
        if sell.bid <= 0.0 or buy.ask <= 0.0:
            self._close(at_ns, CloseReason.DARK)
        elif not self._crossing.pays(sell.bid, buy.ask):
            self._close(at_ns, CloseReason.PRICE)
        else:
            self._pays(at_ns)
        if oldest_ns == at_ns:
            self._proven = tracker.life

    def finish(self) -> list[Lived]:
        """End what is open and return every opportunity inside the window of both quotes."""
        end_ns = self._oldest_ns
        open_life = self._tracker.life
        if open_life is not None:
            self._close(max(end_ns, open_life.opened_ns), CloseReason.STOPPED)
        found = []
        for closed, proven in self._closed:
            life = closed.life
            if life.opened_ns > end_ns:
                continue
            if life.peak_ns > end_ns and proven is not None:
                life = proven
            ended_ns = min(closed.closed_ns, end_ns)
            found.append(Lived(self._buy.info, self._sell.info, life, ended_ns))
        return found

    def _close(self, at_ns: int, reason: CloseReason) -> None:
        closed = self._tracker.close(at_ns, reason)
        if closed is not None:
            proven = self._proven
            same = proven is not None and proven.opportunity_id == closed.life.opportunity_id
            self._closed.append((closed, proven if same else None))

    def _pays(self, at_ns: int) -> None:
        buy, sell, life = self._buy, self._sell, self._tracker.life
        if life is not None and not self._filtered:
            net_bps = self._crossing.net_bps(sell.bid, buy.ask)
            if net_bps <= life.edge.best_net_bps:
                return
        edge = self._edge()
        if isinstance(edge, NoEdge):
            self._close(at_ns, CloseReason.PRICE)
            return
        seen = Seen(
            buy.sequence, sell.sequence, (at_ns - buy.at_ns) / 1e6, (at_ns - sell.at_ns) / 1e6
        )
        self._count += life is None
        self._tracker.seen(at_ns, edge, seen, self._count)

    def _edge(self) -> Edge | NoEdge:
        """The edge with the depth of both legs; of amount 0 where a recording has no amounts."""
        bought, sold = self._buy.top(), self._sell.top()
        if bought is not None and sold is not None:
            return self._crossing.evaluate(sold[0], bought[1])
        bid, ask = self._sell.bid, self._buy.ask
        net_bps = self._crossing.net_bps(bid, ask)
        return Edge(gross_bps(bid, ask), net_bps, net_bps, 0.0, 0.0, 0.0, ask, bid, ask, bid)
