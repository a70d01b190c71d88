"""Budget and bans: what is sent when, and what is refused without being sent."""

from __future__ import annotations

import msgspec
import pytest
import trio
import trio.testing

from actors.runtime.clock import TrioClock
from actors.transport.rest import RestClient
from actors.transport.turns import Turns
from messages.errors import (
    Banned,
    Outcome,
    RateLimited,
    RetryKind,
    UnknownSymbol,
)
from messages.requests import RestRequest
from tests.transport.rest_worlds import DEPTH, WINDOW_S, client, http, scripted, tokens
from tests.transport.worlds import MemoryDialer, answering, read_head, silent

# -- budget and bans ----------------------------------------------------------------------------


async def test_requests_wait_for_budget_in_order(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Requests spend their weight, first come first served, a heavy one not overtaken."""
    dialer = MemoryDialer(nursery, scripted(*[http("200 OK")] * 9))
    sent: list[tuple[int, float]] = []
    started_s = trio.current_time()

    async def one(venue: RestClient, weight: int) -> None:
        await venue.request(RestRequest("GET", "/x", weight=weight), deadline_s=60)
        sent.append((weight, round(trio.current_time() - started_s)))

    async with client(dialer, limits=tokens(10)) as venue, trio.open_nursery() as requests:
        for weight in (6, 9, 1):
            requests.start_soon(one, venue, weight)
            await trio.testing.wait_all_tasks_blocked()
    assert sent == [(6, 0), (9, 5), (1, 6)]
    nursery.cancel_scope.cancel()


async def test_budget_that_comes_too_late_fails_at_once(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A wait beyond the deadline is refused now, not sent, with the time to come back."""
    dialer = MemoryDialer(nursery, scripted(http("200 OK")))
    async with client(dialer, limits=tokens(6)) as venue:
        await venue.request(DEPTH)
        started_s = trio.current_time()
        with pytest.raises(RateLimited, match="the budget allows") as caught:
            await venue.request(DEPTH, deadline_s=4)
        assert trio.current_time() == started_s
    assert caught.value.outcome is Outcome.NOT_SENT
    assert caught.value.retry.after_s == pytest.approx(20 / 3)
    assert dialer.dials == 1
    nursery.cancel_scope.cancel()


async def test_venues_own_count_is_believed(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A venue that counts more than we did holds us back until its window ends."""
    # Of 25 in a window it counted 20, by others on our address; what is left is the reserve's.
    answers = http("400 Bad Request", b"no", "X-Used: 20"), *[http("200 OK")] * 2
    dialer = MemoryDialer(nursery, scripted(*answers))
    async with client(dialer, limits=tokens(10)) as venue:
        with pytest.raises(UnknownSymbol):
            await venue.request(DEPTH)
        began_s = trio.current_time()
        with pytest.raises(RateLimited, match=r"only in 12\.5 s"):
            await venue.request(DEPTH)
        await venue.request(msgspec.structs.replace(DEPTH, priority=True))
        assert trio.current_time() == began_s
        await venue.request(DEPTH, deadline_s=20)
        assert trio.current_time() - began_s == pytest.approx(WINDOW_S)
    nursery.cancel_scope.cancel()


async def test_request_too_heavy_for_the_budget(nursery: trio.Nursery) -> None:
    """A request that never fits is refused for good instead of waiting for its deadline."""
    async with client(MemoryDialer(nursery, silent), limits=tokens(4)) as venue:
        with pytest.raises(RateLimited, match="weight 5 never") as caught:
            await venue.request(DEPTH)
    assert caught.value.retry.kind is RetryKind.NEVER


async def test_ban_of_one_client_closes_the_shared_budget(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Two clients counted together: what bans one stops the other until the same time."""
    banned = MemoryDialer(nursery, scripted(http("429 Too Many", b"", "Retry-After: 30")))
    other = MemoryDialer(nursery, scripted(http("200 OK")))
    shared = Turns(tokens(100), TrioClock())
    async with client(banned, limits=shared) as one, client(other, limits=shared) as two:
        with pytest.raises(RateLimited):
            await one.request(DEPTH)
        with pytest.raises(RateLimited, match=r"still banned for 30\.0 s: slow down"):
            await two.request(DEPTH)
        await two.request(DEPTH, deadline_s=31)
    assert other.dials == 1
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("status", ["429 Too Many Requests", "418 I'm a teapot"])
async def test_ban_stops_every_request_until_it_ends(
    status: str, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """After Retry-After nothing is sent before its time; what can wait waits, the rest fails."""
    seen: list[bytes] = []
    answers = http(status, b"", "Retry-After: 30"), http("200 OK")
    dialer = MemoryDialer(nursery, scripted(*answers, seen=seen))
    async with client(dialer) as venue:
        with pytest.raises(RateLimited) as caught:
            await venue.request(DEPTH)
        assert caught.value.outcome is Outcome.REFUSED
        started_s = trio.current_time()
        assert venue.banned_for_s == pytest.approx(30)
        with pytest.raises(RateLimited, match=r"still banned for 30\.0 s") as again:
            await venue.request(DEPTH)
        assert (again.value.outcome, again.value.retry.kind) == (
            Outcome.NOT_SENT,
            RetryKind.AFTER,
        )
        assert len(seen) == 1
        await venue.request(DEPTH, deadline_s=40)
        assert trio.current_time() - started_s == pytest.approx(30)
        assert venue.banned_for_s == 0
    nursery.cancel_scope.cancel()


async def test_ban_without_an_end_is_for_good(nursery: trio.Nursery) -> None:
    """A ban that names no end refuses every later request without sending it, for ever."""
    seen: list[bytes] = []
    dialer = MemoryDialer(nursery, scripted(http("418 I'm a teapot"), seen=seen))
    async with client(dialer) as venue:
        for _ in range(3):
            with pytest.raises(Banned) as caught:
                await venue.request(DEPTH)
            assert caught.value.retry.kind is RetryKind.NEVER
    assert len(seen) == 1
    nursery.cancel_scope.cancel()


async def test_shorter_ban_does_not_shorten_a_longer_one(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Two answers of requests under way: the later end counts."""
    answers = iter(["60", "5"])

    async def peer(stream: trio.abc.Stream) -> None:
        await read_head(stream)
        after = next(answers)
        await trio.sleep(0.0 if after == "60" else 1.0)
        await stream.send_all(http("429 Too Many Requests", b"", f"Retry-After: {after}"))

    async def refused(venue: RestClient) -> None:
        with pytest.raises(RateLimited):
            await venue.request(DEPTH)

    async with client(MemoryDialer(nursery, peer)) as venue:
        async with trio.open_nursery() as requests:
            requests.start_soon(refused, venue)
            requests.start_soon(refused, venue)
        assert venue.banned_for_s == pytest.approx(59)
    nursery.cancel_scope.cancel()


async def test_cancelled_requests_leave_the_client_usable(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Requests cancelled while they wait for budget or an answer free their place."""
    dialer = MemoryDialer(nursery, answering(hold=True))
    async with client(dialer, limits=tokens(10), connections=2) as venue:
        for _ in range(30):
            with trio.move_on_after(0.3) as scope:
                await venue.request(DEPTH)
            assert scope.cancelled_caught
        dialer.peer = scripted(http("200 OK"))
        await trio.sleep(5)
        assert (await venue.request(DEPTH)).status == 200
        assert len(dialer.open) == 1
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_warm_connections(nursery: trio.Nursery) -> None:
    """A warmed client dials before the first request and not for it."""
    dialer = MemoryDialer(nursery, scripted(http("200 OK")))
    async with client(dialer) as venue:
        await venue.warm(2)
        assert dialer.dials == 2
        await venue.request(DEPTH)
        assert (dialer.dials, venue.counts.reused) == (2, 1)
    nursery.cancel_scope.cancel()
