"""How the bytes of one connection reach its client: as they are, late, in crumbs, or never."""

from __future__ import annotations

import math

import trio


class Line:
    """What lies between a venue and one client."""

    def __init__(self) -> None:
        self.stalled_until_s = 0.0
        self._piece_bytes = 0
        self._pause_s = 0.0
        self._crumbled_until_s = 0.0

    @property
    def dead(self) -> bool:
        """Whether nothing passes any more, in either direction."""
        return self.stalled_until_s == math.inf

    def stall(self, duration_s: float) -> None:
        """Let nothing pass for so long; for ever when infinite."""
        self.stalled_until_s = max(self.stalled_until_s, trio.current_time() + duration_s)

    def crumble(self, piece_bytes: int, pause_s: float, duration_s: float) -> None:
        """Pass pieces of so many bytes, with a pause after each, for so long."""
        self._piece_bytes, self._pause_s = piece_bytes, pause_s
        self._crumbled_until_s = trio.current_time() + duration_s

    def recover(self) -> None:
        """Let everything pass again."""
        self._crumbled_until_s = 0.0

    async def send(self, stream: trio.abc.Stream, data: bytes) -> None:
        """Send it all; raises what the stream raises."""
        start = 0
        while trio.current_time() < self._crumbled_until_s and start < len(data):
            end = start + self._piece_bytes
            await stream.send_all(data[start:end])
            start = end
            if self._pause_s:
                await trio.sleep(self._pause_s)
        if start < len(data):
            await stream.send_all(data[start:] if start else data)
