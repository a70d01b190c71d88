"""What decoding a frame costs, by venue and kind of message, beside what others would pay.

The bar: our codec is never slower than orjson and `float()` on depth increments of JSON venues,
although it also checks every number and builds the message.  Beside it, without a bar: the other
kinds; for MEXC `json_format.MessageToDict` and `float()`, which is what most code does with
protobuf; and the message handler of ccxt.pro's exchange class.  All ways decode the same bytes
and take turns round by round, and the medians of their CPU time are compared.  Before anything is
timed, every way must come up with the numbers of our messages (ccxt.pro: must make something of
every frame).

    python -m benchmarks.decode [--rounds 15] [--frames 400] [--real] [--json] [--without-peers]

Frames are those of the simulated venues, and with `--real` of real recordings too.  orjson and
ccxt.pro are no dependencies of arbtree: they are installed by pip into an environment of their
own below the user's cache folder, once, and skipped with a sentence where that fails.
"""

from __future__ import annotations

import argparse
import base64
import gc
import json
import os
import subprocess
import sys
import venv
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from statistics import median
from time import process_time_ns
from typing import Any, Self

from google.protobuf.json_format import MessageToDict

from benchmarks.frames import SEQUENCES, Frames, numbers, recorded, simulated
from exchanges.mexc.frames_pb2 import PushDataWrapper
from exchanges.registry import dialect
from messages.market import BookDelta

OURS, ORJSON, TO_DICT, CCXT = "ours", "orjson + float", "MessageToDict + float", "ccxt.pro"
PEERS = {ORJSON: "orjson", CCXT: "ccxt"}
"""What `benchmarks.peers.decoders` calls the ways that run in the other environment."""
PACKAGES = {"orjson": ("orjson",), "ccxt": ("ccxt", "protobuf==5.29.5")}
"""What pip installs; that protobuf is the one ccxt asks for."""
INSTALL_S = 400.0
BOOK_FRAMES = 50
"""The books that ccxt.pro applies increments to begin with the levels of so many of them."""

Way = Callable[[], float]
"""One round; microseconds of CPU a frame."""
Json = Any


# -- the other environment ----------------------------------------------------------------------


def environment() -> tuple[Path, list[str]]:
    """The interpreter of the other environment, and a sentence for each package it lacks."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    place = cache / "arbtree" / f"benchmarks-{sys.version_info.major}.{sys.version_info.minor}"
    python = place / "bin" / "python"
    if not python.exists():
        venv.create(place, with_pip=True)
    missing = []
    for name, packages in PACKAGES.items():
        stamp = place / f".installed-{name}"
        if stamp.exists():
            continue
        command = [str(python), "-m", "pip", "install", "--quiet", *packages]
        try:
            done = subprocess.run(
                command, capture_output=True, text=True, timeout=INSTALL_S, check=False
            )
            failed = done.returncode != 0
        except subprocess.TimeoutExpired:
            failed = True
        if failed:
            missing.append(f"{name} is left out: pip could not install it")
        else:
            stamp.touch()
    return python, missing


class Peers:
    """The other decoders in their own process; `with` ends it."""

    def __init__(self, python: Path) -> None:
        self._child = subprocess.Popen(
            [str(python), "-W", "ignore", str(Path(__file__).parent / "peers" / "decoders.py")],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.versions: dict[str, str] = self._answer()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()

    def ask(self, do: str, way: str, **more: Json) -> Json:
        """One question; ends the program when the child is gone."""
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps({"do": do, "way": PEERS[way], **more}) + "\n")
        self._child.stdin.flush()
        return self._answer()

    def _answer(self) -> Json:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit("the other decoders ended; what they said stands above")
        return json.loads(line)

    def way(self, name: str) -> Way:
        """Ask for rounds of what was loaded."""
        return lambda: float(self.ask("run", name)["us"])


# -- the ways -----------------------------------------------------------------------------------


def timed(decode: Callable[[bytes], object], frames: Sequence[bytes]) -> Way:
    """Rounds of one function in this process."""

    def run() -> float:
        began = process_time_ns()
        for payload in frames:
            decode(payload)
        return (process_time_ns() - began) / len(frames) / 1_000

    return run


_MEMBERS: dict[str, tuple[str, tuple[str, ...]]] = {
    "depth": ("publicAggreDepths", ("price", "quantity")),
    "partial depth": ("publicLimitDepths", ("price", "quantity")),
    "best quote": ("publicAggreBookTicker", ("bidPrice", "bidQuantity", "askPrice", "askQuantity")),
    "trade": ("publicAggreDeals", ("price", "quantity")),
    "kline": (
        "publicSpotKline",
        ("openingPrice", "highestPrice", "lowestPrice", "closingPrice", "volume"),
    ),
    "ticker": ("publicMiniTicker", ("price", "high", "low", "quantity")),
}
_SIDES = ("bids", "asks")
_LISTS = {"depth": _SIDES, "partial depth": _SIDES, "trade": ("deals",)}


def to_dict(kind: str) -> Callable[[bytes], list[float]]:
    """MEXC's protobuf by way of a dictionary."""
    body, names = _MEMBERS[kind]
    lists = _LISTS.get(kind, ())

    def decode(payload: bytes) -> list[float]:
        data = MessageToDict(PushDataWrapper.FromString(payload))[body]
        if not lists:
            return [float(data[name]) for name in names]
        return [
            float(each[name]) for side in lists for each in data.get(side, ()) for name in names
        ]

    return decode


