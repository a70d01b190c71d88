"""A venue of a few scripted answers, and clients of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import trio
import trio.testing

from actors.runtime.clock import TrioClock
from actors.transport.dial import Dialer
from actors.transport.rest import RestClient
from actors.transport.turns import Turns
from markets.budget import RequestBudget
from markets.throttle import BURST_SHARE, RESERVE_SHARE
from messages.errors import (
    Banned,
    EndpointLimited,
    RateLimited,
    UnknownSymbol,
    VenueError,
    retry_after,
)
from messages.instruments import REQUEST_WEIGHT, RateRule, RateUse
from messages.requests import RestRequest
from tests.transport.worlds import Peer, read_head

DEPTH = RestRequest("GET", "/api/v3/depth", (("symbol", "BTCUSDT"), ("limit", "5")), weight=5)

WINDOW_S = 10.0 / (1 - RESERVE_SHARE)
"""The interval of `tokens`: the burst less its reserve refills in ten seconds."""


def http(status: str, body: bytes = b"{}", *headers: str) -> bytes:
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
    if status == 430:
        return EndpointLimited("slow down here", venue="venue", code="430", retry=retry)
    if status == 418:
        return Banned("go away", venue="venue", code="418", retry=retry)
    if status == 400:
        return UnknownSymbol(body.decode(), venue="venue", code="-1121")
    return None


def read_rate_use(headers: Mapping[str, str]) -> tuple[RateUse, ...]:
    """The weight an answer says was used, in the windows of `tokens`."""
    used = headers.get("x-used")
    return (RateUse(REQUEST_WEIGHT, WINDOW_S, float(used)),) if used else ()


def tokens(burst: float, *rules: RateRule) -> RequestBudget:
    """A budget of which ordinary requests may spend so much at once, a tenth of it each second."""
    limit = burst / (BURST_SHARE * (1 - RESERVE_SHARE))
    return budget(RateRule(REQUEST_WEIGHT, round(limit), WINDOW_S), *rules)


def budget(*rules: RateRule) -> RequestBudget:
    """A budget of these rules, full now."""
    return RequestBudget(rules, TrioClock().now_ns() / 1e9)


def client(
    dialer: Dialer,
    url: str = "https://venue.example",
    *,
    limits: RequestBudget | Turns | None = None,
    connections: int = 8,
    chance: Callable[[], float] = lambda: 1.0,
) -> RestClient:
    """A client of the venue behind this dialer."""
    turns = Turns(limits, TrioClock()) if isinstance(limits, RequestBudget) else limits
    return RestClient(
        "venue",
        url,
        dialer,
        TrioClock(),
        error=read_error,
        turns=turns,
        rate_use=read_rate_use,
        connections=connections,
        chance=chance,
    )
