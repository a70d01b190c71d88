"""What a row of the tree tells: budget, ages, progress, work, waits; and how `top` colours it."""

from __future__ import annotations

import re
from typing import Any

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from msgspec import to_builtins
from rich.console import Console
from trio.testing import MockClock, wait_all_tasks_blocked

from actors.runtime.actor import Actor
from actors.runtime.ages import STAMP_EVERY
from actors.runtime.mailbox import Mailbox, MailboxSpec
from arbtree.tables import age, rows_table, waits_text
from arbtree.top import actors, heat
from supervisors.rows import Row
from supervisors.runtime import Runtime, open_tree
from supervisors.spec import BudgetSpec, ChildSpec
from supervisors.waits import Wait, waits
from tests.supervisors.trees import NO_BACKOFF, Boom, Log, Worker, tree, worker


def row(runtime: Runtime, name: str) -> Row:
    """One row by its last name."""
    return next(each for each in runtime.rows() if each.path == f"top/{name}")


async def test_the_age_of_the_oldest_message(autojump_clock: MockClock) -> None:
    """It grows while the actor handles nothing, and is gone with the queue."""
    async with open_tree(tree(worker("a", Log()))) as runtime:
        assert row(runtime, "a").oldest_s is None
        runtime.suspend("top/a")
        runtime.lookup("top/a").tell("one")
        await trio.sleep(2.0)
        runtime.lookup("top/a").tell("two")
        await trio.sleep(1.0)
        assert row(runtime, "a").oldest_s == 3.0
        runtime.resume("top/a")
        await wait_all_tasks_blocked()
        assert row(runtime, "a").oldest_s is None
        runtime.suspend("top/a")
        runtime.lookup("top/a").tell("three")
        await trio.sleep(0.5)
        assert row(runtime, "a").oldest_s == 0.5


@settings(max_examples=40, deadline=None)
@given(steps=st.lists(st.tuples(st.integers(0, 90), st.integers(0, 90)), max_size=8))
def test_an_age_is_never_too_low_and_at_most_a_stamp_too_high(
    steps: list[tuple[int, int]],
) -> None:
    """Against the true time of every message, whatever comes and goes."""

    clock = MockClock()

    async def run() -> None:
        await trio.lowlevel.checkpoint()
        box, times = Mailbox("a", MailboxSpec(capacity=10_000)), list[float]()
        box.set_open(True)
        for come, go in steps:
            for _ in range(come):
                box.put(None)
                box.wake()
                times.append(trio.current_time())
                clock.jump(0.25)
            for _ in range(min(go, len(times) - box.taken)):
                box.receive()
                box.taken += 1
            now_s, taken = trio.current_time(), box.taken
            told_s = box.oldest_s(now_s)
            if taken == len(times):
                assert told_s is None
            else:
                assert told_s is not None
                before = times[max(0, taken - STAMP_EVERY + 1)]
                assert now_s - times[taken] <= told_s <= now_s - before

    trio.run(run, clock=clock)


async def test_restarts_against_budget_and_time_up(autojump_clock: MockClock) -> None:
    """Crashes within the window of so many allowed; up since the last life was ready."""
    spec = worker("a", Log(), budget=BudgetSpec(4, 30.0), backoff=NO_BACKOFF)
    async with open_tree(tree(spec, budget=BudgetSpec(2, 20.0))) as runtime:
        await trio.sleep(5.0)
        assert (row(runtime, "a").crashes, row(runtime, "a").up_s) == (0, 5.0)
        runtime.lookup("top/a").tell(Boom("planted"))
        await trio.sleep(1.0)
        found = row(runtime, "a")
        assert (found.crashes, found.budget, found.window_s) == (1, 4, 30.0)
        assert (found.restarts, found.up_s) == (1, 1.0)
        top = runtime.rows()[0]
        assert (top.budget, top.window_s, top.up_s) == (2, 20.0, 6.0)
        await runtime.terminate_child("top/a").wait()
        assert row(runtime, "a").up_s is None


async def test_progress_has_an_age_only_where_it_is_wanted(autojump_clock: MockClock) -> None:
    """Beside the time within which there must be some."""
    spec = worker("a", Log(), progress_within_s=10.0)
    async with open_tree(tree(spec, worker("b", Log()))) as runtime:
        await trio.sleep(4.0)
        assert (row(runtime, "a").progress_s, row(runtime, "a").progress_within_s) == (4.0, 10.0)
        assert row(runtime, "b").progress_s is None


