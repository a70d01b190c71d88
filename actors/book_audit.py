"""A book's side of its audits: the notes it takes, what they add up to, and its probation.

Pure but for the book it looks at: the book actor hands in messages and carries out what is
returned.  A book found wrong is on probation: dark, whatever its sequence proves, until an audit
of the resynced book is clean; wrong again, it is quarantined.
"""

from __future__ import annotations

from actors.proven_book import ProvenBook
from exchanges.sequencing import State
from markets.audit import COPY_FACTOR, AuditNotes, Comparison, Finding, Suspicion
from messages.audits import AuditOutcome
from messages.books import DarkReason
from messages.market import BookDelta, BookSnapshot

Ending = tuple[AuditOutcome, str]
"""How an audit ended, and why in words."""


class BookAudit:
    """The audits of one book, one at a time.

    Args:
        book: the book; only read.
        levels: most levels a side to compare.
        best: levels a side that others see of the book.
    """

    def __init__(self, book: ProvenBook, levels: int, best: int) -> None:
        self._book = book
        self._levels = levels
        self._best = best
        self._notes: AuditNotes | None = None
        self._snapshot: BookSnapshot | None = None
        self._suspicion = Suspicion()
        self.number = 0
        self.probation = False
        """Whether the book was found wrong and has not been audited clean since."""

    @property
    def open(self) -> bool:
        """Whether notes are taken."""
        return self._notes is not None

    @property
    def state(self) -> State:
        """What the book is worth: its own state, and dark on probation."""
        return State.DARK if self.probation else self._book.state

    @property
    def reason(self) -> DarkReason | None:
        """Why it is not live; None while it is."""
        if self.probation:
            return DarkReason.DIVERGED
        return None if self._book.live else self._book.reason

    def begin(self, number: int) -> bool:
        """Begin to take notes; False when there is no live book.  Notes of before are lost."""
        book = self._book
        self.number = number
        self._notes = self._snapshot = None
        if not book.live:
            return False
        book.look_for_drops()
        bids, asks = book.top(max(self._levels * COPY_FACTOR, book.window))
        self._notes = AuditNotes(
            book.sequence,
            bids,
            asks,
            book.known,
            levels=self._levels,
            best=self._best,
            window=book.window,
        )
        return True

    def applied(self, event: BookDelta) -> Ending | None:
        """Note an event that was applied; how the audit ended, if that is what it waited for."""
        if self._notes is None:
            return None
        self._notes.add(event)
        return self._decide()

    def snapshot(self, number: int, snapshot: BookSnapshot) -> Ending | None:
        """Take the snapshot of an audit; how the audit ended, if the book has reached its id."""
        if number != self.number or self._notes is None:
            return None
        self._snapshot = snapshot
        return self._decide()

    def abandon(self) -> None:
        """Forget the notes of the open audit."""
        self._notes = self._snapshot = None

    def _decide(self) -> Ending | None:
        notes, snapshot = self._notes, self._snapshot
        if notes is None:
            return None
        if notes.overflowed:
            self.abandon()
            return AuditOutcome.UNDECIDED, "too many events while the snapshot was on its way"
        if snapshot is None or notes.last_id < snapshot.last_id:
            return None
        self.abandon()
        return self._judge(notes.compare(snapshot))

    def _judge(self, finding: Finding) -> Ending:
        if finding.result is Comparison.EARLIER:
            return AuditOutcome.UNDECIDED, "the snapshot is older than the request for it"
        confirmed = self._suspicion.confirmed(finding)
        if confirmed:
            self._suspicion = Suspicion()
            if self.probation:
                return AuditOutcome.QUARANTINED, finding.text
            self.probation = True
            return AuditOutcome.DIVERGED, finding.text
        if finding.result is Comparison.DIFFERENT:
            return AuditOutcome.SUSPECT, finding.text
        if finding.result is Comparison.BEYOND:
            return AuditOutcome.OUTGROWN, "prices have left the range that the snapshot knew"
        self.probation = False
        return AuditOutcome.AGREED, f"{finding.compared} levels are equal"
