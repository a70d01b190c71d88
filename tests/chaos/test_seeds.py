"""Whole seeds: they pass, they end as expected, and a planted defect is caught and cut down."""

from __future__ import annotations

import re

import pytest

from arbtree.chaos import seeds
from arbtree.chaos.seeds import play
from arbtree.chaos.swarm import draw_seed
from arbtree.chaos.whole import Job, failed_checkers, play_job, shrink_job
from config.chaos import parse_faults
from exchanges.sequencing import Event, Sequencer
from messages.market import BookDelta
from simulator.breaking import Blow
from simulator.world import World

GAPS = parse_faults("only = true\n[gap]\nevery_s = 1.5\n[stall]\nevery_s = 4\n", "gaps.toml")


def test_a_short_seed_passes_every_checker() -> None:
    """A minute of everything: each checker looked at something, none found anything."""
    one = play(3, 45.0)
    assert one.report.passed, [verdict.violations for verdict in one.report.verdicts]
    assert all(verdict.looked_at for verdict in one.report.verdicts)
    assert one.report.venues == 3
    assert one.report.exit_code == 0
    assert len(one.records) == one.report.faults > 3
    assert {change.state for change in one.changes if change.kind == "book"} == {"LIVE", "DARK"}


def test_what_shows_at_once_is_the_fault_s_own() -> None:
    """A book that is suspended is dark in the same moment; one that is not there has no record."""
    often = parse_faults(
        "only = true\n[mailbox_pressure]\nevery_s = 4\nduration_s = [1, 2]\n"
        'target = "engine/venues/*/books/*"\n',
        "often.toml",
    )
    one = play(3, 40.0, often)
    assert one.report.passed, [verdict.violations for verdict in one.report.verdicts]
    assert len(one.records) == one.report.faults > 2
    assert {record.dark_after_s for record in one.records} == {0.0}
    assert all((record.live_after_s or 0.0) < 1.0 for record in one.records)


@pytest.mark.parametrize(
    "seed",
    [
        pytest.param(142, id="it spent its venue's requests of a minute before the heal"),
        pytest.param(1090, id="it goes dark right after the heal, which ends a silence"),
    ],
)
def test_a_short_seed_has_time_for_what_a_venue_allows(seed: int) -> None:
    """A book that waits for its venue's request budget when the faults are over comes back."""
    report = play(seed, 60.0).report
    assert report.passed, [verdict.violations for verdict in report.verdicts]


@pytest.mark.parametrize(
    ("seed", "numbers"),
    [
        pytest.param(1093, (3, 6), id="a connection that was held up tells of its feed again"),
        pytest.param(1255, (9,), id="the heal comes between an empty book and a full one"),
    ],
)
def test_what_once_failed_for_no_fault_of_the_engine(seed: int, numbers: tuple[int, ...]) -> None:
    """Cut down to the faults that it took; the checker and the simulator were wrong."""
    report = play_job(Job(seed, 60.0, {}, "", numbers)).report
    assert report.passed, [verdict.violations for verdict in report.verdicts]


def test_some_seeds_are_to_give_up() -> None:
    """Every eleventh crashes its detector until the engine ends with exit 4, as it must."""
    report = play(11, 60.0).report
    assert (report.expected_exit, report.exit_code, report.passed) == (4, 4, True)
    assert not report.counts


def test_other_seeds_crash_their_detector_below_its_budget() -> None:
    """However lively the draw, an engine that is not to give up is not made to."""
    often = parse_faults("only = true\n[root_crash]\nevery_s = 0.5\n", "often.toml")
    report = play(3, 60.0, often).report
    assert (report.expected_exit, report.exit_code, report.passed) == (0, 0, True)
    assert 0 < report.faults <= report.schedule_size == 3


def _overlook_gaps(monkeypatch: pytest.MonkeyPatch) -> None:
    genuine = Sequencer._follows

    def follows(sequencer: Sequencer, event: BookDelta, last_id: int) -> Event:
        found = genuine(sequencer, event, last_id)
        return Event.DELTA_NEXT if found is Event.DELTA_GAP else found

    monkeypatch.setattr(Sequencer, "_follows", follows)


def test_an_overlooked_gap_is_caught_and_cut_down_to_one_fault(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The defect fails two independent checkers; of many faults one is left that shows it."""
    job = Job(3, 20.0, GAPS, "arbtree chaos run --seed 3 --for 20s")
    assert play_job(job).report.passed
    _overlook_gaps(monkeypatch)
    broken = play_job(job).report
    assert failed_checkers(broken) >= {"replay", "truth"}
    assert broken.schedule_size > 3
    smaller, runs = shrink_job(job, failed_checkers(broken))
    assert smaller.only is not None
    assert len(smaller.only) == 1
    assert runs < 40
    again = play_job(smaller).report
    assert again.faults == 1
    assert failed_checkers(again)


def test_a_seed_that_is_to_give_up_is_cut_down_to_what_fails(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Not to no fault at all, with which it would fail because it does not give up."""
    resets = parse_faults("only = true\n[reset]\nevery_s = 2\n", "resets.toml")
    job = Job(11, 60.0, resets, "")
    drawn = draw_seed(11, 60.0, resets)
    crashes = [n for n, one in enumerate(drawn.schedule) if one.fault == "root_crash"]
    assert 0 < len(crashes) < len(drawn.schedule)
    assert play_job(job).report.passed

    def ends(world: World, blow: Blow) -> bool:
        raise IndexError("nothing stands here")

    monkeypatch.setattr(seeds, "strike", ends)
    smaller, _ = shrink_job(job, failed_checkers(play_job(job).report))
    assert smaller.only is not None
    assert set(crashes) < set(smaller.only)
    assert len(smaller.only) == len(crashes) + 1


def test_a_seed_that_ends_in_an_error_has_failed(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its report says where, so that the other seeds go on and this one can be played again."""

    def ends(world: World, blow: Blow) -> bool:
        raise IndexError("nothing stands here")

    monkeypatch.setattr(seeds, "strike", ends)
    report = play(3, 20.0, GAPS, replay="again").report
    assert (report.passed, report.replay) == (False, "again")
    (told,) = next(one for one in report.verdicts if one.checker == "stop").violations
    assert re.search(r"IndexError at chaos/test_seeds\.py:\d+: nothing stands here$", told)
