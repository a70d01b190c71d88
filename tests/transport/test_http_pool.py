"""The pool: stale connections, warm ones, the cap, and cancellation torture."""

from __future__ import annotations

import random
import ssl

import httpx
import pytest
import trio
import trio.testing
import trustme

from actors.transport.dial import SocketDialer
from actors.transport.http import HttpTransport
from tests.transport.http_worlds import OK, URL, get, server
from tests.transport.worlds import (
    MemoryDialer,
    answering,
    loopback,
    read_head,
)

# -- stale connections --------------------------------------------------------------------------


@pytest.mark.parametrize(("method", "succeeds"), [("GET", True), ("POST", False), ("PUT", False)])
async def test_stale_connection_is_retried_once_for_idempotent_requests_only(
    method: str, succeeds: bool, nursery: trio.Nursery
) -> None:
    """A kept connection that ends unanswered is dialled again for a GET, never for an order."""
    dialer = MemoryDialer(nursery, server(requests_each=1))
    transport = HttpTransport(dialer)
    await get(transport)
    await trio.testing.wait_all_tasks_blocked()
    if succeeds:
        assert (await get(transport, method)).text == "ok"
        assert (dialer.dials, transport.counts.retried) == (2, 1)
    else:
        with pytest.raises(httpx.TransportError):
            await get(transport, method, content=b"x")
        assert (dialer.dials, transport.counts.retried) == (1, 0)
    nursery.cancel_scope.cancel()


async def test_fresh_connection_is_never_retried(nursery: trio.Nursery) -> None:
    """A peer that hangs up on a fresh connection fails the request after one dial."""
    dialer = MemoryDialer(nursery, answering())
    with pytest.raises(httpx.RemoteProtocolError):
        await get(HttpTransport(dialer))
    assert dialer.dials == 1


async def test_first_byte_of_an_answer_rules_a_retry_out(nursery: trio.Nursery) -> None:
    """A reused connection that ends after one byte of an answer is not retried."""
    answers = iter([OK, b"H"])

    async def peer(stream: trio.abc.Stream) -> None:
        for answer in answers:
            await read_head(stream)
            await stream.send_all(answer)
        await stream.aclose()

    dialer = MemoryDialer(nursery, peer)
    transport = HttpTransport(dialer)
    await get(transport)
    with pytest.raises(httpx.RemoteProtocolError):
        await get(transport)
    assert (dialer.dials, transport.counts.retried) == (1, 0)


async def test_socket_closed_while_idle_is_noticed_before_use() -> None:
    """On real sockets even a POST survives a connection the peer closed meanwhile."""
    served = trio.Event()

    async def peer(stream: trio.abc.Stream) -> None:
        await server(requests_each=1)(stream)
        served.set()

    async with loopback(peer) as port:
        transport = HttpTransport(SocketDialer())
        for stale in range(3):
            request = httpx.Request("POST", f"http://127.0.0.1:{port}/", content=b"x")
            assert (await transport.handle_async_request(request)).status_code == 200
            assert transport.counts.stale == stale
            await served.wait()
            served = trio.Event()
        assert transport.counts.dialled == 3
        await transport.aclose()


