"""The grid found in a set of prices."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import gcd

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.grid import tick_of


@pytest.mark.parametrize(
    ("prices", "tick"),
    [
        ([61837.63, 61837.64, 61840.0], "0.01"),
        ([0.5, 2.0, 3.5], "0.5"),
        ([100.0, 250.0], "50"),
        ([1e-08, 3e-07], "1E-8"),
        ([1e22, 5e21], "5E+21"),
        ([7.25], "7.25"),
        ([0.25, 1e300], "0.25"),
    ],
)
def test_the_greatest_common_step_is_found(prices: list[float], tick: str) -> None:
    """Every price is a multiple of it, and no greater step is."""
    assert tick_of(prices) == Decimal(tick)


def test_without_prices_there_is_no_tick() -> None:
    """An empty snapshot says nothing about a grid."""
    assert tick_of([]) is None


@pytest.mark.parametrize("price", [0.0, -1.0, float("nan"), float("inf")])
def test_what_is_no_price_is_refused(price: float) -> None:
    """A tick computed from nonsense would be nonsense."""
    with pytest.raises(ValueError, match="is not a price"):
        tick_of([1.0, price])


@given(
    steps=st.lists(st.integers(1, 10**6), min_size=1, max_size=9),
    tick=st.sampled_from([Fraction(1, 100), Fraction(1, 20), Fraction(5), Fraction(1, 10**8)]),
)
def test_the_step_is_exact(steps: list[int], tick: Fraction) -> None:
    """It is the tick times the greatest common divisor of the counts of ticks."""
    found = tick_of(step * tick.numerator / tick.denominator for step in steps)
    assert found is not None
    assert Fraction(found) == tick * gcd(*steps)