async def test_what_a_task_is_at(autojump_clock: MockClock) -> None:
    """Said by the task, with the time since."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        with actor.context.doing("snapshot of BTC/USDT"):
            await trio.sleep(7.0)
        await trio.sleep_forever()

    async with open_tree(tree(worker("a", Log(), work=work))) as runtime:
        await trio.sleep(3.0)
        assert (row(runtime, "a").doing, row(runtime, "a").doing_s) == ("snapshot of BTC/USDT", 3.0)
        await trio.sleep(5.0)
        assert (row(runtime, "a").doing, row(runtime, "a").doing_s) == ("", None)


def test_a_handler_is_named_by_its_message() -> None:
    """A handler that looks at its own row is what a thread sees of it from outside."""
    seen: list[Row] = []

    class Looker(Actor):
        def handle(self, message: object) -> None:
            seen.append(row(runtimes[0], "a"))

    runtimes: list[Runtime] = []

    async def run() -> None:
        async with open_tree(tree(ChildSpec("a", Looker))) as runtime:
            runtimes.append(runtime)
            runtime.lookup("top/a").tell(0.5)
            await wait_all_tasks_blocked()

    trio.run(run, clock=MockClock(autojump_threshold=0))
    assert seen[0].doing == "float"


async def test_waiting_for_room_is_waiting(autojump_clock: MockClock) -> None:
    """An actor that waits for room in a mailbox is an edge like one that waits for an answer."""

    async def offer(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep(1.0)
        for number in range(2):
            await actor.context.lookup("top/full").offer(number, 60.0)
        await trio.sleep_forever()

    full = worker("full", Log(), mailbox=MailboxSpec(capacity=1))
    async with open_tree(tree(full, worker("a", Log(), work=offer))) as runtime:
        runtime.suspend("top/full")
        await trio.sleep(3.0)
        assert row(runtime, "a").waits_for == ("top/full",)
        (edge,) = waits(runtime.registry.refs(), trio.current_time())
        assert edge == Wait("top/a", "top/full", 58.0, "room")
        runtime.resume("top/full")
        await wait_all_tasks_blocked()
        assert row(runtime, "a").waits_for == ()


async def test_a_deadlock_is_on_every_row_of_the_circle(autojump_clock: MockClock) -> None:
    """Each of them waits for the next; the third is only held up."""

    def asks(callee: str) -> Any:
        async def work(actor: Worker) -> None:
            actor.context.ready()
            await trio.sleep(0.1)
            await actor.context.ask(actor.context.lookup(f"top/{callee}"), "question", 60.0)

        return work

    class Mute(Worker):
        """Keeps every question."""

        def handle_ask(self, ask: object) -> None:
            pass

    children = [worker(one, Log(), kind=Mute, work=asks(to)) for one, to in ("ab", "ba", "ca")]
    async with open_tree(tree(*children)) as runtime:
        await trio.sleep(1.0)
        told = {each.path: (each.waits_for, each.deadlocked) for each in runtime.rows()[1:]}
        assert told == {
            "top/a": (("top/b",), True),
            "top/b": (("top/a",), True),
            "top/c": (("top/a",), False),
        }
        text = rows_table([to_builtins(each) for each in runtime.rows()])
        assert "deadlock with top/b" in text and "waits for top/a" in text


def test_waits_for_room_are_told_in_words() -> None:
    """Beside those for an answer."""
    edge = {"asker": "top/a", "callee": "top/b", "left_s": 1.5, "thing": "room"}
    said = waits_text({"deadlocks": [], "waits": [edge]})
    assert said == "top/a waits for room in the mailbox of top/b, 1.5 s left"


def test_ages_are_short_words() -> None:
    """Three figures at most, and a unit."""
    times = (None, 0.035, 4.2, 59.0, 600.0, 7_300.0, 400_000.0)
    assert [age(each) for each in times] == ["", "35ms", "4.2s", "59s", "10m", "2.0h", "5d"]


def test_heat_has_two_limits() -> None:
    """None, yellow above the first, red above the second."""
    assert [heat(each, (0.5, 0.9)) for each in (None, 0.5, 0.6, 0.95)] == [
        "", "", "yellow", "bold red",
    ]  # fmt: skip


async def test_top_puts_trouble_first_in_colour(autojump_clock: MockClock) -> None:
    """A full mailbox is red, a restarted actor and a stale book stand before quiet ones."""
    box = MailboxSpec(capacity=10)
    children = [worker(name, Log(), mailbox=box) for name in ("quiet", "full", "stale", "again")]
    async with open_tree(tree(*children)) as runtime:
        runtime.lookup("top/again").tell(Boom("planted"))
        runtime.suspend("top/full")
        for number in range(10):
            runtime.lookup("top/full").tell(number)
        await trio.sleep(6.0)
        rows = [to_builtins(each) for each in runtime.rows()]
    shown = actors(rows, [{"path": "top/stale", "proof_age_ms": 6_000.0}], limit=5)
    console = Console(width=200, force_terminal=True, color_system="standard", record=True)
    with console.capture() as drawn:
        console.print(shown)
    line = {
        name: text
        for text in drawn.get().splitlines()
        for name in ("full", "stale", "again", "quiet")
        if text.startswith(f"top/{name}")
    }
    assert list(line) == ["full", "stale", "again", "quiet"]
    red, yellow = re.escape("\x1b[1;31m"), re.escape("\x1b[33m")
    assert re.search(rf"{red} *10/10.*{red} *6.0s", line["full"])
    assert re.search(rf"{red} *6000", line["stale"])
    assert re.search(rf"{red} *1\D.*{yellow} *1", line["again"])
    assert "31m" not in line["quiet"] and "33m" not in line["quiet"]
