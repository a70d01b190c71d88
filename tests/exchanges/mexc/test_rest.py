"""Public REST requests and answers; the samples are those of the venue sheet."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.mexc import PUBLIC
from exchanges.mexc.rest import INTERVALS
from messages.errors import DecodeError, UsageError
from messages.market import BookSnapshot, Kline, ServerTime, Ticker24h, Trade
from messages.requests import RestRequest

BTC = PUBLIC.symbol_from_native("BTCUSDT")
# Samples are laid out by hand.
# fmt: off
TICKER = {
    "symbol": "BTCUSDT", "priceChange": "184.34", "priceChangePercent": "0.00400048",
    "prevClosePrice": "46079.37", "lastPrice": "46263.71", "bidPrice": "46260.38", "bidQty": "",
    "askPrice": "46260.41", "askQty": "", "openPrice": "46079.37", "highPrice": "47550.01",
    "lowPrice": "45555.5", "volume": "1732.461487", "quoteVolume": None,
    "openTime": 1641349500000, "closeTime": 1641349582808, "count": None,
}
TRADE = {
    "id": None, "price": "3219.58", "qty": "0.04757", "quoteQty": "153.1554206",
    "time": 1737623988881, "isBuyerMaker": False, "isBestMatch": True, "tradeType": "BID",
}
KLINE = [
    1640804880000, "47482.36", "47482.36", "47416.57", "47436.1", "3.550717", 1640804940000,
    "168387.3",
]
# fmt: on


def body(answer: Any) -> bytes:
    """The bytes of an answer."""
    return json.dumps(answer).encode()


@pytest.mark.parametrize(
    ("request_", "target", "weight"),
    [
        (PUBLIC.venue_info_request(), "exchangeInfo", 25),
        (*PUBLIC.further_info_requests(), "defaultSymbols", 1),
        (PUBLIC.snapshot_request(BTC, 1000), "depth?symbol=BTCUSDT&limit=1000", 3),
        (PUBLIC.snapshot_request(BTC, 9999), "depth?symbol=BTCUSDT&limit=5000", 3),
        (PUBLIC.snapshot_request(BTC, 0), "depth?symbol=BTCUSDT&limit=1", 3),
        (PUBLIC.tickers_request(), "ticker/24hr", 40),
        (PUBLIC.trades_request(BTC, 5000), "trades?symbol=BTCUSDT&limit=1000", 5),
        (PUBLIC.klines_request(BTC, "1h", 9), "klines?symbol=BTCUSDT&interval=60m&limit=9", 1),
        (PUBLIC.klines_request(BTC, "1w", 900), "klines?symbol=BTCUSDT&interval=1W&limit=500", 1),
        (PUBLIC.server_time_request(), "time", 1),
    ],
)
def test_requests(request_: RestRequest, target: str, weight: int) -> None:
    """Path, query and weight of every public request, within the venue's bounds."""
    assert (request_.method, request_.target) == ("GET", f"/api/v3/{target}")
    assert request_.weight == weight


def test_a_candle_length_the_venue_lacks() -> None:
    """8 h exist as a stream only; the error names what there is."""
    with pytest.raises(UsageError, match=f"'8h' by REST; it has {', '.join(INTERVALS)}"):
        PUBLIC.klines_request(BTC, "8h", 1)


def test_snapshot() -> None:
    """The snapshot's id is in the sequence of the stream; a time is taken where it stands."""
    answer = {
        "lastUpdateId": 1112416,
        "bids": [["15.00000", "49999.00000"]],
        "asks": [["16.0000", "1.0000"]],
    }
    expected = BookSnapshot(
        "mexc", "BTC/USDT", 3, 1112416, 0, 5, ((15.0, 49999.0),), ((16.0, 1.0),)
    )
    assert PUBLIC.decode_snapshot(body(answer), BTC, 3, 5) == expected
    answer["timestamp"] = 77
    assert PUBLIC.decode_snapshot(body(answer), BTC, 3, 5).venue_ms == 77


def test_tickers() -> None:
    """Empty and null members are 0, the change is a fraction, unknown symbols are left out."""
    (ticker,) = PUBLIC.decode_tickers(body([{"symbol": "DOGEUSDT"}, TICKER]), [BTC], 5)
    assert ticker == Ticker24h(
        "mexc", "BTC/USDT", 0, 1641349582808, 5, 46263.71, 46079.37, 47550.01, 45555.5,
        1732.461487, 0.0, 0.00400048 * 100.0, 46260.38, 46260.41,
    )  # fmt: skip
    (bare,) = PUBLIC.decode_tickers(body([{"symbol": "BTCUSDT"}]), [BTC], 5)
    assert (bare.last, bare.bid, bare.venue_ms) == (0.0, 0.0, 0)


