"""The three ages of a book and what they forbid.

`proof_age_ms` is the time since the last in-order frame or pong on the book's connection: how
long nothing has proven that the book is current.  `change_age_ms` is the time since it last
changed.  `lag_ms` is how long the last event travelled: receive minus venue time, both wall clock,
minus the offset of our clock to the venue's.
"""

from __future__ import annotations

import enum

from msgspec import Struct

PROOF_TO_TRADE_MS = 1_000.0
"""Greatest proof age that may be traded on."""

PROOF_HARD_MS = 5_000.0
"""Greatest proof age of a book that is shown at all."""

NS_PER_MS = 1_000_000


class Freshness(enum.Enum):
    """What a book may be used for."""

    TRADEABLE = "tradeable"
    OLD_PROOF = "proof too old to trade"
    OLD_CHANGE = "change too old to trade"
    LAGGING = "lag too long to trade"
    DARK = "dark"


class Ages(Struct, frozen=True, gc=False):
    """The ages of one book at one instant; `lag_ms` None where the venue sends no time."""

    proof_age_ms: float
    change_age_ms: float
    lag_ms: float | None = None


class FreshnessLimits(Struct, frozen=True):
    """What is too old; None switches a limit off.

    Raises:
        ValueError: a limit is not above 0, or the hard limit is below the one to trade.
    """

    proof_to_trade_ms: float = PROOF_TO_TRADE_MS
    proof_hard_ms: float = PROOF_HARD_MS
    change_ms: float | None = None
    lag_ms: float | None = None

    def __post_init__(self) -> None:
        limits = (self.proof_to_trade_ms, self.proof_hard_ms, self.change_ms, self.lag_ms)
        if not all(limit is None or limit > 0.0 for limit in limits):
            raise ValueError("a freshness limit is not above 0")
        if self.proof_hard_ms < self.proof_to_trade_ms:
            raise ValueError("the hard limit on proof age is below the limit to trade")

    def judge(self, ages: Ages) -> Freshness:
        """Say what a book of these ages may be used for; a limit itself is still allowed."""
        if not ages.proof_age_ms <= self.proof_hard_ms:
            return Freshness.DARK
        if ages.proof_age_ms > self.proof_to_trade_ms:
            return Freshness.OLD_PROOF
        if self.change_ms is not None and not ages.change_age_ms <= self.change_ms:
            return Freshness.OLD_CHANGE
        if self.lag_ms is not None and ages.lag_ms is not None and not ages.lag_ms <= self.lag_ms:
            return Freshness.LAGGING
        return Freshness.TRADEABLE


def ages(now_ns: int, proven_ns: int, changed_ns: int, lag_ms: float | None = None) -> Ages:
    """Compute the ages of a book.

    Args:
        now_ns: monotonic time.
        proven_ns: monotonic time of the last in-order frame or pong of its connection.
        changed_ns: monotonic time of its last change.
        lag_ms: lag of its last event, see `lag_of`.
    """
    return Ages((now_ns - proven_ns) / NS_PER_MS, (now_ns - changed_ns) / NS_PER_MS, lag_ms)


def lag_of(received_wall_ms: float, venue_ms: int, clock_offset_ms: float = 0.0) -> float | None:
    """How long an event travelled, in milliseconds.

    Args:
        received_wall_ms: our wall clock when it arrived.
        venue_ms: the venue's wall clock in the event; 0 means that it carries none.
        clock_offset_ms: our clock minus the venue's.

    Returns:
        The lag, None without a venue time.  It may be below 0 by the error of the offset.
    """
    return received_wall_ms - venue_ms - clock_offset_ms if venue_ms else None
