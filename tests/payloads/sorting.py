"""What becomes of every payload: which part of a dialect reads it, or why nothing does.

Rules of this file: an endpoint is ours when the dialect itself asks for it, a stream when the
codec reads it; everything else is named here with its reason.  What no rule names is an error, so
that a payload cannot fall out in silence.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from functools import cache
from itertools import groupby
from pathlib import Path
from typing import Final, NamedTuple

from exchanges.binance.codec import UNUSED_EVENTS
from exchanges.gateio.codec import ROUTES, UNUSED_CHANNELS
from exchanges.registry import dialect
from tests.payloads.records import Part, parts


class Fate(enum.Enum):
    """What becomes of a payload."""

    ANSWER = "an answer of REST that the dialect decodes"
    FRAME = "a frame that the codec decodes to messages"
    CONFIRMED = "the confirmation of a command, which the codec decodes"
    COMMAND = "a command that the dialect spells alike"
    PASSED = "a frame of a known public stream, which the codec passes over"
    STUB = "a candle of nothing but a time or a name: refused, as it must be"
    PRIVATE = "needs a key: orders, balances, user data"
    RETIRED = "a protocol the venue has switched off"
    UNUSED = "a public endpoint or stream that nothing here asks for"
    ELSEWHERE = "a market of the same company that is no venue of ours"
    NONE = "no payload of a venue, but notes on how one was recorded"


class Sorted(NamedTuple):
    """The fate of one part; `method` is what reads it: of an answer `decode_` and this."""

    venue: str
    fate: Fate
    method: str = ""


NATIVES: Final = {
    "binance": "BTCUSDT",
    "binance_us": "BTCUSD",
    "binance_usdm": "BTCUSDT",
    "binance_coinm": "BTCUSD_PERP",
    "gateio": "BTC_USDT",
    "gateio_futures": "BTC_USDT",
    "mexc": "BTCUSDT",
}
"""A symbol for answers that name none."""

UNUSED_ENDPOINTS: Final = {
    # Answers that streams or other endpoints of ours give as well.
    "aggTrades": "trades of one order summed; GET trades has the single ones",
    "historicalTrades": "older trades",
    "ticker/bookTicker": "best bid and ask; the streams bring them",
    "ticker/price": "last price; the tickers have it",
    "ticker/tradingDay": "statistics of a day that begins at midnight",
    "contracts/ETH_USDT": "one contract; the list has it",
    # Indices, funding and everything else that is about contracts, not about books.
    "avgPrice": "an average",
    "referencePrice/calculation": "an index",
    "premiumIndex": "mark price and funding",
    "premiumIndexKlines": "candles of an index",
    "constituents": "an index",
    "index_constituents/ETH_USDT": "an index",
    "indexInfo": "an index",
    "fundingRate": "funding",
    "openInterest": "open interest",
    "insuranceBalance": "insurance fund",
    "insurance": "insurance fund",
    "liq_orders": "liquidations",
    "risk_limit_tiers": "margin",
    "basis": "statistics",
    "openInterestHist": "statistics",
    "takerBuySellVol": "statistics",
    "topLongShortAccountRatio": "statistics",
    "topLongShortPositionRatio": "statistics",
    # Lending, mining, tokens.
    "mining/pub/coinList": "mining",
    "portfolio/collateralRate": "margin",
    "convert/exchangeInfo": "another kind of trade",
    "blvt/tokenInfo": "leveraged tokens",
    "currencies/BTC": "deposits and withdrawals of an asset",
    "cross/currencies/ETH": "margin",
    "uni/currency_pairs/ETH": "margin",
    "currency_discount_tiers": "margin",
    "loan_margin_tiers": "margin",
}
"""Public endpoints nothing here asks for, by the end of their path, and what they answer."""

_USED_EVENTS: Final = (
    "depthUpdate",
    "bookTicker",
    "trade",
    "aggTrade",
    "kline",
    "24hrTicker",
    "24hrMiniTicker",
)
_UNUSED_NAUTILUS: Final = (
    "agg_trades",
    "blvt_nav_kline",
    "book_ticker",
    "book_ticker_response",
    "continuous_klines",
    "global_long_short_account_ratio",
    "index_info",
    "open_interest",
    "premium_index",
    "ticker_price",
    "ticker_price_response",
    "top_long_short_account_ratio",
)
_USED_NAUTILUS: Final = {
    "exchange_info": "venue_info",
    "exchange_info_response": "venue_info",
    "klines": "klines",
    "server_time_response": "server_time",
    "ticker_24hr": "tickers",
    "trades": "trades",
}
_PRIVATE_NAUTILUS: Final = (
    "/user_data_json/",
    "/ws_futures_algo_update",
    "/ws_futures_order_update",
    "/ws_futures_trade_lite",
    "/ws_spot_execution_report",
    "/http_futures_account_",
    "/http_futures_wallet_",
    "/http_wallet_",
    "/account_",
    "/all_orders_",
    "/cancel_order_",
    "/new_order_",
    "/open_algo_orders",
    "/order_response",
    "/position_risk",
)
_MEXC_ANSWERS_BY_NAME: Final = {
    "GetKlinesAsync.txt": "klines",
    "GetTickersAsync.txt": "tickers",
    "GetAggregatedTradeHistoryAsync.txt": "",
    "GetBookPricesAsync.txt": "",
    "GetPricesAsync.txt": "",
}
"""Older files of MEXC's public answers, which name no path."""


