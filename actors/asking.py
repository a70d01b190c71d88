"""How a book asks for snapshots: one question at a time, again when it was not answered.

A question can be lost: its mailbox is full, or the actor that has it queued restarts.  So it is
asked again soon when it was not taken, at once when the snapshot actor comes up, and in any case
every `ASK_AGAIN_S`: the snapshot actor knows a question that is queued or in flight already, so
that asking again costs nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from msgspec import Struct

from messages.books import SnapshotWanted

if TYPE_CHECKING:
    from actors.runtime.actor import ActorContext
    from actors.runtime.timers import Timer
    from messages.books import FeedOpened

REFUSED_SNAPSHOT_RETRY_S = (0.1, 0.25, 0.5, 1.0, 2.0, 5.0)
"""Waits after snapshots older than the stream: short first, then a lagging venue gets time."""

NOT_TAKEN_RETRY_S = 0.1
"""A question that the mailbox did not take: the turn that filled it is over by then."""

ASK_AGAIN_S = 5.0
"""A book that heard nothing asks again: by then a request is answered, or waits for budget."""

IN_BAND_WITHIN_S = 10.0
"""A stream that brings its own snapshots sends one at once, or when it is subscribed again."""


class AskingState(Struct):
    """The open question for a snapshot; `waiting`: a timer runs."""

    number: int
    refusals: int
    waiting: bool


class AskAgain(Struct, frozen=True, gc=False):
    """A timer: the snapshot asked for as number `ask` has not helped yet."""

    ask: int


class Asking:
    """The open question of one life of a book actor.

    Args:
        context: timers and references of that life.
        symbol: unified symbol of the book.
        snapshots: path of the venue's snapshot actor.
    """

    def __init__(self, context: ActorContext, symbol: str, snapshots: str) -> None:
        self._context = context
        self._symbol = symbol
        self._snapshots = context.lookup(snapshots)
        self._number = 0
        self._refusals = 0
        self._timer: Timer | None = None

    @property
    def open(self) -> bool:
        """Whether a snapshot is wanted that has not come."""
        return self._timer is not None

    def ask(self, feed: FeedOpened) -> None:
        """Ask for a snapshot, of the connection where its stream brings them."""
        source = self._context.lookup(feed.connection) if feed.in_band else self._snapshots
        if not source.tell(SnapshotWanted(self._symbol, feed.epoch)):
            self.later(NOT_TAKEN_RETRY_S)
        else:
            self.later(IN_BAND_WITHIN_S if feed.in_band else ASK_AGAIN_S)

    def later(self, delay_s: float) -> None:
        """Let a timer say when to ask again."""
        self.stop()
        self._timer = self._context.timer(delay_s, AskAgain(self._number))

    def refused(self) -> None:
        """The answer was older than the stream: ask again, each time a little later."""
        waits = REFUSED_SNAPSHOT_RETRY_S
        self.later(waits[min(self._refusals, len(waits) - 1)])
        self._refusals += 1

    def is_due(self, timer: AskAgain) -> bool:
        """Whether a timer belongs to the question that is open."""
        return timer.ask == self._number

    def answered(self) -> None:
        """A snapshot helped."""
        self._refusals = 0
        self.stop()

    def state(self) -> AskingState:
        """What of it decides anything, for crash capsules."""
        return AskingState(self._number, self._refusals, self._timer is not None)

    def restored(self, state: AskingState) -> None:
        """Become what a state says; a timer that ran is set again."""
        if state.waiting:
            self.later(ASK_AGAIN_S)
        self._number, self._refusals = state.number, state.refusals

    def stop(self) -> None:
        """Nothing is wanted any more."""
        self._number += 1
        if self._timer is not None:
            self._timer.cancel()
            self._timer = None