@pytest.mark.parametrize("bad", ["nan", "-1", "1e999", "x"])
def test_a_ticker_with_a_number_that_is_none(bad: str) -> None:
    """A price that is no number is an error that names the symbol."""
    with pytest.raises(DecodeError, match="ticker of BTCUSDT"):
        PUBLIC.decode_tickers(body([{**TICKER, "bidPrice": bad}]), [BTC], 5)


def test_trades_come_oldest_first() -> None:
    """The newest first is turned round; an id of null is -1, one of text its number."""
    newer = {**TRADE, "time": 1737623988882, "id": "12X0_13X0", "isBuyerMaker": True}
    older = Trade("mexc", "BTC/USDT", 0, -1, 1737623988881, 5, 3219.58, 0.04757, False)
    later = Trade("mexc", "BTC/USDT", 0, "12X0_13X0", 1737623988882, 5, 3219.58, 0.04757, True)
    assert PUBLIC.decode_trades(body([newer, TRADE]), BTC, 5) == (older, later)
    assert PUBLIC.decode_trades(body([TRADE, newer]), BTC, 5) == (older, later)
    assert PUBLIC.decode_trades(b"[]", BTC, 5) == ()


def test_klines() -> None:
    """Only the last candle counts as running."""
    first, last = PUBLIC.decode_klines(body([KLINE, KLINE]), BTC, "1m", 5)
    assert first == Kline(
        "mexc", "BTC/USDT", 0, "1m", 1640804880000, 1640804939999, 0, 5, 47482.36, 47482.36,
        47416.57, 47436.1, 3.550717, 168387.3, 0, True,
    )  # fmt: skip
    assert not last.closed


def test_server_time() -> None:
    """The venue's clock in milliseconds."""
    answer = PUBLIC.decode_server_time(b'{"serverTime":1645539742000}', 5)
    assert answer == ServerTime("mexc", 1645539742000, 5)


@pytest.mark.parametrize(
    ("path", "query", "found"),
    [
        ("/api/v3/depth", {"symbol": "BTCUSDT"}, ("snapshot", "BTCUSDT")),
        ("/api/v3/depth/", {"symbol": "BTCUSDT"}, ("snapshot", "BTCUSDT")),
        ("/api/v3/depth", {}, ("", "")),
        ("/api/v3/exchangeInfo", {}, ("venue_info", "")),
        ("/api/v1/depth", {"symbol": "BTCUSDT"}, ("", "")),
        ("/api/v3/trades", {"symbol": "BTCUSDT"}, ("", "")),
    ],
)
def test_recorded_paths(path: str, query: dict[str, str], found: tuple[str, str]) -> None:
    """Recordings hold snapshots and symbol infos among other answers."""
    assert PUBLIC.classify_rest_path(path, query) == found


def test_no_rate_use() -> None:
    """The venue documents no usage headers."""
    assert PUBLIC.rate_use({"x-mbx-used-weight-1m": "7"}) == ()


DECODERS: dict[str, Callable[[bytes], object]] = {
    "info": PUBLIC.decode_venue_info,
    "snapshot": lambda payload: PUBLIC.decode_snapshot(payload, BTC, 1, 5),
    "tickers": lambda payload: PUBLIC.decode_tickers(payload, [BTC], 5),
    "trades": lambda payload: PUBLIC.decode_trades(payload, BTC, 5),
    "klines": lambda payload: PUBLIC.decode_klines(payload, BTC, "1m", 5),
    "time": lambda payload: PUBLIC.decode_server_time(payload, 5),
    "api symbols": lambda payload: PUBLIC.refine_venue_info(
        PUBLIC.decode_venue_info(b'{"symbols":[]}'), (payload,)
    ),
}


@pytest.mark.parametrize("what", DECODERS)
@pytest.mark.parametrize(
    "payload",
    [b"", b"<html>busy</html>", b"null", b"7", b'{"code":0}', b"[" * 5_000, b"\xff", b'[{"a":1}]'],
    ids=repr,
)
def test_answers_that_are_none(what: str, payload: bytes) -> None:
    """An answer that is not the documented one is a DecodeError that quotes it."""
    with pytest.raises(DecodeError, match=r"mexc .*: expected the documented answer, got "):
        DECODERS[what](payload)


@given(st.sampled_from(sorted(DECODERS)), st.binary(max_size=80))
def test_noise(what: str, payload: bytes) -> None:
    """Whatever a gateway sends, the answer is a message or a DecodeError."""
    try:
        DECODERS[what](payload)
    except DecodeError as error:
        assert error.text.startswith("mexc ")
