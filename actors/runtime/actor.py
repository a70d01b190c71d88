"""What one derives an actor from, and what each of its lives is given."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from functools import partial
from random import Random
from typing import Any, ClassVar, Protocol, Self, TypeVar, TypeVarTuple

import trio

from actors.runtime.asks import Answer, Ask
from actors.runtime.clock import Clock
from actors.runtime.faults import AskRefused
from actors.runtime.messages import Stamped
from actors.runtime.recorder import INPUT, SAW, Recorder, RecordingClock, RecordingRandom
from actors.runtime.reference import ActorRef
from actors.runtime.requests import Tree
from actors.runtime.timers import Timer, Timers
from actors.runtime.turn import DRAIN_CAP, Turn

Args = TypeVarTuple("Args")
Seen = TypeVar("Seen")

CAPSULE_EVERY = 1024
"""Inputs between two copies of an actor's state, at most."""

CAPSULE_BYTES = 64 * 1024
"""Bytes of inputs between two copies: some 220 turns of a book, whose copy takes 0.2 ms, and which
then holds 110 kB on average: 32 MB for 300 books."""


class Actor:
    """State with one owner: messages come in, handlers change it, other messages go out.

    Derive from it and override what is wanted.  Handlers are synchronous.  An actor that waits for
    the world (a socket, a request) does so in `run` or in tasks of its life (`context.nursery`).
    """

    in_turn: ClassVar[bool] = False
    """Whether handlers may run in the turn of whoever sends; they must not touch trio then."""

    capsule_form: ClassVar[type[Any] | None] = None
    """The struct that `capsule_state` returns; None: its crashes cannot be acted out again."""

    capsule_every: ClassVar[int] = CAPSULE_EVERY
    """Inputs between two copies of the state, at most."""

    capsule_bytes: ClassVar[int] = CAPSULE_BYTES
    """Bytes of inputs between two copies; more for an actor whose state is large."""

    context: ActorContext
    """What this life is given; there from `started` on."""

    def started(self) -> None:
        """Prepare, before the first message of this life."""

    def handle(self, message: object) -> None:
        """Take one message of the data lane."""

    def handle_control(self, message: object) -> None:
        """Take one message of the control lane: `Up`, `Down`, a timer's message, a command."""

    def handle_ask(self, ask: Ask) -> None:
        """Take one question, in its order with the messages: `ask.reply` now, or keep it.

        One that is kept is answered later in this life; whatever ends the life ends it too.
        """
        ask.fail(AskRefused(f"{self.context.path} answers no questions"))

    def drained(self) -> None:
        """A turn emptied the mailbox or reached its cap: publish conflated facts here."""

    async def run(self) -> None:
        """Be ready and serve the mailbox; override it where there is other work to await.

        The mailbox is served beside an overridden `run`, which must call `context.ready()` and
        whose return is the normal end of this life.
        """
        self.context.ready()
        await self.context.serve()

    def failed(self) -> None:
        """This life ends by a failure: say so to others, now; not called when it is stopped."""

    def suspended(self) -> None:
        """This life takes no messages until it is resumed: say so to others, now."""

    def ended(self) -> None:
        """This life is over, whatever the reason: called at once, before anybody else runs."""

    async def stopping(self) -> None:
        """Clean up after a planned stop, within the grace."""

    def summary(self) -> dict[str, object]:
        """Return a few facts for people who inspect the tree."""
        return {}

    # -- crash capsules: override all three or none ------------------------------------------

    def handle_input(self, message: object) -> None:
        """Take what a task of this life brought; see `ActorContext.input`."""

    def capsule_state(self) -> object | None:
        """Return a copy of everything that decides what the handlers do, as `capsule_form`.

        It must be cheap, share nothing that changes, and hold no secret.  It is called before
        `started` and between turns; what is immutable need not be copied.
        """
        return None

    @classmethod
    def from_capsule(cls, state: Any) -> Self:
        """Return a new instance made of what `capsule_state` once returned, not started yet."""
        raise NotImplementedError(f"{cls.__qualname__} cannot be made from a capsule")

    def restored(self, state: Any) -> None:
        """Become what the state says; called after `started`, unless that was still to come."""


