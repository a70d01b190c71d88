"""What the dialects share in reading answers: one typed decode, and what is quoted of a bad one."""

from __future__ import annotations

from typing import Final, TypeVar

import msgspec

from messages.errors import DecodeError

EXCERPT_BYTES: Final = 120
"""How much of a bad frame an error quotes: enough to recognise it, little enough for one line."""

BAD_BYTES: Final = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError)
"""What msgspec raises on bytes that are not the JSON asked for."""

_T = TypeVar("_T")


def excerpt(payload: bytes, limit: int = EXCERPT_BYTES) -> str:
    """Quote the beginning of a frame, at most so many bytes, in one printable line."""
    text = payload[:limit].decode("utf-8", "backslashreplace")
    shown = text if text.isprintable() else text.encode("unicode_escape").decode("ascii")
    return shown + ("..." if len(payload) > limit else "") if payload else "(empty)"


def read_answer(decoder: msgspec.json.Decoder[_T], venue: str, what: str, body: bytes) -> _T:
    """Decode the body of a REST answer.

    Args:
        decoder: of the documented form.
        venue: whose answer it is, for the error.
        what: which answer, such as `klines of BTCUSDT`.
        body: as received.

    Raises:
        DecodeError: the body is not what the venue documents; names venue, answer and reason.
    """
    try:
        return decoder.decode(body)
    except BAD_BYTES as exc:
        raise DecodeError(
            f"{venue} {what}: expected the documented answer, got {excerpt(body)} ({exc})"
        ) from exc
