"""HTTP in every odd shape, and every way it breaks."""

from __future__ import annotations

import httpx
import pytest
import trio
import trio.testing

from actors.transport.http import HttpTransport
from actors.transport.http_connection import BYTES_SENT
from tests.transport.http_worlds import CHUNKS, OK, URL, get, server
from tests.transport.worlds import (
    BrokenAfterOneRead,
    Clogged,
    MemoryDialer,
    Peer,
    answering,
    read_head,
    silent,
)

# -- shapes of answers --------------------------------------------------------------------------


async def test_keep_alive_reuses_one_connection(nursery: trio.Nursery) -> None:
    """Requests in a row share one connection."""
    dialer = MemoryDialer(nursery, server())
    transport = HttpTransport(dialer)
    for _ in range(5):
        assert (await get(transport)).text == "ok"
    assert (dialer.dials, transport.counts.reused, transport.idle) == (1, 4, 1)
    await transport.aclose()
    assert dialer.open == []
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("raw", "status", "body", "idle"),
    [
        (OK, 200, b"ok", 1),
        (b"HTTP/1.1 204 No Content\r\n\r\n", 204, b"", 1),
        (b"HTTP/1.1 304 Not Modified\r\nContent-Length: 77\r\n\r\n", 304, b"", 1),
        (
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n" + CHUNKS,
            200,
            b"abcde",
            1,
        ),
        (b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", 0),
        (b"HTTP/1.1 200 OK\r\n\r\nuntil the end", 200, b"until the end", 0),
        (b"HTTP/1.1 100 Continue\r\n\r\n" + OK, 200, b"ok", 1),
        (OK + b"HTTP/1.1 200 OK\r\n", 200, b"ok", 0),
        (b"HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok", 200, b"ok", 0),
    ],
)
@pytest.mark.parametrize("slice_bytes", [1, 65_536])
async def test_answers(
    raw: bytes, status: int, body: bytes, idle: int, slice_bytes: int, nursery: trio.Nursery
) -> None:
    """Every legal shape of answer is read whole, however it is cut into reads."""
    pieces = [raw[at : at + slice_bytes] for at in range(0, len(raw), slice_bytes)]
    hold = b"until" not in raw
    dialer = MemoryDialer(nursery, answering(*pieces, hold=hold))
    transport = HttpTransport(dialer)
    response = await get(transport)
    assert (response.status_code, response.content) == (status, body)
    # A second answer nobody asked for is seen only when it came with the first one.
    if slice_bytes > 1 or raw.count(b"HTTP/1.1 200") == 1:
        assert (transport.idle, len(dialer.open)) == (idle, idle)
    nursery.cancel_scope.cancel()


async def test_head_has_no_body(nursery: trio.Nursery) -> None:
    """A HEAD answer names a length and brings no body; the connection stays usable."""
    dialer = MemoryDialer(
        nursery, server(lambda request: b"HTTP/1.1 200 OK\r\nContent-Length: 999\r\n\r\n")
    )
    transport = HttpTransport(dialer)
    for _ in range(2):
        response = await get(transport, "HEAD")
        assert (response.headers["content-length"], response.content) == ("999", b"")
    assert dialer.dials == 1
    nursery.cancel_scope.cancel()


async def test_request_carries_method_target_headers_and_body(nursery: trio.Nursery) -> None:
    """What stands on the wire is what was asked, the target byte for byte when given."""
    seen: list[bytes] = []

    async def peer(stream: trio.abc.Stream) -> None:
        seen.append(await read_head(stream))
        await stream.send_all(OK)

    transport = HttpTransport(MemoryDialer(nursery, peer))
    await get(
        transport,
        "POST",
        content=b"a=1",
        headers={"X-Key": "k"},
        target=b'/api/v3/order?symbols=["A"]&signature=%3D',
    )
    head, body = seen[0].split(b"\r\n\r\n")
    lines = head.split(b"\r\n")
    assert lines[0] == b'POST /api/v3/order?symbols=["A"]&signature=%3D HTTP/1.1'
    assert b"Host: venue.example" in lines
    assert b"X-Key: k" in lines
    assert b"Content-Length: 3" in lines
    assert body == b"a=1"
    nursery.cancel_scope.cancel()


# -- bad worlds ---------------------------------------------------------------------------------

