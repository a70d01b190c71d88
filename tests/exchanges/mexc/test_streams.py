"""Topics, connection plans and commands, and the numbers behind them."""

from __future__ import annotations

import json
import math

import pytest

from exchanges.contract import SequenceRule
from exchanges.mexc import PUBLIC, limits
from exchanges.mexc.streams import INTERVALS
from messages.errors import UsageError
from messages.market import StreamKind

BTC = PUBLIC.symbol_from_native("BTCUSDT")
LONG = PUBLIC.symbol_from_native("1000000CHEEMSBABYDOGEUSDT")


@pytest.mark.parametrize(
    ("kind", "option", "topic"),
    [
        (StreamKind.DEPTH, "", "aggre.depth.v3.api.pb@100ms@BTCUSDT"),
        (StreamKind.DEPTH, "10ms", "aggre.depth.v3.api.pb@10ms@BTCUSDT"),
        (StreamKind.PARTIAL_DEPTH, "", "limit.depth.v3.api.pb@BTCUSDT@20"),
        (StreamKind.PARTIAL_DEPTH, "5", "limit.depth.v3.api.pb@BTCUSDT@5"),
        (StreamKind.BEST_QUOTE, "", "aggre.bookTicker.v3.api.pb@100ms@BTCUSDT"),
        (StreamKind.BEST_QUOTE, "batch", "bookTicker.batch.v3.api.pb@BTCUSDT"),
        (StreamKind.TRADE, "10ms", "aggre.deals.v3.api.pb@10ms@BTCUSDT"),
        (StreamKind.KLINE, "", "kline.v3.api.pb@BTCUSDT@Min1"),
        (StreamKind.KLINE, "1h", "kline.v3.api.pb@BTCUSDT@Min60"),
        (StreamKind.KLINE, "1M", "kline.v3.api.pb@BTCUSDT@Month1"),
        (StreamKind.TICKER_24H, "", "miniTicker.v3.api.pb@BTCUSDT@24H"),
    ],
)
def test_topics(kind: StreamKind, option: str, topic: str) -> None:
    """Every kind of stream has its topic, in the venue's spelling."""
    assert PUBLIC.stream(kind, BTC, option) == f"spot@public.{topic}"


def test_an_option_there_is_not() -> None:
    """The error names the options there are."""
    with pytest.raises(UsageError, match="no depth stream '1ms'; it has 100ms, 10ms"):
        PUBLIC.stream(StreamKind.DEPTH, BTC, "1ms")


def test_a_plan_of_30_topics_a_connection() -> None:
    """Connections are filled in order; a symbol's topics stay together; none is lost."""
    infos = [PUBLIC.symbol_from_native(f"A{number}USDT") for number in range(40)]
    kinds = (StreamKind.DEPTH, StreamKind.BEST_QUOTE)
    streams = {PUBLIC.stream(kind, info): info for kind in kinds for info in infos}
    plans = PUBLIC.plan(streams)
    assert [len(plan.streams) for plan in plans] == [30, 30, 20]
    assert [plan.name for plan in plans] == ["streams-1", "streams-2", "streams-3"]
    assert {plan.url for plan in plans} == {"wss://wbs-api.mexc.com/ws"}
    assert sorted(name for plan in plans for name in plan.streams) == sorted(streams)
    assert [symbol for plan in plans for symbol in plan.symbols] == [info.symbol for info in infos]


def test_uneven_symbols_never_exceed_the_limit() -> None:
    """A symbol that does not fit goes to the next connection; one above the limit is split."""
    three = [PUBLIC.symbol_from_native(f"A{number}USDT") for number in range(11)]
    kinds = (StreamKind.DEPTH, StreamKind.BEST_QUOTE, StreamKind.TRADE, StreamKind.TICKER_24H)
    streams = {PUBLIC.stream(kind, info): info for info in three for kind in kinds}
    assert [len(plan.streams) for plan in PUBLIC.plan(streams)] == [28, 16]
    many = {f"spot@public.made.up.{number}@BTCUSDT": BTC for number in range(31)}
    plans = PUBLIC.plan(many)
    assert [len(plan.streams) for plan in plans] == [30, 1]
    assert {plan.symbols for plan in plans} == {("BTC/USDT",)}
    assert PUBLIC.plan({}) == ()


def test_commands_are_split_and_counted_up() -> None:
    """Each frame has its own id, and stays below the size that clients keep to."""
    topics = [PUBLIC.stream(StreamKind.BEST_QUOTE, LONG) + "X" * 5 for _ in range(30)]
    frames = PUBLIC.subscribe(topics, 5, 0)
    read = [json.loads(frame) for frame in frames]
    assert [each["id"] for each in read] == [5, 6, 7]
    assert {each["method"] for each in read} == {"SUBSCRIPTION"}
    assert [topic for each in read for topic in each["params"]] == topics
    assert max(len(frame) for frame in frames) <= limits.COMMAND_BYTES
    (frame,) = PUBLIC.unsubscribe(topics[:1], 8, 0)
    assert json.loads(frame) == {"method": "UNSUBSCRIPTION", "params": topics[:1], "id": 8}
    assert PUBLIC.subscribe((), 1, 0) == ()


def test_a_full_connection_is_subscribed_before_the_venue_closes_it() -> None:
    """A connection without a topic lives 30 s, one without traffic 60 s, any one 24 h."""
    rules, heartbeat = PUBLIC.limits, PUBLIC.heartbeat
    commands = math.ceil(rules.streams_per_connection / rules.streams_per_command)
    assert commands / rules.commands_per_s < limits.TOPICLESS_CLOSE_S / 10
    assert 0 < heartbeat.client_ping_every_s < heartbeat.silent_after_s
    assert heartbeat.probe_by_text
    assert 0 < heartbeat.ping_every_s < heartbeat.silent_after_s / 10
    assert heartbeat.silent_after_s < limits.IDLE_CLOSE_S
    assert json.loads(PUBLIC.client_ping(0)) == {"method": "PING"}
    assert rules.connection_max_age_s == 86_400
    assert rules.streams_per_connection == 30
    assert PUBLIC.rule is SequenceRule.CONTIGUOUS


def test_candle_lengths_have_one_name_each() -> None:
    """No two of ours are one of theirs."""
    assert len(set(INTERVALS.values())) == len(INTERVALS) == 10
