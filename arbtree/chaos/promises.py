"""Places that a live run keeps free, so that kinds which take a whole venue get their turn.

Where many faults strike single books, a venue on which nothing is amiss is never found by chance.
"""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Sequence

from messages.faults import CONNECTIONS, ENGINE, VENUES, FaultKind, aimable

BROAD = (VENUES, CONNECTIONS, ENGINE)
"""Targets of such kinds."""
PROMISES = 2
"""So many places are kept free at a time; the others are struck as ever."""
PROMISED_FOR_S = 20.0
"""A place that is not idle by then goes to the next kind; this one waits again."""


class Promises:
    """Which place is kept for which kind.

    Args:
        kinds: that a run draws from.
        books_of: the books that a fault at a path may darken.
        idle: whether a book may be struck now.
        chance: draws among equal places.
    """

    def __init__(
        self,
        kinds: Sequence[FaultKind],
        books_of: Callable[[str], Sequence[str]],
        idle: Callable[[str], bool],
        chance: random.Random,
    ) -> None:
        # Who needs all books at once comes first: nothing is amiss only at the start.
        broad = (kind for kind in kinds if kind.target in BROAD)
        self._waiting = sorted(broad, key=lambda one: one.target != ENGINE)
        self._books_of, self._idle, self._chance = books_of, idle, chance
        self._kept: dict[str, tuple[str, float]] = {}

    def renew(self, paths: list[str], now_s: float) -> list[FaultKind]:
        """Keep places for kinds that had no turn yet; afterwards they are drawn as all others.

        Args:
            paths: of the tree, those that run.
            now_s: seconds of the run's clock.

        Returns:
            The kinds that have a promise.
        """
        for kind in [one for one in self._waiting if now_s >= self._until_s(one)]:
            del self._kept[kind.name]
            self._waiting.remove(kind)
            self._waiting.append(kind)
        for kind in [one for one in self._waiting if one.name not in self._kept]:
            places = [path for path in aimable(kind, paths) if self.is_free(kind, path)]
            if len(self._kept) >= PROMISES or not places:
                break  # what is kept now comes first
            self._chance.shuffle(places)
            self._kept[kind.name] = max(places, key=self._idle_share), now_s + PROMISED_FOR_S
        return [kind for kind in self._waiting if kind.name in self._kept]

    def place(self, kind: FaultKind) -> str | None:
        """The place that is kept for a kind, if any."""
        kept = self._kept.get(kind.name)
        return kept[0] if kept is not None else None

    def is_free(self, kind: FaultKind, path: str) -> bool:
        """Whether nothing here is kept for another kind."""
        mine = {path, *self._books_of(path)}
        return not any(
            name != kind.name and mine & {kept, *self._books_of(kept)}
            for name, (kept, _) in self._kept.items()
        )

    def struck(self, name: str) -> None:
        """A kind had its turn."""
        self._waiting = [kind for kind in self._waiting if kind.name != name]
        self._kept.pop(name, None)

    def _until_s(self, kind: FaultKind) -> float:
        return self._kept[kind.name][1] if kind.name in self._kept else math.inf

    def _idle_share(self, path: str) -> float:
        books = self._books_of(path)
        return sum(map(self._idle, books)) / len(books) if books else 1.0
