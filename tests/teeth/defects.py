"""The defects: patches against the product, and trees that have one of them."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

ROOT: Final = Path(__file__).resolve().parents[2]
DEFECTS: Final = Path(__file__).parent / "defects"
ROOMS: Final = (
    "arbtree",
    "actors",
    "config",
    "exchanges",
    "markets",
    "messages",
    "simulator",
    "supervisors",
)
"""What a copy needs to run the command."""


class Defect(NamedTuple):
    """One patch; `sentence` says what it breaks."""

    name: str
    sentence: str
    path: Path

    @property
    def files(self) -> tuple[str, ...]:
        """The files it changes."""
        lines = self.path.read_text(encoding="utf-8").splitlines()
        return tuple(line.removeprefix("+++ b/") for line in lines if line.startswith("+++ b/"))


def defects() -> tuple[Defect, ...]:
    """Every defect, in the order of their numbers."""
    found = []
    for path in sorted(DEFECTS.glob("*.patch")):
        sentence = path.read_text(encoding="utf-8").partition("\n")[0]
        found.append(Defect(path.stem, sentence, path))
    return tuple(found)


def applies(defect: Defect, tree: Path) -> str:
    """Why a patch does not apply to a tree; empty when it does."""
    done = subprocess.run(
        ["git", "apply", "--check", str(defect.path)],
        cwd=tree,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip() if done.returncode else ""


@contextmanager
def copy_with(defect: Defect | None, tree: Path = ROOT) -> Iterator[Path]:
    """A copy of the rooms of a tree, with a defect in it; gone after the block.

    Raises:
        ValueError: the patch does not apply.
    """
    with TemporaryDirectory(prefix="arbtree-teeth-") as folder:
        copy = Path(folder)
        for room in ROOMS:
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(tree / room, copy / room, ignore=ignored)
        # Without a repository of its own git would look for one above, and skip every file.
        subprocess.run(["git", "init", "-q"], cwd=copy, check=True)
        if defect is not None:
            why = applies(defect, copy)
            if why:
                raise ValueError(f"{defect.name} does not apply: {why}")
            subprocess.run(["git", "apply", str(defect.path)], cwd=copy, check=True)
        yield copy
