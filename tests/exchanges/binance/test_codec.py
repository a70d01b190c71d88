"""Frames of the public streams; the samples are those of the venue sheets."""

from __future__ import annotations

# Samples and tables are laid out by hand, one case a line.
# fmt: off
import json
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from exchanges.binance import codec as codec_module
from exchanges.contract import PublicCodec
from exchanges.registry import dialect
from messages.errors import DecodeError
from messages.market import (
    Ack,
    BestQuote,
    BookDelta,
    Kline,
    PartialBook,
    PublicMessage,
    Refused,
    ShutdownAnnounced,
    Ticker24h,
    Trade,
)

SPOT = ("BNBBTC", "BNBUSDT", "BTCUSDT")
DEPTH = {
    "e": "depthUpdate", "E": 1672515782136, "s": "BNBBTC", "U": 157, "u": 160,
    "b": [["0.0024", "10"]], "a": [["0.0026", "100"]],
}
FUTURES_DEPTH = {
    "e": "depthUpdate", "E": 123456789, "T": 123456788, "s": "BTCUSDT", "ps": "BTCUSDT", "st": 1,
    "U": 157, "u": 160, "pu": 149, "b": [["0.0024", "10"]], "a": [["0.0026", "100"]],
}
TRADE = {
    "e": "trade", "E": 1672515782136, "s": "BNBBTC", "t": 12345, "p": "0.001", "q": "100",
    "T": 1672515782100, "m": True, "M": True,
}
TOP = {"lastUpdateId": 160, "bids": [["0.0024", "10"]], "asks": [["0.0026", "100"]]}
MINI = {
    "e": "24hrMiniTicker", "E": 1672515782136, "s": "BNBBTC", "c": "0.0025", "o": "0.0010",
    "h": "0.0025", "l": "0.0010", "v": "10000", "q": "18",
}


def make(venue: str = "binance", natives: tuple[str, ...] = SPOT, epoch: int = 7) -> PublicCodec:
    """A codec that knows some symbols."""
    public = dialect(venue)
    return public.codec([public.symbol_from_native(native) for native in natives], epoch)


def frame(stream: str, data: Any) -> bytes:
    """A combined frame in the venue's own spelling: no spaces, stream first."""
    return json.dumps({"stream": stream, "data": data}, separators=(",", ":")).encode()


def only(codec: PublicCodec, payload: bytes) -> PublicMessage:
    """Decode a frame twice, the second time by the short path, and compare."""
    (first,) = codec.decode(payload, 5)
    (second,) = codec.decode(payload, 5)
    assert first == second
    return first


# -- one message of every kind -------------------------------------------------------------------


def test_spot_depth() -> None:
    """An increment carries both ids, the venue's time and exact floats of its strings."""
    assert only(make(), frame("bnbbtc@depth@100ms", DEPTH)) == BookDelta(
        "binance", "BNB/BTC", 7, 157, 160, -1, 1672515782136, 5, ((0.0024, 10.0),),
        ((0.0026, 100.0),),
    )


def test_futures_depth_names_the_event_before_it() -> None:
    """`pu` is the chain; `st` and `ps` may be there or not."""
    codec = make("binance_usdm", ("BTCUSDT",))
    message = only(codec, frame("btcusdt@depth@0ms", FUTURES_DEPTH))
    assert isinstance(message, BookDelta)
    assert (message.first_id, message.last_id, message.previous_id) == (157, 160, 149)
    assert message.symbol == "BTC/USDT:USDT"
    old = {name: value for name, value in FUTURES_DEPTH.items() if name not in ("st", "ps")}
    assert only(codec, frame("btcusdt@depth@0ms", old)) == message


def test_futures_depth_without_its_chain_is_an_error() -> None:
    """A spot event on a futures connection would break the chain rule silently."""
    with pytest.raises(DecodeError, match=r"binance_usdm btcusdt@depth: .*pu"):
        make("binance_usdm", ("BTCUSDT",)).decode(
            frame("btcusdt@depth", {**DEPTH, "s": "BTCUSDT"}), 5
        )


