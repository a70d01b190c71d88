"""How fast subscriptions go out: no faster than the venue takes them, nor slower without need."""

from __future__ import annotations

from typing import Any, cast

import pytest
import trio
from trio.testing import MockClock

from actors.feed import Feed
from actors.runtime.clock import TrioClock
from actors.subscribing import CATCH_UP_S, CommandDue, CommandSent, Subscribing
from actors.venue import ClockOffset
from exchanges.gateio.limits import COMMANDS_PER_S
from exchanges.subscription import SubscriptionContract, Topic
from messages.market import StreamKind

STREAMS = 86
"""What a connection of 43 books asks Gate for, each stream by a command of its own."""


class Socket:
    """Takes a message after as long as `waits_s` says, the last wait for all that follow."""

    def __init__(self, *waits_s: float) -> None:
        self._waits_s = list(waits_s)
        self.sent_s: list[float] = []

    async def send(self, text: str) -> None:
        """Note when it is sent."""
        self.sent_s.append(trio.current_time())
        wait_s = self._waits_s.pop(0) if len(self._waits_s) > 1 else self._waits_s[0]
        await trio.sleep(wait_s)


class Stub:
    """As much of a venue, its dialect and limits, and of an actor's context as is looked at."""

    def __init__(self, commands_per_s: float) -> None:
        self.clock, self.clock_offset = TrioClock(1), ClockOffset()
        self.dialect = self.limits = self
        self.commands_per_s, self.streams_per_command = commands_per_s, 1
        self.subscribing: Subscribing | None = None

    def subscribe(self, streams: tuple[str, ...], request_id: int, at_s: int) -> tuple[str, ...]:
        """Spell a command."""
        return (f"{request_id} {streams[0]}",)

    def saw(self, seen: float) -> float:
        """Nothing is kept."""
        return seen

    def input(self, message: object) -> None:
        """Do what the connection does."""
        assert self.subscribing is not None
        match message:
            case CommandDue():
                self.subscribing.due()
            case CommandSent():
                self.subscribing.sent(message)


async def sent(socket: Socket, commands_per_s: float) -> list[float]:
    """When each of the commands went out, in seconds from the first."""
    stub = Stub(commands_per_s)
    topics = [Topic(f"depth@{number}", f"X{number}", StreamKind.DEPTH) for number in range(STREAMS)]
    contract = SubscriptionContract(topics, ack_within_s=1e6, data_within_s=1e6)
    anything = cast(Any, stub)
    stub.subscribing = Subscribing(
        anything, contract, Feed("engine/c", ()), anything, lambda symbol, text: None
    )
    with trio.move_on_after(600):
        await stub.subscribing.run(cast(Any, socket))
    assert len(socket.sent_s) == STREAMS
    return [each - socket.sent_s[0] for each in socket.sent_s]


async def test_commands_go_out_at_the_venues_pace(autojump_clock: MockClock) -> None:
    """Each at its time, to the millisecond."""
    times_s = await sent(Socket(0.0), COMMANDS_PER_S)
    assert times_s == pytest.approx([number / COMMANDS_PER_S for number in range(STREAMS)])


async def test_what_a_send_takes_is_not_waited_for_again(autojump_clock: MockClock) -> None:
    """A busy loop lets each send wait: 86 commands took 40 s where the venue would take 1.7 s."""
    times_s = await sent(Socket(0.015), COMMANDS_PER_S)
    assert times_s[-1] == pytest.approx((STREAMS - 1) / COMMANDS_PER_S)


@pytest.mark.parametrize("commands_per_s", [3.0, 5.0, COMMANDS_PER_S])
async def test_after_a_stall_little_is_made_up_for(
    autojump_clock: MockClock, commands_per_s: float
) -> None:
    """In no second more goes out than the venue's pace and what `CATCH_UP_S` of it allow."""
    times_s = await sent(Socket(0.0, 0.0, 5.0, 0.0), commands_per_s)
    most = int(commands_per_s * (1 + CATCH_UP_S)) + 1
    for first in times_s:
        assert sum(first <= each < first + 1 - 1e-9 for each in times_s) <= most
    assert times_s[-1] < 5.0 + STREAMS / commands_per_s
