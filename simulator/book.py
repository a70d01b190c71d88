"""One venue's order book: integer ticks, numbered changes, differences per stream speed.

A side keeps its prices as *keys*: the tick for bids, the negated tick for asks, so that the
best level always has the largest key and both sides share one code.
"""

from __future__ import annotations

import random
from bisect import bisect_left, insort
from collections import deque
from typing import NamedTuple

USUAL_LEVELS_SHARE = 0.9
"""A side with fewer levels than this share of its most is refilled."""
REFILL_SHARE = 4
"""One step brings back a quarter of what misses, so that a jump heals within half a second."""
PROFILE_SHARE = 3.0
"""Returning levels lie at exponential distances, on average a third of the book's reach."""
FREE_PRICE_TRIES = 8
"""How far below a taken price a returning level looks for a free one."""
ORDER_QUOTE_VALUES = (4.6, 2.1)
"""Mean and deviation of the logarithm of an order's size in units of 10 quote currency."""
FAR_SHARE = 0.02
"""Share of changes anywhere in the book instead of near its top."""
NEAR_LEVELS = 5.0
"""Mean distance from the top, in levels, of an ordinary change."""
TRADES_KEPT = 1000
"""The most recent trades REST can ask for."""


class Side:
    """The levels of one side: `keys` ascending, best last; `lots` by key."""

    __slots__ = ("keys", "lots", "sign")

    def __init__(self, sign: int) -> None:
        self.sign = sign
        self.keys: list[int] = []
        self.lots: dict[int, int] = {}

    def best(self) -> tuple[int, int]:
        """The best level as (tick, lots)."""
        key = self.keys[-1]
        return key * self.sign, self.lots[key]

    def top(self, count: int) -> list[tuple[int, int]]:
        """The best levels, best first, as (tick, lots)."""
        sign, lots = self.sign, self.lots
        return [(key * sign, lots[key]) for key in reversed(self.keys[-count:])]


class Trade(NamedTuple):
    """One trade of the simulated market; `taker_sold` is Binance's `m`."""

    trade_id: int
    aggregate_id: int
    tick: int
    lots: int
    at_ms: int
    taker_sold: bool


class BookState(NamedTuple):
    """A frozen book: what a snapshot shows."""

    last_id: int
    at_ms: int
    bids: list[tuple[int, int]]
    asks: list[tuple[int, int]]


class Undo(NamedTuple):
    """How to take one change back: when it happened, the id before it, the level before it."""

    at_ms: int
    last_id: int
    sign: int
    key: int
    lots: int


class Diff:
    """What changed since this stream's last event."""

    __slots__ = ("asks", "bids", "first_id", "previous_id")

    def __init__(self, previous_id: int) -> None:
        self.previous_id = previous_id
        self.first_id = 0
        self.bids: dict[int, int] = {}
        self.asks: dict[int, int] = {}

    def restart(self, last_id: int) -> None:
        """Begin the next event after the one that ended with `last_id`."""
        self.previous_id = last_id
        self.first_id = 0
        self.bids = {}
        self.asks = {}


class Engine:
    """The source of update ids.

    Spot counts every symbol's changes alone and without gaps.  Futures number all changes of
    all symbols of the venue in one sequence of which a client sees only pieces.
    """

    def __init__(self, first_id: int, largest_jump: int) -> None:
        self.last_id = first_id
        self._largest_jump = largest_jump

    def next_id(self, source: random.Random) -> int:
        """The id of the next change."""
        jump = 1 if self._largest_jump == 1 else 1 + int(source.random() * self._largest_jump)
        self.last_id += jump
        return self.last_id


