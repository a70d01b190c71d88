"""Frames of Gate's public streams, decoded to messages.

Rules of this file: an update of a channel in the table takes the short path (channel from the
bytes, one typed decode of the whole frame, one call); everything else, and everything the short
path could not read, takes the slow one, which decides what the frame is and names what is wrong.
A frame about something we never asked for is an error; only public channels known to be of no
use here are dropped.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import MethodType
from typing import Any, Final, NoReturn

import msgspec
from msgspec import Struct

from exchanges.contract import PublicCodec
from exchanges.gateio import loose, wire
from exchanges.gateio.events import Builders, Messages
from exchanges.gateio.limits import Family
from exchanges.gateio.streams import LIST_CHANNELS, stream_of
from exchanges.reading import BAD_BYTES, excerpt
from messages.errors import DecodeError
from messages.instruments import SymbolInfo
from messages.market import Ack, Heartbeat, Refused

LINES_PER_FRAME: Final = 1_000
"""Most JSON lines read from one text frame; the venue sends one."""
BAD_ARGUMENT: Final = 2
"""Code of a refusal that repeats: no such pair (delisted ones too), or no such stream."""
DUPLICATE: Final = "Alert sub"
"""How the venue's words begin when a stream is already subscribed here: harmless."""

_CHANNEL: Final = b'"channel":"'
_NOT_SHORT: Final = (KeyError, *BAD_BYTES)
"""Why a frame leaves the short path: no channel of the table, or bytes it could not read."""

UNUSED_CHANNELS: Final = frozenset(
    {
        "spot.trades_v2",
        "futures.contract_stats",
        "futures.public_liquidates",
    }
)
"""Public channels nothing here reads."""

Read = Callable[[bytes], Any]


class Route(Struct, frozen=True):
    """How one channel is read; `events` are those that bring data."""

    read: Read
    build: Callable[[Builders, Any, int], Messages]
    events: tuple[str, ...] = ("update",)


def _reader(result: object) -> Read:
    frame = wire.Frame[result]  # type: ignore[valid-type]  # the struct is chosen by the table
    return msgspec.json.Decoder(frame, strict=False).decode


_BOOK_TICKER: Final = _reader(wire.BookTicker)
_IN_BAND: Final = Route(_reader(wire.DepthUpdate), Builders.in_band, ("update", ""))

ROUTES: Final[dict[str, Route]] = {
    "spot.order_book_update": Route(_reader(wire.DepthUpdate), Builders.depth),
    "spot.obu": _IN_BAND,
    "spot.order_book": Route(_reader(wire.TopLevels), Builders.top_levels),
    "spot.book_ticker": Route(_BOOK_TICKER, Builders.best_quote),
    "spot.trades": Route(_reader(wire.TradeEvent), Builders.trade),
    "spot.tickers": Route(_reader(wire.TickerEvent), Builders.ticker),
    "spot.candlesticks": Route(_reader(wire.CandleEvent), Builders.candle),
    "futures.order_book_update": Route(_reader(wire.ContractDepthUpdate), Builders.contract_depth),
    "futures.obu": _IN_BAND,
    "futures.order_book": Route(
        _reader(wire.ContractTopLevels), Builders.contract_top_levels, ("all",)
    ),
    "futures.book_ticker": Route(_BOOK_TICKER, Builders.best_quote),
    "futures.trades": Route(_reader(tuple[wire.ContractTrade, ...]), Builders.contract_trades),
    "futures.tickers": Route(_reader(tuple[wire.ContractTicker, ...]), Builders.contract_tickers),
    "futures.candlesticks": Route(_reader(tuple[wire.CandleEvent, ...]), Builders.contract_candles),
}
"""Every channel this dialect reads."""

LOOSE: Final[dict[str, tuple[Read, Callable[[Builders, Any, int], Messages]]]] = {
    "spot.book_ticker": (_reader(loose.LooseBookTicker), loose.quote),
    "futures.book_ticker": (_reader(loose.LooseBookTicker), loose.quote),
    "spot.tickers": (_reader(loose.LooseTickerEvent), loose.pair_ticker),
    "futures.tickers": (
        _reader(tuple[loose.LooseContractTicker, ...]),
        loose.contract_tickers,
    ),
}
"""How what may be missing, null or empty is read, once the short path has failed."""

_peek: Final = msgspec.json.Decoder(wire.Peek).decode
_status: Final = msgspec.json.Decoder(wire.Status).decode
_payload: Final = msgspec.json.Decoder(list[str]).decode


