"""What a card is played on: one simulated venue, the engine that follows it, and a witness.

The witness keeps what the simulated venue's books really were after each of its changes, and
compares every `BookTop` that the detector is sent with it.  Nothing of the dialect is in that
comparison: the simulator has a codec of its own.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from typing import Any, Final

import trio

from actors.runtime.clock import TrioClock
from actors.runtime.messages import Stamped
from arbtree.engine import Engine, Seams
from arbtree.status import BookStatus, book_states, books
from config.settings import Settings, VenueSettings
from exchanges.contract import PublicDialect
from messages.books import BookDark, BookTop, DarkReason
from messages.errors import UsageError
from messages.instruments import SymbolInfo
from messages.market import Levels, StreamKind
from simulator.instruments import named_assets
from simulator.limits import WeightPool
from simulator.venue import Venue
from simulator.world import START_MS, World
from supervisors.rows import Row
from supervisors.runtime import ExitReport, Options

ASSETS: Final = ("BTC", "ETH")
STEP_MS: Final = 100
"""Time between two changes of a book: every event of the usual depth streams tells of some."""
TRUTH_LEVELS: Final = 20
"""Levels a side that a `BookTop` carries."""
TRUTH_KEPT: Final = 4_096
"""Ids of a book that are remembered: more than six minutes of changes."""
LOOK_EVERY_S: Final = 0.02
LIVE_WITHIN_S: Final = 30.0
"""From the first dial, or from the end of what a card did, to live books."""
SYMBOLS: Final = 2

Ticks = list[tuple[int, int]]
"""Levels of one side in ticks and lots."""


class CardFailed(Exception):
    """The venue did not do what the card wants; the text is the card's sentence."""


class Witness(World):
    """A world of one venue that remembers its books."""

    def __init__(self, venue: str, clock_ahead_ms: int) -> None:
        self.clock_ahead_ms = clock_ahead_ms
        super().__init__(
            1,
            venues=(venue,),
            assets=named_assets(ASSETS),
            step_ms=STEP_MS,
            now_ms=self._shown_ms,
        )
        self._kept: dict[str, dict[int, tuple[Ticks, Ticks]]] = {}
        self._listings = {
            native: live for each in self.venues.values() for native, live in each.listings.items()
        }
        self._note()

    def _shown_ms(self) -> int:
        return self._virtual_ms() + self.clock_ahead_ms

    def step(self) -> None:
        """Live one tick, and note what changed."""
        super().step()
        self._note()

    def _note(self) -> None:
        for native, live in self._listings.items():
            kept, book = self._kept.setdefault(native, {}), live.book
            if book.last_id not in kept:
                kept[book.last_id] = book.bids.top(TRUTH_LEVELS), book.asks.top(TRUTH_LEVELS)
                if len(kept) > TRUTH_KEPT:
                    del kept[next(iter(kept))]

    def truth(self, native: str, sequence: int) -> tuple[Levels, Levels] | None:
        """The best levels at an update id as a client reads the venue's texts; None: no such id."""
        kept = self._kept[native].get(sequence)
        if kept is None:
            return None
        listing = self._listings[native].listing
        bids, asks = (
            tuple(
                (float(listing.price_text(ticks)), float(listing.amount_text(lots)))
                for ticks, lots in side
            )
            for side in kept
        )
        return bids, asks


