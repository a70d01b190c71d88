"""Frames that are cut, foreign, noisy or without sense: one DecodeError, nothing else."""

from __future__ import annotations

import json
import re
from contextlib import suppress

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.errors import DecodeError
from tests.exchanges.gateio.samples import (
    CANDLE,
    CONTRACT_DEPTH,
    CONTRACT_TRADE,
    SPOT_DEPTH,
    TICKER,
    TRADE,
    frame,
    make,
)

SAMPLES = (
    (False, frame("spot.order_book_update", SPOT_DEPTH)),
    (False, frame("spot.book_ticker", TICKER)),
    (False, frame("spot.trades", TRADE)),
    (False, frame("spot.candlesticks", CANDLE)),
    (True, frame("futures.order_book_update", CONTRACT_DEPTH)),
    (True, frame("futures.trades", [CONTRACT_TRADE])),
)


@pytest.mark.parametrize(("futures", "sample"), SAMPLES)
def test_every_cut_is_an_error(futures: bool, sample: bytes) -> None:
    """A frame cut anywhere is a DecodeError, never a message and never another exception."""
    codec = make(futures)
    for end in range(len(sample)):
        with pytest.raises(DecodeError, match=r"^gateio"):
            codec.decode(sample[:end], 5)
    assert codec.decode(sample, 5)


@pytest.mark.parametrize(("futures", "sample"), SAMPLES)
@pytest.mark.parametrize(
    ("before", "after"),
    [
        # The name stands where it would stand behind a `channel` that is nowhere: found by fuzzing.
        (rb'^.*"channel":"', rb'{"timel":"'),
        (rb'"event":', rb'"channel":"spot.nothing","event":'),
    ],
    ids=["no channel", "another channel behind it"],
)
def test_the_channel_is_the_one_the_frame_names(
    futures: bool, sample: bytes, before: bytes, after: bytes
) -> None:
    """Not what stands at a place: a frame without a channel, or with a later one, is refused."""
    with pytest.raises(DecodeError, match=r"^gateio"):
        make(futures).decode(re.sub(before, after, sample, count=1), 5)


@pytest.mark.parametrize(
    "bad",
    [
        SPOT_DEPTH | {"s": "DOGE_USDT"},
        SPOT_DEPTH | {"U": 48776307},
        {name: value for name, value in SPOT_DEPTH.items() if name != "U"},
        SPOT_DEPTH | {"b": [["-1", "1"]]},
        SPOT_DEPTH | {"b": [["NaN", "1"]]},
        SPOT_DEPTH | {"b": [["1", "Infinity"]]},
        SPOT_DEPTH | {"b": [["1", "-1"]]},
        SPOT_DEPTH | {"b": [["0", "1"]]},
        SPOT_DEPTH | {"b": [["1"]]},
        SPOT_DEPTH | {"u": "many"},
        [SPOT_DEPTH],
        None,
    ],
)
def test_an_event_without_sense(bad: object) -> None:
    """Foreign symbols, ids that run backwards and numbers that are none end the book."""
    with pytest.raises(DecodeError, match=r"^gateio"):
        make().decode(frame("spot.order_book_update", bad), 5)


@pytest.mark.parametrize(
    ("futures", "channel", "result"),
    [
        (False, "spot.book_ticker", TICKER | {"b": "-1"}),
        (False, "spot.book_ticker", TICKER | {"b": "", "a": "nan"}),
        (False, "spot.trades", TRADE | {"side": "both"}),
        (False, "spot.trades", TRADE | {"price": "0"}),
        (True, "futures.trades", [CONTRACT_TRADE | {"price": "0"}]),
        (False, "spot.candlesticks", CANDLE | {"n": "2m_BTC_USDT"}),
        (False, "spot.candlesticks", CANDLE | {"n": "BTC_USDT"}),
        (False, "spot.tickers", {"currency_pair": "BTC_USDT", "last": "inf"}),
        (False, "spot.tickers", {"currency_pair": "BTC_USDT", "last": "much"}),
        (False, "spot.obu", {"t": 1, "s": "BTC_USDT", "u": 1, "full": True}),
        (False, "spot.orders", [{}]),
        (False, "futures.trades", [CONTRACT_TRADE]),
        (True, "spot.trades", TRADE),
    ],
)
def test_results_without_sense(futures: bool, channel: str, result: object) -> None:
    """Every channel refuses what it cannot mean, private and foreign channels altogether."""
    with pytest.raises(DecodeError):
        make(futures).decode(frame(channel, result), 5)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"null",
        b"[]",
        b"{}",
        b'{"channel":',
        b"<html><body>502 Bad Gateway</body></html>",
        b'{"stream":"btcusdt@depth","data":{"e":"depthUpdate"}}',
        b"\xff\xfe{}",
        b'{"channel":"spot.trades","event":"subscribe","result":null}',
        b"[" * 2_000,
    ],
)
def test_what_is_no_frame_of_this_venue(payload: bytes) -> None:
    """Pages, other venues' frames and rubbish are one printable sentence."""
    with pytest.raises(DecodeError) as caught:
        make().decode(payload, 5)
    assert caught.value.text.isprintable()


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=8),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=4), inner),
    max_leaves=8,
)


@settings(max_examples=60)
@given(
    sample=st.sampled_from(SAMPLES),
    name=st.sampled_from(["result", "event", "channel", "error", "id", "s", "u", "b", "t", "n"]),
    value=_JSON,
)
def test_noise_is_refused_or_read(sample: tuple[bool, bytes], name: str, value: object) -> None:
    """Whatever a member holds, decoding ends with messages or a DecodeError."""
    futures, payload = sample
    envelope = json.loads(payload)
    if name in envelope or not isinstance(envelope["result"], dict):
        envelope[name] = value
    else:
        envelope["result"][name] = value
    with suppress(DecodeError):
        make(futures).decode(json.dumps(envelope).encode(), 5)


@settings(max_examples=60)
@given(sample=st.sampled_from(SAMPLES), at=st.integers(0, 400), byte=st.integers(0, 255))
def test_a_wrong_byte(sample: tuple[bool, bytes], at: int, byte: int) -> None:
    """One changed byte never raises anything but a DecodeError."""
    futures, payload = sample
    at %= len(payload)
    with suppress(DecodeError):
        make(futures).decode(payload[:at] + bytes([byte]) + payload[at + 1 :], 5)
