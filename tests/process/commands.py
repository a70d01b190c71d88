"""Starting the real commands as a user's shell does."""

from __future__ import annotations

import atexit
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from tempfile import mkdtemp
from typing import Any

import pytest

from arbtree.cli import main

ROOT = Path(__file__).resolve().parents[2]
"""Where the rooms are; a process started elsewhere finds them by PYTHONPATH."""

WITHIN_S = 60.0
"""Far beyond what anything here takes, however busy the machine is; it only ends a hang."""


_SOCKETS = mkdtemp(prefix="arbtree-tests-")
atexit.register(shutil.rmtree, _SOCKETS, ignore_errors=True)


def environment() -> dict[str, str]:
    """The environment of a process that may run in any folder, with warnings as errors.

    Each gets a folder of its own for its inspection socket: engines beside each other never meet.
    """
    return os.environ | {
        "XDG_RUNTIME_DIR": mkdtemp(dir=_SOCKETS),
        "PYTHONPATH": str(ROOT),
        "PYTHONWARNINGS": "error",
        "TERM": "xterm",
        "COLUMNS": "120",
        "LINES": "50",
    }


def finished(module: str, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `python -m module words...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", module, *words],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def refused(capsys: pytest.CaptureFixture[str], *words: str) -> subprocess.CompletedProcess[str]:
    """What `arbtree words...` says and ends with, in this process: nothing is ever started."""
    code = main(words)
    said = capsys.readouterr()
    return subprocess.CompletedProcess(words, code, said.out, said.err)


@contextmanager
def started(*words: str, cwd: Path = ROOT) -> Iterator[subprocess.Popen[str]]:
    """Run `arbtree words...` beside the block; what still runs after it is killed."""
    with subprocess.Popen(
        [sys.executable, "-m", "arbtree", *words],
        env=environment(),
        cwd=cwd,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def wait_for_live_book(process: subprocess.Popen[str]) -> None:
    """Read its JSON lines up to the first live book."""
    assert process.stdout is not None
    for line in process.stdout:
        said = json.loads(line)
        if said["kind"] == "book" and said["state"] == "LIVE":
            return
    raise AssertionError("no book was ever live")


def objects(text: str) -> list[dict[str, Any]]:
    """Every line as an object."""
    return [json.loads(line) for line in text.splitlines()]


def one_sentence(text: str) -> str:
    """The sentence that a refused command says, and nothing else."""
    lines = text.splitlines()
    assert len(lines) == 1, text
    return lines[0]


def the_rest(process: subprocess.Popen[str]) -> tuple[str, str]:
    """What a process says until it ends.

    `communicate` reads below the text layer, so it would lose what was buffered by reading lines.
    """
    assert process.stdout is not None
    assert process.stderr is not None
    with ThreadPoolExecutor(1) as beside:
        complaints = beside.submit(process.stderr.read)
        out = process.stdout.read()
        process.wait(WITHIN_S)
        return out, complaints.result()
