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
    """One bad pair fails a whole list, so ids count up by stream; the time may be left out."""
    frames = public(False).unsubscribe(["spot.trades@A_USDT", "spot.trades@B_USDT"], 5)
    assert [json.loads(each) for each in frames] == [
        {"id": 5, "channel": "spot.trades", "event": "unsubscribe", "payload": ["A_USDT"]},
        {"id": 6, "channel": "spot.trades", "event": "unsubscribe", "payload": ["B_USDT"]},
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
        assert json.loads(rule.client_text)["channel"] == channel
        assert 0 < rule.client_text_every_s < rule.silent_after_s < 60
