"""Every recording is replayed once a session; the tests look at what came out."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from actors.recordings.pairs import PairSettings
from actors.recordings.replay import Replay
from actors.recordings.report import report
from actors.recordings.sources import open_recordings

Replayed = Callable[[Sequence[str | Path], str], dict[str, Any]]


@pytest.fixture(scope="session")
def replayed(shared_data: Path) -> Replayed:
    """Replay files as the command does and keep the report."""
    kept: dict[tuple[tuple[str, ...], str], dict[str, Any]] = {}

    def run(files: Sequence[str | Path], quotes: str) -> dict[str, Any]:
        key = (tuple(map(str, files)), quotes)
        if key not in kept:
            replay = Replay(open_recordings(key[0]), PairSettings(), quotes)
            replay.run()
            kept[key] = report(replay)
        return kept[key]

    return run
