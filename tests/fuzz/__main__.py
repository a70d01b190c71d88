"""Damage many frames of every venue: `python -m tests.fuzz --frames 1000000`."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Iterator

from tests.conftest import SHARED_DATA
from tests.fuzz.corpus import VENUES, load
from tests.fuzz.judging import Judge

BATCH = 10_000
SHOWN = 20
"""Findings a venue that are printed; all are counted."""


def main() -> int:
    """Judge all frames; 1 when there was a finding, each with its seed."""
    parser = argparse.ArgumentParser(prog="tests.fuzz", description=__doc__)
    parser.add_argument("--frames", type=int, default=1_000_000, help="frames a venue")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    parser.add_argument("--venue", choices=VENUES, action="append", help="all when left out")
    arguments = parser.parse_args()
    if not SHARED_DATA.is_dir():
        print(f"no recordings at {SHARED_DATA}", file=sys.stderr)
        return 3
    findings = 0
    print("| venue | frames | refused | book events | of them applied | other | nothing |", end="")
    print(" findings | frames/s |")
    print("|---|--:|--:|--:|--:|--:|--:|--:|--:|")
    for venue in arguments.venue or VENUES:
        judge = Judge(load(SHARED_DATA, venue))
        began_s, found = time.process_time(), 0
        for seed in _seeds(arguments.first, arguments.frames):
            try:
                judge.run([seed])
            except Exception as error:
                found += 1
                if found <= SHOWN:
                    print(
                        f"{type(error).__name__}: {error}",
                        *getattr(error, "__notes__", ()),
                        file=sys.stderr,
                    )
        rate = arguments.frames / (time.process_time() - began_s)
        counts = judge.counts
        row = (
            counts["refused"] + counts["answer refused"],
            counts["book"] + counts["answer"],
            counts["applied"],
            counts["other"],
            counts["nothing"],
            found,
            round(rate),
        )
        print(
            f"| {venue} | {arguments.frames:,} | {' | '.join(f'{n:,}' for n in row)} |", flush=True
        )
        findings += found
    return 1 if findings else 0


def _seeds(first: int, count: int) -> Iterator[int]:
    """The seeds, with a word now and then on a terminal."""
    for number in range(count):
        if number % BATCH == 0 and sys.stderr.isatty():
            print(f"\r{number:,} of {count:,}", end="", file=sys.stderr)
        yield first + number


if __name__ == "__main__":
    raise SystemExit(main())
