"""The formats of other tools, line by line."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from actors.recordings import cryptofeed, hftbacktest, quotes_csv
from actors.recordings.files import LineFile
from actors.recordings.records import Feed, Kind, Record
from tests.recordings.frames import SESSION, START_NS, depth, hft, write

FEED = Feed("binance")


def text_records(path: Path, text: str) -> list[Record]:
    """Read text as a cryptofeed file."""
    path.write_text(text)
    return list(cryptofeed.read_text(LineFile(path), FEED))


# -- cryptofeed ---------------------------------------------------------------------------------


def test_cryptofeed_lines_of_every_form(tmp_path: Path) -> None:
    """Configuration, connection, sent, answer with headers, frames before and after."""
    url = "wss://stream.binance.com:9443/stream?streams=a@depth"
    found = text_records(
        tmp_path / "f",
        'configuration: {"l2_book":["BTC-USDT"]}\n'
        "1.5: {early}\n"
        f"{url} <-> 2.25\n"
        f'{url} <- 2.5: {{"method":"SUBSCRIBE"}}\n'
        '3.000000001: {"a": 1}\n'
        "\n"
        'https://api.binance.com/api/v3/depth?symbol=X -> 4: {"lastUpdateId":1} '
        'header: {"X": "1"}\n',
    )
    connected = Feed("binance", url)
    assert found == [
        (0, Kind.KNOWN, FEED, b'{"l2_book":["BTC-USDT"]}', ""),
        (1_500_000_000, Kind.FRAME, FEED, b"{early}", ""),
        (2_250_000_000, Kind.CONNECT, connected, b"", url),
        (2_500_000_000, Kind.SENT, connected, b'{"method":"SUBSCRIBE"}', url),
        (3_000_000_001, Kind.FRAME, connected, b'{"a": 1}', ""),
        (
            4_000_000_000,
            Kind.ANSWER,
            FEED,
            b'{"lastUpdateId":1}',
            "https://api.binance.com/api/v3/depth?symbol=X",
        ),
    ]


@pytest.mark.parametrize("line", ["garbage", "12x4.5: {}", "16176", ": {}", "-1.5: {}"])
def test_a_damaged_cryptofeed_line_is_a_frame_nobody_can_read(tmp_path: Path, line: str) -> None:
    """It keeps the time of the line before; the codec will refuse it."""
    found = text_records(tmp_path / "f", f"7.5: {{}}\n{line}\n8.5: {{}}\n")
    assert found[1] == (7_500_000_000, Kind.FRAME, FEED, line.encode(), "")
    assert [record[0] for record in found] == [7_500_000_000, 7_500_000_000, 8_500_000_000]


def test_cryptofeed_hosts_name_the_venue() -> None:
    """The first known host counts; an unknown one and no host at all name nothing."""
    for url, venue in (
        ("wss://stream.binance.us:9443/ws", "binance_us"),
        ("wss://fstream.binance.com/stream", "binance_usdm"),
        ("https://dapi.binance.com/x", "binance_coinm"),
        ("wss://somewhere.example/ws", ""),
    ):
        assert cryptofeed.guess_venue([b"1.5: {}", f"{url} <-> 1.5".encode()]) == venue
    assert cryptofeed.guess_venue([b"1.5: {}"]) == ""


def test_cryptofeed_json_lines(tmp_path: Path) -> None:
    """The JSON form yields the same kinds of records, times exact."""
    rows: list[dict[str, object]] = [
        {"t": "header", "format": 2, "config": {"l2_book": ["BTC-USDT"]}},
        {"t": "connect", "conn": "X.ws.1", "ts": 1.5, "addr": "wss://stream.binance.com/ws"},
        {"t": "send", "conn": "X.ws.1", "ts": 2, "addr": "wss://a", "data": "{}"},
        {"t": "recv", "conn": "X.ws.1", "ts": 1786310818.2235148, "data": '{"a":"é"}'},
        {"t": "http", "conn": "X.http", "ts": 3, "url": "https://api.binance.com/x", "data": "{}"},
        {"t": "later invention", "conn": "X"},
    ]
    path = tmp_path / "f"
    path.write_text("".join(json.dumps(row) + "\n" for row in rows) + "broken\n")
    connected = Feed("binance", "X.ws.1")
    assert list(cryptofeed.read_json(LineFile(path), FEED)) == [
        (0, Kind.KNOWN, FEED, b'{"l2_book": ["BTC-USDT"]}', ""),
        (1_500_000_000, Kind.CONNECT, connected, b"", "wss://stream.binance.com/ws"),
        (2_000_000_000, Kind.SENT, connected, b"{}", "wss://a"),
        (1_786_310_818_223_514_800, Kind.FRAME, connected, '{"a":"é"}'.encode(), ""),
        (3_000_000_000, Kind.ANSWER, FEED, b"{}", "https://api.binance.com/x"),
        (0, Kind.FRAME, FEED, b"broken", ""),
    ]
    lines = path.read_bytes().splitlines()
    assert cryptofeed.guess_venue(lines) == "binance"


# -- hftbacktest --------------------------------------------------------------------------------


def test_hftbacktest_frames_and_the_snapshot(tmp_path: Path) -> None:
    """The line without a stream is the snapshot of the one symbol in the file."""
    path = write(tmp_path / "f.gz", hft(SESSION))
    lines = hft(SESSION).splitlines()
    native = hftbacktest.guess_native(lines)
    assert native == "BTCUSDT"
    found = list(hftbacktest.read(LineFile(path), FEED, native))
    assert [record[0] for record in found] == [START_NS + n * 1_000_000 for n in range(6)]
    assert [record[1] for record in found] == [Kind.FRAME, Kind.SNAPSHOT, *[Kind.FRAME] * 4]
    assert found[1][4] == "BTCUSDT"
    assert found[2][3] == SESSION[2].encode()


def test_a_snapshot_that_names_its_symbol_is_believed(tmp_path: Path) -> None:
    """COIN-M answers carry the symbol."""
    line = '{"lastUpdateId":1,"E":2,"symbol":"ETHUSD_PERP","bids":[],"asks":[]}'
    path = write(tmp_path / "f", hft((line,)))
    found = hftbacktest.read(LineFile(path), FEED, "BTCUSD_PERP")
    assert [record[4] for record in found] == ["ETHUSD_PERP"]


def test_the_binance_family_shows_in_depth_events() -> None:
    """`pu` marks futures and `ps` COIN-M; without a depth event nothing can be told."""
    spot = hft((depth(1, 2, [], []),))
    usdm = spot.replace(b'"u":2', b'"u":2,"pu":0')
    coinm = usdm.replace(b'"s":', b'"ps":"BTCUSD","s":')
    guesses = [hftbacktest.guess_venue([line]) for line in (spot, usdm, coinm, b"1 {}")]
    assert guesses == ["binance", "binance_usdm", "binance_coinm", ""]


def test_a_file_of_several_symbols_names_none() -> None:
    """A snapshot of such a file must name its symbol itself."""
    lines = hft((depth(1, 2, [], []), depth(1, 2, [], [], "ETHUSDT"))).splitlines()
    assert hftbacktest.guess_native(lines) == ""


def test_a_damaged_hftbacktest_line_is_a_frame_nobody_can_read(tmp_path: Path) -> None:
    """It keeps the time of the line before."""
    path = write(tmp_path / "f", b"1723161255030314667 {}\nrubbish\n\n")
    assert list(hftbacktest.read(LineFile(path), FEED, "")) == [
        (1_723_161_255_030_314_667, Kind.FRAME, FEED, b"{}", ""),
        (1_723_161_255_030_314_667, Kind.FRAME, FEED, b"rubbish", ""),
    ]


# -- quotes -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("header", "line", "at_ns", "payload"),
    [
        (
            "ts_local_ms,ts_exchange_ms,best_bid,best_ask,last_px",
            "1758912511322,0,1.5,2.5,2",
            1_758_912_511_322_000_000,
            b"1.5,0,2.5,0",
        ),
        (
            "ts_ns,bid,bid_size,ask,ask_size",
            "1758912511322000001,1.5,7,2.5,8",
            1_758_912_511_322_000_001,
            b"1.5,7,2.5,8",
        ),
        (
            "\ufeffTS_US, Ask ,bid,best_bid_qty",
            "1758912511322000.5,2.5,1.5,9",
            1_758_912_511_322_000_500,
            b"1.5,9,2.5,0",
        ),
    ],
)
def test_quote_files_by_header(
    tmp_path: Path, header: str, line: str, at_ns: int, payload: bytes
) -> None:
    """Columns are found by name in any order and case; sizes are optional."""
    path = tmp_path / "q.csv"
    path.write_text(f"{header}\r\n{line}\r\n")
    assert quotes_csv.looks_like(header.encode())
    found = list(quotes_csv.read(LineFile(path), FEED))
    assert found == [(at_ns, Kind.QUOTE, FEED, payload, "line 2")]


def test_other_headers_are_no_quote_files() -> None:
    """A time without prices, prices without a time, and a data line are no header."""
    for line in (b"ts_ms,price", b"bid,ask", b"1758912511322,1.5,2.5", b"", b"\xff\xfe"):
        assert not quotes_csv.looks_like(line)


def test_a_quote_line_that_cannot_be_read_is_kept_as_it_is(tmp_path: Path) -> None:
    """Too few columns or no time: whoever applies it reports it with its line number."""
    path = tmp_path / "q.csv"
    path.write_text("ts_ms,bid,ask\n5,1,2\n6,1\nsoon,1,2\n")
    found = list(quotes_csv.read(LineFile(path), FEED))
    assert [(record[0], record[3], record[4]) for record in found] == [
        (5_000_000, b"1,0,2,0", "line 2"),
        (6_000_000, b"6,1", "line 3"),
        (6_000_000, b"soon,1,2", "line 4"),
    ]
