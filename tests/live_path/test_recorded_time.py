"""In the recorder's own time the live engine sees what a replay sees, to the last episode."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from actors.recordings.records import Record
from tests.live_path.outcome import replayed
from tests.live_path.performances import Outcome, in_recorded_time
from tests.live_path.programme import (
    WINDOW_S,
    Books,
    differences,
    disturbances,
    tapes_together,
)
from tests.live_path.tapes import Tape


@dataclass(frozen=True)
class Window:
    """One window of three venues, lived through by the engine and replayed."""

    tapes: list[Tape]
    live: Outcome
    replayed: tuple[Books, Books]


@pytest.fixture(scope="module")
def window(shared_data: Path) -> Window:
    """Spot, USD-M and COIN-M of one afternoon, through both paths."""
    tapes = tapes_together(shared_data, WINDOW_S)
    return Window(tapes, in_recorded_time(tapes), replayed(tapes))


def test_the_books_are_those_of_the_replay(window: Window) -> None:
    """Top, counts, sequence, hash and proof of every book are equal, and nothing went wrong."""
    books, _ = window.replayed
    assert len(books) == 3
    assert differences(window.live.books, books) == []
    assert disturbances(window.live, window.tapes) == []


def test_the_detectors_episodes_are_the_pairs_of_the_replay(window: Window) -> None:
    """Window, evaluations, greatest edge and episodes of every ordered pair are equal."""
    _, pairs = window.replayed
    assert len(pairs) == 6
    assert differences(window.live.pairs, pairs) == []
    assert sum(pair["episodes"]["1"]["count"] for pair in pairs.values()) > 20


class WithoutOneEvent(Tape):
    """A tape from which one depth event is missing."""

    def records(self) -> Iterator[Record]:
        """Everything but the hundredth depth event."""
        seen = 0
        for record in super().records():
            seen += b'"depthUpdate"' in record[3][:120]
            if seen != 100 or b'"depthUpdate"' not in record[3][:120]:
                yield record


def test_a_missing_event_is_not_hidden_by_the_live_path(shared_data: Path) -> None:
    """The book is dark with one gap and has asked again: these tests can fail."""
    whole = tapes_together(shared_data, 15)[0]
    ((key, book),) = in_recorded_time(
        [WithoutOneEvent(whole.venue, whole.files, whole.until_ns)]
    ).books.items()
    assert key == ("binance", "BTCUSDT")
    assert (book["state"], book["gaps"], book["levels"]) == ("DARK", 1, [0, 0])
