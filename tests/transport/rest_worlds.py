"""A venue of a few scripted answers, and clients of it."""

from __future__ import annotations

from collections.abc import Mapping

import trio
import trio.testing

from actors.runtime.clock import TrioClock
from actors.transport.rest import RestClient
from markets.throttle import TokenBucket
from messages.errors import (
    Banned,
    RateLimited,
    UnknownSymbol,
    VenueError,
    retry_after,
)
from messages.requests import RestRequest
from tests.transport.worlds import MemoryDialer, Peer, read_head

DEPTH = RestRequest("GET", "/api/v3/depth", (("symbol", "BTCUSDT"), ("limit", "5")), weight=5)


def http(status: str, body: bytes = b"", *headers: str) -> bytes:
    """One whole answer."""
    lines = [f"HTTP/1.1 {status}", f"Content-Length: {len(body)}", *headers, "", ""]
    return "\r\n".join(lines).encode() + body


def scripted(*answers: bytes, seen: list[bytes] | None = None) -> Peer:
    """A keep-alive peer that gives these answers in order, then hangs up."""
    left = iter(answers)

    async def peer(stream: trio.abc.Stream) -> None:
        while head := await read_head(stream):
            if seen is not None:
                seen.append(head)
            answer = next(left, b"")
            if not answer:
                break
            await stream.send_all(answer)
        await stream.aclose()

    return peer


def read_error(status: int, headers: Mapping[str, str], body: bytes) -> VenueError | None:
    """A small error map in the manner of a dialect."""
    if status < 400:
        return None
    after = headers.get("retry-after")
    retry = retry_after(float(after)) if after else None
    if status == 429:
        return RateLimited("slow down", venue="venue", code="429", retry=retry)
    if status == 418:
        return Banned("go away", venue="venue", code="418", retry=retry)
    if status == 400:
        return UnknownSymbol(body.decode(), venue="venue", code="-1121")
    return None


def read_used_weight(headers: Mapping[str, str]) -> float | None:
    """The weight a Binance answer says was used."""
    used = headers.get("x-mbx-used-weight-1m")
    return float(used) if used else None


def tokens(burst: float, rate: float) -> TokenBucket:
    """A bucket that holds so many tokens and gets so many back a second."""
    now_s = TrioClock().now_ns() / 1e9
    return TokenBucket(2 * burst, burst / rate, now_s, burst_share=0.5, reserve_share=0)


def client(
    dialer: MemoryDialer,
    url: str = "https://venue.example",
    *,
    budget: TokenBucket | None = None,
    connections: int = 8,
) -> RestClient:
    """A client of the venue behind this dialer."""
    return RestClient(
        "venue",
        url,
        dialer,
        TrioClock(),
        error=read_error,
        budget=budget,
        used_weight=read_used_weight,
        connections=connections,
    )
