"""Pairs and opportunities of small recordings, worked out by hand."""

from __future__ import annotations

from pathlib import Path

import pytest

from markets.assets import AssetRegistry, AssetWord
from tests.recordings.frames import (
    ASKS,
    BIDS,
    MS,
    QUOTES,
    SESSION,
    START_NS,
    depth,
    recording,
    replayed,
    snapshot,
    ticker,
    write,
)


def test_a_pair_in_numbers(tmp_path: Path) -> None:
    """Bought at the quote file's ask and sold at the book's bid, it equals sums done by hand."""
    # The book is live from 1 ms (bid 100.5) to 5 ms; the quotes ask 100.6, from 2 ms 100.9, from
    # 5 ms 100.2 against a bid of 100.5.
    found = replayed(
        recording(tmp_path / "a", *SESSION), f"okx:BTC/USDT={write(tmp_path / 'q', QUOTES)}"
    )
    sold, bought = found["pairs"]
    assert (bought["buy"], bought["sell"]) == (
        {"venue": "okx", "symbol": "BTC/USDT"},
        {"venue": "binance", "symbol": "BTC/USDT"},
    )
    assert list(bought) == [
        "buy",
        "sell",
        "comparable",
        "reason",
        "window_ns",
        "evaluations",
        "max_gross_bps",
        "max_at_ns",
        "episodes",
    ]
    assert bought["window_ns"] == [START_NS + MS, START_NS + 5 * MS]
    assert (bought["comparable"], bought["reason"], bought["evaluations"]) == (True, None, 4)
    assert bought["max_gross_bps"] == round((100.5 / 100.2 - 1) * 10_000, 4)
    assert bought["max_at_ns"] == START_NS + 5 * MS
    assert bought["episodes"]["0"] == {"count": 1, "total_ms": 0.0}
    assert sold["max_gross_bps"] == round((100.8 / 101.0 - 1) * 10_000, 4)
    (life,) = found["opportunities"]
    assert list(life) == [
        "buy",
        "sell",
        "opened_ns",
        "peak_ns",
        "closed_ns",
        "gross_bps",
        "net_bps",
        "amount",
        "buy_sequence",
        "sell_sequence",
        "buy_age_ms",
        "sell_age_ms",
    ]
    assert (life["opened_ns"], life["closed_ns"]) == (START_NS + 5 * MS, START_NS + 5 * MS)
    assert (life["gross_bps"], life["amount"], life["sell_sequence"]) == (
        bought["max_gross_bps"],
        "0",
        12,
    )


def test_thresholds_keep_their_spelling(tmp_path: Path) -> None:
    """Keys are as typed, in the order typed."""
    found = replayed(
        recording(tmp_path / "a", *SESSION),
        f"okx:BTC/USDT={write(tmp_path / 'q', QUOTES)}",
        thresholds=("5.0", "0", "-3"),
    )
    assert [list(pair["episodes"]) for pair in found["pairs"]] == [["5.0", "0", "-3"]] * 2


def test_fees_change_opportunities_and_never_pairs(tmp_path: Path) -> None:
    """An edge of 30 bps does not pay fees of 40."""
    files: list[Path | str] = [
        recording(tmp_path / "a", *SESSION),
        f"okx:BTC/USDT={write(tmp_path / 'q', QUOTES)}",
    ]
    free = replayed(*files)
    some = replayed(*files, fees_bps={"okx": 10.0, "binance": 5.0})
    much = replayed(*files, fees_bps={"okx": 40.0})
    assert free["pairs"] == some["pairs"] == much["pairs"]
    (life,) = some["opportunities"]
    net = (100.5 * (1 - 0.0005) / (100.2 * (1 + 0.001)) - 1) * 10_000
    assert life["net_bps"] == round(net, 4)
    assert life["gross_bps"] == free["opportunities"][0]["gross_bps"]
    assert much["opportunities"] == []


def test_old_quotes_are_not_evaluated(tmp_path: Path) -> None:
    """With an age limit of 1 ms the quote of 2 ms is too old at 4 ms."""
    files: list[Path | str] = [
        recording(tmp_path / "a", *SESSION),
        f"okx:BTC/USDT={write(tmp_path / 'q', QUOTES)}",
    ]
    assert replayed(*files, max_age_ms=1.0)["pairs"][0]["evaluations"] == 3
    assert replayed(*files)["pairs"][0]["evaluations"] == 4


def test_quotes_from_tickers_or_books(tmp_path: Path) -> None:
    """By ticker a quote counts whatever the book's state; by book only a live one."""
    spot = recording(tmp_path / "a", *SESSION[:1], ticker(3, "100.1", "100.2"), *SESSION[1:])
    quotes = f"okx:BTC/USDT={write(tmp_path / 'q', QUOTES)}"
    windows = {
        name: replayed(spot, quotes, quotes=name)["pairs"][0]["window_ns"]
        for name in ("ticker", "book", "")
    }
    assert windows == {
        "ticker": [START_NS + MS, START_NS + 4 * MS],
        "book": None,
        "": [START_NS + 2 * MS, START_NS + 5 * MS],
    }


