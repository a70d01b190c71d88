"""Frames of the public streams; the samples are those of the venue sheets."""

from __future__ import annotations

import json
from typing import Any

import pytest

from messages.errors import DecodeError
from messages.market import (
    Ack,
    BestQuote,
    BookDelta,
    BookSnapshot,
    Heartbeat,
    Kline,
    PartialBook,
    Refused,
    Ticker24h,
    Trade,
)
from tests.exchanges.gateio.samples import (
    CANDLE,
    CONTRACT_DEPTH,
    CONTRACT_TRADE,
    EPOCH,
    SPOT_DEPTH,
    TICKER,
    TRADE,
    frame,
    make,
)


def test_spot_depth() -> None:
    """Ids, times and levels arrive as sent; amount 0 deletes."""
    (delta,) = make().decode(frame("spot.order_book_update", SPOT_DEPTH), 5)
    assert delta == BookDelta(
        "gateio",
        "BTC/USDT",
        EPOCH,
        48776301,
        48776306,
        -1,
        1606294781123,
        5,
        ((19137.74, 0.0001), (19088.37, 0.0)),
        ((19137.75, 0.6135),),
    )


def test_futures_depth_in_contracts() -> None:
    """Levels are objects; integers and decimal strings are both amounts of contracts."""
    decimal = CONTRACT_DEPTH | {"b": [{"p": "0.2943", "s": "58794.5"}]}
    deltas = [
        make(True).decode(frame("futures.order_book_update", each), 5)[0]
        for each in (CONTRACT_DEPTH, decimal)
    ]
    assert deltas[0] == BookDelta(
        "gateio_futures",
        "RDNT/USDT:USDT",
        EPOCH,
        203083179,
        203083180,
        -1,
        1684930165459,
        5,
        ((0.2943, 0.0),),
        ((0.3004, 36916.0),),
    )
    assert isinstance(deltas[1], BookDelta)
    assert deltas[1].bids == ((0.2943, 58794.5),)


@pytest.mark.parametrize("futures", [False, True])
@pytest.mark.parametrize("sides", [{}, {"b": [], "a": []}, {"b": None, "a": None}])
def test_an_empty_event_advances_the_ids(futures: bool, sides: dict[str, Any]) -> None:
    """Sides that are missing, null or empty change no level."""
    channel = "futures.order_book_update" if futures else "spot.order_book_update"
    (delta,) = make(futures).decode(
        frame(channel, {"t": 1, "s": "BTC_USDT", "U": 4, "u": 9} | sides), 5
    )
    assert isinstance(delta, BookDelta)
    assert (delta.first_id, delta.last_id, delta.bids, delta.asks) == (4, 9, (), ())


def test_a_full_book_in_the_increments_is_a_snapshot() -> None:
    """`full` replaces the book: ordered best first, deleted levels left out."""
    full = {"full": True, "b": [["1", "2"], ["3", "0"], ["2", "4"]], "a": [["9", "1"], ["8", "1"]]}
    (snapshot,) = make().decode(frame("spot.order_book_update", SPOT_DEPTH | full), 5)
    assert snapshot == BookSnapshot(
        "gateio",
        "BTC/USDT",
        EPOCH,
        48776306,
        1606294781123,
        5,
        ((2.0, 4.0), (1.0, 2.0)),
        ((8.0, 1.0), (9.0, 1.0)),
    )


@pytest.mark.parametrize("futures", [False, True])
def test_in_band_snapshots(futures: bool) -> None:
    """A full book and its increments, with and without the members futures leave out."""
    prefix = "futures" if futures else "spot"
    symbol = "BTC/USDT:USDT" if futures else "BTC/USDT"
    name = "ob.BTC_USDT.400"
    whole = {"t": 1743673026995, "full": True, "s": name, "u": 73777715168}
    change = {"t": 1743673027095, "s": name, "U": 73777715169, "u": 73777715212}
    bare = {
        "channel": f"{prefix}.obu",
        "result": whole | {"b": [["83705.9", "30166"]], "a": [["83706", "4208"]]},
        "time_ms": 1743673026999,
    }
    frames = (
        json.dumps(bare, separators=(",", ":")).encode(),
        frame(f"{prefix}.obu", change | {"b": [["83705.9", "0"]]}),
    )
    codec = make(futures)
    snapshot, delta = (codec.decode(each, 5)[0] for each in frames)
    assert isinstance(snapshot, BookSnapshot) and isinstance(delta, BookDelta)
    assert (snapshot.symbol, snapshot.last_id, snapshot.bids) == (
        symbol,
        73777715168,
        ((83705.9, 30166.0),),
    )
    assert (delta.first_id, delta.last_id, delta.bids, delta.asks) == (
        73777715169,
        73777715212,
        ((83705.9, 0.0),),
        (),
    )


