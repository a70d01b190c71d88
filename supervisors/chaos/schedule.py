"""A schedule of faults is data: drawn from a seed, written to a file, cut down, played again."""

from __future__ import annotations

import random
from collections.abc import Sequence

from msgspec import Struct

MAX_FAULTS = 20_000
"""Of one schedule: an hour of a fault every 200 ms."""


class Planned(Struct, frozen=True):
    """One fault of a schedule.

    Args:
        at_s: when, in seconds since the schedule began.
        fault: its kind.
        target: tree path it is aimed at.
        duration_s: how long it lasts; 0: one moment.
        seed: of everything it leaves to chance.
    """

    at_s: float
    fault: str
    target: str
    duration_s: float = 0.0
    seed: int = 0


class Rate(Struct, frozen=True):
    """How often a kind of fault is wanted, and where.

    Args:
        fault: its kind.
        targets: tree paths it may be aimed at; each fault takes one.
        every_s: mean time between two of them.
        duration_s: shortest and longest time one lasts.
    """

    fault: str
    targets: tuple[str, ...]
    every_s: float
    duration_s: tuple[float, float] = (0.0, 0.0)


def draw(chance: random.Random, rates: Sequence[Rate], for_s: float) -> tuple[Planned, ...]:
    """Draw a schedule: every kind comes at random times with its own mean between two.

    Each rate draws from a source of its own, so that leaving one out changes no other.

    Args:
        chance: names those sources.
        rates: what is wanted; those without targets are passed over.
        for_s: the schedule's length in seconds; no fault lasts longer than to its end.
    """
    drawn: list[Planned] = []
    root = chance.getrandbits(64)
    for rate in rates:
        own = random.Random(f"{root}:{rate.fault}")
        at_s = own.expovariate(1.0 / rate.every_s)
        while rate.targets and at_s < for_s and len(drawn) < MAX_FAULTS:
            duration_s = min(own.uniform(*rate.duration_s), for_s - at_s)
            target = own.choice(rate.targets)
            seed = own.getrandbits(32)
            drawn.append(Planned(round(at_s, 3), rate.fault, target, round(duration_s, 3), seed))
            at_s += own.expovariate(1.0 / rate.every_s)
    return tuple(sorted(drawn, key=lambda planned: (planned.at_s, planned.fault, planned.target)))
