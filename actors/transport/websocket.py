"""What a websocket connection is to the rest of the engine.

`Websocket` is the whole interface; an engine stands behind it (`reference` today).  A connection
lives inside `async with`: leaving the block ends it, and nothing of it outlives the block.  Every
way it can end is one `ConnectionLost`, raised by whatever is awaited next.
"""

from __future__ import annotations

import abc
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from msgspec import Struct

from messages.errors import ConnectionLost

if TYPE_CHECKING:
    pass

BATCH_LIMIT = 256
"""Messages a batch brings at most, so that one busy connection does not starve the others."""

MESSAGE_LIMIT_BYTES = 4 * 2**20
"""The largest message accepted: 100 times the largest depth frame on record (about 40 kB)."""

OPEN_DEADLINE_S = 15.0
"""Dial and upgrade together; the dialer's own two limits lie below it."""

SEND_DEADLINE_S = 5.0
"""We send small commands: a peer that does not take one in this time is gone."""

PING_DEADLINE_S = 10.0
"""How long a pong may take; a caller that needs proof sooner says so."""

CLOSE_DEADLINE_S = 1.0
"""How long we wait for the peer to answer our close frame before we just hang up."""


class Batch(Struct, frozen=True):
    """The messages of one read, in order: text as UTF-8 or binary, at least one.

    `received_ns` is the monotonic time of the read that completed them.
    """

    payloads: list[bytes]
    received_ns: int


class WebsocketCounts(Struct):
    """What a connection has carried so far; `bytes` counts the wire, framing included."""

    reads: int = 0
    bytes: int = 0
    messages: int = 0
    pings_received: int = 0
    pings_sent: int = 0
    pongs_received: int = 0
    discarded: int = 0
    """Messages that came after the end: after our close frame, or too large."""


class CloseFrame(Struct, frozen=True):
    """How a connection ended: code and reason of the close frame, 1006 where none came.

    Source: RFC 6455 section 7.4.
    """

    code: int
    reason: str


class Websocket(abc.ABC):
    """One open websocket connection."""

    @property
    @abc.abstractmethod
    def counts(self) -> WebsocketCounts:
        """What the connection has carried so far."""

    @property
    @abc.abstractmethod
    def last_frame_ns(self) -> int:
        """When the last whole frame of any kind but close was read; at first, the opening."""

    @property
    @abc.abstractmethod
    def closed(self) -> CloseFrame | None:
        """How the connection ended; None while it is open."""

    @abc.abstractmethod
    async def receive_batch(self) -> Batch:
        """Wait for messages and take those of one read, at most `BATCH_LIMIT`.

        What was read before the connection ended is still delivered.  One task receives.

        Raises:
            ConnectionLost: the connection ended and everything it brought was taken.
        """

    @abc.abstractmethod
    async def send(self, text: str) -> None:
        """Send one text message.

        A send that is cancelled or takes longer than `SEND_DEADLINE_S` ends the connection: half
        a frame may be on the wire.

        Raises:
            ConnectionLost: the connection has ended or ended now.
        """

    @abc.abstractmethod
    async def ping(self, deadline_s: float = PING_DEADLINE_S) -> float:
        """Send a ping and wait for its pong.

        Returns:
            The round trip in seconds, to the read that brought the pong.

        Raises:
            SilentConnection: no pong within `deadline_s` seconds.
            ConnectionLost: the connection has ended or ended meanwhile.
        """

    @abc.abstractmethod
    async def close(self, code: int = 1000, deadline_s: float = CLOSE_DEADLINE_S) -> None:
        """Say goodbye, wait for the answer at most `deadline_s` seconds, and hang up."""

    @abc.abstractmethod
    async def aclose_forcefully(self) -> None:
        """Hang up at once."""


class Address(Struct, frozen=True):
    """A websocket URL taken apart; `host_header` names the port unless it is the usual one."""

    url: str
    host: str
    port: int
    tls: bool
    target: str
    host_header: str


def parse_url(url: str) -> Address:
    """Take a `ws://` or `wss://` URL apart.

    Raises:
        ValueError: when the text is not such a URL.
    """
    parts = urlsplit(url)
    if parts.scheme not in ("ws", "wss") or not parts.hostname:
        raise ValueError(f"{url!r} is not a ws:// or wss:// address")
    tls = parts.scheme == "wss"
    usual = 443 if tls else 80
    port = parts.port or usual
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    target = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    header = host if port == usual else f"{host}:{port}"
    return Address(url, parts.hostname, port, tls, target, header)


def sole_loss(error: BaseException) -> ConnectionLost | None:
    """The one `ConnectionLost` that a group of nothing else stands for; None for all others.

    Two tasks that use one socket both notice its end, and a nursery bundles what they raise.
    """
    if not isinstance(error, BaseExceptionGroup):
        return None
    rest: list[BaseException] = list(error.exceptions)
    first: ConnectionLost | None = None
    while rest:
        leaf = rest.pop(0)
        if isinstance(leaf, BaseExceptionGroup):
            rest[:0] = leaf.exceptions
        elif isinstance(leaf, ConnectionLost):
            first = first or leaf
        else:
            return None
    return first
