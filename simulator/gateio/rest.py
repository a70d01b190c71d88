"""Gate's public REST side: endpoints, parameters, budgets per endpoint, errors with labels.

A snapshot of spot deeper than 100 levels comes from a cache, as on the venue.  Source: the sheets
`gateio` sections 2.2, 4, 7 and 8, and `gateio_futures` sections 3, 4, 7 and 8.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qsl

import orjson
from msgspec import Struct

from simulator.book import BookState
from simulator.candles import INTERVALS_MS
from simulator.gateio import answers
from simulator.gateio.contracts import DECIMALS
from simulator.gateio.streams import INTERVALS
from simulator.listing import LiveListing
from simulator.protocol import HTML_TYPE, NO_METHOD, NOT_FOUND, Answer, Request
from simulator.venue import Venue
from simulator.writers import FUNDING_MS, FUNDING_RATE

API = "/api/v4"
REQUESTS, WINDOW_MS = 200, 10_000
"""What each endpoint allows an address."""
USUAL_DEPTH, LIVE_DEPTH, MAX_DEPTH = 10, 100, 1000
"""Levels when none are asked for, those served live, and the most there are."""
CACHED_MS = 30_000
"""How old a deeper snapshot may be."""
USUAL_ROWS, MAX_ROWS = 100, 1000
JSON = "application/json"
_NUMBER = re.compile(r"[0-9]{1,12}")
LABELS = {
    400: "INVALID_PARAM_VALUE",
    401: "INVALID_KEY",
    403: "FORBIDDEN",
    404: "NOT_FOUND",
    429: "TOO_MANY_REQUESTS",
    500: "SERVER_ERROR",
    502: "TOO_BUSY",
    503: "TOO_BUSY",
    504: "TOO_BUSY",
}
"""What a venue in trouble says with a status."""


class ApiError(Exception):
    """A request the venue refuses with a label."""

    def __init__(self, label: str, text: str, status: int = 400) -> None:
        super().__init__(text)
        self.label, self.text, self.status = label, text, status


class Asked(Struct, frozen=True):
    """One request with its parameters."""

    venue: Venue
    futures: bool
    values: dict[str, str]
    symbol: str
    """From the path, empty where it names none."""
    spelling: int

    @property
    def decimals(self) -> bool:
        """Whether sizes are to be decimal strings."""
        return self.spelling == DECIMALS

    def live(self, symbol: str = "") -> LiveListing:
        """The symbol the path or the query names."""
        name = "contract" if self.futures else "currency_pair"
        native = symbol or self.values.get(name, "")
        if not native:
            raise ApiError("MISSING_REQUIRED_PARAM", f"Missing required parameter: {name}")
        found = self.venue.find(native)
        if found is None and self.futures:
            raise ApiError("CONTRACT_NOT_FOUND", f"Contract {native} not found")
        if found is None:
            raise ApiError("INVALID_CURRENCY_PAIR", f"Invalid currency pair {native}")
        return found

    def number(self, name: str, default: int, most: int) -> int:
        """A whole number of at least 1."""
        text = self.values.get(name)
        if text is None:
            return default
        if not _NUMBER.fullmatch(text) or not 0 < int(text) <= most:
            raise ApiError("INVALID_PARAM_VALUE", f"Invalid value {text} of parameter {name}")
        return int(text)


Handler = Callable[[Asked], Any]


def handle(venue: Venue, request: Request, futures: bool) -> Answer:
    """Answer one request, budget and errors included."""
    path = request.path
    endpoint, symbol = _endpoint(path, futures)
    handler = ENDPOINTS[futures].get(endpoint)
    if handler is None:
        return Answer(404, NOT_FOUND, content_type=HTML_TYPE)
    venue.meter.count_request(endpoint)
    if request.method != "GET":
        return Answer(405, NO_METHOD, content_type=HTML_TYPE)
    now_ms = venue.now_ms()
    pool = venue.budget(endpoint, REQUESTS, WINDOW_MS, bans=False)
    refusal = pool.spend(1, now_ms)
    headers = limit_headers(pool.limit - pool.window(now_ms).used, now_ms)
    if refusal is not None:
        text = "Request Rate limit Exceeded (211)"
        return _error(ApiError("TOO_MANY_REQUESTS", text, 429), headers)
    spelling = int(not futures or request.headers.get("x-gate-size-decimal") == "1")
    values = dict(parse_qsl(request.query, keep_blank_values=True))
    try:
        result = handler(Asked(venue, futures, values, symbol, spelling))
    except ApiError as error:
        return _error(error, headers)
    body = result if isinstance(result, bytes) else orjson.dumps(result)
    return Answer(200, body, headers, JSON)


def _endpoint(path: str, futures: bool) -> tuple[str, str]:
    """The endpoint of a path, and the symbol at its end where it names one."""
    if path in ENDPOINTS[futures]:
        return path, ""
    parent, _, symbol = path.rpartition("/")
    return (f"{parent}/", symbol) if symbol else ("", "")


def limit_headers(left: int, now_ms: int) -> tuple[tuple[str, str], ...]:
    """What every answer says of its endpoint's budget."""
    reset_s = (now_ms // WINDOW_MS + 1) * WINDOW_MS // 1000
    return (
        ("X-Gate-RateLimit-Limit", str(REQUESTS)),
        ("X-Gate-RateLimit-Requests-Remain", str(max(0, left))),
        ("X-Gate-RateLimit-Reset-Timestamp", str(reset_s)),
    )


def _error(error: ApiError, headers: tuple[tuple[str, str], ...]) -> Answer:
    body = orjson.dumps({"label": error.label, "message": error.text})
    return Answer(error.status, body, headers, JSON)


def failure(status: int) -> Answer:
    """The answer of a venue in trouble."""
    return _error(ApiError(LABELS.get(status, "INTERNAL"), "", status), ())


# -- endpoints ----------------------------------------------------------------------------------


def _time(asked: Asked) -> Any:
    return {"server_time": asked.venue.now_ms()}


def _pairs(asked: Asked) -> Any:
    return [answers.pair(live) for live in asked.venue.listed()]


def _pair(asked: Asked) -> Any:
    return answers.pair(asked.live(asked.symbol))


def _contracts(asked: Asked) -> Any:
    now_ms, decimals = asked.venue.now_ms(), asked.decimals
    return [answers.contract(live, now_ms, decimals) for live in asked.venue.listed()]


def _contract(asked: Asked) -> Any:
    return answers.contract(asked.live(asked.symbol), asked.venue.now_ms(), asked.decimals)


def _book(asked: Asked) -> Any:
    live, now_ms = asked.live(), asked.venue.now_ms()
    limit = asked.number("limit", USUAL_DEPTH, MAX_DEPTH)
    if asked.values.get("interval", "0") != "0":
        raise ApiError("INVALID_PARAM_VALUE", "Prices are not aggregated here: interval must be 0")
    with_id = asked.values.get("with_id", "").lower() == "true"
    state = live.snapshot(now_ms, limit) if limit <= LIVE_DEPTH else _cached(live, now_ms, limit)
    if asked.futures:
        return answers.contract_book(live, state, now_ms, with_id, asked.spelling)
    return answers.pair_book(live, state, now_ms, with_id)


def _cached(live: LiveListing, now_ms: int, limit: int) -> BookState:
    """A deep snapshot as it was when it was last made, up to 30 s ago."""
    kept = live.cached
    if kept is None or now_ms - kept[0] > CACHED_MS:
        kept = live.cached = (now_ms, live.snapshot(now_ms, MAX_DEPTH))
    state = kept[1]
    return state._replace(bids=state.bids[:limit], asks=state.asks[:limit])


def _trades(asked: Asked) -> Any:
    live = asked.live()
    limit = asked.number("limit", USUAL_ROWS, MAX_ROWS)
    newest = list(live.book.trades)[-limit:][::-1]
    if asked.futures:
        return answers.contract_trades(live, newest, asked.spelling)
    return answers.pair_trades(live.listing, newest)


def _tickers(asked: Asked) -> Any:
    name = "contract" if asked.futures else "currency_pair"
    listings = [asked.live()] if asked.values.get(name) else asked.venue.listed()
    now_ms = asked.venue.now_ms()
    if asked.futures:
        return answers.contract_tickers(listings, now_ms)
    return [answers.pair_ticker(live, now_ms) for live in listings]


def _candles(asked: Asked) -> Any:
    live, now_ms = asked.live(), asked.venue.now_ms()
    theirs = asked.values.get("interval", "5m" if asked.futures else "30m")
    if theirs not in INTERVALS:
        raise ApiError("INVALID_PARAM_VALUE", f"Invalid interval {theirs}")
    interval = INTERVALS[theirs]
    limit = asked.number("limit", USUAL_ROWS, 2 * MAX_ROWS if asked.futures else MAX_ROWS)
    end_ms = asked.number("to", now_ms // 1000, 2**40) * 1000
    start_ms = asked.number("from", 1, 2**40) * 1000
    if "from" in asked.values:
        length_ms = INTERVALS_MS[interval]
        limit = min(limit, (end_ms - start_ms) // length_ms + 1) if end_ms >= start_ms else 1
    candles = live.statistics.recent(interval, now_ms, limit, end_ms)
    if asked.futures:
        return answers.contract_candles(live.listing, candles, asked.decimals)
    return answers.pair_candles(live.listing, candles, now_ms)


def _funding(asked: Asked) -> Any:
    asked.live()
    limit = asked.number("limit", USUAL_ROWS, MAX_ROWS)
    interval_s = FUNDING_MS // 1000
    newest_s = asked.venue.now_ms() // 1000 // interval_s * interval_s
    times = range(newest_s, newest_s - limit * interval_s, -interval_s)
    return [{"t": at_s, "r": FUNDING_RATE} for at_s in times]


_SPOT, _FUTURES = f"{API}/spot", f"{API}/futures/usdt"
ENDPOINTS: dict[bool, dict[str, Handler]] = {
    False: {
        f"{_SPOT}/time": _time,
        f"{_SPOT}/currency_pairs": _pairs,
        f"{_SPOT}/currency_pairs/": _pair,
        f"{_SPOT}/order_book": _book,
        f"{_SPOT}/trades": _trades,
        f"{_SPOT}/tickers": _tickers,
        f"{_SPOT}/candlesticks": _candles,
    },
    # Both markets live on one host with one clock, which only spot tells.
    True: {
        f"{_SPOT}/time": _time,
        f"{_FUTURES}/contracts": _contracts,
        f"{_FUTURES}/contracts/": _contract,
        f"{_FUTURES}/order_book": _book,
        f"{_FUTURES}/trades": _trades,
        f"{_FUTURES}/tickers": _tickers,
        f"{_FUTURES}/candlesticks": _candles,
        f"{_FUTURES}/funding_rate": _funding,
    },
}
"""Endpoints by market, futures or not; a path ending in `/` takes a symbol."""
