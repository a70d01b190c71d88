"""Klines and 24 h statistics: what was traded, and a made-up but consistent past before it.

The past is a sum of slow waves that meets the live price at the start of the world, so that
candles of every interval agree with each other wherever they overlap.
"""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Iterable
from itertools import islice

from msgspec import Struct

from simulator.book import Trade
from simulator.instruments import Listing

MINUTE_MS = 60_000
DAY_MS = 24 * 60 * MINUTE_MS
INTERVALS_MS = {
    "1s": 1000,
    "10s": 10_000,
    "1m": MINUTE_MS,
    "3m": 3 * MINUTE_MS,
    "5m": 5 * MINUTE_MS,
    "15m": 15 * MINUTE_MS,
    "30m": 30 * MINUTE_MS,
    "1h": 60 * MINUTE_MS,
    "2h": 120 * MINUTE_MS,
    "4h": 240 * MINUTE_MS,
    "6h": 360 * MINUTE_MS,
    "8h": 480 * MINUTE_MS,
    "12h": 720 * MINUTE_MS,
    "1d": DAY_MS,
    "3d": 3 * DAY_MS,
    "1w": 7 * DAY_MS,
    "1M": 30 * DAY_MS,
}
"""Interval names and lengths of all venues; a month is 30 days here."""
WEEK_SHIFT_MS = 4 * DAY_MS
"""Weeks begin on Monday; the first day of the epoch was a Thursday."""
CANDLES_KEPT = 1500
"""As many live candles per interval as one REST answer can hold."""
PAST_SAMPLES = 8
"""Points at which a past candle is sampled for its high and low."""
PAST_TRADES_PER_S = 3.0
PAST_LOTS_VALUE = 1500.0
"""The made-up past trades this often, for this much in the quote currency each time."""


class Candle(Struct):
    """One interval of one symbol; prices in ticks, amounts in lots."""

    open_ms: int
    close_ms: int
    open: int
    high: int
    low: int
    close: int
    lots: int = 0
    quote: float = 0.0
    buyer_lots: int = 0
    buyer_quote: float = 0.0
    trades: int = 0
    first_trade_id: int = -1
    last_trade_id: int = -1

    def add(self, trade: Trade, quote: float) -> None:
        """Count one trade."""
        self.high = max(self.high, trade.tick)
        self.low = min(self.low, trade.tick)
        self.close = trade.tick
        self.lots += trade.lots
        self.quote += quote
        if not trade.taker_sold:
            self.buyer_lots += trade.lots
            self.buyer_quote += quote
        self.trades += 1
        if self.first_trade_id < 0:
            self.first_trade_id = trade.trade_id
        self.last_trade_id = trade.trade_id


class Past:
    """A price for every moment before the world began."""

    def __init__(self, seed: str, start_ms: int, ticks: float) -> None:
        source = random.Random(f"{seed}/past")
        periods = (37, 190, 1_130, 5_900, 41_000, 350_000)
        self._waves = [
            (2 * math.pi / (minutes * MINUTE_MS), source.uniform(0, 2 * math.pi), size)
            for minutes, size in zip(periods, (5e-4, 2e-3, 6e-3, 1e-2, 3e-2, 8e-2), strict=True)
        ]
        self._start_ms = start_ms
        self._log_start = math.log(ticks) - self._swing(start_ms)

    def _swing(self, at_ms: float) -> float:
        return sum(size * math.sin(speed * at_ms + phase) for speed, phase, size in self._waves)

    def price(self, at_ms: float) -> int:
        """The price at that moment, in ticks."""
        return max(1, round(math.exp(self._log_start + self._swing(min(at_ms, self._start_ms)))))

    def candle(self, open_ms: int, close_ms: int, listing: Listing) -> Candle:
        """The candle from one moment to another, traded up to the start of the world."""
        until_ms = min(close_ms + 1, self._start_ms)
        span_ms = max(0, until_ms - open_ms)
        points = [
            self.price(open_ms + span_ms * step / PAST_SAMPLES) for step in range(PAST_SAMPLES + 1)
        ]
        trades = int(span_ms / 1000 * PAST_TRADES_PER_S)
        price = sum(points) / len(points)
        lots = trades * listing.lots_worth(PAST_LOTS_VALUE, price * listing.tick)
        quote = listing.quote_value(round(price), lots)
        return Candle(
            open_ms,
            close_ms,
            points[0],
            max(points),
            min(points),
            points[-1],
            lots,
            quote,
            lots // 2,
            quote / 2,
            trades,
            0,
            max(0, trades - 1),
        )


