"""Where facts leave the tree: bounded subscriptions for screens, recorders and tests.

A publisher never waits and never fails because of a reader: a reader that is too slow loses the
oldest facts, and its loss is counted.
"""

from __future__ import annotations

from collections import deque

import trio

SUBSCRIPTION_LIMIT = 1024
"""Facts a reader may be behind: minutes of opportunities at the pace real markets offer them."""


class Subscription:
    """One reader's queue."""

    def __init__(self, limit: int) -> None:
        self._facts: deque[object] = deque(maxlen=limit)
        self._wake = trio.Event()
        self.lost = 0

    def put(self, fact: object) -> None:
        """Add a fact; the oldest one goes when the queue is full."""
        self.lost += len(self._facts) == self._facts.maxlen
        self._facts.append(fact)
        self._wake.set()

    def take_nowait(self) -> list[object]:
        """Take everything that waits."""
        facts = list(self._facts)
        self._facts.clear()
        return facts

    async def take(self) -> list[object]:
        """Wait until there is something, and take everything."""
        while not self._facts:
            self._wake = trio.Event()
            await self._wake.wait()
        return self.take_nowait()


class Outlet:
    """Hands every published fact to every subscription."""

    def __init__(self) -> None:
        self._subscriptions: list[Subscription] = []
        self.published = 0

    def subscribe(self, limit: int = SUBSCRIPTION_LIMIT) -> Subscription:
        """Open a queue that receives everything published from now on."""
        subscription = Subscription(limit)
        self._subscriptions.append(subscription)
        return subscription

    def unsubscribe(self, subscription: Subscription) -> None:
        """Close a queue."""
        self._subscriptions.remove(subscription)

    def publish(self, fact: object) -> None:
        """Hand a fact out; synchronous, never fails."""
        self.published += 1
        for subscription in self._subscriptions:
            subscription.put(fact)
