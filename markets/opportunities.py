"""The life of an opportunity: opened, peak, closed, and how long it was really there.

One `OpportunityTracker` follows one ordered pair.  It knows nothing of messages: `evidence` is
whatever the owner wants to keep of the moment the edge was greatest.  An opportunity is over when
the edge goes for an instant; the next one is another opportunity.
"""

from __future__ import annotations

import enum
from collections.abc import Sequence
from typing import Generic, TypeVar

from msgspec import Struct

from markets.arbitrage import Edge, NoEdge

ALIVE_AFTER_MS = (50.0, 100.0, 250.0, 500.0)
"""Delays after opening that are probed: the round trips of a well and a badly placed trader."""

NS_PER_MS = 1_000_000

E = TypeVar("E")


class CloseReason(enum.Enum):
    """Why an opportunity is over."""

    PRICE = "price"
    DARK = "dark"
    STALE = "stale"
    QUARANTINED = "quarantined"
    STOPPED = "stopped"


class Life(Struct, Generic[E], frozen=True):
    """An opportunity so far: `edge` and `evidence` are those of its peak."""

    opportunity_id: int
    opened_ns: int
    peak_ns: int
    edge: Edge
    evidence: E


class Closed(Struct, Generic[E], frozen=True):
    """A whole life.

    `alive_after_ms` holds (delay, still there) for each probed delay; a delay that was not
    reached because the prices were lost, and not because they parted, is unknown and left out.
    """

    life: Life[E]
    closed_ns: int
    reason: CloseReason
    alive_after_ms: tuple[tuple[float, bool], ...]


class OpportunityTracker(Generic[E]):
    """Follows one ordered pair; times are monotonic nanoseconds and never go back.

    Args:
        alive_after_ms: delays after opening to probe, above 0.
    """

    def __init__(self, alive_after_ms: Sequence[float] = ALIVE_AFTER_MS) -> None:
        self._probes_ms = tuple(alive_after_ms)
        self.life: Life[E] | None = None
        """The open opportunity; who takes over from another tracker of the pair sets it."""

    def seen(
        self, at_ns: int, edge: Edge | NoEdge, evidence: E, opportunity_id: int
    ) -> Life[E] | Closed[E] | None:
        """Tell what the pair offers now.

        Args:
            at_ns: when.
            edge: the edge, or why there is none.
            evidence: kept when this opens an opportunity or is its peak.
            opportunity_id: the id to give if this opens one.

        Returns:
            The life that just opened, the one that just closed, or None.
        """
        if isinstance(edge, NoEdge):
            return self.close(at_ns, CloseReason.PRICE)
        life = self.life
        if life is None:
            self.life = Life(opportunity_id, at_ns, at_ns, edge, evidence)
            return self.life
        if edge.best_net_bps > life.edge.best_net_bps:
            self.life = Life(life.opportunity_id, life.opened_ns, at_ns, edge, evidence)
        return None

    def close(self, at_ns: int, reason: CloseReason) -> Closed[E] | None:
        """End the open opportunity, if there is one, and return its whole life."""
        life, self.life = self.life, None
        if life is None:
            return None
        lived_ms = (at_ns - life.opened_ns) / NS_PER_MS
        alive_after_ms = tuple(
            (delay_ms, lived_ms > delay_ms)
            for delay_ms in self._probes_ms
            if lived_ms > delay_ms or reason is CloseReason.PRICE
        )
        return Closed(life, at_ns, reason, alive_after_ms)
