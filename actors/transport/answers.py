"""What comes back from a venue: a whole answer, opened and looked at before anybody decodes it."""

from __future__ import annotations

import re
import zlib
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING

from msgspec import Struct

from actors.transport.http import BODY_LIMIT_BYTES
from messages.errors import VenueError, VenueUnavailable
from messages.instruments import RateUse

if TYPE_CHECKING:
    from messages.requests import RestRequest

EXCERPT_CHARACTERS = 120
"""How much of a page an error quotes: title and first words."""

_SECRET = re.compile(rb"[\w+/=%-]{16,}")
"""What is so long a word of a header, query or body may be a key or a signature."""

HIDDEN = b"***"
"""What stands in an error text where a venue sent a secret back."""


class Answer(Struct, frozen=True):
    """A 2xx answer; header names in lower case, body decompressed.

    `sent_ns` and `received_ns` are monotonic: when the first byte of the request went out, after
    all waiting and dialling, and when the last of the answer was there.
    """

    status: int
    headers: dict[str, str]
    body: bytes
    received_ns: int
    sent_ns: int


ErrorReader = Callable[[int, Mapping[str, str], bytes], VenueError | None]
"""A dialect's `error`: status, lower-case headers and body; None when the answer is none."""

RateReader = Callable[[Mapping[str, str]], tuple[RateUse, ...]]
"""A dialect's `rate_use`: what the venue counted, from headers in lower case."""


def unpack(body: bytes, encoding: str, limit_bytes: int = BODY_LIMIT_BYTES) -> bytes:
    """Decompress a body; httpx would do it without a limit, and a small answer can unfold to any.

    Raises:
        ValueError: an encoding we did not ask for, a body cut short or above the limit.
        zlib.error: no gzip.
    """
    if encoding in ("", "identity") or not body:
        return body
    if encoding != "gzip":
        raise ValueError(f"content encoding {encoding!r} was not asked for")
    opener = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    opened = opener.decompress(body, limit_bytes + 1)
    if len(opened) > limit_bytes:
        raise ValueError(f"more than {limit_bytes} bytes")
    if not opener.eof:
        raise ValueError("it is cut short")
    return opened


def no_data(venue: str, request: RestRequest, status: int, body: bytes) -> VenueError | None:
    """Tell a page or nothing at all from data: what gateways answer in a venue's place.

    Returns:
        The error when a request for data was answered with neither; None otherwise.
    """
    start = body[: 8 * EXCERPT_CHARACTERS].lstrip()
    if start[:1] == b"<":
        text = f"answered with a page instead of data: {excerpt(without_secrets(start, request))}"
    elif not start and request.method == "GET":
        text = "answered with an empty body"
    else:
        return None
    error = VenueUnavailable(text, venue=venue, code=str(status))
    error.of_request(request.endpoint)
    return error


def excerpt(body: bytes) -> str:
    """The first words of a body on one line."""
    words = " ".join(body.decode("utf-8", "replace").split())
    return words[:EXCERPT_CHARACTERS] + ("..." if len(words) > EXCERPT_CHARACTERS else "")


def without_secrets(body: bytes, request: RestRequest) -> bytes:
    """A refusal's words with everything hidden that the request may have kept secret.

    Venues and gateways quote the request they refuse: its address, at times its headers.
    """
    for secret in _secrets(request):
        body = body.replace(secret, HIDDEN)
    return body


def _secrets(request: RestRequest) -> list[bytes]:
    """Every long word of a request, the longest first."""
    values = [value for _, value in (*request.headers, *request.query)]
    sent = "\n".join(values).encode("utf-8", "replace") + b"\n" + request.body
    return sorted(set(_SECRET.findall(sent)), key=len, reverse=True)
