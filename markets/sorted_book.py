"""The dict + bisect book: any price, no tick needed; the ladder's twin.

Each side keeps amounts by key and a sorted list of keys; the key is the price, negated for asks,
so that the best level is always last and changes near it move few entries.  Costs about
0.5 us a level (0.15 on the ladder), hence only used where a ladder does not fit.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from math import inf, isfinite

from messages.market import Best, Levels


class _Side:
    """One side: `sign` is 1 for bids and -1 for asks, which makes the greatest key the best."""

    __slots__ = ("amounts", "dropped_key", "keys", "sign")

    def __init__(self, sign: float) -> None:
        self.sign = sign
        self.amounts: dict[float, float] = {}
        self.keys: list[float] = []
        self.dropped_key = -inf

    def clear(self) -> None:
        self.amounts.clear()
        self.keys.clear()
        self.dropped_key = -inf

    def apply(self, levels: Levels) -> None:
        sign, amounts, keys = self.sign, self.amounts, self.keys
        for price, amount in levels:
            key = price * sign
            if amount > 0.0:
                if key not in amounts:
                    if not 0.0 < price < inf:
                        raise ValueError(f"{price!r} is not a price")
                    insort(keys, key)
                amounts[key] = amount
            elif amount == 0.0:
                if amounts.pop(key, None) is not None:
                    del keys[bisect_left(keys, key)]
            else:
                raise ValueError(f"{amount!r} is not an amount")

    def load(self, levels: Levels) -> None:
        """Replace the side by a snapshot: sorted once, where every level is one."""
        sign = self.sign
        self.clear()
        amounts = {price * sign: amount for price, amount in levels if amount > 0.0}
        keys = sorted(amounts)
        plain = len(keys) == len(levels) > 0 and isfinite(sum(keys))
        if plain and keys[0] * sign > 0.0 and keys[-1] * sign > 0.0:
            self.amounts, self.keys = amounts, keys
        else:
            self.apply(levels)  # refuses what is no level, and knows which

    def trim(self, max_levels: int) -> int:
        """Drop the worst levels beyond the limit and say how many."""
        excess = len(self.keys) - max_levels
        if excess <= 0:
            return 0
        self.dropped_key = max(self.dropped_key, self.keys[excess - 1])
        for key in islice(self.keys, excess):
            del self.amounts[key]
        del self.keys[:excess]
        return excess

    @property
    def best_price(self) -> float:
        return self.keys[-1] * self.sign if self.keys else 0.0

    def top(self, count: int) -> Levels:
        sign, amounts = self.sign, self.amounts
        return tuple([(key * sign, amounts[key]) for key in islice(reversed(self.keys), count)])


class SortedBook:
    """An order book over sorted price keys; see `markets.depth.OrderBook` for each method.

    Args:
        max_levels: how many levels a side to keep (at least 1), None for all; the farthest go.

    Raises:
        ValueError: the limit is below 1.
    """

    __slots__ = ("asks", "bids", "dropped_levels", "max_levels")

    def __init__(self, max_levels: int | None = None) -> None:
        if max_levels is not None and max_levels < 1:
            raise ValueError(f"max_levels is {max_levels}, expected at least 1")
        self.max_levels = max_levels
        self.dropped_levels = 0
        self.bids = _Side(1.0)
        self.asks = _Side(-1.0)

    def reset(self, bids: Levels, asks: Levels) -> None:
        """Replace the whole book by a snapshot."""
        self.bids.load(bids)
        self.asks.load(asks)
        self._trim()

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set levels to absolute amounts; 0 deletes."""
        self.bids.apply(bids)
        self.asks.apply(asks)
        self._trim()

    def _trim(self) -> None:
        if self.max_levels is not None:
            self.dropped_levels += self.bids.trim(self.max_levels)
            self.dropped_levels += self.asks.trim(self.max_levels)

    @property
    def dropped_prices(self) -> tuple[float, float]:
        """The best bid and ask dropped since the last snapshot; infinite where none was."""
        return self.bids.dropped_key, -self.asks.dropped_key

    def note_dropped(self, bid: float, ask: float) -> None:
        """Take over what the twin had dropped before this book took its place."""
        self.bids.dropped_key = max(self.bids.dropped_key, bid)
        self.asks.dropped_key = max(self.asks.dropped_key, -ask)

    def clear(self) -> None:
        """Forget every level; counters stay."""
        self.bids.clear()
        self.asks.clear()

    def best(self) -> Best:
        """The best level of both sides; zeros for an empty one."""
        bids, asks = self.bids, self.asks
        bid, ask = bids.best_price, asks.best_price
        return bid, bids.amounts.get(bid, 0.0), ask, asks.amounts.get(-ask, 0.0)

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        return self.bids.best_price >= self.asks.best_price > 0.0

    def top(self, count: int) -> tuple[Levels, Levels]:
        """The best `count` levels of bids and asks, best first."""
        return self.bids.top(count), self.asks.top(count)

    def levels(self) -> tuple[int, int]:
        """How many levels bids and asks have."""
        return len(self.bids.keys), len(self.asks.keys)

    def all_levels(self) -> tuple[Levels, Levels]:
        """Every level of bids and asks, best first."""
        return self.top(max(self.levels()))
