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
    """Retry-After in seconds; None where there is none that reads as a number."""
    return header_seconds(headers.get("retry-after", ""))


def server_time_s(headers: Mapping[str, str]) -> float | None:
    """The answer's Date header as Unix time in seconds; None where it says no time."""
    try:
        now = parsedate_to_datetime(headers.get("date", ""))
    except ValueError:
        return None
    if now.tzinfo is None:
        now = now.replace(tzinfo=UTC)
    return now.timestamp()
