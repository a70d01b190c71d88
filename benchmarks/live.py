"""Live at a steady rate: the whole engine on 200 books over real sockets, and whether it keeps up.

    python -m benchmarks.live [--rate 6000] [--seconds 30] [--symbols 100] [--json] [--profile FILE]

The venues run as a process of their own (`benchmarks.venues`) and stamp each event with the time
it was due.  Growth of a queue would show as lag (due to detector) that rises from the first third
of the run to the last, as bytes left waiting in the sockets, or as full mailboxes.
"""

from __future__ import annotations

import argparse
import cProfile
import fcntl
import gc
import json
import statistics
import struct
import sys
import termios
import time
from contextlib import nullcontext
from functools import partial

import trio

from arbtree.engine import Engine
from arbtree.status import books
from benchmarks.bench_engine import KeptDialer, all_live, bench_venues, engine_for
from benchmarks.memory import resident_mb
from config.settings import Settings
from messages.books import BookTop

BOOKS = 200
RATE = 6000.0
"""The bar: depth events a second over `BOOKS` books on one core."""

WARM_S = 3.0
"""After the last book is live: routes, windows and allocator settle."""

SAMPLE_S = 0.05
"""How often sockets are looked at."""

GROWTH = 2.0
"""Lag of the last third over the first above this counts as a growing queue (and 20 ms more)."""

GROWTH_MS = 20.0


class Watcher:
    """Takes the age of every fourth top as the detector's mailbox accepts it."""

    def __init__(self) -> None:
        self.on = False
        self.tops = 0
        self.lag_ms: list[float] = []
        self.apply_us: list[float] = []

    def on_accepted(self, path: str, generation: int, message: object) -> None:
        """See `Observer`."""
        if self.on and type(message) is BookTop:
            self.tops += 1
            if not self.tops % 4:
                self.lag_ms.append(time.time_ns() / 1e6 - message.venue_ms)
                self.apply_us.append((time.monotonic_ns() - message.received_ns) / 1e3)

    def on_state(self, path: str, state: str, generation: int) -> None:
        """See `Observer`."""


class Collections:
    """Counts garbage collections and the time they take."""

    def __init__(self) -> None:
        self.count = 0
        self.spent_s = self.longest_s = self._began_s = 0.0

    def __call__(self, phase: str, info: dict[str, int]) -> None:
        """See `gc.callbacks`."""
        if phase == "start":
            self._began_s = time.perf_counter()
            return
        took_s = time.perf_counter() - self._began_s
        self.count += 1
        self.spent_s += took_s
        self.longest_s = max(self.longest_s, took_s)


def waiting_bytes(dialer: KeptDialer) -> int:
    """What the kernel holds for us, all sockets together."""
    total = 0
    for stream in dialer.streams:
        if stream.socket.fileno() >= 0:
            answer = fcntl.ioctl(stream.socket.fileno(), termios.FIONREAD, b"\0" * 4)
            total += struct.unpack("i", answer)[0]
    return total


def quantile(values: list[float], share: float) -> float:
    """The value below which this share lies."""
    ordered = sorted(values)
    return round(ordered[min(len(ordered) - 1, int(share * len(ordered)))], 3)


async def run(
    settings: Settings, rate: float, seconds: float, profile: str | None
) -> dict[str, object]:
    """Run the engine, measure for so many seconds, stop it in order."""
    dialer, watcher = KeptDialer(), Watcher()
    engine = engine_for(settings, dialer, watcher)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(engine.run)
        live_s = await all_live(engine)
        gc.collect()
        gc.freeze()
        await trio.sleep(WARM_S)
        found = await measure(engine, dialer, watcher, seconds, profile)
        resident = resident_mb()
        engine.runtime.request_stop("the benchmark is over")
    third = len(watcher.lag_ms) // 3
    first, last = watcher.lag_ms[:third], watcher.lag_ms[-third:]
    grew = statistics.median(last) > GROWTH * statistics.median(first) + GROWTH_MS
    return {
        "rate_asked": rate,
        **found,
        "live_after_s": round(live_s, 2),
        "resident_mb": resident,
        "lag_first_third_p50_ms": quantile(first, 0.5),
        "lag_last_third_p50_ms": quantile(last, 0.5),
        "lag_p50_ms": quantile(watcher.lag_ms, 0.5),
        "lag_p99_ms": quantile(watcher.lag_ms, 0.99),
        "read_to_detector_p50_us": quantile(watcher.apply_us, 0.5),
        "read_to_detector_p99_us": quantile(watcher.apply_us, 0.99),
        "queue_grew": grew,
    }