def test_best_levels_have_no_symbol_on_spot_and_one_on_futures() -> None:
    """The stream's name says which symbol; futures send an ordinary event that replaces."""
    assert only(make(), frame("bnbbtc@depth20@100ms", TOP)) == PartialBook(
        "binance", "BNB/BTC", 7, 160, 0, 5, ((0.0024, 10.0),), ((0.0026, 100.0),)
    )
    message = only(
        make("binance_usdm", ("BTCUSDT",)), frame("btcusdt@depth5@100ms", FUTURES_DEPTH)
    )
    assert message == PartialBook(
        "binance_usdm", "BTC/USDT:USDT", 7, 160, 123456789, 5, ((0.0024, 10.0),),
        ((0.0026, 100.0),),
    )


def test_book_ticker_with_and_without_times() -> None:
    """Spot sends neither type nor time, futures both, in any order of members."""
    spot = {"u": 400900217, "s": "BNBUSDT", "b": "25.3519", "B": "31.21", "a": "25.3652",
            "A": "40.66"}
    assert only(make(), frame("bnbusdt@bookTicker", spot)) == BestQuote(
        "binance", "BNB/USDT", 7, 400900217, 0, 5, 25.3519, 31.21, 25.3652, 40.66
    )
    coinm = {"u": 1007198632021, "e": "bookTicker", "s": "BTCUSD_PERP", "ps": "BTCUSD",
             "b": "61804.7", "B": "35", "a": "61804.8", "A": "1645", "T": 1723161257465,
             "E": 1723161257476}
    message = only(make("binance_coinm", ("BTCUSD_PERP",)),
                   frame("btcusd_perp@bookTicker", coinm))
    assert message == BestQuote(
        "binance_coinm", "BTC/USD:BTC", 7, 1007198632021, 1723161257476, 5, 61804.7, 35.0,
        61804.8, 1645.0,
    )


def test_an_empty_side_of_a_quote_is_price_zero() -> None:
    """A book without bids still has a best-bid message; only levels may not cost nothing."""
    data = {"u": 1, "s": "BNBBTC", "b": "0.00000000", "B": "0.00000000", "a": "1", "A": "2"}
    message = only(make(), frame("bnbbtc@bookTicker", data))
    assert isinstance(message, BestQuote)
    assert (message.bid, message.bid_amount, message.ask) == (0.0, 0.0, 1.0)


def test_trades_single_and_aggregate() -> None:
    """`m` says that the taker sold; an aggregate names its first and last trade."""
    assert only(make(), frame("bnbbtc@trade", TRADE)) == Trade(
        "binance", "BNB/BTC", 7, 12345, 1672515782100, 5, 0.001, 100.0, True
    )
    data = {"e": "aggTrade", "E": 3, "s": "BNBBTC", "a": 12, "p": "0.001", "q": "9", "f": 100,
            "l": 105, "T": 2, "m": False, "M": True, "nq": "8"}
    assert only(make(), frame("bnbbtc@aggTrade", data)) == Trade(
        "binance", "BNB/BTC", 7, 12, 2, 5, 0.001, 9.0, False, 100, 105
    )


def test_trades_that_are_not_of_the_book_are_dropped() -> None:
    """Insurance and deleveraging trades may even carry price 0; a market one may not."""
    codec = make("binance_usdm", ("BTCUSDT",))
    data = {"e": "trade", "E": 2, "T": 1, "s": "BTCUSDT", "t": 9, "p": "0", "q": "0", "X": "NA",
            "m": False}
    assert codec.decode(frame("btcusdt@trade", data), 5) == ()
    with pytest.raises(DecodeError, match="price above 0"):
        codec.decode(frame("btcusdt@trade", {**data, "X": "MARKET"}), 5)


KLINE = {
    "e": "kline", "E": 1672515782136, "s": "BNBBTC",
    "k": {"t": 1672515780000, "T": 1672515839999, "s": "BNBBTC", "i": "1m", "f": 100, "L": 200,
          "o": "0.0010", "c": "0.0020", "h": "0.0025", "l": "0.0015", "v": "1000", "n": 100,
          "x": False, "q": "1.0000", "V": "500", "Q": "0.500", "B": "123456"},
}


