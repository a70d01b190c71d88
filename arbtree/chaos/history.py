"""The history of a run: everything an observer sees, hashed, and handed to who judges it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator

import msgspec
import trio

from actors.outlet import Subscription
from actors.runtime.asks import Ask
from actors.runtime.messages import Stamped
from arbtree.chaos.report import MAX_VIOLATIONS, StateChange, Verdict
from messages.books import BookDark, BookTop, FeedOpened
from messages.identifiers import path_segment
from messages.market import BookDelta, BookSnapshot
from messages.opportunities import OpportunityClosed, OpportunityOpened
from supervisors.events import LifecycleEvent

MAX_CHANGES = 20_000
"""State changes kept for a timeline: more are in no five minutes."""
DETECTOR = "engine/detector"


class Checker:
    """Judges a run while it happens.  A checker overrides what it wants to see.

    Class attributes: `name` in reports, `sentence` what it holds the engine to.
    """

    name = ""
    sentence = ""

    def __init__(self) -> None:
        self.looked_at = 0
        self.failed = 0
        self.violations: list[str] = []

    def violate(self, text: str) -> None:
        """Say that something is wrong; the time is put before it."""
        self.failed += 1
        if len(self.violations) < MAX_VIOLATIONS:
            self.violations.append(f"{trio.current_time():.3f} s: {text}")

    def verdict(self) -> Verdict:
        """What it found."""
        return Verdict(
            self.name, self.sentence, self.looked_at, self.failed, tuple(self.violations)
        )

    def opened(self, book: str, message: FeedOpened) -> None:
        """A connection begins to feed a book."""

    def delta(self, book: str, message: BookDelta) -> None:
        """A book's mailbox accepted an event."""

    def snapshot(self, book: str, message: BookSnapshot) -> None:
        """A book's mailbox accepted a snapshot."""

    def top(self, book: str, message: BookTop) -> None:
        """The detector was told of a live book."""

    def dark(self, book: str, message: BookDark) -> None:
        """The detector was told that a book is dark."""

    def opportunity(self, fact: OpportunityOpened) -> None:
        """The detector decided."""

    def closed(self, fact: OpportunityClosed) -> None:
        """The detector gave an opportunity up."""

    def state(self, path: str, state: str, generation: int) -> None:
        """A child of the tree changed its state."""

    def event(self, event: LifecycleEvent) -> None:
        """The event log has one more line."""


class BookPaths:
    """Paths of books by venue and symbol, made once."""

    def __init__(self) -> None:
        self._known: dict[tuple[str, str], str] = {}

    def of(self, venue: str, symbol: str) -> str:
        """The path of a book of the engine's tree."""
        key = (venue, symbol)
        path = self._known.get(key)
        if path is None:
            path = self._known[key] = f"engine/venues/{venue}/books/{path_segment(symbol)}"
        return path


class Tap(Subscription):
    """Sees every opportunity in the moment in which it is published, and keeps none."""

    def __init__(self, checkers: tuple[Checker, ...]) -> None:
        super().__init__(1, (OpportunityOpened, OpportunityClosed))
        self._checkers = checkers

    def put(self, fact: object) -> None:
        """Hand it to the checkers."""
        if isinstance(fact, OpportunityOpened):
            for checker in self._checkers:
                checker.opportunity(fact)
        elif isinstance(fact, OpportunityClosed):
            for checker in self._checkers:
                checker.closed(fact)


class History:
    """An observer: hashes what happens, counts it, hands it to the checkers.

    Args:
        checkers: see everything in this order.
    """

    def __init__(self, checkers: tuple[Checker, ...] = ()) -> None:
        self.checkers = checkers
        self.paths = BookPaths()
        self.messages = 0
        self.states = 0
        self.depth_messages = 0
        self.depth_venues: set[str] = set()
        self.changes: list[StateChange] = []
        self.began_s = 0.0
        self._live: set[str] = set()
        self._digest = hashlib.sha256()
        self._encode = msgspec.json.Encoder(enc_hook=_plain, order="deterministic").encode
        self._seeing = {
            name: tuple(checker for checker in checkers if _overrides(checker, name))
            for name in ("delta", "snapshot", "top", "dark", "opened", "state", "event")
        }

    @property
    def trace_hash(self) -> str:
        """Over everything so far."""
        return self._digest.hexdigest()

    def on_accepted(self, path: str, generation: int, message: object) -> None:
        """A mailbox accepted a message."""
        self.messages += 1
        kind = type(message)
        self._digest.update(
            f"{path} {generation} {kind.__name__} ".encode() + self._encode(message)
        )
        if isinstance(message, BookDelta):
            self.depth_messages += 1
            self.depth_venues.add(message.venue)
            for checker in self._seeing["delta"]:
                checker.delta(path, message)
        elif isinstance(message, BookTop | BookDark):
            self._book(message)
        elif isinstance(message, BookSnapshot):
            self.depth_messages += 1
            for checker in self._seeing["snapshot"]:
                checker.snapshot(path, message)
        elif isinstance(message, FeedOpened):
            for checker in self._seeing["opened"]:
                checker.opened(path, message)

    def _book(self, message: BookTop | BookDark) -> None:
        path = self.paths.of(message.venue, message.symbol)
        if isinstance(message, BookTop):
            for checker in self._seeing["top"]:
                checker.top(path, message)
            if path not in self._live:
                self._live.add(path)
                self._change(path, "book", "LIVE", "")
            return
        for checker in self._seeing["dark"]:
            checker.dark(path, message)
        if path in self._live:
            self._live.discard(path)
            self._change(path, "book", "DARK", message.reason.value)

    def on_state(self, path: str, state: str, generation: int) -> None:
        """A child changed its state."""
        self.states += 1
        now_s = trio.current_time()
        self._digest.update(f"{path} {state} {generation} {now_s!r}".encode())
        self._change(path, "actor", state, "")
        for checker in self._seeing["state"]:
            checker.state(path, state, generation)

    def on_event(self, event: LifecycleEvent) -> None:
        """The event log has one more line."""
        for checker in self._seeing["event"]:
            checker.event(event)

    def note(self, text: str) -> None:
        """Hash what the run's own operator does."""
        self._digest.update(f"{text} {trio.current_time()!r}".encode())

    def _change(self, path: str, kind: str, state: str, text: str) -> None:
        if len(self.changes) < MAX_CHANGES:
            at_s = round(trio.current_time() - self.began_s, 3)
            self.changes.append(
                StateChange(at_s, path, "book" if kind == "book" else "actor", state, text)
            )


def _overrides(checker: Checker, name: str) -> bool:
    return getattr(type(checker), name) is not getattr(Checker, name)


def _plain(value: object) -> object:
    """Spell what msgspec does not know, without an address in memory."""
    if isinstance(value, Stamped):
        return [value.generation, type(value.message).__name__, value.message]
    if isinstance(value, Ask):
        return [value.asker, type(value.message).__name__, value.message]
    raise TypeError(f"{type(value).__name__} cannot be hashed")


def verdicts(checkers: tuple[Checker, ...]) -> Iterator[Verdict]:
    """What each found, in order."""
    for checker in checkers:
        yield checker.verdict()
