"""The errors of the runtime itself."""

from __future__ import annotations

from messages.errors import ArbtreeError


class RuntimeFault(ArbtreeError):
    """The root of what the actor runtime raises."""


class UnknownPath(RuntimeFault):
    """No actor or supervisor was ever declared under this path."""


class BadSpec(RuntimeFault):
    """A child or supervisor spec cannot be run; the text names path, field and value."""


class BadRequest(RuntimeFault):
    """A request to a supervisor that it cannot carry out; the text says which and why."""


class StartTimeout(RuntimeFault):
    """An actor did not say that it is ready within its start time limit."""


class NoProgress(RuntimeFault):
    """An actor reported no progress within its declared time limit."""


class LeakedCancellation(RuntimeFault):
    """An actor's work ended in a cancellation that nobody asked for.

    A `trio.Cancelled` kept and raised again outside its own scope ends a nursery as silently as
    a return; only the missing end of the work gives it away.
    """


class GaveUp(RuntimeFault):
    """A supervisor spent its restart budget; the last failure is the `__cause__`."""


class TooManyTimers(RuntimeFault):
    """One life of an actor set more timers than the limit."""


class AskFailed(RuntimeFault):
    """A question got no answer; the text says why."""


class AskTimeout(AskFailed):
    """The callee has not answered before the asker's deadline."""


class CalleeDown(AskFailed):
    """The callee does not live, or its life ended before it answered."""


class AskRefused(AskFailed):
    """The callee's mailbox has no room, lost the question, or the callee answers none."""
