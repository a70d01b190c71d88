"""Public requests with their weights, and their answers; the samples are those of the sheets."""

from __future__ import annotations

import json

import pytest

from exchanges.registry import dialect
from messages.errors import DecodeError
from messages.market import BookSnapshot, Kline, Ticker24h, Trade

SPOT, USDM, COINM = (dialect(name) for name in ("binance", "binance_usdm", "binance_coinm"))
BNB = SPOT.symbol_from_native("BNBBTC")
BTC = USDM.symbol_from_native("BTCUSDT")
INVERSE = COINM.symbol_from_native("BTCUSD_PERP")


@pytest.mark.parametrize(
    ("venue", "levels", "limit", "weight"),
    [
        ("binance", 1, "100", 5),
        ("binance", 100, "100", 5),
        ("binance", 101, "500", 25),
        ("binance", 1000, "1000", 50),
        ("binance", 1001, "5000", 250),
        ("binance", 9999, "5000", 250),
        ("binance_usdm", 1, "5", 2),
        ("binance_usdm", 20, "20", 2),
        ("binance_usdm", 60, "100", 5),
        ("binance_usdm", 500, "500", 10),
        ("binance_coinm", 1000, "1000", 20),
        ("binance_coinm", 5000, "1000", 20),
    ],
)
def test_snapshot_requests(venue: str, levels: int, limit: str, weight: int) -> None:
    """The tier that holds so many levels, with its weight; at most what the venue has."""
    public = dialect(venue)
    info = public.symbol_from_native("BTCUSD_PERP" if venue.endswith("coinm") else "BTCUSDT")
    request = public.snapshot_request(info, levels)
    assert dict(request.query) == {"symbol": info.native, "limit": limit}
    assert (request.method, request.weight) == ("GET", weight)
    assert request.path.endswith("/v3/depth" if venue == "binance" else "/v1/depth")


def test_the_default_snapshot_costs_what_the_limits_say() -> None:
    """`snapshot_levels` and `snapshot_weight` belong together."""
    for public, info in ((SPOT, BNB), (USDM, BTC), (COINM, INVERSE)):
        request = public.snapshot_request(info, public.limits.snapshot_levels)
        assert request.weight == public.limits.snapshot_weight


def test_other_requests() -> None:
    """Paths, queries and weights of the sheets."""
    assert (SPOT.venue_info_request().target, SPOT.venue_info_request().weight) == (
        "/api/v3/exchangeInfo",
        20,
    )
    assert USDM.venue_info_request().target == "/fapi/v1/exchangeInfo"
    assert COINM.tickers_request().target == "/dapi/v1/ticker/24hr"
    assert SPOT.tickers_request().weight == 80
    trades = SPOT.trades_request(BNB, 5000)
    assert (trades.target, trades.weight) == ("/api/v3/trades?symbol=BNBBTC&limit=1000", 25)
    klines = USDM.klines_request(BTC, "5m", 9999)
    assert klines.target == "/fapi/v1/klines?symbol=BTCUSDT&interval=5m&limit=1500"
    assert (klines.weight, USDM.klines_request(BTC, "5m", 0).weight) == (10, 1)
    assert COINM.server_time_request().target == "/dapi/v1/time"


def test_snapshots() -> None:
    """Spot has no time; COIN-M names its symbol, which must be ours."""
    body = b'{"lastUpdateId":1027024,"bids":[["4.00000000","431.0"]],"asks":[["4.00000200","12"]]}'
    assert SPOT.decode_snapshot(body, BNB, 3, 9) == BookSnapshot(
        "binance", "BNB/BTC", 3, 1027024, 0, 9, ((4.0, 431.0),), ((4.000002, 12.0),)
    )
    inverse = {
        "lastUpdateId": 1007198635033,
        "E": 1723161257835,
        "T": 1723161257823,
        "symbol": "BTCUSD_PERP",
        "pair": "BTCUSD",
        "bids": [["61804.7", "35"]],
        "asks": [["61804.8", "1645"]],
    }
    snapshot = COINM.decode_snapshot(json.dumps(inverse).encode(), INVERSE, 3, 9)
    assert (snapshot.venue_ms, snapshot.last_id) == (1723161257835, 1007198635033)
    other = json.dumps({**inverse, "symbol": "ETHUSD_PERP"}).encode()
    with pytest.raises(DecodeError, match="expected symbol BTCUSD_PERP, got 'ETHUSD_PERP'"):
        COINM.decode_snapshot(other, INVERSE, 3, 9)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"null",
        b"<html>",
        b'{"code":-1121,"msg":"Invalid symbol."}',
        b'{"lastUpdateId":1,"bids":[["NaN","1"]],"asks":[]}',
        b'{"lastUpdateId":1,"bids":[["1","-1"]],"asks":[]}',
        b'{"lastUpdateId":1,"bids":[["0","1"]],"asks":[]}',
        b'{"lastUpdateId":-1,"bids":[],"asks":[]}',
        b'{"lastUpdateId":1,"bids":[["1","1"]]}',
    ],
)
def test_what_is_no_snapshot(body: bytes) -> None:
    """Truncated, foreign, an error, or numbers that are none."""
    with pytest.raises(DecodeError, match=r"^binance depth of BNBBTC: expected"):
        SPOT.decode_snapshot(body, BNB, 3, 9)


