"""One venue's REST client: every request within a deadline, its budget, bans and breakers.

httpx gives requests, answers and exceptions, `http` the connections, `turns` the line before
them, `endpoints` the breakers.  What comes back is either a 2xx `Answer` or an error of
`messages.errors` that knows whether the request may have been sent.
"""

from __future__ import annotations

import random
import zlib
from collections.abc import Callable
from math import inf
from types import TracebackType
from typing import TYPE_CHECKING, NoReturn

import httpx
import trio

from actors.transport.answers import (
    Answer,
    ErrorReader,
    RateReader,
    no_data,
    unpack,
    without_secrets,
)
from actors.transport.attempts import Attempt, RestCounts
from actors.transport.endpoints import Endpoints
from actors.transport.http import CONNECTIONS, HttpCounts, HttpTransport
from actors.transport.http_connection import TARGET
from actors.transport.turns import Slots, Turn, Turns
from markets.backoff import retry_delay_s
from markets.budget import Ban, RequestBudget, Spend
from messages.errors import (
    ArbtreeError,
    Banned,
    ConnectionLost,
    DecodeError,
    DialFailed,
    EndpointLimited,
    InvalidRequest,
    Outcome,
    RateLimited,
    RetryKind,
    TimedOut,
    VenueBusy,
    VenueError,
    VenueUnavailable,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

    from actors.runtime.clock import Clock
    from actors.transport.dial import Dialer
    from messages.instruments import RateRule
    from messages.requests import RestRequest

DEADLINE_S = 10.0
"""Budget, dial, request and answer together; the slowest request, symbol info, takes about 3 s."""

MOST_ATTEMPTS = 5
"""How often one request may be sent at most."""

WARM_EVERY_S = 5.0
"""How often warm connections are counted and replaced."""

USER_AGENT = "arbtree"

_NAMED = [("User-Agent", USER_AGENT), ("Accept-Encoding", "gzip")]


class RestClient:
    """Sends one venue's REST requests.

    Args:
        venue: the venue's id, for error texts.
        rest_url: scheme, host and an optional path all requests lie below.
        dialer: opens the streams.
        clock: stamps answers and measures bans and budget.
        error: reads an answer as a venue's error.
        turns: the line of its pool, shared by clients whose venues count together; without one
            the client has its own, without limits.
        rate_use: reads the venue's own counts from an answer; the stricter count holds.
        deadline_s: limit of a request that names none of its own.
        connections: the most connections open at once.
        chance: a random number from 0 to 1, for the jitter of repeated requests.
    """

    def __init__(
        self,
        venue: str,
        rest_url: str,
        dialer: Dialer,
        clock: Clock,
        *,
        error: ErrorReader,
        turns: Turns | None = None,
        rate_use: RateReader = lambda headers: (),
        deadline_s: float = DEADLINE_S,
        connections: int = CONNECTIONS,
        chance: Callable[[], float] = random.random,
    ) -> None:
        self.venue = venue
        self._url = httpx.URL(rest_url)
        if self._url.scheme not in ("http", "https") or not self._url.host:
            raise ValueError(f"{rest_url!r} is not an http:// or https:// address")
        self._prefix = self._url.path.rstrip("/")
        self._clock = clock
        self._error = error
        self.turns = turns if turns is not None else Turns(RequestBudget((), 0.0), clock)
        self.tally = RestCounts()
        self._rate_use = rate_use
        self._deadline_s = deadline_s
        self._chance = chance
        self._slots = Slots(connections)
        self._endpoints = Endpoints(venue)
        self._transport = HttpTransport(dialer, connections=connections)

    @property
    def counts(self) -> HttpCounts:
        """What the connection pool has done so far."""
        return self._transport.counts

    @property
    def budget(self) -> RequestBudget:
        """The limits and bans of the venue's pool."""
        return self.turns.budget

    @property
    def banned_for_s(self) -> float:
        """Seconds until the venue takes requests again; 0 when it does now, infinite for never."""
        now_s = self.turns.now_s()
        return max(0.0, self.budget.ban("", now_s).until_s - now_s)

    @property
    def left_alone(self) -> list[str]:
        """The endpoints whose breakers let nothing through but a probe."""
        return self._endpoints.left_alone()

    def share_left(self, request: RestRequest) -> float:
        """The share of the budget's burst that such a request finds left now, 0 to 1."""
        return self.budget.share_left(request.endpoint, self.turns.now_s())

    def adopt(self, rules: Iterable[RateRule]) -> None:
        """Take over the limits that the venue itself declares (`VenueInfo.limits`)."""
        self.budget.adopt(rules, self.turns.now_s())

    def summary(self) -> dict[str, object]:
        """What the inspector shows: counts, limits, bans, and the breaker of every endpoint."""
        return {
            **{name: getattr(self.tally, name) for name in self.tally.__struct_fields__},
            "under_way": self._slots.taken,
            "waiting": self.turns.waiting,
            "connections_idle": self._transport.idle,
            **self.budget.summary(self.turns.now_s()),
            "endpoints": self._endpoints.summary(),
        }

    async def request(
        self, request: RestRequest, *, deadline_s: float | None = None, attempts: int = 1
    ) -> Answer:
        """Send a request and read its answer.

        The target goes out byte for byte as `request.target` spells it, so that a signature over
        it holds; percent-encoding is the dialect's business.

        Args:
            request: what to send.
            deadline_s: limit for everything together: waiting, all attempts and their pauses.
            attempts: how often it may be sent when the world fails (no connection, no answer,
                5xx), 1 to `MOST_ATTEMPTS`.  More than once only for GET: what changes something
                may have happened, whatever the error.

        Raises:
            VenueError: what `error` made of the answer; `RateLimited` and `Banned` (outcome not
                sent) while a ban lasts or when the budget comes free only after the deadline.
            CircuitOpen: the endpoint failed too often in a row; nothing was sent.
            TimedOut: the deadline or a step's own limit passed.
            DialFailed: no connection.
            ConnectionLost: the connection ended, or spoke no HTTP.
            DecodeError: the body cannot be decompressed, or is too large.
            ValueError: `attempts` is out of range, or above 1 for what must not be repeated.
        """
        if not 1 <= attempts <= MOST_ATTEMPTS or (attempts > 1 and request.method != "GET"):
            raise ValueError(f"{request.endpoint} cannot be sent {attempts} times")
        limit_s = self._deadline_s if deadline_s is None else deadline_s
        until_s = trio.current_time() + limit_s
        failures = 0
        while True:
            try:
                return await self._attempt(request, limit_s, until_s)
            except ArbtreeError as error:
                failures += 1
                pause_s = max(retry_delay_s(failures, self._chance()), error.retry.after_s)
                too_late = trio.current_time() + pause_s >= until_s
                if failures >= attempts or not _worth_repeating(error) or too_late:
                    raise
            self.tally.repeated += 1
            await trio.sleep(pause_s)

    async def warm(self, connections: int) -> None:
        """Open connections for requests to come; `DialFailed` when the venue does not answer."""
        await self._transport.warm(self._url, connections)

    async def keep_warm(self, connections: int) -> NoReturn:
        """Keep so many idle connections open until cancelled, new ones for old ones.

        A venue that cannot be dialled is tried again; its requests tell the trouble.
        """
        while True:
            try:
                await self.warm(connections)
            except DialFailed:
                self._transport.counts.cold += 1
            await trio.sleep(WARM_EVERY_S)

    async def aclose(self) -> None:
        """Close all idle connections."""
        await self._transport.aclose()

    async def __aenter__(self) -> RestClient:
        return self

    async def __aexit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        await self.aclose()

    # -- one attempt ----------------------------------------------------------------------------

    async def _attempt(self, request: RestRequest, limit_s: float, until_s: float) -> Answer:
        """Wait for the turn, then ask."""
        endpoint = self._endpoints.of(request)
        turn = Turn(self.venue, self._slots, Spend(endpoint.name, request.weight, request.priority))
        message = self._build(request)
        attempt = Attempt(message, turn, self.turns, endpoint, self.tally)
        try:
            with trio.CancelScope(deadline=until_s):
                await attempt.begin(until_s)
                answer = await self._exchange(attempt, request)
                attempt.end(None)
                return answer
            what = "had no answer" if attempt.begun else "was not sent, others wait before it,"
            text = f"{self.venue} {request.endpoint} {what} within {limit_s:g} s"
            raise TimedOut(text, outcome=attempt.outcome)
        except BaseException as error:
            attempt.end(error)
            raise

    def _build(self, request: RestRequest) -> httpx.Request:
        try:
            target = (self._prefix + request.target).encode("ascii")
            return httpx.Request(
                request.method,
                self._url,
                headers=[*_NAMED, *request.headers],
                content=request.body or None,
                extensions={TARGET: target},
            )
        except UnicodeEncodeError as error:
            text = f"{request.endpoint} is not plain ASCII at character {error.start}"
        # Outside of the block: the error's own words and object hold what was to be sent.
        raise InvalidRequest(text, venue=self.venue, outcome=Outcome.NOT_SENT)

    # -- the wire -------------------------------------------------------------------------------

    async def _exchange(self, attempt: Attempt, request: RestRequest) -> Answer:
        failure: ArbtreeError
        try:
            response = await self._transport.handle_async_request(attempt.message)
            packed = b"".join([piece async for piece in response.aiter_raw()])
            body = unpack(packed, response.headers.get("content-encoding", ""))
        except httpx.RequestError as error:
            failure = self._failure(error, attempt, request)
        except (zlib.error, ValueError) as error:
            text = f"{self.venue} {request.endpoint}: cannot decompress the answer: {error}"
            failure = DecodeError(_safe(text, request), outcome=Outcome.UNKNOWN)
        else:
            received_ns = self._clock.now_ns()
            attempt.answered()
            status, headers = response.status_code, dict(response.headers.items())
            now_s, endpoint = self.turns.now_s(), attempt.endpoint.name
            self.budget.learn(endpoint, self._rate_use(headers), now_s)
            answer = Answer(status, headers, body, received_ns, received_ns - attempt.way_ns)
            self._judge(answer, request, endpoint)
            return answer
        # Outside of the block: words of h11 and httpx may quote what was sent, keys included.
        raise failure

    def _judge(self, answer: Answer, request: RestRequest, endpoint: str) -> None:
        """Raise what an answer says is wrong; return when it is data."""
        status, headers, body = answer.status, answer.headers, answer.body
        refusal = self._error(status, headers, body)
        if refusal is not None:
            safe = without_secrets(body, request)
            if safe != body:
                refusal = self._error(status, headers, safe) or refusal
            refusal.of_request(request.endpoint)
            self._note_ban(refusal, endpoint)
            raise refusal
        if not 200 <= status < 300:
            text = f"{request.endpoint} was answered with HTTP {status}"
            raise VenueUnavailable(text, venue=self.venue, code=str(status))
        useless = no_data(self.venue, request, status, body)
        if useless is not None:
            raise useless

    def _failure(
        self, error: httpx.RequestError, attempt: Attempt, request: RestRequest
    ) -> ArbtreeError:
        cause = error.__cause__
        if isinstance(cause, DialFailed):
            return cause
        if isinstance(error, httpx.LocalProtocolError):
            text = f"{request.endpoint} holds what HTTP does not allow"
            return InvalidRequest(text, venue=self.venue, outcome=attempt.outcome)
        text = f"{self.venue} {request.endpoint}: {error}"
        kind = TimedOut if isinstance(error, httpx.TimeoutException) else ConnectionLost
        return kind(_safe(text, request), outcome=attempt.outcome)

    def _note_ban(self, refusal: VenueError, endpoint: str) -> None:
        """A venue that says when to come back is left alone until then: whole, or an endpoint."""
        if not isinstance(refusal, (RateLimited, VenueBusy, VenueUnavailable)):
            return
        if refusal.retry.kind is RetryKind.AFTER:
            until_s = self.turns.now_s() + refusal.retry.after_s
        elif isinstance(refusal, Banned) and refusal.retry.kind is RetryKind.NEVER:
            until_s = inf
        else:
            return
        whole = isinstance(refusal, RateLimited) and not isinstance(refusal, EndpointLimited)
        ban = Ban(until_s, refusal.code, refusal.venue_text)
        self.turns.close("" if whole else endpoint, ban)


def _worth_repeating(error: ArbtreeError) -> bool:
    """Whether the world failed in a way that may be over soon; a refusal for a while is not."""
    refused = isinstance(error, RateLimited)
    return error.outage and not refused and error.retry.kind is not RetryKind.NEVER


def _safe(text: str, request: RestRequest) -> str:
    return without_secrets(text.encode(), request).decode()
