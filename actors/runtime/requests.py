"""Asking a supervisor for something: checked at once, carried out by it, awaited if one likes."""

from __future__ import annotations

from typing import Protocol

import trio

from actors.runtime.reference import ActorRef


class Request:
    """A request that was accepted; it is carried out whether anybody waits or not."""

    __slots__ = ("_done", "error")

    def __init__(self) -> None:
        self._done = trio.Event()
        self.error: Exception | None = None

    @property
    def done(self) -> bool:
        """Whether it has been carried out, or has failed."""
        return self._done.is_set()

    def finish(self, error: Exception | None = None) -> None:
        """Say that it is carried out, or why it could not be; later calls change nothing."""
        if not self._done.is_set():
            self.error = error
            self._done.set()

    async def wait(self) -> None:
        """Wait until it is carried out.

        Raises:
            BadRequest: it could not be; the text says why.
        """
        await self._done.wait()
        if self.error is not None:
            raise self.error


class Tree(Protocol):
    """What actors and operators may ask of the running tree; no call ever waits."""

    def lookup(self, path: str) -> ActorRef:
        """Return the reference of an actor, whatever its state.

        Raises:
            UnknownPath: no actor was ever declared under this path.
        """
        ...

    def start_child(self, supervisor: str, child: object, *args: object) -> Request:
        """Add a child to a running supervisor and start it.

        Args:
            supervisor: its path.
            child: a child's id, made from the template of a dynamic supervisor; else a spec.
            args: passed to the template's `start`.

        Raises:
            UnknownPath: there is no such supervisor.
            BadRequest: the id is taken, or the supervisor is stopping or full.
            BadSpec: the child's spec is wrong.
        """
        ...

    def terminate_child(self, path: str) -> Request:
        """Stop a child in order: a dynamic one is removed, a static one stays stopped.

        Raises:
            UnknownPath: there is nothing under this path.
        """
        ...

    def restart(self, path: str) -> Request:
        """Stop what runs there and start it anew, without budget or backoff; lifts a quarantine.

        Raises:
            UnknownPath: there is nothing under this path.
            BadRequest: the supervisor above it is not running.
        """
        ...

    def restart_child(self, path: str) -> Request:
        """Start a child again that is stopped or quarantined; its siblings stay as they are.

        Raises:
            UnknownPath: there is nothing under this path.
            BadRequest: the child is in any other state, or its supervisor is not running.
        """
        ...

    def delete_child(self, path: str) -> None:
        """Take a child that is stopped or quarantined out of the tree.

        Raises:
            UnknownPath: there is nothing under this path.
            BadRequest: the child is in any other state, or its supervisor is not running.
        """
        ...

    def suspend(self, path: str) -> None:
        """Let a running actor handle nothing until it is resumed; its mailbox goes on accepting.

        Tasks of its own go on, for nothing can hold those; its progress is not watched meanwhile.
        A suspension ends with the life.  Suspending twice changes nothing.

        Raises:
            UnknownPath: there is nothing under this path.
            BadRequest: it is a supervisor, or does not run.
        """
        ...

    def resume(self, path: str) -> None:
        """Let a suspended actor go on; what has come meanwhile is handled in order.

        Raises:
            UnknownPath: there is nothing under this path.
            BadRequest: it is a supervisor, or not suspended.
        """
        ...
