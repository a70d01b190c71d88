"""One HTTP connection: a stream and its h11 state, one request at a time."""

from __future__ import annotations

import select
from collections.abc import Awaitable, Callable
from typing import NamedTuple, TypeVar

import h11
import httpx
import trio

HEAD_LIMIT_BYTES = 64 * 1024
"""Status line and headers together; content networks send 2 to 4 kB."""

INFORMATIONAL_LIMIT = 8
"""Answers of the 1xx kind that may come before the real one."""

READ_BYTES = 65_536
"""Bytes of one read."""

BYTES_SENT = "arbtree_bytes_sent"
"""Extension set on a request when its first byte goes out: until then it was surely not sent."""

SENT_S = "arbtree_sent_s"
"""Extension set beside it: trio's time at that moment."""

TARGET = "target"
"""Extension (bytes) that stands on the request line instead of the URL's path: signed as is."""

HANG_UP: int = getattr(select, "POLLRDHUP", 0)
"""The peer will send no more; only Linux tells, elsewhere errors and full hang-ups show."""

Origin = tuple[str, int, bool]
"""Host, port, TLS or not: what two requests must share to share a connection."""

Result = TypeVar("Result")


class Timeouts(NamedTuple):
    """How long each step of a request may take, in seconds, above 0.

    `pool_s` waits for a free connection, `dial_s` covers name lookup, TCP and TLS, `send_s` the
    whole request, `headers_s` the time to the answer's first line and headers, `body_s` each
    read of its body.
    """

    pool_s: float
    dial_s: float
    send_s: float
    headers_s: float
    body_s: float


class Unanswered(Exception):
    """A connection ended before the first byte of an answer; carries the httpx error."""

    def __init__(self, error: httpx.TransportError) -> None:
        super().__init__(str(error))
        self.error = error


