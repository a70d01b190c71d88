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
        strikes: told of every fault right before it is carried out: some show at once.
        missed: told of the same fault when there was nothing to strike.
    """

    def __init__(
        self,
        schedule: Sequence[Planned],
        strike: Strike,
        strikes: Callable[[Injected], None] = lambda injected: None,
        missed: Callable[[Injected], None] = lambda injected: None,
    ) -> None:
        self._schedule = schedule
        self._strike = strike
        self._strikes, self._missed = strikes, missed
        self.injected: list[Injected] = []
        self.missed: list[Planned] = []

    async def run(self) -> None:
        """Play it from now on; return after the last fault's moment."""
        began_s = trio.current_time()
        for planned in self._schedule:
            await trio.sleep_until(began_s + planned.at_s)
            now_s = trio.current_time()
            injected = Injected(planned, now_s, now_s + planned.duration_s)
            self._strikes(injected)
            if self._strike(planned):
                self.injected.append(injected)
            else:
                self.missed.append(planned)
                self._missed(injected)
