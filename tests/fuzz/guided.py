"""The judge behind atheris, which looks for frames that reach new code.

    python -m tests.fuzz.guided VENUE [-runs=100000] [options of libFuzzer]

atheris is no dependency of this project; where it is not installed this says so and ends with 3.
Nothing of the product is imported before atheris may instrument it.  What it finds are bytes, which
the judge takes like any others: `Judge.judge(payload)`.
"""

from __future__ import annotations

import importlib
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path

from tests.conftest import SHARED_DATA

LONGEST_BYTES = 1_024
INSTRUMENTED = ("exchanges", "actors.proven_book", "markets")


def main(words: Sequence[str]) -> int:
    """Search until libFuzzer ends; its own exit code when it found something."""
    if not words:
        print("name a venue", file=sys.stderr)
        return 2
    if not SHARED_DATA.is_dir():
        print(f"no recordings at {SHARED_DATA}", file=sys.stderr)
        return 3
    try:
        atheris = importlib.import_module("atheris")
    except ImportError:
        print("atheris is not installed here: pip install atheris", file=sys.stderr)
        return 3
    with atheris.instrument_imports(include=list(INSTRUMENTED)):
        corpus = importlib.import_module("tests.fuzz.corpus")
        judging = importlib.import_module("tests.fuzz.judging")
    if words[0] not in corpus.VENUES:
        print(f"no such venue; there are {', '.join(corpus.VENUES)}", file=sys.stderr)
        return 2
    judge = judging.Judge(corpus.load(SHARED_DATA, words[0]))
    with tempfile.TemporaryDirectory() as folder:
        for number, frame in enumerate(judge.corpus.frames):
            (Path(folder) / str(number)).write_bytes(frame)
        atheris.Setup(
            [sys.argv[0], f"-max_len={LONGEST_BYTES}", *words[1:], folder], judge.judge_bytes
        )
        atheris.Fuzz()
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
