"""An engine on real sockets, broken for minutes: faults struck, books dark, books live again.

Engine and simulated venues run in this process, over loopback, on the real clock.  A fault strikes
only a place where every book is live and no other fault lasts, so that each time to recover belongs
to one fault.
"""

from __future__ import annotations

import random
import time
from collections import defaultdict, deque
from collections.abc import Callable, Sequence

import trio
from msgspec import Struct

from actors.transport.dial import SocketDialer
from actors.transport.faulty import WIRE_FAULTS, FaultyDialer
from arbtree.chaos.checkers import (
    ConservationChecker,
    LifeChecker,
    LivenessChecker,
    StopChecker,
)
from arbtree.chaos.history import Checker, History
from arbtree.chaos.promises import Promises
from arbtree.chaos.recovery import SLOW, SLOW_BLAME_FOR_S, Recovery, books_below, books_reached
from arbtree.chaos.runs import (
    EXIT_DONE,
    Play,
    all_well,
    blow,
    judge_end,
    judge_liveness,
    named_kinds,
    operate,
    seed_report,
)
from arbtree.chaos.seeds import feeds_of
from arbtree.chaos.sockets import SocketChecker, WatchedDialer
from arbtree.chaos.swarm import SYMBOLS
from arbtree.engine import Engine, Seams, embedded_world
from arbtree.status import books
from config.settings import Settings, SimulatorSettings, VenueSettings
from messages.faults import FaultKind, FaultPlace, aimable, kinds_of
from simulator.breaking import heal, strike
from simulator.world import Address, World
from supervisors.chaos.faults import ActorFaults
from supervisors.chaos.faults import strikes as actor_strikes
from supervisors.chaos.nemesis import Injected
from supervisors.chaos.schedule import Planned
from supervisors.rows import Row
from supervisors.runtime import ExitReport, Options
from supervisors.watchdog import WatchdogSpec

ASSETS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA", "X001", "X002")
"""Eight books a venue: one connection each, and room for many faults at a time."""
LONGEST_S = 5.0
"""Faults that last take at most so long, or their shortest time: two minutes hold many of them."""
LIVE_WITHIN_S = 60.0
"""All books are live so soon after the start, and after the last fault: the cap of all backoff."""
TRIES = 20
"""Draws for one fault; when every place is still busy, the next turn draws again."""
LOOK_EVERY_S = 0.1
WATCH_EVERY_S = 1.0
CRASHES = {"crash": 1, "start_failure": 3, "hang_in_cleanup": 1}
"""How many crashes a fault makes at most; a venue's supervisor takes `CRASHES_AT_MOST` a minute."""
CRASHES_AT_MOST = 3
CRASH_WINDOW_S = 61.0
LEVELS = 100
"""What the simulated books hold: a snapshot of more would spend the request budget for nothing."""
QUIET_S = 1.0
"""How long a place is left alone after a fault: later consequences are its own.  Where a fault is
noticed by silence alone it is left alone until that has been, for `SLOW_BLAME_FOR_S` at most."""
ACTOR_FAULTS = frozenset(actor_strikes())


class Wish(Struct, frozen=True):
    """What a live run is to do.

    Args:
        for_s: how long faults strike.
        per_s: how many a second are tried.
        seed: draws kinds, places and times.
        kinds: which of the catalogue; all that exist on real sockets when empty.
    """

    for_s: float
    per_s: float
    seed: int
    kinds: tuple[str, ...] = ()


def live_settings(seed: int) -> Settings:
    """Every simulated venue with the same assets."""
    return Settings(
        simulator=SimulatorSettings(seed=seed % 2**32, levels=LEVELS, step_ms=100),
        venues=tuple(
            VenueSettings(
                name=name,
                symbols=tuple(form.format(asset) for asset in ASSETS),
                embedded=True,
                snapshot_levels=LEVELS,
            )
            for name, form in SYMBOLS
        ),
    )


def live_kinds(wanted: Sequence[str] = ()) -> list[FaultKind]:
    """The kinds that exist on real sockets; those of these names, if any.

    Raises:
        UsageError: one of the names is not among them.
    """
    return named_kinds(kinds_of(FaultPlace.LIVE), wanted, "no live fault is called")


class _OneAtATime(Recovery):
    """Blames only the last fault at a place: no fault strikes where another one lasts."""

    def struck(self, injected: Injected) -> None:
        """A fault was carried out; what struck here before is blamed for nothing more."""
        here = set(self._books_of(injected.planned))
        self._open = [
            one
            for one in self._open
            if one.injected is injected or one.dark or not here & one.books
        ]

    def finish(self) -> None:
        """The faults are over and what the stop darkens is nobody's."""
        super().finish()
        self._open = []


