"""MEXC's embedded venue against real frames, the sheet's words and a second schema."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
import trio
from google.protobuf.json_format import MessageToDict
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from exchanges.mexc.frames_pb2 import PushDataWrapper
from exchanges.registry import dialect
from messages.market import PublicMessage
from simulator.instruments import assets
from simulator.mexc.faults import bodiless, with_unknown_field, without_bids
from simulator.mexc.push_pb2 import PushDataV3ApiWrapper
from simulator.topics import truncate
from simulator.world import World
from tests.simulator.client import Client, client, rest, running

HOST, REST_HOST = "wbs-api.mexc.com", "api.mexc.com"
DEPTH = "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"
QUOTES = "spot@public.aggre.bookTicker.v3.api.pb@100ms@BTCUSDT"
DEALS = "spot@public.aggre.deals.v3.api.pb@100ms@BTCUSDT"
TOPICS = (
    DEPTH,
    QUOTES,
    DEALS,
    "spot@public.limit.depth.v3.api.pb@BTCUSDT@20",
    "spot@public.bookTicker.batch.v3.api.pb@BTCUSDT",
    "spot@public.kline.v3.api.pb@BTCUSDT@Min1",
    "spot@public.miniTicker.v3.api.pb@BTCUSDT@24H",
    "spot@public.miniTickers.v3.api.pb@24H",
    "spot@public.increase.depth.batch.v3.api.pb@BTCUSDT",
)


def world(count: int = 2) -> World:
    """MEXC alone."""
    return World(8, venues=["mexc"], assets=assets(count))


@asynccontextmanager
async def connected(ours: World) -> AsyncIterator[Client]:
    """A connection without topics."""
    async with client(ours, HOST, "/ws") as one:
        yield one


async def subscribe(one: Client, *topics: str, request_id: int = 7) -> None:
    """Ask for topics."""
    await one.text(json.dumps({"method": "SUBSCRIPTION", "params": topics, "id": request_id}))


async def frames(one: Client, duration_s: float) -> list[Any]:
    """What comes within so long: decoded text, and bytes as they are."""
    found: list[Any] = []
    with trio.move_on_after(duration_s):
        try:
            while True:
                frame = await one.socket.get_message()
                found.append(json.loads(frame) if isinstance(frame, str) else frame)
        except ConnectionClosed as error:
            one.closed = error.reason
    return found


def read(frame: bytes) -> dict[str, Any]:
    """A frame as the engine's schema reads it, names in the venue's spelling."""
    return dict(MessageToDict(PushDataWrapper.FromString(frame)))


# -- the schema ---------------------------------------------------------------------------------


def test_the_schema_reads_and_writes_real_frames(shared_data: Path) -> None:
    """Every public frame from the wire means what is recorded, and is written byte for byte."""
    records = json.loads((shared_data / "mexc" / "pb_frames.json").read_text())
    records = records if isinstance(records, list) else records["frames"]
    for record in records:
        frame = bytes.fromhex(record["hex"])
        message = PushDataV3ApiWrapper()
        message.ParseFromString(frame)
        assert MessageToDict(message) == record["expected"], record["what"]
        assert message.SerializeToString() == frame
    assert len(records) == 5


def test_both_schemas_agree_on_other_frames(shared_data: Path) -> None:
    """Ours and the engine's, written apart, read the re-encoded frames alike."""
    records = json.loads((shared_data / "mexc" / "pb_reencoded.json").read_text())["records"]
    count = 0
    for record in records:
        if "hex" in record:
            count += 1
            message = PushDataV3ApiWrapper()
            message.ParseFromString(bytes.fromhex(record["hex"]))
            assert MessageToDict(message) == read(bytes.fromhex(record["hex"]))
    assert count == 12


# -- streams ------------------------------------------------------------------------------------


async def test_every_stream_is_read_alike_by_the_other_schema(autojump_clock: MockClock) -> None:
    """All nine topics, without an unknown field, and the engine's codec takes every frame."""
    public = dialect("mexc")
    info = public.symbol_from_native("BTCUSDT")
    codec = public.codec([info], 1)
    async with running(world()) as ours, connected(ours) as one:
        await subscribe(one, *TOPICS)
        got = await frames(one, 30.0)
    assert got[0] == {"id": 7, "code": 0, "msg": ",".join(TOPICS)}
    channels: dict[str, set[str]] = {}
    messages: list[PublicMessage] = []
    bare = 0
    for frame in got[1:]:
        seen, mine = read(frame), PushDataV3ApiWrapper()
        mine.ParseFromString(frame)
        assert MessageToDict(mine) == seen
        bodies = {key for key in seen if key.startswith("public")}
        channels.setdefault(seen["channel"], set()).update(bodies)
        bare += not bodies
        assert ("sendTime" in seen) is not ("createTime" in seen)
        assert ("createTime" in seen) is ("publicSpotKline" in seen)
        messages += codec.decode(frame, 1)
    assert set(channels) == set(TOPICS) and all(len(bodies) == 1 for bodies in channels.values())
    assert bare > 0, "a quiet stream of trades sends a wrapper without a body now and then"
    kinds = {type(message).__name__ for message in messages}
    assert kinds == {"BookDelta", "PartialBook", "BestQuote", "Trade", "Kline", "Ticker24h"}