def test_kline() -> None:
    """A candle carries both volumes and whether it is over."""
    assert only(make(), frame("bnbbtc@kline_1m", KLINE)) == Kline(
        "binance", "BNB/BTC", 7, "1m", 1672515780000, 1672515839999, 1672515782136, 5, 0.0010,
        0.0025, 0.0015, 0.0020, 1000.0, 1.0, 100, False,
    )


def test_inverse_contracts_count_contracts() -> None:
    """COIN-M volumes are contracts; their worth in the quote asset follows from the size."""
    data = {**KLINE, "s": "BTCUSD_PERP"}
    message = only(make("binance_coinm", ("BTCUSD_PERP",)), frame("btcusd_perp@kline_1m", data))
    assert isinstance(message, Kline)
    assert (message.amount, message.quote_amount) == (1000.0, 100_000.0)


def test_tickers_long_and_short() -> None:
    """The short form names no change; it is computed from open and close."""
    data = {"e": "24hrTicker", "E": 9, "s": "BNBBTC", "p": "-0.0015", "P": "-25.5", "w": "0.0018",
            "c": "0.0025", "Q": "10", "o": "0.0010", "h": "0.0026", "l": "0.0009", "v": "10000",
            "q": "18", "O": 0, "C": 86400000, "F": 0, "L": 18150, "n": 18151}
    codec = make()
    assert only(codec, frame("bnbbtc@ticker", {**data, "b": "0.0024", "a": "0.0026"})) == Ticker24h(
        "binance", "BNB/BTC", 7, 9, 5, 0.0025, 0.0010, 0.0026, 0.0009, 10000.0, 18.0, -25.5,
        0.0024, 0.0026,
    )
    futures = only(codec, frame("bnbbtc@ticker", data))
    assert isinstance(futures, Ticker24h)
    assert (futures.bid, futures.ask) == (0.0, 0.0)
    mini = only(codec, frame("bnbbtc@miniTicker", MINI))
    assert isinstance(mini, Ticker24h)
    assert mini.change_percent == pytest.approx(150.0)


# -- everything that is not a combined event of one symbol ---------------------------------------


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('{"result":null,"id":1}', Ack("binance", 1, 5)),
        ('{ "id": 312, "result": null }', Ack("binance", 312, 5)),
        ('{"result":["btcusdt@trade"],"id":3}', Ack("binance", 3, 5, ("btcusdt@trade",))),
        ('{"result":true,"id":2}', Ack("binance", 2, 5)),
        ('{"code":2,"msg":"Invalid request: x"}',
         Refused("binance", -1, 5, "2", "Invalid request: x")),
        ('{"error":{"code":2,"msg":"Invalid request: y"},"id":1}',
         Refused("binance", 1, 5, "2", "Invalid request: y")),
        ('{"code":0,"msg":"Unknown property","id":4}',
         Refused("binance", 4, 5, "0", "Unknown property")),
        ('{"e":"serverShutdown","E":1770123456789}', ShutdownAnnounced("binance", 5)),
        ('{"stream":"!serverShutdown","data":{"e":"serverShutdown","E":1770123456789}}',
         ShutdownAnnounced("binance", 5)),
    ],
)
def test_answers_and_announcements(text: str, message: PublicMessage) -> None:
    """Acknowledgements, refusals in both forms, and the shutdown notice raw and combined."""
    assert make().decode(text.encode(), 5) == (message,)


def test_events_without_a_stream_around_them() -> None:
    """A raw connection sends bare events; what names its symbol is understood."""
    codec = make()
    raw = json.dumps(DEPTH).encode()
    assert codec.decode(raw, 5) == codec.decode(frame("bnbbtc@depth", DEPTH), 5)
    quote = b'{"u":1,"s":"BNBBTC","b":"1","B":"2","a":"3","A":"4"}'
    assert isinstance(codec.decode(quote, 5)[0], BestQuote)
    with pytest.raises(DecodeError, match="names no symbol"):
        codec.decode(json.dumps(TOP).encode(), 5)


