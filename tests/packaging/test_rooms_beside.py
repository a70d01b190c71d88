"""Half an engine of foreign code never starts: the check that importing arbtree makes.

The installation here is the real `arbtree/__init__.py` with empty rooms beside it, so that each
case shows the check and nothing else.
"""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import pytest

import arbtree
from tests.packaging.conftest import ROOT, run

IMPORT = "import arbtree; print('fine')"


@pytest.fixture
def site(tmp_path: Path) -> Path:
    """A folder of installed packages: arbtree and its rooms."""
    site = tmp_path / "site"
    for room in arbtree.ROOMS:
        _package(site / room, f'"""The room {room}."""\n')
    (site / "arbtree").mkdir()
    shutil.copy(ROOT / "arbtree" / "__init__.py", site / "arbtree")
    return site


def _package(folder: Path, content: str) -> Path:
    folder.mkdir(parents=True)
    path = folder / "__init__.py"
    path.write_text(content)
    return path


def _import(*folders: Path, cwd: Path, script: str = IMPORT) -> tuple[int, str]:
    """Import arbtree with these folders on the path; return the exit code and the last line."""
    path = ":".join(str(folder) for folder in folders)
    done = run(sys.executable, "-S", "-c", script, cwd=cwd, PYTHONPATH=path)
    return done.returncode, (done.stdout + done.stderr).splitlines()[-1]


def _refused(line: str, site: Path, room: str, foreign: str) -> bool:
    """Whether the line is the refusal that names our file and the foreign one."""
    ours = f"{site / 'arbtree' / '__init__.py'} needs {site / room / '__init__.py'}"
    return line.startswith(f"ImportError: {ours}") and f"'import {room}' finds {foreign}" in line


def test_rooms_that_lie_beside_are_accepted(site: Path, tmp_path: Path) -> None:
    """From any folder, with every room beside it, the package imports."""
    assert _import(site, cwd=tmp_path) == (0, "fine")


def test_a_foreign_distribution_is_named(site: Path, tmp_path: Path) -> None:
    """A distribution called config that comes first on the path is refused, both files named."""
    foreign = _package(tmp_path / "other" / "config", "")
    code, line = _import(tmp_path / "other", site, cwd=tmp_path)
    assert code == 1
    assert _refused(line, site, "config", str(foreign))


def test_a_file_of_the_user_is_named(site: Path, tmp_path: Path) -> None:
    """A config.py in the working folder is refused, both files named."""
    mine = tmp_path / "config.py"
    mine.write_text("KEY = 1\n")
    code, line = _import(site, cwd=tmp_path)
    assert code == 1
    assert _refused(line, site, "config", str(mine))


@pytest.mark.parametrize("room", arbtree.ROOMS)
def test_every_room_is_checked(site: Path, tmp_path: Path, room: str) -> None:
    """Whichever room another folder on the path carries, it is refused."""
    foreign = _package(tmp_path / "other" / room, "")
    code, line = _import(tmp_path / "other", site, cwd=tmp_path)
    assert code == 1
    assert _refused(line, site, room, str(foreign))


def test_a_missing_room_is_named(site: Path, tmp_path: Path) -> None:
    """An installation that lost a room is refused and says which file is missing."""
    shutil.rmtree(site / "markets")
    code, line = _import(site, cwd=tmp_path)
    assert code == 1
    assert _refused(line, site, "markets", "nothing of that name")


@pytest.mark.parametrize("made", ["types.ModuleType('config')", "None"])
def test_a_module_already_imported_is_checked_too(site: Path, tmp_path: Path, made: str) -> None:
    """A module of that name that a program put in place before is refused."""
    script = f"import sys, types; sys.modules['config'] = {made}; {IMPORT}"
    code, line = _import(site, cwd=tmp_path, script=script)
    assert code == 1
    assert line.startswith("ImportError: ")


def test_a_distribution_that_wrote_over_a_room_is_noticed(site: Path, tmp_path: Path) -> None:
    """A room whose first file is not the one that was installed is refused."""
    record = site / f"arbtree-{arbtree.__version__}.dist-info" / "RECORD"
    record.parent.mkdir()
    ours = site / "config" / "__init__.py"
    record.write_text(f"config/__init__.py,sha256=abc,{ours.stat().st_size}\nconfig/a.py,,\n")
    assert _import(site, cwd=tmp_path) == (0, "fine")
    ours.write_text("from config.something_else import *\n")
    code, line = _import(site, cwd=tmp_path)
    assert code == 1
    assert _refused(line, site, "config", f"{ours} overwritten by another distribution")


def test_a_link_to_the_installation_is_the_installation(site: Path, tmp_path: Path) -> None:
    """Reaching the same files through a symbolic link is no foreign room."""
    link = tmp_path / "link"
    link.symlink_to(site)
    assert _import(link, site, cwd=tmp_path) == (0, "fine")
