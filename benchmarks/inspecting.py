"""What being watched costs a running engine: inspector, figures and loop watchdog, on and off.

    python -m benchmarks.inspecting [--windows 12] [--json]

One engine on the bench venues, which are a process of their own, as is the terminal that watches:
it asks every second what `inspect top` asks, and scrapes the figures every five.  Windows with and
without take turns on the same running engine; the bar is on the ratio of the medians of CPU time
a depth event.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import tempfile
import time
from functools import partial
from pathlib import Path
from typing import Any

import trio

from actors.runtime.turn import Turn
from arbtree.engine import Engine
from arbtree.inspection import open_client
from arbtree.metrics import Metrics
from arbtree.status import books
from arbtree.verbs import EngineVerbs
from benchmarks.bench_engine import KeptDialer, all_live, bench_venues, engine_for
from config.settings import Settings
from supervisors.inspector import Inspector
from supervisors.metrics import PATH, MetricsListener
from supervisors.watchdog import LoopWatchdog, WatchdogSpec

BAR = 1.05
BOOKS = 200
RATE = 2000.0
"""A third of what the live benchmark asks: the less the pipeline does, the dearer watching is."""

WINDOWS = 12
WINDOW_S = 5.0
SETTLE_S = 0.5
TOP_S = 1.0
"""How often `inspect top` looks."""

SCRAPE_S = 5.0
"""Three times as often as Prometheus asks unless told otherwise."""

ASKED = ("tree", "books", "loop")
"""What `inspect top` asks for one picture."""


async def watch(place: Path, port: int) -> None:
    """Be the terminal and the scraper, until ended."""
    async with open_client(place) as client, trio.open_nursery() as nursery:
        nursery.start_soon(_scrape, port)
        while True:
            for verb in ASKED:
                await client.ask(verb)
            await trio.sleep(TOP_S)


async def _scrape(port: int) -> None:
    while True:
        async with await trio.open_tcp_stream("127.0.0.1", port) as stream:
            head = f"GET {PATH} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"
            await stream.send_all(head.encode())
            async for _ in stream:
                pass
        await trio.sleep(SCRAPE_S)


async def _window(engine: Engine) -> float:
    """CPU us of this process for each depth event of some seconds."""
    await trio.sleep(SETTLE_S)
    before, cpu_s = sum(book.updates for book in books(engine)), time.process_time()
    await trio.sleep(WINDOW_S)
    cpu_s = time.process_time() - cpu_s
    return cpu_s / (sum(book.updates for book in books(engine)) - before) * 1e6


async def _watched(engine: Engine, folder: Path) -> float:
    """The same while somebody watches."""
    verbs = EngineVerbs(engine)
    inspector = Inspector(engine.runtime, "bench", reads=verbs.reads, controls=verbs.controls)
    listener = MetricsListener(Metrics(engine).text)
    watchdog = LoopWatchdog(
        WatchdogSpec(), Turn(), on_over=lambda block: None, on_deadline=lambda: None
    )
    async with trio.open_nursery() as nursery:
        place = await nursery.start(inspector.run, folder / "bench.sock")
        port = await nursery.start(listener.serve, 0)
        command = [sys.executable, "-m", "benchmarks.inspecting", "--watch", str(place), str(port)]
        watcher = await nursery.start(partial(trio.run_process, command, check=False))
        watchdog.start()
        while not inspector.served or not listener.scrapes:  # noqa: ASYNC110 - another process
            await trio.sleep(0.05)
        try:
            spent_us = await _window(engine)
        finally:
            watchdog.stop()
            watcher.terminate()
            nursery.cancel_scope.cancel(reason="the window is over")
    return spent_us


async def _run(settings: Settings, windows: int) -> dict[str, list[float]]:
    engine = engine_for(settings, KeptDialer())
    spent: dict[str, list[float]] = {"alone": [], "watched": []}
    async with trio.open_nursery() as nursery:
        nursery.start_soon(engine.run)
        await all_live(engine)
        with tempfile.TemporaryDirectory() as folder:
            for _ in range(windows):
                spent["alone"].append(await _window(engine))
                spent["watched"].append(await _watched(engine, Path(folder)))
        engine.runtime.request_stop("the benchmark is over")
    return spent


def measure(windows: int) -> dict[str, Any]:
    """Let the windows take turns."""
    with bench_venues(BOOKS // 2, 100, RATE) as settings:
        spent = trio.run(_run, settings, windows)
    median = {name: statistics.median(each) for name, each in spent.items()}
    ratio = round(median["watched"] / median["alone"], 3)
    return {
        "windows": windows,
        "books": BOOKS,
        "events_per_s": RATE,
        "cpu_us_an_event": {name: round(each, 2) for name, each in median.items()},
        "ratio": ratio,
        "bar": BAR,
        "kept": ratio <= BAR,
    }


def sentence(found: dict[str, Any]) -> str:
    """What was found, for people."""
    cpu_us = found["cpu_us_an_event"]
    kept = "kept" if found["kept"] else "**broken**"
    return (
        f"Inspection, figures and loop watchdog on: {found['ratio']} times the CPU of the pipeline"
        f" without ({cpu_us['watched']} us a depth event beside {cpu_us['alone']}; {found['books']}"
        f" books, {found['events_per_s']:.0f} events a second, {found['windows']} windows of"
        f" {WINDOW_S:g} s each way in turns). The bar is {found['bar']:g}: {kept}."
    )


def main() -> int:
    """Measure and print; 1 when the bar is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--windows", type=int, default=WINDOWS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--watch", nargs=2, metavar=("SOCKET", "PORT"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.watch:
        trio.run(watch, Path(options.watch[0]), int(options.watch[1]))
    found = measure(options.windows)
    print(json.dumps(found) if options.json else sentence(found))
    return int(not found["kept"])


if __name__ == "__main__":
    sys.exit(main())
