"""Show that every deliberate defect is caught: `python -m tests.teeth [DEFECT...]`.

Each is applied to a copy of the tree, where `arbtree chaos run` plays seed after seed until a
checker objects.  What the sound tree fails on the same seed counts for nothing.  Writes the table;
1 when a defect was not caught.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

from tests.teeth.defects import ROOT, Defect, copy_with, defects

SEED_WITHIN_S = 900.0
"""Real seconds a seed may take: a defect that makes it hang is caught by that."""
HUNG = "does not end"
CRASHED = "the command fails"


class Catch(NamedTuple):
    """Who caught a defect, after how many seeds; `checkers` is empty when nobody did."""

    defect: Defect
    checkers: tuple[str, ...]
    seeds: int
    violation: str


def objections(tree: Path, seed: int, length: str) -> dict[str, str]:
    """Play one seed on a tree: which checkers object, each with its first violation."""
    command = [sys.executable, "-m", "arbtree", "chaos", "run", "--seed", str(seed)]
    try:
        done = subprocess.run(
            [*command, "--for", length, "--json"],
            cwd=tree,
            capture_output=True,
            text=True,
            timeout=SEED_WITHIN_S,
            check=False,
        )
    except subprocess.TimeoutExpired:
        return {HUNG: f"seed {seed} took more than {SEED_WITHIN_S:g} s"}
    try:
        report: dict[str, Any] = json.loads(done.stdout)
    except ValueError:
        last = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        return {CRASHED: last[0]}
    return {
        verdict["checker"]: (verdict["violations"] or [""])[0]
        for each in report["seeds"]
        for verdict in each["verdicts"]
        if verdict["failed"]
    }


def catch(defect: Defect, tree: Path, seeds: range, length: str) -> Catch:
    """Play seeds on a tree with the defect until a checker objects that is content without it."""
    with copy_with(defect, tree) as broken:
        for number, seed in enumerate(seeds, 1):
            found = objections(broken, seed, length)
            if not found:
                continue
            with copy_with(None, tree) as sound:
                found = {
                    checker: text
                    for checker, text in found.items()
                    if checker not in objections(sound, seed, length)
                }
            if found:
                return Catch(defect, tuple(found), number, next(iter(found.values())))
    return Catch(defect, (), len(seeds), "")


def table(catches: list[Catch]) -> Iterator[str]:
    """The lines of the table."""
    yield "| defect | what is broken | caught by | after seeds |"
    yield "|---|---|---|--:|"
    for each in catches:
        by = ", ".join(each.checkers) or "**nobody**"
        yield f"| {each.defect.name} | {each.defect.sentence} | {by} | {each.seeds} |"


def main() -> int:
    """Catch them all; 1 when one was not."""
    parser = argparse.ArgumentParser(prog="tests.teeth", description=__doc__)
    parser.add_argument("defect", nargs="*", help="numbers or names; all when left out")
    parser.add_argument("--seeds", type=int, default=200, help="most seeds for each (default 200)")
    parser.add_argument("--for", dest="length", default="2m", help="virtual length of a seed")
    parser.add_argument("--tree", type=Path, default=ROOT, help="the tree to break")
    arguments = parser.parse_args()
    wanted = [
        each
        for each in defects()
        if not arguments.defect or any(each.name.startswith(name) for name in arguments.defect)
    ]
    catches = []
    for defect in wanted:
        found = catch(defect, arguments.tree, range(1, arguments.seeds + 1), arguments.length)
        catches.append(found)
        by = ", ".join(found.checkers) or "NOBODY"
        print(f"{defect.name}: {by} after {found.seeds}: {found.violation:.200}", file=sys.stderr)
    print("\n".join(table(catches)))
    return 0 if all(each.checkers for each in catches) else 1


if __name__ == "__main__":
    raise SystemExit(main())
