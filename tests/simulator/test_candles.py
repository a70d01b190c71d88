"""Klines and statistics: what was traded, and a past that agrees with itself."""

from __future__ import annotations

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.binance.listings import Family, listing
from simulator.book import Trade
from simulator.candles import INTERVALS_MS, Statistics, open_time_ms
from simulator.instruments import DEFAULT_ASSETS

START_MS = 1_767_225_600_000
BTC = listing(DEFAULT_ASSETS[0], Family.SPOT)


def statistics() -> Statistics:
    """The statistics of a symbol that starts at 61,800.00."""
    return Statistics("seed", BTC, START_MS, 6_180_000.0)


def trade(number: int, tick: int, at_ms: int, lots: int = 10, sold: bool = False) -> Trade:
    """One trade."""
    return Trade(number, number, tick, lots, at_ms, sold)


def test_live_candles_hold_what_was_traded() -> None:
    """Open, high, low, close, amounts and ids are those of the trades of the minute."""
    ours = statistics()
    ticks = [6_180_000, 6_180_500, 6_179_000, 6_180_100]
    ours.add(trade(n, tick, START_MS + 60_000 + n, sold=n == 2) for n, tick in enumerate(ticks))
    candle = ours.current("1m", START_MS + 61_000)
    assert (candle.high, candle.low, candle.close) == (6_180_500, 6_179_000, 6_180_100)
    assert (candle.lots, candle.buyer_lots, candle.trades) == (40, 30, 4)
    assert (candle.first_trade_id, candle.last_trade_id) == (0, 3)
    assert candle.quote == pytest.approx(sum(BTC.quote_value(tick, 10) for tick in ticks))


def test_a_late_series_begins_with_what_the_minutes_hold() -> None:
    """An hour asked for after some trades includes their high and low."""
    ours = statistics()
    for n, tick in enumerate((6_190_000, 6_170_000, 6_185_000)):
        ours.add([trade(n, tick, START_MS + n * 60_000)])
    hour = ours.current("1h", START_MS + 180_000)
    assert (hour.high, hour.low) == (6_190_000, 6_170_000)


@settings(max_examples=40)
@given(st.sampled_from(sorted(INTERVALS_MS)), st.integers(1, 60))
def test_recent_candles_are_gapless_and_whole(interval: str, count: int) -> None:
    """So many candles as asked for, aligned, one after the other, with sane prices."""
    ours = statistics()
    now_ms = START_MS + 90_500
    ours.add([trade(1, 6_180_000, START_MS + 90_000)])
    rows = ours.recent(interval, now_ms, count, 2**62)
    length_ms = INTERVALS_MS[interval]
    assert len(rows) == count
    assert rows[-1].open_ms == open_time_ms(interval, now_ms) <= now_ms <= rows[-1].close_ms
    for one, two in pairwise(rows):
        assert two.open_ms == one.open_ms + length_ms == one.close_ms + 1
    for row in rows:
        assert 0 < row.low <= min(row.open, row.close) <= max(row.open, row.close) <= row.high


def test_weeks_begin_on_monday() -> None:
    """The weekly candle of a Thursday opened three days before."""
    thursday_ms = START_MS
    assert thursday_ms - open_time_ms("1w", thursday_ms) == 3 * INTERVALS_MS["1d"]


def test_the_past_meets_the_present() -> None:
    """The last made-up price is where the live market starts."""
    ours = statistics()
    assert ours.past.price(START_MS) == ours.past.price(START_MS + 10**9) == 6_180_000
    assert ours.past.price(START_MS - 3_600_000) != 6_180_000


def test_the_day_covers_past_and_live_trades() -> None:
    """A live record high is the day's high, and the day's close is the last trade."""
    ours = statistics()
    ours.add([trade(1, 9_000_000, START_MS + 1000), trade(2, 6_180_000, START_MS + 2000)])
    day = ours.day(START_MS + 3000)
    assert (day.high, day.close) == (9_000_000, 6_180_000)
    assert day.close_ms - day.open_ms == 86_400_000
