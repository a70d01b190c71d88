"""What the actors of one venue share: its dialect, its REST client and its symbol directory.

Nothing here holds real-time data.  The directory keeps static facts in the one cache there is, see
`actors.static_cache`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING
from urllib.parse import urlsplit, urlunsplit

from actors.feed import Feed
from actors.static_cache import StaticCache
from markets.audit import AuditCounts
from messages.books import SymbolRefused
from messages.errors import DecodeError, VenueUnavailable
from messages.instruments import SymbolInfo

if TYPE_CHECKING:
    from actors.runtime.clock import Clock
    from actors.transport.dial import Dialer
    from actors.transport.rest import RestClient
    from config.settings import VenueSettings
    from exchanges.contract import DepthFeed, PublicDialect
    from messages.requests import RestRequest

NS_PER_S = 1_000_000_000

SYMBOLS_TTL_S = 3600.0
"""Venues change ticks and listings a few times a day at most."""

LOAD_DEADLINE_S = 20.0
"""Up to 20 MB from a venue that is far away, and a second try."""

LOAD_ATTEMPTS = 3
"""Whoever starts needs symbol info first; a blip must not cost a restart with its backoff."""


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
        self._cache = StaticCache(SymbolInfo, self._ask, clock, ttl_s)

    @property
    def loads(self) -> int:
        """How often symbol info was taken in."""
        return self._cache.loads

    def known(self, symbol: str) -> SymbolInfo | None:
        """What was loaded last about a symbol, however long ago; None when nothing was."""
        return self._cache.known(symbol)

    def due_in_s(self) -> float:
        """Seconds until what was loaded last is too old; 0 when it is, or nothing was loaded."""
        return self._cache.due_in_s()

    async def load(self) -> Mapping[str, SymbolInfo]:
        """Symbol info by unified symbol; concurrent callers share one request."""
        return await self._cache.all()

    async def _ask(self) -> Mapping[str, SymbolInfo]:
        """Ask for everything the venue says about its symbols.

        Raises:
            VenueUnavailable: an answer does not read as documented: a page of a gateway, or
                nothing.  It is not kept, and the next load asks again.
        """
        dialect = self._dialect
        first = await self._body(dialect.venue_info_request())
        bodies = [await self._body(request) for request in dialect.further_info_requests()]
        try:
            info = dialect.refine_venue_info(dialect.decode_venue_info(first), bodies)
        except DecodeError as error:
            text = f"its lists of symbols cannot be read: {error.text}"
            raise VenueUnavailable(text, venue=dialect.venue) from error
        self._rest.adopt(info.limits)
        return {entry.symbol: entry for entry in info.symbols}

    async def _body(self, request: RestRequest) -> bytes:
        answer = await self._rest.request(
            request, deadline_s=LOAD_DEADLINE_S, attempts=LOAD_ATTEMPTS
        )
        return answer.body

    def judge(self, symbol: str) -> SymbolInfo | SymbolRefused:
        """Say what was loaded last about a symbol, or why it cannot be followed."""
        info = self.known(symbol)
        if info is not None and info.tradeable:
            return info
        said = "not listed" if info is None else f"listed as {info.status} and cannot be traded"
        return SymbolRefused(self._dialect.venue, symbol, info is not None, f"{symbol} is {said}")

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """Take symbol info in as of now: recorded, or made up by a test."""
        self._cache.put({entry.symbol: entry for entry in symbols})


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

    def venue_s(self, wall_ns: int) -> int:
        """The venue's clock in whole Unix seconds, as far as it is known: ours until measured.

        Some venues refuse commands that name another minute than theirs.
        """
        return (wall_ns - round(self.offset_ms * 1e6)) // NS_PER_S


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
    def depth_feed(self) -> DepthFeed:
        """How this venue's books are kept, by its dialect and the configuration."""
        settings = self.settings
        return self.dialect.depth_feed(settings.depth_interval_ms, settings.snapshots or "")

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
