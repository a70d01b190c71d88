"""Public REST requests of MEXC, and what their answers say.

Rules of this file: a request is data with its weight; an answer that does not read as documented
is a DecodeError naming venue, request and reason.  Source: sheet `mexc`, sections 2 and 4.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from exchanges.mexc import limits, symbols, wire
from exchanges.mexc.events import UNKNOWN_TRADE_ID
from exchanges.mexc.limits import API, VENUE
from exchanges.reading import read_answer
from messages.errors import DecodeError, UsageError
from messages.instruments import SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, ServerTime, Ticker24h, Trade
from messages.requests import RestRequest

INTERVALS: Final[dict[str, str]] = {
    **{each: each for each in ("1m", "5m", "15m", "30m")},
    "1h": "60m",
    "4h": "4h",
    "1d": "1d",
    "1w": "1W",
    "1M": "1M",
}
"""Candle lengths, and what GET klines calls them."""

_depth: Final = msgspec.json.Decoder(wire.DepthAnswer, strict=False)
_info: Final = msgspec.json.Decoder(wire.ExchangeInfoAnswer)
_api_symbols: Final = msgspec.json.Decoder(wire.ApiSymbolsAnswer)
_tickers: Final = msgspec.json.Decoder(tuple[wire.TickerAnswer, ...])
_trades: Final = msgspec.json.Decoder(tuple[wire.TradeAnswer, ...], strict=False)
_klines: Final = msgspec.json.Decoder(tuple[wire.KlineAnswer, ...], strict=False)
_time: Final = msgspec.json.Decoder(wire.TimeAnswer, strict=False)


def _get(path: str, weight: int, **query: str) -> RestRequest:
    return RestRequest("GET", f"{API}/{path}", tuple(query.items()), weight)


# -- requests -----------------------------------------------------------------------------------


def exchange_info_request() -> RestRequest:
    """See `PublicDialect.venue_info_request`."""
    return _get("exchangeInfo", limits.EXCHANGE_INFO_WEIGHT)


def api_symbols_request() -> RestRequest:
    """Ask which symbols may be traded through the API at all."""
    return _get("defaultSymbols", limits.API_SYMBOLS_WEIGHT)


def snapshot_request(info: SymbolInfo, levels: int) -> RestRequest:
    """See `PublicDialect.snapshot_request`."""
    limit = str(max(1, min(levels, limits.MOST_LEVELS)))
    return _get("depth", limits.LIMITS.snapshot_weight, symbol=info.native, limit=limit)


def tickers_request() -> RestRequest:
    """See `PublicDialect.tickers_request`."""
    return _get("ticker/24hr", limits.TICKERS_WEIGHT)


def trades_request(info: SymbolInfo, count: int) -> RestRequest:
    """See `PublicDialect.trades_request`."""
    limit = str(max(1, min(count, limits.MOST_TRADES)))
    return _get("trades", limits.TRADES_WEIGHT, symbol=info.native, limit=limit)


def klines_request(info: SymbolInfo, interval: str, count: int) -> RestRequest:
    """See `PublicDialect.klines_request`.

    Raises:
        UsageError: when the venue has no candles of that length; 8 h exist as a stream only.
    """
    theirs = INTERVALS.get(interval)
    if theirs is None:
        raise UsageError(
            f"{VENUE} has no candles of {interval!r} by REST; it has {', '.join(INTERVALS)}"
        )
    limit = str(max(1, min(count, limits.MOST_KLINES)))
    return _get("klines", limits.KLINES_WEIGHT, symbol=info.native, interval=theirs, limit=limit)


def server_time_request() -> RestRequest:
    """See `PublicDialect.server_time_request`."""
    return _get("time", limits.TIME_WEIGHT)


def classify(path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """See `PublicDialect.classify_rest_path`."""
    path = path.rstrip("/")
    if path == f"{API}/depth" and query.get("symbol"):
        return "snapshot", query["symbol"]
    return ("venue_info", "") if path == f"{API}/exchangeInfo" else ("", "")


# -- answers ------------------------------------------------------------------------------------


def decode_exchange_info(body: bytes) -> VenueInfo:
    """See `PublicDialect.decode_venue_info`."""
    return symbols.venue_info(read_answer(_info, VENUE, "exchangeInfo", body))


def decode_api_symbols(body: bytes) -> frozenset[str]:
    """Read the native names of the symbols that may be traded through the API."""
    return frozenset(read_answer(_api_symbols, VENUE, "defaultSymbols", body).data)


def decode_snapshot(body: bytes, info: SymbolInfo, epoch: int, received_ns: int) -> BookSnapshot:
    """See `PublicDialect.decode_snapshot`."""
    answer = read_answer(_depth, VENUE, f"depth of {info.native}", body)
    return BookSnapshot(
        VENUE,
        info.symbol,
        epoch,
        answer.last_id,
        answer.timestamp,
        received_ns,
        answer.bids,
        answer.asks,
    )


def decode_tickers(
    body: bytes, known: Iterable[SymbolInfo], received_ns: int
) -> tuple[Ticker24h, ...]:
    """See `PublicDialect.decode_tickers`; what the venue left empty is 0.

    `priceChangePercent` is a fraction: 0.004 is 0.4 %.
    """
    infos = {info.native: info for info in known}
    tickers: list[Ticker24h] = []
    for each in read_answer(_tickers, VENUE, "ticker/24hr", body):
        info = infos.get(each.symbol)
        if info is None:
            continue
        tickers.append(
            Ticker24h(
                VENUE,
                info.symbol,
                0,
                max(0, each.close_ms or 0),
                received_ns,
                _amount(each.symbol, each.last),
                _amount(each.symbol, each.open),
                _amount(each.symbol, each.high),
                _amount(each.symbol, each.low),
                _amount(each.symbol, each.volume),
                _amount(each.symbol, each.quote_volume),
                _number(each.symbol, each.change_rate) * 100.0,
                _amount(each.symbol, each.bid),
                _amount(each.symbol, each.ask),
            )
        )
    return tuple(tickers)


def _number(native: str, value: wire.LaxNumber) -> float:
    """Read a number, 0 where there is none."""
    try:
        number = float(value or 0.0)
    except ValueError:
        number = math.nan
    if not math.isfinite(number):
        raise DecodeError(f"{VENUE} ticker of {native}: expected a number, got {value!r}")
    return number


def _amount(native: str, value: wire.LaxNumber) -> float:
    """Read a price or an amount, 0 where there is none."""
    number = _number(native, value)
    if number < 0:
        raise DecodeError(f"{VENUE} ticker of {native}: expected at least 0, got {value!r}")
    return number


def decode_trades(body: bytes, info: SymbolInfo, received_ns: int) -> tuple[Trade, ...]:
    """See `PublicDialect.decode_trades`; turned round where the newest comes first."""
    answers = read_answer(_trades, VENUE, f"trades of {info.native}", body)
    if answers and answers[0].trade_ms > answers[-1].trade_ms:
        answers = answers[::-1]
    return tuple(
        Trade(
            VENUE,
            info.symbol,
            0,
            UNKNOWN_TRADE_ID if each.trade_id in (None, "") else str(each.trade_id),
            each.trade_ms,
            received_ns,
            each.price,
            each.amount,
            each.buyer_is_maker,
        )
        for each in answers
    )


def decode_klines(
    body: bytes, info: SymbolInfo, interval: str, received_ns: int
) -> tuple[Kline, ...]:
    """See `PublicDialect.decode_klines`.

    The answer does not say whether its last candle still runs, so that one counts as running.
    """
    answers = read_answer(_klines, VENUE, f"klines of {info.native}", body)
    last = len(answers) - 1
    return tuple(
        Kline(
            VENUE,
            info.symbol,
            0,
            interval,
            each.open_ms,
            each.end_ms - 1,
            0,
            received_ns,
            each.open,
            each.high,
            each.low,
            each.close,
            each.volume,
            each.quote_volume,
            0,
            index < last,
        )
        for index, each in enumerate(answers)
    )


def decode_server_time(body: bytes, received_ns: int) -> ServerTime:
    """See `PublicDialect.decode_server_time`."""
    return ServerTime(VENUE, read_answer(_time, VENUE, "time", body).server_ms, received_ns)
