"""The file of a crash capsule: what is none, and values that come back as they were."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.runtime import capsule as module
from actors.runtime.asks import Answer
from actors.runtime.capsule import (
    BadCapsule,
    Capsule,
    Packed,
    pack,
    read_capsule,
    show,
    to_bytes,
    unpack,
)
from actors.runtime.faults import AskFailed
from supervisors import capsules
from supervisors.capsule_replay import types_near
from supervisors.capsules import capsule_row, file_name
from tests.supervisors.test_capsules import Add, Summer


def spelt() -> bytes:
    """A whole file."""
    error = capsules.crash_error("crash", ValueError("no"))
    return to_bytes(
        Capsule(
            path="top/a", generation=1, actor="", seed=0, wall_ns=0, tags={}, error=error,
            summary="{}", fresh=True, state=None, missing="none", events=(), passed=0,
        )
    )  # fmt: skip


def test_a_whole_file_reads() -> None:
    """It comes back as it was."""
    assert read_capsule(spelt(), "f").error.text == "no"


@pytest.mark.parametrize("length", [0, 5, 13, 20, 30, -1])
def test_a_cut_file_is_named(length: int) -> None:
    """Wherever it ends, the text says that it is cut, or no capsule at all."""
    with pytest.raises(BadCapsule, match=r"is cut|is no crash capsule|is damaged"):
        read_capsule(spelt()[:length], "f")


def test_foreign_newer_and_damaged_files_are_told_apart() -> None:
    """Each has a sentence of its own."""
    data = spelt()
    with pytest.raises(BadCapsule, match="is no crash capsule"):
        read_capsule(b"PK\x03\x04" + data, "f")
    with pytest.raises(BadCapsule, match="version 2, this program reads version 1"):
        read_capsule(data.replace(b"capsule 1", b"capsule 2", 1), "f")
    with pytest.raises(BadCapsule, match="its checksum"):
        read_capsule(data[:-1] + bytes([data[-1] ^ 1]), "f")
    with pytest.raises(BadCapsule, match="does not read"):
        read_capsule(module.MAGIC + b"1 x y\nabc", "f")


def test_lists_name_what_cannot_be_read(tmp_path: Path) -> None:
    """One bad file does not hide the others."""
    bad = tmp_path / file_name("a", 1, 0)
    bad.write_bytes(spelt()[:-1])
    assert "is cut" in capsule_row(bad)["problem"]
    good = tmp_path / file_name("a", 2, 0)
    good.write_bytes(spelt())
    assert capsule_row(good)["path"] == "top/a"


@pytest.mark.parametrize(
    "value", [None, True, 3, -(2**80), 0.5, "a", b"a", (1, ("b", None)), Add(1)]
)
def test_values_come_back_as_they_were(value: object) -> None:
    """Plain values, tuples of them and structs."""
    found = unpack(pack(value), types_near(Summer))
    assert found == value and type(found) is type(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (Add(5), "tests.supervisors.test_capsules:Add {'amount': 5}"),
        ("word", "'word'"),
        (2**70, str(2**70)),
        (("engine/a", Add(2**70)), f"('engine/a', {module.form_of(Add)} Add(amount={2**70}))"),
        (Answer("tag", None, AskFailed("late")), "('tag', None, 'late')"),
        ([1], "builtins:list [1]"),
    ],
)
def test_any_value_is_shown_to_people(value: object, text: str) -> None:
    """Structs by their fields, what has no form by its text; nothing is made for that."""
    assert show(pack(value)) == text


def test_a_value_that_cannot_be_read_is_named() -> None:
    """A damaged one ends no listing."""
    assert show(Packed("a:B", b"\xc1")).startswith("a:B that cannot be read: ")
