"""A circuit breaker as a table: stop asking an endpoint that keeps failing, then try it gently.

Closed lets everything through.  After `failures` failures in a row it opens for a while; then one
probe at a time is let through (half-open): its success closes the breaker, its failure opens it
again for twice as long, up to a cap.  Every request that goes gets a ticket and reports with it:
what was sent before the breaker opened last changes nothing any more.
"""

from __future__ import annotations

import enum
from math import inf

FAILURES_TO_OPEN = 5
"""Failures in a row that open it: more than a lost packet or two explain."""

OPEN_S = 1.0
"""How long it stays open the first time."""

OPEN_CAP_S = 15.0
"""How long it stays open at most: one probe in so long costs nothing, and finds an endpoint that
healed before anybody has to wait for it."""


class BreakerState(enum.Enum):
    """What the breaker lets through: everything, nothing, or one probe."""

    CLOSED = "closed"
    OPEN = "open"
    HALF_OPEN = "half-open"


class BreakerEvent(enum.Enum):
    """What moves it from state to state."""

    SUCCEEDED = "succeeded"
    FAILED = "failed"
    FAILED_TOO_OFTEN = "failed too often"
    WAITED = "waited"


_CLOSED, _OPEN, _HALF_OPEN = BreakerState

TRANSITIONS: dict[tuple[BreakerState, BreakerEvent], BreakerState] = {
    (_CLOSED, BreakerEvent.SUCCEEDED): _CLOSED,
    (_CLOSED, BreakerEvent.FAILED): _CLOSED,
    (_CLOSED, BreakerEvent.FAILED_TOO_OFTEN): _OPEN,
    (_OPEN, BreakerEvent.WAITED): _HALF_OPEN,
    (_HALF_OPEN, BreakerEvent.SUCCEEDED): _CLOSED,
    (_HALF_OPEN, BreakerEvent.FAILED): _OPEN,
}
"""The whole machine; what is not in it cannot happen."""


class CircuitBreaker:
    """One endpoint's breaker; times are monotonic seconds.

    `failures` counts those in a row, `opened` how often it opened.

    Args:
        failures: failures in a row that open it, at least 1.
        open_s: how long it stays open the first time, above 0.
        cap_s: how long it stays open at most, at least `open_s`.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        failures: int = FAILURES_TO_OPEN,
        open_s: float = OPEN_S,
        cap_s: float = OPEN_CAP_S,
    ) -> None:
        if failures < 1 or not 0.0 < open_s <= cap_s:
            raise ValueError(f"breaker of {failures} failures, {open_s} to {cap_s} s cannot work")
        self._failures_to_open = failures
        self._first_open_s = open_s
        self._cap_s = cap_s
        self._state = BreakerState.CLOSED
        self._open_s = open_s
        self._until_s = 0.0
        self._tickets = 0
        self._stale = 0
        self._probe = 0
        self._probe_until_s = -inf
        self.failures = 0
        self.opened = 0

    @property
    def state(self) -> BreakerState:
        """The state as of the last call."""
        return self._state

    def ready_in_s(self, now_s: float) -> float:
        """How long until a request may go; 0 does not promise that the probe is still free."""
        return max(0.0, self._until_s - now_s) if self._state is BreakerState.OPEN else 0.0

    def allow(self, now_s: float) -> int | None:
        """Let a request go now: its ticket, or None when it may not.

        The caller reports `succeeded`, `failed` or `abandoned` with every ticket; a probe that is
        never reported is given up after the cap.
        """
        if self._state is BreakerState.OPEN and now_s >= self._until_s:
            self._move(BreakerEvent.WAITED)
            self._probe_until_s = -inf
        if self._state is BreakerState.CLOSED:
            self._tickets += 1
            return self._tickets
        if self._state is BreakerState.OPEN or now_s < self._probe_until_s:
            return None
        self._tickets += 1
        self._probe, self._probe_until_s = self._tickets, now_s + self._cap_s
        return self._probe

    def succeeded(self, ticket: int) -> None:
        """A request was answered, be it with a refusal that proves the endpoint well."""
        if ticket <= self._stale:
            return
        self.failures = 0
        self._open_s = self._first_open_s
        if self._state is BreakerState.HALF_OPEN:
            self._stale = self._tickets - 1  # an earlier probe that is still out has no say
        self._move(BreakerEvent.SUCCEEDED)

    def failed(self, ticket: int, now_s: float) -> None:
        """A request failed in a way that speaks against the endpoint."""
        if ticket <= self._stale:
            return
        self.failures += 1
        if self._state is BreakerState.HALF_OPEN:
            self._open_s = min(self._cap_s, self._open_s * 2.0)
            self._move(BreakerEvent.FAILED)
        elif self.failures < self._failures_to_open:
            self._move(BreakerEvent.FAILED)
            return
        else:
            self._move(BreakerEvent.FAILED_TOO_OFTEN)
        self.opened += 1
        self._until_s = now_s + self._open_s
        self._stale = self._tickets

    def abandoned(self, ticket: int) -> None:
        """A request was given up without an answer (cancelled): if the probe, its place is free."""
        if ticket == self._probe:
            self._probe_until_s = -inf

    def _move(self, event: BreakerEvent) -> None:
        self._state = TRANSITIONS[self._state, event]
