"""The three ages and what they forbid."""

from __future__ import annotations

from math import nan

import pytest

from markets.freshness import Ages, Freshness, FreshnessLimits, ages, lag_of


@pytest.mark.parametrize(
    ("found", "verdict"),
    [
        (Ages(0.0, 0.0), Freshness.TRADEABLE),
        (Ages(1_000.0, 1e9, 1e9), Freshness.TRADEABLE),
        (Ages(1_000.1, 0.0), Freshness.OLD_PROOF),
        (Ages(5_000.0, 0.0), Freshness.OLD_PROOF),
        (Ages(5_000.1, 0.0), Freshness.DARK),
        (Ages(nan, 0.0), Freshness.DARK),
    ],
)
def test_the_defaults_limit_the_proof_only(found: Ages, verdict: Freshness) -> None:
    """One second to trade, five to be shown; change and lag are evidence until limited."""
    assert FreshnessLimits().judge(found) is verdict


def test_optional_limits_hold_when_set() -> None:
    """Change age and lag have limits of their own; an unknown lag cannot be judged."""
    limits = FreshnessLimits(change_ms=100.0, lag_ms=50.0)
    assert limits.judge(Ages(0.0, 100.0, 50.0)) is Freshness.TRADEABLE
    assert limits.judge(Ages(0.0, 100.1, 0.0)) is Freshness.OLD_CHANGE
    assert limits.judge(Ages(0.0, 0.0, 50.1)) is Freshness.LAGGING
    assert limits.judge(Ages(0.0, 0.0, None)) is Freshness.TRADEABLE
    assert limits.judge(Ages(9_999.0, 999.0, 999.0)) is Freshness.DARK


def test_ages_are_differences_of_monotonic_times() -> None:
    """Nanoseconds in, milliseconds out."""
    assert ages(10_500_000, 10_000_000, 500_000, 3.0) == Ages(0.5, 10.0, 3.0)


def test_lag_takes_the_clock_offset_off() -> None:
    """Received at 1,000 with a clock 30 ahead, sent at 900: 70 on the way."""
    assert lag_of(1_000.0, 900, 30.0) == 70.0
    assert lag_of(1_000.0, 900) == 100.0
    assert lag_of(1_000.0, 0) is None


def test_limits_that_contradict_each_other_are_refused() -> None:
    """Nothing may be tradeable that is dark, and a limit of nothing forbids everything."""
    with pytest.raises(ValueError, match="below the limit to trade"):
        FreshnessLimits(proof_to_trade_ms=2_000.0, proof_hard_ms=1_000.0)
    with pytest.raises(ValueError, match="not above 0"):
        FreshnessLimits(lag_ms=0.0)
