"""What keeping inputs for crash capsules costs: CPU beside the pipeline, and memory a book.

    python -m benchmarks.capsules [--windows 1200] [--json] [--write]

One tree with a connection and a book takes frames in short windows, whose recorders are put aside
for every second one: two trees would differ by where their memory lies, which is more than what is
looked for.  CPU time of one thread; means of the middle 60 in 100 windows.  A frame goes the way of
the engine: through the connection's input, decoded, in turn into the book, out as a top.  The bar
is the difference beside the whole pipeline: receiving a frame flat out through the websocket in use
(27 us, see `receive` in RESULTS.md) and all of that.

Memory is what a recorder holds after each read, summed over its buffers; a connection is bounded by
its own limit.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable, Sequence
from pathlib import Path

import msgspec
import trio
import trio.testing

from actors.bare_venue import bare_venue
from actors.book import BookActor
from actors.connection import ConnectionActor
from actors.connection_state import Dialled, Listed
from actors.feed import Feed
from actors.runtime.actor import Actor, ActorContext
from actors.runtime.recorder import Mark
from actors.transport.websocket import Batch
from benchmarks.handler import Case, synthetic
from benchmarks.machine import machine
from config.settings import VenueSettings
from supervisors.capsules import Crash
from supervisors.runtime import Options, Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.tree import BOOK_MAILBOX

RECEIVE_US = 27.0
"""CPU of receiving one message flat out, from RESULTS.md."""

BAR = 0.05
"""Part of the pipeline that keeping inputs may cost."""

FRAMES = 100
"""Of one window."""

TABLE = Path(__file__).with_name("CAPSULES.md")


class Nowhere:
    """A store that keeps nothing: nothing crashes here."""

    def take(self, crash: Crash) -> bool:
        """Refuse it."""
        return False

    def counts(self) -> dict[str, int]:
        """Nothing."""
        return {}


class UndialledConnection(ConnectionActor):
    """A connection that is brought frames by the benchmark, not by a socket."""

    async def _live(self) -> None:
        self.context.input(Listed())
        self.context.input(Dialled())
        await trio.sleep_forever()


def book_tree(case: Case) -> SupervisorSpec:
    """A connection, its book, and those they speak to."""
    symbol = case.info.symbol
    venue = bare_venue(VenueSettings(name="binance", symbols=(symbol,)), (case.info,))

    def connection() -> ConnectionActor:
        books, feed = {symbol: "bench/book"}, Feed("bench/feed", (symbol,))
        return UndialledConnection(venue, (symbol,), books, feed, healthy_after_s=60.0)

    def book() -> BookActor:
        return BookActor(
            venue,
            "BTC/USDT",
            snapshots="bench/snapshots",
            detector="bench/detector",
            top_levels=20,
        )

    others = (ChildSpec(name, Actor) for name in ("snapshots", "detector"))
    children = ChildSpec("book", book, mailbox=BOOK_MAILBOX), ChildSpec("feed", connection)
    return SupervisorSpec("bench", children=(*others, *children))


async def begin(runtime: Runtime, case: Case) -> ActorContext:
    """Let the book go live; return the connection's life."""
    await trio.testing.wait_all_tasks_blocked()
    runtime.lookup("bench/book").tell(msgspec.structs.replace(case.snapshot, epoch=1))
    await trio.testing.wait_all_tasks_blocked()
    feed = runtime.lookup("bench/feed").context
    assert feed is not None
    return feed


def kept_bytes(context: ActorContext) -> int:
    """What the recorder of a life holds."""
    assert context.recorder is not None
    total = 0
    for kept in context.recorder.segments():
        frames = sum(
            sum(map(sys.getsizeof, event.value.payloads))
            for event in kept.events
            if isinstance(event, Mark) and isinstance(event.value, Batch)
        )
        chunks = (part for chunk in kept.chunks for part in (chunk, *chunk))
        parts = kept.state or b"", kept.events, kept.readings, kept.data, kept.ends
        total += frames + sum(map(sys.getsizeof, (*parts, *chunks)))
    return total


