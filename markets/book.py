"""The order book: two dicts of amounts by price, and the nearest prices in order.

A change is one store into a dict, and a compare that tells whether it touches the top.  Order is
needed only when the best level goes and when levels are read; so each side sorts its nearest
prices only, and takes in new ones when they are needed: a dict keeps its keys in the order of
their arrival, hence the last ones are the new ones.  A deleted level stays as an amount of 0 until
its side is put in order again: most of them come back.

Prices are compared as floats, which are the same exactly when the venue's decimal strings are the
same number; nothing is rounded to a grid, so no tick is needed.  What the pieces cost, and which
other books were measured, stands in docs/decisions/0010-dict-book.md.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterable
from itertools import islice
from math import inf, isfinite
from typing import NoReturn

from messages.market import Best, Level, Levels

TRIM_SLACK_LEVELS = 256
"""How many levels a side may exceed `max_levels` between two trims, which cost 0.2 ms each."""

NEAR_PRICES = 256
"""Prices kept in order after a side was put in order; others are only in its dict."""

MOST_NEAR_PRICES = 3 * NEAR_PRICES
"""So many in order, and the farther ones are left out of it again."""

SPARE_PRICES = 64
"""Deleted prices that a side without a limit may hold, as many as there are levels and these."""

_FEW = 8
"""New prices that are put in their places one by one; sorting pays for more."""

_PASSED = 8
"""Deleted prices that a reader of the best levels expects among them."""


class Side:
    """One side of a book; `sign` is 1 for bids and -1 for asks.

    `best_price` is the price of the best level, 0 where the side is empty.  `prices` ascend:
    of the first `known` prices of the dict every one nearer than `horizon` is among them, deleted
    ones included; the others are new.  `room` is how many prices make a side put itself in order.
    """

    __slots__ = (
        "amounts", "best_price", "dropped", "dropped_price", "horizon", "known", "max_levels",
        "prices", "room", "sign", "slack",
    )  # fmt: skip

    def __init__(self, sign: int, max_levels: int | None, slack: int) -> None:
        self.sign = sign
        self.max_levels = max_levels
        self.slack = slack
        self.dropped = 0
        self.clear()

    def clear(self) -> None:
        """Forget every level; counters stay."""
        self.amounts: dict[float, float] = {}
        self.dropped_price = -inf * self.sign
        """The best price dropped since the last snapshot; infinitely far where none was."""
        self.order()

    def load(self, levels: Levels) -> None:
        """Replace the side by a snapshot."""
        self.dropped_price = -inf * self.sign
        self.amounts = amounts = dict(levels)
        if amounts and not (
            min(amounts) > 0.0
            and min(amounts.values()) >= 0.0
            and isfinite(sum(amounts) + sum(amounts.values()))
        ):
            # Something is no level, or the numbers are so great that their sum is none.
            for price, amount in amounts.items():
                if not (0.0 < price < inf and amount >= 0.0):
                    self.refuse(price)
        self.order()

    def live(self, prices: Iterable[float]) -> list[Level]:
        """The levels at these prices.

        Raises:
            ValueError: one of them is no level; whatever is none is forgotten.
        """
        amounts = self.amounts
        return [
            (price, amount)
            for price in prices
            if (amount := amounts[price]) > 0.0 or (amount != 0.0 and self.refuse(price))
        ]

    def order(self) -> None:
        """Forget deleted levels, drop the worst beyond the limit, sort the nearest prices."""
        amounts, sign, limit = self.amounts, self.sign, self.max_levels
        if not all(amounts.values()):
            for price in [price for price, amount in amounts.items() if not amount]:
                del amounts[price]
        prices = sorted(amounts, reverse=sign < 0)
        if limit is not None and len(prices) > limit:
            worst = prices[:-limit]
            for price in worst:
                del amounts[price]
            self.dropped += len(worst)
            self.dropped_price = sign * max(sign * self.dropped_price, sign * worst[-1])
            del prices[:-limit]
        self.room = 2 * len(prices) + SPARE_PRICES if limit is None else limit + self.slack
        self.known = len(prices)
        self.best_price = prices[-1] if prices else 0.0
        self.horizon = prices[-NEAR_PRICES] if len(prices) > NEAR_PRICES else -inf * sign
        self.prices = prices[-NEAR_PRICES:] if sign > 0 else prices[: -NEAR_PRICES - 1 : -1]

    def settle(self) -> None:
        """Take in what is new.

        Raises:
            ValueError: something new is no level; it is forgotten, every other level is right.
        """
        amounts, prices, sign, horizon = self.amounts, self.prices, self.sign, self.horizon
        near = []
        for price, amount in list(islice(reversed(amounts.items()), len(amounts) - self.known)):
            if not (0.0 < price < inf and amount >= 0.0):
                self.refuse(price)
            if not amount:
                del amounts[price]
            elif (price - horizon) * sign > 0.0:
                near.append(price)
        if len(near) > _FEW:
            prices += near
            prices.sort()
        else:
            for price in near:
                insort(prices, price)
        self.known = len(amounts)
        if self.known > self.room:
            self.order()
        elif len(prices) > MOST_NEAR_PRICES:
            del prices[slice(-NEAR_PRICES) if sign > 0 else slice(NEAR_PRICES, None)]
            self.horizon = prices[0 if sign > 0 else -1]

    def refuse(self, price: float) -> NoReturn:
        """Say what is no level, and put what is one in order."""
        amount = self.amounts[price]
        levels = self.amounts.items()
        self.amounts = {each: held for each, held in levels if 0.0 < each < inf and held >= 0.0}
        self.order()
        if 0.0 < price < inf:
            raise ValueError(f"{amount!r} is not an amount")
        raise ValueError(f"{price!r} is not a price")

    def next_best(self) -> None:
        """Find the best level after the best one was deleted."""
        best = self.best_price
        if len(self.amounts) != self.known:
            self.settle()
        amounts, prices, sign = self.amounts, self.prices, self.sign
        at = bisect_right(prices, best) - 1 if sign > 0 else bisect_left(prices, best)
        try:
            while not (amount := amounts[prices[at]]):
                at -= sign
            self.best_price = prices[at]
            if not amount > 0.0:
                self.refuse(prices[at])
        except IndexError:
            self.order()  # whatever is left lies behind the horizon

    def count(self) -> int:
        """How many levels there are."""
        self.settle()
        return len(self.amounts) - list(self.amounts.values()).count(0.0)

    def top(self, count: int) -> Levels:
        """The best levels, best first."""
        if len(self.amounts) != self.known:
            self.settle()
        prices, rising = self.prices, self.sign > 0
        best, found, missing = self.best_price, list[Level](), count
        at = bisect_right(prices, best) if rising else bisect_left(prices, best)
        while missing > 0:
            reach = missing + missing // 2 + _PASSED
            near = prices[max(at - reach, 0) : max(at, 0)] if rising else prices[at : at + reach]
            if not near:
                break
            if rising:
                near.reverse()
            found += self.live(near)
            at, missing = at - self.sign * reach, count - len(found)
        if missing > 0 and self.horizon not in (inf, -inf):
            if count <= NEAR_PRICES:
                self.order()  # deleted prices have filled what is kept in order
                return self.top(count)
            found = sorted(self.live(self.amounts), reverse=rising)
        return tuple(found[:count])


class OrderBook:
    """The two sides of one symbol's book, as absolute amounts by price.

    Prices and amounts are positive finite floats parsed from decimal strings; the codecs refuse
    everything else before it gets here.  A book refuses it too, at the latest before it shows it.

    Args:
        max_levels: how many levels a side to keep (at least 1), None for all; the farthest go.
        slack: how many levels a side may exceed that once it is settled, at least 0.

    Raises:
        ValueError: the limit is below 1.
    """

    __slots__ = ("asks", "bids")

    def __init__(self, max_levels: int | None = None, slack: int = TRIM_SLACK_LEVELS) -> None:
        if max_levels is not None and max_levels < 1:
            raise ValueError(f"max_levels is {max_levels}, expected at least 1")
        self.bids = Side(1, max_levels, slack)
        self.asks = Side(-1, max_levels, slack)

    def reset(self, bids: Levels, asks: Levels) -> None:
        """Replace the whole book by a snapshot, in any order of levels.

        Raises:
            ValueError: a price or amount is negative or not a number.
        """
        self.bids.load(bids)
        self.asks.load(asks)

    def apply(self, bids: Levels, asks: Levels) -> None:
        """Set levels to absolute amounts; 0 deletes, and deleting an unknown level is normal.

        The hot loop of the whole engine, hence flat, and written once for each side.  The owner
        must call `settle` now and then, since only reading a book makes it look at what is new.
        """
        if bids:
            side, gone = self.bids, False
            amounts, best = side.amounts, side.best_price
            for price, amount in bids:
                amounts[price] = amount
                if price >= best:
                    if amount > 0.0:
                        side.best_price = best = price
                    elif price == best:
                        gone = True
            if gone:
                side.next_best()
        if asks:
            side, gone = self.asks, False
            amounts, best = side.amounts, side.best_price or inf
            for price, amount in asks:
                amounts[price] = amount
                if price <= best:
                    if amount > 0.0:
                        side.best_price = best = price
                    elif price == best:
                        gone = True
            if gone:
                side.next_best()

    def settle(self) -> None:
        """Take in what is new and keep to the limit; reading does it too.

        Raises:
            ValueError: something new is no level; it is forgotten, every other level is right.
        """
        self.bids.settle()
        self.asks.settle()

    def clear(self) -> None:
        """Forget every level; counters stay."""
        self.bids.clear()
        self.asks.clear()

    def best(self) -> Best:
        """The best level of both sides; zeros for an empty one."""
        bids, asks = self.bids, self.asks
        bid, ask = bids.best_price, asks.best_price
        return (
            bid, bids.amounts[bid] if bid else 0.0, ask, asks.amounts[ask] if ask else 0.0,
        )  # fmt: skip

    @property
    def crossed(self) -> bool:
        """Whether the best bid is at or above the best ask."""
        return self.bids.best_price >= self.asks.best_price > 0.0

    @property
    def max_levels(self) -> int | None:
        """How many levels a side are kept, None for all."""
        return self.bids.max_levels

    @property
    def dropped_levels(self) -> int:
        """How many levels the limit cost so far."""
        return self.bids.dropped + self.asks.dropped

    @property
    def dropped_prices(self) -> tuple[float, float]:
        """The best bid and ask dropped since the last snapshot; infinite where none was."""
        return self.bids.dropped_price, self.asks.dropped_price

    def top(self, count: int) -> tuple[Levels, Levels]:
        """The best `count` levels of bids and asks, best first."""
        return self.bids.top(count), self.asks.top(count)

    def levels(self) -> tuple[int, int]:
        """How many levels bids and asks have: at most `max_levels` and the slack more."""
        return self.bids.count(), self.asks.count()

    def all_levels(self) -> tuple[Levels, Levels]:
        """Every level of bids and asks, best first."""
        return self.top(max(self.levels()))
