"""How requests to Binance are signed: HMAC-SHA256 over exactly the text that is sent.

Rules of this file: pure; the time is among the parameters, the secret is an argument and is
neither kept nor shown.  REST signs the percent-encoded query in the order sent (enforced since
2026-01-15); the websocket API signs raw values sorted by name.  Source: sheet `binance`,
section 5.1; the futures families sign alike.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping
from typing import Final
from urllib.parse import quote

API_KEY_HEADER: Final = "X-MBX-APIKEY"


def encode(parameters: Iterable[tuple[str, str]]) -> str:
    """Percent-encode parameters as the query that is both signed and sent."""
    return "&".join(f"{quote(name, safe='')}={quote(value, safe='')}" for name, value in parameters)


def sign(text: str, secret: bytes) -> str:
    """Sign a text: 64 lower-case hexadecimal digits."""
    return hmac.new(secret, text.encode(), hashlib.sha256).hexdigest()


def signed_query(parameters: Iterable[tuple[str, str]], secret: bytes) -> str:
    """Encode the parameters of a REST request, `timestamp` among them, and add the signature."""
    query = encode(parameters)
    return f"{query}&signature={sign(query, secret)}"


def signed_parameters(parameters: Mapping[str, str], secret: bytes) -> dict[str, str]:
    """Add the signature to the parameters of a websocket API request, `apiKey` among them."""
    text = "&".join(f"{name}={value}" for name, value in sorted(parameters.items()))
    return {**parameters, "signature": sign(text, secret)}