class Book:
    """A living book.

    Args:
        seed: names its private random source.
        engine: where update ids come from; shared by the books of a futures venue.
        levels: about how many levels a side it holds.
        lot_value: what one lot is worth in the quote currency at the start.
        mid_ticks, half_spread_ticks: where it starts.
        spacing_ticks: mean distance between two neighbouring levels, at least one tick.
        changes: fewest and most ordinary level changes of a step.
        trade_share: how likely a step brings a taker order.
    """

    def __init__(
        self,
        *,
        seed: str,
        engine: Engine,
        levels: int,
        lot_value: float,
        mid_ticks: float,
        half_spread_ticks: float,
        spacing_ticks: float,
        changes: tuple[int, int] = (2, 6),
        trade_share: float = 0.15,
    ) -> None:
        self.random = random.Random(f"{seed}/book")
        self.engine = engine
        self.bids = Side(1)
        self.asks = Side(-1)
        self.last_id = engine.next_id(self.random)
        self.changed_ms = 0
        self.diffs: list[Diff] = []
        self.journal: deque[Undo] = deque()
        self.journal_ms = 0
        self.trades: deque[Trade] = deque(maxlen=TRADES_KEPT)
        self.last_trade_id = 1_000_000 + self.random.randrange(1_000_000)
        self.last_aggregate_id = self.last_trade_id // 2
        self._levels = levels
        self._lot_value = lot_value
        self._spacing = max(1.0, spacing_ticks)
        self._changes = changes
        self._trade_share = trade_share
        self._move_limits(mid_ticks, half_spread_ticks)
        for side, limit in ((self.bids, self._bid_limit), (self.asks, -self._ask_limit)):
            self._set(side, limit, self._some_lots())
            while len(side.keys) < levels and side.keys[0] - 1 > self._floor(side):
                self._extend(side)

    # -- reading --------------------------------------------------------------------------------

    def state(self, at_ms: int, limit: int) -> BookState:
        """Freeze the book's best `limit` levels a side."""
        return BookState(self.last_id, at_ms, self.bids.top(limit), self.asks.top(limit))

    def state_at(self, wanted_ms: int, limit: int) -> BookState:
        """Freeze the book as it was, as far back as the journal goes (see `keep_journal`)."""
        undone: dict[int, dict[int, int]] = {1: {}, -1: {}}
        last_id, at_ms = self.last_id, self.changed_ms
        for change in reversed(self.journal):
            at_ms = change.at_ms
            if change.at_ms <= wanted_ms:
                break
            undone[change.sign][change.key] = change.lots
            last_id = change.last_id
        sides = []
        for side in (self.bids, self.asks):
            if not undone[side.sign]:
                sides.append(side.top(limit))
                continue
            lots = {**side.lots, **undone[side.sign]}
            keys = sorted((key for key, some in lots.items() if some), reverse=True)[:limit]
            sides.append([(key * side.sign, lots[key]) for key in keys])
        return BookState(last_id, at_ms, *sides)

    def keep_journal(self, for_ms: int) -> None:
        """Remember changes for so long from now on; 0 forgets them all."""
        self.journal_ms = for_ms
        if not for_ms:
            self.journal.clear()

    def watch(self) -> Diff:
        """Begin to collect changes for one more stream speed."""
        diff = Diff(self.last_id)
        self.diffs.append(diff)
        return diff

    def unwatch(self, diff: Diff) -> None:
        """Stop collecting for a stream that nobody follows any more."""
        self.diffs.remove(diff)

    # -- living ---------------------------------------------------------------------------------

    def step(self, mid_ticks: float, half_spread_ticks: float, at_ms: int) -> list[Trade]:
        """Follow the mid, change some levels, perhaps trade.

        The book is never crossed: bids stay at or below one limit, asks at or above another.

        Returns:
            The trades of this step, in order.
        """
        self.changed_ms = at_ms
        while self.journal and self.journal[0].at_ms < at_ms - self.journal_ms:
            self.journal.popleft()
        self._move_limits(mid_ticks, half_spread_ticks)
        for side, limit in ((self.bids, self._bid_limit), (self.asks, -self._ask_limit)):
            self._follow(side, limit)
        source = self.random
        for _ in range(source.randint(*self._changes)):
            self._change(self.bids if source.random() < 0.5 else self.asks)
        trades = self._trade(at_ms) if source.random() < self._trade_share else []
        for side in (self.bids, self.asks):
            while len(side.keys) > self._levels:
                self._set(side, side.keys[0], 0)
        return trades

    def _move_limits(self, mid_ticks: float, half_spread_ticks: float) -> None:
        self._bid_limit = max(1, int(mid_ticks - half_spread_ticks))
        self._ask_limit = max(self._bid_limit + 1, int(mid_ticks + half_spread_ticks + 0.999999))

    def _floor(self, side: Side) -> int:
        """No key at or below this: prices stay positive, asks below twenty times the mid."""
        return 0 if side.sign > 0 else -20 * self._ask_limit

    def _follow(self, side: Side, limit: int) -> None:
        """Withdraw what lies beyond the limit, then close the distance to it."""
        keys = side.keys
        while keys and keys[-1] > limit:
            self._set(side, keys[-1], 0)
        if not keys or limit - keys[-1] > self._spacing * self.random.random():
            self._set(side, limit, self._some_lots())
        missing = int(self._levels * USUAL_LEVELS_SHARE) - len(keys)
        for _ in range(-(-missing // REFILL_SHARE)):
            self._return_level(side, limit)

    def _return_level(self, side: Side, limit: int) -> None:
        """Add one level where a book usually has some: dense near its top, thin far away."""
        reach = self._levels * self._spacing
        key = limit - 1 - int(self.random.expovariate(PROFILE_SHARE / reach))
        for tried in range(FREE_PRICE_TRIES):
            if key - tried not in side.lots and key - tried > self._floor(side):
                self._set(side, key - tried, self._some_lots())
                return

    def _extend(self, side: Side) -> None:
        """Add one level behind the last; levels grow sparser with distance."""
        depth = len(side.keys) / self._levels
        distance = 1 + int(self._spacing * (0.2 + 1.6 * depth) * self.random.random())
        self._set(side, max(self._floor(side) + 1, side.keys[0] - distance), self._some_lots())

    def _change(self, side: Side) -> None:
        """One ordinary change: a new size, a new level or a withdrawn one."""
        source, keys = self.random, side.keys
        if source.random() < FAR_SHARE:
            place = source.randrange(len(keys))
        else:
            place = min(len(keys) - 1, int(source.expovariate(1 / NEAR_LEVELS)))
        key = keys[-1 - place]
        kind = source.random()
        if kind < 0.5:
            self._set(side, key, self._some_lots())
        elif kind < 0.76:
            below = key - 1 - int(self._spacing * source.random())
            self._set(side, max(self._floor(side) + 1, below), self._some_lots())
        elif len(keys) > 2:
            self._set(side, key, 0)

    def _trade(self, at_ms: int) -> list[Trade]:
        """A taker order takes part of the best level in one to three trades."""
        source = self.random
        taker_sold = source.random() < 0.5
        side = self.bids if taker_sold else self.asks
        tick, lots = side.best()
        taken = min(lots, max(1, int(lots * source.random() * 0.6)))
        if taken == lots and len(side.keys) < 3:
            return []
        self.last_aggregate_id += 1
        trades = []
        left = taken
        for part in range(source.randint(1, 3), 0, -1):
            piece = left if part == 1 else left // part
            if piece:
                self.last_trade_id += 1
                left -= piece
                trades.append(
                    Trade(
                        self.last_trade_id, self.last_aggregate_id, tick, piece, at_ms, taker_sold
                    )
                )
        self._set(side, tick * side.sign, lots - taken)
        self.trades.extend(trades)
        return trades

    def _some_lots(self) -> int:
        """The size of an order: a few hundred to many thousand quote units, log-normal."""
        value = 10.0 * self.random.lognormvariate(*ORDER_QUOTE_VALUES)
        return max(1, int(value / self._lot_value))

    def _set(self, side: Side, key: int, lots: int) -> None:
        """Change one level, number the change and note it for every stream."""
        old = side.lots.get(key, 0)
        if lots == old:
            return
        if lots == 0:
            del side.lots[key]
            keys = side.keys
            if keys[-1] == key:
                keys.pop()
            else:
                del keys[bisect_left(keys, key)]
        else:
            if old == 0:
                insort(side.keys, key)
            side.lots[key] = lots
        if self.journal_ms:
            self.journal.append(Undo(self.changed_ms, self.last_id, side.sign, key, old))
        self.last_id = self.engine.next_id(self.random)
        bids = side.sign > 0
        for diff in self.diffs:
            if diff.first_id == 0:
                diff.first_id = self.last_id
            if bids:
                diff.bids[key] = lots
            else:
                diff.asks[-key] = lots
