"""The replay engine on small recordings: books, errors, connections, quotes."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

import pytest

from actors.recordings.convert import convert
from actors.recordings.pairs import PairSettings
from actors.recordings.replay import Replay
from actors.recordings.report import book_sha256, plain
from actors.recordings.sources import open_recordings
from messages.errors import RecordingError
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
    write,
)


def test_the_whole_report_of_a_small_session(tmp_path: Path) -> None:
    """Every member of the contract, in its order."""
    found = replayed(recording(tmp_path / "f", *SESSION))
    bids, asks = ((100.5, 4.0), (100.0, 1.0)), ((101.0, 1.0), (101.5, 1.0))
    assert json.dumps(found) == json.dumps(
        {
            "frames": 6,
            "errors": [],
            "books": [
                {
                    "venue": "binance",
                    "symbol": "BTC/USDT",
                    "native": "BTCUSDT",
                    "state": "LIVE",
                    "sequence": 12,
                    "updates": 3,
                    "resyncs": 0,
                    "gaps": 0,
                    "levels": [2, 2],
                    "bids": [["100.5", "4"], ["100", "1"]],
                    "asks": [["101", "1"], ["101.5", "1"]],
                    "sha256": book_sha256(bids, asks),
                    "quotes_compared": 1,
                    "quotes_equal": 1,
                }
            ],
            "pairs": [],
            "opportunities": [],
        }
    )


def test_the_hash_is_the_published_one() -> None:
    """Normalised decimals, exponents included, in one JSON array."""
    text = '[["1.38E+3", "0.5"], "|", ["2E+3", "1.2E-7"]]'
    assert book_sha256(((1380.0, 0.5),), ((2000.0, 1.2e-07),)) == (
        hashlib.sha256(text.encode()).hexdigest()
    )


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (61685.99, "61685.99"),
        (100.0, "100"),
        (1e-07, "0.0000001"),
        (1.5e22, "15" + "0" * 21),
        (0.0, "0"),
        (0.30000000000000004, "0.30000000000000004"),
    ],
)
def test_numbers_are_plain_decimals(number: float, text: str) -> None:
    """No exponent, no trailing zeros, nothing rounded."""
    assert plain(number) == text


def test_two_replays_are_equal_to_the_byte(tmp_path: Path) -> None:
    """Nothing of the moment, the process or memory gets into a report."""
    path = recording(tmp_path / "f", *SESSION)
    assert json.dumps(replayed(path)) == json.dumps(replayed(path))


def test_files_of_one_venue_continue_each_other(tmp_path: Path) -> None:
    """The second file needs no snapshot of its own."""
    first = recording(tmp_path / "a", *SESSION[:4])
    second = recording(tmp_path / "b", *SESSION[4:], start_ns=START_NS + 4 * MS)
    whole = recording(tmp_path / "c", *SESSION)
    assert replayed(first, second) == replayed(whole)
    assert replayed(second, first) == replayed(whole), "the order of files means nothing"


def test_a_gap_stays_dark_without_a_snapshot(tmp_path: Path) -> None:
    """The report says so: state, gap, no levels, the last id applied."""
    found = replayed(recording(tmp_path / "f", *SESSION[:5], depth(20, 21, [["1", "1"]], [])))
    (book,) = found["books"]
    assert (book["state"], book["gaps"], book["sequence"]) == ("DARK", 1, 9)
    assert (book["levels"], book["bids"], found["errors"]) == ([0, 0], [], [])


def test_a_resync_is_counted(tmp_path: Path) -> None:
    """A later snapshot mends the gap."""
    lines = (*SESSION[:5], depth(20, 21, [], []), snapshot(20, BIDS, ASKS))
    (book,) = replayed(recording(tmp_path / "f", *lines))["books"]
    assert (book["state"], book["gaps"], book["resyncs"], book["sequence"]) == ("LIVE", 1, 1, 21)


# -- frames that cannot be decoded --------------------------------------------------------------

BAD_FRAMES = {
    "malformed": '{"stream":"btcusdt@depth@100ms","data":{"e":"depthUp',
    "nan": depth(13, 13, [["NaN", "1"]], []),
    "infinity": depth(13, 13, [["100", "Infinity"]], []),
    "negative price": depth(13, 13, [["-100", "1"]], []),
    "negative amount": depth(13, 13, [["100", "-1"]], []),
    "unknown symbol": depth(13, 13, [["100", "1"]], [], "NONSENSE"),
    "backwards": depth(13, 12, [["100", "1"]], []),
    "foreign": '{"arg":{"channel":"books"},"data":[]}',
    "no json": "rubbish",
}


@pytest.mark.parametrize("bad", BAD_FRAMES.values(), ids=BAD_FRAMES)
def test_a_bad_frame_darkens_and_the_replay_goes_on(tmp_path: Path, bad: str) -> None:
    """The error names venue, connection and time; a later snapshot makes the book live again."""
    lines = (*SESSION, bad, depth(14, 14, [], []), snapshot(14, BIDS, ASKS), depth(15, 15, [], []))
    found = replayed(recording(tmp_path / "f", *lines[:8]))
    (error,) = found["errors"]
    assert (error["venue"], error["connection"], error["at_ns"]) == (
        "binance",
        "binance/1",
        START_NS + 6 * MS,
    )
    assert "binance" in error["error"]
    assert "\n" not in error["error"]
    assert found["books"][0]["state"] == "DARK"
    assert found["books"][0]["levels"] == [0, 0]
    mended = replayed(recording(tmp_path / "g", *lines))
    assert mended["frames"] == 10
    assert mended["books"][0]["state"] == "LIVE"
    assert mended["books"][0]["sequence"] == 15


def test_only_the_books_of_the_connection_go_dark(tmp_path: Path) -> None:
    """Another connection of the same venue is untouched."""
    lines = []
    for second, native in (("1700000000", "BTCUSDT"), ("1700000001", "ETHUSDT")):
        url = f"https://api.binance.com/api/v3/depth?symbol={native}"
        lines += [
            f"wss://stream.binance.com/{native} <-> {second}.1",
            f"{second}.2: {depth(1, 1, [], [], native)}",
            f"{url} -> {second}.3: {snapshot(1, BIDS, ASKS)}",
        ]
    path = write(tmp_path / "f", "\n".join([*lines, "1700000002.5: {bad"]).encode())
    found = replayed(path)
    states = {book["symbol"]: book["state"] for book in found["books"]}
    assert states == {"BTC/USDT": "LIVE", "ETH/USDT": "DARK"}
    assert [error["connection"] for error in found["errors"]] == ["binance/2"]


def test_a_bad_snapshot_takes_nothing_away(tmp_path: Path) -> None:
    """It is reported; the book that is proven without it stays live."""
    bad = '{"lastUpdateId":99,"bids":[["x","1"]],"asks":[]}'
    found = replayed(recording(tmp_path / "f", *SESSION, bad))
    assert found["books"][0]["state"] == "LIVE"
    assert [error["connection"] for error in found["errors"]] == ["binance/rest"]
    assert found["frames"] == 7


def test_a_snapshot_of_an_unknown_symbol_is_an_error(tmp_path: Path) -> None:
    """With several symbols a snapshot must say which it is of, or the user must."""
    lines = (depth(1, 1, [], []), depth(1, 1, [], [], "ETHUSDT"), snapshot(1, BIDS, ASKS))
    path = recording(tmp_path / "f", *lines)
    found = replayed(path)
    assert "does not say which symbol it is of" in found["errors"][0]["error"]
    for symbol in ("ETH/USDT", "ETHUSDT"):
        named = replayed(f"binance:{symbol}={path}")
        states = {book["symbol"]: book["state"] for book in named["books"]}
        assert (named["errors"], states) == ([], {"BTC/USDT": "BUFFERING", "ETH/USDT": "LIVE"})


# -- connections --------------------------------------------------------------------------------


def test_a_reconnect_begins_an_empty_book(tmp_path: Path) -> None:
    """The same URL opened again is a new life: its books wait for a new snapshot."""
    url = "wss://stream.binance.com:9443/stream"
    answer = f"https://api.binance.com/api/v3/depth?symbol=BTCUSDT -> 1700000002.1: {SESSION[1]}"
    head = [f"{url} <-> 1700000001.1", f"1700000001.5: {SESSION[0]}", answer]
    lines = [*head, f"1700000003.1: {SESSION[2]}", f"{url} <-> 1700000004.1"]
    after = [f"1700000005.1: {SESSION[4]}"]
    path = write(tmp_path / "f", "\n".join([*lines, *after]).encode())
    (book,) = replayed(path)["books"]
    assert (book["state"], book["levels"], book["gaps"]) == ("BUFFERING", [0, 0], 0)
    again = answer.replace("1700000002.1", "1700000006.1").replace(
        '"lastUpdateId":7', ('"lastUpdateId":8')
    )
    path = write(tmp_path / "f", "\n".join([*lines, *after, again]).encode())
    (book,) = replayed(path)["books"]
    assert (book["state"], book["sequence"], book["resyncs"]) == ("LIVE", 9, 1)


def test_answers_and_frames_in_two_files_merge(tmp_path: Path) -> None:
    """A websocket file and its REST file are one recording."""
    ws = [
        "wss://stream.binance.com:9443/stream <-> 1700000000.1",
        *(f"170000000{n}.5: {SESSION[n]}" for n in (0, 2, 3, 4, 5)),
    ]
    url = "https://www.binance.com/api/v1/depth?symbol=BTCUSDT&limit=5"
    http = f"{url} -> 1700000001.5: {SESSION[1]}"
    first = write(tmp_path / "ws", "\n".join(ws).encode())
    second = write(tmp_path / "http", http.encode())
    whole = replayed(recording(tmp_path / "f", *SESSION))
    assert replayed(first, second)["books"] == whole["books"]


# -- captures -----------------------------------------------------------------------------------


def test_a_capture_replays_as_its_originals(tmp_path: Path) -> None:
    """Several files, quotes and an unreadable frame among them; also the capture of a capture."""
    files: list[Path | str] = [
        recording(tmp_path / "a", *SESSION, "rubbish"),
        f"okx:BTC/USDT={write(tmp_path / 'q', QUOTES)}",
    ]
    originals = replayed(*files)
    assert originals["pairs"]
    assert originals["errors"]
    convert(open_recordings([str(file) for file in files]), tmp_path / "c")
    assert replayed(tmp_path / "c") == originals
    convert(open_recordings([str(tmp_path / "c")]), tmp_path / "d")
    assert replayed(tmp_path / "d") == originals
    assert (tmp_path / "c").read_bytes() == (tmp_path / "d").read_bytes()


def test_what_was_known_beforehand_is_in_the_capture(tmp_path: Path) -> None:
    """A configuration and symbol information of a later time keep their power."""
    told = [
        "https://api.binance.com/api/v3/exchangeInfo -> 1800000000.5: " + json.dumps(INFO_ANSWER),
        'configuration: {"l2_book":["BTC-USDT"]}',
    ]
    files = [recording(tmp_path / "a", *SESSION), write(tmp_path / "b", "\n".join(told).encode())]
    originals = replayed(*files)
    assert originals["books"][0]["symbol"] == "BTCU/SDT"
    convert(open_recordings([str(file) for file in files]), tmp_path / "c")
    assert replayed(tmp_path / "c") == originals


def test_a_cut_input_leaves_no_capture(tmp_path: Path) -> None:
    """Nothing half-written, not even a temporary file."""
    path = recording(tmp_path / "a", *SESSION)
    path.write_bytes(path.read_bytes()[:-8])
    (tmp_path / "out").mkdir()
    with pytest.raises(RecordingError, match="cut off"):
        convert(open_recordings([str(path)]), tmp_path / "out" / "c")
    assert list((tmp_path / "out").iterdir()) == []


INFO_ANSWER: dict[str, Any] = {
    "timezone": "UTC",
    "serverTime": 1,
    "rateLimits": [],
    "exchangeFilters": [],
    "symbols": [
        {
            "symbol": "BTCUSDT",
            "status": "TRADING",
            "baseAsset": "BTCU",
            "quoteAsset": "SDT",
            "baseAssetPrecision": 8,
            "quotePrecision": 8,
            "orderTypes": [],
            "permissions": ["SPOT"],
            "isSpotTradingAllowed": True,
            "filters": [
                {
                    "filterType": "PRICE_FILTER",
                    "minPrice": "0.5",
                    "maxPrice": "9",
                    "tickSize": "0.1",
                }
            ],
        }
    ],
}


def test_errors_listed_are_bounded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Beyond the bound they are only counted."""
    monkeypatch.setattr("actors.recordings.replay.MAX_ERRORS", 3)
    path = recording(tmp_path / "f", *SESSION, *["rubbish"] * 10)
    replay = Replay(open_recordings([str(path)]), PairSettings())
    replay.run()
    assert (len(replay.errors), replay.errors_total) == (3, 10)
