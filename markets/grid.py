"""The price grid of a symbol when nobody names its tick."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import gcd, isfinite


def tick_of(prices: Iterable[float]) -> Decimal | None:
    """Find the greatest step that all these prices are multiples of.

    Args:
        prices: positive prices as floats of decimal strings, a snapshot's for example.

    Returns:
        The greatest common divisor of the decimal numbers, None when there are none.

    Raises:
        ValueError: a price is not positive and finite.
    """
    step, exponent = 0, 0
    for price in prices:
        if not (isfinite(price) and price > 0.0):
            raise ValueError(f"{price!r} is not a price")
        # repr() is the shortest decimal of a float: the wire's text without trailing zeros.
        _, digits, power = Decimal(repr(price)).as_tuple()
        assert isinstance(power, int)  # only not a number and infinity have letters here
        number = int("".join(map(str, digits)))
        if power < exponent:
            step *= 10 ** (exponent - power)
            exponent = power
        step = gcd(step, number * 10 ** (power - exponent))
    return Decimal(step).scaleb(exponent) if step else None
