"""One attempt to ask: its turn in the line, its breaker's ticket, and how it ended.

Every attempt ends exactly once, cancelled ones too, and without a checkpoint: what it held of
connections, budget and breaker is free again before anything else runs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import trio
from msgspec import Struct

from actors.transport.endpoints import AGAINST
from actors.transport.http_connection import BYTES_SENT, SENT_S
from markets.throttle import Fate
from messages.errors import ArbtreeError, Outcome

if TYPE_CHECKING:
    from actors.transport.endpoints import Endpoint
    from actors.transport.turns import Turn, Turns


class RestCounts(Struct):
    """What became of the requests so far.

    `asked` counts attempts, `repeated` those that were not the first; each ended answered,
    refused by the venue, failed, kept back (never sent for ban, budget or breaker) or given up
    (cancelled), unless it is still under way.
    """

    asked: int = 0
    repeated: int = 0
    answered: int = 0
    refused: int = 0
    failed: int = 0
    kept_back: int = 0
    given_up: int = 0


class Attempt:
    """One attempt; `way_ns` is how long its answer took from its first byte on.

    Args:
        message: what goes out; says by its extension whether bytes went.
        turn: its place in the line.
        turns: the line.
        endpoint: what it asks.
        counts: counts how it ends.
    """

    def __init__(
        self,
        message: httpx.Request,
        turn: Turn,
        turns: Turns,
        endpoint: Endpoint,
        counts: RestCounts,
    ) -> None:
        self.message = message
        self.endpoint = endpoint
        self.begun = False
        self.way_ns = 0
        self._turn = turn
        self._turns = turns
        self._counts = counts
        self._ticket = 0
        self._answered = False
        counts.asked += 1

    @property
    def outcome(self) -> Outcome:
        """Whether the request, should it fail now, can have reached the venue."""
        sent = self.message.extensions.get(BYTES_SENT)
        return Outcome.UNKNOWN if sent else Outcome.NOT_SENT

    async def begin(self, until_s: float) -> None:
        """Wait until the request may go; `end` must follow.

        Raises:
            CircuitOpen: the endpoint is left alone.
            RateLimited: ban or budget allow it only after `until_s` (trio's time), or never.
        """
        self.endpoint.check(self._turns.now_s())
        await self._turns.take(self._turn, until_s)
        self._ticket = self.endpoint.enter(self._turns.now_s())
        self.begun = True

    def answered(self) -> None:
        """Note that an answer is here, whatever it says; others go after it is understood."""
        self._answered = True
        self.way_ns = round((trio.current_time() - self.message.extensions[SENT_S]) * 1e9)
        self._turns.settle(self._turn, Fate.ANSWERED)

    def end(self, error: BaseException | None) -> None:
        """Give back what is held, judge the endpoint, and count; None for data."""
        if not self._answered:
            gone = self.outcome is Outcome.UNKNOWN
            self._turns.settle(self._turn, Fate.GIVEN_UP if gone else Fate.NOT_SENT)
        if self.begun:
            self.endpoint.report(self._ticket, error, self._turns.now_s())
        self._turns.serve()
        counts = self._counts
        if error is None:
            counts.answered += 1
        elif not isinstance(error, ArbtreeError):
            counts.given_up += 1
        elif not self.begun:
            counts.kept_back += 1
        elif self._answered and not isinstance(error, AGAINST):
            counts.refused += 1
        else:
            counts.failed += 1
