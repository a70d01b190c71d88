"""Stopping: from outside, in a hurry, by signal, and what does not go."""

from __future__ import annotations

import os
import signal
import time

import pytest
import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.faults import BadRequest
from supervisors.runtime import Options, Runtime, open_tree, run
from supervisors.spec import UNLIMITED, StopPolicy, SupervisorSpec
from tests.supervisors.trees import (
    ONE_SECOND,
    Boom,
    Log,
    Worker,
    runtime_of,
    states,
    tree,
    worker,
)


async def deaf(actor: Worker) -> None:
    """Work that shields itself for twenty seconds, whatever is asked of it."""
    actor.context.ready()
    with trio.CancelScope(shield=True):
        await trio.sleep(20)


async def test_a_cancellation_from_outside_stops_in_order_and_is_passed_on(
    autojump_clock: MockClock,
) -> None:
    """Strictly reverse with graces, under the shield; then the outer scope gets what it asked."""
    log = Log()
    runtime = runtime_of(tree(*(worker(name, log, stop_s=1) for name in "abc")))
    with trio.move_on_after(5) as outer:
        await runtime.run()
        pytest.fail("the cancellation was swallowed")
    assert outer.cancelled_caught
    assert log.lines[3:] == [
        (5, "c ended"), (6, "c stopped"), (6, "b ended"),
        (7, "b stopped"), (7, "a ended"), (8, "a stopped"),
    ]  # fmt: skip


async def test_a_second_cancellation_does_not_shorten_the_clean_up(
    autojump_clock: MockClock,
) -> None:
    """However often the outside is cancelled, the shield holds until the stop is through."""
    log = Log()
    runtime = runtime_of(tree(worker("a", log, stop_s=4)))
    with trio.move_on_after(1), trio.move_on_after(2):
        await runtime.run()
    assert trio.current_time() == 5
    assert log.texts()[-1] == "a stopped"


async def test_a_hurry_leaves_no_grace(autojump_clock: MockClock) -> None:
    """What is being stopped is killed, what comes after gets no time either."""
    log = Log()
    spec = tree(*(worker(name, log, stop_s=9, stop=StopPolicy(10)) for name in "ab"))
    runtime = runtime_of(spec)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(1)
        runtime.request_stop("please")
        await trio.sleep(2)
        runtime.hurry()
    assert trio.current_time() == 3
    assert [row.last_exit for row in runtime.rows()[1:]] == ["killed", "killed"]


async def test_what_does_not_go_is_named_and_the_rest_goes_on(autojump_clock: MockClock) -> None:
    """Marked stuck a second after its grace, with the frame it waits in; siblings stop on time."""
    log = Log()
    spec = tree(worker("a", log), worker("deaf", log, work=deaf, stop=StopPolicy(2)))
    runtime = runtime_of(spec, stop_within_s=60)
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(1)
        runtime.request_stop("please")
        await trio.sleep(5)
        assert states(runtime)["deaf"] == "stuck"
        assert log.times("a stopped") == [4]
        stuck = [event for event in runtime.events.since() if event.kind == "stuck"]
        assert [event.path for event in stuck] == ["top/deaf"]
        assert "deaf test_stop.py" in stuck[0].text
    assert trio.current_time() == 20
    assert states(runtime)["deaf"] == "stopped"


async def test_the_deadline_of_the_whole_stop_ends_the_process(
    autojump_clock: MockClock, capsys: pytest.CaptureFixture[str]
) -> None:
    """The tree with the frames of the stuck goes to standard error, the exit code is 70."""
    log = Log()
    codes: list[tuple[float, int]] = []
    spec = tree(worker("a", log), worker("deaf", log, work=deaf, stop=UNLIMITED))
    runtime = runtime_of(
        spec, stop_within_s=5, force_exit=lambda code: codes.append((trio.current_time(), code))
    )
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(1)
        runtime.request_stop("please")
    assert codes == [(6, 70)]
    text = capsys.readouterr().err
    assert text.startswith("not stopped within 5 s: please\ntop  stopping")
    assert "\n  deaf  stopping  generation 2\n      at deaf test_stop.py:" in text


