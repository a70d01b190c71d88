"""Tests on real recordings skip on a user's machine and fail where they are required."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.conftest import find_shared_data


@pytest.mark.parametrize("required", [True, False])
def test_a_folder_that_is_there_is_returned(tmp_path: Path, required: bool) -> None:
    """With the recordings present nothing is skipped."""
    assert find_shared_data(tmp_path, required) == tmp_path


def test_a_missing_folder_skips_and_says_so(tmp_path: Path) -> None:
    """On a user's machine the test is skipped with a sentence that names the folder."""
    with pytest.raises(pytest.skip.Exception, match=r"no recordings of real exchanges at .*absent"):
        find_shared_data(tmp_path / "absent", required=False)


def test_a_missing_folder_fails_where_it_is_required(tmp_path: Path) -> None:
    """Where the recordings are required their absence is a failure, not a skip."""
    with pytest.raises(pytest.fail.Exception, match="ARBTREE_REQUIRE_SHARED_DATA"):
        find_shared_data(tmp_path / "absent", required=True)