async def test_a_book_follows_without_a_gap(autojump_clock: MockClock) -> None:
    """The documents' algorithm on Decimals; quotes of equal version agree; the end equals REST."""
    path = "/api/v3/depth?symbol=BTCUSDT&limit=5000"
    book: dict[str, dict[Decimal, Decimal]] = {}
    version, compared = 0, 0
    async with running(world()) as ours, connected(ours) as one:
        await subscribe(one, DEPTH, QUOTES)
        got = (await frames(one, 0.5))[1:]
        _, _, body = await rest(ours, REST_HOST, path)
        for side in ("bids", "asks"):
            book[side] = {Decimal(price): Decimal(size) for price, size in body[side]}
        version = body["lastUpdateId"]
        got += await frames(one, 60.0)
        ours.halt("mexc", "BTCUSDT")
        got += await frames(one, 1.0)
        _, _, end = await rest(ours, REST_HOST, path)
    for frame in map(read, got):
        if "publicAggreDepths" in frame:
            change = frame["publicAggreDepths"]
            if int(change["toVersion"]) <= version:
                continue
            assert int(change["fromVersion"]) <= version + 1
            version = int(change["toVersion"])
            for side in ("bids", "asks"):
                for level in change.get(side, []):
                    size = Decimal(level["quantity"])
                    book[side][Decimal(level["price"])] = size
                book[side] = {price: size for price, size in book[side].items() if size}
        elif frame["publicAggreBookTicker"]["version"] == str(version):
            quote, compared = frame["publicAggreBookTicker"], compared + 1
            assert max(book["bids"]) == Decimal(quote["bidPrice"])
            assert min(book["asks"]) == Decimal(quote["askPrice"])
    assert compared > 20
    assert version == end["lastUpdateId"]
    for side in ("bids", "asks"):
        assert book[side] == {Decimal(price): Decimal(size) for price, size in end[side]}


async def test_zeros_are_spelt_in_two_ways(autojump_clock: MockClock) -> None:
    """Each symbol has one of the two that were seen; a side without a change is absent."""
    topics = [f"spot@public.aggre.depth.v3.api.pb@10ms@{asset.name}USDT" for asset in assets(6)]
    async with running(world(6)) as ours, connected(ours) as one:
        await subscribe(one, *topics)
        zeros: dict[str, set[str]] = {}
        one_sided = 0
        for frame in map(read, (await frames(one, 3.0))[1:]):
            one_sided += len({"bids", "asks"} & set(frame["publicAggreDepths"])) < 2
            for side in ("bids", "asks"):
                for level in frame["publicAggreDepths"].get(side, []):
                    if Decimal(level["quantity"]) == 0:
                        zeros.setdefault(frame["symbol"], set()).add(level["quantity"])
    assert all(len(spellings) == 1 for spellings in zeros.values()) and len(zeros) == 6
    assert one_sided > 0
    assert set.union(*zeros.values()) == {"0", "0.00000000"}


# -- commands and life --------------------------------------------------------------------------


async def test_refusals_look_like_success(autojump_clock: MockClock) -> None:
    """Code 0, id 0, the venue's words; good topics of the same command are acknowledged."""
    bad = "spot@public.miniTicker.v3.api@BTCUSDT@UTC+0"
    other = "spot@public.aggre.depth.v3.api.pb@100ms@NOPEUSDT"
    async with running(world()) as ours, connected(ours) as one:
        await subscribe(one, bad, DEPTH, other, request_id=9)
        ack, refusal = (await frames(one, 0.01))[:2]
        assert ack == {"id": 9, "code": 0, "msg": DEPTH}
        words = f"Not Subscribed successfully! [{bad},{other}].  Reason\uff1a Blocked! "
        assert refusal == {"id": 0, "code": 0, "msg": words}
        await one.text(json.dumps({"method": "UNSUBSCRIPTION", "params": [DEPTH], "id": 10}))
        assert (await frames(one, 0.01))[0] == {"id": 10, "code": 0, "msg": DEPTH}
        for ping in ('{"method":"PING"}', '{"method":"ping"}'):
            await one.text(ping)
            assert await frames(one, 0.01) == [{"id": 0, "code": 0, "msg": "PONG"}]
        for nonsense in ("{", "[1]", '{"method":"SUBSCRIPTION"}', '{"method":"X","params":["a"]}'):
            await one.text(nonsense)
            assert [one["code"] for one in await frames(one, 0.01)] == [0]


