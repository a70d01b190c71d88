"""The short paths of the codec say what the slow one says."""

from __future__ import annotations

from typing import Any

import pytest

from messages.errors import DecodeError
from messages.market import BookDelta, PartialBook
from tests.exchanges.binance.test_codec import DEPTH, frame, make, only


def twice_named(payload: bytes, second: str) -> bytes:
    """The same frame with another stream's name behind its own."""
    first, comma, rest = payload.partition(b",")
    return first + b',"stream":"%b"' % second.encode() + comma + rest


@pytest.mark.parametrize("levels", [1, 40])
@pytest.mark.parametrize("seen", [(), ("bnbbtc@depth", "btcusdt@depth", "bnbbtc@bookTicker")])
def test_of_two_stream_names_the_last_counts(seen: tuple[str, ...], levels: int) -> None:
    """Whether a stream was seen before or not, and whatever the frame's length."""
    codec = make()
    events: dict[str, Any] = {name: DEPTH | {"s": name.partition("@")[0].upper()} for name in seen}
    if seen:
        quote = {"u": 1, "s": "BNBBTC", "b": "1", "B": "1", "a": "2", "A": "1"}
        events["bnbbtc@bookTicker"] = quote
    for name, event in events.items():
        codec.decode(frame(name, event), 5)
    deep = DEPTH | {"b": [[str(n), "1"] for n in range(1, levels + 1)]}
    usual = frame("bnbbtc@depth", deep)
    for first in ("btcusdt@depth", "bnbbtc@trade", "bnbbtc@bookTicker", "!serverShutdown"):
        assert codec.decode(twice_named(frame(first, deep), "bnbbtc@depth"), 5) == (
            make().decode(usual, 5)
        )
        with pytest.raises(DecodeError, match="binance btcusdt@depth"):
            codec.decode(twice_named(frame(first, deep), "btcusdt@depth"), 5)


@pytest.mark.parametrize("levels", [1, 40])
def test_partial_depth_is_read_beside_depth_whatever_its_length(levels: int) -> None:
    """Long frames are taken for depth events first: others must not come to harm by it."""
    sides = {"bids": [[str(n), "1"] for n in range(1, levels + 1)], "asks": []}
    codec = make()
    for _ in range(2):
        assert isinstance(only(codec, frame("bnbbtc@depth", DEPTH)), BookDelta)
        found = only(codec, frame("bnbbtc@depth20@100ms", {"lastUpdateId": 160} | sides))
        assert isinstance(found, PartialBook)
        assert len(found.bids) == levels