def put_aside(contexts: Sequence[ActorContext]) -> Callable[[], None]:
    """Let lives keep nothing; return what lets them keep again."""
    kept = [(context, context.recorder, context.keep) for context in contexts]
    for context in contexts:
        context.recorder = context.keep = None

    def back() -> None:
        for context, recorder, keep in kept:
            context.recorder, context.keep = recorder, keep

    return back


async def measure(windows: int) -> dict[str, float]:
    """Take frames with recorders and without; return us a frame, and memory in kB."""
    case = synthetic(FRAMES * windows)
    spent: dict[bool, list[float]] = {True: [], False: []}
    held: list[int] = []
    async with open_tree(book_tree(case), options=Options(capsules=Nowhere())) as runtime:
        feed = await begin(runtime, case)
        book = runtime.lookup("bench/book").context
        assert book is not None
        for number in range(windows):
            keeps = number % 4 in (0, 3)  # pairs in both orders
            part = case.frames[number * FRAMES : (number + 1) * FRAMES]
            reads = [(Batch([frame], 1), len(frame)) for frame in part]
            back = None if keeps else put_aside((feed, book))
            take = feed.input
            began_ns = time.thread_time_ns()
            for read, size_bytes in reads:
                take(read, size_bytes)
            spent[keeps].append((time.thread_time_ns() - began_ns) / FRAMES / 1e3)
            if back is not None:
                back()
            held.append(kept_bytes(book))
            await trio.lowlevel.checkpoint()
        row = next(each for each in runtime.rows() if each.path == "bench/book")
        if row.mailbox is None or row.mailbox.handled < windows * FRAMES or row.restarts:
            raise SystemExit("the book has not taken everything")
        connection_kb = kept_bytes(feed) / 1e3
    with_us, without_us = middle(spent[True]), middle(spent[False])
    # A recorder fills up and begins anew: what a full one holds on average, and at most.
    book_kb = [size / 1e3 for size in held[len(held) // 4 :]]
    found = {
        "without_us": without_us,
        "with_us": with_us,
        "more_us": with_us - without_us,
        "book_mean_kb": statistics.fmean(book_kb),
        "book_most_kb": max(book_kb),
        "books_300_mb": 300 * statistics.fmean(book_kb) / 1e3,
        "connection_kb": connection_kb,
    }
    share = found["more_us"] / (without_us + RECEIVE_US)
    return {name: round(each, 2) for name, each in found.items()} | {
        "share_of_pipeline": round(share, 3)
    }


def middle(spent: list[float]) -> float:
    """The mean of what is neither quick nor slow."""
    fifth = len(spent) // 5
    return statistics.fmean(sorted(spent)[fifth : len(spent) - fifth])


def document(found: dict[str, float], windows: int) -> str:
    """The whole of `CAPSULES.md`."""
    lines = [f"- {name}: {value}" for name, value in machine().items()]
    rows = [f"| {name} | {value} |" for name, value in found.items()]
    kept = "kept" if found["share_of_pipeline"] <= BAR else "**broken**"
    return (
        "# What crash capsules cost\n\n"
        "Written by `python -m benchmarks.capsules --write`; what is measured stands there.\n"
        f"{windows} windows of {FRAMES} frames, with and without recorders in turns.\n\n"
        + "\n".join(lines)
        + "\n\n| measure | found |\n|---|---|\n"
        + "\n".join(rows)
        + f"\n\nThe bar is {BAR:g} of the pipeline's CPU: {kept}.\n"
    )


def main() -> int:
    """Measure and print; 1 when the bar is not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--windows", type=int, default=1_200)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    options = parser.parse_args()
    found = trio.run(measure, options.windows)
    if options.write:
        TABLE.write_text(document(found, options.windows), encoding="utf-8")
    if options.json:
        print(json.dumps(found | {"bar": BAR}))
    else:
        print("\n".join(f"{name:18} {value}" for name, value in found.items()))
    return int(found["share_of_pipeline"] > BAR)


if __name__ == "__main__":
    sys.exit(main())
