"""The loop's watchdog: who blocks it is named, and a blocked loop does not outlive its stop.

These tests run on the real clock, for a blocked thread knows no virtual one; nothing in them
sleeps: what blocks is let go by the watchdog's own report.
"""

from __future__ import annotations

import os
import signal
import sys
import threading

import pytest
import trio
import trio.testing

from supervisors.runtime import Options, Runtime
from supervisors.watchdog import Block, LoopWatchdog, WatchdogSpec, frames_of
from tests.supervisors.trees import InTurnWorker, Log, Worker, tree, worker

QUICK = WatchdogSpec(beat_s=0.001, blocked_s=0.005, margin_s=0.01)
LONGEST_S = 30.0  # ends a test that is broken


def blocking(release: threading.Event, send: signal.Signals | None = None) -> type[Worker]:
    """An actor whose handler blocks the loop until it is let go."""

    class Blocking(InTurnWorker):
        def handle(self, message: object) -> None:
            if send is not None:
                os.kill(os.getpid(), send)
            assert release.wait(LONGEST_S)

    return Blocking


async def test_who_blocks_the_loop_is_named() -> None:
    """Actor, function and line while it lasts, and how long it lasted afterwards."""
    release = threading.Event()
    seen: list[Block] = []
    heard = trio.Event()

    over: list[Block] = []

    def blocked(block: Block) -> None:
        seen.append(block)
        release.set()

    def ended(block: Block) -> None:
        over.append(block)
        heard.set()

    log = Log()
    runtime = Runtime(tree(worker("a", log, kind=blocking(release))))
    watchdog = LoopWatchdog(
        QUICK, runtime.turn, on_blocked=blocked,
        on_over=ended,
        on_deadline=lambda: pytest.fail("no stop was asked for"),
    )  # fmt: skip
    async with trio.open_nursery() as nursery:
        started = trio.Event()
        nursery.start_soon(runtime.run, started)
        await started.wait()
        watchdog.start()
        runtime.lookup("top/a").tell("block")
        await heard.wait()
        watchdog.stop()
        runtime.request_stop("enough")
    assert seen[0].path == over[0].path == "top/a"
    assert any("Blocking.handle test_watchdog.py:" in frame for frame in seen[0].frames)
    assert seen[0].text.startswith("still in ")
    assert over[0].seconds is not None
    lag = watchdog.lag()
    assert lag.blocks == 1
    assert lag.max_s >= over[0].seconds >= QUICK.blocked_s


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_blocked_loop_does_not_outlive_its_stop(
    number: signal.Signals, capsys: pytest.CaptureFixture[str]
) -> None:
    """The signal is noted though the loop never sees it; the thread ends the process with 70."""
    release = threading.Event()
    codes: list[int] = []

    def force(code: int) -> None:
        codes.append(code)
        release.set()

    log = Log()
    options = Options(signals=True, stop_within_s=0.05, watchdog=QUICK, force_exit=force)
    runtime = Runtime(tree(worker("a", log, kind=blocking(release, number))), options=options)
    async with trio.open_nursery() as nursery:
        started = trio.Event()
        nursery.start_soon(runtime.run, started)
        await started.wait()
        await trio.testing.wait_all_tasks_blocked()
        runtime.lookup("top/a").tell("block")
    assert codes[0] == 70
    text = capsys.readouterr().err
    assert "the loop is blocked in a handler of top/a, at " in text
    assert "Blocking.handle test_watchdog.py:" in text
    assert "\n  a  running  generation 1" in text
    assert "blocked" in runtime.events.counts


async def test_a_child_that_swallows_every_cancellation_is_bounded(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """It spins for ever: its siblings stop, it is named stuck, the deadline ends the process."""
    monkeypatch.setattr("supervisors.child.KILL_WAIT_S", 0.01)
    let_go: list[int] = []

    async def spin(actor: Worker) -> None:
        actor.context.ready()
        while not let_go:
            try:
                await trio.sleep_forever()
            # Swallowing it is what this test is about.
            except trio.Cancelled:  # noqa: ASYNC103
                # The same.
                continue  # noqa: ASYNC104

    log = Log()
    options = Options(stop_within_s=0.1, force_exit=let_go.append)
    runtime = Runtime(tree(worker("a", log), worker("spin", log, work=spin)), options=options)
    async with trio.open_nursery() as nursery:
        started = trio.Event()
        nursery.start_soon(runtime.run, started)
        await started.wait()
        runtime.hurried = True
        runtime.request_stop("enough")
    assert let_go == [70]
    assert "a stopped" not in log.texts()  # without a grace there is no clean-up
    assert "\n  spin  stuck" in capsys.readouterr().err
    assert [event.path for event in runtime.events.since() if event.kind == "stuck"] == ["top/spin"]


def test_frames_end_where_the_loop_begins() -> None:
    """Innermost first, and bounded."""

    def deep(left: int) -> tuple[str, ...]:
        return deep(left - 1) if left else frames_of(sys._getframe())

    frames = deep(30)
    assert len(frames) == 12
    assert "deep test_watchdog.py:" in frames[0]
