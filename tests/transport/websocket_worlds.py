"""Websocket peers: polite ones by trio-websocket, rude ones byte by byte."""

from __future__ import annotations

import base64
import hashlib
import struct
from collections.abc import Awaitable, Callable
from contextlib import AbstractAsyncContextManager

import trio
import trio.testing
import trio_websocket

from actors.runtime.clock import TrioClock
from actors.transport.opening import open_websocket
from actors.transport.websocket import MESSAGE_LIMIT_BYTES, Websocket
from tests.transport.worlds import MemoryDialer, Peer, read_head

URL = "ws://venue.example/ws/secret-listen-key"


def connect(
    dialer: MemoryDialer,
    *,
    deadline_s: float = 15.0,
    headers: tuple[tuple[str, str], ...] = (),
    message_limit_bytes: int = MESSAGE_LIMIT_BYTES,
) -> AbstractAsyncContextManager[Websocket]:
    """Open a connection to the peer behind this dialer."""
    return open_websocket(
        URL,
        dialer,
        clock=TrioClock(),
        deadline_s=deadline_s,
        headers=headers,
        message_limit_bytes=message_limit_bytes,
    )


def sending(*pieces: bytes, hold: bool = True) -> Peer:
    """A peer that upgrades, sends these bytes, and holds the line or hangs up."""

    async def serve(stream: trio.abc.Stream) -> None:
        for piece in pieces:
            await stream.send_all(piece)
            await trio.testing.wait_all_tasks_blocked()
        if hold:
            await trio.sleep_forever()
        await stream.aclose()

    return raw_websocket_peer(serve)


def websocket_peer(
    serve: Callable[[trio_websocket.WebSocketConnection], Awaitable[None]],
) -> Peer:
    """A peer that accepts the upgrade by trio-websocket and then does what `serve` does."""

    async def peer(stream: trio.abc.Stream) -> None:
        async with trio.open_nursery() as nursery:
            request = await trio_websocket.wrap_server_stream(nursery, stream)
            connection = await request.accept()
            await serve(connection)
            nursery.cancel_scope.cancel(reason="served")

    return peer


def frame(opcode: int, payload: bytes, *, fin: bool = True) -> bytes:
    """One unmasked frame, as a server sends it (RFC 6455 section 5.2)."""
    head = bytes([(0x80 if fin else 0) | opcode])
    if len(payload) < 126:
        return head + bytes([len(payload)]) + payload
    if len(payload) < 65_536:
        return head + b"\x7e" + struct.pack("!H", len(payload)) + payload
    return head + b"\x7f" + struct.pack("!Q", len(payload)) + payload


TEXT, BINARY, CLOSE, PING, PONG = 0x1, 0x2, 0x8, 0x9, 0xA


def raw_websocket_peer(serve: Peer) -> Peer:
    """A peer that does the upgrade by hand and then owns the bytes."""

    async def peer(stream: trio.abc.Stream) -> None:
        head = await read_head(stream)
        key = next(
            line.split(b":", 1)[1].strip()
            for line in head.split(b"\r\n")
            if line.lower().startswith(b"sec-websocket-key")
        )
        digest = hashlib.sha1(key + b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11").digest()
        await stream.send_all(
            b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
            b"Sec-WebSocket-Accept: " + base64.b64encode(digest) + b"\r\n\r\n"
        )
        await serve(stream)

    return peer
