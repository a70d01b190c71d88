"""One outage that fails five hundred children at once."""

from __future__ import annotations

from tests.supervisors.herd import BACKOFF, CHILDREN, RECONNECTS, play


def test_an_outage_brings_no_thundering_herd() -> None:
    """Attempts never exceed the limit, no budget is spent, and all are back within the backoff."""
    herd = play(hours=0.1)
    assert herd.running == CHILDREN
    assert (herd.crashes, herd.causes) == (0, 0)
    for _, seconds, attempts, most in herd.phases:
        assert 0 < most <= RECONNECTS.per_s + RECONNECTS.burst
        assert attempts <= RECONNECTS.per_s * seconds + RECONNECTS.burst
    assert herd.back_s <= BACKOFF.max_s
