"""Stream connections: commands, routes, limits, pings, ages and shutdowns."""

from __future__ import annotations

import json
from typing import Any

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionRejected

from simulator.binance import FUTURES_RULES, SPOT_RULES
from simulator.instruments import assets
from simulator.protocol import Rules
from simulator.world import World
from tests.simulator.client import Client, client, running

SPOT, USDM, COINM = "stream.binance.com", "fstream.binance.com", "dstream.binance.com"

JUMP = (
    "Invalid request: unknown variant JUMP, expected one of `SUBSCRIBE`, `UNSUBSCRIBE`, "
    "`LIST_SUBSCRIPTIONS`, `SET_PROPERTY`, `GET_PROPERTY` at line 1 column "
)


def world(count: int = 1) -> World:
    """A small world."""
    return World(4, assets=assets(count))


async def ask(one: Client, text: str) -> Any:
    """The answer to one command frame."""
    await one.text(text)
    return await one.next()


async def test_commands_are_acknowledged(autojump_clock: MockClock) -> None:
    """Subscribe, list, properties, unsubscribe: the documents' acknowledgements."""
    async with running(world()) as ours, client(ours, SPOT, "/ws") as one:
        names = ["btcusdt@depth@100ms", "nope@depth"]
        await one.command("SUBSCRIBE", *names, request_id=1)
        assert await one.next() == {"result": None, "id": 1}
        frames = await one.collect(1.0)
        assert len(frames) >= 8 and all(frame["e"] == "depthUpdate" for frame in frames)
        await one.command("SET_PROPERTY", "combined", True, request_id="a-1")
        await one.command("LIST_SUBSCRIPTIONS", request_id=None)
        frames = await one.collect(1.0)
        assert {"result": None, "id": "a-1"} in frames
        assert {"result": names, "id": None} in frames
        assert frames[-1]["stream"] == "btcusdt@depth@100ms"
        await one.command("GET_PROPERTY", "combined", request_id=-5)
        await one.command("UNSUBSCRIBE", *names, request_id=3)
        frames = await one.collect(1.0)
        assert {"result": True, "id": -5} in frames
        assert frames[-1] == {"result": None, "id": 3}
        assert ours.venues["binance"].listings["BTCUSDT"].book.diffs == []


@pytest.mark.parametrize(
    ("frame", "code", "begin", "request_id"),
    [
        ("{not json", 3, "Invalid JSON: expected value at line 1 column", None),
        ("[1]", 2, "Invalid request: ", None),
        ('{"id":1}', 2, "Invalid request: missing field `method` at line 1 column 8", None),
        (
            '{"method":"JUMP","id":1}',
            2,
            JUMP,
            None,
        ),
        ('{"method":"LIST_SUBSCRIPTIONS","id":1.5}', 2, "Invalid request: request ID", None),
        ('{"method":"LIST_SUBSCRIPTIONS","id":"' + "x" * 37 + '"}', 2, "Invalid request: ", None),
        ('{"method":"SUBSCRIBE","params":[7],"id":4}', 2, "Invalid request: invalid stream", 4),
        ('{"method":"SUBSCRIBE","id":4}', 2, "Invalid request: ", 4),
        ('{"method":"SET_PROPERTY","params":["combined",1],"id":5}', 1, "Invalid value type", 5),
        ('{"method":"GET_PROPERTY","params":["color"],"id":6}', 0, "Unknown property", 6),
        ('{"method":"GET_PROPERTY","params":[1],"id":6}', 2, "Invalid request: property name", 6),
    ],
)
async def test_wrong_commands_are_refused(
    frame: str, code: int, begin: str, request_id: Any, autojump_clock: MockClock
) -> None:
    """The documented codes, bare while the id is unknown, wrapped with it; the socket lives."""
    async with running(world()) as ours, client(ours, SPOT, "/ws") as one:
        answer = await ask(one, frame)
        error = answer if request_id is None else answer["error"]
        assert error["code"] == code and error["msg"].startswith(begin)
        assert answer.get("id") == request_id
        assert await ask(one, '{"method":"LIST_SUBSCRIPTIONS","id":9}') == {"result": [], "id": 9}


ROUTES = [
    ("/public/stream", {"depth@100ms", "bookTicker", "trade"}),
    ("/market/stream", {"aggTrade", "markPrice@1s", "ticker"}),
    ("/stream", {"depth@100ms", "bookTicker", "trade"}),
    ("/private/stream", set()),
]


