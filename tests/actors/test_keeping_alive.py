"""What keeps a quiet connection proven when its venue does not answer websocket pings."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from actors.feed import Feed
from actors.keeping_alive import KeepingAlive
from actors.runtime.clock import TrioClock
from actors.venue import ClockOffset
from exchanges.contract import HeartbeatRule
from messages.errors import SilentConnection

RULE = HeartbeatRule(silent_after_s=30.0, ping_every_s=2.0)


class Socket:
    """Answers no ping; brings a frame before each deadline where it is told to."""

    def __init__(self, clock: TrioClock, frames: bool) -> None:
        self._clock, self._frames = clock, frames
        self.last_frame_ns = clock.now_ns()
        self.pings = 0
        self.sent: list[str] = []

    async def ping(self, deadline_s: float) -> float:
        """Wait in vain."""
        self.pings += 1
        await trio.sleep(deadline_s)
        if self._frames:
            self.last_frame_ns = self._clock.now_ns()
        raise SilentConnection("no pong")

    async def send(self, text: str) -> None:
        """Keep what is sent."""
        self.sent.append(text)


class Stub:
    """As much of a venue, its dialect and settings, and of an actor's context as is looked at."""

    def __init__(self, clock: TrioClock, own_ping: str) -> None:
        self.clock, self.own_ping = clock, own_ping
        self.dialect = self.settings = self
        self.heartbeat, self.ping_every_s = RULE, None
        self.notes: list[tuple[str, str]] = []
        self.clock_offset = ClockOffset()

    def client_ping(self, at_s: int) -> str:
        """The venue's own ping; empty where it has none."""
        return self.own_ping

    def note(self, kind: str, text: str) -> None:
        """Keep a line of the event log."""
        self.notes.append((kind, text))


def keeping(own_ping: str, *, frames: bool) -> tuple[KeepingAlive, Socket, Stub]:
    """A quiet connection whose pings are not answered."""
    clock = TrioClock(1)
    socket, stub = Socket(clock, frames), Stub(clock, own_ping)
    feed = Feed("engine/c", ())
    anything = cast(Any, stub)
    return KeepingAlive(anything, feed, anything), socket, stub


async def test_the_venues_own_ping_takes_over_once_frames_prove_the_peer(
    autojump_clock: MockClock,
) -> None:
    """One unanswered ping, one clear sentence, and from then on the venue's own ping."""
    alive, socket, stub = keeping("PING", frames=True)
    with trio.move_on_after(60):
        await alive.probe(cast(Any, socket))
    assert socket.pings == 1
    assert len(socket.sent) >= 20 and set(socket.sent) == {"PING"}
    assert stub.notes == [
        ("ping", "websocket pings are not answered although frames come: the venue's own is used")
    ]


@pytest.mark.parametrize(("own_ping", "frames"), [("PING", False), ("", True)])
async def test_a_connection_that_cannot_prove_itself_is_silent(
    autojump_clock: MockClock, own_ping: str, frames: bool
) -> None:
    """Nothing came meanwhile, or the venue has no ping of its own: the connection is over."""
    alive, socket, stub = keeping(own_ping, frames=frames)
    with pytest.raises(SilentConnection):
        await alive.probe(cast(Any, socket))
    assert (socket.pings, socket.sent, stub.notes) == (1, [], [])
