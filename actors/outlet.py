"""Where facts leave the tree: bounded subscriptions for screens, recorders, users and tests.

A publisher never waits and never fails because of a reader: a reader that is too slow loses the
oldest facts, and its loss is counted.
"""

from __future__ import annotations

import math

import trio

SUBSCRIPTION_LIMIT = 1024
"""Facts a reader may be behind: minutes of opportunities at the pace real markets offer them."""


class Subscription:
    """One reader's queue: a trio memory channel that drops its oldest fact when it is full.

    Args:
        limit: facts it holds.
        types: takes only facts of these classes; everything when left out.
        symbols: of facts that name a symbol, takes only these; all when left out.
    """

    def __init__(
        self,
        limit: int,
        types: tuple[type, ...] = (),
        symbols: frozenset[str] = frozenset(),
    ) -> None:
        self._send, self._receive = trio.open_memory_channel[object](limit)
        self._types = types
        self._symbols = symbols
        self.accepted = 0
        self.lost = 0

    def __len__(self) -> int:
        """Facts that wait."""
        return self._receive.statistics().current_buffer_used

    def offer(self, fact: object) -> None:
        """Add a fact if it is of those wanted."""
        if self._types and type(fact) not in self._types:
            return
        if self._symbols and getattr(fact, "symbol", None) not in (None, *self._symbols):
            return
        self.put(fact)

    def put(self, fact: object) -> None:
        """Add a fact; the oldest one goes when the queue is full."""
        self.accepted += 1
        try:
            self._send.send_nowait(fact)
        except trio.WouldBlock:
            self._receive.receive_nowait()
            self.lost += 1
            self._send.send_nowait(fact)

    def take_nowait(self) -> list[object]:
        """Take everything that waits."""
        facts = []
        try:
            while True:
                facts.append(self._receive.receive_nowait())
        except (trio.WouldBlock, trio.EndOfChannel):
            return facts

    async def take(self) -> list[object]:
        """Wait until there is something, and take everything.

        Raises:
            trio.EndOfChannel: it was closed, and everything is taken.
        """
        first = await self._receive.receive()
        return [first, *self.take_nowait()]

    async def take_one(self) -> object:
        """Wait until there is something, and take the oldest; raises what `take` raises."""
        return await self._receive.receive()

    def close(self) -> None:
        """Let nothing more in; what waits may still be taken."""
        self._send.close()


class Outlet:
    """Hands every published fact to every subscription.

    Args:
        subscriptions: the most there may be at once.
    """

    def __init__(self, subscriptions: float = math.inf) -> None:
        self._limit = subscriptions
        self._subscriptions: list[Subscription] = []
        self.published = 0

    @property
    def full(self) -> bool:
        """Whether no further subscription fits."""
        return len(self._subscriptions) >= self._limit

    def subscribe(
        self,
        limit: int = SUBSCRIPTION_LIMIT,
        types: tuple[type, ...] = (),
        symbols: frozenset[str] = frozenset(),
    ) -> Subscription:
        """Open a queue that receives what is published from now on; see `Subscription`."""
        subscription = Subscription(limit, types, symbols)
        self.attach(subscription)
        return subscription

    def attach(self, subscription: Subscription) -> None:
        """Let a queue that somebody made receive what is published from now on."""
        self._subscriptions.append(subscription)

    def holds(self, subscription: Subscription) -> bool:
        """Whether a queue is open here."""
        return subscription in self._subscriptions

    def unsubscribe(self, subscription: Subscription) -> None:
        """Close a queue; harmless if it is closed already."""
        subscription.close()
        if subscription in self._subscriptions:
            self._subscriptions.remove(subscription)

    def close(self) -> None:
        """Close every queue."""
        for subscription in tuple(self._subscriptions):
            self.unsubscribe(subscription)

    def publish(self, fact: object) -> None:
        """Hand a fact out; synchronous, never fails."""
        self.published += 1
        for subscription in self._subscriptions:
            subscription.offer(fact)
