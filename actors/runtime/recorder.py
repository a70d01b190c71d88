"""What one life of an actor took in, kept so that its end can be acted out again.

A message is encoded the moment it is taken, onto the end of one buffer: it is warm then, and
holding on to the object would keep warm memory from being used again, which costs the decoder more
than the encoding, and takes four times the memory.  A full buffer is put away as a chunk; chunks
are all about as large, so that one fits where another was let go.

Between the messages, in the order in which the handlers saw them, stand marks for everything else
that decides what a handler does: readings of the clocks, draws of chance, facts read elsewhere
(`ActorContext.saw`), control messages, questions.  Files are made off the loop
(`supervisors.capsules`).

After `capsule_every` inputs or `capsule_bytes` the actor tells its state and the list begins anew
(a larger state is told again after as many bytes as it has itself); the one before, with the state
it began with, is kept until the new one is long enough.  So the state before the first kept input
is always exact, or known to be missing.
"""

from __future__ import annotations

import random
import zlib
from array import array
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final, NamedTuple

import msgspec
from msgspec import Struct

from actors.runtime.asks import Answer
from actors.runtime.clock import Clock

if TYPE_CHECKING:
    from actors.runtime.actor import ActorContext

LEAST_INPUTS: Final = 32
"""With fewer inputs since the last state, the list before it is kept too."""

MAX_KEPT: Final = 65_536
"""Events of one list: a handler that reads the clock in a loop ends no memory."""

CHUNK_BYTES: Final = 8 * 1024
"""The buffer is put away when it holds so much.  A buffer of the whole list, grown and let go by
300 books at any time, left 20 MB of holes between what stays (decision 37)."""

MESSAGE: Final = "message"
STARTED: Final = "started"
CONTROL: Final = "control"
ASK: Final = "ask"
INPUT: Final = "input"
SUSPENDED: Final = "suspended"
DRAINED: Final = "drained"
NOW: Final = "now"
WALL: Final = "wall"
CHANCE: Final = "chance"
BITS: Final = "bits"
SAW: Final = "saw"


class Mark(Struct, gc=False):
    """Something other than a message.

    Args:
        kind: one of the names above.
        value: what goes with it; a struct is encoded, as messages are, but for an `Answer`.
        form: the class of the struct that was encoded.
    """

    kind: str
    value: object = None
    form: type[Struct] | None = None


DRAINED_MARK: Final = Mark(DRAINED)
NOW_MARK: Final = Mark(NOW)
_encoder: Final = msgspec.msgpack.Encoder()
encode: Final = _encoder.encode
_encode_into: Final = _encoder.encode_into
_NO_FORM: Final = (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError)


class Chunk(NamedTuple):
    """Messages one behind the other, and where in `data` each ends."""

    data: bytes
    ends: array[int]


class Kept(Struct):
    """A state and what came since.

    Args:
        state: None: it is missing.
        fresh: it is that of an actor not started yet.
        events: in order: the class of a message, or a mark.
        readings: of the monotonic clock, one for each `NOW_MARK`.
        chunks: the messages that were put away.
        data: those since, one behind the other.
        ends: where in `data` each message ends.
    """

    state: bytes | None
    fresh: bool
    events: list[object] = msgspec.field(default_factory=list)
    readings: array[int] = msgspec.field(default_factory=lambda: array("q"))
    chunks: list[Chunk] = msgspec.field(default_factory=list)
    data: bytearray = msgspec.field(default_factory=bytearray)
    ends: array[int] = msgspec.field(default_factory=lambda: array("L"))

    def messages(self) -> Iterator[bytes]:
        """Each message as it was encoded, oldest first."""
        for data, ends in (*self.chunks, (self.data, self.ends)):
            start = 0
            for end in ends:
                yield bytes(data[start:end])
                start = end

    def put_away(self) -> int:
        """Make a chunk of the buffer and empty it; return how large it was."""
        size = len(self.data)
        self.chunks.append(Chunk(bytes(self.data), self.ends[:]))
        self.data.clear()
        del self.ends[:]
        return size

    def keeper(self) -> Callable[[object], None]:
        """Return what takes each message in."""
        data, ended, append = self.data, self.ends.append, self.events.append

        def keep(message: object) -> None:
            try:
                _encode_into(message, data, -1)
            except _NO_FORM:  # kept as it is, to be shown
                del data[self.ends[-1] if self.ends else 0 :]
                append(Mark(MESSAGE, message))
            else:
                append(type(message))
                ended(len(data))

        return keep