async def measure(
    engine: Engine, dialer: KeptDialer, watcher: Watcher, seconds: float, profile: str | None
) -> dict[str, object]:
    """Count what passes within so many seconds."""
    waiting: list[float] = []
    before = sum(book.updates for book in books(engine))
    frames = sum(feed.frames for venue in engine.venues.values() for feed in venue.feeds.values())
    tracer = cProfile.Profile() if profile else None
    watcher.on = True
    collections = Collections()
    gc.callbacks.append(collections)
    with tracer if tracer is not None else nullcontext():
        began_s, cpu_s = time.perf_counter(), time.process_time()
        while (left_s := began_s + seconds - time.perf_counter()) > 0:
            await trio.sleep(min(SAMPLE_S, left_s))
            waiting.append(float(waiting_bytes(dialer)))
        took_s, cpu_s = time.perf_counter() - began_s, time.process_time() - cpu_s
    watcher.on = False
    gc.callbacks.remove(collections)
    if tracer is not None:
        tracer.dump_stats(str(profile))
    seen = list(books(engine))
    events = sum(book.updates for book in seen) - before
    frames = -frames + sum(
        feed.frames for venue in engine.venues.values() for feed in venue.feeds.values()
    )
    detector = engine.runtime.lookup("engine/detector").statistics()
    return {
        "books": len(seen),
        "books_live": sum(book.state == "LIVE" for book in seen),
        "events_per_s": round(events / took_s, 1),
        "frames_per_s": round(frames / took_s, 1),
        "core_share": round(cpu_s / took_s, 3),
        "cpu_us_per_frame": round(cpu_s / frames * 1e6, 1),
        "collections_per_s": round(collections.count / took_s, 1),
        "collections_share": round(collections.spent_s / took_s, 4),
        "collections_longest_ms": round(collections.longest_s * 1e3, 2),
        "tops_per_s": round(watcher.tops / took_s, 1),
        "waiting_p50_bytes": quantile(waiting, 0.5),
        "waiting_max_bytes": max(waiting),
        "book_mailbox_peak": max(book.mailbox_peak for book in seen),
        "detector_mailbox_peak": detector.peak,
        "detector_conflated": detector.lost.get("conflated", 0),
        "lost": sum(book.mailbox_lost for book in seen),
        "gaps": sum(book.gaps for book in seen),
        "resyncs": sum(book.resyncs for book in seen),
        "restarts": sum(book.restarts for book in seen),
        "quotes_compared": sum(book.quotes_compared for book in seen),
        "quotes_different": sum(book.quotes_compared - book.quotes_equal for book in seen),
    }


def main() -> int:
    """Measure and print; 1 when the engine did not keep up."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rate", type=float, default=RATE)
    parser.add_argument("--seconds", type=float, default=30.0)
    parser.add_argument("--symbols", type=int, default=BOOKS // 2, help="symbols a venue")
    parser.add_argument(
        "--levels", type=int, default=1000, help="levels a side; fewer go live sooner"
    )
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--profile", metavar="FILE", help="write a cProfile there")
    options = parser.parse_args()
    with bench_venues(options.symbols, options.levels, options.rate) as settings:
        found = trio.run(partial(run, settings, options.rate, options.seconds, options.profile))
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:26} {value}")
    return int(bool(found["queue_grew"]))


if __name__ == "__main__":
    sys.exit(main())
