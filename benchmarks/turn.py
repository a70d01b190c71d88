"""Hand-over in the sender's turn beside a bound-method call, ns a message.

    python -m benchmarks.turn [--rounds 15] [--json]

All rows come from one run and take turns with each other, so their ratios mean something on a
busy machine; each is the median of the CPU time of its rounds, with the least beside it.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time
from collections.abc import Callable
from functools import partial
from typing import ClassVar

import trio

from actors.runtime.actor import Actor
from supervisors.runtime import open_tree
from supervisors.spec import ChildSpec, SupervisorSpec

MESSAGES = 20_480
"""A multiple of every batch size; a round of it takes some milliseconds."""

ROUNDS = 15
BATCHES = (8, 64)
TOLD = "tell"
CALLED = "bound method"


class Sink(Actor):
    """Does nothing with a message."""

    in_turn: ClassVar[bool] = True

    def handle(self, message: object) -> None:
        """Take it."""


def measure(ways: dict[str, Callable[[], None]], rounds: int) -> dict[str, dict[str, float]]:
    """Return ns a message of each way."""
    spent: dict[str, list[float]] = {name: [] for name in ways}
    for _ in range(rounds):
        for name, way in ways.items():
            began_ns = time.thread_time_ns()
            way()
            spent[name].append((time.thread_time_ns() - began_ns) / MESSAGES)
    return {
        name: {"median_ns": round(statistics.median(each), 1), "least_ns": round(min(each), 1)}
        for name, each in spent.items()
    }


async def run(rounds: int) -> dict[str, dict[str, float]]:
    """Measure on a running tree."""
    spec = SupervisorSpec("bench", children=(ChildSpec("sink", Sink),))
    async with open_tree(spec) as runtime:
        ref = runtime.lookup("bench/sink")
        call = Sink().handle

        def direct() -> None:
            for number in range(MESSAGES):
                call(number)

        def tell() -> None:
            tell_one = ref.tell
            for number in range(MESSAGES):
                tell_one(number)

        def tell_batch(size: int) -> None:
            batch, tell_many = tuple(range(size)), ref.tell_batch
            for _ in range(MESSAGES // size):
                tell_many(batch)

        ways = {CALLED: direct, TOLD: tell}
        ways |= {f"tell_batch of {size}": partial(tell_batch, size) for size in BATCHES}
        found = measure(ways, rounds)
        handled = ref.statistics().handled
        if handled != rounds * MESSAGES * (len(ways) - 1):
            raise SystemExit(f"only {handled} messages were handled")
        return found


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    rows = trio.run(run, options.rounds)
    if options.json:
        print(json.dumps({"rows": rows}))
    else:
        once_ns = rows[CALLED]["median_ns"]
        for name, row in rows.items():
            print(
                f"{name:20} median {row['median_ns']:7.0f} ns  x{row['median_ns'] / once_ns:<5.1f}"
                f" least {row['least_ns']:7.0f} ns"
            )


if __name__ == "__main__":
    main()
