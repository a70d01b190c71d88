"""The fewest faults that still fail: delta debugging over a schedule (Zeller, 2002)."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeVar

T = TypeVar("T")

MAX_RUNS = 400
"""Runs after which the smallest failing schedule so far is good enough."""


def shrink(
    schedule: Sequence[T], fails: Callable[[tuple[T, ...]], bool], max_runs: int = MAX_RUNS
) -> tuple[tuple[T, ...], int]:
    """Cut a failing schedule down.

    Args:
        schedule: fails as it is.
        fails: plays a part of it, its order kept, and says whether it fails in the same way.
        max_runs: how often that may be done.

    Returns:
        A part that fails and of which, unless the runs were used up, no single fault can be left
        out; and how often something was played.
    """
    kept, pieces, runs = tuple(schedule), 2, 0
    if kept and max_runs > 0:
        runs = 1
        if fails(()):
            return (), runs
    while len(kept) > 1 and runs < max_runs:
        size = -(-len(kept) // pieces)
        parts = [kept[start : start + size] for start in range(0, len(kept), size)]
        candidates = list(parts) if pieces == 2 else []
        candidates += [
            tuple(one for other in parts[:number] + parts[number + 1 :] for one in other)
            for number in range(len(parts))
        ]
        for candidate in candidates:
            if runs >= max_runs:
                break
            runs += 1
            if fails(candidate):
                whole = candidate in parts
                kept, pieces = candidate, 2 if whole else max(pieces - 1, 2)
                break
        else:
            if size == 1:
                break
            pieces = min(len(kept), pieces * 2)
    return kept, runs
