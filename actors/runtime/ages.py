"""How old the oldest message of a queue is, without a clock reading for each.

A stamp says at what time a message of that number was there.  One is taken when a message comes
into an empty queue, and one for every 64 after it, so an age may be that of one of the 63 before:
never too low, and a quiet mailbox costs nothing.  Of a conflating mailbox it is the age of the
place in the queue; its news may be younger.
"""

from __future__ import annotations

from collections import deque

import trio

STAMP_EVERY = 64
"""Messages a stamp stands for: as many as a turn takes."""


class Ages:
    """The stamps of one mailbox.

    Attributes:
        seen: how many messages had been accepted when it was looked at last.
        last: the number of the message that was stamped last.
    """

    __slots__ = ("_stamps", "last", "seen")

    def __init__(self) -> None:
        self._stamps: deque[tuple[int, float]] = deque()
        self.last = 0
        self.seen = 0

    def stamp(self, accepted: int, taken: int) -> None:
        """Note that the messages accepted since the last look have come just now."""
        if accepted == max(taken, self.seen):
            return
        if taken >= self.seen:
            self._stamps.clear()  # nothing that came before is queued any more
        else:
            self._forget(taken)
        self.last = self.seen + 1
        self._stamps.append((self.last, trio.current_time()))

    def oldest_s(self, accepted: int, taken: int, now_s: float) -> float | None:
        """Return the age of the oldest queued message in seconds; None when nothing is queued."""
        if accepted == taken or not self._stamps:
            return None
        self._forget(taken)
        return max(0.0, now_s - self._stamps[0][1])

    def _forget(self, taken: int) -> None:
        stamps = self._stamps
        while len(stamps) > 1 and stamps[1][0] <= taken + 1:
            stamps.popleft()
