"""Between trio-websocket and us: what is read goes into batches, how it ended is noted once.

trio-websocket hands messages over one by one through a memory channel, which costs two trips
through the run loop each and hides when a message was read.  Both its sides are public seams,
though: it reads from any stream and gets its events from a wsproto connection.  So `Tap` (the
stream) stamps every read and stops reading while nobody takes what came, and `Protocol` (the
wsproto connection) keeps data messages for `Wire` and lets trio-websocket see everything else:
upgrade, pings, pongs, close.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Generator
from typing import TYPE_CHECKING

import trio
import wsproto
from wsproto.connection import ConnectionState, ConnectionType
from wsproto.events import (
    AcceptConnection,
    BytesMessage,
    CloseConnection,
    Event,
    Ping,
    Pong,
    RejectConnection,
    TextMessage,
)
from wsproto.utilities import RemoteProtocolError

from actors.transport.websocket import BATCH_LIMIT, Batch, CloseFrame, WebsocketCounts
from messages.errors import ConnectionLost

if TYPE_CHECKING:
    from actors.runtime.clock import Clock

QUEUE_LIMIT = BATCH_LIMIT
"""Messages read and not taken above which reading pauses: the kernel's buffer holds the rest."""

NO_CLOSE_FRAME = 1006
PROTOCOL_ERROR = 1002
TOO_BIG = 1009


class Wire:
    """State of one connection: written by its reader, read by `ReferenceConnection`.

    Args:
        peer: the peer's name in error texts.
        clock: stamps reads.
        message_limit_bytes: a larger message ends the connection.
    """

    def __init__(self, peer: str, clock: Clock, message_limit_bytes: int) -> None:
        self.peer = peer
        self.clock = clock
        self.counts = WebsocketCounts()
        self.batches: deque[Batch] = deque()
        self.queued = 0
        self.read_ns = self.last_frame_ns = self.pong_ns = clock.now_ns()
        self.settled = trio.Event()
        self.accepted = False
        self.rejected: RejectConnection | None = None
        self.closed: CloseFrame | None = None
        self.ping_scopes: dict[int, trio.CancelScope] = {}
        self._text = ""
        self._cause: BaseException | None = None
        self._limit_bytes = message_limit_bytes
        self._payloads: list[bytes] = []
        self._parts: list[bytes] = []
        self._parts_bytes = 0
        self._arrived: trio.Event | None = None
        self._room: trio.Event | None = None

    # -- the reader's side ----------------------------------------------------------------------

    def take(self, message: TextMessage | BytesMessage) -> bool:
        """Keep a data message or a part of one; False when it is larger than the limit."""
        if self.closed is not None:
            self.counts.discarded += message.message_finished
            return True
        data = message.data
        payload = data.encode() if isinstance(data, str) else bytes(data)
        self._parts_bytes += len(payload)
        if self._parts_bytes > self._limit_bytes:
            text = f"sent a message of more than {self._limit_bytes} bytes"
            self.end(text, CloseFrame(TOO_BIG, text))
            self.counts.discarded += 1
            return False
        if not message.message_finished:
            self._parts.append(payload)
            return True
        if self._parts:
            self._parts.append(payload)
            payload = b"".join(self._parts)
            self._parts.clear()
        self._parts_bytes = 0
        self._payloads.append(payload)
        return True

    def flush(self) -> None:
        """Make batches of what this read brought and wake whoever waits for them."""
        payloads = self._payloads
        if not payloads:
            return
        self._payloads = []
        self.last_frame_ns = self.read_ns
        self.counts.messages += len(payloads)
        self.queued += len(payloads)
        for start in range(0, len(payloads), BATCH_LIMIT):
            self.batches.append(Batch(payloads[start : start + BATCH_LIMIT], self.read_ns))
        self._wake()

    def note(self, event: Event, state: ConnectionState) -> None:
        """Write down an event that is not data."""
        if isinstance(event, Ping):
            self.counts.pings_received += 1
            self.last_frame_ns = self.read_ns
        elif isinstance(event, Pong):
            self.counts.pongs_received += 1
            self.last_frame_ns = self.pong_ns = self.read_ns
        elif isinstance(event, CloseConnection):
            frame = CloseFrame(int(event.code), event.reason or "")
            if state is ConnectionState.OPEN:  # wsproto's word for a frame it cannot parse
                self.end(f"broke the websocket protocol: {frame.reason}", frame)
            else:
                reason = f" {frame.reason!r}" if frame.reason else ""
                self.end(f"closed the connection with code {frame.code}{reason}", frame)
        elif isinstance(event, AcceptConnection):
            self.accepted = True
            self.settled.set()
        elif isinstance(event, RejectConnection):
            self.rejected = event
            self.settled.set()

    def end(self, text: str, frame: CloseFrame, cause: BaseException | None = None) -> None:
        """Note how the connection ended; the first word counts, all waiters wake."""
        if self.closed is not None:
            return
        self.closed = frame
        self._text, self._cause = text, cause
        self.settled.set()
        for scope in self.ping_scopes.values():
            scope.cancel(reason="the connection ended")
        self._wake()
        self._make_room()

    def cut(self, text: str, cause: BaseException | None = None) -> None:
        """Note an end without a close frame."""
        self.end(text, CloseFrame(NO_CLOSE_FRAME, ""), cause)

    async def wait_for_room(self) -> None:
        """Wait until the consumer has taken enough of what was read."""
        while self.queued >= QUEUE_LIMIT and self.closed is None:
            if self._room is None:
                self._room = trio.Event()
            await self._room.wait()

    # -- the consumer's side --------------------------------------------------------------------

    async def next_batch(self) -> Batch:
        """Wait for a batch and take it; `ConnectionLost` when none will come any more."""
        if self.batches:
            await trio.lowlevel.checkpoint()  # the reader and all others get their turn
        while not self.batches:
            if self.closed is not None:
                raise self.loss()
            if self._arrived is None:
                self._arrived = trio.Event()
            await self._arrived.wait()
        batch = self.batches.popleft()
        self.queued -= len(batch.payloads)
        if self._room is not None and self.queued < QUEUE_LIMIT:
            self._make_room()
        return batch

    def loss(self) -> ConnectionLost:
        """The error that tells how the connection ended, fresh for every raise."""
        error = ConnectionLost(f"{self.peer} {self._text}")
        error.__cause__ = self._cause
        return error

    def _wake(self) -> None:
        if self._arrived is not None:
            self._arrived.set()
            self._arrived = None

    def _make_room(self) -> None:
        if self._room is not None:
            self._room.set()
            self._room = None


