"""The token bucket never grants more than the venue allows."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.backoff import CAP_S, FIRST_S, retry_delay_s
from markets.throttle import LINGER_S, Fate, TokenBucket

ANSWERED, NOT_SENT, GIVEN_UP = Fate.ANSWERED, Fate.NOT_SENT, Fate.GIVEN_UP


def spend(bucket: TokenBucket, weight: float, now_s: float, *, priority: bool = False) -> bool:
    """Spend for a request that is answered at once."""
    granted = bucket.take(weight, now_s, priority=priority)
    if granted:
        bucket.settle(weight, now_s, ANSWERED)
    return granted


REQUESTS = st.tuples(
    st.integers(0, 3_000),  # ms until the next request
    st.integers(1, 40),  # its weight
    st.booleans(),  # with priority
    st.integers(0, 9_000),  # ms until it is settled
    st.sampled_from(Fate),
    st.floats(0.0, 1.0),  # when in between, or while it lingers, the venue counts it
)


@given(
    requests=st.lists(REQUESTS, max_size=60),
    interval_s=st.sampled_from([0.5, 1.0, 10.0, 60.0]),
)
def test_no_window_of_the_venue_holds_more_than_the_limit(
    requests: list[tuple[int, int, bool, int, Fate, float]], interval_s: float
) -> None:
    """Wherever the windows lie, and whenever between grant and end the venue counts."""
    bucket = TokenBucket(100, interval_s, 0.0)
    now_s = 0.0
    counted: list[tuple[float, int]] = []
    ends: list[tuple[float, int, Fate]] = []
    for wait_ms, weight, priority, under_way_ms, fate, when in requests:
        now_s += wait_ms / 1_000
        for end in sorted(each for each in ends if each[0] <= now_s):
            ends.remove(end)
            bucket.settle(end[1], end[0], end[2])
        if bucket.take(weight, now_s, priority=priority):
            end_s = now_s + under_way_ms / 1_000
            ends.append((end_s, weight, fate))
            if fate is not NOT_SENT:
                last_s = end_s + (LINGER_S if fate is GIVEN_UP else 0.0)
                counted.append((now_s + when * (last_s - now_s), weight))
    for start_s, _ in counted:
        within = sum(weight for at_s, weight in counted if start_s <= at_s < start_s + interval_s)
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
    spend(bucket, spent, 0.0, priority=True)
    now_s = moments / 3
    wait_s = bucket.ready_in_s(weight, now_s, priority=priority)
    assert wait_s < inf
    if wait_s > 1e-3:
        assert not bucket.take(weight, now_s + wait_s - 1e-3, priority=priority)
    assert bucket.take(weight, now_s + wait_s, priority=priority)


def test_the_reserve_is_for_priority_only() -> None:
    """Ordinary callers stop at the reserve; cancels and hedges may empty the bucket."""
    bucket = TokenBucket(100, 60.0, 0.0, burst_share=0.5, reserve_share=0.2)
    assert spend(bucket, 40, 0.0)
    assert not spend(bucket, 1, 0.0)
    assert spend(bucket, 10, 0.0, priority=True)
    assert not spend(bucket, 1, 0.0, priority=True)
    assert bucket.ready_in_s(1, 0.0, priority=True) == pytest.approx(60 / 50)


def test_what_never_fits_is_told_as_never() -> None:
    """A weight above what an ordinary caller may spend at once is refused for good."""
    bucket = TokenBucket(100, 60.0, 0.0)
    assert bucket.ready_in_s(41, 0.0) == inf
    assert bucket.ready_in_s(41, 0.0, priority=True) == 0.0
    assert bucket.ready_in_s(51, 0.0, priority=True) == inf


def test_what_weighs_nothing_always_goes() -> None:
    """A request of weight 0 takes nothing, not even from an empty bucket."""
    bucket = TokenBucket(100, 60.0, 0.0)
    spend(bucket, 50, 0.0, priority=True)
    assert bucket.take(0, 0.0)


# -- what is under way --------------------------------------------------------------------------


def test_nothing_flows_in_for_what_is_under_way() -> None:
    """A request that hangs holds its part of the burst, however long; its end frees it."""
    bucket = TokenBucket(100, 10.0, 0.0, reserve_share=0.0)
    assert bucket.take(50, 0.0)
    assert not bucket.take(1, 100.0)
    assert 0.0 < bucket.ready_in_s(1, 100.0) < inf
    bucket.settle(50, 100.0, ANSWERED)
    assert not bucket.take(1, 100.0)
    assert bucket.ready_in_s(1, 100.0) == pytest.approx(0.2)
    assert bucket.take(50, 110.0)


def test_what_was_never_sent_comes_back() -> None:
    """A failed dial and a cancelled wait cost nothing."""
    bucket = TokenBucket(100, 10.0, 0.0, reserve_share=0.0)
    assert bucket.take(50, 0.0)
    bucket.settle(50, 0.0, NOT_SENT)
    assert bucket.at_rest(0.0)
    assert bucket.take(50, 0.0)


def test_what_was_given_up_lingers() -> None:
    """The venue may still count it: its part of the burst comes back only after a while."""
    bucket = TokenBucket(100, 1.0, 0.0, reserve_share=0.0)
    assert bucket.take(50, 0.0)
    bucket.settle(50, 0.0, GIVEN_UP)
    assert bucket.held == 50
    assert not bucket.take(1, LINGER_S - 0.01)
    assert bucket.take(10, LINGER_S + 0.25)
    assert bucket.held == 10


# -- what the venue says ------------------------------------------------------------------------


def test_the_venues_own_count_is_believed_when_it_is_stricter() -> None:
    """Used weight of others on our address counts; a friendlier count never adds tokens."""
    bucket = TokenBucket(100, 60.0, 0.0, reserve_share=0.0)
    bucket.learn(70, 0.0)
    assert not spend(bucket, 31, 0.0)
    assert spend(bucket, 30, 0.0)
    bucket.learn(0, 0.0)
    assert not spend(bucket, 1, 0.0)


def test_a_full_window_is_waited_for() -> None:
    """What the venue counts as used up is not asked for before it counts anew."""
    bucket = TokenBucket(100, 60.0, 0.0)
    bucket.learn(95, 0.0, resets_in_s=20.0)
    assert bucket.ready_in_s(1, 0.0) == 20.0
    assert bucket.take(5, 0.0, priority=True)
    assert not bucket.take(1, 19.9, priority=True)
    assert bucket.take(1, 20.0)


def test_a_new_window_replaces_the_old_one_and_a_late_answer_does_not_loosen_it() -> None:
    """Answers overtake each other: within one window the stricter count holds."""
    bucket = TokenBucket(100, 60.0, 0.0, reserve_share=0.0)
    bucket.learn(90, 10.0, resets_in_s=50.0)
    bucket.learn(60, 10.5, resets_in_s=49.5)
    assert bucket.ready_in_s(20, 10.5) == 49.5
    bucket.learn(0, 61.0, resets_in_s=59.0)
    assert bucket.take(20, 61.0)


def test_what_is_under_way_is_not_in_the_venues_count_yet() -> None:
    """It is taken off what the venue says is left."""
    bucket = TokenBucket(100, 60.0, 0.0, reserve_share=0.0)
    assert bucket.take(20, 0.0)
    bucket.learn(60, 0.0)
    assert not bucket.take(21, 0.0)
    assert bucket.take(20, 0.0)


def test_a_new_limit_is_learned() -> None:
    """The limit in an answer replaces ours, up and down; one that allows nothing does not."""
    bucket = TokenBucket(100, 60.0, 0.0, reserve_share=0.0)
    bucket.learn(0, 0.0, limit=20)
    assert bucket.ready_in_s(11, 0.0) == inf
    assert spend(bucket, 10, 0.0)
    bucket.learn(0, 0.0, limit=200)
    assert bucket.ready_in_s(100, 0.0) == pytest.approx(60.0)
    bucket.change_limit(0, 0.0)
    assert bucket.limit == 200


def test_the_share_that_is_left() -> None:
    """All of it at first; less with what is spent and with what the venue counts."""
    bucket = TokenBucket(100, 60.0, 0.0)
    assert bucket.share_left(0.0) == 1.0
    spend(bucket, 25, 0.0)
    assert bucket.share_left(0.0) == 0.5
    bucket.learn(120, 0.0)
    assert bucket.share_left(0.0) == 0.0


def test_a_clock_that_goes_back_gives_nothing() -> None:
    """Time before the last call adds no tokens and takes none away."""
    bucket = TokenBucket(100, 60.0, 100.0, reserve_share=0.0)
    assert spend(bucket, 50, 100.0)
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


@given(failures=st.integers(1, 10_000), chance=st.floats(0.0, 1.0))
def test_the_wait_before_a_repetition(failures: int, chance: float) -> None:
    """It doubles, has a cap, and chance takes off up to a half."""
    wait_s = retry_delay_s(failures, chance)
    whole_s = min(CAP_S, FIRST_S * 2.0 ** min(failures - 1, 100))
    assert whole_s / 2 <= wait_s <= whole_s