async def test_a_stop_in_mid_backoff_is_at_once(autojump_clock: MockClock) -> None:
    """Nobody waits for an attempt that will not be made."""
    log = Log()
    async with open_tree(tree(worker("a", log, backoff=ONE_SECOND)), clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(0.5)
        assert states(runtime)["a"] == "backoff"
    assert trio.current_time() == 0.5
    assert states(runtime) == {"top": "stopped", "a": "stopped"}


async def test_a_stop_during_a_group_restart_lets_nothing_start(
    autojump_clock: MockClock,
) -> None:
    """Whatever step the restart was in."""
    log = Log()
    spec = tree(worker("a", log), worker("b", log, stop_s=3), strategy="rest_for_one")
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.lookup("top/a").tell(Boom("x"))
        await trio.sleep(1)
        log.lines.clear()
    assert log.lines == [(3, "b stopped")]


async def test_a_child_that_was_stuck_is_started_when_it_has_gone(
    autojump_clock: MockClock,
) -> None:
    """Two lives of one actor never overlap; the restart is carried out as soon as it can be."""
    log = Log()

    async def deaf_once(actor: Worker) -> None:
        if trio.current_time() == 0:
            await deaf(actor)
        actor.context.ready()
        await trio.sleep_forever()

    spec = tree(worker("deaf", log, work=deaf_once, stop=StopPolicy(1)), worker("b", log))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(1)
        request = runtime.restart("top/deaf")
        await trio.sleep(5)
        assert states(runtime)["deaf"] == "stuck"
        await request.wait()
        assert log.times("deaf start") == [0, 20]


async def test_signals_are_taken_in_order(autojump_clock: MockClock) -> None:
    """The first one stops in order, the second one leaves no grace."""
    log = Log()
    spec = tree(worker("a", log, stop_s=9, stop=StopPolicy(10)))
    runtime = runtime_of(spec, signals=True)
    reports = []

    async def run_it() -> None:
        reports.append(await runtime.run())

    async with trio.open_nursery() as nursery:
        nursery.start_soon(run_it)
        await trio.sleep(1)
        os.kill(os.getpid(), signal.SIGTERM)
        await trio.sleep(2)
        assert states(runtime)["a"] == "stopping"
        os.kill(os.getpid(), signal.SIGINT)
    assert trio.current_time() == 3
    assert reports[0].code == 0
    assert reports[0].reason == "SIGTERM"
    assert [event.text for event in runtime.events.since() if event.kind == "signal"] == [
        "SIGTERM", "SIGINT",
    ]  # fmt: skip


def test_an_interrupt_never_hits_a_child() -> None:
    """A Ctrl-C while a handler runs finds it undisturbed, and the tree stops in order."""
    log = Log()

    class Busy(Worker):
        def handle(self, message: object) -> None:
            os.kill(os.getpid(), signal.SIGINT)
            until_s = time.monotonic() + 0.01
            while time.monotonic() < until_s:
                pass
            self.log.add("handled")

    def begin(actor: Worker) -> None:
        actor.context.ref.tell("go")

    report = run(tree(worker("a", log, kind=Busy, begin=begin)))
    assert (report.code, report.reason) == (0, "SIGINT")
    assert log.texts() == ["a start", "handled", "a ended", "a stopped"]


async def test_nothing_is_left_after_a_run(autojump_clock: MockClock) -> None:
    """No task, no timer, no life."""
    log = Log()
    before = trio.lowlevel.current_statistics().tasks_living
    spec = tree(
        SupervisorSpec("s", "dynamic", (worker("a", log), worker("b", log))), worker("c", log)
    )
    runtime = Runtime(spec, clock=TrioClock(), options=Options())
    async with trio.open_nursery() as nursery:
        nursery.start_soon(runtime.run)
        await trio.sleep(1)
        runtime.lookup("top/s/a").tell(Boom("x"))
        await trio.sleep(1)
        runtime.request_stop("enough")
    assert trio.lowlevel.current_statistics().tasks_living == before
    assert runtime.lives == 0


async def test_what_fails_while_the_tree_stops_is_not_started_again(
    autojump_clock: MockClock,
) -> None:
    """Also where its own supervisor has not been reached yet: the log of starts stays short."""
    log = Log()
    spec = tree(
        SupervisorSpec("s", "rest_for_one", (worker("a", log), worker("b", log))),
        worker("slow", log, stop_s=4),
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.request_stop("enough")
        await trio.sleep(1)
        runtime.lookup("top/s/a").tell(Boom("x"))
        await trio.sleep(1)
        assert states(runtime)["a"] == "stopped"
        with pytest.raises(BadRequest, match="top/s: the tree is stopping"):
            runtime.restart("top/s/a")
    assert log.times("a start") == [0]
    assert log.times("b stopped") == [4]
