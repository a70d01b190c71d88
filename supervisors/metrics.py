"""A listener on loopback that answers `GET /metrics` with a text a function makes.

It knows nothing of what it shows.  Everything about a client is bounded: how many there are, how
long a request may be and take, how long an answer may take to be read.  What a client does wrong
is answered or its connection closed; it never ends the listener.
"""

from __future__ import annotations

import os
from collections.abc import Callable

import h11
import trio

from messages.errors import EnvironmentFault

HOST = "127.0.0.1"
"""Figures tell of a user's business: they never leave the machine by themselves."""

PATH = "/metrics"
TEXT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

MOST_CLIENTS = 16
"""Connections at once; a scraper needs one."""

HEAD_BYTES = 8_192
REQUEST_WITHIN_S = 10.0
"""Also how long an idle connection is kept; a scraper that comes later dials again."""

SEND_WITHIN_S = 10.0
READ_BYTES = 4_096

LOCAL_NAMES = frozenset({"localhost", HOST, "[::1]"})
"""What `Host` may name: a page of the web that resolves its own name to us does not name these."""

Answer = tuple[int, bytes, tuple[tuple[str, str], ...]]


class MetricsListener:
    """Serves one text.

    Args:
        text: makes the text, in one go; called once for each scrape.
    """

    def __init__(self, text: Callable[[], bytes]) -> None:
        self._text = text
        self._clients = 0
        self.scrapes = 0
        self.refused = 0
        """Requests that were answered with an error, and connections turned away."""

    async def serve(
        self, port: int, task_status: trio.TaskStatus[int] = trio.TASK_STATUS_IGNORED
    ) -> None:
        """Listen until cancelled.

        Args:
            port: where to listen on loopback; 0 for any free port.
            task_status: told the port that is listened on.

        Raises:
            EnvironmentFault: the port cannot be had.
        """
        try:
            listeners = await trio.open_tcp_listeners(port, host=HOST)
        except OSError as error:
            reason = os.strerror(error.errno) if error.errno else str(error)
            text = f"metrics cannot be served on {HOST}:{port}: {reason}"
            raise EnvironmentFault(text) from error
        task_status.started(listeners[0].socket.getsockname()[1])
        await trio.serve_listeners(self.answer, listeners)

    async def answer(self, stream: trio.abc.Stream) -> None:
        """Serve one accepted stream to its end; never raises for what its client does."""
        self._clients += 1
        try:
            async with stream:
                if self._clients > MOST_CLIENTS:
                    self.refused += 1
                else:
                    await self._converse(stream)
        except (trio.BrokenResourceError, trio.ClosedResourceError, trio.TooSlowError):
            self.refused += 1
        finally:
            self._clients -= 1

    async def _converse(self, stream: trio.abc.Stream) -> None:
        http = h11.Connection(h11.SERVER, max_incomplete_event_size=HEAD_BYTES)
        while True:
            try:
                request = await self._next_request(http, stream)
            except h11.RemoteProtocolError as error:
                if http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                    status = error.error_status_hint or 400
                    await self._send(http, stream, _said(status, "the request is not readable"))
                return
            if request is None:
                return
            await self._send(http, stream, self._respond(request), request.method == b"HEAD")
            if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
                return  # a body that nobody asked for, or a client that wants to end
            http.start_next_cycle()

    async def _next_request(
        self, http: h11.Connection, stream: trio.abc.Stream
    ) -> h11.Request | None:
        """The head of the next request; None at the end of the stream or of the client's time."""
        with trio.move_on_after(REQUEST_WITHIN_S):
            while True:
                event = http.next_event()
                if isinstance(event, h11.Request):
                    if http.their_state is h11.SEND_BODY and _length(event) == 0:
                        http.next_event()  # the end of a message without a body
                    return event
                if event is not h11.NEED_DATA:
                    return None
                http.receive_data(bytes(await stream.receive_some(READ_BYTES)))
        return None

    def _respond(self, request: h11.Request) -> Answer:
        headers = {name: value.decode("latin-1") for name, value in request.headers}
        host = headers.get(b"host", "")
        name, _, port = host.rpartition(":")
        target = request.target.decode("latin-1").partition("?")[0]
        if (name if port.isdigit() else host).lower() not in LOCAL_NAMES:
            return _said(403, "only this machine is answered, under its own names")
        if target != PATH:
            return _said(404, f"there is only {PATH}")
        if request.method not in (b"GET", b"HEAD"):
            status, body, more = _said(405, "only GET and HEAD")
            return status, body, (*more, ("Allow", "GET, HEAD"))
        self.scrapes += 1
        return 200, self._text(), (("Content-Type", TEXT_TYPE),)

    async def _send(
        self, http: h11.Connection, stream: trio.abc.Stream, answer: Answer, bare: bool = False
    ) -> None:
        status, body, more = answer
        self.refused += status >= 400
        headers = [*more, ("Content-Length", str(len(body)))]
        if http.their_state not in (h11.DONE, h11.MUST_CLOSE):
            headers.append(("Connection", "close"))
        parts = [http.send(h11.Response(status_code=status, headers=headers))]
        if not bare:
            parts.append(http.send(h11.Data(data=body)))
        parts.append(http.send(h11.EndOfMessage()))
        with trio.fail_after(SEND_WITHIN_S):
            await stream.send_all(b"".join(part or b"" for part in parts))


def _length(request: h11.Request) -> int:
    """The length of a request's body as its head says; 1 where it does not say how long."""
    headers = dict(request.headers)
    if b"transfer-encoding" in headers:
        return 1
    return int(headers.get(b"content-length", b"0"))


def _said(status: int, sentence: str) -> Answer:
    return status, f"{sentence}\n".encode(), (("Content-Type", "text/plain; charset=utf-8"),)
