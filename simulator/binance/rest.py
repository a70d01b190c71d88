"""The public REST side: endpoints, weights, parameter checks, errors in the venues' words."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from typing import Any
from urllib.parse import parse_qsl

import orjson

from simulator.binance import answers
from simulator.binance.listings import Family
from simulator.binance.streams import INTERVALS
from simulator.candles import INTERVALS_MS
from simulator.limits import Refusal
from simulator.listing import LiveListing
from simulator.protocol import HTML_TYPE, NO_METHOD, NOT_FOUND, Answer, Request
from simulator.venue import Venue

SYMBOL_RANGE = "^[A-Z0-9-_.]{1,20}$"
NUMBER_RANGE = "^[0-9]{1,20}$"
_SYMBOL = re.compile(r"[A-Z0-9\-_.]{1,20}")
_NUMBER = re.compile(r"[0-9]{1,20}")
FUTURES_DEPTHS = (5, 10, 20, 50, 100, 500, 1000)
SPOT_MAX_DEPTH = 5000
MAX_ROWS = 1000
MAX_SPOT_KLINES, MAX_FUTURES_KLINES = 1000, 1500


class ApiError(Exception):
    """A request the venue refuses with a code."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


class Query:
    """A request's parameters, checked as they are read."""

    def __init__(self, venue: Venue, family: Family, text: str) -> None:
        self.venue = venue
        self.family = family
        self.values: dict[str, str] = {}
        self._read: set[str] = set()
        for name, value in parse_qsl(text, keep_blank_values=True):
            if name in self.values:
                raise ApiError(-1101, f"Duplicate values for parameter '{name}'.")
            self.values[name] = value

    def text(self, name: str) -> str | None:
        """A parameter's text; None when it was not sent."""
        self._read.add(name)
        value = self.values.get(name)
        if value == "":
            raise ApiError(-1105, f"Parameter '{name}' was empty.")
        return value

    def mandatory(self, name: str) -> str:
        """A parameter that must be there."""
        self._read.add(name)
        value = self.values.get(name)
        if not value:
            raise ApiError(
                -1102,
                f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed.",
            )
        return value

    def number(self, name: str, default: int) -> int:
        """A whole number, at least 1 for limits."""
        value = self.text(name)
        if value is None:
            return default
        if not _NUMBER.fullmatch(value):
            raise ApiError(
                -1100,
                f"Illegal characters found in parameter '{name}'; legal range is '{NUMBER_RANGE}'.",
            )
        if name == "limit" and int(value) == 0:
            raise ApiError(-1130, "Data sent for parameter 'limit' is not valid.")
        return int(value)

    def listing(self, name: str = "symbol") -> LiveListing:
        """The listing of a mandatory symbol."""
        return self._find(self.mandatory(name), name)

    def listings(self) -> list[LiveListing]:
        """Those of `symbol` or `symbols`, or all."""
        one, many = self.text("symbol"), self.text("symbols") if self._spot else None
        if one is not None and many is not None:
            raise ApiError(
                -1128,
                "Combination of optional parameters invalid. Recommendation: "
                "'symbol' or 'symbols' can be sent, but not both.",
            )
        if one is not None:
            return [self._find(one, "symbol")]
        if many is None:
            return self.venue.listed()
        try:
            names = orjson.loads(many)
        except orjson.JSONDecodeError:
            names = None
        if not isinstance(names, list) or not all(isinstance(name, str) for name in names):
            raise ApiError(
                -1100,
                "Illegal characters found in parameter 'symbols'; legal range is "
                '\'^\\["[A-Z0-9-_.]{1,20}"(,"[A-Z0-9-_.]{1,20}"){0,}\\]$\'.',
            )
        return [self._find(name, "symbols") for name in names]

    @property
    def single(self) -> bool:
        """Whether exactly one symbol was named by `symbol`."""
        return "symbol" in self.values

    @property
    def _spot(self) -> bool:
        return self.family is Family.SPOT

    def _find(self, native: str, name: str) -> LiveListing:
        if not _SYMBOL.fullmatch(native):
            raise ApiError(
                -1100,
                f"Illegal characters found in parameter '{name}'; legal range is '{SYMBOL_RANGE}'.",
            )
        live = self.venue.find(native)
        if live is None:
            raise ApiError(-1121, "Invalid symbol.")
        return live

    def finish(self) -> None:
        """Refuse parameters nobody read, as spot does."""
        unread = [name for name in self.values if name not in self._read]
        if unread and self._spot:
            sent = len(self.values)
            raise ApiError(
                -1104,
                f"Not all sent parameters were read; read '{sent - len(unread)}' "
                f"parameter(s) but was sent '{sent}'.",
            )


