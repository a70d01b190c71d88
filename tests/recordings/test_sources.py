"""What the command line names, and what files are recognised as."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.recordings.capture import CaptureWriter
from actors.recordings.records import Feed, Kind
from actors.recordings.sources import (
    Source,
    merged,
    open_recording,
    open_recordings,
    parse_source,
)
from messages.errors import RecordingError, UsageError
from tests.recordings.frames import SESSION, depth, hft, write


@pytest.mark.parametrize(
    ("text", "source"),
    [
        ("a.gz", Source(Path("a.gz"))),
        ("dir/a.gz", Source(Path("dir/a.gz"))),
        ("okx=a.gz", Source(Path("a.gz"), "okx")),
        ("Binance_US=a.gz", Source(Path("a.gz"), "binance_us")),
        ("okx:BTC/USDT=a=b.gz", Source(Path("a=b.gz"), "okx", "BTC/USDT")),
        ("binance_usdm:BTC/USDT:USDT=a", Source(Path("a"), "binance_usdm", "BTC/USDT:USDT")),
        ("./odd=name.gz", Source(Path("./odd=name.gz"))),
        ("okx=", Source(Path("okx="))),
    ],
)
def test_arguments(text: str, source: Source) -> None:
    """FILE, VENUE=FILE and VENUE:SYMBOL=FILE."""
    assert parse_source(text) == source


def test_an_existing_file_wins_over_any_other_reading(tmp_path: Path) -> None:
    """A file whose name looks like VENUE=FILE is that file."""
    path = tmp_path / "okx=a.gz"
    path.write_bytes(b"")
    assert parse_source(str(path)) == Source(path)


def test_formats_are_recognised_by_content(tmp_path: Path) -> None:
    """Names of files mean nothing; gzip or plain makes no difference."""
    host = "wss://fstream.binance.com/ws"
    contents = {
        "hftbacktest": (hft(SESSION), ("binance",)),
        "cryptofeed": (f"{host} <-> 1.5\n1.5: {{}}\n".encode(), ("binance_usdm",)),
        "cryptofeed json": (
            b'{"t":"connect","conn":"x","ts":1,"addr":"wss://dstream.binance.com/ws"}\n',
            ("binance_coinm",),
        ),
    }
    for name, (data, venues) in contents.items():
        for packed in (True, False):
            found = open_recording(Source(write(tmp_path / "file", data, packed=packed)))
            assert (found.format, found.venues) == (name, venues)
    quotes = write(tmp_path / "file", b"ts_ms,bid,ask\n1,2,3\n", packed=False)
    assert open_recording(Source(quotes, "okx", "BTC/USDT")).format == "quotes"
    with CaptureWriter(tmp_path / "capture") as writer:
        writer.write((1, Kind.FRAME, Feed("binance"), b"{}", ""))
    assert open_recording(Source(tmp_path / "capture")).format == "capture"


def test_the_users_word_wins_over_the_guess(tmp_path: Path) -> None:
    """A spot file may be of Binance US."""
    path = write(tmp_path / "file", hft(SESSION))
    assert open_recording(Source(path, "binance_us")).venues == ("binance_us",)


@pytest.mark.parametrize(
    ("data", "sentence"),
    [
        (b"", "the file is empty"),
        (b"\n \n", "the file is empty"),
        (b"hello\nworld\n", "this is no recording we know"),
        (b"\x00\x01\x02" * 100, "this is no recording we know"),
        (b'{"some": "json"}\n', "this is no recording we know"),
        (b"a,b,c\n1,2,3\n", "this is no recording we know"),
    ],
)
def test_what_is_no_recording_is_refused(tmp_path: Path, data: bytes, sentence: str) -> None:
    """Foreign files are refused with their name, plain or packed."""
    for packed in (True, False):
        path = write(tmp_path / "foreign", data, packed=packed)
        with pytest.raises(RecordingError, match=f"foreign: {sentence}"):
            open_recording(Source(path))


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    """No traceback of the operating system."""
    with pytest.raises(RecordingError, match=r"nowhere\.gz: there is no such file"):
        open_recording(Source(tmp_path / "nowhere.gz"))


def test_what_a_file_does_not_say_must_be_named(tmp_path: Path) -> None:
    """Each refusal says how to name it."""
    trades = write(tmp_path / "t", hft(('{"stream":"btcusdt@trade","data":{}}',)))
    with pytest.raises(UsageError, match="does not say which venue it is of: name it, VENUE="):
        open_recording(Source(trades))
    quotes = write(tmp_path / "q", b"ts_ms,bid,ask\n", packed=False)
    for source in (Source(quotes), Source(quotes, "okx")):
        with pytest.raises(UsageError, match="name it, VENUE:SYMBOL="):
            open_recording(source)
    with pytest.raises(UsageError, match="'BTC-USDT' is not a unified symbol"):
        open_recording(Source(quotes, "okx", "BTC-USDT"))


def test_a_venue_without_a_dialect_is_refused(tmp_path: Path) -> None:
    """Recognised by its host or named by the user, it is named in the refusal."""
    host = write(tmp_path / "f", b"wss://ws.okx.com:8443/ws <-> 1.5\n", packed=False)
    named = write(tmp_path / "g", hft(SESSION))
    for source, venue in ((Source(host), "okx"), (Source(named, "nowhere"), "nowhere")):
        with pytest.raises(UsageError, match=venue):
            open_recording(source)


def test_a_capture_is_not_named(tmp_path: Path) -> None:
    """It says itself what it is of, record by record."""
    with CaptureWriter(tmp_path / "c"):
        pass
    with pytest.raises(UsageError, match="a capture says itself"):
        open_recording(Source(tmp_path / "c", "okx"))


def test_too_many_files_are_refused() -> None:
    """The count is checked before any is opened."""
    with pytest.raises(UsageError, match="257 files are more than the 256"):
        open_recordings(["x"] * 257)


def test_files_merge_by_time_and_ties_keep_their_order(tmp_path: Path) -> None:
    """Earlier records first; at one time the file named first."""
    first = write(tmp_path / "a", b"1000000000000000005 {a1}\n1000000000000000007 {a2}\n")
    second = write(tmp_path / "b", b"1000000000000000005 {b1}\n1000000000000000006 {b2}\n")
    recordings = open_recordings([f"binance={first}", f"binance={second}"])
    assert [record[3] for record in merged(recordings)] == [b"{a1}", b"{b1}", b"{b2}", b"{a2}"]


def test_the_prelude_is_what_stands_before_the_first_frame(tmp_path: Path) -> None:
    """Configuration and answers in it are known from the beginning; later ones are not."""
    text = (
        'configuration: {"l2_book":["BTC-USDT"]}\n'
        "https://api.binance.com/api/v3/exchangeInfo -> 1.5: {}\n"
        f"2.5: {depth(1, 2, [], [])}\n"
        "https://api.binance.com/api/v3/exchangeInfo -> 3.5: {}\n"
    )
    path = write(tmp_path / "f", text.encode())
    prelude = open_recording(Source(path)).prelude
    assert [record[1] for record in prelude] == [Kind.KNOWN, Kind.ANSWER]
