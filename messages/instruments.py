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
    quote asset for inverse ones, 1 for spot.  Fees are fractions (0.001 is 10 bps); None where the
    venue names none for the symbol.  `permissions` are the kinds of accounts that may trade it
    (SPOT, MARGIN), sorted; empty where the venue names none.  `opens_ms` is the Unix time before
    which nothing trades, 0 where the venue names none.
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
    permissions: tuple[str, ...] = ()
    opens_ms: int = 0
    maker_fee: Decimal | None = None
    taker_fee: Decimal | None = None

    @property
    def instrument(self) -> Instrument:
        """The key of this symbol at this venue."""
        return Instrument(self.venue, self.symbol)


REQUEST_WEIGHT = "REQUEST_WEIGHT"
"""`RateRule.what` of limits that a request counts against by its weight."""

RAW_REQUESTS = "RAW_REQUESTS"
"""`RateRule.what` of limits that every request counts against once."""


class RateRule(Struct, frozen=True):
    """One limit a venue declares: at most `limit` of `what` in each `interval_s`.

    `REQUEST_WEIGHT` and `RAW_REQUESTS` bound REST requests; other words (orders) bound none.
    With `per_endpoint` every endpoint is counted alone, else all of them together.
    """

    volatile: ClassVar[bool] = False

    what: str
    limit: int
    interval_s: float
    per_endpoint: bool = False


class RateUse(Struct, frozen=True):
    """What an answer says of a limit: `used` so far, counted by the venue in its running interval.

    `what` and `interval_s` name the rule; `limit` and `resets_in_s` (seconds until the venue
    counts anew) are None where the answer does not say.
    """

    volatile: ClassVar[bool] = True

    what: str
    interval_s: float
    used: float
    limit: float | None = None
    resets_in_s: float | None = None


class VenueInfo(Struct, frozen=True):
    """The answer to a venue's symbol-info request: its symbols and declared limits."""

    volatile: ClassVar[bool] = False

    venue: str
    symbols: tuple[SymbolInfo, ...]
    limits: tuple[RateRule, ...] = ()
