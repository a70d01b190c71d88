"""What a replay costs beside the least that reading the same file can cost.

The bar: replay of one file of one venue takes at most 1.8 times the CPU of gunzip + typed decode
of every line + bare dict apply, measured in the same run.  Process start, hashing and output are
excluded.  Both sides run in turn, round by round, and the medians are compared.

    python -m benchmarks.replay [--rounds 5] [--json] [FILE...]

Without files it measures every Binance recording of the shared data folder.
"""

from __future__ import annotations

import argparse
import gzip
import json
import platform
import re
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from time import process_time

import msgspec
from msgspec import Struct

from actors.recordings.pairs import PairSettings
from actors.recordings.replay import Replay
from actors.recordings.sources import open_recording, parse_source

BAR = 1.8
"""The issue's limit for the ratio of the two."""

SHORT_BYTES = 1_000_000
SHORT_ROUNDS = 5
"""A short file takes so many times more rounds: it is over in milliseconds."""

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data"
RECORDINGS = (
    "hftbacktest/binance/*.gz",
    "cryptofeed/binance*/*_2021[0-9]*[0-9].txt.gz",
    "cryptofeed/binance*/*.ws.txt.gz",
)

Levels = tuple[tuple[float, float], ...]


class Depth(Struct, gc=False):
    """A depth event, `{"U":1,"u":2,"pu":0,"E":3,"s":"X","b":[["1","2"]],"a":[]}`."""

    U: int
    u: int
    E: int
    s: str
    b: Levels
    a: Levels
    pu: int = -1


class Ticker(Struct, gc=False):
    """A best-bid/ask message, `{"u":1,"s":"X","b":"1","B":"2","a":"3","A":"4"}`."""

    u: int
    s: str
    b: float
    B: float
    a: float
    A: float


class Dealt(Struct, gc=False):
    """A trade, single or aggregate."""

    s: str
    p: float
    q: float
    T: int
    m: bool


class Snapshot(Struct, gc=False):
    """A REST depth answer."""

    lastUpdateId: int
    bids: Levels
    asks: Levels


class DepthFrame(Struct, gc=False):
    """A depth event with its stream."""

    stream: str
    data: Depth


class TickerFrame(Struct, gc=False):
    """A best-bid/ask message with its stream."""

    stream: str
    data: Ticker


class DealtFrame(Struct, gc=False):
    """A trade with its stream."""

    stream: str
    data: Dealt


class OtherFrame(Struct, gc=False):
    """Anything else with its stream."""

    stream: str


DEPTH = msgspec.json.Decoder(DepthFrame, strict=False)
TICKER = msgspec.json.Decoder(TickerFrame, strict=False)
DEALT = msgspec.json.Decoder(DealtFrame, strict=False)
OTHER = msgspec.json.Decoder(OtherFrame)
SNAPSHOT = msgspec.json.Decoder(Snapshot, strict=False)
CHANNEL = re.compile(rb'"stream":"[^"@]+@(depth|bookTicker|trade|aggTrade)?')
DECODERS: dict[bytes, msgspec.json.Decoder[TickerFrame] | msgspec.json.Decoder[DealtFrame]] = {
    b"bookTicker": TICKER,
    b"trade": DEALT,
    b"aggTrade": DEALT,
}


def least(path: Path) -> int:
    """Gunzip, decode every line by its type, and keep every book in two bare dicts."""
    books: dict[str, tuple[dict[float, float], dict[float, float]]] = {}
    lines = 0
    for line in gzip.decompress(path.read_bytes()).split(b"\n"):
        start = line.find(b"{")
        if start < 0:
            continue
        lines += 1
        payload = line[start:]
        match = CHANNEL.match(payload, 1)
        if match is None:
            if payload.startswith(b'{"lastUpdateId"'):
                snapshot = SNAPSHOT.decode(payload)
                books[str(lines)] = (dict(snapshot.bids), dict(snapshot.asks))
            continue
        if match[1] != b"depth":
            DECODERS.get(match[1], OTHER).decode(payload)
        else:
            event = DEPTH.decode(payload).data
            book = books.get(event.s)
            if book is None:
                book = books[event.s] = ({}, {})
            for side, levels in zip(book, (event.b, event.a), strict=True):
                for price, amount in levels:
                    if amount:
                        side[price] = amount
                    else:
                        side.pop(price, None)
    return lines


def replay(path: Path) -> int:
    """Replay the file as the command does, without hashing and output."""
    run = Replay([open_recording(parse_source(str(path)))], PairSettings())
    run.run()
    if run.errors:
        raise SystemExit(f"{path}: {run.errors[0].error}")
    return run.frames


def measure(path: Path, rounds: int) -> dict[str, object]:
    """Compare both on one file."""
    spent: tuple[list[float], list[float]] = ([], [])
    lines = 0
    if path.stat().st_size < SHORT_BYTES:
        rounds *= SHORT_ROUNDS
    for _ in range(rounds):
        for work, times in ((least, spent[0]), (replay, spent[1])):
            before = process_time()
            lines = work(path)
            times.append(process_time() - before)
    floor_s, replay_s = median(spent[0]), median(spent[1])
    return {
        "file": path.name,
        "frames": lines,
        "least_us": round(floor_s / lines * 1e6, 2),
        "replay_us": round(replay_s / lines * 1e6, 2),
        "ratio": round(replay_s / floor_s, 2),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table or JSON, and tell by the exit code whether the bar is kept."""
    parser = argparse.ArgumentParser(prog="benchmarks.replay", description=__doc__)
    parser.add_argument("files", nargs="*", type=Path)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    files = arguments.files or sorted(
        {path for pattern in RECORDINGS for path in SHARED_DATA.glob(pattern)}
    )
    if not files:
        print(f"no recordings at {SHARED_DATA}", file=sys.stderr)
        return 2
    rows = [measure(path, arguments.rounds) for path in files]
    kept = all(float(str(row["ratio"])) <= BAR for row in rows)
    if arguments.json:
        machine = f"{platform.machine()} {platform.python_version()}"
        print(json.dumps({"bar": BAR, "kept": kept, "machine": machine, "rows": rows}))
    else:
        print(f"{'file':36} {'frames':>7} {'least us':>9} {'replay us':>10} {'ratio':>6}")
        for row in rows:
            print(
                f"{row['file']:36} {row['frames']:7} {row['least_us']:9} "
                f"{row['replay_us']:10} {row['ratio']:6}"
            )
        print(f"bar {BAR}: {'kept' if kept else 'broken'}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
