"""Questions between actors: each has a deadline, one answer, and no life that outlasts its callee.

A question travels in the mailbox like any message and keeps its order with them.  It is open from
its sending until it is answered, refused, lost or given up by the asker, whichever comes first;
the end of the callee's life, planned or not, ends all that are open there in the same moment.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import trio
from msgspec import Struct

from actors.runtime.faults import AskTimeout
from actors.runtime.timers import Timer

if TYPE_CHECKING:
    from actors.runtime.mailbox import Mailbox

MAX_OPEN_ASKS = 4_096  # at one actor; more is an actor that keeps questions and never answers


class Answer(Struct, frozen=True):
    """What became of a question that was asked from a handler: a value, or an error.

    `tag` is what the asker gave to tell its questions apart.
    """

    tag: object
    value: object = None
    error: Exception | None = None


class Ask:
    """One question, as the actor that is to answer it sees it.

    Attributes:
        asker: path of who asks; empty for one who is no actor.
        callee: path of who is asked.
        message: the question.
        deadline_s: the loop's time at which the asker gives up.
        open: nobody has settled it yet.
        timer: what ends it when nobody else has.
        value, error: what it came to.
    """

    __slots__ = (
        "_box", "_task", "_then", "asker", "callee", "deadline_s", "error", "message", "open",
        "timer", "value",
    )  # fmt: skip

    def __init__(
        self,
        box: Mailbox,
        message: object,
        timeout_s: float,
        asker: str = "",
        then: Callable[[Ask], None] | None = None,
    ) -> None:
        self.asker = asker
        self.callee = box.path
        self.message = message
        self.deadline_s = trio.current_time() + timeout_s
        self.open = True
        self.value: object = None
        self.error: Exception | None = None
        self.timer: Timer | None = None
        self._box = box
        self._task: trio.lowlevel.Task | None = None
        self._then = then

    def reply(self, value: object = None) -> bool:
        """Answer it, now or later; return False if it is over (and count that)."""
        if not self.open:
            return self._box.refuse("late_reply")
        self.value = value
        self._settle()
        return True

    def fail(self, error: Exception) -> bool:
        """Answer it with an error, which is raised at the asker; return False if it is over."""
        if not self.open:
            return False
        self.error = error
        self._settle()
        return True

    def expire(self) -> None:
        """The asker's time is over."""
        self.fail(AskTimeout(f"{self.callee} has not answered in time"))

    def close(self) -> None:
        """The asker has given up; nobody is told."""
        self._then = None
        if self.open:
            self._settle()

    async def wait(self) -> None:
        """Wait until it is settled, which it is not yet."""
        self._task = trio.lowlevel.current_task()
        await trio.lowlevel.wait_task_rescheduled(self._give_up)

    def _give_up(self, _: object) -> trio.lowlevel.Abort:
        """The asker's task is cancelled."""
        self._task = None
        return trio.lowlevel.Abort.SUCCEEDED

    def _settle(self) -> None:
        self.open = False
        self._box.asks.pop(self, None)
        if self.timer is not None:
            self.timer.cancel()
        if self._task is not None:
            task, self._task = self._task, None
            trio.lowlevel.reschedule(task)
        if self._then is not None:
            self._then(self)
