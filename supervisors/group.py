"""Children that start and stop in one order: the driver that brings them to what is wanted.

Under one_for_one and dynamic every child is a group of its own, so nobody waits for a sibling;
under rest_for_one and one_for_all all children are one group.  The driver is a task only while
there is something to do.  It looks afresh after every step, so a request, a failure or a stop
that comes while it waits simply changes what it sees next.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from supervisors.child import Record
from supervisors.spec import Strategy

if TYPE_CHECKING:
    from supervisors.supervisor import Supervisor


class Group:
    """Some children of one supervisor, in start order.

    Args:
        supervisor: whose children they are.
        strategy: what a broken child means for the others here.
    """

    def __init__(self, supervisor: Supervisor, strategy: Strategy) -> None:
        self.records: list[Record] = []
        self._supervisor = supervisor
        self._strategy = strategy
        self._broken: int | None = None  # everything from this index on must be stopped first
        self._driving = False
        self._poked = trio.Event()
        self._scope = trio.CancelScope()

    def poke(self) -> None:
        """Something changed: look again."""
        self._poked.set()
        if not self._driving and self._supervisor.accepting:
            self._driving = True
            scope = self._scope = trio.CancelScope()
            name = f"{self._supervisor.path} driver"
            self._supervisor.runtime.nursery.start_soon(self._drive, scope, name=name)

    def break_at(self, record: Record) -> None:
        """This child needs a new life, and so does whoever the strategy says depends on it."""
        index = 0 if self._strategy == "one_for_all" else self.records.index(record)
        self._broken = index if self._broken is None else min(index, self._broken)
        self.poke()

    def halt(self, reason: str) -> None:
        """Do nothing more until poked again."""
        self._scope.cancel(reason=reason)
        self._driving = False
        self._broken = None

    async def _drive(self, scope: trio.CancelScope) -> None:
        """Take one step after the other until everything is as it is wanted."""
        with scope:
            while not scope.cancel_called and self._supervisor.accepting:
                self._poked = trio.Event()
                if self._broken is not None:
                    await self._mend(self._broken)
                elif not await self._step():
                    break
        if self._scope is scope:
            self._driving = False

    async def _mend(self, index: int) -> None:
        """Stop what is broken in reverse order, and wait until it may come back."""
        records = self.records[index:]
        for record in reversed(records):
            if record.alive and record.state != "stuck":
                await record.stop("restarting with its group" if len(records) > 1 else "restarting")
        until_s = max((record.not_before_s for record in records if record.wanted), default=0.0)
        if trio.current_time() < until_s:
            await self._pause(until_s)
            return
        if self._broken is None or self._broken < index:
            return  # an earlier sibling broke meanwhile
        self._broken = None
        for record in records:
            record.not_before_s = 0.0
            if record.asked:
                record.asked = False
            elif record.restart_type == "temporary":
                record.wanted = record.wanted and not record.last_exit
            elif record.finished:
                record.refresh()

    async def _step(self) -> bool:
        """Do the first thing that is not as it is wanted; return False if there is none."""
        for record in self.records:
            if not record.wanted:
                if record.alive and record.state != "stuck":
                    await record.stop("no longer wanted")
                    return True
            elif record.alive:
                if record.halting or record.state in ("stopping", "stuck"):
                    await self._pause(float("inf"))
                    return True
            else:
                await self._start(record)
                return True
        return False

    async def _start(self, record: Record) -> None:
        """Start one child, when its wait is over and the reconnect limit has a place for it."""
        now_s = trio.current_time()
        if now_s < record.not_before_s:
            await self._pause(record.not_before_s)
            return
        if record.limited:
            record.limited = False
            record.not_before_s = self._supervisor.reserve_reconnect(now_s)
            if record.not_before_s > now_s:
                return
        record.not_before_s = 0.0
        await record.start()

    async def _pause(self, until_s: float) -> None:
        """Wait until then, or until poked."""
        with trio.CancelScope(deadline=until_s):
            await self._poked.wait()
