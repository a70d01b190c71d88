"""One venue's REST client: every request within a deadline, a budget and the venue's bans.

httpx gives the API, `http` the connections.  What comes back is either a 2xx `Answer` or an error
of `messages.errors` that knows whether the request may have been sent.  Breakers and priorities
belong around `_take_turn`: it is the only door to the wire.
"""

from __future__ import annotations

import zlib
from collections.abc import Callable, Mapping
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

import httpx
import trio
from msgspec import Struct

from actors.transport.http import BODY_LIMIT_BYTES, CONNECTIONS, HttpCounts, HttpTransport
from actors.transport.http_connection import BYTES_SENT, TARGET
from messages.errors import (
    RETRY_NEVER,
    Banned,
    ConnectionLost,
    DecodeError,
    DialFailed,
    InvalidRequest,
    Outcome,
    RateLimited,
    RetryKind,
    TimedOut,
    VenueError,
    VenueUnavailable,
    retry_after,
)

if TYPE_CHECKING:
    from actors.runtime.clock import Clock
    from actors.transport.dial import Dialer
    from markets.throttle import TokenBucket
    from messages.requests import RestRequest

DEADLINE_S = 10.0
"""Budget, dial, request and answer together; the slowest request, symbol info, takes about 3 s."""

SHORTEST_WAIT_S = 0.001
"""Budgets count in floats: a wait below this would be rounding, and could spin."""

USER_AGENT = "arbtree"


class Answer(Struct, frozen=True):
    """A 2xx answer; header names in lower case, body decompressed."""

    status: int
    headers: dict[str, str]
    body: bytes
    received_ns: int


ErrorReader = Callable[[int, Mapping[str, str], bytes], VenueError | None]
"""A dialect's `error`: status, lower-case headers and body; None when the answer is none."""

UsedWeight = Callable[[Mapping[str, str]], float | None]
"""Reads from headers (lower case) how much of its budget the venue counts as used; None: silent."""


