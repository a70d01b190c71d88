"""Frames of the example venue's stream."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from exchanges._template import wire
from exchanges._template.limits import LIMITS, VENUE
from exchanges.contract import PublicCodec
from messages.errors import DecodeError
from messages.instruments import SymbolInfo
from messages.market import (
    Ack,
    BestQuote,
    BookDelta,
    Heartbeat,
    Kline,
    PartialBook,
    PublicMessage,
    Refused,
    Ticker24h,
    Trade,
)

EXCERPT_BYTES: Final = 100
"""How much of a bad frame an error quotes."""


def command(op: str, streams: Sequence[str], request_id: int) -> tuple[str, ...]:
    """Spell a command over all these streams in as many frames as it takes."""
    size = LIMITS.streams_per_command
    return tuple(
        msgspec.json.encode(
            {"op": op, "id": request_id + number, "topics": streams[at : at + size]}
        ).decode()
        for number, at in enumerate(range(0, len(streams), size))
    )


class ExampleCodec(PublicCodec):
    """Decodes one connection life.

    Args:
        symbols: everything this connection may speak of.
        epoch: the connection life that all messages will carry.
    """

    def __init__(self, symbols: Iterable[SymbolInfo], epoch: int) -> None:
        self._symbols: dict[str, str] = {}
        self.learn(symbols)
        self._epoch = epoch

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """See `PublicCodec.learn`."""
        self._symbols.update((info.native, info.symbol) for info in symbols)

    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """See `PublicCodec.decode`."""
        head = _read(_HEAD, payload, "a frame of this venue")
        if not head.topic:
            return self._answer(head, payload, received_ns)
        channel, _, native = head.topic.partition(":")
        native, _, _interval = native.partition(":")
        symbol, reader = self._symbols.get(native), _READERS.get(channel)
        if symbol is None or reader is None:
            raise _unexpected(payload, "a topic this connection asked for")
        decoder, build = reader
        event = _read(decoder, payload, f"an event of {head.topic}")
        return (build(event, head.topic, symbol, self._epoch, received_ns),)

    def _answer(
        self, head: wire.Head, payload: bytes, received_ns: int
    ) -> tuple[PublicMessage, ...]:
        if head.op == "subscribed":
            return (Ack(VENUE, head.request_id, received_ns),)
        if head.op == "refused":
            return (Refused(VENUE, head.request_id, received_ns, head.code, head.reason),)
        if head.op == "pong":
            return (Heartbeat(VENUE, received_ns),)
        raise _unexpected(payload, "a topic or an operation")


def _read(decoder: msgspec.json.Decoder[Any], payload: bytes, expected: str) -> Any:
    try:
        return decoder.decode(payload)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as exc:
        raise _unexpected(payload, f"{expected} ({exc})") from exc


def _unexpected(payload: bytes, expected: str) -> DecodeError:
    return DecodeError(f"{VENUE}: expected {expected}, got {payload[:EXCERPT_BYTES]!r}")


# -- from events to messages --------------------------------------------------------------------


def _book(each: wire.Book, topic: str, symbol: str, epoch: int, at_ns: int) -> BookDelta:
    if each.first_id > each.last_id:
        raise DecodeError(f"{VENUE} {topic}: expected from <= to, got {each.first_id}")
    return BookDelta(
        VENUE, symbol, epoch, each.first_id, each.last_id, -1, each.at, at_ns, each.bids, each.asks
    )


def _top(each: wire.Top, _topic: str, symbol: str, epoch: int, at_ns: int) -> PartialBook:
    return PartialBook(VENUE, symbol, epoch, each.last_id, each.at, at_ns, each.bids, each.asks)


def _quote(each: wire.Quote, _topic: str, symbol: str, epoch: int, at_ns: int) -> BestQuote:
    return BestQuote(VENUE, symbol, epoch, each.last_id, each.at, at_ns, *each.bid, *each.ask)


def trade(each: wire.TradeEvent, _topic: str, symbol: str, epoch: int, at_ns: int) -> Trade:
    """Make a trade; REST and stream alike."""
    sold = each.side == "sell"
    return Trade(VENUE, symbol, epoch, each.no, each.at, at_ns, each.price, each.size, sold)


def candle(each: wire.Candle, topic: str, symbol: str, epoch: int, at_ns: int) -> Kline:
    """Make a candle; the interval is the end of the topic."""
    return Kline(
        VENUE,
        symbol,
        epoch,
        topic.rpartition(":")[2],
        each.start,
        each.end,
        each.at,
        at_ns,
        each.open,
        each.high,
        each.low,
        each.close,
        each.base,
        each.quote,
        each.count,
        each.over,
    )


def day(each: wire.Day, _topic: str, symbol: str, epoch: int, at_ns: int) -> Ticker24h:
    """Make a ticker; REST and stream alike."""
    return Ticker24h(
        VENUE,
        symbol,
        epoch,
        each.at,
        at_ns,
        each.last,
        each.open,
        each.high,
        each.low,
        each.base,
        each.quote,
        each.change,
    )


_HEAD: Final = msgspec.json.Decoder(wire.Head)
_READERS: Final[dict[str, tuple[msgspec.json.Decoder[Any], Callable[..., PublicMessage]]]] = {
    "book": (msgspec.json.Decoder(wire.Book, strict=False), _book),
    "top": (msgspec.json.Decoder(wire.Top, strict=False), _top),
    "quote": (msgspec.json.Decoder(wire.Quote, strict=False), _quote),
    "trade": (msgspec.json.Decoder(wire.TradeEvent, strict=False), trade),
    "candle": (msgspec.json.Decoder(wire.Candle, strict=False), candle),
    "day": (msgspec.json.Decoder(wire.Day, strict=False), day),
}
