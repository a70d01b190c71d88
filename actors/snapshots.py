"""The snapshot actor: one per venue, fetches REST snapshots for its books and keeps its lists.

Accepts `SnapshotWanted`; emits `BookSnapshot`, `SnapshotFailed` or `SymbolRefused` to the book
that asked, and `SymbolChanged` or `SymbolRefused` to the connections when the venue's list of
symbols, read anew every hour, says something else than before.  Urgent wishes (a traded symbol
that is dark) overtake the others, a symbol stands in the queue once, and the venue's REST budget
sets the pace.  State lost at restart: the queue; books that watch it ask again when it is up.
Restart type: permanent.  Cancellation closes the requests in flight.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable
from typing import Any, ClassVar, Self

import msgspec
import trio
from msgspec import Struct

from actors.bare_venue import bare_venue
from actors.runtime.actor import Actor
from actors.venue import Venue
from config.settings import VenueSettings
from messages.books import SnapshotFailed, SnapshotWanted, SymbolChanged, SymbolRefused
from messages.errors import (
    ArbtreeError,
    DecodeError,
    RetryKind,
    SymbolNotTrading,
    UnknownSymbol,
)
from messages.instruments import SymbolInfo
from messages.market import BookSnapshot

WORKERS = 6
"""Requests in flight per venue: as many as a REST client lets go at once without priority, because
a venue of 300 books needs fifty round trips after a cut."""

FAILED_RETRY_S = 1.0
"""A book whose snapshot failed without a hint asks again after this long."""

UNREADABLE_RETRY_S = 5.0
"""A book whose snapshot could not be read asks again after this long."""

SYMBOLS_RETRY_S = 60.0
"""The lists of symbols are asked for again after this long when they did not come."""

CLOCK_EVERY_S = 60.0
"""How often the venue's clock is compared with ours: quartz drifts some ms a minute at worst."""


def changed(before: SymbolInfo | SymbolRefused, after: SymbolInfo | SymbolRefused) -> bool:
    """Whether a book kept by what was said before is wrong by what is said now, fees aside."""
    if isinstance(before, SymbolRefused) or isinstance(after, SymbolRefused):
        return type(before) is not type(after)
    return _rules(before) != _rules(after)


def _rules(info: SymbolInfo) -> tuple[object, ...]:
    return info.native, info.tick, info.lot, info.contract_size, info.status


class SnapshotCame(Struct, frozen=True):
    """The venue's answer to a wish."""

    wanted: SnapshotWanted
    info: SymbolInfo
    body: bytes
    received_ns: int


class TimeCame(Struct, frozen=True):
    """The venue's answer to what time it is; ours on both sides of it, wall time."""

    body: bytes
    sent_ns: int
    received_ns: int


class SnapshotsState(Struct):
    """A snapshot actor: what it is made of, and its queue."""

    venue: VenueSettings
    wanted: dict[str, SnapshotWanted]
    fetching: dict[str, int]
    order: list[tuple[bool, int, str]]
    count: int


