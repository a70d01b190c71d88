"""The benchmark that plays damage to other people's books counts what it says it counts."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from benchmarks.peers.torture import VENUES, Count, judge, ours, table
from tests.damage.harm import KINDS, draw
from tests.damage.windows import load

SEEDS = 2 * len(KINDS)


@pytest.mark.parametrize("venue", VENUES)
def test_our_book_is_never_silently_wrong(shared_data: Path, venue: str) -> None:
    """Every kind of damage, twice: many books published, each one that the venue had."""
    windows = load(shared_data, venue)
    published = 0
    for seed in range(SEEDS):
        window = windows[seed // len(KINDS)]
        books, noticed = ours(window, draw(seed, window))
        assert judge(window, books) == 0
        assert noticed or draw(seed, window).kind not in ("drop", "swap", "cut")
        published += len(books)
    assert published > SEEDS * 10


def test_a_wrong_book_is_counted(shared_data: Path) -> None:
    """A book of the future is wrong, and so is one with another amount; an old one is not."""
    window = load(shared_data, "mexc")[0]
    new = next(at for at in range(3, window.last) if window.tops[at] not in window.tops[:at])
    bids, asks = window.tops[new]
    (price, amount), *rest = bids
    altered = ((price, amount + 1), *rest)
    assert judge(window, [(new + 2, (bids, asks))]) == 0
    assert judge(window, [(new - 1, (bids, asks))]) == 1
    assert judge(window, [(new, (altered, asks)), (new, (bids, asks)), (new, (asks, bids))]) == 2


@pytest.mark.parametrize("what", [Count(10, 1, 1, 2, 0), "has no such venue"])
def test_the_table_has_a_line_for_each(what: Count | str) -> None:
    """Figures, or why there are none."""
    rows: Sequence[tuple[str, str, Count | str]] = [("a library", "mexc", what)]
    last = table(rows, 1000).splitlines()[-1]
    assert last.startswith("| a library | mexc |")
    assert last.count("|") == 9
