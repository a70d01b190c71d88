"""Frames of MEXC's public streams, decoded to messages.

Rules of this file: a frame that begins with a brace is JSON, an answer to a command; everything
else is one `PushDataWrapper`.  Which body the wrapper carries says what the frame is, never the
name of its topic; the topic and the wrapper's symbol must agree on which symbol it is about.  A
frame about something we never asked for is an error, because a codec that guesses ends with a
wrong book.  Known and harmless: a wrapper without a body (the venue sends them, and a body of a
kind newer than our schema looks the same), one side missing, fields we do not know.

A cut frame is refused, with one exception nobody can tell: cut between its time and its body it
is, byte for byte, a wrapper without a body.  Nothing is made of it, and the next event shows the
gap.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Final, NoReturn

import msgspec
from google.protobuf.message import DecodeError as BadProtobuf
from msgspec import MsgspecError

from exchanges.contract import PublicCodec
from exchanges.mexc import events, wire
from exchanges.mexc.events import BUILDERS, Origin
from exchanges.mexc.frames_pb2 import PushDataWrapper
from exchanges.mexc.limits import VENUE
from exchanges.mexc.streams import TOPIC_PREFIX
from exchanges.reading import excerpt
from messages.errors import DecodeError
from messages.instruments import SymbolInfo
from messages.market import Ack, Heartbeat, PublicMessage, Refused

TOPICS_PER_SYMBOL: Final = 64
"""Most topics of a symbol that are remembered: more than there are (candles are 10)."""
EXPECTED_BYTES: Final = 400
"""How much of what was expected an error says: a topic and a checker's reason fit twice."""
LINES_PER_FRAME: Final = 100
"""Most JSON lines read from one text frame; the venue sends one."""

_PONG: Final = "PONG"
_REFUSED: Final = "Not Subscribed"
_REFUSED_TOPICS: Final = re.compile(r"\[([^\]]*)\]")
_BAD_LISTEN_KEY: Final = b"Invalid listen key"
"""A text frame that is not JSON; its 18 bytes happen to be a well-formed protobuf message."""

_parse: Final = PushDataWrapper.FromString
_answer: Final = msgspec.json.Decoder(wire.Answer).decode


