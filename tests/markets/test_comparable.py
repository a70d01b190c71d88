"""Which two symbols may trade against each other."""

from __future__ import annotations

import pytest

from markets.comparable import NotComparable, why_not_comparable
from messages.identifiers import parse_symbol
from messages.instruments import SymbolInfo


def _info(symbol: str) -> SymbolInfo:
    parts = parse_symbol(symbol)
    return SymbolInfo(
        venue="a",
        symbol=symbol,
        native=symbol,
        base=parts.base,
        quote=parts.quote,
        kind=parts.kind,
        settle=parts.settle,
    )


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("BTC/USDT", "BTC/USDT", None),
        ("BTC/USDT", "BTC/USDT:USDT", None),
        ("BTC/USDT:USDT", "BTC/USDT:USDT", None),
        ("BTC/USDT", "BTC/USD", NotComparable.QUOTE_CURRENCY),
        ("BTC/USDT:USDT", "BTC/USD:BTC", NotComparable.QUOTE_CURRENCY),
        ("BTC/USD", "BTC/USD:BTC", NotComparable.CONTRACT_KIND),
        ("BTC/USD:BTC", "BTC/USD:BTC", NotComparable.CONTRACT_KIND),
    ],
)
def test_the_reason_is_the_same_in_both_directions(
    one: str, other: str, reason: NotComparable | None
) -> None:
    """Spot and linear of one quote code trade against each other; nothing else does."""
    assert why_not_comparable(_info(one), _info(other)) is reason
    assert why_not_comparable(_info(other), _info(one)) is reason