def test_best_levels() -> None:
    """Both markets' partial books; single levels of the futures one are dropped."""
    levels = {"bids": [["19079.55", "0.0195"]], "asks": [["19080.24", "0.1638"]]}
    top = {"t": 1606295412123, "lastUpdateId": 48791820, "s": "BTC_USDT", "l": "5"} | levels
    (partial,) = make().decode(frame("spot.order_book", top), 5)
    assert partial == PartialBook(
        "gateio",
        "BTC/USDT",
        EPOCH,
        48791820,
        1606295412123,
        5,
        ((19079.55, 0.0195),),
        ((19080.24, 0.1638),),
    )
    level = [{"p": "97.1", "s": "2245"}]
    top = {"t": 15, "contract": "BTC_USDT", "id": 93973511, "asks": level, "bids": level}
    (partial,) = make(True).decode(frame("futures.order_book", top, "all"), 5)
    assert isinstance(partial, PartialBook)
    assert (partial.last_id, partial.bids, partial.asks) == (
        93973511,
        ((97.1, 2245.0),),
        ((97.1, 2245.0),),
    )
    single = [{"p": "49525.6", "s": 7726, "c": "BTC_USDT", "id": 1}]
    assert make(True).decode(frame("futures.order_book", single), 5) == ()


@pytest.mark.parametrize("futures", [False, True])
def test_best_quote(futures: bool) -> None:
    """Prices and amounts of both sides with the book's update id; an empty side is 0."""
    channel = f"{'futures' if futures else 'spot'}.book_ticker"
    empty = TICKER | {"a": "", "A": 0}
    (quote,) = make(futures).decode(frame(channel, TICKER), 5)
    (bare,) = make(futures).decode(frame(channel, empty), 5)
    assert isinstance(quote, BestQuote) and isinstance(bare, BestQuote)
    assert (quote.last_id, quote.venue_ms) == (48733182, 1606293275123)
    assert (quote.bid, quote.bid_amount, quote.ask, quote.ask_amount) == (
        19177.79,
        0.0003341504,
        19179.38,
        0.09,
    )
    assert (bare.bid, bare.ask, bare.ask_amount) == (19177.79, 0.0, 0.0)


def test_trades() -> None:
    """The taker's side is a word on spot and the sign of the size on futures."""
    (trade,) = make().decode(frame("spot.trades", TRADE), 5)
    assert trade == Trade(
        "gateio", "GT/USDT", EPOCH, 309143071, 1606292218213, 5, 0.4705, 16.47, True
    )
    many = [CONTRACT_TRADE, CONTRACT_TRADE | {"size": 3, "id": 27753480}]
    sold, bought = make(True).decode(frame("futures.trades", many), 5)
    assert sold == Trade(
        "gateio_futures", "ETH/USDT:USDT", EPOCH, 27753479, 1545136464123, 5, 96.4, 108.5, True
    )
    assert isinstance(bought, Trade)
    assert (bought.amount, bought.taker_sold) == (3.0, False)


def test_prints_that_are_no_trades_of_the_book() -> None:
    """Insurance and auto-deleveraging prints are dropped."""
    internal = CONTRACT_TRADE | {"is_internal": True, "price": "0"}
    assert make(True).decode(frame("futures.trades", [internal]), 5) == ()


def test_candles() -> None:
    """Spot counts base amounts, futures contracts; the interval stands in the name."""
    (candle,) = make().decode(frame("spot.candlesticks", CANDLE), 5)
    assert candle == Kline(
        "gateio",
        "BTC/USDT",
        EPOCH,
        "1m",
        1606292580000,
        1606292639999,
        1606294781236,
        5,
        19128.2,
        19129.1,
        19127.1,
        19128.1,
        3.8283,
        2362.32035,
        0,
        True,
    )
    (candle,) = make(True).decode(frame("futures.candlesticks", [CANDLE | {"v": 27525}]), 5)
    assert isinstance(candle, Kline)
    assert (candle.symbol, candle.amount, candle.quote_amount) == ("BTC/USDT:USDT", 27525.0, 0.0)