@cache
def endpoints(venue: str) -> dict[str, str]:
    """The paths a dialect asks for, and which of its methods reads the answer."""
    public = dialect(venue)
    info = public.symbol_from_native(NATIVES[venue])
    return {
        public.venue_info_request().path: "venue_info",
        public.snapshot_request(info, 5).path: "snapshot",
        public.tickers_request().path: "tickers",
        public.trades_request(info, 5).path: "trades",
        public.klines_request(info, "1m", 5).path: "klines",
        public.server_time_request().path: "server_time",
        **{request.path: "further_info" for request in public.further_info_requests()},
    }


def sort(record: Iterable[Part]) -> list[tuple[Part, Sorted]]:
    """Sort the parts of one record, which may need each other to be understood.

    Raises:
        LookupError: no rule names a part.
    """
    given = list(record)
    return [(part, _sort(part, given)) for part in given]


def _sort(part: Part, record: list[Part]) -> Sorted:
    if part.folder == "nautilus":
        return _nautilus(part)
    if part.folder == "tardis_node":
        return _tardis(part)
    venue = _jkorf_venue(part)
    if part.kind == "call":
        private = "/ExchangeData/" not in part.name
        return Sorted(venue, Fate.PRIVATE if private else Fate.UNUSED)
    if "/FuturesApi/" in part.name:
        return Sorted(venue, Fate.ELSEWHERE)
    if part.kind == "answer":
        return _jkorf_answer(part, venue)
    if part.file == "binance":
        return _binance_stream(part, record, venue)
    if part.file == "gate":
        return _gate_stream(part, record, venue)
    # Topics of the protobuf protocol end their version with `.pb`; here is none.
    (topic,) = record[0].body["params"]
    if ".pb" in topic:
        raise LookupError(f"{part}: a topic of the present protocol")
    return Sorted(venue, Fate.RETIRED)


def _jkorf_venue(part: Part) -> str:
    if part.file == "binance":
        if "/UsdFutures/" in part.name:
            return "binance_usdm"
        return "binance_coinm" if "/CoinFutures/" in part.name else "binance"
    if part.file == "mexc":
        return "mexc"
    futures = "/PerpetualFutures/" in part.name or "/Futures/" in part.name
    return "gateio_futures" if futures else "gateio"


def _jkorf_answer(part: Part, venue: str) -> Sorted:
    method = endpoints(venue).get(part.endpoint)
    if part.signed:
        if method is not None:
            raise LookupError(f"{part}: signed, and yet ours")
        return Sorted(venue, Fate.PRIVATE)
    if method is not None:
        return Sorted(venue, Fate.ANSWER, method)
    if not part.endpoint:
        _, _, name = part.name.rpartition("/")
        if "/Spot/ExchangeData/" not in part.name:
            return Sorted(venue, Fate.PRIVATE)
        method = _MEXC_ANSWERS_BY_NAME[name]
        return Sorted(venue, Fate.ANSWER if method else Fate.UNUSED, method)
    if part.endpoint.endswith("/listenKey"):
        return Sorted(venue, Fate.PRIVATE)
    if "/alpha/" in part.endpoint:
        return Sorted(venue, Fate.ELSEWHERE)
    if any(part.endpoint.endswith(f"/{name}") for name in UNUSED_ENDPOINTS):
        return Sorted(venue, Fate.UNUSED)
    raise LookupError(f"{part}: a public endpoint of which nothing is said: {part.endpoint}")


