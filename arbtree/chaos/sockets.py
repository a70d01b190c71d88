"""The sockets of an engine, seen from the dial seam: who has which, and what they bring."""

from __future__ import annotations

import math
from collections.abc import Callable

import trio

from actors.runtime.whereabouts import current_path
from actors.transport.dial import Dialer
from arbtree.chaos.history import Checker
from arbtree.engine import Engine

UPGRADE = b"upgrade: websocket"
SLACK_S = 3.0
"""The longest a loop is blocked on purpose, and the time between two looks."""


class WatchedStream(trio.abc.Stream):
    """A stream that tells what passed.

    Args:
        stream: the stream below.
        path: of the actor that dialled it; empty outside actors.
        closed: called once when it is closed.

    Attributes:
        is_websocket: an upgrade was asked for on it.
        heard_s: when bytes came last, by trio's clock; None before the first.
    """

    def __init__(
        self, stream: trio.abc.Stream, path: str, closed: Callable[[WatchedStream], None]
    ) -> None:
        self.path = path
        self.is_websocket = False
        self.heard_s: float | None = None
        self._stream = stream
        self._closed = closed

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send; the first bytes say what the stream is for."""
        if self.heard_s is None and UPGRADE in bytes(data).lower():
            self.is_websocket = True
        await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """See trio."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Receive."""
        data = await self._stream.receive_some(max_bytes)
        self.heard_s = trio.current_time()
        return data

    async def aclose(self) -> None:
        """Close."""
        self._closed(self)
        await self._stream.aclose()


class WatchedDialer:
    """Dials like the dialer below and remembers what is open.

    Args:
        dialer: opens the streams.
    """

    def __init__(self, dialer: Dialer) -> None:
        self._dialer = dialer
        self._open: dict[WatchedStream, None] = {}

    async def __call__(self, host: str, port: int, tls: bool) -> trio.abc.Stream:
        """Open a stream that is watched; see `Dialer`."""
        stream = await self._dialer(host, port, tls)
        watched = WatchedStream(stream, current_path.get(), self._forget)
        self._open[watched] = None
        return watched

    def silent_s(self, path: str) -> float:
        """For how long the websockets of an actor have brought nothing; infinite before the first.

        Args:
            path: of the actor.
        """
        heard = [one.heard_s for one in self._open if one.is_websocket and one.path == path]
        last_s = max((one for one in heard if one is not None), default=-math.inf)
        return trio.current_time() - last_s

    def _forget(self, stream: WatchedStream) -> None:
        self._open.pop(stream, None)

    def streams(self) -> tuple[WatchedStream, ...]:
        """Everything that is open, in the order dialled."""
        return tuple(self._open)


class SocketChecker(Checker):
    """Looks at the websockets that are open, whoever thinks to own them.

    Args:
        dialer: of the engine.

    Attributes:
        silent_after_s: by venue, after how much silence a connection is given up.
    """

    name = "sockets"
    sentence = "No socket outlives the life that opened it, and none that is silent is kept."

    def __init__(self, dialer: WatchedDialer) -> None:
        super().__init__()
        self._dialer = dialer
        self.silent_after_s: dict[str, float] = {}
        self._told: set[WatchedStream] = set()

    def attach(self, engine: Engine) -> None:
        """Learn what each venue's connections promise."""
        for name, venue in engine.venues.items():
            rule_s = venue.dialect.heartbeat.silent_after_s
            self.silent_after_s[name] = venue.settings.silent_after_s or rule_s

    def state(self, path: str, state: str, generation: int) -> None:
        """Where a life begins, nothing of the one before is left."""
        if state != "starting":
            return
        self.looked_at += 1
        for stream in self._websockets():
            if stream.path == path:
                self._tell(stream, f"{path} has left a socket open and begins anew")

    def look(self) -> None:
        """Judge the silence of every websocket now."""
        now_s = trio.current_time()
        for stream in self._websockets():
            if stream.heard_s is None:
                continue  # a dial has a time limit of its own
            self.looked_at += 1
            silent_s = now_s - stream.heard_s
            if silent_s > self.silent_after_s[stream.path.split("/")[2]] + SLACK_S:
                self._tell(stream, f"{stream.path} keeps a socket that is silent: {silent_s:.1f} s")

    def ended(self) -> None:
        """The engine is gone, and with it every socket, those of REST too."""
        for stream in self._dialer.streams():
            self._tell(stream, f"{stream.path or 'somebody'} has left a socket open at the end")

    def _websockets(self) -> list[WatchedStream]:
        return [
            one
            for one in self._dialer.streams()
            if one.is_websocket and "/connections/" in one.path
        ]

    def _tell(self, stream: WatchedStream, text: str) -> None:
        """Say it once of each."""
        if stream not in self._told:
            self._told.add(stream)
            self.violate(text)
