"""The facts that the detector publishes, built from what it saw: figures rounded for readers."""

from __future__ import annotations

from markets.freshness import Ages
from markets.opportunities import Closed, Life
from messages.books import BookTop
from messages.instruments import SymbolInfo
from messages.opportunities import Evidence, OpportunityClosed, OpportunityOpened

Both = tuple[Evidence, Evidence]
"""The buying leg and the selling one."""


def evidence(info: SymbolInfo, top: BookTop, price: float, found: Ages) -> Evidence:
    """What one leg was like when it was looked at."""
    return Evidence(
        info.instrument,
        top.epoch,
        top.sequence,
        price,
        round(found.proof_age_ms, 3),
        round(found.change_age_ms, 3),
        None if found.lag_ms is None else round(found.lag_ms, 3),
        top.received_ns,
        top.applied_ns,
    )


def opened(life: Life[Both], decided_ns: int) -> OpportunityOpened:
    """Tell that an opportunity began."""
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


def closed(whole: Closed[Both]) -> OpportunityClosed:
    """Tell the whole life of an opportunity."""
    life = whole.life
    buy, sell = life.evidence
    return OpportunityClosed(
        life.opportunity_id,
        buy,
        sell,
        life.opened_ns,
        life.peak_ns,
        whole.closed_ns,
        round(life.edge.gross_bps, 4),
        round(life.edge.net_bps, 4),
        life.edge.amount,
        whole.reason.value,
        whole.alive_after_ms,
    )
