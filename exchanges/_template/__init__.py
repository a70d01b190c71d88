"""A venue to copy: the smallest complete dialect, of an exchange that does not exist.

How to add a venue with it:

1. Copy this folder to `exchanges/<venue>` and `tests/exchanges/template` to
   `tests/exchanges/<venue>`; rename `Example` in both.
2. Write the venue's protocol down first, then `wire.py` from it: one struct per message, with a
   raw sample and the document's name in its docstring.
3. `symbols.py`, `limits.py`: names and numbers.  `codec.py`: frames to messages.  `rest.py`:
   requests, answers, errors.  `auth.py`: signing.  This file: the assembly.
4. Choose the `SequenceRule` that the venue's ids follow (`exchanges/sequencing.py` says what each
   means); a new rule is a new member there, with its tests.
5. One entry in `exchanges/registry.py`; then its simulator, and the steps that
   `docs/adding_a_venue.md` names with their commands.

This folder is not registered; its tests run with all others, so that it stays right.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from exchanges._template import rest
from exchanges._template.codec import ExampleCodec, command
from exchanges._template.limits import (
    FEE_BPS,
    HEARTBEAT,
    LIMITS,
    PING,
    REST_URL,
    VENUE,
    WEBSOCKET_URL,
)
from exchanges._template.symbols import from_native, stream_name
from exchanges.contract import PublicCodec, PublicDialect, SequenceRule
from messages.errors import VenueError
from messages.instruments import RateUse, SymbolInfo, VenueInfo
from messages.market import BookSnapshot, Kline, ServerTime, StreamKind, Ticker24h, Trade
from messages.requests import ConnectionPlan, RestRequest

__all__ = ["PUBLIC", "ExamplePublic"]


class ExamplePublic(PublicDialect):
    """The public side of the example venue; `PublicDialect` says what every method means."""

    venue = VENUE
    rest_url = REST_URL
    rule = SequenceRule.CONTIGUOUS
    limits = LIMITS
    heartbeat = HEARTBEAT
    default_fee_bps = FEE_BPS

    def symbol_from_native(self, native: str) -> SymbolInfo:
        """Split at the dash, which this venue writes; others need a list of quote assets."""
        return from_native(native)

    # -- websocket ------------------------------------------------------------------------------

    def stream(self, kind: StreamKind, info: SymbolInfo, option: str = "") -> str:
        """Name a stream; `option` is a candle's interval."""
        return stream_name(kind, info, option)

    def plan(self, streams: Mapping[str, SymbolInfo]) -> tuple[ConnectionPlan, ...]:
        """Fill connections in order."""
        names, most = tuple(streams), LIMITS.streams_per_connection
        parts = [names[at : at + most] for at in range(0, len(names), most)]
        return tuple(
            ConnectionPlan(
                f"streams-{number}",
                WEBSOCKET_URL,
                part,
                tuple(dict.fromkeys(streams[name].symbol for name in part)),
            )
            for number, part in enumerate(parts, 1)
        )

    def subscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell the subscribe frames."""
        return command("subscribe", streams, request_id)

    def unsubscribe(self, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell the unsubscribe frames."""
        return command("unsubscribe", streams, request_id)

    def client_ping(self, at_s: int) -> str:
        """Spell the venue's own ping, which needs no time."""
        return PING

    def codec(self, symbols: Iterable[SymbolInfo], epoch: int) -> PublicCodec:
        """Make the decoder of one connection life."""
        return ExampleCodec(symbols, epoch)

    # -- REST -----------------------------------------------------------------------------------

    def venue_info_request(self) -> RestRequest:
        """Ask for all symbols."""
        return RestRequest("GET", "/v1/symbols")

    def decode_venue_info(self, body: bytes) -> VenueInfo:
        """Read all symbols."""
        return rest.decode_symbols(body)

    def snapshot_request(self, info: SymbolInfo, levels: int) -> RestRequest:
        """Ask for a book."""
        depth = str(max(1, min(levels, LIMITS.snapshot_levels)))
        return RestRequest(
            "GET", "/v1/book", (("symbol", info.native), ("depth", depth)), LIMITS.snapshot_weight
        )

    def decode_snapshot(
        self, body: bytes, info: SymbolInfo, epoch: int, received_ns: int
    ) -> BookSnapshot:
        """Read a book."""
        return rest.decode_book(body, info, epoch, received_ns)

    def tickers_request(self) -> RestRequest:
        """Ask for the day of all symbols."""
        return RestRequest("GET", "/v1/days")

    def decode_tickers(
        self, body: bytes, symbols: Iterable[SymbolInfo], received_ns: int
    ) -> tuple[Ticker24h, ...]:
        """Read the day of all symbols."""
        return rest.decode_days(body, symbols, received_ns)

    def trades_request(self, info: SymbolInfo, count: int) -> RestRequest:
        """Ask for the latest trades."""
        return RestRequest("GET", "/v1/trades", (("symbol", info.native), ("count", str(count))))

    def decode_trades(self, body: bytes, info: SymbolInfo, received_ns: int) -> tuple[Trade, ...]:
        """Read the latest trades."""
        return rest.decode_trades(body, info, received_ns)

    def klines_request(self, info: SymbolInfo, interval: str, count: int) -> RestRequest:
        """Ask for the latest candles."""
        query = (("symbol", info.native), ("interval", interval), ("count", str(count)))
        return RestRequest("GET", "/v1/candles", query)

    def decode_klines(
        self, body: bytes, info: SymbolInfo, interval: str, received_ns: int
    ) -> tuple[Kline, ...]:
        """Read candles."""
        return rest.decode_candles(body, info, interval, received_ns)

    def server_time_request(self) -> RestRequest:
        """Ask for the venue's clock."""
        return RestRequest("GET", "/v1/time")

    def decode_server_time(self, body: bytes, received_ns: int) -> ServerTime:
        """Read the venue's clock."""
        return rest.decode_time(body, received_ns)

    def classify_rest_path(self, path: str, query: Mapping[str, str]) -> tuple[str, str]:
        """Recognise recorded answers."""
        if path == "/v1/book" and query.get("symbol"):
            return "snapshot", query["symbol"]
        return ("venue_info", "") if path == "/v1/symbols" else ("", "")

    def error(self, status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
        """Read a refusal."""
        return rest.read_error(status, headers, body)

    def rate_use(self, headers: Mapping[str, str]) -> tuple[RateUse, ...]:
        """Tell nothing: this venue does not say what it counted."""
        return ()


PUBLIC = ExamplePublic()
