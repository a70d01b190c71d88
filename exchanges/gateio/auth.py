"""How requests to Gate are signed: HMAC-SHA512 over five lines, or over a channel and a time.

Rules of this file: pure; the time is an argument, the secret is one too and is neither kept nor
shown.  Source: sheet `gateio`, sections 5.1, 6.1 and 6.2; futures sign alike.
"""

from __future__ import annotations

import hashlib
import hmac
from urllib.parse import unquote

from messages.requests import RestRequest


def sign(text: str, secret: bytes) -> str:
    """Sign a text: 128 lower-case hexadecimal digits."""
    return hmac.new(secret, text.encode(), hashlib.sha512).hexdigest()


def signed_text(request: RestRequest, at_s: int) -> str:
    """Spell what a REST signature covers.

    Args:
        request: path with the `/api/v4` prefix; the query is signed as sent, but not
            percent-encoded; the body exactly as sent.
        at_s: the Timestamp header, in Unix seconds, within 60 s of the venue's clock.
    """
    _, _, query = request.target.partition("?")
    body_hash = hashlib.sha512(request.body).hexdigest()
    return f"{request.method}\n{request.path}\n{unquote(query)}\n{body_hash}\n{at_s}"


def signed_headers(
    request: RestRequest, key: str, secret: bytes, at_s: int
) -> tuple[tuple[str, str], ...]:
    """Make the headers that a private REST request carries besides its own."""
    return (
        ("KEY", key),
        ("Timestamp", str(at_s)),
        ("SIGN", sign(signed_text(request, at_s), secret)),
        ("Accept", "application/json"),
        ("Content-Type", "application/json"),
    )


def channel_signature(channel: str, event: str, at_s: int, secret: bytes) -> str:
    """Sign the subscription of a private channel; `at_s` is the frame's own `time`."""
    return sign(f"channel={channel}&event={event}&time={at_s}", secret)


def command_signature(channel: str, parameters: str, at_s: int, secret: bytes) -> str:
    """Sign a login of the websocket order API; `parameters` are its JSON exactly as sent."""
    return sign(f"api\n{channel}\n{parameters}\n{at_s}", secret)
