"""The crash capsule: what an actor took in before it crashed, as one file.

A capsule is a line of text and a compressed body in MessagePack.  It holds data only: numbers,
text, and structs by the name of their type.  Nothing in it is run when it is read, and only types
that the reader already knows are made (`TypeFinder`); pickle is not used.

    actor-capsule 1 4711 8d2f01aa\\n<4711 bytes of zlib whose CRC-32 is 8d2f01aa>
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Iterator
from typing import Any, Final

import msgspec
from msgspec import Struct

from actors.runtime.asks import Answer
from actors.runtime.faults import AskFailed
from actors.runtime.recorder import (
    ASK,
    CONTROL,
    INPUT,
    MESSAGE,
    NOW,
    NOW_MARK,
    STARTED,
    SUSPENDED,
    Kept,
    Mark,
    encode,
)
from messages.errors import UsageError

VERSION: Final = 1
MAGIC: Final = b"actor-capsule "
MAX_FILE_BYTES: Final = 8 * 1024 * 1024
"""Of one file; a book of 10,000 levels a side with its inputs takes less than 1 MB."""

MAX_BODY_BYTES: Final = 64 * 1024 * 1024
"""Of one body once unpacked."""

MAX_HEAD_BYTES: Final = 64
MAX_OPAQUE: Final = 500
"""Characters of what can only be shown."""

PLAIN: Final = ""
TUPLE: Final = "()"
LONG: Final = "int"
ANSWER: Final = "answer"
OPAQUE: Final = "?"

TypeFinder = Callable[[str], type[Any]]
"""Finds a struct by `module:name`; raises `BadCapsule` for one it does not know."""


class BadCapsule(UsageError):
    """A file that is no capsule, or one that this version cannot read; the text says which."""


class Packed(Struct, frozen=True, array_like=True):
    """One value: `form` is a struct's `module:name`, or says what else `data` is."""

    form: str
    data: bytes


class CapsuleEvent(Struct, frozen=True, array_like=True):
    """One input (see `INPUT_KINDS`), the end of a turn (`drained`), or what was read."""

    kind: str
    value: Packed


class Frame(Struct, frozen=True):
    """One line of a traceback; `module`, not a file: a capsule names no place of a machine."""

    module: str
    function: str
    line: int


class CrashError(Struct, frozen=True):
    """What ended the life.

    Args:
        kind: `crash` or `fatal`.
        name: module and name of the class of the error.
        text: what it says.
        frames: where it was raised, innermost last; the last one is the raising line.
        others: texts of further errors that were raised in the same end.
    """

    kind: str
    name: str
    text: str
    frames: tuple[Frame, ...]
    others: tuple[str, ...] = ()


class Capsule(Struct, frozen=True, kw_only=True):
    """One crash.

    Args:
        path, generation: which life crashed.
        actor: module and name of the actor's class; empty when there was no instance yet.
        seed: of the run.
        wall_ns: when it crashed.
        tags: what the run says of itself, such as name and version of the program.
        error: what ended it.
        summary: what the actor said of itself right after, as JSON.
        fresh: the state is that of an instance not started yet.
        state: the state before the first event, as MessagePack; None where it is missing.
        missing: why it is missing.
        events: what was taken in since, oldest first.
        passed: events of this life that are no longer kept.
    """

    path: str
    generation: int
    actor: str
    seed: int
    wall_ns: int
    tags: dict[str, str]
    error: CrashError
    summary: str
    fresh: bool
    state: bytes | None
    missing: str
    events: tuple[CapsuleEvent, ...]
    passed: int

    @property
    def inputs(self) -> int:
        """How many events are inputs."""
        return sum(event.kind in INPUT_KINDS for event in self.events)

    @property
    def last_input(self) -> str:
        """The last message, question or input of a task as text for people; empty for none."""
        inputs = (event.value for event in reversed(self.events) if event.kind in _WITH_VALUE)
        return next(map(show, inputs), "")


_WITH_VALUE: Final = frozenset({MESSAGE, INPUT, CONTROL, ASK})
INPUT_KINDS: Final = _WITH_VALUE | {STARTED, SUSPENDED}
_pack = encode


def form_of(kind: type) -> str:
    """Name a class as capsules do."""
    return f"{kind.__module__}:{kind.__qualname__}"


def pack(value: object) -> Packed:
    """Encode one value; what is neither a struct nor plain can only be shown."""
    try:
        if isinstance(value, Answer):
            parts = [pack(value.tag), pack(value.value), pack(value.error and str(value.error))]
            return Packed(ANSWER, _pack(parts))
        if isinstance(value, Struct):
            return Packed(form_of(type(value)), _pack(value))
        if type(value) is tuple:
            return Packed(TUPLE, _pack([pack(part) for part in value]))
        if value is None or isinstance(value, bool | float | str | bytes):
            return Packed(PLAIN, _pack(value))
        if isinstance(value, int):
            long = abs(value) >> 63
            return Packed(LONG, str(value).encode()) if long else Packed(PLAIN, _pack(value))
    except (TypeError, ValueError, OverflowError, msgspec.MsgspecError, RecursionError):
        pass  # shown, like everything else that has no form
    return Packed(OPAQUE, f"{form_of(type(value))} {value!r:.{MAX_OPAQUE}}".encode())


