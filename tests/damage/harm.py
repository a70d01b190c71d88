"""What is done to a window: a plan of deliveries drawn from a seed.

A plan is a list of steps, each a frame to deliver or the end of a connection life.  The last
depth event is never dropped: nobody could notice that.
"""

from __future__ import annotations

import random
from typing import Final, NamedTuple

from tests.damage.windows import Frame, Window

KINDS: Final = ("drop", "repeat", "swap", "cut", "too old", "before snapshot", "mixed")


class Plan(NamedTuple):
    """What to deliver and how snapshots behave.

    `steps` holds frames, and None where the connection is cut.  `held_first` is the number of
    depth events that arrive before the first snapshot.  `delays` are the depth events between
    asking for a snapshot and its answer; `stale` says which answers come from so many events
    before the first held one, 0 for a good answer.
    """

    kind: str
    steps: list[Frame | None]
    held_first: int
    delays: list[int]
    stale: list[int]


def draw(seed: int, window: Window) -> Plan:
    """Draw the damage of one seed."""
    chance = random.Random(seed)
    kind = KINDS[seed % len(KINDS)]
    steps: list[Frame | None] = list(window.frames)
    harms = [kind] if kind != "mixed" else chance.choices(KINDS[:4], k=3)
    for harm in harms:
        if harm == "drop":
            _drop(chance, steps, chance.randint(1, 4))
        elif harm == "repeat":
            _repeat(chance, steps)
        elif harm == "swap":
            _swap(chance, steps)
        elif harm == "cut":
            _cut(chance, steps)
    late = kind in ("before snapshot", "too old", "mixed")
    old = kind in ("too old", "mixed")
    return Plan(
        kind,
        steps,
        chance.randint(1, 12) if late else 0,
        [chance.randint(0, 6) for _ in range(64)],
        [chance.randint(1, 5) if old and chance.random() < 0.5 else 0 for _ in range(64)],
    )


def _depths(steps: list[Frame | None]) -> list[int]:
    """Where in the steps depth events stand, but for the newest one: nothing follows its loss."""
    events = [0 if step is None else step.event for step in steps]
    return [place for place, event in enumerate(events) if 0 < event < max(events)]


def _drop(chance: random.Random, steps: list[Frame | None], count: int) -> None:
    for _ in range(count):
        del steps[chance.choice(_depths(steps))]


def _repeat(chance: random.Random, steps: list[Frame | None]) -> None:
    """Deliver events again, at once or some messages later."""
    for _ in range(chance.randint(1, 4)):
        place = chance.choice(_depths(steps))
        again = min(place + 1 + chance.choice((0, 0, 3, 9)), len(steps))
        steps.insert(again, steps[place])


def _swap(chance: random.Random, steps: list[Frame | None]) -> None:
    places = _depths(steps)
    at = chance.randrange(len(places) - 1)
    first, second = places[at], places[at + 1]
    steps[first], steps[second] = steps[second], steps[first]


def _cut(chance: random.Random, steps: list[Frame | None]) -> None:
    """End the connection, lose what was sent meanwhile, and go on in a new life."""
    places = _depths(steps)
    start = chance.randrange(len(places) // 2)
    end = min(start + chance.randint(1, 8), len(places) - 1)
    steps[places[start] : places[end]] = [None]
