"""Every kept frame of a stream we use decodes, and means what we read in it ourselves.

Three kinds of frames are not what a venue sends: documentation that names another symbol in the
stream than in the event, candles of nothing but a time or a name, and a trade that is none of the
book.  They are counted, and the codec does with each what it must.
"""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest

from exchanges.contract import PublicCodec
from exchanges.gateio.streams import stream_of
from exchanges.registry import dialect
from messages.errors import DecodeError
from messages.market import Ack, PublicMessage
from tests.payloads.facts import BINANCE_EVENTS, GATE_CHANNELS, check
from tests.payloads.records import Part
from tests.payloads.sorting import NATIVES, Fate, Sorted, sorted_parts

COMPARED: Final[dict[tuple[str, str], int]] = {
    ("binance", "24hrMiniTicker"): 1,
    ("binance", "aggTrade"): 1,
    ("binance", "bookTicker"): 1,
    ("binance", "trade"): 1,
    ("binance_usdm", "24hrMiniTicker"): 1,
    ("binance_usdm", "24hrTicker"): 1,
    ("binance_usdm", "aggTrade"): 1,
    ("binance_usdm", "bookTicker"): 1,
    ("binance_usdm", "depthUpdate"): 3,
    ("binance_usdm", "kline"): 1,
    ("binance_usdm", "trade"): 1,
    ("gateio", "spot.book_ticker"): 1,
    ("gateio", "spot.tickers"): 1,
    ("gateio_futures", "futures.book_ticker"): 1,
    ("gateio_futures", "futures.obu"): 1,
}
"""Messages compared, by venue and kind of frame."""


def parts_of(shared_data: Path, *fates: Fate) -> list[tuple[Part, Sorted]]:
    """The parts of these fates; tardis-node's messages belong to their sequences."""
    return [
        (part, sorted_)
        for part, sorted_ in sorted_parts(shared_data)
        if sorted_.fate in fates and part.folder != "tardis_node"
    ]


def natives_of(body: Any) -> set[str]:
    """Every symbol a frame names: in its stream, in its event."""
    if "channel" in body:
        result = body["result"][0] if isinstance(body["result"], list) else body["result"]
        name = result.get("s") or result.get("contract") or result.get("currency_pair")
        name = name or result["n"].partition("_")[2]
        return {name.split(".")[1] if name.startswith("ob.") else name}
    data = body.get("data", body)
    stream = body.get("stream", "")
    return {each for each in (data.get("s"), stream.partition("@")[0].upper()) if each}


def codec_of(venue: str, body: Any) -> PublicCodec:
    """A codec that knows the symbols of a frame."""
    public = dialect(venue)
    natives = [name.replace("BTCUSD", "BTCUSD_PERP") if venue == "binance_coinm" else name
               for name in natives_of(body)]  # fmt: skip
    return public.codec([public.symbol_from_native(native) for native in natives], 3)


def item_of(body: Any) -> Any:
    """The event in a frame."""
    if "channel" in body:
        return body["result"][0] if isinstance(body["result"], list) else body["result"]
    return body.get("data", body)


def decode_well(venue: str, part: Part) -> tuple[tuple[PublicMessage, ...], bool]:
    """Decode a frame, twice; say too whether its stream had to be named after its event.

    The documentation of Binance shows events of BNBBTC, and the kept file has them arrive in
    streams of BTCUSDT.  As kept the codec must refuse them.
    """
    body, codec = part.body, codec_of(venue, part.body)
    mended = len(natives_of(body)) > 1
    if mended:
        with pytest.raises(DecodeError, match="expected symbol BTCUSDT, got 'BNBBTC'"):
            codec.decode(part.payload, 7)
        channel = body["stream"].partition("@")[2]
        body = {**body, "stream": f"{body['data']['s'].lower()}@{channel}"}
    payload = json.dumps(body, separators=(",", ":")).encode()
    messages = codec.decode(payload, 7)
    assert codec.decode(payload, 7) == messages
    if "stream" in body:
        assert codec.decode(json.dumps(body["data"]).encode(), 7) == messages
    return messages, mended


