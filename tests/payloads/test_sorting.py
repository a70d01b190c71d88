"""Nothing falls out in silence: every part of every record has its fate, and all are counted."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Final

import pytest

from tests.payloads.records import FILES, Part, parts
from tests.payloads.sorting import UNUSED_ENDPOINTS, Fate, endpoints, sort, sorted_parts

RECORDS: Final = {
    ("jkorf", "binance"): 236,
    ("jkorf", "gate"): 93,
    ("jkorf", "mexc"): 90,
    ("nautilus", "binance"): 78,
    ("tardis_node", "binance"): 12,
    ("tardis_node", "gate-io"): 13,
    ("tardis_node", "mexc"): 15,
}
COUNTS: Final[dict[tuple[str, str], dict[Fate, int]]] = {
    ("jkorf", "binance_coinm"): {
        Fate.ANSWER: 3,
        Fate.CONFIRMED: 2,
        Fate.COMMAND: 2,
        Fate.STUB: 2,
        Fate.PRIVATE: 19,
        Fate.UNUSED: 10,
    },
    ("jkorf", "binance"): {
        Fate.ANSWER: 4,
        Fate.FRAME: 3,
        Fate.CONFIRMED: 6,
        Fate.COMMAND: 5,
        Fate.PASSED: 1,
        Fate.STUB: 2,
        Fate.PRIVATE: 121,
        Fate.UNUSED: 15,
    },
    ("jkorf", "binance_usdm"): {
        Fate.ANSWER: 4,
        Fate.FRAME: 3,
        Fate.CONFIRMED: 4,
        Fate.COMMAND: 3,
        Fate.PASSED: 1,
        Fate.PRIVATE: 60,
        Fate.UNUSED: 14,
    },
    ("jkorf", "gateio"): {
        Fate.ANSWER: 3,
        Fate.FRAME: 2,
        Fate.CONFIRMED: 4,
        Fate.COMMAND: 4,
        Fate.STUB: 2,
        Fate.PRIVATE: 55,
        Fate.UNUSED: 5,
        Fate.ELSEWHERE: 1,
    },
    ("jkorf", "gateio_futures"): {
        Fate.ANSWER: 2,
        Fate.FRAME: 3,
        Fate.CONFIRMED: 6,
        Fate.COMMAND: 5,
        Fate.PASSED: 1,
        Fate.STUB: 2,
        Fate.PRIVATE: 30,
        Fate.UNUSED: 6,
    },
    ("jkorf", "mexc"): {
        Fate.ANSWER: 6,
        Fate.PRIVATE: 30,
        Fate.RETIRED: 15,
        Fate.UNUSED: 6,
        Fate.ELSEWHERE: 89,
    },
    ("nautilus", "binance_usdm"): {
        Fate.ANSWER: 4,
        Fate.FRAME: 6,
        Fate.PASSED: 1,
        Fate.PRIVATE: 22,
        Fate.UNUSED: 8,
    },
    ("nautilus", "binance"): {
        Fate.ANSWER: 5,
        Fate.FRAME: 1,
        Fate.PRIVATE: 21,
        Fate.UNUSED: 5,
        Fate.NONE: 4,
    },
    ("nautilus", "binance_us"): {
        Fate.PRIVATE: 1,
    },
    ("tardis_node", "binance_usdm"): {
        Fate.ANSWER: 1,
        Fate.FRAME: 1,
    },
    ("tardis_node", "binance"): {
        Fate.ANSWER: 2,
        Fate.FRAME: 8,
    },
    ("tardis_node", "gateio"): {
        Fate.ANSWER: 1,
        Fate.FRAME: 5,
        Fate.CONFIRMED: 1,
        Fate.RETIRED: 6,
    },
    ("tardis_node", "mexc"): {
        Fate.ANSWER: 2,
        Fate.FRAME: 9,
        Fate.CONFIRMED: 1,
        Fate.PASSED: 3,
    },
}


def test_every_file_is_read_whole(shared_data: Path) -> None:
    """As many records as the files have lines."""
    found = Counter(dict.fromkeys({part[:3] for part in parts(shared_data)}, 1))
    counted = Counter((folder, file) for folder, file, _ in found)
    assert counted == RECORDS
    assert set(counted) == {(folder, file) for folder, files in FILES.items() for file in files}


def test_every_part_has_its_fate(shared_data: Path) -> None:
    """By folder and venue; a record that comes or changes its class shows here."""
    found: dict[tuple[str, str], Counter[Fate]] = {}
    for part, sorted_ in sorted_parts(shared_data):
        found.setdefault((part.folder, sorted_.venue), Counter())[sorted_.fate] += 1
    assert found == COUNTS
    assert sum(count for each in COUNTS.values() for count in each.values()) == 679


def test_every_reason_is_needed(shared_data: Path) -> None:
    """No endpoint is excused that is in none of the files, or that a dialect asks for."""
    unused = [
        part.endpoint
        for part, sorted_ in sorted_parts(shared_data)
        if sorted_.fate is Fate.UNUSED and part.endpoint
    ]
    for name in UNUSED_ENDPOINTS:
        assert any(endpoint.endswith(f"/{name}") for endpoint in unused), name
    ours = {path for _, venue in COUNTS for path in endpoints(venue)}
    assert not ours & set(unused)


@pytest.mark.parametrize(
    ("endpoint", "signed", "words"),
    [
        ("/api/v3/somethingNew", False, "a public endpoint of which nothing is said"),
        ("/api/v3/depth", True, "signed, and yet ours"),
    ],
)
def test_what_no_rule_names_is_an_error(endpoint: str, signed: bool, words: str) -> None:
    """An endpoint nobody knows, and one of ours that a record calls signed."""
    part = Part("jkorf", "binance", 0, "Spot/x.txt", "answer", endpoint, signed, {})
    with pytest.raises(LookupError, match=words):
        sort([part])
