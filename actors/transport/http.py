"""An httpx transport on trio and h11 whose pool survives cancellation.

httpx's own pool loses slots for ever when requests are cancelled under trio (measured, 8 of 8
after 400 to 1,200 cancellations; encode/httpcore issues 961 and 1093), and supervision cancels.
Here one request owns one connection for its whole life, body included.  The connection goes back
to the pool only when both sides of h11 are done; in every other case it is closed forcefully
before the request is left, whatever made it leave.
"""

from __future__ import annotations

from collections import deque
from typing import TYPE_CHECKING

import httpx
import trio
from msgspec import Struct

from actors.transport.dial import CLOSE_DEADLINE_S
from actors.transport.http_connection import HttpConnection, Origin, Timeouts, Unanswered, within
from messages.errors import DialFailed

if TYPE_CHECKING:
    from actors.transport.dial import Dialer

CONNECTIONS = 8
"""Connections to one venue: weight budgets run out long before eight are busy."""

KEEP_ALIVE_S = 30.0
"""Idle connections older than this are not used again: load balancers drop them after 60 s."""

RENEWED_AT = 0.6
"""Share of that time after which a warm connection is replaced."""

BODY_LIMIT_BYTES = 64 * 2**20
"""The largest answer on record is symbol info of 20 MB; this counts before decompression."""

POOL_S = 10.0
"""Limit of waiting for a free connection."""

DIAL_S = 10.0
"""Limit of a whole dial; name lookup with TCP, and TLS, have their own limits in the dialer."""

SEND_S = 5.0
"""Limit of sending: a request fits into the socket's buffer, so that only a dead peer takes it."""

HEADERS_S = 5.0
"""Limit of the time to an answer's headers; the slowest, symbol info, comes within 3 s."""

BODY_S = 5.0
"""Limit of a silence in the middle of an answer's body."""

TIMEOUTS = Timeouts(POOL_S, DIAL_S, SEND_S, HEADERS_S, BODY_S)
"""What counts when a request does not say, or says None: nothing waits for ever here."""

