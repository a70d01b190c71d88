"""Lines over a Unix socket of this machine: how a command speaks with a running engine."""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import trio

from messages.errors import EnvironmentFault, UsageError

CONNECT_WITHIN_S = 2.0
"""A connect on this machine takes microseconds; an engine whose backlog is full takes longer."""

RECEIVE_BYTES = 256 * 1024


class LocalLines:
    """A connection that speaks in lines.

    Args:
        place: whose socket it is, for error texts.
        stream: the connected stream.
        limit_bytes: longest line that is read.
    """

    def __init__(self, place: Path, stream: trio.abc.Stream, limit_bytes: int) -> None:
        self._place = place
        self._stream = stream
        self._limit_bytes = limit_bytes
        self._waiting = bytearray()

    async def send(self, line: bytes, within_s: float) -> None:
        """Send a line.

        Raises:
            EnvironmentFault: the other side is gone, or does not take it in time.
        """
        try:
            with trio.fail_after(within_s):
                await self._stream.send_all(line)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise self._gone() from error
        except trio.TooSlowError as error:
            raise self._silent(within_s) from error

    async def receive(self, within_s: float) -> bytes:
        """Receive a line, its newline taken off.

        Raises:
            EnvironmentFault: the other side is gone, silent or sends without an end.
        """
        searched = 0
        try:
            with trio.fail_after(within_s):
                while (end := self._waiting.find(b"\n", searched)) < 0:
                    searched = len(self._waiting)
                    if searched > self._limit_bytes:
                        raise EnvironmentFault(f"{self._place} sent a line without an end")
                    piece = await self._stream.receive_some(RECEIVE_BYTES)
                    if not piece:
                        raise self._gone()
                    self._waiting += piece
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            raise self._gone() from error
        except trio.TooSlowError as error:
            raise self._silent(within_s) from error
        line = bytes(self._waiting[:end])
        del self._waiting[: end + 1]
        return line

    def _gone(self) -> EnvironmentFault:
        return EnvironmentFault(f"the engine at {self._place} has hung up")

    def _silent(self, within_s: float) -> EnvironmentFault:
        return EnvironmentFault(f"the engine at {self._place} did not answer in {within_s:g} s")


@asynccontextmanager
async def open_local(place: Path, limit_bytes: int) -> AsyncIterator[LocalLines]:
    """Connect to a Unix socket of this user.

    Args:
        place: its path.
        limit_bytes: longest line that will be read.

    Raises:
        EnvironmentFault: there is none, nobody listens any more, or it may not be used.
        UsageError: it is no socket, or another user's.
    """
    _look_at(place)
    try:
        with trio.fail_after(CONNECT_WITHIN_S):
            stream = await trio.open_unix_socket(os.fspath(place))
    except trio.TooSlowError as error:
        raise EnvironmentFault(
            f"the engine at {place} did not answer in {CONNECT_WITHIN_S:g} s"
        ) from error
    except OSError as error:
        if error.errno in (errno.ECONNREFUSED, errno.ENOENT):
            text = f"no engine listens at {place}: the one that made it has ended"
        else:
            text = f"cannot connect to {place}: {(error.strerror or str(error)).lower()}"
        raise EnvironmentFault(text) from error
    async with stream:
        _look_at_listener(place, stream)
        yield LocalLines(place, stream, limit_bytes)


def _look_at(place: Path) -> None:
    """Refuse what is no socket of this user before a byte is sent there."""
    try:
        facts = place.stat()
    except FileNotFoundError as error:
        raise EnvironmentFault(f"no engine is running: there is no socket {place}") from error
    except OSError as error:
        reason = (error.strerror or str(error)).lower()
        raise EnvironmentFault(f"cannot look at {place}: {reason}") from error
    if not stat.S_ISSOCK(facts.st_mode):
        raise UsageError(f"{place} is no socket")
    if facts.st_uid != os.getuid() and os.getuid() != 0:
        raise UsageError(f"{place} belongs to another user")


def _look_at_listener(place: Path, stream: trio.SocketStream) -> None:
    """Refuse a process of another user behind the socket, where the system tells whose it is."""
    if not hasattr(socket, "SO_PEERCRED"):
        return
    _, user, _ = struct.unpack("3i", credentials_of(stream))
    if user not in (os.getuid(), 0) and os.getuid() != 0:
        raise UsageError(f"what listens at {place} belongs to another user")


def credentials_of(stream: trio.SocketStream) -> bytes:
    """Process, user and group of the other side, as the system packs them."""
    size = struct.calcsize("3i")
    return stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, size)
