"""How long to wait before trying again: capped exponential with equal jitter.

Equal jitter draws from the upper half of the delay: never at once, never all together.
"""

from __future__ import annotations

from math import frexp

from msgspec import Struct

BASE_S = 0.5
"""The full delay before the first retry."""

CAP_S = 60.0
"""The greatest delay: an outage of hours is asked about once a minute."""


class Backoff(Struct, frozen=True):
    """One rule of waiting; stateless, the caller counts its attempts.

    `base_s` and `cap_s` are seconds, above 0, the cap at least the base.
    """

    base_s: float = BASE_S
    cap_s: float = CAP_S

    def __post_init__(self) -> None:
        if not 0.0 < self.base_s <= self.cap_s:
            raise ValueError(f"backoff from {self.base_s} to {self.cap_s} s cannot work")

    def full_s(self, attempt: int) -> float:
        """The delay without jitter before retry number `attempt` (0 is the first)."""
        if attempt < 0:
            raise ValueError(f"attempt {attempt} is negative")
        # No power beyond the cap is computed: an outage of days counts far.
        _, doublings = frexp(self.cap_s / self.base_s)
        return min(self.cap_s, self.base_s * 2.0 ** min(attempt, doublings))

    def delay_s(self, attempt: int, unit: float) -> float:
        """The delay to wait.

        Args:
            attempt: how many retries came before, at least 0.
            unit: a random number in [0, 1).

        Returns:
            Seconds between half the full delay and the full one.

        Raises:
            ValueError: an argument is out of its range.
        """
        if not 0.0 <= unit <= 1.0:
            raise ValueError(f"{unit} is not between 0 and 1")
        full_s = self.full_s(attempt)
        return full_s / 2.0 + full_s / 2.0 * unit
