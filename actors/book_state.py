"""The whole state of a book, all levels included, as structs: for crash capsules.

A book of 2,000 levels takes some 50 us: its dicts are copied and encoded as they are, deleted
levels included, which is quicker than looking for the others.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from actors.asking import AskingState
from actors.bare_venue import bare_venue
from actors.book_audit import BookAudit
from actors.proven_book import ProvenBook
from actors.runtime.state_copy import StateForm
from config.settings import VenueSettings
from exchanges.sequencing import Sequencer, State
from markets.audit import AuditNotes, KnownRange, Suspicion
from markets.book import OrderBook, Side
from messages.books import BookTop, DarkReason, FeedOpened
from messages.market import Best, BestQuote, BookDelta, BookSnapshot, Levels


class SideState(Struct):
    """One side of a book."""

    amounts: dict[float, float]
    best_price: float
    dropped: int
    dropped_price: float
    horizon: float
    known: int
    max_levels: int | None
    prices: list[float]
    room: int
    sign: int
    slack: int


class LevelsState(Struct):
    """The levels of a book."""

    asks: SideState
    bids: SideState


class SequencerState(Struct):
    """What judges ids."""

    buffer: list[BookDelta]
    flowing: bool
    ready: tuple[BookDelta, ...]
    seen_id: int
    applied: int
    buffer_dropped: int
    epoch: int
    gaps: int
    last_id: int
    old: int
    resyncs: int
    snapshots: int
    snapshots_refused: int
    state: State


class KnownState(Struct):
    """The prices a book knows for certain."""

    bid: float
    ask: float


class ProvenBookState(Struct):
    """A book with its proof."""

    sequencer: SequencerState
    reason: DarkReason
    live: bool
    changed: bool
    best: Best
    quotes_compared: int
    quotes_equal: int
    quotes_dropped: int
    known: KnownState
    book: LevelsState
    dropped_before: int
    window: int
    expects_first: bool
    pending: dict[int, BestQuote]
    others: dict[int, list[BestQuote]]
    recent: dict[int, Best]


class NotesState(Struct):
    """The notes of an open audit."""

    ask_bound: float
    asks: Levels
    best: int
    bid_bound: float
    bids: Levels
    events: list[BookDelta]
    known: tuple[float, float]
    levels: int
    start_id: int
    window: int
    last_id: int
    overflowed: bool


class SuspicionState(Struct):
    """What audits add up to."""

    strikes: int
    suspects: frozenset[tuple[str, float]]


class AuditState(Struct):
    """A book's side of its audits."""

    notes: NotesState | None
    snapshot: BookSnapshot | None
    suspicion: SuspicionState
    number: int
    probation: bool


class BookLifeState(Struct):
    """The attributes of a book actor."""

    symbol: str
    paths: tuple[str, str]
    top_levels: int
    auditor: str
    audit_levels: int
    book: ProvenBookState
    audit: AuditState
    feed: FeedOpened | None
    epoch: int
    venue_ms: int
    received_ns: int
    decoded_ns: int
    last_top: BookTop | None
    live_since_ns: int


class BookActorState(Struct):
    """A book actor; `asking` is None before it is started, `shown`: others see its tops."""

    venue: VenueSettings
    life: BookLifeState
    shown: bool
    asking: AskingState | None

    @property
    def made_of(self) -> dict[str, Any]:
        """What a new actor is constructed with."""
        life = self.life
        return {
            "venue": bare_venue(self.venue),
            "symbol": life.symbol,
            "snapshots": life.paths[0],
            "detector": life.paths[1],
            "top_levels": life.top_levels,
            "auditor": life.auditor,
            "audit_levels": life.audit_levels,
        }


_SIDE = StateForm(Side, SideState)

PROVEN_BOOK = StateForm(
    ProvenBook,
    ProvenBookState,
    left_out=("max_levels", "served_levels"),
    lists=("others",),
    sequencer=StateForm(Sequencer, SequencerState, left_out=("_chained", "buffer_limit", "rule")),
    known=StateForm(KnownRange, KnownState),
    book=StateForm(OrderBook, LevelsState, asks=_SIDE, bids=_SIDE),
)
"""How a book is copied; what its rule, limits and venue say is given by whoever makes it."""

BOOK_AUDIT = StateForm(
    BookAudit,
    AuditState,
    left_out=("_best", "_book", "_levels"),
    notes=StateForm(AuditNotes, NotesState),
    suspicion=StateForm(Suspicion, SuspicionState),
)
"""How a book's side of its audits is copied."""
