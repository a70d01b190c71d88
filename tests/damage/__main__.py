"""Run many seeds of damage on every venue family: `python -m tests.damage --seeds 1000`."""

from __future__ import annotations

import argparse
import sys
from collections import Counter

from tests.conftest import SHARED_DATA
from tests.damage.harm import KINDS, draw
from tests.damage.trial import Trial
from tests.damage.windows import VENUES, load


def main() -> int:
    """Try all seeds; 1 when one of them failed, each named."""
    parser = argparse.ArgumentParser(prog="tests.damage", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="seeds a family (default 1000)")
    parser.add_argument("--first", type=int, default=0, help="the first seed")
    arguments = parser.parse_args()
    if not SHARED_DATA.is_dir():
        print(f"no recordings at {SHARED_DATA}", file=sys.stderr)
        return 3
    failed = 0
    for venue in VENUES:
        windows = load(SHARED_DATA, venue)
        counts: Counter[str] = Counter()
        for seed in range(arguments.first, arguments.first + arguments.seeds):
            window = windows[seed // len(KINDS) % len(windows)]
            trial = Trial(window, draw(seed, window))
            try:
                trial.run()
            except AssertionError as error:
                failed += 1
                print(f"{venue} seed {seed} ({trial.plan.kind}): {error!r}", file=sys.stderr)
            counts.update({verdict.text: n for verdict, n in trial.verdicts.items()})
        told = ", ".join(f"{text} {count:,}" for text, count in sorted(counts.items()))
        print(f"{venue}: {arguments.seeds} seeds; {told}")
    print("all passed" if not failed else f"{failed} failed")
    return 1 if failed else 0


if __name__ == "__main__":
    raise SystemExit(main())
