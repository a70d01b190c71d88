"""One seed, from its first dial to its verdicts: safety, heal, liveness, stop."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from itertools import count

import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from arbtree.chaos.checkers import (
    BudgetChecker,
    ConservationChecker,
    DecisionChecker,
    LifeChecker,
    LivenessChecker,
    StopChecker,
)
from arbtree.chaos.history import Checker, History, Tap
from arbtree.chaos.oracle import ReplayChecker, TruthChecker
from arbtree.chaos.recovery import Recovery, books_reached
from arbtree.chaos.runs import (
    Play,
    all_well,
    blow,
    failure_text,
    judge_end,
    judge_liveness,
    operate,
    seed_report,
)
from arbtree.chaos.sockets import SocketChecker, WatchedDialer
from arbtree.chaos.swarm import Draw, draw_seed
from arbtree.engine import Engine, Seams, embedded_world
from config.chaos import FaultChange
from config.settings import Settings
from messages.identifiers import parse_symbol, path_segment
from simulator.breaking import heal, strike
from simulator.breaking import strikes as venue_strikes
from simulator.schedule import make_deterministic
from simulator.world import START_MS, World
from supervisors.chaos.faults import ActorFaults
from supervisors.chaos.nemesis import Nemesis
from supervisors.chaos.schedule import Planned
from supervisors.rows import Row
from supervisors.runtime import ExitReport, Options

LIVE_BEFORE_S = 20.0
"""Faults strike after every book was live, or after this."""
SHOWS_WITHIN_S = 2.0
"""After the heal, what the last faults have broken shows so soon: with the next event, mostly."""
LIVE_WITHIN_S = 80.0
"""How long the liveness of even a short seed may take: a book can wait a minute for its venue's
request budget, after the longest backoff of twenty seconds; a seed that is well ends in time."""
STOP_WITHIN_S = 15.0
LOOK_EVERY_S = 0.2
COUNT_EVERY = 25
"""Every so many looks all mailboxes are counted: once in five seconds."""
OPERATOR_EVERY_S = 1.0
SETTLE_S = 1.0
"""The simulator's own tasks may need so long to notice that the engine is gone."""
MIN_VENUES, MIN_DEPTH_MESSAGES, MIN_FAULTS, MIN_KINDS = 3, 3_000, 20, 8
"""What a seed must have had so that it counts."""
VENUE_FAULTS = frozenset(venue_strikes())