class RestClient:
    """Sends one venue's REST requests.

    Args:
        venue: the venue's id, for error texts.
        rest_url: scheme, host and an optional path all requests lie below.
        dialer: opens the streams.
        clock: stamps answers and measures bans and budget.
        error: reads an answer as a venue's error.
        budget: what requests spend by weight, shared by clients whose venues count them
            together; None sends without one.
        used_weight: reads the venue's own count from an answer; the stricter count holds.
        deadline_s: limit of a request that names none of its own.
        connections: the most connections open at once.
    """

    def __init__(
        self,
        venue: str,
        rest_url: str,
        dialer: Dialer,
        clock: Clock,
        *,
        error: ErrorReader,
        budget: TokenBucket | None = None,
        used_weight: UsedWeight | None = None,
        deadline_s: float = DEADLINE_S,
        connections: int = CONNECTIONS,
    ) -> None:
        self.venue = venue
        self._url = httpx.URL(rest_url)
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ValueError(f"{rest_url!r} is not an http:// or https:// address")
        self._prefix = self._url.path.rstrip("/")
        self._clock = clock
        self._error = error
        self.budget = budget
        self._used_weight = used_weight
        self._deadline_s = deadline_s
        self._turn = trio.Lock()
        self._banned_until_s = 0.0
        self._ban: VenueError | None = None
        self._transport = HttpTransport(dialer, connections=connections)
        self._client = httpx.AsyncClient(
            transport=self._transport,
            trust_env=False,  # proxies of the environment would go around the dialer
            headers={"User-Agent": USER_AGENT, "Accept-Encoding": "gzip"},
        )

    @property
    def counts(self) -> HttpCounts:
        """What the connection pool has done so far."""
        return self._transport.counts

    @property
    def banned_for_s(self) -> float:
        """Seconds until the venue takes requests again; 0 when it does now, infinite for never."""
        return max(0.0, self._banned_until_s - self._now_s())

    async def request(self, request: RestRequest, *, deadline_s: float | None = None) -> Answer:
        """Send a request and read its answer.

        The target goes out byte for byte as `request.target` spells it, so that a signature over
        it holds; percent-encoding is the dialect's business.

        Args:
            request: what to send.
            deadline_s: limit for everything together, waiting for budget included.

        Raises:
            VenueError: what `error` made of the answer; `RateLimited` and `Banned` (outcome not
                sent) while a ban lasts or when the budget comes free only after the deadline.
            TimedOut: the deadline passed.
            DialFailed: no connection.
            ConnectionLost: the connection ended, or spoke no HTTP.
            DecodeError: the body cannot be decompressed, or is too large.
        """
        limit_s = self._deadline_s if deadline_s is None else deadline_s
        message = self._build(request, limit_s)
        with trio.move_on_after(limit_s):
            await self._take_turn(request.weight, trio.current_time() + limit_s)
            return await self._exchange(message, request)
        text = f"{self._name(request)} had no answer within {limit_s:g} s"
        raise TimedOut(text, outcome=outcome_of(message))

    async def warm(self, connections: int) -> None:
        """Open connections for requests to come; `DialFailed` when the venue does not answer."""
        await self._transport.warm(self._url, connections)

    async def aclose(self) -> None:
        """Close all idle connections."""
        await self._client.aclose()

    async def __aenter__(self) -> RestClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    # -- before the wire ------------------------------------------------------------------------

    def _build(self, request: RestRequest, limit_s: float) -> httpx.Request:
        try:
            target = (self._prefix + request.target).encode("ascii")
            return self._client.build_request(
                request.method,
                self._url,
                headers=list(request.headers),
                content=request.body or None,
                timeout=limit_s,
                extensions={TARGET: target},
            )
        except UnicodeEncodeError as error:
            text = f"{self._name(request)} is not plain ASCII: {error}"
            raise InvalidRequest(text, venue=self.venue, outcome=Outcome.NOT_SENT) from error

    async def _take_turn(self, weight: int, until_s: float) -> None:
        """Wait for ban and budget, first come first served; raise at once when that is too late."""
        async with self._turn:
            while True:
                now_s = self._now_s()
                wait_s = self._banned_until_s - now_s
                if self.budget is not None:
                    wait_s = max(wait_s, self.budget.ready_in_s(weight, now_s))
                if wait_s <= 0.0:
                    break
                if trio.current_time() + wait_s > until_s:
                    self._refuse(weight, wait_s)
                await trio.sleep(max(wait_s, SHORTEST_WAIT_S))
            if self.budget is not None:
                self.budget.take(weight, now_s)

    def _refuse(self, weight: int, wait_s: float) -> NoReturn:
        ban = self._ban if self._banned_until_s > self._now_s() else None
        if ban is None:
            ever = wait_s != inf  # too heavy for the bucket, or a client that shares it is banned
            text = f"only in {wait_s:.1f} s" if ever else "never"
            raise RateLimited(
                f"not sent, the budget allows a request of weight {weight} {text}",
                venue=self.venue,
                outcome=Outcome.NOT_SENT,
                retry=retry_after(wait_s) if ever else RETRY_NEVER,
            )
        forever = ban.retry.kind is RetryKind.NEVER
        text = f"not sent, still banned {'for good' if forever else f'for {wait_s:.1f} s'}"
        kind = Banned if forever else RateLimited
        retry = ban.retry if forever else retry_after(wait_s)
        raise kind(
            f"{text}: {ban.venue_text}",
            venue=self.venue,
            code=ban.code,
            outcome=Outcome.NOT_SENT,
            retry=retry,
        )

    # -- the wire -------------------------------------------------------------------------------

    async def _exchange(self, message: httpx.Request, request: RestRequest) -> Answer:
        try:
            response = await self._client.send(message, stream=True)
            packed = b"".join([piece async for piece in response.aiter_raw()])
            body = unpack(packed, response.headers.get("content-encoding", ""))
        except httpx.RequestError as error:
            self._fail(error, message, request)
        except (zlib.error, ValueError) as error:
            text = f"{self._name(request)}: cannot decompress the answer: {error}"
            raise DecodeError(text, outcome=Outcome.UNKNOWN) from error
        received_ns = self._clock.now_ns()
        status, headers = response.status_code, dict(response.headers.items())
        self._learn(headers)
        refusal = self._error(status, headers, body)
        if refusal is not None:
            self._note_ban(refusal)
            raise refusal
        if not 200 <= status < 300:
            text = f"{self._name(request)} was answered with HTTP {status}"
            raise VenueUnavailable(text, venue=self.venue, code=str(status))
        return Answer(status, headers, body, received_ns)

    def _fail(
        self, error: httpx.RequestError, message: httpx.Request, request: RestRequest
    ) -> NoReturn:
        cause = error.__cause__
        if isinstance(cause, DialFailed):
            raise cause
        outcome, text = outcome_of(message), f"{self._name(request)}: {error}"
        if isinstance(error, httpx.LocalProtocolError):
            raise InvalidRequest(text, venue=self.venue, outcome=outcome) from error
        kind = TimedOut if isinstance(error, httpx.TimeoutException) else ConnectionLost
        raise kind(text, outcome=outcome) from error

    def _note_ban(self, refusal: VenueError) -> None:
        """A venue that says when to come back is left alone until then, by all requests."""
        until_s = 0.0
        if refusal.retry.kind is RetryKind.AFTER:
            until_s = self._now_s() + refusal.retry.after_s
        elif isinstance(refusal, Banned) and refusal.retry.kind is RetryKind.NEVER:
            until_s = inf
        if until_s > self._banned_until_s:
            self._banned_until_s, self._ban = until_s, refusal
            if self.budget is not None:
                self.budget.close_until(until_s)  # for the clients that share it

    def _learn(self, headers: Mapping[str, str]) -> None:
        if self.budget is None or self._used_weight is None:
            return
        used = self._used_weight(headers)
        if used is not None:
            self.budget.learn(used, None, self._now_s())

    def _now_s(self) -> float:
        return self._clock.now_ns() / 1e9

    def _name(self, request: RestRequest) -> str:
        """Venue, method and path: the query may hold a signature and never shows."""
        return f"{self.venue} {request.method} {request.path}"


def unpack(body: bytes, encoding: str, limit_bytes: int = BODY_LIMIT_BYTES) -> bytes:
    """Decompress a body; httpx would do it without a limit, and a small answer can unfold to any.

    Raises:
        ValueError: an encoding we did not ask for, a body cut short or above the limit.
        zlib.error: no gzip.
    """
    if encoding in ("", "identity") or not body:
        return body
    if encoding != "gzip":
        raise ValueError(f"content encoding {encoding!r} was not asked for")
    opener = zlib.decompressobj(wbits=zlib.MAX_WBITS | 16)
    opened = opener.decompress(body, limit_bytes + 1)
    if len(opened) > limit_bytes:
        raise ValueError(f"more than {limit_bytes} bytes")
    if not opener.eof:
        raise ValueError("it is cut short")
    return opened


def outcome_of(message: httpx.Request) -> Outcome:
    """Whether a request that failed can have reached the venue."""
    return Outcome.UNKNOWN if message.extensions.get(BYTES_SENT) else Outcome.NOT_SENT
