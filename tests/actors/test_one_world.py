"""Engine and simulator under one mock clock are a pure function of the seed."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

from simulator import schedule

ROOT = Path(__file__).parents[2]


def _trace(seed: int, hash_seed: int) -> list[str]:
    """Run the traced world in a process of its own, with its own hash seed."""
    environment = {**os.environ, "PYTHONHASHSEED": str(hash_seed)}
    command = [sys.executable, "-m", "tests.actors.trace", str(seed), "15"]
    done = subprocess.run(
        command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=True
    )
    return done.stdout.split()


def test_two_processes_live_the_same_world() -> None:
    """Same seed, same trace hash in two processes; another seed gives another world."""
    first, second, other = _trace(7, 1), _trace(7, 2), _trace(8, 1)
    assert first == second
    assert first[0] != other[0]
    assert int(first[1]) > 3000
    assert int(first[2]) > 20


def test_a_renamed_switch_of_trio_is_noticed(monkeypatch: pytest.MonkeyPatch) -> None:
    """When trio renames what decides its order, we say so instead of running at random."""
    monkeypatch.delattr("trio._core._run._r")
    with pytest.raises(RuntimeError, match="_r"):
        schedule.make_deterministic(1)
