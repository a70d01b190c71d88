"""Damaged windows of real recordings: a tenth of the seeds; all by `python -m tests.damage`."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest

from actors.proven_book import Verdict
from tests.damage.harm import KINDS, draw
from tests.damage.trial import Trial
from tests.damage.windows import VENUES, Window, load

SEEDS = 100


@pytest.fixture(scope="module", params=VENUES)
def windows(request: pytest.FixtureRequest, shared_data: Path) -> list[Window]:
    """The windows of one venue family."""
    return load(shared_data, request.param)


def test_damage_is_noticed_and_mended(windows: list[Window]) -> None:
    """Every seed ends in the true book, and nothing untrue was published on the way."""
    seen: Counter[Verdict] = Counter()
    for seed in range(SEEDS):
        window = windows[seed // len(KINDS) % len(windows)]
        trial = Trial(window, draw(seed, window))
        try:
            trial.run()
        except AssertionError as error:
            error.add_note(f"{window.venue}, seed {seed}, {trial.plan.kind}")
            raise
        seen += trial.verdicts
    wanted = (Verdict.CHANGED, Verdict.GAP, Verdict.REFUSED, Verdict.FIRST, Verdict.NOTHING)
    assert all(seen[verdict] for verdict in wanted), seen


def test_an_undamaged_window_has_no_gap(windows: list[Window]) -> None:
    """The harness itself breaks nothing."""
    window = windows[0]
    plan = draw(0, window)._replace(steps=list(window.frames))
    trial = Trial(window, plan)
    trial.run()
    assert trial.book.gaps == 0
    assert trial.book.resyncs == 0
    assert trial.book.updates == window.last


def test_a_lie_would_be_noticed(windows: list[Window]) -> None:
    """A book that published another amount than the truth fails the trial."""
    window = windows[1]
    trial = Trial(window, draw(0, window)._replace(steps=list(window.frames)))
    tops = window.tops[window.last]
    window.tops[window.last] = (tops[1], tops[0])
    try:
        with pytest.raises(AssertionError):
            trial.run()
    finally:
        window.tops[window.last] = tops
