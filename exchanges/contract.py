"""What every venue dialect offers: bytes in, messages out; intent in, request out.

Rules of this room: no I/O, no clock, no randomness.  A dialect is stateless and shared; a codec
belongs to one life of one connection and holds only what decoding needs.  Public (market data)
and private (trading) interfaces are apart; neither extends the other.
"""

from __future__ import annotations

import abc
import enum
from collections.abc import Iterable, Mapping, Sequence
from decimal import Decimal
from typing import Final

from msgspec import Struct
from msgspec.structs import replace

from messages.errors import UsageError, VenueError
from messages.instruments import RateRule, RateUse, SymbolInfo, VenueInfo
from messages.market import (
    BookSnapshot,
    Kline,
    PublicMessage,
    ServerTime,
    StreamKind,
    Ticker24h,
    Trade,
)
from messages.requests import ConnectionPlan, RestRequest

BPS: Final = 10_000
"""Basis points of the whole."""


class SequenceRule(enum.Enum):
    """How depth events of a venue chain; `exchanges/sequencing.py` holds what each one means."""

    CONTIGUOUS = "contiguous"
    """An event continues a book at id L when first_id <= L + 1 <= last_id (Binance spot, Gate)."""
    CHAINED = "chained"
    """previous_id names the event before; ids jump (Binance futures)."""


class Limits(Struct, frozen=True):
    """What a venue allows, with the sheet's numbers as defaults until the venue says otherwise."""

    streams_per_connection: int
    commands_per_s: float
    streams_per_command: int
    connection_max_age_s: float
    dials_per_s: float
    rest: tuple[RateRule, ...]
    snapshot_levels: int
    snapshot_weight: int
    pool: str = ""
    """Venues that name one pool share one REST budget; empty: the venue has its own."""
    snapshot_trail_s: float = 0.0
    """How far book snapshots by REST usually trail the streams."""


class HeartbeatRule(Struct, frozen=True):
    """Who keeps a connection alive, how it proves itself while idle, and when it counts as dead.

    `silent_after_s` is the time without any frame after which the connection is dead;
    `ping_every_s` is how often we may probe an idle connection (0: only the venue pings), with a
    websocket ping that is answered within `pong_within_s`, or with the dialect's `client_ping`
    where `probe_by_text` says that the venue leaves websocket pings unanswered;
    `client_ping_every_s` is how often the venue wants to hear `client_ping` whatever flows (0:
    never).
    """

    silent_after_s: float
    ping_every_s: float = 0.0
    pong_within_s: float = 10.0
    probe_by_text: bool = False
    client_ping_every_s: float = 0.0


class DepthFeed(Struct, frozen=True):
    """How a venue's books are kept: which depth stream, and where its snapshots come from.

    `option` names the stream to `PublicDialect.stream`; `in_band` says that the stream begins
    with a snapshot of its own, and that subscribing again is how to get another; `levels` is how
    many levels a side the stream keeps up to date, None for all: a book must not keep more.
    """

    option: str = ""
    in_band: bool = False
    levels: int | None = None


class PublicCodec(abc.ABC):
    """Decodes the frames of one connection life."""

    @abc.abstractmethod
    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """Know these symbols too, as if the codec had been made with them."""

    @abc.abstractmethod
    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """Turn one frame into messages.

        Args:
            payload: the whole websocket message, text as UTF-8.
            received_ns: monotonic time of the read that brought it.

        Returns:
            The messages in the order the frame holds them; empty for what is known and unused.

        Raises:
            DecodeError: the frame does not mean what the venue's protocol says it must.
        """


