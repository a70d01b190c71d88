"""What supervision costs beside the bare primitives of trio, as ratios of one run.

    python -m benchmarks.supervision [--rounds 25] [--json] [--write]

Every bar divides two ways that take turns within one process, round by round, by the CPU time of
the loop's thread; the ratio is that of their medians.  What the runtime does is done by public
calls on ordinary actors (a task of their own, a mailbox, not `in_turn`) under an ordinary static
supervisor.  Exit code 1 when a bar is broken.
"""

from __future__ import annotations

import argparse
import gc
import json
import statistics
import sys
import time
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import trio
import trio.testing

from actors.runtime.actor import Actor
from actors.runtime.asks import Ask
from benchmarks import inspecting
from benchmarks.machine import ROOT, machine
from supervisors.inspector import Inspector
from supervisors.protocol import line_of
from supervisors.runtime import open_tree
from supervisors.spec import BackoffSpec, BudgetSpec, ChildSpec, SupervisorSpec

TABLE = ROOT / "benchmarks" / "SUPERVISION.md"

ROUNDS = 25
CHILDREN = 200
"""Started and stopped in one round: a large venue's books."""

TRIPS = 1_000
"""Crashes, asks and round trips of one round."""

BATCH = 64
BATCHES = 400
ACTORS = 300
"""Of the tree whose snapshot is measured."""

SNAPSHOTS = 100

NO_WAIT = BackoffSpec(min_s=0.0, max_s=0.0, jitter=0.0)
NO_LIMIT = BudgetSpec(count=10**9)
TIMEOUT_S = 60.0

Way = Callable[[], Awaitable[tuple[float, int]]]
"""Does its work; returns the CPU ns it took, and how many times it did it."""


class Stopwatch:
    """CPU time of this thread."""

    def __init__(self) -> None:
        self._began_ns = time.thread_time_ns()

    def ns(self) -> int:
        """Since it was made."""
        return time.thread_time_ns() - self._began_ns


# -- trio alone -----------------------------------------------------------------------------------


async def nursery_start() -> tuple[float, int]:
    """A child that says it has started and then waits."""

    async def child(task_status: trio.TaskStatus[None]) -> None:
        task_status.started()
        await trio.sleep_forever()

    async with trio.open_nursery() as nursery:
        watch = Stopwatch()
        for _ in range(CHILDREN):
            await nursery.start(child)
        spent_ns = watch.ns()
        nursery.cancel_scope.cancel()
    return spent_ns, CHILDREN


async def nursery_with_one_child() -> tuple[float, int]:
    """A nursery that opens, runs one child that does nothing, and closes."""

    async def child() -> None:
        pass

    watch = Stopwatch()
    for _ in range(TRIPS):
        async with trio.open_nursery() as nursery:  # noqa: ASYNC112 - that is what is measured
            nursery.start_soon(child)
    return watch.ns(), TRIPS


async def event_round_trip() -> tuple[float, int]:
    """Two tasks that wake each other by an `Event` each way."""
    there, back = [trio.Event()], [trio.Event()]

    async def other() -> None:
        for _ in range(TRIPS):
            await there[0].wait()
            there[0] = trio.Event()
            back[0].set()

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await trio.testing.wait_all_tasks_blocked()
        watch = Stopwatch()
        for _ in range(TRIPS):
            there[0].set()
            await back[0].wait()
            back[0] = trio.Event()
        spent_ns = watch.ns()
    return spent_ns, TRIPS


async def channel_of_tuples() -> tuple[float, int]:
    """A memory channel that carries tuples of messages, each given to a handler."""
    send, receive = trio.open_memory_channel[tuple[int, ...]](4)
    batch, handle = tuple(range(BATCH)), Sink().handle

    async def other() -> None:
        async for messages in receive:
            for message in messages:
                handle(message)

    async with trio.open_nursery() as nursery:
        nursery.start_soon(other)
        await trio.testing.wait_all_tasks_blocked()
        watch = Stopwatch()
        for _ in range(BATCHES):
            send.send_nowait(batch)
            await trio.lowlevel.checkpoint()
        send.close()
    return watch.ns(), BATCHES * BATCH


