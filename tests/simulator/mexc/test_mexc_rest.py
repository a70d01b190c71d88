"""MEXC's REST answers, budgets and errors, read by the engine's dialect as a second reading."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from exchanges.registry import dialect
from simulator.rest import RestFault
from tests.simulator.client import rest, running
from tests.simulator.mexc.test_mexc import REST_HOST, world


async def test_a_dialect_of_others_reads_every_answer(autojump_clock: MockClock) -> None:
    """Symbols with rules and restrictions, snapshots, tickers, trades, candles, time."""
    public: Any = dialect("mexc")
    async with running(world(4)) as ours:
        await trio.sleep(30)
        ours.restrict("mexc", "ETHUSDT")
        ours.halt("mexc", "SOLUSDT")

        async def answer(request: Any) -> bytes:
            query = "&".join(f"{name}={value}" for name, value in request.query)
            status, _, body = await rest(ours, REST_HOST, f"{request.path}?{query}")
            assert status == 200
            return json.dumps(body).encode()

        listed = public.decode_venue_info(await answer(public.venue_info_request()))
        infos = {info.native: info for info in listed.symbols}
        assert {native for native, info in infos.items() if info.tradeable} == {
            "BTCUSDT",
            "ETHUSDT",
            "XRPUSDT",
        }
        _, _, allowed = await rest(ours, REST_HOST, "/api/v3/defaultSymbols")
        assert allowed["data"] == ["BTCUSDT", "SOLUSDT", "XRPUSDT"] and allowed["code"] == 0
        for native, live in ours.venues["mexc"].listings.items():
            assert float(infos[native].tick) == pytest.approx(live.listing.tick)
            assert float(infos[native].lot) == pytest.approx(live.listing.lot)
        info = infos["BTCUSDT"]
        snapshot = public.decode_snapshot(
            await answer(public.snapshot_request(info, 1000)), info, 1, 1
        )
        assert len(snapshot.bids) > 200 and snapshot.bids[0][0] < snapshot.asks[0][0]
        tickers = public.decode_tickers(await answer(public.tickers_request()), infos.values(), 1)
        assert len(tickers) == 4
        trades = public.decode_trades(await answer(public.trades_request(info, 5)), info, 1)
        assert len(trades) == 5
        candles = public.decode_klines(
            await answer(public.klines_request(info, "1h", 3)), info, "1h", 1
        )
        assert len(candles) == 3
        time = public.decode_server_time(await answer(public.server_time_request()), 1)
        assert 0 <= ours.now_ms() - time.venue_ms < 1000


async def test_budgets_are_per_endpoint_and_end_in_a_ban(autojump_clock: MockClock) -> None:
    """500 of weight in ten seconds each, then 429 with Retry-After, then 418 for two minutes."""
    tickers, time = "/api/v3/ticker/24hr", "/api/v3/time"
    async with running(world()) as ours:
        statuses = [(await rest(ours, REST_HOST, tickers))[0] for _ in range(13)]
        assert statuses == [200] * 12 + [429]
        status, headers, body = await rest(ours, REST_HOST, tickers)
        assert (status, body["code"]) == (429, 429) and 0 < int(headers["retry-after"]) <= 10
        assert (await rest(ours, REST_HOST, time))[0] == 200
        for _ in range(10):
            status, headers, _ = await rest(ours, REST_HOST, tickers)
        assert status == 418 and int(headers["retry-after"]) == 120


@pytest.mark.parametrize(
    ("target", "status", "code"),
    [
        ("depth", 400, 700_004),
        ("depth?symbol=NOPE", 400, -1121),
        ("depth?symbol=BTCUSDT&limit=x", 400, 730_002),
        ("klines?symbol=BTCUSDT&interval=1h", 400, -1121),
        ("aggTrades?symbol=BTCUSDT&startTime=1", 400, 730_002),
    ],
)
async def test_errors_have_codes(
    target: str, status: int, code: int, autojump_clock: MockClock
) -> None:
    """The documented code for each mistake."""
    async with running(world()) as ours:
        answered, _, body = await rest(ours, REST_HOST, f"/api/v3/{target}")
        assert (answered, body["code"]) == (status, code)


async def test_trouble_has_codes_some_with_status_200(autojump_clock: MockClock) -> None:
    """510 comes in an answer that looks well; a gateway sends a page."""
    async with running(world()) as ours:
        ours.fail_rest("mexc", RestFault(status=510, left=1))
        status, _, body = await rest(ours, REST_HOST, "/api/v3/time")
        assert (status, body["code"]) == (200, 510)
        ours.fail_rest("mexc", RestFault(status=504, left=1))
        assert (await rest(ours, REST_HOST, "/api/v3/time"))[0] == 504
        ours.fail_rest("mexc", RestFault(html=True, left=1))
        status, _, body = await rest(ours, REST_HOST, "/api/v3/time")
        assert status == 200 and body.startswith(b"<html>")
