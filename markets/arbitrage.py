"""Edges of two books: what buying on one and selling on the other would earn.

Gross is what the prices say, `(bid / ask - 1) * 10_000` basis points; net takes the taker fee of
both legs off, in the quote currency: a unit bought costs `ask * (1 + fee)`, a unit sold brings
`bid * (1 - fee)`.  Both books are walked from their best levels; the size is the largest for
which the last unit still earns more than the threshold.

Amounts of levels are in the venue's own unit.  Spot amounts are in the base asset; a linear
contract is `contract_size` of the base asset; an inverse one is `contract_size` of the quote
currency, so its base amount depends on the price of the level.
"""

from __future__ import annotations

import enum
from decimal import Decimal
from fractions import Fraction
from math import floor, inf, lcm

from msgspec import Struct

from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import Levels

BPS = 10_000.0
"""Basis points in one."""

ROUNDING_BPS = 1e-9
"""An edge must pass its threshold by this much, so that float rounding opens nothing."""

_LOT_SLACK = 1e-9
"""Share by which a sum of floats may fall short of a whole number of lots, or of a minimum."""


class NoEdge(enum.Enum):
    """Why two books offer nothing to trade."""

    ONE_SIDED = "one side has no quote"
    BELOW_THRESHOLD = "the best prices do not pay"
    BELOW_LOT = "less than one lot of both venues pays"
    BELOW_MINIMUM = "less than a venue's minimum amount pays"
    BELOW_NOTIONAL = "less than a venue's minimum notional pays"


class Leg(Struct, frozen=True):
    """What one venue demands of an order; amounts in its own unit, the fee as a fraction.

    `lot` None means any amount; `max_amount` None means no limit.
    """

    kind: ContractKind = ContractKind.SPOT
    taker_fee: float = 0.0
    contract_size: Decimal = Decimal(1)
    lot: Decimal | None = None
    min_amount: Decimal = Decimal(0)
    max_amount: Decimal | None = None
    min_notional: Decimal = Decimal(0)

    @property
    def inverse(self) -> bool:
        """Whether a contract is worth an amount of the quote currency."""
        return self.kind is ContractKind.INVERSE

    def base_amount(self, amount: float, price: float) -> float:
        """Convert an amount in the venue's unit at a price to the base asset."""
        if self.kind is ContractKind.SPOT:
            return amount
        worth = amount * float(self.contract_size)
        return worth / price if self.inverse else worth


def leg_of(info: SymbolInfo, taker_fee: float, *, filters: bool = True) -> Leg:
    """Read a leg off symbol info.

    Args:
        info: the symbol's static facts.
        taker_fee: the fee to reckon with, as a fraction.
        filters: False leaves lot, minima and maximum out (pure price statistics).

    Returns:
        The leg.
    """
    if not filters:
        return Leg(kind=info.kind, taker_fee=taker_fee, contract_size=info.contract_size)
    return Leg(
        kind=info.kind,
        taker_fee=taker_fee,
        contract_size=info.contract_size,
        lot=info.lot,
        min_amount=info.min_amount,
        max_amount=info.max_amount,
        min_notional=info.min_notional,
    )


class Edge(Struct, frozen=True, gc=False):
    """What two books offer.

    `gross_bps` compares the best prices; `best_net_bps` takes both fees off; `net_bps` is the
    same over the whole amount at average prices.  `amount` is in the base asset, `buy_amount` and
    `sell_amount` in each venue's unit.  Limits are the worst prices the walk needed.
    """

    gross_bps: float
    best_net_bps: float
    net_bps: float
    amount: float
    buy_amount: float
    sell_amount: float
    buy_average: float
    sell_average: float
    buy_limit: float
    sell_limit: float


def gross_bps(bid: float, ask: float) -> float:
    """The gross edge of selling at a bid what was bought at an ask, in basis points."""
    return (bid / ask - 1.0) * BPS


