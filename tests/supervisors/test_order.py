"""Starting in order, stopping in reverse, and what a start that fails does."""

from __future__ import annotations

from typing import Any

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.faults import BadRequest
from supervisors.runtime import open_tree
from supervisors.spec import KILL, UNLIMITED, BackoffSpec, StopPolicy, Strategy, SupervisorSpec
from tests.supervisors.trees import (
    ONE_SECOND,
    Boom,
    Log,
    Outage,
    Worker,
    runtime_of,
    states,
    tree,
    worker,
)


def slow(delay_s: float) -> Any:
    """Work that is ready after so long."""

    async def work(actor: Worker) -> None:
        await trio.sleep(delay_s)
        actor.log.add(f"{actor.name} ready")
        actor.context.ready(delay_s)
        await trio.sleep_forever()

    return work


@pytest.mark.parametrize("strategy", ["one_for_one", "rest_for_one", "one_for_all", "dynamic"])
async def test_each_start_waits_until_the_one_before_is_ready(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """Start order is the order of the spec, one after the other, in every strategy."""
    log = Log()
    spec = tree(
        worker("a", log, work=slow(2)),
        SupervisorSpec("s", children=(worker("b", log, work=slow(1)),)),
        worker("c", log),
        strategy=strategy,
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        assert log.lines == [
            (0, "a start"),
            (2, "a ready"),
            (2, "b start"),
            (3, "b ready"),
            (3, "c start"),
        ]
        assert set(states(runtime).values()) == {"running"}


async def test_children_stop_in_reverse_each_within_its_grace(autojump_clock: MockClock) -> None:
    """The last started is told first; nobody is told before the one after it is gone."""
    log = Log()
    spec = tree(
        worker("a", log, stop_s=1),
        SupervisorSpec("s", children=(worker("b", log, stop_s=2), worker("c", log, stop_s=3))),
        worker("d", log, stop_s=4),
    )
    async with open_tree(spec, clock=TrioClock()):
        log.lines.clear()
    assert log.lines == [
        (0, "d ended"),
        (4, "d stopped"),
        (4, "c ended"),
        (7, "c stopped"),
        (7, "b ended"),
        (9, "b stopped"),
        (9, "a ended"),
        (10, "a stopped"),
    ]


async def test_a_dynamic_supervisor_stops_its_children_together(autojump_clock: MockClock) -> None:
    """Two hundred books take as long as the slowest, not as their sum."""
    log = Log()
    spec = tree(*(worker(name, log, stop_s=3) for name in "abc"), strategy="dynamic")
    async with open_tree(spec, clock=TrioClock()):
        log.lines.clear()
    assert log.lines[:3] == [(0, "c ended"), (0, "b ended"), (0, "a ended")]
    assert sorted(log.lines[3:]) == [(3, "a stopped"), (3, "b stopped"), (3, "c stopped")]


async def test_graces_are_seconds_unlimited_or_none(autojump_clock: MockClock) -> None:
    """Clean-up is cut at the grace, never, or does not happen at all."""
    log = Log()
    spec = tree(
        worker("killed", log, stop_s=9, stop=KILL),
        worker("patient", log, stop_s=9, stop=UNLIMITED),
        worker("cut", log, stop_s=9, stop=StopPolicy(2)),
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        pass
    assert log.lines[3:] == [
        (0, "cut ended"),
        (2, "patient ended"),
        (11, "patient stopped"),
        (11, "killed ended"),
    ]
    ends = {row.path: row.last_exit for row in runtime.rows()}
    assert ends["top/cut"] == "killed"
    assert ends["top/patient"] == "shutdown"
    assert ends["top/killed"] == "killed"


async def test_a_start_that_takes_too_long_is_a_crash(autojump_clock: MockClock) -> None:
    """Not ready within its time limit: ended, counted, tried again after the backoff."""
    log = Log()
    spec = tree(worker("a", log, work=slow(99), start_timeout_s=3, backoff=ONE_SECOND))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep_until(3.5)
        row = runtime.rows()[1]
        assert (row.state, row.crashes) == ("backoff", 1)
        assert "StartTimeout: top/a was not ready within 3 s" in row.last_exit
        await trio.sleep_until(5)
    assert log.times("a start") == [0, 4]


async def test_a_start_that_meets_an_outage_delays_nobody(autojump_clock: MockClock) -> None:
    """Under one_for_one the siblings start at once, and no budget is spent."""
    log = Log()

    def fail(actor: Worker) -> None:
        if trio.current_time() < 100:
            raise Outage("no network yet")

    spec = tree(worker("a", log, begin=fail, backoff=ONE_SECOND), worker("b", log))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        assert trio.current_time() == 0
        assert states(runtime) == {"top": "running", "a": "backoff", "b": "running"}
        await trio.sleep_until(99.5)
        assert runtime.rows()[1].crashes == 0
        await trio.sleep_until(101)
        assert states(runtime)["a"] == "running"


@pytest.mark.parametrize("strategy", ["rest_for_one", "one_for_all"])
async def test_a_start_that_fails_holds_up_those_after_it(
    strategy: Strategy, autojump_clock: MockClock
) -> None:
    """What relies on a child does not start before it, but the rest of the tree does."""
    log = Log()

    def fail(actor: Worker) -> None:
        if trio.current_time() < 2:
            raise Boom("not yet")

    inner = SupervisorSpec(
        "s", strategy,
        (worker("a", log), worker("b", log, begin=fail, backoff=ONE_SECOND), worker("c", log)),
    )  # fmt: skip
    async with open_tree(tree(inner, worker("d", log)), clock=TrioClock()) as runtime:
        assert states(runtime)["b"] == "backoff"
        assert states(runtime)["c"] == "stopped"
        assert states(runtime)["d"] == "running"
        await trio.sleep_until(3)
        assert set(states(runtime).values()) == {"running"}
    assert log.times("c start") == [2]
    again = {"rest_for_one": [0], "one_for_all": [0, 1, 2]}
    assert log.times("a start") == again[strategy]


async def test_a_start_that_uses_up_the_budget_unwinds_in_reverse(
    autojump_clock: MockClock,
) -> None:
    """The supervisor gives up: those that had started are stopped in reverse, exit code 4."""
    log = Log()

    def fail(actor: Worker) -> None:
        raise Boom("never works")

    spec = tree(
        worker("a", log),
        worker("b", log),
        worker("c", log, begin=fail, backoff=BackoffSpec(1, 1, 1, 0)),
        strategy="rest_for_one",
    )
    report = await runtime_of(spec).run()
    assert report.code == 4
    assert "top gave up: more than 3 causes in 60 s, the last at top/c" in report.reason
    assert "Boom: never works" in report.reason
    assert log.texts()[-4:] == ["b ended", "b stopped", "a ended", "a stopped"]
    assert len(log.times("c start")) == 9  # five are tolerated, the sixth to ninth are causes


async def test_the_readiness_value_is_kept(autojump_clock: MockClock) -> None:
    """What an actor says with `ready` can be read in its record."""
    log = Log()
    async with open_tree(tree(worker("a", log, work=slow(2))), clock=TrioClock()) as runtime:
        assert runtime.registry.record("top/a").ready_value == 2


async def test_a_stop_comes_through_while_the_tree_still_starts(
    autojump_clock: MockClock,
) -> None:
    """What has started is stopped in order; what has not never does."""
    log = Log()
    spec = tree(worker("a", log), worker("b", log, work=slow(5)), worker("c", log))
    runtime = runtime_of(spec)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(2)
        runtime.request_stop("changed my mind")
    assert trio.current_time() == 2
    assert log.texts() == [
        "a start", "b start", "b ended", "b stopped", "a ended", "a stopped",
    ]  # fmt: skip
    with pytest.raises(BadRequest, match="top: the tree is stopping"):
        runtime.restart("top/a")
