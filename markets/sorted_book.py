"""The dict + bisect book: any price, no tick needed; the ladder's twin.

Each side keeps amounts by key and a sorted list of keys; the key is the price, negated for asks,
so that the best level is always last and changes near it move few entries.  Costs about
0.5 us a level (0.15 on the ladder), hence only used where a ladder does not fit.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from itertools import islice
from math import inf, isfinite

from messages.market import Level, Levels


class _Side:
    """One side: `sign` is 1 for bids and -1 for asks, which makes the greatest key the best."""

    __slots__ = ("amounts", "keys", "sign")

    def __init__(self, sign: float) -> None:
        self.sign = sign
        self.amounts: dict[float, float] = {}
        self.keys: list[float] = []

    def clear(self) -> None:
        self.amounts.clear()
        self.keys.clear()

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
        for key in islice(self.keys, excess):
            del self.amounts[key]
        del self.keys[:excess]
        return excess

    def best(self) -> Level | None:
        if not self.keys:
            return None
        key = self.keys[-1]
        return key * self.sign, self.amounts[key]

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

    __slots__ = ("_asks", "_bids", "dropped_levels", "max_levels")

    def __init__(self, max_levels: int | None = None) -> None:
        if max_levels is not None and max_levels < 1:
            raise ValueError(f"max_levels is {max_levels}, expected at least 1")
        self.max_levels = max_levels
        self.dropped_levels = 0
        self._bids = _Side(1.0)
        self._asks = _Side(-1.0)

    def reset(self, bids: Levels, asks: Levels) -> None:
        """Replace the whole book by a snapshot."""
        self._bids.load(bids)
        self._asks.load(asks)
        self._trim()

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set levels to absolute amounts; 0 deletes."""
        self._bids.apply(bids)
        self._asks.apply(asks)
        self._trim()

    def _trim(self) -> None:
        if self.max_levels is not None:
            self.dropped_levels += self._bids.trim(self.max_levels)
            self.dropped_levels += self._asks.trim(self.max_levels)

    def clear(self) -> None:
        """Forget every level; counters stay."""
        self._bids.clear()
        self._asks.clear()

    def best_bid(self) -> Level | None:
        """The highest bid as (price, amount)."""
        return self._bids.best()

    def best_ask(self) -> Level | None:
        """The lowest ask as (price, amount)."""
        return self._asks.best()

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        bids, asks = self._bids.keys, self._asks.keys
        return bool(bids) and bool(asks) and bids[-1] >= -asks[-1]

    def top(self, count: int) -> tuple[Levels, Levels]:
        """The best `count` levels of bids and asks, best first."""
        return self._bids.top(count), self._asks.top(count)

    def levels(self) -> tuple[int, int]:
        """How many levels bids and asks have."""
        return len(self._bids.keys), len(self._asks.keys)

    def all_levels(self) -> tuple[Levels, Levels]:
        """Every level of bids and asks, best first."""
        return self.top(max(self.levels()))