class _Run:
    """Everything of one run."""

    def __init__(self, drawn: Draw, for_s: float) -> None:
        self.drawn = drawn
        self.for_s = for_s
        settings = drawn.settings
        world = embedded_world(settings)
        assert world is not None
        self.world: World = world
        self.feeds = feeds_of(settings)
        self.conservation = ConservationChecker()
        self.dialer = WatchedDialer(world.dial)
        self.decisions = DecisionChecker(settings, self.dialer.silent_s)
        self.replay = ReplayChecker()
        self.truth = TruthChecker()
        self.budgets = BudgetChecker(settings)
        self.lives = LifeChecker(settings)
        self.sockets = SocketChecker(self.dialer)
        self.recovery = Recovery(lambda planned: books_reached(self.feeds, planned))
        self.liveness = LivenessChecker()
        self.stopping = StopChecker()
        self.checkers: tuple[Checker, ...] = (
            self.conservation,
            self.decisions,
            self.replay,
            self.truth,
            self.budgets,
            self.lives,
            self.sockets,
            self.recovery,
            self.liveness,
            self.stopping,
        )
        self.history = History(self.checkers)
        self.nemesis: Nemesis | None = None
        self.exit: ExitReport | None = None
        self.ended_live = False

    # -- the run ---------------------------------------------------------------------------------

    async def main(self) -> None:
        """Live it."""
        before = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as nursery:
            await nursery.start(World.run, self.world)
            engine = Engine(
                self.drawn.settings,
                Seams(self.dialer, TrioClock(START_MS * 1_000_000), self.history),
                options=Options(seed=self.drawn.seed, force_exit=self._forced),
            )
            self._attach(engine)
            await self._live(engine)
            nursery.cancel_scope.cancel(reason="the seed is over")
        left = trio.lowlevel.current_statistics().tasks_living - before
        if left:
            self.stopping.violate(f"{left} tasks are left")

    def _attach(self, engine: Engine) -> None:
        self.faults = ActorFaults(engine.runtime)
        self.decisions.attach(engine)
        self.sockets.attach(engine)
        engine.outlet.attach(Tap(self.checkers))
        engine.runtime.subscribe(self.history.on_event)
        levels = self.drawn.settings.detector.depth_levels
        for venue in self.drawn.settings.active_venues:
            listings = self.world.venues[venue.name].listings.values()
            by_asset = {live.asset.name: live for live in listings}
            for symbol in venue.symbols:
                path = f"engine/venues/{venue.name}/books/{path_segment(symbol)}"
                self.replay.serve(path, engine.venues[venue.name].depth_feed.levels or 0)
                self.truth.watch(path, by_asset[parse_symbol(symbol).base], levels)

    def _forced(self, code: int) -> None:
        self.stopping.violate(f"the stop had to be forced with exit {code}")

    async def _live(self, engine: Engine) -> None:
        began_s = trio.current_time()
        self.history.began_s = began_s
        self.recovery.begin()
        started, ended = trio.Event(), trio.Event()

        async def run() -> None:
            self.exit = await engine.run(started)
            started.set()
            ended.set()

        async with trio.open_nursery() as nursery:
            nursery.start_soon(run)
            await started.wait()
            async with trio.open_nursery() as phases:
                phases.start_soon(self._watch, engine)
                phases.start_soon(self._phases, engine, began_s, ended, phases.cancel_scope)
                await ended.wait()
                phases.cancel_scope.cancel(reason="the engine has ended")
        self.conservation.look(engine)
        judge_end(self.stopping, engine, self.exit, self.drawn.expected_exit)
        self.sockets.ended()

    async def _phases(
        self, engine: Engine, began_s: float, ended: trio.Event, scope: trio.CancelScope
    ) -> None:
        """Let faults strike, heal, wait for life, stop."""
        with trio.move_on_after(LIVE_BEFORE_S):
            await self._until_live(engine)
        recovery = self.recovery
        self.nemesis = Nemesis(self.drawn.schedule, self._strike, recovery.strikes, recovery.missed)
        await self.nemesis.run()
        await trio.sleep_until(began_s + self.drawn.safety_s)
        heal(self.world)
        self.faults.heal()
        end_s, healed_s = began_s + self.for_s, trio.current_time()
        await trio.sleep(SHOWS_WITHIN_S)
        await self._be_live(engine, healed_s, max(end_s, healed_s + LIVE_WITHIN_S))
        await trio.sleep_until(end_s)
        if self.ended_live and not self._all_well(engine):
            # What has gone dark since is held to the same bound.
            await self._be_live(engine, end_s, end_s + LIVE_WITHIN_S)
        self.conservation.look(engine)
        if self.ended_live:
            self.lives.compare(self.world, engine)
        self.recovery.finish()
        asked_s = trio.current_time()
        engine.runtime.request_stop("the seed is over")
        with trio.CancelScope(shield=True, deadline=asked_s + STOP_WITHIN_S + SETTLE_S):
            await ended.wait()
        took_s = trio.current_time() - asked_s
        if took_s > STOP_WITHIN_S:
            self.stopping.violate(f"the stop took {took_s:.1f} s")

    async def _be_live(self, engine: Engine, since_s: float, until_s: float) -> None:
        """Operate until all is well, and say what is not at the end of that time."""
        with trio.CancelScope(deadline=until_s):
            await self._operate(engine)
        self.ended_live = judge_liveness(
            self.liveness,
            engine,
            self.feeds,
            self.recovery.live,
            trio.current_time() - since_s,
        )

    async def _watch(self, engine: Engine) -> None:
        for number in count(1):
            await trio.sleep(LOOK_EVERY_S)
            self.decisions.look(engine)
            self.sockets.look()
            self.lives.look()
            if number % COUNT_EVERY == 0:
                self.conservation.look(engine)

    async def _until_live(self, engine: Engine) -> None:
        while not self._all_well(engine):  # noqa: ASYNC110 - a whole tree has no event
            await trio.sleep(0.25)

    async def _operate(self, engine: Engine) -> None:
        """Restart, as an operator would, what does not come back, until all is well."""

        def restarts(path: str, row: Row | None) -> None:
            self.budgets.restarted(path)
            self.history.note(f"operator restarts {path}")

        while not self._all_well(engine):
            operate(engine, restarts)
            await trio.sleep(OPERATOR_EVERY_S)

    def _all_well(self, engine: Engine) -> bool:
        return all_well(engine, self.feeds, self.recovery.live)

    # -- faults ----------------------------------------------------------------------------------

    def _strike(self, planned: Planned) -> bool:
        if planned.fault == "blocked_loop":
            # Time passes and nobody runs: that is all a blocked loop is.
            clock = trio.lowlevel.current_clock()
            assert isinstance(clock, MockClock)
            clock.jump(planned.duration_s)
            return True
        if planned.fault in VENUE_FAULTS:
            return strike(self.world, blow(self.world, planned))
        return self.faults.strike(planned)


