"""`arbtree run` whose output nobody reads: the engine runs on and ends in time."""

from __future__ import annotations

import subprocess
import sys

from tests.process.commands import ROOT, WITHIN_S, environment, started


def test_a_pipe_that_nobody_reads_stops_nothing() -> None:
    """Books are written until the pipe is full; the run ends when its time is over, and says so."""
    with started("run", "--for", "3s", "--every", "20ms", "--json") as process:
        assert process.wait(WITHIN_S) == 0
        assert process.stderr is not None
        assert "lines were lost: nobody read them in time" in process.stderr.read()


def test_a_log_that_nobody_reads_stops_nothing() -> None:
    """The same for standard error, with a log of everything and a pipe that is full already."""
    program = (
        "import os, subprocess, sys\n"
        "reads, writes = os.pipe()\n"
        "os.set_blocking(writes, False)\n"
        "try:\n"
        "    while True: os.write(writes, b'x' * 4096)\n"
        "except BlockingIOError: os.set_blocking(writes, True)\n"
        "words = [sys.executable, '-m', 'arbtree', 'run', '--for', '2s', '--log-level', 'debug']\n"
        "done = subprocess.run(words, stdout=subprocess.DEVNULL, stderr=writes, timeout=60)\n"
        "sys.exit(done.returncode)\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=ROOT,
        env=environment(),
        timeout=2 * WITHIN_S,
        check=False,
    )
    assert done.returncode == 0
