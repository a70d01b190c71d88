"""The project keeps every rule of its house."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from tests.tidy import rooms, shape, texts
from tests.tidy.repository import Repository, Violation, read_repository

RULES = (*shape.RULES, *texts.RULES, *rooms.RULES)
SHOWN_MAX = 50
"""Violations shown at once; the count is always given."""


@pytest.fixture(scope="module")
def project() -> Repository:
    """The project this test lies in."""
    return read_repository(Path(__file__).resolve().parents[2])


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.__name__)
def test_the_project_keeps_the_rule(
    rule: Callable[[Repository], Iterator[Violation]], project: Repository
) -> None:
    """No file of the project breaks the rule."""
    broken = list(rule(project))
    shown = "\n".join(str(violation) for violation in broken[:SHOWN_MAX])
    assert not broken, f"{len(broken)} times broken: {rule.__doc__}\n{shown}"


def test_the_project_is_seen(project: Repository) -> None:
    """The reading finds the product, its tests and its documents, so no rule passes on nothing."""
    seen = {file.path for file in project.files}
    assert {"README.md", "pyproject.toml", "arbtree/__init__.py", "tests/conftest.py"} <= seen
    assert not any(path.startswith((".git/", ".venv/")) for path in seen)