def open_time_ms(interval: str, at_ms: int) -> int:
    """When the candle of that moment opened."""
    length_ms = INTERVALS_MS[interval]
    shift_ms = WEEK_SHIFT_MS if interval == "1w" else 0
    return (at_ms - shift_ms) // length_ms * length_ms + shift_ms


class Series:
    """The live candles of one interval, the last one still open."""

    def __init__(self, interval: str) -> None:
        self.interval = interval
        self.length_ms = INTERVALS_MS[interval]
        self.candles: deque[Candle] = deque(maxlen=CANDLES_KEPT)

    def at(self, at_ms: int, past: Past, listing: Listing) -> Candle:
        """The candle of that moment, opened at the last close when it is new."""
        open_ms = open_time_ms(self.interval, at_ms)
        if self.candles and self.candles[-1].open_ms >= open_ms:
            return self.candles[-1]
        if self.candles:
            price = self.candles[-1].close
            candle = Candle(open_ms, open_ms + self.length_ms - 1, price, price, price, price)
        else:
            candle = past.candle(open_ms, open_ms + self.length_ms - 1, listing)
        self.candles.append(candle)
        return candle


class Statistics:
    """Candles of every interval somebody asked for, and the last 24 hours."""

    def __init__(self, seed: str, listing: Listing, start_ms: int, ticks: float) -> None:
        self.listing = listing
        self.past = Past(seed, start_ms, ticks)
        self.start_ms = start_ms
        self._minutes = Series("1m")
        self._series = {"1m": self._minutes}
        self._minutes.at(start_ms, self.past, listing)
        self.last_tick = self._minutes.candles[-1].close
        self.last_lots = 1

    def add(self, trades: Iterable[Trade]) -> None:
        """Count trades in every series kept."""
        for trade in trades:
            quote = self.listing.quote_value(trade.tick, trade.lots)
            self.last_tick, self.last_lots = trade.tick, trade.lots
            for series in self._series.values():
                series.at(trade.at_ms, self.past, self.listing).add(trade, quote)

    def current(self, interval: str, now_ms: int) -> Candle:
        """The open candle of an interval; the interval is followed from now on."""
        series = self._series.get(interval)
        if series is None:
            series = self._series[interval] = Series(interval)
            first = series.at(now_ms, self.past, self.listing)
            self._fill(first)
        return series.at(now_ms, self.past, self.listing)

    def kept(self, interval: str, open_ms: int) -> Candle | None:
        """The live candle that opened at that time, if it is among the last two."""
        newest_first = reversed(self._series[interval].candles)
        last_two = islice(newest_first, 2)
        return next((candle for candle in last_two if candle.open_ms == open_ms), None)

    def _fill(self, candle: Candle) -> None:
        """Give a series that begins late what its first candle already holds in minutes."""
        if candle.open_ms >= self.start_ms:
            candle.open = candle.high = candle.low = candle.close = self.last_tick
        for minute in self._minutes.candles:
            if candle.open_ms <= minute.open_ms and minute.close_ms <= candle.close_ms:
                candle.high = max(candle.high, minute.high)
                candle.low = min(candle.low, minute.low)
                candle.close = minute.close

    def recent(self, interval: str, now_ms: int, count: int, end_ms: int) -> list[Candle]:
        """The last `count` candles that opened at or before `end_ms`, oldest first."""
        current = self.current(interval, now_ms)
        length_ms = INTERVALS_MS[interval]
        live = {candle.open_ms: candle for candle in self._series[interval].candles}
        newest_ms = open_time_ms(interval, min(end_ms, current.open_ms))
        wanted = range(newest_ms - (count - 1) * length_ms, newest_ms + 1, length_ms)
        return [
            live.get(open_ms) or self.past.candle(open_ms, open_ms + length_ms - 1, self.listing)
            for open_ms in wanted
        ]

    def day(self, now_ms: int) -> Candle:
        """The last 24 hours as one candle."""
        open_ms = now_ms - DAY_MS
        day = self.past.candle(open_ms, now_ms, self.listing)
        for minute in self._minutes.candles:
            if minute.open_ms >= open_ms:
                day.high = max(day.high, minute.high)
                day.low = min(day.low, minute.low)
                day.lots += minute.lots
                day.quote += minute.quote
                day.trades += minute.trades
                day.last_trade_id = max(day.last_trade_id, minute.last_trade_id)
        day.close = self.last_tick
        return day
