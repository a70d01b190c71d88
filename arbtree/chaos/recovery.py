"""How long each fault darkened its books: blame by time and place, the latest fault first."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

import trio

from arbtree.chaos.history import Checker
from arbtree.chaos.report import FaultRecord, Spread
from messages.books import BookDark, BookTop
from messages.faults import fault_kind
from supervisors.chaos.nemesis import Injected
from supervisors.chaos.schedule import Planned

BLAME_FOR_S = 5.0
"""A book that goes dark later than this after a fault was over is not dark because of it."""
SLOW_BLAME_FOR_S = 30.0
"""The same of what is noticed by silence alone."""
SLOW = frozenset({"half_open", "silent_topic", "unanswered_ping", "dropped_subscription"})
ENDS_CONNECTION = frozenset({"truncated_message", "unknown_type"})
"""Kinds that are aimed at the events of one book and end the connection that brings them."""


class _Open:
    """A fault whose consequences are not all known."""

    __slots__ = ("books", "dark", "dark_s", "injected", "live_s")

    def __init__(self, injected: Injected, books: frozenset[str]) -> None:
        self.injected = injected
        self.books = books
        self.dark: set[str] = set()
        self.dark_s: float | None = None
        self.live_s: float | None = None


class Recovery(Checker):
    """Follows which books are live, and which fault may have darkened them."""

    name = "recovery"
    sentence = "Every book that a fault darkened was live again."

    def __init__(self, books_of: Callable[[Planned], Sequence[str]]) -> None:
        super().__init__()
        self._books_of = books_of
        self._began_s = 0.0
        self._all: list[_Open] = []
        self._open: list[_Open] = []
        self._over = False
        self.live: dict[str, bool] = {}

    def begin(self) -> None:
        """Times count from now on."""
        self._began_s = trio.current_time()

    def strikes(self, injected: Injected) -> None:
        """A fault is carried out now: what goes dark in this very moment is its own."""
        opened = _Open(injected, frozenset(self._books_of(injected.planned)))
        self._all.append(opened)
        self._open.append(opened)
        now_s = trio.current_time()
        self._open = [one for one in self._open if one.dark or _may_blame(one, now_s)]

    def missed(self, injected: Injected) -> None:
        """There was nothing to strike."""
        self._all = [one for one in self._all if one.injected is not injected]
        self._open = [one for one in self._open if one.injected is not injected]

    def top(self, book: str, message: BookTop) -> None:
        """A book is live."""
        if self.live.get(book):
            return
        self.live[book] = True
        now_s = trio.current_time()
        for opened in self._open:
            if book in opened.dark:
                opened.dark.discard(book)
                opened.live_s = None if opened.dark else now_s
        self._open = [one for one in self._open if one.live_s is None]

    def dark(self, book: str, message: BookDark) -> None:
        """A book is dark."""
        if self._over or self.live.get(book) is False:
            return
        self.live[book] = False
        now_s = trio.current_time()
        for opened in reversed(self._open):
            if book in opened.books and _may_blame(opened, now_s):
                opened.dark.add(book)
                if opened.dark_s is None:
                    opened.dark_s = now_s
                return  # the latest fault takes the blame

    def has_recovered(self, injected: Injected) -> bool:
        """Whether a fault darkened something and all of it was live again."""
        return any(one.injected is injected and one.live_s is not None for one in self._all)

    def finish(self) -> None:
        """The stop is near: whoever is still dark has not recovered."""
        self._over = True
        for opened in self._all:
            self.looked_at += 1
            if opened.dark_s is not None and opened.live_s is None:
                planned = opened.injected.planned
                self.violate(f"{planned.fault} at {planned.target}: not live again")

    def records(self) -> tuple[FaultRecord, ...]:
        """Every fault with what followed."""
        return tuple(self._record(opened) for opened in self._all)

    def _record(self, opened: _Open) -> FaultRecord:
        planned, at_s = opened.injected.planned, opened.injected.at_s
        dark_s, live_s = opened.dark_s, opened.live_s
        return FaultRecord(
            round(at_s - self._began_s, 3),
            planned.duration_s,
            planned.fault,
            fault_kind(planned.fault).group.value,
            planned.target,
            None if dark_s is None else round(dark_s - at_s, 6),
            None if live_s is None else round(max(0.0, live_s - opened.injected.over_s), 6),
        )


def _may_blame(opened: _Open, now_s: float) -> bool:
    slow = opened.injected.planned.fault in SLOW
    within_s = SLOW_BLAME_FOR_S if slow else BLAME_FOR_S
    return now_s <= opened.injected.over_s + within_s


def spread(times_s: Sequence[float]) -> Spread:
    """Middle, 99th percentile (nearest rank) and worst."""
    if not times_s:
        return Spread(0, None, None, None)
    ordered = sorted(times_s)
    count = len(ordered)
    middle, late = ordered[(count - 1) // 2], ordered[min(count - 1, -(-count * 99 // 100) - 1)]
    return Spread(count, round(middle, 6), round(late, 6), round(ordered[-1], 6))


def books_reached(books: Mapping[str, str], planned: Planned) -> list[str]:
    """The books that this fault may darken.

    Args:
        books: path of each book, and of the connection that feeds it.
        planned: what strikes where.
    """
    target = planned.target
    if planned.fault in ENDS_CONNECTION:
        target = books.get(target, target)
    return books_below(books, target)


def books_below(books: Mapping[str, str], target: str) -> list[str]:
    """The books that a fault at this path may darken.

    Args:
        books: path of each book, and of the connection that feeds it.
        target: where the fault was aimed at.
    """
    if target in books:
        return [target]
    if target.endswith(("/auditor", "/detector")):
        return []  # their failures darken nothing
    fed = [book for book, connection in books.items() if connection == target]
    if fed:
        return fed
    venue = "/".join(target.split("/")[:3])
    if venue.count("/") < 2:
        return list(books)
    return [book for book in books if book.startswith(f"{venue}/")]
