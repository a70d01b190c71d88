"""What the error maps of the venues have in common: marked classes, and waits in headers."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import UTC
from email.utils import parsedate_to_datetime
from typing import Final

from messages import errors
from messages.errors import VenueError

_KINDS: Final = (
    errors.AuthenticationFailed,
    errors.Banned,
    errors.ClockSkewed,
    errors.DuplicateClientId,
    errors.EndpointLimited,
    errors.InsufficientBalance,
    errors.InvalidOrder,
    errors.InvalidRequest,
    errors.RateLimited,
    errors.SymbolNotTrading,
    errors.UnknownOrder,
    errors.UnknownSymbol,
    errors.VenueBusy,
    errors.VenueUnavailable,
)


def marked_classes(marker: type[VenueError]) -> dict[type[VenueError], type[VenueError]]:
    """Mix every class of a venue's answers with the venue's marker: an instance is both.

    Args:
        marker: the venue's own class, named like `GateError`.

    Returns:
        For each class of `messages.errors` that an answer can mean, the marked one.
    """
    prefix = marker.__name__.removesuffix("Error")
    return {
        kind: type(f"{prefix}{kind.__name__}", (marker, kind), {"__doc__": kind.__doc__})
        for kind in _KINDS
    }


def header_seconds(text: str) -> float | None:
    """Read a header that counts seconds; None when it is no finite number of at least 0."""
    try:
        value = float(text)
    except ValueError:
        return None
    return value if math.isfinite(value) and value >= 0 else None


def retry_after_s(headers: Mapping[str, str]) -> float | None:
    """Seconds until Retry-After, a number or a time beside the answer's own; None without one."""
    said = headers.get("retry-after", "")
    wait_s = header_seconds(said)
    if wait_s is not None:
        return wait_s
    until_s, now_s = _unix_s(said), server_time_s(headers)
    return None if until_s is None or now_s is None else max(0.0, until_s - now_s)


def server_time_s(headers: Mapping[str, str]) -> float | None:
    """The answer's Date header as Unix time in seconds; None where it says no time."""
    return _unix_s(headers.get("date", ""))


def _unix_s(date: str) -> float | None:
    """Read a time as HTTP spells it; None where it is none."""
    try:
        at = parsedate_to_datetime(date)
    except ValueError:
        return None
    if at.tzinfo is None:
        at = at.replace(tzinfo=UTC)
    return at.timestamp()
