"""The auditor: one per venue, compares its live books with fresh snapshots at equal sequence.

Accepts `AuditOpened` and `AuditResult` of books; emits `AuditBegun`, `AuditSnapshot` and
`AuditAbandoned` to them, one audit at a time.  It spends only REST budget that is spare: a request
goes out when it leaves the configured share of the burst to others, so it never delays a snapshot
that a book waits for.  All it decides happens in handlers; its task waits, fetches and hands in
what came, as the stage of the audit says.  What a comparison means for a book is that book's
affair; a book it must look at again soon (suspect, or dark until a clean audit) takes every second
turn at most.  State lost at restart: the rotation and whom to look at again; the counts belong to
the venue.  Restart type: permanent; when its budget is spent it is quarantined alone.  Cancellation
abandons the audit.
"""

from __future__ import annotations

import enum
from collections import deque
from typing import Any, ClassVar, Self

import msgspec
import trio
from msgspec import Struct

from actors.bare_venue import bare_venue
from actors.runtime.actor import Actor
from actors.runtime.reference import ActorRef
from actors.venue import Venue
from config.settings import AuditorSettings, VenueSettings
from messages.audits import (
    AuditAbandoned,
    AuditBegun,
    AuditOpened,
    AuditOutcome,
    AuditResult,
    AuditSnapshot,
)
from messages.errors import ArbtreeError
from messages.instruments import SymbolInfo
from messages.requests import RestRequest

AGAIN_AFTER_S = 2.0
"""How soon a book that is suspect or on probation may be audited again."""

REQUEST_WITHIN_S = 5.0
"""Deadline of a snapshot; later the notes of a busy book would be long."""

REACHED_WITHIN_S = 5.0
"""How long a stream may lag behind the REST servers before an audit is undecided."""

TRIES = 3
"""Undecided audits of one book in a row before it waits for its next ordinary turn."""


class TurnDue(Struct, frozen=True, gc=False):
    """The pause between two audits is over."""


class Listed(Struct, frozen=True, gc=False):
    """What the venue's lists say of the symbol; None: nothing, or they could not be read."""

    info: SymbolInfo | None


class ShareLeft(Struct, frozen=True, gc=False):
    """The share of the REST budget that the request would find, 0 to 1."""

    share: float


class Fetched(Struct, frozen=True, gc=False):
    """The snapshot as the venue answered it."""

    body: bytes
    received_ns: int


class NothingCame(Struct, frozen=True, gc=False):
    """The book did not answer in time, or the venue not at all."""


class Stage(enum.Enum):
    """What an audit waits for."""

    TURN = "turn"
    """Its time."""
    BUDGET = "budget"
    """The venue's lists and the state of its budget."""
    OPENED = "opened"
    """The book's word that it takes notes."""
    SNAPSHOT = "snapshot"
    """The venue's answer."""
    RESULT = "result"
    """What the book finds."""


class Audit(Struct):
    """One audit; `result` came before the snapshot, from a book that ceased to be live."""

    symbol: str = ""
    stage: Stage = Stage.TURN
    info: SymbolInfo | None = None
    request: RestRequest | None = None
    epoch: int = 0
    result: AuditOutcome | None = None


class AuditorState(Struct):
    """An auditor: what it is made of, its rotation, and the audit under way."""

    venue: VenueSettings
    books: dict[str, str]
    rules: AuditorSettings
    rotation: list[str]
    again: dict[str, int]
    ordinary_next: bool
    number: int
    audit: Audit


