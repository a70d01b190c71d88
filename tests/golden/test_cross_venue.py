"""Pairs of venues equal the published cross-venue figures and a brute-force evaluation."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.golden.conftest import Replayed
from tests.golden.oracle import book_quotes, brute_pair
from tests.golden.streams import HFT, golden, quote_files

BY_TICKER = {
    "hft BTC spot(A) x usdm(B) 2024-08-08 bookTicker": (
        ("binance", "binance_usdm"),
        ("spot_btcusdt_20240808.gz", "usdm_btcusdt_20240808.gz"),
    ),
    "hft BTC usdm(A) x coinm(B) 2024-08-08 bookTicker": (
        ("binance_usdm", "binance_coinm"),
        ("usdm_btcusdt_20240808.gz", "coinm_btcusd_perp_20240808.gz"),
    ),
    "hft BTC spot(A) x coinm(B) 2024-08-08+09 bookTicker": (
        ("binance", "binance_coinm"),
        (
            "spot_btcusdt_20240808.gz",
            "spot_btcusdt_20240809.gz",
            "coinm_btcusd_perp_20240808.gz",
            "coinm_btcusd_perp_20240809.gz",
        ),
    ),
}
BY_BOOK = {
    "binance": ("btcusdt", ("spot_btcusdt_20240808.gz",)),
    "binance_usdm": ("btcusdt", ("usdm_btcusdt_20240808.gz",)),
    "binance_coinm": ("btcusd_perp", ("coinm_btcusd_perp_20240808.gz",)),
}


def pair(found: dict[str, Any], buy: str, sell: str) -> dict[str, Any]:
    """The one pair of these venues."""
    (each,) = [
        each
        for each in found["pairs"]
        if (each["buy"]["venue"], each["sell"]["venue"]) == (buy, sell)
    ]
    return dict(each)


def figures(each: dict[str, Any]) -> dict[str, Any]:
    """The members of a pair that are measured."""
    wanted = ("window_ns", "evaluations", "max_gross_bps", "max_at_ns", "episodes")
    return {member: each[member] for member in wanted}


def published(result: dict[str, Any], direction: str) -> dict[str, Any]:
    """A published result in the members of our report."""
    one = result[direction]
    return {
        "window_ns": result["window_ns"],
        "evaluations": result["evaluations"],
        "max_gross_bps": one["max_gross_bps"],
        "max_at_ns": one["max_at_ns"],
        "episodes": {
            threshold: {"count": each["episodes"], "total_ms": each["total_ms"]}
            for threshold, each in one["thresholds_bps"].items()
        },
    }


@pytest.mark.parametrize("name", BY_TICKER)
def test_best_quotes_equal_the_published_figures(
    name: str, shared_data: Path, replayed: Replayed
) -> None:
    """Spot, USD-M and COIN-M by bookTicker: window, edges and episodes of both directions."""
    (first, second), files = BY_TICKER[name]
    found = replayed([shared_data / HFT / file for file in files], "ticker")
    result = golden(shared_data, "cross_venue.json")[name]
    assert figures(pair(found, first, second)) == published(result, "buyA_sellB")
    assert figures(pair(found, second, first)) == published(result, "buyB_sellA")


def test_quote_files_equal_the_published_figures(shared_data: Path, replayed: Replayed) -> None:
    """All published pairs of the best-bid/ask files, replayed together."""
    found = replayed(quote_files(shared_data), "ticker")
    assert (found["frames"], found["books"], found["errors"]) == (0, [], [])
    results = golden(shared_data, "cross_venue.json")
    names = [name for name in results if name.startswith("acd BTC")]
    assert len(names) == 6
    for name in names:
        first, second = (part.split("(")[0] for part in name.removeprefix("acd BTC ").split(" x "))
        assert figures(pair(found, first, second)) == published(results[name], "buyA_sellB")
        assert figures(pair(found, second, first)) == published(results[name], "buyB_sellA")


def test_different_currencies_are_followed_and_never_traded(
    shared_data: Path, replayed: Replayed
) -> None:
    """USD against USDT is evaluated like any pair, but is no opportunity."""
    found = replayed(quote_files(shared_data), "ticker")
    each = pair(found, "binance", "coinbase")
    assert (each["comparable"], each["reason"]) == (False, "quote_currency")
    assert each["episodes"]["5"]["count"] > 0
    venues = {(one["buy"]["venue"], one["sell"]["venue"]) for one in found["opportunities"]}
    assert venues <= {
        ("binance", "okx"),
        ("okx", "binance"),
        ("coinbase", "kraken"),
        ("kraken", "coinbase"),
    }
    assert venues


def test_a_venue_without_a_quote_has_no_window(shared_data: Path, replayed: Replayed) -> None:
    """Bybit's bid and ask are 0 throughout: no quote, so it is no instrument with a window."""
    found = replayed(quote_files(shared_data), "ticker")
    each = pair(found, "binance", "bybit")
    assert figures(each) | {"episodes": None} == {
        "window_ns": None,
        "evaluations": 0,
        "max_gross_bps": None,
        "max_at_ns": None,
        "episodes": None,
    }
    assert all(one == {"count": 0, "total_ms": 0.0} for one in each["episodes"].values())


@pytest.fixture(scope="session")
def quotes_by_venue(shared_data: Path) -> dict[str, Any]:
    """The best prices of every Decimal book after every event."""
    return {
        venue: book_quotes([shared_data / HFT / file for file in files], symbol)
        for venue, (symbol, files) in BY_BOOK.items()
    }


def test_full_depth_equals_brute_force(
    shared_data: Path, replayed: Replayed, quotes_by_venue: dict[str, Any]
) -> None:
    """`--quotes book` equals an evaluation on the tests' own Decimal books, all six pairs."""
    files = [shared_data / HFT / file for _, names in BY_BOOK.values() for file in names]
    found = replayed(files, "book")
    for buy in BY_BOOK:
        for sell in BY_BOOK:
            if buy != sell:
                want = brute_pair(quotes_by_venue[buy], quotes_by_venue[sell])
                assert figures(pair(found, buy, sell)) == want


def test_the_book_is_the_default_where_there_is_depth(
    shared_data: Path, replayed: Replayed
) -> None:
    """Without --quotes a venue that sends depth is followed by its book."""
    files = [shared_data / HFT / file for _, names in BY_BOOK.values() for file in names]
    assert replayed(files, "") == replayed(files, "book")
