"""Small worlds for the transports: peers on memory streams, peers on loopback, raw frames."""

from __future__ import annotations

import ssl
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from functools import partial

import trio
import trio.testing
import trustme

from messages.errors import DialFailed

Peer = Callable[[trio.abc.Stream], Awaitable[None]]


class MemoryDialer:
    """Dials peers that run as tasks in this process; each dial is one run of `peer`."""

    def __init__(
        self,
        nursery: trio.Nursery,
        peer: Peer,
        delay_s: float = 0.0,
        wrap: Callable[[trio.abc.Stream], trio.abc.Stream] | None = None,
    ) -> None:
        self.nursery, self.peer, self.delay_s, self.wrap = nursery, peer, delay_s, wrap
        self.dials = 0
        self.open: list[trio.abc.Stream] = []
        self.refusing = ""

    async def __call__(self, host: str, port: int, tls: bool) -> trio.abc.Stream:
        self.dials += 1
        await trio.sleep(self.delay_s)
        if self.refusing:
            raise DialFailed(f"cannot connect to {host}:{port}: {self.refusing}")
        near, far = trio.testing.memory_stream_pair()
        self.nursery.start_soon(self.peer, far)
        stream = Counted(near, self.open)
        return self.wrap(stream) if self.wrap is not None else stream


class Wrapped(trio.abc.Stream):
    """A stream that does what the one below it does."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self.stream = stream

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        await self.stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        await self.stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        return await self.stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        await self.stream.aclose()


class Counted(Wrapped):
    """A stream that is in `still_open` until it is closed."""

    def __init__(self, stream: trio.abc.Stream, still_open: list[trio.abc.Stream]) -> None:
        super().__init__(stream)
        self.still_open = still_open
        still_open.append(self)

    async def aclose(self) -> None:
        if self in self.still_open:
            self.still_open.remove(self)
        await super().aclose()


class BrokenAfterOneRead(Wrapped):
    """A stream whose second read is a reset."""

    reads = 0

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        self.reads += 1
        if self.reads > 1:
            raise trio.BrokenResourceError("reset by peer")
        return await super().receive_some(max_bytes)


class Clogged(Wrapped):
    """A stream that takes no bytes but those of an upgrade request."""

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        if b"websocket" not in bytes(data):
            await trio.sleep_forever()
        await super().send_all(data)


async def read_head(stream: trio.abc.Stream) -> bytes:
    """Read a request up to the end of its headers."""
    head = b""
    while b"\r\n\r\n" not in head:
        data = await stream.receive_some()
        if not data:
            break
        head += data
    return head


def answering(*pieces: bytes, hold: bool = False) -> Peer:
    """A peer that reads one request head, sends these pieces, and hangs up (or holds)."""

    async def peer(stream: trio.abc.Stream) -> None:
        await read_head(stream)
        for piece in pieces:
            await stream.send_all(piece)
        if hold:
            await trio.sleep_forever()
        await stream.aclose()

    return peer


async def silent(stream: trio.abc.Stream) -> None:
    """A peer that never says a word."""
    await trio.sleep_forever()


@asynccontextmanager
async def loopback(
    peer: Peer, *, certificate: trustme.LeafCert | None = None
) -> AsyncIterator[int]:
    """Serve `peer` on 127.0.0.1, with TLS when given a certificate; yields the port."""
    context: ssl.SSLContext | None = None
    if certificate is not None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        certificate.configure_cert(context)

    async def guarded(stream: trio.SocketStream) -> None:
        served: trio.abc.Stream = stream
        if context is not None:
            served = trio.SSLStream(stream, context, server_side=True, https_compatible=True)
        try:
            await peer(served)
        except (trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.aclose_forcefully(stream)

    async with trio.open_nursery() as nursery:
        listeners = await nursery.start(
            partial(trio.serve_tcp, guarded, 0, host="127.0.0.1", handler_nursery=nursery)
        )
        yield listeners[0].socket.getsockname()[1]
        nursery.cancel_scope.cancel(reason="the test is over")
