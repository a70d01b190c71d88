"""Whole unmasked websocket frames, as servers send them (RFC 6455 section 5.2)."""

from __future__ import annotations

_TEXT = 0x81
_BINARY = 0x82


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
