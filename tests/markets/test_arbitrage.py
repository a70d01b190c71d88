"""Edges of two books against an exact brute force in fractions."""

from __future__ import annotations

from decimal import Decimal
from fractions import Fraction
from math import inf, nan

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from markets.arbitrage import (
    Crossing,
    Edge,
    Leg,
    NoEdge,
    fill_price,
    gross_bps,
    leg_of,
)
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import Levels


def exact(number: float) -> Fraction:
    """The decimal number a float was parsed from."""
    return Fraction(Decimal(repr(number)))


def edge_of(result: Edge | NoEdge) -> Edge:
    """The edge, where there must be one."""
    assert isinstance(result, Edge)
    return result


# -- brute force --------------------------------------------------------------------------------


def book_side(*, rising: bool) -> st.SearchStrategy[Levels]:
    """A few levels around 100 with a tick of 0.01 and amounts of thousandths, best first."""
    levels = st.dictionaries(st.integers(9_950, 10_050), st.integers(1, 4_000), max_size=5)
    return levels.map(
        lambda side: tuple(
            (tick / 100, units / 1_000) for tick, units in sorted(side.items(), reverse=not rising)
        )
    )


lots = st.sampled_from([None, Decimal("0.001"), Decimal("0.004"), Decimal("0.01"), Decimal("0.3")])
fees = st.sampled_from([0.0, 0.0004, 0.001])


def lot_steps(buy: Decimal | None, sell: Decimal | None) -> Fraction:
    """The smallest amount that is whole lots on both sides, found by counting up."""
    steps = [Fraction(lot) for lot in (buy, sell) if lot is not None]
    if not steps:
        return Fraction(1, 1_000)  # the drawn amounts are whole thousandths
    candidate = step = max(steps)
    while any(candidate % other for other in steps):
        candidate += step
    return candidate


def unit_by_unit(
    bids: Levels, asks: Levels, buy: Leg, sell: Leg, threshold_bps: float
) -> tuple[Fraction, Fraction, Fraction]:
    """Match thousandths one by one, cheapest with dearest, while each still pays.

    Returns the amount in whole common lots, what it costs and what it brings, fees left aside.
    """
    bought = [exact(price) for price, n in asks for _ in range(int(exact(n) * 1_000))]
    sold = [exact(price) for price, n in bids for _ in range(int(exact(n) * 1_000))]
    cost, gain = 1 + exact(buy.taker_fee), 1 - exact(sell.taker_fee)
    paying = 0
    for ask, bid in zip(bought, sold, strict=False):
        edge = (bid * gain / (ask * cost) - 1) * 10_000 - exact(threshold_bps)
        assume(edge == 0 or abs(edge) > Fraction(1, 10**6))
        if edge <= 0:
            break
        paying += 1
    step = lot_steps(buy.lot, sell.lot)
    amount = Fraction(paying, 1_000) // step * step
    units = int(amount * 1_000)
    return amount, sum(bought[:units], Fraction()) / 1_000, sum(sold[:units], Fraction()) / 1_000


@given(
    bids=book_side(rising=False),
    asks=book_side(rising=True),
    buy_lot=lots,
    sell_lot=lots,
    buy_fee=fees,
    sell_fee=fees,
    threshold_bps=st.sampled_from([0.0, 1.0, 5.0, -3.0]),
)
def test_the_size_and_prices_equal_a_brute_force(
    bids: Levels,
    asks: Levels,
    buy_lot: Decimal | None,
    sell_lot: Decimal | None,
    buy_fee: float,
    sell_fee: float,
    threshold_bps: float,
) -> None:
    """The amount is exact to the last lot; averages and edges are those of the matched units."""
    buy, sell = Leg(lot=buy_lot, taker_fee=buy_fee), Leg(lot=sell_lot, taker_fee=sell_fee)
    result = Crossing(buy, sell, threshold_bps).evaluate(bids, asks)
    amount, paid, earned = unit_by_unit(bids, asks, buy, sell, threshold_bps)
    if amount == 0:
        assert result is not NoEdge.BELOW_NOTIONAL
        assert isinstance(result, NoEdge)
        return
    edge = edge_of(result)
    if buy_lot is None and sell_lot is None:
        assert edge.amount == pytest.approx(float(amount), rel=1e-12)
    else:
        assert exact(edge.amount) == amount
    assert (edge.buy_amount, edge.sell_amount) == (edge.amount, edge.amount)
    assert edge.buy_average == pytest.approx(float(paid / amount), rel=1e-12)
    assert edge.sell_average == pytest.approx(float(earned / amount), rel=1e-12)
    net = earned * (1 - exact(sell_fee)) / (paid * (1 + exact(buy_fee))) - 1
    assert edge.net_bps == pytest.approx(float(net * 10_000), abs=1e-7)
    assert edge.gross_bps == (bids[0][0] / asks[0][0] - 1) * 10_000
    assert threshold_bps < edge.net_bps <= edge.best_net_bps + 1e-9 <= edge.gross_bps + 2e-9
    assert edge.buy_limit >= edge.buy_average - 1e-9
    assert edge.sell_limit <= edge.sell_average + 1e-9


