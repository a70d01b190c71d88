"""How to open a websocket: the one place that knows which engine stands behind the interface."""

from __future__ import annotations

from typing import TYPE_CHECKING

from actors.transport.websocket import (
    MESSAGE_LIMIT_BYTES,
    OPEN_DEADLINE_S,
    Websocket,
    parse_url,
)

if TYPE_CHECKING:
    from contextlib import AbstractAsyncContextManager

    from actors.runtime.clock import Clock
    from actors.transport.dial import Dialer


def open_websocket(
    url: str,
    dialer: Dialer,
    *,
    clock: Clock,
    deadline_s: float = OPEN_DEADLINE_S,
    headers: tuple[tuple[str, str], ...] = (),
    message_limit_bytes: int = MESSAGE_LIMIT_BYTES,
) -> AbstractAsyncContextManager[Websocket]:
    """Open a websocket connection for the length of an `async with` block.

    Args:
        url: a `ws://` or `wss://` address.
        dialer: opens the stream below.
        clock: stamps what is received.
        deadline_s: limit in seconds for dial and upgrade together.
        headers: further headers of the upgrade request.
        message_limit_bytes: a larger message ends the connection with code 1009.

    Raises:
        DialFailed: no connection came about, or the peer did not agree to the upgrade; with the
            peer's Retry-After where it sent one.
        ValueError: when the text is not a websocket address.
    """
    # Loaded here: commands that dial nobody are spared 40 ms.
    from actors.transport.reference import open_reference

    return open_reference(
        parse_url(url),
        dialer,
        clock=clock,
        deadline_s=deadline_s,
        headers=headers,
        message_limit_bytes=message_limit_bytes,
    )
