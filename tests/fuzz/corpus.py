"""Real frames and answers of every venue, and the symbols they speak of."""

from __future__ import annotations

import gzip
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Final, NamedTuple

from tests.exchanges.mexc import samples
from tests.fuzz import protobuf
from tests.payloads.records import Part
from tests.payloads.sorting import NATIVES, Fate, sorted_parts
from tests.payloads.test_frames import natives_of

VENUES: Final = (
    "binance",
    "binance_us",
    "binance_usdm",
    "binance_coinm",
    "gateio",
    "gateio_futures",
    "mexc",
)
"""Every venue that is registered; a test holds the two equal."""

_RECORDED: Final = {
    "binance": ("hftbacktest/binance/spot_btcusdt_20240808.gz",),
    "binance_us": ("cryptofeed/binance_us/spot_20210405.txt.gz",),
    "binance_usdm": ("hftbacktest/binance/usdm_btcusdt_20240808.gz",),
    "binance_coinm": ("hftbacktest/binance/coinm_btcusd_perp_20240808.gz",),
    "gateio": (
        "cryptofeed/gate/spot_20210422.ws.txt.gz",
        "cryptofeed/gate/spot_20210422.http.txt.gz",
    ),
    "gateio_futures": (
        "cryptofeed/gate_futures/usdt_20230524.ws.txt.gz",
        "cryptofeed/gate_futures/usdt_20230524.http.txt.gz",
    ),
    "mexc": (),
}
_LIMITS: Final = {"depth": 160, "ticker": 40, "other": 40, "answer": 12}
"""How many of each kind are taken from a recording."""
_LINES: Final = 6_000
"""Lines of a recording that are looked at: enough for the numbers above."""
LONGEST_BYTES: Final = 4_096
"""Longer frames are left out: damage to them says nothing new and takes longer."""
ANSWER_LEVELS: Final = 20
"""Levels a side that are kept of a recorded REST snapshot, for the same reason."""

_ANSWER: Final = re.compile(
    rb"^https?://\S*[?&](?:symbol|contract|currency_pair)=(\w+)\S* -> [^{]*"
)
_NATIVE: Final = re.compile(
    rb'"(?:s|contract|currency_pair)":\s*"(?:ob\.)?([A-Z0-9]+(?:_[A-Z0-9]+)?)'
)
_CANDLE: Final = re.compile(rb'"n":\s*"[0-9a-zA-Z]+?_([A-Z0-9]+_[A-Z0-9]+)"')


class Corpus(NamedTuple):
    """What one venue sent.

    `frames` came by websocket; `answers` are bodies of REST snapshots with the native symbol they
    were asked for.
    """

    venue: str
    natives: tuple[str, ...]
    frames: tuple[bytes, ...]
    answers: tuple[tuple[str, bytes], ...]


def load(data: Path, venue: str) -> Corpus:
    """Take a venue's frames out of the recordings."""
    frames: dict[bytes, None] = {}
    answers: list[tuple[str, bytes]] = []
    counts = dict.fromkeys(_LIMITS, 0)
    for kind, native, payload in _recorded(data, venue):
        if counts[kind] < _LIMITS[kind] and len(payload) <= LONGEST_BYTES:
            counts[kind] += 1
            if kind == "answer":
                answers.append((native, payload))
            else:
                frames[payload] = None
    frames |= dict.fromkeys(_kept(data, venue))
    answers += _kept_answers(data, venue)
    natives = {native for native, _ in answers}
    if venue == "mexc":
        frames |= dict.fromkeys(_mexc(data))
        natives |= {_symbol(frame) for frame in frames if frame[:1] != b"{"}
    for payload in frames:
        for pattern in (_NATIVE, _CANDLE):
            natives.update(match.decode() for match in pattern.findall(payload))
    return Corpus(venue, tuple(sorted(natives)), tuple(frames), tuple(answers))


def _recorded(data: Path, venue: str) -> Iterator[tuple[str, str, bytes]]:
    """Kind, native symbol of an answer, and bytes of every message of the recordings."""
    for file in _RECORDED[venue]:
        with gzip.open(data / file) as lines:
            for line, _ in zip(lines, range(_LINES), strict=False):
                if match := _ANSWER.match(line):
                    answer, _ = json.JSONDecoder().raw_decode(line[match.end() :].decode())
                    yield "answer", match[1].decode(), _shortened(answer)
                elif line[:1].isdigit() and (start := line.find(b"{")) > 0:
                    payload = line[start:].rstrip()
                    if payload.startswith(b'{"lastUpdateId"'):
                        yield "answer", _only(venue), _shortened(json.loads(payload))
                    else:
                        yield _kind(payload), "", payload


def _kind(payload: bytes) -> str:
    if b"depth" in payload[:60] or b"order_book" in payload:
        return "depth"
    return "ticker" if b"icker" in payload else "other"


def _only(venue: str) -> str:
    """The symbol of recordings that hold one and do not name it in their snapshot."""
    return "BTCUSD_PERP" if venue == "binance_coinm" else "BTCUSDT"


def _shortened(answer: dict[str, list[object]]) -> bytes:
    for side in ("bids", "asks"):
        if side in answer:
            answer[side] = answer[side][:ANSWER_LEVELS]
    return json.dumps(answer, separators=(",", ":")).encode()


def _kept(data: Path, venue: str) -> Iterator[bytes]:
    """Frames that other projects keep: kinds that no recording has."""
    for part, fate in sorted_parts(data):
        mine = fate.venue == venue and fate.fate in (Fate.FRAME, Fate.CONFIRMED, Fate.PASSED)
        if mine and part.folder != "tardis_node" and _speaks_for_itself(part):
            yield part.payload


def _kept_answers(data: Path, venue: str) -> Iterator[tuple[str, bytes]]:
    """REST snapshots that other projects keep; they name no symbol, so any will do."""
    for part, fate in sorted_parts(data):
        if fate.venue == venue and fate.method == "snapshot" and part.folder != "tardis_node":
            yield NATIVES[venue], part.payload
    if venue == "mexc":
        # Nobody kept an answer; a recorder put the book it had got into its stream, by the side.
        for record in json.loads((data / "mexc" / "pb_reencoded.json").read_text())["records"]:
            if (book := record.get("json", {}).get("publicAggreDepthsSnapshot")) is not None:
                yield "BTCUSDT", json.dumps(book, separators=(",", ":")).encode()


def _speaks_for_itself(part: Part) -> bool:
    """Whether a kept frame names one symbol, as a venue's would."""
    return "result" in part.body or len(natives_of(part.body)) == 1


def _symbol(frame: bytes) -> str:
    """The symbol that a wrapper names: its field 3."""
    return next(
        value.decode()
        for number, _, value in protobuf.fields(frame)
        if number == 3 and isinstance(value, bytes)
    )


def _mexc(data: Path) -> Iterator[bytes]:
    """Binary frames, those re-encoded by others among them, and answers to commands."""
    for record in json.loads((data / "mexc" / "pb_frames.json").read_text()):
        yield bytes.fromhex(record["hex"])
    for record in json.loads((data / "mexc" / "pb_reencoded.json").read_text())["records"]:
        if "hex" in record:
            yield bytes.fromhex(record["hex"])
        elif "msg" in record["json"]:
            yield json.dumps(record["json"], separators=(",", ":")).encode()
    for text in (samples.DEPTH, samples.TOP, samples.QUOTE, samples.DEALS):
        yield bytes.fromhex(text)
