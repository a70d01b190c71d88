"""The files of the project, read once, and what the rules share."""

from __future__ import annotations

import ast
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path, PurePosixPath

ROOMS = (
    "actors",
    "arbtree",
    "config",
    "exchanges",
    "markets",
    "messages",
    "simulator",
    "supervisors",
)
GENERATED = ("_pb2.py", "_pb2.pyi")
"""Endings of files that a program writes; the rules about style leave them alone."""
SKIPPED = frozenset({".git", ".venv", "__pycache__", "build", "dist"})
"""Folders that nobody writes by hand; so are caches, which begin with a dot and end like this."""
CACHE_ENDINGS = ("_cache", ".hypothesis")


@dataclass(frozen=True)
class Violation:
    """One broken rule at one place."""

    path: str
    line: int
    text: str

    def __str__(self) -> str:
        return f"{self.path}:{self.line}: {self.text}"


@dataclass(frozen=True)
class File:
    """One file: `path` is relative to the project, with slashes."""

    path: str
    content: bytes

    @property
    def is_text(self) -> bool:
        """Whether the content is UTF-8 without a NUL."""
        try:
            return "\0" not in self.content.decode()
        except UnicodeDecodeError:
            return False

    @cached_property
    def text(self) -> str:
        """The content as text."""
        return self.content.decode()

    @cached_property
    def tree(self) -> ast.Module:
        """The syntax tree of a Python file."""
        return ast.parse(self.text, self.path)

    @property
    def room(self) -> str:
        """The top-level folder, empty for a file that lies in none."""
        parts = PurePosixPath(self.path).parts
        return parts[0] if len(parts) > 1 else ""

    def broken(self, line: int, text: str) -> Violation:
        """Report a violation in this file."""
        return Violation(self.path, line, text)


@dataclass(frozen=True)
class Repository:
    """Every file that belongs to the project."""

    files: tuple[File, ...]

    def texts(self) -> Iterator[File]:
        """Every text file."""
        return (file for file in self.files if file.is_text)

    def sources(self) -> Iterator[File]:
        """Every Python file that people write."""
        for file in self.files:
            if file.path.endswith(".py") and not file.path.endswith(GENERATED):
                yield file

    def rooms(self) -> Iterator[File]:
        """Every Python file of the product."""
        return (file for file in self.sources() if file.room in ROOMS)


def read_repository(root: Path) -> Repository:
    """Read the project at `root`: what git tracks or would track, or all files without git."""
    return Repository(
        tuple(
            File(path.relative_to(root).as_posix(), path.read_bytes())
            for path in sorted(_paths(root))
            if path.is_file()
        )
    )


def _paths(root: Path) -> Iterator[Path]:
    if (root / ".git").exists():
        listed = subprocess.run(
            ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
            cwd=root,
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        yield from (root / name for name in listed.split("\0") if name)
        return
    for path in root.rglob("*"):
        parts = path.relative_to(root).parts
        if SKIPPED.isdisjoint(parts) and not any(part.endswith(CACHE_ENDINGS) for part in parts):
            yield path