Handler = Callable[[Query], Any]
Weight = Callable[[Venue, dict[str, str]], int]


def handle(venue: Venue, family: Family, request: Request) -> Answer:
    """Answer one REST request, weight, ban and errors included."""
    path, query_text = request.path, request.query
    endpoint = ENDPOINTS[family].get(path)
    if endpoint is None:
        return Answer(404, NOT_FOUND, content_type=HTML_TYPE)
    venue.meter.count_request(path)
    if request.method != "GET":
        return Answer(405, NO_METHOD, content_type=HTML_TYPE)
    handler, weight = endpoint
    now_ms = venue.now_ms()
    cost = weight(venue, dict(parse_qsl(query_text)))
    refusal = venue.pool.spend(cost, now_ms)
    used = venue.pool.window(now_ms).used
    headers = (("X-MBX-USED-WEIGHT", str(used)), ("X-MBX-USED-WEIGHT-1M", str(used)))
    if refusal is not None:
        return _refused(venue, refusal, headers)
    try:
        query = Query(venue, family, query_text)
        result = handler(query)
        query.finish()
    except ApiError as error:
        body = orjson.dumps({"code": error.code, "msg": error.text})
        return Answer(error.status, body, headers)
    return Answer(200, result if isinstance(result, bytes) else orjson.dumps(result), headers)


def _refused(venue: Venue, refusal: Refusal, headers: tuple[tuple[str, str], ...]) -> Answer:
    advice = "Please use WebSocket Streams for live updates to avoid"
    if refusal.status == 418:
        text = (
            f"Way too much request weight used; IP banned until {refusal.banned_until_ms}. "
            f"{advice} bans."
        )
    else:
        text = (
            f"Too much request weight used; current limit is {venue.pool.limit} request weight "
            f"per 1 MINUTE. {advice} polling the API."
        )
    return Answer(
        refusal.status,
        orjson.dumps({"code": -1003, "msg": text}),
        (*headers, ("Retry-After", str(refusal.retry_after_s))),
    )


# -- endpoints ----------------------------------------------------------------------------------


def _ping(query: Query) -> Any:
    return {}


def _time(query: Query) -> Any:
    return {"serverTime": query.venue.now_ms()}


def _exchange_info(query: Query) -> Any:
    venue = query.venue
    listings: Iterable[LiveListing] = venue.listed()
    if query.family is Family.SPOT:
        listings = query.listings()
        status = query.text("symbolStatus")
        query.text("permissions")
        if status is not None:
            wanted = [live for live in listings if live.halted is (status == "HALT")]
            if query.single and not wanted:
                raise ApiError(-1220, "The symbol's status does not match the requested status.")
            listings = wanted if status in ("TRADING", "HALT") else []
    return answers.exchange_info(query.family, listings, venue.now_ms())


def _depth(query: Query) -> Any:
    venue, live = query.venue, query.listing()
    spot = query.family is Family.SPOT
    limit = query.number("limit", 100 if spot else 500)
    if not spot and limit not in FUTURES_DEPTHS:
        raise ApiError(-4021, f"'{limit}' is not valid depth limit.")
    now_ms = venue.now_ms()
    state = live.snapshot(now_ms, min(limit, SPOT_MAX_DEPTH))
    return answers.depth(live, state, now_ms)


def _trades(query: Query) -> Any:
    live = query.listing()
    limit = min(MAX_ROWS, query.number("limit", 500))
    return answers.trades(live.listing, list(live.book.trades)[-limit:])


def _aggregate_trades(query: Query) -> Any:
    live = query.listing()
    limit = min(MAX_ROWS, query.number("limit", 500))
    start_ms, end_ms = query.number("startTime", 0), query.number("endTime", 2**62)
    from_id = query.number("fromId", 0)
    chosen = [
        trade
        for trade in live.book.trades
        if start_ms <= trade.at_ms <= end_ms and trade.aggregate_id >= from_id
    ]
    rows = answers.aggregate_trades(live.listing, chosen)
    return rows[:limit] if start_ms or from_id else rows[-limit:]


