"""What is done to a frame: damage drawn from a seed, of bytes, of texts, of JSON and protobuf."""

from __future__ import annotations

import json
import random
import re
from collections.abc import Callable, Sequence
from typing import Any, Final

from tests.fuzz.protobuf import Damaged, fields, joined

_WORDS: Final = (
    "NaN -NaN Infinity -Infinity nan inf 1e400 -1e400 1e308 1e300 1.1e300 1e-400 5e-324 1e22 "
    "0 -0 -0.0 0.0 00 01 1. .5 +1 1e5 1E+2 1e-7 0x1 1_0 -1 "
    "9007199254740993 9223372036854775807 9223372036854775808 18446744073709551615 "
    "18446744073709551616 340282366920938463463374607431768211456 "
    "0.1000000000000000055511151231257827 61800.100000000000000000001 "
    'null true false [] {} [[]] [null] "" "0" "x" \\u0030 \\ud800 \uff11 \u0661'
)
TOKENS: Final = tuple(word.encode() for word in _WORDS.split())
"""Texts that parsers have read wrongly before."""

_NUMBER: Final = re.compile(rb"-?\d+(?:\.\d+)?")
_DIGIT: Final = re.compile(rb"\d")
_STRUCTURE: Final = re.compile(rb'[\[\]{}",:]')
_MOST_HARMS: Final = 4

Harm = Callable[[random.Random, bytearray, Sequence[bytes]], None]


def mutate(seed: int, frames: Sequence[bytes], *, binary: bool) -> tuple[int, bytes]:
    """Draw a frame and damage it.

    Args:
        seed: everything follows from it.
        frames: where to draw from.
        binary: whether the frames are protobuf; text ones among them are damaged as text.

    Returns:
        The number of the frame that was damaged, and the result.
    """
    chance = random.Random(seed)
    origin = chance.randrange(len(frames))
    frame = bytearray(frames[origin])
    harms = _BINARY if binary and frame[:1] != b"{" else _TEXT
    count = 1 if chance.random() < 0.6 else chance.randint(2, _MOST_HARMS)
    for _ in range(count):
        if frame:
            chance.choice(harms)(chance, frame, frames)
    return origin, bytes(frame)


# -- bytes ----------------------------------------------------------------------------------------


def _range(chance: random.Random, frame: bytearray) -> tuple[int, int]:
    start = chance.randrange(len(frame))
    return start, min(len(frame), start + chance.choice((1, 1, 2, 4, 8, 32)))