def _same(way: str, found: Sequence[Sequence[float]], wanted: Sequence[Sequence[float]]) -> None:
    """Stop unless a way found our numbers, the sign apart, by which a venue may say who sold."""
    for theirs, ours in zip(found, wanted, strict=True):
        if [abs(each) for each in theirs] != list(ours):
            raise SystemExit(f"{way} found {list(theirs)} where we found {list(ours)}")


def _markets(frames: Frames) -> list[Json]:
    """The symbols as ccxt describes them."""
    described = []
    for info in frames.infos:
        swap = ":" in info.symbol
        market = {"id": info.native, "symbol": info.symbol, "base": info.base, "quote": info.quote}
        market |= {"baseId": info.base, "quoteId": info.quote, "type": "swap" if swap else "spot"}
        more: Json = {"spot": not swap, "swap": swap, "contract": swap, "active": True}
        if swap:
            linear = info.settle == info.quote
            more |= {"settle": info.settle, "linear": linear, "inverse": not linear}
            more["contractSize"] = float(info.contract_size)
        described.append({**market, **more})
    return described


def _books(deltas: Sequence[BookDelta]) -> dict[str, Json]:
    """Books that the increments can be applied to."""
    books: dict[str, Json] = {}
    for delta in deltas:
        before = delta.previous_id if delta.previous_id >= 0 else delta.first_id - 1
        book = books.setdefault(delta.symbol, {"nonce": before, "bids": [], "asks": []})
        if len(book["bids"]) < BOOK_FRAMES:
            for side, levels in (("bids", delta.bids), ("asks", delta.asks)):
                book[side] += [level for level in levels if level[1]]
    return books


def ways_of(frames: Frames, kind: str, peers: Peers | None) -> tuple[dict[str, Way], list[str]]:
    """Every way that can decode these frames, proven to; and why others cannot."""
    payloads, venue = frames.kinds[kind], frames.venue
    decode = dialect(venue).codec(frames.infos, 0).decode
    messages = [decode(payload, 0) for payload in payloads]
    wanted = [[number for each in some for number in numbers(each)] for some in messages]
    ways: dict[str, Way] = {OURS: timed(lambda payload: decode(payload, 0), payloads)}
    notes: list[str] = []
    if venue == "mexc":
        read = to_dict(kind)
        _same(TO_DICT, [read(payload) for payload in payloads], wanted)
        ways[TO_DICT] = timed(read, payloads)
    if peers is None:
        return ways, notes
    load: Json = {
        "venue": venue,
        "kind": kind,
        "frames": [base64.b64encode(payload).decode() for payload in payloads],
    }
    if venue != "mexc" and "orjson" in peers.versions:
        answer = peers.ask("load", ORJSON, **load)
        if "numbers" in answer:
            _same(ORJSON, answer["numbers"], wanted)
            ways[ORJSON] = peers.way(ORJSON)
        else:
            notes.append(f"{ORJSON} not asked: these older frames have no {answer['lacks']!r}")
    if "ccxt" in peers.versions:
        deltas = [each for some in messages for each in some if isinstance(each, BookDelta)]
        load |= {"markets": _markets(frames), "books": _books(deltas)}
        handled = peers.ask("load", CCXT, **load)["handled"]
        if handled == len(payloads):
            ways[CCXT] = peers.way(CCXT)
        else:
            notes.append(f"{CCXT} handles {handled} of {len(payloads)} frames")
    return ways, notes


