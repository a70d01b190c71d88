"""The REST side: values, weights, refusals and errors in the venues' words."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import h11
import pytest
import trio
from trio.testing import MockClock

from simulator.instruments import assets
from simulator.rest import RestFault
from simulator.world import START_MS, World
from tests.simulator.client import exchange, rest, running

SPOT, USDM, COINM = "api.binance.com", "fapi.binance.com", "dapi.binance.com"
USED = "x-mbx-used-weight-1m"
MANDATORY = "Mandatory parameter '{}' was not sent, was empty/null, or malformed."
SYMBOL_RANGE = (
    "Illegal characters found in parameter 'symbol'; legal range is '^[A-Z0-9-_.]{1,20}$'."
)


def world(count: int = 2) -> World:
    """A small world."""
    return World(2, assets=assets(count))


@pytest.mark.parametrize(
    ("host", "target", "code", "text"),
    [
        (SPOT, "/api/v3/depth?symbol=NOPEUSDT", -1121, "Invalid symbol."),
        (SPOT, "/api/v3/depth", -1102, MANDATORY.format("symbol")),
        (SPOT, "/api/v3/depth?symbol=btcusdt", -1100, SYMBOL_RANGE),
        (
            SPOT,
            "/api/v3/depth?symbol=BTCUSDT&limit=0",
            -1130,
            "Data sent for parameter 'limit' is not valid.",
        ),
        (
            SPOT,
            "/api/v3/depth?symbol=BTCUSDT&limit=x",
            -1100,
            "Illegal characters found in parameter 'limit'; legal range is '^[0-9]{1,20}$'.",
        ),
        (SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=", -1105, "Parameter 'limit' was empty."),
        (
            SPOT,
            "/api/v3/depth?symbol=BTCUSDT&symbol=BTCUSDT",
            -1101,
            "Duplicate values for parameter 'symbol'.",
        ),
        (
            SPOT,
            "/api/v3/depth?symbol=BTCUSDT&extra=1",
            -1104,
            "Not all sent parameters were read; read '1' parameter(s) but was sent '2'.",
        ),
        (SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=7m", -1120, "Invalid interval."),
        (SPOT, "/api/v3/klines?symbol=BTCUSDT", -1102, MANDATORY.format("interval")),
        (USDM, "/fapi/v1/klines?symbol=BTCUSDT&interval=1s", -1120, "Invalid interval."),
        (USDM, "/fapi/v1/depth?symbol=BTCUSDT&limit=250", -4021, "'250' is not valid depth limit."),
        (COINM, "/dapi/v1/depth?symbol=BTCUSDT", -1121, "Invalid symbol."),
    ],
)
async def test_mistakes_are_refused_with_the_venues_codes(
    host: str, target: str, code: int, text: str, autojump_clock: MockClock
) -> None:
    """HTTP 400 with code and message, as JSON."""
    async with running(world()) as ours:
        status, _, body = await rest(ours, host, target)
    assert (status, body) == (400, {"code": code, "msg": text})


@pytest.mark.parametrize(
    ("host", "target", "weight"),
    [
        (SPOT, "/api/v3/ping", 1),
        (SPOT, "/api/v3/exchangeInfo", 20),
        (SPOT, "/api/v3/depth?symbol=BTCUSDT", 5),
        (SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=500", 25),
        (SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=1000", 50),
        (SPOT, "/api/v3/depth?symbol=BTCUSDT&limit=5000", 250),
        (SPOT, "/api/v3/trades?symbol=BTCUSDT", 25),
        (SPOT, "/api/v3/ticker/24hr", 80),
        (SPOT, "/api/v3/ticker/24hr?symbol=BTCUSDT", 2),
        (SPOT, "/api/v3/ticker/bookTicker", 4),
        (USDM, "/fapi/v1/exchangeInfo", 1),
        (USDM, "/fapi/v1/depth?symbol=BTCUSDT&limit=50", 2),
        (USDM, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000", 20),
        (USDM, "/fapi/v1/depth?symbol=BTCUSDT", 10),
        (USDM, "/fapi/v1/premiumIndex", 10),
        (COINM, "/dapi/v1/premiumIndex?symbol=BTCUSD_PERP", 10),
    ],
)
async def test_requests_weigh_what_the_documents_say(
    host: str, target: str, weight: int, autojump_clock: MockClock
) -> None:
    """The used weight stands in the header of the answer."""
    async with running(world()) as ours:
        status, headers, _ = await rest(ours, host, target)
    assert (status, headers[USED]) == (200, str(weight))


async def test_the_futures_products_share_one_pool(autojump_clock: MockClock) -> None:
    """What fapi uses is missing at dapi, and spot does not notice; the minute gives it back."""
    async with running(world()) as ours:
        for _ in range(3):
            await rest(ours, USDM, "/fapi/v1/depth?symbol=BTCUSDT&limit=1000")
        _, headers, _ = await rest(ours, COINM, "/dapi/v1/ping")
        assert headers[USED] == "61"
        _, headers, _ = await rest(ours, SPOT, "/api/v3/ping")
        assert headers[USED] == "1"
        await trio.sleep(60)
        _, headers, _ = await rest(ours, COINM, "/dapi/v1/ping")
        assert headers[USED] == "1"


async def test_too_much_weight_is_refused_then_banned(autojump_clock: MockClock) -> None:
    """429 with the seconds to the minute's end, 418 with the ban's end for those who go on."""
    async with running(world()) as ours:
        stream = await ours.dial(SPOT)
        async with stream:
            target = "/api/v3/depth?symbol=BTCUSDT&limit=5000"
            answers = []
            for _ in range(24 + 10 + 2):
                answers.append(await fresh_exchange(ours, target))
        statuses = [status for status, _, _ in answers]
        assert statuses == [200] * 24 + [429] * 10 + [418] * 2
        _, headers, body = answers[24]
        assert 55 <= int(headers["retry-after"]) <= 60
        assert body["code"] == -1003 and "6000 request weight per 1 MINUTE" in body["msg"]
        _, headers, body = answers[-1]
        assert headers["retry-after"] == "120"
        assert f"IP banned until {START_MS + 120_015}" in body["msg"]
        await trio.sleep(121)
        status, _, _ = await rest(ours, SPOT, "/api/v3/ping")
        assert status == 200


async def fresh_exchange(ours: World, target: str) -> tuple[int, dict[str, str], Any]:
    """One request to spot."""
    return await rest(ours, SPOT, target)


@pytest.mark.parametrize("host", [SPOT, USDM, COINM])
async def test_prices_and_amounts_lie_on_the_grid(host: str, autojump_clock: MockClock) -> None:
    """Every level of a snapshot is a multiple of tick and lot, best first, not crossed."""
    prefix = {SPOT: "/api/v3", USDM: "/fapi/v1", COINM: "/dapi/v1"}[host]
    async with running(world(6)) as ours:
        _, _, info = await rest(ours, host, f"{prefix}/exchangeInfo")
        assert len(info["symbols"]) == 6
        for symbol in info["symbols"]:
            filters = {one["filterType"]: one for one in symbol["filters"]}
            tick = Decimal(filters["PRICE_FILTER"]["tickSize"])
            lot = Decimal(filters["LOT_SIZE"]["stepSize"])
            native = symbol["symbol"]
            _, _, book = await rest(ours, host, f"{prefix}/depth?symbol={native}&limit=1000")
            bids = [Decimal(price) for price, _ in book["bids"]]
            asks = [Decimal(price) for price, _ in book["asks"]]
            assert bids == sorted(bids, reverse=True) and asks == sorted(asks)
            assert bids[0] < asks[0] and len(bids) > 100 and len(asks) > 100
            for price, amount in book["bids"] + book["asks"]:
                assert Decimal(price) % tick == 0 and Decimal(amount) % lot == 0
                assert Decimal(amount) > 0


async def test_tickers_agree_with_the_book(autojump_clock: MockClock) -> None:
    """Best bid and ask of REST are those of a snapshot of the same moment."""
    async with running(world()) as ours:
        _, _, best = await rest(ours, USDM, "/fapi/v1/ticker/bookTicker?symbol=BTCUSDT")
        _, _, book = await rest(ours, USDM, "/fapi/v1/depth?symbol=BTCUSDT&limit=5")
    assert [best["bidPrice"], best["bidQty"]] == book["bids"][0]
    assert [best["askPrice"], best["askQty"]] == book["asks"][0]
    assert best["lastUpdateId"] == book["lastUpdateId"]


async def test_selections_name_one_many_or_all_symbols(autojump_clock: MockClock) -> None:
    """An object for one symbol, lists for several and all; COIN-M always answers a list."""
    async with running(world()) as ours:
        path = "/api/v3/ticker/price"
        _, _, one = await rest(ours, SPOT, f"{path}?symbol=ETHUSDT")
        _, _, many = await rest(ours, SPOT, f"{path}?symbols=%5B%22ETHUSDT%22%5D")
        _, _, everything = await rest(ours, SPOT, path)
        _, _, coin = await rest(ours, COINM, "/dapi/v1/ticker/price?symbol=ETHUSD_PERP")
    assert one["symbol"] == "ETHUSDT" and many == [one]
    assert [row["symbol"] for row in everything] == ["BTCUSDT", "ETHUSDT"]
    assert [row["symbol"] for row in coin] == ["ETHUSD_PERP"]


async def test_one_connection_carries_many_requests(autojump_clock: MockClock) -> None:
    """Keep-alive works, errors included, and an idle connection is closed in the end."""
    async with running(world()) as ours:
        stream = await ours.dial(SPOT)
        for target in ("/api/v3/ping", "/api/v3/depth", "/nothing", "/api/v3/time"):
            status, _, _ = await exchange(stream, SPOT, target)
        assert status == 200
        assert ours.venues["binance"].meter.dials == 1
        await trio.sleep(76)
        assert await stream.receive_some() == b""
        await stream.aclose()


async def test_strangers_get_a_gateways_html(autojump_clock: MockClock) -> None:
    """Unknown paths and hosts, wrong methods and garbage are answered with HTML, not JSON."""
    async with running(world()) as ours:
        for host, target, method, expected in (
            (SPOT, "/api/v3/nothing", "GET", 404),
            (SPOT, "/fapi/v1/ping", "GET", 404),
            (SPOT, "/api/v3/ping", "POST", 405),
            (SPOT, "/ws/btcusdt@depth", "GET", 404),
        ):
            status, headers, body = await rest(ours, host, target, method)
            assert (status, headers["content-type"]) == (expected, "text/html")
            assert body.startswith(b"<html>")
        stream = await ours.dial(SPOT)
        status, _, body = await exchange(stream, "evil.example", "/api/v3/ping")
        assert status == 403 and b"403" in body
        await stream.aclose()
        stream = await ours.dial(SPOT)
        await stream.send_all(b"\x00\x01 garbage\r\n\r\n")
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 400")
        await stream.aclose()


async def test_rest_faults_hit_and_end(autojump_clock: MockClock) -> None:
    """Status, HTML, delay and hang-up, on one path, for so many requests."""
    async with running(world()) as ours:
        ours.fail_rest("binance", RestFault(status=503, path="/depth", left=1))
        target = "/api/v3/depth?symbol=BTCUSDT&limit=5"
        assert (await rest(ours, SPOT, "/api/v3/ping"))[0] == 200
        assert (await rest(ours, SPOT, target))[0] == 503
        assert (await rest(ours, SPOT, target))[0] == 200
        ours.fail_rest("binance", RestFault(html=True))
        status, headers, _ = await rest(ours, SPOT, target)
        assert (status, headers["content-type"]) == (200, "text/html")
        ours.heal_rest("binance")
        before_ms = ours.now_ms()
        ours.fail_rest("binance", RestFault(delay_s=5.0))
        _, _, body = await rest(ours, SPOT, target)
        _, _, later = await rest(ours, SPOT, target)
        assert ours.now_ms() - before_ms == 10_000
        assert body["lastUpdateId"] < later["lastUpdateId"]
        ours.heal_rest("binance")
        ours.fail_rest("binance", RestFault(hang_up=True))
        with pytest.raises((EOFError, h11.RemoteProtocolError)):
            await rest(ours, SPOT, target)


async def test_klines_and_trades_tell_of_the_same_market(autojump_clock: MockClock) -> None:
    """The last candle closes at the last trade; so many rows as asked for, oldest first."""
    async with running(world()) as ours:
        await trio.sleep(30)
        _, _, rows = await rest(ours, SPOT, "/api/v3/klines?symbol=BTCUSDT&interval=1m&limit=1000")
        _, _, trades = await rest(ours, SPOT, "/api/v3/trades?symbol=BTCUSDT&limit=10")
        _, _, merged = await rest(ours, SPOT, "/api/v3/aggTrades?symbol=BTCUSDT&limit=5")
    assert len(rows) == 1000 and len(trades) == 10 and len(merged) == 5
    assert rows[-1][4] == trades[-1]["price"] == merged[-1]["p"]
    assert merged[-1]["l"] == trades[-1]["id"]
    assert [row[0] for row in rows] == sorted(row[0] for row in rows)
