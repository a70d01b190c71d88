"""What carries the streams of one connection while its socket is open.

Subscriptions, the watch over promises and silence, and the pings: their tasks wait for time and
for the socket, and everything they decide goes through `ActorContext.input`, so that a crash of
the connection can be acted out without them.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, TypeVarTuple

import trio
from msgspec import Struct

from actors.keeping_alive import KeepingAlive
from actors.runtime.state_copy import StateForm
from actors.subscribing import CommandDue, CommandSent, Subscribing, SubscribingState
from actors.watching import Looked, Watching, WatchingState
from messages.market import Ack, Heartbeat, PublicMessage, Refused, StreamKind

if TYPE_CHECKING:
    from actors.feed import Feed
    from actors.runtime.actor import ActorContext
    from actors.transport.websocket import Websocket
    from actors.venue import Venue
    from exchanges.subscription import SubscriptionContract

Args = TypeVarTuple("Args")


class CarryingState(Struct):
    """What decides how answers are judged and when silence is a failure."""

    subscribing: SubscribingState
    watching: WatchingState


class Carrying:
    """Carries streams from now on.

    Args:
        venue: the shared services of the venue.
        contract: follows what was promised.
        feed: the cell that shows the connection's health.
        context: the connection's life.
        healthy_after_s: time of flowing data after which its backoff starts small again.
        refused: is told a symbol that the venue will not carry, and its words.
    """

    def __init__(
        self,
        venue: Venue,
        contract: SubscriptionContract,
        feed: Feed,
        context: ActorContext,
        healthy_after_s: float,
        refused: Callable[[str, str], None],
    ) -> None:
        self._contract, self._context = contract, context
        self._subscribing = Subscribing(venue, contract, feed, context, refused)
        self._watching = Watching(venue, feed, context, contract, healthy_after_s, self.begin_anew)
        self._keeping = KeepingAlive(venue, feed, context)

    async def run(self, socket: Websocket, read: Callable[[Websocket], Awaitable[None]]) -> None:
        """Do all of it until the life ends, `read` among it; raise what ends it."""
        async with trio.open_nursery() as nursery:
            nursery.start_soon(self._duty, self._subscribing.run, socket)
            nursery.start_soon(self._duty, self._watching.run, socket)
            nursery.start_soon(self._duty, self._keeping.ping_by_rule, socket)
            nursery.start_soon(self._duty, self._keeping.probe, socket)
            await self._duty(read, socket)

    async def _duty(self, work: Callable[[*Args], Awaitable[None]], *args: *Args) -> None:
        """Do part of this life; a failure ends the life now, before the socket is unwound."""
        try:
            await work(*args)
        except Exception as error:
            self._context.over(error)
            raise

    def step(self, message: object) -> None:
        """Take what the tasks bring."""
        match message:
            case Looked(last_frame_ns=last_frame_ns):
                self._watching.look(last_frame_ns)
            case CommandDue():
                self._subscribing.due()
            case CommandSent():
                self._subscribing.sent(message)

    def answer(self, message: PublicMessage) -> None:
        """Take what the venue says to commands and pings."""
        match message:
            case Ack():
                self._subscribing.acknowledged(message)
            case Refused():
                self._subscribing.refused(message)
            case Heartbeat(received_ns=received_ns):
                self._keeping.pong(received_ns)

    def begin_anew(self, symbol: str) -> None:
        """Subscribe again to the depth of a symbol: its stream begins with a snapshot."""
        for topic in self._contract.topics.values():
            if topic.symbol == symbol and topic.kind is StreamKind.DEPTH:
                self._subscribing.again(topic)

    def drop(self, symbol: str) -> None:
        """Carry a symbol no more."""
        self._subscribing.drop(symbol)

    def state(self) -> CarryingState:
        """A copy, for crash capsules."""
        return CarryingState(SUBSCRIBING.copy(self._subscribing), WATCHING.copy(self._watching))

    def restored(self, state: CarryingState) -> None:
        """Become what a state says."""
        SUBSCRIBING.fill(self._subscribing, state.subscribing)
        WATCHING.fill(self._watching, state.watching)


SUBSCRIBING = StateForm(
    Subscribing,
    SubscribingState,
    left_out=("_clock", "_context", "_contract", "_feed", "_frames", "_streams", "_tell_refused",
              "_venue", "_verb", "_wake"),
)  # fmt: skip
"""How the subscriptions are copied; a command is spelt and sent between two inputs."""

WATCHING = StateForm(
    Watching,
    WatchingState,
    left_out=("_begin_anew", "_context", "_contract", "_feed", "_healthy_after_s",
              "_silent_after_s"),
)  # fmt: skip
"""How the watch is copied."""
