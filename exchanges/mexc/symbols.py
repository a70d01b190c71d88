"""How MEXC spells symbols, and what exchangeInfo says about them.

Source: sheet `mexc`, section 4: there are no filters, so that tick and lot follow from the number
of decimal places.
"""

from __future__ import annotations

from collections.abc import Collection
from decimal import Decimal, InvalidOperation
from typing import Final

from msgspec.structs import replace

from exchanges.mexc import wire
from exchanges.mexc.limits import VENUE
from messages.errors import DecodeError, UnknownSymbol
from messages.identifiers import SymbolParts, parse_symbol
from messages.instruments import SymbolInfo, VenueInfo

QUOTES: Final = ("USDT", "USDC", "USD1", "USDE", "TUSD", "USDF", "EUR", "BRL", "BTC", "ETH", "MX")
"""Quote assets a native name may end with; none ends another, so that their order is free."""

MOST_PLACES: Final = 30
"""More decimal places than any asset has: beyond this a symbol's rules are not believed."""

UNREADABLE: Final = "UNREADABLE"
"""Status of a symbol whose rules make no sense: listed, so that it can be seen, not tradeable."""
NOT_BY_API: Final = "NOT_BY_API"
"""Status of a symbol that trades, but not through the API."""

_STATUS: Final = {"1": "TRADING", "ENABLED": "TRADING", "2": "PAUSED", "3": "OFFLINE"}
# An arbitrage needs both directions, so that a one-sided market counts as not tradeable.
_SIDES: Final = {"1": "TRADING", "2": "BUY_ONLY", "3": "SELL_ONLY", "4": "CLOSED"}


def guess(native: str) -> SymbolInfo:
    """Take a native REST name apart at the longest known quote asset.

    Raises:
        UnknownSymbol: when no known quote asset ends the name.
    """
    quote = next((each for each in QUOTES if native.endswith(each)), "")
    base = native.removesuffix(quote)
    if not (quote and base and _is_symbol(base, quote)):
        raise UnknownSymbol(f"{native!r} is not a symbol of {VENUE}: no known quote asset ends it")
    parts = SymbolParts(base, quote)
    return SymbolInfo(
        venue=VENUE, symbol=parts.unified, native=native, base=base, quote=quote, kind=parts.kind
    )


def venue_info(answer: wire.ExchangeInfoAnswer) -> VenueInfo:
    """Read an exchangeInfo answer; one odd symbol does not cost the venue, see `UNREADABLE`.

    It declares no limits: its `rateLimits` is empty.
    """
    return VenueInfo(VENUE, tuple(_symbol_info(each) for each in answer.symbols))


def restrict(info: VenueInfo, by_api: Collection[str]) -> VenueInfo:
    """Mark the symbols that cannot be traded through the API.

    Args:
        info: what exchangeInfo says.
        by_api: the native names that `defaultSymbols` or `selfSymbols` lists.
    """
    return replace(
        info,
        symbols=tuple(
            replace(each, tradeable=False, status=NOT_BY_API)
            if each.tradeable and each.native not in by_api
            else each
            for each in info.symbols
        ),
    )


def _symbol_info(answer: wire.SymbolAnswer) -> SymbolInfo:
    parts = SymbolParts(answer.base, answer.quote)
    if not (answer.symbol and answer.base and answer.quote):
        raise DecodeError(
            f"{VENUE} exchangeInfo: expected names of base and quote asset,"
            f" got {answer.symbol!r} of {answer.base!r}, {answer.quote!r}"
        )
    known = SymbolInfo(
        venue=VENUE,
        symbol=parts.unified,
        native=answer.symbol,
        base=parts.base,
        quote=parts.quote,
        kind=parts.kind,
        status=UNREADABLE,
        tradeable=False,
    )
    if not _is_symbol(parts.base, parts.quote):
        return known
    status = _status(answer)
    try:
        return replace(
            known,
            tick=_step(answer.price_places),
            lot=_step(answer.amount_places),
            min_amount=_amount(answer.min_amount) or Decimal(0),
            min_notional=_amount(answer.min_notional) or Decimal(0),
            maker_fee=_amount(answer.maker_fee),
            taker_fee=_amount(answer.taker_fee),
            status=status,
            tradeable=status == "TRADING" and answer.spot_allowed,
            permissions=tuple(sorted(set(answer.permissions))),
        )
    except (ValueError, InvalidOperation):
        return known


def _is_symbol(base: str, quote: str) -> bool:
    """Whether the two names make a symbol that users can write."""
    try:
        parts = parse_symbol(f"{base}/{quote}")
    except UnknownSymbol:
        return False
    return (parts.base, parts.quote) == (base, quote)


def _status(answer: wire.SymbolAnswer) -> str:
    """Say in one word what may be done with a symbol; a number nobody documented stays itself."""
    listed = "" if answer.status is None else str(answer.status)
    status = _STATUS.get(listed, listed or "UNKNOWN")
    if status == "TRADING" and answer.sides is not None:
        status = _SIDES.get(str(answer.sides), f"SIDES_{answer.sides}")
    if status == "TRADING" and answer.permissions and "SPOT" not in answer.permissions:
        status = "NOT_SPOT"
    return status


def _step(places: wire.LaxNumber) -> Decimal:
    """Turn a number of decimal places into the smallest step; ValueError where it is none."""
    number = _amount(places)
    if number is None or number > MOST_PLACES or number != int(number):
        raise ValueError(f"{places} decimal places")
    return Decimal(1).scaleb(-int(number))


def _amount(value: wire.LaxNumber) -> Decimal | None:
    """Read a number of at least 0; None where there is none; ValueError for anything else."""
    if value is None or value == "":
        return None
    number = Decimal(value if isinstance(value, str) else repr(value))
    if not number.is_finite() or number < 0:
        raise ValueError(f"expected a number of at least 0, got {value}")
    return number
