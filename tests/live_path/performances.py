"""The whole engine against recorded venues: over real sockets, or on the recorder's own clock."""

from __future__ import annotations

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from heapq import merge
from typing import Any

import trio
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.detector import DetectorActor
from actors.proven_book import ProvenBook
from actors.recordings.records import Kind
from actors.runtime.actor import Actor
from actors.runtime.clock import ManualClock, SystemClock
from actors.transport.dial import Dialer
from arbtree.engine import Engine, Seams
from config.settings import AuditorSettings, Settings, VenueSettings
from messages.errors import DialFailed
from simulator.pipes import pipe
from supervisors.child import ActorRecord
from supervisors.runtime import ExitReport, Options
from tests.live_path.outcome import Key, book_result, pair_results
from tests.live_path.recorded_venue import RecordedVenue
from tests.live_path.tapes import Tape, snapshot_native

MAX_LEVELS = 20_000
"""The most a book can be told to keep, above every recorded one: nothing may be cut."""
SNAPSHOT_LEVELS = 500
"""What is asked for costs half of the usual 1000, so that ten snapshots stay below the burst of
the smallest venue's budget and nothing waits; the answer is the recorded one in any case."""
STEP_WITHIN_S = 30.0
"""A real engine takes milliseconds for what is waited for here; this only ends a hang."""
POLL_S = 0.0005
SERVERS_LISTEN_AT = 10_000
"""First of the port numbers under which venues are dialled in memory."""
NEVER_S = 3600.0
"""Longer than any recording: what is not subscribed long enough must not end a connection."""

Handler = Callable[[trio.abc.Stream], Awaitable[None]]


@dataclass
class Outcome:
    """What the engine holds after the last frame, and what it went through."""

    books: dict[Key, dict[str, Any]] = field(default_factory=dict)
    pairs: dict[Key, dict[str, Any]] = field(default_factory=dict)
    reconnects: int = 0
    sockets: int = 0
    """Websocket connections the venues have seen."""
    snapshot_requests: int = 0
    lost: int = 0
    """Messages that mailboxes of books lost."""
    frames: int = 0
    exit: ExitReport | None = None


class Performance:
    """One engine and the venues it is connected to."""

    def __init__(self, tapes: Sequence[Tape], servers: Sequence[RecordedVenue], engine: Engine):
        self.tapes = {tape.venue: tape for tape in tapes}
        self.servers = dict(zip(self.tapes, servers, strict=True))
        self.engine = engine

    def feed_frames(self, venue: str) -> int:
        """Websocket messages the venue's one connection has decoded."""
        (feed,) = self.engine.venues[venue].feeds.values()
        assert feed.reconnects == 0, f"{venue} was reconnected"
        return feed.frames

    def fetched(self, venue: str) -> int:
        """Snapshots that were fetched and handed to their books."""
        path = f"engine/venues/{venue}/snapshots"
        found = self.engine.runtime.summary(path).get("fetched", 0)
        assert isinstance(found, int)
        return found

    def book(self, path: str) -> ProvenBook:
        """The book inside a book actor."""
        book = getattr(self._actor(path), "_book", None)
        assert isinstance(book, ProvenBook)
        return book

    def _actor(self, path: str) -> Actor:
        """The living instance of an actor."""
        record = self.engine.runtime.registry.record(path)
        assert isinstance(record, ActorRecord)
        assert record.life is not None
        assert record.life.actor is not None
        return record.life.actor

    def drained(self) -> bool:
        """Whether the detector has nothing left to look at."""
        mailbox = self.engine.runtime.lookup("engine/detector").mailbox
        return mailbox.accepted == mailbox.taken

    def outcome(self) -> Outcome:
        """Everything as it stands now."""
        found = Outcome()
        for venue, tape in self.tapes.items():
            server = self.servers[venue]
            found.sockets += server.sockets
            found.frames += server.sent
            found.snapshot_requests += sum(
                count for name, count in server.requests.items() if name.startswith("depth")
            )
            found.reconnects += sum(
                feed.reconnects for feed in self.engine.venues[venue].feeds.values()
            )
            for native, info in tape.symbols.items():
                path = tape.book_path(native)
                lost = self.engine.runtime.lookup(path).statistics().lost
                found.lost += sum(lost.values())
                found.books[venue, native] = book_result(info, self.book(path))
        detector = self._actor("engine/detector")
        assert isinstance(detector, DetectorActor)
        found.pairs = pair_results(detector.statistics())
        return found


