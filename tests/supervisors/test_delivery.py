"""Messages over lives: turns, timers, watches, and the law of conservation under crashes."""

from __future__ import annotations

from typing import Any, ClassVar

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.runtime.actor import Actor
from actors.runtime.clock import TrioClock
from actors.runtime.mailbox import MailboxSpec
from actors.runtime.messages import Down, Up
from supervisors.runtime import Runtime, open_tree
from supervisors.spec import BudgetSpec, ChildSpec, SupervisorSpec
from tests.supervisors.trees import (
    NO_BACKOFF,
    ONE_SECOND,
    Boom,
    InTurnWorker,
    Log,
    Outage,
    Worker,
    tree,
    worker,
)

PLENTY = BudgetSpec(1_000)


async def settle() -> None:
    """Let everything run that can."""
    await trio.testing.wait_all_tasks_blocked()


# -- turns -------------------------------------------------------------------------------------


async def test_an_in_turn_receiver_has_handled_it_on_return(autojump_clock: MockClock) -> None:
    """The sender's call runs the handler; an ordinary receiver's task does it later."""
    log = Log()
    spec = tree(worker("in", log, kind=InTurnWorker), worker("own", log))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        assert runtime.lookup("top/in").tell(1)
        assert runtime.lookup("top/own").tell(2)
        assert runtime.lookup("top/in").tell_control(3)
        assert log.texts() == ["in got 1", "in got 3"]
        await settle()
        assert log.texts() == ["in got 1", "in got 3", "own got 2"]


async def test_what_a_handler_sends_is_queued_until_its_turn_is_over(
    autojump_clock: MockClock,
) -> None:
    """Turns do not nest: the second actor runs after the first, in its own task."""
    log = Log()

    class First(InTurnWorker):
        def handle(self, message: object) -> None:
            self.context.lookup("top/second").tell(message)
            self.log.add(f"first done {message}")

    spec = tree(worker("first", log, kind=First), worker("second", log, kind=InTurnWorker))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        runtime.lookup("top/first").tell_batch([1, 2])
        assert log.texts() == ["first done 1", "first done 2"]
        await settle()
        assert log.texts()[2:] == ["second got 1", "second got 2"]


async def test_two_in_turn_actors_that_call_each_other_do_not_recurse(
    autojump_clock: MockClock,
) -> None:
    """A thousand rounds of ping-pong are a thousand turns, not a thousand frames."""
    log = Log()

    class Player(InTurnWorker):
        def handle(self, message: object) -> None:
            assert isinstance(message, int)
            self.seen.append(message)
            if message < 1_000:
                other = "b" if self.name == "a" else "a"
                self.context.lookup(f"top/{other}").tell(message + 1)

    spec = tree(worker("a", log, kind=Player), worker("b", log, kind=Player))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell(0)
        await settle()
        counts = [runtime.lookup(f"top/{name}").statistics().handled for name in "ab"]
        assert counts == [501, 500]


async def test_nothing_a_handler_raises_reaches_the_sender(autojump_clock: MockClock) -> None:
    """Before `tell` returns the loss is counted, the next life known, and `failed` was called."""
    log = Log()

    class Fragile(InTurnWorker):
        def failed(self) -> None:
            self.log.add(f"failed in generation {self.context.generation}")
            self.context.lookup("top/watcher").tell("dark")

    spec = tree(worker("watcher", log), worker("a", log, kind=Fragile, backoff=ONE_SECOND))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        log.lines.clear()
        assert ref.tell_batch([1, Boom("two"), 3]) == 3
        assert log.texts() == ["a got 1", "failed in generation 1", "a ended"]
        assert (ref.generation, ref.running) == (2, False)
        counted = ref.statistics()
        assert (counted.handled, counted.queued, counted.lost) == (1, 1, {"crashed": 1})
        await trio.sleep(2)
        assert runtime.rows()[2].last_failure == "crash: Boom: two"
        assert log.texts()[3:] == ["watcher got dark", "a start", "a got 3"]


