"""What OTP's manual says of edges that no other test of ours names."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.faults import BadRequest, UnknownPath
from supervisors.runtime import open_tree
from supervisors.spec import BudgetSpec, ChildSpec, RestartType, StopPolicy, SupervisorSpec
from tests.supervisors.trees import ONE_SECOND, Boom, Log, Worker, runtime_of, states, tree, worker

RESTARTS: tuple[tuple[str, RestartType], ...] = (("p", "permanent"), ("t", "transient"))


async def crash(actor: Worker) -> None:
    """Run for a second, then crash."""
    actor.context.ready()
    await trio.sleep(1)
    raise Boom("planted")


async def test_a_budget_of_nothing_allows_no_restart(autojump_clock: MockClock) -> None:
    """Intensity 0: the first crash ends the supervisor."""
    log = Log()
    spec = tree(worker("a", log, work=crash, budget=BudgetSpec(0)), budget=BudgetSpec(0))
    report = await runtime_of(spec).run()
    assert (report.code, len(log.times("a start"))) == (4, 1)


async def test_terminating_what_is_stopped_is_no_mistake(autojump_clock: MockClock) -> None:
    """The second time there is nothing to do, and that is the answer."""
    async with open_tree(tree(worker("a", Log())), clock=TrioClock()) as runtime:
        for _ in range(2):
            await runtime.terminate_child("top/a").wait()
        assert states(runtime)["a"] == "stopped"


async def test_a_significant_child_that_is_terminated_takes_nobody_with_it(
    autojump_clock: MockClock,
) -> None:
    """Only an end by itself counts for the automatic shutdown."""
    child = worker("a", Log(), restart="transient", significant=True)
    spec = tree(child, worker("b", Log()), auto_shutdown="any_significant")
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await runtime.terminate_child("top/a").wait()
        await trio.sleep(5)
        assert states(runtime) == {"top": "running", "a": "stopped", "b": "running"}


async def test_a_significant_temporary_child_counts_however_it_ends(
    autojump_clock: MockClock,
) -> None:
    """A temporary child is not restarted, so even its crash is its last end."""
    child = worker("a", Log(), work=crash, restart="temporary", significant=True)
    spec = tree(child, worker("b", Log()), auto_shutdown="any_significant")
    report = await runtime_of(spec).run()
    assert (report.code, trio.current_time()) == (0, 1)


async def test_an_automatic_shutdown_is_normal_to_the_supervisor_above(
    autojump_clock: MockClock,
) -> None:
    """A permanent supervisor comes back after it, a transient one does not."""
    inner = [
        SupervisorSpec(
            name,
            children=(worker(f"{name}a", Log(), work=_one_second, restart="transient",
                             significant=True),),
            auto_shutdown="any_significant",
            restart=restart,
            backoff=ONE_SECOND,
        )
        for name, restart in RESTARTS
    ]  # fmt: skip
    async with open_tree(tree(*inner), clock=TrioClock()) as runtime:
        await trio.sleep(2.5)
        found = {row.path: (row.state, row.restarts) for row in runtime.rows()}
        assert found["top/p"] == ("running", 1)
        assert found["top/t"] == ("stopped", 0)


async def test_a_transient_supervisor_that_gives_up_has_failed(autojump_clock: MockClock) -> None:
    """Giving up is no normal end, so it comes back: its trouble does not vanish in silence."""
    log = Log()
    bad = worker("bad", log, work=crash, budget=BudgetSpec(0))
    inner = SupervisorSpec(
        "in", children=(bad,), budget=BudgetSpec(0), restart="transient", backoff=ONE_SECOND
    )
    async with open_tree(tree(inner), clock=TrioClock()) as runtime:
        await trio.sleep(2.5)
        assert len(log.times("bad start")) == 2
        assert states(runtime)["in"] == "running"


async def test_a_child_that_cannot_start_stays_and_tries_again(autojump_clock: MockClock) -> None:
    """The request says why; the child is in backoff, and comes up when it can."""
    fails = [True, False]

    def begin(actor: Worker) -> None:
        if fails.pop(0):
            raise Boom("not yet")

    async with open_tree(tree(), clock=TrioClock()) as runtime:
        child = worker("a", Log(), begin=begin, backoff=ONE_SECOND)
        with pytest.raises(BadRequest, match="Boom: not yet"):
            await runtime.start_child("top", child).wait()
        assert states(runtime)["a"] == "backoff"
        await trio.sleep(1.5)
        assert states(runtime)["a"] == "running"


async def test_every_call_refuses_a_path_that_is_not_there(autojump_clock: MockClock) -> None:
    """OTP's `not_found`, by name."""
    async with open_tree(tree(worker("a", Log())), clock=TrioClock()) as runtime:
        for call in (
            runtime.restart, runtime.restart_child, runtime.terminate_child, runtime.delete_child,
            runtime.which_children, runtime.count_children, runtime.get_spec, runtime.summary,
        ):  # fmt: skip
            with pytest.raises(UnknownPath, match="top/zz"):
                call("top/zz")
        with pytest.raises(BadRequest, match="is running: only a stopped"):
            runtime.restart_child("top/a")
        with pytest.raises(BadRequest, match="is running: only a stopped"):
            runtime.delete_child("top/a")


async def test_every_step_of_a_life_is_an_event(autojump_clock: MockClock) -> None:
    """What OTP's reports tell: start, progress, crash with its reason, restart, stop."""
    async with open_tree(tree(worker("a", Log(), backoff=ONE_SECOND))) as runtime:
        runtime.kill("top/a", Boom("planted"))
        await trio.sleep(1.5)
        await runtime.terminate_child("top/a").wait()
        said = [(e.kind, e.generation) for e in runtime.events.since() if e.path == "top/a"]
        assert said == [
            ("starting", 1), ("ready", 1), ("stopping", 2), ("crash", 1), ("backoff", 2),
            ("starting", 2), ("ready", 2), ("stopping", 3), ("shutdown", 2),
        ]  # fmt: skip


def test_defaults() -> None:
    """Permanent, five seconds of grace, one_for_one, never an automatic shutdown: as OTP's."""
    child, above = ChildSpec("a", Worker), SupervisorSpec("s")
    assert (child.restart, child.stop, child.significant) == ("permanent", StopPolicy(5.0), False)
    assert (above.strategy, above.auto_shutdown) == ("one_for_one", "never")


async def _one_second(actor: Worker) -> None:
    actor.context.ready()
    await trio.sleep(1)
