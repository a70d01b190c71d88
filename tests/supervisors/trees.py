"""Actors and trees that the supervision tests run, and how they look at them."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, ClassVar

import trio

from actors.runtime.actor import Actor
from actors.runtime.clock import TrioClock
from actors.runtime.mailbox import Mailbox
from messages.errors import ArbtreeError, ConnectionLost, retry_after
from supervisors.runtime import Options, Runtime
from supervisors.spec import BackoffSpec, ChildSpec, Strategy, SupervisorSpec

NO_BACKOFF = BackoffSpec(min_s=0.0, max_s=0.0, jitter=0.0)
ONE_SECOND = BackoffSpec(min_s=1.0, max_s=1.0, jitter=0.0)


class Boom(Exception):
    """A crash: it says nothing of itself."""


class Outage(ConnectionLost):
    """The world failed."""


class Forbidden(ArbtreeError):
    """Never again."""

    def __init__(self) -> None:
        from messages.errors import RETRY_NEVER

        super().__init__("forbidden", retry=RETRY_NEVER)


def banned(after_s: float) -> Outage:
    """An outage that says when to come back."""
    return Outage("banned for a while", retry=retry_after(after_s))


class Log:
    """What happened, with the loop's time."""

    def __init__(self) -> None:
        self.lines: list[tuple[float, str]] = []

    def add(self, text: str) -> None:
        self.lines.append((round(trio.current_time(), 3), text))

    def texts(self) -> list[str]:
        return [text for _, text in self.lines]

    def times(self, text: str) -> list[float]:
        return [at_s for at_s, line in self.lines if line == text]


class Worker(Actor):
    """Logs its life; does with a message what the message says: an exception is raised."""

    in_turn: ClassVar[bool] = False

    def __init__(
        self,
        name: str,
        log: Log,
        *,
        begin: Callable[[Worker], None] | None = None,
        work: Callable[[Worker], Awaitable[None]] | None = None,
        stop_s: float = 0.0,
    ) -> None:
        self.name = name
        self.log = log
        self.begin = begin
        self.work = work
        self.stop_s = stop_s
        self.seen: list[object] = []

    def started(self) -> None:
        self.log.add(f"{self.name} start")
        if self.begin is not None:
            self.begin(self)

    async def run(self) -> None:
        if self.work is not None:
            await self.work(self)
        else:
            self.context.ready()
            await trio.sleep_forever()

    def handle(self, message: object) -> None:
        if isinstance(message, BaseException):
            raise message
        self.seen.append(message)
        self.log.add(f"{self.name} got {message}")

    def handle_control(self, message: object) -> None:
        self.handle(message)

    def ended(self) -> None:
        self.log.add(f"{self.name} ended")

    async def stopping(self) -> None:
        await trio.sleep(self.stop_s)
        self.log.add(f"{self.name} stopped")


class InTurnWorker(Worker):
    """The same, run in its sender's turn."""

    in_turn: ClassVar[bool] = True

    async def run(self) -> None:
        self.context.ready()
        await self.context.serve()


def worker(name: str, log: Log, **changes: Any) -> ChildSpec:
    """A child spec of a worker; `changes` go to the worker or to the spec by name."""
    of_worker = {key: changes.pop(key) for key in ("begin", "work", "stop_s") if key in changes}
    kind = changes.pop("kind", Worker)
    changes.setdefault("backoff", NO_BACKOFF)
    return ChildSpec(name, lambda: kind(name, log, **of_worker), **changes)


def tree(
    *children: ChildSpec | SupervisorSpec, strategy: Strategy = "one_for_one", **fields: Any
) -> SupervisorSpec:
    """A root called `top`."""
    return SupervisorSpec("top", strategy, children, **fields)


def runtime_of(spec: SupervisorSpec, **options: Any) -> Runtime:
    """A runtime on the loop's own clock."""
    return Runtime(spec, clock=TrioClock(), options=Options(**options))


def accounted(mailbox: Mailbox) -> bool:
    """Whether every message is accounted for, and the lanes hold what the counters say."""
    counted, held = mailbox.statistics(), mailbox._channel[1].statistics()
    queued = held.current_buffer_used + len(mailbox.control)
    return counted.conserved and counted.queued == queued and counted.peak == held.peak_buffer_used


def states(runtime: Runtime) -> dict[str, str]:
    """The state of everything in the tree, by the last part of its path."""
    return {row.path.rpartition("/")[2]: row.state for row in runtime.rows()}
