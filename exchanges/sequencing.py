"""Whether a book may be believed: the one state machine that orders snapshots and events.

Rules of this file: nothing here knows a price; it looks at ids only and says what the owner of
the book must do.  `TABLE` is the machine, `book_states()` draws it (docs/book_states.md is that
drawing), and the only short cut past the table is the one `Sequencer.delta` takes while the book
is live and the event is the next one.

What the rules are, with L the id the book stands at (sheets, section 2):

- CONTIGUOUS: `last_id <= L` is old; `first_id > L + 1` is a gap; everything else continues.
- CHAINED: `last_id <= L` is old; `previous_id == L` continues; everything else is a gap.  Only
  the first event after a snapshot is judged differently: old is `last_id < L`, and it continues
  when `first_id <= L <= last_id` or `previous_id == L`.
"""

from __future__ import annotations

import enum
from collections import deque
from collections.abc import Callable
from typing import Final

from exchanges.contract import SequenceRule
from messages.books import DarkReason
from messages.market import BookDelta, BookSnapshot

BUFFER_LIMIT: Final = 1_000
"""Most events held for a snapshot: 13 s of the fastest recorded stream (78 events/s, COIN-M 0 ms),
several times what a snapshot takes; 200 books that wait together hold about 200 MB at worst."""


class State(enum.Enum):
    """What a book is worth; only LIVE may be used for decisions."""

    # Members are single objects.  CPython 3.11 hashes their names, in Python: 0.2 us a look-up.
    __hash__ = object.__hash__

    EMPTY = "EMPTY"
    """A connection life began, nothing has arrived."""
    BUFFERING = "BUFFERING"
    """Events of this life are held until its first snapshot."""
    LIVE = "LIVE"
    """Snapshot and every event since are applied without a break."""
    DARK = "DARK"
    """The proof was lost; events are held until a snapshot restores it."""


class Event(enum.Enum):
    """What can happen to a book, after its ids were judged."""

    __hash__ = object.__hash__

    DELTA_NEXT = "event continues"
    DELTA_OLD = "event is old"
    DELTA_GAP = "event leaves a gap"
    BUFFER_FULL = "buffer is full"
    SNAPSHOT_FITS = "snapshot fits"
    SNAPSHOT_TOO_OLD = "snapshot ends before the held events begin"
    SNAPSHOT_STALE = "snapshot is not newer than the book"
    LOST = "proof is lost"
    NEW_EPOCH = "new connection life"


class Action(enum.Enum):
    """What is done about it."""

    APPLY = "apply"
    HOLD = "hold"
    HOLD_ANEW = "drop what is held, hold this event"
    IGNORE = "ignore"
    LOAD = "load snapshot, apply what is held"
    REFUSE = "refuse, ask again"
    CLEAR = "clear the book"


class Verdict(enum.Enum):
    """What the owner of the book must do now."""

    __hash__ = object.__hash__

    APPLY = "apply"
    """Apply this event to the book."""
    OLD = "old"
    """Nothing: the book already holds this event."""
    HELD = "held"
    """Nothing: the event waits for a snapshot."""
    GAP = "gap"
    """Clear the book and ask for a snapshot; the event is held."""
    OVERFLOWED = "overflowed"
    """Ask for a snapshot: too many events were held, they are dropped and this one is held."""
    LOADED = "loaded"
    """Replace the book by this snapshot, then apply every event of `buffered()`."""
    TOO_OLD = "too old"
    """Ask for a newer snapshot; what is held stays held."""
    IGNORED = "ignored"
    """Nothing: the book is live and at least as new as this snapshot."""


_E, _B, _L, _D = State.EMPTY, State.BUFFERING, State.LIVE, State.DARK

