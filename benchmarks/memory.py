"""Resident memory of an engine process with 200 books of 1,000 levels a side, and what holds it.

    python -m benchmarks.memory [--symbols 100] [--json]

The venues run as a process of their own.  Every step is the resident size (Linux: VmRSS) after a
garbage collection, so the differences say what the interpreter, the modules, the running tree
and its full books take.
"""

from __future__ import annotations

import argparse
import gc
import json
import sys
from functools import partial
from pathlib import Path

BAR_MB = 120.0
"""The limit for everything together."""

RATE = 400.0
"""Events a second: two for each book, so that every book meets its stream and its snapshot."""

SETTLE_S = 2.0
"""After the last snapshot, until buffers of requests are gone."""


def resident_mb() -> float:
    """The resident size of this process in MB (10**6 bytes)."""
    gc.collect()
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmRSS:"):
            return round(int(line.split()[1]) * 1024 / 1e6, 1)
    raise SystemExit("this benchmark needs /proc/self/status, which is Linux's")


def main() -> int:
    """Measure step by step and print; 1 when it is more than the bar."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--symbols", type=int, default=100, help="symbols a venue")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found: dict[str, object] = {"interpreter_mb": resident_mb()}

    import trio

    from arbtree.status import books
    from benchmarks.bench_engine import KeptDialer, all_live, bench_venues, engine_for

    found["with_modules_mb"] = resident_mb()
    with bench_venues(options.symbols, 1000, RATE) as settings:

        async def run() -> None:
            engine = engine_for(settings, KeptDialer())
            async with trio.open_nursery() as nursery:
                nursery.start_soon(partial(engine.run, started := trio.Event()))
                await started.wait()
                found["running_tree_mb"] = resident_mb()
                await all_live(engine)
                await trio.sleep(SETTLE_S)
                found["full_books_mb"] = resident_mb()
                seen = list(books(engine))
                found["books"] = len(seen)
                found["levels"] = sum(sum(book.levels or ()) for book in seen)
                engine.runtime.request_stop("the benchmark is over")

        trio.run(run)
    total = float(str(found["full_books_mb"]))
    kb = (total - float(str(found["running_tree_mb"]))) * 1000 / int(str(found["books"]))
    found |= {"kb_a_book": round(kb, 1), "bar_mb": BAR_MB, "kept": total < BAR_MB}
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:18} {value}")
    return int(total >= BAR_MB)


if __name__ == "__main__":
    sys.exit(main())
