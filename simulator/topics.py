"""Streams: what they bring, who listens, and what a fault does to events.

How a venue spells a stream's name is its protocol's business; here a name is only a key.  A name
the venue does not know can be a topic as well, where the venue acknowledges it and stays silent.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable, Iterable
from typing import Protocol

import trio
from msgspec import Struct

from simulator.frames import text_frame


class Kind(enum.Enum):
    """What a stream brings."""

    DIFF = "diff"
    IN_BAND = "inBand"
    PARTIAL = "partial"
    BOOK_TICKER = "bookTicker"
    TRADE = "trade"
    AGGREGATE_TRADE = "aggTrade"
    KLINE = "kline"
    TICKER = "ticker"
    MINI_TICKER = "miniTicker"
    ALL_TICKERS = "allTickers"
    MARK_PRICE = "markPrice"


ALL_KINDS = frozenset(Kind)
EVERY_SYMBOL = ""
"""The symbol of a stream that is about all of them."""


class StreamName(Struct, frozen=True):
    """A stream name taken apart.

    Args:
        text: the whole name, the key of the stream.
        symbol: the native symbol as listed; `EVERY_SYMBOL` for all.
        every_ms: how often it is served; 0: with every change.
        levels: of a partial book, or the depth within which changes are told; 0: all.
        interval: of candles, as the venue spells it.
    """

    text: str
    symbol: str
    kind: Kind
    every_ms: int = 0
    levels: int = 0
    interval: str = ""


class Listener(Protocol):
    """A connection as a topic sees it.

    `spelling` chooses among the forms a payload has (a unit of time, integers or decimals);
    `combined` whether the payload is wrapped in its stream's name.
    """

    spelling: int
    combined: bool

    def offer(self, frame: bytes) -> None:
        """Queue one finished websocket frame."""


Frame = Callable[[str, bytes, bool], bytes]
"""Makes a frame of a stream's name, an event's payload, and whether it is combined."""


def plain_text(name: str, payload: bytes, combined: bool) -> bytes:
    """The frame of venues that send JSON text and know no other form."""
    return text_frame(payload)


Mangler = Callable[[bytes], tuple[bytes, ...]]
"""A fault of one event: what is sent instead of it, nothing included."""


def drop(payload: bytes) -> tuple[bytes, ...]:
    """The event never arrives."""
    return ()


def duplicate(payload: bytes) -> tuple[bytes, ...]:
    """The event arrives twice."""
    return (payload, payload)


def truncate(payload: bytes) -> tuple[bytes, ...]:
    """Only the first half of the event's bytes arrives."""
    return (payload[: len(payload) // 2],)


def reorder() -> tuple[Mangler, Mangler]:
    """Two faults for two events in a row: the first is held back until after the second."""
    held: list[bytes] = []

    def hold(payload: bytes) -> tuple[bytes, ...]:
        held.append(payload)
        return ()

    def release(payload: bytes) -> tuple[bytes, ...]:
        # Nothing is held back where the first of the two fell into a silence.
        return (payload, held.pop(0)) if held else (payload,)

    return hold, release


class Topic:
    """One stream and who listens to it.

    `newcomers` wait for a full book before they hear changes; only in-band streams have some.
    """

    __slots__ = (
        "events",
        "frame",
        "listeners",
        "muted",
        "muted_until_s",
        "name",
        "newcomers",
        "tampering",
    )

    def __init__(self, name: StreamName, frame: Frame = plain_text) -> None:
        self.name = name
        self.frame = frame
        self.listeners: dict[Listener, None] = {}
        self.newcomers: dict[Listener, None] = {}
        self.tampering: deque[Mangler] = deque()
        self.muted = False
        self.muted_until_s = 0.0
        self.events = 0

    @property
    def heard(self) -> bool:
        """Whether anybody listens."""
        return bool(self.listeners or self.newcomers)

    def add(self, listener: Listener) -> None:
        """Begin to tell somebody."""
        in_band = self.name.kind is Kind.IN_BAND
        (self.newcomers if in_band else self.listeners)[listener] = None

    def remove(self, listener: Listener) -> None:
        """Stop telling somebody."""
        self.listeners.pop(listener, None)
        self.newcomers.pop(listener, None)

    def rebase(self) -> None:
        """Let everybody wait for a full book."""
        self.newcomers = {**self.listeners, **self.newcomers}
        self.listeners = {}

    def welcome(self, write: Callable[[int], bytes]) -> None:
        """Send a full book to who waits for it; changes follow."""
        waiting, self.newcomers = self.newcomers, {}
        self._send(write, waiting)
        self.listeners.update(waiting)

    def publish(self, write: Callable[[int], bytes]) -> None:
        """Send one event to every listener.

        Args:
            write: makes the payload for one `Listener.spelling`.
        """
        self._send(write, self.listeners)

    def _send(self, write: Callable[[int], bytes], to: Iterable[Listener]) -> None:
        if not to:
            return
        self.events += 1
        mangler = self.tampering.popleft() if self.tampering else None
        if self.muted or (self.muted_until_s and trio.current_time() < self.muted_until_s):
            return
        frames: dict[tuple[bool, int], bytes] = {}
        payloads: dict[int, tuple[bytes, ...]] = {}
        for listener in to:
            form = (listener.combined, listener.spelling)
            frame = frames.get(form)
            if frame is None:
                some = payloads.get(listener.spelling)
                if some is None:
                    payload = write(listener.spelling)
                    some = (payload,) if mangler is None else mangler(payload)
                    payloads[listener.spelling] = some
                frame = b"".join(self.frame(self.name.text, one, listener.combined) for one in some)
                frames[form] = frame
            if frame:
                listener.offer(frame)
