"""Random operations at random instants: whatever happens, the tree comes to what is wanted."""

from __future__ import annotations

import random
from typing import cast, get_args

import pytest
import trio
import trio.testing
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.faults import BadRequest, UnknownPath
from actors.runtime.requests import Request
from supervisors.runtime import Options, Runtime
from supervisors.spec import BackoffSpec, BudgetSpec, ChildSpec, Strategy, SupervisorSpec
from tests.supervisors.trees import Boom, Forbidden, Log, Outage, Worker, worker

PLENTY = BudgetSpec(1_000)
PATHS = ("top/a", "top/b", "top/s", "top/s/x", "top/s/y", "top/s/z", "top/d", "top/d/1", "top/d/2")
VERBS = (
    "crash", "outage", "never", "restart", "terminate", "add", "break start", "mend start",
    "slow stop", "wait", "wait long", "tick", "suspend", "resume", "restart_child", "delete",
)  # fmt: skip
STEPS = st.lists(st.tuples(st.sampled_from(VERBS), st.sampled_from(PATHS)), max_size=25)


class World:
    """One run and what was done to it."""

    def __init__(self, strategy: Strategy, seed: int, budget: BudgetSpec) -> None:
        self.budget = budget
        self.log = Log()
        self.broken: set[str] = set()
        self.slow: set[str] = set()
        self.lives: dict[str, int] = {}
        self.requests: list[Request] = []
        backoff = BackoffSpec(0.2, 1.0)
        inner = tuple(self.child(f"top/s/{name}") for name in "xyz")
        self.runtime = Runtime(
            SupervisorSpec("top", "one_for_one", (
                self.child("top/a"), self.child("top/b"),
                SupervisorSpec("s", strategy, inner, budget=budget, backoff=backoff),
                SupervisorSpec("d", "dynamic", budget=budget, quarantine_on_give_up=True),
            ), budget=PLENTY),
            clock=TrioClock(),
            options=Options(seed=seed, force_exit=lambda code: pytest.fail("forced stop")),
        )  # fmt: skip

    def child(self, path: str) -> ChildSpec:
        """A worker that notices if two of its lives overlap."""

        async def work(actor: Worker) -> None:
            self.lives[path] = self.lives.get(path, 0) + 1
            assert self.lives[path] == 1, f"two lives of {path} at once"
            try:
                if path in self.broken:
                    raise Boom("cannot start")
                await trio.sleep(0.05)
                actor.context.ready()
                await trio.sleep_forever()
            finally:
                if path in self.slow:
                    with trio.move_on_after(0.5, shield=True):
                        await trio.sleep(0.5)
                self.lives[path] -= 1

        spec = worker(path.rpartition("/")[2], self.log, work=work, budget=self.budget)
        fields = {name: getattr(spec, name) for name in ChildSpec.__struct_fields__}
        return ChildSpec(**fields | {"backoff": BackoffSpec(0.1, 1.0)})

    async def act(self, verb: str, path: str) -> None:
        """Do one thing; what is refused must be refused in so many words."""
        errors = {"crash": Boom("x"), "outage": Outage("y"), "never": Forbidden()}
        runtime = self.runtime
        try:
            if verb in errors:
                runtime.kill(path, errors[verb])
            elif verb == "restart":
                self.requests.append(runtime.restart(path))
            elif verb == "terminate":
                self.requests.append(runtime.terminate_child(path))
            elif verb == "restart_child":
                self.requests.append(runtime.restart_child(path))
            elif verb in ("suspend", "resume", "delete"):
                getattr(runtime, {"delete": "delete_child"}.get(verb, verb))(path)
            elif verb == "add" and path.startswith("top/d/"):
                self.requests.append(runtime.start_child("top/d", self.child(path)))
        except (BadRequest, UnknownPath) as refusal:
            assert path in str(refusal) or "top/" in str(refusal)
        if verb == "break start":
            self.broken.add(path)
        elif verb == "mend start":
            self.broken.discard(path)
        elif verb == "slow stop":
            self.slow.add(path)
        elif verb == "tick":
            await trio.lowlevel.checkpoint()
        elif verb.startswith("wait"):
            await trio.sleep(0.03 if verb == "wait" else 0.7)

    def check(self) -> None:
        """What must hold when everything had time to settle."""
        assert all(request.done for request in self.requests)
        for row in self.runtime.rows():
            record = self.runtime.registry.record(row.path)
            above = record.parent
            if record.wanted and (above is None or above.state == "running"):
                assert row.state in ("running", "suspended"), row
            elif not record.wanted:
                assert row.state in ("stopped", "quarantined"), row
            assert row.mailbox is None or row.mailbox.conserved, row


def race(
    steps: list[tuple[str, str]], strategy: Strategy, seed: int, settle: bool, stingy: bool
) -> None:
    """Play these steps without waiting for what they lead to; the end is a stop or a cut."""

    async def play() -> None:
        before = trio.lowlevel.current_statistics().tasks_living
        world = World(strategy, seed, BudgetSpec(1) if stingy else PLENTY)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(world.runtime.run)
            await trio.testing.wait_all_tasks_blocked()
            for verb, path in steps:
                await world.act(verb, path)
            if settle:
                world.broken.clear()
                await trio.sleep(30)
                world.check()
                world.runtime.request_stop("enough")
            else:
                nursery.cancel_scope.cancel(reason="cut at a random instant")
        assert trio.lowlevel.current_statistics().tasks_living == before
        assert world.runtime.lives == 0
        assert not any(world.lives.values())
        assert all(request.done for request in world.requests)
        assert {row.state for row in world.runtime.rows()} <= {"stopped", "quarantined"}

    trio.run(play, clock=MockClock(autojump_threshold=0))


def race_number(number: int) -> None:
    """Draw a race from its number and run it."""
    chance = random.Random(number)
    steps = [(chance.choice(VERBS), chance.choice(PATHS)) for _ in range(chance.randint(1, 25))]
    strategy = cast("Strategy", chance.choice(get_args(Strategy)))
    race(steps, strategy, number, chance.random() < 0.5, chance.random() < 0.5)


@given(STEPS, st.sampled_from(get_args(Strategy)),
       st.integers(0, 9), st.booleans(), st.booleans())  # fmt: skip
@settings(max_examples=150)
def test_the_tree_always_comes_to_what_is_wanted(
    steps: list[tuple[str, str]], strategy: Strategy, seed: int, settle: bool, stingy: bool
) -> None:
    """No request is forgotten, no two lives overlap, every stop ends, no task is left."""
    race(steps, strategy, seed, settle, stingy)