TABLE: Final[dict[tuple[State, Event], tuple[State, Action]]] = {
    (_E, Event.DELTA_NEXT): (_B, Action.HOLD),
    (_E, Event.SNAPSHOT_FITS): (_L, Action.LOAD),
    (_E, Event.LOST): (_D, Action.CLEAR),
    (_E, Event.NEW_EPOCH): (_E, Action.CLEAR),
    (_B, Event.DELTA_NEXT): (_B, Action.HOLD),
    (_B, Event.DELTA_OLD): (_B, Action.IGNORE),
    (_B, Event.DELTA_GAP): (_B, Action.HOLD_ANEW),
    (_B, Event.BUFFER_FULL): (_B, Action.HOLD_ANEW),
    (_B, Event.SNAPSHOT_FITS): (_L, Action.LOAD),
    (_B, Event.SNAPSHOT_TOO_OLD): (_B, Action.REFUSE),
    (_B, Event.LOST): (_D, Action.CLEAR),
    (_B, Event.NEW_EPOCH): (_E, Action.CLEAR),
    (_L, Event.DELTA_NEXT): (_L, Action.APPLY),
    (_L, Event.DELTA_OLD): (_L, Action.IGNORE),
    (_L, Event.DELTA_GAP): (_D, Action.HOLD_ANEW),
    (_L, Event.SNAPSHOT_FITS): (_L, Action.LOAD),
    (_L, Event.SNAPSHOT_STALE): (_L, Action.IGNORE),
    (_L, Event.LOST): (_D, Action.CLEAR),
    (_L, Event.NEW_EPOCH): (_E, Action.CLEAR),
    (_D, Event.DELTA_NEXT): (_D, Action.HOLD),
    (_D, Event.DELTA_OLD): (_D, Action.IGNORE),
    (_D, Event.DELTA_GAP): (_D, Action.HOLD_ANEW),
    (_D, Event.BUFFER_FULL): (_D, Action.HOLD_ANEW),
    (_D, Event.SNAPSHOT_FITS): (_L, Action.LOAD),
    (_D, Event.SNAPSHOT_TOO_OLD): (_D, Action.REFUSE),
    (_D, Event.LOST): (_D, Action.CLEAR),
    (_D, Event.NEW_EPOCH): (_E, Action.CLEAR),
}
"""The machine.  A pair that is missing cannot happen: an EMPTY book has nothing to compare with,
and a LIVE one holds nothing."""

# Looking a member up on its class costs 70 ns on CPython 3.11: half of the short cut of `delta`.
_APPLY, _HELD = Verdict.APPLY, Verdict.HELD
_NEXT, _OLD, _GAP, _FULL = (
    Event.DELTA_NEXT, Event.DELTA_OLD, Event.DELTA_GAP, Event.BUFFER_FULL,
)  # fmt: skip
_IGNORE, _DO_APPLY, _HOLD_ANEW = Action.IGNORE, Action.APPLY, Action.HOLD_ANEW


