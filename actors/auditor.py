"""The auditor: one per venue, compares its live books with fresh snapshots at equal sequence.

Accepts `AuditOpened` and `AuditResult` of books; emits `AuditBegun`, `AuditSnapshot` and
`AuditAbandoned` to them, one audit at a time.  It spends only REST budget that is spare: a request
goes out when it leaves the configured share of the burst to others, so it never delays a snapshot
that a book waits for.  What a comparison means for a book is that book's affair; a book it must
look at again soon (suspect, or dark until a clean audit) takes every second turn at most.  State
lost at restart: the rotation and whom to look at again; the counts belong to the venue.  Restart
type: permanent; when its budget is spent it is quarantined alone.  Cancellation abandons the audit.
"""

from __future__ import annotations

from collections import deque

import trio

from actors.runtime.actor import Actor
from actors.venue import Venue
from config.settings import AuditorSettings
from messages.audits import (
    AuditAbandoned,
    AuditBegun,
    AuditOpened,
    AuditOutcome,
    AuditResult,
    AuditSnapshot,
)
from messages.errors import ArbtreeError
from messages.market import BookSnapshot
from messages.requests import RestRequest

AGAIN_AFTER_S = 2.0
"""How soon a book that is suspect or on probation may be audited again."""

REQUEST_WITHIN_S = 5.0
"""Deadline of a snapshot; later the notes of a busy book would be long."""

REACHED_WITHIN_S = 5.0
"""How long a stream may lag behind the REST servers before an audit is undecided."""

TRIES = 3
"""Undecided audits of one book in a row before it waits for its next ordinary turn."""

Answer = AuditOpened | AuditResult


class AuditorActor(Actor):
    """Audits the books of one venue in turn.

    Args:
        venue: the shared services of the venue.
        books: paths of its book actors, by unified symbol.
        rules: pace, depth and the share of the budget that is not spare.
    """

    def __init__(self, venue: Venue, books: dict[str, str], rules: AuditorSettings) -> None:
        self._venue = venue
        self._book_paths = books
        self._rules = rules
        self._rotation = deque(books)
        self._again: dict[str, int] = {}
        """Books to look at again soon, with how often that stayed undecided; longest due first."""
        self._ordinary_next = False
        self._number = 0
        self._answer: Answer | None = None
        self._answered = trio.Event()
        self._auditing = ""

    def started(self) -> None:
        """Begin the rotation."""
        # Numbers never repeat over restarts: an answer to an earlier life is known as such.
        self._number = self.context.generation * 1_000_000_000
        self.context.nursery.start_soon(self._work)

    def handle(self, message: object) -> None:
        """Take a book's answer to the audit under way; any other is too late."""
        if isinstance(message, AuditOpened | AuditResult) and message.number == self._number:
            self._answer = message
            self._answered.set()

    def summary(self) -> dict[str, object]:
        """What the inspector shows."""
        counts = self._venue.audits
        return {
            "auditing": self._auditing or None,
            "again": list(self._again),
            "audits": counts.audits,
            "agreed": counts.agreed,
            "suspect": counts.suspect,
            "diverged": counts.diverged,
            "quarantined": counts.quarantined,
            "outgrown": counts.outgrown,
            "undecided": counts.undecided,
            "not_live": counts.not_live,
            "no_spare": counts.no_spare,
            "weight": counts.weight,
        }

    # -- pace -----------------------------------------------------------------------------------

    async def _work(self) -> None:
        while True:
            soon = min(self._rules.every_s, AGAIN_AFTER_S)
            await trio.sleep(soon if self._again else self._rules.every_s)
            symbol = self._next()
            self._auditing = symbol
            self._count(symbol, await self._audit(symbol))
            self._auditing = ""

    def _next(self) -> str:
        """Whose turn it is: books to look at again every second time, else all in rotation."""
        self._ordinary_next = not self._ordinary_next
        if self._again and not self._ordinary_next:
            return next(iter(self._again))
        self._rotation.rotate(-1)
        return self._rotation[-1]

    def _count(self, symbol: str, outcome: AuditOutcome | None) -> None:
        """Count how an audit ended, and whether to look at that book again soon."""
        tries = self._again.pop(symbol, 0)
        counts = self._venue.audits
        if outcome is None:
            counts.no_spare += 1
            if tries:
                self._again[symbol] = tries
            return
        name = outcome.value
        setattr(counts, name, getattr(counts, name) + 1)
        if outcome in (AuditOutcome.SUSPECT, AuditOutcome.DIVERGED):
            self._again[symbol] = 1
        elif outcome in (AuditOutcome.UNDECIDED, AuditOutcome.NOT_LIVE) and 0 < tries < TRIES:
            self._again[symbol] = tries + 1
        elif outcome is AuditOutcome.UNDECIDED and not tries:
            self._again[symbol] = 1

    # -- one audit ------------------------------------------------------------------------------

    async def _audit(self, symbol: str) -> AuditOutcome | None:
        """Audit one book; None when there was no budget to spare."""
        request = await self._request(symbol)
        if request is None:
            return AuditOutcome.UNDECIDED
        # At least this much is left to others: the request itself is a small part of a burst.
        if self._venue.rest.share_left(request) <= self._rules.kept_share:
            return None
        book = self.context.lookup(self._book_paths[symbol])
        if not book.running:
            return AuditOutcome.NOT_LIVE
        self._number += 1
        self._answer, self._answered = None, trio.Event()
        book.tell_control(AuditBegun(self._number))
        answer = await self._wait()
        if isinstance(answer, AuditResult):
            return answer.outcome
        # From here on only the result counts; it may come early, when the book ceases to be live.
        self._answered = trio.Event()
        snapshot = await self._fetch(symbol, request, answer.epoch) if answer else None
        if snapshot is not None:
            book.tell_control(AuditSnapshot(self._number, snapshot))
            ended = await self._wait()
            if isinstance(ended, AuditResult):
                return ended.outcome
        book.tell_control(AuditAbandoned(self._number))
        return AuditOutcome.UNDECIDED

    async def _wait(self) -> Answer | None:
        with trio.move_on_after(REACHED_WITHIN_S):
            await self._answered.wait()
            return self._answer
        return None

    async def _request(self, symbol: str) -> RestRequest | None:
        try:
            info = (await self._venue.directory.load()).get(symbol)
        except ArbtreeError as error:
            self.context.note("audit", f"the symbols are not known: {error}")
            return None
        if info is None:
            return None
        return self._venue.dialect.snapshot_request(info, self._rules.levels)

    async def _fetch(self, symbol: str, request: RestRequest, epoch: int) -> BookSnapshot | None:
        venue, counts = self._venue, self._venue.audits
        info = venue.directory.known(symbol)
        if info is None:
            return None
        counts.audits += 1
        counts.weight += request.weight
        try:
            answer = await venue.rest.request(request, deadline_s=REQUEST_WITHIN_S)
            return venue.dialect.decode_snapshot(answer.body, info, epoch, answer.received_ns)
        except ArbtreeError as error:
            self.context.note("audit", f"no snapshot of {symbol}: {error}")
            return None
