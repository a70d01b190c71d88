"""`arbtree chaos run`: plays seeds in a virtual world and judges every one."""

from __future__ import annotations

import argparse
import shlex
import sys
from pathlib import Path

import msgspec
from msgspec import structs

from arbtree.chaos.page import TIMELINES_MAX, check_place, page
from arbtree.chaos.report import ChaosReport
from arbtree.chaos.runs import Play
from arbtree.chaos.swarm import draw_seed, unreachable
from arbtree.chaos.text import report_text, timeline
from arbtree.chaos.whole import (
    Job,
    failed_checkers,
    hashes_again,
    play_all,
    shrink_job,
    stopwatch,
    whole_report,
)
from arbtree.durations import parse_duration
from config.chaos import FaultChange, load_faults
from messages.errors import ConfigError, UsageError
from messages.faults import fault_kind

HELP = (
    "Play the whole engine against simulated venues in virtual time, break it in every way of "
    "the catalogue, and judge it: one seed, one run."
)
EXIT_FOUND = 1
MAX_SEEDS = 100_000
MAX_SEED = 2**63 - 1
SHORTEST_S, LONGEST_S = 10.0, 86_400.0
MAX_JOBS = 64


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument("--seeds", metavar="A..B", help="play these seeds (default 1..10)")
    parser.add_argument("--seed", type=int, metavar="N", help="play this one")
    parser.add_argument(
        "--for", dest="for_", default="5m", metavar="TIME",
        help="virtual length of each seed (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--faults", metavar="FILE.toml", help="change rates, times and targets")
    parser.add_argument(
        "--trace", action="store_true", help="with --seed: tell everything that happened"
    )
    parser.add_argument(
        "--twice", type=int, default=0, metavar="N",
        help="play the first N seeds again in new processes and compare the trace hashes",
    )  # fmt: skip
    parser.add_argument(
        "--at-least", type=int, default=0, metavar="N",
        help="fail unless so many seeds carried enough messages and faults to count",
    )  # fmt: skip
    parser.add_argument(
        "--jobs", type=int, default=1, metavar="N", help="processes (default %(default)s)"
    )
    parser.add_argument(
        "--shrink", action="store_true", help="cut each failing seed down to the fewest faults"
    )
    parser.add_argument(
        "--html", type=Path, metavar="FILE", help="write the report as one HTML page too"
    )
    parser.add_argument(
        "--only", metavar="I,J,...", help="with --seed: only these faults of its schedule"
    )


def run(arguments: argparse.Namespace) -> int:
    """Play the seeds; 1 when a checker found something or a hash differs."""
    seeds = _seeds(arguments)
    for_s = parse_duration(arguments.for_)
    if not SHORTEST_S <= for_s <= LONGEST_S:
        raise UsageError(f"--for is {SHORTEST_S:g} s to a day, not {arguments.for_}")
    if not 1 <= arguments.jobs <= MAX_JOBS:
        raise UsageError(f"--jobs is 1 to {MAX_JOBS}, not {arguments.jobs}")
    if not 0 <= arguments.twice <= len(seeds):
        raise UsageError(f"--twice is 0 to the number of seeds, {len(seeds)}")
    if arguments.trace and len(seeds) > 1:
        raise UsageError("--trace tells one seed: name it with --seed N")
    changes = _changes(arguments.faults) if arguments.faults else {}
    only = _only(arguments, seeds, for_s, changes)
    if arguments.html is not None:
        check_place(arguments.html)
    jobs = [Job(seed, for_s, changes, _command(arguments, seed, only), only) for seed in seeds]
    took_s = stopwatch()
    progress = _Progress(len(jobs) + arguments.twice)
    plays = []
    for one in play_all(jobs, arguments.jobs):
        plays.append(one)
        progress.told(f"seed {one.report.seed}", failed=not one.report.passed)
    again = {}
    for seed, trace_hash in hashes_again(jobs[: arguments.twice], arguments.jobs):
        again[seed] = trace_hash
        progress.told(f"seed {seed} again", failed=False)
    if arguments.shrink:
        plays = [
            _shrunk(arguments, job, one, progress) for job, one in zip(jobs, plays, strict=True)
        ]
    progress.done()
    report = whole_report(plays, for_s, again, took_s(), keep_timelines=_keeps(arguments, jobs))
    _tell(arguments, report, plays)
    if arguments.html is not None:
        arguments.html.write_text(page(report), encoding="utf-8")
    counted = sum(seed.counts for seed in report.seeds)
    if counted < arguments.at_least:
        print(f"only {counted} seeds count, --at-least {arguments.at_least}", file=sys.stderr)
        return EXIT_FOUND
    return 0 if report.passed else EXIT_FOUND


