"""MEXC's public REST side: endpoints with a budget each, parameters, errors, bans.

Source: the sheet `mexc`, sections 4, 7 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from msgspec import Struct

from simulator.candles import INTERVALS_MS
from simulator.limits import Refusal
from simulator.listing import LiveListing
from simulator.mexc import answers
from simulator.protocol import HTML_TYPE, NO_METHOD, NOT_FOUND, Answer, Request
from simulator.venue import Venue

API = "/api/v3"
WEIGHT, WINDOW_MS = 500, 10_000
"""What each endpoint allows an address."""
USUAL_DEPTH, MAX_DEPTH = 100, 5000
USUAL_ROWS, MAX_ROWS = 500, 1000
INTERVALS = {
    "1m": "1m",
    "5m": "5m",
    "15m": "15m",
    "30m": "30m",
    "60m": "1h",
    "4h": "4h",
    "1d": "1d",
    "1W": "1w",
    "1M": "1M",
}
"""Candle lengths as REST spells them, and as this room does."""
_NUMBER = re.compile(r"[0-9]{1,15}")
INVALID_SYMBOL, MISSING, ILLEGAL = -1121, 700_004, 730_002
TEXTS = {
    429: "Too Many Requests",
    500: "Internal error",
    501: "system busy",
    503: "Service is not available",
    504: "Gateway timeout",
    510: "Excessive frequency of requests, please try again later!",
}
"""What a venue in trouble says with a code."""
IN_GOOD_ORDER = frozenset({501, 510})
"""Codes that come with HTTP 200."""


class ApiError(Exception):
    """A request the venue refuses with a code."""

    def __init__(self, code: int, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.code, self.text, self.status = code, text, status


class Asked(Struct, frozen=True):
    """One request with its parameters."""

    venue: Venue
    values: dict[str, str]

    def mandatory(self, name: str) -> str:
        """A parameter that must be there."""
        value = self.values.get(name)
        if not value:
            text = f"Mandatory parameter '{name}' was not sent, was empty/null, or malformed."
            raise ApiError(MISSING, text)
        return value

    def live(self, native: str = "") -> LiveListing:
        """A symbol, by default the mandatory one."""
        found = self.venue.find(native or self.mandatory("symbol"))
        if found is None:
            raise ApiError(INVALID_SYMBOL, "Invalid symbol.")
        return found

    def some(self) -> list[LiveListing]:
        """The symbol that is named, those of a list, or all."""
        one, many = self.values.get("symbol"), self.values.get("symbols")
        if one:
            return [self.live(one)]
        return [self.live(name) for name in many.split(",")] if many else self.venue.listed()

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number; what is above the most is cut to it."""
        text = self.values.get(name)
        if text is None:
            return default
        if not _NUMBER.fullmatch(text) or int(text) == 0:
            raise ApiError(ILLEGAL, f"Illegal parameter '{name}'.")
        return min(int(text), most)


Handler = Callable[[Asked], Any]


def handle(venue: Venue, request: Request) -> Answer:
    """Answer one request, budget, ban and errors included."""
    endpoint = ENDPOINTS.get(request.path)
    if endpoint is None:
        return Answer(404, NOT_FOUND, content_type=HTML_TYPE)
    venue.meter.count_request(request.path)
    if request.method != "GET":
        return Answer(405, NO_METHOD, content_type=HTML_TYPE)
    handler, one, many = endpoint
    values = dict(parse_qsl(request.query, keep_blank_values=True))
    now_ms = venue.now_ms()
    pool = venue.budget(request.path, WEIGHT, WINDOW_MS, bans=True)
    refusal = pool.spend(one if values.get("symbol") else many, now_ms)
    if refusal is not None:
        return _refused(refusal)
    try:
        result = handler(Asked(venue, values))
    except ApiError as error:
        return _error(error)
    return Answer(200, orjson.dumps(result))


def _refused(refusal: Refusal) -> Answer:
    text = TEXTS[429] if refusal.status == 429 else "IP banned for too many requests"
    answer = _error(ApiError(refusal.status, text, refusal.status))
    retry_after = ("Retry-After", str(refusal.retry_after_s))
    return Answer(answer.status, answer.body, (retry_after,))