class MexcCodec(PublicCodec):
    """Decodes one connection life.

    Args:
        symbols: everything this connection may speak of.
        epoch: the connection life that all messages will carry.
    """

    def __init__(self, symbols: Iterable[SymbolInfo], epoch: int) -> None:
        self._symbols: dict[str, str] = {}
        self.learn(symbols)
        self._epoch = epoch
        # By topic: the native symbol it is about.
        self._topics: dict[str, str] = {}

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """See `PublicCodec.learn`."""
        self._symbols.update((info.native, info.symbol) for info in symbols)

    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """See `PublicCodec.decode`."""
        if payload[:1] == b"{":
            return self._answers(payload, received_ns)
        try:
            frame = _parse(payload)
        except BadProtobuf as exc:
            return (self._not_a_frame(payload, received_ns, exc),)
        channel = frame.channel
        if not channel:
            return (self._not_a_frame(payload, received_ns, None),)
        body = frame.WhichOneof("body")
        venue_ms = frame.send_time or frame.create_time
        if venue_ms < 0:
            self._fail(f"{channel}: a time of at least 0", payload)
        if body is None:
            return self._bodiless(frame, payload)
        if body == events.ALL_TICKERS:
            return self._all_tickers(frame, venue_ms, payload, received_ns)
        build = BUILDERS.get(body)
        if build is None:
            if body in events.UNUSED:
                return ()
            self._fail(f"a public body, not {body}", payload)
        native = self._topics.get(channel) or self._topic(channel, frame.symbol, payload)
        if frame.symbol and frame.symbol != native:
            self._fail(f"symbol {native} in {channel}, not {frame.symbol!r}", payload)
        try:
            return build(
                getattr(frame, body),
                Origin(self._symbols[native], self._epoch, venue_ms, received_ns),
            )
        except (MsgspecError, ValueError) as exc:
            self._fail(f"a body as documented in {channel} ({exc})", payload, exc)

    # -- binary frames ----------------------------------------------------------------------------

    def _topic(self, channel: str, symbol: str, payload: bytes) -> str:
        """Say which symbol a topic is about: the wrapper's, or one of its last two parts."""
        parts = channel.split("@")
        native = symbol if symbol in parts else ""
        if not symbol:
            native = next((part for part in parts[:-3:-1] if part in self._symbols), "")
        if native not in self._symbols:
            self._fail("a topic about a symbol this connection asked for", payload)
        if len(self._topics) < TOPICS_PER_SYMBOL * len(self._symbols):
            self._topics[channel] = native
        return native

    def _bodiless(self, frame: PushDataWrapper, payload: bytes) -> tuple[PublicMessage, ...]:
        """Pass over a wrapper that says what and when, and nothing else."""
        if not frame.send_time and not frame.create_time:
            self._fail(f"{frame.channel}: a body, or at least a time", payload)
        return ()

    def _all_tickers(
        self, frame: PushDataWrapper, venue_ms: int, payload: bytes, received_ns: int
    ) -> tuple[PublicMessage, ...]:
        """Read the statistics of the symbols we know, leave out the others."""
        messages: list[PublicMessage] = []
        for item in frame.public_mini_tickers.items:
            symbol = self._symbols.get(item.symbol)
            if symbol is not None:
                origin = Origin(symbol, self._epoch, venue_ms, received_ns)
                try:
                    messages += events.statistics(item, origin)
                except MsgspecError as exc:
                    self._fail(f"statistics of {item.symbol} as documented ({exc})", payload, exc)
        return tuple(messages)

    # -- text frames ------------------------------------------------------------------------------

    def _answers(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """Read one answer, or several with a line each."""
        lines = [line for line in payload.splitlines() if line.strip()]
        if not 1 < len(lines) <= LINES_PER_FRAME:
            lines = [payload]
        return tuple(self._answered(line, received_ns) for line in lines)

    def _answered(self, payload: bytes, received_ns: int) -> Ack | Refused | Heartbeat:
        """Read the answer to a command: only its words tell yes from no, the code is 0 in both."""
        try:
            answer = _answer(payload)
        except (MsgspecError, UnicodeDecodeError, RecursionError) as exc:
            self._fail("an answer to a command", payload, exc)
        words, request_id = answer.msg.strip(), _request_id(answer.request_id)
        if answer.code == 0:
            if words == _PONG:
                return Heartbeat(VENUE, received_ns)
            topics = tuple(words.split(","))
            if all(topic.startswith(TOPIC_PREFIX) for topic in topics):
                return Ack(VENUE, request_id, received_ns, topics)
        return Refused(
            VENUE,
            # Refusals carry id 0 whatever was asked.
            request_id or -1,
            received_ns,
            str(answer.code),
            words,
            _refused_topics(words),
            final=words.startswith(_REFUSED),
        )

    def _not_a_frame(
        self, payload: bytes, received_ns: int, cause: BaseException | None
    ) -> Refused:
        """Read the one text that is no JSON; everything else is nothing of this protocol."""
        if payload.strip() == _BAD_LISTEN_KEY:
            return Refused(VENUE, -1, received_ns, "", _BAD_LISTEN_KEY.decode())
        self._fail("a frame of this protocol", payload, cause)

    def _fail(self, expected: str, payload: bytes, cause: BaseException | None = None) -> NoReturn:
        # The topic inside the sentence is the venue's own text: anything of any length.
        said = excerpt(expected.encode(), EXPECTED_BYTES)
        raise DecodeError(f"{VENUE}: expected {said}, got {excerpt(payload)}") from cause


def _request_id(text: int | str | None) -> int:
    """Read the id an answer names; -1 where it is not one of ours."""
    if isinstance(text, str):
        return int(text) if text.isascii() and text.isdigit() and len(text) < 19 else -1
    return -1 if text is None else text


def _refused_topics(words: str) -> tuple[str, ...]:
    """Read the topics a refusal names in brackets."""
    named = _REFUSED_TOPICS.search(words) if words.startswith(_REFUSED) else None
    return tuple(topic.strip() for topic in named[1].split(",") if topic.strip()) if named else ()
