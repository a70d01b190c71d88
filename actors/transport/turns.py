"""The line before the wire: who may send next.

Requests wait for bans, budget and a free connection, first come first served; one with priority
goes before all that have none.  A request that waits for limits of everyone holds up all behind
it, so that a heavy one is not overtaken for ever; one that waits for its endpoint's own limits
holds up only that endpoint.  Clients whose venues count together stand in one line.
"""

from __future__ import annotations

from math import inf, isinf
from typing import TYPE_CHECKING, NoReturn

import trio

from markets.budget import NO_BAN, Ban, Grant, RequestBudget, Spend
from markets.throttle import Fate
from messages.errors import RETRY_NEVER, Banned, Outcome, RateLimited, VenueBusy, retry_after

if TYPE_CHECKING:
    from actors.runtime.clock import Clock

MOST_WAITING = 1_000
"""Requests in one line; more than a minute of any venue's budget could serve."""

SHORTEST_WAIT_S = 0.001
"""Budgets count in floats: a wait below this would be rounding, and could spin."""

RESERVED_SHARE = 4
"""One connection in so many is kept for requests with priority."""


class Slots:
    """How many requests of one client may be under way: as many as it has connections."""

    def __init__(self, connections: int) -> None:
        self.connections = connections
        self.taken = 0

    def free(self, *, priority: bool) -> bool:
        """Whether one more may go; the last few are for requests with priority."""
        reserved = 0 if priority else self.connections // RESERVED_SHARE
        return self.taken < self.connections - reserved


class Turn:
    """One request in the line, then on its way."""

    __slots__ = ("due_s", "grant", "slots", "spend", "venue", "woken")

    def __init__(self, venue: str, slots: Slots, spend: Spend) -> None:
        self.venue = venue
        self.slots = slots
        self.spend = spend
        self.grant: Grant | None = None
        self.due_s = inf
        self.woken = trio.Event()


class Turns:
    """The line of one pool.

    Args:
        budget: the pool's limits and bans.
        clock: measures them.
    """

    def __init__(self, budget: RequestBudget, clock: Clock) -> None:
        self.budget = budget
        self._clock = clock
        self._priority: list[Turn] = []
        self._ordinary: list[Turn] = []

    @property
    def waiting(self) -> int:
        """How many requests wait, of all clients."""
        return len(self._priority) + len(self._ordinary)

    def now_s(self) -> float:
        """The time that budget and bans go by."""
        return self._clock.now_ns() / 1e9

    async def take(self, turn: Turn, until_s: float) -> None:
        """Wait until a request may go; `settle` and `serve` end what this began, whatever happens.

        Args:
            turn: the request.
            until_s: when it is too late, in trio's time.

        Raises:
            RateLimited: a ban or the budget allows it only after that, or never.
            VenueBusy: too many wait already.
        """
        if self.waiting >= MOST_WAITING:
            text = f"{turn.spend.endpoint} not sent, {self.waiting} requests wait already"
            raise VenueBusy(text, venue=turn.venue, outcome=Outcome.NOT_SENT)
        self._line(turn).append(turn)
        self.serve()
        while turn.grant is None:
            now_s = self.now_s()
            if trio.current_time() + self.budget.wait(turn.spend, now_s).longest_s > until_s:
                self._refuse(turn, now_s)
            with trio.move_on_after(max(turn.due_s - now_s, SHORTEST_WAIT_S)) as timer:
                await turn.woken.wait()
            turn.woken = trio.Event()
            if timer.cancelled_caught:
                self.serve()

    def settle(self, turn: Turn, fate: Fate) -> None:
        """End a turn, or its waiting: what it held is free, but nobody goes yet (`serve`)."""
        if turn.grant is not None:
            turn.slots.taken -= 1
            self.budget.settle(turn.grant, self.now_s(), fate)
            turn.grant = None
        elif turn in (line := self._line(turn)):
            line.remove(turn)

    def close(self, endpoint: str, ban: Ban) -> None:
        """Let nothing go before a ban's end; who cannot wait so long hears of it at once."""
        self.budget.close(endpoint, ban, self.now_s())
        for turn in (*self._priority, *self._ordinary):
            turn.woken.set()
        self.serve()

    def serve(self) -> None:
        """Let everyone go who may, in order; tell the others when to look again."""
        now_s, everyone_waits = self.now_s(), False
        held_up: set[str] = set()
        for turn in (*self._priority, *self._ordinary):
            due_s, turn.due_s = turn.due_s, inf  # looked at again when another turn ends
            spend = turn.spend
            if everyone_waits or spend.endpoint in held_up:
                continue
            if not turn.slots.free(priority=spend.priority):
                continue
            wait = self.budget.wait(spend, now_s)
            if wait.longest_s <= 0.0:
                turn.grant = self.budget.take(spend, now_s)
                turn.slots.taken += 1
                self._line(turn).remove(turn)
                turn.woken.set()
                continue
            everyone_waits = wait.everyone_s > 0.0
            held_up.add(spend.endpoint)
            turn.due_s = now_s + wait.longest_s
            if turn.due_s < due_s - SHORTEST_WAIT_S:
                turn.woken.set()

    def _line(self, turn: Turn) -> list[Turn]:
        return self._priority if turn.spend.priority else self._ordinary

    def _refuse(self, turn: Turn, now_s: float) -> NoReturn:
        spend = turn.spend
        wait_s = self.budget.wait(spend, now_s).longest_s
        bans = (self.budget.ban("", now_s), self.budget.ban(spend.endpoint, now_s))
        ban = max(bans, key=lambda each: each.until_s)
        if ban is not NO_BAN and ban.until_s - now_s >= wait_s:
            raise _banned(turn, ban, wait_s)
        ever = not isinf(wait_s)
        text = f"only in {wait_s:.1f} s" if ever else "never"
        raise RateLimited(
            f"{spend.endpoint} not sent, the budget allows a request of weight"
            f" {spend.weight:g} {text}",
            venue=turn.venue,
            outcome=Outcome.NOT_SENT,
            retry=retry_after(wait_s) if ever else RETRY_NEVER,
        )


def _banned(turn: Turn, ban: Ban, wait_s: float) -> RateLimited:
    forever = isinf(ban.until_s)
    text = f"still banned {'for good' if forever else f'for {wait_s:.1f} s'}"
    kind = Banned if forever else RateLimited
    return kind(
        f"{turn.spend.endpoint} not sent, {text}: {ban.words}",
        venue=turn.venue,
        code=ban.code,
        outcome=Outcome.NOT_SENT,
        retry=RETRY_NEVER if forever else retry_after(wait_s),
    )
