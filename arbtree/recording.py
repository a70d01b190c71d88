"""One recording of one venue: the ordinary engine, with a dialect that keeps what it decodes.

Connections, snapshots and books are those of `arbtree run`, so reconnects, backoff, subscription
contracts and the snapshots after a gap are too.  The books prove the recording while it is made.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import trio
from msgspec import Struct

from actors.outlet import Outlet
from actors.recordings.recorder import Undecoded, recorded
from actors.recordings.tape import Tape, Worker, in_thread
from actors.venue import SymbolDirectory, Venue
from arbtree.engine import CLOSE_WITHIN_S, Seams, open_venues
from config.rules import check_rules
from config.settings import Settings, VenueSettings
from exchanges.registry import dialect
from messages.errors import (
    ConfigError,
    EnvironmentFault,
    SymbolNotTrading,
    UnknownSymbol,
    UsageError,
)
from messages.identifiers import path_segment
from supervisors.events import Listener
from supervisors.runtime import ExitReport, Options, Runtime
from supervisors.tree import engine_tree

LOOK_EVERY_S = 0.5
"""How often books are looked at and progress is told: readable, and nothing to notice."""


@dataclass(frozen=True)
class Wish:
    """What to record; symbols are unified or the venue's own names, addresses as in a file."""

    venue: str
    symbols: tuple[str, ...]
    output: Path
    rest_url: str | None = None
    websocket_url: str | None = None
    duration_s: float | None = None


class Progress(Struct, frozen=True):
    """What a recording has so far; `bytes` counts payloads as received."""

    seconds: float
    frames: int
    answers: int
    bytes: int
    lost: int
    undecoded: int
    reconnects: int
    books: int
    books_live: int