def test_all_market_arrays_bring_the_symbols_we_know() -> None:
    """An array of every symbol is decoded for ours and skips the others, both products' too."""
    codec = make()
    other = {**MINI, "s": "XRPEUR"}
    payload = frame("!miniTicker@arr", [other, MINI])
    assert codec.decode(payload, 5) == codec.decode(frame("bnbbtc@miniTicker", MINI), 5)
    assert codec.decode(json.dumps([MINI, other]).encode(), 5) == codec.decode(payload, 5)
    assert codec.decode(frame("!forceOrder@arr", {"e": "forceOrder", "o": {}}), 5) == ()


def test_several_json_lines_in_one_text_frame() -> None:
    """Lines are decoded in order, from a stream known before and from a new one alike."""
    codec = make()
    one, two = frame("bnbbtc@depth", DEPTH), frame("bnbbtc@trade", TRADE)
    for _ in range(2):
        kinds = [type(each) for each in codec.decode(one + b"\n" + two + b"\r\n", 5)]
        assert kinds == [BookDelta, Trade]
    with pytest.raises(DecodeError, match="binance bnbbtc@trade"):
        codec.decode(one + b"\n" + two[:-1], 5)


def test_members_in_another_order_are_read_too() -> None:
    """JSON objects have no order; the short path is only for the one the venue uses."""
    payload = json.dumps({"data": DEPTH, "stream": "bnbbtc@depth"}, indent=1).encode()
    assert make().decode(payload, 5) == make().decode(frame("bnbbtc@depth", DEPTH), 5)


@pytest.mark.parametrize("stream", ["bnbbtc@markPrice@1s", "bnbbtc@ticker_1h", "btcusd@indexPrice",
                                    "bnbbtc@avgPrice"])
def test_public_streams_of_no_use_are_dropped(stream: str) -> None:
    """What is known and public may be subscribed by mistake without harm."""
    assert make().decode(frame(stream, {"e": "whatever"}), 5) == ()


# -- what must not pass --------------------------------------------------------------------------

BAD_NUMBERS: list[object] = [
    "NaN", "nan", "inf", "Infinity", "-Infinity", "-1", "", "abc", "1e400", "0x10", None, True, [],
    "\uff11",
]


@pytest.mark.parametrize("bad", BAD_NUMBERS)
@pytest.mark.parametrize("warm", [False, True])
@pytest.mark.parametrize("place", [0, 1])
def test_a_level_of_no_price_or_amount_is_an_error(bad: object, warm: bool, place: int) -> None:
    """Neither path lets a non-finite, negative or unreadable number through."""
    codec = make()
    if warm:
        codec.decode(frame("bnbbtc@depth@100ms", DEPTH), 5)
    level: list[object] = ["1", "1"]
    level[place] = bad
    with pytest.raises(DecodeError, match="binance bnbbtc@depth@100ms: expected a DepthUpdate"):
        codec.decode(frame("bnbbtc@depth@100ms", {**DEPTH, "a": [["2", "1"], level]}), 5)


def test_price_zero_is_an_error_and_amount_zero_deletes() -> None:
    """`0.00000000` as amount is how a level ends; as price it is nonsense."""
    codec = make()
    (message,) = codec.decode(frame("bnbbtc@depth", {**DEPTH, "b": [["1", "0.00000000"]]}), 5)
    assert isinstance(message, BookDelta)
    assert message.bids == ((1.0, 0.0),)
    with pytest.raises(DecodeError):
        codec.decode(frame("bnbbtc@depth", {**DEPTH, "b": [["0.00000000", "1"]]}), 5)


