"""What a soak found: samples of the process, recoveries after cuts, and whether bars were kept."""

from __future__ import annotations

import math
from array import array
from collections.abc import Sequence
from typing import Any, NamedTuple

from msgspec import Struct, field

from arbtree.status import BookStatus
from benchmarks.machine import machine

SETTLE_SHARE = 1 / 3
SETTLE_AT_MOST_S = 600.0
MEMORY_BAR_MB_PER_H = 1.0
"""For runs of two hours; shorter ones report the slope without a bar."""
BAR_FROM_S = 7000.0
LOOKS = 12
"""Samples of the first and of the last minute; the lowest count of descriptors of each is
compared, because a connection that is dialled or closed in the moment of a look is counted too."""


class Sample(NamedTuple):
    """One look at the process while all books were live."""

    at_s: float
    resident_mb: float
    fds: int
    """Descriptors, idle REST connections aside."""
    rest_idle: int
    tasks: int
    blocks: int
    """Memory blocks that Python holds: objects that are kept raise them, fragmentation does not."""


class Recovery(NamedTuple):
    """One cut: when, of which venue, and how long until its last book was live again."""

    at_s: float
    venue: str
    back_s: float


class Course(Struct):
    """What was seen of one run.

    Args:
        duration_s: how long it was to last.
        lost: venues of which a book was not live again in time.
        events: changes of all books together.
        numbers: those of all samples, one behind the other: as objects they would be what grows.
    """

    duration_s: float
    numbers: array[float] = field(default_factory=lambda: array("d"))
    recoveries: list[Recovery] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    events: int = 0

    def keep(self, sample: Sample) -> None:
        """Add a sample."""
        self.numbers.extend(sample)

    @property
    def samples(self) -> list[Sample]:
        """All samples, oldest first."""
        width = len(Sample._fields)
        starts = range(0, len(self.numbers), width)
        rows = (self.numbers[start : start + width] for start in starts)
        return [Sample(at_s, mb, *map(int, counts)) for at_s, mb, *counts in rows]


def slope(samples: list[Sample]) -> tuple[float, float]:
    """Resident MB an hour by least squares, and half the width of its 95 % interval."""
    count = len(samples)
    if count < 3:
        return math.nan, math.nan
    hours = [sample.at_s / 3600 for sample in samples]
    sizes = [sample.resident_mb for sample in samples]
    middle, mean = sum(hours) / count, sum(sizes) / count
    spread = sum((hour - middle) ** 2 for hour in hours)
    pairs = list(zip(hours, sizes, strict=True))
    rise = sum((hour - middle) * (size - mean) for hour, size in pairs) / spread
    rest = sum((size - mean - rise * (hour - middle)) ** 2 for hour, size in pairs)
    return rise, 1.96 * math.sqrt(rest / (count - 2) / spread)


def outcome(course: Course, books: Sequence[BookStatus], crashes: int) -> dict[str, Any]:
    """The figures of a run, and whether it is what it should be."""
    duration_s = course.duration_s
    settle_s = min(SETTLE_AT_MOST_S, duration_s * SETTLE_SHARE)
    settled = [sample for sample in course.samples if sample.at_s >= settle_s]
    rise, margin = slope(settled)
    back = sorted(each.back_s for each in course.recoveries)
    fds = [min(each.fds for each in part) for part in (settled[:LOOKS], settled[-LOOKS:]) if part]
    tasks = [settled[0].tasks, settled[-1].tasks] if settled else []
    flat = (
        bool(settled)
        and fds[0] == fds[1]
        and tasks[0] == tasks[1]
        and (duration_s < BAR_FROM_S or rise + margin < MEMORY_BAR_MB_PER_H)
    )
    return {
        "duration_s": duration_s,
        "venues": len({book.venue for book in books}),
        "books": len(books),
        "events_per_s": round(course.events / duration_s, 1),
        "cuts": len(back) + len(course.lost),
        "recovered": len(back),
        "not_recovered": course.lost,
        "recovery_p50_s": _part(back, 0.5),
        "recovery_p99_s": _part(back, 0.99),
        "recovery_worst_s": _part(back, 1.0),
        "recovery_by_venue": _by_venue(course.recoveries),
        "crashes": crashes,
        "gaps": sum(book.gaps for book in books),
        "quotes_compared": sum(book.quotes_compared for book in books),
        "quotes_different": sum(book.quotes_compared - book.quotes_equal for book in books),
        "resident_mb_first_last": [settled[0].resident_mb, settled[-1].resident_mb]
        if settled
        else [],
        "resident_mb_per_h": round(rise, 3),
        "resident_mb_per_h_95": round(rise + margin, 3),
        "blocks_first_last": [settled[0].blocks, settled[-1].blocks] if settled else [],
        "fds_first_last": fds,
        "tasks_first_last": tasks,
        "rest_idle_first_last": [settled[0].rest_idle, settled[-1].rest_idle] if settled else [],
        "kept": flat and not course.lost and not crashes,
    }


def _part(values: list[float], part: float) -> float | None:
    """The value below which this part of the sorted values lies."""
    return round(values[min(len(values) - 1, int(len(values) * part))], 3) if values else None


def _by_venue(recoveries: list[Recovery]) -> dict[str, dict[str, float | int | None]]:
    """How long the cuts of each venue took, and when the slowest was."""
    found: dict[str, dict[str, float | int | None]] = {}
    for venue in dict.fromkeys(each.venue for each in recoveries):
        own = sorted((each for each in recoveries if each.venue == venue), key=lambda e: e.back_s)
        times_s = [each.back_s for each in own]
        slowest = {"worst_s": _part(times_s, 1.0), "worst_at_s": round(own[-1].at_s)}
        found[venue] = {"cuts": len(own), "p50_s": _part(times_s, 0.5), **slowest}
    return found


def document(found: dict[str, Any], duration: str) -> str:
    """The figures as a page; `duration` is what `--for` says."""
    facts = "\n".join(f"- {name}: {value}" for name, value in machine().items())
    by_venue = found["recovery_by_venue"]
    rows = "\n".join(f"| {name} | {value} |" for name, value in found.items() if value != by_venue)
    venues = "\n".join(
        f"| {name} | {' | '.join(str(each) for each in figures.values())} |"
        for name, figures in by_venue.items()
    )
    return (
        f"# Soak of {duration}\n\n"
        f"Written by `python -m benchmarks.soak --for {duration} --write`; "
        f"what it does stands in the module.\n\n{facts}\n\n"
        f"| figure | value |\n| --- | --- |\n{rows}\n\n"
        "| venue | cuts | all live again, p50 s | worst s | at s |\n"
        f"| --- | --- | --- | --- | --- |\n{venues}\n"
    )
