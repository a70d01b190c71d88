"""The book actor: one per symbol per venue, over the pure `ProvenBook`.

Accepts `FeedOpened`, `FeedLost`, `BookDelta`, `BestQuote`, `BookSnapshot`, `SnapshotFailed`,
`SymbolRefused`, `AuditBegun`, `AuditSnapshot` and `AuditAbandoned`; emits one `BookTop` or
`BookDark` per changed book per read to the detector, `SnapshotWanted` to the venue's snapshot
actor, or to its connection where snapshots come with the stream, `AuditOpened` and `AuditResult`
to its auditor.  Its handlers are synchronous and run in the sender's turn.  State lost at restart:
the whole book (real-time data is never kept); the connection opens the feed anew.  Restart type:
permanent; an unlisted symbol quarantines it, and so does a second audit that finds it wrong.
Cancellation publishes `BookDark`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

from actors.asking import IN_BAND_WITHIN_S, AskAgain, Asking
from actors.book_audit import BookAudit, Ending
from actors.book_state import BOOK_AUDIT, PROVEN_BOOK, BookActorState, BookLifeState
from actors.proven_book import ProvenBook, Verdict
from actors.runtime.actor import Actor
from actors.runtime.messages import Up
from actors.runtime.state_copy import StateForm
from actors.venue import Venue
from exchanges.sequencing import State
from messages.audits import (
    AuditAbandoned,
    AuditBegun,
    AuditOpened,
    AuditOutcome,
    AuditResult,
    AuditSnapshot,
)
from messages.books import (
    BookDark,
    BookTop,
    DarkReason,
    FeedLost,
    FeedOpened,
    SnapshotFailed,
    SymbolRefused,
)
from messages.errors import BookDiverged, SymbolNotTrading, UnknownSymbol
from messages.market import BestQuote, BookDelta, BookSnapshot

# Looking a member up on its class costs 70 ns on CPython 3.11: the hot path has them by name.
_CHANGED, _NOTHING = Verdict.CHANGED, Verdict.NOTHING

NO_EPOCH = -1
"""Nothing feeds the book: every message of any epoch is an older one."""


class BookActor(Actor):
    """Keeps one book right, or says that it is dark.

    Args:
        venue: the shared services of the venue.
        symbol: unified symbol of this book.
        snapshots: path of the venue's snapshot actor.
        detector: path of the actor that is told tops and darkness.
        top_levels: levels a side a `BookTop` carries.
        auditor: path of the venue's auditor, empty where there is none.
        audit_levels: levels a side that an audit compares.
    """

    in_turn: ClassVar[bool] = True
    capsule_form: ClassVar[type[Any] | None] = BookActorState

    def __init__(
        self,
        venue: Venue,
        symbol: str,
        *,
        snapshots: str,
        detector: str,
        top_levels: int,
        auditor: str = "",
        audit_levels: int = 100,
    ) -> None:
        self._venue = venue
        self._symbol = symbol
        self._paths, self._auditor = (snapshots, detector), auditor
        self._top_levels, self._audit_levels = top_levels, audit_levels
        self._feed: FeedOpened | None = None
        self._epoch = NO_EPOCH
        self._book = ProvenBook(
            venue.dialect.rule,
            max_levels=venue.settings.max_levels,
            served_levels=venue.depth_feed.levels,
        )
        self._audit = BookAudit(self._book, audit_levels, top_levels)
        # What takes a delta, and the feed that tops are told of: an open audit and probation
        # change these two, so that they cost nothing per message.
        self._take: Callable[[BookDelta], Verdict] = self._book.delta
        self._shown: FeedOpened | None = None
        self._venue_ms = self._received_ns = self._decoded_ns = 0
        self._last_top: BookTop | None = None
        self._live_since_ns = 0

    # -- life -----------------------------------------------------------------------------------

    def started(self) -> None:
        """Start empty and dark; a feed opens it."""
        snapshots, detector = self._paths
        self._asking = Asking(self.context, self._symbol, snapshots)
        self._detector = self.context.lookup(detector)
        self._clock = self.context.clock
        self.context.watch(detector)
        self.context.watch(snapshots)
        self._publish_dark(DarkReason.STARTING)

    def failed(self) -> None:
        """A handler raised: nobody may use this book while it restarts."""
        self._publish_dark(DarkReason.DIVERGED if self._audit.probation else DarkReason.CRASHED)

    def suspended(self) -> None:
        """Events wait unread while the connection goes on proving itself: be dark until then."""
        self._publish_dark(DarkReason.SUSPENDED)
        self._book.changed = self._book.live

    async def stopping(self) -> None:
        """Leave nothing behind that looks live."""
        self._publish_dark(DarkReason.STOPPED)

    @property
    def state(self) -> State:
        """What the book is worth now; looking costs nothing, unlike `summary`."""
        return self._audit.state

    def summary(self) -> dict[str, object]:
        """What screens and the inspector show of this book."""
        book, top, reason = self._book, self._last_top, self._audit.reason
        age_ns = self._clock.now_ns() - self._received_ns
        return {
            "state": self.state.value,
            "reason": None if reason is None else reason.value,
            "bid": list(top.bids[0]) if top is not None else None,
            "ask": list(top.asks[0]) if top is not None else None,
            **book.figures(),
            "live_since_ns": self._live_since_ns if top is not None else None,
            "connection": self._feed.connection if self._feed is not None else None,
            "change_age_ms": round(age_ns / 1e6, 1) if self._received_ns else None,
        }

    def capsule_state(self) -> BookActorState:
        """A copy of everything, all levels included; see `Actor.capsule_state`."""
        asking = self._asking.state() if hasattr(self, "_asking") else None  # `started` makes it
        shown = self._shown is not None
        return BookActorState(self._venue.settings, _LIFE.copy(self), shown, asking)

    @classmethod
    def from_capsule(cls, state: BookActorState) -> Self:
        """A new book actor over a venue with nothing behind it."""
        return cls(**state.made_of)

    def restored(self, state: BookActorState) -> None:
        """Become what the state says."""
        _LIFE.fill(self, state.life)
        self._take = self._noted_delta if self._audit.open else self._book.delta
        self._shown = self._feed if state.shown else None
        if state.asking is not None:
            self._asking.restored(state.asking)

    # -- messages -------------------------------------------------------------------------------

    def handle(self, message: object) -> None:
        """Take one message in; `drained` publishes what changed."""
        if type(message) is BookDelta:
            self._delta(message)
        elif type(message) is BestQuote:
            self._quote(message)
        else:
            self._rare(message)

    def handle_control(self, message: object) -> None:
        """Feed changes and timers overtake market data."""
        self._rare(message)

    def drained(self) -> None:
        """Publish one top for everything this turn changed."""
        book, feed = self._book, self._shown
        if feed is None or not book.changed:
            return
        mailbox = self.context.mailbox
        if mailbox.accepted != mailbox.taken:
            return  # the turn reached its cap: what waits is newer than what would be told
        book.changed = False
        bids, asks = book.top(self._top_levels)
        if self._last_top is None:
            self._live_since_ns = self._clock.now_ns()
        self._last_top = top = BookTop(
            self._venue.name,
            self._symbol,
            feed.connection,
            feed.epoch,
            book.sequence,
            bids,
            asks,
            self._venue_ms,
            self._received_ns,
            self._decoded_ns,
            self._clock.now_ns(),
        )
        self._decoded_ns = 0
        self._detector.tell(top)

    def _rare(self, message: object) -> None:
        match message:
            case BookSnapshot():
                self._snapshot(message)
            case Up(path=path):
                self._up(path)
            case FeedOpened():
                self._open(message)
            case FeedLost():
                self._lose(message)
            case AskAgain():
                if self._asking.is_due(message):
                    self._ask_snapshot()
            case SnapshotFailed(epoch=epoch, retry_after_s=after_s):
                if epoch == self._epoch:
                    self._asking.later(after_s)
            case AuditBegun(number):
                self._begin_audit(number)
            case AuditSnapshot(number, snapshot):
                self._end_audit(self._audit.snapshot(number, snapshot))
            case AuditAbandoned(number) if number == self._audit.number:
                self._drop_notes()
            case SymbolRefused(listed=listed, text=text, venue=venue):
                kind = SymbolNotTrading if listed else UnknownSymbol
                raise kind(text, venue=venue)

    def _up(self, path: str) -> None:
        """Tell a detector that (re)started this top again, ask a snapshot actor that did again."""
        if path == self._detector.path:
            self._book.changed = self._book.live
        elif self._asking.open and self._feed is not None and not self._feed.in_band:
            self._ask_snapshot()

    # -- market data ----------------------------------------------------------------------------

    def _delta(self, delta: BookDelta) -> None:
        if delta.epoch != self._epoch:
            self.context.discard("older_epoch")
            return
        if not self._decoded_ns:
            self._decoded_ns = self._clock.now_ns()
        verdict = self._take(delta)
        if verdict is _CHANGED:
            self._venue_ms = delta.venue_ms
            self._received_ns = delta.received_ns
        elif verdict is not _NOTHING:
            self._act(verdict)

    def _quote(self, quote: BestQuote) -> None:
        if quote.epoch != self._epoch:
            self.context.discard("older_epoch")
            return
        self._book.quote(quote)

    def _snapshot(self, snapshot: BookSnapshot) -> None:
        if snapshot.epoch != self._epoch:
            self.context.discard("older_epoch")
            return
        if snapshot.rest_born and self._book.state is State.EMPTY:
            # An answer to an earlier life's question: no event of this one is joined to it.
            self.context.discard("unjoined_snapshot")
            return
        before, reason = self._book.resyncs, self._book.reason
        verdict = self._book.snapshot(snapshot)
        if verdict is Verdict.CHANGED:
            self._cease_audit()
            # All books of a new connection begin: no news, and there may be hundreds.
            if self._book.resyncs != before and reason is not DarkReason.STARTING:
                self.context.note("resync", f"the book is whole again at {self._book.sequence}")
            self._asking.answered()
            self._venue_ms = snapshot.venue_ms
            self._received_ns = snapshot.received_ns
            self._decoded_ns = self._decoded_ns or self._clock.now_ns()
        elif verdict is Verdict.REFUSED:
            self._asking.refused()
        else:
            self._act(verdict)

    def _act(self, verdict: Verdict) -> None:
        """The book is not live after an event: say so in this turn, ask for what mends it."""
        if verdict.dark is not None:
            self._cease_audit()
            if verdict is not Verdict.EMPTY:
                self.context.note("gap", f"{verdict.text} after {self._book.sequence}")
            self._publish_dark(verdict.dark)
        if verdict is Verdict.FIRST and self._feed is not None and self._feed.in_band:
            self._asking.later(IN_BAND_WITHIN_S)
        elif verdict.wants_snapshot:
            self._ask_snapshot()

    # -- feed -----------------------------------------------------------------------------------

    def _open(self, feed: FeedOpened) -> None:
        known = self._feed
        if known is not None and (feed.epoch, feed.info) == (known.epoch, known.info):
            return
        self._cease_audit()
        self._feed, self._epoch = feed, feed.epoch
        self._shown = None if self._audit.probation else feed
        self._asking.answered()
        self._book.open(feed.epoch)
        self._publish_dark(DarkReason.STARTING)
        if feed.in_band and known is not None and known.epoch == feed.epoch:
            self._ask_snapshot()  # the stream has begun long ago

    def _lose(self, lost: FeedLost) -> None:
        if lost.epoch != self._epoch:
            return
        self._asking.stop()
        self._cease_audit()
        self._book.dark(lost.reason)
        self._feed = self._shown = None
        self._epoch = NO_EPOCH
        self._publish_dark(lost.reason)

    # -- audits ---------------------------------------------------------------------------------

    def _begin_audit(self, number: int) -> None:
        if self._audit.begin(number):
            self._take = self._noted_delta
            self._reply(AuditOpened(self._symbol, number, self._epoch))
        else:
            self._take = self._book.delta
            text = f"the book is {self._book.state.value}"
            self._reply(AuditResult(self._symbol, number, AuditOutcome.NOT_LIVE, text))

    def _noted_delta(self, delta: BookDelta) -> Verdict:
        """Take an event while an audit is open."""
        verdict = self._book.delta(delta)
        if verdict is _CHANGED:
            self._end_audit(self._audit.applied(delta))
            return verdict if self._book.live else _NOTHING
        return verdict

    def _end_audit(self, ending: Ending | None) -> None:
        """Carry out what an audit came to.

        Raises:
            BookDiverged: the book is wrong again, although it was resynced.
        """
        if ending is None:
            return
        outcome, text = ending
        self._take = self._book.delta
        self._reply(AuditResult(self._symbol, self._audit.number, outcome, text))
        if outcome is AuditOutcome.AGREED:
            if self._shown is None and self._feed is not None:
                self._shown = self._feed
                self._book.changed = self._book.live
                self._decoded_ns = self._clock.now_ns()
                self.context.note("audited", f"the resynced book is right: {text}")
        elif outcome is AuditOutcome.QUARANTINED:
            raise BookDiverged(f"wrong again after a resync: {text}", venue=self._venue.name)
        elif outcome in (AuditOutcome.DIVERGED, AuditOutcome.OUTGROWN):
            self._distrust(DarkReason[outcome.name], text)

    def _distrust(self, reason: DarkReason, text: str) -> None:
        """Go dark and resync; after a divergence stay dark until an audit is clean."""
        self.context.note(reason.value, text)
        if self._audit.probation:
            self._shown = None
        self._book.dark(reason)
        self._publish_dark(reason)
        self._ask_snapshot()

    def _cease_audit(self) -> None:
        """The book is not what it was: an open audit of it means nothing any more."""
        if self._audit.open:
            self._drop_notes()
            text = "the book ceased to be live meanwhile"
            self._reply(AuditResult(self._symbol, self._audit.number, AuditOutcome.NOT_LIVE, text))

    def _drop_notes(self) -> None:
        self._audit.abandon()
        self._take = self._book.delta

    def _reply(self, answer: AuditOpened | AuditResult) -> None:
        self.context.lookup(self._auditor).tell(answer)

    # -- news -----------------------------------------------------------------------------------

    def _ask_snapshot(self) -> None:
        if self._feed is not None:
            self._asking.ask(self._feed)

    def _publish_dark(self, reason: DarkReason) -> None:
        self._last_top, self._decoded_ns = None, 0
        self._detector.tell(
            BookDark(self._venue.name, self._symbol, self._epoch, reason, self._clock.now_ns())
        )


_LIFE = StateForm(BookActor, BookLifeState, book=PROVEN_BOOK, audit=BOOK_AUDIT)
