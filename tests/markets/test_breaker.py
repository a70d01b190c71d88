"""The circuit breaker follows its table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.breaker import TRANSITIONS, BreakerState, CircuitBreaker


def opened(now_s: float = 0.0) -> CircuitBreaker:
    """A breaker that just opened for one second."""
    breaker = CircuitBreaker(failures=3, open_s=1.0, cap_s=4.0)
    for _ in range(3):
        assert breaker.allow(now_s)
        breaker.failed(now_s)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    """A success in between starts the count anew."""
    breaker = CircuitBreaker(failures=3, open_s=1.0)
    for report in (breaker.failed, breaker.failed):
        report(0.0)
    breaker.succeeded()
    breaker.failed(0.0)
    breaker.failed(0.0)
    assert breaker.state.name == "CLOSED"
    breaker.failed(5.0)
    assert breaker.state.name == "OPEN"
    assert not breaker.allow(5.9)
    assert breaker.ready_in_s(5.25) == 0.75


def test_one_probe_at_a_time_and_its_success_closes() -> None:
    """After the wait one request goes; the next waits for its answer."""
    breaker = opened()
    assert breaker.allow(1.0)
    assert breaker.state.name == "HALF_OPEN"
    assert not breaker.allow(1.0)
    breaker.succeeded()
    assert breaker.state.name == "CLOSED"
    assert breaker.allow(1.0)
    assert breaker.allow(1.0)


def test_a_failed_probe_doubles_the_wait_up_to_the_cap() -> None:
    """1, 2, 4, 4 seconds; a success forgets it all."""
    breaker, now_s = opened(), 0.0
    for wait_s in (1.0, 2.0, 4.0, 4.0):
        assert not breaker.allow(now_s + wait_s - 0.01)
        now_s += wait_s
        assert breaker.allow(now_s)
        breaker.failed(now_s)
    assert breaker.allow(now_s + 4.0)
    breaker.succeeded()
    for _ in range(3):
        breaker.failed(100.0)
    assert breaker.ready_in_s(100.0) == 1.0


def test_late_answers_change_nothing_while_open() -> None:
    """Requests sent before it opened neither close it nor keep it open longer."""
    breaker = opened()
    breaker.succeeded()
    breaker.failed(0.9)
    assert breaker.state.name == "OPEN"
    assert breaker.ready_in_s(0.0) == 1.0


def test_an_abandoned_probe_frees_the_place() -> None:
    """A cancelled probe does not lock the endpoint out, nor does one nobody reports."""
    breaker = opened()
    assert breaker.allow(1.0)
    breaker.abandoned()
    assert breaker.allow(1.0)
    assert not breaker.allow(4.9)
    assert breaker.allow(5.0)


@given(steps=st.lists(st.tuples(st.sampled_from("asfx"), st.integers(0, 9)), max_size=60))
def test_every_walk_stays_in_the_table(steps: list[tuple[str, int]]) -> None:
    """No order of calls leaves the table, and waiting always leads out of open."""
    breaker, now_s = CircuitBreaker(failures=2, open_s=1.0, cap_s=8.0), 0.0
    for step, wait_s in steps:
        now_s += wait_s
        if step == "a":
            breaker.allow(now_s)
        elif step == "s":
            breaker.succeeded()
        elif step == "f":
            breaker.failed(now_s)
        else:
            breaker.abandoned()
    breaker.allow(now_s)
    assert breaker.allow(now_s + 16.0)
    assert {after for (before, _), after in TRANSITIONS.items() if before is BreakerState.OPEN} == {
        BreakerState.OPEN,
        BreakerState.HALF_OPEN,
    }


@pytest.mark.parametrize(
    ("failures", "open_s", "cap_s"), [(0, 1.0, 1.0), (1, 0.0, 1.0), (1, 2.0, 1.0)]
)
def test_a_breaker_that_cannot_work_is_refused(failures: int, open_s: float, cap_s: float) -> None:
    """Counts and times out of range are mistakes."""
    with pytest.raises(ValueError, match="cannot work"):
        CircuitBreaker(failures, open_s, cap_s)
