"""The MEXC spot dialect, public side.

- `frames.proto`  the venue's binary frames; `frames_pb2` is generated from it (`make proto`)
- `wire`     structs of the venue's bodies and JSON, with samples
- `codec`    frames to messages; `events` builds the messages
- `rest`     public requests and answers; `errors` what refusals mean
- `streams`  topics, connection plans, commands
- `symbols`  names and exchangeInfo
- `auth`     signing
- `limits`   the numbers
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from exchanges.contract import PublicCodec, PublicDialect
from exchanges.mexc import rest
from exchanges.mexc.codec import MexcCodec
from exchanges.mexc.errors import MexcError, read_error
from exchanges.mexc.limits import FEE_BPS, HEARTBEAT, LIMITS, PING, REST_URL, RULE, VENUE
from exchanges.mexc.streams import commands, plan_connections, stream_name
from exchanges.mexc.symbols import guess, restrict
from messages.errors import VenueError
from messages.instruments import RateUse, SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, ServerTime, StreamKind, Ticker24h, Trade
from messages.requests import ConnectionPlan, RestRequest

__all__ = ["PUBLIC", "MexcError", "MexcPublic"]


class MexcPublic(PublicDialect):
    """The public side of MEXC spot; `PublicDialect` says what every method means."""

    venue = VENUE
    rest_url = REST_URL
    rule = RULE
    limits = LIMITS
    heartbeat = HEARTBEAT
    default_fee_bps = FEE_BPS

    def symbol_from_native(self, native: str) -> SymbolInfo:
        """Guess a symbol from its native name."""
        return guess(native)

    # -- websocket ------------------------------------------------------------------------------

    def stream(self, kind: StreamKind, info: SymbolInfo, option: str = "") -> str:
        """Name a topic; `option` is a speed, a number of levels, an interval or `batch`."""
        return stream_name(kind, info, option)

    def plan(self, streams: Mapping[str, SymbolInfo]) -> tuple[ConnectionPlan, ...]:
        """Split topics by the limit of one connection, which is 30."""
        return plan_connections(streams)

    def subscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell the SUBSCRIPTION frames."""
        return commands("SUBSCRIPTION", streams, request_id)

    def unsubscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell the UNSUBSCRIPTION frames."""
        return commands("UNSUBSCRIPTION", streams, request_id)

    def client_ping(self, at_s: int) -> str:
        """Spell the venue's own ping."""
        return PING

    def codec(self, symbols: Iterable[SymbolInfo], epoch: int) -> PublicCodec:
        """Make the decoder of one connection life."""
        return MexcCodec(symbols, epoch)

    # -- REST -----------------------------------------------------------------------------------

    def venue_info_request(self) -> RestRequest:
        """Ask for exchangeInfo."""
        return rest.exchange_info_request()

    def decode_venue_info(self, body: bytes) -> VenueInfo:
        """Read exchangeInfo; not every symbol it lists can be traded through the API."""
        return rest.decode_exchange_info(body)

    def further_info_requests(self) -> tuple[RestRequest, ...]:
        """Ask for defaultSymbols: what can be traded through the API."""
        return (rest.api_symbols_request(),)

    def refine_venue_info(self, info: VenueInfo, bodies: Sequence[bytes]) -> VenueInfo:
        """Mark what defaultSymbols does not list as not tradeable."""
        (body,) = bodies
        return restrict(info, rest.decode_api_symbols(body))

    def snapshot_request(self, info: SymbolInfo, levels: int) -> RestRequest:
        """Ask for a book of that many levels, at most 5000."""
        return rest.snapshot_request(info, levels)

    def decode_snapshot(
        self, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
    ) -> BookSnapshot:
        """Read a book."""
        return rest.decode_snapshot(body, info, epoch, received_ns)

    def tickers_request(self) -> RestRequest:
        """Ask for the 24 h tickers of all symbols."""
        return rest.tickers_request()

    def decode_tickers(
        self, body: bytes, symbols: Iterable[SymbolInfo], received_ns: int
    ) -> tuple[Ticker24h, ...]:
        """Read 24 h tickers."""
        return rest.decode_tickers(body, symbols, received_ns)

    def trades_request(self, info: SymbolInfo, count: int) -> RestRequest:
        """Ask for the latest trades."""
        return rest.trades_request(info, count)

    def decode_trades(self, body: bytes, info: SymbolInfo, received_ns: int) -> tuple[Trade, ...]:
        """Read the latest trades."""
        return rest.decode_trades(body, info, received_ns)

    def klines_request(self, info: SymbolInfo, interval: str, count: int) -> RestRequest:
        """Ask for the latest candles."""
        return rest.klines_request(info, interval, count)

    def decode_klines(
        self, body: bytes, info: SymbolInfo, interval: str, received_ns: int
    ) -> tuple[Kline, ...]:
        """Read candles."""
        return rest.decode_klines(body, info, interval, received_ns)

    def server_time_request(self) -> RestRequest:
        """Ask for the venue's clock."""
        return rest.server_time_request()

    def decode_server_time(self, body: bytes, received_ns: int) -> ServerTime:
        """Read the venue's clock."""
        return rest.decode_server_time(body, received_ns)

    def classify_rest_path(self, path: str, query: Mapping[str, str]) -> tuple[str, str]:
        """Recognise recorded depth and exchangeInfo answers."""
        return rest.classify(path, query)

    def rate_use(self, headers: Mapping[str, str]) -> tuple[RateUse, ...]:
        """Tell nothing: the venue documents no usage headers."""
        return ()

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
        """Read a refusal, of HTTP 200 too."""
        return read_error(status, headers, body)


PUBLIC = MexcPublic()
