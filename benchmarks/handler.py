"""What handling one depth event costs beside decoding it.

The bar: decode, sequence check, book and best quote compare together take at most 2.5 times the
typed decode alone, measured in the same run on synthetic Binance depth frames of 8.5 level
changes near the top.  Real recordings are reported beside it without a bar.  All ways take turns
with each other, round by round, and the medians are compared: ratios of one run mean something
on a busy machine, absolute times do not.

    python -m benchmarks.handler [--rounds 15] [--frames 5000] [--books 1] [--real] [--json]

`decode` reads the frame into the codec's own typed struct, limits of numbers included; `bare`
into the same struct without limits.  `codec` adds what makes a message of it.  `handler` is the
bar's: codec, `Sequencer`, `OrderBook` and the compare of the best prices with those of another
venue.  `proven` is what a book actor runs: codec and `ProvenBook`, proof by best quotes included.
"""

from __future__ import annotations

import argparse
import gc
import gzip
import json
import platform
import random
import sys
from collections.abc import Callable, Sequence
from decimal import Decimal
from pathlib import Path
from statistics import median
from time import perf_counter_ns, process_time_ns

import msgspec
from msgspec import Struct

from actors.proven_book import ProvenBook
from exchanges.binance import wire
from exchanges.contract import PublicCodec, SequenceRule
from exchanges.registry import dialect
from exchanges.sequencing import Sequencer, Verdict
from markets.book import OrderBook
from messages.instruments import SymbolInfo
from messages.market import BookDelta, BookSnapshot

BAR = 2.5
"""The issue's limit for handler over decode."""

SEED = 20260101
MID_TICKS = 6_183_764
"""61,837.64 at a tick of 0.01, the price of one of the recordings."""

DEPTH_LEVELS = 900
"""Levels a side at the start: one a tick."""

MEAN_DISTANCE_TICKS = 12.0
DELETED_SHARE = 0.35
EVENTS_PER_ID_STEP = 14

SHARED_DATA = Path(__file__).resolve().parents[2] / "shared" / "data" / "hftbacktest" / "binance"
REAL = {
    "binance": ("spot_btcusdt_20240808", "BTCUSDT", Decimal("0.01")),
    "binance_usdm": ("usdm_btcusdt_20240808", "BTCUSDT", Decimal("0.1")),
    "binance_coinm": ("coinm_btcusd_perp_20240808", "BTCUSD_PERP", Decimal("0.1")),
}

Levels = tuple[tuple[float, float], ...]


class BareDepth(Struct, gc=False, tag_field="e", tag="depthUpdate"):
    """A depth event without limits on its numbers."""

    E: int
    s: str
    U: int
    u: int
    b: Levels
    a: Levels
    pu: int = -1


class BareFrame(Struct, gc=False):
    """A combined frame of a bare event."""

    data: BareDepth


class TypedFrame(Struct, gc=False):
    """A combined frame as the spot codec reads it."""

    data: wire.DepthUpdate


class TypedFuturesFrame(Struct, gc=False):
    """A combined frame as the futures codec reads it."""

    data: wire.FuturesDepthUpdate


class Case(Struct):
    """Frames of one symbol, and the snapshot they continue."""

    venue: str
    info: SymbolInfo
    snapshot: BookSnapshot
    frames: list[bytes]


# -- input --------------------------------------------------------------------------------------


def symbol_info(venue: str, native: str, tick: Decimal) -> SymbolInfo:
    """The symbol as its dialect reads the name, with the tick filled in."""
    return msgspec.structs.replace(dialect(venue).symbol_from_native(native), tick=tick)


