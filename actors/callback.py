"""The callback actor: runs one function of a user, away from everything that feeds it.

Accepts nothing by mailbox: its messages wait in a subscription of the outlet, which is bounded,
drops its oldest and outlives every life, so a function that is slow or raises never touches the
feed.  Emits nothing.  State lost at restart: the message in hand, counted as failed.  Restart
type: permanent under a budget; a function that keeps raising is quarantined alone.  Cancellation
reaches the function at its next await.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import ClassVar

import trio

from actors.outlet import Subscription
from actors.runtime.actor import Actor
from actors.runtime.recorder import LEAST_INPUTS
from messages.errors import UsageError

Callback = Callable[[object], Awaitable[object]]
"""A user's function: takes one message."""


class CallbackTally:
    """What became of the messages of one callback, over all its lives."""

    __slots__ = ("failed", "handled")

    def __init__(self) -> None:
        self.handled = 0
        self.failed = 0


class CallbackActor(Actor):
    """Calls a user's function with each message, one after the other.

    Args:
        callback: the function.
        subscription: where its messages wait.
        tally: counts what became of them.
    """

    capsule_every: ClassVar[int] = LEAST_INPUTS
    """A crash is shown, not acted out: the message in hand counts, and few before it."""

    def __init__(
        self, callback: Callback, subscription: Subscription, tally: CallbackTally
    ) -> None:
        self._callback = callback
        self._subscription = subscription
        self._tally = tally

    async def run(self) -> None:
        """Take and call, until the subscription is closed."""
        self.context.ready()
        while True:
            try:
                message = await self._subscription.take_one()
            except trio.EndOfChannel:
                return
            self.context.input(message)  # so that a crash capsule shows what the function raised on
            done = False
            try:
                answer = self._callback(message)
                if not isinstance(answer, Awaitable):
                    raise UsageError(f"{self._callback!r} is no async function")
                with self.context.doing(type(message).__name__):
                    await answer
                done = True
            finally:
                self._tally.handled += done
                self._tally.failed += not done
            self.context.healthy()

    def summary(self) -> dict[str, object]:
        """What the inspector shows."""
        return {
            "waiting": len(self._subscription),
            "handled": self._tally.handled,
            "failed": self._tally.failed,
            "lost": self._subscription.lost,
        }