class Stage:
    """One card's world: what a card may look at and do.

    Args:
        dialect: the venue's.
        settings: how the engine follows it.
        infos: the two symbols it follows, as guessed from the venue's names.
        world: the simulated venue.
    """

    def __init__(
        self, dialect: PublicDialect, settings: Settings, infos: list[SymbolInfo], world: Witness
    ) -> None:
        self.dialect, self.world = dialect, world
        self.venue = dialect.venue
        self.subject, self.other = infos[:SYMBOLS]
        self.natives = {info.symbol: info.native for info in infos}
        self.tops = 0
        """Published tops that were compared with the truth."""
        self.darks: list[tuple[str, DarkReason]] = []
        """Symbols that went dark, and why."""
        self._wrong: list[str] = []
        self.engine = Engine(
            settings,
            Seams(world.dial, TrioClock(START_MS * 1_000_000), self),
            options=Options(seed=1),
        )

    # -- the observer of the runtime ------------------------------------------------------------

    def on_accepted(self, path: str, generation: int, message: object) -> None:
        """Compare what the detector is told with what the venue's book was."""
        if path != "engine/detector":
            return
        news = message.message if isinstance(message, Stamped) else message
        if isinstance(news, BookDark):
            self.darks.append((news.symbol, news.reason))
        elif isinstance(news, BookTop):
            self.tops += 1
            truth = self.world.truth(self.natives[news.symbol], news.sequence)
            if truth != (news.bids, news.asks):
                had = "never had" if truth is None else f"had as {truth[0][:1]} {truth[1][:1]}"
                self._wrong.append(
                    f"{news.symbol} was published at {news.sequence} as {news.bids[:1]}"
                    f" {news.asks[:1]}, which the venue {had}"
                )

    def on_state(self, path: str, state: str, generation: int) -> None:
        """States of children say nothing here."""

    # -- looking --------------------------------------------------------------------------------

    @property
    def simulated(self) -> Venue:
        """The simulated venue."""
        return self.world.venues[self.venue]

    @property
    def stream(self) -> str:
        """The depth stream of the symbol that cards do things to."""
        option = self.engine.venues[self.venue].depth_feed.option
        return self.dialect.stream(StreamKind.DEPTH, self.subject, option)

    @property
    def in_band(self) -> bool:
        """Whether snapshots come with the stream."""
        return self.engine.venues[self.venue].depth_feed.in_band

    def book(self, info: SymbolInfo | None = None) -> BookStatus:
        """The subject's book, or another's."""
        symbol = (info or self.subject).symbol
        return next(book for book in books(self.engine) if book.symbol == symbol)

    def connections(self) -> list[Row]:
        """The rows of the connection actors."""
        rows = self.engine.runtime.rows()
        return [row for row in rows if "/connections/" in row.path]

    def reconnects(self) -> int:
        """Lives of connections that have ended."""
        return sum(row.restarts for row in self.connections())

    def crashes(self) -> int:
        """Everything that failed by our own fault."""
        return self.engine.runtime.events.counts.get("crash", 0)

    def requests(self) -> int:
        """REST requests the venue has seen."""
        return sum(self.simulated.meter.requests.values())

    def pools(self) -> list[WeightPool]:
        """Every request budget the venue keeps for us."""
        return [self.simulated.pool, *self.simulated.budgets.values()]

    # -- waiting and judging --------------------------------------------------------------------

    async def until(self, condition: Callable[[], bool], within_s: float, what: str) -> float:
        """Wait until something holds; how long it took, in virtual seconds.

        Raises:
            CardFailed: it never did.
        """
        began_s = trio.current_time()
        while not condition():
            if trio.current_time() - began_s > within_s:
                raise CardFailed(f"{what} did not come within {within_s:g} s")
            await trio.sleep(LOOK_EVERY_S)  # noqa: ASYNC110 - a condition over a tree has no event
        return trio.current_time() - began_s

    def all_live(self) -> bool:
        """Whether both books are live."""
        return all(state == "LIVE" for state in book_states(self.engine).values())

    async def live(self, within_s: float = LIVE_WITHIN_S) -> float:
        """Wait for live books; how long it took."""
        return await self.until(self.all_live, within_s, f"live books of {self.venue}")

    async def ready(self) -> None:
        """Wait for live books, and forget what was dark on the way there."""
        await self.live()
        self.darks.clear()

    def want(self, holds: object, sentence: str) -> None:
        """Fail the card with this sentence unless something holds."""
        if not holds:
            raise CardFailed(sentence)

    async def judge(self, settle_s: float = 3.0) -> None:
        """Let the market go on, then want live books, no false price and no crash.

        Raises:
            CardFailed: one of these does not hold.
        """
        before = self.tops
        await trio.sleep(settle_s)
        await self.live()
        self.want(self.tops > before, f"no price was published within {settle_s:g} s")
        self.judge_truth()

    def judge_truth(self) -> None:
        """Want that nothing false was published, that nothing crashed and no message is missing.

        Raises:
            CardFailed: one of these does not hold.
        """
        self.want(not self._wrong, self._wrong[0] if self._wrong else "")
        for row in self.engine.runtime.rows():
            if row.crashes:
                raise CardFailed(f"{row.path} crashed: {row.last_failure}")
            if row.mailbox is not None and not row.mailbox.conserved:
                raise CardFailed(f"{row.path} lost count of its messages: {row.mailbox}")


@asynccontextmanager
async def open_stage(
    dialect: PublicDialect, *, clock_ahead_ms: int = 0, **options: Any
) -> AsyncIterator[Stage]:
    """Run an engine on the simulated venue beside the block; both are stopped after it.

    Args:
        dialect: whose venue.
        clock_ahead_ms: how far the venue's clock runs ahead of ours.
        options: further settings of the venue.

    Raises:
        UsageError: the simulator has no such venue, or lists too few symbols.
        CardFailed: the engine did not stop in order.
    """
    world = Witness(dialect.venue, clock_ahead_ms)
    natives = list(world.venues[dialect.venue].listings)
    infos = [dialect.symbol_from_native(native) for native in natives]
    if len(infos) < SYMBOLS:
        raise UsageError(f"the simulated {dialect.venue} lists fewer than {SYMBOLS} symbols")
    symbols = tuple(info.symbol for info in infos)
    settings = VenueSettings(name=dialect.venue, symbols=symbols, embedded=True, **options)
    stage = Stage(dialect, Settings(venues=(settings,)), infos, world)
    ends: list[ExitReport] = []
    async with trio.open_nursery() as nursery:
        await nursery.start(World.run, world)
        started, stopped = trio.Event(), trio.Event()

        async def run() -> None:
            ends.append(await stage.engine.run(started))
            stopped.set()

        nursery.start_soon(run)
        await started.wait()
        yield stage
        stage.engine.runtime.request_stop("the card is played")
        await stopped.wait()
        nursery.cancel_scope.cancel(reason="the card is played")
    (report,) = ends
    if report.code or report.stuck:
        raise CardFailed(f"the engine ended with {report.code}: {report.reason} {report.stuck}")
