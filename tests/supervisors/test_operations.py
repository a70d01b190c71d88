"""What may be asked of a running tree: listing, counting, starting again, deleting, suspending."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.faults import BadRequest, BadSpec, UnknownPath
from actors.runtime.mailbox import MailboxSpec
from supervisors.operations import ChildCounts
from supervisors.runtime import open_tree
from supervisors.spec import BudgetSpec, ChildSpec, Strategy, SupervisorSpec
from tests.supervisors.trees import (
    ONE_SECOND,
    Boom,
    Forbidden,
    InTurnWorker,
    Log,
    Worker,
    runtime_of,
    states,
    tree,
    worker,
)


async def slow_start(actor: Worker) -> None:
    """Ready after nine seconds."""
    await trio.sleep(9)
    actor.context.ready()
    await trio.sleep_forever()


async def test_children_are_listed_and_counted_in_start_order(autojump_clock: MockClock) -> None:
    """Every child with kind, state and generation, whatever it is doing."""
    log = Log()
    spec = tree(
        worker("a", log), SupervisorSpec("s", children=(worker("x", log),)),
        worker("b", log, backoff=ONE_SECOND), worker("t", log, restart="transient"),
    )  # fmt: skip
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.lookup("top/b").tell_control(Boom("x"))
        await trio.sleep(0.5)
        rows = runtime.which_children("top")
        assert [(row.id, row.kind, row.state, row.generation, row.restart) for row in rows] == [
            ("a", "actor", "running", 1, "permanent"),
            ("s", "supervisor", "running", 1, "permanent"),
            ("b", "actor", "backoff", 2, "permanent"),
            ("t", "actor", "running", 1, "transient"),
        ]
        assert runtime.count_children("top") == ChildCounts(4, 3, 1, 3)
        assert runtime.get_spec("top") is spec
        assert runtime.get_spec("top/s/x") is runtime.registry.record("top/s/x").declared
        with pytest.raises(BadRequest, match="top/a is an actor"):
            runtime.which_children("top/a")
        with pytest.raises(UnknownPath, match="top/zz"):
            runtime.count_children("top/zz")


async def test_a_spec_made_from_a_template_is_told_under_its_own_id(
    autojump_clock: MockClock,
) -> None:
    """What a dynamic child runs by is the template with the child's id."""
    log = Log()
    template = ChildSpec("any", lambda: Worker("kid", log), budget=BudgetSpec(7))
    spec = tree(strategy="dynamic", template=template)
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await runtime.start_child("top", "kid").wait()
        told = runtime.get_spec("top/kid")
        assert (told.id, told.budget) == ("kid", BudgetSpec(7))


async def test_a_stopped_child_is_started_again_alone(autojump_clock: MockClock) -> None:
    """`restart_child` is for what is down; under rest_for_one the later siblings stay."""
    log = Log()
    spec = tree(*(worker(name, log) for name in "abc"), strategy="rest_for_one")
    async with open_tree(spec, clock=TrioClock()) as runtime:
        with pytest.raises(BadRequest, match=r"top/b is running: only a stopped or quarantined"):
            runtime.restart_child("top/b")
        await runtime.terminate_child("top/b").wait()
        await runtime.restart_child("top/b").wait()
        assert log.texts() == ["a start", "b start", "c start", "b ended", "b stopped", "b start"]


