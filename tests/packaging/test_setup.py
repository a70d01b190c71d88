"""Setting up and checking fail loudly, in one sentence, and never half way."""

from __future__ import annotations

import os
import shutil
import stat
from pathlib import Path

import pytest

from tests.packaging.conftest import ROOT, run


@pytest.fixture
def checkout(tmp_path: Path) -> Path:
    """A checkout with the files that setting up reads, and no sources."""
    folder = tmp_path / "parent" / "checkout"
    (folder / ".ci").mkdir(parents=True)
    for name in ("Makefile", "pyproject.toml", "requirements.lock", "requirements-dev.lock"):
        shutil.copy(ROOT / name, folder)
    shutil.copy(ROOT / ".ci" / "run", folder / ".ci")
    return folder


def _command(folder: Path, name: str, script: str) -> None:
    """Put a shell script on a path of its own."""
    path = folder / name
    path.write_text(f"#!/bin/sh\n{script}\n")
    path.chmod(path.stat().st_mode | stat.S_IXUSR)


def test_a_python_that_is_too_old_is_refused_in_one_sentence(checkout: Path) -> None:
    """Without Python 3.11 nothing is made and standard output stays empty."""
    _command(checkout, "old", "exit 1")
    done = run("make", "run", f"PYTHON={checkout / 'old'} no-such-python", cwd=checkout)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "arbtree: needs Python 3.11 or newer" in done.stderr
    assert not (checkout / ".venv").exists()


def test_a_python_without_venv_is_named(checkout: Path) -> None:
    """Where the venv module is missing the sentence says what to install, and nothing is left."""
    _command(checkout, "bare", 'case "$1" in -m) exit 1;; -V) echo Python 3.11.0;; esac')
    done = run("make", "setup", f"PYTHON={checkout / 'bare'}", cwd=checkout)
    assert done.returncode != 0
    assert done.stdout == ""
    assert "python3-venv" in done.stderr
    assert not (checkout / ".venv").exists()


def test_checks_refuse_to_pass_without_the_recordings(checkout: Path) -> None:
    """`.ci/run` fails at once where ../shared/data is missing."""
    done = run(checkout / ".ci" / "run", cwd=checkout.parent)
    assert done.returncode != 0
    assert "../shared/data is missing" in done.stderr


@pytest.mark.parametrize("code", [0, 1, 2])
def test_checks_pass_on_what_make_says(checkout: Path, tmp_path: Path, code: int) -> None:
    """`.ci/run` asks for the recordings, runs both targets, and ends as they end."""
    (checkout.parent / "shared" / "data").mkdir(parents=True)
    binaries = tmp_path / "bin"
    binaries.mkdir()
    _command(binaries, "make", f'echo "$PWD $* $CI $ARBTREE_REQUIRE_SHARED_DATA"; exit {code}')
    _command(binaries, "chromium", "exit 0")
    path = f"{binaries}{os.pathsep}/usr/bin{os.pathsep}/bin"
    done = run(checkout / ".ci" / "run", cwd=tmp_path, PATH=path)
    assert done.returncode == code
    asked = ["test", "chaos"] if code == 0 else ["test"]
    assert done.stdout.splitlines() == [f"{checkout} {each} true 1" for each in asked]


@pytest.mark.parametrize(
    ("user", "browser", "asked"),
    [
        ("0", "", ["-qq update", "-qq install -y --no-install-recommends chromium"]),
        ("0", "chromium", []),
        ("1000", "", []),
    ],
)
def test_checks_install_a_browser_for_root(
    checkout: Path, tmp_path: Path, user: str, browser: str, asked: list[str]
) -> None:
    """Only where there is none; in any case the tests are told that one is required."""
    (checkout.parent / "shared" / "data").mkdir(parents=True)
    binaries = tmp_path / "bin"
    binaries.mkdir()
    for name in ("bash", "dirname", "env", "timeout"):
        found = shutil.which(name)
        assert found is not None
        (binaries / name).symlink_to(found)
    _command(binaries, "id", f"echo {user}")
    _command(binaries, "apt-get", f'echo "$*" >> {tmp_path / "asked"}')
    _command(binaries, "make", 'echo "$ARBTREE_REQUIRE_BROWSER"')
    if browser:
        _command(binaries, browser, "exit 0")
    done = run(checkout / ".ci" / "run", cwd=tmp_path, PATH=str(binaries), ARBTREE_BROWSER="")
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["1", "1"]
    told = tmp_path / "asked"
    assert (told.read_text(encoding="utf-8").splitlines() if told.exists() else []) == asked


def test_make_test_runs_every_check(checkout: Path) -> None:
    """What `make test` would do names every checker, and the suite comes last."""
    done = run("make", "-n", "test", cwd=checkout)
    assert done.returncode == 0, done.stderr
    checkers = ("ruff check", "ruff format --check", "flake8-async", "mypy", "lint-imports")
    places = [done.stdout.index(f".venv/bin/{checker}") for checker in checkers]
    places.append(done.stdout.index("-m pytest"))
    assert places == sorted(places)