async def test_a_base_exception_in_a_turn_ends_the_run_not_the_sender(
    autojump_clock: MockClock,
) -> None:
    """SystemExit in a handler is raised in the actor's own task and at the end of the run."""
    log = Log()
    told: list[bool] = []

    async def sender(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep(1)
        told.append(actor.context.lookup("top/a").tell(SystemExit(3)))
        await trio.sleep_forever()

    spec = tree(worker("a", log, kind=InTurnWorker), worker("sender", log, work=sender))
    with pytest.raises(SystemExit) as caught:
        await Runtime(spec, clock=TrioClock()).run()
    assert caught.value.code == 3
    assert told == [True]
    assert "sender stopped" in log.texts()


async def test_a_batch_larger_than_the_mailbox_is_fed_in_pieces(
    autojump_clock: MockClock,
) -> None:
    """Nothing is refused as long as the receiver may run in between."""
    log = Log()
    spec = tree(worker("a", log, kind=InTurnWorker, mailbox=MailboxSpec(capacity=3)))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        assert ref.tell_batch(list(range(10))) == 10
        assert ref.statistics().handled == 10
        assert ref.statistics().peak <= 3


async def test_drained_is_called_once_a_turn(autojump_clock: MockClock) -> None:
    """A batch is one turn: facts are published once for all of it."""
    log = Log()

    class Conflating(InTurnWorker):
        def drained(self) -> None:
            self.log.add(f"{self.name} drained after {len(self.seen)}")

    spec = tree(worker("a", log, kind=Conflating))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        runtime.lookup("top/a").tell_batch(["x"] * 5)
        assert [text for text in log.texts() if "drained" in text] == ["a drained after 5"]


async def test_a_flood_does_not_starve_the_neighbours(autojump_clock: MockClock) -> None:
    """A task's turn takes 64 messages, then everybody else has a chance."""
    log = Log()
    spec = tree(worker("flooded", log, mailbox=MailboxSpec(1_000)), worker("quiet", log))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await settle()
        runtime.lookup("top/flooded").tell_batch(["x"] * 500)
        runtime.lookup("top/quiet").tell("y")
        await settle()
        texts = log.texts()
        assert texts.index("quiet got y") - texts.index("flooded got x") <= 3 * 64


class Counter(Actor):
    """Adds up what it gets, tells sums on, and fails where a message says so."""

    def __init__(self, outputs: list[object]) -> None:
        self.total = 0
        self.outputs = outputs

    def handle(self, message: object) -> None:
        assert isinstance(message, int)
        if message < 0:
            raise Boom(str(message))
        self.total += message
        self.outputs.append((self.context.generation, self.total))


class InTurnCounter(Counter):
    """The same in the sender's turn."""

    in_turn: ClassVar[bool] = True


BATCHES = st.lists(st.lists(st.integers(-1, 9), max_size=8), max_size=12)


@given(BATCHES, st.sampled_from(["keep", "purge"]))
@settings(max_examples=60)
def test_both_ways_of_hand_over_give_the_same(batches: list[list[int]], at_restart: Any) -> None:
    """Equal outputs and counters in the sender's turn and in the receiver's task, over crashes."""

    async def play(kind: type[Counter]) -> tuple[list[object], object]:
        outputs: list[object] = []
        mailbox = MailboxSpec(16, at_restart=at_restart)
        child = ChildSpec(
            "c", lambda: kind(outputs), mailbox=mailbox, budget=PLENTY, backoff=NO_BACKOFF
        )
        async with open_tree(tree(child), clock=TrioClock()) as runtime:
            ref = runtime.lookup("top/c")
            for batch in batches:
                ref.tell_batch(batch)
                await settle()
            counted = ref.statistics()
        return outputs, (counted.accepted, counted.handled, counted.lost, counted.refused)

    clock = MockClock(autojump_threshold=0)
    in_turn = trio.run(play, InTurnCounter, clock=clock)
    own_task = trio.run(play, Counter, clock=MockClock(autojump_threshold=0))
    assert in_turn == own_task


# -- timers and watches ------------------------------------------------------------------------


async def test_a_timer_of_an_older_life_is_dropped_and_counted(autojump_clock: MockClock) -> None:
    """The next life never hears what its predecessor wanted to be told."""
    log = Log()

    def begin(actor: Worker) -> None:
        actor.context.timer(2, f"timer of {actor.context.generation}")

    spec = tree(worker("a", log, begin=begin, kind=InTurnWorker))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(1)
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(5)
        assert [line for line in log.lines if "timer" in line[1]] == [(3, "a got timer of 2")]
        assert runtime.lookup("top/a").statistics().refused == {"stale_timer": 1}


async def test_a_cancelled_timer_is_silent(autojump_clock: MockClock) -> None:
    """Set, cancelled, never heard of again."""
    log = Log()

    def begin(actor: Worker) -> None:
        actor.context.timer(2, "kept")
        actor.context.timer(1, "cancelled").cancel()

    async with open_tree(tree(worker("a", log, begin=begin)), clock=TrioClock()):
        await trio.sleep(5)
    assert [text for text in log.texts() if "got" in text] == ["a got kept"]


def watching(*paths: str) -> Any:
    """Watch these paths from the start."""

    def begin(actor: Worker) -> None:
        for path in paths:
            actor.context.watch(path)

    return begin


async def test_a_watcher_hears_the_present_state_and_every_change(
    autojump_clock: MockClock,
) -> None:
    """Up, down with the reason, up again; a path that is not there yet is down."""
    log = Log()
    spec = tree(
        worker("a", log, backoff=ONE_SECOND),
        worker("w", log, begin=watching("top/a", "top/d/later")),
        SupervisorSpec("d", "dynamic"),
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await settle()
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(2)
        await runtime.start_child("top/d", worker("later", log)).wait()
        await runtime.terminate_child("top/a").wait()
        await settle()
    heard = [text.removeprefix("w got ") for text in log.texts() if text.startswith("w got")]
    assert heard[:6] == [
        str(Up("top/a", 1)),
        str(Down("top/d/later", 0, "absent")),
        str(Down("top/a", 1, "Boom: x")),
        str(Up("top/a", 2)),
        str(Up("top/d/later", 1)),
        str(Down("top/a", 2, "stopped")),
    ]


async def test_a_down_overtakes_queued_data(autojump_clock: MockClock) -> None:
    """The watcher knows that its source is dead before it looks at what the source had sent."""
    log = Log()
    spec = tree(worker("a", log), worker("w", log, begin=watching("top/a")))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await settle()
        log.lines.clear()
        runtime.lookup("top/w").tell_batch(["quote 1", "quote 2"])
        runtime.kill("top/a", Outage("cut"))
        await settle()
        heard = [text for text in log.texts() if text.startswith("w got")]
        assert [text.split("(")[0] for text in heard[:3]] == [
            "w got Down", "w got quote 1", "w got quote 2",
        ]  # fmt: skip


async def test_a_watch_ends_with_the_watchers_life(autojump_clock: MockClock) -> None:
    """A notice that waits for a dead life is dropped and counted; the new life watches itself."""
    log = Log()
    spec = tree(worker("a", log), worker("w", log, begin=watching("top/a"), backoff=ONE_SECOND))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await settle()
        runtime.kill("top/a", Outage("cut"))
        runtime.kill("top/w", Boom("x"))
        await trio.sleep(2)
        heard = [line for line in log.lines if line[1].startswith("w got")]
        assert heard == [(0, f"w got {Up('top/a', 1)}"), (1, f"w got {Up('top/a', 2)}")]
        counted = runtime.lookup("top/w").statistics()
        assert counted.lost == {"stale": 1}
        assert counted.conserved


async def test_an_async_actor_is_served_beside_its_work(autojump_clock: MockClock) -> None:
    """Messages come in while `run` waits for the world; a raising handler ends the life."""
    log = Log()
    async with open_tree(tree(worker("a", log, backoff=ONE_SECOND)), clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        ref.tell("m")
        await settle()
        assert log.texts()[-1] == "a got m"
        ref.tell(Boom("x"))
        await trio.sleep(2)
        assert log.times("a start") == [0, 1]


async def test_the_observer_sees_everything_in_order(autojump_clock: MockClock) -> None:
    """Every accepted message and every change of state, and the same in a second run."""

    class Trace:
        def __init__(self) -> None:
            self.lines: list[tuple[object, ...]] = []

        def on_accepted(self, path: str, generation: int, message: object) -> None:
            self.lines.append((path, generation, str(message)))

        def on_state(self, path: str, state: str, generation: int) -> None:
            self.lines.append((path, generation, state))

    async def traced() -> list[tuple[object, ...]]:
        trace, log = Trace(), Log()
        spec = tree(worker("a", log), worker("w", log, kind=InTurnWorker))
        async with open_tree(spec, clock=TrioClock(), observer=trace) as runtime:
            runtime.lookup("top/w").tell("m")
            await runtime.lookup("top/w").offer("n", 1)
            runtime.kill("top/a", Outage("cut"))
            await trio.sleep(1)
        return trace.lines

    lines = await traced()
    assert lines == await traced()
    assert ("top/w", 1, "m") in lines
    assert ("top/w", 1, "n") in lines
    assert [line[1:] for line in lines if line[0] == "top/a"] == [
        (1, "starting"), (1, "running"), (2, "stopping"), (2, "backoff"),
        (2, "starting"), (2, "running"), (3, "stopping"), (3, "stopped"),
    ]  # fmt: skip
