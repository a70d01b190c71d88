"""Budgets, backoff and the reconnect limit, as arithmetic."""

from __future__ import annotations

import random

from hypothesis import given
from hypothesis import strategies as st

from supervisors.restarts import Backoff, Budget, Causes, ReconnectLimiter
from supervisors.spec import BackoffSpec, BudgetSpec, ReconnectSpec

TIMES = st.lists(st.floats(0, 300), max_size=40).map(sorted)


def test_backoff_doubles_up_to_its_cap_and_starts_again() -> None:
    """Without jitter: 1, 2, 4, 8, 10, 10; after a reset 1."""
    backoff = Backoff(BackoffSpec(min_s=1, max_s=10, jitter=0))
    chance = random.Random(1)
    assert [backoff.next_s(chance) for _ in range(6)] == [1, 2, 4, 8, 10, 10]
    backoff.reset()
    assert backoff.next_s(chance) == 1


def test_backoff_waits_as_long_as_the_error_asks() -> None:
    """A ban of an hour is an hour, whatever the cap."""
    backoff = Backoff(BackoffSpec(min_s=1, max_s=10))
    assert backoff.next_s(random.Random(1), at_least_s=3600) == 3600


@given(st.integers(0, 5_000), st.floats(0, 1), st.integers())
def test_backoff_stays_within_jitter_and_cap(failures: int, jitter: float, seed: int) -> None:
    """However many failures: never above the cap, never below the jittered part of it."""
    backoff = Backoff(BackoffSpec(min_s=0.1, max_s=60, jitter=jitter))
    backoff.failures = failures
    full_s = min(60.0, 0.1 * 2.0 ** min(failures, 64))
    assert full_s * (1 - jitter) <= backoff.next_s(random.Random(seed)) <= full_s


@given(TIMES, st.integers(0, 6))
def test_a_budget_is_spent_exactly_when_the_window_holds_too_many(
    times: list[float], count: int
) -> None:
    """Compared with counting the window afresh each time."""
    budget = Budget(BudgetSpec(count, 60))
    for number, at_s in enumerate(times):
        within = sum(1 for earlier in times[: number + 1] if earlier > at_s - 60)
        assert budget.spend(at_s) == (within > count)


def test_equal_causes_within_a_second_count_once() -> None:
    """A hundred children of one outage are one cause; another cause is another."""
    causes = Causes(BudgetSpec(1, 60))
    assert not any(causes.spend("cut", 0.5 + number / 1_000) for number in range(100))
    assert causes.spent(1.0) == 1
    assert causes.spend("bug", 1.0)


def test_one_cause_that_never_ends_counts_every_second() -> None:
    """The second is measured from what was counted, so a steady stream is not one cause."""
    causes = Causes(BudgetSpec(3, 60))
    spent = [causes.spend("cut", number / 4) for number in range(16)]
    assert spent.index(True) == 12


@given(TIMES, st.floats(0.1, 10), st.integers(1, 5))
def test_reconnects_never_exceed_rate_and_burst(
    times: list[float], per_s: float, burst: int
) -> None:
    """In every window no more places than rate times its length plus the burst, in order."""
    limiter = ReconnectLimiter(ReconnectSpec(per_s, burst))
    places = [limiter.reserve(at_s) for at_s in times]
    assert places == sorted(places)
    assert all(place >= at_s for place, at_s in zip(places, times, strict=True))
    for first in range(len(places)):
        for last in range(first, len(places)):
            window_s = places[last] - places[first]
            assert last - first + 1 <= window_s * per_s + burst + 1e-6