def _flip(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    frame[chance.randrange(len(frame))] ^= 1 << chance.randrange(8)


def _byte(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    frame[chance.randrange(len(frame))] = chance.randrange(256)


def _delete(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    start, end = _range(chance, frame)
    del frame[start:end]


def _repeat(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    start, end = _range(chance, frame)
    frame[end:end] = frame[start:end]


def _insert(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    at = chance.randrange(len(frame) + 1)
    frame[at:at] = chance.randbytes(chance.choice((1, 2, 8)))


def _cut(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    del frame[chance.randrange(len(frame)) :]


def _splice(chance: random.Random, frame: bytearray, frames: Sequence[bytes]) -> None:
    other = chance.choice(frames)
    frame[chance.randrange(len(frame)) :] = other[chance.randrange(len(other)) :]


def _append(chance: random.Random, frame: bytearray, frames: Sequence[bytes]) -> None:
    frame += chance.choice((b"", b"\n", b"\r\n", b" ")) + chance.choice(frames)


def _digit(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    """Change one digit into another: what most often still is a frame."""
    if found := [match.start() for match in _DIGIT.finditer(frame)]:
        frame[chance.choice(found)] = chance.choice(b"0123456789")


# -- text -----------------------------------------------------------------------------------------


def _number(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    if found := list(_NUMBER.finditer(frame)):
        match = chance.choice(found)
        frame[match.start() : match.end()] = chance.choice(TOKENS)


def _swap_numbers(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    found = list(_NUMBER.finditer(frame))
    if len(found) > 1:
        first, second = sorted(chance.sample(found, 2), key=re.Match.start)
        one, other = bytes(first[0]), bytes(second[0])
        frame[second.start() : second.end()] = one
        frame[first.start() : first.end()] = other


def _structure(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    if found := [match.start() for match in _STRUCTURE.finditer(frame)]:
        at = chance.choice(found)
        frame[at : at + 1] = chance.choice((b"", b"[", b"]", b"{", b"}", b'"', b",", b":", b"\\"))


def _member(chance: random.Random, frame: bytearray, _: Sequence[bytes]) -> None:
    """Change one member of the JSON there is: drop, repeat, replace or exchange it."""
    try:
        whole = json.loads(bytes(frame))
    except (ValueError, RecursionError):
        return
    places = list(_places(whole))
    if not places:
        return
    holder, key = chance.choice(places)
    what = chance.randrange(4)
    if what == 0:
        del holder[key]
    elif what == 1 and isinstance(holder, list):
        holder.insert(key, holder[key])
    elif what == 2:
        other, there = chance.choice(places)
        holder[key] = other[there]
    else:
        try:
            holder[key] = json.loads(chance.choice(TOKENS))
        except ValueError:
            holder[key] = chance.choice(TOKENS).decode()
    try:
        frame[:] = json.dumps(whole, separators=(",", ":")).encode("utf-8", "surrogatepass")
    except (ValueError, RecursionError):  # a member became part of itself
        return


def _places(value: Any) -> list[tuple[Any, Any]]:
    """Every member of nested JSON, as what holds it and its key there."""
    found: list[tuple[Any, Any]] = []
    waiting = [value] if isinstance(value, (dict, list)) else []
    while waiting:
        each = waiting.pop()
        pairs = each.items() if isinstance(each, dict) else enumerate(each)
        for key, member in pairs:
            found.append((each, key))
            if isinstance(member, (dict, list)):
                waiting.append(member)
    return found


# -- protobuf -------------------------------------------------------------------------------------


def _field(chance: random.Random, frame: bytearray, frames: Sequence[bytes]) -> None:
    """Drop, repeat, move, renumber or replace one field, of the frame or of its body."""
    try:
        frame[:] = _changed(chance, bytes(frame), frames, depth=chance.randint(0, 2))
    except Damaged:
        return


def _changed(chance: random.Random, data: bytes, frames: Sequence[bytes], depth: int) -> bytes:
    parts = fields(data)
    if not parts:
        return data
    at = chance.randrange(len(parts))
    number, wire, value = parts[at]
    if depth and isinstance(value, bytes) and value:
        try:
            parts[at] = (number, wire, _changed(chance, value, frames, depth - 1))
            return joined(parts)
        except Damaged:
            pass  # a text: change the field itself
    what = chance.randrange(6)
    if what == 0:
        del parts[at]
    elif what == 1:
        parts.insert(chance.randrange(len(parts) + 1), parts[at])
    elif what == 2:
        parts.append(parts.pop(at))
    elif what == 3:
        parts[at] = (chance.choice((1, 2, 3, 4, 5, 6, 303, 313, 315, 1014)), wire, value)
    elif what == 4 and isinstance(value, bytes):
        parts[at] = (number, wire, chance.choice(TOKENS))
    elif what == 4:
        parts[at] = (number, wire, chance.choice((0, 1, 1 << 63, (1 << 64) - 1)))
    else:
        parts.append(chance.choice(fields(chance.choice(frames)) or parts))
    return joined(parts)


_BYTES: Final[tuple[Harm, ...]] = (_flip, _byte, _delete, _repeat, _insert, _cut, _splice)
_TEXT: Final[tuple[Harm, ...]] = (
    *_BYTES,
    *(_digit, _digit, _number, _number, _swap_numbers, _structure, _append),
    *(_member, _member, _member),
)
_BINARY: Final[tuple[Harm, ...]] = (*_BYTES, _append, _digit, _digit, _digit, *(_field,) * 6)
