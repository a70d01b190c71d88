"""Faults that any actor of a running tree can have."""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping
from types import MappingProxyType

import trio

from actors.runtime.actor import Actor
from actors.runtime.faults import BadRequest, UnknownPath
from supervisors.chaos.schedule import Planned
from supervisors.child import ActorRecord
from supervisors.runtime import Runtime

WITHIN_MESSAGES = 40
"""A crash "at message n" comes within so many."""
MAX_FAILED_STARTS = 2
"""With the crash before them they stay below the budget of a child."""


class InjectedCrash(Exception):
    """What an actor raises because it was told to."""


class ActorFaults:
    """The faults of one run's actors.

    Args:
        runtime: whose actors they are.
    """

    def __init__(self, runtime: Runtime) -> None:
        self.runtime = runtime
        self.healed = False

    def strike(self, planned: Planned) -> bool:
        """Do it; return whether there was anything to strike.

        Raises:
            KeyError: no actor can have such a fault.
        """
        try:
            record = self.runtime.registry.record(planned.target)
        except UnknownPath:
            return False
        if not isinstance(record, ActorRecord) or record.state != "running" or record.life is None:
            return False
        return _STRIKES[planned.fault](self, record, planned)

    def heal(self) -> None:
        """Let nothing that was planted go off any more, and resume who is suspended."""
        self.healed = True
        for row in self.runtime.rows():
            if row.state == "suspended":
                self.runtime.resume(row.path)


def strikes() -> tuple[str, ...]:
    """The names of all faults that `strike` takes."""
    return tuple(_STRIKES)


def _crash(faults: ActorFaults, record: ActorRecord, planned: Planned) -> bool:
    """Raise in the handler of the n-th message from now, or while it waits."""
    chance = random.Random(planned.seed)
    context = record.ref.context
    if chance.random() < 0.5 or context is None:
        return faults.runtime.kill(planned.target, InjectedCrash("while it waited"))
    left, handle = chance.randint(1, WITHIN_MESSAGES), context.handle

    def crash_at_last(message: object) -> None:
        nonlocal left
        left -= 1
        if left <= 0 and not faults.healed:
            raise InjectedCrash("at this message")
        handle(message)

    context.handle = crash_at_last
    return True


def _kill(faults: ActorFaults, record: ActorRecord, planned: Planned) -> bool:
    return faults.runtime.kill(planned.target, InjectedCrash("while it waited"))


def _start_failure(faults: ActorFaults, record: ActorRecord, planned: Planned) -> bool:
    """Crash now, and let the next lives fail while they are made."""
    left, make = random.Random(planned.seed).randint(1, MAX_FAILED_STARTS), record.make

    def fail() -> Actor:
        nonlocal left
        left -= 1
        if left < 0 or faults.healed:
            record.make = make
            return make()
        raise InjectedCrash("while it started")

    record.make = fail
    return faults.runtime.kill(planned.target, InjectedCrash("before failing starts"))


def _hang_in_cleanup(faults: ActorFaults, record: ActorRecord, planned: Planned) -> bool:
    """Restart it, and let its clean-up come to no end."""
    actor = record.life.actor if record.life is not None else None
    if actor is None:
        return False
    stopping = actor.stopping

    async def hang() -> None:
        await stopping()
        await trio.sleep_forever()

    actor.stopping = hang  # type: ignore[method-assign]  # of this instance alone
    try:
        faults.runtime.restart(planned.target)
    except BadRequest:
        return False
    return True


def _mailbox_pressure(faults: ActorFaults, record: ActorRecord, planned: Planned) -> bool:
    """Let it take nothing for so long."""
    life, runtime = record.life, faults.runtime
    runtime.suspend(planned.target)

    def resume() -> None:
        if record.life is life and record.state == "suspended":
            runtime.resume(planned.target)

    runtime.timers.after(planned.duration_s, resume)
    return True


_STRIKES: Mapping[str, Callable[[ActorFaults, ActorRecord, Planned], bool]] = MappingProxyType(
    {
        "crash": _crash,
        "root_crash": _kill,
        "start_failure": _start_failure,
        "hang_in_cleanup": _hang_in_cleanup,
        "mailbox_pressure": _mailbox_pressure,
    }
)
