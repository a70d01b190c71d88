"""The defects fit the tree they are meant to break."""

from __future__ import annotations

import ast
import re

import pytest

from tests.teeth.defects import ROOMS, ROOT, Defect, applies, copy_with, defects

NAMED = re.compile(r"\d\d-[a-z]+(-[a-z]+)+")
LEAST = 15


def test_there_are_enough() -> None:
    """As many as were promised, each with a number of its own and a sentence."""
    found = defects()
    assert len(found) >= LEAST
    assert len({each.name[:2] for each in found}) == len(found)
    for each in found:
        assert NAMED.fullmatch(each.name), each.name
        assert each.sentence.endswith(".") and len(each.sentence) < 120, each.name


@pytest.mark.parametrize("defect", defects(), ids=lambda each: each.name)
def test_every_defect_still_applies(defect: Defect) -> None:
    """Whoever changes the code below a patch mends the patch as well."""
    assert applies(defect, ROOT) == ""
    assert defect.files
    for file in defect.files:
        room, _, _ = file.partition("/")
        assert room in ROOMS, f"{file} is no product file"


@pytest.mark.parametrize("defect", defects(), ids=lambda each: each.name)
def test_a_copy_has_the_defect(defect: Defect) -> None:
    """The copy differs from the tree in the patched files, which are still Python."""
    with copy_with(defect) as copy:
        for file in defect.files:
            broken = (copy / file).read_text(encoding="utf-8")
            assert broken != (ROOT / file).read_text(encoding="utf-8")
            ast.parse(broken)
        assert (copy / "arbtree" / "cli.py").is_file()


def test_a_patch_that_does_not_apply_is_told(tmp_path_factory: pytest.TempPathFactory) -> None:
    """A tree that has moved on is no reason to break nothing and call it sound."""
    folder = tmp_path_factory.mktemp("teeth")
    patch = folder / "99-made-up.patch"
    patch.write_text(
        "A made-up defect.\n\ndiff --git a/markets/fees.py b/markets/fees.py\n"
        "--- a/markets/fees.py\n+++ b/markets/fees.py\n@@ -1,1 +1,1 @@\n-not there\n+nor this\n",
        encoding="utf-8",
    )
    made_up = Defect("99-made-up", "A made-up defect.", patch)
    with pytest.raises(ValueError, match="99-made-up does not apply"), copy_with(made_up):
        raise AssertionError("the copy was made all the same")