def _error(error: ApiError) -> Answer:
    body = orjson.dumps({"code": error.code, "msg": error.text, "_extend": None})
    return Answer(error.status, body)


def failure(status: int) -> Answer:
    """The answer of a venue in trouble; some codes come with HTTP 200."""
    text = TEXTS.get(status, "Internal error")
    return _error(ApiError(status, text, 200 if status in IN_GOOD_ORDER else status))


# -- endpoints ----------------------------------------------------------------------------------


def _ping(asked: Asked) -> Any:
    return {}


def _time(asked: Asked) -> Any:
    return {"serverTime": asked.venue.now_ms()}


def _default_symbols(asked: Asked) -> Any:
    return answers.default_symbols(asked.venue.listed(), asked.venue.now_ms())


def _exchange_info(asked: Asked) -> Any:
    return answers.exchange_info(asked.some(), asked.venue.now_ms())


def _depth(asked: Asked) -> Any:
    live, now_ms = asked.live(), asked.venue.now_ms()
    limit = asked.number("limit", USUAL_DEPTH, MAX_DEPTH)
    return answers.depth(live.listing, live.snapshot(now_ms, limit), now_ms)


def _trades(asked: Asked) -> Any:
    live, limit = asked.live(), asked.number("limit", USUAL_ROWS, MAX_ROWS)
    return answers.trades(live.listing, list(live.book.trades)[-limit:][::-1])


def _aggregate_trades(asked: Asked) -> Any:
    live, limit = asked.live(), asked.number("limit", USUAL_ROWS, MAX_ROWS)
    if ("startTime" in asked.values) is not ("endTime" in asked.values):
        raise ApiError(ILLEGAL, "startTime and endTime must be sent together.")
    start_ms, end_ms = (asked.number(name, 2**62, 2**62) for name in ("startTime", "endTime"))
    bounded = "startTime" in asked.values
    rows = [trade for trade in live.book.trades if not bounded or start_ms <= trade.at_ms <= end_ms]
    return answers.aggregate_trades(live.listing, rows[-limit:][::-1])


def _klines(asked: Asked) -> Any:
    live, now_ms = asked.live(), asked.venue.now_ms()
    theirs = asked.mandatory("interval")
    if theirs not in INTERVALS:
        raise ApiError(INVALID_SYMBOL, "Invalid interval.")
    interval = INTERVALS[theirs]
    limit = asked.number("limit", USUAL_ROWS, MAX_ROWS)
    end_ms = asked.number("endTime", now_ms, 2**62)
    start_ms = asked.number("startTime", 0, 2**62) if "startTime" in asked.values else 0
    if start_ms:
        end_ms = min(end_ms, start_ms + limit * INTERVALS_MS[interval] - 1)
    candles = live.statistics.recent(interval, now_ms, limit, end_ms)
    return answers.klines(live.listing, [one for one in candles if one.open_ms >= start_ms])


def _tickers(write: Callable[[LiveListing, int], answers.Json]) -> Handler:
    def handler(asked: Asked) -> Any:
        now_ms = asked.venue.now_ms()
        rows = [write(live, now_ms) for live in asked.some()]
        return rows[0] if asked.values.get("symbol") else rows

    return handler


ENDPOINTS: dict[str, tuple[Handler, int, int]] = {
    f"{API}/ping": (_ping, 1, 1),
    f"{API}/time": (_time, 1, 1),
    f"{API}/defaultSymbols": (_default_symbols, 1, 1),
    f"{API}/exchangeInfo": (_exchange_info, 10, 10),
    f"{API}/depth": (_depth, 1, 1),
    f"{API}/trades": (_trades, 5, 5),
    f"{API}/aggTrades": (_aggregate_trades, 1, 1),
    f"{API}/klines": (_klines, 1, 1),
    f"{API}/ticker/24hr": (_tickers(answers.day_ticker), 1, 40),
    f"{API}/ticker/price": (_tickers(answers.price_ticker), 1, 2),
    f"{API}/ticker/bookTicker": (_tickers(answers.book_ticker), 1, 1),
}
"""Endpoints with their weights: for one symbol, and for all."""