class SnapshotActor(Actor):
    """Fetches snapshots by priority, within the venue's budget, and keeps the venue's time.

    Args:
        venue: the shared services of the venue.
        book_path: names the actor that owns the book of a unified symbol.
    """

    capsule_form: ClassVar[type[Any] | None] = SnapshotsState
    capsule_bytes: ClassVar[int] = 128 * 1024
    """Some snapshots of 1,000 levels a side, in each of two lists: earlier ones explain nothing."""

    def __init__(self, venue: Venue, book_path: Callable[[str], str]) -> None:
        self._venue = venue
        self._book_path = book_path
        self._wanted: dict[str, SnapshotWanted] = {}
        self._fetching: dict[str, int] = {}
        self._order: list[tuple[bool, int, str]] = []
        self._count = 0
        self._wake = trio.Event()
        self.fetched = 0
        self.failures = 0
        self._failing = False

    def started(self) -> None:
        """Begin with an empty queue."""
        self._judge_clock()
        for _ in range(WORKERS):
            self.context.nursery.start_soon(self._work)
        self.context.nursery.start_soon(self._keep_time)
        self.context.nursery.start_soon(self._keep_symbols)
        self.context.nursery.start_soon(self._keep_warm)

    def handle(self, message: object) -> None:
        """Queue a wish, or sharpen one that waits already."""
        if not isinstance(message, SnapshotWanted):
            return
        if self._fetching.get(message.symbol) == message.epoch:
            return  # the answer to the same wish is on its way
        queued = self._wanted.get(message.symbol)
        self._wanted[message.symbol] = message
        if queued is None or (message.urgent and not queued.urgent):
            self._count += 1
            heapq.heappush(self._order, (not message.urgent, self._count, message.symbol))
            self._wake.set()

    def summary(self) -> dict[str, object]:
        """What the inspector shows."""
        clock = self._venue.clock_offset
        return {
            "queued": len(self._wanted),
            "fetched": self.fetched,
            "failures": self.failures,
            "clock_offset_ms": round(clock.offset_ms, 1) if clock.measured else None,
            "rest": self._venue.rest.summary(),
        }

    def capsule_state(self) -> SnapshotsState:
        """The queue, and what is under way; see `Actor.capsule_state`."""
        queue = self._wanted, self._fetching, self._order
        return SnapshotsState(self._venue.settings, *queue, self._count)

    @classmethod
    def from_capsule(cls, state: SnapshotsState) -> Self:
        """A new actor of a venue that nobody can ask."""
        return cls(bare_venue(state.venue), str)

    def restored(self, state: SnapshotsState) -> None:
        """Become what the state says."""
        self._wanted, self._fetching, self._order = state.wanted, state.fetching, state.order
        self._count = state.count

    async def _keep_warm(self) -> None:
        if self._venue.settings.warm_connections:
            await self._venue.rest.keep_warm(self._venue.settings.warm_connections)

    async def _keep_time(self) -> None:
        """Measure the offset of the clocks now and then; a failure leaves the last one."""
        venue, clock = self._venue, self.context.clock
        while True:
            try:
                answer = await venue.rest.request(venue.dialect.server_time_request(), attempts=2)
            except ArbtreeError as error:
                self.context.note("clock", f"the venue's time is not known: {error}")
            else:
                # What it waited before it was sent, in the line and for a connection, is no way.
                ahead_ns = clock.wall_ns() - clock.now_ns()
                way_ns = answer.sent_ns + ahead_ns, answer.received_ns + ahead_ns
                self.context.input(TimeCame(answer.body, *way_ns))
            await trio.sleep(CLOCK_EVERY_S)

    def handle_input(self, message: object) -> None:
        """Read what the venue answered, or pass on why it did not."""
        match message:
            case SnapshotCame(wanted=SnapshotWanted(symbol=symbol)):
                self._answer(symbol, self._read(message))
            case SnapshotFailed(symbol=symbol) | SymbolRefused(symbol=symbol):
                self._answer(symbol, message)
            case TimeCame():
                self._learn_time(message)

    def _learn_time(self, came: TimeCame) -> None:
        venue = self._venue
        try:
            said = venue.dialect.decode_server_time(came.body, came.received_ns)
        except DecodeError as error:
            self.context.note("clock", f"the venue's time is not known: {error}")
            return
        venue.clock_offset.learn(came.sent_ns / 1e6, came.received_ns / 1e6, said.venue_ms)
        self._judge_clock()

    def _answer(self, symbol: str, answer: BookSnapshot | SnapshotFailed | SymbolRefused) -> None:
        self._fetching.pop(symbol, None)
        self.context.lookup(self._book_path(symbol)).tell(answer)

    def _judge_clock(self) -> None:
        """Say whether requests may be signed: venues refuse what carries a time too far off."""
        venue = self._venue
        self.context.fault(venue.clock_offset.beyond(venue.settings.max_clock_offset_ms))

    async def _keep_symbols(self) -> None:
        """Read the venue's lists anew when they are due, and tell connections what changed."""
        directory = self._venue.directory
        said: dict[str, SymbolInfo | SymbolRefused] = {}
        while True:
            try:
                await directory.load()
            except ArbtreeError as error:
                self.context.note("symbols", f"the lists are not read anew: {error}")
                await trio.sleep(SYMBOLS_RETRY_S)
                continue
            now = {symbol: directory.judge(symbol) for symbol in self._venue.settings.symbols}
            for symbol, judged in now.items():
                if said and changed(said[symbol], judged):
                    self._tell_connections(symbol, judged)
            said = now
            await trio.sleep(max(directory.due_in_s(), SYMBOLS_RETRY_S))

    def _tell_connections(self, symbol: str, judged: SymbolInfo | SymbolRefused) -> None:
        news = judged if isinstance(judged, SymbolRefused) else SymbolChanged(judged)
        for path, feed in self._venue.feeds.items():
            if symbol in feed.symbols:
                self.context.lookup(path).tell_control(news)

    async def _work(self) -> None:
        while True:
            wanted = self._next()
            if wanted is None:
                self._wake = trio.Event() if self._wake.is_set() else self._wake
                await self._wake.wait()
                continue
            self._fetching[wanted.symbol] = wanted.epoch
            self.context.changed()
            with self.context.doing(f"snapshot of {wanted.symbol}"):
                came = await self._fetch(wanted)
            self.context.input(came, len(came.body) if type(came) is SnapshotCame else 0)

    def _next(self) -> SnapshotWanted | None:
        while self._order:
            _, _, symbol = heapq.heappop(self._order)
            wanted = self._wanted.pop(symbol, None)
            if wanted is not None:
                return wanted
        return None

    async def _fetch(self, wanted: SnapshotWanted) -> SnapshotCame | SnapshotFailed | SymbolRefused:
        venue = self._venue
        try:
            symbols = await venue.directory.load()
            info = symbols.get(wanted.symbol)
            if info is None:
                raise UnknownSymbol(f"{wanted.symbol} is not listed", venue=venue.name)
            # A snapshot deeper than the stream would bring levels that nothing keeps up to date.
            levels = venue.depth_feed.levels or venue.settings.snapshot_levels
            request = venue.dialect.snapshot_request(info, levels)
            answer = await venue.rest.request(request)
            return SnapshotCame(wanted, info, answer.body, answer.received_ns)
        except (UnknownSymbol, SymbolNotTrading) as error:
            self.failures += 1
            listed = isinstance(error, SymbolNotTrading)
            return SymbolRefused(venue.name, wanted.symbol, listed, error.text)
        except DecodeError as error:
            return self._unreadable(wanted, error)
        except ArbtreeError as error:
            self.failures += 1
            if error.retry.kind is RetryKind.NEVER:
                raise
            if not self._failing:  # one sentence a stretch: every waiting book asks again and again
                self._failing = True
                self.context.note("snapshot", f"no snapshot of {wanted.symbol}: {error.text}")
            after_s = error.retry.after_s or FAILED_RETRY_S
            return SnapshotFailed(wanted.symbol, wanted.epoch, error.text, after_s)

    def _read(self, came: SnapshotCame) -> BookSnapshot | SnapshotFailed:
        decode, epoch = self._venue.dialect.decode_snapshot, came.wanted.epoch
        try:
            snapshot = decode(came.body, came.info, epoch, came.received_ns)
        except DecodeError as error:
            return self._unreadable(came.wanted, error)
        self.fetched += 1
        self._failing = False
        return msgspec.structs.replace(snapshot, rest_born=True)

    def _unreadable(self, wanted: SnapshotWanted, error: DecodeError) -> SnapshotFailed:
        """A gateway's page, or nothing: the book stays dark and asks again."""
        self.failures += 1
        self.context.note("snapshot", f"{wanted.symbol}: {error.text}")
        return SnapshotFailed(wanted.symbol, wanted.epoch, error.text, UNREADABLE_RETRY_S)
