"""No stale, dark or REST-born book prices anything: from the book actor to the detector."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal

import trio
from trio.testing import MockClock

from actors.book import BookActor
from actors.detector import DetectorActor
from actors.feed import Feed
from actors.outlet import Outlet, Subscription
from actors.runtime.actor import Actor
from actors.runtime.clock import TrioClock
from arbtree.engine import Seams, open_venues
from config.settings import DetectorSettings, Settings, VenueSettings
from messages.books import BookTop, FeedOpened
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import BookDelta, BookSnapshot
from messages.opportunities import OpportunityOpened
from supervisors.runtime import Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec

START_NS = 1_700_000_000_000_000_000
BOOK, FEED, DETECTOR = "engine/book", "engine/feed", "engine/detector"
BIDS, ASKS = ((100.0, 1.0),), ((101.0, 1.0),)
INFO = SymbolInfo(
    venue="binance", symbol="BTC/USDT", native="BTCUSDT", base="BTC", quote="USDT",
    kind=ContractKind.SPOT, tick=Decimal("0.01"),
)  # fmt: skip


class Listener(Actor):
    """Keeps what it is told."""

    def __init__(self, told: list[object]) -> None:
        self.told = told

    def handle(self, message: object) -> None:
        """Keep it."""
        self.told.append(message)


@asynccontextmanager
async def book() -> AsyncIterator[tuple[Runtime, list[object]]]:
    """One book actor between stubs, its feed open in epoch 1, and what it told."""
    settings = Settings(venues=(VenueSettings(name="binance", symbols=("BTC/USDT",)),))
    clock = TrioClock(START_NS)
    venue = open_venues(settings, Seams(clock=clock), {})["binance"]
    told: list[object] = []
    spec = SupervisorSpec(
        "engine",
        children=(
            ChildSpec("feed", Actor),
            ChildSpec("detector", lambda: Listener(told)),
            ChildSpec(
                "book",
                lambda: BookActor(
                    venue, "BTC/USDT", snapshots=FEED, detector=DETECTOR, top_levels=20
                ),
            ),
        ),
    )
    async with open_tree(spec, clock=clock) as runtime:
        runtime.lookup(BOOK).tell_control(FeedOpened(INFO, FEED, 1))
        await trio.testing.wait_all_tasks_blocked()
        yield runtime, told


def snapshot(last_id: int, *, epoch: int = 1, rest_born: bool = True) -> BookSnapshot:
    """A whole book."""
    return BookSnapshot(
        "binance", "BTC/USDT", epoch, last_id, 0, 1, BIDS, ASKS, rest_born=rest_born
    )


def delta(number: int, epoch: int = 1) -> BookDelta:
    """The event of that number."""
    return BookDelta("binance", "BTC/USDT", epoch, number, number, -1, 0, 1, ((99.0, 1.0),), ())


async def tops(runtime: Runtime, told: list[object], *messages: object) -> int:
    """Tell the book and count the tops that it has told so far."""
    for message in messages:
        runtime.lookup(BOOK).tell(message)
        await trio.testing.wait_all_tasks_blocked()
    return sum(isinstance(each, BookTop) for each in told)


async def test_a_rest_answer_without_the_stream_is_no_book(autojump_clock: MockClock) -> None:
    """It is counted and forgotten; joined to an event of the stream the next one is a book."""
    async with book() as (runtime, told):
        assert await tops(runtime, told, snapshot(10)) == 0
        assert runtime.summary(BOOK)["state"] == "EMPTY"
        lost = runtime.lookup(BOOK).statistics().lost
        assert lost["unjoined_snapshot"] == 1
        assert await tops(runtime, told, delta(11)) == 0
        assert await tops(runtime, told, snapshot(10)) == 1
        assert runtime.summary(BOOK)["state"] == "LIVE"


async def test_a_rest_answer_of_another_life_is_no_book(autojump_clock: MockClock) -> None:
    """Nor does one that ends before the stream begins join."""
    async with book() as (runtime, told):
        assert await tops(runtime, told, delta(11), snapshot(20, epoch=0)) == 0
        assert await tops(runtime, told, snapshot(5)) == 0
        assert await tops(runtime, told, snapshot(20, epoch=2)) == 0


async def test_a_snapshot_of_the_stream_itself_needs_no_other_proof(
    autojump_clock: MockClock,
) -> None:
    """It is an event in order."""
    async with book() as (runtime, told):
        assert await tops(runtime, told, snapshot(10, rest_born=False)) == 1


async def test_a_gap_takes_the_price_away_until_it_is_joined_again(
    autojump_clock: MockClock,
) -> None:
    """Behind a gap no event makes a top, and no old snapshot either."""
    async with book() as (runtime, told):
        assert await tops(runtime, told, delta(11), snapshot(10)) == 1
        assert await tops(runtime, told, delta(13), delta(14), snapshot(11)) == 1
        assert runtime.summary(BOOK)["state"] == "DARK"
        assert await tops(runtime, told, snapshot(13)) == 2


@asynccontextmanager
async def detector() -> AsyncIterator[tuple[Runtime, Subscription, dict[str, Feed]]]:
    """The detector over two venues whose connections are stubs."""
    names = {"binance": "BTC/USDT", "binance_us": "BTC/USDT"}
    settings = Settings(
        venues=tuple(VenueSettings(name=n, symbols=(s,), taker_fee_bps=0) for n, s in names.items())
    )
    clock, outlet = TrioClock(START_NS), Outlet()
    venues = open_venues(settings, Seams(clock=clock), {})
    feeds = {}
    for name, venue in venues.items():
        path = f"engine/{name}"
        venue.directory.learn(
            [SymbolInfo(venue=name, symbol="BTC/USDT", native="BTCUSDT", base="BTC", quote="USDT",
                        kind=ContractKind.SPOT)]
        )  # fmt: skip
        feeds[name] = venue.feeds[path] = Feed(path, ("BTC/USDT",))
    actor = ChildSpec("detector", lambda: DetectorActor(DetectorSettings(), venues, outlet))
    spec = SupervisorSpec("engine", children=(*(ChildSpec(n, Actor) for n in names), actor))
    facts = outlet.subscribe()
    async with open_tree(spec, clock=clock) as runtime:
        yield runtime, facts, feeds


async def test_what_is_no_top_never_reaches_the_edges(autojump_clock: MockClock) -> None:
    """Crossing snapshots and deltas told to the detector open nothing; tops of those prices do."""
    async with detector() as (runtime, facts, feeds):
        now_ns = runtime.clock.now_ns()
        ref = runtime.lookup(DETECTOR)
        for feed in feeds.values():
            feed.proof_ns = now_ns
        sides = {"binance": (99.0, 100.0), "binance_us": (101.0, 102.0)}
        for venue, (bid, ask) in sides.items():
            levels = ((bid, 1.0),), ((ask, 1.0),)
            ref.tell(BookSnapshot(venue, "BTC/USDT", 1, 7, 0, now_ns, *levels))
            ref.tell(BookDelta(venue, "BTC/USDT", 1, 7, 7, 6, 0, now_ns, *levels))
        await trio.testing.wait_all_tasks_blocked()
        assert facts.take_nowait() == []
        assert runtime.summary(DETECTOR)["instruments"] == 0
        assert ref.statistics().lost["no_top"] == 4
        for venue, (bid, ask) in sides.items():
            levels = ((bid, 1.0),), ((ask, 1.0),)
            ref.tell(
                BookTop(
                    venue, "BTC/USDT", f"engine/{venue}", 1, 7, *levels, 0, now_ns, now_ns, now_ns
                )
            )
        await trio.testing.wait_all_tasks_blocked()
        (opened,) = facts.take_nowait()
        assert isinstance(opened, OpportunityOpened)
