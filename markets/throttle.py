"""A weighted token bucket: how much may be asked of a venue, and when.

The venue allows `limit` of weight in each interval and counts it by itself.  A bucket that could
hold the whole limit and refill at the full rate would let nearly twice the limit through in one
interval, so only a share of it may be spent at once and the rest flows in: over any interval at
most the limit is granted, whichever way the venue's windows lie.
"""

from __future__ import annotations

from math import inf

BURST_SHARE = 0.5
"""Share of the limit that may be spent at once; the rest refills over the interval."""

RESERVE_SHARE = 0.2
"""Share of the burst only priority callers (cancels, hedges) may use."""


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
        self._at_s = now_s
        self._closed_until_s = -inf

    @property
    def burst(self) -> float:
        """The most that may be spent at once."""
        return self.limit * self.burst_share

    @property
    def reserve(self) -> float:
        """What only priority callers may use."""
        return self.burst * self.reserve_share

    @property
    def refill_per_s(self) -> float:
        """Weight that flows back each second."""
        return self.limit * (1.0 - self.burst_share) / self.interval_s

    def take(self, weight: float, now_s: float, *, priority: bool = False) -> bool:
        """Spend so much if it is there; says whether it was."""
        if self.ready_in_s(weight, now_s, priority=priority) > 0.0:
            return False
        self._tokens -= weight
        return True

    def ready_in_s(self, weight: float, now_s: float, *, priority: bool = False) -> float:
        """How long until so much may be spent: 0 for now, infinity when it never fits."""
        self._refill(now_s)
        floor = 0.0 if priority else self.reserve
        if weight > self.burst - floor:
            return inf
        short = weight + floor - self._tokens
        # A rest that is smaller than the clock can tell apart counts as there.
        wait_s = short / self.refill_per_s if short > weight * 1e-9 else 0.0
        return max(wait_s, self._closed_until_s - now_s, 0.0)

    def learn(self, used: float, limit: float | None, now_s: float) -> None:
        """Believe the venue's own count where it is the stricter one.

        Args:
            used: weight the venue says was used in its current interval, at least 0.
            limit: the limit it names, None where it names none.
            now_s: monotonic time of the answer.
        """
        self._refill(now_s)
        if limit is not None and limit > 0:
            self.limit = float(limit)
        # Never upwards: requests on their way are not in the venue's count yet.
        self._tokens = min(self._tokens, self.burst, self.limit - used)

    def close_until(self, until_s: float) -> None:
        """Grant nothing before that time (429, 418, Retry-After); a later end is kept."""
        self._closed_until_s = max(self._closed_until_s, until_s)

    def _refill(self, now_s: float) -> None:
        if now_s > self._at_s:
            gained = (now_s - self._at_s) * self.refill_per_s
            self._tokens = min(self.burst, self._tokens + gained)
            self._at_s = now_s
