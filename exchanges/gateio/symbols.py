"""How Gate spells symbols, and what its lists of pairs and contracts say about them.

Native names say themselves where base ends and quote begins: `BTC_USDT`.  Sources: sheet `gateio`
section 4, `gateio_futures` sections 1, 4 and 9.  Fees are left out: the pair's is deprecated and
the contract's nominal; what an account pays is a private question.
"""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from msgspec.structs import replace

from exchanges.gateio import wire
from exchanges.gateio.limits import Family
from messages.errors import UnknownSymbol
from messages.identifiers import SymbolParts
from messages.instruments import RateRule, SymbolInfo, VenueInfo

QUOTES: Final = frozenset(
    {
        "USDT",
        "USDC",
        "USD1",
        "USDE",
        "USDG",
        "USD",
        "EUR",
        "TRY",
        "BRL",
        "SGD",
        "BTC",
        "ETH",
        "GT",
        "TRX",
        "DOGE",
        "DAI",
        "PAX",
        "SNET",
        "CNYX",
    }
)
"""Quote assets of spot pairs; `PERP` or a date behind the underscore is another venue's name."""

UNREADABLE: Final = "UNREADABLE"
"""Status of a symbol whose rules make no sense: listed, so that it can be seen, not tradeable."""

NOT_STARTED: Final = "not_started"
"""Status of a pair that the venue calls tradable and that nobody can buy or sell yet."""

MOST_PRECISION: Final = 30
"""Most decimals believed of a pair; the venue's finest is 18."""

_CONTRACT_SIZES: Final = {"BTC": Decimal("0.0001"), "ETH": Decimal("0.01")}
"""Only for guesses without the list of contracts, which is the authority; elsewhere 1."""


def guess(family: Family, native: str) -> SymbolInfo:
    """Take a native name apart at its underscore.

    Raises:
        UnknownSymbol: it has no underscore, or no known quote asset behind it.
    """
    base, _, quote = native.rpartition("_")
    if not base or "_" in base or not _quote_fits(family, quote):
        raise UnknownSymbol(
            f"{native!r} is not a symbol of {family.venue}: no known quote asset ends it"
        )
    size = _CONTRACT_SIZES.get(base, Decimal(1)) if family.futures else Decimal(1)
    return replace(_named(family, native, base, quote), contract_size=size)


def _quote_fits(family: Family, quote: str) -> bool:
    return quote == "USDT" if family.futures else quote in QUOTES


def _named(family: Family, native: str, base: str, quote: str) -> SymbolInfo:
    parts = SymbolParts(base, quote, quote if family.futures else "")
    return SymbolInfo(
        venue=family.venue,
        symbol=parts.unified,
        native=native,
        base=base,
        quote=quote,
        kind=parts.kind,
        settle=parts.settle,
    )


def pairs(family: Family, answers: Iterable[wire.PairAnswer]) -> VenueInfo:
    """Read the list of spot pairs."""
    return _venue_info(family, (_pair(family, each) for each in answers))


def contracts(family: Family, answers: Iterable[wire.ContractAnswer]) -> VenueInfo:
    """Read the list of USDT contracts; those of another settlement are left out."""
    return _venue_info(
        family,
        (_contract(family, each) for each in answers if each.kind == "direct"),
    )


def _venue_info(family: Family, infos: Iterable[SymbolInfo]) -> VenueInfo:
    """The venue declares no limits beside its symbols; those of its documents hold."""
    rules: tuple[RateRule, ...] = ()
    return VenueInfo(family.venue, tuple(infos), rules)


def _pair(family: Family, answer: wire.PairAnswer) -> SymbolInfo:
    named = _named(family, answer.native, answer.base, answer.quote)
    precisions = (answer.price_precision, answer.amount_precision)
    amounts = (answer.min_amount, answer.max_amount, answer.min_notional)
    sane = all(0 <= each <= MOST_PRECISION for each in precisions) and all(
        each is None or (each.is_finite() and each >= 0) for each in amounts
    )
    if not sane:
        return replace(named, status=UNREADABLE, tradeable=False)
    premarket = answer.kind == "premarket"
    return replace(
        named,
        tick=Decimal(1).scaleb(-answer.price_precision),
        lot=Decimal(1).scaleb(-answer.amount_precision),
        min_amount=answer.min_amount or Decimal(0),
        max_amount=answer.max_amount or None,
        min_notional=answer.min_notional or Decimal(0),
        status=answer.kind if premarket else answer.status,
        tradeable=answer.status == "tradable" and not premarket,
        opens_ms=1000 * max(0, answer.buy_start_s or 0, answer.sell_start_s or 0),
    )


def started(info: VenueInfo, now_ms: int) -> VenueInfo:
    """Mark what is tradable by its status and has its first day still to come.

    Args:
        info: what the list of pairs says.
        now_ms: the venue's own clock, Unix milliseconds.
    """
    return replace(
        info,
        symbols=tuple(
            replace(each, tradeable=False, status=NOT_STARTED)
            if each.tradeable and each.opens_ms > now_ms
            else each
            for each in info.symbols
        ),
    )


def _contract(family: Family, answer: wire.ContractAnswer) -> SymbolInfo:
    base, _, quote = answer.native.rpartition("_")
    named = _named(family, answer.native, base, quote)
    rules = (answer.tick, answer.multiplier, answer.min_amount, answer.max_amount or Decimal(1))
    if not base or quote != "USDT" or not all(each.is_finite() and each > 0 for each in rules):
        return replace(named, status=UNREADABLE, tradeable=False)
    return replace(
        named,
        tick=answer.tick,
        # No member names the step: contracts of whole sizes step by 1, others by their minimum.
        lot=answer.min_amount if answer.decimal_sizes else Decimal(1),
        min_amount=answer.min_amount,
        max_amount=answer.max_amount or None,
        contract_size=answer.multiplier,
        status="in_delisting" if answer.in_delisting else answer.status,
        tradeable=answer.status == "trading" and not answer.in_delisting,
    )
