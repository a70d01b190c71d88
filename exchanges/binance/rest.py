"""Public REST requests of the Binance families, and what their answers say.

Rules of this file: a request is data with its weight; an answer that does not read as documented
is a DecodeError naming venue, request and reason.  Sources: sheet `binance` sections 2 and 4,
`binance_futures` sections 2 and 3.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from exchanges.binance import symbols, wire
from exchanges.binance.events import volumes
from exchanges.binance.limits import WEIGHT_WINDOW_S, Family, tier
from exchanges.reading import read_answer
from exchanges.refusals import retry_after_s, server_time_s
from messages.errors import DecodeError
from messages.instruments import REQUEST_WEIGHT, RateUse, SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, ServerTime, Ticker24h, Trade
from messages.requests import RestRequest

MOST_TRADES: Final = 1000
"""The venue's own bound on GET trades."""

_depth: Final = msgspec.json.Decoder(wire.DepthAnswer, strict=False)
_info: Final = msgspec.json.Decoder(wire.ExchangeInfoAnswer, strict=False)
_tickers: Final[msgspec.json.Decoder[wire.TickerAnswer | tuple[wire.TickerAnswer, ...]]] = (
    msgspec.json.Decoder(wire.TickerAnswer | tuple[wire.TickerAnswer, ...], strict=False)
)
_trades: Final = msgspec.json.Decoder(tuple[wire.TradeAnswer, ...], strict=False)
_klines: Final = msgspec.json.Decoder(tuple[wire.KlineAnswer, ...], strict=False)
_time: Final = msgspec.json.Decoder(wire.TimeAnswer, strict=False)


def _get(family: Family, path: str, weight: int, **query: str) -> RestRequest:
    return RestRequest("GET", f"{family.api}/{path}", tuple(query.items()), weight)


# -- requests -----------------------------------------------------------------------------------


def exchange_info_request(family: Family) -> RestRequest:
    """See `PublicDialect.venue_info_request`."""
    return _get(family, "exchangeInfo", family.weights.exchange_info)


def snapshot_request(family: Family, info: SymbolInfo, levels: int) -> RestRequest:
    """See `PublicDialect.snapshot_request`; asks for the whole tier, which costs the same."""
    limit, weight = tier(family.weights.depth, levels)
    return _get(family, "depth", weight, symbol=info.native, limit=str(limit))


def tickers_request(family: Family) -> RestRequest:
    """See `PublicDialect.tickers_request`."""
    return _get(family, "ticker/24hr", family.weights.tickers)


def trades_request(family: Family, info: SymbolInfo, count: int) -> RestRequest:
    """See `PublicDialect.trades_request`."""
    limit = str(max(1, min(count, MOST_TRADES)))
    return _get(family, "trades", family.weights.trades, symbol=info.native, limit=limit)


def klines_request(family: Family, info: SymbolInfo, interval: str, count: int) -> RestRequest:
    """See `PublicDialect.klines_request`."""
    most = family.weights.klines[-1][0]
    limit = max(1, min(count, most))
    weight = tier(family.weights.klines, limit)[1]
    return _get(family, "klines", weight, symbol=info.native, interval=interval, limit=str(limit))


def server_time_request(family: Family) -> RestRequest:
    """See `PublicDialect.server_time_request`."""
    return _get(family, "time", family.weights.server_time)


