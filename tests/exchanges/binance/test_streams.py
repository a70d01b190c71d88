"""Stream names, connection plans and commands."""

from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from exchanges.binance.streams import route_of
from exchanges.registry import dialect
from messages.errors import UsageError
from messages.market import StreamKind

BTC = dialect("binance").symbol_from_native("BTCUSDT")
PERPETUAL = dialect("binance_usdm").symbol_from_native("BTCUSDT")


@pytest.mark.parametrize(
    ("venue", "kind", "option", "name"),
    [
        ("binance", StreamKind.DEPTH, "", "btcusdt@depth@100ms"),
        ("binance", StreamKind.DEPTH, "1000ms", "btcusdt@depth"),
        ("binance_usdm", StreamKind.DEPTH, "0ms", "btcusdt@depth@0ms"),
        ("binance_usdm", StreamKind.DEPTH, "250ms", "btcusdt@depth"),
        ("binance", StreamKind.PARTIAL_DEPTH, "", "btcusdt@depth20@100ms"),
        ("binance", StreamKind.PARTIAL_DEPTH, "5", "btcusdt@depth5"),
        ("binance_usdm", StreamKind.PARTIAL_DEPTH, "10@500ms", "btcusdt@depth10@500ms"),
        ("binance", StreamKind.BEST_QUOTE, "", "btcusdt@bookTicker"),
        ("binance", StreamKind.TRADE, "", "btcusdt@trade"),
        ("binance", StreamKind.TRADE, "aggTrade", "btcusdt@aggTrade"),
        ("binance", StreamKind.KLINE, "", "btcusdt@kline_1m"),
        ("binance", StreamKind.KLINE, "1s", "btcusdt@kline_1s"),
        ("binance_usdm", StreamKind.KLINE, "1M", "btcusdt@kline_1M"),
        ("binance", StreamKind.TICKER_24H, "", "btcusdt@ticker"),
        ("binance", StreamKind.TICKER_24H, "miniTicker", "btcusdt@miniTicker"),
    ],
)
def test_names(venue: str, kind: StreamKind, option: str, name: str) -> None:
    """Lower-case symbol, channel, speed; the fastest documented speed is the default."""
    assert dialect(venue).stream(kind, BTC, option) == name


@pytest.mark.parametrize(
    ("venue", "kind", "option"),
    [
        ("binance", StreamKind.DEPTH, "0ms"),
        ("binance", StreamKind.PARTIAL_DEPTH, "20@500ms"),
        ("binance", StreamKind.PARTIAL_DEPTH, "50"),
        ("binance_usdm", StreamKind.KLINE, "1s"),
        ("binance", StreamKind.KLINE, "7m"),
        ("binance", StreamKind.BEST_QUOTE, "fast"),
    ],
)
def test_options_the_venue_does_not_have(venue: str, kind: StreamKind, option: str) -> None:
    """A misspelt stream would be acknowledged and stay silent, so it is refused here."""
    with pytest.raises(UsageError, match=f"{venue} has no .* stream {option!r}"):
        dialect(venue).stream(kind, BTC, option)


@pytest.mark.parametrize("venue", ["binance", "binance_us", "binance_usdm", "binance_coinm"])
def test_the_codec_knows_every_stream_that_can_be_named(venue: str) -> None:
    """What stream() can spell, decode() recognises: a bad event is named by its stream."""
    public = dialect(venue)
    info = public.symbol_from_native("BTCUSD_PERP" if venue.endswith("coinm") else "BTCUSDT")
    for kind in StreamKind:
        name = public.stream(kind, info)
        with pytest.raises(Exception, match=f"{venue} {name}: expected a "):
            public.codec([info], 0).decode(json.dumps({"stream": name, "data": {}}).encode(), 0)


@pytest.mark.parametrize(
    ("stream", "route"),
    [
        ("btcusdt@depth@100ms", "public"),
        ("btcusdt@depth20@500ms", "public"),
        ("btcusdt@bookTicker", "public"),
        ("btcusdt@trade", "public"),
        ("btcusdt@rpiDepth@500ms", "public"),
        ("!bookTicker", "public"),
        ("btcusdt@aggTrade", "market"),
        ("btcusdt@kline_1m", "market"),
        ("btcusdt@ticker", "market"),
        ("btcusdt@miniTicker", "market"),
        ("btcusdt@markPrice@1s", "market"),
        ("!markPrice@arr@1s", "market"),
        ("!forceOrder@arr", "market"),
    ],
)
def test_routes(stream: str, route: str) -> None:
    """USD-M splits its streams; on the wrong route one is acknowledged and silent."""
    assert route_of(stream) == route


def test_usdm_streams_go_to_two_addresses() -> None:
    """Book and candles of one symbol need two connections, each on its own address."""
    names = ["btcusdt@depth@100ms", "btcusdt@kline_1m", "btcusdt@bookTicker"]
    plans = dialect("binance_usdm").plan(dict.fromkeys(names, PERPETUAL))
    assert [(plan.name, plan.url, plan.streams, plan.symbols) for plan in plans] == [
        (
            "public-1",
            "wss://fstream.binance.com/public/stream",
            ("btcusdt@depth@100ms", "btcusdt@bookTicker"),
            ("BTC/USDT:USDT",),
        ),
        (
            "market-1",
            "wss://fstream.binance.com/market/stream",
            ("btcusdt@kline_1m",),
            ("BTC/USDT:USDT",),
        ),
    ]


@pytest.mark.parametrize(
    ("venue", "url"),
    [
        ("binance", "wss://stream.binance.com:9443/stream"),
        ("binance_us", "wss://stream.binance.us:9443/stream"),
        ("binance_coinm", "wss://dstream.binance.com/stream"),
    ],
)
def test_other_families_have_one_address(venue: str, url: str) -> None:
    """Only USD-M is split."""
    plans = dialect(venue).plan({"x@depth": BTC, "x@kline_1m": BTC})
    assert [(plan.name, plan.url) for plan in plans] == [("streams-1", url)]
    assert dialect(venue).plan({}) == ()


@given(counts=st.lists(st.integers(1, 5), min_size=1, max_size=300))
def test_plans_keep_symbols_together_and_within_the_limit(counts: list[int]) -> None:
    """Every stream is carried once, none above the limit, a symbol never split."""
    public = dialect("binance_usdm")
    streams = {
        f"a{index}usdt@depth{number}": public.symbol_from_native(f"A{index}USDT")
        for index, count in enumerate(counts)
        for number in range(count)
    }
    plans = public.plan(streams)
    assert sorted(name for plan in plans for name in plan.streams) == sorted(streams)
    symbols = [symbol for plan in plans for symbol in plan.symbols]
    assert len(symbols) == len(set(symbols)) == len(counts)
    limit = public.limits.streams_per_connection
    assert all(len(plan.streams) <= limit for plan in plans)
    assert len(plans) <= 1 + sum(counts) // (limit - 4)


def test_commands_come_in_batches_with_ids_counting_up() -> None:
    """One frame for up to 200 names; the ids tell which answer belongs to which."""
    names = [f"a{number}@depth" for number in range(450)]
    frames = [json.loads(text) for text in dialect("binance").subscribe(names, 10, 0)]
    assert [each["id"] for each in frames] == [10, 11, 12]
    assert {each["method"] for each in frames} == {"SUBSCRIBE"}
    assert [name for each in frames for name in each["params"]] == names
    assert dialect("binance").subscribe([], 1, 0) == ()
    text = dialect("binance").unsubscribe(["btcusdt@trade"], 312, 0)
    assert text == ('{"method":"UNSUBSCRIBE","params":["btcusdt@trade"],"id":312}',)
