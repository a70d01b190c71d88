"""`arbtree record` as a process, against the simulator as another: how it ends, what it leaves."""

from __future__ import annotations

import json
import os
import pty
import re
import select
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from tests.process.commands import WITHIN_S, environment, finished, one_sentence

LOOK_S = 0.05
"""How long one look at a terminal waits for news."""


@pytest.fixture(scope="module")
def simulator() -> Iterator[dict[str, Any]]:
    """What `python -m simulator` says of its one venue, while it serves it."""
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", "--venues", "binance_usdm", "--json"],
        env=environment(),
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stdout is not None
            yield json.loads(process.stdout.readline())
        finally:
            process.kill()


@pytest.fixture
def words(simulator: dict[str, Any], tmp_path: Path) -> tuple[str, ...]:
    """The command that records two of its symbols."""
    addresses = ("--rest-url", simulator["rest"], "--websocket-url", simulator["stream"])
    output = str(tmp_path / "a.capture")
    return ("record", "binance_usdm", "BTC/USDT:USDT", "ETHUSDT", "-o", output, *addresses)


@contextmanager
def recording(words: tuple[str, ...]) -> Iterator[tuple[subprocess.Popen[str], bytes]]:
    """A recording that has frames already, and what it has shown of itself in its terminal."""
    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [sys.executable, "-m", "arbtree", *words],
        env=environment(),
        stdout=subprocess.PIPE,
        stderr=theirs,
        text=True,
        start_new_session=True,
    ) as process:
        try:
            yield process, wait_for_frames(ours)
        finally:
            process.kill()
            os.close(theirs)
            os.close(ours)


def wait_for_frames(terminal: int) -> bytes:
    """Read the line of progress until it counts frames and a live book."""
    drawn, end_s = b"", time.monotonic() + WITHIN_S
    while time.monotonic() < end_s:
        if select.select([terminal], [], [], LOOK_S)[0]:
            drawn += os.read(terminal, 65_536)
            if re.search(rb"[1-9]\d* frames and .* lost, 2 of 2 books live", drawn):
                return drawn
    raise AssertionError(f"nothing was recorded: {drawn!r}")


def test_a_recording_ends_by_itself_and_replays(words: tuple[str, ...], tmp_path: Path) -> None:
    """`--for`, one object as summary, and `arbtree replay` finds nothing wrong with the file."""
    done = finished("arbtree", *words, "--for", "2s", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    said = json.loads(done.stdout)
    output = tmp_path / "a.capture"
    assert said["symbols"] == ["BTC/USDT:USDT", "ETH/USDT:USDT"]
    assert said["file_bytes"] == output.stat().st_size
    assert said["books"] == said["books_ever_live"] == 2
    assert (said["lost"], said["undecoded"], said["reconnects"], said["code"]) == (0, 0, 0, 0)
    again = [finished("arbtree", "replay", str(output), "--json") for _ in range(2)]
    assert again[0].returncode == 0, again[0].stderr
    assert again[0].stdout == again[1].stdout
    report = json.loads(again[0].stdout)
    assert report["frames"] == said["frames"] + said["answers"]
    assert [(book["state"], book["gaps"]) for book in report["books"]] == [("LIVE", 0)] * 2


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_completes_the_file(
    words: tuple[str, ...], tmp_path: Path, number: signal.Signals
) -> None:
    """Ctrl-C is the usual end of a recording: code 0, a whole file, one line that says so."""
    with recording(words) as (process, drawn):
        process.send_signal(number)
        out, _ = process.communicate(timeout=WITHIN_S)
    assert process.returncode == 0
    assert drawn.startswith(b"\r\x1b[K")
    assert b"\n" not in drawn
    assert number.name in one_sentence(out)
    assert list(tmp_path.iterdir()) == [tmp_path / "a.capture"]
    assert finished("arbtree", "replay", str(tmp_path / "a.capture")).returncode == 0


def test_a_killed_recording_leaves_no_finished_file(words: tuple[str, ...], tmp_path: Path) -> None:
    """Nothing bears the name, so nobody takes half a recording for a whole one; then it is made."""
    with recording(words) as (process, _):
        process.kill()
        process.communicate(timeout=WITHIN_S)
    assert not (tmp_path / "a.capture").exists()
    again = finished("arbtree", *words, "--for", "1s", "--json")
    assert (again.returncode, again.stderr) == (0, "")
    assert json.loads(again.stdout)["books_ever_live"] == 2
    assert (tmp_path / "a.capture").exists()


def test_a_full_disk_ends_the_recording(words: tuple[str, ...], tmp_path: Path) -> None:
    """A file that may not grow beyond 4 KiB: code 3, one sentence, and nothing is left behind."""
    limited = ("sh", "-c", 'ulimit -f 8; exec "$@"', "sh", sys.executable, "-m", "arbtree")
    done = subprocess.run(
        [*limited, *words, "--for", "50s"],
        env=environment(),
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )
    assert (done.returncode, done.stdout) == (3, "")
    assert "a.capture: cannot be written: File too large" in one_sentence(done.stderr)
    assert list(tmp_path.iterdir()) == []


def test_an_unknown_symbol_is_one_sentence(words: tuple[str, ...], tmp_path: Path) -> None:
    """Exit code 2, the venue and the symbol named, nothing written."""
    done = finished("arbtree", *(word.replace("ETHUSDT", "ETHUSDX") for word in words))
    assert (done.returncode, done.stdout) == (2, "")
    assert one_sentence(done.stderr) == "arbtree: binance_usdm: there is no symbol 'ETHUSDX'"
    assert list(tmp_path.iterdir()) == []
