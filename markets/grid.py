"""The price grid of a symbol when nobody names its tick."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from math import floor, gcd, inf

MAX_DECIMALS = 15
"""Decimals that are tried in float arithmetic; prices with more are read as decimal text."""

_EXACT = 2.0**53
"""Whole numbers below this are exact as floats."""


def tick_of(prices: Iterable[float]) -> Decimal | None:
    """Find the greatest step that all these prices are multiples of.

    Args:
        prices: positive prices as floats of decimal strings, a snapshot's for example.

    Returns:
        The greatest common divisor of the decimal numbers, None when there are none.

    Raises:
        ValueError: a price is not positive and finite.
    """
    known = list(prices)
    for price in known:
        if not 0.0 < price < inf:
            raise ValueError(f"{price!r} is not a price")
    for decimals in range(MAX_DECIMALS + 1):
        numbers = _whole(known, 10.0**decimals)
        if numbers is not None:
            return Decimal(gcd(*numbers)).scaleb(-decimals) if numbers else None
    return _tick_of_text(known)


def _whole(prices: list[float], scale: float) -> list[int] | None:
    """The prices in units of 1/scale, None unless each is the float of such a whole number.

    A thousand prices cost 0.2 ms here and 2 ms as text, and a replay loads snapshots all the time.
    """
    if max(prices, default=0.0) * scale >= _EXACT:
        return None
    for price in prices[:1]:  # most wrong scales already fail at the first price
        if floor(price * scale + 0.5) / scale != price:
            return None
    numbers = [floor(price * scale + 0.5) for price in prices]
    return numbers if [number / scale for number in numbers] == prices else None


def _tick_of_text(prices: list[float]) -> Decimal | None:
    step, exponent = 0, 0
    for price in prices:
        # repr() is the shortest decimal of a float: the wire's text without trailing zeros.
        _, digits, power = Decimal(repr(price)).as_tuple()
        assert isinstance(power, int)  # only not a number and infinity have letters here
        number = int("".join(map(str, digits)))
        if power < exponent:
            step *= 10 ** (exponent - power)
            exponent = power
        step = gcd(step, number * 10 ** (power - exponent))
    return Decimal(step).scaleb(exponent) if step else None
