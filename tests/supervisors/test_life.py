"""How ends are told apart: one test for each way in which a life can end."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from supervisors.failures import EndKind, Exit
from supervisors.runtime import Runtime, open_tree
from supervisors.spec import StopPolicy
from tests.supervisors.trees import (
    Boom,
    Log,
    Outage,
    Worker,
    runtime_of,
    states,
    tree,
    worker,
)

Work = Callable[[Worker], Awaitable[None]]


def ends_of(runtime: Runtime, path: str) -> list[Exit]:
    """The ends of an actor's lives from now on."""
    record, ends = runtime.registry.record(path), list[Exit]()
    note = record.note_exit

    def noted(exit_: Exit) -> None:
        ends.append(exit_)
        note(exit_)

    # To listen in: a record keeps only the text of an end.  Nothing to undo: it ends with its run.
    pytest.MonkeyPatch().setattr(record, "note_exit", noted)
    return ends


async def end_of(work: Work, act: Callable[[Runtime], object] | None = None) -> Exit:
    """Run one temporary child until its work ends (or `act` ends it) and return the verdict."""
    log = Log()
    spec = tree(worker("a", log, work=work, restart="temporary", stop=StopPolicy(1)))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ends = ends_of(runtime, "top/a")
        await trio.sleep(1)
        if act is not None:
            act(runtime)
        await trio.sleep(5)
        return ends[-1]


def stop(runtime: Runtime) -> None:
    """A planned stop of the child alone."""
    runtime.terminate_child("top/a")


def error_of(exit_: Exit) -> BaseException:
    """What was raised."""
    assert exit_.failure is not None
    return exit_.failure.error


async def test_returning_is_normal(autojump_clock: MockClock) -> None:
    """Work that returns has ended normally, its helpers are ended with it."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        actor.context.nursery.start_soon(trio.sleep_forever)
        await trio.sleep(0.5)

    assert await end_of(work) == Exit(EndKind.NORMAL)


async def test_raising_is_a_crash_with_its_traceback(autojump_clock: MockClock) -> None:
    """The error is the one that was raised, not a group around it, and knows its frames."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep(0.5)
        raise Boom("here")

    exit_ = await end_of(work)
    assert exit_.kind is EndKind.CRASH
    error = error_of(exit_)
    assert type(error) is Boom
    frames = []
    traceback = error.__traceback__
    while traceback is not None:
        frames.append(traceback.tb_frame.f_code.co_name)
        traceback = traceback.tb_next
    assert frames[-1] == "work"


async def test_a_helper_that_raises_ends_the_life_in_that_moment(
    autojump_clock: MockClock,
) -> None:
    """The next generation is visible before any other task runs."""
    seen: list[tuple[int, bool]] = []

    async def helper(actor: Worker) -> None:
        await trio.sleep(0.5)
        actor.context.nursery.start_soon(witness, actor)
        raise Boom("helper")

    async def witness(actor: Worker) -> None:
        seen.append((actor.context.ref.generation, actor.context.ref.running))
        await trio.lowlevel.checkpoint()

    async def work(actor: Worker) -> None:
        actor.context.ready()
        actor.context.nursery.start_soon(helper, actor)
        await trio.sleep_forever()

    exit_ = await end_of(work)
    assert exit_.kind is EndKind.CRASH
    assert type(error_of(exit_)) is Boom
    assert seen == [(2, False)]


async def test_two_helpers_that_raise_are_one_crash(autojump_clock: MockClock) -> None:
    """One group of two, judged once."""

    async def helper(delay_s: float) -> None:
        try:
            await trio.sleep(delay_s)
        finally:
            raise Boom("both")

    async def work(actor: Worker) -> None:
        actor.context.ready()
        actor.context.nursery.start_soon(helper, 0.5)
        actor.context.nursery.start_soon(helper, 9)
        await trio.sleep_forever()

    exit_ = await end_of(work)
    error = error_of(exit_)
    assert isinstance(error, ExceptionGroup)
    assert exit_.kind is EndKind.CRASH
    assert [str(leaf) for leaf in error.exceptions] == ["both", "both"]


