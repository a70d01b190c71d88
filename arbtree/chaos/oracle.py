"""Two independent answers to what a book must be: its own events replayed, and the venue's truth.

Neither shares code with the engine's books or its sequence rules.  The replay keeps plain
dictionaries of floats; the truth is the simulator's own book at the update id that a top names.
"""

from __future__ import annotations

import heapq
from collections import deque
from collections.abc import Sequence

from arbtree.chaos.history import Checker
from messages.books import BookDark, BookTop, FeedOpened
from messages.market import BookDelta, BookSnapshot, Levels
from simulator.book import Book
from simulator.listing import LiveListing
from simulator.topics import StreamName

EVENTS_KEPT = 4_000
"""Accepted events of one book from which a replay may begin: minutes, more than any outage."""
SNAPSHOTS_KEPT = 8
COMPARED_EVERY = 8
"""Every so many tops are compared level by level, and the first after darkness; ids always are."""
TRUTHS_KEPT = 600
"""Published states of one book that are remembered: a minute at ten a second."""


class _Replay:
    """One book as its accepted messages make it."""

    __slots__ = (
        "asks", "at_id", "bids", "epoch", "events", "feed", "served", "snapshots", "tops",
        "valid", "waiting",
    )  # fmt: skip

    def __init__(self, served: int) -> None:
        self.served = served
        self.feed: FeedOpened | None = None
        self.epoch = -1
        self.valid = False
        self.at_id = 0
        self.bids: dict[float, float] = {}
        self.asks: dict[float, float] = {}
        self.events: deque[BookDelta] = deque(maxlen=EVENTS_KEPT)
        self.waiting: deque[BookDelta] = deque(maxlen=EVENTS_KEPT)
        self.snapshots: deque[BookSnapshot] = deque(maxlen=SNAPSHOTS_KEPT)
        self.tops = 0

    def begin(self, feed: FeedOpened) -> None:
        self.feed = feed
        self.epoch, self.valid = feed.epoch, False
        self.events.clear()
        self.waiting.clear()
        self.snapshots.clear()

    def take(self, delta: BookDelta) -> None:
        self.events.append(delta)
        self.waiting.append(delta)

    def load(self, snapshot: BookSnapshot) -> None:
        self.at_id = snapshot.last_id
        self.bids = dict(snapshot.bids)
        self.asks = dict(snapshot.asks)

    def apply(self, delta: BookDelta) -> None:
        for side, levels in ((self.bids, delta.bids), (self.asks, delta.asks)):
            for price, amount in levels:
                if amount:
                    side[price] = amount
                else:
                    side.pop(price, None)
        # A stream of so many levels says nothing of a level that it has pushed out.
        while self.served and len(self.bids) > self.served:
            del self.bids[min(self.bids)]
        while self.served and len(self.asks) > self.served:
            del self.asks[max(self.asks)]
        self.at_id = delta.last_id

    def follow(self, events: Sequence[BookDelta] | deque[BookDelta], to_id: int) -> bool:
        """Apply what continues, up to an id; False when that id is not reached without a break."""
        fresh = self.at_id
        for delta in events:
            if delta.last_id <= self.at_id or delta.last_id > to_id:
                continue
            chained = delta.previous_id >= 0
            bridges = self.at_id == fresh and delta.first_id <= self.at_id + 1
            follows = delta.previous_id == self.at_id if chained else (
                delta.first_id <= self.at_id + 1
            )  # fmt: skip
            if not (follows or bridges):
                return False
            self.apply(delta)
        return self.at_id == to_id

    def reach(self, to_id: int) -> bool:
        """Come to an id: from where it stands, else from the newest snapshot that leads there."""
        if self.valid and self.follow(self.waiting, to_id):
            while self.waiting and self.waiting[0].last_id <= to_id:
                self.waiting.popleft()
            return True
        for snapshot in reversed(self.snapshots):
            if snapshot.last_id > to_id:
                continue
            self.load(snapshot)
            if self.follow(self.events, to_id):
                self.waiting = deque(
                    (one for one in self.events if one.last_id > to_id), EVENTS_KEPT
                )
                self.valid = True
                return True
        return False

    def top(self, levels: int) -> tuple[Levels, Levels]:
        bids = heapq.nlargest(levels, self.bids.items())
        return tuple(bids), tuple(heapq.nsmallest(levels, self.asks.items()))


