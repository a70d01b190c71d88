"""Who waits for room in a mailbox."""

from __future__ import annotations

import trio

from actors.runtime.whereabouts import current_path


class Blocked:
    """A sender that waits for room: its path (empty if it is no actor), and until when."""

    __slots__ = ("accepted", "deadline_s", "message", "sender", "settled")

    def __init__(self, message: object, timeout_s: float) -> None:
        self.message = message
        self.sender = current_path.get()
        self.deadline_s = trio.current_time() + timeout_s
        self.settled = trio.Event()
        self.accepted = False
