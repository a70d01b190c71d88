"""REST as all embedded venues share it: faults, and reading a query text."""

from __future__ import annotations

import math

from msgspec import Struct


class RestFault(Struct):
    """A way in which REST answers go wrong.

    Args:
        status: HTTP status sent instead of the answer; 0 keeps the answer.
        html: send a gateway's HTML page as the body, with that status (200 when it is 0).
        empty: send an empty body, with that status (200 when it is 0).
        delay_s: wait so long before answering; the answer is made before the wait, so a
            snapshot ages on its way.
        hang_up: close the connection instead of answering.
        path: only requests whose path ends like this; empty for all.
        retry_after_s: what the `Retry-After` of such an answer says; 0: it has none.
        left: how many requests it still hits; below 0 for ever.
        until_s: it ends at this moment of trio's clock, whatever is left.
    """

    status: int = 0
    html: bool = False
    empty: bool = False
    delay_s: float = 0.0
    hang_up: bool = False
    path: str = ""
    retry_after_s: int = 0
    left: int = -1
    until_s: float = math.inf
