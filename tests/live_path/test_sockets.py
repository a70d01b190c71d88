"""Recordings over real sockets, as fast as it goes, leave the published books in the engine."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from tests.live_path.performances import over_sockets
from tests.live_path.programme import IN_SUITE, differences, disturbances, published, tape


@pytest.mark.parametrize("name", IN_SUITE)
def test_the_engine_rebuilds_the_published_books(name: str, shared_data: Path) -> None:
    """The whole engine ends with the golden books: no gap, no resync, no reconnect, no restart."""
    played = tape(shared_data, name)
    outcome = trio.run(over_sockets, played)
    assert differences(outcome.books, published(shared_data, name, played)) == []
    assert disturbances(outcome, [played]) == []