async def test_the_thirty_first_topic_is_refused(autojump_clock: MockClock) -> None:
    """30 topics fit a connection; the others are refused by name."""
    names = [
        f"spot@public.kline.v3.api.pb@{asset.name}USDT@{interval}"
        for asset in assets(4)
        for interval in ("Min1", "Min5", "Min15", "Min30", "Min60", "Hour4", "Hour8", "Day1")
    ]
    async with running(world(4)) as ours, connected(ours) as one:
        await subscribe(one, *names)
        ack, refusal = (await frames(one, 0.01))[:2]
    assert ack["msg"] == ",".join(names[:30])
    assert f"[{','.join(names[30:])}]" in refusal["msg"]


@pytest.mark.parametrize(
    ("topics", "pings", "ends_s", "reason"),
    [
        ((), True, 30.0, "no valid subscription"),
        ((DEPTH,), False, None, ""),
        (("spot@public.kline.v3.api.pb@BTCUSDT@Min1",), True, None, ""),
    ],
)
async def test_connections_end_without_topics(
    topics: tuple[str, ...],
    pings: bool,
    ends_s: float | None,
    reason: str,
    autojump_clock: MockClock,
) -> None:
    """Half a minute without a topic is the end, whatever else is said."""
    async with running(world()) as ours, connected(ours) as one:
        began_s = trio.current_time()
        if topics:
            await subscribe(one, *topics)
        while one.closed is None and trio.current_time() < began_s + 100:
            if pings:
                await one.text('{"method":"PING"}')
            await frames(one, 5.0)
        if ends_s is None:
            assert one.closed is None
        else:
            assert trio.current_time() - began_s == pytest.approx(ends_s, abs=0.1)
            assert ours.venues["mexc"].meter.kills == {reason: 1}


async def test_a_connection_without_traffic_ends(autojump_clock: MockClock) -> None:
    """A minute of silence on a subscribed stream is the end; websocket pings do not count."""
    ours = world()
    ours.halt("mexc", "BTCUSDT")
    async with running(ours), connected(ours) as one:
        await subscribe(one, DEPTH)
        await one.next()
        began_s = trio.current_time()
        with trio.move_on_after(5) as scope:
            await one.socket.ping(b"x")
        assert scope.cancelled_caught, "the venue answers no websocket ping"
        await frames(one, 200.0)
        assert trio.current_time() - began_s == pytest.approx(60, abs=0.1)
        assert ours.venues["mexc"].meter.kills == {"idle": 1}


async def test_a_day_is_the_longest_life(autojump_clock: MockClock) -> None:
    """24 hours after its dial the connection ends, however lively it is."""
    ours = World(8, venues=["mexc"], assets=assets(1), step_ms=1000)
    async with running(ours), connected(ours) as one:
        await subscribe(one, "spot@public.miniTicker.v3.api.pb@BTCUSDT@24H")
        ours.pause(86_390.0)
        ours.venues["mexc"].rules = type(ours.venues["mexc"].rules)(
            inbound_per_s=100, ping_every_s=1e9, pong_within_s=1e9
        )
        await frames(one, 86_500.0)
        assert ours.venues["mexc"].meter.kills == {"age limit": 1}


async def test_unknown_listen_keys_are_told_in_plain_text(autojump_clock: MockClock) -> None:
    """The one text that is no JSON."""
    async with running(world()) as ours, client(ours, HOST, "/ws?listenKey=abc") as one:
        assert await one.socket.get_message() == "Invalid listen key"


# -- faults -------------------------------------------------------------------------------------


async def test_frames_can_be_damaged(autojump_clock: MockClock) -> None:
    """Cut, bodiless, one-sided and with a member nobody knows; the connection lives on."""
    async with running(world()) as ours, connected(ours) as one:
        await subscribe(one, QUOTES)
        await one.next()
        ours.tamper("mexc", QUOTES, truncate, bodiless, without_bids, with_unknown_field)
        got = await frames(one, 5.0)
    with pytest.raises(Exception, match="parsing"):
        read(got[0])
    assert set(read(got[1])) == {"channel", "symbol", "sendTime"}
    assert "bidPrice" not in read(got[2])["publicAggreBookTicker"]
    assert read(got[3])["publicAggreBookTicker"]["bidPrice"]
    assert len(got) > 10


async def test_stalls_mutes_cuts_and_delistings_work_here_too(autojump_clock: MockClock) -> None:
    """The faults all venues share."""
    async with running(world()) as ours, connected(ours) as one:
        await subscribe(one, DEPTH, DEPTH.replace("BTC", "ETH"))
        await frames(one, 1.0)
        ours.stall("mexc", 3.0)
        assert await frames(one, 2.9) == []
        assert len(await frames(one, 1.0)) > 50
        ours.mute("mexc", DEPTH)
        assert {read(frame)["symbol"] for frame in await frames(one, 1.0)} == {"ETHUSDT"}
        ours.delist("mexc", "ETHUSDT")
        assert await frames(one, 5.0) == []
        assert ours.shut_down("mexc", 1.0) == 1
        assert await frames(one, 5.0) == [], "this venue announces nothing"
        assert one.closed is not None
