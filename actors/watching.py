"""The watch over one connection life: broken promises, silence, old age, and proven health."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import trio
from msgspec import Struct

from messages.errors import ScheduledReconnect, SilentConnection, SubscriptionFailed

if TYPE_CHECKING:
    from actors.feed import Feed
    from actors.runtime.actor import ActorContext
    from actors.transport.websocket import Websocket
    from actors.venue import Venue
    from exchanges.subscription import SubscriptionContract

WATCH_EVERY_S = 0.25
"""How often promises, silence and age are looked at; bounds how late a breach is noticed."""

AGE_JITTER = 0.1
"""Connections opened together must not all be renewed together: up to a tenth earlier."""

RENEW_AT = 0.95
"""Part of the venue's own age limit at which a connection is renewed unless told otherwise."""


class Looked(Struct, frozen=True, gc=False):
    """It is time to look; `last_frame_ns` is when the socket brought its last frame."""

    last_frame_ns: int


class WatchingState(Struct):
    """Since when a connection is open, and when it is renewed."""

    opened_s: float
    renew_s: float


class Watching:
    """Looks after one connection life, from now on.

    Args:
        venue: whose rules and settings hold.
        feed: the cell that shows which symbols are quiet.
        context: clock, chance and event log of the connection's life.
        contract: what was promised.
        healthy_after_s: time of flowing data after which its backoff starts small again.
        begin_anew: asks again for the depth of a symbol that has stopped.
    """

    def __init__(
        self,
        venue: Venue,
        feed: Feed,
        context: ActorContext,
        contract: SubscriptionContract,
        healthy_after_s: float,
        begin_anew: Callable[[str], None],
    ) -> None:
        self._feed, self._context, self._contract = feed, context, contract
        self._healthy_after_s, self._begin_anew = healthy_after_s, begin_anew
        settings, dialect = venue.settings, venue.dialect
        age_s = settings.reconnect_every_s or dialect.limits.connection_max_age_s * RENEW_AT
        self._opened_s = self._now_s()
        self._renew_s = self._opened_s + age_s * (1 - AGE_JITTER * context.random.random())
        self._silent_after_s = settings.silent_after_s or dialect.heartbeat.silent_after_s

    async def run(self, socket: Websocket) -> None:
        """Look every `WATCH_EVERY_S`, until the life ends."""
        while True:
            await trio.sleep(WATCH_EVERY_S)
            self._context.input(Looked(socket.last_frame_ns))

    def look(self, last_frame_ns: int) -> None:
        """Notice broken promises, silence and old age.

        Raises:
            SubscriptionFailed: a promise of the venue is broken.
            SilentConnection: no frame came for too long.
            ScheduledReconnect: the connection is old.
        """
        contract, path, now_s = self._contract, self._context.path, self._now_s()
        breach = contract.breach(now_s)
        self._feed.quiet = contract.quiet
        if breach is not None:
            raise SubscriptionFailed(f"{path}: {breach}")
        silence_s = now_s - last_frame_ns / 1e9
        if silence_s > self._silent_after_s:
            raise SilentConnection(f"{path} brought no frame for {silence_s:.1f} s")
        open_s = now_s - self._opened_s
        if now_s >= self._renew_s:
            raise ScheduledReconnect(f"{path} is {open_s:.0f} s old and is renewed")
        for topic in (*contract.overdue(now_s), *contract.stalled(now_s)):
            self._context.note("stream", f"{topic.stream} has stopped and is asked for again")
            self._begin_anew(topic.symbol)
        if open_s > self._healthy_after_s and contract.proven:
            self._context.healthy()

    def _now_s(self) -> float:
        return self._context.clock.now_ns() / 1e9
