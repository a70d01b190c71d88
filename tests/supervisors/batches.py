"""Many sequences and races in one go, for a process of its own."""

from __future__ import annotations

import traceback

from tests.supervisors.sequences import play
from tests.supervisors.test_random_operations import race_number

SEQUENCES = 10_000
BATCH = 100


def batch(first: int, last: int) -> list[tuple[int, str]]:
    """Play these numbers; return those that diverged, with the traceback."""
    found = []
    for number in range(first, last):
        for run in (play, race_number):
            try:
                run(number)
            except Exception:
                found.append((number, traceback.format_exc()))
    return found