async def test_a_stop_is_a_shutdown(autojump_clock: MockClock) -> None:
    """Cancelled by the supervisor, and gone."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep_forever()

    assert await end_of(work, stop) == Exit(EndKind.SHUTDOWN)


async def test_clean_up_that_raises_is_a_crash_while_stopping(autojump_clock: MockClock) -> None:
    """In the work itself: trio says the scope caught nothing, the verdict is right all the same."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        try:
            await trio.sleep_forever()
        finally:
            raise OSError("clean-up")

    exit_ = await end_of(work, stop)
    assert (exit_.kind, exit_.while_stopping) == (EndKind.CRASH, True)
    assert isinstance(error_of(exit_), OSError)
    assert exit_.reason == "crash while stopping: OSError: clean-up"


async def test_a_helpers_clean_up_that_raises_is_a_crash_while_stopping(
    autojump_clock: MockClock,
) -> None:
    """In a task beside the work."""

    async def helper() -> None:
        try:
            await trio.sleep_forever()
        finally:
            raise OSError("clean-up")

    async def work(actor: Worker) -> None:
        actor.context.ready()
        actor.context.nursery.start_soon(helper)
        await trio.sleep_forever()

    exit_ = await end_of(work, stop)
    assert (exit_.kind, exit_.while_stopping) == (EndKind.CRASH, True)
    assert isinstance(error_of(exit_), OSError)


async def test_swallowing_the_cancellation_of_a_stop_is_a_shutdown(
    autojump_clock: MockClock,
) -> None:
    """It was told to end and it ended."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        try:
            await trio.sleep_forever()
        except trio.Cancelled:  # noqa: ASYNC103 - swallowing it is what this test is about
            actor.log.add("swallowed")

    assert await end_of(work, stop) == Exit(EndKind.SHUTDOWN)


async def test_a_leaked_cancellation_is_a_crash(autojump_clock: MockClock) -> None:
    """It leaves the nursery as silently as a return; that the work did not end shows it."""
    kept: list[trio.Cancelled] = []

    async def work(actor: Worker) -> None:
        actor.context.ready()
        with trio.CancelScope() as scope:
            scope.cancel(reason="to have one")
            try:
                await trio.lowlevel.checkpoint()
            except trio.Cancelled as cancelled:
                kept.append(cancelled)
                raise
        raise kept[0]

    exit_ = await end_of(work)
    assert exit_.kind is EndKind.CRASH
    assert type(error_of(exit_)).__name__ == "LeakedCancellation"


async def test_outliving_the_grace_is_killed(autojump_clock: MockClock) -> None:
    """Clean-up that goes on is cut at the grace, without the actor's help."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        try:
            await trio.sleep_forever()
        finally:
            actor.log.add("cleaning")

    log = Log()
    spec = tree(worker("a", log, work=work, stop_s=60, stop=StopPolicy(1)))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await runtime.terminate_child("top/a").wait()
        assert trio.current_time() == 1
        assert runtime.rows()[1].last_exit == "killed"


async def test_what_raised_by_itself_keeps_its_reason_when_a_stop_comes(
    autojump_clock: MockClock,
) -> None:
    """A crash that is being cleaned up is not turned into a shutdown."""

    async def helper() -> None:
        await trio.sleep(0.9)
        raise Boom("first")

    async def work(actor: Worker) -> None:
        actor.context.ready()
        actor.context.nursery.start_soon(helper)
        try:
            await trio.sleep_forever()
        finally:
            with trio.move_on_after(0.5, shield=True):
                await trio.sleep(0.5)

    exit_ = await end_of(work, stop)
    assert exit_.kind is EndKind.CRASH
    assert not exit_.while_stopping


