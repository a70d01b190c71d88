"""What the auditor of a venue and its books say to each other.

An audit compares a live book with a REST snapshot at equal sequence: the book notes what it is
and every event since (`AuditBegun`), the auditor fetches a snapshot (`AuditSnapshot`), and the
book answers with what the comparison found (`AuditResult`).
"""

from __future__ import annotations

import enum
from typing import ClassVar

from msgspec import Struct

from messages.market import BookSnapshot


class AuditOutcome(enum.Enum):
    """How one audit of one book ended."""

    AGREED = "agreed"
    """Every level that could be compared is equal."""
    SUSPECT = "suspect"
    """Levels differ, but the snapshot lies inside an event: another audit must confirm it."""
    DIVERGED = "diverged"
    """The book is wrong: it is dark, resyncs, and must pass an audit to be used again."""
    QUARANTINED = "quarantined"
    """Wrong again after the resync: the book stays down until an operator restarts it."""
    OUTGROWN = "outgrown"
    """Prices have left the range that the book knows for certain: it resyncs."""
    UNDECIDED = "undecided"
    """Nothing could be compared: a snapshot too old, a stream too far behind, a failed request."""
    NOT_LIVE = "not_live"
    """The book is not live, or ceased to be meanwhile."""


class AuditBegun(Struct, frozen=True, gc=False):
    """To a book: note what you are now, and every event from now on, for this audit."""

    volatile: ClassVar[bool] = False

    number: int


class AuditOpened(Struct, frozen=True, gc=False):
    """From a book: it takes notes for this audit."""

    volatile: ClassVar[bool] = False

    symbol: str
    number: int
    epoch: int


class AuditSnapshot(Struct, frozen=True, gc=False):
    """To a book: compare yourself with this as soon as you have reached its id."""

    volatile: ClassVar[bool] = True

    number: int
    snapshot: BookSnapshot


class AuditAbandoned(Struct, frozen=True, gc=False):
    """To a book: no snapshot comes, or the wait has been too long; forget the notes."""

    volatile: ClassVar[bool] = False

    number: int


class AuditResult(Struct, frozen=True, gc=False):
    """From a book: how an audit ended; `text` says what differs, or why nothing was decided."""

    volatile: ClassVar[bool] = False

    symbol: str
    number: int
    outcome: AuditOutcome
    text: str = ""
