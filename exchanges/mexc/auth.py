"""How requests to MEXC are signed: HMAC-SHA256 over the query followed by the body.

Rules of this file: pure; the time is among the parameters, the secret is an argument and is
neither kept nor shown.  The venue joins query and body without a sign between them, so all
parameters belong into the query and the body stays empty.  Percent signs are followed by
upper-case digits.  Source: sheet `mexc`, section 5.1.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from typing import Final
from urllib.parse import quote

API_KEY_HEADER: Final = "X-MEXC-APIKEY"
CONTENT_TYPE: Final = ("Content-Type", "application/json")
"""What every signed POST, PUT and DELETE must carry; without it the venue answers 700013."""


def encode(parameters: Iterable[tuple[str, str]]) -> str:
    """Percent-encode parameters as the query that is both signed and sent."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters)


def sign(text: str, secret: bytes) -> str:
    """Sign a text: 64 lower-case hexadecimal digits."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def signed_query(parameters: Iterable[tuple[str, str]], secret: bytes, body: str = "") -> str:
    """Encode the parameters of a request, `timestamp` among them, and add the signature.

    Args:
        parameters: names and values in the order they will be sent.
        secret: the secret half of the API key.
        body: what the request will carry as its body, exactly as sent.
    """
    query = encode(parameters)
    return f"{query}&signature={sign(query + body, secret)}"
