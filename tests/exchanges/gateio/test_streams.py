"""Stream names, connection plans and commands."""

from __future__ import annotations

import json

import pytest

from messages.errors import UsageError
from messages.market import StreamKind
from tests.exchanges.gateio.samples import public


@pytest.mark.parametrize(
    ("futures", "kind", "option", "stream"),
    [
        (False, StreamKind.DEPTH, "", "spot.order_book_update@BTC_USDT,100ms"),
        (False, StreamKind.DEPTH, "20ms", "spot.order_book_update@BTC_USDT,20ms"),
        (False, StreamKind.DEPTH, "obu400", "spot.obu@ob.BTC_USDT.400"),
        (False, StreamKind.PARTIAL_DEPTH, "", "spot.order_book@BTC_USDT,20,100ms"),
        (False, StreamKind.PARTIAL_DEPTH, "5@1000ms", "spot.order_book@BTC_USDT,5,1000ms"),
        (False, StreamKind.BEST_QUOTE, "", "spot.book_ticker@BTC_USDT"),
        (False, StreamKind.KLINE, "", "spot.candlesticks@1m,BTC_USDT"),
        (False, StreamKind.TICKER_24H, "", "spot.tickers@BTC_USDT"),
        (True, StreamKind.DEPTH, "", "futures.order_book_update@BTC_USDT,100ms,100"),
        (True, StreamKind.DEPTH, "20ms", "futures.order_book_update@BTC_USDT,20ms,20"),
        (True, StreamKind.DEPTH, "obu50", "futures.obu@ob.BTC_USDT.50"),
        (True, StreamKind.PARTIAL_DEPTH, "10", "futures.order_book@BTC_USDT,10,0"),
        (True, StreamKind.TRADE, "", "futures.trades@BTC_USDT"),
        (True, StreamKind.KLINE, "7d", "futures.candlesticks@7d,BTC_USDT"),
    ],
)
def test_names_and_commands(futures: bool, kind: StreamKind, option: str, stream: str) -> None:
    """A name holds channel and payload, and the command is made of nothing else."""
    dialect = public(futures)
    info = dialect.symbol_from_native("BTC_USDT")
    assert dialect.stream(kind, info, option) == stream
    (text,) = dialect.subscribe([stream], 17, 1717595231)
    channel, _, payload = stream.partition("@")
    assert json.loads(text) == {
        "time": 1717595231,
        "id": 17,
        "channel": channel,
        "event": "subscribe",
        "payload": payload.split(","),
    }


@pytest.mark.parametrize("futures", [False, True])
@pytest.mark.parametrize("kind", list(StreamKind))
def test_unknown_options(futures: bool, kind: StreamKind) -> None:
    """A sentence names the options there are."""
    dialect = public(futures)
    info = dialect.symbol_from_native("BTC_USDT")
    with pytest.raises(UsageError, match=rf"{dialect.venue} has no {kind.value} stream '1000us'"):
        dialect.stream(kind, info, "1000us")


def test_every_stream_is_asked_for_alone() -> None:
    """One bad pair fails a whole list, so ids count up by stream."""
    frames = public(False).unsubscribe(["spot.trades@A_USDT", "spot.trades@B_USDT"], 5, 1700000000)
    shared = {"time": 1700000000, "channel": "spot.trades", "event": "unsubscribe"}
    assert [json.loads(each) for each in frames] == [
        shared | {"id": 5, "payload": ["A_USDT"]},
        shared | {"id": 6, "payload": ["B_USDT"]},
    ]


def test_plans_split_and_keep_symbols_together() -> None:
    """No connection carries more than our bound, no symbol lies on two of them."""
    dialect = public(True)
    streams = {}
    for number in range(130):
        info = dialect.symbol_from_native(f"X{number}_USDT")
        for kind in (StreamKind.DEPTH, StreamKind.BEST_QUOTE, StreamKind.TRADE):
            streams[dialect.stream(kind, info)] = info
    plans = dialect.plan(streams)
    assert [len(plan.streams) for plan in plans] == [198, 192]
    assert {plan.url for plan in plans} == {"wss://fx-ws.gateio.ws/v4/ws/usdt"}
    assert len({plan.name for plan in plans}) == len(plans)
    symbols = [symbol for plan in plans for symbol in plan.symbols]
    assert len(symbols) == len(set(symbols)) == 130
    assert {stream for plan in plans for stream in plan.streams} == set(streams)


def test_the_heartbeat_is_a_frame_of_the_venue() -> None:
    """An application-level ping of the market's own channel, well within a minute."""
    for futures, channel in ((False, "spot.ping"), (True, "futures.ping")):
        rule = public(futures).heartbeat
        said = json.loads(public(futures).client_ping(1545404023))
        assert said == {"time": 1545404023, "channel": channel}
        assert 10 <= rule.client_ping_every_s <= 15 < rule.silent_after_s <= 30


@pytest.mark.parametrize("futures", [False, True])
def test_two_ways_to_keep_a_book(futures: bool) -> None:
    """In-band snapshots unless told otherwise; depth and stream of each way belong together."""
    dialect = public(futures)
    info = dialect.symbol_from_native("BTC_USDT")
    assert dialect.depth_feed() == dialect.depth_feed(100, "stream")
    for pace_ms, way, stream, levels in (
        (100, "stream", "obu@ob.BTC_USDT.400", 400),
        (20, "stream", "obu@ob.BTC_USDT.50", 50),
        (100, "rest", "order_book_update@BTC_USDT,100ms", 100),
        (20, "rest", "order_book_update@BTC_USDT,20ms", 20),
    ):
        feed = dialect.depth_feed(pace_ms, way)
        assert (feed.levels, feed.in_band) == (levels, way == "stream")
        assert stream in dialect.stream(StreamKind.DEPTH, info, feed.option)
        limit = dict(dialect.snapshot_request(info, levels).query)["limit"]
        assert feed.in_band or limit == str(levels)
    with pytest.raises(UsageError, match="no depth stream every 1000 ms with snapshots by rest"):
        dialect.depth_feed(1000, "rest")


def test_the_upgrade_asks_for_decimal_sizes_of_contracts() -> None:
    """Without the header fractions of a contract are cut to integers."""
    for futures, headers in ((False, ()), (True, (("X-Gate-Size-Decimal", "1"),))):
        info = public(futures).symbol_from_native("BTC_USDT")
        (plan,) = public(futures).plan({public(futures).stream(StreamKind.DEPTH, info): info})
        assert plan.headers == headers
