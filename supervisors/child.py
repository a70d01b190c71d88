"""What a supervisor keeps about each child: its record, which outlives every life."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Literal

import trio

from actors.runtime.actor import Actor
from actors.runtime.faults import StartTimeout
from actors.runtime.mailbox import Mailbox
from actors.runtime.messages import Down, Up
from actors.runtime.reference import ActorRef
from supervisors.failures import Exit
from supervisors.frames import await_frames
from supervisors.life import Life
from supervisors.restarts import Backoff, Budget
from supervisors.spec import AnySpec, BackoffSpec, ChildSpec

if TYPE_CHECKING:
    from supervisors.runtime import Runtime
    from supervisors.supervisor import Supervisor

State = Literal[
    "starting", "running", "suspended", "backoff", "stopping", "stopped", "quarantined", "stuck"
]

KILL_WAIT_S = 1.0  # a killed task needs a few trips of the loop; one that has not gone is stuck


class Record:
    """One child, an actor or a supervisor.

    Attributes:
        declared: its spec, whichever kind it is.
        wanted: whether the supervisor is to keep it up.
        halting: its present life is being stopped on purpose, so its end is not judged.
        finished: it ended normally and need not run again.
        asked: somebody asked for its next life, so even a temporary one gets it.
        doomed: it is forgotten as soon as it is gone.
        not_before_s: the loop time before which no new life may begin.
        limited: its next life needs a place in the reconnect limit.
        begun: how many lives it has had.
        lasted_s: how long its last life ran, from being ready to its end.
        up_s: the loop time at which it was ready; None while it is not up.
        settled: its last start came to something: it runs, or waits, or was given up.
        fault: why it is unfit though it lives, as its life says; empty when it is fit.
        last_exit, last_failure: how its last life ended, and the last that failed, as text: the
            error itself would hold on, by its traceback, to all that was of that life.
    """

    def __init__(
        self,
        runtime: Runtime,
        parent: Supervisor | None,
        spec: AnySpec,
        backoff: BackoffSpec,
    ) -> None:
        self.runtime = runtime
        self.parent = parent
        self.path: str = f"{parent.path}/{spec.id}" if parent is not None else spec.id
        self.declared: AnySpec = spec
        self.restart_type = spec.restart
        self.significant = spec.significant
        self.state: State = "stopped"
        self.wanted = False
        self.halting = False
        self.finished = False
        self.doomed = False
        self.asked = False
        self.begun = 0
        self.up_s: float | None = None
        self.last_exit = ""
        self.last_failure = ""
        self.not_before_s = 0.0
        self.limited = False
        self.fault = ""
        self.ready_value: object = None
        self.lasted_s = 0.0
        self.settled = trio.Event()
        self.backoff = Backoff(backoff)

    @property
    def generation(self) -> int:
        """The life it is in, or will be in next."""
        raise NotImplementedError

    @property
    def alive(self) -> bool:
        """Whether anything of it runs, if only its clean-up."""
        raise NotImplementedError

    @property
    def running(self) -> bool:
        """Whether it does its work now; false from the moment its end begins."""
        raise NotImplementedError

    @property
    def in_force(self) -> str:
        """Why its declared scope is in force now: it is down or unfit; empty when it is not."""
        if not self.declared.scope:
            return ""
        if self.running:
            return self.fault
        return self.state if self.state != "running" else "stopping"

    def spent(self, now_s: float) -> int:
        """How much of its budget is spent within the window."""
        raise NotImplementedError

    async def start(self) -> None:
        """Begin a life and return when it is ready or over."""
        raise NotImplementedError

    def begin_stop(self, reason: str) -> None:
        """Tell it to stop, without waiting."""
        raise NotImplementedError

    async def stop(self, reason: str) -> None:
        """Tell it to stop and return when it is gone, or is known not to go."""
        raise NotImplementedError

    def refresh(self) -> None:
        """Forget what spoke against running it: wanted again, nothing spent."""
        self.wanted = True
        self.finished = self.limited = self.doomed = self.asked = False
        self.not_before_s = 0.0
        if self.settled.is_set():  # else somebody waits for it already
            self.settled = trio.Event()

    def note_exit(self, exit_: Exit) -> None:
        """Keep how its last life ended, and how the last that failed did."""
        self.last_exit = exit_.reason
        if exit_.failure is not None:
            self.last_failure = exit_.reason

    def set_state(self, state: State, text: str = "") -> None:
        """Enter a state; say so to log and observer."""
        if state == self.state:
            return
        now_s = trio.current_time()
        if state == "running" and self.state != "suspended":
            self.up_s = now_s
        elif state not in ("running", "suspended"):
            if state == "starting":
                self.lasted_s = 0.0
            elif self.up_s is not None:
                self.lasted_s = now_s - self.up_s
            self.up_s = None
        self.state = state
        runtime = self.runtime
        if state not in ("stopped", "running"):
            runtime.events.add(self.path, self.generation, state, text)
        if runtime.observer is not None:
            runtime.observer.on_state(self.path, state, self.generation)


class ActorRecord(Record):
    """An actor's record: reference, mailbox, budget and the life it is in."""

    def __init__(
        self,
        runtime: Runtime,
        parent: Supervisor,
        spec: ChildSpec,
        make: Callable[[], Actor] | None = None,
    ) -> None:
        super().__init__(runtime, parent, spec, spec.backoff)
        self.above = parent
        self.spec = spec
        self.make = make if make is not None else spec.start
        self.budget = Budget(spec.budget)
        self.life: Life | None = None
        self.ref = self._reference()

    def _reference(self) -> ActorRef:
        """Take up the reference that this path had before, if it had one."""
        runtime = self.runtime
        known = runtime.registry.known(self.path)
        if known is not None and known.mailbox.spec == self.spec.mailbox:
            known.mailbox.set_open(False)
            known.mailbox.restore()
            return known
        mailbox = Mailbox(self.path, self.spec.mailbox, runtime.dead_letters.bury)
        if known is not None:
            known.mailbox = mailbox
            return known
        ref = ActorRef(self.path, mailbox, runtime.turn, runtime.timers, runtime.observer)
        runtime.registry.keep(ref)
        return ref

    @property
    def generation(self) -> int:
        """The life it is in, or will be in next."""
        return self.ref.generation

    @property
    def alive(self) -> bool:
        """Whether anything of its last life still runs."""
        return self.life is not None

    @property
    def running(self) -> bool:
        """Whether a life handles messages; a suspended one does not."""
        return self.ref.running

    def spent(self, now_s: float) -> int:
        """Its crashes within the window."""
        return self.budget.spent(now_s)

    def refresh(self) -> None:
        """Forget what spoke against running it, its spent budget included."""
        super().refresh()
        self.budget.clear()
        self.backoff.reset()

    # -- starting and stopping -------------------------------------------------------------------

    async def start(self) -> None:
        """Begin a life and return when it is ready or over, at the latest after its time limit."""
        life = self.life = Life(self)
        self.begun += 1
        self.halting = False
        self.fault = ""
        self.set_state("starting")
        self.runtime.lives += 1
        self.runtime.nursery.start_soon(life.run, name=self.path)
        with trio.move_on_after(self.spec.start_timeout_s):
            await life.settled.wait()
        if not life.settled.is_set():
            limit_s = self.spec.start_timeout_s
            life.inject(StartTimeout(f"{self.path} was not ready within {limit_s:g} s"))

    def begin_stop(self, reason: str) -> None:
        """Tell it to stop, without waiting; what is in backoff just stops."""
        life = self.life
        if life is None:
            if self.state != "quarantined":
                self.set_state("stopped")
            self.settled.set()
            return
        self.halting = True
        life.stop(self._grace_s(), reason)
        if self.state != "stuck":
            self.set_state("stopping", reason)

    async def stop(self, reason: str) -> None:
        """Stop it within its grace; what is not gone a second after that is named stuck."""
        self.begin_stop(reason)
        life = self.life
        if life is None:
            return
        life.patience = trio.CancelScope(
            deadline=trio.current_time() + self._grace_s() + KILL_WAIT_S
        )
        with life.patience:
            await life.gone.wait()
        if not life.gone.is_set():
            self.set_state("stuck", "; ".join(await_frames(life.task)[:3]))

    def hurry(self) -> None:
        """Kill a life that is being stopped."""
        if self.life is not None and self.halting:
            self.life.stop(0.0, "hurry")
            self.life.patience.deadline = trio.current_time() + KILL_WAIT_S

    def _grace_s(self) -> float:
        return 0.0 if self.runtime.hurried else self.spec.stop.grace_s

    # -- what its life reports -------------------------------------------------------------------

    def life_ready(self, value: object) -> None:
        """It is ready: others may rely on it."""
        self.ready_value = value
        self.set_state("running")
        self.runtime.events.add(self.path, self.generation, "ready")
        self.settled.set()
        self.runtime.registry.announce(Up(self.path, self.generation))

    def life_over(self, life: Life, reason: str) -> None:
        """It takes no more messages; what remains is clean-up."""
        if self.state in ("starting", "running", "suspended"):
            self.set_state("stopping", reason)
        self.runtime.registry.announce(Down(self.path, life.generation, reason))

    def life_gone(self, life: Life, exit_: Exit) -> None:
        """Nothing of it runs any more: the supervisor judges its end."""
        self.life = None
        self.runtime.life_ended()
        self.above.child_ended(self, exit_, life.generation)