class ReplayChecker(Checker):
    """Each top is what the messages that its book accepted make of it."""

    name = "replay"
    sentence = "Each book equals a replay of the messages it accepted."

    def __init__(self) -> None:
        super().__init__()
        self._books: dict[str, _Replay] = {}
        self._served: dict[str, int] = {}

    def serve(self, book: str, levels: int) -> None:
        """Say how many levels a side the stream of a book keeps up to date; 0: all."""
        self._served[book] = levels

    def _book(self, path: str) -> _Replay:
        book = self._books.get(path)
        if book is None:
            book = self._books[path] = _Replay(self._served.get(path, 0))
        return book

    def opened(self, book: str, message: FeedOpened) -> None:
        """A new epoch, or new rules: an empty book; what a life of it has heard is no news."""
        mine = self._book(book)
        if message != mine.feed:
            mine.begin(message)

    def state(self, path: str, state: str, generation: int) -> None:
        """A new life of a book has heard of no feed."""
        if state == "starting" and path in self._books:
            self._books[path].feed = None

    def delta(self, book: str, message: BookDelta) -> None:
        """One more event."""
        mine = self._book(book)
        if message.epoch == mine.epoch:
            mine.take(message)

    def snapshot(self, book: str, message: BookSnapshot) -> None:
        """One more snapshot."""
        mine = self._book(book)
        if message.epoch == mine.epoch:
            mine.snapshots.append(message)
            if message.replaces:
                mine.events.clear()
                mine.waiting.clear()
                mine.valid = False

    def dark(self, book: str, message: BookDark) -> None:
        """What it knew is given up: only a snapshot leads back."""
        self._book(book).valid = False

    def top(self, book: str, message: BookTop) -> None:
        """Compare."""
        mine = self._book(book)
        was_valid = mine.valid
        self.looked_at += 1
        if message.epoch != mine.epoch:
            self.violate(f"{book}: a top of epoch {message.epoch}, its feed is {mine.epoch}")
            return
        if not mine.reach(message.sequence):
            self.violate(f"{book}: nothing it accepted leads to sequence {message.sequence}")
            return
        mine.tops += 1
        if was_valid and mine.tops % COMPARED_EVERY:
            return
        bids, asks = mine.top(max(len(message.bids), len(message.asks)))
        if not _equal(bids, message.bids) or not _equal(asks, message.asks):
            self.violate(f"{book}: differs from its own events at {message.sequence}")


def _equal(one: Levels, other: Levels) -> bool:
    """Whether both are one side of a book, to the same depth; there are no empty sides."""
    return bool(one) and one == other


class TruthChecker(Checker):
    """Each top is what the venue's own book was at that update id."""

    name = "truth"
    sentence = "Each book equals the venue's own book at the sequence it names."

    def __init__(self) -> None:
        super().__init__()
        self._states: dict[str, dict[int, tuple[list[tuple[int, int]], list[tuple[int, int]]]]] = {}
        self._live: dict[str, LiveListing] = {}
        self._tops: dict[str, int] = {}
        self.unknown = 0

    def watch(self, book: str, live: LiveListing, levels: int) -> None:
        """Remember what a listing's depth streams tell of its book."""
        states = self._states[book] = {}
        self._live[book] = live

        def witness(name: StreamName, venue_book: Book) -> None:
            state = venue_book.bids.top(levels), venue_book.asks.top(levels)
            states[venue_book.last_id] = state
            if len(states) > TRUTHS_KEPT:
                del states[next(iter(states))]

        live.witness = witness

    def dark(self, book: str, message: BookDark) -> None:
        """The next top is compared whatever its turn."""
        self._tops[book] = 0

    def top(self, book: str, message: BookTop) -> None:
        """Compare now and then."""
        seen = self._tops.get(book, 0)
        self._tops[book] = seen + 1
        if seen % COMPARED_EVERY or book not in self._states:
            return
        state = self._states[book].get(message.sequence)
        if state is None:
            self.unknown += 1  # a snapshot may show any moment between two events
            return
        self.looked_at += 1
        listing = self._live[book].listing
        for told, true in zip((message.bids, message.asks), state, strict=True):
            levels = tuple(
                (float(listing.price_text(tick)), float(listing.amount_text(lots)))
                for tick, lots in true
            )
            if not _equal(told, levels):
                self.violate(f"{book}: not the venue's book at {message.sequence}")
                return
