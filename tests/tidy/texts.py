"""Rules about every file: machine paths, registry addresses, unfinished work, titles, data."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import PurePosixPath

from tests.tidy.repository import Repository, Violation

BYTES_MAX = 256 * 1024
"""Nothing people write is larger; a recording is, and does not belong here."""

DATA_ENDINGS = (
    *(".arrow", ".bin", ".csv", ".db", ".dump", ".feather", ".jsonl", ".log", ".npy", ".npz"),
    *(".parquet", ".pcap", ".pickle", ".pkl", ".sqlite"),
    *(".7z", ".bz2", ".gz", ".tar", ".tgz", ".whl", ".xz", ".zip", ".zst"),
)

# The patterns are written so that they do not find themselves.
_MACHINE_PATH = re.compile(r"(?<![\w.~-])/(?:work|tmp|root|home|Users|opt)/")
_REGISTRY = re.compile(
    r"pypi\.[a-z]|python[h]osted|index[-_]url|find[-_]links|[/]simple/|arti[f]actory|npm[j]s"
    r"|https?://\S+\.(?:whl|tar\.gz|tgz)",
    re.IGNORECASE,
)
_UNFINISHED = re.compile(r"\b(?:TO[D]O|FIX[M]E|X[X]X|HA[C]K)\b")


def _every_line(
    repository: Repository, pattern: re.Pattern[str], text: str, allowed: str = ""
) -> Iterator[Violation]:
    for file in repository.texts():
        if file.path != allowed:
            for number, line in enumerate(file.text.splitlines(), 1):
                if match := pattern.search(line):
                    yield file.broken(number, f"{match.group()!r}: {text}")


def no_machine_paths(repository: Repository) -> Iterator[Violation]:
    """No text names a path of somebody's machine."""
    yield from _every_line(repository, _MACHINE_PATH, "a path of one machine")


def no_registry_addresses(repository: Repository) -> Iterator[Violation]:
    """No text names a package registry; the options that keep it out of the lock may."""
    yield from _every_line(repository, _REGISTRY, "a package registry", allowed="Makefile")


def nothing_is_unfinished(repository: Repository) -> Iterator[Violation]:
    """No text carries a mark of work to be done."""
    yield from _every_line(repository, _UNFINISHED, "finish it, or open an issue")


def documents_have_one_title(repository: Repository) -> Iterator[Violation]:
    """A Markdown file begins with its title and has no second one."""
    for file in repository.texts():
        if file.path.endswith(".md"):
            fenced = False
            titles = []
            for number, line in enumerate(file.text.splitlines(), 1):
                fenced ^= line.lstrip().startswith("```")
                if not fenced and line.startswith("# "):
                    titles.append(number)
            if titles != [1]:
                yield file.broken(1, f"titles at lines {titles}, expected one at line 1")


def locks_are_hashed_and_without_addresses(repository: Repository) -> Iterator[Violation]:
    """A lock file pins every package with a hash and says nothing about where it comes from."""
    for file in repository.texts():
        if PurePosixPath(file.path).suffix == ".lock":
            for number, line in enumerate(file.text.splitlines(), 1):
                if "://" in line or re.match(r"\s*-(?!-hash)|\S+\s+@", line):
                    yield file.broken(number, "an address or an option in a lock file")
            joined = file.text.replace("\\\n", " ")
            for line in joined.splitlines():
                if line.strip() and not re.match(
                    r"[\w.-]+(?:\[\w+\])?==\S+ .*--hash=sha256:", line
                ):
                    yield file.broken(1, f"{line.split()[0]} is not pinned with a hash")


def no_data_files(repository: Repository) -> Iterator[Violation]:
    """The project holds what people write: no recordings, archives or other large files."""
    for file in repository.files:
        if PurePosixPath(file.path).suffix in DATA_ENDINGS:
            yield file.broken(1, "a data file")
        elif not file.is_text:
            yield file.broken(1, "not a text file")
        elif len(file.content) > BYTES_MAX:
            yield file.broken(1, f"{len(file.content)} bytes, at most {BYTES_MAX}")


RULES = (
    no_machine_paths,
    no_registry_addresses,
    nothing_is_unfinished,
    documents_have_one_title,
    locks_are_hashed_and_without_addresses,
    no_data_files,
)
