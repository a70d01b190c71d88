"""The wheel holds the rooms and nothing else, and works where it is installed."""

from __future__ import annotations

import tomllib
import zipfile
from pathlib import Path

import pytest

import arbtree
from tests.packaging.conftest import ROOT, Environment, make_environment, run
from tests.tidy.repository import ROOMS


@pytest.fixture(scope="module")
def installed(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Environment:
    """An environment with the wheel installed."""
    environment = make_environment(tmp_path_factory.mktemp("installed") / "venv")
    environment.install(wheel)
    return environment


def _names(wheel: Path) -> list[str]:
    with zipfile.ZipFile(wheel) as archive:
        return archive.namelist()


def test_the_wheel_holds_the_rooms_and_its_own_record(wheel: Path) -> None:
    """Its top-level folders are the eight packages and the distribution's metadata."""
    record = f"arbtree-{arbtree.__version__}.dist-info"
    assert {name.split("/")[0] for name in _names(wheel)} == {*ROOMS, record}


def test_the_wheel_leaves_nothing_of_a_room_behind(wheel: Path) -> None:
    """Every file of a room is in the wheel, typing marker and example file included."""
    expected = {
        path.relative_to(ROOT).as_posix()
        for room in ROOMS
        for path in (ROOT / room).rglob("*")
        if path.is_file() and path.suffix in {".py", ".toml", ".typed"}
    }
    missing = expected - set(_names(wheel))
    assert not missing
    assert "arbtree/py.typed" in expected


def test_the_wheel_carries_command_and_licences(wheel: Path) -> None:
    """The metadata names the console command and holds the licence and the notices."""
    with zipfile.ZipFile(wheel) as archive:
        record = f"arbtree-{arbtree.__version__}.dist-info"
        commands = archive.read(f"{record}/entry_points.txt").decode()
        names = archive.namelist()
    assert "arbtree = arbtree.cli:main" in commands
    assert f"{record}/licenses/LICENSE" in names
    assert f"{record}/licenses/THIRD_PARTY_NOTICES.md" in names


def test_the_rooms_are_named_alike_everywhere() -> None:
    """The wheel, the contracts, coverage, the Makefile and the check at import agree."""
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["tool"]
    makefile = (ROOT / "Makefile").read_text().splitlines()
    (listed,) = [line.split()[2:] for line in makefile if line.startswith("ROOMS :=")]
    for named in (
        project["hatch"]["build"]["targets"]["wheel"]["packages"],
        project["importlinter"]["root_packages"],
        project["coverage"]["run"]["source"],
        listed,
        ("arbtree", *arbtree.ROOMS),
    ):
        assert sorted(named) == sorted(ROOMS)


def test_the_installed_command_runs_from_another_folder(
    installed: Environment, tmp_path: Path
) -> None:
    """`arbtree --help` runs in a folder that has nothing to do with the project."""
    done = run(installed.folder / "bin" / "arbtree", "--help", cwd=tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "run" in done.stdout


def test_every_installed_module_can_be_imported(installed: Environment, tmp_path: Path) -> None:
    """No module needs a file that the wheel does not hold, or the tests."""
    script = (
        "import importlib, pkgutil, sys, arbtree\n"
        f"for room in {ROOMS!r}:\n"
        "    package = importlib.import_module(room)\n"
        "    assert package.__file__.startswith(sys.prefix), package.__file__\n"
        "    for found in pkgutil.walk_packages(package.__path__, room + '.'):\n"
        "        if not found.name.endswith('__main__'):\n"
        "            importlib.import_module(found.name)\n"
    )
    done = run(installed.python, "-W", "error", "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr


def test_an_editable_install_runs_the_sources(tmp_path: Path) -> None:
    """After `pip install -e .` the command runs the checkout's own files."""
    environment = make_environment(tmp_path / "venv")
    environment.install("-e", ROOT)
    script = "import arbtree, messages; print(arbtree.__file__); print(messages.__file__)"
    done = run(environment.python, "-c", script, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == [
        str(ROOT / "arbtree" / "__init__.py"),
        str(ROOT / "messages" / "__init__.py"),
    ]


def test_a_foreign_distribution_in_the_same_environment_is_refused(
    wheel: Path, tmp_path: Path
) -> None:
    """Installing a distribution called config over ours makes arbtree refuse to import."""
    environment = make_environment(tmp_path / "venv")
    environment.install(wheel)
    environment.install(_foreign_wheel(tmp_path))
    done = run(environment.python, "-c", "import arbtree", cwd=tmp_path)
    overwritten = environment.packages / "config" / "__init__.py"
    assert done.returncode == 1
    assert f"{overwritten} overwritten by another distribution" in done.stderr


def _foreign_wheel(folder: Path) -> Path:
    """Write the smallest wheel of a distribution called config."""
    path = folder / "config-0.5-py3-none-any.whl"
    record = "config-0.5.dist-info"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config/__init__.py", "class Config: pass\n")
        archive.writestr(
            f"{record}/METADATA", "Metadata-Version: 2.1\nName: config\nVersion: 0.5\n"
        )
        archive.writestr(f"{record}/WHEEL", "Wheel-Version: 1.0\nTag: py3-none-any\n")
        archive.writestr(f"{record}/RECORD", "")
    return path
