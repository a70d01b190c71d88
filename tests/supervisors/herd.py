"""A venue that is down for hours, under many children: `python -m tests.supervisors.herd 6`."""

from __future__ import annotations

import sys
from collections import Counter

import trio
from msgspec import Struct
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from supervisors.runtime import Options, Runtime
from supervisors.spec import BackoffSpec, ReconnectSpec, SupervisorSpec
from tests.supervisors.trees import Log, Outage, Worker, worker

CHILDREN = 500
RECONNECTS = ReconnectSpec(per_s=2.0, burst=10)
BACKOFF = BackoffSpec(min_s=0.5, max_s=300.0)  # all 500 come back at that rate within it
DIAL_S = 0.2  # how long an attempt takes to fail


class Herd(Struct, frozen=True):
    """What one outage came to; `phases` are (name, seconds, attempts, most in any second)."""

    phases: tuple[tuple[str, float, int, int], ...]
    back_s: float
    crashes: int
    causes: int
    running: int


class _Venue:
    """Whether it answers, and when it was dialled."""

    def __init__(self) -> None:
        self.up = True
        self.dials: list[float] = []
        self.lost = trio.Event()

    async def work(self, actor: Worker) -> None:
        """Ready at once; then dial, and live until the venue goes down."""
        actor.context.ready()
        self.dials.append(trio.current_time())
        await trio.sleep(DIAL_S)
        if not self.up:
            raise Outage("no answer")
        await self.lost.wait()
        raise Outage("cut")


async def _play(hours: float) -> Herd:
    venue, log = _Venue(), Log()
    children = tuple(
        worker(f"c{number}", log, work=venue.work, backoff=BACKOFF) for number in range(CHILDREN)
    )
    venue_spec = SupervisorSpec("venue", children=children, reconnects=RECONNECTS)
    spec = SupervisorSpec("top", children=(venue_spec,))
    runtime = Runtime(spec, clock=TrioClock(), options=Options(seed=1))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(10)
        down_s = trio.current_time()
        venue.up = False
        venue.lost.set()
        await trio.sleep(hours * 3600)
        venue.up, venue.lost = True, trio.Event()
        up_s = trio.current_time()
        await trio.sleep(2 * BACKOFF.max_s)
        rows = runtime.rows()
        runtime.request_stop("enough")
    marks = [
        ("first minute", down_s, down_s + 60),
        ("the rest of the outage", down_s + 60, up_s),
        ("after the venue is back", up_s, up_s + 2 * BACKOFF.max_s),
    ]
    return Herd(
        phases=tuple((name, end - begin, *_rate(venue.dials, begin, end))
                     for name, begin, end in marks),
        back_s=round(venue.dials[-1] + DIAL_S - up_s, 1),
        crashes=sum(row.crashes for row in rows if row.kind == "actor"),
        causes=sum(row.crashes for row in rows if row.kind == "supervisor"),
        running=sum(row.state == "running" for row in rows if row.kind == "actor"),
    )  # fmt: skip


def _rate(dials: list[float], begin_s: float, end_s: float) -> tuple[int, int]:
    """Count the dials of a phase, and the most of any second."""
    seconds = Counter(int(at_s - begin_s) for at_s in dials if begin_s <= at_s < end_s)
    return sum(seconds.values()), max(seconds.values(), default=0)


def play(hours: float) -> Herd:
    """Play one outage in virtual time."""
    return trio.run(_play, hours, clock=MockClock(autojump_threshold=0))


def table(herd: Herd) -> str:
    """Return the outage as a table for the documentation."""
    lines = [
        "| phase | seconds | attempts | a second | most in any second |",
        "|---|---|---|---|---|",
    ]
    for name, seconds, attempts, most in herd.phases:
        lines.append(f"| {name} | {seconds:.0f} | {attempts} | {attempts / seconds:.1f} | {most} |")
    return "\n".join(lines)


if __name__ == "__main__":
    outcome = play(float(sys.argv[1]) if len(sys.argv) > 1 else 6.0)
    print(table(outcome))
    print(f"all {outcome.running} back {outcome.back_s:g} s after the venue;"
          f" crashes counted {outcome.crashes}, causes {outcome.causes}")  # fmt: skip