@pytest.mark.parametrize("error", [SystemExit(3), KeyboardInterrupt(), GeneratorExit()])
async def test_what_is_to_end_the_process_ends_it_in_order(
    error: BaseException, autojump_clock: MockClock
) -> None:
    """The siblings are stopped in order, then the very error is raised again."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep(1)
        raise error

    log = Log()
    spec = tree(worker("a", log, stop_s=2), worker("b", log, work=work))
    raised: list[BaseException] = []
    runtime = runtime_of(spec)
    try:
        await runtime.run()
    # SystemExit and its like are what is looked for; a cancellation is passed on.
    except BaseException as caught:  # noqa: ASYNC103
        raised.append(caught)
        if isinstance(caught, trio.Cancelled):
            raise
    assert raised == [error]
    assert log.lines[-1] == (3, "a stopped")


async def test_an_error_of_a_hook_belongs_to_the_same_end(autojump_clock: MockClock) -> None:
    """`failed` and `ended` that raise do not hide what ended the life, and are not lost."""

    class Clumsy(Worker):
        def failed(self) -> None:
            raise OSError("in failed")

        def ended(self) -> None:
            raise OSError("in ended")

    log = Log()
    spec = tree(worker("a", log, kind=Clumsy, restart="temporary"))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ends = ends_of(runtime, "top/a")
        runtime.lookup("top/a").tell(Boom("first"))
        await trio.sleep(1)
    error = error_of(ends[0])
    assert isinstance(error, BaseExceptionGroup)
    assert {type(leaf) for leaf in error.exceptions} == {ExceptionGroup, OSError}


async def test_an_injected_error_is_judged_like_a_raised_one(autojump_clock: MockClock) -> None:
    """`kill` with an outage is an outage, with anything else a crash; twice changes nothing."""
    log = Log()
    async with open_tree(tree(worker("a", log), worker("b", log)), clock=TrioClock()) as runtime:
        assert runtime.kill("top/a", Outage("cut"))
        assert not runtime.kill("top/a", Boom("again"))
        assert runtime.kill("top/b", Boom("bug"))
        await trio.sleep(1)
        rows = {row.path: row for row in runtime.rows()}
        assert rows["top/a"].last_failure == "outage: Outage: cut"
        assert rows["top/b"].last_failure == "crash: Boom: bug"
        assert (rows["top/a"].crashes, rows["top/b"].crashes) == (0, 1)
        assert set(states(runtime).values()) == {"running"}


async def test_saying_that_it_is_over_is_seen_at_once(autojump_clock: MockClock) -> None:
    """An actor may end its life before it unwinds slowly; the unwinding is bounded by the grace."""
    seen: list[tuple[int, bool]] = []

    async def work(actor: Worker) -> None:
        actor.context.ready()
        await trio.sleep(0.5)
        error = Outage("cut")
        actor.context.over(error)
        seen.append((actor.context.ref.generation, actor.context.ref.running))
        await trio.sleep(30)
        raise error

    log = Log()
    spec = tree(worker("a", log, work=work, stop=StopPolicy(2), restart="temporary"))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(2.4)
        assert states(runtime)["a"] == "stopping"
        await trio.sleep(0.2)
        assert runtime.rows()[1].last_exit == "outage: Outage: cut"
    assert seen == [(2, False)]


async def test_an_actor_without_progress_is_ended(autojump_clock: MockClock) -> None:
    """Calls within the time limit keep it alive, silence is a failure with a name."""

    async def work(actor: Worker) -> None:
        actor.context.ready()
        for _ in range(5):
            await trio.sleep(2)
            actor.context.progress()
        await trio.sleep_forever()

    log = Log()
    spec = tree(worker("a", log, work=work, progress_within_s=3.0, restart="temporary"))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep_until(12.9)
        assert states(runtime)["a"] == "running"
        await trio.sleep_until(13.1)
        assert "NoProgress: top/a made no progress for 3 s" in runtime.rows()[1].last_exit
