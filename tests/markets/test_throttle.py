"""The token bucket never grants more than the venue allows."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.throttle import TokenBucket


@given(
    calls=st.lists(
        st.tuples(st.integers(0, 3_000), st.integers(1, 40), st.booleans()), max_size=60
    ),
    interval_s=st.sampled_from([0.5, 1.0, 60.0]),
)
def test_no_interval_gets_more_than_the_limit(
    calls: list[tuple[int, int, bool]], interval_s: float
) -> None:
    """However calls come, any stretch of one interval is granted at most the limit."""
    bucket = TokenBucket(100, interval_s, 0.0)
    now_s = 0.0
    granted: list[tuple[float, int]] = []
    for wait_ms, weight, priority in calls:
        now_s += wait_ms / 1_000
        if bucket.take(weight, now_s, priority=priority):
            granted.append((now_s, weight))
    for start_s, _ in granted:
        within = sum(weight for at_s, weight in granted if start_s <= at_s <= start_s + interval_s)
        assert within <= 100 + 1e-6


@given(
    spent=st.integers(0, 50), weight=st.integers(1, 40), priority=st.booleans(),
    moments=st.integers(0, 5),
)  # fmt: skip
def test_what_is_ready_is_granted_and_not_before(
    spent: int, weight: int, priority: bool, moments: int
) -> None:
    """After the named wait the same call succeeds; shortly before it does not."""
    bucket = TokenBucket(100, 60.0, 0.0)
    bucket.take(spent, 0.0, priority=True)
    now_s = moments / 3
    wait_s = bucket.ready_in_s(weight, now_s, priority=priority)
    assert wait_s < inf
    if wait_s > 1e-3:
        assert not bucket.take(weight, now_s + wait_s - 1e-3, priority=priority)
    assert bucket.take(weight, now_s + wait_s, priority=priority)


def test_the_reserve_is_for_priority_only() -> None:
    """Ordinary callers stop at the reserve; cancels and hedges may empty the bucket."""
    bucket = TokenBucket(100, 60.0, 0.0, burst_share=0.5, reserve_share=0.2)
    assert bucket.take(40, 0.0)
    assert not bucket.take(1, 0.0)
    assert bucket.take(10, 0.0, priority=True)
    assert not bucket.take(1, 0.0, priority=True)
    assert bucket.ready_in_s(1, 0.0, priority=True) == pytest.approx(60 / 50)


def test_what_never_fits_is_told_as_never() -> None:
    """A weight above what an ordinary caller may spend at once is refused for good."""
    bucket = TokenBucket(100, 60.0, 0.0)
    assert bucket.ready_in_s(41, 0.0) == inf
    assert bucket.ready_in_s(41, 0.0, priority=True) == 0.0
    assert bucket.ready_in_s(51, 0.0, priority=True) == inf


def test_the_venues_own_count_is_believed_when_it_is_stricter() -> None:
    """Used weight of others on our address counts; a friendlier count never adds tokens."""
    bucket = TokenBucket(100, 60.0, 0.0, reserve_share=0.0)
    bucket.learn(70, None, 0.0)
    assert not bucket.take(31, 0.0)
    assert bucket.take(30, 0.0)
    bucket.learn(0, None, 0.0)
    assert not bucket.take(1, 0.0)


def test_a_new_limit_is_learned() -> None:
    """The limit in an answer replaces ours, up and down."""
    bucket = TokenBucket(100, 60.0, 0.0, reserve_share=0.0)
    bucket.learn(0, 20, 0.0)
    assert bucket.ready_in_s(11, 0.0) == inf
    assert bucket.take(10, 0.0)
    bucket.learn(0, 200, 0.0)
    assert bucket.ready_in_s(100, 0.0) == pytest.approx(60.0)


def test_a_ban_closes_the_bucket_until_it_ends() -> None:
    """Nothing is granted before the named time, and a shorter ban does not shorten it."""
    bucket = TokenBucket(100, 60.0, 0.0)
    bucket.close_until(30.0)
    bucket.close_until(10.0)
    assert not bucket.take(1, 29.9, priority=True)
    assert bucket.ready_in_s(1, 20.0) == 10.0
    assert bucket.take(1, 30.0)


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """Time before the last call adds no tokens and takes none away."""
    bucket = TokenBucket(100, 60.0, 100.0, reserve_share=0.0)
    assert bucket.take(50, 100.0)
    assert not bucket.take(1, 40.0)
    assert bucket.ready_in_s(50, 160.0) == 0.0


@pytest.mark.parametrize(
    ("limit", "interval_s", "burst", "reserve"),
    [
        (0, 1.0, 0.5, 0.1), (1, 0.0, 0.5, 0.1), (1, 1.0, 0.0, 0.1), (1, 1.0, 1.0, 0.1),
        (1, 1.0, 0.5, 1.0),
    ],
)  # fmt: skip
def test_a_bucket_that_cannot_work_is_refused(
    limit: float, interval_s: float, burst: float, reserve: float
) -> None:
    """Limits, intervals and shares out of range are mistakes."""
    with pytest.raises(ValueError, match=r"allows nothing|out of range"):
        TokenBucket(limit, interval_s, 0.0, burst_share=burst, reserve_share=reserve)
