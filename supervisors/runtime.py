"""Running a tree: from its spec to the report of how it ended."""

from __future__ import annotations

import os
import random
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import trio
from msgspec import Struct

from actors.runtime.clock import Clock, SystemClock
from actors.runtime.reference import Observer
from actors.runtime.timers import Timers
from actors.runtime.turn import Turn
from supervisors.capsules import Capsules
from supervisors.child import ActorRecord, Record
from supervisors.deadletters import DeadLetters
from supervisors.events import Events, Listener
from supervisors.failures import EndKind, Exit, describe
from supervisors.operations import Operations
from supervisors.registry import Registry
from supervisors.rows import Row, alive_frames, picture, rows_below, walk
from supervisors.signals import take_signals
from supervisors.spec import SupervisorSpec, check
from supervisors.supervisor import Supervisor
from supervisors.watchdog import Block, LoopWatchdog, WatchdogSpec

STOP_WITHIN_S = 15.0  # the whole tree; an operator who waits longer reaches for kill -9

EXIT_DONE = 0
EXIT_GAVE_UP = 4
EXIT_FORCED = 70


class ExitReport(Struct, frozen=True):
    """How a run ended.

    `code`: 0 asked to stop or done, 4 gave up, 70 forced.  `stuck` names what did not go in time.
    """

    code: int
    reason: str
    restarts: int
    stuck: tuple[str, ...]
    events: dict[str, int]


class Options(Struct, frozen=True):
    """How a tree is run.

    Args:
        seed: of all chance in the run.
        signals: take SIGINT and SIGTERM; only in the main thread.
        stop_within_s: the deadline of the whole stop.
        watchdog: watch the loop from a thread, which also enforces that deadline; None does not.
        force_exit: ends the process when that has passed.
        capsules: keeps what actors that crash took in before; None keeps nothing.
    """

    seed: int = 0
    signals: bool = False
    stop_within_s: float = STOP_WITHIN_S
    watchdog: WatchdogSpec | None = None
    force_exit: Callable[[int], object] = os._exit
    capsules: Capsules | None = None


