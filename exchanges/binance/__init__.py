"""The Binance dialect and its four assemblies: spot, binance.us, USD-M and COIN-M futures.

- `wire`     structs of the venue's JSON, with samples
- `codec`    frames to messages; `events` builds the messages
- `rest`     public requests and answers; `errors` what refusals mean
- `streams`  stream names, connection plans, commands
- `symbols`  names and exchangeInfo
- `auth`     signing
- `limits`   the numbers, and what differs between the four
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from exchanges.binance import rest
from exchanges.binance.codec import BinanceCodec
from exchanges.binance.errors import BinanceError, read_error
from exchanges.binance.limits import COINM, SPOT, US, USDM, Family
from exchanges.binance.streams import commands, plan_connections, stream_name
from exchanges.binance.symbols import guess
from exchanges.contract import PublicCodec, PublicDialect
from messages.errors import VenueError
from messages.instruments import RateUse, SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, ServerTime, StreamKind, Ticker24h, Trade
from messages.requests import ConnectionPlan, RestRequest

__all__ = [
    "COINM_PUBLIC",
    "SPOT_PUBLIC",
    "USDM_PUBLIC",
    "US_PUBLIC",
    "BinanceError",
    "BinancePublic",
]


class BinancePublic(PublicDialect):
    """The public side of one Binance family; `PublicDialect` says what every method means."""

    def __init__(self, family: Family) -> None:
        self.family = family
        self.venue = family.venue
        self.rest_url = family.rest_url
        self.rule = family.rule
        self.limits = family.limits
        self.heartbeat = family.heartbeat
        self.default_fee_bps = family.fee_bps

    def symbol_from_native(self, native: str) -> SymbolInfo:
        """Guess a symbol from its native name; a COIN-M contract size is guessed too."""
        return guess(self.family, native)

    # -- websocket ------------------------------------------------------------------------------

    def stream(self, kind: StreamKind, info: SymbolInfo, option: str = "") -> str:
        """Name a stream; `option` is a speed, a depth, an interval, `aggTrade` or `miniTicker`."""
        return stream_name(self.family, kind, info, option)

    def plan(self, streams: Mapping[str, SymbolInfo]) -> tuple[ConnectionPlan, ...]:
        """Split streams by route, then by the limit of one connection."""
        return plan_connections(self.family, streams)

    def subscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell the SUBSCRIBE frames."""
        return commands(self.family, "SUBSCRIBE", streams, request_id)

    def unsubscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell the UNSUBSCRIBE frames."""
        return commands(self.family, "UNSUBSCRIBE", streams, request_id)

    def codec(self, symbols: Iterable[SymbolInfo], epoch: int) -> PublicCodec:
        """Make the decoder of one connection life."""
        return BinanceCodec(self.family, symbols, epoch)

    # -- REST -----------------------------------------------------------------------------------

    def venue_info_request(self) -> RestRequest:
        """Ask for exchangeInfo."""
        return rest.exchange_info_request(self.family)

    def decode_venue_info(self, body: bytes) -> VenueInfo:
        """Read exchangeInfo."""
        return rest.decode_exchange_info(self.family, body)

    def snapshot_request(self, info: SymbolInfo, levels: int) -> RestRequest:
        """Ask for a book of at least so many levels, or the most there are."""
        return rest.snapshot_request(self.family, info, levels)

    def decode_snapshot(
        self, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
    ) -> BookSnapshot:
        """Read a book, of old paths too."""
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
        """Recognise recorded depth and exchangeInfo answers of present and past versions."""
        return rest.classify(self.family, path, query)

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
        """Read a refusal."""
        return read_error(self.family, status, headers, body)

    def rate_use(self, headers: Mapping[str, str]) -> tuple[RateUse, ...]:
        """Read X-MBX-USED-WEIGHT-1M."""
        return rest.rate_use(headers)


SPOT_PUBLIC = BinancePublic(SPOT)
US_PUBLIC = BinancePublic(US)
USDM_PUBLIC = BinancePublic(USDM)
COINM_PUBLIC = BinancePublic(COINM)