REPEATABLE = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing: the only ones ever sent twice."""


class HttpCounts(Struct):
    """What the pool has done so far; every connection dialled is open, idle or closed.

    `cold` counts failures to keep connections warm.
    """

    requests: int = 0
    dialled: int = 0
    closed: int = 0
    reused: int = 0
    retried: int = 0
    stale: int = 0
    cold: int = 0


class HttpTransport(httpx.AsyncBaseTransport):
    """Sends requests over a bounded pool of connections.

    Args:
        dialer: opens the streams.
        connections: how many may be open at once, idle ones included.
        keep_alive_s: how long an idle connection may be used again.
        body_limit_bytes: a longer answer is an error.
    """

    def __init__(
        self,
        dialer: Dialer,
        *,
        connections: int = CONNECTIONS,
        keep_alive_s: float = KEEP_ALIVE_S,
        body_limit_bytes: int = BODY_LIMIT_BYTES,
    ) -> None:
        self.counts = HttpCounts()
        self._dialer = dialer
        self._slots = trio.Semaphore(connections, max_value=connections)
        self._connections = connections
        self._keep_alive_s = keep_alive_s
        self._body_limit_bytes = body_limit_bytes
        self._idle: deque[HttpConnection] = deque()
        self._closed = False

    @property
    def idle(self) -> int:
        """Connections open and waiting for a request."""
        return len(self._idle)

    @property
    def _busy(self) -> int:
        return self._connections - self._slots.value

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        """Send one request and read its whole answer.

        Raises:
            httpx.TransportError: as httpx's own transport would: `PoolTimeout`, `ConnectTimeout`,
                `ConnectError`, `WriteTimeout`, `WriteError`, `ReadTimeout`, `ReadError`,
                `RemoteProtocolError`, `LocalProtocolError`, `UnsupportedProtocol`.
        """
        origin = _origin(request.url)
        timeouts = _timeouts(request)
        self.counts.requests += 1
        await within(timeouts.pool_s, self._slots.acquire, httpx.PoolTimeout, "free connection")
        try:
            await self._drop_old()
            return await self._exchange(request, origin, timeouts)
        finally:
            self._slots.release()

    async def warm(self, url: httpx.URL | str, connections: int) -> None:
        """Open connections to an address until this many are idle there, for requests to come.

        One that will soon be too old counts no more, so that asking often enough keeps so many.

        Raises:
            DialFailed: an address that does not answer now; what was opened stays.
        """
        origin = _origin(httpx.URL(url))
        await self._drop_old()
        now_s = trio.current_time()
        there = sum(
            entry.origin == origin
            and now_s - entry.idle_since_s < self._keep_alive_s * RENEWED_AT
            and not entry.ended
            for entry in self._idle
        )
        for _ in range(connections - there):
            async with self._slots:
                if len(self._idle) + self._busy > self._connections:
                    return
                stream = await self._dial(origin)
                self._keep(HttpConnection(stream, origin, self._body_limit_bytes))

    async def aclose(self) -> None:
        """Close what is idle; requests under way close theirs when they end."""
        self._closed = True
        while self._idle:
            await self._discard(self._idle.popleft())

    # -- one request ----------------------------------------------------------------------------

    async def _exchange(
        self, request: httpx.Request, origin: Origin, timeouts: Timeouts
    ) -> httpx.Response:
        connection = await self._take_idle(origin)
        if connection is not None:
            self.counts.reused += 1
            try:
                return await self._ask(connection, request, timeouts)
            except Unanswered as end:
                # The usual end of an idle connection: the peer closed it as we began to write.
                self.counts.stale += 1
                again = isinstance(request.stream, httpx.ByteStream)
                if request.method not in REPEATABLE or not again:
                    raise end.error from end.error.__cause__
                self.counts.retried += 1
        stream = await within(
            timeouts.dial_s,
            lambda: self._open(origin),
            httpx.ConnectTimeout,
            f"connection to {origin[0]}:{origin[1]}",
        )
        connection = HttpConnection(stream, origin, self._body_limit_bytes)
        try:
            return await self._ask(connection, request, timeouts)
        except Unanswered as end:
            raise end.error from end.error.__cause__

    async def _ask(
        self, connection: HttpConnection, request: httpx.Request, timeouts: Timeouts
    ) -> httpx.Response:
        try:
            return await connection.ask(request, timeouts)
        finally:
            if connection.reusable and not self._closed:
                self._keep(connection)
            else:
                with trio.move_on_after(CLOSE_DEADLINE_S, shield=True):
                    await self._discard(connection)

    # -- the pool -------------------------------------------------------------------------------

    async def _take_idle(self, origin: Origin) -> HttpConnection | None:
        """The youngest idle connection to this origin that still looks alive."""
        for connection in reversed(tuple(self._idle)):
            # Closing what is dead takes a checkpoint, and another request may take one meanwhile.
            if connection.origin != origin or connection not in self._idle:
                continue
            self._idle.remove(connection)
            if self._young(connection) and not connection.ended:
                return connection
            self.counts.stale += 1
            await self._discard(connection)
        return None

    async def _drop_old(self) -> None:
        """Close what has been idle for too long; the oldest stand first."""
        while self._idle and not self._young(self._idle[0]):
            self.counts.stale += 1
            await self._discard(self._idle.popleft())

    def _young(self, connection: HttpConnection) -> bool:
        return trio.current_time() - connection.idle_since_s <= self._keep_alive_s

    def _keep(self, connection: HttpConnection) -> None:
        connection.idle_since_s = trio.current_time()
        self._idle.append(connection)

    async def _open(self, origin: Origin) -> trio.abc.Stream:
        try:
            return await self._dial(origin)
        except DialFailed as error:
            raise httpx.ConnectError(error.text) from error

    async def _dial(self, origin: Origin) -> trio.abc.Stream:
        """Dial within the cap: a busy request owns a slot, so only idle ones can be too many."""
        while self._idle and len(self._idle) + self._busy > self._connections:
            await self._discard(self._idle.popleft())
        stream = await self._dialer(*origin)
        self.counts.dialled += 1
        return stream

    async def _discard(self, connection: HttpConnection) -> None:
        self.counts.closed += 1
        with trio.move_on_after(CLOSE_DEADLINE_S, shield=True):
            await trio.aclose_forcefully(connection.stream)


def _origin(url: httpx.URL) -> Origin:
    if url.scheme not in ("http", "https") or not url.host:
        raise httpx.UnsupportedProtocol(f"{url} is not an http:// or https:// address")
    tls = url.scheme == "https"
    return url.host, url.port or (443 if tls else 80), tls


def _timeouts(request: httpx.Request) -> Timeouts:
    """Read httpx's four limits; its `read` is a limit of headers and body alike."""
    asked = request.extensions.get("timeout", {})
    names = ("pool", "connect", "write", "read", "read")
    given = (asked.get(name) for name in names)
    return Timeouts._make(
        default if limit is None else float(limit)
        for default, limit in zip(TIMEOUTS, given, strict=True)
    )