class AuditorActor(Actor):
    """Audits the books of one venue in turn.

    Args:
        venue: the shared services of the venue.
        books: paths of its book actors, by unified symbol.
        rules: pace, depth and the share of the budget that is not spare.
    """

    capsule_form: ClassVar[type[Any] | None] = AuditorState

    def __init__(self, venue: Venue, books: dict[str, str], rules: AuditorSettings) -> None:
        self._venue = venue
        self._books = books
        self._rules = rules
        self._rotation = deque(books)
        self._again: dict[str, int] = {}
        """Books to look at again soon, with how often that stayed undecided; longest due first."""
        self._ordinary_next = False
        self._number = 0
        self._audit = Audit()
        self._answered = trio.Event()

    def started(self) -> None:
        """Begin the rotation."""
        # Numbers never repeat over restarts: an answer to an earlier life is known as such.
        self._number = self.context.generation * 1_000_000_000
        self.context.nursery.start_soon(self._work)

    def handle(self, message: object) -> None:
        """Take a book's answer to the audit under way; any other is too late."""
        if isinstance(message, AuditOpened | AuditResult) and message.number == self._number:
            self._take(message)
            self._answered.set()

    def handle_input(self, message: object) -> None:
        """Take what the audit waited for; see `_work`."""
        match message:
            case TurnDue():
                self._audit = Audit(self._next(), Stage.BUDGET)
            case Listed(info=info):
                self._prepare(info)
            case ShareLeft(share=share):
                self._begin(share)
            case Fetched():
                self._compare(message)
            case NothingCame():
                self._abandon()

    def summary(self) -> dict[str, object]:
        """What the inspector shows."""
        counts = self._venue.audits
        return {
            "auditing": self._audit.symbol or None,
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

    def capsule_state(self) -> AuditorState:
        """Rotation and audit; see `Actor.capsule_state`."""
        made_of = self._venue.settings, self._books, self._rules
        turns = list(self._rotation), dict(self._again), self._ordinary_next
        return AuditorState(*made_of, *turns, self._number, msgspec.structs.replace(self._audit))

    @classmethod
    def from_capsule(cls, state: AuditorState) -> Self:
        """A new auditor of a venue that nobody can ask."""
        return cls(bare_venue(state.venue), state.books, state.rules)

    def restored(self, state: AuditorState) -> None:
        """Become what the state says."""
        self._rotation, self._again = deque(state.rotation), state.again
        self._ordinary_next, self._number = state.ordinary_next, state.number
        self._audit = state.audit

    # -- whose turn it is -----------------------------------------------------------------------

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

    def _end(self, outcome: AuditOutcome | None) -> None:
        """The audit is over; None when there was no budget to spare."""
        self._count(self._audit.symbol, outcome)
        self._audit = Audit()

    # -- one audit ------------------------------------------------------------------------------

    def _prepare(self, info: SymbolInfo | None) -> None:
        if info is None:
            self._end(AuditOutcome.UNDECIDED)
            return
        self._audit.info = info
        self._audit.request = self._venue.dialect.snapshot_request(info, self._rules.levels)

    def _begin(self, share_left: float) -> None:
        # At least this much is left to others: the request itself is a small part of a burst.
        if share_left <= self._rules.kept_share:
            self._end(None)
        elif not self.context.saw(self._book().running):
            self._end(AuditOutcome.NOT_LIVE)
        else:
            self._number += 1
            self._audit.stage = Stage.OPENED
            self._book().tell_control(AuditBegun(self._number))

    def _take(self, answer: AuditOpened | AuditResult) -> None:
        audit, counts = self._audit, self._venue.audits
        match audit.stage, answer:
            case Stage.OPENED, AuditOpened(epoch=epoch):
                audit.epoch, audit.stage = epoch, Stage.SNAPSHOT
                assert audit.request is not None
                counts.audits += 1
                counts.weight += audit.request.weight
            case Stage.OPENED | Stage.RESULT, AuditResult(outcome=outcome):
                self._end(outcome)
            case Stage.SNAPSHOT, AuditResult(outcome=outcome):
                audit.result = outcome

    def _compare(self, fetched: Fetched) -> None:
        audit, decode = self._audit, self._venue.dialect.decode_snapshot
        assert audit.info is not None
        try:
            snapshot = decode(fetched.body, audit.info, audit.epoch, fetched.received_ns)
        except ArbtreeError as error:
            self._note_failed(error)
            self._abandon()
            return
        self._book().tell_control(AuditSnapshot(self._number, snapshot))
        if audit.result is None:
            audit.stage = Stage.RESULT
        else:
            self._end(audit.result)

    def _abandon(self) -> None:
        self._book().tell_control(AuditAbandoned(self._number))
        self._end(AuditOutcome.UNDECIDED)

    def _book(self) -> ActorRef:
        return self.context.lookup(self._books[self._audit.symbol])

    def _note_failed(self, error: ArbtreeError) -> None:
        self.context.note("audit", f"no snapshot of {self._audit.symbol}: {error}")

    # -- waiting: nothing is decided here -------------------------------------------------------

    async def _work(self) -> None:
        """Bring what the audit waits for, one after the other."""
        bring = {
            Stage.TURN: self._pause,
            Stage.BUDGET: self._load,
            Stage.OPENED: self._wait,
            Stage.SNAPSHOT: self._fetch,
            Stage.RESULT: self._wait,
        }
        while True:
            await bring[self._audit.stage]()

    async def _pause(self) -> None:
        soon = min(self._rules.every_s, AGAIN_AFTER_S)
        await trio.sleep(soon if self._again else self._rules.every_s)
        self.context.input(TurnDue())

    async def _load(self) -> None:
        info = None
        try:
            info = (await self._venue.directory.load()).get(self._audit.symbol)
        except ArbtreeError as error:
            self.context.note("audit", f"the symbols are not known: {error}")
        self.context.input(Listed(info))
        if self._audit.request is not None:
            self.context.input(ShareLeft(self._venue.rest.share_left(self._audit.request)))

    async def _wait(self) -> None:
        stage, self._answered = self._audit.stage, trio.Event()
        with trio.move_on_after(REACHED_WITHIN_S):
            await self._answered.wait()
        if self._audit.stage is stage:
            self.context.input(NothingCame())

    async def _fetch(self) -> None:
        assert self._audit.request is not None
        # What the venue answers is as old as this: the book's notes must have begun before it.
        await trio.sleep(self._venue.dialect.limits.snapshot_trail_s)
        try:
            answer = await self._venue.rest.request(
                self._audit.request, deadline_s=REQUEST_WITHIN_S
            )
        except ArbtreeError as error:
            self._note_failed(error)
            self.context.input(NothingCame())
        else:
            self.context.input(Fetched(answer.body, answer.received_ns), len(answer.body))