class PublicDialect(abc.ABC):
    """One venue's public side as pure functions."""

    venue: str
    rest_url: str
    rule: SequenceRule
    limits: Limits
    heartbeat: HeartbeatRule
    default_fee_bps: tuple[float, float]
    """Maker and taker fee in basis points until the venue or the user says otherwise."""

    # -- names ----------------------------------------------------------------------------------

    @abc.abstractmethod
    def symbol_from_native(self, native: str) -> SymbolInfo:
        """Guess a symbol from its native REST name when no symbol info is at hand.

        Split at the longest known quote asset; tick and lot stay None.

        Raises:
            UnknownSymbol: when no known quote asset ends the name.
        """

    def with_base_fees(self, info: SymbolInfo) -> SymbolInfo:
        """The same symbol, with the default fee on each side where the venue names none."""
        maker, taker = (Decimal(repr(bps)) / BPS for bps in self.default_fee_bps)
        return replace(
            info,
            maker_fee=maker if info.maker_fee is None else info.maker_fee,
            taker_fee=taker if info.taker_fee is None else info.taker_fee,
        )

    # -- websocket ------------------------------------------------------------------------------

    @abc.abstractmethod
    def stream(self, kind: StreamKind, info: SymbolInfo, option: str = "") -> str:
        """Name the stream of that kind; `option` is an interval, depth or speed."""

    @abc.abstractmethod
    def plan(self, streams: Mapping[str, SymbolInfo]) -> tuple[ConnectionPlan, ...]:
        """Split streams over as few connections as routes and limits allow."""

    def depth_feed(self, interval_ms: int | None = None, snapshots: str = "") -> DepthFeed:
        """Choose how books are kept.

        Args:
            interval_ms: the pace of the depth stream, None for the venue's usual one.
            snapshots: where they come from, `stream` or `rest`; empty for the better way.

        Raises:
            UsageError: the venue has no such way.
        """
        if snapshots == "stream":
            raise UsageError(f"the depth streams of {self.venue} bring no snapshots")
        return DepthFeed("" if interval_ms is None else f"{interval_ms}ms")

    @abc.abstractmethod
    def subscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """The text frames that ask for these streams.

        Args:
            streams: names made by `stream`.
            request_id: of the first frame; ids count up from it.
            at_s: wall clock in Unix seconds; some venues want it in the frame.
        """

    @abc.abstractmethod
    def unsubscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """The text frames that give these streams up; arguments as for `subscribe`."""

    def client_ping(self, at_s: int) -> str:
        """The text frame by which the venue wants to be pinged; empty where it wants none.

        Args:
            at_s: wall clock in Unix seconds.
        """
        return ""

    @abc.abstractmethod
    def codec(self, symbols: Iterable[SymbolInfo], epoch: int) -> PublicCodec:
        """A codec for one connection life that knows these symbols."""

    # -- REST -----------------------------------------------------------------------------------

    @abc.abstractmethod
    def venue_info_request(self) -> RestRequest:
        """Ask for all symbols and declared limits."""

    @abc.abstractmethod
    def decode_venue_info(self, body: bytes) -> VenueInfo:
        """Read the answer to `venue_info_request`."""

    def further_info_requests(self) -> tuple[RestRequest, ...]:
        """What else must be asked to know the symbols; most venues say all in one answer."""
        return ()

    def refine_venue_info(self, info: VenueInfo, bodies: Sequence[bytes]) -> VenueInfo:
        """Complete `info` by the answers to `further_info_requests`, in their order."""
        return info

    @abc.abstractmethod
    def snapshot_request(self, info: SymbolInfo, levels: int) -> RestRequest:
        """Ask for a book snapshot with at least this many levels a side, as the venue allows."""

    @abc.abstractmethod
    def decode_snapshot(
        self, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
    ) -> BookSnapshot:
        """Read the answer to `snapshot_request`."""

    @abc.abstractmethod
    def tickers_request(self) -> RestRequest:
        """Ask for 24 h tickers of all symbols."""

    @abc.abstractmethod
    def decode_tickers(
        self, body: bytes, symbols: Iterable[SymbolInfo], received_ns: int
    ) -> tuple[Ticker24h, ...]:
        """Read the answer to `tickers_request`; symbols we do not know are left out."""

    @abc.abstractmethod
    def trades_request(self, info: SymbolInfo, count: int) -> RestRequest:
        """Ask for the latest public trades."""

    @abc.abstractmethod
    def decode_trades(self, body: bytes, info: SymbolInfo, received_ns: int) -> tuple[Trade, ...]:
        """Read the answer to `trades_request`, oldest first."""

    @abc.abstractmethod
    def klines_request(self, info: SymbolInfo, interval: str, count: int) -> RestRequest:
        """Ask for the latest candles."""

    @abc.abstractmethod
    def decode_klines(
        self, body: bytes, info: SymbolInfo, interval: str, received_ns: int
    ) -> tuple[Kline, ...]:
        """Read the answer to `klines_request`, oldest first."""

    @abc.abstractmethod
    def server_time_request(self) -> RestRequest:
        """Ask for the venue's clock."""

    @abc.abstractmethod
    def decode_server_time(self, body: bytes, received_ns: int) -> ServerTime:
        """Read the answer to `server_time_request`."""

    @abc.abstractmethod
    def classify_rest_path(self, path: str, query: Mapping[str, str]) -> tuple[str, str]:
        """Say what a recorded REST answer is.

        Returns:
            `("snapshot", native)`, `("venue_info", "")`, or two empty texts.
        """

    @abc.abstractmethod
    def rate_use(self, headers: Mapping[str, str]) -> tuple[RateUse, ...]:
        """Read what the venue counted of its limits; header names in lower case.

        Returns:
            One entry for each of `limits.rest` that the answer tells of; empty where it is silent.
        """

    @abc.abstractmethod
    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
        """Read an HTTP answer as an error: None when it is none.

        Survives HTML and empty bodies.  Header names arrive in lower case.
        """