def test_tickers() -> None:
    """24 h figures; what the venue leaves empty is 0."""
    sample = {
        "currency_pair": "ETH_USDT",
        "last": "70775.2",
        "lowest_ask": "",
        "highest_bid": "70773",
        "change_percentage": "-1.618",
        "base_volume": "4643.1",
        "quote_volume": "328461488.4",
        "high_24h": "71366",
        "low_24h": "69336.2",
    }
    (ticker,) = make().decode(frame("spot.tickers", sample), 5)
    assert ticker == Ticker24h(
        "gateio",
        "ETH/USDT",
        EPOCH,
        1606294781236,
        5,
        70775.2,
        0.0,
        71366.0,
        69336.2,
        4643.1,
        328461488.4,
        -1.618,
        70773.0,
        0.0,
    )
    contract = {"contract": "ETH_USDT", "last": "118.4", "volume_24h": "745487577"}
    (ticker,) = make(True).decode(frame("futures.tickers", [contract]), 5)
    assert isinstance(ticker, Ticker24h)
    assert (ticker.symbol, ticker.last, ticker.amount) == ("ETH/USDT:USDT", 118.4, 745487577.0)


# -- answers ------------------------------------------------------------------------------------


def test_acknowledgements() -> None:
    """Today's answer names id and streams, the one of old recordings neither."""
    ok = {"status": "success"}
    pairs = ["BTC_USDT", "ETH_USDT"]
    codec = make()
    assert codec.decode(frame("spot.trades", ok, "subscribe", id=17, payload=pairs), 5) == (
        Ack("gateio", 17, 5, ("spot.trades@BTC_USDT", "spot.trades@ETH_USDT")),
    )
    depth = ["BTC_USDT", "100ms"]
    answer = frame("spot.order_book_update", ok, "unsubscribe", id=3, payload=depth)
    assert codec.decode(answer, 5) == (
        Ack("gateio", 3, 5, ("spot.order_book_update@BTC_USDT,100ms",)),
    )
    assert codec.decode(frame("spot.trades", ok, "subscribe"), 5) == (Ack("gateio", -1, 5),)


def test_refusals() -> None:
    """An error object and a bare `fail` both refuse; a stream that is already ours does not."""
    words = "unknown currency pair: LUNARLENS_USDT"
    error = {"code": 2, "message": words}
    refused = frame(
        "spot.trades",
        {"status": "fail"},
        "subscribe",
        id=1,
        error=error,
        payload=["LUNARLENS_USDT"],
    )
    assert make().decode(refused, 5) == (
        Refused("gateio", 1, 5, "2", words, ("spot.trades@LUNARLENS_USDT",), final=True),
    )
    server = frame("spot.trades", None, "subscribe", id=1, error={"code": 3, "message": "busy"})
    (passing,) = make().decode(server, 5)
    assert isinstance(passing, Refused) and not passing.final
    silent = frame("spot.trades", {"status": "fail"}, "subscribe", id=1)
    assert isinstance(make().decode(silent, 5)[0], Refused)
    twice = {"code": 2, "message": "Alert sub ob.BTC_USDT.400"}
    again = frame(
        "spot.obu", {"status": "fail"}, "subscribe", error=twice, payload=["ob.BTC_USDT.400"], id=4
    )
    assert make().decode(again, 5) == (Ack("gateio", 4, 5, ("spot.obu@ob.BTC_USDT.400",)),)


@pytest.mark.parametrize("futures", [False, True])
def test_pongs(futures: bool) -> None:
    """The answer to our ping is a heartbeat; the other market's is foreign."""
    prefix, other = ("futures", "spot") if futures else ("spot", "futures")
    pong = frame(f"{prefix}.pong", None, "", error=None)
    assert make(futures).decode(pong, 5) == (Heartbeat(f"gateio{'_futures' * futures}", 5),)
    with pytest.raises(DecodeError, match=f"{other}.pong"):
        make(futures).decode(pong.replace(prefix.encode(), other.encode()), 5)


def test_several_lines_and_spaces() -> None:
    """Several JSON lines in one frame, and any spacing or order of members."""
    spaced = json.dumps(json.loads(frame("spot.trades", TRADE)), indent=None).encode()
    twice = frame("spot.trades", TRADE) + b"\n" + spaced + b"\n"
    assert [type(each) for each in make().decode(twice, 5)] == [Trade, Trade]


def test_public_channels_of_no_use() -> None:
    """What is public and not read is dropped without an error."""
    stats = {"time": 1742812860, "contract": "ETH_USDT"}
    assert make(True).decode(frame("futures.contract_stats", stats), 5) == ()
