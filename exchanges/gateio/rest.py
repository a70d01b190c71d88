"""Public REST requests of Gate's two markets, and what their answers say.

Rules of this file: a request is data with its weight, 1 for all of them; an answer that does not
read as documented is a DecodeError naming venue, request and reason.  Sources: sheet `gateio`
sections 2.2 and 4, `gateio_futures` sections 1, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

import msgspec

from exchanges.gateio import events, loose, symbols, wire
from exchanges.gateio.errors import until_reset_s
from exchanges.gateio.limits import API, INTERVALS_S, REQUESTS_INTERVAL_S, Family
from exchanges.reading import read_answer
from messages.errors import DecodeError, UsageError
from messages.instruments import REQUEST_WEIGHT, RateUse, SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, Levels, ServerTime, Ticker24h, Trade
from messages.requests import RestRequest

SNAPSHOT_TIERS: Final = (20, 50, 100)
"""Depths the streams serve; a snapshot must be as deep as the stream it begins."""

_pairs: Final = msgspec.json.Decoder(tuple[wire.PairAnswer, ...], strict=False)
_contracts: Final = msgspec.json.Decoder(tuple[wire.ContractAnswer, ...], strict=False)
_depth: Final = msgspec.json.Decoder(wire.DepthAnswer, strict=False)
_contract_depth: Final = msgspec.json.Decoder(wire.ContractDepthAnswer, strict=False)
_tickers: Final = msgspec.json.Decoder(tuple[loose.LooseTickerEvent, ...], strict=False)
_contract_tickers: Final = msgspec.json.Decoder(tuple[loose.LooseContractTicker, ...], strict=False)
_trades: Final = msgspec.json.Decoder(tuple[wire.TradeEvent, ...], strict=False)
_contract_trades: Final = msgspec.json.Decoder(tuple[wire.ContractTrade, ...], strict=False)
_klines: Final = msgspec.json.Decoder(tuple[wire.CandleAnswer, ...], strict=False)
_contract_klines: Final = msgspec.json.Decoder(tuple[wire.ContractCandle, ...], strict=False)
_time: Final = msgspec.json.Decoder(wire.TimeAnswer, strict=False)


def _get(family: Family, name: str, **query: str) -> RestRequest:
    return RestRequest("GET", f"{family.path}/{name}", tuple(query.items()), headers=family.headers)


def _named(family: Family, info: SymbolInfo) -> dict[str, str]:
    """The query member that names the symbol."""
    return {"contract" if family.futures else "currency_pair": info.native}


# -- requests -----------------------------------------------------------------------------------


def venue_info_request(family: Family) -> RestRequest:
    """See `PublicDialect.venue_info_request`."""
    return _get(family, "contracts" if family.futures else "currency_pairs")


def snapshot_request(family: Family, info: SymbolInfo, levels: int) -> RestRequest:
    """See `PublicDialect.snapshot_request`; without `with_id` the answer has no id."""
    limit = next((each for each in SNAPSHOT_TIERS if levels <= each), SNAPSHOT_TIERS[-1])
    named = _named(family, info)
    return _get(family, "order_book", **named, limit=str(limit), with_id="true")


def tickers_request(family: Family) -> RestRequest:
    """See `PublicDialect.tickers_request`."""
    return _get(family, "tickers")


def trades_request(family: Family, info: SymbolInfo, count: int) -> RestRequest:
    """See `PublicDialect.trades_request`."""
    limit = max(1, min(count, family.most_trades))
    return _get(family, "trades", **_named(family, info), limit=str(limit))


def klines_request(family: Family, info: SymbolInfo, interval: str, count: int) -> RestRequest:
    """See `PublicDialect.klines_request`.

    Raises:
        UsageError: the market has no candles of this length.
    """
    _length_ms(family, interval)
    limit = max(1, min(count, family.most_klines))
    named = _named(family, info)
    return _get(family, "candlesticks", **named, interval=interval, limit=str(limit))


def server_time_request(family: Family) -> RestRequest:
    """See `PublicDialect.server_time_request`; both markets live on one host with one clock."""
    return RestRequest("GET", f"{API}/spot/time", headers=family.headers)


def classify(family: Family, path: str, query: Mapping[str, str]) -> tuple[str, str]:
    """See `PublicDialect.classify_rest_path`."""
    prefix, _, name = path.rstrip("/").rpartition("/")
    if prefix != family.path:
        return "", ""
    native = query.get("contract" if family.futures else "currency_pair", "")
    if name == "order_book" and native:
        return "snapshot", native
    listing = "contracts" if family.futures else "currency_pairs"
    return ("venue_info", "") if name == listing else ("", "")


def _length_ms(family: Family, interval: str) -> int:
    length_s = INTERVALS_S.get(interval)
    if length_s is None:
        raise UsageError(
            f"{family.venue} has no candles of {interval!r}; it has {', '.join(INTERVALS_S)}"
        )
    return length_s * 1000


# -- answers ------------------------------------------------------------------------------------


def decode_venue_info(family: Family, body: bytes) -> VenueInfo:
    """See `PublicDialect.decode_venue_info`."""
    if family.futures:
        contracts = read_answer(_contracts, family.venue, "contracts", body)
        return symbols.contracts(family, contracts)
    pairs = read_answer(_pairs, family.venue, "currency_pairs", body)
    return symbols.pairs(family, pairs)


def decode_snapshot(
    family: Family, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
) -> BookSnapshot:
    """See `PublicDialect.decode_snapshot`; the answer does not name its symbol."""
    what = f"order_book of {info.native}"
    if family.futures:
        contract = read_answer(_contract_depth, family.venue, what, body)
        last_id, venue_ms = contract.last_id, round(contract.update_s * 1000)
        bids: Levels = events.contract_levels(contract.bids)
        asks: Levels = events.contract_levels(contract.asks)
    else:
        answer = read_answer(_depth, family.venue, what, body)
        last_id, venue_ms = answer.last_id, int(answer.update_ms)
        bids, asks = answer.bids, answer.asks
    return BookSnapshot(
        family.venue, info.symbol, epoch, last_id, venue_ms, received_ns, bids, asks
    )


def decode_tickers(
    family: Family, body: bytes, known: Iterable[SymbolInfo], received_ns: int
) -> tuple[Ticker24h, ...]:
    """See `PublicDialect.decode_tickers`; the answer bears no time."""
    unified = {info.native: info.symbol for info in known}
    answers: tuple[loose.LooseTickerEvent, ...] | tuple[loose.LooseContractTicker, ...]
    if family.futures:
        answers = read_answer(_contract_tickers, family.venue, "tickers", body)
    else:
        answers = read_answer(_tickers, family.venue, "tickers", body)
    return tuple(
        loose.ticker(family, unified[each.symbol], 0, each, 0, received_ns)
        for each in answers
        if each.symbol in unified
    )


def decode_trades(
    family: Family, body: bytes, info: SymbolInfo, received_ns: int
) -> tuple[Trade, ...]:
    """See `PublicDialect.decode_trades`; the venue sends the newest first."""
    what = f"trades of {info.native}"
    if family.futures:
        contracts = read_answer(_contract_trades, family.venue, what, body)
        _same_symbol(family, what, info, (each.symbol for each in contracts))
        trades = [
            events.contract_trade(family, info.symbol, 0, each, received_ns)
            for each in contracts
            if not each.is_internal
        ]
    else:
        answers = read_answer(_trades, family.venue, what, body)
        _same_symbol(family, what, info, (each.symbol for each in answers))
        trades = [events.spot_trade(family, info.symbol, 0, each, received_ns) for each in answers]
    return tuple(sorted(trades, key=lambda each: (each.venue_ms, each.trade_id)))


def _same_symbol(family: Family, what: str, info: SymbolInfo, natives: Iterable[str]) -> None:
    other = next((native for native in natives if native not in ("", info.native)), None)
    if other is not None:
        raise DecodeError(f"{family.venue} {what}: expected only that symbol, got {other!r}")


def decode_klines(
    family: Family, body: bytes, info: SymbolInfo, interval: str, received_ns: int
) -> tuple[Kline, ...]:
    """See `PublicDialect.decode_klines`.

    Where an answer does not say whether a candle still runs, the last one counts as running.
    """
    what, length_ms = f"candlesticks of {info.native}", _length_ms(family, interval)
    answers: list[wire.CandleAnswer | wire.ContractCandle]
    if family.futures:
        contracts = read_answer(_contract_klines, family.venue, what, body)
        answers = [*contracts]
    else:
        pairs = read_answer(_klines, family.venue, what, body)
        answers = [*pairs]
    answers.sort(key=lambda each: each.open_s)
    candles: list[Kline] = []
    for index, each in enumerate(answers):
        told = each.closed if isinstance(each, wire.CandleAnswer) else None
        candles.append(
            Kline(
                family.venue,
                info.symbol,
                0,
                interval,
                each.open_s * 1000,
                each.open_s * 1000 + length_ms - 1,
                0,
                received_ns,
                each.open,
                each.high,
                each.low,
                each.close,
                each.amount,
                each.quote_amount,
                0,
                told if told is not None else index < len(answers) - 1,
            )
        )
    return tuple(candles)


def decode_server_time(family: Family, body: bytes, received_ns: int) -> ServerTime:
    """See `PublicDialect.decode_server_time`."""
    answer = read_answer(_time, family.venue, "time", body)
    return ServerTime(family.venue, answer.server_ms, received_ns)


def rate_use(headers: Mapping[str, str]) -> tuple[RateUse, ...]:
    """What the endpoint just asked counts in its running interval (sheet `gateio`, section 7)."""
    limit = headers.get("x-gate-ratelimit-limit", "")
    left = headers.get("x-gate-ratelimit-requests-remain", "")
    if not all(text.isascii() and text.isdigit() for text in (limit, left)):
        return ()
    use = RateUse(
        REQUEST_WEIGHT,
        REQUESTS_INTERVAL_S,
        max(0.0, float(limit) - float(left)),
        float(limit),
        until_reset_s(headers),
    )
    return (use,)
