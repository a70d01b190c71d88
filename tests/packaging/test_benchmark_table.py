"""The table of benchmarks renews single rows."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks import __main__ as benchmarks
from benchmarks.__main__ import Row, document, lines_in, lines_of, renewed

FACTS = {
    "processor": "P", "cores": "2", "system": "S", "python": "X",
    "load before": "0.1, 0.2, 0.3", "date": "2026-01-02 03:04 UTC", "commit": "abc",
}  # fmt: skip
LATER = FACTS | {"date": "2026-05-06 07:08 UTC", "commit": "def"}


def test_only_the_rows_of_what_ran_are_renewed() -> None:
    """Others keep their figures, date and commit; a row that is gone goes."""
    rows = [
        Row("replay", "a.gz", "1.5 x", "<= 1.8 x", True),
        Row("replay", "b.gz", "1.9 x", "<= 1.8 x", False),
        Row("memory", "resident", "90 MB"),
    ]
    before = lines_in(document(FACTS, lines_of(rows, FACTS)))
    assert before == lines_of(rows, FACTS)
    new = [Row("handler", "synthetic", "2.4 x"), Row("replay", "a.gz", "1.4 x", "<= 1.8 x", True)]
    after = renewed(before, lines_of(new, LATER))
    assert [(line[0], line[2], line[4], line[5][:10]) for line in after] == [
        ("handler", "2.4 x", "", "2026-05-06"),
        ("replay", "1.4 x", "yes", "2026-05-06"),
        ("memory", "90 MB", "", "2026-01-02"),
    ]


def test_a_named_benchmark_writes_into_the_one_table(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`python -m benchmarks turn --write`; the committed table reads back as it is."""
    place = tmp_path / "RESULTS.md"
    place.write_text(benchmarks.RESULTS.read_text(encoding="utf-8"), encoding="utf-8")
    before = lines_in(place.read_text(encoding="utf-8"))
    assert {len(line) for line in before} == {len(benchmarks.HEADER)}
    monkeypatch.setattr(benchmarks, "RESULTS", place)
    monkeypatch.setattr(benchmarks, "machine", lambda: LATER)
    monkeypatch.setattr(benchmarks, "run_one", lambda *_, **__: ([Row("turn", "tell", "1")], {}))
    assert benchmarks.main(["turn", "--write"]) == 0
    assert "| turn | tell | 1 |" in capsys.readouterr().out
    after = lines_in(place.read_text(encoding="utf-8"))
    assert [line for line in after if line[0] == "turn"] == lines_of(
        [Row("turn", "tell", "1")], LATER
    )
    assert [line for line in after if line[0] != "turn"] == [
        line for line in before if line[0] != "turn"
    ]
