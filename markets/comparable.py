"""Which two symbols may trade against each other.

Both base assets and both quote assets must be proven the same, see `markets.assets`.  USD is not
USDT; an inverse contract's amount follows its price, so it hedges nothing one to one.
"""

from __future__ import annotations

import enum

from markets.assets import AssetRegistry
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo


class NotComparable(enum.Enum):
    """Why two symbols put beside each other may not trade against each other."""

    QUOTE_CURRENCY = "quote_currency"
    CONTRACT_KIND = "contract_kind"
    ASSET_UNPROVEN = "asset_unproven"


def why_not_comparable(
    one: SymbolInfo, other: SymbolInfo, assets: AssetRegistry
) -> NotComparable | None:
    """Say why two symbols may not trade against each other; None when they may.

    What is certain comes first: two quote currencies that differ are so whatever is proven.

    Args:
        one: a symbol.
        other: one of another venue with the same base asset, or the same ticker for it.
        assets: says which tickers are one asset.
    """
    quotes = (one.venue, one.quote), (other.venue, other.quote)
    same_quote = assets.same(*quotes)
    if not same_quote and one.quote != other.quote:
        return NotComparable.QUOTE_CURRENCY
    if ContractKind.INVERSE in (one.kind, other.kind):
        return NotComparable.CONTRACT_KIND
    if not (same_quote and assets.same((one.venue, one.base), (other.venue, other.base))):
        return NotComparable.ASSET_UNPROVEN
    return None
