"""The table beside OTP names tests that exist."""

from __future__ import annotations

import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
TABLE = ROOT / "docs" / "supervision_conformance.md"
ROW = re.compile(r"^\| (?!OTP|---)(.+) \| (.+) \| (?:`(test_\w+\.py)::(test_\w+)`|declared) \|$")


def test_every_row_names_a_test_or_a_declared_difference() -> None:
    """A renamed test takes its row along."""
    lines = [line for line in TABLE.read_text().splitlines() if line.startswith("| ")]
    rows = [line for line in lines if not line.startswith("| OTP")]
    assert len(rows) > 110
    for line in rows:
        row = ROW.match(line)
        assert row is not None, line
        _, _, file, name = row.groups()
        if file is None:
            continue
        folder = "runtime" if file == "test_mailbox.py" else "supervisors"
        text = (ROOT / "tests" / folder / file).read_text()
        assert re.search(rf"^(async )?def {name}\(", text, re.MULTILINE), line
