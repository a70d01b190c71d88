"""Carries a schedule of faults out, one after the other, and keeps what was really struck."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import trio
from msgspec import Struct

from supervisors.chaos.schedule import Planned


class Injected(Struct, frozen=True):
    """A fault that was carried out; times in seconds of trio's clock.

    Args:
        planned: what it was.
        at_s: when it struck.
        over_s: when it was over; `at_s` where it was one moment.
    """

    planned: Planned
    at_s: float
    over_s: float


Strike = Callable[[Planned], bool]
"""Carries one fault out; False when there was nothing to strike."""


class Nemesis:
    """Plays one schedule.

    Args:
        schedule: in the order of time.
        strike: carries a fault out; synchronous.
        struck: told of every fault that was carried out.
    """

    def __init__(
        self,
        schedule: Sequence[Planned],
        strike: Strike,
        struck: Callable[[Injected], None] | None = None,
    ) -> None:
        self._schedule = schedule
        self._strike = strike
        self._struck = struck
        self.injected: list[Injected] = []
        self.missed: list[Planned] = []

    async def run(self) -> None:
        """Play it from now on; return after the last fault's moment."""
        began_s = trio.current_time()
        for planned in self._schedule:
            await trio.sleep_until(began_s + planned.at_s)
            now_s = trio.current_time()
            if not self._strike(planned):
                self.missed.append(planned)
                continue
            injected = Injected(planned, now_s, now_s + planned.duration_s)
            self.injected.append(injected)
            if self._struck is not None:
                self._struck(injected)