class Tap(trio.abc.Stream):
    """The stream below trio-websocket: stamps reads, holds them back, notices the end."""

    def __init__(self, stream: trio.abc.Stream, wire: Wire) -> None:
        self._stream = stream
        self._wire = wire

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """Read, once there is room for what may come."""
        wire = self._wire
        await wire.wait_for_room()
        try:
            data = await self._stream.receive_some(max_bytes)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            wire.cut("cut the connection", error)
            raise
        if not data:
            wire.cut("hung up without a close frame")
            return data
        wire.read_ns = wire.clock.now_ns()
        wire.counts.reads += 1
        wire.counts.bytes += len(data)
        return data

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send whole frames; one broken off in the middle ends the connection."""
        whole = False
        try:
            await self._stream.send_all(data)
            whole = True
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            self._wire.cut("cut the connection", error)
            raise
        finally:
            if not whole:
                self._wire.cut("was sent half a frame, then the send was given up")

    async def wait_send_all_might_not_block(self) -> None:
        """As the stream below."""
        await self._stream.wait_send_all_might_not_block()

    async def aclose(self) -> None:
        """Close the stream below."""
        await self._stream.aclose()


class Protocol(wsproto.WSConnection):
    """wsproto's client side, with the data messages kept for `Wire`."""

    def __init__(self, wire: Wire) -> None:
        super().__init__(ConnectionType.CLIENT)
        self._wire = wire

    def receive_data(self, data: bytes | None) -> None:
        """Parse what was read; keeps the reason when it cannot be parsed."""
        try:
            super().receive_data(data)
        except RemoteProtocolError as error:
            self._wire.cut(f"answered the upgrade with something else: {error}", error)
            raise

    def events(self) -> Generator[Event, None, None]:
        """The events trio-websocket has to act on."""
        wire = self._wire
        for event in super().events():
            if isinstance(event, TextMessage | BytesMessage):
                if wire.take(event):
                    continue
            else:
                wire.note(event, self.state)
                if isinstance(event, Ping) and self.state is not ConnectionState.OPEN:
                    continue  # a pong after our close frame is not allowed, and wsproto raises
            wire.flush()
            yield event
        wire.flush()
