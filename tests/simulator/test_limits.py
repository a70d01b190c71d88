"""Weights per aligned minute, refusals, bans that grow, and the connect limit."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.limits import CONNECTS_PER_WINDOW, IGNORED_BEFORE_BAN, Meter, WeightPool

MINUTE_MS = 60_000


def test_weights_count_per_aligned_minute() -> None:
    """A full minute refuses until the next one begins, not until a minute later."""
    pool = WeightPool(100)
    assert pool.spend(100, 59_000) is None
    refusal = pool.spend(1, 59_001)
    assert refusal is not None and (refusal.status, refusal.retry_after_s) == (429, 1)
    assert pool.spend(100, MINUTE_MS) is None
    assert [window.used for window in pool.windows] == [100, 100]


def test_asking_on_during_a_refusal_leads_to_growing_bans() -> None:
    """Ten ignored refusals ban for two minutes, the next time for eight."""
    pool = WeightPool(1)
    now_ms = 0
    lengths = []
    for _ in range(2):
        assert pool.spend(1, now_ms) is None
        answers = [pool.spend(1, now_ms + 1) for _ in range(IGNORED_BEFORE_BAN + 1)]
        assert [one.status for one in answers if one] == [429] * IGNORED_BEFORE_BAN + [418]
        ban = answers[-1]
        assert ban is not None
        lengths.append(ban.retry_after_s)
        inside = pool.spend(1, ban.banned_until_ms - 1)
        assert inside is not None and inside.status == 418
        now_ms = -(-ban.banned_until_ms // MINUTE_MS) * MINUTE_MS
    assert lengths == [120, 480]


@settings(max_examples=60)
@given(st.lists(st.tuples(st.integers(1, 50), st.integers(0, 5_000)), max_size=60))
def test_no_window_ever_exceeds_its_limit(requests: list[tuple[int, int]]) -> None:
    """Whatever is asked when, the weight given out in a minute stays within the limit."""
    pool, now_ms, given_out = WeightPool(120), 0, 0
    for weight, pause_ms in requests:
        now_ms += pause_ms
        given_out += weight if pool.spend(weight, now_ms) is None else 0
        assert pool.window(now_ms).used <= 120
    assert sum(window.used for window in pool.windows) == given_out


def test_connects_are_limited_in_five_minutes() -> None:
    """The 301st attempt within five minutes is refused, later ones are not."""
    meter = Meter()
    assert all(meter.may_connect(number) for number in range(CONNECTS_PER_WINDOW))
    assert not meter.may_connect(CONNECTS_PER_WINDOW)
    assert meter.may_connect(700_000)
