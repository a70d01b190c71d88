"""Frames that are wrong, cut, damaged or noise: a DecodeError, never a message of nonsense."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.mexc.frames_pb2 import PushDataWrapper
from messages.errors import DecodeError
from messages.market import BookDelta
from tests.exchanges.mexc.samples import DEALS, DEPTH, DEPTH_TOPIC, QUOTE, TOP, depth, make, wrapper


@pytest.mark.parametrize(
    "bad", ["nan", "inf", "-inf", "1e400", "-1", "", "1_0", " 1", "0x1", "one", "\uff11", "+1"]
)
@pytest.mark.parametrize("field", ["price", "amount"])
def test_numbers_that_are_none(field: str, bad: str) -> None:
    """A price or amount that is not a finite decimal of at least 0 is an error."""
    with pytest.raises(DecodeError, match=f"as documented in {DEPTH_TOPIC}"):
        make().decode(depth(**{field: bad}), 5)


def test_a_price_of_zero() -> None:
    """No level has the price 0."""
    with pytest.raises(DecodeError):
        make().decode(depth(price="0.00"), 5)


@pytest.mark.parametrize(
    ("first", "last"), [("", "5"), ("5", ""), ("6", "5"), ("-1", "5"), ("a", "b"), ("1.5", "2")]
)
def test_versions_that_are_none(first: str, last: str) -> None:
    """Without a range of versions an increment proves nothing."""
    with pytest.raises(DecodeError):
        make().decode(depth(first, last), 5)


def _of_another_symbol(frame: PushDataWrapper) -> None:
    frame.symbol = "MXUSDT"


def _unknown(frame: PushDataWrapper) -> None:
    frame.channel, frame.symbol = DEPTH_TOPIC.replace("BTC", "DOGE"), "DOGEUSDT"


def _private(frame: PushDataWrapper) -> None:
    frame.private_account.vcoin_name = "USDT"


def _negative_time(frame: PushDataWrapper) -> None:
    frame.send_time = -1


def _no_channel(frame: PushDataWrapper) -> None:
    frame.channel = ""


def _side_of_a_trade(frame: PushDataWrapper) -> None:
    frame.public_aggre_deals.deals.add(price="1", quantity="1", trade_type=3, time=1)


def _interval(frame: PushDataWrapper) -> None:
    frame.public_spot_kline.interval = "Min2"


def _window(frame: PushDataWrapper) -> None:
    body = frame.public_spot_kline
    body.interval, body.window_start, body.window_end = "Min1", 60, 60
    body.opening_price = body.closing_price = body.highest_price = body.lowest_price = "1"
    body.volume = body.amount = "1"


def _quote(frame: PushDataWrapper) -> None:
    frame.public_aggre_book_ticker.bid_price = "nan"


def _ticker(frame: PushDataWrapper) -> None:
    frame.public_mini_tickers.items.add(symbol="BTCUSDT", price="-1")


@pytest.mark.parametrize(
    "spoil",
    [
        _of_another_symbol, _unknown, _private, _negative_time, _no_channel, _side_of_a_trade,
        _interval, _window, _quote, _ticker,
    ],
)  # fmt: skip
def test_frames_that_mean_nothing_here(spoil: Callable[[PushDataWrapper], None]) -> None:
    """What we did not ask for, or what contradicts itself, is an error."""
    frame = wrapper()
    frame.public_aggre_depths.from_version = frame.public_aggre_depths.to_version = "5"
    assert make().decode(frame.SerializeToString(), 5)
    spoil(frame)
    with pytest.raises(DecodeError, match="mexc: expected "):
        make().decode(frame.SerializeToString(), 5)


def test_a_remembered_topic_is_still_compared() -> None:
    """The symbol of the wrapper is checked in every frame, not in the first alone."""
    codec, frame = make(), wrapper()
    frame.public_aggre_depths.from_version = frame.public_aggre_depths.to_version = "5"
    assert codec.decode(frame.SerializeToString(), 5)
    frame.symbol = "MXUSDT"
    with pytest.raises(DecodeError, match="symbol BTCUSDT in spot@"):
        codec.decode(frame.SerializeToString(), 5)


@pytest.mark.parametrize(
    "payload",
    [
        b"", b" ", b"{", b"{}", b'{"id":1,"code":0}', b'{"id":1,"code":"0","msg":"PONG"}',
        b"[" * 5_000, b'{"id":' + b"[" * 5_000, b'{"e":"depthUpdate","s":"BTCUSDT"}',
        b"<html>no</html>", b"PONG", b"\xff\xfe", "\u4f60".encode(), b"\x0a\x01a",
        wrapper().SerializeToString()[:-7],
    ],
    ids=repr,
)  # fmt: skip
def test_no_frame_of_this_protocol(payload: bytes) -> None:
    """The error quotes the beginning in one printable line."""
    with pytest.raises(DecodeError) as caught:
        make().decode(payload, 5)
    assert caught.value.text.isprintable() and len(caught.value.text) < 1_200


@pytest.mark.parametrize(
    "frame", [DEPTH, TOP, QUOTE, DEALS], ids=["depth", "top", "quote", "deals"]
)
def test_a_cut_frame_is_refused_at_every_length(frame: str) -> None:
    """But at the one length at which it is a whole wrapper without a body, which says nothing."""
    payload = bytes.fromhex(frame)
    whole = PushDataWrapper.FromString(payload)
    whole.ClearField(whole.WhichOneof("body"))
    for length in range(len(payload)):
        if length == len(whole.SerializeToString()):
            assert make().decode(payload[:length], 5) == ()
        else:
            with pytest.raises(DecodeError):
                make().decode(payload[:length], 5)


@given(st.binary(max_size=200))
def test_noise(payload: bytes) -> None:
    """Whatever arrives, the answer is messages or a DecodeError."""
    try:
        messages = make().decode(payload, 5)
    except DecodeError:
        return
    assert isinstance(messages, tuple)


@given(
    st.sampled_from([DEPTH, TOP, QUOTE, DEALS]),
    st.lists(st.tuples(st.integers(0, 200), st.integers(0, 255)), min_size=1, max_size=4),
)
def test_damaged_frames(frame: str, changes: list[tuple[int, int]]) -> None:
    """A damaged frame is refused, or means something that is in range."""
    payload = bytearray.fromhex(frame)
    for at, value in changes:
        payload[at % len(payload)] = value
    try:
        messages = make().decode(bytes(payload), 5)
    except DecodeError:
        return
    for message in messages:
        if isinstance(message, BookDelta):
            assert 0 <= message.first_id <= message.last_id
            for price, amount in message.bids + message.asks:
                assert 0 < price <= 1e300 and 0 <= amount <= 1e300


def test_a_topic_of_any_text_and_length() -> None:
    """What the venue calls a topic cannot break the line of the error, or make it long."""
    frame = wrapper("spot@\n\x1b[2J" + "x" * 5_000 + "@BTCUSDT")
    frame.public_aggre_depths.from_version = "no version"
    with pytest.raises(DecodeError) as caught:
        make().decode(frame.SerializeToString(), 5)
    assert caught.value.text.isprintable() and len(caught.value.text) < 1_200