def synthetic(count: int) -> Case:
    """Seeded frames of a random walk: 8.5 changes each, mostly near the top."""
    chance = random.Random(SEED)
    info = symbol_info("binance", "BTCUSDT", Decimal("0.01"))
    amounts = [round(chance.uniform(0.001, 3.0), 5) for _ in range(DEPTH_LEVELS)]
    sides = [
        tuple(((MID_TICKS + sign * (1 + n)) / 100, amounts[n]) for n in range(DEPTH_LEVELS))
        for sign in (-1, 1)
    ]
    first_id, mid, frames = 50_093_239_189, MID_TICKS, []
    snapshot = BookSnapshot("binance", info.symbol, 0, first_id - 1, 0, 0, sides[0], sides[1])
    for number in range(count):
        moved = chance.choice((-1, 0, 0, 0, 0, 1))
        mid += moved
        changes: tuple[dict[int, str], dict[int, str]] = ({}, {})
        # A price that moved takes the level it moved over with it: the book never crosses.
        changes[moved > 0][mid] = "0.00000000"
        for _ in range(chance.choice((8, 9, 10)) - 1):
            distance = 1 + int(chance.expovariate(1.0 / MEAN_DISTANCE_TICKS))
            gone = distance > 1 and chance.random() < DELETED_SHARE
            amount = "0.00000000" if gone else f"{chance.uniform(0.001, 3.0):.5f}000"
            side = chance.randrange(2)
            changes[side][mid + (distance if side else -distance)] = amount
        bids, asks = (
            ",".join(f'["{tick // 100}.{tick % 100:02d}000000","{side[tick]}"]' for tick in ticks)
            for side, ticks in (
                (changes[0], sorted(changes[0], reverse=True)), (changes[1], sorted(changes[1])),
            )
        )  # fmt: skip
        last_id = first_id + EVENTS_PER_ID_STEP - 1
        frames.append(
            f'{{"stream":"btcusdt@depth@100ms","data":{{"e":"depthUpdate",'
            f'"E":{1723161255208 + number * 100},"s":"BTCUSDT","U":{first_id},"u":{last_id},'
            f'"b":[{bids}],"a":[{asks}]}}}}'.encode()
        )
        first_id = last_id + 1
    return Case("binance", info, snapshot, frames)


def recorded(venue: str) -> Case:
    """The depth frames of a real recording from its snapshot on."""
    name, native, tick = REAL[venue]
    info = symbol_info(venue, native, tick)
    spoken = dialect(venue)
    frames: list[bytes] = []
    snapshot: BookSnapshot | None = None
    with gzip.open(SHARED_DATA / f"{name}.gz") as lines:
        for line in lines:
            payload = line.split(b" ", 1)[1].strip()
            if b"@depth" in payload[:80]:
                frames.append(payload)
            elif not payload.startswith(b'{"stream"') and snapshot is None:
                snapshot = spoken.decode_snapshot(payload, info, 0, 0)
    if snapshot is None:
        raise SystemExit(f"{name} holds no snapshot")
    return Case(venue, info, snapshot, frames)


# -- the ways -----------------------------------------------------------------------------------

Way = Callable[[list[bytes]], None]


def decode_way(frame: type[Struct]) -> Callable[[], Way]:
    """Decode and nothing else."""
    decode = msgspec.json.Decoder(frame, strict=False).decode

    def run(frames: list[bytes]) -> None:
        for payload in frames:
            decode(payload)

    return lambda: run


def codec_of(case: Case) -> PublicCodec:
    """A codec for the case's symbol, warm: its stream is known."""
    codec = dialect(case.venue).codec((case.info,), 0)
    codec.decode(case.frames[0], 0)
    return codec


def codec_way(case: Case) -> Way:
    """Make messages."""
    decode = codec_of(case).decode

    def run(frames: list[bytes]) -> None:
        for payload in frames:
            decode(payload, 0)

    return run


def live_book(case: Case) -> tuple[Sequencer, OrderBook]:
    """A sequencer and a book that stand at the snapshot."""
    sequencer, book = Sequencer(dialect(case.venue).rule), OrderBook()
    sequencer.snapshot(case.snapshot)
    book.reset(case.snapshot.bids, case.snapshot.asks)
    return sequencer, book


def handler_way(case: Case) -> Way:
    """Decode, check the sequence, change the book, compare the best prices with another venue's."""
    decode = codec_of(case).decode
    sequencer, book = live_book(case)
    other_bid, other_ask, apply = 0.0, sys.float_info.max, Verdict.APPLY

    def run(frames: list[bytes]) -> None:
        crossings = 0
        for payload in frames:
            for message in decode(payload, 0):
                if isinstance(message, BookDelta) and sequencer.delta(message) is apply:
                    book.apply(message.bids, message.asks)
                    bid, ask = book.bids.best_price, book.asks.best_price
                    if not bid or not ask or bid > other_ask or ask < other_bid:
                        crossings += 1
        if crossings or sequencer.gaps:
            raise SystemExit("the input is not coherent")

    return run


def many_way(case: Case, books: int) -> Way:
    """The same with every message given to many books in turn, whose caches are cold."""
    decode = codec_of(case).decode
    pairs = [live_book(case) for _ in range(books)]

    def run(frames: list[bytes]) -> None:
        for payload in frames:
            for message in decode(payload, 0):
                for sequencer, book in pairs:
                    if isinstance(message, BookDelta) and sequencer.delta(message) is Verdict.APPLY:
                        book.apply(message.bids, message.asks)
                        book.best()

    return run


