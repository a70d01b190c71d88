"""Which two symbols may trade against each other."""

from __future__ import annotations

import pytest

from markets.assets import AssetRegistry, AssetWord
from markets.comparable import NotComparable, why_not_comparable
from tests.markets.test_assets import info

WORDS = (
    AssetWord("PEPE", ("a", "b", "c:PEPE2")),
    AssetWord("USDT", ("d:USDT0",), ("fake",)),
)


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        ("a BTC/USDT", "b BTC/USDT", None),
        ("a BTC/USDT", "b BTC/USDT:USDT", None),
        ("a BTC/USDT:USDT", "b BTC/USDT:USDT", None),
        ("a BTC/USD", "b XBT/USD", None),
        ("a BTC/USDT", "b BTC/USD", NotComparable.QUOTE_CURRENCY),
        ("a BTC/USDT", "b BTC/USDC", NotComparable.QUOTE_CURRENCY),
        ("a BTC/USDT:USDT", "b BTC/USD:BTC", NotComparable.QUOTE_CURRENCY),
        ("a BTC/USD", "b BTC/USD:BTC", NotComparable.CONTRACT_KIND),
        ("a BTC/USD:BTC", "b BTC/USD:BTC", NotComparable.CONTRACT_KIND),
        ("a PEPE/USDT", "b PEPE/USDT:USDT", None),
        ("a PEPE/USDT", "c PEPE2/USDT", None),
        ("a PEPE/USDT", "d PEPE/USDT", NotComparable.ASSET_UNPROVEN),
        ("a PEPE/USDT", "d PEPE/USD", NotComparable.QUOTE_CURRENCY),
        ("a WIF/USDT", "b WIF/USDT", NotComparable.ASSET_UNPROVEN),
        ("a BTC/FDUSD", "b BTC/FDUSD", NotComparable.ASSET_UNPROVEN),
        ("a BTC/USDT", "d BTC/USDT0", None),
        ("a BTC/USDT", "fake BTC/USDT", NotComparable.ASSET_UNPROVEN),
    ],
)
def test_the_reason_is_the_same_in_both_directions(
    one: str, other: str, reason: NotComparable | None
) -> None:
    """Proven base and quote assets, spot and linear: nothing else trades against each other."""
    assets = AssetRegistry(WORDS)
    first, second = (info(*text.split()) for text in (one, other))
    assert why_not_comparable(first, second, assets) is reason
    assert why_not_comparable(second, first, assets) is reason
