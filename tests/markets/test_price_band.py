"""The price band: what stays apart is quarantined, and only its rule or the user ends that."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.price_band import (
    NS_PER_S,
    BandRules,
    BandState,
    PriceBand,
    PriceBands,
    difference_percent,
)
from messages.identifiers import Instrument

RULES = BandRules(percent=10.0, after_s=5.0, release_after_s=60.0)


def at(seconds: float) -> int:
    """Seconds as monotonic nanoseconds."""
    return round(seconds * NS_PER_S)


def test_inside_nothing_happens() -> None:
    """A difference of exactly the width is still inside."""
    band = PriceBand(RULES)
    assert band.seen(at(0), 100.0, 110.0) is BandState.INSIDE
    assert band.seen(at(99), 110.0, 100.0) is BandState.INSIDE
    assert (band.calm, band.reason, band.quarantines) == (True, "", 0)


def test_outside_for_longer_than_is_borne_is_a_quarantine() -> None:
    """Not at the limit, but behind it; the reason says how far and how long."""
    band = PriceBand(RULES)
    assert band.seen(at(1), 100.0, 111.0) is BandState.OUTSIDE
    assert not band.calm
    assert band.seen(at(6), 100.0, 130.0) is BandState.OUTSIDE
    assert band.seen(at(6.1), 100.0, 120.0) is BandState.QUARANTINED
    assert band.reason == "mids were 30 % apart, more than 10 % for longer than 5 s"
    assert band.quarantines == 1


def test_a_short_excursion_is_forgotten() -> None:
    """Back inside in time, it may open again, and the next excursion is counted anew."""
    band = PriceBand(RULES)
    band.seen(at(0), 100.0, 120.0)
    assert band.seen(at(4), 100.0, 100.0) is BandState.INSIDE
    band.seen(at(5), 100.0, 120.0)
    assert band.seen(at(9), 100.0, 120.0) is BandState.OUTSIDE


def test_an_excursion_that_ends_too_late_is_a_quarantine() -> None:
    """Nothing was seen between, and the first look behind the limit finds it inside again."""
    band = PriceBand(RULES)
    band.seen(at(0), 100.0, 120.0)
    assert band.seen(at(5.1), 100.0, 100.0) is BandState.QUARANTINED


def test_the_rule_releases_after_an_unbroken_time_inside() -> None:
    """A look outside begins the time anew."""
    band = PriceBand(RULES)
    band.seen(at(0), 100.0, 120.0)
    band.seen(at(6), 100.0, 120.0)
    band.seen(at(10), 100.0, 101.0)
    band.seen(at(50), 100.0, 120.0)
    band.seen(at(60), 100.0, 101.0)
    assert band.seen(at(119.9), 100.0, 101.0) is BandState.QUARANTINED
    assert band.seen(at(120), 100.0, 101.0) is BandState.INSIDE
    assert band.quarantines == 1


def test_without_a_rule_only_the_user_releases() -> None:
    """And there is nothing to release twice."""
    band = PriceBand(BandRules(10.0, 5.0))
    band.seen(at(0), 100.0, 120.0)
    band.seen(at(6), 100.0, 120.0)
    assert band.seen(at(1e6), 100.0, 100.0) is BandState.QUARANTINED
    assert band.release()
    assert band.calm
    assert not band.release()


def test_time_that_nobody_saw_counts_for_nothing() -> None:
    """Lost prices stop both clocks, and release no quarantine."""
    band = PriceBand(RULES)
    band.seen(at(0), 100.0, 120.0)
    band.lost(at(4))
    assert band.calm
    assert band.seen(at(100), 100.0, 120.0) is BandState.OUTSIDE
    band.lost(at(106))
    assert band.quarantines == 1
    band.seen(at(110), 100.0, 100.0)
    band.lost(at(120))
    assert band.seen(at(200), 100.0, 100.0) is BandState.QUARANTINED
    assert band.seen(at(260), 100.0, 100.0) is BandState.INSIDE


@given(
    st.lists(
        st.tuples(st.integers(1, 20), st.sampled_from((100.0, 105.0, 120.0, 0.0))), max_size=40
    )
)
def test_a_quarantine_ends_only_by_its_rule(looks: list[tuple[int, float]]) -> None:
    """However prices move and get lost: released means inside without a break for 60 s."""
    band, now_s, inside_since = PriceBand(RULES), 0, None
    for pause_s, price in looks:
        now_s += pause_s
        before = band.state
        if price == 0.0:
            band.lost(at(now_s))
            inside_since = None
        else:
            band.seen(at(now_s), 100.0, price)
            if price > 110.0:
                inside_since = None
                assert not band.calm
            elif inside_since is None:
                inside_since = now_s
        if before is BandState.QUARANTINED and band.state is not before:
            assert inside_since is not None
            assert now_s - inside_since >= 60


def test_both_directions_share_one_band() -> None:
    """Whichever is bought at; the list of what is held is in a fixed order."""
    bands = PriceBands(RULES)
    one, other, third = (Instrument(name, "BTC/USDT") for name in "abc")
    band = bands.of(other, one)
    assert bands.of(one, other) is band
    bands.of(third, one).seen(at(0), 1.0, 2.0)
    band.seen(at(0), 1.0, 2.0)
    assert [(x, y) for x, y, _ in bands.held()] == [(one, other), (one, third)]
    bands.lost(at(6))
    assert bands.quarantines == 2


@pytest.mark.parametrize("wrong", [(0.0, 1.0, 1.0), (1.0, -1.0, 1.0), (1.0, 1.0, -1.0)])
def test_rules_out_of_range_are_refused(wrong: tuple[float, float, float]) -> None:
    """A band without a width, or a time below 0, is a mistake."""
    with pytest.raises(ValueError, match="price band"):
        BandRules(*wrong)


def test_the_difference_does_not_depend_on_the_order() -> None:
    """It is measured on the lower price."""
    assert difference_percent(100.0, 125.0) == difference_percent(125.0, 100.0) == 25.0
