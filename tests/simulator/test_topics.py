"""Stream names, routes, frames and tampering."""

from __future__ import annotations

from functools import partial

import pytest
from wsproto.frame_protocol import FrameProtocol

from simulator.binance.listings import Family
from simulator.binance.streams import Route, frame, parse_stream
from simulator.frames import binary_frame, text_frame
from simulator.topics import Kind, StreamName, Topic, drop, duplicate, reorder, truncate

TRADES = StreamName("a@trade", "A", Kind.TRADE)


class Ear:
    """A listener that keeps frames."""

    def __init__(self, combined: bool, spelling: int = 1) -> None:
        self.combined, self.spelling = combined, spelling
        self.frames: list[bytes] = []

    def offer(self, frame: bytes) -> None:
        """Keep it."""
        self.frames.append(frame)

    def texts(self) -> list[str]:
        """What a client would read."""
        protocol = FrameProtocol(client=True, extensions=[])
        protocol.receive_bytes(b"".join(self.frames))
        return [str(frame.payload) for frame in protocol.received_frames()]


@pytest.mark.parametrize(
    ("family", "text", "kind", "every_ms"),
    [
        (Family.SPOT, "btcusdt@depth", Kind.DIFF, 1000),
        (Family.SPOT, "btcusdt@depth@100ms", Kind.DIFF, 100),
        (Family.SPOT, "btcusdt@depth20@100ms", Kind.PARTIAL, 100),
        (Family.SPOT, "btcusdt@kline_1s", Kind.KLINE, 1000),
        (Family.SPOT, "btcusdt@ticker", Kind.TICKER, 1000),
        (Family.USDM, "btcusdt@depth", Kind.DIFF, 250),
        (Family.USDM, "btcusdt@depth@0ms", Kind.DIFF, 0),
        (Family.USDM, "btcusdt@depth5@500ms", Kind.PARTIAL, 500),
        (Family.USDM, "btcusdt@markPrice@1s", Kind.MARK_PRICE, 1000),
        (Family.COINM, "btcusd_perp@miniTicker", Kind.MINI_TICKER, 500),
        (Family.COINM, "btcusd_perp@aggTrade", Kind.AGGREGATE_TRADE, 0),
    ],
)
def test_known_names_are_read(family: Family, text: str, kind: Kind, every_ms: int) -> None:
    """The documents' names give kind and speed."""
    name = parse_stream(text, family)
    assert name is not None and (name.kind, name.every_ms) == (kind, every_ms)


@pytest.mark.parametrize(
    ("family", "text"),
    [
        (Family.SPOT, "BTCUSDT@depth"),
        (Family.SPOT, "btcusdt@depth@250ms"),
        (Family.SPOT, "btcusdt@depth7"),
        (Family.SPOT, "btcusdt"),
        (Family.SPOT, "@depth"),
        (Family.SPOT, "btcusdt@markPrice"),
        (Family.SPOT, "btcusdt@depth@0ms"),
        (Family.SPOT, "btcusdt@kline_7m"),
        (Family.USDM, "btcusdt@kline_1s"),
        (Family.USDM, "btcusdt@depth20@0ms"),
        (Family.USDM, "btcusdt@bookticker"),
    ],
)
def test_unknown_names_are_nothing(family: Family, text: str) -> None:
    """Upper case, wrong speeds and misspellings name no stream."""
    assert parse_stream(text, family) is None


def test_routes_carry_their_kinds_only() -> None:
    """Books, best quotes and trades are public, the rest is market, and nothing is private."""
    public = {kind for kind in Kind if Route.PUBLIC.carries(kind)}
    assert public == {Kind.DIFF, Kind.PARTIAL, Kind.BOOK_TICKER, Kind.TRADE}
    assert {kind for kind in Kind if Route.MARKET.carries(kind)} == set(Kind) - public
    assert all(Route.ALL.carries(kind) and not Route.NONE.carries(kind) for kind in Kind)


@pytest.mark.parametrize("size", [0, 1, 125, 126, 65_535, 65_536, 200_000])
def test_frames_are_what_a_protocol_library_reads(size: int) -> None:
    """Every length form is one whole frame, text or binary."""
    protocol = FrameProtocol(client=True, extensions=[])
    protocol.receive_bytes(text_frame(b"x" * size) + binary_frame(b"y" * size))
    text, binary = protocol.received_frames()
    assert text.payload == "x" * size and text.message_finished
    assert binary.payload == b"y" * size and binary.message_finished


def test_each_listener_gets_its_own_form() -> None:
    """Combined and raw, milliseconds and microseconds, from one event written twice at most."""
    topic = Topic(TRADES, frame)
    raw, combined, micros = Ear(False), Ear(True), Ear(False, spelling=1000)
    topic.listeners = dict.fromkeys((raw, combined, micros, Ear(True)))
    written: list[int] = []

    def write(unit: int) -> bytes:
        written.append(unit)
        return b'{"E":%d}' % (7 * unit)

    topic.publish(write)
    assert raw.texts() == ['{"E":7}']
    assert combined.texts() == ['{"stream":"a@trade","data":{"E":7}}']
    assert micros.texts() == ['{"E":7000}']
    assert sorted(written) == [1, 1000]


def test_tampering_hits_the_next_events_one_each() -> None:
    """Dropped, repeated, swapped and truncated events, then normal ones again."""
    topic, ear = Topic(TRADES, frame), Ear(False)
    topic.listeners = {ear: None}
    topic.tampering.extend((drop, duplicate, *reorder(), truncate))
    for number in range(1, 7):
        topic.publish(partial(lambda number, unit: b"[%d]" % number, number))
    assert ear.texts() == ["[2]", "[2]", "[4]", "[3]", "[", "[6]"]


def test_a_muted_topic_says_nothing() -> None:
    """Events of a muted stream are lost, and the next ones are heard again."""
    topic, ear = Topic(TRADES, frame), Ear(False)
    topic.listeners = {ear: None}
    topic.muted = True
    topic.publish(lambda unit: b"1")
    topic.muted = False
    topic.publish(lambda unit: b"2")
    assert ear.texts() == ["2"]


def test_what_fell_into_a_silence_is_not_swapped() -> None:
    """An event that was to be held back is lost with its silence; the next one comes alone."""
    topic, ear = Topic(TRADES, frame), Ear(False)
    topic.listeners = {ear: None}
    topic.tampering.extend(reorder())
    topic.muted = True
    topic.publish(lambda unit: b"1")
    topic.muted = False
    topic.publish(lambda unit: b"2")
    assert ear.texts() == ["2"]
