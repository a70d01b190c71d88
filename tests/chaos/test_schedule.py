"""Schedules are drawn from a seed, played in order, and cut down to what fails."""

from __future__ import annotations

import random

import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from supervisors.chaos.nemesis import Nemesis
from supervisors.chaos.schedule import Planned, Rate, draw
from supervisors.chaos.shrink import shrink

RATES = (
    Rate("cut", ("a", "b"), 10.0),
    Rate("stall", ("a",), 20.0, (1.0, 5.0)),
    Rate("ban", (), 1.0),
)


def test_a_seed_draws_one_schedule() -> None:
    """Equal seeds draw equal schedules, in order, within the time; without targets nothing."""
    one, same, other = (draw(random.Random(seed), RATES, 300.0) for seed in (1, 1, 2))
    assert one == same != other
    assert list(one) == sorted(one, key=lambda planned: planned.at_s)
    assert {planned.fault for planned in one} == {"cut", "stall"}
    assert all(planned.at_s + planned.duration_s <= 300.1 for planned in one)
    assert 15 < sum(planned.fault == "cut" for planned in one) < 50


def test_a_rate_left_out_changes_no_other() -> None:
    """So a faults file that switches one kind off leaves the others where they were."""
    whole = draw(random.Random(3), RATES, 300.0)
    less = draw(random.Random(3), RATES[1:], 300.0)
    assert less == tuple(planned for planned in whole if planned.fault != "cut")


async def test_the_nemesis_strikes_at_its_times(autojump_clock: MockClock) -> None:
    """Each fault at its moment; what had nothing to strike is kept apart."""
    schedule = (Planned(1.0, "cut", "a"), Planned(2.5, "cut", "b"), Planned(4.0, "stall", "a", 3.0))
    began_s = trio.current_time()
    told: list[str] = []

    def strike(planned: Planned) -> bool:
        told.append(f"strike {planned.target}")
        return planned.target == "a"

    nemesis = Nemesis(
        schedule,
        strike,
        lambda injected: told.append(f"strikes {injected.planned.target}"),
        lambda injected: told.append(f"missed {injected.planned.target}"),
    )
    await nemesis.run()
    assert told[:5] == ["strikes a", "strike a", "strikes b", "strike b", "missed b"]
    assert [(one.at_s - began_s, one.over_s - began_s) for one in nemesis.injected] == [
        (1.0, 1.0),
        (4.0, 7.0),
    ]
    assert nemesis.missed == [schedule[1]]


@given(st.sets(st.integers(0, 60), max_size=4), st.integers(1, 60))
def test_what_is_left_of_a_schedule_is_what_fails(culprits: set[int], size: int) -> None:
    """Of any schedule that fails by a few faults together exactly those are left."""
    schedule = tuple(range(size))
    wanted = {one for one in culprits if one < size}
    kept, _ = shrink(schedule, lambda part: wanted <= set(part))
    assert kept == tuple(sorted(wanted))


def test_shrinking_ends_when_its_runs_are_used_up() -> None:
    """A bound on runs gives the smallest failing schedule found so far."""
    kept, runs = shrink(tuple(range(64)), lambda part: {1, 62} <= set(part), max_runs=5)
    assert runs == 5
    assert {1, 62} <= set(kept)