def _klines(query: Query) -> Any:
    venue, live = query.venue, query.listing()
    spot = query.family is Family.SPOT
    interval = query.mandatory("interval")
    if interval not in INTERVALS or (interval == "1s" and not spot):
        raise ApiError(-1120, "Invalid interval.")
    limit = min(MAX_SPOT_KLINES if spot else MAX_FUTURES_KLINES, query.number("limit", 500))
    start_ms, end_ms = query.number("startTime", 0), query.number("endTime", 2**62)
    if spot:
        query.text("timeZone")
    now_ms = venue.now_ms()
    if start_ms:
        last_ms = start_ms + limit * INTERVALS_MS[interval] - 1
        end_ms = min(end_ms, last_ms)
    candles = live.statistics.recent(interval, now_ms, limit, end_ms)
    return answers.klines(live, [one for one in candles if one.open_ms >= start_ms])


def _tickers(write: Callable[[LiveListing, int], answers.Json]) -> Handler:
    def handler(query: Query) -> Any:
        listings = query.listings()
        if query.family is Family.SPOT:
            query.text("type")
        now_ms = query.venue.now_ms()
        if query.single and query.family is not Family.COINM:
            return write(listings[0], now_ms)
        return [write(live, now_ms) for live in listings]

    return handler


def _flat(weight: int) -> Weight:
    return lambda venue, values: weight


def _by_limit(default: int, steps: tuple[tuple[int, int], ...], highest: int) -> Weight:
    """A weight that grows with `limit`: the first step whose bound holds it."""

    def weight(venue: Venue, values: dict[str, str]) -> int:
        text = values.get("limit", "")
        limit = int(text) if _NUMBER.fullmatch(text) else default
        return next((cost for bound, cost in steps if limit <= bound), highest)

    return weight


def _by_symbols(one: int, all_of_them: int, some: int = 0) -> Weight:
    """A weight that depends on how many symbols are asked for."""

    def weight(venue: Venue, values: dict[str, str]) -> int:
        if "symbol" in values:
            return one
        if "symbols" not in values or not some:
            return all_of_them
        count = values["symbols"].count(",") + 1
        return one if count <= 20 and some == 40 else some if count <= 100 else all_of_them

    return weight


_SPOT: dict[str, tuple[Handler, Weight]] = {
    "/api/v3/ping": (_ping, _flat(1)),
    "/api/v3/time": (_time, _flat(1)),
    "/api/v3/exchangeInfo": (_exchange_info, _flat(20)),
    "/api/v3/depth": (_depth, _by_limit(100, ((100, 5), (500, 25), (1000, 50)), 250)),
    "/api/v3/trades": (_trades, _flat(25)),
    "/api/v3/aggTrades": (_aggregate_trades, _flat(4)),
    "/api/v3/klines": (_klines, _flat(2)),
    "/api/v3/ticker/24hr": (_tickers(answers.day_ticker), _by_symbols(2, 80, 40)),
    "/api/v3/ticker/price": (_tickers(answers.price_ticker), _by_symbols(2, 4, 4)),
    "/api/v3/ticker/bookTicker": (_tickers(answers.book_ticker), _by_symbols(2, 4, 4)),
}


def _futures(prefix: str, premium: Weight) -> dict[str, tuple[Handler, Weight]]:
    return {
        f"{prefix}/v1/ping": (_ping, _flat(1)),
        f"{prefix}/v1/time": (_time, _flat(1)),
        f"{prefix}/v1/exchangeInfo": (_exchange_info, _flat(1)),
        f"{prefix}/v1/depth": (_depth, _by_limit(500, ((50, 2), (100, 5), (500, 10)), 20)),
        f"{prefix}/v1/trades": (_trades, _flat(5)),
        f"{prefix}/v1/aggTrades": (_aggregate_trades, _flat(20)),
        f"{prefix}/v1/klines": (_klines, _by_limit(500, ((99, 1), (499, 2), (1000, 5)), 10)),
        f"{prefix}/v1/ticker/24hr": (_tickers(answers.day_ticker), _by_symbols(1, 40)),
        f"{prefix}/v1/ticker/price": (_tickers(answers.price_ticker), _by_symbols(1, 2)),
        f"{prefix}/v1/ticker/bookTicker": (_tickers(answers.book_ticker), _by_symbols(2, 5)),
        f"{prefix}/v1/premiumIndex": (_tickers(answers.premium_index), premium),
    }


ENDPOINTS: dict[Family, dict[str, tuple[Handler, Weight]]] = {
    Family.SPOT: _SPOT,
    Family.USDM: _futures("/fapi", _by_symbols(1, 10))
    | {"/fapi/v2/ticker/price": (_tickers(answers.price_ticker), _by_symbols(1, 2))},
    Family.COINM: _futures("/dapi", _flat(10)),
}
