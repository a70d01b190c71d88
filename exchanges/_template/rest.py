"""Answers of the example venue's REST interface, and what its refusals mean."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final, TypeVar

import msgspec

from exchanges._template import wire
from exchanges._template.codec import EXCERPT_BYTES, candle, day, trade
from exchanges._template.limits import VENUE
from exchanges._template.symbols import from_native
from messages import errors
from messages.errors import DecodeError, VenueError, retry_after
from messages.instruments import SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, ServerTime, Ticker24h, Trade

RATE_WAIT_S: Final = 10.0
"""How long to wait when the venue does not say."""

_T = TypeVar("_T")


class ExampleError(VenueError):
    """Marks every error that the example venue answered."""


class _RateLimited(ExampleError, errors.RateLimited):
    """Too many requests."""


class _UnknownSymbol(ExampleError, errors.UnknownSymbol):
    """No such symbol."""


class _Unavailable(ExampleError, errors.VenueUnavailable):
    """The venue failed; whether the request took effect is unknown."""


_BY_CODE: Final[dict[str, type[ExampleError]]] = {"RATE": _RateLimited, "SYMBOL": _UnknownSymbol}


def _read(type_: type[_T], body: bytes, what: str) -> _T:
    try:
        return msgspec.json.decode(body, type=type_, strict=False)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise DecodeError(
            f"{VENUE}: expected {what}, got {body[:EXCERPT_BYTES]!r} ({exc})"
        ) from exc


def decode_symbols(body: bytes) -> VenueInfo:
    """Read GET /v1/symbols."""
    listed = _read(tuple[wire.Listed, ...], body, "a list of symbols")
    return VenueInfo(
        VENUE,
        tuple(
            msgspec.structs.replace(
                from_native(each.symbol),
                tick=each.tick,
                lot=each.lot,
                min_notional=each.least,
                status="TRADING" if each.open else "HALTED",
                tradeable=each.open,
            )
            for each in listed
        ),
    )


def decode_book(body: bytes, info: SymbolInfo, epoch: int, received_ns: int) -> BookSnapshot:
    """Read GET /v1/book."""
    book = _read(wire.Top, body, f"a book of {info.native}")
    return BookSnapshot(
        VENUE, info.symbol, epoch, book.last_id, book.at, received_ns, book.bids, book.asks
    )


def decode_days(
    body: bytes, symbols: Iterable[SymbolInfo], received_ns: int
) -> tuple[Ticker24h, ...]:
    """Read GET /v1/days."""
    known = {info.native: info.symbol for info in symbols}
    return tuple(
        day(each, "", known[each.symbol], 0, received_ns)
        for each in _read(tuple[wire.Day, ...], body, "a list of days")
        if each.symbol in known
    )


def decode_trades(body: bytes, info: SymbolInfo, received_ns: int) -> tuple[Trade, ...]:
    """Read GET /v1/trades; the venue sends the newest first."""
    answer = _read(tuple[wire.TradeEvent, ...], body, f"trades of {info.native}")
    return tuple(trade(each, "", info.symbol, 0, received_ns) for each in reversed(answer))


def decode_candles(
    body: bytes, info: SymbolInfo, interval: str, received_ns: int
) -> tuple[Kline, ...]:
    """Read GET /v1/candles; the venue sends the oldest first."""
    answer = _read(tuple[wire.Candle, ...], body, f"candles of {info.native}")
    return tuple(candle(each, interval, info.symbol, 0, received_ns) for each in answer)


def decode_time(body: bytes, received_ns: int) -> ServerTime:
    """Read GET /v1/time."""
    return ServerTime(VENUE, _read(wire.Clock, body, "a time").now, received_ns)


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
    """Read an HTTP answer as an error; a gateway's page is judged by its status."""
    if status < 400:
        return None
    try:
        failure = msgspec.json.decode(body, type=wire.Failure)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        failure = wire.Failure(str(status), f"HTTP {status} without a reason")
    kind = _BY_CODE.get(failure.code, _Unavailable if status >= 500 else ExampleError)
    retry = None
    if kind is _RateLimited:
        wait = headers.get("retry-after", "")
        retry = retry_after(float(wait) if wait.isdecimal() else RATE_WAIT_S)
    return kind(failure.reason, venue=VENUE, code=failure.code, retry=retry)
