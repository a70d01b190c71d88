"""How long to wait before a request is sent again."""

from __future__ import annotations

FIRST_S = 0.25
"""The first wait: a lost connection is dialled anew at once, a busy venue gets a moment."""

CAP_S = 5.0
"""The longest wait; deadlines end the waiting before long anyway."""


def retry_delay_s(failures: int, chance: float) -> float:
    """Twice as long after each failure, jittered so that many callers do not come back together.

    Args:
        failures: how often the request failed, at least 1.
        chance: a random number, 0 to 1.

    Returns:
        Half to the whole of `FIRST_S` doubled `failures - 1` times, at most `CAP_S`, in seconds.
    """
    whole_s = min(CAP_S, FIRST_S * 2.0 ** min(failures - 1, 16))
    return whole_s * (0.5 + chance / 2)