# -- supervised -----------------------------------------------------------------------------------


class Sink(Actor):
    """Does nothing with a message, and answers every question."""

    def handle(self, message: object) -> None:
        """Take it."""

    def handle_ask(self, ask: Ask) -> None:
        """Answer it."""
        ask.reply(ask.message)


class Crashing(Actor):
    """Its first message ends its life, until it has had enough lives."""

    left = 0
    done: trio.Event
    watch: Stopwatch
    spent_ns = 0

    def started(self) -> None:
        """Send oneself the message, or say that it was the last life."""
        kind = type(self)
        if kind.left:
            kind.left -= 1
            self.context.ref.tell("crash")
        else:
            kind.spent_ns = kind.watch.ns()
            kind.done.set()

    def handle(self, message: object) -> None:
        """Crash."""
        raise RuntimeError(message)


def tree_of(children: int) -> SupervisorSpec:
    """A static supervisor of actors that wait."""
    return SupervisorSpec(
        "bench", children=tuple(ChildSpec(f"actor{number}", Sink) for number in range(children))
    )


async def start_and_stop(stop: bool) -> tuple[float, int]:
    """Start a tree in order, each child when the one before is ready; stop it in reverse."""
    watch = Stopwatch()
    async with open_tree(tree_of(CHILDREN)) as runtime:
        started_ns = watch.ns()
        if any(row.state != "running" for row in runtime.rows()):
            raise SystemExit("not everything runs")
        watch = Stopwatch()
    stopped_ns = watch.ns()
    return stopped_ns if stop else started_ns, CHILDREN


async def crash_to_running() -> tuple[float, int]:
    """A handler raises; the next life runs, and its handler raises."""
    Crashing.left, Crashing.done, Crashing.watch = 0, trio.Event(), Stopwatch()
    child = ChildSpec("crashing", Crashing, backoff=NO_WAIT, budget=NO_LIMIT)
    async with open_tree(SupervisorSpec("bench", children=(child,))) as runtime:
        Crashing.left, Crashing.done, Crashing.watch = TRIPS - 1, trio.Event(), Stopwatch()
        runtime.lookup("bench/crashing").tell("crash")
        await Crashing.done.wait()
        if runtime.rows()[1].restarts != TRIPS:
            raise SystemExit("it did not have all its lives")
    return Crashing.spent_ns, TRIPS


async def ask() -> tuple[float, int]:
    """Ask an actor from a task, its deadline included."""
    async with open_tree(tree_of(1)) as runtime:
        ref = runtime.lookup("bench/actor0")
        await ref.ask(0, TIMEOUT_S)
        watch = Stopwatch()
        for number in range(TRIPS):
            await ref.ask(number, TIMEOUT_S)
        return watch.ns(), TRIPS


async def batches() -> tuple[float, int]:
    """Tell an actor batches, which its own task takes."""
    batch = tuple(range(BATCH))
    async with open_tree(tree_of(1)) as runtime:
        ref = runtime.lookup("bench/actor0")
        await trio.testing.wait_all_tasks_blocked()
        watch = Stopwatch()
        for _ in range(BATCHES):
            ref.tell_batch(batch)
            await trio.lowlevel.checkpoint()
        while ref.mailbox.accepted != ref.mailbox.taken:  # noqa: ASYNC110 - as quick as may be
            await trio.lowlevel.checkpoint()
        spent_ns = watch.ns()
        if ref.statistics().handled != BATCHES * BATCH:
            raise SystemExit("messages were not handled")
    return spent_ns, BATCHES * BATCH