class Tasks(Protocol):
    """Where a life starts tasks of its own; they end with it."""

    def start_soon(
        self, function: Callable[[*Args], Awaitable[object]], *args: *Args, name: object = None
    ) -> None:
        """Run this in a task; what it raises ends the life, in that very moment."""
        ...


class Host(Protocol):
    """What a life needs of whoever runs it."""

    @property
    def nursery(self) -> Tasks:
        """Where this life starts tasks."""
        ...

    def ready(self, value: object) -> None:
        """The life is ready."""
        ...

    def over(self, error: BaseException | None) -> None:
        """The life ends now; the error that ends it, if one does."""
        ...

    def healthy(self) -> None:
        """The life has proven itself."""
        ...

    def progress(self) -> None:
        """The life got on."""
        ...

    def fault(self, reason: str) -> None:
        """The life is unfit for its purpose, or fit again."""
        ...

    def watch(self, path: str) -> None:
        """Tell this life of another's comings and goings."""
        ...

    def unwatch(self, path: str) -> None:
        """Tell this life no more of another."""
        ...

    def note(self, kind: str, text: str) -> None:
        """Write into the event log."""
        ...


class ActorContext:
    """One life of an actor, seen from inside.

    Attributes:
        path, generation: which life this is.
        ref: the reference others hold.
        actor: the instance that lives it.
        clock: the time; nothing else may be read for it.
        tree: what may be asked of the supervisors.
        failure: what a handler raised, until the actor's task raises it again.
        recorder: keeps what this life takes in, where crash capsules are wanted.
        keep: takes each message before it is handled, where somebody wants them.
        work: what a task of this life is at, and since when; see `doing`.
    """

    def __init__(
        self,
        *,
        ref: ActorRef,
        actor: Actor,
        host: Host,
        tree: Tree,
        clock: Clock,
        timers: Timers,
        turn: Turn,
        seed: int,
        recorded: bool = False,
    ) -> None:
        self.path = ref.path
        self.generation = ref.generation
        self.ref = ref
        self.actor = actor
        self.mailbox = ref.mailbox
        self.clock = clock
        self.tree = tree
        self.keep: Callable[[object], None] | None = None
        self.recorder: Recorder | None = None
        if recorded:
            self.recorder = Recorder(self)
            self.clock = RecordingClock(clock, self.recorder)
        self.failure: BaseException | None = None
        self.work: tuple[str, float] | None = None
        self.handle = actor.handle
        self.drained: Callable[[], None] | None = (
            actor.drained if type(actor).drained is not Actor.drained else None
        )
        self._seed = seed
        self._random: Random | None = None
        self._host = host
        self._timers = timers
        self._turn = turn
        self._held: trio.Event | None = None

    # -- for the actor -----------------------------------------------------------------------

    @property
    def random(self) -> Random:
        """Chance, seeded by the run's seed, the path and the generation; few actors want it."""
        if self._random is None:
            seed, recorder = f"{self._seed}:{self.path}:{self.generation}", self.recorder
            self._random = Random(seed) if recorder is None else RecordingRandom(seed, recorder)
        return self._random

    @property
    def nursery(self) -> Tasks:
        """Where this life starts tasks; they end with it."""
        return self._host.nursery

    def ready(self, value: object = None) -> None:
        """Say that others may rely on this actor; only the first call of a life counts."""
        self._host.ready(value)

    def healthy(self) -> None:
        """Say that this life has proven itself: its backoff starts small again."""
        self._host.healthy()

    def progress(self) -> None:
        """Say that work gets on; wanted of actors whose spec has `progress_within_s`."""
        self._host.progress()

    def fault(self, reason: str) -> None:
        """Say why what this actor stands for does not hold though it lives; empty: it holds.

        Until then the scope that its spec declares is in force, as if it were down.
        """
        self._host.fault(reason)

    def over(self, error: BaseException | None = None) -> None:
        """Say that this life ends now, before its tasks are unwound.

        Everybody sees the new generation on return.  The actor must then end: what remains is
        clean-up, bounded by the grace of its spec.  For use outside handlers; those just raise.
        """
        self._host.over(error)

    def lookup(self, path: str) -> ActorRef:
        """Return the reference of another actor, whatever its state; valid for ever.

        Raises:
            UnknownPath: no actor was ever declared under this path.
        """
        return self.tree.lookup(path)

    def watch(self, path: str) -> None:
        """Hear `Up` and `Down` of this path on the control lane, its present state first.

        The watch ends with this life.  A path that does not exist yet is down with generation 0.
        """
        self._host.watch(path)

    def unwatch(self, path: str) -> None:
        """Hear no more of this path; what is queued already still comes."""
        self._host.unwatch(path)

    async def ask(self, ref: ActorRef, message: object, timeout_s: float) -> object:
        """Ask another actor and return its answer; see `ActorRef.ask`.  For `run` and tasks."""
        return await ref.ask(message, timeout_s, asker=self.path)

    def ask_soon(self, ref: ActorRef, message: object, timeout_s: float, tag: object) -> None:
        """Ask from a handler: an `Answer` with this tag comes on the control lane, in any case.

        It is dropped when this life ends before.
        """
        ask = Ask(ref.mailbox, message, timeout_s, self.path, partial(self._answered, tag))
        ref.post(ask)
        if ask.open:
            ask.timer = self._timers.after(timeout_s, ask.expire)

    def timer(self, delay_s: float, message: object) -> Timer:
        """Send oneself a message on the control lane after so many seconds.

        It is dropped when this life ends before.
        """
        return self._timers.after(delay_s, lambda: self._timed(message))

    def discard(self, reason: str) -> None:
        """Count the message in hand as lost for this reason, not as handled."""
        self.mailbox.handled -= 1
        self.mailbox.count_lost(reason)

    def note(self, kind: str, text: str) -> None:
        """Write one line into the event log."""
        self._host.note(kind, text)

    def input(self, message: object, size_bytes: int = 0) -> None:
        """Give the actor what a task of this life brought from the world: `handle_input`, at once.

        What comes in this way is kept for crash capsules, by reference: it must not change, and
        `size_bytes` says about how much memory it holds.  What the handler raises is raised here,
        and must end this life: a replay ends there.
        """
        if self.recorder is None:
            self.actor.handle_input(message)
        else:
            self.recorder.entered(INPUT, message, size_bytes)
            try:
                self.actor.handle_input(message)
            finally:
                self.recorder.open = False
            self.recorder.turned()

    def saw(self, value: Seen) -> Seen:
        """Return a fact that a handler read elsewhere (a shared cell), kept for crash capsules.

        It must be a struct, a number, text, None, or a tuple of these.
        """
        if self.recorder is not None and self.recorder.open:
            self.recorder.mark(SAW, value)
        return value

    @contextmanager
    def doing(self, what: str) -> Iterator[None]:
        """Say what a task of this life is at, in rows, as long as the block lasts."""
        self.work = (what, trio.current_time())
        try:
            yield
        finally:
            self.work = None

    def changed(self) -> None:
        """Say that a task changed what handlers decide by, without `input`."""
        if self.recorder is not None:
            self.recorder.stale = True

    # -- for the runtime ---------------------------------------------------------------------

    async def serve(self) -> None:
        """Take turns on the mailbox until this life is over; raise what a handler raised."""
        ref, mailbox = self.ref, self.mailbox
        while True:
            if self.failure is not None:
                raise self.failure
            if ref.context is not self:
                return
            await mailbox.wait()
            if self._held is not None:
                await self._held.wait()
            if ref.context is self:
                self._turn.take(self, DRAIN_CAP)

    def hold(self) -> None:
        """Take no turns until released."""
        self._held = trio.Event()

    def release(self) -> None:
        """Take turns again."""
        if self._held is not None:
            self._held.set()
            self._held = None

    def fail(self, error: BaseException) -> None:
        """A handler raised: this life is over, its own task raises the error again."""
        self.failure = error
        self._host.over(error)
        self.mailbox.wake()

    def _answered(self, tag: object, ask: Ask) -> None:
        """Deliver what became of a question that a handler of this life asked."""
        if self.ref.context is self:
            answer = Answer(tag, ask.value, ask.error)
            self.ref.tell_control(Stamped(self.generation, answer))

    def _timed(self, message: object) -> None:
        """Deliver a timer's message, unless the life that set it is over."""
        if self.ref.context is self:
            self.ref.tell_control(Stamped(self.generation, message))
        else:
            self.mailbox.refuse("stale_timer")
