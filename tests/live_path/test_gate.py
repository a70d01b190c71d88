"""Gate's recordings through the live engine leave the published books in it."""

from __future__ import annotations

from pathlib import Path

import pytest
import trio

from actors.runtime.clock import SystemClock
from tests.golden.streams import golden
from tests.live_path.gate import NAMES, RecordedGate, gate_result, gate_tape
from tests.live_path.performances import over_pipes
from tests.live_path.programme import Books, differences, disturbances


@pytest.mark.parametrize("venue", NAMES)
def test_the_engine_rebuilds_gates_published_books(venue: str, shared_data: Path) -> None:
    """Sockets, REST, connection and books: each whole book equal, without a gap or a restart."""
    tape, clock = gate_tape(shared_data, venue), SystemClock()
    server = RecordedGate(tape, lambda: clock.wall_ns() // 1_000_000)
    outcome = trio.run(over_pipes, tape, server)
    name = " + ".join(f"{NAMES[venue][0]}.{kind}.txt.gz" for kind in ("ws", "http"))
    published = golden(shared_data, "books.json")[name]
    assert len(published) == 5
    wanted: Books = {
        (venue, native): gate_result(tape.symbols[native], result)
        for native, result in published.items()
    }
    assert differences(outcome.books, wanted) == []
    assert disturbances(outcome, [tape]) == []
