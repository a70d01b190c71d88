"""Names of things: venues and symbols in ccxt's unified spelling.

`BTC/USDT` is spot, `BTC/USDT:USDT` a linear perpetual, `BTC/USD:BTC` an inverse one and
`BTC/USD:BTC-210924` a contract delivered on that day.
"""

from __future__ import annotations

import enum
import re

from msgspec import Struct

from messages.errors import UnknownSymbol

_UNIFIED = re.compile(
    r"(?P<base>[^/:\s-]+)/(?P<quote>[^/:\s-]+)(?::(?P<settle>[^/:\s-]+)(?:-(?P<expiry>\d{6}))?)?"
)


class ContractKind(enum.Enum):
    """How a symbol settles: the first question of every comparison of two symbols."""

    SPOT = "spot"
    LINEAR = "linear"
    INVERSE = "inverse"


class SymbolParts(Struct, frozen=True, gc=False):
    """A unified symbol taken apart.

    `settle` and `expiry` (YYMMDD) are empty where the symbol has none.
    """

    base: str
    quote: str
    settle: str = ""
    expiry: str = ""

    @property
    def kind(self) -> ContractKind:
        """Spot without a settle asset; linear when it settles in the quote asset."""
        if not self.settle:
            return ContractKind.SPOT
        return ContractKind.LINEAR if self.settle == self.quote else ContractKind.INVERSE

    @property
    def unified(self) -> str:
        """The symbol in one word, the inverse of `parse_symbol`."""
        settle = f":{self.settle}" if self.settle else ""
        expiry = f"-{self.expiry}" if self.expiry else ""
        return f"{self.base}/{self.quote}{settle}{expiry}"


class Instrument(Struct, frozen=True, gc=False, order=True):
    """One symbol at one venue: the key of a book, a quote or an opportunity's leg."""

    venue: str
    symbol: str

    def __str__(self) -> str:
        return f"{self.venue} {self.symbol}"


def parse_symbol(symbol: str) -> SymbolParts:
    """Take a unified symbol apart.

    Args:
        symbol: ccxt's unified spelling, for example `BTC/USDT:USDT`.

    Returns:
        Its parts, upper and lower case as given.

    Raises:
        UnknownSymbol: when the text is not a unified symbol.
    """
    match = _UNIFIED.fullmatch(symbol)
    if match is None:
        raise UnknownSymbol(f"{symbol!r} is not a unified symbol such as BTC/USDT or BTC/USDT:USDT")
    return SymbolParts(match["base"], match["quote"], match["settle"] or "", match["expiry"] or "")


def path_segment(symbol: str) -> str:
    """Spell a symbol as one segment of an actor path: `BTC/USDT:USDT` is `BTC-USDT.USDT`."""
    return symbol.replace("/", "-").replace(":", ".")
