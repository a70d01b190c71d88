"""Faults: each knob does what it says, is noticed by a following client, and heals."""

from __future__ import annotations

from itertools import pairwise

import pytest
import trio
from trio.testing import MockClock
from trio_websocket import ConnectionClosed

from messages.errors import DialFailed, UsageError
from simulator.instruments import assets
from simulator.topics import Mangler, drop, duplicate, reorder
from simulator.world import World
from tests.simulator.client import ReferenceBook, client, follow, rest, running

PLACES = {
    "binance": (
        "stream.binance.com",
        "/stream",
        "btcusdt@depth@100ms",
        "/api/v3/depth?symbol=BTCUSDT&limit=5000",
    ),
    "binance_usdm": (
        "fstream.binance.com",
        "/public/stream",
        "btcusdt@depth@100ms",
        "/fapi/v1/depth?symbol=BTCUSDT&limit=1000",
    ),
    "binance_coinm": (
        "dstream.binance.com",
        "/stream",
        "btcusd_perp@depth@100ms",
        "/dapi/v1/depth?symbol=BTCUSD_PERP&limit=1000",
    ),
}


def world() -> World:
    """A small world."""
    return World(6, assets=assets(1))


async def test_a_cut_is_a_reset_and_a_new_dial_works(autojump_clock: MockClock) -> None:
    """Cut clients see no close frame; chosen connections only; the venue forgets them."""
    async with running(world()) as ours:
        host = "stream.binance.com"
        async with client(ours, host, "/ws") as one, client(ours, host, "/ws") as two:
            first, second = ours.venues["binance"].connections
            assert ours.cut("binance", first) == 1 and ours.cut("binance", 99) == 0
            with pytest.raises(ConnectionClosed) as lost:
                await one.next()
            assert lost.value.reason is None or lost.value.reason.code == 1006
            await two.command("LIST_SUBSCRIPTIONS")
            assert await two.next() == {"result": [], "id": 1}
            assert list(ours.venues["binance"].connections) == [second]
            assert ours.cut("binance") == 1
        async with client(ours, host, "/ws") as three:
            await three.command("LIST_SUBSCRIPTIONS")
            assert await three.next() == {"result": [], "id": 1}


async def test_refused_dials_come_back(autojump_clock: MockClock) -> None:
    """Dials fail for so long, REST included, other venues answer; strangers never do."""
    async with running(world()) as ours:
        ours.refuse_dials("binance", 60.0)
        with pytest.raises(DialFailed, match=r"api\.binance\.com:443: Connection refused"):
            await ours.dial("api.binance.com", 443, True)
        await (await ours.dial("fapi.binance.com")).aclose()
        await trio.sleep(60)
        await (await ours.dial("wss://stream.binance.com:9443/ws")).aclose()
        with pytest.raises(DialFailed, match="no simulated venue"):
            await ours.dial("api.example.com")
    with pytest.raises(UsageError):
        await ours.dial("api.binance.com")


async def test_a_stall_delays_and_loses_nothing(autojump_clock: MockClock) -> None:
    """During a stall nothing arrives; afterwards everything does, in order."""
    host, address, stream, _ = PLACES["binance"]
    resource = f"{address}?streams={stream}"
    async with running(world()) as ours, client(ours, host, resource) as one:
        await one.collect(1.0)
        assert ours.stall("binance", 5.0) == 1
        assert await one.collect(4.9) == []
        frames = await one.collect(2.0)
        assert len(frames) > 50
        events = [frame["data"] for frame in one.received]
        for before, after in pairwise(events):
            assert after["U"] == before["u"] + 1


async def test_a_muted_stream_is_silent_on_a_live_socket(autojump_clock: MockClock) -> None:
    """Only that stream stops, and it returns with a gap."""
    host, address, stream, _ = PLACES["binance"]
    async with running(world()) as ours:
        resource = f"{address}?streams={stream}/btcusdt@bookTicker"
        async with client(ours, host, resource) as one:
            await one.collect(1.0)
            ours.mute("binance", stream)
            assert {frame["stream"] for frame in await one.collect(5.0)} == {"btcusdt@bookTicker"}
            last_id = max(
                frame["data"]["u"] for frame in one.received if "@depth" in frame["stream"]
            )
            ours.mute("binance", stream, False)
            frames = await one.collect(1.0)
            first = next(frame["data"] for frame in frames if frame["stream"] == stream)
            assert first["U"] > last_id + 1


@pytest.mark.parametrize("venue", sorted(PLACES))
@pytest.mark.parametrize(
    ("manglers", "gaps"),
    [((drop,), 1), ((duplicate,), 0), (reorder(), 1)],
    ids=["drop", "duplicate", "reorder"],
)
async def test_tampering_breaks_the_chain_where_it_should(
    venue: str, manglers: tuple[Mangler, ...], gaps: int, autojump_clock: MockClock
) -> None:
    """A following client notices a dropped and a swapped event, and ignores a repeated one."""
    host, address, stream, snapshot = PLACES[venue]
    book = ReferenceBook(futures=venue != "binance")
    resource = f"{address}?streams={stream}"
    async with running(world()) as ours, client(ours, host, resource) as one:
        await follow(ours, host, one, book, snapshot, 5.0)
        assert book.gaps == 0
        ours.tamper(venue, stream, *manglers)
        for frame in await one.collect(1.0):
            book.event(frame["data"])
    assert book.gaps == gaps


@pytest.mark.parametrize("venue", sorted(PLACES))
@pytest.mark.parametrize("lag_ms", [400, 3_000])
async def test_old_snapshots_are_old_and_still_true(
    venue: str, lag_ms: int, autojump_clock: MockClock
) -> None:
    """With a lag the first snapshots precede the stream; a patient client follows all the same."""
    host, address, stream, snapshot = PLACES[venue]
    book = ReferenceBook(futures=venue != "binance")
    async with running(world()) as ours:
        _, _, before = await rest(ours, host, snapshot)
        ours.lag_snapshots(venue, lag_ms)
        await trio.sleep(5)
        async with client(ours, host, f"{address}?streams={stream}") as one:
            fetched = await follow(ours, host, one, book, snapshot, 10.0)
        assert fetched > 1
        assert book.gaps == 0 and book.applied > 50
        ours.lag_snapshots(venue, 0)
        _, _, after = await rest(ours, host, snapshot)
        assert after["lastUpdateId"] >= book.last_id > before["lastUpdateId"]


async def test_lost_acks_are_lost_and_not_carried_out(autojump_clock: MockClock) -> None:
    """The next command vanishes, the one after it works."""
    async with running(world()) as ours, client(ours, "stream.binance.com", "/ws") as one:
        ours.lose_acks("binance", 1)
        await one.command("SUBSCRIBE", "btcusdt@trade", request_id=1)
        await one.command("LIST_SUBSCRIPTIONS", request_id=2)
        assert await one.collect(5.0) == [{"result": [], "id": 2}]


def test_unknown_targets_are_named() -> None:
    """A fault on something that does not exist is a mistake of ours, said in one sentence."""
    ours = world()
    with pytest.raises(UsageError, match="no venue 'kraken'"):
        ours.cut("kraken")
    with pytest.raises(UsageError, match="no stream 'btcusdt@deepth'"):
        ours.tamper("binance", "btcusdt@deepth", drop)
    with pytest.raises(UsageError, match="does not list 'NOPE'"):
        ours.halt("binance", "NOPE")
