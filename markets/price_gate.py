"""The one gate that every price passes before it counts: whose it is, which life, how old.

Only a `BookTop` can pass.  Book actors alone make them, from a book whose stream is joined to its
snapshot without a gap; a REST answer, a snapshot, a stored or a dark book is of another type and is
refused, whatever it says.
"""

from __future__ import annotations

from markets.freshness import Ages, Freshness, FreshnessLimits, ages, lag_of
from messages.books import BookTop

NS_PER_MS = 1_000_000


class PriceGate:
    """Judges tops at the instant of a decision.

    Args:
        limits: what is too old.
    """

    def __init__(self, limits: FreshnessLimits) -> None:
        self._limits = limits

    def judge(
        self,
        top: BookTop,
        *,
        epoch: int,
        proven_ns: int,
        now_ns: int,
        wall_ns: int,
        clock_offset_ms: float = 0.0,
    ) -> Ages | Freshness:
        """Say how old a top is if it may be traded on, else why it may not.

        Args:
            top: the levels to decide by.
            epoch: the connection's present life; a top of another one is dark.
            proven_ns: monotonic time of the connection's last proof, 0 before the first.
            now_ns: monotonic time.
            wall_ns: wall clock at the same instant.
            clock_offset_ms: our wall clock minus the venue's.

        Raises:
            TypeError: what is given is no `BookTop`; that is a mistake of the caller.
        """
        if type(top) is not BookTop:
            raise TypeError(f"only a live book's top has a price, not a {type(top).__name__}")
        if top.epoch != epoch:
            return Freshness.DARK
        received_wall_ms = (wall_ns - (now_ns - top.received_ns)) / NS_PER_MS
        lag_ms = lag_of(received_wall_ms, top.venue_ms, clock_offset_ms)
        found = ages(now_ns, proven_ns, top.received_ns, lag_ms)
        verdict = self._limits.judge(found)
        return found if verdict is Freshness.TRADEABLE else verdict
