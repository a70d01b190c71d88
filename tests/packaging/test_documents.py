"""What the documents promise is there: targets, commands, exit codes, licences, links."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path

import pytest

from arbtree import cli
from arbtree.commands import COMMANDS
from tests.packaging.conftest import ROOT

README = (ROOT / "README.md").read_text()
LISTED = 60
"""Shorter lines of lists may be equal by chance."""
DOCUMENTS = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").rglob("*.md")])


def _code(text: str) -> str:
    """The code of a document, blocks and inline."""
    return "\n".join(re.findall(r"```.*?```|`[^`]+`", text, re.DOTALL))


def test_readme_names_every_command_and_no_other() -> None:
    """Each sub-command is in the README, and the README names none that does not exist."""
    named = set(re.findall(r"arbtree ([a-z]+)\b", _code(README)))
    assert named == set(COMMANDS)


def test_readme_names_every_exit_code() -> None:
    """The table of exit codes has a row for each code of the command, and no other."""
    codes = {value for name, value in vars(cli).items() if name.startswith("EXIT_")}
    assert {int(code) for code in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)} == codes


def test_readme_names_only_targets_that_exist() -> None:
    """Each `make` command of the README is a target of the Makefile."""
    makefile = (ROOT / "Makefile").read_text()
    (targets,) = re.findall(r"^\.PHONY: (.+)$", makefile, re.MULTILINE)
    named = set(re.findall(r"\bmake ([a-z]+)", _code(README)))
    assert {"run", "test", "setup"} <= named <= set(targets.split())


def test_readme_keeps_its_marks() -> None:
    """The places that programs fill are there once, in order."""
    marks = ("output:start", "output:end", "tree:start", "tree:end")
    assert re.findall(r"<!-- (\S+) -->", README) == list(marks)


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_links_lead_somewhere(path: Path) -> None:
    """Every link of a document to a file of the project finds the file."""
    for target in re.findall(r"\]\(([^)#]+)\)", path.read_text()):
        if "://" not in target:
            assert (path.parent / target).exists(), target


@pytest.mark.parametrize("path", DOCUMENTS, ids=lambda path: path.relative_to(ROOT).as_posix())
def test_nothing_is_listed_twice(path: Path) -> None:
    """Two lines that are equal are what is left of a careless merge."""
    lines = path.read_text().splitlines()
    heads = {line for line, below in pairwise(lines) if below.startswith("|--")}
    listed = [line for line in lines if line.startswith(("- ", "| ")) and line not in heads]
    assert [line for line in set(listed) if len(line) > LISTED and listed.count(line) > 1] == []


def test_notices_name_every_locked_package() -> None:
    """The third-party notices list what the lock file installs, and nothing else."""
    locked = re.findall(r"^([\w.-]+)==", (ROOT / "requirements.lock").read_text(), re.MULTILINE)
    notices = (ROOT / "THIRD_PARTY_NOTICES.md").read_text()
    named = re.findall(r"^\| ([\w.-]+)(?: \([^)]*\))? \| .+ \| https://", notices, re.MULTILINE)
    assert sorted(named) == sorted(locked)


def test_both_locks_agree() -> None:
    """Adding the development packages changes no version of the runtime."""
    pins = [
        dict(re.findall(r"^([\w.-]+)==(\S+)", (ROOT / name).read_text(), re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    ]
    assert pins[0].items() <= pins[1].items()


def test_changelog_knows_the_unreleased() -> None:
    """The changelog has a place for what the next version brings."""
    assert "\n## Unreleased\n" in (ROOT / "CHANGELOG.md").read_text()
