"""One life of an actor: the guard that turns however it ends into a value.

No exception of a life ever reaches a sibling.  Three scopes lie around the work: `_Collected`
keeps what is raised and lets only cancellations of the outside pass; `_kill` belongs to the
supervisor, its deadline is the grace; `_scope` asks to stop.  What trio makes of each way to end is
told apart by flags set here, never by `cancelled_caught` alone: a leaked `Cancelled` leaves a
nursery as silently as a return, and a scope whose clean-up raises says that it caught nothing.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import TYPE_CHECKING, TypeVarTuple

import trio

from actors.runtime.actor import Actor, ActorContext
from actors.runtime.faults import BadRequest, LeakedCancellation, NoProgress
from actors.runtime.recorder import STARTED, SUSPENDED, noted
from actors.runtime.timers import Timer
from actors.runtime.whereabouts import current_path
from supervisors.capsules import keep_crash
from supervisors.failures import EndKind, Exit, classify, describe, leaves

if TYPE_CHECKING:
    from supervisors.child import ActorRecord

Args = TypeVarTuple("Args")


class _Collected:
    """Keeps what its block raises; only cancellations go on."""

    def __init__(self) -> None:
        self.error: BaseException | None = None

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        if error is None or isinstance(error, trio.Cancelled):
            return False
        if not isinstance(error, BaseExceptionGroup):
            self.error = error
            return True
        cancelled, self.error = error.split(trio.Cancelled)
        if self.error is None:
            return False
        if cancelled is not None:
            raise cancelled
        return True


class _Edge:
    """The end of a task of a life: the very moment in which that life is over."""

    def __init__(self, life: Life, main: bool) -> None:
        self._life = life
        self._main = main

    def __enter__(self) -> None:
        return None

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if error is not None and self._life.cancelled_outside():
            self._life.stop(0.0, "cancelled from outside")
        elif error is not None and any(True for _ in leaves(error)):
            self._life.over(error)
        elif self._main:
            self._life.over(None if error is None else _leaked())


class _Tasks:
    """Starts tasks of one life."""

    def __init__(self, life: Life, nursery: trio.Nursery) -> None:
        self._life = life
        self._nursery = nursery

    def start_soon(
        self, function: Callable[[*Args], Awaitable[object]], *args: *Args, name: object = None
    ) -> None:
        """Run this in a task; what it raises ends the life, in that very moment."""

        async def guarded() -> None:
            with _Edge(self._life, main=False):
                await function(*args)

        label = name if name is not None else getattr(function, "__qualname__", function)
        self._nursery.start_soon(guarded, name=label)


class Life:
    """One life of the actor of a record; `run` is its task.

    Attributes:
        settled: it is ready, or over.
        gone: nothing of it runs any more.
        swept: the run itself was cancelled under it.
        patience: what waits for `gone` while it is stopped; a hurry moves its deadline.
    """

    def __init__(self, record: ActorRecord) -> None:
        self.record = record
        self.generation = record.ref.generation
        self.settled = trio.Event()
        self.gone = trio.Event()
        self.patience = trio.CancelScope()
        self.task: trio.lowlevel.Task | None = None
        self.actor: Actor | None = None
        self.context: ActorContext | None = None
        self.is_over = False
        self.swept = False
        self._scope = trio.CancelScope()
        self._kill = trio.CancelScope()
        self._body = _Collected()
        self._whole = _Collected()
        self._hooks: list[BaseException] = []
        self._injected: BaseException | None = None
        self._over_error: BaseException | None = None
        self._stopped = False
        self._started = False
        self._finished = False
        self._tasks: _Tasks | None = None
        self._progress_s = 0.0
        self._watchdog: Timer | None = None

    # -- the task --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Live: start, work, clean up; report the end to the record, whatever it is."""
        self.task = trio.lowlevel.current_task()
        current_path.set(self.record.path)
        try:
            with self._whole, self._kill:
                with self._body, self._scope:
                    await self._work()
                if self._stopped and self._started and self.actor is not None:
                    await self.actor.stopping()
        finally:
            self.over(None)
            self.task = None
            if self.swept:
                self.record.runtime.request_stop("cancelled from outside")
            exit_ = self._verdict()
            self.gone.set()
            capsules = self.record.runtime.options.capsules
            if capsules is not None:
                keep_crash(capsules, self, exit_)
            if self.context is not None and self.context.recorder is not None:
                # A life is full of cycles: a megabyte would wait for the collector.
                self.context.recorder.forget()
            self.record.life_gone(self, exit_)

    async def _work(self) -> None:
        """Run the actor in a nursery of its own."""
        async with trio.open_nursery() as nursery:
            self._tasks = _Tasks(self, nursery)
            with _Edge(self, main=True):
                actor = self._begin()
                if type(actor).run is not Actor.run and self.context is not None:
                    self._tasks.start_soon(self.context.serve)
                await actor.run()
                self._finished = True
            nursery.cancel_scope.cancel(reason="the actor's work is done")

    def _begin(self) -> Actor:
        """Make the instance and let it prepare."""
        record, runtime = self.record, self.record.runtime
        actor = record.make()
        self.context = actor.context = ActorContext(
            ref=record.ref,
            actor=actor,
            host=self,
            tree=runtime,
            clock=runtime.clock,
            timers=runtime.timers,
            turn=runtime.turn,
            seed=runtime.seed,
            recorded=runtime.options.capsules is not None,
        )
        self.actor = actor
        record.ref.admit(self.context)
        if self.context.recorder is not None:
            self.context.recorder.begin()
        noted(self.context.recorder, STARTED, actor.started)
        self._started = True
        record.ref.begin()
        self.progress()
        self._guard_progress()
        return actor

    def _verdict(self) -> Exit:
        """Say how this life ended."""
        raised = [error for error in (self._body.error, self._whole.error) if error is not None]
        raised += [error for error in self._hooks if error not in raised]
        if self._stopped:
            if raised:
                failure = classify(_one(raised))
                return Exit(failure.kind, failure, while_stopping=True)
            return Exit(EndKind.KILLED if self._kill.cancelled_caught else EndKind.SHUTDOWN)
        if self._injected is not None:
            raised.insert(0, self._injected)
        if not raised and self._over_error is not None:
            raised.append(self._over_error)
        if raised:
            failure = classify(_one(raised))
            return Exit(failure.kind, failure)
        if self._finished:
            return Exit(EndKind.NORMAL)
        failure = classify(_leaked())
        return Exit(failure.kind, failure)

    # -- ends ------------------------------------------------------------------------------------

    def over(self, error: BaseException | None) -> None:
        """This life is over in this moment: everybody sees the next generation from here on."""
        if self.is_over:
            return
        self.is_over = True
        self._over_error = error
        grace_s = self.record.spec.stop.grace_s
        self._kill.deadline = min(self._kill.deadline, trio.current_time() + grace_s)
        if self._watchdog is not None:
            self._watchdog.cancel()
        reason = "stopped" if self._stopped else "ended" if error is None else describe(error)
        self.record.ref.end(reason)
        if self._started and self.actor is not None:
            if error is not None and not self._stopped:
                self._call(self.actor.failed)
            self._call(self.actor.ended)
        self.record.life_over(self, reason)
        self.settled.set()

    def _call(self, hook: Callable[[], None]) -> None:
        """Call a hook of an actor that is ending; what it raises belongs to the same end."""
        try:
            hook()
        except BaseException as error:  # noqa: ASYNC103 - kept, and judged with this life's end
            self._hooks.append(error)

    def stop(self, grace_s: float, reason: str) -> None:
        """Ask it to stop and bound its clean-up; a life that is ending already keeps its reason."""
        if not self.is_over:
            self._stopped = True
            self.over(None)
        self._kill.deadline = min(self._kill.deadline, trio.current_time() + grace_s)
        self._scope.cancel(reason=reason)
        if grace_s <= 0:
            self._kill.cancel(reason="its grace is over")

    def cancelled_outside(self) -> bool:
        """Whether the ground under this life is cancelled: the run falls, not this actor."""
        if self.is_over or self._scope.cancel_called or self._kill.cancel_called:
            return False
        self.swept = trio.current_effective_deadline() == float("-inf")
        return self.swept

    def inject(self, error: BaseException) -> bool:
        """End it as if it had raised this; return False if it is over already."""
        if self.is_over:
            return False
        self._injected = error
        self.over(error)
        self._scope.cancel(reason=f"ended from outside: {describe(error)}")
        return True

    def suspend(self) -> None:
        """Handle nothing until resumed."""
        if self.context is not None:
            self.context.hold()
            self.record.ref.hold()
            self.record.set_state("suspended")
            if self._started and self.actor is not None:
                hook, recorder = self.actor.suspended, self.context.recorder
                self._call(lambda: noted(recorder, SUSPENDED, hook))

    def resume(self) -> None:
        """Go on; time spent suspended is nobody's lack of progress."""
        if self.context is not None:
            self.record.set_state("running")
            self.note("resumed", "")
            self.progress()
            self._guard_progress()
            self.record.ref.begin()
            self.context.release()

    # -- what the actor may say ------------------------------------------------------------------

    @property
    def nursery(self) -> _Tasks:
        """Where this life starts tasks."""
        if self._tasks is None:
            raise BadRequest(f"{self.record.path} has not begun to live")
        return self._tasks

    def ready(self, value: object) -> None:
        """It is ready."""
        if not self.is_over and not self.settled.is_set():
            self.record.life_ready(value)
            self.settled.set()

    def healthy(self) -> None:
        """It has proven itself."""
        if not self.is_over:
            self.record.backoff.reset()

    def progress(self) -> None:
        """It got on."""
        self._progress_s = trio.current_time()

    def progress_age_s(self, now_s: float) -> float:
        """Return how long ago it got on, or began."""
        return max(0.0, now_s - self._progress_s)

    def fault(self, reason: str) -> None:
        """Its declared scope is in force though it lives, or no longer."""
        if not self.is_over and self.record.fault != reason:
            self.record.fault = reason
            self.note("unfit" if reason else "fit", reason)

    def watch(self, path: str) -> None:
        """Tell it of another's comings and goings."""
        if self.context is not None:
            self.record.runtime.registry.watch(path, self.context)

    def unwatch(self, path: str) -> None:
        """Tell it no more of another's comings and goings."""
        if self.context is not None:
            self.record.runtime.registry.unwatch(path, self.context)

    def note(self, kind: str, text: str) -> None:
        """Write into the event log."""
        self.record.runtime.events.add(self.record.path, self.generation, kind, text)

    def _guard_progress(self) -> None:
        """End it when it has not got on for too long; else look again when that could be."""
        within_s = self.record.spec.progress_within_s
        if within_s is None or self.is_over or self.record.state == "suspended":
            return
        if self._watchdog is not None:
            self._watchdog.cancel()
        left_s = self._progress_s + within_s - trio.current_time()
        if left_s <= 0:
            self.inject(NoProgress(f"{self.record.path} made no progress for {within_s:g} s"))
            return
        self._watchdog = self.record.runtime.timers.after(left_s, self._guard_progress)


def _leaked() -> LeakedCancellation:
    return LeakedCancellation("its work ended in a cancellation that nobody asked for")


def _one(errors: list[BaseException]) -> BaseException:
    """Make one error of several; a group of one leaf is that leaf, its traceback intact."""
    if len(errors) > 1:
        return BaseExceptionGroup("one end, several errors", errors)
    found = list(leaves(errors[0]))
    return found[0] if len(found) == 1 else errors[0]