class Runtime(Operations):
    """A running tree.  It is the `Tree` that actors and operators speak to; no call waits.

    Args:
        spec: the root supervisor.
        clock: the time actors read; the scheduling itself is always by the loop's clock.
        observer: sees every accepted message and every change of state.
        options: seed, signals and the deadline of a stop.

    Raises:
        BadSpec: the tree cannot be run.
    """

    def __init__(
        self,
        spec: SupervisorSpec,
        *,
        clock: Clock | None = None,
        observer: Observer | None = None,
        options: Options | None = None,
    ) -> None:
        check(spec)
        self.options = options if options is not None else Options()
        self.seed = self.options.seed
        self.clock: Clock = clock if clock is not None else SystemClock()
        self.observer = observer
        self.events = Events(self.clock)
        self.registry = Registry()
        self.timers = Timers()
        self.turn = Turn()
        self.dead_letters = DeadLetters(self.clock)
        self.lives = 0
        self.stopping = False
        self.hurried = False
        self._chances: dict[str, random.Random] = {}
        self._stop_asked = trio.Event()
        self._quiet = trio.Event()
        self._reason = "all done"
        self._code = EXIT_DONE
        self._fatal: BaseException | None = None
        self._starting = trio.CancelScope()
        self.root = Supervisor(self, None, spec)
        self.watchdog: LoopWatchdog | None = None
        if self.options.watchdog is not None:
            self.watchdog = LoopWatchdog(
                self.options.watchdog,
                self.turn,
                on_over=self._was_blocked,
                on_deadline=self._force_from_outside,
            )

    # -- running -----------------------------------------------------------------------------------

    async def run(self, started: trio.Event | None = None) -> ExitReport:
        """Start the tree, run it until it ends or is asked to stop, stop it in order.

        A cancellation from outside is such a wish too: it is passed on after the ordered stop.

        Args:
            started: set when the root's start is through.

        Raises:
            BaseException: what a life raised that is to end the process, after the stop.
        """
        if self.watchdog is not None:
            self.watchdog.start()
        try:
            async with trio.open_nursery() as outside:
                outside.start_soon(self._sentinel)
                with trio.CancelScope(shield=True):
                    async with trio.open_nursery() as self.nursery:
                        await self._run_shielded(started)
                        self.nursery.cancel_scope.cancel(reason="the tree has stopped")
                outside.cancel_scope.cancel(reason="the tree has stopped")
        finally:
            if self.watchdog is not None:
                self.watchdog.stop()
        if self._fatal is not None:
            raise self._fatal
        await trio.lowlevel.checkpoint_if_cancelled()
        return self._report()

    async def _sentinel(self) -> None:
        """Stand outside the shield and turn a cancellation into a wish to stop."""
        try:
            await trio.sleep_forever()
        finally:
            self.request_stop("cancelled from outside")

    async def _run_shielded(self, started: trio.Event | None) -> None:
        self.nursery.start_soon(self.timers.run)
        if self.options.signals:
            self.nursery.start_soon(take_signals, self)
        self.nursery.start_soon(self._start_root, started)
        await self._stop_asked.wait()
        self._starting.cancel(reason=self._reason)
        self.timers.after(self.options.stop_within_s, self._force)
        await self.root.stop(self._reason)
        while self.lives:
            self._quiet = trio.Event()
            await self._quiet.wait()

    async def _start_root(self, started: trio.Event | None) -> None:
        with self._starting:
            self.root.refresh()
            await self.root.start()
        if started is not None:
            started.set()

    def _force(self) -> None:
        """The deadline of the stop has passed: say who is stuck, and end the process."""
        self._end_process(self._reason, trio.current_time())

    def _force_from_outside(self) -> None:
        """The same in the watchdog's thread, when the loop has not done it itself."""
        blocked = self.watchdog.now if self.watchdog is not None else None
        who = f" in a handler of {blocked.path}" if blocked is not None and blocked.path else ""
        frames = " < ".join(blocked.frames) if blocked is not None else "unknown"
        loop_s = self.watchdog.loop_s if self.watchdog is not None else 0.0
        self._end_process(f"the loop is blocked{who}, at {frames}", loop_s)

    def _end_process(self, reason: str, now_s: float) -> None:
        self._code = EXIT_FORCED
        try:
            tree = picture(rows_below(self.root, now_s), alive_frames(self.root))
        except Exception as error:  # a tree that changes while a thread reads it, or worse
            tree = f"the tree cannot be told: {describe(error)}"
        sys.stderr.write(f"not stopped within {self.options.stop_within_s:g} s: {reason}\n{tree}\n")
        sys.stderr.flush()
        self.options.force_exit(EXIT_FORCED)

    def _was_blocked(self, block: Block) -> None:
        self.events.add(block.path or self.root.path, 0, "blocked", block.text)

    def _report(self) -> ExitReport:
        actors = [record for record in walk(self.root) if isinstance(record, ActorRecord)]
        return ExitReport(
            code=self._code,
            reason=self._reason,
            restarts=sum(max(0, record.begun - 1) for record in actors),
            stuck=tuple(self._stuck),
            events=dict(self.events.counts),
        )

    @property
    def _stuck(self) -> list[str]:
        seen = dict.fromkeys(e.path for e in self.events.since() if e.kind == "stuck")
        return list(seen)

    # -- ends --------------------------------------------------------------------------------------

    def request_stop(self, reason: str, code: int = EXIT_DONE) -> None:
        """Stop the whole tree in order; only the first wish counts."""
        if not self.stopping:
            self.stopping = True
            self._reason, self._code = reason, code
            self.stop_is_due()
            self._stop_asked.set()

    def stop_is_due(self) -> None:
        """From now on the stop's time runs; safe in a signal handler."""
        if self.watchdog is not None:
            self.watchdog.expire_in(self.options.stop_within_s)

    def hurry(self) -> None:
        """Leave no grace to what is being stopped, or will be."""
        self.hurried = True
        for record in walk(self.root):
            if isinstance(record, ActorRecord):
                record.hurry()

    def fatal(self, error: BaseException) -> None:
        """Stop in order, then raise this."""
        if self._fatal is None:
            self._fatal = error
        self.request_stop(f"fatal: {describe(error)}")

    def root_ended(self, exit_: Exit) -> None:
        """The root ended by its own decision."""
        self.request_stop(exit_.reason, EXIT_GAVE_UP if exit_.kind is EndKind.CRASH else EXIT_DONE)

    def life_ended(self) -> None:
        """One life less."""
        self.lives -= 1
        self._quiet.set()

    # -- looking -----------------------------------------------------------------------------------

    def subscribe(self, listener: Listener) -> None:
        """Call this with every lifecycle event from now on."""
        self.events.subscribe(listener)

    def rows(self) -> list[Row]:
        """Return the whole tree, supervisors before their children, in start order."""
        return rows_below(self.root, trio.current_time())

    # -- for the records ---------------------------------------------------------------------------

    def chance(self, record: Record) -> random.Random:
        """Return the chance that one child's backoff draws from, seeded by the run and its path."""
        found = self._chances.get(record.path)
        if found is None:
            found = self._chances[record.path] = random.Random(f"{self.seed}:{record.path}:backoff")
        return found


async def run_tree(
    spec: SupervisorSpec,
    *,
    clock: Clock | None = None,
    observer: Observer | None = None,
    options: Options | None = None,
) -> ExitReport:
    """Run a tree until it ends or is asked to stop; see `Runtime`."""
    return await Runtime(spec, clock=clock, observer=observer, options=options).run()


@asynccontextmanager
async def open_tree(
    spec: SupervisorSpec,
    *,
    clock: Clock | None = None,
    observer: Observer | None = None,
    options: Options | None = None,
) -> AsyncIterator[Runtime]:
    """Run a tree beside the block: started before it, stopped in order after it."""
    runtime = Runtime(spec, clock=clock, observer=observer, options=options)
    started = trio.Event()
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run, started)
        await started.wait()
        try:
            yield runtime
        finally:
            runtime.request_stop("the block has ended")


def run(
    spec: SupervisorSpec,
    *,
    clock: Clock | None = None,
    observer: Observer | None = None,
    options: Options | None = None,
) -> ExitReport:
    """Run a tree as this process's work: signals stop it in order and never hit an actor."""
    options = options if options is not None else Options(signals=True, watchdog=WatchdogSpec())
    runtime = Runtime(spec, clock=clock, observer=observer, options=options)
    return trio.run(runtime.run, restrict_keyboard_interrupt_to_checkpoints=True)
