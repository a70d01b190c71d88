"""What operators and actors may ask of a running tree: looked up, checked and answered at once.

Reading is plain data, so it never waits.  A request is checked in the call, refused in so many
words or accepted, and then carried out beside whatever else the supervisor does: it is answered
while a child starts, stops or waits for its next attempt.
"""

from __future__ import annotations

import trio
from msgspec import Struct

from actors.runtime.faults import BadRequest
from actors.runtime.reference import ActorRef
from actors.runtime.requests import Request
from supervisors.child import ActorRecord, Record
from supervisors.registry import Registry
from supervisors.spec import AnySpec
from supervisors.supervisor import Supervisor

RESTARTABLE = ("stopped", "quarantined")


class ChildRow(Struct, frozen=True):
    """One child as its supervisor knows it.

    `kind` is `actor` or `supervisor`; `generation` the life it is in, or will be in next.
    """

    id: str
    path: str
    kind: str
    state: str
    generation: int
    restart: str
    significant: bool


class ChildCounts(Struct, frozen=True):
    """How many children a supervisor has: in all, with a life, and of each kind."""

    specs: int
    active: int
    supervisors: int
    actors: int


class Operations:
    """The part of a runtime that carries out wishes; `Tree` says what each call means."""

    registry: Registry
    nursery: trio.Nursery

    # -- looking ---------------------------------------------------------------------------------

    def lookup(self, path: str) -> ActorRef:
        """See `Tree.lookup`."""
        return self.registry.reference(path)

    def summary(self, path: str) -> dict[str, object]:
        """Return what an actor says of itself; nothing while it has no life.

        Raises:
            UnknownPath: there is nothing under this path.
        """
        record = self.registry.record(path)
        life = record.life if isinstance(record, ActorRecord) else None
        if life is None or life.actor is None or life.is_over:
            return {}
        return life.actor.summary()

    def which_children(self, path: str) -> list[ChildRow]:
        """Return the children of a supervisor in start order.

        Raises:
            UnknownPath: there is nothing under this path.
            BadRequest: it is an actor.
        """
        return [
            ChildRow(
                id=child.declared.id,
                path=child.path,
                kind="supervisor" if isinstance(child, Supervisor) else "actor",
                state=child.state,
                generation=child.generation,
                restart=child.restart_type,
                significant=child.significant,
            )
            for child in self._supervisor(path).children
        ]

    def count_children(self, path: str) -> ChildCounts:
        """Count the children of a supervisor; raises as `which_children`."""
        children = self._supervisor(path).children
        inner = sum(isinstance(child, Supervisor) for child in children)
        return ChildCounts(
            specs=len(children),
            active=sum(child.alive for child in children),
            supervisors=inner,
            actors=len(children) - inner,
        )

    def get_spec(self, path: str) -> AnySpec:
        """Return the spec that a child, or the root, runs by.

        Raises:
            UnknownPath: there is nothing under this path.
        """
        return self.registry.record(path).declared

    def in_force(self) -> list[tuple[str, str]]:
        """Return path and scope of everything that declares one and is down, or says it is unfit.

        True in every moment: a life that ends is in here before anybody else runs.
        """
        return [
            (record.path, record.declared.scope)
            for record in self.registry.records()
            if record.in_force
        ]

    # -- asking ----------------------------------------------------------------------------------

    def start_child(self, supervisor: str, child: object, *args: object) -> Request:
        """See `Tree.start_child`."""
        request = Request()
        record = self._supervisor(supervisor).add(child, *args)
        self.nursery.start_soon(_await_start, record, request)
        return request

    def restart(self, path: str) -> Request:
        """See `Tree.restart`."""
        record, above = self._child(path)
        request = Request()
        above.again(record)
        self.nursery.start_soon(_await_start, record, request)
        return request

    def restart_child(self, path: str) -> Request:
        """See `Tree.restart_child`."""
        record, above = self._child(path)
        _must_rest(record, "started again")
        request = Request()
        record.refresh()
        above.poke(record)
        self.nursery.start_soon(_await_start, record, request)
        return request

    def terminate_child(self, path: str) -> Request:
        """See `Tree.terminate_child`."""
        record, above = self._child(path)
        request = Request()
        record.wanted = record.finished = False
        record.doomed = above.spec.strategy == "dynamic"
        self.nursery.start_soon(_terminate, record, above, request)
        return request

    def delete_child(self, path: str) -> None:
        """See `Tree.delete_child`."""
        record, above = self._child(path)
        _must_rest(record, "deleted")
        above.remove(record)

    def kill(self, path: str, error: BaseException) -> bool:
        """End an actor's life as if it had raised this; return False if it is over already.

        Raises:
            UnknownPath: there is nothing under this path.
            BadRequest: it is a supervisor.
        """
        record = self._actor(path, "killed")
        return record.life is not None and record.life.inject(error)

    def suspend(self, path: str) -> None:
        """See `Tree.suspend`."""
        record = self._actor(path, "suspended")
        if record.state == "suspended":
            return
        if record.state != "running" or record.life is None:
            raise BadRequest(f"{path} is {record.state}: only what runs can be suspended")
        record.life.suspend()

    def resume(self, path: str) -> None:
        """See `Tree.resume`."""
        record = self._actor(path, "resumed")
        if record.state != "suspended" or record.life is None:
            raise BadRequest(f"{path} is {record.state}: only what is suspended can be resumed")
        record.life.resume()

    def _supervisor(self, path: str) -> Supervisor:
        record = self.registry.record(path)
        if not isinstance(record, Supervisor):
            raise BadRequest(f"{path} is an actor: only a supervisor has children")
        return record

    def _actor(self, path: str, deed: str) -> ActorRecord:
        record = self.registry.record(path)
        if not isinstance(record, ActorRecord):
            raise BadRequest(f"{path} is a supervisor: only an actor can be {deed}")
        return record

    def _child(self, path: str) -> tuple[Record, Supervisor]:
        """Return a child whose supervisor carries out requests, and that supervisor."""
        record = self.registry.record(path)
        if record.parent is None:
            raise BadRequest(f"{path} is the root: stop and start the whole tree instead")
        record.parent.must_accept()
        return record, record.parent


def _must_rest(record: Record, deed: str) -> None:
    """Refuse what is only for a child that is down and stays down."""
    if record.alive or record.wanted or record.state not in RESTARTABLE:
        raise BadRequest(
            f"{record.path} is {record.state}: only a stopped or quarantined child can be {deed}"
        )


async def _await_start(record: Record, request: Request) -> None:
    """Finish a request when the child's start came to something."""
    try:
        await record.settled.wait()
        if record.state in ("running", "suspended"):
            request.finish()
        else:
            why = record.last_exit or "not started"
            request.finish(BadRequest(f"{record.path} is {record.state}: {why}"))
    finally:
        request.finish(BadRequest(f"{record.path}: the tree stopped first"))


async def _terminate(record: Record, above: Supervisor, request: Request) -> None:
    """Stop a child, and forget it where children come and go."""
    try:
        if not record.wanted:
            await record.stop("terminated")
        if record.wanted:
            request.finish(BadRequest(f"{record.path} was wanted again meanwhile"))
            return
        if record.alive:
            request.finish(BadRequest(f"{record.path} does not go: it is {record.state}"))
            return
        record.set_state("stopped")
        record.settled.set()
        above.forget(record)
        request.finish()
    finally:
        request.finish(BadRequest(f"{record.path}: the tree stopped first"))
