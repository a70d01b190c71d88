"""What an end was: its kind, whether the world failed or we did, and whether to try again.

The error decides first, by what it says of itself: `retry` (an object with `kind.value` in now,
after, never, and `after_s`) and `outage`.  Any library's exception may carry these; one that does
not is a crash.
"""

from __future__ import annotations

import enum
from collections.abc import Iterator

import trio
from msgspec import Struct

MAX_REASON = 400  # characters of an error's text that go into rows, events and notices


class EndKind(enum.Enum):
    """How a life ended."""

    NORMAL = "normal"  # its work returned
    SHUTDOWN = "shutdown"  # told to stop, and did
    OUTAGE = "outage"  # the world failed
    CRASH = "crash"  # we failed
    KILLED = "killed"  # told to stop, and outlived its grace
    FATAL = "fatal"  # the process is to end: SystemExit, KeyboardInterrupt, the like


class RetryWhen(enum.Enum):
    """What the error says about trying again."""

    NOW = "now"
    AFTER = "after"
    NEVER = "never"


class Failure(Struct, frozen=True):
    """What an error means to the supervisor.

    `cause` groups failures that have one reason: the error's own `cause_key` if it has one, else
    its class and, where it names one, its venue.
    """

    kind: EndKind
    retry: RetryWhen
    after_s: float
    cause: str
    error: BaseException


class Exit(Struct, frozen=True):
    """One end: its kind and, where something was raised, the failure.

    `while_stopping` marks what was raised by the clean-up of a planned stop.
    """

    kind: EndKind
    failure: Failure | None = None
    while_stopping: bool = False

    @property
    def reason(self) -> str:
        """One line for people."""
        if self.failure is None:
            return self.kind.value
        while_stopping = " while stopping" if self.while_stopping else ""
        return f"{self.kind.value}{while_stopping}: {describe(self.failure.error)}"


def describe(error: BaseException) -> str:
    """Return class and text of an error in one bounded line."""
    text = " ".join(str(error).split())
    return f"{type(error).__name__}: {text}"[:MAX_REASON] if text else type(error).__name__


def leaves(error: BaseException) -> Iterator[BaseException]:
    """Yield what a tree of exception groups is made of, cancellations left out."""
    if isinstance(error, BaseExceptionGroup):
        for inner in error.exceptions:
            yield from leaves(inner)
    elif not isinstance(error, trio.Cancelled):
        yield error


def classify(error: BaseException) -> Failure:
    """Judge what left a life: of a group the gravest leaf decides, the whole group is kept.

    Gravest first: fatal, never, crash, outage with the longer wait.
    """
    found = [_classify_leaf(leaf) for leaf in leaves(error)]
    if not found:  # nothing but cancellations, which a life's own scope would have taken
        return Failure(EndKind.CRASH, RetryWhen.NOW, 0.0, type(error).__name__, error)
    gravest = max(found, key=_gravity)
    if len(found) > 1:
        return Failure(gravest.kind, gravest.retry, gravest.after_s, gravest.cause, error)
    return gravest


def _classify_leaf(error: BaseException) -> Failure:
    if not isinstance(error, Exception):
        return Failure(EndKind.FATAL, RetryWhen.NEVER, 0.0, type(error).__name__, error)
    retry = getattr(error, "retry", None)
    when = getattr(getattr(retry, "kind", None), "value", "now")
    known = RetryWhen(when) if when in ("after", "never") else RetryWhen.NOW
    after_s = getattr(retry, "after_s", 0.0) if known is RetryWhen.AFTER else 0.0
    usable = isinstance(after_s, int | float) and 0 <= after_s < float("inf")
    kind = EndKind.OUTAGE if getattr(error, "outage", False) is True else EndKind.CRASH
    return Failure(kind, known, float(after_s) if usable else 0.0, _cause(error), error)


def _cause(error: Exception) -> str:
    key = getattr(error, "cause_key", None)
    if isinstance(key, str) and key:
        return key
    venue = getattr(error, "venue", None)
    name = type(error).__qualname__
    return f"{name}@{venue}" if isinstance(venue, str) and venue else name


def _gravity(failure: Failure) -> tuple[int, float]:
    if failure.kind is EndKind.FATAL:
        return 3, 0.0
    if failure.retry is RetryWhen.NEVER:
        return 2, 0.0
    return (1 if failure.kind is EndKind.CRASH else 0), failure.after_s
