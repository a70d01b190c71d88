"""`arbtree decode`: frames as text or hex in, one JSON object a message out."""

from __future__ import annotations

import gzip
import io
import json
import sys
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from arbtree import cli
from arbtree.commands.decode import Decoder, frame_of
from exchanges.contract import PublicCodec, PublicDialect
from exchanges.registry import dialect
from messages.errors import DecodeError
from messages.instruments import SymbolInfo
from messages.market import BestQuote, BookDelta, Heartbeat, PublicMessage
from tests.recordings.frames import depth, ticker

DEPTH = depth(1, 5, [["100.5", "2"]], [["101.0", "0"]])
QUOTE = ticker(9, "100.6", "101.0", "ETHUSDT")
ACK = '{"result":null,"id":7}'


def decoded(text: str) -> list[dict[str, Any]]:
    """Every line of the output as an object."""
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """A file of three frames, one of them as hex, with blank lines and Windows line ends."""
    path = tmp_path / "frames.txt"
    path.write_bytes(f"{DEPTH}\r\n\n{QUOTE.encode().hex()}\n  {ACK}  \n\n".encode())
    return path


def test_every_message_is_one_object_with_its_type(
    frames: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Line number, type and all fields, in the order of the frames, symbols found by themselves."""
    assert cli.main(["decode", "binance", str(frames)]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    first, second, third = decoded(out)
    assert first == {
        "line": 1,
        "type": "BookDelta",
        "venue": "binance",
        "symbol": "BTC/USDT",
        "epoch": 0,
        "first_id": 1,
        "last_id": 5,
        "previous_id": -1,
        "venue_ms": 1_700_000_000_000,
        "received_ns": 0,
        "bids": [[100.5, 2.0]],
        "asks": [[101.0, 0.0]],
    }
    assert (second["line"], second["type"], second["symbol"]) == (3, "BestQuote", "ETH/USDT")
    assert (second["bid"], second["ask"]) == (100.6, 101.0)
    assert (third["line"], third["type"], third["request_id"]) == (4, "Ack", 7)


def test_json_and_gzip_change_nothing(
    frames: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The output is JSON anyway, and a packed file reads like a plain one."""
    packed = tmp_path / "frames.gz"
    packed.write_bytes(gzip.compress(frames.read_bytes()))
    outputs = []
    for words in ([str(frames)], [str(frames), "--json"], [str(packed)]):
        assert cli.main(["decode", "binance", *words]) == 0
        outputs.append(capsys.readouterr().out)
    assert outputs[0] == outputs[1] == outputs[2] != ""


def test_a_bad_frame_is_named_and_the_others_are_decoded(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """One sentence with the line's number for each, the rest decoded, and 1 in the end."""
    path = tmp_path / "frames"
    nan = ticker(9, "NaN", "101.0")
    path.write_text("\n".join([ACK, "<html>", nan, depth(1, 2, [["-1", "1"]], []), QUOTE]))
    assert cli.main(["decode", "binance", str(path)]) == 1
    out, err = capsys.readouterr()
    assert [line["type"] for line in decoded(out)] == ["Ack", "BestQuote"]
    lines = err.splitlines()
    assert len(lines) == 3
    for number, line in zip((2, 3, 4), lines, strict=True):
        assert line.startswith(f"arbtree: {path} line {number}: binance")


def test_another_venues_frame_is_refused(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A spot symbol is none of the COIN-M venue, and is not made one."""
    path = tmp_path / "frames"
    path.write_text(DEPTH)
    assert cli.main(["decode", "binance_coinm", str(path)]) == 1
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"arbtree: {path} line 1: binance_coinm")


def test_standard_input_is_read_by_a_dash(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """`tail -f frames | arbtree decode binance -` works, and errors name the place."""
    stdin = io.TextIOWrapper(io.BytesIO(f"{QUOTE}\nnothing\n".encode()))
    monkeypatch.setattr(sys, "stdin", stdin)
    assert cli.main(["decode", "binance", "-"]) == 1
    out, err = capsys.readouterr()
    assert [line["type"] for line in decoded(out)] == ["BestQuote"]
    assert err.startswith("arbtree: standard input line 2: ")


@pytest.mark.parametrize(
    ("words", "text", "sentence"),
    [
        (["nowhere", "FILE"], "x", "unknown venue 'nowhere'"),
        (["binance", "FILE"], None, "FILE: there is no such file"),
        (["binance", "FILE"], "\n \n", "FILE: there is no frame in it"),
        (["binance", "FILE", "--symbol", "XYZ"], "x", "--symbol XYZ: "),
    ],
)
def test_a_wrong_command_line_is_one_sentence_and_2(
    words: list[str],
    text: str | None,
    sentence: str,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    """The thing is named, nothing is decoded."""
    path = tmp_path / "frames"
    if text is not None:
        path.write_text(text)
    named = [word.replace("FILE", str(path)) for word in words]
    assert cli.main(["decode", *named]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("arbtree: " + sentence.replace("FILE", str(path)))
    assert err.count("\n") == 1


def test_named_symbols_are_known_from_the_start() -> None:
    """A frame is decoded though nothing in it could be taken for a known name."""
    decoder = Decoder(dialect("binance"), ["btcusdt"])
    (message,) = decoder.decode(DEPTH.encode())
    assert isinstance(message, BookDelta)


def test_a_name_is_learned_only_once_and_others_stay_known() -> None:
    """Frames of several symbols in turn are all decoded."""
    decoder = Decoder(dialect("binance"))
    for native, unified in [("BTCUSDT", "BTC/USDT"), ("ETHUSDT", "ETH/USDT")] * 2:
        (message,) = decoder.decode(ticker(1, "1", "2", native).encode())
        assert isinstance(message, BestQuote)
        assert message.symbol == unified


class _Binary(PublicCodec):
    """Reads frames that hold the name of a symbol between two other fields, as protobuf does."""

    def __init__(self, symbols: Iterable[SymbolInfo]) -> None:
        self._symbols: dict[bytes, str] = {}
        self.learn(symbols)

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        self._symbols.update((info.native.encode(), info.symbol) for info in symbols)

    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        name = payload[2:].partition(b"\x1a")[0]
        if name not in self._symbols:
            raise DecodeError("a symbol this connection asked for")
        return (Heartbeat(self._symbols[name], received_ns),)


class _BinaryVenue:
    """A venue of such frames, with Binance's names."""

    symbol_from_native = staticmethod(dialect("binance").symbol_from_native)

    @staticmethod
    def codec(symbols: Iterable[SymbolInfo], epoch: int) -> PublicCodec:
        return _Binary(symbols)


def test_a_binary_frame_names_its_symbol_too() -> None:
    """Words that are a name of the venue are tried; a frame without any stays an error."""
    decoder = Decoder(cast(PublicDialect, _BinaryVenue))
    for native, unified in (("BTCUSDT", "BTC/USDT"), ("ETHUSDT", "ETH/USDT")):
        frame = b"\x0a\x07" + native.encode() + b"\x1a\x0290000\xff"
        assert decoder.decode(frame) == (Heartbeat(unified, 0),)
    with pytest.raises(DecodeError, match="asked for"):
        decoder.decode(b"\x0a\x03XYZ\x1a\x00")


@given(st.binary(min_size=1, max_size=40))
def test_hex_is_read_back_as_the_bytes_it_stands_for(data: bytes) -> None:
    """In lower or upper case, with 0x before it or blanks between the bytes."""
    for text in (data.hex(), data.hex().upper(), "0x" + data.hex(), data.hex(" ")):
        assert frame_of(text.encode()) == data


@given(st.binary(max_size=200))
def test_no_bytes_raise_anything_but_a_decode_error(data: bytes) -> None:
    """Whatever a file holds, a line is decoded or refused."""
    with suppress(DecodeError):
        Decoder(dialect("binance")).decode(frame_of(data))
