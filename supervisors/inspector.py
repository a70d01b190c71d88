"""The inspector: lets other processes of the same user read a running tree, and steer it.

It listens on a Unix socket of mode 0600 in a folder that only the user may enter, and speaks the
lines of `supervisors.protocol`.  It runs beside the tree and outlives it, so it answers while the
tree starts, restarts children and stops.  No client can harm the engine: their number, the length
of their lines and the time they may leave an answer unread are limited, and what goes wrong with
one ends that one's connection alone.
"""

from __future__ import annotations

import errno
import os
import socket
import stat
import struct
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import trio

from actors.runtime.faults import RuntimeFault
from messages.errors import EnvironmentFault, UsageError
from supervisors.protocol import (
    MAX_ASK_BYTES,
    PROTOCOL,
    Ask,
    Hello,
    Refusal,
    Refused,
    Reply,
    line_of,
    read_ask,
)
from supervisors.runtime import Runtime
from supervisors.verbs import CONTROLS, READS, Control, Read

MAX_CLIENTS = 16
"""Terminals and scripts of one user; one more is told so and hung up on."""

SEND_WITHIN_S = 5.0
"""A client that leaves an answer unread for longer is hung up on."""

IDLE_S = 600.0
"""A client that asks nothing for longer is hung up on; a view asks every second."""

RECEIVE_BYTES = 16 * 1024
LISTEN_BACKLOG = 16
MAX_PATH_BYTES = 107 if sys.platform == "linux" else 103
"""What the system allows as the path of a Unix socket, its closing zero left out."""