@pytest.mark.parametrize("strategy", ["one_for_one", "dynamic"])
async def test_a_quarantine_is_lifted_by_starting_the_child_again(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """The budget begins anew with it."""
    log = Log()
    async with open_tree(tree(worker("a", log), strategy=strategy), clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell_control(Forbidden())
        await trio.sleep(1)
        assert states(runtime)["a"] == "quarantined"
        await runtime.restart_child("top/a").wait()
        assert states(runtime)["a"] == "running"
        assert runtime.rows()[1].crashes == 0


async def test_a_deleted_child_is_gone_and_its_path_free(autojump_clock: MockClock) -> None:
    """Deleting wants a child that is down; a supervisor goes with all below it."""
    log = Log()
    spec = tree(worker("a", log), SupervisorSpec("s", children=(worker("x", log),)))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        with pytest.raises(BadRequest, match=r"top/a is running: .* can be deleted"):
            runtime.delete_child("top/a")
        await runtime.terminate_child("top/a").wait()
        runtime.delete_child("top/a")
        await runtime.terminate_child("top/s").wait()
        runtime.delete_child("top/s")
        assert runtime.which_children("top") == []
        assert not ref.tell("gone")
        with pytest.raises(UnknownPath, match="top/s/x"):
            runtime.restart("top/s/x")
        await runtime.start_child("top", worker("a", log)).wait()
        assert ref.tell("back")


async def test_requests_are_answered_in_every_state_of_the_child(
    autojump_clock: MockClock,
) -> None:
    """While it starts, waits or stops: listed, counted, and refused at once in so many words."""
    log = Log()
    spec = tree(
        worker("wait", log, backoff=ONE_SECOND), worker("stop", log, stop_s=4),
        strategy="dynamic",
    )  # fmt: skip
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.start_child("top", worker("start", log, work=slow_start))
        runtime.lookup("top/wait").tell_control(Boom("x"))
        runtime.terminate_child("top/stop")
        await trio.sleep(0.5)
        expected = {"wait": "backoff", "stop": "stopping", "start": "starting"}
        assert {row.id: row.state for row in runtime.which_children("top")} == expected
        assert runtime.count_children("top").active == 2
        for name, state in expected.items():
            with pytest.raises(BadRequest, match=f"top/{name} is {state}"):
                runtime.restart_child(f"top/{name}")
            with pytest.raises(BadRequest, match=f"top/{name} is {state}"):
                runtime.delete_child(f"top/{name}")
            with pytest.raises(BadRequest, match=f"top/{name} is {state}"):
                runtime.suspend(f"top/{name}")
            assert runtime.get_spec(f"top/{name}").id == name
        assert trio.current_time() == 0.5


async def test_a_child_that_does_not_fit_its_supervisor_is_refused(
    autojump_clock: MockClock,
) -> None:
    """The combinations that are forbidden in a spec are forbidden to `start_child` too."""
    log = Log()
    spec = tree(SupervisorSpec("d", "dynamic"))
    kid = worker("kid", log, restart="transient", significant=True)
    async with open_tree(spec, clock=TrioClock()) as runtime:
        with pytest.raises(BadSpec, match=r"top/d: significant .* dynamic"):
            runtime.start_child("top/d", kid)
        with pytest.raises(BadSpec, match=r"top: auto_shutdown .* kid is significant"):
            runtime.start_child("top", kid)
        assert states(runtime) == {"top": "running", "d": "running"}


# -- suspending ----------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [Worker, InTurnWorker])
async def test_a_suspended_actor_handles_nothing_until_it_is_resumed(
    kind: type[Worker], autojump_clock: MockClock
) -> None:
    """In its own turn or its sender's; what came meanwhile is handled in order, control first."""
    log = Log()
    async with open_tree(tree(worker("a", log, kind=kind)), clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        ref.tell(1)
        await trio.sleep(1)
        runtime.suspend("top/a")
        runtime.suspend("top/a")
        assert ref.tell_batch([2, 3]) == 2
        assert ref.tell_control("now")
        await trio.sleep(5)
        assert states(runtime)["a"] == "suspended"
        assert log.texts() == ["a start", "a got 1"]
        assert ref.statistics().queued == 3
        runtime.resume("top/a")
        await trio.sleep(1)
        assert states(runtime)["a"] == "running"
        assert log.texts()[2:] == ["a got now", "a got 2", "a got 3"]
        kinds = [event.kind for event in runtime.events.since() if event.path == "top/a"]
        assert kinds[-2:] == ["suspended", "resumed"]
        with pytest.raises(BadRequest, match="top/a is running: only what is suspended"):
            runtime.resume("top/a")
        with pytest.raises(BadRequest, match="top is a supervisor"):
            runtime.suspend("top")


async def test_a_suspended_mailbox_is_bounded_as_ever(autojump_clock: MockClock) -> None:
    """Overflow follows the policy, and nothing is unaccounted for."""
    log = Log()
    spec = tree(worker("a", log, kind=InTurnWorker, mailbox=MailboxSpec(2, "drop_oldest")))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        runtime.suspend("top/a")
        ref.tell_batch([1, 2, 3, 4])
        runtime.resume("top/a")
        await trio.sleep(1)
        assert log.texts()[1:] == ["a got 3", "a got 4"]
        assert ref.statistics().lost == {"drop_oldest": 2}
        assert ref.statistics().conserved


async def test_a_suspension_ends_with_the_life(autojump_clock: MockClock) -> None:
    """Killed, restarted or stopped as any other; the next life is not suspended."""
    log = Log()
    async with open_tree(tree(worker("a", log)), clock=TrioClock()) as runtime:
        for end in (
            lambda: runtime.kill("top/a", Boom("x")),
            lambda: runtime.restart("top/a"),
        ):
            runtime.suspend("top/a")
            runtime.lookup("top/a").tell("kept")
            end()
            await trio.sleep(1)
            assert states(runtime)["a"] == "running"
        assert log.texts().count("a got kept") == 2
        runtime.suspend("top/a")
        await runtime.terminate_child("top/a").wait()
        assert states(runtime)["a"] == "stopped"


async def test_nobody_expects_progress_of_what_is_suspended(autojump_clock: MockClock) -> None:
    """The watchdog waits, and begins anew when the actor is resumed."""
    log = Log()
    spec = tree(worker("a", log, progress_within_s=3.0, restart="temporary"))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(1)
        runtime.suspend("top/a")
        await trio.sleep(100)
        runtime.resume("top/a")
        await trio.sleep(2.9)
        assert states(runtime)["a"] == "running"
        await trio.sleep(0.2)
        assert "NoProgress" in runtime.rows()[1].last_exit


async def test_a_stopping_tree_takes_no_requests(autojump_clock: MockClock) -> None:
    """Whoever asks is told why; reading goes on."""
    log = Log()
    runtime = runtime_of(tree(worker("a", log, stop_s=3), worker("b", log)))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(1)
        runtime.request_stop("enough")
        await trio.sleep(1)
        for ask in (runtime.restart_child, runtime.delete_child, runtime.terminate_child):
            with pytest.raises(BadRequest, match="the tree is stopping"):
                ask("top/b")
        assert [row.state for row in runtime.which_children("top")] == ["stopping", "stopped"]
