"""A question for a snapshot is never lost for long, and no cut costs more than what mends it."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from actors.asking import NOT_TAKEN_RETRY_S
from actors.book import BookActor
from actors.runtime.actor import Actor
from actors.runtime.clock import TrioClock
from actors.runtime.mailbox import MailboxSpec
from arbtree.engine import Seams, open_venues
from config.settings import AuditorSettings, Settings, VenueSettings
from messages.books import FeedOpened, SnapshotWanted
from simulator.rest import RestFault
from supervisors.runtime import open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from tests.actors.cuts import BACK_WITHIN_S, FAMILIES, recoveries, settings
from tests.actors.test_no_unproven_price import INFO, START_NS, Listener, delta
from tests.actors.virtual import virtual_engine

BOOK, SNAPSHOTS = "engine/book", "engine/snapshots"


async def test_a_question_that_is_not_taken_is_asked_again_soon(
    autojump_clock: MockClock,
) -> None:
    """The mailbox of the snapshot actor is full in the turn that begins the book."""
    venues = Settings(venues=(VenueSettings(name="binance", symbols=("BTC/USDT",)),))
    clock, told = TrioClock(START_NS), list[object]()
    venue = open_venues(venues, Seams(clock=clock), {})["binance"]
    spec = SupervisorSpec(
        "engine",
        children=(
            ChildSpec("snapshots", lambda: Listener(told), mailbox=MailboxSpec(capacity=1)),
            ChildSpec("detector", Actor),
            ChildSpec(
                "book",
                lambda: BookActor(
                    venue, "BTC/USDT", snapshots=SNAPSHOTS, detector="engine/detector", top_levels=5
                ),
            ),
        ),
    )
    async with open_tree(spec, clock=clock) as runtime:
        runtime.lookup(BOOK).tell_control(FeedOpened(INFO, "engine/detector", 1))
        await trio.testing.wait_all_tasks_blocked()
        assert runtime.lookup(SNAPSHOTS).tell("another book's question")
        runtime.lookup(BOOK).tell(delta(11))
        await trio.testing.wait_all_tasks_blocked()
        assert told == ["another book's question"]
        await trio.sleep(NOT_TAKEN_RETRY_S * 1.5)
        assert told[1:] == [SnapshotWanted("BTC/USDT", 1)]


async def test_a_restart_of_the_snapshot_actor_costs_its_own_backoff_alone(
    autojump_clock: MockClock,
) -> None:
    """Whatever it had queued or in flight is asked again the moment it is up, every time."""
    async with virtual_engine(settings("binance")) as virtual:
        await virtual.until(virtual.all_live)
        for _ in range(12):
            await trio.sleep(11)
            virtual.world.fail_rest("binance", RestFault(delay_s=1.0, left=3))
            virtual.world.cut("binance")
            await trio.sleep(0.9)
            assert not virtual.all_live()
            path = "engine/venues/binance/snapshots"
            assert virtual.engine.runtime.kill(path, RuntimeError("planted"))
            assert await virtual.until(virtual.all_live, 90) < 1.5
            virtual.world.heal_rest("binance")


async def test_asking_again_while_the_answer_is_on_its_way_costs_nothing(
    autojump_clock: MockClock,
) -> None:
    """The same question three times is one request."""
    async with virtual_engine(settings("binance")) as virtual:
        await virtual.until(virtual.all_live)
        virtual.world.fail_rest("binance", RestFault(delay_s=1.0, left=1))
        meter = virtual.world.venues["binance"].meter
        before = meter.requests["/api/v3/depth"]
        snapshots = virtual.engine.runtime.lookup("engine/venues/binance/snapshots")
        for _ in range(3):
            snapshots.tell(SnapshotWanted("BTC/USDT", 1))
            await trio.sleep(0.2)
        await trio.sleep(1)
        assert meter.requests["/api/v3/depth"] == before + 1


@pytest.mark.parametrize("venue", FAMILIES)
async def test_no_cut_costs_more_than_what_mends_it(autojump_clock: MockClock, venue: str) -> None:
    """At random instants, twice, with slow or lost answers, in a restart of the snapshot actor."""
    assert max(await recoveries(venue, 12, 3)) < BACK_WITHIN_S


async def test_warm_connections_are_kept_where_they_are_wanted(autojump_clock: MockClock) -> None:
    """So many stand idle at any time; without the key a quiet venue has none left."""
    wanted = Settings(
        venues=tuple(
            VenueSettings(
                name=name, symbols=("BTC/USDT",), embedded=True, warm_connections=count,
            )
            for name, count in (("binance", 3), ("mexc", 0))
        ),
        auditor=AuditorSettings(enabled=False),
    )  # fmt: skip
    async with virtual_engine(wanted) as virtual:
        await virtual.until(virtual.all_live)
        for _ in range(10):
            await trio.sleep(9)
            rest = virtual.engine.venues["binance"].rest.summary()
            assert isinstance(rest["connections_idle"], int) and rest["connections_idle"] >= 3
        counts = virtual.engine.venues["binance"].rest.counts
        assert counts.dialled > 6 and counts.cold == 0
        assert virtual.engine.venues["mexc"].rest.counts.dialled < counts.dialled
