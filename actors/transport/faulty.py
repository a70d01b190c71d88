"""Streams that can be broken on purpose: the wire faults of chaos, at the dial seam.

`FaultyDialer` stands in front of any dialer.  It knows which actor dialled each open stream, so a
fault can be aimed at one connection, and what is broken looks to that actor just as a broken
network does: a `BrokenResourceError` from whatever it awaits.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import TypeVar

import trio

from actors.runtime.whereabouts import current_path
from actors.transport.dial import Dialer

T = TypeVar("T")


class FaultyStream(trio.abc.Stream):
    """A stream that works until it is cut.

    Args:
        stream: the stream below.
        path: of the actor that dialled it; empty outside actors.
        closed: called once when it is closed.
    """

    def __init__(
        self, stream: trio.abc.Stream, path: str, closed: Callable[[FaultyStream], None]
    ) -> None:
        self.path = path
        self.is_cut = False
        self._stream = stream
        self._closed = closed
        self._waits: set[trio.CancelScope] = set()

    def cut(self) -> None:
        """Break it now, in both directions and without a word to the peer."""
        self.is_cut = True
        for scope in self._waits:
            scope.cancel(reason="the stream was cut")

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send, unless cut."""
        await self._unless_cut(lambda: self._stream.send_all(data))

    async def wait_send_all_might_not_block(self) -> None:
        """See trio."""
        await self._unless_cut(self._stream.wait_send_all_might_not_block)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive, unless cut."""
        return await self._unless_cut(lambda: self._stream.receive_some(max_bytes))

    async def aclose(self) -> None:
        """Close the stream below; a cut one without saying goodbye."""
        self._closed(self)
        if self.is_cut:
            await trio.aclose_forcefully(self._stream)
        else:
            await self._stream.aclose()

    async def _unless_cut(self, wait: Callable[[], Awaitable[T]]) -> T:
        """Wait for the stream below; raise what a broken network raises once it is cut."""
        if not self.is_cut:
            with trio.CancelScope() as scope:
                self._waits.add(scope)
                try:
                    return await wait()
                finally:
                    self._waits.discard(scope)
        raise trio.BrokenResourceError("the stream was cut")


class FaultyDialer:
    """Dials like the dialer below and remembers what is open.

    Args:
        dialer: opens the streams.
    """

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._open: dict[FaultyStream, None] = {}
        self.cuts = 0

    async def __call__(self, host: str, port: int, tls: bool) -> trio.abc.Stream:
        """Open a stream that can be broken; see `Dialer`."""
        stream = await self._dialer(host, port, tls)
        faulty = FaultyStream(stream, current_path.get(), self._forget)
        self._open[faulty] = None
        return faulty

    def open_paths(self) -> list[str]:
        """The actors that have open streams, each once, in the order dialled."""
        return list(dict.fromkeys(stream.path for stream in self._open if not stream.is_cut))

    def cut(self, path: str) -> int:
        """Cut the open streams of an actor; return how many there were."""
        found = [stream for stream in self._open if stream.path == path and not stream.is_cut]
        for stream in found:
            stream.cut()
        self.cuts += len(found)
        return len(found)

    def _forget(self, stream: FaultyStream) -> None:
        self._open.pop(stream, None)
