"""The circuit breaker follows its table."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.breaker import TRANSITIONS, BreakerState, CircuitBreaker

CAP_S = 4.0


def allowed(breaker: CircuitBreaker, now_s: float) -> int:
    """The ticket of a request that must be let through."""
    ticket = breaker.allow(now_s)
    assert ticket is not None
    return ticket


def fail(breaker: CircuitBreaker, now_s: float) -> None:
    """Let one request through that fails."""
    breaker.failed(allowed(breaker, now_s), now_s)


def opened(now_s: float = 0.0) -> CircuitBreaker:
    """A breaker that just opened for one second."""
    breaker = CircuitBreaker(failures=3, open_s=1.0, cap_s=CAP_S)
    for _ in range(3):
        fail(breaker, now_s)
    return breaker


def test_failures_in_a_row_open_it() -> None:
    """A success in between starts the count anew."""
    breaker = CircuitBreaker(failures=3, open_s=1.0)
    fail(breaker, 0.0)
    fail(breaker, 0.0)
    breaker.succeeded(allowed(breaker, 0.0))
    fail(breaker, 0.0)
    fail(breaker, 0.0)
    assert breaker.state.name == "CLOSED"
    fail(breaker, 5.0)
    assert (breaker.state.name, breaker.opened, breaker.failures) == ("OPEN", 1, 3)
    assert breaker.allow(5.9) is None
    assert breaker.ready_in_s(5.25) == 0.75


def test_one_probe_at_a_time_and_its_success_closes() -> None:
    """After the wait one request goes; the next waits for its answer."""
    breaker = opened()
    probe = allowed(breaker, 1.0)
    assert breaker.state.name == "HALF_OPEN"
    assert breaker.allow(1.0) is None
    breaker.succeeded(probe)
    assert (breaker.state.name, breaker.failures) == ("CLOSED", 0)
    allowed(breaker, 1.0)
    allowed(breaker, 1.0)


def test_a_failed_probe_doubles_the_wait_up_to_the_cap() -> None:
    """1, 2, 4, 4 seconds; a success forgets it all."""
    breaker, now_s = opened(), 0.0
    for wait_s in (1.0, 2.0, 4.0, 4.0):
        assert breaker.allow(now_s + wait_s - 0.01) is None
        now_s += wait_s
        fail(breaker, now_s)
    breaker.succeeded(allowed(breaker, now_s + 4.0))
    for _ in range(3):
        fail(breaker, 100.0)
    assert breaker.ready_in_s(100.0) == 1.0


@pytest.mark.parametrize("half_open", [False, True])
def test_reports_of_before_it_opened_change_nothing(half_open: bool) -> None:
    """Neither while it is open nor while another request probes."""
    breaker = CircuitBreaker(failures=3, open_s=1.0, cap_s=CAP_S)
    late = [allowed(breaker, 0.0) for _ in range(3)]
    for _ in range(3):
        fail(breaker, 0.0)
    if half_open:
        allowed(breaker, 1.0)
    before = (breaker.state, breaker.ready_in_s(0.0), breaker.failures)
    breaker.succeeded(late[0])
    breaker.failed(late[1], 0.9)
    breaker.abandoned(late[2])
    assert (breaker.state, breaker.ready_in_s(0.0), breaker.failures) == before
    assert breaker.allow(0.95 if not half_open else 1.0) is None


def test_an_abandoned_probe_frees_the_place() -> None:
    """A cancelled probe does not lock the endpoint out, nor does one nobody reports."""
    breaker = opened()
    breaker.abandoned(allowed(breaker, 1.0))
    allowed(breaker, 1.0)
    assert breaker.allow(4.9) is None
    allowed(breaker, 5.0)


STEPS = st.tuples(st.sampled_from("aasfx"), st.integers(0, 7), st.floats(0.0, 3.0))


@given(steps=st.lists(STEPS, max_size=80))
def test_any_order_of_requests_reports_and_cancellations(
    steps: list[tuple[str, int, float]],
) -> None:
    """At most one young probe is out and nobody is locked out, in whatever order requests end."""
    breaker, now_s = CircuitBreaker(failures=2, open_s=1.0, cap_s=CAP_S), 0.0
    out: list[int] = []
    probes: dict[int, float] = {}
    for step, which, wait_s in steps:
        now_s += wait_s
        if step == "a":
            ticket = breaker.allow(now_s)
            if ticket is not None:
                out.append(ticket)
                if breaker.state is BreakerState.HALF_OPEN:
                    young = [each for each in probes.values() if now_s < each + CAP_S]
                    assert not young
                    probes[ticket] = now_s
        elif out:
            ticket = out.pop(which % len(out))
            was = breaker.state
            probes.pop(ticket, None)
            if step == "s":
                breaker.succeeded(ticket)
            elif step == "f":
                breaker.failed(ticket, now_s)
            else:
                breaker.abandoned(ticket)
            if was is BreakerState.OPEN:
                assert breaker.state is BreakerState.OPEN
        if breaker.state is not BreakerState.HALF_OPEN:
            probes.clear()
        assert breaker.ready_in_s(now_s) <= CAP_S
    for ticket in out:
        breaker.abandoned(ticket)
    breaker.succeeded(allowed(breaker, now_s + CAP_S))
    assert breaker.state is BreakerState.CLOSED


def test_the_table_leads_back_from_everywhere() -> None:
    """Closed can be reached from every state, and open is left by waiting only."""
    found = {BreakerState.CLOSED}
    for _ in BreakerState:
        found |= {before for (before, _), after in TRANSITIONS.items() if after in found}
    assert found == set(BreakerState)
    out_of_open = [event for before, event in TRANSITIONS if before is BreakerState.OPEN]
    assert [event.name for event in out_of_open] == ["WAITED"]


@pytest.mark.parametrize(
    ("failures", "open_s", "cap_s"), [(0, 1.0, 1.0), (1, 0.0, 1.0), (1, 2.0, 1.0)]
)
def test_a_breaker_that_cannot_work_is_refused(failures: int, open_s: float, cap_s: float) -> None:
    """Counts and times out of range are mistakes."""
    with pytest.raises(ValueError, match="cannot work"):
        CircuitBreaker(failures, open_s, cap_s)
