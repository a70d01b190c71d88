"""What the actors of one venue share: its dialect, its REST client and its symbol directory.

Nothing here holds real-time data.  The directory caches static facts with a time to live; it is
the only cache of the engine and takes nothing that is `volatile`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

import trio

from actors.feed import Feed
from markets.audit import AuditCounts
from messages.instruments import SymbolInfo

if TYPE_CHECKING:
    from actors.runtime.clock import Clock
    from actors.transport.dial import Dialer
    from actors.transport.rest import RestClient
    from config.settings import VenueSettings
    from exchanges.contract import PublicDialect

SYMBOLS_TTL_S = 3600.0
"""Venues change ticks and listings a few times a day at most."""


class SymbolDirectory:
    """Symbol info of one venue, loaded on first need and kept for an hour.

    Args:
        dialect: the venue's public dialect.
        rest: sends the request; its errors reach every caller that waits for this load.
        clock: measures the age of what is kept.
        ttl_s: how long an answer counts, in seconds.
    """

    def __init__(
        self,
        dialect: PublicDialect,
        rest: RestClient,
        clock: Clock,
        ttl_s: float = SYMBOLS_TTL_S,
    ) -> None:
        self._dialect = dialect
        self._rest = rest
        self._clock = clock
        self._ttl_ns = int(ttl_s * 1e9)
        self._loading = trio.Lock()
        self._symbols: dict[str, SymbolInfo] | None = None
        self._loaded_ns = 0
        self.loads = 0

    def known(self, symbol: str) -> SymbolInfo | None:
        """What was loaded last about a symbol, however long ago; None when nothing was."""
        return self._symbols.get(symbol) if self._symbols is not None else None

    async def load(self) -> Mapping[str, SymbolInfo]:
        """Symbol info by unified symbol; concurrent callers share one request."""
        async with self._loading:
            fresh = self._clock.now_ns() - self._loaded_ns < self._ttl_ns
            if self._symbols is not None and fresh:
                return self._symbols
            answer = await self._rest.request(self._dialect.venue_info_request())
            return self.learn(self._dialect.decode_venue_info(answer.body).symbols)

    def learn(self, symbols: Iterable[SymbolInfo]) -> Mapping[str, SymbolInfo]:
        """Take symbol info in as of now: loaded, recorded or made up by a test."""
        self._symbols = {entry.symbol: entry for entry in symbols}
        self._loaded_ns = self._clock.now_ns()
        self.loads += 1
        return self._symbols


class ClockOffset:
    """Our wall clock minus the venue's, as last measured; 0 until then."""

    __slots__ = ("measured", "offset_ms", "round_trip_ms")

    def __init__(self) -> None:
        self.offset_ms = 0.0
        self.round_trip_ms: float | None = None
        self.measured = 0

    def learn(self, sent_wall_ms: float, received_wall_ms: float, venue_ms: int) -> None:
        """Take one server-time answer in: the venue read its clock halfway, so to speak."""
        self.offset_ms = (sent_wall_ms + received_wall_ms) / 2 - venue_ms
        self.round_trip_ms = received_wall_ms - sent_wall_ms
        self.measured += 1


@dataclass(frozen=True)
class Venue:
    """The shared services of one venue; lives as long as the engine runs.

    `websocket_url` replaces scheme and host of the dialect's addresses (a simulator, a test
    net); None keeps them.
    """

    dialect: PublicDialect
    settings: VenueSettings
    rest: RestClient
    directory: SymbolDirectory
    feeds: dict[str, Feed]
    clock: Clock
    dialer: Dialer
    clock_offset: ClockOffset
    websocket_url: str | None = None
    audits: AuditCounts = field(default_factory=AuditCounts)

    @property
    def name(self) -> str:
        """The venue's id."""
        return self.dialect.venue

    def address(self, url: str) -> str:
        """Where to dial for one of the dialect's websocket URLs."""
        if self.websocket_url is None:
            return url
        there, here = urlsplit(url), urlsplit(self.websocket_url)
        return urlunsplit(
            (here.scheme, here.netloc, here.path.rstrip("/") + there.path, there.query, "")
        )