@pytest.mark.parametrize(
    ("payload", "says"),
    [
        (b"", "empty"),
        (b"{", "JSON object"),
        (b"null", "JSON object"),
        (b"\xff\xfe\x00", "JSON object"),
        (b'{"stream":"bnbbtc@depth","data":{"e":"depthU', "binance bnbbtc@depth: expected a JSON"),
        (frame("bnbbtc@depth", {**DEPTH, "s": "ETHBTC"}), "expected symbol BNBBTC, got 'ETHBTC'"),
        (frame("bnbbtc@depth", {**DEPTH, "U": 161}), "expected U <= u"),
        (frame("bnbbtc@depth", TRADE), "expected a DepthUpdate"),
        (frame("ethbtc@depth", {**DEPTH, "s": "ETHBTC"}), "symbol this connection asked for"),
        (frame("bnbbtc@newThing", DEPTH), "known channel"),
        (frame("bnbbtc", DEPTH), "known channel"),
        (frame("bnbbtc@depth", None), "expected a DepthUpdate"),
        (b'{"stream":"bnbbtc@depth"}', "expected a DepthUpdate"),
        (b'{"e":"executionReport","s":"BNBBTC"}', "public market event"),
        (b'{"e":"trade","s":"ETHBTC"}', "symbol this connection asked for"),
        (b'{"id":1}', "answer to a command"),
        (b'{"result":{"status":"success"},"id":1}', "answer to a command"),
        (b"[1,2]", "array of events"),
        (b"[" * 5000, "array of events"),
        (b'{"a":' * 5000, "JSON object"),
        (frame("!miniTicker@arr", [{"x": 1}]), "array of events"),
        # frames of OKX, Gate, Kraken, Bybit, Coinbase
        (b'{"arg":{"channel":"books","instId":"BTC-USDT"},"data":[{"asks":[]}]}', "stream event"),
        (b'{"event":"error","code":"60012","msg":"Invalid request"}', "JSON object"),
        (b'{"time":1,"channel":"spot.trades","event":"update","result":{"id":1}}', "stream event"),
        (b'[336,{"a":[["5541.3","2.5","1534614248.1"]]},"book-10","XBT/USD"]', "array of events"),
        (b'{"topic":"orderbook.50.BTCUSDT","type":"delta","data":{"u":1}}', "stream event"),
        (b'{"type":"l2update","product_id":"BTC-USD","changes":[]}', "stream event"),
    ],
)
def test_what_is_wrong_is_said_in_one_sentence(payload: bytes, says: str) -> None:
    """Each error names the venue, the stream where known, and what was expected."""
    codec = make()
    codec.decode(frame("bnbbtc@depth", DEPTH), 5)
    with pytest.raises(DecodeError) as caught:
        codec.decode(payload, 5)
    text = str(caught.value)
    assert text.startswith("binance")
    assert says in text
    assert "\n" not in text and len(text) < 600


@given(cut=st.integers(1, 400), data=st.binary(max_size=20))
def test_no_damage_passes_or_raises_anything_else(cut: int, data: bytes) -> None:
    """A frame cut anywhere, or with bytes in the middle, decodes to nothing but an error."""
    codec = make()
    whole = frame("bnbbtc@depth@100ms", DEPTH)
    codec.decode(whole, 5)
    cut = min(cut, len(whole) - 1)
    with pytest.raises(DecodeError):
        codec.decode(whole[:cut], 5)
    try:
        messages = codec.decode(whole[:cut] + data + whole[cut:], 5)
    except DecodeError:
        return
    assert all(isinstance(each, BookDelta) for each in messages)


@given(data=st.binary(max_size=300))
@example(data=b'{"stream":"\x00\x00')
@example(data=b'{"stream":"x@depth","data"')
def test_noise_raises_only_decode_errors(data: bytes) -> None:
    """Bytes that are no frame at all never end in another exception."""
    try:
        make().decode(data, 5)
    except DecodeError as exc:
        venue, expected, _ = str(exc).partition(": expected ")
        assert venue.split()[0] == "binance"
        assert expected


def test_the_memory_of_stream_names_is_bounded() -> None:
    """A venue that invents speeds cannot fill the table of known streams."""
    codec = make(natives=("BNBBTC",))
    for number in range(codec_module.CHANNELS_PER_SYMBOL + 50):
        (message,) = codec.decode(frame(f"bnbbtc@depth@{number}ms", DEPTH), 5)
        assert isinstance(message, BookDelta)
    assert isinstance(codec, codec_module.BinanceCodec)
    assert len(codec._routes) == codec_module.CHANNELS_PER_SYMBOL


def test_symbols_beyond_ascii() -> None:
    """Names of symbols may be any text; the stream's name is its lower case."""
    codec = make(natives=("币安人生USDT",))
    message = only(codec, json.dumps(
        {"stream": "币安人生usdt@depth", "data": {**DEPTH, "s": "币安人生USDT"}},
        ensure_ascii=False, separators=(",", ":"),
    ).encode())
    assert isinstance(message, BookDelta)
    assert message.symbol == "币安人生/USDT"
