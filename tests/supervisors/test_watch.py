"""Watching: supervisors too, and until one has heard enough."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.messages import Down, Up
from supervisors.runtime import open_tree
from supervisors.spec import BudgetSpec, SupervisorSpec
from tests.supervisors.test_delivery import watching
from tests.supervisors.trees import Boom, Log, Worker, tree, worker


def heard_by(name: str, log: Log) -> list[str]:
    """What this worker was told."""
    return [text.removeprefix(f"{name} got ") for text in log.texts() if f"{name} got" in text]


async def test_a_supervisor_is_watched_like_an_actor(autojump_clock: MockClock) -> None:
    """Up when it has started, Down the moment it begins to stop, with its generation."""
    log = Log()
    inner = SupervisorSpec("s", children=(worker("x", log),), budget=BudgetSpec(0))
    spec = tree(inner, worker("w", log, begin=watching("top/s")))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(1)
        await runtime.terminate_child("top/s").wait()
        await runtime.restart_child("top/s").wait()
        await trio.sleep(1)
        assert heard_by("w", log) == [
            str(Up("top/s", 1)), str(Down("top/s", 1, "terminated")), str(Up("top/s", 2)),
        ]  # fmt: skip


async def test_a_supervisor_that_gives_up_is_down_before_its_children_have_stopped(
    autojump_clock: MockClock,
) -> None:
    """Whoever relies on it knows at once."""
    log = Log()
    inner = SupervisorSpec(
        "s", children=(worker("x", log, budget=BudgetSpec(0)), worker("y", log, stop_s=3)),
        budget=BudgetSpec(0), quarantine_on_give_up=True,
    )  # fmt: skip
    spec = tree(inner, worker("w", log, begin=watching("top/s")))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        await trio.sleep(1)
        runtime.kill("top/s/x", Boom("x"))
        await trio.sleep(1)
        assert heard_by("w", log)[1:] == [str(Down("top/s", 1, "it gave up"))]
        assert "y stopped" not in log.texts()


async def test_who_has_heard_enough_hears_no_more(autojump_clock: MockClock) -> None:
    """And may watch again; not having watched is no mistake."""
    log = Log()

    class Fickle(Worker):
        def handle(self, message: object) -> None:
            super().handle(message)
            if message == "enough":
                self.context.unwatch("top/a")
                self.context.unwatch("top/nobody")
            elif message == "again":
                self.context.watch("top/a")

    spec = tree(worker("a", log), worker("w", log, kind=Fickle, begin=watching("top/a")))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        for message in ("enough", "again"):
            await trio.sleep(1)
            runtime.lookup("top/w").tell(message)
            await trio.sleep(1)
            await runtime.restart("top/a").wait()
        await trio.sleep(1)
        assert heard_by("w", log) == [
            str(Up("top/a", 1)), "enough", "again", str(Up("top/a", 2)),
            str(Down("top/a", 2, "stopped")), str(Up("top/a", 3)),
        ]  # fmt: skip