BAD_WORLDS: list[tuple[Peer, type[httpx.TransportError], str]] = [
    (answering(), httpx.RemoteProtocolError, "venue.example closed the connection without an"),
    (answering(b"\x16\x03\x01garbage\r\n\r\n"), httpx.RemoteProtocolError, "broke the HTTP"),
    (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf"),
        httpx.RemoteProtocolError,
        r"without sending complete message body \(received 4 bytes, expected 9\)",
    ),
    (
        answering(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nab"),
        httpx.RemoteProtocolError,
        "incomplete chunked read",
    ),
    (answering(b"HTTP/1.1 200 OK\r\nContent-"), httpx.RemoteProtocolError, "broke the HTTP"),
    (
        answering(b"HTTP/1.1 200 OK\r\nX: " + b"x" * 140_000, hold=True),
        httpx.RemoteProtocolError,
        "broke the HTTP",
    ),
    (
        answering(b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", hold=True),
        httpx.RemoteProtocolError,
        "broke the HTTP protocol",
    ),
    (
        answering(b"HTTP/1.1 102 Processing\r\n\r\n" * 9, hold=True),
        httpx.RemoteProtocolError,
        "no answer that HTTP allows",
    ),
    (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 200\r\n\r\n" + b"x" * 200, hold=True),
        httpx.RemoteProtocolError,
        "an answer of more than 100 bytes",
    ),
    (silent, httpx.ReadTimeout, r"no answer from venue\.example within 0\.5 s"),
    (answering(b"HTTP/1.1 200 OK\r\n", hold=True), httpx.ReadTimeout, "no answer from .* 0.5 s"),
    (
        answering(b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf", hold=True),
        httpx.ReadTimeout,
        "no more of the answer from venue.example within 0.5 s",
    ),
]


@pytest.mark.parametrize(("peer", "error", "text"), BAD_WORLDS)
async def test_bad_worlds_end_in_one_error_and_a_closed_connection(
    peer: Peer,
    error: type[httpx.TransportError],
    text: str,
    virtual_time: trio.testing.MockClock,
    nursery: trio.Nursery,
) -> None:
    """Each broken peer gives httpx's own error, in a sentence, and leaves nothing open."""
    dialer = MemoryDialer(nursery, peer)
    transport = HttpTransport(dialer, body_limit_bytes=100)
    with pytest.raises(error, match=text) as caught:
        await get(transport, timeout_s=0.5)
    assert (dialer.dials, dialer.open, transport.idle) == (1, [], 0)
    assert caught.value.request.extensions[BYTES_SENT]
    nursery.cancel_scope.cancel()


async def test_reset_in_the_middle_of_an_answer_is_a_read_error(nursery: trio.Nursery) -> None:
    """A stream that breaks after the first bytes is a read error with its cause, never retried."""

    async def peer(stream: trio.abc.Stream) -> None:
        await read_head(stream)
        await stream.send_all(b"HTTP/1.1 200 OK\r\n")

    dialer = MemoryDialer(nursery, peer, wrap=BrokenAfterOneRead)
    with pytest.raises(httpx.ReadError, match=r"venue\.example cut the connection") as caught:
        await get(HttpTransport(dialer))
    assert isinstance(caught.value.__cause__, trio.BrokenResourceError)
    assert dialer.dials == 1
    nursery.cancel_scope.cancel()


async def test_failed_dial_is_a_connect_error_and_nothing_was_sent(nursery: trio.Nursery) -> None:
    """A refused dial keeps our error as cause and the request unmarked."""
    dialer = MemoryDialer(nursery, silent)
    dialer.refusing = "Connection refused"
    transport = HttpTransport(dialer)
    request = httpx.Request("GET", URL)
    with pytest.raises(httpx.ConnectError, match=r"cannot connect to venue\.example:80: Conn"):
        await transport.handle_async_request(request)
    assert BYTES_SENT not in request.extensions


async def test_unsupported_addresses_and_headers_never_dial(nursery: trio.Nursery) -> None:
    """A scheme we do not speak and a header that HTTP forbids fail before or without an answer."""
    dialer = MemoryDialer(nursery, silent)
    transport = HttpTransport(dialer)
    with pytest.raises(httpx.UnsupportedProtocol, match="ftp://"):
        await transport.handle_async_request(httpx.Request("GET", "ftp://venue.example/"))
    with pytest.raises(httpx.LocalProtocolError):
        bad = httpx.Request("GET", URL, headers={"X": "a\nb"})
        await transport.handle_async_request(bad)
    assert BYTES_SENT not in bad.extensions
    assert dialer.open == []
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    ("which", "error"), [("connect", httpx.ConnectTimeout), ("pool", httpx.PoolTimeout)]
)
async def test_timeouts_before_anything_is_sent(
    which: str,
    error: type[httpx.TransportError],
    virtual_time: trio.testing.MockClock,
    nursery: trio.Nursery,
) -> None:
    """A slow dial and a full pool each end at their own limit."""
    slow_s = 60.0 if which == "connect" else 0.0
    dialer = MemoryDialer(nursery, silent, slow_s)
    transport = HttpTransport(dialer, connections=1)
    timeout = httpx.Timeout(30, **{which: 2.0})
    if which == "pool":
        nursery.start_soon(ignore_timeout, transport)
        await trio.testing.wait_all_tasks_blocked()
    started_s = trio.current_time()
    with pytest.raises(error):
        await get(transport, timeout_s=timeout)
    assert trio.current_time() - started_s == pytest.approx(2.0)
    nursery.cancel_scope.cancel()


async def ignore_timeout(transport: HttpTransport) -> None:
    with pytest.raises(httpx.ReadTimeout):
        await get(transport, timeout_s=20)


async def test_write_timeout(virtual_time: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    """A peer that takes no bytes ends the write at its limit."""

    dialer = MemoryDialer(nursery, silent, wrap=Clogged)
    with pytest.raises(httpx.WriteTimeout):
        await get(HttpTransport(dialer), timeout_s=1)
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_no_timeout_asked_for_is_a_default_not_for_ever(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """`timeout=None` still ends, at our own limit."""
    with pytest.raises(httpx.ReadTimeout, match="within 5 s"):
        await get(HttpTransport(MemoryDialer(nursery, silent)), timeout_s=None)
    nursery.cancel_scope.cancel()
