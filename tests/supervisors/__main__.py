"""Play all sequences: `python -m tests.supervisors [--sequences N] [--first N] [--jobs N]`.

Each number is one sequence against the model of the rules and one race; a number that diverges is
printed and can be played alone by `--first NUMBER --sequences 1`.
"""

from __future__ import annotations

import argparse
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context

from tests.supervisors.batches import BATCH, SEQUENCES, batch


def main() -> int:
    """Play what the command line asks for; 1 if anything diverged."""
    parser = argparse.ArgumentParser(prog="python -m tests.supervisors", description=__doc__)
    parser.add_argument("--sequences", type=int, default=SEQUENCES, help="how many (10000)")
    parser.add_argument("--first", type=int, default=0, help="the first number (0)")
    parser.add_argument("--jobs", type=int, default=2, help="processes (2)")
    given = parser.parse_args()
    began_s, last = time.monotonic(), given.first + given.sequences
    starts = range(given.first, last, BATCH)
    ends = [min(start + BATCH, last) for start in starts]
    diverged = 0
    with ProcessPoolExecutor(given.jobs, mp_context=get_context("spawn")) as pool:
        for found in pool.map(batch, starts, ends):
            for number, text in found:
                diverged += 1
                print(f"number {number} diverged\n{text}", file=sys.stderr)
    took_s = time.monotonic() - began_s
    print(f"{given.sequences} sequences and as many races in {took_s:.0f} s: {diverged} diverged")
    return 1 if diverged else 0


if __name__ == "__main__":
    raise SystemExit(main())