class Sequencer:
    """Judges every snapshot and event of one book by its ids.

    The owner hands in only what belongs to the current connection life, and asks for a snapshot
    only after the stream is subscribed: a snapshot taken before would miss the events between,
    which shows no earlier than at the first event.

    Args:
        rule: how the venue's events chain.
        buffer_limit: most events to hold while waiting for a snapshot, at least 1.
        epoch: the connection life it starts in.
    """

    __slots__ = (
        "_buffer",
        "_chained",
        "_flowing",
        "_ready",
        "_seen_id",
        "applied",
        "buffer_dropped",
        "buffer_limit",
        "epoch",
        "gaps",
        "last_id",
        "old",
        "resyncs",
        "rule",
        "snapshots",
        "snapshots_refused",
        "state",
    )

    def __init__(
        self, rule: SequenceRule, buffer_limit: int = BUFFER_LIMIT, epoch: int = 0
    ) -> None:
        self.rule = rule
        self.buffer_limit = buffer_limit
        self.epoch = epoch
        self.state = State.EMPTY
        self.last_id = 0
        """The id the book stands at; after a loss, the one it stood at."""
        self.applied = 0
        """Events applied, held ones included."""
        self.old = 0
        """Events ignored because the book (or the buffer) already holds them."""
        self.gaps = 0
        """Breaks noticed, live or inside the buffer."""
        self.snapshots = 0
        """Snapshots loaded."""
        self.resyncs = 0
        """Snapshots loaded after the first."""
        self.snapshots_refused = 0
        """Snapshots that were too old, or not newer than a live book."""
        self.buffer_dropped = 0
        """Held events given up: overflow, a break, a lost connection or a new life."""
        self._chained = rule is SequenceRule.CHAINED
        # LIVE, and a first event has followed the snapshot: the short cut of delta() holds.
        self._flowing = False
        # The newest id of this life, held or applied; behind `last_id` only while LIVE.
        self._seen_id = 0
        self._buffer: deque[BookDelta] = deque()
        self._ready: tuple[BookDelta, ...] = ()

    # -- events ---------------------------------------------------------------------------------

    def delta(self, event: BookDelta) -> Verdict:
        """Judge one event.

        Returns:
            APPLY, OLD, HELD, GAP or OVERFLOWED.
        """
        if self._flowing:
            last_id, event_id = self.last_id, event.last_id
            if event_id > last_id and (
                event.previous_id == last_id if self._chained else event.first_id <= last_id + 1
            ):
                self.last_id = event_id
                self.applied += 1
                return _APPLY
        return self._judge(event)

    def _judge(self, event: BookDelta) -> Verdict:
        if event.epoch < self.epoch:
            self.old += 1
            return Verdict.OLD
        before, kind = self.state, self._kind(event)
        self.state, action = TABLE[before, kind]
        if action is _IGNORE:
            self.old += 1
            return Verdict.OLD
        if action is _DO_APPLY:
            self._flowing = True
            self.last_id = event.last_id
            self.applied += 1
            return _APPLY
        if action is _HOLD_ANEW:
            self._flowing = False
            self._drop_buffer()
            self.gaps += kind is _GAP
        self._buffer.append(event)
        self._seen_id = event.last_id
        if kind is _FULL:
            return Verdict.OVERFLOWED
        return Verdict.GAP if before is _L else _HELD

    def _kind(self, event: BookDelta) -> Event:
        """Compare an event with the book while it is live, else with what is held."""
        if self.state is _L:
            if self._flowing:
                return self._follows(event, self.last_id)
            return self._follows_snapshot(event, self.last_id)
        if not self._buffer:
            # Holding what was seen before the loss would let an old snapshot fit it.
            return _OLD if event.last_id <= self._seen_id else _NEXT
        kind = self._follows(event, self._buffer[-1].last_id)
        if kind is _NEXT and len(self._buffer) >= self.buffer_limit:
            return _FULL
        return kind

    def _follows(self, event: BookDelta, last_id: int) -> Event:
        """Compare an event with the id that the book, or the buffer, stands at."""
        if event.last_id <= last_id:
            return _OLD
        if self._chained:
            return _NEXT if event.previous_id == last_id else _GAP
        return _NEXT if event.first_id <= last_id + 1 else _GAP

    def _follows_snapshot(self, event: BookDelta, last_id: int) -> Event:
        """Compare an event with the snapshot it would be the first to follow."""
        if not self._chained:
            return self._follows(event, last_id)
        if event.last_id < last_id:
            return _OLD
        bridges = event.first_id <= last_id or event.previous_id == last_id
        return _NEXT if bridges else _GAP

    # -- snapshots ------------------------------------------------------------------------------

    def snapshot(self, snapshot: BookSnapshot) -> Verdict:
        """Judge one snapshot.

        Returns:
            LOADED (then `buffered()` has what to apply on top), TOO_OLD or IGNORED.
        """
        last_id = snapshot.last_id
        if snapshot.epoch < self.epoch:
            self.snapshots_refused += 1
            return Verdict.IGNORED if self.state is State.LIVE else Verdict.TOO_OLD
        kind = self._begun_anew() if snapshot.replaces else self._fits(last_id)
        self.state, action = TABLE[self.state, kind]
        if action is not Action.LOAD:
            self.snapshots_refused += 1
            return Verdict.TOO_OLD if action is Action.REFUSE else Verdict.IGNORED
        self._ready = tuple(self._buffer)
        self._buffer.clear()
        self._flowing = bool(self._ready)
        self.last_id = self._ready[-1].last_id if self._ready else last_id
        self.applied += len(self._ready)
        self.resyncs += self.snapshots > 0
        self.snapshots += 1
        return Verdict.LOADED

    def _begun_anew(self) -> Event:
        """The stream begins anew: whatever it brought before is history, ids included."""
        self.old += len(self._buffer)
        self._buffer.clear()
        self._seen_id = 0
        return Event.SNAPSHOT_FITS

    def _fits(self, last_id: int) -> Event:
        """Compare a snapshot with the book or the buffer; drop held events it makes old."""
        if self.state is State.LIVE:
            stale = last_id <= self.last_id
            return Event.SNAPSHOT_STALE if stale else Event.SNAPSHOT_FITS
        buffer = self._buffer
        if not buffer:
            # An id already seen and not held: this snapshot would turn the book back in time.
            behind = last_id < self._seen_id
            return Event.SNAPSHOT_TOO_OLD if behind else Event.SNAPSHOT_FITS
        first = next(
            (
                index
                for index, event in enumerate(buffer)
                if self._follows_snapshot(event, last_id) is not Event.DELTA_OLD
            ),
            len(buffer),
        )
        if first < len(buffer) and (
            self._follows_snapshot(buffer[first], last_id) is Event.DELTA_GAP
        ):
            return Event.SNAPSHOT_TOO_OLD
        for _ in range(first):
            buffer.popleft()
        self.old += first
        return Event.SNAPSHOT_FITS

    def buffered(self) -> tuple[BookDelta, ...]:
        """Take the held events that continue the snapshot just loaded, oldest first."""
        ready, self._ready = self._ready, ()
        return ready

    # -- losses ---------------------------------------------------------------------------------

    def lost(self, reason: DarkReason) -> None:
        """Give up the proof: the connection ended, a frame was unreadable, the book crossed."""
        self.state, _ = TABLE[self.state, Event.LOST]
        self._seen_id = max(self._seen_id, self.last_id)
        self._flowing = False
        self._ready = ()
        if reason is DarkReason.DISCONNECTED:
            # What another connection brings next has no proven order with what this one brought.
            self._drop_buffer()

    def reset(self, epoch: int) -> None:
        """Begin again, empty, in a new connection life."""
        self.state, _ = TABLE[self.state, Event.NEW_EPOCH]
        self.epoch = epoch
        self.last_id = self._seen_id = 0
        self._flowing = False
        self._ready = ()
        self._drop_buffer()

    def _drop_buffer(self) -> None:
        self.buffer_dropped += len(self._buffer)
        self._buffer.clear()


# -- the drawing --------------------------------------------------------------------------------


def book_states() -> str:
    """Draw `TABLE` as the Markdown page docs/book_states.md."""
    lines = [
        "# The states of a book",
        "",
        "Drawn from `exchanges/sequencing.py` by `python -m exchanges.sequencing`; do not edit.",
        "",
        "```mermaid",
        "stateDiagram-v2",
        "    [*] --> EMPTY",
    ]
    for (state, event), (after, action) in TABLE.items():
        lines.append(f"    {state.value} --> {after.value}: {event.value} / {action.value}")
    lines.append("```")
    for kind, title in ((State, "States"), (Verdict, "Verdicts")):
        lines += ["", f"{title}: " + ", ".join(f"`{member.value}`" for member in kind) + "."]
    return "\n".join(lines) + "\n"


def _main(write: Callable[[str], object]) -> None:
    write(book_states())


if __name__ == "__main__":
    import sys

    _main(sys.stdout.write)