class LiveRun:
    """One run.

    Args:
        wish: what is asked for.
        settings: of the engine; every venue embedded.
        within_s: all books are live so soon after the start, and after the last fault.
        told: called after every fault with the number of faults and of dark books.
    """

    def __init__(
        self,
        wish: Wish,
        settings: Settings | None = None,
        within_s: float = LIVE_WITHIN_S,
        told: Callable[[int, int], None] | None = None,
    ) -> None:
        self.wish = wish
        self.settings = settings if settings is not None else live_settings(wish.seed)
        self._told = told
        self._within_s = within_s
        self._chance = random.Random(wish.seed)
        self._feeds: dict[str, str] = {}
        self._books = tuple(feeds_of(self.settings))
        self.recovery = _OneAtATime(lambda planned: books_reached(self._feeds, planned))
        self._dialer = FaultyDialer(SocketDialer())
        self._watched = WatchedDialer(self._dialer)
        self.conservation = ConservationChecker()
        self.lives = LifeChecker(self.settings)
        self.sockets = SocketChecker(self._watched)
        self.liveness = LivenessChecker()
        self.stopping = StopChecker()
        self.checkers: tuple[Checker, ...] = (
            self.conservation,
            self.lives,
            self.sockets,
            self.recovery,
            self.liveness,
            self.stopping,
        )
        self.history = History(self.checkers)
        self.injected: list[Injected] = []
        self.exit: ExitReport | None = None
        self._quarantined: set[str] = set()
        self._busy_until_s: dict[str, float] = {}
        self._slow: list[Injected] = []
        self._crashes: defaultdict[str, deque[float]] = defaultdict(deque)
        self._kinds = live_kinds(wish.kinds)
        self._promises = Promises(
            self._kinds,
            lambda path: books_below(self._feeds, path),
            lambda book: self.recovery.live.get(book, False),
            self._chance,
        )
        self._weights = [1.0 / kind.every_s for kind in self._kinds]

    async def run(self) -> None:
        """Run engine and venues, strike, heal, wait for life, stop."""
        seams = Seams(dialer=self._watched, observer=self.history)
        world = embedded_world(self.settings, seams.clock)
        if world is None:
            raise ValueError("live chaos wants embedded venues")
        self._world: World = world
        async with trio.open_nursery() as nursery:
            await nursery.start(World.run, world)
            found: tuple[Address, ...] = await nursery.start(World.listen, world)
            self._engine = engine = Engine(
                self.settings,
                seams,
                {address.venue: address for address in found},
                Options(seed=self.wish.seed, signals=True, watchdog=WatchdogSpec(blocked_s=5.0)),
            )
            self._faults = ActorFaults(engine.runtime)
            self.sockets.attach(engine)
            started, ended = trio.Event(), trio.Event()

            async def run() -> None:
                self.exit = await engine.run(started)
                started.set()
                ended.set()

            nursery.start_soon(run)
            await started.wait()
            async with trio.open_nursery() as phases:
                phases.start_soon(self._watch)
                phases.start_soon(self._end_with, ended, phases.cancel_scope)  # by a signal
                await self._phases()
                phases.cancel_scope.cancel(reason="the phases are over")
            engine.runtime.request_stop("the time of chaos is over")
            await ended.wait()
            self.conservation.look(engine)
            judge_end(self.stopping, engine, self.exit)
            self.sockets.ended()
            nursery.cancel_scope.cancel(reason="the engine has stopped")

    async def _end_with(self, ended: trio.Event, phases: trio.CancelScope) -> None:
        await ended.wait()
        phases.cancel(reason="the engine has ended")

    async def _watch(self) -> None:
        while True:
            await trio.sleep(WATCH_EVERY_S)
            self.conservation.look(self._engine)
            self.lives.look()
            self.sockets.look()

    async def _phases(self) -> None:
        with trio.move_on_after(self._within_s):
            await self._until_live()
        self._feeds = {
            book.path: book.connection for book in books(self._engine) if book.connection
        }
        self.history.began_s = trio.current_time()
        self.recovery.begin()
        end_s = trio.current_time() + self.wish.for_s
        while (now_s := trio.current_time()) < end_s:
            self._strike_one(end_s - now_s)
            await trio.sleep(1.0 / self.wish.per_s)
        self._heal()
        healed_s = trio.current_time()
        await trio.sleep(QUIET_S)  # what the last faults have broken shows with the next event
        with trio.move_on_after(self._within_s):
            await self._until_live(operating=True)
        took_s = trio.current_time() - healed_s
        judge_liveness(self.liveness, self._engine, self._books, self.recovery.live, took_s)
        self.recovery.finish()

    def _heal(self) -> None:
        heal(self._world)
        self._dialer.heal()
        self._faults.heal()

    async def _until_live(self, *, operating: bool = False) -> None:
        """Wait until all is well; an operator restarts what does not come back."""
        while not all_well(self._engine, self._books, self.recovery.live):
            await trio.sleep(LOOK_EVERY_S)
            if operating:
                operate(self._engine, self._note_restart)

    def _note_restart(self, path: str, row: Row | None) -> None:
        """No fault here is meant to go so far; each place is told of once."""
        if row is not None and path not in self._quarantined:
            self._quarantined.add(path)
            self.liveness.violate(f"{path} was quarantined: {row.last_failure}")

    # -- faults ----------------------------------------------------------------------------------

    def _strike_one(self, left_s: float) -> None:
        self._let_go()
        paths = [row.path for row in self._engine.runtime.rows() if row.state == "running"]
        promised = self._promises.renew(paths, trio.current_time())
        drawn = (self._chance.choices(self._kinds, self._weights)[0] for _ in range(TRIES))
        for kind in (*promised, *drawn):
            kept = self._promises.place(kind)
            places = aimable(kind, paths) if kept is None else [kept]
            places = [path for path in places if self._idle(kind, path)]
            if not places:
                continue
            planned = self._plan(kind, self._chance.choice(places), left_s)
            now_s = trio.current_time()
            injected = Injected(planned, now_s, now_s + planned.duration_s)
            self.recovery.strikes(injected)
            if self._carry_out(planned):
                self._note(injected)
                return
            self.recovery.missed(injected)

    def _plan(self, kind: FaultKind, target: str, left_s: float) -> Planned:
        shortest_s, longest_s = kind.duration_s
        lasts_s = self._chance.uniform(shortest_s, max(shortest_s, min(longest_s, LONGEST_S)))
        at_s = trio.current_time() - self.history.began_s
        seed = self._chance.getrandbits(32)
        return Planned(round(at_s, 3), kind.name, target, min(lasts_s, left_s), seed)

    def _idle(self, kind: FaultKind, path: str) -> bool:
        """Whether no fault lasts here, every book is live, and no budget would be spent."""
        now_s = trio.current_time()
        mine = books_below(self._feeds, path)
        if any(not self.recovery.live.get(book, False) for book in mine):
            return False
        if not self._promises.is_free(kind, path):
            return False
        if any(now_s < self._busy_until_s.get(place, 0.0) for place in (path, *mine)):
            return False
        crashes = self._crashes[_family(path)]
        while crashes and now_s - crashes[0] > CRASH_WINDOW_S:
            crashes.popleft()
        return len(crashes) + CRASHES.get(kind.name, 0) <= CRASHES_AT_MOST

    def _carry_out(self, planned: Planned) -> bool:
        if planned.fault == "blocked_loop":
            time.sleep(planned.duration_s)  # noqa: ASYNC251 - to block the loop is the fault
            return True
        if planned.fault in WIRE_FAULTS:
            return self._dialer.strike(planned.fault, planned.target, planned.duration_s) > 0
        if planned.fault in ACTOR_FAULTS:
            return self._faults.strike(planned)
        return strike(self._world, blow(self._world, planned))

    def _note(self, injected: Injected) -> None:
        planned = injected.planned
        self.injected.append(injected)
        self._promises.struck(planned.fault)
        self.recovery.struck(injected)
        slow = planned.fault in SLOW
        if slow:
            self._slow.append(injected)
        self._keep_busy(injected, injected.over_s + (SLOW_BLAME_FOR_S if slow else QUIET_S))
        self._crashes[_family(planned.target)].extend(
            [injected.at_s] * CRASHES.get(planned.fault, 0)
        )
        if self._told is not None:
            dark = sum(not live for live in self.recovery.live.values())
            self._told(len(self.injected), dark)

    def _keep_busy(self, injected: Injected, until_s: float) -> None:
        target = injected.planned.target
        for place in (target, *books_below(self._feeds, target)):
            self._busy_until_s[place] = until_s

    def _let_go(self) -> None:
        """Let others strike where a slow fault has been noticed and is over."""
        for injected in tuple(self._slow):
            if self.recovery.has_recovered(injected):
                self._slow.remove(injected)
                self._keep_busy(injected, trio.current_time() + QUIET_S)

    # -- the report ------------------------------------------------------------------------------

    def play(self, real_s: float, replay: str) -> Play:
        """What it came to, as a report of one seed that has its timeline."""
        history, found = self.history, tuple(one.verdict() for one in self.checkers)
        report = seed_report(
            self.wish.seed,
            found,
            [one.planned.fault for one in self.injected],
            replay=replay,
            venues=len(history.depth_venues),
            books=len(self._books),
            virtual_s=self.wish.for_s,
            real_s=real_s,
            depth_messages=history.depth_messages,
            exits=(EXIT_DONE, self.exit.code if self.exit is not None else -1),
            enough=not any(verdict.failed for verdict in found),
        )
        return Play(report, self.recovery.records(), tuple(history.changes))


def _family(path: str) -> str:
    """Whose budget a crash at this path spends: its parent's."""
    return path.rpartition("/")[0]
