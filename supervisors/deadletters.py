"""Messages that nobody will handle: the last ones to look at, counters for all of them."""

from __future__ import annotations

from collections import deque

from msgspec import Struct

from actors.runtime.clock import Clock

MAX_DEAD_LETTERS = 256  # kept to look at; all are counted


class DeadLetterRow(Struct, frozen=True):
    """A message that a mailbox lost into the dead letters.

    `sequence` counts from 1 without gaps; `reason` is what the mailbox counts the loss under.
    """

    sequence: int
    wall_ns: int
    path: str
    message: object
    reason: str


class DeadLetters:
    """The dead letters of one run.

    Args:
        clock: stamps every letter.

    Attributes:
        count: of all letters.
        by_path: of each mailbox, over all reasons.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._kept: deque[DeadLetterRow] = deque(maxlen=MAX_DEAD_LETTERS)
        self.count = 0
        self.by_path: dict[str, int] = {}

    def bury(self, path: str, message: object, reason: str) -> None:
        """Keep one; the oldest makes room."""
        self.count += 1
        self.by_path[path] = self.by_path.get(path, 0) + 1
        self._kept.append(DeadLetterRow(self.count, self._clock.wall_ns(), path, message, reason))

    def since(self, sequence: int = 0) -> list[DeadLetterRow]:
        """Return the letters after this one that are still kept, oldest first."""
        return [row for row in self._kept if row.sequence > sequence]