def proven_way(case: Case) -> Way:
    """Do what a book actor does with an event."""
    decode = codec_of(case).decode
    book = ProvenBook(dialect(case.venue).rule)
    book.open(0)
    book.snapshot(case.snapshot)

    def run(frames: list[bytes]) -> None:
        for payload in frames:
            for message in decode(payload, 0):
                if isinstance(message, BookDelta):
                    book.delta(message)
        if not book.live:
            raise SystemExit(f"the book is dark: {book.reason.value}")

    return run


# -- measuring ----------------------------------------------------------------------------------


def measure(case: Case, rounds: int, books: int) -> dict[str, float]:
    """Microseconds of CPU a frame for each way, the median of all rounds."""
    futures = dialect(case.venue).rule is SequenceRule.CHAINED
    ways: dict[str, Callable[[], Way]] = {
        "bare": decode_way(BareFrame),
        "decode": decode_way(TypedFuturesFrame if futures else TypedFrame),
        "codec": lambda: codec_way(case),
        "handler": lambda: handler_way(case),
        "proven": lambda: proven_way(case),
    }
    if books > 1:
        ways[f"handler, {books} books"] = lambda: many_way(case, books)
    spent: dict[str, list[float]] = {name: [] for name in ways}
    gc.collect()
    gc.freeze()
    for _ in range(rounds):
        for name, make in ways.items():
            way = make()
            began = process_time_ns()
            way(case.frames)
            spent[name].append((process_time_ns() - began) / len(case.frames) / 1_000)
    gc.unfreeze()
    result = {name: median(each) for name, each in spent.items()}
    if books > 1:
        # One decode, many books: take the decode off, share, and put it on again.
        many = (result.pop(f"handler, {books} books") - result["codec"]) / books
        result[f"handler_{books}_books"] = result["codec"] + many
    return result


def row(name: str, case: Case, rounds: int, books: int) -> dict[str, object]:
    """One line of the table."""
    spent = measure(case, rounds, books)
    codec = dialect(case.venue).codec((case.info,), 0)
    changes = [
        len(message.bids) + len(message.asks)
        for payload in case.frames
        for message in codec.decode(payload, 0)
        if isinstance(message, BookDelta)
    ]
    return {
        "input": name,
        "frames": len(case.frames),
        "changes": round(sum(changes) / len(changes), 1),
        "bytes": round(sum(map(len, case.frames)) / len(case.frames)),
        "us": {way: round(us, 2) for way, us in spent.items()},
        "ratio": round(spent["handler"] / spent["decode"], 2),
        "ratio_to_bare": round(spent["handler"] / spent["bare"], 2),
        "ratio_proven": round(spent["proven"] / spent["decode"], 2),
    }


def main(argv: Sequence[str] | None = None) -> int:
    """Measure, print a table or JSON, and tell by the exit code whether the bar is kept."""
    parser = argparse.ArgumentParser(prog="benchmarks.handler", description=__doc__)
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--frames", type=int, default=5_000)
    parser.add_argument("--books", type=int, default=1)
    parser.add_argument("--real", action="store_true", help="measure real recordings too")
    parser.add_argument("--json", action="store_true")
    arguments = parser.parse_args(argv)
    began = perf_counter_ns()
    rows = [row("synthetic", synthetic(arguments.frames), arguments.rounds, arguments.books)]
    if arguments.real:
        if not SHARED_DATA.is_dir():
            print(f"no recordings at {SHARED_DATA}", file=sys.stderr)
            return 2
        rows += [row(venue, recorded(venue), max(3, arguments.rounds // 5), 1) for venue in REAL]
    kept = float(str(rows[0]["ratio"])) <= BAR
    if arguments.json:
        machine = f"{platform.machine()} {platform.python_version()}"
        took_s = round((perf_counter_ns() - began) / 1e9, 1)
        print(
            json.dumps(
                {"bar": BAR, "kept": kept, "machine": machine, "took_s": took_s, "rows": rows}
            )
        )
    else:
        for each in rows:
            print(f"{each['input']}: {each['frames']} frames, {each['changes']} changes each")
            print(f"  us a frame {each['us']}")
            print(
                f"  handler {each['ratio']} times decode ({each['ratio_to_bare']} times bare), "
                f"proven {each['ratio_proven']} times"
            )
        print(f"bar {BAR} on synthetic frames: {'kept' if kept else 'broken'}")
    return 0 if kept else 1


if __name__ == "__main__":
    raise SystemExit(main())