class Recording:
    """Records a venue until its time is over or it is stopped.

    Args:
        wish: what to record.
        seams: dial and clock.
        options: seed and stop deadline of the runtime.
        listener: hears of restarts, outages and crashes.
        tell: is told the progress now and then.
        worker: runs what writes to the disk.

    Raises:
        UsageError: there is no such venue, or an address is wrong.
    """

    def __init__(
        self,
        wish: Wish,
        seams: Seams | None = None,
        options: Options | None = None,
        *,
        listener: Listener | None = None,
        tell: Callable[[Progress], None] | None = None,
        worker: Worker = in_thread,
    ) -> None:
        self.wish = wish
        self.symbols: tuple[str, ...] = ()
        """What is recorded, in unified spelling."""
        self.ever_live: set[str] = set()
        self.undecoded = Undecoded()
        self._seams = seams if seams is not None else Seams()
        self._options = options
        self._listener = listener
        self._tell = tell
        self._worker = worker
        self._preparing = trio.CancelScope()
        self._runtime: Runtime | None = None
        self._venue = self._open()
        self._began_s = 0.0
        self._took_s: float | None = None

    def _open(self) -> Venue:
        """Make the venue's services, as for an engine that has no symbols yet."""
        dialect(self.wish.venue)
        settings = self._settings(())
        try:
            check_rules(settings, "")
        except ConfigError as error:
            option = "--" + error.key.replace("_", "-")
            raise UsageError(f"{option}: expected {error.expected}, found {error.found}") from error
        return open_venues(settings, self._seams, {})[self.wish.venue]

    def _settings(self, symbols: Sequence[str]) -> Settings:
        wish = self.wish
        venue = VenueSettings(
            name=wish.venue,
            symbols=tuple(symbols),
            rest_url=wish.rest_url,
            websocket_url=wish.websocket_url,
        )
        return Settings(venues=(venue,))

    # -- running --------------------------------------------------------------------------------

    def stop(self, reason: str) -> None:
        """End in order with a complete file; a second time, leave no grace.

        A recording that has not begun yet ends without a file.
        """
        self._preparing.cancel(reason=reason)
        if self._runtime is None:
            return
        if self._runtime.stopping:
            self._runtime.hurry()
        else:
            self._runtime.request_stop(reason)

    async def run(self) -> ExitReport | None:
        """Record; None when it was stopped before it began.

        Raises:
            UnknownSymbol: the venue does not list a symbol.
            UsageError: one symbol stands there twice.
        SymbolNotTrading: it is listed but has no market now.
            EnvironmentFault: the file cannot be written, or nothing came to be written.
            ArbtreeError: the venue did not answer.
        """
        self.tape = tape = Tape(self.wish.output, self._seams.clock, worker=self._worker)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(tape.run)
            try:
                report = await self._record(tape)
            finally:
                with trio.move_on_after(CLOSE_WITHIN_S, shield=True):
                    await self._venue.rest.aclose()
            if report is None:
                nursery.cancel_scope.cancel(reason="stopped before the recording began")
            else:
                self._must_hold_frames(tape)
                tape.close()
        if report is not None and tape.failure is not None:
            raise tape.failure
        return report

    def _must_hold_frames(self, tape: Tape) -> None:
        """Refuse to leave a file that holds nothing, and say why it would."""
        if tape.failure is not None or tape.counts.frames:
            return
        rows = self._runtime.rows() if self._runtime is not None else []
        failure = next((row.last_failure for row in rows if row.last_failure), "")
        raise EnvironmentFault(
            f"{self.wish.output}: not written, no frame came from {self.wish.venue}"
            + (f": {failure}" if failure else "")
        )

    async def _record(self, tape: Tape) -> ExitReport | None:
        venue = self._venue = self._tapped(tape)
        with self._preparing:
            self.symbols = await self._resolved(venue)
        if self._preparing.cancelled_caught:
            return None
        settings = self._settings(self.symbols)
        venue = self._venue = replace(venue, settings=settings.venues[0])
        self._runtime = runtime = Runtime(
            engine_tree(settings, {venue.name: venue}, Outlet()),
            clock=self._seams.clock,
            observer=self._seams.observer,
            options=self._options,
        )
        if self._listener is not None:
            runtime.subscribe(self._listener)
        self._began_s = trio.current_time()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._look, runtime)
            nursery.start_soon(self._end_with, tape, runtime)
            if self.wish.duration_s is not None:
                nursery.start_soon(self._end_later, self.wish.duration_s, runtime)
            report = await runtime.run()
            nursery.cancel_scope.cancel(reason="the tree has stopped")
        self._took_s = trio.current_time() - self._began_s
        return report

    def _tapped(self, tape: Tape) -> Venue:
        """The venue with a dialect that records; its directory reads through it too."""
        venue, seams = self._venue, self._seams
        dialect, self.undecoded = recorded(
            venue.dialect,
            tape,
            seams.clock,
            self.wish.rest_url or venue.dialect.rest_url,
            self._connection_of,
        )
        directory = SymbolDirectory(dialect, venue.rest, seams.clock)
        return replace(venue, dialect=dialect, directory=directory)

    def _connection_of(self, symbol: str) -> str:
        """The last part of the path of the connection that feeds a symbol."""
        feeds = self._venue.feeds.items()
        return next(path.rpartition("/")[2] for path, feed in feeds if symbol in feed.symbols)

    async def _resolved(self, venue: Venue) -> tuple[str, ...]:
        """The unified symbols of those wished for."""
        listed = await venue.directory.load()
        natives = {info.native: info for info in listed.values()}
        found: dict[str, str] = {}
        for text in self.wish.symbols:
            info = listed.get(text) or natives.get(text) or natives.get(text.upper())
            if info is None:
                raise UnknownSymbol(f"there is no symbol {text!r}", venue=venue.name)
            if not info.tradeable:
                raise SymbolNotTrading(f"{text} is listed as {info.status}", venue=venue.name)
            if info.symbol in found:
                raise UsageError(f"{found[info.symbol]} and {text} are one symbol of {venue.name}")
            found[info.symbol] = text
        return tuple(found)

    async def _end_later(self, duration_s: float, runtime: Runtime) -> None:
        await trio.sleep(duration_s)
        runtime.request_stop("the time asked for is over")

    async def _end_with(self, tape: Tape, runtime: Runtime) -> None:
        """Stop when nothing more can be written."""
        await tape.ended.wait()
        runtime.request_stop(
            "the capture is full" if tape.full else "the capture cannot be written"
        )

    # -- looking --------------------------------------------------------------------------------

    async def _look(self, runtime: Runtime) -> None:
        while True:
            await trio.sleep(LOOK_EVERY_S)
            self.ever_live |= self._live(runtime)
            if self._tell is not None:
                self._tell(self.progress())

    def progress(self) -> Progress:
        """What there is so far."""
        counts, runtime = self.tape.counts, self._runtime
        return Progress(
            seconds=round(self._elapsed_s(), 3),
            frames=counts.frames,
            answers=counts.answers,
            bytes=counts.bytes,
            lost=counts.lost,
            undecoded=self.undecoded.count,
            reconnects=sum(feed.reconnects for feed in self._venue.feeds.values()),
            books=len(self.symbols),
            books_live=len(self._live(runtime)) if runtime is not None else 0,
        )

    def _elapsed_s(self) -> float:
        return self._took_s if self._took_s is not None else trio.current_time() - self._began_s

    def _live(self, runtime: Runtime) -> set[str]:
        top = f"engine/venues/{self._venue.name}/books"
        paths = {symbol: f"{top}/{path_segment(symbol)}" for symbol in self.symbols}
        return {
            symbol for symbol, path in paths.items() if runtime.summary(path).get("state") == "LIVE"
        }