@pytest.mark.parametrize(("address", "heard"), ROUTES)
async def test_a_wrong_route_is_acknowledged_and_silent(
    address: str, heard: set[str], autojump_clock: MockClock
) -> None:
    """USD-M delivers books on /public and unrouted, the rest on /market, and never complains."""
    kinds = ("depth@100ms", "bookTicker", "trade", "aggTrade", "markPrice@1s", "ticker")
    names = [f"btcusdt@{kind}" for kind in kinds]
    async with running(world()) as ours, client(ours, USDM, address) as one:
        await one.command("SUBSCRIBE", *names)
        assert await one.next() == {"result": None, "id": 1}
        frames = await one.collect(8.0)
        assert {frame["stream"].partition("@")[2] for frame in frames} == heard
        await one.command("LIST_SUBSCRIPTIONS", request_id=2)
        frames = await one.collect(1.0)
        assert {"result": names, "id": 2} in frames


@pytest.mark.parametrize(
    ("host", "resource"),
    [(SPOT, "/ws/BTCUSDT@depth"), (SPOT, "/ws/btcusdt@deepth"), (COINM, "/ws/btcusdt@depth")],
)
async def test_unknown_streams_connect_and_stay_silent(
    host: str, resource: str, autojump_clock: MockClock
) -> None:
    """Upper case, misspelt and foreign names bring nothing at all."""
    async with running(world()) as ours, client(ours, host, resource) as one:
        assert await one.collect(30.0) == [] and one.closed is None