def test_every_frame_means_what_it_says(shared_data: Path) -> None:
    """All members of the one message that each frame is."""
    compared: Counter[tuple[str, str]] = Counter()
    mended, silent = [], []
    for part, sorted_ in parts_of(shared_data, Fate.FRAME):
        venue, kind = sorted_.venue, sorted_.method
        messages, was_mended = decode_well(venue, part)
        mended += [kind] * was_mended
        if not messages:
            silent.append(item_of(part.body))
            continue
        (message,) = messages
        facts = GATE_CHANNELS[kind] if "gateio" in venue else BINANCE_EVENTS[kind]
        check(venue, message, item_of(part.body), facts)
        assert not isinstance(message, Ack) and message.received_ns == 7
        compared[venue, kind] += 1
    assert compared == COMPARED
    assert sorted(mended) == ["24hrMiniTicker", "aggTrade", "trade"]
    # Gate's example of a futures trade is one that moves a position, not of the book.
    assert [each["is_internal"] for each in silent] == [True]


def test_streams_nobody_reads_are_passed_over(shared_data: Path) -> None:
    """No message and no error, whatever they hold."""
    passed = parts_of(shared_data, Fate.PASSED)
    for part, sorted_ in passed:
        codec = dialect(sorted_.venue).codec([], 3)
        assert codec.decode(part.payload, 7) == ()
    assert len(passed) == 4


def test_stubs_are_refused(shared_data: Path) -> None:
    """A candle without prices is an error that names its stream, and never a message."""
    stubs = parts_of(shared_data, Fate.STUB)
    for part, sorted_ in stubs:
        codec = codec_of(sorted_.venue, part.body)
        with pytest.raises(DecodeError, match=r"kline_|candlesticks"):
            codec.decode(part.payload, 7)
    assert Counter(sorted_.venue for _, sorted_ in stubs) == dict.fromkeys(
        ("binance", "binance_coinm", "gateio", "gateio_futures"), 2
    )


def test_confirmations(shared_data: Path) -> None:
    """Every answer to a command confirms it by its id, and by its stream where it names one."""
    confirmed = parts_of(shared_data, Fate.CONFIRMED)
    for part, sorted_ in confirmed:
        body = part.body
        streams = (stream_of(body["channel"], body["payload"]),) if "channel" in body else ()
        codec = dialect(sorted_.venue).codec([], 3)
        expected = Ack(sorted_.venue, body["id"], 7, streams)
        assert codec.decode(part.payload, 7) == (expected,)
    assert len(confirmed) == 22


def test_commands(shared_data: Path) -> None:
    """What their clients send to subscribe, ours sends too, but for id and time."""
    commands = parts_of(shared_data, Fate.COMMAND)
    for part, sorted_ in commands:
        theirs = dict(part.body)
        channel = theirs.get("channel")
        streams = [stream_of(channel, theirs["payload"])] if channel else theirs["params"]
        (sent,) = dialect(sorted_.venue).subscribe(streams, 5, 9)
        ours = json.loads(sent)
        for each in (ours, theirs):
            each.pop("id")
            each.pop("time", None)
        assert ours == theirs, str(part)
    assert len(commands) == 19


def test_what_needs_a_key_is_never_market_data(shared_data: Path) -> None:
    """Pushes of private streams end in an error on a public connection, not in a message."""
    refused: Counter[str] = Counter()
    for part, sorted_ in parts_of(shared_data, Fate.PRIVATE):
        body = part.body
        if part.kind != "frame" or not (body.get("event") == "update" or "data" in body):
            continue  # an answer, or a push of the websocket request API
        public = dialect(sorted_.venue)
        known = [public.symbol_from_native(NATIVES[sorted_.venue])]
        with pytest.raises(DecodeError):
            public.codec(known, 3).decode(part.payload, 7)
        refused[sorted_.venue] += 1
    assert refused == {"binance": 1, "binance_usdm": 8, "gateio": 4, "gateio_futures": 4}
