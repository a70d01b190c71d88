"""Which commit runs, where the package runs from a checkout of its repository."""

from __future__ import annotations

import subprocess
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
WITHIN_S = 30.0


def commit(root: Path = ROOT) -> str:
    """Name the commit of a checkout, and say whether files differ from it.

    Args:
        root: top of the checkout.

    Returns:
        Twelve hexadecimal digits, and `with changes` where there are any; empty where there is no
        git, or the folder is not the top of a repository with a commit: an installed package may
        well lie inside a repository of somebody else.
    """
    if not (root / ".git").exists():
        return ""
    try:
        head = _git(root, "rev-parse", "--short=12", "HEAD")
        changed = _git(root, "status", "--porcelain")
    except (OSError, subprocess.SubprocessError):
        return ""
    return f"{head} with changes" if changed else head


def _git(root: Path, *words: str) -> str:
    done = subprocess.run(
        ["git", *words], cwd=root, capture_output=True, text=True, check=True, timeout=WITHIN_S
    )
    return done.stdout.strip()
