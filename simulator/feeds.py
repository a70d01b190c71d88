"""Streams that are served at intervals: when, and what of a book's changes they tell."""

from __future__ import annotations

from bisect import bisect_left

from simulator.book import Book, Diff, Side, Trade
from simulator.topics import Kind, StreamName, Topic

NO_EDGE = -(2**62)
"""Below any price key: a side with fewer levels than the window has no edge."""


def next_due_ms(now_ms: int, every_ms: int) -> int:
    """The next moment on the grid of that interval, strictly later than now."""
    return (now_ms // every_ms + 1) * every_ms


class Window:
    """Cuts a stream's changes to the best levels a side, as venues with a fixed depth do.

    A level is told when it changes within the window or enters it.  One that leaves is not told:
    who follows keeps no more levels than the window has.  Edges are keys (see `Side`), and the
    highest since the last event counts, because a snapshot may show any moment in between.
    """

    __slots__ = ("_edges", "levels")

    def __init__(self, book: Book, levels: int) -> None:
        self.levels = levels
        self._edges = [self._edge(book.bids), self._edge(book.asks)]

    def _edge(self, side: Side) -> int:
        return side.keys[-self.levels] if len(side.keys) >= self.levels else NO_EDGE

    def note(self, book: Book) -> None:
        """Remember where the edges lie between two events."""
        edges = self._edges
        edges[0] = max(edges[0], self._edge(book.bids))
        edges[1] = max(edges[1], self._edge(book.asks))

    def cut(self, diff: Diff, book: Book) -> None:
        """Reduce what changed since the last event to what the window tells."""
        diff.bids = self._told(0, book.bids, diff.bids)
        diff.asks = self._told(1, book.asks, diff.asks)

    def _told(self, place: int, side: Side, changed: dict[int, int]) -> dict[int, int]:
        sign, before, edge = side.sign, self._edges[place], self._edge(side)
        self._edges[place] = edge
        told = {tick: lots for tick, lots in changed.items() if tick * sign >= edge}
        if edge < before:
            keys = side.keys
            for key in keys[bisect_left(keys, edge) : bisect_left(keys, before)]:
                told[key * sign] = side.lots[key]
        return told


class Feed:
    """One topic that is served at intervals.

    `last_id` is what was sent last: an update id, or the opening time of a candle; `best` the
    best levels that were sent last; `trades` those not yet sent.
    """

    __slots__ = ("best", "diff", "due_ms", "last_id", "name", "topic", "trades", "window")

    def __init__(self, topic: Topic, name: StreamName, book: Book | None, now_ms: int) -> None:
        self.topic = topic
        self.name = name
        self.last_id = 0
        self.best: object = None
        self.trades: list[Trade] = []
        self.diff: Diff | None = None
        self.window: Window | None = None
        if book is not None and name.kind in (Kind.DIFF, Kind.IN_BAND):
            self.diff = book.watch()
            if name.levels:
                self.window = Window(book, name.levels)
        self.due_ms = now_ms if name.every_ms == 0 else next_due_ms(now_ms, name.every_ms)
