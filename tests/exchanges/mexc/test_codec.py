"""Binary frames of the public streams; the samples are those of the venue sheet."""

from __future__ import annotations

import pytest

from exchanges.mexc import PUBLIC
from exchanges.mexc import codec as codec_module
from exchanges.mexc.frames_pb2 import PushDataWrapper
from messages.market import BestQuote, BookDelta, Kline, PartialBook, Ticker24h, Trade
from tests.exchanges.mexc.samples import (
    DEALS,
    DEPTH,
    DEPTH_TOPIC,
    QUOTE,
    SENT_MS,
    TOP,
    decode,
    depth,
    make,
    wrapper,
)

# -- one message of every kind -------------------------------------------------------------------


def test_depth() -> None:
    """An increment carries its range of versions and exact floats; an amount of 0 deletes."""
    assert decode(DEPTH) == BookDelta(
        "mexc", "BTC/USDT", 7, 43296363236, 43296363255, -1, SENT_MS, 5,
        ((117053.41, 1.86837271),), ((117145.49, 0.0),),
    )  # fmt: skip


def test_top_levels() -> None:
    """The best levels carry the version of the book they are of."""
    assert decode(TOP) == PartialBook(
        "mexc", "BTC/USDT", 7, 36913565463, 1736411838730, 5, ((93179.98, 2.82651),),
        ((93180.18, 0.21976424),),
    )  # fmt: skip


def test_best_quote_of_an_older_gateway() -> None:
    """Without a version the id is 0."""
    assert decode(QUOTE) == BestQuote(
        "mexc", "BTC/USDT", 7, 0, 1736412092433, 5, 93387.28, 3.73485, 93387.29, 7.669875
    )


def test_trade_of_an_older_gateway() -> None:
    """Without a trade id the id is -1; type 2 is a taker who sold."""
    assert decode(DEALS) == Trade(
        "mexc", "BTC/USDT", 7, -1, 1736409765051, 5, 93220.0, 0.04438243, True
    )


def test_a_batch_of_quotes() -> None:
    """Several quotes of one frame are several messages; the version belongs to the last."""
    frame = wrapper("spot@public.bookTicker.batch.v3.api.pb@BTCUSDT")
    body = frame.public_book_ticker_batch
    body.items.add(bid_price="10", bid_quantity="1", ask_price="11", ask_quantity="2")
    body.items.add(bid_price="10.5", bid_quantity="1", ask_price="", ask_quantity="")
    body.version = "77"
    messages = make().decode(frame.SerializeToString(), 5)
    assert messages == (
        BestQuote("mexc", "BTC/USDT", 7, 0, SENT_MS, 5, 10.0, 1.0, 11.0, 2.0),
        BestQuote("mexc", "BTC/USDT", 7, 77, SENT_MS, 5, 10.5, 1.0, 0.0, 0.0),
    )


@pytest.mark.parametrize(("sent_ms", "closed"), [(1736411399999, False), (1736411400000, True)])
def test_kline(sent_ms: int, closed: bool) -> None:
    """A window in seconds becomes milliseconds, and is closed when the frame comes after it."""
    frame = PushDataWrapper(
        channel="spot@public.kline.v3.api.pb@BTCUSDT@Min15", symbol="BTCUSDT", create_time=sent_ms
    )
    body = frame.public_spot_kline
    body.interval, body.window_start, body.window_end = "Min15", 1736410500, 1736411400
    body.opening_price, body.closing_price = "92925", "93158.47"
    body.highest_price, body.lowest_price = "93158.47", "92800"
    body.volume, body.amount = "36.83803224", "3424811.05"
    assert decode(frame) == Kline(
        "mexc", "BTC/USDT", 7, "15m", 1736410500000, 1736411399999, sent_ms, 5, 92925.0,
        93158.47, 92800.0, 93158.47, 36.83803224, 3424811.05, 0, closed,
    )  # fmt: skip


def test_all_mini_tickers() -> None:
    """Of all symbols only those asked for; `volume` is quote turnover, `quantity` base volume."""
    frame = PushDataWrapper(
        channel="spot@public.miniTickers.v3.api.pb@24H", send_time=1755000000000
    )
    for native in ("DOGEUSDT", "BTCUSDT"):
        frame.public_mini_tickers.items.add(
            symbol=native, price="117100.1", rate="-0.015", high="118000", low="115000.5",
            volume="812345678.12", quantity="6950.11",
        )  # fmt: skip
    assert decode(frame) == Ticker24h(
        "mexc", "BTC/USDT", 7, 1755000000000, 5, 117100.1, 0.0, 118000.0, 115000.5, 6950.11,
        812345678.12, -1.5,
    )  # fmt: skip


# -- what is odd and right -------------------------------------------------------------------------


@pytest.mark.parametrize("topic", [DEPTH_TOPIC, "spot@public.limit.depth.v3.api.pb@BTCUSDT@5"])
def test_a_missing_symbol_is_read_from_the_topic(topic: str) -> None:
    """The symbol is the last part of a topic, or the last but one."""
    frame = wrapper(topic, symbol="")
    frame.public_limit_depths.version = "9"
    message = decode(frame)
    assert isinstance(message, PartialBook)
    assert (message.symbol, message.bids, message.asks) == ("BTC/USDT", (), ())


def test_an_increment_without_levels_moves_the_version() -> None:
    """Both sides may be missing."""
    frame = wrapper()
    frame.public_aggre_depths.from_version = frame.public_aggre_depths.to_version = "5"
    message = decode(frame)
    assert isinstance(message, BookDelta)
    assert (message.first_id, message.last_id, message.bids, message.asks) == (5, 5, (), ())


def test_a_wrapper_without_a_body_is_nothing() -> None:
    """The venue sends such frames, and a body newer than our schema looks the same."""
    payload = wrapper().SerializeToString()
    assert make().decode(payload, 5) == ()
    assert make().decode(payload + b"\xe2\x13\x03\x0a\x01x", 5) == ()  # field 316


def test_unknown_fields_are_skipped() -> None:
    """A newer gateway may add fields anywhere."""
    payload = depth()
    assert make().decode(payload + b"\x98\x7d\x05", 5) == make().decode(payload, 5)


@pytest.mark.parametrize("zero", ["0", "0.00", "0.00000000"])
def test_zero_in_any_spelling_deletes(zero: str) -> None:
    """An amount is compared as a number."""
    message = decode(depth(amount=zero))
    assert isinstance(message, BookDelta) and message.bids == ((2.0, 0.0),)


def test_remembered_topics_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    """A venue that makes up topics does not fill our memory, and is read all the same."""
    monkeypatch.setattr(codec_module, "TOPICS_PER_SYMBOL", 2)
    codec = codec_module.MexcCodec([PUBLIC.symbol_from_native("BTCUSDT")], 1)
    for number in range(9):
        frame = wrapper(f"spot@public.made.up.{number}@BTCUSDT")
        frame.public_limit_depths.version = str(number)
        (message,) = codec.decode(frame.SerializeToString(), 5)
        assert isinstance(message, PartialBook) and message.last_id == number
    assert len(codec._topics) == 2
