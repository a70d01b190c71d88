"""The websocket engine of today: trio-websocket, read in batches.

It does the upgrade, answers pings and performs the close handshake; `wire` has the rest.  Its
reader runs in a nursery of ours, shielded, and never raises: however the connection ends is told
by the methods of `Websocket`, so a cut is one error and no group.
"""

from __future__ import annotations

from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import trio
import trio_websocket
from wsproto.events import RejectConnection
from wsproto.utilities import LocalProtocolError

from actors.transport.dial import CLOSE_DEADLINE_S as HANG_UP_DEADLINE_S
from actors.transport.websocket import (
    CLOSE_DEADLINE_S,
    PING_DEADLINE_S,
    SEND_DEADLINE_S,
    Address,
    Batch,
    CloseFrame,
    Websocket,
    WebsocketCounts,
    sole_loss,
)
from actors.transport.wire import NO_CLOSE_FRAME, Protocol, Tap, Wire
from messages.errors import DialFailed, Retry, SilentConnection, retry_after

if TYPE_CHECKING:
    from actors.runtime.clock import Clock
    from actors.transport.dial import Dialer

READ_BYTES = 65_536
"""One read takes what a busy venue sends in some ten milliseconds."""

UNANSWERED_PINGS_LIMIT = 16
"""trio-websocket keeps every unanswered ping for ever; a peer that skips 16 answers none."""

LOCATION_LIMIT = 200
"""Characters of a redirect's target that go into an error text."""

REFUSE_EVERY_MESSAGE = 0
"""trio-websocket's message limit: it is shown a message only when that is to be refused."""


@asynccontextmanager
async def open_reference(
    address: Address,
    dialer: Dialer,
    *,
    clock: Clock,
    deadline_s: float,
    headers: tuple[tuple[str, str], ...],
    message_limit_bytes: int,
) -> AsyncGenerator[Websocket, None]:
    """Open a connection for the length of a block; see `opening.open_websocket`."""
    connection = ReferenceConnection(address, clock, message_limit_bytes)
    failure: BaseException | None = None
    try:
        async with trio.open_nursery() as nursery:
            try:
                await connection.open(nursery, dialer, deadline_s, headers)
                yield connection
                with trio.move_on_after(2 * CLOSE_DEADLINE_S, shield=True):
                    await connection.close()
            finally:
                with trio.move_on_after(HANG_UP_DEADLINE_S, shield=True):
                    await connection.leave()
    except BaseExceptionGroup as group:
        # The reader never raises, so this is the block's own error, which a nursery wraps.
        failure = group.exceptions[0] if len(group.exceptions) == 1 else group
    if failure is not None:
        loss = sole_loss(failure)
        if loss is not None:
            raise loss from loss.__cause__ or failure
        raise failure


