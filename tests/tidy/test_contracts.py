"""The import contracts of pyproject.toml catch what they are there to catch."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

from tests.tidy.repository import ROOMS

ROOT = Path(__file__).resolve().parents[2]
LINTER = Path(sys.executable).with_name("lint-imports")
LIMIT_S = 60
"""One run takes half a second on an idle machine."""

CONTRACTS = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]["importlinter"]
FLOORS, PURE, SIMULATOR, RUNTIME = (contract["name"] for contract in CONTRACTS["contracts"])

PLANTED = (
    ("messages/errors.py", "import config", FLOORS),
    ("markets/book.py", "import exchanges.registry", FLOORS),
    ("actors/runtime/turn.py", "import supervisors.spec", FLOORS),
    ("actors/book.py", "import simulator", FLOORS),
    ("supervisors/tree.py", "import arbtree.cli", FLOORS),
    ("exchanges/registry.py", "def later():\n    import trio", PURE),
    ("config/reader.py", "from time import monotonic", PURE),
    ("markets/book.py", "import random", PURE),
    ("simulator/world.py", "from exchanges import registry", SIMULATOR),
    ("supervisors/spec.py", "import markets.book", RUNTIME),
    ("actors/runtime/turn.py", "from messages import market", RUNTIME),
)


@pytest.fixture
def house(tmp_path: Path) -> Path:
    """A house with every module that a contract names, where each keeps its contract."""
    named = {name for contract in CONTRACTS["contracts"] for name in _modules(contract)}
    planted = {path.removesuffix(".py").replace("/", ".") for path, _, _ in PLANTED}
    for module in sorted(named | planted | set(ROOMS)):
        parts = module.split(".")
        if parts[0] in ROOMS:
            for depth in range(1, len(parts) + 1):
                folder = tmp_path.joinpath(*parts[:depth])
                folder.mkdir(exist_ok=True)
                (folder / "__init__.py").touch()
    for path in planted:
        module_file = tmp_path.joinpath(*path.split("."))
        shutil.rmtree(module_file)
        module_file.with_suffix(".py").touch()
    (tmp_path / "supervisors" / "tree.py").write_text("import actors.book\n")
    (tmp_path / "supervisors" / "__main__.py").write_text("import arbtree.cli\n")
    (tmp_path / "arbtree" / "cli.py").write_text("import supervisors.tree\n")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    return tmp_path


def _modules(contract: dict[str, list[str]]) -> list[str]:
    return [*contract.get("source_modules", ()), *contract.get("forbidden_modules", ())]


def _lint(house: Path) -> tuple[int, str]:
    done = subprocess.run(
        [LINTER, "--no-cache", "--no-logo"],
        cwd=house,
        env={"PATH": os.environ["PATH"], "COLUMNS": "200"},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )
    return done.returncode, done.stdout + done.stderr


def test_a_house_that_keeps_them_passes(house: Path) -> None:
    """The tree may import trading and `supervisors.__main__` the public face."""
    code, output = _lint(house)
    assert code == 0, output
    assert f"{len(CONTRACTS['contracts'])} kept, 0 broken" in output


@pytest.mark.parametrize(
    ("path", "line", "contract"), PLANTED, ids=[f"{path}-{line}" for path, line, _ in PLANTED]
)
def test_a_planted_import_breaks_its_contract(
    house: Path, path: str, line: str, contract: str
) -> None:
    """An import against the floors is reported under the contract that forbids it."""
    with (house / path).open("a") as module:
        module.write(f"{line}\n")
    code, output = _lint(house)
    assert code == 1, output
    assert f"{contract} BROKEN" in output