class Recorder:
    """Keeps what one life takes in.

    Args:
        context: the life.

    Attributes:
        open: a handler of this life runs, so what it reads is to be kept.
        events, readings: where things are kept now.
        missing: why there is no state, empty where there is one.
        passed: inputs and marks of this life that are no longer kept.
        stale: the state was changed by something that is not kept: `renew` before anything else.
        over: more came in one turn than is kept.
    """

    __slots__ = (
        "_before", "_bytes", "_context", "_due", "_every", "_kept", "_outside", "_room", "_since",
        "_step", "events", "missing", "open", "over", "passed", "readings", "stale",
    )  # fmt: skip

    def __init__(self, context: ActorContext) -> None:
        self._context = context
        kind = type(context.actor)
        self._every, self._bytes = kind.capsule_every, kind.capsule_bytes
        self.open = False
        self.missing = ""
        self.passed = 0
        self.over = False
        self.stale = False
        self._due = 0
        self._outside = 0
        self._since = 0
        self._before: Kept | None = None
        self._kept = Kept(None, True)
        self.events, self.readings = self._kept.events, self._kept.readings
        self._room = self._step = 0

    def begin(self) -> None:
        """The life begins: keep what it is made of."""
        self._rest(fresh=True)
        # Actors that begin together and hear as much would all copy their state in one moment, and
        # let go of what they kept: the first list of each is shorter by a part of its own.
        self._leave(int(self._bytes * zlib.crc32(self._context.path.encode()) / 2**32))

    def segments(self) -> list[Kept]:
        """What is kept, oldest first: one list, or two of which the second goes on."""
        return [self._kept] if self._before is None else [self._before, self._kept]

    def mark(self, kind: str, value: object) -> None:
        """Keep something beside the messages: a struct, a plain value, or a tuple of these."""
        if len(self.events) >= MAX_KEPT:
            self.over = True
            return
        form = None
        if isinstance(value, Struct) and not isinstance(value, Answer):
            try:
                form, value = type(value), encode(value)
            except _NO_FORM:  # kept as it is, to be shown
                form = None
        self.events.append(Mark(kind, value, form))

    def entered(self, kind: str, value: object = None, size_bytes: int = 0) -> None:
        """Something other than a turn runs from here to `turned`; keep what is read meanwhile."""
        if self.stale:
            self.renew()
        self.events.append(Mark(kind, value))
        self._outside += 1
        self._due -= 1
        self._leave(self._room - size_bytes)
        self.open = True

    def turned(self) -> None:
        """A turn is over: take a new state when enough has come since the last."""
        self.open = False
        taken, kept = self._context.mailbox.taken, self._kept
        if len(kept.data) >= self._step:
            self._leave(self._room - kept.put_away())
        elif taken < self._due:
            return
        inputs = taken - self._since + self._outside
        full = inputs >= self._every or self._room <= 0
        if self._before is not None and (full or inputs >= LEAST_INPUTS):
            self.passed += len(self._before.events)
            self._before = None
        if full:
            self._before = kept
            self._rest()
        self._set_due()

    def renew(self) -> None:
        """Begin anew: nothing that was kept leads to the present state."""
        self.passed += sum(len(kept.events) for kept in self.segments())
        self._before = None
        self._rest()

    def forget(self) -> None:
        """The life is gone: let go of what was kept, whoever still holds on to the life."""
        self._before, self._kept = None, Kept(None, False)
        self.events, self.readings = self._kept.events, self._kept.readings
        self._context.keep = None

    def _rest(self, *, fresh: bool = False) -> None:
        """Keep the present state, and from now on what comes after it."""
        self.stale = False
        self._since = self._context.mailbox.taken
        self._outside = 0
        state = self._state()
        self._kept = Kept(state, fresh)
        self.events, self.readings = self._kept.events, self._kept.readings
        self._context.keep = self._kept.keeper()
        self._leave(max(self._bytes, len(state or b"")))
        self._set_due()

    def _leave(self, room: int) -> None:
        """Say how many bytes of this list are left, those in the buffer among them."""
        self._room, self._step = room, min(room, CHUNK_BYTES)

    def _set_due(self) -> None:
        """Say how many messages the mailbox must have given out for there to be more to do."""
        wanted = self._every if self._before is None else LEAST_INPUTS
        self._due = self._since + wanted - self._outside

    def _state(self) -> bytes | None:
        try:
            state = self._context.actor.capsule_state()
            self.missing = "" if state is not None else "the actor does not say what its state is"
            return encode(state) if state is not None else None
        except Exception as error:  # what is only for later must not end a life that works
            self.missing = f"its state could not be kept: {type(error).__name__}: {error}"
            return None


def noted(recorder: Recorder | None, kind: str, hook: Callable[[], None]) -> None:
    """Call a hook of an actor that changes it, and keep that it was called."""
    if recorder is None:
        hook()
        return
    recorder.entered(kind)
    try:
        hook()
    finally:
        recorder.open = False
    recorder.turned()


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
                recorder.events.append(NOW_MARK)
                recorder.readings.append(read_ns)
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