def settings_for(tapes: Sequence[Tape], port_of: Callable[[str], tuple[int, int]]) -> Settings:
    """A configuration that follows every recorded symbol; `port_of` names REST and websocket."""
    venues = []
    for tape in tapes:
        rest, stream = port_of(tape.venue)
        venues.append(
            VenueSettings(
                name=tape.venue,
                symbols=tuple(info.symbol for info in tape.symbols.values()),
                rest_url=f"http://127.0.0.1:{rest}",
                websocket_url=f"ws://127.0.0.1:{stream}",
                max_levels=MAX_LEVELS,
                snapshots=tape.snapshots,
                snapshot_levels=SNAPSHOT_LEVELS,
                first_data_within_s=NEVER_S,
                silent_after_s=NEVER_S,
            )
        )
    # An audit would ask for snapshots that nobody recorded.
    return Settings(venues=tuple(venues), auditor=AuditorSettings(enabled=False))


@asynccontextmanager
async def _running(engine: Engine, found: Outcome) -> AsyncIterator[None]:
    """Run the engine beside the block and stop it in order."""

    async def run(started: trio.Event) -> None:
        found.exit = await engine.runtime.run(started)
        for venue in engine.venues.values():
            await venue.rest.aclose()

    started = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(run, started)
        await started.wait()
        yield
        engine.runtime.request_stop("the recording has ended")


# -- as fast as it goes ---------------------------------------------------------------------------


