"""Gate's commands, limits, REST answers and errors, held against the sheets and recordings."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import trio
from trio.testing import MockClock

from exchanges.gateio.codec import GateCodec
from exchanges.registry import dialect
from messages.market import BookDelta, BookSnapshot, PublicMessage
from simulator.instruments import assets
from simulator.rest import RestFault
from simulator.world import World
from tests.simulator.client import rest, running
from tests.simulator.gateio.gate_client import PLACES, REST_HOST, ask, connected

MARKETS = sorted(PLACES)


def world(count: int = 2, **options: Any) -> World:
    """Both markets."""
    return World(5, venues=["gateio", "gateio_futures"], assets=assets(count), **options)


@pytest.mark.parametrize("market", MARKETS)
async def test_what_is_wrong_is_refused_as_documented(
    market: str, autojump_clock: MockClock
) -> None:
    """Bad pairs fail whole lists, old times, duplicates, private and unknown channels; pongs."""
    what = "contract" if market == "futures" else "currency pair"
    async with running(world()) as ours, connected(ours, market) as one:
        trades, book = f"{market}.trades", f"{market}.obu"

        async def refusal(channel: str, *payload: str, **more: Any) -> Any:
            await ask(ours, one, channel, *payload, **more)
            reply = await one.next()
            assert reply["result"] == {"status": "fail"} and reply["channel"] == channel
            return reply["error"]

        assert await refusal(trades, "BTC_USDT", "NO_USDT") == {
            "code": 2,
            "message": f"unknown {what}: NO_USDT",
        }
        assert not next(iter(ours.venues[PLACES[market][0]].connections.values())).streams
        for channel, payload, more, code in (
            (trades, ("BTC_USDT",), {"time": 0}, 2),
            (trades, ("BTC_USDT",), {"time": None}, 1),
            (trades, (), {}, 2),
            (trades, ("BTC_USDT",), {"event": "sing"}, 2),
            (f"{market}.order_book_update", ("BTC_USDT", "1000ms"), {}, 2),
            (book, ("ob.BTC_USDT.100",), {}, 2),
            (f"{market}.orders", ("!all",), {}, 4),
            (f"{market}.weather", ("BTC_USDT",), {}, 2),
        ):
            assert (await refusal(channel, *payload, **more))["code"] == code, (channel, more)
        await one.text("{not json")
        assert (await one.next())["error"]["code"] == 1
        await ask(ours, one, book, "ob.BTC_USDT.50")
        assert "error" not in await one.next()
        await ask(ours, one, book, "ob.BTC_USDT.50")
        replies = [frame for frame in await one.collect(0.01) if "error" in frame]
        assert replies[0]["error"] == {"code": 2, "message": "Alert sub ob.BTC_USDT.50"}
        await one.text(json.dumps({"time": ours.now_ms() // 1000, "channel": f"{market}.ping"}))
        pong = next(frame for frame in await one.collect(0.02) if frame["channel"] != book)
        assert pong["channel"] == f"{market}.pong" and pong["result"] is pong["error"] is None


async def test_a_silent_connection_is_dropped_and_a_pinging_one_lives(
    autojump_clock: MockClock,
) -> None:
    """A minute without a message ends it, websocket pongs or not; the venue's own ping keeps it."""
    async with (
        running(world()) as ours,
        connected(ours, "spot") as quiet,
        connected(ours, "spot") as pinging,
    ):
        began_s = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(quiet.collect, 200.0)
            for _ in range(15):
                await pinging.text('{"time":1,"channel":"spot.ping"}')
                await trio.sleep(10)
            assert quiet.closed is not None
            assert pinging.socket.closed is None
            nursery.cancel_scope.cancel()
        assert ours.venues["gateio"].meter.kills == {"idle": 1}
        assert trio.current_time() - began_s == pytest.approx(150)


async def test_budgets_are_per_endpoint_and_told(autojump_clock: MockClock) -> None:
    """200 requests in ten seconds each; then 429 with the moment of the reset, never a ban."""
    path = "/api/v4/spot/time"
    async with running(world()) as ours:
        for count in range(1, 201):
            status, headers, _ = await rest(ours, REST_HOST, path)
            assert status == 200
            assert headers["x-gate-ratelimit-requests-remain"] == str(200 - count)
        for _ in range(30):
            status, headers, body = await rest(ours, REST_HOST, path)
            assert status == 429 and body["label"] == "TOO_MANY_REQUESTS"
        assert headers["x-gate-ratelimit-limit"] == "200"
        reset_s = int(headers["x-gate-ratelimit-reset-timestamp"])
        assert 0 < reset_s - ours.now_ms() / 1000 <= 10
        other, _, _ = await rest(ours, REST_HOST, "/api/v4/spot/tickers")
        assert other == 200
        await trio.sleep(reset_s - ours.now_ms() / 1000)
        assert (await rest(ours, REST_HOST, path))[0] == 200


