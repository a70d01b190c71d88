"""Budgets, backoff and the reconnect limit: pure arithmetic on times that are passed in."""

from __future__ import annotations

import random
from collections import deque

from supervisors.spec import BackoffSpec, BudgetSpec, ReconnectSpec

SAME_CAUSE_S = 1.0  # one outage fails all its children within this; it counts as one cause
MAX_EXPONENT = 64  # 2 ** 64 is beyond any cap; keeps the power finite over a day of failures


class Backoff:
    """The growing wait of one child; `reset` when it has proven its health."""

    def __init__(self, spec: BackoffSpec) -> None:
        self._spec = spec
        self.failures = 0

    def next_s(
        self, chance: random.Random, at_least_s: float = 0.0, lasted_s: float = 0.0
    ) -> float:
        """Return the wait before the next life in seconds; never less than the error asked for.

        Args:
            chance: draws the jitter.
            at_least_s: what the error asked for.
            lasted_s: how long the life ran that is over; long enough, it has proven itself.
        """
        spec = self._spec
        if lasted_s >= spec.lasting_s:
            self.reset()
        power = min(self.failures, MAX_EXPONENT)
        full_s = min(spec.max_s, spec.min_s * spec.factor**power)
        self.failures += 1
        return max(at_least_s, full_s * (1.0 - spec.jitter * chance.random()))

    def reset(self) -> None:
        """Start small again."""
        self.failures = 0


class Budget:
    """What happened within a sliding window, against a count that is tolerated."""

    def __init__(self, spec: BudgetSpec) -> None:
        self._spec = spec
        self._times: deque[float] = deque()

    def spend(self, now_s: float) -> bool:
        """Count one; return whether that is more than tolerated."""
        self._times.append(now_s)
        if len(self._times) > self._spec.count + 1:
            self._times.popleft()  # older ones cannot change the answer any more
        return self.spent(now_s) > self._spec.count

    def spent(self, now_s: float) -> int:
        """Return how many lie within the window."""
        while self._times and self._times[0] <= now_s - self._spec.window_s:
            self._times.popleft()
        return len(self._times)

    def clear(self) -> None:
        """Forget everything."""
        self._times.clear()


class Causes:
    """A supervisor's budget: equal causes within a second count once."""

    def __init__(self, spec: BudgetSpec) -> None:
        self._budget = Budget(spec)
        self._counted: dict[str, float] = {}

    def spend(self, cause: str, now_s: float) -> bool:
        """Count a cause unless it was counted just now; return whether that is too many."""
        self._counted = {
            key: at_s for key, at_s in self._counted.items() if now_s - at_s < SAME_CAUSE_S
        }
        if cause in self._counted:
            return False
        self._counted[cause] = now_s
        return self._budget.spend(now_s)

    def spent(self, now_s: float) -> int:
        """Return how many lie within the window."""
        return self._budget.spent(now_s)

    def clear(self) -> None:
        """Forget everything."""
        self._budget.clear()
        self._counted.clear()


class ReconnectLimiter:
    """One bucket that all children of a supervisor share when they come back after an outage."""

    def __init__(self, spec: ReconnectSpec) -> None:
        self._interval_s = 1.0 / spec.per_s
        self._tolerance_s = self._interval_s * (spec.burst - 1)
        self._next_s = float("-inf")

    def reserve(self, now_s: float) -> float:
        """Take the next place; return when it may be used (now or later).

        Calls come in order of time: a child asks when its own wait is over, not before.
        """
        self._next_s = max(self._next_s, now_s)
        at_s = max(now_s, self._next_s - self._tolerance_s)
        self._next_s += self._interval_s
        return at_s
