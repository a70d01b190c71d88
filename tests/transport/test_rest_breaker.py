"""A breaker for every endpoint: what opens it, what it keeps back, how it heals."""

from __future__ import annotations

import gzip
import random

import pytest
import trio
import trio.testing

from actors.transport.endpoints import Endpoints
from actors.transport.rest import RestClient
from markets.breaker import FAILURES_TO_OPEN, OPEN_CAP_S, OPEN_S
from markets.budget import MOST_ENDPOINTS, OTHERS
from messages.errors import (
    ArbtreeError,
    CircuitOpen,
    Outcome,
    RetryKind,
    UnknownSymbol,
    VenueUnavailable,
)
from messages.requests import RestRequest
from tests.transport.rest_worlds import DEPTH, client, http, tokens
from tests.transport.worlds import MemoryDialer, Peer, Wrapped, answering, read_head, silent

TIME = RestRequest("GET", "/api/v3/time")
BOMB = http("200 OK", gzip.compress(b"0" * 100, mtime=0)[:-4], "Content-Encoding: gzip")


def of(venue: RestClient, name: str = "GET /api/v3/depth") -> dict[str, object]:
    """What the summary says of an endpoint."""
    endpoints = venue.summary()["endpoints"]
    assert isinstance(endpoints, dict)
    found = endpoints[name]
    assert isinstance(found, dict)
    return found


async def fail(venue: RestClient, times: int = FAILURES_TO_OPEN) -> ArbtreeError:
    """Ask so often and fail each time; the last error."""
    for _ in range(times):
        with pytest.raises(ArbtreeError) as caught:
            await venue.request(DEPTH)
    return caught.value


FAILING: list[tuple[Peer | str, str]] = [
    ("Connection refused", "Connection refused"),
    (answering(), "without an answer"),
    (silent, "no answer from venue.example within 5 s"),
    (answering(http("503 Service Unavailable", b"")), "HTTP 503"),
    (answering(http("200 OK", b" <html><h1>Bad gateway</h1>")), "a page instead of data: <html>"),
    (answering(http("200 OK", b"\n")), "an empty body"),
    (answering(BOMB), "cut short"),
]


@pytest.mark.parametrize(("peer", "words"), FAILING)
async def test_dead_endpoint_is_left_alone_probed_and_taken_back(
    peer: Peer | str,
    words: str,
    virtual_time: trio.testing.MockClock,
    nursery: trio.Nursery,
) -> None:
    """Five failures open it; then one request in a while tells; the first answer closes it."""
    dialer = MemoryDialer(nursery, peer if not isinstance(peer, str) else silent)
    dialer.refusing = peer if isinstance(peer, str) else ""
    async with client(dialer) as venue:
        assert not isinstance(await fail(venue), CircuitOpen)
        dials, now_s = dialer.dials, trio.current_time()
        with pytest.raises(
            CircuitOpen, match=r"^venue GET /api/v3/depth not sent after 5"
        ) as open_:
            await venue.request(DEPTH)
        assert words in open_.value.text
        assert (dialer.dials, trio.current_time()) == (dials, now_s)
        assert (open_.value.outcome, open_.value.outage) == (Outcome.NOT_SENT, True)
        assert open_.value.retry.kind is RetryKind.AFTER
        assert open_.value.retry.after_s == pytest.approx(OPEN_S)
        await trio.sleep(OPEN_S)
        assert not isinstance(await fail(venue, 1), CircuitOpen)  # the probe
        assert isinstance(await fail(venue, 1), CircuitOpen)
        dialer.refusing, dialer.peer = "", answering(http("200 OK"))
        await trio.sleep(2 * OPEN_S)
        await venue.request(DEPTH)
        told = of(venue)
        assert (told["state"], told["failures"], told["failed"]) == ("closed", 0, 6)
        assert (told["opened"], told["kept_back"]) == (2, 2)
    nursery.cancel_scope.cancel()


