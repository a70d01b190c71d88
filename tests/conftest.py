"""What every test may ask for: the recordings beside the checkout, and reproducible chance."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import settings

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
"""Recordings of real exchanges; they have their own licences and are no part of this project."""

# The suite draws the same examples in every run; a search for new ones is asked for by
# `--hypothesis-profile=search`.  No deadline: a loaded machine is not a broken property.
settings.register_profile("suite", derandomize=True, database=None, deadline=None)
settings.register_profile("search", max_examples=2_000, database=None, deadline=None)
settings.load_profile("suite")


def find_shared_data(folder: Path, required: bool) -> Path:
    """Return the folder of recordings; where it is absent skip the test, or fail if required."""
    if folder.is_dir():
        return folder
    sentence = f"no recordings of real exchanges at {folder}"
    if required:
        pytest.fail(f"{sentence}, and ARBTREE_REQUIRE_SHARED_DATA asks for them", pytrace=False)
    pytest.skip(f"{sentence}: this test needs them")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real recordings; skips, or fails under ARBTREE_REQUIRE_SHARED_DATA=1."""
    return find_shared_data(SHARED_DATA, os.environ.get("ARBTREE_REQUIRE_SHARED_DATA") == "1")