class ReferenceConnection(Websocket):
    """A websocket connection by trio-websocket."""

    def __init__(self, address: Address, clock: Clock, message_limit_bytes: int) -> None:
        self._address = address
        self._clock = clock
        # The host only: the path of a private stream is a secret.
        self._peer = f"{address.host}:{address.port}"
        self._wire = Wire(self._peer, clock, message_limit_bytes)
        self._stream: trio.abc.Stream | None = None
        self._reader_scope = trio.CancelScope(shield=True)
        self._pings = self._unanswered = 0

    async def open(
        self,
        nursery: trio.Nursery,
        dialer: Dialer,
        deadline_s: float,
        headers: tuple[tuple[str, str], ...],
    ) -> None:
        """Dial and upgrade; the reader goes into `nursery`."""
        try:
            with trio.fail_after(deadline_s):
                await self._upgrade(nursery, dialer, headers)
        except trio.TooSlowError as error:
            text = f"{self._peer} did not complete the upgrade within {deadline_s:g} s"
            raise DialFailed(text) from error

    async def _upgrade(
        self, nursery: trio.Nursery, dialer: Dialer, headers: tuple[tuple[str, str], ...]
    ) -> None:
        address, wire = self._address, self._wire
        self._stream = await dialer(address.host, address.port, address.tls)
        self._connection = trio_websocket.WebSocketConnection(
            Tap(self._stream, wire),
            Protocol(wire),
            host=address.host_header,
            path=address.target,
            client_extra_headers=[
                (name.encode("ascii"), text.encode("latin-1")) for name, text in headers
            ],
            max_message_size=REFUSE_EVERY_MESSAGE,
            receive_buffer_size=READ_BYTES,
        )
        nursery.start_soon(self._read, name=f"websocket reader {self._peer}")
        await wire.settled.wait()
        if wire.rejected is not None:
            raise refused(self._peer, wire.rejected)
        if not wire.accepted:
            loss = wire.loss()
            raise DialFailed(f"no websocket upgrade: {loss.text}") from loss

    async def _read(self) -> None:
        with self._reader_scope:
            try:
                # Private, and the only private name: what trio-websocket's own wrap_client_stream
                # starts.  A test fails loudly when it moves.
                await self._connection._reader_task()
            except Exception as error:  # its ways to fail are open-ended (issue 184, for one)
                self._wire.cut(f"made trio-websocket fail: {error!r}", error)
        self._wire.cut("ended the connection")

    async def leave(self) -> None:
        """Hang up and let the reader go; nothing of the connection runs on after this."""
        self._reader_scope.cancel(reason="the websocket block ended")
        await self.aclose_forcefully()

    # -- the connection -------------------------------------------------------------------------

    @property
    def counts(self) -> WebsocketCounts:
        """What the connection has carried so far."""
        return self._wire.counts

    @property
    def last_frame_ns(self) -> int:
        """When the last whole frame of any kind but close was read; at first, the opening."""
        return self._wire.last_frame_ns

    @property
    def closed(self) -> CloseFrame | None:
        """How the connection ended; None while it is open."""
        return self._wire.closed

    async def receive_batch(self) -> Batch:
        """Wait for messages and take those of one read."""
        return await self._wire.next_batch()

    async def send(self, text: str) -> None:
        """Send one text message."""
        if self._wire.closed is not None:
            raise self._wire.loss()
        try:
            with trio.fail_after(SEND_DEADLINE_S):
                await self._connection.send_message(text)
        except trio.TooSlowError as error:
            self._wire.cut(f"did not take a message within {SEND_DEADLINE_S:g} s", error)
            raise self._wire.loss() from error
        except (trio_websocket.ConnectionClosed, LocalProtocolError) as error:
            self._wire.cut("closed the connection", error)
            raise self._wire.loss() from error

    async def ping(self, deadline_s: float = PING_DEADLINE_S) -> float:
        """Send a ping and wait for its pong."""
        wire = self._wire
        if wire.closed is not None:
            raise wire.loss()
        if self._unanswered >= UNANSWERED_PINGS_LIMIT:
            raise SilentConnection(f"{self._peer} answers no pings ({self._unanswered} sent)")
        self._pings += 1
        number, sent_ns = self._pings, self._clock.now_ns()
        self._unanswered += 1
        wire.counts.pings_sent += 1
        answered = False
        with trio.move_on_after(deadline_s) as scope:
            wire.ping_scopes[number] = scope
            try:
                await self._connection.ping(number.to_bytes(8, "big"))
                answered = True
            except (trio_websocket.ConnectionClosed, LocalProtocolError) as error:
                wire.cut("closed the connection", error)
            finally:
                del wire.ping_scopes[number]
        if answered:
            self._unanswered = 0
            return (wire.pong_ns - sent_ns) / 1e9
        if wire.closed is not None:
            raise wire.loss()
        raise SilentConnection(f"{self._peer} did not answer a ping within {deadline_s:g} s")

    async def close(self, code: int = 1000, deadline_s: float = CLOSE_DEADLINE_S) -> None:
        """Say goodbye, wait for the answer at most `deadline_s` seconds, and hang up."""
        self._wire.end("was closed by us", CloseFrame(code, ""))
        with trio.move_on_after(deadline_s):
            await self._connection.aclose(code)
        await self.aclose_forcefully()

    async def aclose_forcefully(self) -> None:
        """Hang up at once."""
        self._wire.end("was left by us", CloseFrame(NO_CLOSE_FRAME, ""))
        if self._stream is not None:
            with trio.move_on_after(HANG_UP_DEADLINE_S, shield=True):
                await trio.aclose_forcefully(self._stream)


def refused(peer: str, answer: RejectConnection) -> DialFailed:
    """The error for an upgrade that was answered with anything but 101."""
    headers = {bytes(name).lower(): bytes(text) for name, text in answer.headers}
    retry: Retry | None = None
    wait = headers.get(b"retry-after", b"")
    if wait.isdigit() and len(wait) < 10:  # a date would need a wall clock; no venue sends one here
        retry = retry_after(float(wait))
    place = headers.get(b"location", b"")[:LOCATION_LIMIT].decode("latin-1")
    towards = f" (to {place!r})" if place else ""
    text = f"{peer} answered the websocket upgrade with HTTP {answer.status_code}{towards}"
    return DialFailed(text, retry=retry)
