"""The text format: what is written is what a strict reader reads."""

from __future__ import annotations

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbtree import exposition
from arbtree.exposition import Counters, Exposition
from tests.exposition_parser import parse


@given(st.dictionaries(st.text(max_size=20), st.floats(allow_nan=False), max_size=5))
def test_any_label_and_number_survive(samples: dict[str, float]) -> None:
    """Quotes, backslashes and line feeds in labels; infinities and small numbers in values."""
    text = Exposition(Counters())
    text.gauge("a_seconds", "Back\\slash\nand feed.", [({"l": k}, v) for k, v in samples.items()])
    found = parse(text.text().replace(b"\r", b"")) if not any("\r" in k for k in samples) else None
    if found is not None:
        assert found["a_seconds"].samples == {(("l", k),): v for k, v in samples.items()}
        assert found["a_seconds"].help == r"Back\\slash\nand feed."


def test_counters_never_run_backwards() -> None:
    """A count that begins anew with a new life goes on from where it was."""
    counters = Counters()
    shown = []
    for raw in (5.0, 7.0, 2.0, 3.0, 0.0, 4.0):
        text = Exposition(counters)
        text.counter("a_total", "A.", [({"l": "x"}, raw)])
        shown.append(parse(text.text())["a_total"].samples[(("l", "x"),)])
    assert shown == [5, 7, 9, 10, 10, 14]


def test_none_is_no_sample_and_infinity_is_one() -> None:
    """What is not known is left out."""
    text = Exposition(Counters())
    text.gauge("a", "A.", [({"l": "x"}, None), ({"l": "y"}, inf)])
    assert parse(text.text())["a"].samples == {(("l", "y"),): inf}


def test_the_text_is_bounded_and_says_what_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Samples beyond the limit of a family are counted, not written."""
    monkeypatch.setattr(exposition, "MOST_SAMPLES", 3)
    text = Exposition(Counters())
    text.gauge("a", "A.", [({"l": str(number)}, 1) for number in range(10)])
    found = parse(text.text())
    assert len(found["a"].samples) == 3
    assert found[exposition.DROPPED].samples == {(): 7}


@pytest.mark.parametrize("name", ["A", "a-b", "", "a_total"])
def test_a_wrong_name_is_refused(name: str) -> None:
    """Names are those of the format, and a gauge does not end like a counter."""
    with pytest.raises(ValueError, match=r"name|counter"):
        Exposition(Counters()).gauge(name, "A.", [])


def test_a_family_stands_once() -> None:
    """Readers take the second for an error."""
    text = Exposition(Counters())
    text.gauge("a", "A.", [])
    with pytest.raises(ValueError, match="new family"):
        text.gauge("a", "A.", [])


@pytest.mark.parametrize(
    "wrong",
    [
        b"a 1\n",
        b"# HELP a A.\n# TYPE a gauge\na 1",
        b"# HELP a A.\n# TYPE a gauge\na one\n",
        b"# HELP a A.\n# TYPE a gauge\na 1\na 1\n",
        b'# HELP a A.\n# TYPE a gauge\na{l="x} 1\n',
        b"# HELP a A.\n# TYPE a gauge\nb 1\n",
        b"# HELP a A.\na 1\n",
    ],
)
def test_the_reader_is_strict(wrong: bytes) -> None:
    """A proof that the other tests can fail."""
    with pytest.raises(ValueError):
        parse(wrong)