@pytest.mark.parametrize(
    ("path", "label"),
    [
        ("spot/order_book?currency_pair=NO_USDT", "INVALID_CURRENCY_PAIR"),
        ("spot/order_book", "MISSING_REQUIRED_PARAM"),
        ("spot/order_book?currency_pair=BTC_USDT&limit=x", "INVALID_PARAM_VALUE"),
        ("spot/candlesticks?currency_pair=BTC_USDT&interval=7m", "INVALID_PARAM_VALUE"),
        ("spot/currency_pairs/NO_USDT", "INVALID_CURRENCY_PAIR"),
        ("futures/usdt/order_book?contract=NO_USDT", "CONTRACT_NOT_FOUND"),
        ("futures/usdt/contracts/NO_USDT", "CONTRACT_NOT_FOUND"),
        ("futures/usdt/trades", "MISSING_REQUIRED_PARAM"),
    ],
)
async def test_errors_have_labels(path: str, label: str, autojump_clock: MockClock) -> None:
    """The documented label for each mistake."""
    async with running(world()) as ours:
        status, _, body = await rest(ours, REST_HOST, f"/api/v4/{path}")
        assert (status, body["label"]) == (400, label)


async def test_deep_snapshots_come_from_a_cache(autojump_clock: MockClock) -> None:
    """Beyond 100 levels an answer may be half a minute old; without with_id it has no id."""
    path = "/api/v4/spot/order_book?currency_pair=BTC_USDT&with_id=true&limit="
    async with running(world()) as ours:
        ids = []
        for _ in range(3):
            _, _, deep = await rest(ours, REST_HOST, f"{path}200")
            _, _, live = await rest(ours, REST_HOST, f"{path}100")
            assert len(deep["bids"]) == 200 and len(live["bids"]) == 100
            ids.append((deep["id"], live["id"]))
            await trio.sleep(14)
        assert ids[0][0] == ids[1][0] == ids[2][0] and len({live for _, live in ids}) == 3
        await trio.sleep(10)
        _, _, deep = await rest(ours, REST_HOST, f"{path}200")
        assert deep["id"] > ids[0][0]
        _, _, plain = await rest(ours, REST_HOST, "/api/v4/spot/order_book?currency_pair=BTC_USDT")
        assert "id" not in plain and len(plain["bids"]) == 10


async def test_faults_and_lifecycle_speak_gate(autojump_clock: MockClock) -> None:
    """Trouble has labels, a page or no body; restricted, halted and delisted symbols show."""
    pairs = "/api/v4/spot/currency_pairs"
    async with running(world()) as ours, connected(ours, "spot") as one:
        for fault, status, text in (
            (RestFault(status=503, left=1), 503, "TOO_BUSY"),
            (RestFault(status=429, left=1), 429, "TOO_MANY_REQUESTS"),
            (RestFault(html=True, status=502, left=1), 502, "<html>"),
            (RestFault(empty=True, left=1), 200, "b''"),
        ):
            ours.fail_rest("gateio", fault)
            answered, _, body = await rest(ours, REST_HOST, pairs)
            assert answered == status and text in str(body)
        await ask(ours, one, "spot.trades", "BTC_USDT")
        await one.next()
        ours.restrict("gateio", "ETH_USDT")
        ours.delist("gateio", "BTC_USDT")
        _, _, listed = await rest(ours, REST_HOST, pairs)
        assert [(each["id"], each["trade_status"]) for each in listed] == [("ETH_USDT", "sellable")]
        assert await one.collect(20.0) == []
        await ask(ours, one, "spot.trades", "BTC_USDT")
        assert (await one.next())["error"]["message"] == "unknown currency pair: BTC_USDT"
        _, _, contract = await rest(ours, REST_HOST, "/api/v4/futures/usdt/contracts/BTC_USDT")
        assert contract["status"] == "trading" and contract["quanto_multiplier"] == "0.0001"


CHANNELS = {
    "spot": (
        ("trades", "BTC_USDT"),
        ("tickers", "BTC_USDT"),
        ("candlesticks", "1m", "BTC_USDT"),
        ("book_ticker", "BTC_USDT"),
        ("order_book_update", "BTC_USDT", "100ms"),
        ("order_book", "BTC_USDT", "20", "100ms"),
        ("obu", "ob.BTC_USDT.50"),
    ),
    "futures": (
        ("trades", "BTC_USDT"),
        ("tickers", "BTC_USDT"),
        ("candlesticks", "1m", "BTC_USDT"),
        ("book_ticker", "BTC_USDT"),
        ("order_book_update", "BTC_USDT", "100ms", "100"),
        ("order_book", "BTC_USDT", "20", "0"),
        ("obu", "ob.BTC_USDT.50"),
    ),
}


