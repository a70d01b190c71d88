"""Which fee holds."""

from __future__ import annotations

from decimal import Decimal

import pytest

from markets.fees import Fees, FeeSchedule, fees_from_bps
from messages.identifiers import ContractKind, Instrument
from messages.instruments import SymbolInfo


def info(venue: str, *, maker: str | None = None, taker: str | None = None) -> SymbolInfo:
    """Symbol info that names these fees."""
    return SymbolInfo(
        venue=venue, symbol="BTC/USDT", native="BTCUSDT", base="BTC", quote="USDT",
        kind=ContractKind.SPOT,
        maker_fee=None if maker is None else Decimal(maker),
        taker_fee=None if taker is None else Decimal(taker),
    )  # fmt: skip


def test_the_most_particular_word_holds() -> None:
    """The user's symbol, the user's venue, the venue's symbol, the default, and no fee at all."""
    schedule = FeeSchedule(
        {"a": Fees(0.001, 0.002), "b": Fees(0.001, 0.002), "c": Fees(0.001, 0.002)},
        venues={"a": Fees(0.003, 0.004), "b": Fees(0.003, 0.004)},
        instruments={Instrument("a", "BTC/USDT"): Fees(0.0, 0.0)},
    )
    assert schedule.of(info("a", maker="0.5", taker="0.5")) == Fees(0.0, 0.0)
    assert schedule.of(info("b", maker="0.5", taker="0.5")) == Fees(0.003, 0.004)
    assert schedule.of(info("c", taker="0.0005")) == Fees(0.001, 0.0005)
    assert schedule.of(info("c")) == Fees(0.001, 0.002)
    assert schedule.of(info("d")) == Fees(0.0, 0.0)
    assert schedule.taker(info("b")) == 0.004
    assert schedule.maker(info("b")) == 0.003


def test_basis_points_become_fractions() -> None:
    """Ten basis points are a thousandth; a rebate is negative."""
    assert fees_from_bps(-1.0, 10.0) == Fees(-0.0001, 0.001)


@pytest.mark.parametrize("fee", [1.0, -1.0, 10.0, float("nan")])
def test_a_fee_that_is_no_fraction_is_refused(fee: float) -> None:
    """Basis points given as fractions are caught here."""
    with pytest.raises(ValueError, match="not fractions"):
        Fees(0.0, fee)
