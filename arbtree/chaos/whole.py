"""Many seeds: played in one process or several, told as one report."""

from __future__ import annotations

import datetime
import multiprocessing
import os
import platform
import time
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor

from msgspec import Struct, structs

from arbtree import __version__
from arbtree.chaos.recovery import spread
from arbtree.chaos.report import ChaosReport, FaultRecord, FaultRow, SeedReport, Verdict
from arbtree.chaos.runs import Play
from arbtree.chaos.seeds import play
from arbtree.chaos.swarm import draw_seed
from arbtree.checkout import commit
from config.chaos import FaultChange
from messages.faults import CATALOGUE
from supervisors.chaos.schedule import Planned
from supervisors.chaos.shrink import shrink

VIOLATIONS_TOLD = 20
"""Sentences of one checker that the whole report repeats; every seed has its own."""


class Job(Struct, frozen=True):
    """One seed to play.

    Args:
        only: numbers of the planned faults that are left, from 0; None: all.
        replay: the command that plays it again.
    """

    seed: int
    for_s: float
    changes: dict[str, FaultChange]
    replay: str
    only: tuple[int, ...] | None = None


def play_job(job: Job) -> Play:
    """Play one seed."""
    schedule: Sequence[Planned] | None = None
    if job.only is not None:
        planned = draw_seed(job.seed, job.for_s, job.changes).schedule
        schedule = [planned[number] for number in job.only]
    return play(job.seed, job.for_s, job.changes, schedule, job.replay)


def play_all(jobs: Sequence[Job], processes: int) -> Iterator[Play]:
    """Play them, in the order given; several at a time where more than one process is allowed."""
    if processes <= 1 or len(jobs) <= 1:
        yield from map(play_job, jobs)
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(processes, mp_context=fresh) as pool:
        yield from pool.map(play_job, jobs)


def hashes_again(jobs: Sequence[Job], processes: int) -> Iterator[tuple[int, str]]:
    """Play them once more, in new processes, and yield seed and hash."""
    if not jobs:
        return
    fresh = multiprocessing.get_context("spawn")
    with ProcessPoolExecutor(max(1, processes), mp_context=fresh) as pool:
        for job, again in zip(jobs, pool.map(play_job, jobs), strict=True):
            yield job.seed, again.report.trace_hash


def shrink_job(
    job: Job, failed: frozenset[str], told: Callable[[int], None] | None = None
) -> tuple[Job, int]:
    """Cut a failing seed down to the fewest faults that make one of the same checkers fail.

    A seed that is to end with exit 4 keeps what makes it do so.

    Args:
        job: fails as it is.
        failed: the checkers that failed.
        told: called with the number of faults before every run.

    Returns:
        The same seed with fewer faults, and how many runs that took.
    """
    drawn = draw_seed(job.seed, job.for_s, job.changes)
    numbers = tuple(range(len(drawn.schedule))) if job.only is None else job.only
    # Without the crashes that make an engine give up, not giving up would be what fails.
    fixed = tuple(
        number
        for number in numbers
        if drawn.expected_exit and drawn.schedule[number].fault == "root_crash"
    )

    def whole(part: tuple[int, ...]) -> tuple[int, ...]:
        return tuple(sorted((*fixed, *part)))

    def fails(part: tuple[int, ...]) -> bool:
        if told is not None:
            told(len(fixed) + len(part))
        report = play_job(structs.replace(job, only=whole(part))).report
        return any(verdict.failed and verdict.checker in failed for verdict in report.verdicts)

    kept, runs = shrink(tuple(number for number in numbers if number not in fixed), fails)
    return structs.replace(job, only=whole(kept)), runs


def failed_checkers(report: SeedReport) -> frozenset[str]:
    """The checkers that found something in a seed."""
    return frozenset(verdict.checker for verdict in report.verdicts if verdict.failed)


# -- the report ----------------------------------------------------------------------------------


def whole_report(
    plays: Sequence[Play],
    for_s: float,
    again: Mapping[int, str],
    real_s: float,
    *,
    keep_timelines: bool = False,
) -> ChaosReport:
    """Make one report of all seeds.

    Args:
        plays: every seed, in order.
        for_s: virtual length of each.
        again: hashes of the seeds that were played twice.
        real_s: how long it took.
        keep_timelines: keep the timeline of every seed, not only of those that failed.
    """
    seeds = tuple(_seed(one, keep_timelines) for one in plays)
    unequal = tuple(
        seed.seed for seed in seeds if again.get(seed.seed, seed.trace_hash) != seed.trace_hash
    )
    return ChaosReport(
        kind="virtual",
        version=__version__,
        python=platform.python_version(),
        commit=commit(),
        machine=f"{platform.system()} {platform.machine()}, {os.cpu_count()} processors",
        date=datetime.datetime.now(datetime.UTC).date().isoformat(),
        for_s=for_s,
        faults=tuple(fault_rows(record for one in plays for record in one.records)),
        verdicts=tuple(_verdicts(seeds)),
        seeds=seeds,
        repeated=len(again),
        unequal=unequal,
        passed=not unequal and all(seed.passed for seed in seeds),
        real_s=round(real_s, 3),
    )


def _seed(one: Play, keep: bool) -> SeedReport:
    if not keep and one.report.passed:
        return one.report
    return structs.replace(one.report, records=one.records, changes=one.changes)


def fault_rows(records: Iterable[FaultRecord]) -> Iterator[FaultRow]:
    """The recovery table: a row for every kind that struck, in the catalogue's order."""
    by_kind: dict[str, list[FaultRecord]] = defaultdict(list)
    for record in records:
        by_kind[record.fault].append(record)
    for kind in CATALOGUE:
        mine = by_kind.get(kind.name)
        if mine is None:
            continue
        to_dark = [one.dark_after_s for one in mine if one.dark_after_s is not None]
        to_live = [one.live_after_s for one in mine if one.live_after_s is not None]
        yield FaultRow(
            kind.name,
            kind.group.value,
            kind.sentence,
            injected=len(mine),
            darkened=len(to_dark),
            recovered=len(mine) - len(to_dark) + len(to_live),
            to_dark=spread(to_dark),
            to_live=spread(to_live),
        )


def _verdicts(seeds: Sequence[SeedReport]) -> Iterator[Verdict]:
    by_checker: dict[str, list[tuple[int, Verdict]]] = defaultdict(list)
    for seed in seeds:
        for verdict in seed.verdicts:
            by_checker[verdict.checker].append((seed.seed, verdict))
    for name, found in by_checker.items():
        told = [f"seed {seed}, {text}" for seed, verdict in found for text in verdict.violations]
        yield Verdict(
            name,
            found[0][1].sentence,
            sum(verdict.looked_at for _, verdict in found),
            sum(verdict.failed for _, verdict in found),
            tuple(told[:VIOLATIONS_TOLD]),
        )


def stopwatch() -> Callable[[], float]:
    """Begin to measure; the function returned says how many seconds have passed."""
    began_s = time.monotonic()
    return lambda: time.monotonic() - began_s