class Crossing:
    """One ordered pair of legs: evaluates their books against each other.

    Args:
        buy: the leg that buys, on its venue's asks.
        sell: the leg that sells, on the other venue's bids.
        threshold_bps: the net edge that every unit must exceed.

    Raises:
        ValueError: a fee is not in [0, 1), or a lot or contract size is not positive.
    """

    def __init__(self, buy: Leg, sell: Leg, threshold_bps: float = 0.0) -> None:
        for leg in (buy, sell):
            if not 0.0 <= leg.taker_fee < 1.0:
                raise ValueError(f"taker fee {leg.taker_fee} is not in [0, 1)")
            if leg.contract_size <= 0 or (leg.lot is not None and leg.lot <= 0):
                raise ValueError("a lot or a contract size is not positive")
        self.buy, self.sell, self.threshold_bps = buy, sell, threshold_bps
        self._cost = 1.0 + buy.taker_fee
        self._yield = 1.0 - sell.taker_fee
        self._bar_bps = threshold_bps + ROUNDING_BPS
        self._lot = _common_lot(buy, sell)

    def net_bps(self, bid: float, ask: float) -> float:
        """The net edge of one unit at these prices, in basis points."""
        return gross_bps(bid * self._yield, ask * self._cost)

    def pays(self, bid: float, ask: float) -> bool:
        """Whether one unit at these prices earns more than the threshold."""
        return gross_bps(bid * self._yield, ask * self._cost) > self._bar_bps

    def evaluate(self, bids: Levels, asks: Levels, cap: float = inf) -> Edge | NoEdge:
        """Find the largest amount that pays.

        Args:
            bids: the selling venue's bids, best first, in its own unit.
            asks: the buying venue's asks, best first, in its own unit.
            cap: greatest amount in the base asset (balances, risk limits).

        Returns:
            The edge, or why there is none.
        """
        if not bids or not asks:
            return NoEdge.ONE_SIDED
        if not self.pays(bids[0][0], asks[0][0]):
            return NoEdge.BELOW_THRESHOLD
        bids_base = tuple([(price, self.sell.base_amount(n, price)) for price, n in bids])
        asks_base = tuple([(price, self.buy.base_amount(n, price)) for price, n in asks])
        amount = min(cap, _cap(self.buy, asks), _cap(self.sell, bids))
        amount = self._whole(bids_base, asks_base, min(amount, self._walk(bids_base, asks_base)))
        return self._judge(bids_base, asks_base, amount)

    def _whole(self, bids: Levels, asks: Levels, amount: float) -> float:
        """Round a base amount down to what both venues can trade."""
        for leg, levels in ((self.buy, asks), (self.sell, bids)):
            if leg.inverse and leg.lot is not None:
                amount = min(amount, _whole_contracts(leg, levels, amount)[1])
        return amount if self._lot is None else _floor_to(amount, self._lot)

    def _walk(self, bids: Levels, asks: Levels) -> float:
        """The amount up to which every unit pays, lots left aside."""
        amount = 0.0
        rest_bids, rest_asks = iter(bids), iter(asks)
        bid, bid_amount = next(rest_bids)
        ask, ask_amount = next(rest_asks)
        while self.pays(bid, ask):
            step = min(bid_amount, ask_amount)
            amount += step
            # Every turn uses up a level, whatever the amounts are: the walk always ends.
            bid_left, ask_left = bid_amount > step, ask_amount > step
            bid_amount, ask_amount = bid_amount - step, ask_amount - step
            if not bid_left:
                bid, bid_amount = next(rest_bids, (0.0, 0.0))
            if not ask_left:
                ask, ask_amount = next(rest_asks, (inf, 0.0))
        return amount

    def _judge(self, bids: Levels, asks: Levels, amount: float) -> Edge | NoEdge:
        buy_amount = _order_amount(self.buy, asks, amount)
        sell_amount = _order_amount(self.sell, bids, amount)
        if amount <= 0.0 or buy_amount <= 0.0 or sell_amount <= 0.0:
            return NoEdge.BELOW_LOT
        orders = ((self.buy, buy_amount), (self.sell, sell_amount))
        if not all(_meets(order, leg.min_amount) for leg, order in orders):
            return NoEdge.BELOW_MINIMUM
        buy_average, buy_limit = fill_price(asks, amount)
        sell_average, sell_limit = fill_price(bids, amount)
        worth = ((self.buy, amount * buy_average), (self.sell, amount * sell_average))
        if not all(_meets(notional, leg.min_notional) for leg, notional in worth):
            return NoEdge.BELOW_NOTIONAL
        return Edge(
            gross_bps=gross_bps(bids[0][0], asks[0][0]),
            best_net_bps=self.net_bps(bids[0][0], asks[0][0]),
            net_bps=self.net_bps(sell_average, buy_average),
            amount=amount,
            buy_amount=buy_amount,
            sell_amount=sell_amount,
            buy_average=buy_average,
            sell_average=sell_average,
            buy_limit=buy_limit,
            sell_limit=sell_limit,
        )


