"""A supervisor: it starts its children in order, judges every end, and stops them in reverse.

Its state is plain data, so reading it never waits.  Judging is synchronous; only the drivers of
its groups take time.
"""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import trio

from actors.runtime.faults import BadRequest, GaveUp
from actors.runtime.messages import Down, Up
from supervisors.child import ActorRecord, Record
from supervisors.failures import EndKind, Exit, Failure, RetryWhen, describe
from supervisors.group import Group
from supervisors.restarts import Causes, ReconnectLimiter
from supervisors.spec import MAX_CHILDREN, ChildSpec, SupervisorSpec, check, check_pair

if TYPE_CHECKING:
    from supervisors.runtime import Runtime


class Supervisor(Record):
    """One supervisor of a running tree."""

    def __init__(self, runtime: Runtime, parent: Supervisor | None, spec: SupervisorSpec) -> None:
        super().__init__(runtime, parent, spec, spec.backoff)
        self.spec = spec
        self.children: list[Record] = []
        self._open = False
        self._life = 1
        self._alive = False
        self._causes = Causes(spec.budget)
        self._limiter = ReconnectLimiter(spec.reconnects) if spec.reconnects else None
        self._groups: dict[str, Group] = {}
        self._one_group = (
            Group(self, spec.strategy) if spec.strategy in ("rest_for_one", "one_for_all") else None
        )
        runtime.registry.bind(self)
        for child in spec.children:
            self._add(child)

    @property
    def generation(self) -> int:
        """How often it was started."""
        return self._life

    @property
    def alive(self) -> bool:
        """Whether it runs, or its children are being stopped."""
        return self._alive

    @property
    def running(self) -> bool:
        """Whether it looks after its children."""
        return self._open and self.state == "running"

    def spent(self, now_s: float) -> int:
        """Its causes within the window."""
        return self._causes.spent(now_s)

    @property
    def accepting(self) -> bool:
        """Whether it runs and is not being stopped, nor the whole tree: only then it acts."""
        return self._open and not self.runtime.stopping

    def must_accept(self) -> None:
        """Refuse a request that nobody would carry out.

        Raises:
            BadRequest: saying why.
        """
        if self.runtime.stopping:
            raise BadRequest(f"{self.path}: the tree is stopping")
        if not self._open:
            raise BadRequest(f"{self.path} is {self.state}: it carries out nothing now")

    # -- children --------------------------------------------------------------------------------

    def _add(self, spec: ChildSpec | SupervisorSpec, *args: object) -> Record:
        """Make the record of a child."""
        child: Record
        if isinstance(spec, SupervisorSpec):
            child = Supervisor(self.runtime, self, spec)
        else:
            make = partial(spec.start, *args) if args else spec.start
            path = f"{self.path}/{spec.id}"
            self.runtime.registry.check_free(path)
            child = ActorRecord(self.runtime, self, spec, make)
            self.runtime.registry.bind(child)
        self.children.append(child)
        group = self._one_group or Group(self, "one_for_one")
        group.records.append(child)
        self._groups[child.path] = group
        return child

    def add(self, child: object, *args: object) -> Record:
        """Add a child while running and start it; see `Tree.start_child`."""
        self.must_accept()
        if len(self.children) >= MAX_CHILDREN:
            raise BadRequest(f"{self.path} has {MAX_CHILDREN} children already")
        spec = self._child_spec(child)
        if isinstance(spec, SupervisorSpec) and args:
            raise BadRequest(f"{self.path}/{spec.id}: a supervisor takes no arguments")
        check(spec, self.path)
        check_pair(self.spec, spec, self.path)
        record = self._add(spec, *args)
        record.wanted = True
        self._groups[record.path].poke()
        return record

    def _child_spec(self, child: object) -> ChildSpec | SupervisorSpec:
        if isinstance(child, ChildSpec | SupervisorSpec):
            return child
        if not isinstance(child, str):
            raise BadRequest(f"{self.path}: a child is an id or a spec, not {child!r}")
        template = self.spec.template
        if template is None:
            raise BadRequest(f"{self.path} has no template to make {child!r} from")
        return ChildSpec(
            **{name: getattr(template, name) for name in ChildSpec.__struct_fields__}
            | {"id": child}
        )

    def forget(self, record: Record) -> None:
        """Remove a child that was doomed and is gone."""
        if record.doomed and not record.alive and record.path in self._groups:
            self.remove(record)

    def remove(self, record: Record) -> None:
        """Forget a child that is not alive."""
        if isinstance(record, Supervisor):
            for inner in tuple(record.children):
                record.remove(inner)
        self.children.remove(record)
        self._groups.pop(record.path).records.remove(record)
        self.runtime.registry.free(record.path)
        record.settled.set()
        if isinstance(record, ActorRecord):
            record.ref.mailbox.remove()
        self.runtime.events.add(record.path, record.generation, "removed")

    def again(self, record: Record) -> None:
        """Restart a child at somebody's wish, with whoever depends on it."""
        record.refresh()
        record.asked = True
        self._groups[record.path].break_at(record)

    def poke(self, record: Record) -> None:
        """Something about this child changed from outside."""
        self._groups[record.path].poke()

    def reserve_reconnect(self, now_s: float) -> float:
        """Take a place in the reconnect limit of this supervisor or the nearest above it."""
        if self._limiter is not None:
            return self._limiter.reserve(now_s)
        return self.parent.reserve_reconnect(now_s) if self.parent is not None else now_s

    # -- its own life ----------------------------------------------------------------------------

    async def start(self) -> None:
        """Start all children in order; return when each runs, or waits for its next attempt.

        Under rest_for_one and one_for_all a child that cannot start holds up those after it; the
        supervisor itself then counts as started, and its driver goes on with the attempts.
        """
        self._alive = self._open = True
        self.begun += 1
        self.halting = False
        self._causes.clear()
        self.set_state("starting")
        for child in self.children:
            child.refresh()
        for child in tuple(self.children):
            if child.path not in self._groups:
                continue  # it was removed while its elder siblings started
            self._groups[child.path].poke()
            await child.settled.wait()
            if not self.accepting:
                return
            if self._one_group is not None and child.state != "running":
                break
        self.set_state("running")
        self.settled.set()
        self.runtime.registry.announce(Up(self.path, self._life))

    def begin_stop(self, reason: str) -> None:
        """Take no more requests and drive nothing any more; what waits just stops."""
        if not self._alive:
            if self.state != "quarantined":
                self.set_state("stopped")
            self.settled.set()
            return
        self.halting = True
        self._halt(reason)

    async def stop(self, reason: str) -> None:
        """Stop all children in reverse order."""
        self.begin_stop(reason)
        if self._alive:
            await self._fold(reason)

    def _halt(self, reason: str) -> None:
        was_open, self._open = self._open, False
        self.set_state("stopping", reason)
        if was_open:
            self.runtime.registry.announce(Down(self.path, self._life, reason))
        for group in self._groups.values():
            group.halt(reason)

    async def _fold(self, reason: str) -> None:
        """Stop the children; a dynamic supervisor tells all of them first.

        Two may wait for the same stop; the one that is late must not touch the next life.
        """
        life = self._life
        if self.spec.strategy == "dynamic":
            for child in reversed(self.children):
                child.begin_stop(reason)
        for child in reversed(self.children):
            await child.stop(reason)
            if self._life != life:
                return
        if self._alive:
            self._alive = False
            self._life += 1
            self.set_state("stopped")

    async def _end(self, reason: str, exit_: Exit) -> None:
        """End by its own decision: stop the children, then let the supervisor above judge."""
        await self._fold(reason)
        if self.halting or self.runtime.stopping:
            return
        if exit_.kind is EndKind.CRASH and self.spec.quarantine_on_give_up:
            self.note_exit(exit_)
            self.wanted = False
            self.set_state("quarantined", exit_.reason)
            self.settled.set()
        elif self.parent is not None:
            self.parent.child_ended(self, exit_, self._life - 1)
        else:
            self.runtime.root_ended(exit_)

    def _decide_end(self, reason: str, exit_: Exit) -> None:
        """Begin to end by its own decision."""
        self._halt(reason)
        self.settled.set()
        self.runtime.nursery.start_soon(self._end, reason, exit_, name=f"{self.path} ends")

    # -- judging ---------------------------------------------------------------------------------

    def child_ended(self, record: Record, exit_: Exit, generation: int) -> None:
        """Judge the end of a child's life: who comes back, when, and who does not."""
        record.note_exit(exit_)
        self.runtime.events.add(record.path, generation, exit_.kind.value, exit_.reason)
        if exit_.kind is EndKind.FATAL and exit_.failure is not None:
            self.runtime.fatal(exit_.failure.error)
        if record.halting or not self.accepting:
            record.halting = False
            record.set_state("stopped")
            self.forget(record)
        else:
            self._judge(record, exit_)
        if record.state != "stopped" or not record.wanted or not self.accepting:
            record.settled.set()  # else it was stopped only to be started again
        group = self._groups.get(record.path)
        if group is not None:
            group.poke()

    def _judge(self, record: Record, exit_: Exit) -> None:
        failure = exit_.failure
        if failure is not None and failure.retry is RetryWhen.NEVER:
            self._quarantine(record, exit_.reason)
        elif record.restart_type == "temporary" or (
            record.restart_type == "transient" and failure is None
        ):
            self._finish(record, normal=failure is None)
        elif exit_.kind is EndKind.OUTAGE and failure is not None:
            record.limited = True
            self._revive(record, exit_, failure.after_s)
        elif self._afford(record, exit_):
            self._revive(record, exit_, failure.after_s if failure is not None else 0.0)

    def _afford(self, record: Record, exit_: Exit) -> bool:
        """Spend what a crash costs; return False if the child is not to come back (now)."""
        now_s = trio.current_time()
        spec = record.spec if isinstance(record, ActorRecord) else None
        if isinstance(record, ActorRecord) and not record.budget.spend(now_s):
            return True
        cause = exit_.failure.cause if exit_.failure is not None else f"{record.path} ended"
        if self._causes.spend(cause, now_s):
            self._give_up(record, exit_)
            return False
        if spec is not None and spec.on_spent == "quarantine":
            self._quarantine(record, f"spent its budget; {exit_.reason}")
            return False
        return True

    def _revive(self, record: Record, exit_: Exit, at_least_s: float) -> None:
        """Let a child come back after its backoff."""
        delay_s = record.backoff.next_s(self.runtime.chance(record), at_least_s)
        record.not_before_s = trio.current_time() + delay_s
        record.set_state("backoff", f"{delay_s:.3f} s after {exit_.reason}")
        self._groups[record.path].break_at(record)

    def _quarantine(self, record: Record, reason: str) -> None:
        """Leave a child down until somebody restarts it."""
        record.wanted = False
        record.set_state("quarantined", reason)

    def _finish(self, record: Record, normal: bool) -> None:
        """A child is done; a significant one may take the supervisor with it."""
        record.wanted = False
        record.finished = True
        record.set_state("stopped")
        if self.spec.strategy == "dynamic":
            self.remove(record)
            return
        shutdown = self.spec.auto_shutdown
        others = [child for child in self.children if child.significant and not child.finished]
        if record.significant and (
            shutdown == "any_significant" or (shutdown == "all_significant" and not others)
        ):
            self._decide_end(f"{record.path} ended", Exit(EndKind.SHUTDOWN))

    def _give_up(self, record: Record, exit_: Exit) -> None:
        """The budget is spent: stop everything here and let the supervisor above decide."""
        record.set_state("stopped")
        budget = self.spec.budget
        error = GaveUp(
            f"{self.path} gave up: more than {budget.count} causes in {budget.window_s:g} s,"
            f" the last at {record.path}: {exit_.reason}"
        )
        if exit_.failure is not None:
            error.__cause__ = exit_.failure.error
        self.runtime.events.add(self.path, self._life, "gave_up", describe(error))
        failure = Failure(EndKind.CRASH, RetryWhen.NOW, 0.0, f"GaveUp@{self.path}", error)
        self._decide_end("it gave up", Exit(EndKind.CRASH, failure))
