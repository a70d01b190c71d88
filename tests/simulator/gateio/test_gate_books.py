"""An independent client follows Gate's books by both documented methods."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from simulator.instruments import assets
from simulator.topics import drop
from simulator.world import World
from tests.simulator.client import exchange, rest, running
from tests.simulator.gateio.gate_client import PLACES, REST_HOST, GateBook, ask, connected

MARKETS = sorted(PLACES)
PAIR = "XRP_USDT"


def world(count: int = 4, *venues: str) -> World:
    """Both markets, unless one is named; XRP contracts trade in tenths."""
    return World(5, venues=venues or ["gateio", "gateio_futures"], assets=assets(count))


@pytest.mark.parametrize("levels", [50, 400])
@pytest.mark.parametrize("market", MARKETS)
async def test_an_in_band_book_follows_and_survives_rebases(
    market: str, levels: int, autojump_clock: MockClock
) -> None:
    """A full book first, then changes without a gap; a second full book replaces the first."""
    venue, _, _, api, name = PLACES[market]
    ours, book = world(4, venue), GateBook(levels)
    stream = f"{market}.obu@ob.{PAIR}.{levels}"
    async with running(ours), connected(ours, market, decimals=True) as one:
        await ask(ours, one, f"{market}.obu", f"ob.{PAIR}.{levels}")
        ack = await one.next()
        assert ack["result"] == {"status": "success"} and ack["id"] == 7
        first = await one.next()
        assert first["result"]["full"] is True and "U" not in first["result"]
        book.event(first["result"])
        for _ in range(5):
            for frame in await one.collect(10.0):
                book.event(frame["result"])
            ours.rebase(venue, stream)
        ours.halt(venue, PAIR)
        await trio.sleep(3)
        for frame in await one.collect(1.0):
            book.event(frame["result"])
        limit = min(levels, 100)
        header = [("X-Gate-Size-Decimal", "1")]
        async with await ours.dial(REST_HOST) as stream_:
            target = f"{api}/order_book?{name}={PAIR}&limit={limit}&with_id=true"
            _, _, body = await exchange(stream_, REST_HOST, target, headers=header)
    end = GateBook(limit)
    end.snapshot(body)
    assert book.gaps == 0 and book.applied > 200 and 5 <= book.fulls <= 7
    assert end.last_id == book.last_id
    assert sorted(end.bids.items()) == sorted(book.bids.items())[-limit:]
    assert sorted(end.asks.items()) == sorted(book.asks.items())[:limit]


@pytest.mark.parametrize(("speed", "levels"), [("100ms", 100), ("20ms", 20)])
@pytest.mark.parametrize("market", MARKETS)
async def test_a_book_follows_from_a_snapshot_that_trails(
    market: str, speed: str, levels: int, autojump_clock: MockClock
) -> None:
    """The race is there: the first snapshots are too old, a later one is bridged by one event."""
    venue, _, _, api, name = PLACES[market]
    ours, book = world(1, venue), GateBook(levels)
    snapshot = f"{api}/order_book?{name}=BTC_USDT&limit={levels}&with_id=true"
    async with running(ours), connected(ours, market) as one:
        await trio.sleep(3)
        payload = ("BTC_USDT", speed, str(levels)) if market == "futures" else ("BTC_USDT", speed)
        await ask(ours, one, f"{market}.order_book_update", *payload)
        await ask(ours, one, f"{market}.book_ticker", "BTC_USDT")
        await one.collect(0.3)
        fetched = 0
        while True:
            _, _, body = await rest(ours, REST_HOST, snapshot)
            fetched += 1
            events = [
                frame["result"]
                for frame in one.received
                if frame["channel"].endswith("order_book_update") and frame["event"] == "update"
            ]
            if events[0]["U"] <= body["id"] + 1:
                break
            assert fetched < 10, "no snapshot ever fits"
            await one.collect(0.5)
        book.snapshot(body)
        assert fetched > 1
        seen = len(one.received)
        for event in events:
            book.event(event)
        await one.collect(60.0)
        for frame in one.received[seen:]:
            if frame["channel"].endswith("order_book_update"):
                book.event(frame["result"])
            elif frame["event"] == "update":
                book.quote(frame["result"])
        live = ours.venues[venue].listings["BTC_USDT"]
        listing = live.listing
        mine = live.book.state_at(10**15, levels)
    assert book.gaps == 0 and book.applied > 400
    assert book.compared == book.equal > 20
    if mine.last_id == book.last_id:
        assert [f"{float(price):.2f}" for price in sorted(book.bids, reverse=True)] == [
            f"{tick * listing.tick:.2f}" for tick, _ in mine.bids
        ]
    assert len(book.bids) == len(book.asks) == levels


async def test_a_lost_change_is_a_gap(autojump_clock: MockClock) -> None:
    """Tampering works on Gate's streams; a new subscription heals an in-band book."""
    ours, book = world(1), GateBook(50)
    async with running(ours), connected(ours, "spot") as one:
        await ask(ours, one, "spot.obu", "ob.BTC_USDT.50")
        for frame in (await one.collect(1.0))[1:]:
            book.event(frame["result"])
        ours.tamper("gateio", "spot.obu@ob.BTC_USDT.50", drop)
        for frame in await one.collect(1.0):
            book.event(frame["result"])
        assert book.gaps == 1
        await ask(ours, one, "spot.obu", "ob.BTC_USDT.50", event="unsubscribe")
        await ask(ours, one, "spot.obu", "ob.BTC_USDT.50")
        frames = [frame for frame in await one.collect(1.0) if frame["event"] == "update"]
        fulls = [frame["result"] for frame in frames if frame["result"].get("full")]
        assert len(fulls) == 1
        fresh = GateBook(50)
        for frame in frames[frames.index(next(f for f in frames if f["result"] is fulls[0])) :]:
            fresh.event(frame["result"])
        assert fresh.gaps == 0 and fresh.applied > 10


async def test_sizes_are_cut_to_integers_without_the_header(autojump_clock: MockClock) -> None:
    """The same book in two spellings: decimals with the header, cut toward zero without."""
    ours = world()
    async with (
        running(ours),
        connected(ours, "futures", decimals=True) as fine,
        connected(ours, "futures") as coarse,
    ):
        for one in (fine, coarse):
            await ask(ours, one, "futures.order_book_update", PAIR, "100ms")
            await one.collect(3.0) if one is coarse else None
        await fine.collect(0.1)
    by_id = {frame["result"]["u"]: frame["result"] for frame in fine.received[1:]}
    cut = 0
    for frame in coarse.received[1:]:
        theirs = by_id.get(frame["result"]["u"])
        if theirs is None or theirs["U"] != frame["result"]["U"]:
            continue
        for key in "ab":
            for wide, narrow in zip(theirs[key], frame["result"][key], strict=True):
                assert isinstance(wide["s"], str) and isinstance(narrow["s"], int)
                assert narrow["s"] == int(float(wide["s"]))
                cut += "." in wide["s"]
    assert cut > 10