class Inspector:
    """Serves one runtime on one socket.

    Args:
        runtime: the tree to show.
        name: of the engine, told to clients.
        reads: verbs of its own that tell something, beside those of every tree.
        controls: verbs of its own that do something.
        control: whether verbs that change the engine are allowed.
    """

    def __init__(
        self,
        runtime: Runtime,
        name: str,
        *,
        reads: Mapping[str, Read] | None = None,
        controls: Mapping[str, Control] | None = None,
        control: bool = False,
    ) -> None:
        self._runtime = runtime
        self._name = name
        self._reads = {**READS, **(reads or {})}
        self._controls = {**CONTROLS, **(controls or {})}
        self._control = control
        self._clients = 0
        self.served = 0
        self.refused = 0
        self.hung_up = 0

    async def run(
        self, place: Path, task_status: trio.TaskStatus[Path] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen at this place until cancelled; ready when it listens.

        Raises:
            UsageError: another engine listens there.
            EnvironmentFault: nothing can listen there; the text says why.
        """
        with claimed(place) as listening:
            listener = trio.SocketListener(trio.socket.from_stdlib_socket(listening))
            task_status.started(place)
            await trio.serve_listeners(self._serve, [listener])

    # -- one client -----------------------------------------------------------------------------

    async def _serve(self, stream: trio.SocketStream) -> None:
        """Speak with a client until it leaves, misbehaves or is too slow; never raise."""
        self._clients += 1
        try:
            async with stream:
                if self._clients > MAX_CLIENTS or not same_user(stream):
                    await self._turn_away(stream)
                else:
                    await self._converse(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            self.hung_up += 1
        finally:
            self._clients -= 1

    async def _turn_away(self, stream: trio.SocketStream) -> None:
        self.refused += 1
        text = f"{MAX_CLIENTS} clients are served already, or you are not the engine's user"
        await self._send(stream, self._hello())
        await self._send(stream, line_of(Reply(0, error=Refusal("too_many_clients", text))))

    async def _converse(self, stream: trio.SocketStream) -> None:
        self.served += 1
        if not await self._send(stream, self._hello()):
            return
        waiting = bytearray()
        while True:
            end = waiting.find(b"\n")
            if end < 0:
                if len(waiting) > MAX_ASK_BYTES:
                    text = f"a request has at most {MAX_ASK_BYTES} bytes"
                    await self._send(stream, line_of(Reply(0, error=Refusal("bad_request", text))))
                    return
                with trio.move_on_after(IDLE_S):
                    piece = await stream.receive_some(RECEIVE_BYTES)
                    waiting += piece
                    if piece:
                        continue
                return
            line = bytes(waiting[:end])
            del waiting[: end + 1]
            if line.strip() and not await self._send(stream, line_of(await self.answer(line))):
                return

    async def _send(self, stream: trio.SocketStream, line: bytes) -> bool:
        """Send a line; say whether the client took it in time."""
        with trio.move_on_after(SEND_WITHIN_S):
            await stream.send_all(line)
            return True
        self.hung_up += 1
        return False

    def _hello(self) -> bytes:
        runtime = self._runtime
        hello = Hello(
            protocol=PROTOCOL,
            name=self._name,
            pid=os.getpid(),
            control=self._control,
            seed=runtime.seed,
            wall_ns=runtime.clock.wall_ns(),
        )
        return line_of(hello)

    # -- one request ----------------------------------------------------------------------------

    async def answer(self, line: bytes) -> Reply:
        """Carry one line out; whatever goes wrong is in the reply."""
        number = 0
        try:
            ask = read_ask(line)
            number = ask.id
            return Reply(number, result=await self._carry_out(ask))
        except Refused as refused:
            return Reply(number, error=refused.refusal)
        except RuntimeFault as error:
            return Reply(number, error=Refusal("refused", error.text))

    async def _carry_out(self, ask: Ask) -> object:
        tell = self._reads.get(ask.verb)
        if tell is not None:
            await trio.lowlevel.checkpoint()  # a client that asks in a row lets others work
            return tell(self._runtime, ask)
        do = self._controls.get(ask.verb)
        if do is None:
            known = ", ".join(sorted([*self._reads, *self._controls]))
            raise Refused("unknown_verb", f"no verb {ask.verb!r}; there are {known}")
        if not self._control:
            text = f"{ask.verb!r} changes the engine, and control is off: set it in its"
            raise Refused("control_off", f"{text} configuration ([inspection] control = true)")
        self._runtime.events.add(ask.path, 0, "asked", f"{ask.verb} {ask.option}".rstrip())
        return await do(self._runtime, ask)


# -- the socket -----------------------------------------------------------------------------------


@contextmanager
def claimed(place: Path) -> Iterator[socket.socket]:
    """Make the folder and the socket; take both the socket and its name away afterwards.

    Raises:
        UsageError: another engine listens there.
        EnvironmentFault: nothing can listen there; the text says why.
    """
    if len(os.fsencode(place)) > MAX_PATH_BYTES:
        raise EnvironmentFault(
            f"{place}: a socket's path has at most {MAX_PATH_BYTES} bytes; name another"
        )
    _prepare(place.parent)
    _clear(place)
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    try:
        mask = os.umask(0o177)  # nobody else may connect, not even for a moment
        try:
            listening.bind(os.fspath(place))
        finally:
            os.umask(mask)
        listening.listen(LISTEN_BACKLOG)
        mine = place.lstat().st_ino
    except OSError as error:
        listening.close()
        raise EnvironmentFault(f"cannot listen at {place}: {_reason(error)}") from error
    try:
        yield listening
    finally:
        listening.close()
        try:
            if place.lstat().st_ino == mine:
                place.unlink()
        except OSError:
            pass  # somebody else took it away: what we wanted is true


def _prepare(folder: Path) -> None:
    """Make the folder with mode 0700, or see that the one there is ours alone or a real one."""
    try:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        facts = folder.lstat()
    except OSError as error:
        raise EnvironmentFault(f"cannot make {folder}: {_reason(error)}") from error
    if facts.st_uid not in (os.getuid(), 0):
        raise EnvironmentFault(f"{folder} belongs to another user: a socket there is not safe")
    if stat.S_IMODE(facts.st_mode) & 0o022 and not facts.st_mode & stat.S_ISVTX:
        raise EnvironmentFault(f"{folder} can be written by others: a socket there is not safe")


def _clear(place: Path) -> None:
    """Take away what a process that is gone left behind; refuse what is alive or no socket."""
    try:
        facts = place.lstat()
    except FileNotFoundError:
        return
    except OSError as error:
        raise EnvironmentFault(f"cannot look at {place}: {_reason(error)}") from error
    if not stat.S_ISSOCK(facts.st_mode):
        raise UsageError(f"{place} exists and is no socket")
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as probe:
        probe.setblocking(False)
        try:
            probe.connect(os.fspath(place))
        except OSError as error:
            if error.errno not in (errno.ECONNREFUSED, errno.ENOENT):
                raise UsageError(
                    f"{place} is in use by something that does not answer: {_reason(error)}"
                ) from error
        else:
            raise UsageError(
                f"another engine listens at {place}: give this one a name of its own"
                " ([engine] name) or another socket (--socket)"
            )
    place.unlink(missing_ok=True)


def same_user(stream: trio.SocketStream) -> bool:
    """Whether a client is of the engine's user, or root, as far as the system tells."""
    if not hasattr(socket, "SO_PEERCRED"):
        return True  # the modes of folder and socket say so there
    facts = stream.socket.getsockopt(socket.SOL_SOCKET, socket.SO_PEERCRED, struct.calcsize("3i"))
    _, user, _ = struct.unpack("3i", facts)
    return user in (os.getuid(), 0)


def _reason(error: OSError) -> str:
    return (error.strerror or str(error)).lower()
