"""What the auditor and the figures cost: the whole engine with and without them, in turns.

    python -m benchmarks.watching [--rounds 7] [--seconds 60] [--json]

Engine and embedded venues run in virtual time, so that CPU time is all there is to measure; the
three ways take turns in one process, and each ratio is the median over the rounds.  Beside it
stands what one audit costs a book of a thousand levels a side, and one scrape costs the loop.
"""

from __future__ import annotations

import argparse
import json
import statistics
import time

import trio
from msgspec.structs import replace
from trio.testing import MockClock

from actors.book_audit import BookAudit
from actors.proven_book import ProvenBook
from actors.runtime.clock import TrioClock
from arbtree.engine import Engine, Seams, embedded_world
from arbtree.metrics import Metrics
from arbtree.status import books
from config.defaults import default_settings
from config.settings import AuditorSettings, Settings
from exchanges.contract import SequenceRule
from messages.market import BookDelta, BookSnapshot, Levels
from simulator.world import START_MS, World
from supervisors.runtime import Options

ROUNDS = 7
SECONDS = 60.0
WARM_S = 3.0
SCRAPE_S = 15.0
"""How often Prometheus asks unless told otherwise."""

BARE, AUDITED, SCRAPED = "without", "auditor", "auditor and figures"
LEVELS, EVENTS, EVENT_LEVELS = 1_000, 20, 10


def settings_for(way: str) -> Settings:
    """The default engine: three venues, 18 books."""
    audits = AuditorSettings(enabled=way != BARE)
    return replace(default_settings(), auditor=audits)


async def cpu_of(way: str, seconds: float) -> tuple[float, float, int]:
    """CPU seconds of an engine over so many virtual ones; ms and bytes of one scrape."""
    settings = settings_for(way)
    world = embedded_world(settings)
    assert world is not None
    async with trio.open_nursery() as nursery:
        await nursery.start(World.run, world)
        clock = TrioClock(START_MS * 1_000_000)
        engine = Engine(settings, Seams(world.dial, clock), options=Options(seed=1))
        started = trio.Event()
        nursery.start_soon(engine.run, started)
        await started.wait()
        await trio.sleep(WARM_S)
        if any(book.state != "LIVE" for book in books(engine)):
            raise SystemExit("not every book is live")
        metrics = Metrics(engine)
        began_s, until_s = time.process_time(), trio.current_time() + seconds
        while (left_s := until_s - trio.current_time()) > 0:
            await trio.sleep(min(SCRAPE_S, left_s))
            if way == SCRAPED:
                metrics.text()
        spent_s = time.process_time() - began_s
        scrapes = []
        for _ in range(20):
            once_s = time.process_time()
            text = metrics.text()
            scrapes.append(time.process_time() - once_s)
        nursery.cancel_scope.cancel(reason="measured")
    return spent_s, statistics.median(scrapes) * 1e3, len(text)


def one_audit_us(rounds: int) -> dict[str, float]:
    """What one audit costs a large book: the copy, a note, and the comparison."""
    bids: Levels = tuple(((60_000_00 - 3 * n) / 100, 1.0 + n) for n in range(LEVELS))
    asks: Levels = tuple(((60_000_01 + 3 * n) / 100, 1.0 + n) for n in range(LEVELS))
    book = ProvenBook(SequenceRule.CONTIGUOUS, max_levels=LEVELS)
    book.open(1)
    book.snapshot(BookSnapshot("binance", "BTC/USDT", 1, 100, 0, 0, bids, asks))
    audit = BookAudit(book, 100, 20)
    events = [
        BookDelta(
            "binance",
            "BTC/USDT",
            1,
            101 + n,
            101 + n,
            -1,
            0,
            0,
            tuple((price, 5.0 + n) for price, _ in bids[: EVENT_LEVELS // 2]),
            tuple((price, 5.0 + n) for price, _ in asks[: EVENT_LEVELS // 2]),
        )
        for n in range(EVENTS)
    ]
    spent: dict[str, list[float]] = {"copy": [], "note": [], "compare": []}
    for number in range(rounds * 20):
        began = time.perf_counter()
        audit.begin(number)
        copied = time.perf_counter()
        for event in events:
            audit.applied(event)
        noted = time.perf_counter()
        theirs = BookSnapshot("binance", "BTC/USDT", 1, 100 + EVENTS, 0, 0, bids[:100], asks[:100])
        audit.snapshot(number, theirs)
        spent["copy"].append(copied - began)
        spent["note"].append((noted - copied) / EVENTS)
        spent["compare"].append(time.perf_counter() - noted)
    return {name: round(statistics.median(each) * 1e6, 2) for name, each in spent.items()}


def measure(rounds: int, seconds: float) -> dict[str, object]:
    """Let the ways take turns."""
    ways = (BARE, AUDITED, SCRAPED)
    spent: dict[str, list[float]] = {way: [] for way in ways}
    scrape_ms, size = [], 0
    for number in range(rounds):
        for way in ways[number % 3 :] + ways[: number % 3]:
            cpu_s, once_ms, size = trio.run(
                cpu_of, way, seconds, clock=MockClock(autojump_threshold=0)
            )
            spent[way].append(cpu_s)
            scrape_ms.append(once_ms)
    ratios = {
        way: statistics.median(b / a for a, b in zip(spent[BARE], spent[way], strict=True))
        for way in ways
    }
    return {
        "rounds": rounds,
        "virtual_s": seconds,
        "cpu_median_s": {way: round(statistics.median(each), 3) for way, each in spent.items()},
        "ratio": {way: round(ratio, 3) for way, ratio in ratios.items()},
        "audit_us": one_audit_us(rounds),
        "scrape_ms": round(statistics.median(scrape_ms), 2),
        "scrape_bytes": size,
        "books": len(default_settings().venues) * len(default_settings().venues[0].symbols),
    }


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--seconds", type=float, default=SECONDS)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = measure(options.rounds, options.seconds)
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:14} {value}")


if __name__ == "__main__":
    main()