def _keeps(arguments: argparse.Namespace, jobs: list[Job]) -> bool:
    """Whether seeds that passed keep their timelines too: as many as the page can draw."""
    return arguments.trace or (arguments.html is not None and len(jobs) <= TIMELINES_MAX)


def _tell(arguments: argparse.Namespace, report: ChaosReport, plays: list[Play]) -> None:
    if arguments.json:
        print(msgspec.json.encode(report).decode())
        return
    if arguments.trace:
        print(timeline(plays[0].records, plays[0].changes))
        print()
    print(report_text(report))


def _shrunk(arguments: argparse.Namespace, job: Job, one: Play, progress: _Progress) -> Play:
    """The same seed with the fewest faults that still fail, where it failed."""
    if one.report.passed:
        return one
    smaller, _ = shrink_job(
        job,
        failed_checkers(one.report),
        lambda count: progress.say(f"seed {job.seed}: trying {count} faults"),
    )
    command = _command(arguments, job.seed, smaller.only)
    count = len(smaller.only or ())
    report = structs.replace(one.report, replay=command, shrunk_to=count)
    return structs.replace(one, report=report)


def _seeds(arguments: argparse.Namespace) -> list[int]:
    if arguments.seed is not None:
        if arguments.seeds is not None:
            raise UsageError("--seed names one seed and --seeds several: give one of them")
        return [_seed(str(arguments.seed))]
    text = arguments.seeds or "1..10"
    first, dots, last = text.partition("..")
    begin, end = _seed(first), _seed(last) if dots else _seed(first)
    if end < begin or end - begin >= MAX_SEEDS:
        raise UsageError(f"--seeds is A..B, at most {MAX_SEEDS} of them and A first, not {text!r}")
    return list(range(begin, end + 1))


def _seed(text: str) -> int:
    if not text.isdecimal() or int(text) > MAX_SEED:
        raise UsageError(f"a seed is a whole number from 0 to {MAX_SEED}, not {text!r}")
    return int(text)


def _changes(file: str) -> dict[str, FaultChange]:
    """What a faults file says, if every target of it is a place where its kind can strike."""
    changes = load_faults(file)
    for name in unreachable(changes):
        raise ConfigError(
            file=file,
            key=f"{name}.target",
            expected=f"a place of some seed below {fault_kind(name).target}",
            found=repr(changes[name].target),
        )
    return changes


def _only(
    arguments: argparse.Namespace,
    seeds: list[int],
    for_s: float,
    changes: dict[str, FaultChange],
) -> tuple[int, ...] | None:
    if arguments.only is None:
        return None
    if len(seeds) > 1:
        raise UsageError("--only names faults of one seed: name it with --seed N")
    parts = [part for part in arguments.only.split(",") if part]
    if not all(part.isdecimal() for part in parts):
        raise UsageError(f"--only is numbers with commas between them, not {arguments.only!r}")
    numbers = tuple(int(part) for part in parts)
    planned = len(draw_seed(seeds[0], for_s, changes).schedule)
    if numbers and max(numbers) >= planned:
        raise UsageError(f"--only has {max(numbers)}, and the {planned} faults count from 0")
    return numbers


def _command(arguments: argparse.Namespace, seed: int, only: tuple[int, ...] | None) -> str:
    """The line that plays a seed again."""
    words = ["arbtree chaos run", f"--seed {seed}", f"--for {arguments.for_}"]
    if arguments.faults:
        words.append(f"--faults {shlex.quote(arguments.faults)}")
    if only is not None:
        words.append(f"--only {','.join(map(str, only)) or ','}")
    return " ".join([*words, "--trace"])


class _Progress:
    """One line on a terminal; nothing in a pipe."""

    def __init__(self, count: int) -> None:
        self._count = count
        self._done = 0
        self._failed = 0
        self._visible = sys.stderr is not None and sys.stderr.isatty()

    def told(self, text: str, *, failed: bool) -> None:
        """One more is done."""
        self._done += 1
        self._failed += failed
        self.say(f"{self._done} of {self._count} ({text}), {self._failed} failed")

    def say(self, text: str) -> None:
        """Show this."""
        if self._visible:
            print(f"\r\x1b[Kchaos: {text}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Remove the line."""
        if self._visible:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)
