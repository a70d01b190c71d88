"""Unreadable frames: counted by symbol and cause, and not held against a stream that speaks."""

from __future__ import annotations

import pytest

from actors.unreadable import (
    FORGOTTEN_AFTER_S,
    FORGOTTEN_BESIDE_DATA_S,
    GIVEN_UP_AFTER,
    Unreadable,
)

TEXT = "expected an event, got {"


def verdicts(times_s: list[float], *, beside_data: bool) -> list[bool]:
    """Whether each of these frames was one too many."""
    counts = Unreadable()
    return [counts.noted("BTC/USDT", TEXT, at_s, beside_data=beside_data) for at_s in times_s]


@pytest.mark.parametrize(
    ("apart_s", "beside_data", "given_up"),
    [
        (FORGOTTEN_AFTER_S, False, True),
        (FORGOTTEN_AFTER_S + 1, False, False),
        (FORGOTTEN_BESIDE_DATA_S, True, True),
        (FORGOTTEN_BESIDE_DATA_S + 1, True, False),
    ],
)
def test_only_frames_near_each_other_add_up(
    apart_s: float, beside_data: bool, given_up: bool
) -> None:
    """Damaged frames of a stream that brings data must come much faster to cost the symbol."""
    times_s = [number * apart_s for number in range(GIVEN_UP_AFTER)]
    assert verdicts(times_s, beside_data=beside_data)[-1] is given_up


def test_one_damaged_frame_a_life_never_costs_the_symbol() -> None:
    """However long it goes on."""
    assert not any(verdicts([6.0 * number for number in range(1_000)], beside_data=True))


def test_another_cause_begins_anew() -> None:
    """What the codec expected is the cause; what it got may vary."""
    counts = Unreadable()
    for _ in range(3):
        for text in ("expected an event, got 1", "expected a price, got 2"):
            assert not counts.noted("BTC/USDT", text, 0.0, beside_data=False)
