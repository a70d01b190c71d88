"""The venue's clock beside ours: only the way there and back counts, not what came before it."""

from __future__ import annotations

from dataclasses import replace

import trio
from trio.testing import MockClock

from actors.bare_venue import bare_venue
from actors.runtime.clock import TrioClock
from actors.snapshots import SnapshotActor
from actors.venue import Venue
from config.settings import VenueSettings
from messages.requests import RestRequest
from supervisors.runtime import open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from tests.transport.rest_worlds import client, http, tokens
from tests.transport.worlds import MemoryDialer, Peer, read_head

WAY_S = 0.1
AHEAD_MS = 250


def venue_clock(clock: TrioClock) -> Peer:
    """A venue whose clock is ahead of ours; each way takes a while."""

    async def peer(stream: trio.abc.Stream) -> None:
        while await read_head(stream):
            await trio.sleep(WAY_S)
            said = clock.wall_ns() // 1_000_000 + AHEAD_MS
            await trio.sleep(WAY_S)
            await stream.send_all(http("200 OK", b'{"serverTime":%d}' % said))
        await stream.aclose()

    return peer


async def measured(*, dial_s: float, before: int) -> tuple[float, float | None]:
    """Offset and round trip after one question, behind requests of so much weight."""
    clock = TrioClock(1_700_000_000_000_000_000)
    async with trio.open_nursery() as nursery:
        rest = client(MemoryDialer(nursery, venue_clock(clock), dial_s), limits=tokens(10.0))
        bare = bare_venue(VenueSettings(name="binance", symbols=(), warm_connections=0))
        venue: Venue = replace(bare, rest=rest)
        if before:
            first = RestRequest("GET", "/first", weight=before)
            nursery.start_soon(rest.request, first)
            await trio.testing.wait_all_tasks_blocked()
        child = ChildSpec("snapshots", lambda: SnapshotActor(venue, str))
        async with open_tree(SupervisorSpec("engine", children=(child,)), clock=clock):
            while not venue.clock_offset.measured:  # noqa: ASYNC110 - it is nobody's event
                await trio.sleep(0.05)
        nursery.cancel_scope.cancel(reason="it is measured")
    return venue.clock_offset.offset_ms, venue.clock_offset.round_trip_ms


async def test_neither_the_dial_nor_the_line_shifts_the_offset(autojump_clock: MockClock) -> None:
    """A dial of three seconds, or a second in the line: the same offset as without."""
    for dial_s, before in ((0.0, 0), (3.0, 0), (0.0, 10), (1.0, 10)):
        offset_ms, round_trip_ms = await measured(dial_s=dial_s, before=before)
        assert abs(offset_ms + AHEAD_MS) <= 1.0, (dial_s, before, offset_ms)
        assert round_trip_ms is not None
        assert abs(round_trip_ms - 2_000 * WAY_S) <= 1.0
