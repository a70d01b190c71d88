"""What a child's end means for its siblings, and children that come and go."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.faults import BadRequest, BadSpec, UnknownPath
from supervisors.runtime import open_tree
from supervisors.spec import BackoffSpec, ChildSpec, SupervisorSpec
from tests.supervisors.trees import (
    ONE_SECOND,
    Boom,
    Log,
    Worker,
    states,
    tree,
    worker,
)


async def test_one_for_one_restarts_the_one(autojump_clock: MockClock) -> None:
    """The siblings do not even notice."""
    log = Log()
    spec = tree(*(worker(name, log) for name in "abc"))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        runtime.lookup("top/b").tell(Boom("x"))
        await trio.sleep(1)
        assert log.texts() == ["b ended", "b start"]


async def test_rest_for_one_restarts_the_later_ones_in_order(autojump_clock: MockClock) -> None:
    """They are stopped in reverse at once, and start after the failed one has waited."""
    log = Log()
    spec = tree(
        *(worker(name, log, backoff=ONE_SECOND) for name in "abcd"), strategy="rest_for_one"
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        runtime.lookup("top/b").tell(Boom("x"))
        await trio.sleep(2)
        assert log.lines == [
            (0, "b ended"),
            (0, "d ended"), (0, "d stopped"), (0, "c ended"), (0, "c stopped"),
            (1, "b start"), (1, "c start"), (1, "d start"),
        ]  # fmt: skip


async def test_one_for_all_restarts_all_in_order(autojump_clock: MockClock) -> None:
    """Stopped in reverse, the failed one left out, and started from the first."""
    log = Log()
    spec = tree(*(worker(name, log) for name in "abc"), strategy="one_for_all")
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        runtime.lookup("top/b").tell(Boom("x"))
        await trio.sleep(1)
        assert log.texts() == [
            "b ended", "c ended", "c stopped", "a ended", "a stopped",
            "a start", "b start", "c start",
        ]  # fmt: skip


async def test_a_group_restart_that_fails_goes_on_from_the_failing_child(
    autojump_clock: MockClock,
) -> None:
    """Rest_for_one does not trouble those before the failing one a second time."""
    log = Log()
    fails = [True, True]

    def begin(actor: Worker) -> None:
        if trio.current_time() > 0 and fails:
            fails.pop()
            raise Boom("not yet")

    spec = tree(
        worker("a", log), worker("b", log, begin=begin, backoff=ONE_SECOND), worker("c", log),
        strategy="rest_for_one",
    )  # fmt: skip
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(1)
        log.lines.clear()
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(5)
        assert [line for line in log.lines if line[1].endswith("start")] == [
            (1, "a start"), (1, "b start"), (2, "b start"), (3, "b start"), (3, "c start"),
        ]  # fmt: skip


async def test_an_earlier_sibling_that_fails_during_a_group_restart_joins_it(
    autojump_clock: MockClock,
) -> None:
    """The restart widens; nobody is started before what it relies on."""
    log = Log()
    spec = tree(
        worker("a", log), worker("b", log, backoff=BackoffSpec(5, 5, 1, 0)), worker("c", log),
        strategy="rest_for_one",
    )  # fmt: skip
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        runtime.lookup("top/b").tell(Boom("x"))
        await trio.sleep(1)
        runtime.lookup("top/a").tell(Boom("y"))
        await trio.sleep(9)
        assert [line for line in log.lines if line[1].endswith("start")] == [
            (5, "a start"), (5, "b start"), (5, "c start"),
        ]  # fmt: skip


async def test_a_group_restart_runs_finished_children_again_but_not_temporary_ones(
    autojump_clock: MockClock,
) -> None:
    """What it did may rely on what was restarted; a temporary child is gone with its life."""
    log = Log()

    async def work(actor: Worker) -> None:
        actor.context.ready()
        await trio.lowlevel.checkpoint()

    spec = tree(
        worker("a", log),
        worker("done", log, work=work, restart="transient"),
        worker("once", log, restart="temporary"),
        strategy="rest_for_one",
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(1)
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(1)
        assert len(log.times("done start")) == 2
        assert len(log.times("once start")) == 1
        assert states(runtime)["once"] == "stopped"


async def test_a_nested_supervisor_is_restarted_as_a_whole(autojump_clock: MockClock) -> None:
    """Under rest_for_one a supervisor that stands later stops and starts with all its children."""
    log = Log()
    inner = SupervisorSpec("s", children=(worker("x", log), worker("y", log)))
    async with open_tree(
        tree(worker("a", log), inner, strategy="rest_for_one"), clock=TrioClock()
    ) as runtime:
        log.lines.clear()
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(1)
        assert log.texts() == [
            "a ended", "y ended", "y stopped", "x ended", "x stopped",
            "a start", "x start", "y start",
        ]  # fmt: skip


async def test_a_restart_by_request_takes_dependents_along_and_costs_nothing(
    autojump_clock: MockClock,
) -> None:
    """Stopped in order with their graces, started in order, no budget, no backoff."""
    log = Log()
    spec = tree(*(worker(name, log, stop_s=1) for name in "abc"), strategy="rest_for_one")
    async with open_tree(spec, clock=TrioClock()) as runtime:
        log.lines.clear()
        await runtime.restart("top/b").wait()
        await trio.sleep(1)
        assert log.lines == [
            (0, "c ended"), (1, "c stopped"), (1, "b ended"), (2, "b stopped"),
            (2, "b start"), (2, "c start"),
        ]  # fmt: skip
        assert sum(row.crashes for row in runtime.rows()) == 0


async def test_a_restart_by_request_does_not_wait_for_the_backoff(
    autojump_clock: MockClock,
) -> None:
    """Somebody who knows better need not wait an hour; what fails again is reported."""
    log = Log()
    hour = BackoffSpec(3600, 3600, 1, 0)
    async with open_tree(tree(worker("a", log, backoff=hour)), clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(1)
        assert states(runtime)["a"] == "backoff"
        await runtime.restart("top/a").wait()
        assert trio.current_time() == 1
        assert states(runtime)["a"] == "running"


async def test_a_request_that_fails_says_why(autojump_clock: MockClock) -> None:
    """The error names the child, its state and its last end."""
    log = Log()

    def begin(actor: Worker) -> None:
        if len(log.times("a start")) > 1:
            raise Boom("broken")

    spec = tree(worker("a", log, begin=begin, backoff=ONE_SECOND))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        with pytest.raises(BadRequest, match="top/a is backoff: crash: Boom: broken"):
            await runtime.restart("top/a").wait()


TEMPLATE = ChildSpec("unused", Worker, backoff=ONE_SECOND)


async def test_dynamic_children_come_and_go(autojump_clock: MockClock) -> None:
    """Made from the template, addressed by path, restarted like any other, removed when asked."""
    log = Log()
    spec = tree(strategy="dynamic", template=TEMPLATE)
    async with open_tree(spec, clock=TrioClock()) as runtime:
        for name in ("x", "y"):
            await runtime.start_child("top", name, name, log).wait()
        ref = runtime.lookup("top/x")
        assert ref.tell("hello")
        await trio.sleep(1)
        assert log.texts() == ["x start", "y start", "x got hello"]
        ref.tell(Boom("x"))
        await trio.sleep(2)
        assert states(runtime) == {"top": "running", "x": "running", "y": "running"}
        await runtime.terminate_child("top/x").wait()
        assert states(runtime) == {"top": "running", "y": "running"}
        assert not ref.tell("gone")
        with pytest.raises(UnknownPath, match="top/x"):
            runtime.restart("top/x")
        generation = ref.generation
        await runtime.start_child("top", "x", "x", log).wait()
        assert ref.running
        assert ref.generation == generation
        assert ref.tell("again")
        await trio.sleep(1)
        assert log.texts()[-1] == "x got again"
        assert ref.statistics().conserved


async def test_a_temporary_dynamic_child_is_removed_when_it_ends(
    autojump_clock: MockClock,
) -> None:
    """Its path is free again in the same step."""
    log = Log()

    async def work(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep(1)

    async with open_tree(tree(strategy="dynamic"), clock=TrioClock()) as runtime:
        await runtime.start_child("top", worker("t", log, work=work, restart="temporary")).wait()
        assert states(runtime) == {"top": "running", "t": "running"}
        await trio.sleep(1.5)
        assert states(runtime) == {"top": "running"}


async def test_a_static_child_may_be_added_stopped_and_started_again(
    autojump_clock: MockClock,
) -> None:
    """A terminated static child stays in the tree, stopped, until it is restarted."""
    log = Log()
    async with open_tree(tree(worker("a", log)), clock=TrioClock()) as runtime:
        await runtime.start_child("top", worker("b", log)).wait()
        await runtime.terminate_child("top/a").wait()
        await trio.sleep(100)
        assert states(runtime) == {"top": "running", "a": "stopped", "b": "running"}
        await runtime.restart("top/a").wait()
        assert states(runtime)["a"] == "running"


async def test_terminating_in_backoff_ends_the_attempts(autojump_clock: MockClock) -> None:
    """Nothing starts afterwards."""
    log = Log()
    async with open_tree(tree(worker("a", log, backoff=ONE_SECOND)), clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(0.5)
        await runtime.terminate_child("top/a").wait()
        await trio.sleep(10)
        assert states(runtime)["a"] == "stopped"
    assert log.times("a start") == [0]


async def test_a_supervisor_answers_while_it_stops_starts_or_waits(
    autojump_clock: MockClock,
) -> None:
    """While one child takes its time, others are started, stopped, restarted and listed."""
    log = Log()

    async def slow(actor: Worker) -> None:
        await trio.sleep(9)
        actor.context.ready()
        await trio.sleep_forever()

    spec = tree(
        worker("quick", log), worker("tough", log, stop_s=5), worker("other", log),
        strategy="dynamic",
    )  # fmt: skip
    async with open_tree(spec, clock=TrioClock()) as runtime:
        stopping = runtime.terminate_child("top/tough")
        starting = runtime.start_child("top", worker("slow", log, work=slow))
        await trio.sleep(1)
        assert states(runtime)["tough"] == "stopping"
        assert states(runtime)["slow"] == "starting"
        await runtime.restart("top/quick").wait()
        await runtime.terminate_child("top/other").wait()
        await runtime.start_child("top", worker("new", log)).wait()
        assert trio.current_time() == 1
        assert not stopping.done
        assert not starting.done
        await stopping.wait()
        assert trio.current_time() == 5
        await starting.wait()
        assert trio.current_time() == 9


async def test_an_actor_may_start_and_stop_children_itself(autojump_clock: MockClock) -> None:
    """From a handler: the request is checked at once and carried out beside it."""
    log = Log()

    class Parent(Worker):
        def handle(self, message: object) -> None:
            if message == "start":
                self.context.tree.start_child("top/kids", worker("kid", log))
            else:
                self.context.tree.terminate_child("top/kids/kid")

    spec = tree(SupervisorSpec("kids", "dynamic"), worker("parent", log, kind=Parent))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.lookup("top/parent").tell("start")
        await trio.sleep(1)
        assert states(runtime)["kid"] == "running"
        runtime.lookup("top/parent").tell("stop")
        await trio.sleep(1)
        assert "kid" not in states(runtime)


async def test_what_cannot_be_done_is_refused_at_once(autojump_clock: MockClock) -> None:
    """Unknown paths, taken ids, wrong specs, the root, an actor as a parent: one sentence each."""
    log = Log()
    spec = tree(worker("a", log), SupervisorSpec("d", "dynamic", template=TEMPLATE))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        with pytest.raises(UnknownPath, match="top/zz"):
            runtime.lookup("top/zz")
        with pytest.raises(UnknownPath, match="top/zz"):
            runtime.start_child("top/zz", "x")
        with pytest.raises(BadRequest, match="top/a is taken"):
            runtime.start_child("top", worker("a", log))
        with pytest.raises(BadRequest, match="top has no template"):
            runtime.start_child("top", "x")
        with pytest.raises(BadRequest, match="a child is an id or a spec"):
            runtime.start_child("top", 7)
        with pytest.raises(BadSpec, match="top/d/a b: id"):
            runtime.start_child("top/d", "a b", "n", log)
        with pytest.raises(BadRequest, match="top/a is an actor"):
            runtime.start_child("top/a", "x")
        with pytest.raises(BadRequest, match="top is the root"):
            runtime.restart("top")
        with pytest.raises(BadRequest, match="top/d is a supervisor"):
            runtime.kill("top/d", Boom("x"))
        assert set(states(runtime)) == {"top", "a", "d"}


async def test_removing_a_supervisor_removes_all_below_it(autojump_clock: MockClock) -> None:
    """Its paths are free again, its actors stopped in order."""
    log = Log()
    async with open_tree(tree(strategy="dynamic"), clock=TrioClock()) as runtime:
        inner = SupervisorSpec("s", children=(worker("a", log), worker("b", log)))
        await runtime.start_child("top", inner).wait()
        await runtime.terminate_child("top/s").wait()
        assert states(runtime) == {"top": "running"}
        assert log.texts()[-4:] == ["b ended", "b stopped", "a ended", "a stopped"]
        await runtime.start_child("top", inner).wait()
        assert set(states(runtime)) == {"top", "s", "a", "b"}
