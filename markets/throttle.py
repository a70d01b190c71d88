"""A weighted token bucket: how much may be asked of a venue, and when.

The venue allows `limit` of weight in each interval and counts it by itself, some time between
our sending a request and its answer.  A bucket that could hold the whole limit and refill at the
full rate would let nearly twice the limit through in one interval, so only a share of it (the
burst) may be spent at once and the rest flows in.  What is under way belongs to the burst until
it is settled: whichever way the venue's windows lie and however late it counts, no window holds
more than the limit.
"""

from __future__ import annotations

import enum
from collections import deque
from math import inf

BURST_SHARE = 0.5
"""Share of the limit that may be spent at once; the rest refills over the interval."""

RESERVE_SHARE = 0.2
"""Share of the burst only priority callers (cancels, hedges) may use."""

LINGER_S = 5.0
"""How long after it was given up a request may still reach the venue and be counted."""

RECHECK_S = 0.25
"""When to look again at what waits for requests under way, whose end nobody can foresee."""


class Fate(enum.Enum):
    """What became of a request that spent: it was never sent, answered, or given up."""

    NOT_SENT = "not sent"
    ANSWERED = "answered"
    GIVEN_UP = "given up"


class TokenBucket:
    """One limit of one venue.

    Args:
        limit: weight allowed in each interval, above 0.
        interval_s: length of the interval in seconds, above 0.
        now_s: monotonic time; the bucket starts full.
        burst_share: share of the limit that may be spent at once, between 0 and 1.
        reserve_share: share of the burst kept for priority callers, 0 to below 1.

    Raises:
        ValueError: an argument is out of its range.
    """

    def __init__(
        self,
        limit: float,
        interval_s: float,
        now_s: float,
        *,
        burst_share: float = BURST_SHARE,
        reserve_share: float = RESERVE_SHARE,
    ) -> None:
        if not (limit > 0 and interval_s > 0):
            raise ValueError(f"a limit of {limit} in {interval_s} s allows nothing")
        if not (0.0 < burst_share < 1.0 and 0.0 <= reserve_share < 1.0):
            raise ValueError(f"shares {burst_share} and {reserve_share} are out of range")
        self.limit = float(limit)
        self.interval_s = interval_s
        self.burst_share = burst_share
        self.reserve_share = reserve_share
        self._tokens = self.burst
        self._held = 0.0
        self._lingering: deque[tuple[float, float]] = deque()
        self._at_s = now_s
        self._window_left = inf
        self._window_ends_s = -inf

    @property
    def burst(self) -> float:
        """The most that may be spent at once, or be under way."""
        return self.limit * self.burst_share

    @property
    def reserve(self) -> float:
        """What only priority callers may use."""
        return self.burst * self.reserve_share

    @property
    def refill_per_s(self) -> float:
        """Weight that flows back each second."""
        return self.limit * (1.0 - self.burst_share) / self.interval_s

    @property
    def held(self) -> float:
        """Weight of requests under way, as of the last call."""
        return self._held

    def share_left(self, now_s: float) -> float:
        """The share of the burst that could be spent now, 0 to 1."""
        self._advance(now_s)
        return max(0.0, min(self._tokens, self._window_left) / self.burst)

    def take(self, weight: float, now_s: float, *, priority: bool = False) -> bool:
        """Spend so much if it is there; says whether it was.  Every grant must be settled."""
        if self.ready_in_s(weight, now_s, priority=priority) > 0.0:
            return False
        self._tokens -= weight
        self._held += weight
        self._window_left -= weight
        return True

    def settle(self, weight: float, now_s: float, fate: Fate) -> None:
        """End what `take` granted; what was never sent comes back, what was flows in again."""
        self._advance(now_s)
        if fate is Fate.GIVEN_UP:
            self._lingering.append((now_s + LINGER_S, weight))
            return
        self._held = max(0.0, self._held - weight)
        if fate is Fate.NOT_SENT:
            self._tokens = min(self._room, self._tokens + weight)
            self._window_left += weight

    def ready_in_s(self, weight: float, now_s: float, *, priority: bool = False) -> float:
        """How long until so much may be spent: 0 for now, infinity when it never fits.

        The wait is the least it can be: what is under way may end later.
        """
        self._advance(now_s)
        if weight <= 0.0:
            return 0.0
        needed = weight + (0.0 if priority else self.reserve)
        if needed > self.burst:
            return inf
        wait_s, short = 0.0, needed - self._tokens
        # A rest that is smaller than the clock can tell apart counts as there.
        if short > weight * 1e-9:
            wait_s = short / self.refill_per_s
            if needed > self._room:
                ends_s = self._lingering[0][0] - now_s if self._lingering else RECHECK_S
                wait_s = max(wait_s, min(RECHECK_S, ends_s))
        if needed > self._window_left:
            wait_s = max(wait_s, self._window_ends_s - now_s)
        return wait_s

    def learn(
        self,
        used: float,
        now_s: float,
        *,
        limit: float | None = None,
        resets_in_s: float | None = None,
    ) -> None:
        """Believe the venue's own count where it is the stricter one, until its window ends.

        Args:
            used: weight the venue says was used in its current window, at least 0.
            now_s: monotonic time of the answer, whose own weight is settled already.
            limit: the limit it names, None where it names none.
            resets_in_s: seconds until it counts anew; None when unknown, then a whole interval.
        """
        self._advance(now_s)
        if limit is not None:
            self.change_limit(limit, now_s)
        # Requests under way may not be in the venue's count yet.
        left = self.limit - used - self._held
        wait_s = self.interval_s
        if resets_in_s is not None:
            wait_s = min(max(0.0, resets_in_s), self.interval_s)
        ends_s = now_s + wait_s
        if ends_s - self._window_ends_s > self.interval_s / 2:
            self._window_left, self._window_ends_s = left, ends_s
        else:
            # The same window: an answer that comes late must not loosen it.
            self._window_left = min(self._window_left, left)

    def change_limit(self, limit: float, now_s: float) -> None:
        """Take over a limit the venue declares; one that allows nothing is not believed."""
        self._advance(now_s)
        if limit > 0:
            self.limit = float(limit)
            self._tokens = min(self._tokens, self._room)

    def at_rest(self, now_s: float) -> bool:
        """Whether forgetting the bucket would lose nothing: a new one would say the same."""
        self._advance(now_s)
        full = self._tokens >= self.burst - 1e-9
        return full and self._window_left == inf and not self._held

    @property
    def _room(self) -> float:
        """How many tokens there may be beside what is under way."""
        return max(0.0, self.burst - self._held)

    def _advance(self, now_s: float) -> None:
        while self._lingering and self._lingering[0][0] <= now_s:
            ends_s, weight = self._lingering.popleft()
            self._refill(ends_s)
            self._held = max(0.0, self._held - weight)
        self._refill(now_s)
        if now_s >= self._window_ends_s:
            self._window_left = inf

    def _refill(self, now_s: float) -> None:
        if now_s > self._at_s:
            gained = (now_s - self._at_s) * self.refill_per_s
            self._tokens = max(self._tokens, min(self._room, self._tokens + gained))
            self._at_s = now_s
