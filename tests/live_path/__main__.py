"""Play recordings through the live engine and print a table: `python -m tests.live_path --full`.

Without `--full` it plays what the tests play.  It exits 1 when anything differs.
"""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

import trio

from tests.conftest import SHARED_DATA
from tests.golden.streams import STREAMS
from tests.live_path.outcome import replayed
from tests.live_path.performances import in_recorded_time, over_sockets
from tests.live_path.programme import (
    IN_SUITE,
    TOGETHER,
    WINDOW_S,
    differences,
    disturbances,
    published,
    tape,
    tapes_together,
)

HEAD = f"{'recording':63} books pairs   frames  CPU s us each  result"


def main() -> int:
    """Play everything and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m tests.live_path", description=__doc__)
    parser.add_argument("--full", action="store_true", help="play all recordings, whole")
    parser.add_argument("--data", type=Path, default=SHARED_DATA, help="folder of the recordings")
    arguments = parser.parse_args()
    if not arguments.data.is_dir():
        print(f"there are no recordings at {arguments.data}", file=sys.stderr)
        return 2
    print(HEAD)
    failed = 0
    for name in STREAMS if arguments.full else IN_SUITE:
        failed += _socket_row(arguments.data, name)
    failed += _recorded_row(arguments.data, None if arguments.full else WINDOW_S)
    return 1 if failed else 0


def _socket_row(data: Path, name: str) -> bool:
    """Play one stream over sockets against its published books."""
    played = tape(data, name)
    wanted = published(data, name, played)
    began_s = time.process_time()
    outcome = trio.run(over_sockets, played)
    took_s = time.process_time() - began_s
    wrong = differences(outcome.books, wanted) + disturbances(outcome, [played])
    label = name.replace(".txt", "").replace(".gz", "")
    _print_row(label, len(wanted), 0, outcome.frames, took_s, wrong)
    return bool(wrong)


def _recorded_row(data: Path, seconds: int | None) -> bool:
    """Play three venues in the recorder's time against a replay, whole also against the books."""
    tapes = tapes_together(data, seconds)
    books, pairs = replayed(tapes)
    began_s = time.process_time()
    outcome = in_recorded_time(tapes)
    took_s = time.process_time() - began_s
    wrong = differences(outcome.books, books) + differences(outcome.pairs, pairs)
    wrong += disturbances(outcome, tapes)
    if seconds is None:
        for name, played in zip(TOGETHER, tapes, strict=True):
            want = published(data, name, played)
            wrong += differences({key: outcome.books[key] for key in want}, want)
    label = f"spot, USD-M, COIN-M in recorded time, {seconds or 'all'}" + (" s" if seconds else "")
    _print_row(label, len(books), len(pairs), outcome.frames, took_s, wrong)
    return bool(wrong)


def _print_row(
    name: str, books: int, pairs: int, frames: int, took_s: float, wrong: list[str]
) -> None:
    each_us = took_s / frames * 1e6
    result = f"{len(wrong)} DIFFERENCES" if wrong else "equal"
    print(f"{name:63} {books:5} {pairs:5} {frames:8,} {took_s:6.1f} {each_us:7.0f}  {result}")
    for text in wrong:
        print(f"    {text}")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
