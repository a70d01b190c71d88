"""How the Binance families spell symbols, and what exchangeInfo says about them.

Sources: sheet `binance` section 4 (exchangeInfo, filters, tradable rule) and `binance_futures`
sections 3 and 8 (contracts, ccxt names).
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import UTC, datetime
from decimal import Decimal
from typing import Final

from exchanges.binance import wire
from exchanges.binance.limits import Family, Product
from messages.errors import DecodeError, UnknownSymbol
from messages.identifiers import SymbolParts
from messages.instruments import RateRule, SymbolInfo, VenueInfo

# AEUR is left out: ADAEUR and its like are far more often ADA/EUR.
_SPOT_QUOTES: Final = (
    "USDT",
    "USDC",
    "FDUSD",
    "BUSD",
    "TUSD",
    "USDP",
    "USDS",
    "USDE",
    "USD1",
    "XUSD",
    "BFUSD",
    "RLUSD",
    "EURI",
    "PAX",
    "UST",
    "VAI",
    "DAI",
    "BTC",
    "ETH",
    "BNB",
    "XRP",
    "TRX",
    "DOGE",
    "DOT",
    "SOL",
    "TRY",
    "EUR",
    "GBP",
    "AUD",
    "BRL",
    "RUB",
    "UAH",
    "NGN",
    "BIDR",
    "IDRT",
    "IDR",
    "BKRW",
    "BVND",
    "ZAR",
    "PLN",
    "RON",
    "ARS",
    "JPY",
    "MXN",
    "COP",
    "CZK",
    "GYEN",
)
# BUSD and TUSD are left out: BNBUSD and BTTUSD are BNB/USD and BTT/USD there.
_US_QUOTES: Final = ("USD", "USDT", "USDC", "DAI", "BTC", "ETH", "BNB", "SOL")
_USDM_QUOTES: Final = ("USDT", "USDC", "BUSD", "FDUSD", "USD1", "BTC", "ETH", "BNB")
_COINM_QUOTES: Final = ("USD",)

QUOTES: Final[dict[str, tuple[str, ...]]] = {
    venue: tuple(sorted(quotes, key=len, reverse=True))
    for venue, quotes in (
        ("binance", _SPOT_QUOTES),
        ("binance_us", _US_QUOTES),
        ("binance_usdm", _USDM_QUOTES),
        ("binance_coinm", _COINM_QUOTES),
    )
}
"""Quote assets a native name may end with, longest first."""

_PERPETUAL_DELIVERY_MS: Final = 4_133_404_800_000
"""2100-12-25: what the venue writes as the delivery date of a contract that has none."""
_LATEST_DELIVERY_MS: Final = 253_402_300_799_000
"""The end of year 9999, the last date there is."""

_CONTRACT: Final = re.compile(r"(?P<pair>[^_]+)(?:_(?P<term>PERP|\d{6}))?")

_COINM_CONTRACT_SIZES: Final = {"BTC": Decimal(100)}
_COINM_USUAL_CONTRACT_SIZE: Final = Decimal(10)
"""What the sheet calls normal; only for guesses, exchangeInfo is the authority."""

_INTERVALS_S: Final = {"SECOND": 1.0, "MINUTE": 60.0, "HOUR": 3600.0, "DAY": 86_400.0}


def guess(family: Family, native: str) -> SymbolInfo:
    """Take a native REST name apart at the longest known quote asset.

    Raises:
        UnknownSymbol: when no known quote asset ends the name, or its term has no sense here.
    """
    match = _CONTRACT.fullmatch(native)
    pair, term = (match["pair"], match["term"] or "") if match else ("", "")
    quote = next((each for each in QUOTES[family.venue] if pair.endswith(each)), "")
    base = pair.removesuffix(quote)
    if not (quote and base and _term_fits(family.product, term)):
        raise UnknownSymbol(
            f"{native!r} is not a symbol of {family.venue}: no known quote asset ends it"
        )
    settle, size = "", Decimal(1)
    if family.product is Product.USDM:
        settle = quote
    elif family.product is Product.COINM:
        settle, size = base, _COINM_CONTRACT_SIZES.get(base, _COINM_USUAL_CONTRACT_SIZE)
    parts = SymbolParts(base, quote, settle, "" if term == "PERP" else term)
    return SymbolInfo(
        venue=family.venue,
        symbol=parts.unified,
        native=native,
        base=base,
        quote=quote,
        kind=parts.kind,
        settle=settle,
        expiry=parts.expiry,
        contract_size=size,
    )


_ACCOUNT_GROUP: Final = "TRD_GRP_"
"""How permissions of single groups of accounts begin: there are dozens, and they come and go."""

UNREADABLE: Final = "UNREADABLE"
"""Status of a symbol whose rules make no sense: listed, so that it can be seen, not tradeable."""


def _term_fits(product: Product, term: str) -> bool:
    """Spot names have no term, COIN-M ones always one, USD-M ones only a date."""
    if product is Product.SPOT:
        return not term
    return bool(term) if product is Product.COINM else term != "PERP"


def venue_info(family: Family, answer: wire.ExchangeInfoAnswer) -> VenueInfo:
    """Read an exchangeInfo answer; one odd symbol does not cost the venue, see `UNREADABLE`."""
    return VenueInfo(
        family.venue,
        tuple(_symbol_info(family, each) for each in answer.symbols),
        rate_rules(answer.rate_limits),
    )


def rate_rules(declared: Iterable[wire.RateLimitAnswer]) -> tuple[RateRule, ...]:
    """Read the declared limits; those of a kind or interval we cannot read are left out."""
    return tuple(
        RateRule(each.kind, each.limit, each.count * _INTERVALS_S[each.interval])
        for each in declared
        if each.kind and each.limit > 0 and each.count > 0 and each.interval in _INTERVALS_S
    )


def _symbol_info(family: Family, answer: wire.SymbolAnswer) -> SymbolInfo:
    spot = family.product is Product.SPOT
    settle = "" if spot else answer.margin_asset
    if not (answer.symbol and answer.base and answer.quote) or not (spot or settle):
        raise DecodeError(
            f"{family.venue} exchangeInfo: expected names of base, quote and margin asset,"
            f" got {answer.symbol!r} of {answer.base!r}, {answer.quote!r}, {answer.margin_asset!r}"
        )
    status = answer.status or answer.contract_status
    try:
        expiry = "" if spot else _expiry(answer)
        rules, size = _rules(answer), _contract_size(family, answer)
    except ValueError:
        status, expiry, rules, size = UNREADABLE, "", {}, Decimal(1)
    parts = SymbolParts(answer.base, answer.quote, settle, expiry)
    return SymbolInfo(
        venue=family.venue,
        symbol=parts.unified,
        native=answer.symbol,
        base=parts.base,
        quote=parts.quote,
        kind=parts.kind,
        settle=settle,
        expiry=parts.expiry,
        tick=rules.get("tick"),
        lot=rules.get("step"),
        min_amount=rules.get("min_amount", Decimal(0)),
        max_amount=rules.get("max_amount"),
        min_notional=rules.get("min_notional", Decimal(0)),
        contract_size=size,
        status=status or "UNKNOWN",
        tradeable=status == "TRADING"
        and (answer.spot_allowed if spot else answer.underlying == "COIN"),
        permissions=_permissions(answer),
    )


def _permissions(answer: wire.SymbolAnswer) -> tuple[str, ...]:
    """Name who may trade it, in either spelling, without groups of single accounts."""
    named = {*answer.permissions, *(each for group in answer.permission_sets for each in group)}
    return tuple(sorted(each for each in named if not each.startswith(_ACCOUNT_GROUP)))


def _expiry(answer: wire.SymbolAnswer) -> str:
    """Spell the delivery day as YYMMDD; empty for a perpetual; ValueError without a day."""
    delivery_ms = answer.delivery_ms
    if "PERPETUAL" in answer.contract_type or delivery_ms == _PERPETUAL_DELIVERY_MS:
        return ""
    if not 0 < delivery_ms <= _LATEST_DELIVERY_MS:
        raise ValueError(f"delivery date {delivery_ms}")
    return datetime.fromtimestamp(delivery_ms / 1000, UTC).strftime("%y%m%d")


def _contract_size(family: Family, answer: wire.SymbolAnswer) -> Decimal:
    """Say what a contract is worth; ValueError where it must be said and is not."""
    if family.product is not Product.COINM:
        return Decimal(1)
    return _positive("contractSize", answer.contract_size or Decimal(0))


def _rules(answer: wire.SymbolAnswer) -> dict[str, Decimal]:
    """Collect what the filters say; a rule of value 0 is switched off, a wrong one ValueError."""
    found: dict[str, Decimal | None] = {}
    for each in answer.filters:
        if each.kind == "PRICE_FILTER":
            found["tick"] = each.tick
        elif each.kind == "LOT_SIZE":
            found["step"] = each.step
            found["min_amount"], found["max_amount"] = each.min_amount, each.max_amount
        elif each.kind in ("NOTIONAL", "MIN_NOTIONAL"):
            found["min_notional"] = each.min_notional or each.notional
    return {name: _positive(name, value) for name, value in found.items() if value}


def _positive(name: str, value: Decimal) -> Decimal:
    if not value.is_finite() or value <= 0:
        raise ValueError(f"{name} {value}")
    return value
