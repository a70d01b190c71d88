"""What a recording consists of, whatever tool wrote it.

A record is a plain tuple, because one is made for every line of a recording: objects with names
cost as much as decoding a small frame.  Times are the recorder's wall clock in whole nanoseconds,
read from its decimal text without passing through a float.
"""

from __future__ import annotations

import enum
from collections.abc import Callable, Iterator
from pathlib import Path

from msgspec import Struct

NS_DIGITS = 9
"""Decimal digits of a nanosecond; what a recorder writes beyond is cut off."""


class Kind(enum.Enum):
    """What a record is."""

    FRAME = "frame"
    """A websocket message as received; `about` is empty."""
    ANSWER = "answer"
    """A REST answer; `about` is its URL."""
    SNAPSHOT = "snapshot"
    """A REST book snapshot whose URL was not kept; `about` is the native symbol, if known."""
    CONNECT = "connect"
    """A connection opened; `about` is its URL."""
    SENT = "sent"
    """A websocket message the recorder sent; `about` is empty."""
    KNOWN = "known"
    """What was known beforehand: `about` empty for a configuration, else the URL it came from."""
    QUOTE = "quote"
    """One line of a quote file, as `BID,BID_AMOUNT,ASK,ASK_AMOUNT`; `about` tells its place."""


class Feed(Struct, frozen=True):
    """Where records come from: a venue, and which of its connections.

    `connection` is empty where the recorder did not say; `symbol` is the unified or native symbol
    the user named for records that name none themselves.
    """

    venue: str
    connection: str = ""
    symbol: str = ""


Record = tuple[int, Kind, Feed, bytes, str]
"""(recorder's time in ns, kind, feed, payload, about)."""


class Recording(Struct, frozen=True):
    """One opened input: what it is, what it says beforehand, and how to read it.

    `venues` are those its records belong to; empty for a capture, which says it record by record.
    `prelude` holds the configuration and REST answers that stand before the first frame.
    """

    path: Path
    format: str
    venues: tuple[str, ...]
    prelude: tuple[Record, ...]
    read: Callable[[], Iterator[Record]]


def seconds_to_ns(text: bytes) -> int:
    """Read decimal seconds, `1617647603.4249449`, as nanoseconds exactly.

    Raises:
        ValueError: the text is no plain decimal number.
    """
    whole, _, fraction = text.partition(b".")
    return scaled_to_ns(whole, fraction, NS_DIGITS)


def scaled_to_ns(whole: bytes, fraction: bytes, digits: int) -> int:
    """Read `whole.fraction` of a unit that has `digits` decimal digits down to a nanosecond.

    Raises:
        ValueError: one of the two is no row of digits.
    """
    if not whole.isdigit() or (fraction and not fraction.isdigit()):
        raise ValueError(f"{whole!r}.{fraction!r} is no plain decimal time")
    return int(whole + (fraction + b"000000000")[:digits]) if digits else int(whole)
