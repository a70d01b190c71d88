"""A venue that is down for hours, under many children: `python -m tests.supervisors.herd 6`.

It is played with two reconnect limits.  One has a place for every child within one backoff; the
other is scarcer, as venues' own rules may be: then all are back when each had its place.
"""

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
AMPLE = ReconnectSpec(per_s=12.0, burst=10)  # 500 children in 42 s, less than one backoff
SCARCE = ReconnectSpec(per_s=2.0, burst=10)
BACKOFF = BackoffSpec()
DIAL_S = 0.2  # how long an attempt takes to fail


class Herd(Struct, frozen=True):
    """What one outage came to; `phases` are (name, seconds, attempts, most in any second)."""

    limit: ReconnectSpec
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


def back_within_s(limit: ReconnectSpec) -> float:
    """How long all may need: one backoff, or a place for each, and the dial."""
    return max(BACKOFF.max_s, CHILDREN / limit.per_s) + DIAL_S


async def _play(hours: float, limit: ReconnectSpec) -> Herd:
    venue, log = _Venue(), Log()
    children = tuple(
        worker(f"c{number}", log, work=venue.work, backoff=BACKOFF) for number in range(CHILDREN)
    )
    venue_spec = SupervisorSpec("venue", children=children, reconnects=limit)
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
        await trio.sleep(2 * back_within_s(limit))
        rows = runtime.rows()
        runtime.request_stop("enough")
    marks = [
        ("first minute", down_s, down_s + 60),
        ("the rest of the outage", down_s + 60, up_s),
        ("after the venue is back", up_s, up_s + 2 * back_within_s(limit)),
    ]
    return Herd(
        limit=limit,
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


def play(hours: float, limit: ReconnectSpec) -> Herd:
    """Play one outage in virtual time."""
    return trio.run(_play, hours, limit, clock=MockClock(autojump_threshold=0))


def document(hours: float, herds: list[Herd]) -> str:
    """Return `docs/supervision_outage.md`."""
    head = (
        "# A venue that is away for hours\n\n"
        f"{CHILDREN} children lose their venue in the same moment, and it stays away for"
        f" {hours:g} hours of virtual time.\n"
        f"Backoff is the default one, at most {BACKOFF.max_s:g} s, and all share one reconnect"
        " limit.\n"
    )
    parts = [head]
    for herd in herds:
        limit = herd.limit
        parts.append(
            f"## {limit.per_s:g} attempts a second, a burst of {limit.burst}\n\n"
            "| phase | seconds | attempts | a second | most in any second |\n|---|---|---|---|---|"
        )
        for name, seconds, attempts, most in herd.phases:
            cells = (name, f"{seconds:.0f}", attempts, f"{attempts / seconds:.1f}", most)
            parts.append(f"| {' | '.join(map(str, cells))} |")
        within = "one backoff" if limit is AMPLE else "one place for each"
        parts.append(
            f"\nAll {herd.running} were back {herd.back_s:g} s after the venue, within {within} and"
            f" a dial ({back_within_s(limit):.1f} s).\n"
            f"Crashes counted: {herd.crashes}; causes: {herd.causes}.\n"
        )
    parts.append(
        "`make chaos` plays it anew; `.venv/bin/python -m tests.supervisors.herd 6` prints this"
        " page, and a shorter outage is a test of the suite."
    )
    return "\n".join(parts)


if __name__ == "__main__":
    asked = float(sys.argv[1]) if len(sys.argv) > 1 else 6.0
    print(document(asked, [play(asked, limit) for limit in (AMPLE, SCARCE)]))
