"""A small reader of protobuf's wire: numbers, wire types and values, nothing of any schema."""

from __future__ import annotations

from typing import Final

VARINT: Final = 0
FIXED64: Final = 1
BYTES: Final = 2
GROUP: Final = 3
END_GROUP: Final = 4
FIXED32: Final = 5

_LONGEST_VARINT: Final = 10

Field = tuple[int, int, "int | bytes"]
"""Number, wire type, value: an integer of varints, bytes of everything else."""


class Damaged(ValueError):
    """The bytes are no protobuf message."""


def fields(data: bytes) -> list[Field]:
    """Read the fields of one message in order.

    Raises:
        Damaged: they do not fill the bytes as protobuf's wire wants.
    """
    found, at = [], 0
    while at < len(data):
        field, at = _field(data, at)
        found.append(field)
    return found


def _field(data: bytes, at: int) -> tuple[Field, int]:
    tag, at = _varint(data, at)
    number, wire = tag >> 3, tag & 7
    if not 0 < number < 1 << 29:
        raise Damaged(f"field number {number}")
    if wire == VARINT:
        value, at = _varint(data, at)
        return (number, wire, value), at
    if wire == GROUP:
        start = at
        while True:
            before = at
            (inner, kind, _), at = _field(data, at)
            if kind == END_GROUP:
                if inner != number:
                    raise Damaged(f"group {number} ended as {inner}")
                return (number, wire, data[start:before]), at
    if wire == END_GROUP:
        return (number, wire, b""), at
    if wire == BYTES:
        size, at = _varint(data, at)
    elif wire in (FIXED64, FIXED32):
        size = 8 if wire == FIXED64 else 4
    else:
        raise Damaged(f"wire type {wire}")
    if size > len(data) - at:
        raise Damaged(f"{size} bytes of {len(data) - at}")
    return (number, wire, data[at : at + size]), at + size


def _varint(data: bytes, at: int) -> tuple[int, int]:
    value = 0
    for count, byte in enumerate(data[at : at + _LONGEST_VARINT]):
        value |= (byte & 0x7F) << (7 * count)
        if byte < 0x80:
            return value & (1 << 64) - 1, at + count + 1
    raise Damaged("a varint without an end")


def joined(parts: list[Field]) -> bytes:
    """Write fields as one message; what does not fit its wire type becomes what does."""
    out = bytearray()
    for number, wire, value in parts:
        if isinstance(value, int):
            out += _spelt(number << 3 | VARINT) + _spelt(value)
        elif wire in (FIXED64, FIXED32):
            size = 8 if wire == FIXED64 else 4
            out += _spelt(number << 3 | wire) + value[:size].ljust(size, b"\0")
        else:
            out += _spelt(number << 3 | BYTES) + _spelt(len(value)) + value
    return bytes(out)


def _spelt(value: int) -> bytes:
    out = bytearray()
    while value > 0x7F:
        out.append(value & 0x7F | 0x80)
        value >>= 7
    out.append(value)
    return bytes(out)