# -- reasons and limits -------------------------------------------------------------------------

BIDS: Levels = ((101.0, 1.0), (100.5, 2.0))
ASKS: Levels = ((100.0, 0.5), (100.4, 4.0))


@pytest.mark.parametrize(
    ("buy", "bids", "asks", "reason"),
    [
        (Leg(), (), ASKS, NoEdge.ONE_SIDED),
        (Leg(), BIDS, (), NoEdge.ONE_SIDED),
        (Leg(), ((100.0, 1.0),), ((100.0, 1.0),), NoEdge.BELOW_THRESHOLD),
        (Leg(taker_fee=0.02), BIDS, ASKS, NoEdge.BELOW_THRESHOLD),
        (Leg(lot=Decimal(4)), BIDS, ASKS, NoEdge.BELOW_LOT),
        (Leg(min_amount=Decimal("3.1")), BIDS, ASKS, NoEdge.BELOW_MINIMUM),
        (Leg(min_notional=Decimal(302)), BIDS, ASKS, NoEdge.BELOW_NOTIONAL),
        (Leg(), ((101.0, 0.0),), ASKS, NoEdge.BELOW_LOT),
    ],
)
def test_each_refusal_says_why(buy: Leg, bids: Levels, asks: Levels, reason: NoEdge) -> None:
    """Nothing to trade has one reason, the first that holds."""
    assert Crossing(buy, Leg()).evaluate(bids, asks) is reason


def test_minima_themselves_are_enough() -> None:
    """A minimum amount or notional that is just met is no reason to refuse."""
    buy = Leg(min_amount=Decimal(3), min_notional=Decimal(301))
    edge = edge_of(Crossing(buy, Leg(min_notional=Decimal(302))).evaluate(BIDS, ASKS))
    assert edge.amount == 3.0
    assert edge.buy_average == pytest.approx((0.5 * 100.0 + 2.5 * 100.4) / 3)
    assert edge.sell_average == pytest.approx((101.0 + 2 * 100.5) / 3)
    assert (edge.buy_limit, edge.sell_limit) == (100.4, 100.5)


def test_the_smallest_of_all_limits_bounds_the_size() -> None:
    """Cap, maximum amounts of both legs and depth: the least one counts, in whole lots."""
    crossing = Crossing(Leg(lot=Decimal("0.1"), max_amount=Decimal(2)), Leg())
    assert edge_of(crossing.evaluate(BIDS, ASKS)).amount == 2.0
    assert edge_of(crossing.evaluate(BIDS, ASKS, cap=0.77)).amount == 0.7
    assert crossing.evaluate(BIDS, ASKS, cap=0.0) is NoEdge.BELOW_LOT


def test_fees_of_both_legs_count() -> None:
    """A unit costs its ask and the fee, and brings its bid less the fee."""
    crossing = Crossing(Leg(taker_fee=0.001), Leg(taker_fee=0.002))
    assert crossing.net_bps(101.0, 100.0) == pytest.approx(
        (101 * 0.998 / (100 * 1.001) - 1) * 10_000
    )
    assert gross_bps(101.0, 100.0) == pytest.approx(100.0)


@pytest.mark.parametrize("odd", [inf, nan])
def test_the_walk_ends_whatever_the_amounts_are(odd: float) -> None:
    """Amounts no codec lets through do not keep it running."""
    levels: Levels = ((101.0, odd), (100.9, odd))
    result = Crossing(Leg(lot=Decimal("0.1")), Leg()).evaluate(levels, ((100.0, odd), (100.1, 1.0)))
    assert isinstance(result, Edge | NoEdge)


# -- contracts ----------------------------------------------------------------------------------

LINEAR = Leg(kind=ContractKind.LINEAR, contract_size=Decimal("0.01"), lot=Decimal(1))
INVERSE = Leg(kind=ContractKind.INVERSE, contract_size=Decimal(100), lot=Decimal(1))


