"""Lengths of time as people type them: `20s`, `10m`, `1.5h`, `500ms`."""

from __future__ import annotations

import re

from messages.errors import UsageError

MAX_DURATION_S = 365 * 86_400.0
"""A year: more is a typing error."""

_UNIT_S = {"ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86_400.0}


def parse_duration(text: str) -> float:
    """Return the seconds a text such as `20s` or `10m` means.

    Raises:
        UsageError: when it is not a number above 0 with a unit, or longer than a year.
    """
    match = re.fullmatch(r"(\d+(?:\.\d+)?)\s*(ms|s|m|h|d)", text.strip())
    seconds = float(match[1]) * _UNIT_S[match[2]] if match else 0.0
    if not 0.0 < seconds <= MAX_DURATION_S:
        raise UsageError(f"{text!r} is not a length of time such as 20s, 10m or 1.5h")
    return seconds
