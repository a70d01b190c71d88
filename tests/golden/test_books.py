"""Every Binance-family stream rebuilds the book that was computed independently."""

from __future__ import annotations

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from tests.golden.conftest import Replayed
from tests.golden.oracle import rebuild
from tests.golden.streams import STREAMS, golden, paths


def numbers(levels: list[list[str]]) -> list[tuple[Decimal, Decimal]]:
    """Levels as numbers: the results print them as the venue sent them."""
    return [(Decimal(price), Decimal(amount)) for price, amount in levels]


def expected(book: dict[str, Any]) -> dict[str, Any]:
    """The published result in the members of our report."""
    quotes = book["bookTicker_same_update_id"]
    return {
        "state": "LIVE",
        "sequence": book["last_u"],
        "updates": book["depth_events_applied"],
        "resyncs": 0,
        "gaps": book["sequence_gaps"],
        "levels": book["levels"],
        "sha256": book["full_book_sha256"],
        "quotes_compared": quotes["compared"],
        "quotes_equal": quotes["equal"],
    }


@pytest.mark.parametrize("name", STREAMS)
def test_every_book_equals_its_golden_one(name: str, shared_data: Path, replayed: Replayed) -> None:
    """Top 10, counts, sequence, hash and proof by best quotes equal the published figures."""
    venue, _ = STREAMS[name]
    found = replayed(paths(shared_data, name), "")
    books = {book["native"].lower(): book for book in found["books"]}
    results = golden(shared_data, "books.json")[name]
    assert found["errors"] == []
    assert books.keys() == results.keys()
    for native, result in results.items():
        book = books[native]
        want = expected(result)
        assert {member: book[member] for member in want} == want
        assert book["venue"] == venue
        assert numbers(book["bids"]) == numbers(result["top10_bids"])
        assert numbers(book["asks"]) == numbers(result["top10_asks"])


def test_symbol_information_of_the_input_wins(shared_data: Path, replayed: Replayed) -> None:
    """With exchangeInfo files beside them the same books come out, under the venue's own names."""
    for name, info in (
        (
            "binance/spot_20210814.ws.txt.gz + binance/spot_20210814.http.txt.gz",
            "cryptofeed/binance/spot_20210814.exchangeInfo.txt.gz",
        ),
        (
            "binance_usdm/usdm_20210722.ws.txt.gz + binance_usdm/usdm_20210722.http.txt.gz",
            "cryptofeed/binance_usdm/usdm_20210722.exchangeInfo.txt.gz",
        ),
    ):
        plain = replayed(paths(shared_data, name), "")
        told = replayed([*paths(shared_data, name), shared_data / info], "")
        assert told["errors"] == []
        assert told["books"] == plain["books"]
        assert told["frames"] == plain["frames"] + 1


@pytest.mark.parametrize("name", [name for name in STREAMS if "2021" in name])
def test_the_oracle_agrees_with_the_golden_books(name: str, shared_data: Path) -> None:
    """The tests' own Decimal books, on which damage tests build, equal the published ones."""
    results = golden(shared_data, "books.json")[name]
    streams = rebuild(paths(shared_data, name))
    for native, result in results.items():
        stream = streams[native]
        assert stream.book.sha256() == result["full_book_sha256"]
        assert (stream.applied, stream.old, stream.gaps, stream.last_u) == (
            result["depth_events_applied"],
            result["depth_events_dropped_as_old"],
            result["sequence_gaps"],
            result["last_u"],
        )
        assert {"compared": stream.compared, "equal": stream.equal} == (
            result["bookTicker_same_update_id"]
        )
