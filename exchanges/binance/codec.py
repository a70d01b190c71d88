"""Frames of Binance's public streams, decoded to messages.

Rules of this file: a combined frame of a stream seen before takes the short path (one typed decode
of the whole envelope, one message); everything else, and everything the short path could not read,
takes the slow one, which decides what the frame is and names what is wrong.  A frame about
something we never asked for is an error, because a codec that guesses ends with a wrong book; only
what is public and known to be of no use here is dropped: other event types, all-market arrays'
other symbols, and trades that are not of the book (insurance, ADL).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any, Final, NamedTuple, NoReturn

import msgspec
from msgspec import MsgspecError, Raw

from exchanges.binance import wire
from exchanges.binance.events import Build, Builders
from exchanges.binance.limits import Family, Product
from exchanges.contract import PublicCodec
from exchanges.reading import BAD_BYTES, excerpt
from messages.errors import DecodeError
from messages.instruments import SymbolInfo
from messages.market import Ack, BookDelta, PublicMessage, Refused, ShutdownAnnounced

CHANNELS_PER_SYMBOL: Final = 64
"""Most streams of a symbol that get the short path: more than there are (klines are 16)."""
LONG_BYTES: Final = 250
"""Best quotes and trades are shorter than this, and most depth events longer."""
LINES_PER_FRAME: Final = 1_000
"""Most JSON lines read from one text frame; the venue sends one."""

_STREAM_AT: Final = len(b'{"stream":"')

UNUSED_CHANNELS: Final = (
    "markPrice",
    "indexPrice",
    "avgPrice",
    "referencePrice",
    "blockTrade",
    "forceOrder",
    "contractInfo",
    "compositeIndex",
    "assetIndex",
    "tradingSession",
    "rpiDepth",
    "ticker_",
    "continuousKline_",
    "indexPriceKline_",
    "markPriceKline_",
)
"""Public streams nothing here reads, by the beginning of their channel name."""
UNUSED_EVENTS: Final = frozenset(
    {
        "markPriceUpdate",
        "indexPriceUpdate",
        "avgPrice",
        "referencePrice",
        "blockTrade",
        "forceOrder",
        "contractInfo",
        "compositeIndex",
        "assetIndexUpdate",
        "tradingSession",
        "1hTicker",
        "4hTicker",
        "1dTicker",
        "continuous_kline",
        "indexPrice_kline",
        "markPrice_kline",
    }
)
"""Public events nothing here reads."""

_NOT_SHORT: Final = (KeyError, *BAD_BYTES)
"""Why a frame leaves the short path: a stream not seen before, or bytes it could not read."""


class _Decoders(NamedTuple):
    """The decoders of one wire struct, made once a process and shared by all codecs."""

    frame: Callable[[bytes], Any]
    event: Callable[[bytes], Any]


def _decoders(struct: type[msgspec.Struct]) -> _Decoders:
    members = [("stream", str), ("data", struct)]
    frame = msgspec.defstruct(f"{struct.__name__}Frame", members, gc=False)
    return _Decoders(
        msgspec.json.Decoder(frame, strict=False).decode,
        msgspec.json.Decoder(struct, strict=False).decode,
    )


_DECODERS: Final[dict[type[msgspec.Struct], _Decoders]] = {
    struct: _decoders(struct)
    for struct in (
        wire.DepthUpdate,
        wire.FuturesDepthUpdate,
        wire.TopLevels,
        wire.BookTicker,
        wire.TradeEvent,
        wire.AggregateTrade,
        wire.KlineEvent,
        wire.TickerEvent,
        wire.MiniTickerEvent,
    )
}
_peek: Final = msgspec.json.Decoder(wire.Peek).decode
_peek_list: Final = msgspec.json.Decoder(list[Raw]).decode
_stream_names: Final = msgspec.json.Decoder(list[str]).decode


class BinanceCodec(PublicCodec):
    """Decodes one connection life of one Binance family.

    Args:
        family: which of the four venues.
        symbols: everything this connection may speak of.
        epoch: the connection life that all messages will carry.
    """

    def __init__(self, family: Family, symbols: Iterable[SymbolInfo], epoch: int) -> None:
        self._family = family
        self._venue = family.venue
        self._futures = family.product is not Product.SPOT
        self._epoch = epoch
        self._builders: dict[str, Builders] = {}
        self.learn(symbols)
        # A long frame is nearly always a depth event: it is decoded before anybody knows the name
        # of its stream, which the decoded frame then tells.  By that name: the two of its symbol.
        self._depth = _DECODERS[
            wire.FuturesDepthUpdate if self._futures else wire.DepthUpdate
        ].frame
        self._depths: dict[str, tuple[str, str]] = {}
        # By the frame's first member, `{"stream":"NAME"`: cutting it off costs half of finding the
        # name in it.  The name, the decoder of the whole frame, and what makes the message.
        self._routes: dict[bytes, tuple[str, Callable[[bytes], Any], Build]] = {}

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """See `PublicCodec.learn`."""
        for info in symbols:
            self._builders[info.native.lower()] = Builders(self._family, info, self._epoch)

    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """See `PublicCodec.decode`."""
        if len(payload) > LONG_BYTES:
            try:
                frame = self._depth(payload)
                native, symbol = self._depths[frame.stream]
            except _NOT_SHORT:
                pass
            else:
                event = frame.data
                first_id, last_id = event.first_id, event.last_id
                if event.symbol == native and first_id <= last_id:
                    return (
                        BookDelta(
                            self._venue,
                            symbol,
                            self._epoch,
                            first_id,
                            last_id,
                            event.previous_id,
                            event.event_ms,
                            received_ns,
                            event.bids,
                            event.asks,
                        ),
                    )
        try:
            stream, read, build = self._routes[payload.partition(b",")[0]]
            frame = read(payload)
        except _NOT_SHORT:
            return self._decode_slowly(payload, received_ns)
        if frame.stream != stream:  # named twice: as everywhere in JSON, the last name counts
            return self._decode_slowly(payload, received_ns)
        return build(frame.data, received_ns)

    # -- the slow path --------------------------------------------------------------------------

    def _decode_slowly(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        try:
            frame = _peek(payload)
        except BAD_BYTES as exc:
            return self._decode_several(payload, received_ns, exc)
        if frame.stream:
            return self._stream_event(frame.stream, bytes(frame.data), received_ns)
        if frame.event or frame.symbol:
            return self._raw_event(frame, payload, received_ns, only_known=False)
        answer = self._answer(frame, received_ns)
        if answer is not None:
            return (answer,)
        if frame.last_update_id is not None:
            self._fail("a stream name beside best-levels data, which names no symbol", payload)
        self._fail("a stream event, or an answer to a command", payload)

    def _decode_several(
        self, payload: bytes, received_ns: int, cause: BaseException
    ) -> tuple[PublicMessage, ...]:
        """Read an array of events, or several JSON lines; else say why `payload` is neither."""
        if payload.lstrip()[:1] == b"[":
            return self._array("", payload, received_ns)
        lines = [line for line in payload.splitlines() if line.strip()]
        if not 1 < len(lines) <= LINES_PER_FRAME:
            end = payload.find(b'"', _STREAM_AT)
            named = payload.startswith(b'{"stream":"') and end > _STREAM_AT
            stream = excerpt(payload[_STREAM_AT:end]) if named else ""
            self._fail("a JSON object of this protocol", payload, stream, cause)
        return tuple(message for line in lines for message in self.decode(line, received_ns))

    def _stream_event(
        self, stream: str, data: bytes, received_ns: int
    ) -> tuple[PublicMessage, ...]:
        if stream == "!serverShutdown":
            return (ShutdownAnnounced(self._venue, received_ns),)
        if stream.startswith("!"):
            return self._array(stream, data, received_ns)
        name, _, channel = stream.partition("@")
        if channel.startswith(UNUSED_CHANNELS):
            return ()
        builders = self._builders.get(name)
        if builders is None:
            self._fail("a symbol this connection asked for", data, stream)
        struct = self._struct_of(channel)
        if struct is None:
            self._fail("a known channel after the @", data, stream)
        event, build = self._event(struct, builders, data, stream, channel)
        if len(self._routes) < CHANNELS_PER_SYMBOL * len(self._builders):
            read = _DECODERS[struct].frame
            self._routes[b'{"stream":"%b"' % stream.encode()] = (stream, read, build)
            if channel.partition("@")[0] == "depth":
                self._depths[stream] = builders.names
        return build(event, received_ns)

    def _raw_event(
        self, frame: wire.Peek, data: bytes, received_ns: int, *, only_known: bool
    ) -> tuple[PublicMessage, ...]:
        """Read an event without a stream name around it; spot's bookTicker has no type either."""
        if frame.event == "serverShutdown":
            return (ShutdownAnnounced(self._venue, received_ns),)
        if frame.event in UNUSED_EVENTS:
            return ()
        struct = self._struct_of_event(frame.event)
        if struct is None:
            self._fail("a public market event", data, frame.event)
        builders = self._builders.get(frame.symbol.lower())
        if builders is None:
            if only_known:
                return ()
            self._fail("a symbol this connection asked for", data, frame.event)
        event, build = self._event(struct, builders, data, frame.event or "bookTicker", "")
        return build(event, received_ns)

    def _array(self, stream: str, data: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """Read an all-market stream: one event or an array; symbols we do not know are skipped."""
        try:
            items = _peek_list(data) if data.lstrip()[:1] == b"[" else [Raw(data)]
            frames = [(_peek(item), bytes(item)) for item in items]
        except BAD_BYTES as exc:
            self._fail("an array of events", data, stream, exc)
        messages: list[PublicMessage] = []
        for frame, item in frames:
            if not (frame.event or frame.symbol):
                self._fail("an array of events", data, stream)
            messages += self._raw_event(frame, item, received_ns, only_known=True)
        return tuple(messages)

    def _event(
        self,
        struct: type[msgspec.Struct],
        builders: Builders,
        data: bytes,
        stream: str,
        channel: str,
    ) -> tuple[Any, Build]:
        try:
            event = _DECODERS[struct].event(data)
        except BAD_BYTES as exc:
            self._fail(f"a {struct.__name__}", data, stream, exc)
        best_levels = channel.startswith("depth") and channel[5:6].isdigit()
        return event, builders.build(struct, stream, partial=best_levels)

    def _answer(self, frame: wire.Peek, received_ns: int) -> Ack | Refused | None:
        """Read the answer to a command, in the documented and in the observed form."""
        given = frame.request_id
        request_id = given if isinstance(given, int) else -1
        if frame.error is not None:
            code, text = frame.error.code, frame.error.msg
            return Refused(self._venue, request_id, received_ns, str(code), text)
        if frame.code is not None and frame.msg is not None:
            return Refused(self._venue, request_id, received_ns, str(frame.code), frame.msg)
        result = bytes(frame.result)
        if not result or given is None:
            return None
        if result[:1] == b"[":
            try:
                return Ack(self._venue, request_id, received_ns, tuple(_stream_names(result)))
            except MsgspecError:
                return None
        return Ack(self._venue, request_id, received_ns) if result[:1] in b"ntf" else None

    # -- what a name means ----------------------------------------------------------------------

    def _struct_of(self, channel: str) -> type[msgspec.Struct] | None:
        """Find the wire struct of a stream's channel, the part behind the @."""
        name = channel.partition("@")[0]
        if name in ("depth5", "depth10", "depth20"):
            return wire.FuturesDepthUpdate if self._futures else wire.TopLevels
        if name == "depth":
            return wire.FuturesDepthUpdate if self._futures else wire.DepthUpdate
        if name.startswith("kline_"):
            return wire.KlineEvent
        return _STRUCTS_BY_CHANNEL.get(channel)

    def _struct_of_event(self, event: str) -> type[msgspec.Struct] | None:
        if event == "depthUpdate":
            return wire.FuturesDepthUpdate if self._futures else wire.DepthUpdate
        return _STRUCTS_BY_EVENT.get(event)

    def _fail(
        self, expected: str, payload: bytes, stream: str = "", cause: BaseException | None = None
    ) -> NoReturn:
        """Say in one sentence what is wrong with a frame."""
        where = f"{self._venue} {stream}".rstrip()
        reason = f" ({cause})" if cause is not None else ""
        raise DecodeError(
            f"{where}: expected {expected}, got {excerpt(payload)}{reason}"
        ) from cause


_STRUCTS_BY_CHANNEL: Final[dict[str, type[msgspec.Struct]]] = {
    "bookTicker": wire.BookTicker,
    "trade": wire.TradeEvent,
    "aggTrade": wire.AggregateTrade,
    "ticker": wire.TickerEvent,
    "miniTicker": wire.MiniTickerEvent,
}
_STRUCTS_BY_EVENT: Final[dict[str, type[msgspec.Struct]]] = {
    "": wire.BookTicker,
    "bookTicker": wire.BookTicker,
    "trade": wire.TradeEvent,
    "aggTrade": wire.AggregateTrade,
    "kline": wire.KlineEvent,
    "24hrTicker": wire.TickerEvent,
    "24hrMiniTicker": wire.MiniTickerEvent,
}
