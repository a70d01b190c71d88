"""HTTP peers, and requests through httpx to whatever transport is under test."""

from __future__ import annotations

from collections.abc import Callable

import h11
import httpx
import trio

from actors.transport.http import HttpTransport
from tests.transport.worlds import Peer

URL = "http://venue.example/api"
CHUNKS = b"3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"


def server(
    answer: Callable[[h11.Request], bytes] = lambda request: OK,
    *,
    delay_s: Callable[[], float] = lambda: 0.0,
    requests_each: int = 1_000,
) -> Peer:
    """A keep-alive server by h11: one answer a request, so many requests a connection."""

    async def peer(stream: trio.abc.Stream) -> None:
        parser = h11.Connection(h11.SERVER)
        for _ in range(requests_each):
            request: h11.Request | None = None
            while True:
                event = parser.next_event()
                if event is h11.NEED_DATA:
                    data = await stream.receive_some()
                    if not data:
                        await stream.aclose()
                        return
                    parser.receive_data(bytes(data))
                elif isinstance(event, h11.Request):
                    request = event
                elif isinstance(event, h11.EndOfMessage):
                    break
            assert request is not None
            await trio.sleep(delay_s())
            try:
                await stream.send_all(answer(request))
            except trio.BrokenResourceError:
                return
            parser = h11.Connection(h11.SERVER)
        await stream.aclose()

    return peer


async def get(
    transport: HttpTransport,
    method: str = "GET",
    *,
    content: bytes | None = None,
    headers: dict[str, str] | None = None,
    timeout_s: float | httpx.Timeout | None = 5.0,
    target: bytes | None = None,
) -> httpx.Response:
    """Send one request through httpx's own client."""
    extensions = {} if target is None else {"target": target}
    async with httpx.AsyncClient(
        transport=Borrowed(transport), trust_env=False, timeout=timeout_s
    ) as client:
        return await client.request(
            method, URL, content=content, headers=headers, extensions=extensions
        )


class Borrowed(httpx.AsyncBaseTransport):
    """Lends a transport to a client that closes what it is given."""

    def __init__(self, transport: HttpTransport) -> None:
        self.transport = transport

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        return await self.transport.handle_async_request(request)