def feeds_of(settings: Settings) -> dict[str, str]:
    """The path of every book, and of the connection that feeds it."""
    return {
        f"engine/venues/{venue.name}/books/{path_segment(symbol)}": (
            f"engine/venues/{venue.name}/connections/0"
        )
        for venue in settings.active_venues
        for symbol in venue.symbols
    }


def play(
    seed: int,
    for_s: float,
    overrides: Mapping[str, FaultChange] | None = None,
    schedule: Sequence[Planned] | None = None,
    replay: str = "",
) -> Play:
    """Play one seed in a run of its own.

    Args:
        seed: decides everything but the length.
        for_s: virtual seconds.
        overrides: what a faults file says.
        schedule: played instead of the one drawn: a part of it, while it is shrunk.
        replay: the command that plays it again.
    """
    drawn = draw_seed(seed, for_s, overrides)
    if schedule is not None:
        drawn = Draw(seed, drawn.settings, tuple(schedule), drawn.safety_s, drawn.expected_exit)
    began_s = time.monotonic()
    make_deterministic(seed)

    async def main() -> tuple[_Run, float]:
        run = _Run(drawn, for_s)
        try:
            await run.main()
        except Exception as error:  # the other seeds go on, and this one can be played again
            run.stopping.violate(f"the run was ended by {failure_text(error)}")
        return run, trio.current_time()

    run, virtual_s = trio.run(main, clock=MockClock(autojump_threshold=0))
    return _play(run, virtual_s, time.monotonic() - began_s, replay)


def _play(run: _Run, virtual_s: float, real_s: float, replay: str) -> Play:
    drawn, history = run.drawn, run.history
    injected = run.nemesis.injected if run.nemesis is not None else []
    enough = (
        len(history.depth_venues) >= MIN_VENUES
        and history.depth_messages >= MIN_DEPTH_MESSAGES
        and len(injected) >= MIN_FAULTS
        and len({one.planned.fault for one in injected}) >= MIN_KINDS
    )
    report = seed_report(
        drawn.seed,
        tuple(checker.verdict() for checker in run.checkers),
        [one.planned.fault for one in injected],
        replay=replay,
        venues=len(history.depth_venues),
        books=len(run.feeds),
        virtual_s=virtual_s,
        real_s=real_s,
        trace_hash=history.trace_hash,
        depth_messages=history.depth_messages,
        exits=(drawn.expected_exit, run.exit.code if run.exit is not None else -1),
        enough=enough and run.ended_live,
        planned=len(drawn.schedule),
    )
    return Play(report, run.recovery.records(), tuple(history.changes))