async def over_sockets(tape: Tape) -> Outcome:
    """Play a tape over loopback sockets, as fast as the engine takes it."""
    clock = SystemClock()
    server = RecordedVenue(tape, lambda: clock.wall_ns() // 1_000_000)
    async with trio.open_nursery() as nursery:
        rest = await _listen(nursery, server.serve_rest)
        stream = await _listen(nursery, server.serve_websocket)
        engine = Engine(settings_for([tape], lambda _: (rest, stream)), options=Options())
        stage, ended = Performance([tape], [server], engine), Outcome()
        async with _running(engine, ended):
            await _rush(stage, tape, server)
            found = stage.outcome()
        found.exit = ended.exit
        nursery.cancel_scope.cancel(reason="the recording has ended")
    return found


async def over_pipes(tape: Tape, server: RecordedVenue) -> Outcome:
    """Play a tape over sockets in memory, as fast as the engine takes it."""
    async with trio.open_nursery() as nursery:
        doors: dict[int, Handler] = {1: server.serve_rest, 2: server.serve_websocket}
        seams = Seams(_memory_dialer(nursery, doors), SystemClock())
        engine = Engine(settings_for([tape], lambda _: (1, 2)), seams, options=Options())
        stage, ended = Performance([tape], [server], engine), Outcome()
        async with _running(engine, ended):
            await _rush(stage, tape, server)
            found = stage.outcome()
        found.exit = ended.exit
        nursery.cancel_scope.cancel(reason="the recording has ended")
    return found


async def _listen(nursery: trio.Nursery, handler: Handler) -> int:
    listeners = await trio.open_tcp_listeners(0, host="127.0.0.1")
    nursery.start_soon(trio.serve_listeners, handler, listeners)
    port: int = listeners[0].socket.getsockname()[1]
    return port


async def _rush(stage: Performance, tape: Tape, server: RecordedVenue) -> None:
    """Send everything; only snapshots wait, until what lies before them has been handled."""
    venue, answered = tape.venue, 0

    def caught_up() -> bool:
        return stage.feed_frames(venue) == server.sent

    def handed_over() -> bool:
        return stage.fetched(venue) == answered

    with trio.fail_after(STEP_WITHIN_S):
        await server.subscribed.wait()
    server.cork()
    for record in tape.records():
        native = snapshot_native(record)
        if not native:
            await server.send(record[3])
            continue
        await server.flush()
        await _until(caught_up)
        with trio.fail_after(STEP_WITHIN_S):
            await server.asked[native].wait()
        server.answer(native, record[3])
        answered += 1
        await _until(handed_over)
    await server.flush()
    await _until(caught_up)
    await _until(stage.drained)


async def _until(condition: Callable[[], bool]) -> None:
    with trio.fail_after(STEP_WITHIN_S):
        while not condition():  # noqa: ASYNC110 - plain counters, which tell nobody of a change
            await trio.sleep(POLL_S)


# -- in the recorder's time -----------------------------------------------------------------------


def in_recorded_time(tapes: Sequence[Tape]) -> Outcome:
    """Play tapes of several venues on memory streams, each frame at its recorder's time.

    The loop's own clock stands still, so that no deadline or timer of the engine takes part; the
    engine's clock is set to each record's time before it is handed over, and the next one waits
    until nothing is left to do, the detector included.
    """
    mock = MockClock()
    return trio.run(_in_recorded_time, tapes, mock, clock=mock)


async def _in_recorded_time(tapes: Sequence[Tape], mock: MockClock) -> Outcome:
    clock = ManualClock(min(next(iter(tape.records()))[0] for tape in tapes))
    servers = [RecordedVenue(tape, lambda: clock.wall_ns() // 1_000_000) for tape in tapes]
    doors: dict[int, Handler] = {}
    for number, server in enumerate(servers):
        doors[SERVERS_LISTEN_AT + 2 * number] = server.serve_rest
        doors[SERVERS_LISTEN_AT + 2 * number + 1] = server.serve_websocket
    first = {tape.venue: SERVERS_LISTEN_AT + 2 * number for number, tape in enumerate(tapes)}
    settings = settings_for(tapes, lambda venue: (first[venue], first[venue] + 1))
    async with trio.open_nursery() as nursery:
        engine = Engine(settings, Seams(_memory_dialer(nursery, doors), clock), options=Options())
        stage, ended = Performance(tapes, servers, engine), Outcome()
        async with _running(engine, ended):
            try:
                await wait_all_tasks_blocked()
                assert all(server.subscribed.is_set() for server in servers)
                await _step_through(stage, clock)
                found = stage.outcome()
            finally:
                # From here on nothing is measured: closing may use its deadlines.
                mock.autojump_threshold = 0
        found.exit = ended.exit
        nursery.cancel_scope.cancel(reason="the recordings have ended")
    return found


def _memory_dialer(nursery: trio.Nursery, doors: dict[int, Handler]) -> Dialer:
    async def dial(host: str, port: int, tls: bool) -> trio.abc.Stream:
        await trio.lowlevel.checkpoint()
        if port not in doors or tls:
            raise DialFailed(f"nobody listens at {host}:{port}")
        ours, theirs = pipe()
        nursery.start_soon(doors[port], theirs)
        return ours

    return dial


async def _step_through(stage: Performance, clock: ManualClock) -> None:
    """Hand over record by record, by recorder's time; ties keep the order of the tapes."""
    records = [tape.records() for tape in stage.tapes.values()]
    answered = dict.fromkeys(stage.tapes, 0)
    for record in merge(*records, key=lambda each: each[0]):
        at_ns, kind, feed, payload, _ = record
        venue = feed.venue
        server = stage.servers[venue]
        clock.set_ns(at_ns)
        if kind is Kind.FRAME:
            await server.send(payload)
            await wait_all_tasks_blocked()
            assert stage.feed_frames(venue) == server.sent, f"a frame of {venue} was not taken"
        else:
            native = snapshot_native(record)
            assert server.asked[native].is_set(), f"nobody asked for {native}'s snapshot"
            server.answer(native, payload)
            answered[venue] += 1
            await wait_all_tasks_blocked()
            assert stage.fetched(venue) == answered[venue], f"{native}'s snapshot was not taken"
        assert stage.drained(), "the detector has not seen everything"
