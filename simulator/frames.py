"""Whole unmasked websocket frames, as servers send them (RFC 6455 section 5.2)."""

from __future__ import annotations

_TEXT = 0x81
_BINARY = 0x82
_FINAL = 0x80
_CONTINUATION = 0x00
_PONG = 0x0A


def text_frame(payload: bytes) -> bytes:
    """A text frame around UTF-8 bytes."""
    return _frame(_TEXT, payload)


def binary_frame(payload: bytes) -> bytes:
    """A binary frame."""
    return _frame(_BINARY, payload)


def _frame(first: int, payload: bytes) -> bytes:
    size = len(payload)
    if size < 126:
        return bytes((first, size)) + payload
    if size < 65_536:
        return bytes((first, 126)) + size.to_bytes(2, "big") + payload
    return bytes((first, 127)) + size.to_bytes(8, "big") + payload


def fragmented(frame: bytes) -> bytes:
    """The same message in three fragments, an unasked pong (RFC 6455 section 5.5.3) after each."""
    start = 2 if frame[1] < 126 else 4 if frame[1] == 126 else 10
    payload, third = frame[start:], -(-(len(frame) - start) // 3)
    pong = bytes((_FINAL | _PONG, 0))
    return b"".join(
        (
            _frame(frame[0] & ~_FINAL, payload[:third]),
            pong,
            _frame(_CONTINUATION, payload[third : 2 * third]),
            pong,
            _frame(_FINAL | _CONTINUATION, payload[2 * third :]),
        )
    )


def oversized() -> bytes:
    """The beginning of a text message of a terabyte."""
    return bytes((_TEXT, 127)) + (2**40).to_bytes(8, "big") + b'{"e":'