def fill_price(levels: Levels, amount: float) -> tuple[float, float]:
    """Walk levels for an amount.

    Args:
        levels: (price, amount) best first, in the unit of `amount`.
        amount: what to fill, above 0.

    Returns:
        The average price over what the levels hold of it, and the worst price touched.

    Raises:
        ValueError: no levels, or an amount that is not positive.
    """
    if not levels or not amount > 0.0:
        raise ValueError("nothing to fill")
    if amount <= levels[0][1]:
        return levels[0][0], levels[0][0]
    rest, paid, worst = amount, 0.0, levels[0][0]
    for price, available in levels:
        step = min(rest, available)
        paid += step * price
        rest -= step
        worst = price
        # What is left of a sum of floats is dust, not an order for the next level.
        if rest <= amount * _LOT_SLACK:
            break
    return paid / (amount - rest), worst


def _meets(found: float, minimum: Decimal) -> bool:
    """Whether a float reaches a minimum, rounding aside."""
    return found >= float(minimum) * (1.0 - _LOT_SLACK)


def _common_lot(buy: Leg, sell: Leg) -> Fraction | None:
    """The smallest base amount that is whole lots on both legs; inverse lots follow the price."""
    lots = [
        Fraction(leg.lot) * (Fraction(leg.contract_size) if leg.kind is ContractKind.LINEAR else 1)
        for leg in (buy, sell)
        if leg.lot is not None and not leg.inverse
    ]
    if not lots:
        return None
    denominator = lcm(*(lot.denominator for lot in lots))
    return Fraction(lcm(*(int(lot * denominator) for lot in lots)), denominator)


def _floor_to(amount: float, lot: Fraction) -> float:
    """Round down to whole lots; the result is the float of the exact decimal."""
    if amount == inf:
        return inf
    lots = floor(amount / float(lot) + _LOT_SLACK)
    return lots * lot.numerator / lot.denominator


def _cap(leg: Leg, levels: Levels) -> float:
    """The greatest base amount of one order on this leg."""
    if leg.max_amount is None:
        return inf
    # Contracts of quote currency hold the least of the base asset at the highest price.
    return leg.base_amount(float(leg.max_amount), max(levels[0][0], levels[-1][0]))


def _order_amount(leg: Leg, levels: Levels, amount: float) -> float:
    """Convert a base amount to the leg's own unit, in whole lots of it."""
    if leg.kind is ContractKind.SPOT or not amount > 0.0:
        return amount
    if leg.inverse:
        return _whole_contracts(leg, levels, amount)[0]
    order = amount / float(leg.contract_size)
    return order if leg.lot is None else _floor_to(order, Fraction(leg.lot))


def _whole_contracts(leg: Leg, levels: Levels, amount: float) -> tuple[float, float]:
    """How many whole lots of inverse contracts a base amount is, and the base amount of those."""
    if not amount > 0.0:
        return 0.0, 0.0
    average, _ = fill_price(levels, amount)
    size = float(leg.contract_size)
    order = amount * average / size
    if leg.lot is not None:
        order = _floor_to(order, Fraction(leg.lot))
    return order, order * size / average