def unpack(packed: Packed, find: TypeFinder) -> object:
    """Decode one value.

    Raises:
        BadCapsule: it is of a type that is not known here, or could only be shown.
    """
    form, data = packed.form, packed.data
    try:
        if form == PLAIN:
            return msgspec.msgpack.decode(data)
        if form == LONG:
            return int(data)
        if form == TUPLE:
            parts = msgspec.msgpack.decode(data, type=list[Packed])
            return tuple(unpack(part, find) for part in parts)
        if form == ANSWER:
            tag, value, error = (
                unpack(part, find) for part in msgspec.msgpack.decode(data, type=list[Packed])
            )
            return Answer(tag, value, AskFailed(str(error)) if error is not None else None)
        if form != OPAQUE:
            return msgspec.msgpack.decode(data, type=find(form))
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadCapsule(f"a {form or 'value'} cannot be read: {error}") from error
    raise BadCapsule(f"an input is no struct and was kept as text only: {data.decode()[:100]}")


def show(packed: Packed) -> str:
    """Spell one value for people: its fields, without anything being made of it."""
    form, data = packed.form, packed.data
    try:
        if form in (OPAQUE, LONG):
            return data.decode()
        if form in (TUPLE, ANSWER):
            parts = msgspec.msgpack.decode(data, type=list[Packed])
            return f"({', '.join(map(show, parts))})"
        return f"{form} {msgspec.msgpack.decode(data)!r:.{MAX_OPAQUE}}".strip()
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        return f"{form} that cannot be read: {error}"


def unpack_state(capsule: Capsule, form: type[Any]) -> Any:
    """Decode the state before the first event.

    Raises:
        BadCapsule: it does not read as a state of this version.
    """
    try:
        return msgspec.msgpack.decode(capsule.state or b"", type=form)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadCapsule(f"its state is not one of this version: {error}") from error


def pack_segments(
    segments: list[Kept], missing: str
) -> tuple[bytes | None, str, list[CapsuleEvent]]:
    """Put together what a recorder kept: the state (or why there is none), and the events since."""
    events = [event for kept in segments for event in _events(kept)]
    state = segments[0].state if segments else None
    return state, "" if state is not None else missing or "no state was kept", events


def _events(kept: Kept) -> Iterator[CapsuleEvent]:
    """Name what a list holds, oldest first."""
    messages, readings = kept.messages(), iter(kept.readings)
    for event in kept.events:
        if event is NOW_MARK:
            yield CapsuleEvent(NOW, pack(next(readings)))
        elif isinstance(event, Mark):
            yield CapsuleEvent(event.kind, _marked(event))
        else:
            assert isinstance(event, type)  # of the message that was encoded
            yield CapsuleEvent(MESSAGE, _message(event, next(messages)))


def _marked(mark: Mark) -> Packed:
    """Name what goes with a mark."""
    value = mark.value
    if mark.form is not None and isinstance(value, bytes):
        return Packed(form_of(mark.form), value)
    return pack(value)


def _message(kind: type, data: bytes) -> Packed:
    """Name a message that was encoded; what is no struct can only be shown."""
    if issubclass(kind, Struct):
        return Packed(form_of(kind), data)
    value = msgspec.msgpack.decode(data)
    if type(value) is kind:
        return pack(value)
    return Packed(OPAQUE, f"{form_of(kind)} {value!r:.{MAX_OPAQUE}}".encode())


# -- the file -------------------------------------------------------------------------------------


def to_bytes(capsule: Capsule, hide: tuple[bytes, ...] = ()) -> bytes:
    """Spell a capsule as a file.

    Args:
        capsule: what to keep.
        hide: texts that must not be in it, overwritten with asterisks wherever they stand.
    """
    body = _pack(capsule)
    for text in hide:
        if text and text in body:
            body = body.replace(text, b"*" * len(text))
    packed = zlib.compress(body, 6)
    return MAGIC + b"%d %d %08x\n" % (VERSION, len(packed), zlib.crc32(packed)) + packed


def read_capsule(file: bytes, name: str) -> Capsule:
    """Read a file.

    Args:
        file: its bytes.
        name: what to call it in errors.

    Raises:
        BadCapsule: it is no capsule, cut, damaged, or of another version.
    """
    head, end, packed = file[:MAX_HEAD_BYTES].partition(b"\n")
    if not head.startswith(MAGIC):
        raise BadCapsule(f"{name} is no crash capsule")
    words = head[len(MAGIC) :].split(b" ")
    if not words[0].isdigit() or not end:
        raise BadCapsule(f"{name} is cut: its first line has no end")
    version = int(words[0])
    if version != VERSION:
        raise BadCapsule(
            f"{name} is a capsule of version {version}, this program reads version {VERSION}:"
            " use the program that wrote it"
        )
    packed = file[len(head) + 1 :]
    if len(words) != 3 or not words[1].isdigit():
        raise BadCapsule(f"{name} is damaged: its first line does not read")
    if len(packed) < int(words[1]):
        raise BadCapsule(f"{name} is cut: {len(packed)} of {int(words[1])} bytes are there")
    if len(packed) > int(words[1]) or b"%08x" % zlib.crc32(packed) != words[2]:
        raise BadCapsule(f"{name} is damaged: its checksum is another one")
    try:
        unpacker = zlib.decompressobj()
        body = unpacker.decompress(packed, MAX_BODY_BYTES)
        if unpacker.unconsumed_tail:
            raise BadCapsule(f"{name} unpacks to more than {MAX_BODY_BYTES} bytes")
        return msgspec.msgpack.decode(body, type=Capsule)
    except (zlib.error, msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise BadCapsule(f"{name} is damaged: {error}") from error