class HttpConnection:
    """One stream and its h11 state."""

    def __init__(self, stream: trio.abc.Stream, origin: Origin, body_limit_bytes: int) -> None:
        self.stream = stream
        self.origin = origin
        self.idle_since_s = 0.0
        self._body_limit_bytes = body_limit_bytes
        self._h11 = h11.Connection(h11.CLIENT, max_incomplete_event_size=HEAD_LIMIT_BYTES)
        self._answered = self._used = False
        self._fresh = True

    @property
    def reusable(self) -> bool:
        """Whether the last exchange is complete on both sides and the peer keeps listening."""
        return self._fresh

    @property
    def ended(self) -> bool:
        """Whether the peer closed an idle connection, or sent what nobody asked for."""
        stream, bad = self.stream, select.POLLIN
        if isinstance(stream, trio.SSLStream):
            stream = stream.transport_stream
            if not self._used:
                bad = HANG_UP  # TLS 1.3 sends session tickets first, to be read with the answer
        if not isinstance(stream, trio.SocketStream):
            return False  # not a socket: only using it tells
        poll = select.poll()
        poll.register(stream.socket.fileno(), bad)
        return bool(poll.poll(0))

    async def ask(self, request: httpx.Request, timeouts: Timeouts) -> httpx.Response:
        """Send a request and read its answer to the end."""
        self._fresh = self._answered = False
        self._used = True
        try:
            await self._send(request, timeouts.send_s)
            head, body = await self._receive(timeouts)
        except h11.LocalProtocolError as error:
            raise httpx.LocalProtocolError(str(error)) from error
        except h11.RemoteProtocolError as error:
            text = f"{self.origin[0]} broke the HTTP protocol: {error}"
            raise httpx.RemoteProtocolError(text) from error
        if self._h11.our_state is h11.DONE and self._h11.their_state is h11.DONE:
            self._h11.start_next_cycle()
            self._fresh = self._h11.trailing_data == (b"", False)
        return httpx.Response(
            head.status_code,
            headers=list(head.headers.raw_items()),
            stream=httpx.ByteStream(body),
            extensions={
                "http_version": b"HTTP/" + head.http_version,
                "reason_phrase": bytes(head.reason),
            },
        )

    async def _send(self, request: httpx.Request, limit_s: float) -> None:
        target = request.extensions.get(TARGET, request.url.raw_path)
        event = h11.Request(
            method=request.method.encode("ascii"), target=target, headers=request.headers.raw
        )
        parts = [self._h11.send(event)]
        if not isinstance(request.stream, httpx.AsyncByteStream):
            raise httpx.LocalProtocolError("the request's body can only be read synchronously")
        async for piece in request.stream:
            parts.append(self._h11.send(h11.Data(data=piece)))
        parts.append(self._h11.send(h11.EndOfMessage()))
        data = b"".join(part for part in parts if part)
        request.extensions |= {BYTES_SENT: True, SENT_S: trio.current_time()}
        await self._io(
            limit_s,
            lambda: self.stream.send_all(data),
            httpx.WriteTimeout,
            httpx.WriteError,
            f"request taken by {self.origin[0]}",
        )

    async def _receive(self, timeouts: Timeouts) -> tuple[h11.Response, bytes]:
        head = await self._receive_head(timeouts.headers_s)
        pieces: list[bytes] = []
        size_bytes = 0
        while True:
            event = await self._next_event(timeouts.body_s, "more of the answer")
            if isinstance(event, h11.Data):
                size_bytes += len(event.data)
                if size_bytes > self._body_limit_bytes:
                    text = f"an answer of more than {self._body_limit_bytes} bytes"
                    raise httpx.RemoteProtocolError(f"{self.origin[0]} sent {text}")
                pieces.append(bytes(event.data))
            elif isinstance(event, h11.EndOfMessage):
                return head, b"".join(pieces)
            else:
                raise httpx.RemoteProtocolError(f"{self.origin[0]} sent an unexpected {event!r}")

    async def _receive_head(self, limit_s: float) -> h11.Response:
        for _ in range(INFORMATIONAL_LIMIT):
            event = await self._next_event(limit_s, "answer")
            if isinstance(event, h11.Response):
                return event
            if not isinstance(event, h11.InformationalResponse) or event.status_code == 101:
                break
        raise httpx.RemoteProtocolError(f"{self.origin[0]} sent no answer that HTTP allows here")

    async def _next_event(self, limit_s: float, what: str) -> h11.Event:
        while True:
            event = self._h11.next_event()
            if isinstance(event, h11.Event):
                return event
            if event is h11.PAUSED:
                raise httpx.RemoteProtocolError(f"{self.origin[0]} sent more than one answer")
            data = await self._io(
                limit_s,
                lambda: self.stream.receive_some(READ_BYTES),
                httpx.ReadTimeout,
                httpx.ReadError,
                f"{what} from {self.origin[0]}",
            )
            if data:
                self._answered = True
            elif not self._answered:
                text = f"{self.origin[0]} closed the connection without an answer"
                raise Unanswered(httpx.RemoteProtocolError(text))
            self._h11.receive_data(bytes(data))

    async def _io(
        self,
        limit_s: float,
        operation: Callable[[], Awaitable[Result]],
        late: type[httpx.TransportError],
        broken: type[httpx.TransportError],
        what: str,
    ) -> Result:
        """Run one read or write within its limit, with httpx's names for what can go wrong."""
        try:
            return await within(limit_s, operation, late, what)
        except (trio.BrokenResourceError, trio.ClosedResourceError) as error:
            cut = broken(f"{self.origin[0]} cut the connection")
            cut.__cause__ = error
            if self._answered:
                raise cut from error
            raise Unanswered(cut) from error


async def within(
    limit_s: float,
    operation: Callable[[], Awaitable[Result]],
    late: type[httpx.TransportError],
    what: str,
) -> Result:
    """Run an operation within `limit_s` seconds, else raise `late`, naming what did not come."""
    try:
        with trio.fail_after(limit_s):
            return await operation()
    except trio.TooSlowError as error:
        raise late(f"no {what} within {limit_s:g} s") from error