async def updates(market: str, *, recorded: bool = False, decimals: bool = False) -> list[Any]:
    """Every event of every channel in half a minute."""
    ours = world(1, recorded=recorded)
    async with running(ours), connected(ours, market, decimals) as one:
        for channel, *payload in CHANNELS[market]:
            await ask(ours, one, f"{market}.{channel}", *payload)
        frames = await one.collect(30.0)
    return [frame for frame in frames if frame.get("event") != "subscribe"]


def recordings(folder: Path, market: str) -> Iterator[Any]:
    """Real updates."""
    name = {"spot": "gate/spot_20210422", "futures": "gate_futures/usdt_20230524"}[market]
    with gzip.open(folder / "cryptofeed" / f"{name}.ws.txt.gz", "rt") as lines:
        for line in lines:
            place = line.find('{"time"')
            frame = json.loads(line[place:]) if place >= 0 and "<-" not in line else {}
            if frame.get("event") == "update":
                yield frame


@pytest.mark.parametrize("market", MARKETS)
async def test_events_have_the_members_of_real_recordings(
    market: str, shared_data: Path, autojump_clock: MockClock
) -> None:
    """In the recorded form every event has exactly the members and types of the real ones."""
    mine: dict[str, Any] = {}
    for frame in await updates(market, recorded=True):
        mine.setdefault(frame["channel"], frame)
    seen = set()
    for theirs in recordings(shared_data, market):
        ours = mine[theirs["channel"]]
        seen.add(theirs["channel"])
        assert set(ours) == set(theirs), theirs["channel"]
        assert set(ours["result"]) == set(theirs["result"]), theirs["channel"]
        for key, value in theirs["result"].items():
            assert type(ours["result"][key]) is type(value), (theirs["channel"], key)
            if isinstance(value, list) and value and ours["result"][key]:
                assert type(ours["result"][key][0]) is type(value[0])
    assert len(seen) == {"spot": 4, "futures": 2}[market]


@pytest.mark.parametrize("decimals", [False, True])
@pytest.mark.parametrize("market", MARKETS)
async def test_a_codec_of_others_reads_every_event(
    market: str, decimals: bool, autojump_clock: MockClock
) -> None:
    """The engine's codec, written from the same sheets by somebody else, reads all of it."""
    public = dialect(PLACES[market][0])
    info = public.symbol_from_native("BTC_USDT")
    codec = public.codec([info], 1)
    assert isinstance(codec, GateCodec)
    messages: list[PublicMessage] = []
    for frame in await updates(market, decimals=decimals):
        messages += codec.decode(json.dumps(frame).encode(), 1)
    kinds = {type(message).__name__ for message in messages}
    assert kinds >= {"BestQuote", "Trade", "Kline", "Ticker24h", "PartialBook", "BookDelta"}
    assert any(isinstance(message, BookSnapshot) for message in messages)
    assert {message.symbol for message in messages if isinstance(message, BookDelta)} <= {
        info.symbol
    }


@pytest.mark.parametrize("venue", ["gateio", "gateio_futures"])
async def test_a_dialect_of_others_reads_every_answer(
    venue: str, autojump_clock: MockClock
) -> None:
    """Symbols with their rules, snapshots, tickers, trades, candles, time."""
    public = dialect(venue)
    async with running(world(4)) as ours:
        await trio.sleep(30)

        async def answer(request: Any) -> bytes:
            query = "&".join(f"{name}={value}" for name, value in request.query)
            _, _, body = await rest(ours, REST_HOST, f"{request.path}?{query}")
            return json.dumps(body).encode()

        listed = public.decode_venue_info(await answer(public.venue_info_request()))
        infos = {info.native: info for info in listed.symbols}
        assert len(infos) == 4 and all(info.tradeable for info in infos.values())
        for native, live in ours.venues[venue].listings.items():
            info, listing = infos[native], live.listing
            assert info.tick is not None and info.lot is not None
            assert float(info.tick) == pytest.approx(listing.tick)
            assert float(info.lot * info.contract_size) == pytest.approx(listing.lot)
        info = infos["BTC_USDT"]
        snapshot = public.decode_snapshot(
            await answer(public.snapshot_request(info, 100)), info, 1, 1
        )
        assert len(snapshot.bids) == 100 and snapshot.bids[0][0] < snapshot.asks[0][0]
        tickers = public.decode_tickers(await answer(public.tickers_request()), infos.values(), 1)
        assert len(tickers) == 4
        trades = public.decode_trades(await answer(public.trades_request(info, 5)), info, 1)
        assert len(trades) == 5 and all(
            abs(one.venue_ms - ours.now_ms()) < 31_000 for one in trades
        )
        candles = public.decode_klines(
            await answer(public.klines_request(info, "1m", 3)), info, "1m", 1
        )
        assert len(candles) == 3 and candles[-1].open_ms == ours.now_ms() // 60_000 * 60_000
        time = public.decode_server_time(await answer(public.server_time_request()), 1)
        assert 0 <= ours.now_ms() - time.venue_ms < 1000