TICKER = {
    "symbol": "BNBBTC",
    "priceChange": "-94.99999800",
    "priceChangePercent": "-95.960",
    "weightedAvgPrice": "0.29628482",
    "prevClosePrice": "0.10002000",
    "lastPrice": "4.00000200",
    "lastQty": "200.00000000",
    "bidPrice": "4.00000000",
    "bidQty": "100.00000000",
    "askPrice": "4.00000200",
    "askQty": "100.00000000",
    "openPrice": "99.00000000",
    "highPrice": "100.00000000",
    "lowPrice": "0.10000000",
    "volume": "8913.30000000",
    "quoteVolume": "15.30000000",
    "openTime": 1499783499040,
    "closeTime": 1499869899040,
    "firstId": 28385,
    "lastId": 28460,
    "count": 76,
}


def test_tickers() -> None:
    """Known symbols only; inverse contracts count contracts."""
    body = json.dumps([{**TICKER, "symbol": "XRPEUR"}, TICKER]).encode()
    assert SPOT.decode_tickers(body, [BNB], 9) == (
        Ticker24h(
            "binance",
            "BNB/BTC",
            0,
            1499869899040,
            9,
            4.000002,
            99.0,
            100.0,
            0.1,
            8913.3,
            15.3,
            -95.96,
            4.0,
            4.000002,
        ),
    )
    inverse = {name: value for name, value in TICKER.items() if name != "quoteVolume"}
    inverse |= {"symbol": "BTCUSD_PERP", "pair": "BTCUSD", "volume": "7", "baseVolume": "0.01"}
    (ticker,) = COINM.decode_tickers(json.dumps([inverse]).encode(), [INVERSE], 9)
    assert (ticker.amount, ticker.quote_amount) == (7.0, 700.0)


def test_trades_and_klines() -> None:
    """Oldest first, and only the last candle may still run."""
    trades = [
        {
            "id": 28457,
            "price": "4.00000100",
            "qty": "12.00000000",
            "quoteQty": "48.000012",
            "time": 1499865549590,
            "isBuyerMaker": True,
            "isBestMatch": True,
        }
    ]
    assert SPOT.decode_trades(json.dumps(trades).encode(), BNB, 9) == (
        Trade("binance", "BNB/BTC", 0, 28457, 1499865549590, 9, 4.000001, 12.0, True),
    )
    row = [
        1499040000000,
        "0.01634790",
        "0.80000000",
        "0.01575800",
        "0.01577100",
        "148976.11",
        1499644799999,
        "2434.19",
        308,
        "1756.87402397",
        "28.46694368",
        "0",
    ]
    candles = SPOT.decode_klines(json.dumps([row, row]).encode(), BNB, "1w", 9)
    assert candles[0] == Kline(
        "binance",
        "BNB/BTC",
        0,
        "1w",
        1499040000000,
        1499644799999,
        0,
        9,
        0.0163479,
        0.8,
        0.015758,
        0.015771,
        148976.11,
        2434.19,
        308,
        True,
    )
    assert [candle.closed for candle in candles] == [True, False]
    assert SPOT.decode_klines(b"[]", BNB, "1w", 9) == ()


def test_server_time() -> None:
    """The venue's clock in milliseconds."""
    assert SPOT.decode_server_time(b'{"serverTime":1499827319559}', 9).venue_ms == 1499827319559


@pytest.mark.parametrize(
    ("venue", "path", "query", "found"),
    [
        ("binance", "/api/v3/depth", {"symbol": "BTCUSDT", "limit": "5"}, ("snapshot", "BTCUSDT")),
        ("binance", "/api/v1/depth", {"symbol": "BTCUSDT"}, ("snapshot", "BTCUSDT")),
        ("binance", "/api/v3/exchangeInfo", {}, ("venue_info", "")),
        ("binance", "/api/v3/depth", {}, ("", "")),
        ("binance", "/fapi/v1/depth", {"symbol": "BTCUSDT"}, ("", "")),
        ("binance", "/api/v3/trades", {"symbol": "BTCUSDT"}, ("", "")),
        ("binance_usdm", "/fapi/v1/depth", {"symbol": "BTCUSDT"}, ("snapshot", "BTCUSDT")),
        ("binance_coinm", "/dapi/v1/exchangeInfo", {}, ("venue_info", "")),
        ("binance_coinm", "", {}, ("", "")),
    ],
)
def test_recorded_paths(
    venue: str, path: str, query: dict[str, str], found: tuple[str, str]
) -> None:
    """Recordings hold old versions of the paths too, and those of other venues."""
    assert dialect(venue).classify_rest_path(path, query) == found


def test_one_ticker_comes_without_an_array() -> None:
    """The same endpoint asked for one symbol; an unknown one is left out all the same."""
    body = (
        b'{"symbol":"BTCUSDT","priceChangePercent":"-95.960","lastPrice":"4.00000200",'
        b'"openPrice":"99","highPrice":"100","lowPrice":"0.1","volume":"8913.3",'
        b'"quoteVolume":"15.3","closeTime":1499869899040}'
    )
    for public in (SPOT, USDM):
        info = public.symbol_from_native("BTCUSDT")
        (found,) = public.decode_tickers(body, [info], 9)
        assert (found,) == public.decode_tickers(b"[" + body + b"]", [info], 9)
        assert (found.symbol, found.last, found.amount) == (info.symbol, 4.000002, 8913.3)
        assert public.decode_tickers(body, [], 9) == ()
        with pytest.raises(DecodeError):
            public.decode_tickers(b'{"symbol":"BTCUSDT"}', [info], 9)