async def test_other_endpoints_do_not_suffer(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """What one endpoint does says nothing of another."""

    async def peer(stream: trio.abc.Stream) -> None:
        head = await read_head(stream)
        if b"depth" not in head:
            await stream.send_all(http("200 OK"))
        await stream.aclose()

    async with client(MemoryDialer(nursery, peer)) as venue:
        await fail(venue)
        for _ in range(10):
            await venue.request(TIME)
        assert isinstance(await fail(venue, 1), CircuitOpen)
        assert of(venue, "GET /api/v3/time")["state"] == "closed"
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("status", ["400 Bad Request", "429 Too Many", "430 Slow"])
async def test_refusals_speak_for_an_endpoint(
    status: str, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A venue that says no, for whatever reason, is well: refusals never open a breaker."""
    dialer = MemoryDialer(nursery, answering(http(status, b"no", "Retry-After: 0")))
    async with client(dialer) as venue:
        assert not isinstance(await fail(venue, 20), CircuitOpen)
        assert (of(venue)["state"], of(venue)["failed"]) == ("closed", 0)
        assert (venue.tally.refused, venue.tally.asked) == (20, 20)
    nursery.cancel_scope.cancel()


async def test_cancelled_probe_frees_its_place(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Whoever comes after a probe that was given up probes instead."""
    dialer = MemoryDialer(nursery, answering())
    async with client(dialer) as venue:
        await fail(venue)
        await trio.sleep(OPEN_S)
        dialer.peer = silent
        with trio.move_on_after(0.5):
            await venue.request(DEPTH)
        assert of(venue)["state"] == "half-open"
        dialer.peer = answering(http("200 OK"))
        await venue.request(DEPTH)
        assert of(venue)["state"] == "closed"
    nursery.cancel_scope.cancel()


async def test_only_one_request_probes(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """While a probe is out the others are kept back, and told to come again soon."""
    dialer = MemoryDialer(nursery, answering())
    async with client(dialer) as venue:
        await fail(venue)
        await trio.sleep(OPEN_S)
        dialer.peer, dials = silent, dialer.dials
        async with trio.open_nursery() as both:
            both.start_soon(fail, venue, 1)
            await trio.testing.wait_all_tasks_blocked()
            assert isinstance(await fail(venue, 3), CircuitOpen)
            assert dialer.dials == dials + 1
            both.cancel_scope.cancel()
    nursery.cancel_scope.cancel()


class Watched(Wrapped):
    """A stream whose request is in `asking` from its first byte to that of the answer."""

    def __init__(self, stream: trio.abc.Stream, asking: set[Watched]) -> None:
        super().__init__(stream)
        self.asking = asking

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        self.asking.add(self)
        await super().send_all(data)

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        data = await super().receive_some(max_bytes)
        self.asking.discard(self)
        return data

    async def aclose(self) -> None:
        self.asking.discard(self)
        await super().aclose()


@pytest.mark.parametrize("seed", range(5))
async def test_breaker_and_budget_survive_cancellation(
    seed: int, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Requests cancelled at random on a flaky endpoint: one probe at a time, and all heals."""
    chance, sick, most = random.Random(seed), True, 0
    asking: set[Watched] = set()

    async def peer(stream: trio.abc.Stream) -> None:
        nonlocal most
        while await read_head(stream):
            if of(venue)["state"] == "half-open":
                most = max(most, len(asking))
            try:
                await trio.sleep(chance.uniform(0.0, 0.4))
                if sick and chance.random() < 0.8:
                    break
                await stream.send_all(http("200 OK"))
            except trio.BrokenResourceError:
                break
        await stream.aclose()

    async def one() -> None:
        with trio.move_on_after(chance.expovariate(3)):
            with_priority = RestRequest("GET", DEPTH.path, priority=chance.random() < 0.3)
            try:
                await venue.request(with_priority, attempts=chance.choice((1, 1, 3)))
            except ArbtreeError as error:
                assert error.outage

    budget = tokens(100)
    dialer = MemoryDialer(nursery, peer, 0.01, wrap=lambda stream: Watched(stream, asking))
    async with client(dialer, limits=budget, connections=4) as venue:
        async with trio.open_nursery() as requests:
            for _ in range(400):
                requests.start_soon(one)
                await trio.sleep(chance.expovariate(20))
        sick = False
        await trio.sleep(OPEN_CAP_S)
        assert most == 1
        told = venue.summary()
        assert (told["under_way"], told["waiting"]) == (0, 0)
        for _ in range(5):
            await venue.request(DEPTH)
        assert of(venue)["state"] == "closed"
        await trio.sleep(30)
        assert budget.share_left(DEPTH.endpoint, trio.current_time()) == 1.0
        counts = venue.tally
        ends = (counts.answered, counts.failed, counts.kept_back, counts.given_up, counts.refused)
        assert sum(ends) == counts.asked
        assert min(ends[:4]) > 0
    nursery.cancel_scope.cancel()


def test_endpoints_are_bounded() -> None:
    """Beyond the limit those that are well make room; when none is, the rest share a breaker."""
    endpoints = Endpoints("venue")

    def named(at: int) -> RestRequest:
        return RestRequest("GET", f"/{at}")

    for at in range(MOST_ENDPOINTS + 5):
        assert endpoints.of(named(at)).name == f"GET /{at}"
    assert len(endpoints.summary()) == MOST_ENDPOINTS
    for name in range(5, MOST_ENDPOINTS + 5):
        found = endpoints.of(named(name))
        found.report(found.enter(0.0), VenueUnavailable("down"), 0.0)
    assert endpoints.of(named(1000)).name == endpoints.of(named(1001)).name == OTHERS
    order = RestRequest("DELETE", "/orders/17", template="/orders/{id}")
    assert order.endpoint == "DELETE /orders/{id}"


def test_what_is_no_failure_of_the_endpoint() -> None:
    """Our own mistakes and cancellation count neither for nor against it."""
    endpoint = Endpoints("venue").of(DEPTH)
    for error in (trio.Cancelled, UnknownSymbol):
        ticket = endpoint.enter(0.0)
        made = UnknownSymbol("x", outcome=Outcome.NOT_SENT) if error is UnknownSymbol else OSError()
        endpoint.breaker.failures = 3
        endpoint.report(ticket, made, 0.0)
        assert endpoint.breaker.failures == 3
