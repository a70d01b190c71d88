"""The fault catalogue: one table, every name of it with somebody who carries it out."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from messages.errors import UsageError
from messages.faults import (
    BY_NAME,
    CATALOGUE,
    FaultGroup,
    FaultPlace,
    aimable,
    fault_kind,
    kinds_of,
)
from simulator.breaking import strikes as venue_strikes
from supervisors.chaos.faults import strikes as actor_strikes

ROOT = Path(__file__).resolve().parents[2]
BLOCKED_LOOP = {"blocked_loop"}
"""Struck by the virtual clock itself."""


def test_every_virtual_kind_has_one_who_strikes() -> None:
    """Each name of the simulated world is carried out once, and nothing else is."""
    carried_out = [*venue_strikes(), *actor_strikes(), *BLOCKED_LOOP]
    assert sorted(carried_out) == sorted(kind.name for kind in kinds_of(FaultPlace.VIRTUAL))


def test_the_table_is_sound() -> None:
    """Names are unique, rates positive, durations ordered, sentences are sentences."""
    assert len(BY_NAME) == len(CATALOGUE) >= 40
    for kind in CATALOGUE:
        assert kind.every_s > 0
        assert 0 <= kind.duration_s[0] <= kind.duration_s[1]
        assert kind.sentence.endswith(".") and kind.sentence[0].isupper()
    groups = {kind.group for kind in CATALOGUE}
    assert set(FaultGroup) - groups == {FaultGroup.ORDERS, FaultGroup.JOURNAL}
    assert [kind.name for kind in CATALOGUE if not kind.where] == ["wrong_checksum"]


def test_every_process_kind_has_a_test_that_is_named() -> None:
    """The document names for each who starts the real command for it, and they are there."""
    text = (ROOT / "docs" / "chaos.md").read_text(encoding="utf-8")
    for kind in kinds_of(FaultPlace.PROCESS):
        (row,) = re.findall(rf"^\| `{kind.name}` \| (.*) \|$", text, re.MULTILINE)
        named = re.findall(r"`(tests/process/test_\w+\.py)::(test_\w+)`", row)
        assert named, kind.name
        for file, test in named:
            assert f"def {test}(" in (ROOT / file).read_text(encoding="utf-8"), test


def test_a_fault_is_aimed_by_glob_one_part_at_a_time() -> None:
    """A star is one part of a path."""
    paths = ["engine", "engine/venues/mexc", "engine/venues/mexc/books/BTC-USDT"]
    assert aimable(fault_kind("gap"), paths) == paths[2:]
    assert aimable(fault_kind("ban"), paths) == paths[1:2]
    assert aimable(fault_kind("blocked_loop"), paths) == paths[:1]


def test_a_target_narrows_the_kind_s_own() -> None:
    """A file may choose among the places of a kind, and give it no other."""
    below = "engine/venues/mexc/"
    paths = [f"{below}{name}" for name in ("snapshots", "connections/0", "books/BTC-USDT")]
    assert aimable(fault_kind("cut"), paths, "engine/**") == paths[1:2]
    assert aimable(fault_kind("crash"), paths, f"{below}*") == paths[:1]
    assert aimable(fault_kind("gap"), paths, f"{below}connections/*") == []


def test_an_unknown_name_is_told_with_those_there_are() -> None:
    """A typing mistake in a file names the kinds."""
    with pytest.raises(UsageError, match=r"no fault 'cutt': cut, reset, half_open"):
        fault_kind("cutt")