class GateCodec(PublicCodec):
    """Decodes one connection life of one market.

    Args:
        family: which of the two markets.
        symbols: everything this connection may speak of.
        epoch: the connection life that all messages will carry.
    """

    def __init__(self, family: Family, symbols: Iterable[SymbolInfo], epoch: int) -> None:
        self._family = family
        self._venue = family.venue
        self._builders = Builders(family, symbols, epoch)
        self._routes = {
            channel.encode(): (
                channel,
                route.read,
                MethodType(route.build, self._builders),
                route.events,
            )
            for channel, route in ROUTES.items()
            if channel.startswith(f"{family.prefix}.")
        }

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """See `PublicCodec.learn`."""
        self._builders.learn(symbols)

    def decode(self, payload: bytes, received_ns: int) -> Messages:
        """See `PublicCodec.decode`."""
        start = payload.find(_CHANNEL) + len(_CHANNEL)
        try:
            channel, read, build, events = self._routes[payload[start : payload.find(b'"', start)]]
            frame = read(payload)
        except _NOT_SHORT:
            return self._decode_slowly(payload, received_ns)
        # Found by its place, so the frame has the last word on which channel it is of.
        if frame.event not in events or frame.channel != channel:
            return self._decode_slowly(payload, received_ns)
        messages: Messages = build(frame, received_ns)
        return messages

    # -- the slow path --------------------------------------------------------------------------

    def _decode_slowly(self, payload: bytes, received_ns: int) -> Messages:
        try:
            peek = _peek(payload)
        except BAD_BYTES as exc:
            return self._decode_several(payload, received_ns, exc)
        if peek.channel == f"{self._family.prefix}.pong":
            return (Heartbeat(self._venue, received_ns),)
        if peek.error is not None or peek.event in ("subscribe", "unsubscribe"):
            return (self._answer(peek, payload, received_ns),)
        if peek.channel in UNUSED_CHANNELS:
            return ()
        route = self._routes.get(peek.channel.encode())
        if route is None:
            self._fail("a public channel of this market", payload, peek.channel)
        _, _, build, events = route
        if peek.event not in events:
            if peek.channel == "futures.order_book" and peek.event == "update":
                # Single levels of a book without an id: of no use, the whole ones follow.
                return ()
            self._fail(f"the event {' or '.join(filter(None, events))}", payload, peek.channel)
        return self._update(peek.channel, build, payload, received_ns)

    def _update(
        self, channel: str, build: Callable[[Any, int], Messages], payload: bytes, received_ns: int
    ) -> Messages:
        """Read an update the short path could not: oddly spelt, one side empty, or damaged."""
        read = ROUTES[channel].read
        if channel in LOOSE:
            read, make = LOOSE[channel]
            build = MethodType(make, self._builders)
        try:
            frame = read(payload)
        except BAD_BYTES as exc:
            self._fail("an update as documented", payload, channel, exc)
        return build(frame, received_ns)

    def _decode_several(self, payload: bytes, received_ns: int, cause: BaseException) -> Messages:
        """Read several JSON lines; else say why `payload` is no frame of this venue."""
        lines = [line for line in payload.splitlines() if line.strip()]
        if not 1 < len(lines) <= LINES_PER_FRAME:
            self._fail("a JSON object of this protocol", payload, cause=cause)
        return tuple(message for line in lines for message in self.decode(line, received_ns))

    def _answer(self, peek: wire.Peek, payload: bytes, received_ns: int) -> Ack | Refused:
        """Read the answer to a command; a stream that was already ours counts as confirmed."""
        request_id = peek.request_id if isinstance(peek.request_id, int) else -1
        streams = _streams(peek)
        error = peek.error
        if error is not None and not error.message.startswith(DUPLICATE):
            return Refused(
                self._venue,
                request_id,
                received_ns,
                str(error.code),
                error.message,
                streams,
                final=error.code == BAD_ARGUMENT,
            )
        if error is None:
            try:
                status = _status(bytes(peek.result)).status
            except BAD_BYTES as exc:
                self._fail("an answer with a status", payload, peek.channel, exc)
            if status == "fail":
                text = f"{peek.event} of {peek.channel} failed without a reason"
                return Refused(self._venue, request_id, received_ns, "", text, streams)
        return Ack(self._venue, request_id, received_ns, streams)

    def _fail(
        self, expected: str, payload: bytes, channel: str = "", cause: BaseException | None = None
    ) -> NoReturn:
        """Say in one sentence what is wrong with a frame."""
        where = f"{self._venue} {excerpt(channel.encode())}" if channel else self._venue
        reason = f" ({cause})" if cause is not None else ""
        raise DecodeError(
            f"{where}: expected {expected}, got {excerpt(payload)}{reason}"
        ) from cause


def _streams(peek: wire.Peek) -> tuple[str, ...]:
    """Name the streams an answer is about, where it says so."""
    try:
        payload = _payload(bytes(peek.payload))
    except BAD_BYTES:
        return ()
    if peek.channel.partition(".")[2] in LIST_CHANNELS:
        return tuple(stream_of(peek.channel, (each,)) for each in payload)
    return (stream_of(peek.channel, payload),)
