"""The wheel of the project, built once, and a bare environment to install it into."""

from __future__ import annotations

import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
LIMIT_S = 60
"""The slowest step takes three seconds on an idle machine; the limit only ends a hang."""


def run(*command: str | Path, cwd: Path, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run a command with nothing inherited but the path, and return what it said."""
    return subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={"PATH": "/usr/bin:/bin", "HOME": str(cwd), **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT_S,
        check=False,
    )


@dataclass(frozen=True)
class Environment:
    """A virtual environment with the third-party packages of this one, and not arbtree."""

    folder: Path

    @property
    def python(self) -> Path:
        """Its interpreter."""
        return self.folder / "bin" / "python"

    @property
    def packages(self) -> Path:
        """Its folder of installed packages."""
        version = f"python{sys.version_info.major}.{sys.version_info.minor}"
        return self.folder / "lib" / version / "site-packages"

    def install(self, *arguments: str | Path) -> None:
        """Install into it from what is on this machine, asking no index."""
        pip = (sys.executable, "-m", "pip", "--python", self.python, "install")
        offline = ("--no-index", "--no-deps", "--no-build-isolation", "--no-compile")
        done = run(*pip, *offline, *arguments, cwd=self.folder, PIP_CONFIG_FILE="/dev/null")
        assert done.returncode == 0, done.stderr


def make_environment(folder: Path) -> Environment:
    """Make an environment that sees the third-party packages of the running one.

    A .pth file adds their folder to the path but reads no .pth file in it, so an editable
    install of arbtree over there stays out of sight.
    """
    done = run(sys.executable, "-m", "venv", "--without-pip", folder, cwd=folder.parent)
    assert done.returncode == 0, done.stderr
    environment = Environment(folder)
    borrowed = {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}
    (environment.packages / "borrowed.pth").write_text("\n".join(sorted(borrowed)) + "\n")
    return environment


@pytest.fixture(scope="session")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The wheel of the project, built with the locked backend and no network."""
    folder = tmp_path_factory.mktemp("wheel")
    done = run(sys.executable, "-m", "hatchling", "build", "-t", "wheel", "-d", folder, cwd=ROOT)
    assert done.returncode == 0, done.stderr
    (built,) = folder.glob("*.whl")
    return built
