"""Two thousand requests cancelled at random instants: afterwards nothing is missing."""

from __future__ import annotations

import random

import trio
import trio.testing

from actors.transport.dial import SocketDialer
from actors.transport.rest import RestClient
from markets.budget import Spend
from messages.errors import ArbtreeError
from messages.requests import RestRequest
from tests.transport.http_worlds import OK, server
from tests.transport.rest_worlds import client, tokens
from tests.transport.worlds import MemoryDialer, loopback

CANCELLED = 2_000
WEIGHTS = (1, 5, 20)
PATHS = ("/depth", "/time", "/trades")


def some_request(chance: random.Random) -> RestRequest:
    """A request of any weight, with priority now and then."""
    return RestRequest(
        "GET",
        chance.choice(PATHS),
        weight=chance.choice(WEIGHTS),
        priority=chance.random() < 0.1,
    )


async def all_is_there(venue: RestClient) -> None:
    """Every connection and the whole budget can be used, twice over."""
    told = venue.summary()
    assert (told["under_way"], told["waiting"]) == (0, 0)
    counts = venue.counts
    assert counts.dialled - counts.closed == told["connections_idle"]
    for _ in range(2):
        async with trio.open_nursery() as requests:
            for _ in range(16):
                requests.start_soon(venue.request, RestRequest("GET", "/depth"))
    tally = venue.tally
    assert tally.asked == tally.answered + tally.given_up + tally.kept_back + tally.failed
    assert tally.failed == 0


async def test_cancelled_requests_take_nothing_with_them(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Cancelled while they wait for budget, connection, dial, headers or body."""
    chance = random.Random(20)
    dialer = MemoryDialer(nursery, server(delay_s=lambda: chance.uniform(0, 0.03)), 0.005)
    limits, cancelled = tokens(2_000), 0

    async def one() -> None:
        nonlocal cancelled
        with trio.move_on_after(chance.uniform(0, 0.05)) as scope:
            try:
                await venue.request(some_request(chance), attempts=chance.choice((1, 2)))
            except ArbtreeError as error:
                raise AssertionError("nothing fails here") from error
        cancelled += scope.cancelled_caught

    async with client(dialer, limits=limits) as venue:
        while cancelled < CANCELLED:
            async with trio.open_nursery() as requests:
                for _ in range(24):
                    requests.start_soon(one)
            assert len(dialer.open) <= 8
        assert venue.tally.given_up == cancelled
        await trio.sleep(20)
        assert limits.share_left("GET /depth", trio.current_time()) == 1.0
        await all_is_there(venue)
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_cancelled_requests_on_real_sockets_take_nothing_with_them() -> None:
    """The same over loopback, each cancelled after a random number of checkpoints."""
    chance, cancelled = random.Random(21), 0

    async def cancel_later(scope: trio.CancelScope, checkpoints: int) -> None:
        for _ in range(checkpoints):
            await trio.lowlevel.checkpoint()
        scope.cancel()

    async def one() -> None:
        nonlocal cancelled
        with trio.CancelScope() as scope:
            async with trio.open_nursery() as both:
                both.start_soon(cancel_later, scope, chance.randrange(12))
                await venue.request(some_request(chance))
                both.cancel_scope.cancel()
        cancelled += scope.cancelled_caught

    limits = tokens(1_000_000)
    async with loopback(server(lambda request: OK)) as port:
        async with client(SocketDialer(), f"http://127.0.0.1:{port}", limits=limits) as venue:
            while cancelled < CANCELLED:
                async with trio.open_nursery() as requests:
                    for _ in range(24):
                        requests.start_soon(one)
            assert venue.tally.given_up == cancelled
            await all_is_there(venue)
            now_s = venue.turns.now_s() + 60
            assert venue.budget.share_left("GET /depth", now_s) == 1.0
            grant = venue.budget.take(Spend("GET /depth", 1_000_000), now_s)
            assert grant is not None
        assert venue.counts.dialled == venue.counts.closed