async def snapshot(whole: bool) -> tuple[float, int]:
    """What the inspector does for `tree`, or only the encoding of the rows it answers with."""
    async with open_tree(tree_of(ACTORS)) as runtime:
        inspector = Inspector(runtime, "bench")
        question = b'{"id":1,"verb":"tree"}'
        reply = await inspector.answer(question)
        if len(line_of(reply)) < 100 * ACTORS:
            raise SystemExit("the snapshot is not whole")
        spent_ns = 0
        for _ in range(SNAPSHOTS):
            watch = Stopwatch()
            reply = await inspector.answer(question)
            watch = watch if whole else Stopwatch()
            line_of(reply)
            spent_ns += watch.ns()
        return spent_ns, SNAPSHOTS


# -- measuring ------------------------------------------------------------------------------------

WAYS: dict[str, Way] = {
    "nursery.start": nursery_start,
    "nursery with one child": nursery_with_one_child,
    "Event round trip": event_round_trip,
    "channel of tuples of 64": channel_of_tuples,
    "encoding 300 rows": partial(snapshot, whole=False),
    "crash to running": crash_to_running,
    "supervised start": partial(start_and_stop, stop=False),
    "ordered stop of a child": partial(start_and_stop, stop=True),
    "ask": ask,
    "message in batches of 64": batches,
    "snapshot of 300 actors": partial(snapshot, whole=True),
}

BARS = (
    ("crash to running", "nursery.start", 8.0),
    ("supervised start", "nursery.start", 6.0),
    ("ordered stop of a child", "nursery with one child", 8.0),
    ("ask", "Event round trip", 2.0),
    ("message in batches of 64", "channel of tuples of 64", 4.0),
    ("snapshot of 300 actors", "encoding 300 rows", 4.0),
)


def measure(rounds: int) -> list[dict[str, Any]]:
    """Let the ways take turns; return one row for each bar."""
    spent: dict[str, list[float]] = {name: [] for name in WAYS}
    for _ in range(rounds):
        for name, way in WAYS.items():
            gc.collect()
            ns, times = trio.run(way)
            spent[name].append(ns / times)
    median = {name: statistics.median(each) for name, each in spent.items()}
    rows: list[dict[str, Any]] = []
    for ours, theirs, bar in BARS:
        ratio = round(median[ours] / median[theirs], 2)
        rows.append({
            "measure": ours,
            "us": round(median[ours] / 1e3, 2),
            "beside": theirs,
            "beside_us": round(median[theirs] / 1e3, 2),
            "ratio": ratio,
            "bar": bar,
            "kept": ratio <= bar,
        })  # fmt: skip
    return rows


def document(found: dict[str, Any]) -> str:
    """The whole of `SUPERVISION.md`."""
    head = "\n".join(f"- {name}: {value}" for name, value in found["machine"].items())
    lines = ["| measure | us | beside | us | ratio | bar | kept |", "|---|---|---|---|---|---|---|"]
    for row in found["rows"]:
        kept = "yes" if row["kept"] else "**no**"
        names = ("measure", "us", "beside", "beside_us", "ratio")
        cells = (*(row[name] for name in names), f"<= {row['bar']:g}", kept)
        lines.append(f"| {' | '.join(map(str, cells))} |")
    return (
        "# What supervision costs\n\n"
        "Written by `python -m benchmarks.supervision --write`; what each row does stands there.\n"
        f"Medians of {found['rounds']} rounds that take turns; CPU time of one thread, for each"
        " child, message or snapshot.\n\n"
        f"{head}\n\n" + "\n".join(lines) + f"\n\n{inspecting.sentence(found['inspecting'])}\n"
    )


def main() -> int:
    """Measure and print; 1 when a bar is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=ROUNDS)
    parser.add_argument("--windows", type=int, default=inspecting.WINDOWS)
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"write {TABLE.name}")
    options = parser.parse_args()
    found: dict[str, Any] = {
        "machine": machine(),
        "rounds": options.rounds,
        "rows": measure(options.rounds),
    }
    found["inspecting"] = inspecting.measure(options.windows)
    if options.write:
        TABLE.write_text(document(found), encoding="utf-8")
    print(json.dumps(found) if options.json else document(found))
    kept = [row["kept"] for row in (*found["rows"], found["inspecting"])]
    return int(not all(kept))


if __name__ == "__main__":
    sys.exit(main())
