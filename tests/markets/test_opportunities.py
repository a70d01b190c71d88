"""The life of an opportunity."""

from __future__ import annotations

import pytest

from markets.arbitrage import Edge, NoEdge
from markets.opportunities import Closed, CloseReason, Life, OpportunityTracker

MS = 1_000_000


def edge(net_bps: float) -> Edge:
    """An edge of which only the size matters here."""
    return Edge(net_bps, net_bps, net_bps, 1.0, 1.0, 1.0, 100.0, 101.0, 100.0, 101.0)


def test_a_life_is_opened_peaks_and_closes() -> None:
    """Evidence and edge are those of the peak, the first one on a tie."""
    tracker: OpportunityTracker[str] = OpportunityTracker((50.0, 100.0))
    assert tracker.seen(1 * MS, NoEdge.BELOW_THRESHOLD, "before", 1) is None
    assert tracker.seen(2 * MS, edge(3.0), "opened", 7) == Life(
        7, 2 * MS, 2 * MS, edge(3.0), "opened"
    )
    assert tracker.seen(3 * MS, edge(5.0), "peak", 8) is None
    assert tracker.seen(4 * MS, edge(5.0), "tie", 9) is None
    assert tracker.seen(5 * MS, edge(4.0), "less", 10) is None
    closed = tracker.seen(92 * MS, NoEdge.BELOW_LOT, "gone", 11)
    assert closed == Closed(
        Life(7, 2 * MS, 3 * MS, edge(5.0), "peak"),
        92 * MS,
        CloseReason.PRICE,
        ((50.0, True), (100.0, False)),
    )
    assert tracker.life is None


def test_an_edge_that_returns_is_another_opportunity() -> None:
    """After an instant without an edge a new life begins."""
    tracker: OpportunityTracker[None] = OpportunityTracker()
    tracker.seen(1, edge(9.0), None, 1)
    tracker.seen(2, NoEdge.ONE_SIDED, None, 2)
    opened = tracker.seen(3, edge(1.0), None, 2)
    assert isinstance(opened, Life)
    assert (opened.opportunity_id, opened.opened_ns, opened.edge) == (2, 3, edge(1.0))


@pytest.mark.parametrize("reason", [CloseReason.DARK, CloseReason.STALE, CloseReason.STOPPED])
def test_what_was_not_seen_is_not_claimed(reason: CloseReason) -> None:
    """When the prices were lost, a delay not yet reached is neither alive nor gone."""
    tracker: OpportunityTracker[None] = OpportunityTracker((50.0, 100.0))
    tracker.seen(0, edge(1.0), None, 1)
    closed = tracker.close(70 * MS, reason)
    assert closed is not None
    assert (closed.reason, closed.alive_after_ms) == (reason, ((50.0, True),))


def test_an_edge_gone_at_the_very_delay_is_not_there_any_more() -> None:
    """At the instant of closing the edge is gone."""
    tracker: OpportunityTracker[None] = OpportunityTracker((50.0,))
    tracker.seen(0, edge(1.0), None, 1)
    closed = tracker.close(50 * MS, CloseReason.PRICE)
    assert closed is not None
    assert closed.alive_after_ms == ((50.0, False),)


def test_closing_without_an_opportunity_is_nothing() -> None:
    """Losing a book while no opportunity is open needs no news."""
    assert OpportunityTracker[None]().close(1, CloseReason.DARK) is None