async def test_old_idle_connections_are_not_used(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A connection idle for longer than the limit is closed instead of used."""
    dialer = MemoryDialer(nursery, server())
    transport = HttpTransport(dialer)
    await get(transport)
    await trio.sleep(31)
    await get(transport)
    assert (dialer.dials, len(dialer.open), transport.counts.stale) == (2, 1, 1)
    nursery.cancel_scope.cancel()


# -- the pool -----------------------------------------------------------------------------------


async def test_warm_connections_wait_for_requests(nursery: trio.Nursery) -> None:
    """Warm connections are opened once, and requests use them without dialling."""
    dialer = MemoryDialer(nursery, server())
    transport = HttpTransport(dialer, connections=3)
    await transport.warm(URL, 2)
    await transport.warm(URL, 2)
    assert (dialer.dials, transport.idle) == (2, 2)
    await get(transport)
    assert dialer.dials == 2
    await transport.warm(URL, 99)
    assert len(dialer.open) == 3
    nursery.cancel_scope.cancel()


async def test_warm_tls_connection_is_used(authority: trustme.CA, trusting: ssl.SSLContext) -> None:
    """Session tickets waiting on a warm TLS 1.3 connection do not make it look dead."""
    async with loopback(server(), certificate=authority.issue_cert("localhost")) as port:
        transport = HttpTransport(SocketDialer(trusting))
        url = f"https://localhost:{port}/"
        await transport.warm(url, 1)
        await trio.testing.wait_all_tasks_blocked(0.01)
        for _ in range(2):
            await transport.handle_async_request(httpx.Request("GET", url))
        assert (transport.counts.dialled, transport.counts.reused) == (1, 2)
        await transport.aclose()


async def test_cap_counts_idle_connections_of_other_addresses(nursery: trio.Nursery) -> None:
    """A full pool closes its oldest idle connection to reach another address."""
    dialer = MemoryDialer(nursery, server())
    transport = HttpTransport(dialer, connections=2)
    for host in ("a", "b", "c", "c"):
        await transport.handle_async_request(httpx.Request("GET", f"http://{host}.example/"))
        assert len(dialer.open) <= 2
    assert dialer.dials == 3
    assert transport.counts.dialled == transport.counts.closed + transport.idle
    nursery.cancel_scope.cancel()


async def test_at_most_so_many_at_once(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Ten requests over a cap of three never have more than three connections open."""
    dialer = MemoryDialer(nursery, server(delay_s=lambda: 1.0))
    transport = HttpTransport(dialer, connections=3)
    started_s = trio.current_time()
    async with trio.open_nursery() as requests:
        for _ in range(10):
            requests.start_soon(get, transport)
    assert (dialer.dials, len(dialer.open)) == (3, 3)
    assert trio.current_time() - started_s == pytest.approx(4.0)
    nursery.cancel_scope.cancel()


async def test_closed_transport_keeps_nothing(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A request under way when the transport closes is answered and its connection closed."""
    dialer = MemoryDialer(nursery, server(delay_s=lambda: 1.0))
    transport = HttpTransport(dialer)
    async with trio.open_nursery() as requests:
        requests.start_soon(get, transport)
        await trio.sleep(0.5)
        await transport.aclose()
    assert (dialer.open, transport.idle) == ([], 0)
    nursery.cancel_scope.cancel()


# -- cancellation -------------------------------------------------------------------------------


async def cancelled_after(delay_s: float, transport: HttpTransport) -> int:
    """Run a request under a limit; 1 when the limit ended it."""
    with trio.move_on_after(delay_s) as scope:
        await transport.handle_async_request(httpx.Request("GET", URL))
    return int(scope.cancelled_caught)


async def test_two_thousand_cancelled_requests_leak_nothing(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Cancelled at random instants of dial, write, wait and read, the pool stays whole."""
    chance = random.Random(7)
    dialer = MemoryDialer(nursery, server(delay_s=lambda: chance.uniform(0, 0.03)), 0.005)
    transport = HttpTransport(dialer, connections=8)
    cancelled = 0

    async def one(delay_s: float) -> None:
        nonlocal cancelled
        ended = await cancelled_after(delay_s, transport)
        cancelled += ended

    while cancelled < 2_000:
        async with trio.open_nursery() as requests:
            for _ in range(16):
                requests.start_soon(one, chance.uniform(0, 0.03))
        assert len(dialer.open) == transport.idle <= 8
    for _ in range(20):
        assert (await get(transport)).text == "ok"
    async with trio.open_nursery() as requests:
        for _ in range(20):
            requests.start_soon(get, transport)
    counts = transport.counts
    assert counts.dialled == counts.closed + transport.idle
    await transport.aclose()
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_cancellation_on_real_tls_sockets_leaks_nothing(
    authority: trustme.CA, trusting: ssl.SSLContext
) -> None:
    """The same over TLS on loopback, cancelled after a random number of checkpoints."""
    chance = random.Random(11)
    async with loopback(server(), certificate=authority.issue_cert("localhost")) as port:
        transport = HttpTransport(SocketDialer(trusting), connections=8)
        url = f"https://localhost:{port}/"

        cancelled = 0

        async def one(checkpoints: int) -> None:
            nonlocal cancelled
            with trio.CancelScope() as scope:
                async with trio.open_nursery() as both:
                    both.start_soon(cancel_later, scope, checkpoints)
                    await transport.handle_async_request(httpx.Request("GET", url))
                    both.cancel_scope.cancel()
            cancelled += scope.cancelled_caught

        while cancelled < 100:
            async with trio.open_nursery() as requests:
                for _ in range(8):
                    requests.start_soon(one, chance.randrange(60))
        for _ in range(10):
            response = await transport.handle_async_request(httpx.Request("GET", url))
            assert response.status_code == 200
        counts = transport.counts
        assert counts.dialled == counts.closed + transport.idle
        await transport.aclose()
        assert counts.dialled == counts.closed


async def cancel_later(scope: trio.CancelScope, checkpoints: int) -> None:
    for _ in range(checkpoints):
        await trio.lowlevel.checkpoint()
    scope.cancel()
