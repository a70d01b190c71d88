"""What keeping inputs for crash capsules costs: the hand-over in the turn, beside the pipeline.

    python -m benchmarks.capsules [--rounds 15] [--json]

Two trees with one book each take the same frames in turns, one keeps what it takes in, the other
does not; CPU time of one thread.  `book` is what a frame costs from its decoded messages to the
published top.  The bar is the difference beside the whole pipeline: receiving a frame flat out
through the websocket in use (27 us, see `receive` in RESULTS.md), decoding, and `book`.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time

import msgspec
import trio

from actors.bare_venue import bare_venue
from actors.book import BookActor
from actors.runtime.actor import Actor
from benchmarks.handler import Case, synthetic
from config.settings import VenueSettings
from exchanges.registry import dialect
from messages.books import FeedOpened
from supervisors.capsules import Crash
from supervisors.runtime import Options, Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.tree import BOOK_MAILBOX

RECEIVE_US = 27.0
"""CPU of receiving one message flat out, from RESULTS.md."""

BAR = 0.05
"""Part of the pipeline that keeping inputs may cost."""

FRAMES = 400
"""Of one round."""


class Nowhere:
    """A store that keeps nothing: nothing crashes here."""

    def take(self, crash: Crash) -> bool:
        """Refuse it."""
        return False

    def counts(self) -> dict[str, int]:
        """Nothing."""
        return {}


def book_tree() -> SupervisorSpec:
    """A book and those it speaks to."""

    def book() -> BookActor:
        venue = bare_venue(VenueSettings(name="binance", symbols=("BTC/USDT",)))
        return BookActor(
            venue,
            "BTC/USDT",
            snapshots="bench/snapshots",
            detector="bench/detector",
            top_levels=20,
        )

    others = (ChildSpec(name, Actor) for name in ("snapshots", "detector", "feed"))
    return SupervisorSpec(
        "bench", children=(*others, ChildSpec("book", book, mailbox=BOOK_MAILBOX))
    )


def begin(runtime: Runtime, case: Case) -> None:
    """Let the book go live."""
    book = runtime.lookup("bench/book")
    book.tell_control(FeedOpened(case.info, "bench/feed", 1))
    book.tell(msgspec.structs.replace(case.snapshot, epoch=1))


async def measure(rounds: int) -> dict[str, float]:
    """Let both trees take turns; return medians in us a frame."""
    case = synthetic(FRAMES * (rounds + 1))
    decode = dialect("binance").codec([case.info], 1).decode
    spent: dict[str, list[float]] = {"off": [], "on": [], "decode": []}
    async with (
        open_tree(book_tree()) as off,
        open_tree(book_tree(), options=Options(capsules=Nowhere())) as on,
    ):
        trees = {"off": off, "on": on}
        for runtime in trees.values():
            begin(runtime, case)
        for number in range(rounds):
            part = case.frames[number * FRAMES : (number + 1) * FRAMES]
            began_ns = time.thread_time_ns()
            messages = [decode(frame, 1) for frame in part]
            spent["decode"].append((time.thread_time_ns() - began_ns) / FRAMES / 1e3)
            names = list(trees)
            for name in names if number % 2 else reversed(names):
                tell = trees[name].lookup("bench/book").tell_batch
                # Each tree decodes its own: what is kept must not keep the other's alive.
                began_ns = time.thread_time_ns()
                for frame in part:
                    tell(decode(frame, 1))
                spent[name].append((time.thread_time_ns() - began_ns) / FRAMES / 1e3)
            del messages
            await trio.lowlevel.checkpoint()
        for runtime in trees.values():
            row = next(each for each in runtime.rows() if each.path == "bench/book")
            if row.mailbox is None or row.mailbox.handled < rounds * FRAMES or row.restarts:
                raise SystemExit("the book has not taken everything")
    found = {name: round(statistics.median(each), 2) for name, each in spent.items()}
    more = statistics.median(a - b for a, b in zip(spent["on"], spent["off"], strict=True))
    found["more"] = round(more, 2)
    found["share_of_book"] = round(more / (found["off"] - found["decode"]), 3)
    found["share_of_pipeline"] = round(more / (found["off"] + RECEIVE_US), 3)
    return found


def main() -> int:
    """Measure and print; 1 when the bar is not kept."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=15)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    found = trio.run(measure, options.rounds)
    if options.json:
        print(json.dumps(found | {"bar": BAR}))
    else:
        print("\n".join(f"{name:18} {value}" for name, value in found.items()))
    return int(found["share_of_pipeline"] > BAR)


if __name__ == "__main__":
    sys.exit(main())