def classify(family: Family, path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """See `PublicDialect.classify_rest_path`."""
    prefix, _, name = path.rstrip("/").rpartition("/")
    if prefix not in family.recorded_apis:
        return "", ""
    if name == "depth" and query.get("symbol"):
        return "snapshot", query["symbol"]
    return ("venue_info", "") if name == "exchangeInfo" else ("", "")


# -- answers ------------------------------------------------------------------------------------


def decode_exchange_info(family: Family, body: bytes) -> VenueInfo:
    """See `PublicDialect.decode_venue_info`."""
    return symbols.venue_info(family, read_answer(_info, family.venue, "exchangeInfo", body))


def decode_snapshot(
    family: Family, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
) -> BookSnapshot:
    """See `PublicDialect.decode_snapshot`."""
    answer = read_answer(_depth, family.venue, f"depth of {info.native}", body)
    if answer.symbol not in ("", info.native):
        raise DecodeError(
            f"{family.venue} depth: expected symbol {info.native}, got {answer.symbol!r}"
        )
    return BookSnapshot(
        family.venue,
        info.symbol,
        epoch,
        answer.last_id,
        answer.event_ms,
        received_ns,
        answer.bids,
        answer.asks,
    )


def decode_tickers(
    family: Family, body: bytes, known: Iterable[SymbolInfo], received_ns: int
) -> tuple[Ticker24h, ...]:
    """See `PublicDialect.decode_tickers`; asked for one symbol, the venue sends no array."""
    infos = {info.native: info for info in known}
    answer = read_answer(_tickers, family.venue, "ticker/24hr", body)
    tickers: list[Ticker24h] = []
    for each in (answer,) if isinstance(answer, wire.TickerAnswer) else answer:
        info = infos.get(each.symbol)
        if info is None:
            continue
        amount, quote_amount = volumes(family, info, each.volume, each.quote_volume)
        tickers.append(
            Ticker24h(
                family.venue,
                info.symbol,
                0,
                each.close_ms,
                received_ns,
                each.last,
                each.open,
                each.high,
                each.low,
                amount,
                quote_amount,
                each.change_percent,
                each.bid,
                each.ask,
            )
        )
    return tuple(tickers)


def decode_trades(
    family: Family, body: bytes, info: SymbolInfo, received_ns: int
) -> tuple[Trade, ...]:
    """See `PublicDialect.decode_trades`; the venue sends the oldest first."""
    return tuple(
        Trade(
            family.venue,
            info.symbol,
            0,
            each.trade_id,
            each.trade_ms,
            received_ns,
            each.price,
            each.amount,
            each.buyer_is_maker,
        )
        for each in read_answer(_trades, family.venue, f"trades of {info.native}", body)
    )


def decode_klines(
    family: Family, body: bytes, info: SymbolInfo, interval: str, received_ns: int
) -> tuple[Kline, ...]:
    """See `PublicDialect.decode_klines`.

    The answer does not say whether its last candle still runs, so that one counts as running.
    """
    answers = read_answer(_klines, family.venue, f"klines of {info.native}", body)
    last = len(answers) - 1
    candles: list[Kline] = []
    for index, each in enumerate(answers):
        amount, quote_amount = volumes(family, info, each.volume, each.other_volume)
        candles.append(
            Kline(
                family.venue,
                info.symbol,
                0,
                interval,
                each.open_ms,
                each.close_ms,
                0,
                received_ns,
                each.open,
                each.high,
                each.low,
                each.close,
                amount,
                quote_amount,
                each.trades,
                index < last,
            )
        )
    return tuple(candles)


def decode_server_time(family: Family, body: bytes, received_ns: int) -> ServerTime:
    """See `PublicDialect.decode_server_time`."""
    answer = read_answer(_time, family.venue, "time", body)
    return ServerTime(family.venue, answer.server_ms, received_ns)


def rate_use(headers: Mapping[str, str]) -> tuple[RateUse, ...]:
    """The weight the venue counted in the running minute of its clock (`binance`, section 7)."""
    text = headers.get("x-mbx-used-weight-1m", "")
    if not (text.isascii() and text.isdigit()):
        return ()
    left_s = retry_after_s(headers)  # a 429 names the end of the minute
    now_s = server_time_s(headers)
    if left_s is None and now_s is not None:
        left_s = WEIGHT_WINDOW_S - now_s % WEIGHT_WINDOW_S
    return (RateUse(REQUEST_WEIGHT, WEIGHT_WINDOW_S, float(text), None, left_s),)
