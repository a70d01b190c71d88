"""Capped exponential delays with equal jitter."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.backoff import Backoff


def test_delays_double_up_to_the_cap() -> None:
    """0.5, 1, 2, 4 ... 60, and 60 for ever, however many attempts there were."""
    backoff = Backoff(0.5, 60.0)
    assert [backoff.full_s(attempt) for attempt in range(9)] == [
        0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 32.0, 60.0, 60.0,
    ]  # fmt: skip
    assert backoff.full_s(10**9) == 60.0
    assert Backoff(1.0, 1.0).full_s(3) == 1.0


@given(
    attempt=st.integers(0, 40), unit=st.floats(0.0, 1.0), base_s=st.floats(0.01, 10.0),
    factor=st.floats(1.0, 1e4),
)  # fmt: skip
def test_jitter_takes_the_upper_half(
    attempt: int, unit: float, base_s: float, factor: float
) -> None:
    """The delay lies between half the full delay and the full one, and grows with the draw."""
    backoff = Backoff(base_s, base_s * factor)
    full_s = min(backoff.cap_s, base_s * 2.0**attempt)
    assert backoff.full_s(attempt) == pytest.approx(full_s)
    assert full_s / 2 <= backoff.delay_s(attempt, unit) * (1 + 1e-12)
    assert backoff.delay_s(attempt, unit) <= full_s * (1 + 1e-12)
    assert backoff.delay_s(attempt, 0.0) == pytest.approx(full_s / 2)


def test_arguments_out_of_range_are_refused() -> None:
    """Draws outside the unit, negative attempts and caps below the base are mistakes."""
    with pytest.raises(ValueError, match="between 0 and 1"):
        Backoff().delay_s(0, 1.5)
    with pytest.raises(ValueError, match="negative"):
        Backoff().delay_s(-1, 0.5)
    for base_s, cap_s in ((0.0, 1.0), (2.0, 1.0)):
        with pytest.raises(ValueError, match="cannot work"):
            Backoff(base_s, cap_s)