def _binance_stream(part: Part, record: list[Part], venue: str) -> Sorted:
    streams = record[0].body.get("params")
    if not isinstance(streams, list) or not all("@" in each for each in streams):
        return Sorted(venue, Fate.PRIVATE)  # a listen key, or a signed command
    event = record[-1].body["data"]["e"]
    if part.kind == "command":
        return Sorted(venue, Fate.COMMAND if event in _USED_EVENTS else Fate.UNUSED)
    if "result" in part.body:
        return Sorted(venue, Fate.CONFIRMED)
    if "/Concurrent.txt" in part.name:
        return Sorted(venue, Fate.STUB)
    return _binance_event(part, venue, event)


def _binance_event(part: Part, venue: str, event: str) -> Sorted:
    if event in _USED_EVENTS:
        return Sorted(venue, Fate.FRAME, event)
    if event in UNUSED_EVENTS:
        return Sorted(venue, Fate.PASSED)
    raise LookupError(f"{part}: an event of which nothing is said: {event}")


def _gate_stream(part: Part, record: list[Part], venue: str) -> Sorted:
    channel = record[0].body["channel"]
    if "auth" in record[0].body:
        return Sorted(venue, Fate.PRIVATE)
    used = channel in ROUTES
    if not used and channel not in UNUSED_CHANNELS:
        raise LookupError(f"{part}: a channel of which nothing is said: {channel}")
    if part.kind == "command":
        return Sorted(venue, Fate.COMMAND if used else Fate.UNUSED)
    if part.body["event"] == "subscribe":
        return Sorted(venue, Fate.CONFIRMED)
    if "/Concurrent.txt" in part.name:
        return Sorted(venue, Fate.STUB)
    return Sorted(venue, Fate.FRAME if used else Fate.PASSED, channel if used else "")


def _nautilus(part: Part) -> Sorted:
    path = f"/{part.name.removesuffix('.json')}"
    venue = "binance"
    if path.endswith("binance_us"):
        venue = "binance_us"
    elif "/futures/" in path or "_futures_" in path:
        venue = "binance_usdm"
    if "/user_data_sbe/" in path:
        return Sorted(venue, Fate.NONE)
    if any(mark in path for mark in _PRIVATE_NAUTILUS):
        return Sorted(venue, Fate.PRIVATE)
    _, _, name = path.rpartition("/")
    if "/market_data_json/" in path or name.startswith("ws_"):
        event = part.body.get("data", part.body).get("e", "bookTicker")
        return _binance_event(part, venue, event)
    name = name.removeprefix("http_futures_market_").removeprefix("http_spot_market_")
    if name in _USED_NAUTILUS:
        return Sorted(venue, Fate.ANSWER, _USED_NAUTILUS[name])
    if name in _UNUSED_NAUTILUS:
        return Sorted(venue, Fate.UNUSED)
    raise LookupError(f"{part}: a file of which nothing is said: {name}")


def _tardis(part: Part) -> Sorted:
    """Sort a recorded message; `generated` are REST snapshots their recorder put in its stream."""
    body = part.body
    if part.file == "binance":
        depth = "depthSnapshot" in body["stream"]
        futures = "merge buffered" in part.name
        venue = "binance_usdm" if futures else "binance"
        if body.get("generated") is not None:
            return Sorted(venue, Fate.ANSWER, "snapshot" if depth else "")
        return _binance_event(part, venue, body["data"].get("e", "bookTicker"))
    if part.file == "gate-io":
        if "method" in body:
            return Sorted("gateio", Fate.RETIRED)  # websocket v3
        if body.get("generated") is not None:
            return Sorted("gateio", Fate.ANSWER, "snapshot")
        if body.get("event") == "subscribe":
            return Sorted("gateio", Fate.CONFIRMED)
        return Sorted("gateio", Fate.FRAME, body["channel"])
    if "msg" in body:
        return Sorted("mexc", Fate.CONFIRMED)
    if body.get("generated") is not None:
        return Sorted("mexc", Fate.ANSWER, "snapshot")
    bodies = [name for name in body if name.startswith("public")]
    return Sorted("mexc", Fate.FRAME, bodies[0]) if bodies else Sorted("mexc", Fate.PASSED)


def sorted_parts(shared_data: Path) -> list[tuple[Part, Sorted]]:
    """Every part of every file, with its fate."""
    grouped = groupby(parts(shared_data), key=lambda part: part[:3])
    return [each for _, record in grouped for each in sort(record)]
