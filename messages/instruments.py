"""Static facts of a symbol: what may be cached, with a time to live."""

from __future__ import annotations

from decimal import Decimal
from typing import ClassVar

from msgspec import Struct

from messages.identifiers import ContractKind, Instrument


class SymbolInfo(Struct, frozen=True, kw_only=True):
    """What a venue says about one of its symbols.

    `tick` and `lot` are the smallest steps of price and amount; None where the venue names none.
    `contract_size` is the value of one contract: in the base asset for linear contracts, in the
    quote asset for inverse ones, 1 for spot.  Fees are fractions (0.001 is 10 bps).
    """

    volatile: ClassVar[bool] = False

    venue: str
    symbol: str
    native: str
    base: str
    quote: str
    kind: ContractKind
    settle: str = ""
    expiry: str = ""
    tick: Decimal | None = None
    lot: Decimal | None = None
    min_amount: Decimal = Decimal(0)
    max_amount: Decimal | None = None
    min_notional: Decimal = Decimal(0)
    contract_size: Decimal = Decimal(1)
    status: str = "TRADING"
    tradeable: bool = True
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None

    @property
    def instrument(self) -> Instrument:
        """The key of this symbol at this venue."""
        return Instrument(self.venue, self.symbol)


class RateRule(Struct, frozen=True):
    """One limit a venue declares: at most `limit` of `what` in each `interval_s`."""

    volatile: ClassVar[bool] = False

    what: str
    limit: int
    interval_s: float


class VenueInfo(Struct, frozen=True):
    """The answer to a venue's symbol-info request: its symbols and declared limits."""

    volatile: ClassVar[bool] = False

    venue: str
    symbols: tuple[SymbolInfo, ...]
    limits: tuple[RateRule, ...] = ()
