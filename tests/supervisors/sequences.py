"""Random sequences of operations, played on the runtime and on the model of its rules."""

from __future__ import annotations

import random
from typing import cast, get_args

import trio
import trio.testing
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.faults import BadRequest, UnknownPath
from actors.runtime.mailbox import MailboxSpec
from supervisors.child import ActorRecord
from supervisors.runtime import Options, Runtime
from supervisors.spec import BudgetSpec, ChildSpec, RestartType, Strategy, SupervisorSpec
from tests.supervisors.model import Child, Model
from tests.supervisors.trees import (
    Boom,
    Forbidden,
    InTurnWorker,
    Log,
    Outage,
    Worker,
    accounted,
    worker,
)

CHILD_BUDGET, CAUSE_BUDGET, WINDOW_S = 1, 2, 10.0
NAMES = "abcde"
MAX_STEPS = 24
ERRORS = {"crash": Boom("x"), "outage": Outage("y"), "never": Forbidden()}
VERBS = (
    "crash", "crash", "outage", "never", "normal", "terminate", "restart", "restart_child",
    "delete", "add", "restart_all", "wait", "wait", "tell",
)  # fmt: skip


class Ender(Worker):
    """Ends normally when it is told to."""

    def started(self) -> None:
        super().started()
        self.done = trio.Event()

    async def run(self) -> None:
        self.context.ready()
        await self.done.wait()

    def handle(self, message: object) -> None:
        if message == "end":
            self.done.set()


class InTurnEnder(Ender, InTurnWorker):
    """The same in its sender's turn."""

    async def run(self) -> None:
        await Ender.run(self)


class Sequence:
    """One sequence, by its number: strategy, children and steps are drawn from that."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.chance = random.Random(number)
        self.log = Log()
        self.told: list[str] = []
        self.strategy = cast("Strategy", self.chance.choice(get_args(Strategy)))
        names = NAMES[: self.chance.randint(1, 4)]
        self.types = {name: self._type() for name in NAMES}
        self.model = Model(
            self.strategy, [Child(name, self.types[name]) for name in names],
            CHILD_BUDGET, CAUSE_BUDGET, WINDOW_S,
        )  # fmt: skip
        group = SupervisorSpec(
            "g", self.strategy, tuple(self.spec(name) for name in names),
            budget=BudgetSpec(CAUSE_BUDGET, WINDOW_S), quarantine_on_give_up=True,
        )  # fmt: skip
        self.runtime = Runtime(
            SupervisorSpec("top", children=(group,)),
            clock=TrioClock(),
            options=Options(seed=number, force_exit=self._forced),
        )

    def _type(self) -> RestartType:
        return self.chance.choice(get_args(RestartType))

    def _forced(self, code: int) -> None:
        raise AssertionError(f"forced stop with {code}: {self}")

    def spec(self, name: str) -> ChildSpec:
        """A child that starts at once, with no wait between its lives."""
        return worker(
            name,
            self.log,
            kind=InTurnEnder if name in "bd" else Ender,
            restart=self.types[name],
            budget=BudgetSpec(CHILD_BUDGET, WINDOW_S),
            mailbox=MailboxSpec(4, "drop_oldest", "purge" if name in "cd" else "keep"),
        )

    def __repr__(self) -> str:
        return f"sequence {self.number} ({self.strategy}): {', '.join(self.told)}"

    # -- playing ---------------------------------------------------------------------------------

    async def play(self) -> None:
        """Play it, comparing after every step; end it by a stop or a cancellation."""
        before = trio.lowlevel.current_statistics().tasks_living
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self.runtime.run)
            await trio.testing.wait_all_tasks_blocked()
            self.compare()
            for _ in range(self.chance.randint(1, MAX_STEPS)):
                await self.step()
                await trio.testing.wait_all_tasks_blocked()
                self.compare()
            if self.chance.random() < 0.5:
                self.runtime.request_stop("enough")
            else:
                nursery.cancel_scope.cancel(reason="cut")
        assert trio.lowlevel.current_statistics().tasks_living == before, self
        assert self.runtime.lives == 0, self
        for row in self.runtime.rows():
            assert row.state in ("stopped", "quarantined"), (self, row)
            assert row.mailbox is None or row.mailbox.conserved, (self, row)

    async def step(self) -> None:
        """Draw one operation; do it to both, and let both accept or refuse it."""
        verb, name = self.chance.choice(VERBS), self.chance.choice(NAMES)
        self.told.append(f"{verb} {name}")
        if verb == "wait":
            await trio.sleep(self.chance.choice((0.3, 1.7, 6.1)))
        elif verb == "tell":
            self.tell(name)
        elif verb == "restart_all":
            if self.model.state != "running":
                self.model.restart_all()
                self.runtime.restart("top/g")
        else:
            expected = self.expect(verb, name)
            assert self.do(verb, name) == expected, (self, expected)

    def expect(self, verb: str, name: str) -> bool:
        """Do it to the model; return whether it accepts."""
        if verb in ("crash", "outage", "never", "normal"):
            return self.model.end(name, verb, trio.current_time())
        if verb == "add":
            return self.model.add(name, self.types[name])
        accepted: bool = getattr(self.model, verb)(name)
        return accepted

    def do(self, verb: str, name: str) -> bool:
        """Do it to the runtime; return whether it accepts."""
        runtime, path = self.runtime, f"top/g/{name}"
        try:
            if verb in ERRORS:
                return runtime.kill(path, ERRORS[verb])
            if verb == "normal":
                return runtime.registry.record(path).alive and self._end(path)
            if verb == "add":
                runtime.start_child("top/g", self.spec(name))
            else:
                calls = {"terminate": "terminate_child", "delete": "delete_child"}
                getattr(runtime, calls.get(verb, verb))(path)
        except (BadRequest, UnknownPath):
            return False
        return True

    def _end(self, path: str) -> bool:
        return self.runtime.lookup(path).tell_control("end")

    def tell(self, name: str) -> None:
        """Send a few messages, to whoever is or was there."""
        try:
            ref = self.runtime.lookup(f"top/g/{name}")
        except UnknownPath:
            return
        ref.tell_batch(["m"] * self.chance.randint(1, 6))

    # -- comparing -------------------------------------------------------------------------------

    def compare(self) -> None:
        """The runtime has come to what the model says."""
        model, runtime = self.model, self.runtime
        now_s = trio.current_time()
        states = {row.id: row.state for row in runtime.which_children("top/g")}
        assert runtime.which_children("top")[0].state == model.state, self
        assert list(states) == [child.name for child in model.children], self
        assert states == {child.name: child.state for child in model.children}, (
            self,
            states,
            model.children,
        )
        started = [text.split()[0] for text in self.log.texts() if text.endswith(" start")]
        assert started == model.started, (self, started, model.started)
        group = runtime.registry.record("top/g")
        assert group.spent(now_s) == model.spent(model.causes, now_s), self
        for child in model.children:
            record = runtime.registry.record(f"top/g/{child.name}")
            assert isinstance(record, ActorRecord)
            assert record.begun == child.lives, (self, child)
            assert record.spent(now_s) == model.crashes(child, now_s), (self, child)
            assert accounted(record.ref.mailbox), (self, child)


def play(number: int) -> Sequence:
    """Play one sequence in a run of its own; raise what diverges."""
    sequence: list[Sequence] = []

    async def main() -> None:
        sequence.append(Sequence(number))
        await sequence[0].play()

    trio.run(main, clock=MockClock(autojump_threshold=0))
    return sequence[0]
