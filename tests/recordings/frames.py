"""Small recordings made from the venues' documented frames, for tests that need no real data."""

from __future__ import annotations

import gzip
import json
from pathlib import Path
from typing import Any

from actors.recordings.pairs import PairSettings
from actors.recordings.replay import Replay
from actors.recordings.report import report
from actors.recordings.sources import open_recordings

START_NS = 1_700_000_000_000_000_000


def depth(first: int, last: int, bids: object, asks: object, native: str = "BTCUSDT") -> str:
    """A spot depth event in its combined stream frame."""
    data: dict[str, Any] = {
        "e": "depthUpdate",
        "E": 1_700_000_000_000,
        "s": native,
        "U": first,
        "u": last,
        "b": bids,
        "a": asks,
    }
    return json.dumps(
        {"stream": f"{native.lower()}@depth@100ms", "data": data}, separators=(",", ":")
    )


def ticker(update_id: int, bid: str, ask: str, native: str = "BTCUSDT") -> str:
    """A spot best-bid/ask message with 1 on both sides."""
    data = {"u": update_id, "s": native, "b": bid, "B": "1", "a": ask, "A": "1"}
    return json.dumps(
        {"stream": f"{native.lower()}@bookTicker", "data": data}, separators=(",", ":")
    )


def snapshot(last: int, bids: object, asks: object) -> str:
    """A spot REST depth answer."""
    answer = {"lastUpdateId": last, "bids": bids, "asks": asks}
    return json.dumps(answer, separators=(",", ":"))


BIDS = [["100.5", "2"], ["100.0", "1"]]
ASKS = [["101.0", "3"], ["101.5", "1"]]

SESSION = (
    depth(1, 5, [["100.5", "2"]], []),
    snapshot(7, BIDS, ASKS),
    depth(6, 8, [["100.5", "4"]], []),
    ticker(9, "100.6", "101.0"),
    depth(9, 9, [["100.6", "1"]], [["101.0", "1"]]),
    depth(10, 12, [["100.6", "0"]], []),
)
"""A first event too old, the snapshot, three that continue, and one quote to compare."""


MS = 1_000_000
"""Nanoseconds of a millisecond, the distance of two records."""

QUOTE_ROWS = ((0, "100.4,100.6"), (2, "100.8,100.9"), (3, "0,0"), (5, "100.1,100.2"))
QUOTES = "".join(
    ["ts_ns,bid,ask\n", *(f"{START_NS + n * MS},{prices}\n" for n, prices in QUOTE_ROWS)]
).encode()
"""Best prices of another venue at 0, 2 and 5 ms, and no quote at 3 ms."""


def hft(lines: tuple[str, ...], start_ns: int = START_NS, step_ns: int = 1_000_000) -> bytes:
    """Make lines of an hftbacktest recording, one millisecond apart."""
    stamped = (f"{start_ns + n * step_ns} {line}\n" for n, line in enumerate(lines))
    return "".join(stamped).encode()


def write(path: Path, data: bytes, *, packed: bool = True) -> Path:
    """Write a file, gzip or plain."""
    path.write_bytes(gzip.compress(data) if packed else data)
    return path


def recording(path: Path, *lines: str, start_ns: int = START_NS) -> Path:
    """Write an hftbacktest file."""
    return write(path, hft(lines, start_ns))


def replayed(*files: Path | str, quotes: str = "", **settings: Any) -> dict[str, Any]:
    """Replay files and report."""
    recordings = open_recordings([str(file) for file in files])
    replay = Replay(recordings, PairSettings(**settings), quotes)
    replay.run()
    return report(replay)
