"""Streams and dials that can be broken on purpose: the wire faults of chaos, at the dial seam.

`FaultyDialer` stands in front of any dialer, real sockets included.  It knows which actor dialled
each open stream, so a fault can be aimed at one connection, and what is broken looks to that
actor just as a broken network does.  Names are those of the fault catalogue.
"""

from __future__ import annotations

import math
from collections.abc import Awaitable, Callable, Mapping
from types import MappingProxyType
from typing import TypeVar

import trio

from actors.runtime.whereabouts import current_path
from actors.transport.dial import CONNECT_DEADLINE_S, Dialer
from messages.errors import DialFailed

T = TypeVar("T")

TRICKLE_BYTES, TRICKLE_PAUSE_S = 512, 0.05
"""Ten kilobytes a second: less than the streams of one lively symbol."""

READ_BYTES = 65_536


class FaultyStream(trio.abc.Stream):
    """A stream that works until something is done to it.

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
        self._ended = False
        self._stalled_until_s = 0.0
        self._piece_bytes, self._pause_s, self._crumbled_until_s = READ_BYTES, 0.0, 0.0

    def reset(self) -> None:
        """Break it now, in both directions; what was under way is lost."""
        self.is_cut = True
        for scope in self._waits:
            scope.cancel(reason="the stream was cut")

    def end(self) -> None:
        """Let the peer seem to have closed it, without a word of the protocol above."""
        self._ended = True
        self.reset()

    def stall(self, duration_s: float) -> None:
        """Let nothing pass for so long, in both directions; for ever when infinite."""
        self._stalled_until_s = max(self._stalled_until_s, trio.current_time() + duration_s)

    def crumble(self, piece_bytes: int, pause_s: float, duration_s: float) -> None:
        """Read only so many bytes at a time, with a pause before each, for so long."""
        self._piece_bytes, self._pause_s = piece_bytes, pause_s
        self._crumbled_until_s = trio.current_time() + duration_s

    @property
    def stalls_for_ever(self) -> bool:
        """Whether nothing will ever pass again."""
        return self._stalled_until_s == math.inf

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send, once nothing stalls, unless cut."""
        await self._unless_cut(lambda: self._send(data))

    async def wait_send_all_might_not_block(self) -> None:
        """See trio."""
        await self._unless_cut(self._stream.wait_send_all_might_not_block)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive, once nothing stalls, unless cut."""
        try:
            return await self._unless_cut(lambda: self._receive(max_bytes))
        except trio.BrokenResourceError:
            if self._ended:
                return b""
            raise

    async def aclose(self) -> None:
        """Close the stream below; a broken one without saying goodbye."""
        self._closed(self)
        if self.is_cut or trio.current_time() < self._stalled_until_s:
            await trio.aclose_forcefully(self._stream)
        else:
            await self._stream.aclose()

    async def _send(self, data: bytes | bytearray | memoryview) -> None:
        await self._while_stalled()
        await self._stream.send_all(data)

    async def _receive(self, max_bytes: int | None) -> bytes | bytearray:
        if trio.current_time() < self._crumbled_until_s:
            max_bytes = min(max_bytes or READ_BYTES, self._piece_bytes)
            await trio.sleep(self._pause_s)
        data = await self._stream.receive_some(max_bytes)
        await self._while_stalled()
        return data

    async def _while_stalled(self) -> None:
        while trio.current_time() < self._stalled_until_s:  # noqa: ASYNC110 - it may be prolonged
            await trio.sleep_until(self._stalled_until_s)

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


_STREAM_FAULTS: Mapping[str, Callable[[FaultyStream, float], None]] = MappingProxyType(
    {
        "cut": lambda stream, _: stream.end(),
        "reset": lambda stream, _: stream.reset(),
        "half_open": lambda stream, _: stream.stall(math.inf),
        "stall": FaultyStream.stall,
        "slice": lambda stream, duration_s: stream.crumble(1, 0.0, duration_s),
        "slow_reader": lambda stream, duration_s: stream.crumble(
            TRICKLE_BYTES, TRICKLE_PAUSE_S, duration_s
        ),
    }
)
_DIAL_FAULTS: Mapping[str, str] = MappingProxyType(
    {
        "refused_dial": "Connection refused",
        "dial_timeout": "Connection timed out",
        "failed_tls": "the TLS handshake failed",
        "dns_failure": "Temporary failure in name resolution",
    }
)

WIRE_FAULTS = (*_STREAM_FAULTS, *_DIAL_FAULTS)
"""The names of all faults that `FaultyDialer.strike` takes."""


class FaultyDialer:
    """Dials like the dialer below, remembers what is open, and breaks it.

    Args:
        dialer: opens the streams.
    """

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._open: dict[FaultyStream, None] = {}
        self._troubles: dict[tuple[str, str], float] = {}
        self.struck = 0

    async def __call__(self, host: str, port: int, tls: bool) -> trio.abc.Stream:
        """Open a stream that can be broken; see `Dialer`."""
        path = current_path.get()
        await self._fail(path, f"cannot connect to {host}:{port}")
        stream = await self._dialer(host, port, tls)
        faulty = FaultyStream(stream, path, self._forget)
        self._open[faulty] = None
        return faulty

    def open_paths(self) -> list[str]:
        """The actors that have open streams, each once, in the order dialled."""
        return list(dict.fromkeys(stream.path for stream in self._open if not stream.is_cut))

    def strike(self, fault: str, path: str, duration_s: float = 0.0) -> int:
        """Do it to the open streams of an actor, or to all dials at and below a path.

        Nobody notices dials that fail while nobody dials: open streams are reset with them.

        Args:
            fault: one of `WIRE_FAULTS`.
            path: an actor's, for dials also a supervisor's.
            duration_s: how long it lasts, where it lasts.

        Returns:
            How many streams it struck.

        Raises:
            KeyError: there is no such fault here.
        """
        if fault in _DIAL_FAULTS:
            self._troubles[path, fault] = trio.current_time() + duration_s
        do = _STREAM_FAULTS["reset" if fault in _DIAL_FAULTS else fault]
        found = [one for one in self._open if _is_below(one.path, path) and not one.is_cut]
        for stream in found:
            do(stream, duration_s)
        self.struck += len(found)
        return len(found)

    def heal(self) -> None:
        """End everything that lasts; what stalls for ever is cut."""
        self._troubles.clear()
        for stream in tuple(self._open):
            stream.crumble(READ_BYTES, 0.0, 0.0)
            if stream.stalls_for_ever:
                stream.reset()

    async def _fail(self, path: str, words: str) -> None:
        """Raise what a dial raises that is in trouble now."""
        now_s = trio.current_time()
        for (above, fault), until_s in tuple(self._troubles.items()):
            if now_s >= until_s:
                del self._troubles[above, fault]
            elif _is_below(path, above):
                if fault == "dial_timeout":
                    await trio.sleep(CONNECT_DEADLINE_S)
                raise DialFailed(f"{words}: {_DIAL_FAULTS[fault]}")

    def _forget(self, stream: FaultyStream) -> None:
        self._open.pop(stream, None)


def _is_below(path: str, above: str) -> bool:
    return path == above or path.startswith(f"{above}/")
