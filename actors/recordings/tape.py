"""A capture that is written while it happens: a bounded queue, and a thread that empties it.

Whoever records hands records over without waiting.  A thread compresses and writes them, so a
slow disk stops no socket: the queue grows to its bound, and what finds it full is counted as lost.
The file gets its name only when `run` completes it after `close`; however else the work ends,
nothing bears the name.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Final

import trio
from msgspec import Struct

from actors.recordings.capture import MAX_CAPTURE_BYTES, CaptureWriter
from actors.recordings.records import Feed, Kind, Record
from messages.errors import EnvironmentFault

if TYPE_CHECKING:
    from actors.runtime.clock import Clock

MAX_QUEUED_BYTES: Final = 1 << 26
"""Payload waiting for the disk, 64 MiB: the largest symbol-info answers are 20 MB, and a busy
venue of 300 symbols sends about 2 MB a second, so half a minute of a stalled disk is bridged."""

MAX_QUEUED_RECORDS: Final = 1 << 18
"""Small records cost more than their payload: 100 MB at this number."""

WRITE_EVERY_S: Final = 0.1
"""A trip to the thread costs as much as receiving several frames, so frames are gathered."""

COMPLETE_WITHIN_S: Final = 60.0
"""Time to write what still waits and to make it durable: the whole queue at 1 MB a second."""

RESERVE_BYTES: Final = 1 << 30
"""A capture this close to its bound is full: what still waits and the end must fit in."""

Worker = Callable[[Callable[[], None]], Awaitable[None]]
"""Runs a blocking function aside and returns when it has ended."""


class TapeCounts(Struct):
    """What was recorded and what was not; `bytes` counts payloads as received."""

    frames: int = 0
    answers: int = 0
    bytes: int = 0
    lost: int = 0


async def in_thread(work: Callable[[], None]) -> None:
    """Run this in a thread; it is left behind when the waiting is cancelled (a dead disk)."""
    await trio.to_thread.run_sync(work, abandon_on_cancel=True)


class Tape:
    """One capture in the making.

    Wall time is the start's plus the monotonic time since, so that no step of the wall clock
    puts records out of order.

    Args:
        path: the capture to come; an existing file is replaced at the end, in one step.
        clock: read once for the time at the start.
        worker: runs what may block.
        max_bytes: most bytes of text; a little before, the tape is `full`.
        max_queued_bytes: most bytes of payload that may wait for the disk.

    Raises:
        EnvironmentFault: the file cannot be written.
    """

    def __init__(
        self,
        path: Path,
        clock: Clock,
        *,
        worker: Worker = in_thread,
        max_bytes: int = MAX_CAPTURE_BYTES,
        max_queued_bytes: int = MAX_QUEUED_BYTES,
    ) -> None:
        self.path = path
        self.counts = TapeCounts()
        self.failure: EnvironmentFault | None = None
        self.ended = trio.Event()
        """Set when nothing more can be written: the disk failed, or the tape is full."""
        self.full = False
        self.completed = False
        self._writer = CaptureWriter(path)
        self._worker = worker
        self._full_bytes = max_bytes - RESERVE_BYTES
        self._max_queued_bytes = max_queued_bytes
        self._wall_ns = clock.wall_ns() - clock.now_ns()
        self._last_ns = 0
        self._queue: list[tuple[Record, int, int]] = []
        self._queued_bytes = 0
        self._closing = trio.Event()

    # -- recording ------------------------------------------------------------------------------

    def record(
        self, kind: Kind, feed: Feed, payload: bytes, about: str, received_ns: int, epoch: int
    ) -> None:
        """Take one record, or count it as lost.

        Args:
            kind, feed, payload, about: see `records.Record`.
            received_ns: monotonic time of its receipt.
            epoch: the connection life it belongs to, 0 for none.
        """
        size = len(payload)
        crowded = (
            self._queued_bytes + size > self._max_queued_bytes
            or len(self._queue) >= MAX_QUEUED_RECORDS
        )
        if crowded or self.ended.is_set() or self._closing.is_set():
            self.counts.lost += 1
            return
        # An answer is read after frames that came later: the order of the file is that of reading.
        at_ns = self._last_ns = max(self._last_ns, self._wall_ns + received_ns)
        self._queue.append(((at_ns, kind, feed, payload, about), received_ns, epoch))
        self._queued_bytes += size
        self.counts.bytes += size
        self.counts.frames += kind is Kind.FRAME
        self.counts.answers += kind is Kind.ANSWER

    def close(self) -> None:
        """Say that nothing more will come: `run` completes the file."""
        self._closing.set()

    # -- writing --------------------------------------------------------------------------------

    async def run(self) -> None:
        """Write until `close`, then complete the file; `failure` tells why it is not there."""
        try:
            while not self._closing.is_set():
                with trio.move_on_after(WRITE_EVERY_S):
                    await self._closing.wait()
                if not self._closing.is_set():
                    await self._write_queued()
            with trio.move_on_after(COMPLETE_WITHIN_S):
                await self._write_queued()
                await self._worker(self._writer.complete)
                self.completed = True
            if not self.completed:
                raise EnvironmentFault(
                    f"{self.path}: not completed, the disk took longer than {COMPLETE_WITHIN_S:g} s"
                )
        except EnvironmentFault as error:
            self.failure = error
        finally:
            self.ended.set()
            if not self.completed:
                self._writer.discard()

    async def _write_queued(self) -> None:
        """Write what waits now; it counts as waiting until it is written."""
        batch, self._queue = self._queue, []
        if not batch:
            return
        await self._worker(partial(self._write, batch))
        self._queued_bytes -= sum(len(record[3]) for record, _, _ in batch)
        if self._writer.bytes_written > self._full_bytes:
            self.full = True
            self.ended.set()

    def _write(self, batch: list[tuple[Record, int, int]]) -> None:
        for record, monotonic_ns, epoch in batch:
            self._writer.write(record, monotonic_ns=monotonic_ns, epoch=epoch)