def test_linear_contracts_are_amounts_of_the_base_asset() -> None:
    """Fifty contracts of 0.01 meet half a coin; orders come out in contracts."""
    crossing = Crossing(LINEAR, Leg(lot=Decimal("0.004")))
    edge = edge_of(crossing.evaluate(((101.0, 5.0),), ((100.0, 51.0),)))
    assert edge.amount == 0.5  # 0.02 is whole on both sides, 0.51 is there
    assert (edge.buy_amount, edge.sell_amount) == (50.0, 0.5)


def test_inverse_contracts_are_worth_their_size_over_the_price() -> None:
    """Ten contracts of 100 at 50,000 are 0.02 coins; a broken contract is not traded."""
    crossing = Crossing(INVERSE, Leg())
    edge = edge_of(crossing.evaluate(((50_500.0, 1.0),), ((50_000.0, 10.0),)))
    assert edge.amount == pytest.approx(0.02)
    assert edge.buy_amount == 10.0
    edge = edge_of(crossing.evaluate(((50_500.0, 0.0051),), ((50_000.0, 10.0),)))
    assert edge.buy_amount == 2.0
    assert edge.amount == pytest.approx(0.004)
    assert edge.sell_amount == edge.amount


def test_an_inverse_maximum_bounds_the_size() -> None:
    """The maximum is in contracts; it is converted at the price that gives least."""
    leg = Leg(kind=ContractKind.INVERSE, contract_size=Decimal(100), max_amount=Decimal(3))
    edge = edge_of(Crossing(leg, Leg()).evaluate(((50_500.0, 1.0),), ((50_000.0, 10.0),)))
    assert edge.buy_amount == pytest.approx(3.0)
    assert edge.amount == pytest.approx(0.006)


@given(
    contracts=st.integers(1, 500), price=st.integers(10_000, 90_000), coins=st.integers(1, 10**6)
)
def test_the_legs_of_an_inverse_pair_differ_by_less_than_a_contract(
    contracts: int, price: int, coins: int
) -> None:
    """What is bought in contracts and sold in coins is the same within one contract."""
    crossing = Crossing(INVERSE, Leg(lot=Decimal("0.00001")))
    result = crossing.evaluate(((price * 1.01, coins / 1e5),), ((float(price), float(contracts)),))
    if isinstance(result, NoEdge):
        assert result is NoEdge.BELOW_LOT
        return
    assert result.buy_amount == int(result.buy_amount) <= contracts
    assert result.sell_amount == result.amount <= coins / 1e5
    assert abs(result.buy_amount * 100 / price - result.amount) < 100 / price + 1e-5


# -- small parts --------------------------------------------------------------------------------


def test_filling_walks_the_levels() -> None:
    """The average of what is there, and the worst price touched."""
    levels: Levels = ((10.0, 1.0), (11.0, 1.0), (99.0, 1.0))
    assert fill_price(levels, 0.5) == (10.0, 10.0)
    assert fill_price(levels, 2.0) == (10.5, 11.0)
    assert fill_price(levels, 9.0) == (40.0, 99.0)
    for bad in (0.0, -1.0, nan):
        with pytest.raises(ValueError, match="nothing to fill"):
            fill_price(levels, bad)
    with pytest.raises(ValueError, match="nothing to fill"):
        fill_price((), 1.0)


@pytest.mark.parametrize(
    "leg",
    [
        Leg(taker_fee=-0.1), Leg(taker_fee=1.0), Leg(lot=Decimal(0)),
        Leg(contract_size=Decimal(0)),
    ],
)  # fmt: skip
def test_a_leg_that_makes_no_sense_is_refused(leg: Leg) -> None:
    """Rebates, whole-notional fees and empty lots or contracts are mistakes."""
    with pytest.raises(ValueError, match=r"taker fee|not positive"):
        Crossing(leg, Leg())


def test_a_leg_comes_from_symbol_info() -> None:
    """With filters every demand of the venue is kept, without them only kind, size and fee."""
    info = SymbolInfo(
        venue="v", symbol="A/B:B", native="AB", base="A", quote="B", kind=ContractKind.LINEAR,
        lot=Decimal(2), min_amount=Decimal(4), max_amount=Decimal(8), min_notional=Decimal(5),
        contract_size=Decimal(10),
    )  # fmt: skip
    kind = ContractKind.LINEAR
    assert leg_of(info, 0.001) == Leg(
        kind, 0.001, Decimal(10), Decimal(2), Decimal(4), Decimal(8), Decimal(5)
    )
    assert leg_of(info, 0.001, filters=False) == Leg(kind, 0.001, Decimal(10))
