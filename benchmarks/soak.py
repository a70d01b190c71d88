"""Hours with many venues whose connections are cut again and again: does everything come back?

    python -m benchmarks.soak [--for 30m] [--symbols 300] [--cut-every 1m] [--json] [--write]
                              [--samples FILE]

The simulated venues run as a process of their own; the engine is what `arbtree run` runs, crash
capsules and watchdog with it.  Every minute all connections of one venue are cut, venue by venue
in turn, and the time until all its books are live again is taken.  Resident memory, file
descriptors and tasks are looked at while all books are live and no REST request is under way; idle
REST connections come and go, so they are counted apart from the other descriptors.  Memory counts
from a third of the run on, at most ten minutes in.

Exit code 1 when a book did not come back, something crashed, or what should be flat rose.
"""

from __future__ import annotations

import argparse
import json
import math
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import Any

import trio

from arbtree.capsules import open_store
from arbtree.durations import parse_duration
from arbtree.engine import Engine
from arbtree.status import BookStatus, books
from benchmarks.bench_engine import all_live
from benchmarks.machine import ROOT
from benchmarks.memory import resident_mb
from benchmarks.soak_figures import (
    Course,
    Recovery,
    Sample,
    document,
    outcome,
)
from config.settings import CapsuleSettings, Settings, VenueSettings
from simulator.instruments import assets
from simulator.venues import VENUES
from simulator.world import World
from supervisors.capsules import CapsuleStore
from supervisors.runtime import Options
from supervisors.watchdog import WatchdogSpec

SYMBOLS = {
    "binance": "{}/USDT",
    "binance_us": "{}/USDT",
    "binance_usdm": "{}/USDT:USDT",
    "binance_coinm": "{}/USD:{}",
    "gateio": "{}/USDT",
    "gateio_futures": "{}/USDT:USDT",
    "mexc": "{}/USDT",
}
"""How each venue family names what it lists for an asset."""

STEP_MS = 500
"""Time between two changes of a book: 300 books make 600 events a second."""

LEVELS = 100
"""Levels a side; a snapshot of more weighs ten times as much, and the venue's budget would rule."""

SAMPLE_S = 5.0
POLL_S = 0.05
BACK_WITHIN_S = 45.0
"""Dial, backoff, the venue's reconnect bucket and one snapshot a book; more is a failure."""

# -- the venues' process ------------------------------------------------------------------------


async def serve(venues: list[str], count: int) -> None:
    """Serve the venues; each line on standard input names one whose connections are cut."""
    world = World(
        1,
        venues=venues,
        assets=assets(count),
        levels=LEVELS,
        step_ms=STEP_MS,
        now_ms=lambda: time.time_ns() // 1_000_000,
    )
    async with trio.open_nursery() as nursery:
        await nursery.start(world.run)
        addresses = await nursery.start(world.listen)
        said = {each.venue: {"rest": each.rest, "stream": each.stream} for each in addresses}
        print(json.dumps(said), flush=True)
        while line := await trio.to_thread.run_sync(sys.stdin.readline, abandon_on_cancel=True):
            world.venues[line.strip()].cut()
        nursery.cancel_scope.cancel()


class Venues:
    """The process of the venues, and the way to cut their connections."""

    def __init__(self, child: subprocess.Popen[str], settings: Settings) -> None:
        self._child = child
        self.settings = settings

    def cut(self, venue: str) -> None:
        """Cut all connections of a venue."""
        assert self._child.stdin is not None
        self._child.stdin.write(f"{venue}\n")
        self._child.stdin.flush()


