"""What `import arbtree` offers, and what it costs."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import arbtree

SOURCE = Path(arbtree.__file__).read_text(encoding="utf-8")
HEAVY = ("trio", "httpx", "msgspec", "orjson", "google.protobuf", "rich", "exchanges", "actors")


@pytest.mark.parametrize("name", arbtree.__all__)
def test_every_public_name_is_there(name: str) -> None:
    """Each name of `__all__` is loaded on demand, is documented and says where it lives."""
    found = getattr(arbtree, name)
    assert found.__doc__
    assert found.__name__ == name


def test_type_checkers_see_the_same_names() -> None:
    """The imports for type checkers, the table of homes and `__all__` are one list."""
    block = next(
        node
        for node in ast.parse(SOURCE).body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    seen = {
        node.module: tuple(alias.name for alias in node.names)
        for node in block.body
        if isinstance(node, ast.ImportFrom)
    }
    assert {home: tuple(sorted(names)) for home, names in seen.items()} == {
        home: tuple(sorted(names)) for home, names in arbtree._HOMES.items()
    }
    assert sorted(name for names in seen.values() for name in names) == sorted(arbtree.__all__)


def test_importing_loads_nothing_heavy() -> None:
    """`import arbtree` loads no room and no package; the first use does."""
    code = (
        "import sys, arbtree\n"
        f"print([name for name in {HEAVY!r} if name in sys.modules])\n"
        "dir(arbtree), arbtree.open_exchange\n"
        "print('trio' in sys.modules)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stdout.split("\n") == ["[]", "True", ""]


def test_unknown_names_are_unknown() -> None:
    """A name that does not exist is an AttributeError, so that `hasattr` works."""
    assert not hasattr(arbtree, "nonsense")
    assert "open_exchange" in dir(arbtree)
