"""The subscriptions of one connection life: what is asked for, again or no more, and the answers.

Commands go out one at a time, no faster than the venue takes them.  A stream stands in the queue
once, so the queue is never longer than twice the streams.  What is asked for again waits longer
each time.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Literal

import trio
from msgspec import Struct

from messages.errors import SubscriptionRefused
from messages.market import Ack, Refused, StreamKind

if TYPE_CHECKING:
    from actors.feed import Feed
    from actors.runtime.actor import ActorContext
    from actors.transport.websocket import Websocket
    from actors.venue import Venue
    from exchanges.subscription import SubscriptionContract, Topic

AGAIN_AFTER_S = (0.0, 1.0, 2.0, 5.0, 10.0, 30.0)
"""Waits before a stream is asked for again: at once, then as if the venue had trouble."""

CALM_AFTER_S = 60.0
"""A stream that was left alone for so long begins with the shortest wait again."""

CATCH_UP_S = 0.2
"""So far behind its pace a command may go out and the next still keep to the pace: a busy loop lets
each command wait, and 86 of them would be seconds late.  Of what is lost beyond that, nothing is
made up for, because venues count commands by the second."""

GIVEN_UP_LIMIT = 256
"""Unsubscribe commands whose answers are still known for what they are; answers take no second."""

NS_PER_S = 1_000_000_000

Verb = Literal["subscribe", "unsubscribe"]


class Order(Struct, order=True):
    """Streams to ask for or to give up, not before `due_s`; `number` keeps the order."""

    due_s: float
    number: int
    verb: Verb
    streams: tuple[str, ...]


class CommandDue(Struct, frozen=True, gc=False):
    """The first order of the queue is due."""


class CommandSent(Struct, frozen=True, gc=False):
    """A frame of a command goes out now."""

    verb: Verb
    streams: tuple[str, ...]


class SubscribingState(Struct):
    """What decides how answers are judged."""

    orders: list[Order]
    queued: set[tuple[Verb, str]]
    count: int
    request_id: int
    given_up: list[int]
    again: dict[str, tuple[int, float]]
    refusals: dict[str, Refused]


class Subscribing:
    """Asks for the streams of one connection life and judges what the venue says to it.

    Args:
        venue: whose dialect spells the commands.
        contract: follows what was promised.
        feed: the cell that counts what stands.
        context: clock and event log of the connection's life.
        refused: is told a symbol that the venue will not carry, and its words.
    """

    def __init__(
        self,
        venue: Venue,
        contract: SubscriptionContract,
        feed: Feed,
        context: ActorContext,
        refused: Callable[[str, str], None],
    ) -> None:
        self._venue, self._contract, self._feed = venue, contract, feed
        self._context, self._clock, self._tell_refused = context, context.clock, refused
        self._orders: list[Order] = []
        self._queued: set[tuple[Verb, str]] = set()
        self._count = 0
        self._wake = trio.Event()
        self._verb: Verb = "subscribe"
        self._streams: tuple[str, ...] = ()
        self._frames: tuple[str, ...] = ()
        self._request_id = 1
        self._given_up: deque[int] = deque(maxlen=GIVEN_UP_LIMIT)
        self._again: dict[str, tuple[int, float]] = {}
        self._refusals: dict[str, Refused] = {}
        self._order("subscribe", tuple(contract.topics))
        feed.asked = len(contract.topics)

    async def run(self, socket: Websocket) -> None:
        """Send what is ordered, when it is due and at the venue's pace, until the life ends."""
        pause_s = 1 / self._venue.dialect.limits.commands_per_s
        next_s = self._now_s()
        while True:
            await self._wait_until_due()
            self._context.input(CommandDue())
            sent = CommandSent(self._verb, self._streams)
            for frame in self._frames:
                if (wait_s := next_s - self._now_s()) > 0:
                    await trio.sleep(wait_s)
                next_s = max(next_s, self._now_s() - CATCH_UP_S) + pause_s
                self._context.input(sent)
                await socket.send(frame)

    def due(self) -> None:
        """Spell the order that is due."""
        order = heapq.heappop(self._orders)
        streams = tuple(name for name in order.streams if self._wanted(order.verb, name))
        self._queued.difference_update((order.verb, name) for name in order.streams)
        self._verb, self._streams, self._frames = order.verb, streams, ()
        if streams:
            wall_ns = self._clock.wall_ns()
            at_s = self._context.saw(self._venue.clock_offset.venue_s(wall_ns))
            spell = getattr(self._venue.dialect, order.verb)
            self._frames = spell(streams, self._request_id, at_s)

    def sent(self, command: CommandSent) -> None:
        """Expect the answer of a command."""
        if command.verb == "subscribe":
            self._contract.asked(self._request_id, command.streams, self._now_s())
        else:
            self._given_up.append(self._request_id)
        self._request_id += 1

    def again(self, topic: Topic) -> None:
        """Give a stream up and ask for it anew: it must begin from the beginning."""
        due_s = self._due_again(topic.stream)
        self._order("unsubscribe", (topic.stream,), due_s)
        self._order("subscribe", (topic.stream,), due_s)

    def drop(self, symbol: str) -> None:
        """Carry a symbol no more."""
        streams = tuple(topic.stream for topic in self._contract.forget(symbol))
        for stream in streams:
            self._refusals.pop(stream, None)
        self._order("unsubscribe", streams)
        self._tally()

    # -- answers ----------------------------------------------------------------------------------

    def acknowledged(self, ack: Ack) -> None:
        """The venue confirmed a command, or the streams of it that it names."""
        if ack.request_id in self._given_up:
            self._given_up.remove(ack.request_id)
            return
        left_out = self._contract.acknowledged(ack.request_id, self._now_s(), ack.streams)
        if left_out:
            names = tuple(topic.stream for topic in left_out)
            text = f"the acknowledgement leaves out {', '.join(names)}"
            self._refuse(left_out, Refused(ack.venue, ack.request_id, ack.received_ns, "", text))
        self._judge()

    def refused(self, refusal: Refused) -> None:
        """The venue refused a command, or the streams of it that it names.

        Raises:
            SubscriptionRefused: it does not say what, or it refuses everything.
        """
        if refusal.request_id in self._given_up:
            self._given_up.remove(refusal.request_id)
            return
        topics = self._contract.refuse(refusal.request_id, refusal.streams)
        if not topics:
            raise SubscriptionRefused(refusal.text, venue=refusal.venue, code=refusal.code)
        self._refuse(topics, refusal)
        self._judge()

    def _refuse(self, topics: Sequence[Topic], refusal: Refused) -> None:
        """Note who is refused; a refusal of several symbols may mean only one, so ask each."""
        by_symbol: dict[str, list[str]] = {}
        for topic in topics:
            by_symbol.setdefault(topic.symbol, []).append(topic.stream)
        if len(by_symbol) > 1:
            for streams in by_symbol.values():
                self._order("subscribe", tuple(streams))
            return
        for topic in topics:
            self._refusals[topic.stream] = refusal

    def _judge(self) -> None:
        """Once nothing waits for an answer, say what the refusals mean."""
        self._tally()
        now_s = self._now_s()
        waiting = any(each.verb == "subscribe" and each.due_s <= now_s for each in self._orders)
        if not self._refusals or waiting or not self._contract.settled:
            return
        refusals, self._refusals = self._refusals, {}
        if not self._contract.confirmed:
            first = next(iter(refusals.values()))
            raise SubscriptionRefused(first.text, venue=first.venue, code=first.code)
        for stream, refusal in refusals.items():
            topic = self._contract.topics.get(stream)
            if topic is None:
                continue
            self._context.note("refused", f"{stream}: {refusal.text}")
            if not refusal.final:
                self._order("subscribe", (stream,), self._due_again(stream, at_once=False))
            elif topic.kind is StreamKind.DEPTH:
                self._tell_refused(topic.symbol, refusal.text)

    def _tally(self) -> None:
        self._feed.confirmed, self._feed.refused = self._contract.confirmed, self._contract.refused

    # -- the queue --------------------------------------------------------------------------------

    def _wanted(self, verb: Verb, stream: str) -> bool:
        return verb == "unsubscribe" or stream in self._contract.topics

    def _order(self, verb: Verb, streams: tuple[str, ...], due_s: float = 0.0) -> None:
        """Queue a command, or as many as these streams take."""
        streams = tuple(name for name in streams if (verb, name) not in self._queued)
        self._queued.update((verb, name) for name in streams)
        size = self._venue.dialect.limits.streams_per_command
        for start in range(0, len(streams), size):
            self._count += 1
            part = streams[start : start + size]
            heapq.heappush(self._orders, Order(due_s, self._count, verb, part))
        self._wake.set()

    async def _wait_until_due(self) -> None:
        while True:
            self._wake = trio.Event()
            due_s = self._orders[0].due_s if self._orders else float("inf")
            wait_s = due_s - self._now_s()
            if wait_s <= 0:
                return
            with trio.move_on_after(wait_s):
                await self._wake.wait()

    def _due_again(self, stream: str, *, at_once: bool = True) -> float:
        """When a stream may be asked for again; each time a little later."""
        now_s = self._now_s()
        count, last_s = self._again.get(stream, (0 if at_once else 1, now_s))
        if now_s - last_s > CALM_AFTER_S:
            count = 0 if at_once else 1
        due_s = max(now_s, last_s + AGAIN_AFTER_S[min(count, len(AGAIN_AFTER_S) - 1)])
        self._again[stream] = (count + 1, due_s)
        return due_s

    def _now_s(self) -> float:
        return self._clock.now_ns() / NS_PER_S
