"""One outage that fails five hundred children at once."""

from __future__ import annotations

import pytest

from supervisors.spec import BackoffSpec, ReconnectSpec
from tests.supervisors.herd import AMPLE, BACKOFF, CHILDREN, SCARCE, back_within_s, play


@pytest.mark.parametrize("limit", [AMPLE, SCARCE])
def test_an_outage_brings_no_thundering_herd(limit: ReconnectSpec) -> None:
    """Attempts never exceed the limit, no budget is spent, and all are back within the backoff."""
    herd = play(0.06, limit)
    assert herd.running == CHILDREN
    assert (herd.crashes, herd.causes) == (0, 0)
    for _, seconds, attempts, most in herd.phases:
        assert 0 < most <= limit.per_s + limit.burst
        assert attempts <= limit.per_s * seconds + limit.burst
    assert herd.back_s <= back_within_s(limit)


def test_the_backoff_is_the_default_one_with_its_cap_of_a_minute() -> None:
    """Nothing is tuned for the test; places for all within one backoff are a matter of the rate."""
    assert (BACKOFF, BACKOFF.max_s) == (BackoffSpec(), 60.0)
    assert back_within_s(AMPLE) < BACKOFF.max_s + 1 < back_within_s(SCARCE)
