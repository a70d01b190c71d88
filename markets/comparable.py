"""Which two symbols may trade against each other.

Until chain and contract are proven, equal base and quote codes are taken for equal assets.  USD is
not USDT; an inverse contract's amount follows its price, so it hedges nothing one to one.
"""

from __future__ import annotations

import enum

from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo


class NotComparable(enum.Enum):
    """Why two symbols with one base asset may not trade against each other."""

    QUOTE_CURRENCY = "quote_currency"
    CONTRACT_KIND = "contract_kind"


def why_not_comparable(one: SymbolInfo, other: SymbolInfo) -> NotComparable | None:
    """Say why two symbols may not trade against each other; None when they may."""
    if one.quote != other.quote:
        return NotComparable.QUOTE_CURRENCY
    if ContractKind.INVERSE in (one.kind, other.kind):
        return NotComparable.CONTRACT_KIND
    return None