# -- measuring ----------------------------------------------------------------------------------


def row(source: str, frames: Frames, kind: str, rounds: int, peers: Peers | None) -> Json:
    """Measure one venue and kind."""
    payloads = frames.kinds[kind]
    ways, notes = ways_of(frames, kind, peers)
    spent: dict[str, list[float]] = {name: [] for name in ways}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, way in ways.items():
            spent[name].append(way())
    gc.unfreeze()
    us = {name: median(each) for name, each in spent.items()}
    judged = kind in SEQUENCES and ORJSON in us
    return {
        "source": source,
        "venue": frames.venue,
        "kind": kind,
        "frames": len(payloads),
        "bytes": round(sum(map(len, payloads)) / len(payloads)),
        "us": {name: round(each, 2) for name, each in us.items()},
        "times_ours": {
            name: round(each / us[OURS], 2) for name, each in us.items() if name != OURS
        },
        "notes": notes,
        "kept": us[OURS] <= us[ORJSON] if judged else None,
    }


def measure(count: int, rounds: int, real: bool, peers: Peers | None) -> Iterator[Json]:
    """All rows."""
    for frames in simulated(count):
        for kind in frames.kinds:
            yield row("simulated", frames, kind, rounds, peers)
    for frames in recorded(count) if real else ():
        for kind in frames.kinds:
            yield row("recorded", frames, kind, rounds, peers)


def line(each: Json) -> str:
    """One row in words."""
    others = (
        f"{name} {each['us'][name]:.2f} ({times:.1f} x)"
        for name, times in each["times_ours"].items()
    )
    what = f"{each['venue']} {each['kind']}"
    words = ", ".join((f"ours {each['us'][OURS]:.2f} us", *others, *each["notes"]))
    return f"{each['source']:9} {what:31} {each['bytes']:5} bytes: {words}"


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table or JSON, and tell by the exit code whether the bar is kept."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.decode", description=(__doc__ or "").split("\n")[0]
    )
    parser.add_argument("--rounds", type=int, default=15, help="rounds of every way")
    parser.add_argument("--frames", type=int, default=400, help="most frames of a kind")
    parser.add_argument("--real", action="store_true", help="measure real recordings too")
    parser.add_argument("--json", action="store_true", help="print JSON")
    parser.add_argument(
        "--without-peers", action="store_true", help="install nothing: no orjson, no ccxt.pro"
    )
    options = parser.parse_args(argv)
    if options.without_peers:
        missing = ["orjson and ccxt are left out, as asked"]
        rows, versions = list(measure(options.frames, options.rounds, options.real, None)), {}
    else:
        python, missing = environment()
        with Peers(python) as peers:
            rows = list(measure(options.frames, options.rounds, options.real, peers))
            versions = peers.versions
    kept = all(each["kept"] is not False for each in rows)
    if options.json:
        print(json.dumps({"rows": rows, "versions": versions, "missing": missing, "kept": kept}))
    else:
        for each in rows:
            print(line(each))
        named = ", ".join(f"{name} {version}" for name, version in versions.items())
        print("\n".join((*missing, f"beside {named}" if named else "", f"bar kept: {kept}")))
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