async def test_microseconds_are_spot_times_times_a_thousand(autojump_clock: MockClock) -> None:
    """`timeUnit=MICROSECOND` changes the times of that connection only."""
    name = "btcusdt@depth@100ms"
    async with running(world()) as ours, client(ours, SPOT, f"/ws/{name}") as millis:
        resource = f"/stream?streams={name}&timeUnit=MICROSECOND"
        async with client(ours, SPOT, resource) as micros:
            await trio.sleep(1)
            one, two = await millis.next(), (await micros.next())["data"]
    assert one["E"] < 10**13 <= two["E"] < 10**16
    assert (two["E"] // 1000 - one["E"]) % 10 == 0


async def test_unknown_paths_are_refused(autojump_clock: MockClock) -> None:
    """No upgrade happens outside /ws and /stream."""
    async with running(world()) as ours:
        with pytest.RaisesGroup(ConnectionRejected, flatten_subgroups=True):
            async with client(ours, SPOT, "/public/ws"):
                pass
        assert ours.venues["binance"].meter.upgrades_refused == 1


@pytest.mark.parametrize(
    ("host", "venue", "limit"), [(SPOT, "binance", 5), (USDM, "binance_usdm", 10)]
)
async def test_too_many_frames_a_second_end_the_connection(
    host: str, venue: str, limit: int, autojump_clock: MockClock
) -> None:
    """The limit is allowed second after second, one more frame is the end; pings count."""
    async with running(world()) as ours, client(ours, host, "/ws") as one:
        for _ in range(3):
            for number in range(limit - 1):
                await one.command("LIST_SUBSCRIPTIONS", request_id=number)
            await one.socket.ping(b"x")
            await one.collect(1.01)
        assert len(one.received) == 3 * (limit - 1)
        for number in range(limit + 1):
            await one.command("LIST_SUBSCRIPTIONS", request_id=number)
        await one.collect(1.0)
        assert one.closed.code == 1008
        meter = ours.venues[venue].meter
        assert meter.kills == {"too many requests": 1}
        assert meter.peak_frames_in_1s == limit + 1


async def test_at_most_1024_streams_fit_one_connection(autojump_clock: MockClock) -> None:
    """The 1025th stream is refused, and the others stay."""
    names = [f"s{number}@trade" for number in range(1024)]
    async with running(world()) as ours, client(ours, SPOT, "/ws") as one:
        await one.command("SUBSCRIBE", *names)
        assert await one.next() == {"result": None, "id": 1}
        answer = await ask(
            one, json.dumps({"method": "SUBSCRIBE", "params": [names[0], "more@trade"], "id": 2})
        )
        assert answer["error"]["code"] == 2
        await one.command("UNSUBSCRIBE", names[5], request_id=3)
        await one.command("SUBSCRIBE", "more@trade", request_id=4)
        assert [await one.next() for _ in range(2)] == [
            {"result": None, "id": 3},
            {"result": None, "id": 4},
        ]


def test_the_rules_are_those_of_the_documents() -> None:
    """Pings, pong windows, inbound limits, weights, ages and stream counts of both sheets."""
    assert (
        Rules(
            inbound_per_s=5,
            ping_every_s=20,
            pong_within_s=60,
            weight_per_minute=6000,
            max_age_s=24 * 3600,
            streams_per_connection=1024,
            connects_per_window=300,
        )
        == SPOT_RULES
    )
    assert (
        Rules(
            inbound_per_s=10,
            ping_every_s=180,
            pong_within_s=600,
            weight_per_minute=2400,
            max_age_s=24 * 3600,
            streams_per_connection=1024,
            connects_per_window=300,
        )
        == FUTURES_RULES
    )


async def test_a_client_without_pongs_is_dropped(autojump_clock: MockClock) -> None:
    """Pings come on time; a silent client lives until the pong is overdue, not longer."""
    async with running(world()) as ours:
        stream = await ours.dial(SPOT)
        upgrade = (
            f"GET /ws HTTP/1.1\r\nHost: {SPOT}\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n"
        )
        started_s = trio.current_time()
        await stream.send_all(upgrade.encode())
        assert (await stream.receive_some()).startswith(b"HTTP/1.1 101")
        ping = await stream.receive_some()
        assert trio.current_time() - started_s == pytest.approx(20)
        assert ping[0] == 0x89 and ping[2:].isdigit()
        while await stream.receive_some():
            pass
        assert trio.current_time() - started_s == pytest.approx(20 + 60)
        assert ours.venues["binance"].meter.kills == {"no pong": 1}
        await stream.aclose()


async def test_a_client_with_pongs_lives_to_the_age_limit_and_no_longer(
    autojump_clock: MockClock,
) -> None:
    """A quiet client that answers pings lives until the venue's age limit ends it."""
    ours = World(4, assets=assets(1), step_ms=1000)
    ours.halt("binance", "BTCUSDT")
    for venue in ours.venues.values():
        venue.rules = type(venue.rules)(
            inbound_per_s=5,
            ping_every_s=20,
            pong_within_s=60,
            weight_per_minute=6000,
            max_age_s=300.0,
        )
    async with running(ours), client(ours, SPOT, "/ws") as one:
        started_s = trio.current_time()
        await one.collect(2_000.0)
        assert trio.current_time() - started_s == pytest.approx(300.0, abs=1)
        assert one.closed.code == 1001
        assert ours.venues["binance"].meter.kills == {"age limit": 1}


async def test_a_shutdown_is_announced_and_follows(autojump_clock: MockClock) -> None:
    """Raw and combined connections get their form of serverShutdown, then the close."""
    async with (
        running(world()) as ours,
        client(ours, SPOT, "/ws") as raw,
        client(ours, SPOT, "/stream") as combined,
    ):
        assert ours.shut_down("binance", close_after_s=3.0) == 2
        at_ms = ours.now_ms()
        event = {"e": "serverShutdown", "E": at_ms}
        assert await raw.next() == event
        assert await combined.next() == {"stream": "!serverShutdown", "data": event}
        await raw.collect(10.0)
        assert raw.closed.code == 1001 and ours.now_ms() - at_ms == 3000


async def test_a_client_that_does_not_read_is_dropped(autojump_clock: MockClock) -> None:
    """Unread events pile up to a limit, then the venue gives the client up and counts the loss."""
    ours = World(4, assets=assets(6), venues=["binance"])
    async with running(ours):
        stream = await ours.dial(SPOT)
        names = "/".join(
            f"{native.lower()}@{kind}"
            for native in ours.venues["binance"].listings
            for kind in ("depth@100ms", "depth20@100ms", "bookTicker", "trade")
        )
        await stream.send_all(
            f"GET /stream?streams={names} HTTP/1.1\r\nHost: {SPOT}\r\nUpgrade: websocket\r\n"
            "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
            "Sec-WebSocket-Version: 13\r\n\r\n".encode()
        )
        meter = ours.venues["binance"].meter
        for _ in range(600):
            await trio.sleep(1)
            if meter.closed:
                break
        assert meter.kills == {"slow reader": 1} and meter.frames_lost > 100
        assert ours.venues["binance"].connections == {}
        await stream.aclose()


async def test_candles_close_once_each(autojump_clock: MockClock) -> None:
    """Every minute ends with exactly one closed candle that fits the next one's open."""
    async with running(world()) as ours, client(ours, SPOT, "/ws/btcusdt@kline_1m") as one:
        candles = [frame["k"] for frame in await one.collect(190.0)]
    closed = [candle for candle in candles if candle["x"]]
    assert len(closed) == 3
    assert [candle["t"] for candle in closed] == sorted({candle["t"] for candle in closed})
    for candle in candles:
        assert candle["T"] == candle["t"] + 59_999
        assert float(candle["l"]) <= float(candle["o"]) <= float(candle["h"])


async def test_connections_opened_at_once_are_told_apart(autojump_clock: MockClock) -> None:
    """Each has a number of its own, however many upgrades are answered in one instant."""
    async with running(world()) as ours:
        opened = trio.Event()

        async def hold() -> None:
            async with client(ours, SPOT, "/ws"):
                await opened.wait()

        async with trio.open_nursery() as nursery:
            for _ in range(5):
                nursery.start_soon(hold)
            await trio.sleep(1)
            assert sorted(ours.venues["binance"].connections) == [1, 2, 3, 4, 5]
            opened.set()
        await trio.sleep(2)
        assert ours.venues["binance"].connections == {}
