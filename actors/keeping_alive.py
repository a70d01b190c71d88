"""What keeps one connection alive and proves it while nothing happens.

Two things go on side by side.  The venue's own ping is sent as often as its rule wants, whatever
flows.  And while nothing flows the connection is probed, so that the proof of its books does not
age: with a websocket ping, or with the venue's own ping where it leaves the other unanswered.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import trio

from messages.errors import SilentConnection

if TYPE_CHECKING:
    from actors.feed import Feed
    from actors.runtime.actor import ActorContext
    from actors.transport.websocket import Websocket
    from actors.venue import Venue

NS_PER_S = 1_000_000_000


class KeepingAlive:
    """Keeps one connection life alive.

    Args:
        venue: whose rule holds.
        feed: the cell that the proof of life is written to.
        context: clock and event log of the connection's life.
    """

    def __init__(self, venue: Venue, feed: Feed, context: ActorContext) -> None:
        self._dialect, self._feed = venue.dialect, feed
        self._offset = venue.clock_offset
        self._context, self._clock = context, context.clock
        self._rule = rule = venue.dialect.heartbeat
        chosen_s = venue.settings.ping_every_s
        self._probe_every_s = rule.ping_every_s if chosen_s is None else chosen_s
        self._by_text = rule.probe_by_text
        self._pinged_ns = 0

    def pong(self, received_ns: int) -> None:
        """The venue answered its own ping."""
        if self._pinged_ns:
            self._feed.ping_round_trip_ms = round((received_ns - self._pinged_ns) / 1e6, 3)
            self._pinged_ns = 0

    async def ping_by_rule(self, socket: Websocket) -> None:
        """Send the venue's own ping as often as it wants, until the life ends."""
        every_s = self._rule.client_ping_every_s
        while every_s > 0:
            await trio.sleep(every_s)
            await self._ping_by_text(socket)

    async def _ping_by_text(self, socket: Websocket) -> None:
        text = self._dialect.client_ping(self._offset.venue_s(self._clock.wall_ns()))
        if text:
            self._pinged_ns = self._clock.now_ns()
            await socket.send(text)

    async def probe(self, socket: Websocket) -> None:
        """Make an idle connection prove itself, until the life ends.

        Raises:
            SilentConnection: a probe was not answered in time.
            ConnectionLost: the connection has ended.
        """
        every_s = self._probe_every_s
        while every_s > 0:
            await trio.sleep(every_s)
            idle_s = (self._clock.now_ns() - self._feed.proof_ns) / NS_PER_S
            if idle_s < every_s:
                continue
            if self._by_text:
                # Its answer is a frame like any other: what does not come shows as silence.
                await self._ping_by_text(socket)
            else:
                await self._ping_by_websocket(socket)

    async def _ping_by_websocket(self, socket: Websocket) -> None:
        began_ns = self._clock.now_ns()
        try:
            trip_s = await socket.ping(self._rule.pong_within_s)
        except SilentConnection:
            has_own_ping = bool(self._dialect.client_ping(0))
            if not has_own_ping or socket.last_frame_ns <= began_ns:
                raise
            self._by_text = True
            text = "websocket pings are not answered although frames come: the venue's own is used"
            self._context.note("ping", text)
            return
        self._feed.ping_round_trip_ms = round(trip_s * 1e3, 3)
        self._feed.proof_ns = self._clock.now_ns()