@contextmanager
def venues_of(names: list[str], count: int) -> Iterator[Venues]:
    """Run the venues as a process of their own, with so many assets each."""
    command = [sys.executable, "-m", "benchmarks.soak", "--serve", ",".join(names)]
    with (
        tempfile.TemporaryDirectory(prefix="soak-") as capsules,
        subprocess.Popen(
            [*command, "--assets", str(count)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        ) as child,
    ):
        assert child.stdout is not None
        try:
            line = child.stdout.readline()
            if not line:
                raise SystemExit("the venues did not start")
            yield Venues(child, settings_for(json.loads(line), count, capsules))
        finally:
            child.terminate()


def settings_for(said: dict[str, dict[str, str]], count: int, capsules: str) -> Settings:
    """Settings that follow every symbol of these venues."""
    names = [asset.name for asset in assets(count)]
    return Settings(
        capsules=CapsuleSettings(folder=capsules),
        venues=tuple(
            VenueSettings(
                name=venue,
                snapshot_levels=LEVELS,
                symbols=tuple(SYMBOLS[venue].format(*[name] * 2) for name in names),
                rest_url=place["rest"],
                websocket_url=place["stream"],
            )
            for venue, place in said.items()
        ),
    )


# -- the run ------------------------------------------------------------------------------------


class Soak:
    """One run: cuts, samples and what came of them.

    Args:
        engine: the running engine.
        venues: whose connections are cut.
        duration_s, cut_every_s: how long, and how often.
        samples_file: where each sample goes as a line of values separated by commas.
    """

    def __init__(
        self,
        engine: Engine,
        venues: Venues,
        duration_s: float,
        cut_every_s: float,
        samples_file: Path | None = None,
    ) -> None:
        self._engine, self._venues = engine, venues
        self._samples_file = samples_file
        self._duration_s, self._cut_every_s = duration_s, cut_every_s
        self.course = Course(duration_s)

    async def run(self) -> None:
        """Cut and look until the time is over."""
        began_s = trio.current_time()
        names = [venue.name for venue in self._venues.settings.venues]
        before = self._updates()
        number = 0
        while trio.current_time() - began_s < self._duration_s:
            next_cut_s = began_s + (number + 1) * self._cut_every_s
            while trio.current_time() < min(next_cut_s, began_s + self._duration_s):
                self._sample(began_s)
                await trio.sleep(min(SAMPLE_S, max(0.0, next_cut_s - trio.current_time())))
            if trio.current_time() - began_s < self._duration_s:
                await self._cut(names[number % len(names)], began_s)
                _progress(trio.current_time() - began_s, self.course)
            number += 1
        self._sample(began_s)
        self.course.events = self._updates() - before

    async def _cut(self, venue: str, began_s: float) -> None:
        """Cut a venue, see it dark, and time how long it takes until all its books are live."""
        epochs = {path: feed.epoch for path, feed in self._engine.venues[venue].feeds.items()}
        cut_s = trio.current_time()
        self._venues.cut(venue)
        feeds = self._engine.venues[venue].feeds
        with trio.move_on_after(BACK_WITHIN_S):
            while True:
                await trio.sleep(POLL_S)
                renewed = all(feed.epoch > epochs[path] for path, feed in feeds.items())
                if renewed and not self._dark(venue):
                    back_s = trio.current_time() - cut_s
                    self.course.recoveries.append(Recovery(cut_s - began_s, venue, back_s))
                    return
        dark = self._dark(venue)
        self.course.lost.append(f"{venue} {dark[0].symbol if dark else 'was not cut'}")

    def _dark(self, venue: str = "") -> list[BookStatus]:
        seen = (book for book in books(self._engine) if venue in ("", book.venue))
        return [book for book in seen if book.state != "LIVE"]

    def _updates(self) -> int:
        return sum(book.updates for book in books(self._engine))

    def _sample(self, began_s: float) -> None:
        rest = [venue.rest.summary() for venue in self._engine.venues.values()]
        if not self._dark() and not any(each["under_way"] for each in rest):
            idle = sum(int(str(each["connections_idle"])) for each in rest)
            fds = len(os.listdir("/proc/self/fd")) - idle
            tasks = trio.lowlevel.current_statistics().tasks_living
            at_s = trio.current_time() - began_s
            blocks = sys.getallocatedblocks()
            sample = Sample(at_s, resident_mb(), fds, idle, tasks, blocks)
            self.course.keep(sample)
            if self._samples_file is not None:
                with self._samples_file.open("a") as file:
                    print(*sample, sep=",", file=file)


def _progress(elapsed_s: float, course: Course) -> None:
    if sys.stderr.isatty():
        count = len(course.recoveries)
        back = f"{course.recoveries[-1].back_s:.1f} s" if count else "never"
        text = f"{elapsed_s:.0f} of {course.duration_s:.0f} s, {count} cuts, last back {back}"
        print(f"\rsoak: {text}   ", end="", file=sys.stderr, flush=True)


async def run(
    venues: Venues,
    store: CapsuleStore,
    duration_s: float,
    cut_every_s: float,
    samples_file: Path | None,
) -> dict[str, Any]:
    """Run the engine and its trouble."""
    options = Options(1, watchdog=WatchdogSpec(), capsules=store)
    engine = Engine(venues.settings, options=options)
    crashes: list[str] = []
    engine.runtime.subscribe(
        lambda event: crashes.append(event.text) if event.kind == "crash" else None
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(engine.run)
        live_s = await all_live(engine)
        soak = Soak(engine, venues, duration_s, cut_every_s, samples_file)
        began_cpu_s = time.process_time()
        await soak.run()
        share = (time.process_time() - began_cpu_s) / duration_s
        found = outcome(soak.course, list(books(engine)), len(crashes))
        found |= {"core_share": round(share, 3), "live_after_s": round(live_s, 2)}
        engine.runtime.request_stop("the soak is over")
    return found


def main() -> int:
    """Run, print, and say by the exit code whether everything came back and stayed flat."""
    parser = argparse.ArgumentParser(
        prog="benchmarks.soak",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--for", dest="duration", default="30m", metavar="TIME")
    parser.add_argument("--cut-every", default="1m", metavar="TIME")
    parser.add_argument("--symbols", type=int, default=300, help="of all venues together, about")
    known = [name for name in SYMBOLS if name in VENUES]
    parser.add_argument("--venues", default=",".join(known), metavar="A,B")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help="write SOAK-TIME.md too")
    parser.add_argument("--samples", type=Path, metavar="FILE", help="write each sample to FILE")
    parser.add_argument("--serve", metavar="A,B", help=argparse.SUPPRESS)
    parser.add_argument("--assets", type=int, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.serve:
        trio.run(serve, options.serve.split(","), options.assets)
        return 0
    names = options.venues.split(",")
    with venues_of(names, max(1, math.ceil(options.symbols / len(names)))) as venues:
        duration_s, every_s = parse_duration(options.duration), parse_duration(options.cut_every)
        store = open_store(venues.settings)
        assert store is not None
        with store:
            found = trio.run(partial(run, venues, store, duration_s, every_s, options.samples))
    if sys.stderr.isatty():
        print(file=sys.stderr)
    print(json.dumps(found) if options.json else document(found, options.duration), end="")
    if options.write:
        place = ROOT / "benchmarks" / f"SOAK-{options.duration}.md"
        place.write_text(document(found, options.duration), encoding="utf-8")
    return int(not found["kept"])


if __name__ == "__main__":
    sys.exit(main())
