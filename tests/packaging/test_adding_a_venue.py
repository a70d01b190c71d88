"""Whoever adds a venue by the document finds every file, test, module and command it names."""

from __future__ import annotations

import ast
import re
import shlex
from importlib.util import find_spec

import pytest

from arbtree.cli import main
from arbtree.commands import COMMANDS
from exchanges.registry import venues
from simulator.__main__ import main as simulate
from tests.packaging.conftest import ROOT

TEXT = (ROOT / "docs" / "adding_a_venue.md").read_text(encoding="utf-8")
COMMAND_LINES = [
    line
    for block in re.findall(r"^```\n(.*?)^```", TEXT, re.DOTALL | re.MULTILINE)
    for line in block.splitlines()
]
INLINE = sorted(
    set(re.findall(r"`([^`\n]+)`", re.sub(r"^```.*?^```", "", TEXT, flags=re.S | re.M)))
)
PATHS = [each for each in INLINE if "/" in each and "::" not in each]
HELD = [each for each in INLINE if "::" in each]


def _names(path: str) -> set[str]:
    """The functions of a file of tests."""
    tree = ast.parse((ROOT / path).read_text(encoding="utf-8"))
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef)
    return {node.name for node in ast.walk(tree) if isinstance(node, kinds)}


def _is_there(path: str) -> bool:
    """Whether a path of the document exists; NAME stands for the new venue."""
    return (ROOT / path).exists() or path.split("/")[-1] == "NAME"


def test_the_document_names_much() -> None:
    """The patterns of this file find what they look for."""
    assert len(COMMAND_LINES) > 20
    assert len(PATHS) > 25
    assert len(HELD) > 15


@pytest.mark.parametrize("path", PATHS)
def test_named_files_are_there(path: str) -> None:
    """Every path in the text is a file or folder of the project."""
    assert (ROOT / path).exists()


@pytest.mark.parametrize("held", HELD)
def test_named_tests_are_there(held: str) -> None:
    """Every trap names a test that exists."""
    path, _, name = held.partition("::")
    assert name in _names(path)


@pytest.mark.parametrize("line", COMMAND_LINES)
def test_commands_can_be_given(line: str) -> None:
    """Paths of a command exist, its module is found, and its options are among its help's."""
    program, *words = shlex.split(line)
    if program == "make":
        (targets,) = re.findall(r"^\.PHONY: (.+)$", (ROOT / "Makefile").read_text(), re.MULTILINE)
        assert set(words) <= set(targets.split())
    elif program == "cp":
        assert all(_is_there(word) for word in words if word != "-r")
    elif program == ".venv/bin/arbtree":
        assert words[0] in COMMANDS
    else:
        assert (program, words[0]) == (".venv/bin/python", "-m")
        assert find_spec(words[1]) is not None
        if words[1] == "pytest":
            assert all(_is_there(word) for word in words[2:] if word != "-q")


OURS = [shlex.split(line)[1:] for line in COMMAND_LINES if line.startswith(".venv/bin/arbtree")]


@pytest.mark.parametrize("words", OURS, ids=" ".join)
def test_our_options_are_known(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    """The command's own help has each option."""
    assert main([words[0], "--help"]) == 0
    told = capsys.readouterr().out
    assert all(word in told for word in words if word.startswith("--"))
    assert all(word in venues() for word in words[1:] if word.islower() and word[0] != "-")


def test_the_simulators_options_are_known(capsys: pytest.CaptureFixture[str]) -> None:
    """And the venues it is asked for are among its own."""
    (line,) = (line for line in COMMAND_LINES if "-m simulator" in line)
    with pytest.raises(SystemExit):
        simulate(["--help"])
    told = capsys.readouterr().out
    words = shlex.split(line)
    assert all(word in told for word in words if word.startswith("--"))
    assert set(words[words.index("--venues") + 1].split(",")) <= set(venues())


def test_readme_leads_here() -> None:
    """Who reads the README finds the document."""
    assert "](docs/adding_a_venue.md)" in (ROOT / "README.md").read_text(encoding="utf-8")