def test_a_venue_without_depth_is_followed_by_its_tickers(tmp_path: Path) -> None:
    """By default, and wherever in the recording the first depth would have been."""
    only = recording(tmp_path / "a", ticker(3, "100.1", "100.2"), ticker(4, "100.3", "100.4"))
    quotes = f"okx:BTC/USDT={write(tmp_path / 'q', QUOTES)}"
    found = replayed(f"binance={only}", quotes)
    assert found["books"] == []
    assert found["pairs"][0]["window_ns"] == [START_NS, START_NS + MS]


def test_a_dark_book_quotes_nothing(tmp_path: Path) -> None:
    """Between the gap and the next snapshot there is no evaluation, and episodes close."""
    lines = (
        snapshot(7, BIDS, ASKS),
        depth(8, 8, [], []),
        depth(20, 20, [], []),
        depth(21, 21, [], []),
        snapshot(21, BIDS, ASKS),
        depth(22, 22, [], []),
    )
    rows = "".join(f"{START_NS + n * MS},99,100\n" for n in range(6))
    quotes = write(tmp_path / "q", f"ts_ns,bid,ask\n{rows}".encode())
    path = recording(tmp_path / "a", depth(1, 1, [], []), *lines, start_ns=START_NS - MS)
    found = replayed(path, f"okx:BTC/USDT={quotes}")
    pair = next(pair for pair in found["pairs"] if pair["buy"]["venue"] == "okx")
    assert pair["window_ns"] == [START_NS, START_NS + 5 * MS]
    assert pair["evaluations"] == 4
    assert pair["episodes"]["0"] == {"count": 2, "total_ms": 3.0}
    first, second = found["opportunities"]
    assert (first["opened_ns"], first["closed_ns"]) == (START_NS, START_NS + 2 * MS)
    assert (second["opened_ns"], second["closed_ns"]) == (START_NS + 4 * MS, START_NS + 5 * MS)


@pytest.mark.parametrize(
    "line",
    ["nan,100", "inf,100", "100,-inf", "x,1", ",", "1,nan"],
)
def test_a_bad_quote_line_is_reported(tmp_path: Path, line: str) -> None:
    """With the number of the line; the others count."""
    text = f"ts_ns,bid,ask\n{START_NS},99,100\n{START_NS},{line}\n".encode()
    found = replayed(f"okx:BTC/USDT={write(tmp_path / 'q', text)}")
    (error,) = found["errors"]
    assert "okx BTC/USDT line 3: expected a time, a bid and an ask" in error["error"]
    assert found["frames"] == 0


def test_a_negative_side_is_no_quote(tmp_path: Path) -> None:
    """Like a missing one: the line is passed over."""
    text = f"ts_ns,bid,ask\n{START_NS},-1,100\n{START_NS},99,-5\n".encode()
    assert replayed(f"okx:BTC/USDT={write(tmp_path / 'q', text)}")["errors"] == []


def test_instruments_of_one_venue_make_no_pair(tmp_path: Path) -> None:
    """Nor do those of different base assets."""
    quotes = write(tmp_path / "q", QUOTES)
    names = ("okx:BTC/USDT", "okx:BTC/USD", "kraken:ETH/USDT")
    assert replayed(*(f"{name}={quotes}" for name in names))["pairs"] == []


def test_why_two_instruments_are_not_comparable(tmp_path: Path) -> None:
    """Another quote currency, or an inverse contract."""
    quotes = write(tmp_path / "q", QUOTES)
    names = ("a:BTC/USD", "b:BTC/USDT", "c:BTC/USD:BTC", "d:BTC/USDT:USDT")
    found = replayed(*(f"{name}={quotes}" for name in names))
    reasons = {(p["buy"]["venue"], p["sell"]["venue"]): p["reason"] for p in found["pairs"]}
    assert len(reasons) == 12
    assert reasons["a", "b"] == "quote_currency"
    assert reasons["a", "c"] == reasons["c", "a"] == "contract_kind"
    assert reasons["b", "d"] is None
    assert all(p["comparable"] == (p["reason"] is None) for p in found["pairs"])


def test_equal_tickers_that_nothing_proves_are_not_comparable(tmp_path: Path) -> None:
    """Paired and measured, never an opportunity, until the user says that they are one asset."""
    quotes = write(tmp_path / "q", QUOTES)
    inputs = [f"{name}={quotes}" for name in ("a:WIF/USDT", "b:WIF/USDT", "c:WIFHAT/USDT")]
    found = replayed(*inputs)
    assert [pair["reason"] for pair in found["pairs"]] == ["asset_unproven"] * 2
    assert all(pair["evaluations"] for pair in found["pairs"])
    assert found["opportunities"] == []
    word = AssetRegistry([AssetWord("WIF", ("a", "b", "c:WIFHAT"))])
    proven = replayed(*inputs, assets=word)["pairs"]
    assert len(proven) == 6
    assert all(pair["comparable"] for pair in proven)


def test_a_renamed_well_known_ticker_meets_the_other(tmp_path: Path) -> None:
    """XBT is BTC."""
    quotes = write(tmp_path / "q", QUOTES)
    found = replayed(f"kraken:XBT/USD={quotes}", f"coinbase:BTC/USD={quotes}")
    assert [pair["comparable"] for pair in found["pairs"]] == [True, True]
