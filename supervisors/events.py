"""The log of what happened to actors: a bounded ring, counters for ever, and listeners."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable

from msgspec import Struct

from actors.runtime.clock import Clock

MAX_EVENTS = 4_096  # the last hour of a bad day; about 1 MB
MAX_TEXT = 1_000  # characters of one event


class LifecycleEvent(Struct, frozen=True):
    """One thing that happened to one child.

    `kind`: starting, ready, normal, shutdown, outage, crash, killed, fatal, backoff, stopping,
    stuck, quarantined, gave_up, removed, signal, or what an actor named in a note of its own.
    `sequence` counts from 1 without gaps, so a reader sees what it missed.
    """

    sequence: int
    at_ns: int
    wall_ns: int
    path: str
    generation: int
    kind: str
    text: str


Listener = Callable[[LifecycleEvent], None]


class Events:
    """The event log of one run.

    Args:
        clock: stamps every event.
    """

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._ring: deque[LifecycleEvent] = deque(maxlen=MAX_EVENTS)
        self._listeners: list[Listener] = []
        self.sequence = 0
        self.counts: dict[str, int] = {}
        self.listener_errors = 0

    def subscribe(self, listener: Listener) -> None:
        """Call this with every event from now on; one that raises is counted and dropped."""
        self._listeners.append(listener)

    def add(self, path: str, generation: int, kind: str, text: str = "") -> None:
        """Log one event."""
        self.sequence += 1
        self.counts[kind] = self.counts.get(kind, 0) + 1
        event = LifecycleEvent(
            self.sequence,
            self._clock.now_ns(),
            self._clock.wall_ns(),
            path,
            generation,
            kind,
            text[:MAX_TEXT],
        )
        self._ring.append(event)
        for listener in tuple(self._listeners):
            try:
                listener(event)
            except Exception:
                self.listener_errors += 1
                self._listeners.remove(listener)

    def since(self, sequence: int = 0) -> list[LifecycleEvent]:
        """Return the events after this sequence that are still kept, oldest first."""
        return [event for event in self._ring if event.sequence > sequence]
