"""What one life of an actor took in, kept so that its end can be acted out again.

A recorder keeps messages and states as bytes, made at once: holding on to the objects keeps warm
memory from being used again, which costs the decoder more than the encoding (measured: 4 us a
frame of 8 levels, beside 1), and five times the memory.  Files are made off the loop
(`supervisors.capsules`).  Between the messages, in the order in which the handlers saw them, stand
marks for everything else that decides what a handler does: readings of the clocks, draws of
chance, facts read elsewhere (`ActorContext.saw`), control messages, questions, the ends of turns.

Every `capsule_every` inputs the actor tells its state.  The list begins anew there; the one
before, with the state it began with, is kept until the new one is long enough.  So the state
before the first kept input is always exact, or known to be missing.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

import msgspec
from msgspec import Struct

from actors.runtime.clock import Clock

if TYPE_CHECKING:
    from actors.runtime.actor import ActorContext

LEAST_INPUTS: Final = 32
"""With fewer inputs since the last state, the list before it is kept too."""

MAX_KEPT: Final = 65_536
"""Inputs and marks of one list: a handler that reads the clock in a loop ends no memory."""

MESSAGE: Final = "message"
STARTED: Final = "started"
CONTROL: Final = "control"
ASK: Final = "ask"
INPUT: Final = "input"
DRAINED: Final = "drained"
NOW: Final = "now"
WALL: Final = "wall"
CHANCE: Final = "chance"
BITS: Final = "bits"
SAW: Final = "saw"


class Mark(Struct):
    """Something other than a message of the data lane; `kind` is one of the names above."""

    kind: str
    value: object = None


class Now(Struct, gc=False):
    """A reading of the monotonic clock: a mark of its own, as there is one in every turn."""

    read_ns: int


class Sealed(Struct, gc=False):
    """A message of the data lane as bytes; `kind` is its class."""

    kind: type
    data: bytes


encode: Final = msgspec.msgpack.Encoder().encode

DRAINED_MARK: Final = Mark(DRAINED)


class Kept(Struct):
    """A state (None: missing) and what came since; `fresh`: of an actor not started yet."""

    state: bytes | None
    fresh: bool
    events: list[object]


class Recorder:
    """Keeps what one life takes in.

    Args:
        context: the life.

    Attributes:
        open: a handler of this life runs, so what it reads is to be kept.
        events: where things are kept now.
        due: how many messages the mailbox must have given out for `turned` to do anything.
        stale: the state was changed by something that is not kept: `renew` before anything else.
        missing: why there is no state, empty where there is one.
        passed: inputs and marks of this life that are no longer kept.
        over: more came within one turn than is kept.
    """

    __slots__ = (
        "_before", "_context", "_every", "_kept", "_outside", "_since", "due", "events", "missing",
        "open", "over", "passed", "stale",
    )  # fmt: skip

    def __init__(self, context: ActorContext) -> None:
        self._context = context
        self._every = type(context.actor).capsule_every
        self.open = False
        self.missing = ""
        self.passed = 0
        self.over = False
        self.stale = False
        self.due = 0
        self.events: list[object] = []
        self._outside = 0
        self._since = 0
        self._before: Kept | None = None
        self._kept = Kept(None, True, self.events)

    def begin(self) -> None:
        """The life begins: keep what it is made of."""
        self._rest(fresh=True)

    def segments(self) -> list[Kept]:
        """What is kept, oldest first: one list, or two of which the second goes on."""
        return [self._kept] if self._before is None else [self._before, self._kept]

    def mark(self, kind: str, value: object) -> None:
        """Keep something beside the messages."""
        events = self.events
        if len(events) < MAX_KEPT:
            events.append(Mark(kind, value))
        else:
            self.over = True

    @contextmanager
    def noting(self, kind: str, value: object = None) -> Iterator[None]:
        """Keep what is read while something other than a turn runs."""
        if self.stale:
            self.renew()
        self.mark(kind, value)
        self._outside += 1
        self.open = True
        try:
            yield
        finally:
            self.open = False
        self.turned()

    def turned(self) -> None:
        """A turn is over: take a new state when enough has come since the last."""
        inputs = self._context.mailbox.taken - self._since + self._outside
        if inputs >= self._every:
            self._before = self._kept
            self._rest()
        elif inputs >= LEAST_INPUTS and self._before is not None:
            self.passed += len(self._before.events)
            self._before = None
        self._set_due()

    def renew(self) -> None:
        """Begin anew: nothing that was kept leads to the present state."""
        self.passed += sum(len(kept.events) for kept in self.segments())
        self._before = None
        self._rest()

    def _rest(self, *, fresh: bool = False) -> None:
        """Keep the present state, and from now on what comes after it."""
        self.stale = False
        self._since = self._context.mailbox.taken
        self._outside = 0
        self.events = []
        self._kept = Kept(self._state(), fresh, self.events)
        self._context.keep = _keeper(self.events)
        self._set_due()

    def _set_due(self) -> None:
        wanted = self._every if self._before is None else LEAST_INPUTS
        self.due = self._since + wanted - self._outside

    def _state(self) -> bytes | None:
        try:
            state = self._context.actor.capsule_state()
            self.missing = "" if state is not None else "the actor does not say what its state is"
            return encode(state) if state is not None else None
        except Exception as error:  # what is only for later must not end a life that works
            self.missing = f"its state could not be kept: {type(error).__name__}: {error}"
            return None


def _keeper(events: list[object]) -> Callable[[object], None]:
    """Return what takes each message of the data lane; not for what is no struct of plain data."""
    append = events.append

    def keep(message: object) -> None:
        if message is DRAINED_MARK:
            append(message)
            return
        try:
            if isinstance(message, Struct):
                append(Sealed(type(message), encode(message)))
                return
        except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
            pass  # it holds something that has no form: kept as it is, to be shown
        append(Mark(MESSAGE, message))

    return keep


class RecordingClock:
    """A clock whose readings are kept while a handler runs.

    Args:
        clock: what is read.
        recorder: where readings go.
    """

    __slots__ = ("_now", "_recorder", "_wall")

    def __init__(self, clock: Clock, recorder: Recorder) -> None:
        self._now: Callable[[], int] = clock.now_ns
        self._wall: Callable[[], int] = clock.wall_ns
        self._recorder = recorder

    def now_ns(self) -> int:
        """Return monotonic nanoseconds."""
        read_ns, recorder = self._now(), self._recorder
        if recorder.open:
            if len(recorder.events) < MAX_KEPT:
                recorder.events.append(Now(read_ns))
            else:
                recorder.over = True
        return read_ns

    def wall_ns(self) -> int:
        """Return nanoseconds since 1970 UTC."""
        read_ns = self._wall()
        if self._recorder.open:
            self._recorder.mark(WALL, read_ns)
        return read_ns


class RecordingRandom(random.Random):
    """Chance whose draws are kept while a handler runs; all others are made of these two.

    Args:
        seed: what it is seeded with.
        recorder: where draws go.
    """

    def __init__(self, seed: str, recorder: Recorder) -> None:
        self._recorder = recorder
        super().__init__(seed)

    def random(self) -> float:
        """Return a number from 0 to below 1."""
        drawn = super().random()
        if self._recorder.open:
            self._recorder.mark(CHANCE, drawn)
        return drawn

    def getrandbits(self, k: int, /) -> int:
        """Return `k` bits of chance."""
        drawn = super().getrandbits(k)
        if self._recorder.open:
            self._recorder.mark(BITS, drawn)
        return drawn
