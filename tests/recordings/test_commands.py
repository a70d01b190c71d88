"""`arbtree replay` and `arbtree import` as a user meets them."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from arbtree.cli import main
from tests.recordings.frames import QUOTES, SESSION, hft, write

Capture = pytest.CaptureFixture[str]


@pytest.fixture
def session(tmp_path: Path) -> Path:
    """A small recording."""
    return write(tmp_path / "session.gz", hft(SESSION))


@pytest.fixture
def quotes(tmp_path: Path) -> str:
    """A small quote file, as it is named on the command line."""
    return f"okx:BTC/USDT={write(tmp_path / 'quotes.csv', QUOTES, packed=False)}"


def test_json_is_one_object_and_nothing_else(session: Path, quotes: str, capsys: Capture) -> None:
    """On standard output; standard error stays silent in a pipe."""
    assert main(["replay", "--json", str(session), quotes]) == 0
    out, err = capsys.readouterr()
    found = json.loads(out)
    assert list(found) == ["frames", "errors", "books", "pairs", "opportunities"]
    assert list(found["pairs"][0]["episodes"]) == ["0", "1", "2", "5", "10", "20"]
    assert (out.count("\n"), err) == (1, "")


def test_options_reach_the_replay(session: Path, quotes: str, capsys: Capture) -> None:
    """Thresholds as typed, fees, age and where quotes come from."""
    options = ["--thresholds", "1.50,3", "--fees", "okx=25,binance=10", "--max-age-ms", "0.5"]
    assert main(["replay", "--json", *options, "--quotes", "book", str(session), quotes]) == 0
    found = json.loads(capsys.readouterr().out)
    assert list(found["pairs"][0]["episodes"]) == ["1.50", "3"]
    assert found["opportunities"] == []
    assert found["pairs"][0]["window_ns"] is None


def test_text_for_people(session: Path, quotes: str, capsys: Capture) -> None:
    """Books, pairs and opportunities as aligned columns."""
    assert main(["replay", str(session), quotes]) == 0
    out = capsys.readouterr().out
    assert "6 frames of 2 files, 0 errors" in out
    rows = [line.split() for line in out.splitlines()]
    assert ["binance", "BTC/USDT", "LIVE", "3", "0", "0", "100.5", "101", "2/2", "1/1"] in rows
    assert ["okx", "BTC/USDT", "binance", "BTC/USDT", "29.9401", "29.9401", "0", "0.000"] in rows


def test_a_frame_that_cannot_be_decoded_is_exit_1(tmp_path: Path, capsys: Capture) -> None:
    """The report is complete all the same, in both forms."""
    path = write(tmp_path / "f", hft((*SESSION, '{"stream":"btcusdt@depth@100ms","da')))
    assert main(["replay", "--json", str(path)]) == 1
    found = json.loads(capsys.readouterr().out)
    assert [error["connection"] for error in found["errors"]] == ["binance/1"]
    assert main(["replay", str(path)]) == 1
    assert "error: binance/1 at " in capsys.readouterr().out


def cut(path: Path) -> Path:
    """Cut a gzip file off."""
    path.write_bytes(path.read_bytes()[:-9])
    return path


def test_bad_input_is_one_sentence_and_exit_2(
    tmp_path: Path, session: Path, capsys: Capture
) -> None:
    """No JSON, no traceback, the thing named."""
    foreign = write(tmp_path / "photo.jpg", b"\xff\xd8\xff\xe0 not a recording", packed=False)
    okx = write(tmp_path / "okx.gz", b"wss://ws.okx.com:8443/ws <-> 1.5\n1.6: {}\n")
    csv = write(tmp_path / "q.csv", QUOTES, packed=False)
    broken = cut(write(tmp_path / "cut.gz", hft(SESSION)))
    cases: list[tuple[list[str], str]] = [
        ([str(tmp_path / "nowhere.gz")], "nowhere.gz: there is no such file"),
        ([str(tmp_path)], "cannot be read"),
        ([str(foreign)], "photo.jpg: this is no recording we know"),
        ([str(broken)], "cut.gz: the gzip file is cut off"),
        ([str(okx)], "okx"),
        ([f"nowhere={session}"], "nowhere"),
        ([str(csv)], "name it, VENUE:SYMBOL="),
        ([f"okx:BTCUSDT={csv}"], "'BTCUSDT' is not a unified symbol"),
        ([str(session), "--thresholds", "1,x"], "'x' is no number of basis points"),
        ([str(session), "--thresholds", "nan"], "'nan' is no number"),
        ([str(session), "--thresholds", "1,1"], "names a threshold twice"),
        ([str(session), "--thresholds", ",".join(map(str, range(65)))], "more than 64"),
        ([str(session), "--fees", "binance"], "'binance' is not VENUE=BPS"),
        ([str(session), "--fees", "binance=-1"], "is not between 0 and 10000"),
        ([str(session), "--fees", "binanse=1"], "'binanse', which is no venue"),
        ([str(session), "--max-age-ms", "-1"], "'-1' is below 0"),
        ([str(session), "--quotes", "trades"], "--quotes"),
        ([], "FILE"),
    ]
    for words, sentence in cases:
        assert main(["replay", "--json", *words]) == 2, words
        out, err = capsys.readouterr()
        assert out == "", words
        assert err.startswith("arbtree: "), words
        assert sentence in err, (words, err)
        assert err.count("\n") == 1, err


def test_import_writes_a_capture_that_replays_alike(
    tmp_path: Path, session: Path, quotes: str, capsys: Capture
) -> None:
    """In both forms of output it says what it wrote."""
    target = tmp_path / "out.capture"
    assert main(["import", "--json", str(session), quotes, "-o", str(target)]) == 0
    told = json.loads(capsys.readouterr().out)
    assert (told["output"], told["records"]) == (str(target), 10)
    assert told["bytes"] == target.stat().st_size
    assert [each["format"] for each in told["inputs"]] == ["hftbacktest", "quotes"]
    reports = []
    for words in ([str(session), quotes], [str(target)]):
        assert main(["replay", "--json", *words]) == 0
        reports.append(capsys.readouterr().out)
    assert reports[0] == reports[1]
    assert main(["import", str(target), "-o", str(tmp_path / "copy")]) == 0
    assert "capture, several venues" in capsys.readouterr().out


def test_import_leaves_nothing_half_written(tmp_path: Path, session: Path, capsys: Capture) -> None:
    """A cut input, an output that is an input, a folder, or a folder that is not there."""
    broken = cut(write(tmp_path / "cut.gz", hft(SESSION)))
    before = session.read_bytes()
    names = sorted(path.name for path in tmp_path.iterdir())
    for source, target, code, sentence in (
        (broken, tmp_path / "c", 2, "cut off"),
        (session, session, 2, "one of the inputs"),
        (session, tmp_path, 2, "a folder"),
        (session, tmp_path / "nowhere" / "c", 3, "cannot be written"),
    ):
        assert main(["import", str(source), "-o", str(target)]) == code
        out, err = capsys.readouterr()
        assert (out, err.count("\n")) == ("", 1)
        assert sentence in err
    assert sorted(path.name for path in tmp_path.iterdir()) == names
    assert session.read_bytes() == before


@pytest.mark.parametrize("options", [(), ("--json",)])
@pytest.mark.parametrize("line", ["2,nan,4", "2,inf,4", "2,three,4"])
def test_what_could_not_be_used_is_told_on_standard_error(
    tmp_path: Path, capsys: Capture, line: str, options: tuple[str, ...]
) -> None:
    """One sentence names how many, and place and reason of the first; exit 1."""
    path = tmp_path / "quotes.csv"
    path.write_text(f"ts_ms,bid,ask\n1,2,3\n{line}\n3,{line[2:]}\n")
    code = main(["replay", f"x:BTC/USDT={path}", *options])
    told = capsys.readouterr().err
    assert code == 1
    assert told.count("\n") == 1
    assert told.startswith("arbtree: 2 records could not be used, the first: x BTC/USDT line 3: ")


def test_a_configuration_says_which_assets_are_one(
    tmp_path: Path, session: Path, quotes: str, capsys: Capture
) -> None:
    """Its `[[assets]]` count; what is wrong with it is said as everywhere."""
    config = tmp_path / "f.toml"
    config.write_text(
        '[[assets]]\nname = "BTC"\ndifferent = ["okx"]\n'
        '[[venues]]\nname = "binance"\nsymbols = ["BTC/USDT"]\n'
    )
    words = ["--json", "--config", str(config), str(session), quotes]
    assert main(["replay", *words]) == 0
    found = json.loads(capsys.readouterr().out)
    assert {pair["reason"] for pair in found["pairs"]} == {"asset_unproven"}
    assert found["opportunities"] == []
    config.write_text("[[assets]]\n")
    assert main(["replay", *words]) == 2
    assert "[[assets]] #1 name: expected a ticker" in capsys.readouterr().err
