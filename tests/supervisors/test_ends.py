"""Ends that are hard to tell apart: a cancelled run, errors in groups, tracebacks from afar."""

from __future__ import annotations

import gc
import traceback
import weakref

import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from supervisors.failures import EndKind, Exit
from supervisors.runtime import open_tree
from supervisors.spec import BackoffSpec
from tests.supervisors.test_life import Work, end_of, ends_of, error_of
from tests.supervisors.trees import (
    Boom,
    InTurnWorker,
    Log,
    Outage,
    Worker,
    runtime_of,
    states,
    tree,
    worker,
)


async def swept(work: Work) -> Exit:
    """Cancel the ground under a run, as an error of the runtime would, and judge a life."""
    log = Log()
    runtime = runtime_of(tree(worker("a", log, work=work, backoff=BackoffSpec(0, 0))))
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(1)
        ends = ends_of(runtime, "top/a")
        runtime.nursery.cancel_scope.cancel(reason="the ground falls")
    assert log.texts().count("a start") == 1
    assert states(runtime)["a"] == "stopped"
    return ends[0]


async def test_cancelled_from_outside_is_a_shutdown_and_starts_nothing(
    autojump_clock: MockClock,
) -> None:
    """It is passed on, not taken for a leaked cancellation, and no new life begins."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep_forever()

    assert await swept(work) == Exit(EndKind.SHUTDOWN)


async def test_cancelled_from_outside_with_clean_up_that_raises_is_a_crash_while_stopping(
    autojump_clock: MockClock,
) -> None:
    """trio drops the cancellation here; the effective deadline still tells."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        try:
            await trio.sleep_forever()
        finally:
            raise OSError("clean-up")

    exit_ = await swept(work)
    assert (exit_.kind, exit_.while_stopping) == (EndKind.CRASH, True)
    assert isinstance(error_of(exit_), OSError)


def frames_of(error: BaseException) -> list[str]:
    """The functions that an error went through, outermost first."""
    return [frame.name for frame in traceback.extract_tb(error.__traceback__)]


async def test_the_traceback_is_that_of_the_raising_line_wherever_it_was_raised(
    autojump_clock: MockClock,
) -> None:
    """From a helper, a nested nursery, a handler in another's turn: the own frames are there."""

    async def deep() -> None:
        await trio.sleep(0.1)
        raise Boom("deep")

    async def nested(actor: Worker) -> None:
        actor.context.ready()
        async with trio.open_nursery() as nursery:
            nursery.start_soon(deep)
            nursery.start_soon(trio.sleep_forever)

    async def helped(actor: Worker) -> None:
        actor.context.ready()
        actor.context.nursery.start_soon(deep)
        await trio.sleep_forever()

    for work in (nested, helped):
        error = error_of(await end_of(work))
        assert type(error) is Boom
        assert frames_of(error)[-1] == "deep"

    class Raising(InTurnWorker):
        def handle(self, message: object) -> None:
            raise Boom("in another's turn")

    log = Log()
    spec = tree(worker("a", log, kind=Raising, restart="temporary"))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ends = ends_of(runtime, "top/a")
        runtime.lookup("top/a").tell("m")
        await trio.sleep(1)
    assert "handle" in frames_of(error_of(ends[0]))


async def test_an_outage_beside_a_crash_is_one_crash_and_both_are_kept(
    autojump_clock: MockClock,
) -> None:
    """The gravest leaf of a group decides; a fatal leaf would beat both."""

    async def helper(error: Exception) -> None:
        try:
            await trio.sleep(0.5)
        finally:
            raise error

    async def work(actor: Worker) -> None:
        actor.context.ready()
        actor.context.nursery.start_soon(helper, Outage("cut"))
        actor.context.nursery.start_soon(helper, Boom("bug"))
        await trio.sleep_forever()

    exit_ = await end_of(work)
    assert exit_.kind is EndKind.CRASH
    error = error_of(exit_)
    assert isinstance(error, ExceptionGroup)
    assert {type(leaf) for leaf in error.exceptions} == {Outage, Boom}


async def test_nothing_of_a_life_that_failed_is_held(autojump_clock: MockClock) -> None:
    """An error holds, by its traceback, whatever its frames held: only its text is kept."""
    log, lives = Log(), list[weakref.ref[Worker]]()

    async def work(actor: Worker) -> None:
        lives.append(weakref.ref(actor))
        actor.context.ready()
        await trio.sleep(1)
        raise Outage("cut")

    spec = tree(worker("a", log, work=work, backoff=BackoffSpec(2, 2)))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(3.5)
        gc.collect()
        assert [life() is None for life in lives] == [True, False]
        assert runtime.rows()[1].last_failure == "outage: Outage: cut"
