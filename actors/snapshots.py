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

import msgspec
import trio

from actors.runtime.actor import Actor
from actors.venue import Venue
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


class SnapshotActor(Actor):
    """Fetches snapshots by priority, within the venue's budget, and keeps the venue's time.

    Args:
        venue: the shared services of the venue.
        book_path: names the actor that owns the book of a unified symbol.
    """

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
        if self._venue.settings.warm_connections:
            keep, count = self._venue.rest.keep_warm, self._venue.settings.warm_connections
            self.context.nursery.start_soon(keep, count)

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

    async def _keep_time(self) -> None:
        """Measure the offset of the clocks now and then; a failure leaves the last one."""
        venue, clock = self._venue, self.context.clock
        while True:
            try:
                answer = await venue.rest.request(venue.dialect.server_time_request(), attempts=2)
                said = venue.dialect.decode_server_time(answer.body, answer.received_ns)
            except ArbtreeError as error:
                self.context.note("clock", f"the venue's time is not known: {error}")
            else:
                # What it waited before it was sent, in the line and for a connection, is no way.
                ahead_ns = clock.wall_ns() - clock.now_ns()
                sent_ns, received_ns = answer.sent_ns + ahead_ns, answer.received_ns + ahead_ns
                venue.clock_offset.learn(sent_ns / 1e6, received_ns / 1e6, said.venue_ms)
                self._judge_clock()
            await trio.sleep(CLOCK_EVERY_S)

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
            book = self.context.lookup(self._book_path(wanted.symbol))
            self._fetching[wanted.symbol] = wanted.epoch
            with self.context.doing(f"snapshot of {wanted.symbol}"):
                answer = await self._fetch(wanted)
            self._fetching.pop(wanted.symbol, None)
            book.tell(answer)

    def _next(self) -> SnapshotWanted | None:
        while self._order:
            _, _, symbol = heapq.heappop(self._order)
            wanted = self._wanted.pop(symbol, None)
            if wanted is not None:
                return wanted
        return None

    async def _fetch(self, wanted: SnapshotWanted) -> BookSnapshot | SnapshotFailed | SymbolRefused:
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
            snapshot = venue.dialect.decode_snapshot(
                answer.body, info, wanted.epoch, answer.received_ns
            )
        except (UnknownSymbol, SymbolNotTrading) as error:
            self.failures += 1
            listed = isinstance(error, SymbolNotTrading)
            return SymbolRefused(venue.name, wanted.symbol, listed, error.text)
        except DecodeError as error:
            # A gateway's page, or nothing: the book stays dark and asks again.
            self.failures += 1
            self.context.note("snapshot", f"{wanted.symbol}: {error.text}")
            return SnapshotFailed(wanted.symbol, wanted.epoch, error.text, UNREADABLE_RETRY_S)
        except ArbtreeError as error:
            self.failures += 1
            if error.retry.kind is RetryKind.NEVER:
                raise
            if not self._failing:  # one sentence a stretch: every waiting book asks again and again
                self._failing = True
                self.context.note("snapshot", f"no snapshot of {wanted.symbol}: {error.text}")
            after_s = error.retry.after_s or FAILED_RETRY_S
            return SnapshotFailed(wanted.symbol, wanted.epoch, error.text, after_s)
        self.fetched += 1
        self._failing = False
        return msgspec.structs.replace(snapshot, rest_born=True)
