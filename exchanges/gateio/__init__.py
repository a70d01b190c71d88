"""The Gate dialect and its two assemblies: spot, and perpetual futures settled in USDT.

- `wire`     structs of the venue's JSON, with samples
- `codec`    frames to messages; `events` builds the messages
- `rest`     public requests and answers; `errors` what refusals mean
- `streams`  stream names, connection plans, commands
- `symbols`  names, and the lists of pairs and contracts
- `auth`     signing
- `limits`   the numbers, and what differs between the two
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from exchanges.contract import DepthFeed, PublicCodec, PublicDialect
from exchanges.gateio import rest
from exchanges.gateio.codec import GateCodec
from exchanges.gateio.errors import GateError, read_error
from exchanges.gateio.limits import FUTURES, SPOT, Family
from exchanges.gateio.streams import commands, depth_feed, ping, plan_connections, stream_name
from exchanges.gateio.symbols import guess, started
from messages.errors import VenueError
from messages.instruments import RateUse, SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, ServerTime, StreamKind, Ticker24h, Trade
from messages.requests import ConnectionPlan, RestRequest

__all__ = ["FUTURES_PUBLIC", "SPOT_PUBLIC", "GateError", "GatePublic"]


class GatePublic(PublicDialect):
    """The public side of one Gate market; `PublicDialect` says what every method means."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.venue = family.venue
        self.rest_url = family.rest_url
        self.rule = family.rule
        self.limits = family.limits
        self.heartbeat = family.heartbeat
        self.default_fee_bps = family.fee_bps

    def symbol_from_native(self, native: str) -> SymbolInfo:
        """Guess a symbol from its native name; the size of most contracts is guessed as 1."""
        return guess(self.family, native)

    # -- websocket ------------------------------------------------------------------------------

    def stream(self, kind: StreamKind, info: SymbolInfo, option: str = "") -> str:
        """Name a stream; `option` is a speed, `obu400`, `obu50`, a depth or an interval."""
        return stream_name(self.family, kind, info, option)

    def plan(self, streams: Mapping[str, SymbolInfo]) -> tuple[ConnectionPlan, ...]:
        """Split streams by our bound on one connection."""
        return plan_connections(self.family, streams)

    def depth_feed(self, interval_ms: int | None = None, snapshots: str = "") -> DepthFeed:
        """Choose the stream with in-band snapshots, or the one bridged by REST, at 100 or 20 ms."""
        return depth_feed(self.family, interval_ms, snapshots)

    def subscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell one subscribe frame a stream; the venue wants `at_s`, Unix seconds, in it."""
        return commands("subscribe", streams, request_id, at_s)

    def unsubscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell one unsubscribe frame a stream; the venue wants `at_s`, Unix seconds, in it."""
        return commands("unsubscribe", streams, request_id, at_s)

    def client_ping(self, at_s: int) -> str:
        """Spell the venue's own ping."""
        return ping(self.family, at_s)

    def codec(self, symbols: Iterable[SymbolInfo], epoch: int) -> PublicCodec:
        """Make the decoder of one connection life."""
        return GateCodec(self.family, symbols, epoch)

    # -- REST -----------------------------------------------------------------------------------

    def venue_info_request(self) -> RestRequest:
        """Ask for all pairs or contracts."""
        return rest.venue_info_request(self.family)

    def decode_venue_info(self, body: bytes) -> VenueInfo:
        """Read the pairs or contracts."""
        return rest.decode_venue_info(self.family, body)

    def further_info_requests(self) -> tuple[RestRequest, ...]:
        """Ask for the clock that the first days of pairs are measured by; contracts name none."""
        return () if self.family.futures else (self.server_time_request(),)

    def refine_venue_info(self, info: VenueInfo, bodies: Sequence[bytes]) -> VenueInfo:
        """Mark pairs whose first day is still to come as not tradeable."""
        if self.family.futures:
            return info
        (body,) = bodies
        return started(info, self.decode_server_time(body, 0).venue_ms)

    def snapshot_request(self, info: SymbolInfo, levels: int) -> RestRequest:
        """Ask for a book as deep as a stream serves: 20, 50 or 100 levels."""
        return rest.snapshot_request(self.family, info, levels)

    def decode_snapshot(
        self, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
    ) -> BookSnapshot:
        """Read a book."""
        return rest.decode_snapshot(self.family, body, info, epoch, received_ns)

    def tickers_request(self) -> RestRequest:
        """Ask for the 24 h tickers of all symbols."""
        return rest.tickers_request(self.family)

    def decode_tickers(
        self, body: bytes, symbols: Iterable[SymbolInfo], received_ns: int
    ) -> tuple[Ticker24h, ...]:
        """Read 24 h tickers."""
        return rest.decode_tickers(self.family, body, symbols, received_ns)

    def trades_request(self, info: SymbolInfo, count: int) -> RestRequest:
        """Ask for the latest trades."""
        return rest.trades_request(self.family, info, count)

    def decode_trades(self, body: bytes, info: SymbolInfo, received_ns: int) -> tuple[Trade, ...]:
        """Read the latest trades."""
        return rest.decode_trades(self.family, body, info, received_ns)

    def klines_request(self, info: SymbolInfo, interval: str, count: int) -> RestRequest:
        """Ask for the latest candles."""
        return rest.klines_request(self.family, info, interval, count)

    def decode_klines(
        self, body: bytes, info: SymbolInfo, interval: str, received_ns: int
    ) -> tuple[Kline, ...]:
        """Read candles."""
        return rest.decode_klines(self.family, body, info, interval, received_ns)

    def server_time_request(self) -> RestRequest:
        """Ask for the venue's clock."""
        return rest.server_time_request(self.family)

    def decode_server_time(self, body: bytes, received_ns: int) -> ServerTime:
        """Read the venue's clock."""
        return rest.decode_server_time(self.family, body, received_ns)

    def classify_rest_path(self, path: str, query: Mapping[str, str]) -> tuple[str, str]:
        """Recognise recorded books and lists of symbols."""
        return rest.classify(self.family, path, query)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
        """Read a refusal."""
        return read_error(self.family, status, headers, body)

    def rate_use(self, headers: Mapping[str, str]) -> tuple[RateUse, ...]:
        """Read X-Gate-RateLimit-Limit, what remains of it, and when it begins anew."""
        return rest.rate_use(headers)


SPOT_PUBLIC = GatePublic(SPOT)
FUTURES_PUBLIC = GatePublic(FUTURES)
