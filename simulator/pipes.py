"""Bounded in-memory streams: two ends of a pipe that behaves like a socket pair.

Unlike trio's own testing streams they push back on a fast sender, and unlike sockets they move
bytes at once and in the order they were sent, which keeps a virtual world deterministic.
"""

from __future__ import annotations

import operator

import trio

CAPACITY_BYTES = 262_144
"""What a direction holds before its sender waits: about a kernel's socket buffers."""
READ_BYTES = 65_536
"""The most one read returns when the reader names no limit."""


class _Direction:
    """Bytes on their way from one end to the other."""

    def __init__(self) -> None:
        self.data = bytearray()
        self.ended = False
        self.broken = False
        self.parked = trio.lowlevel.ParkingLot()

    def wake(self) -> None:
        self.parked.unpark_all()


class PipeEnd(trio.abc.HalfCloseableStream):
    """One end: sends into one direction, receives from the other."""

    def __init__(self, outgoing: _Direction, incoming: _Direction) -> None:
        self._out = outgoing
        self._in = incoming
        self._closed = False
        self._sending = False
        self._receiving = False

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send everything, waiting while the other end does not read.

        Raises:
            trio.BusyResourceError: another task is sending.
            trio.ClosedResourceError: this end is closed or has sent its end.
            trio.BrokenResourceError: the other end is gone.
        """
        if self._sending:
            raise trio.BusyResourceError("another task is sending on this pipe")
        self._sending = True
        try:
            await trio.lowlevel.checkpoint()
            rest = memoryview(bytes(data))
            while True:
                self._check_sendable()
                room = CAPACITY_BYTES - len(self._out.data)
                if room > 0:
                    self._out.data += rest[:room]
                    rest = rest[room:]
                    self._out.wake()
                if not rest:
                    return
                await self._out.parked.park()
        finally:
            self._sending = False

    def _check_sendable(self) -> None:
        if self._closed or self._out.ended:
            raise trio.ClosedResourceError("this end of the pipe is closed")
        if self._out.broken:
            raise trio.BrokenResourceError("the other end of the pipe is gone")

    async def wait_send_all_might_not_block(self) -> None:
        """Wait until the other end has read enough; raises what `send_all` raises."""
        if self._sending:
            raise trio.BusyResourceError("another task is sending on this pipe")
        self._sending = True
        try:
            await trio.lowlevel.checkpoint()
            self._check_sendable()
            while len(self._out.data) >= CAPACITY_BYTES:
                await self._out.parked.park()
                self._check_sendable()
        finally:
            self._sending = False

    async def send_eof(self) -> None:
        """Say that nothing more will be sent; raises what `send_all` raises."""
        if self._sending:
            raise trio.BusyResourceError("another task is sending on this pipe")
        await trio.lowlevel.checkpoint()
        if self._closed:
            raise trio.ClosedResourceError("this end of the pipe is closed")
        self._out.ended = True
        self._out.wake()

    async def receive_some(self, max_bytes: int | None = None) -> bytes:
        """Receive what is there, waiting for the first byte; empty at the end.

        Raises:
            trio.BusyResourceError: another task is receiving.
            trio.ClosedResourceError: this end is closed.
            trio.BrokenResourceError: the connection was cut.
            ValueError: less than one byte is asked for.
        """
        size = READ_BYTES if max_bytes is None else operator.index(max_bytes)
        if size < 1:
            raise ValueError("a read takes at least one byte")
        if self._receiving:
            raise trio.BusyResourceError("another task is receiving on this pipe")
        self._receiving = True
        try:
            await trio.lowlevel.checkpoint()
            while True:
                if self._closed:
                    raise trio.ClosedResourceError("this end of the pipe is closed")
                if self._in.data:
                    chunk = bytes(self._in.data[:size])
                    del self._in.data[: len(chunk)]
                    self._in.wake()
                    return chunk
                if self._in.broken:
                    raise trio.BrokenResourceError("the connection was reset")
                if self._in.ended:
                    return b""
                await self._in.parked.park()
        finally:
            self._receiving = False

    def close(self) -> None:
        """Close at once; the other end reads what is under way, then the end."""
        self._closed = True
        self._out.ended = True
        self._in.broken = True
        self._out.wake()
        self._in.wake()

    def reset(self) -> None:
        """Cut at once: the other end gets an error and what was under way is gone."""
        self._out.data.clear()
        self._out.broken = True
        self.close()

    async def aclose(self) -> None:
        """Close; see `close`."""
        self.close()
        await trio.lowlevel.checkpoint()


def pipe() -> tuple[PipeEnd, PipeEnd]:
    """Two connected ends."""
    there, back = _Direction(), _Direction()
    return PipeEnd(there, back), PipeEnd(back, there)
