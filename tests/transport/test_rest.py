"""The REST client: answers, and errors that know what was sent."""

from __future__ import annotations

import gzip

import pytest
import trio
import trio.testing

from actors.runtime.clock import TrioClock
from actors.transport.answers import Answer, unpack
from actors.transport.rest import RestClient
from messages.errors import (
    ArbtreeError,
    ConnectionLost,
    DecodeError,
    DialFailed,
    InvalidRequest,
    Outcome,
    TimedOut,
    UnknownSymbol,
    VenueUnavailable,
)
from messages.requests import RestRequest
from tests.transport.rest_worlds import DEPTH, client, http, read_error, scripted
from tests.transport.worlds import MemoryDialer, Peer, answering, silent


async def test_answer_of_a_request(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A 2xx answer comes with status, lower-case headers, body, and the times of both ways."""
    seen: list[bytes] = []
    answer = http("200 OK", b'{"lastUpdateId":1}', "X-MBX-USED-WEIGHT-1M: 25")
    dialer = MemoryDialer(nursery, scripted(answer, seen=seen), delay_s=0.5)
    async with client(dialer, "https://venue.example/prefix/") as venue:
        got = await venue.request(DEPTH)
    assert got == Answer(
        200,
        {"content-length": "18", "x-mbx-used-weight-1m": "25"},
        b'{"lastUpdateId":1}',
        TrioClock().now_ns(),
        TrioClock().now_ns(),
    )
    assert seen[0].startswith(b"GET /prefix/api/v3/depth?symbol=BTCUSDT&limit=5 HTTP/1.1\r\n")
    assert b"\r\nUser-Agent: arbtree\r\n" in seen[0]
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_body_and_headers_go_out_as_given(nursery: trio.Nursery) -> None:
    """Method, own headers and the exact target, quotes and all, stand on the wire."""
    seen: list[bytes] = []
    dialer = MemoryDialer(nursery, scripted(http("200 OK"), seen=seen))
    async with client(dialer) as venue:
        await venue.request(
            RestRequest("DELETE", "/order", (("q", '["A"]%3D'),), headers=(("X-MBX-APIKEY", "k"),))
        )
    assert seen[0].startswith(b'DELETE /order?q=["A"]%3D HTTP/1.1\r\n')
    assert b"\r\nX-MBX-APIKEY: k\r\n" in seen[0]
    nursery.cancel_scope.cancel()


async def test_compressed_body_is_opened(nursery: trio.Nursery) -> None:
    """A gzip answer arrives decompressed."""
    answer = http("200 OK", gzip.compress(b"[1,2]", mtime=0), "Content-Encoding: gzip")
    async with client(MemoryDialer(nursery, scripted(answer))) as venue:
        assert (await venue.request(DEPTH)).body == b"[1,2]"
    nursery.cancel_scope.cancel()


def test_decompression_is_bounded() -> None:
    """A body may unfold up to the limit and not a byte further."""
    bomb = gzip.compress(b"0" * 1_000)
    assert unpack(bomb, "gzip", 1_000) == b"0" * 1_000
    with pytest.raises(ValueError, match="more than 999 bytes"):
        unpack(bomb, "gzip", 999)


@pytest.mark.parametrize(
    ("body", "encoding"), [(gzip.compress(b"abc", mtime=0)[:-1], "gzip"), (b"abc", "br")]
)
def test_bodies_that_cannot_be_opened(body: bytes, encoding: str) -> None:
    """A gzip cut short and an encoding nobody asked for are errors, never half a body."""
    with pytest.raises(ValueError, match=r"cut short|not asked for"):
        unpack(body, encoding)


# -- errors -------------------------------------------------------------------------------------


async def test_venue_error_is_raised_as_decoded(nursery: trio.Nursery) -> None:
    """What the dialect reads in an answer is what the caller gets; the connection stays."""
    answers = http("400 Bad Request", b"Invalid symbol."), http("200 OK", b"{}")
    dialer = MemoryDialer(nursery, scripted(*answers))
    async with client(dialer) as venue:
        with pytest.raises(UnknownSymbol, match=r"^venue -1121 GET /api/v3/depth: Invalid symbol"):
            await venue.request(DEPTH)
        await venue.request(DEPTH)
    assert dialer.dials == 1
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("status", ["302 Found", "304 Not Modified", "503 Service Unavailable"])
async def test_status_nobody_explains_is_an_error(status: str, nursery: trio.Nursery) -> None:
    """An answer is 2xx or an error, whatever the dialect says of it; redirects are not followed."""
    dialer = MemoryDialer(nursery, scripted(http(status, b"", "Location: /elsewhere")))
    async with client(dialer) as venue:
        with pytest.raises(VenueUnavailable, match=rf"/api/v3/depth was .* HTTP {status[:3]}"):
            await venue.request(DEPTH)
    assert dialer.dials == 1
    nursery.cancel_scope.cancel()


FAILURES: list[tuple[Peer, type[ArbtreeError], Outcome, str]] = [
    (answering(), ConnectionLost, Outcome.UNKNOWN, "without an answer"),
    (answering(http("200 OK", b"whole")[:-2]), ConnectionLost, Outcome.UNKNOWN, "complete message"),
    (answering(b"<html>", hold=True), TimedOut, Outcome.UNKNOWN, "no answer from"),
    (answering(b"garbage\r\n\r\n"), ConnectionLost, Outcome.UNKNOWN, "broke the HTTP protocol"),
    (silent, TimedOut, Outcome.UNKNOWN, r"no answer from venue\.example within 5 s"),
    (
        scripted(http("200 OK", b"no gzip", "Content-Encoding: gzip")),
        DecodeError,
        Outcome.UNKNOWN,
        "cannot decompress the answer",
    ),
]


@pytest.mark.parametrize(("peer", "error", "outcome", "text"), FAILURES)
async def test_failures_after_sending_have_an_unknown_outcome(
    peer: Peer,
    error: type[ArbtreeError],
    outcome: Outcome,
    text: str,
    virtual_time: trio.testing.MockClock,
    nursery: trio.Nursery,
) -> None:
    """Once bytes went out, no failure claims to know what became of the request."""
    dialer = MemoryDialer(nursery, peer)
    order = RestRequest("POST", "/api/v3/order", (("signature", "secret"),))
    async with client(dialer) as venue:
        with pytest.raises(error, match=text) as caught:
            await venue.request(order)
    assert type(caught.value) is error
    assert caught.value.outcome is outcome
    assert caught.value.text.startswith("venue POST /api/v3/order")
    assert "secret" not in caught.value.text
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_failures_before_sending_say_so(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A failed or slow dial is known not to have sent anything."""
    dialer = MemoryDialer(nursery, silent)
    dialer.refusing = "Connection refused"
    async with client(dialer) as venue:
        with pytest.raises(DialFailed, match=r"venue\.example:443: Connection refused") as refused:
            await venue.request(DEPTH)
        dialer.delay_s = 60
        with pytest.raises(TimedOut) as late:
            await venue.request(DEPTH, deadline_s=2)
    assert refused.value.outcome is late.value.outcome is Outcome.NOT_SENT


@pytest.mark.parametrize(
    "request_",
    [
        RestRequest("GET", "/ä"),
        RestRequest("GET", "/a b"),
        RestRequest("GET", "/x", headers=(("X", "a\nb"),)),
    ],
)
async def test_requests_that_http_forbids(request_: RestRequest, nursery: trio.Nursery) -> None:
    """Our own malformed request is our mistake, not an outage, and never retried."""
    async with client(MemoryDialer(nursery, silent)) as venue:
        with pytest.raises(InvalidRequest) as caught:
            await venue.request(request_)
    assert (caught.value.outcome, caught.value.outage) == (Outcome.NOT_SENT, False)
    nursery.cancel_scope.cancel()


def test_address_is_checked_when_built() -> None:
    """An address that is none fails at once."""
    with pytest.raises(ValueError, match="venue"):
        RestClient("venue", "venue.example", lost, TrioClock(), error=read_error)


async def lost(host: str, port: int, tls: bool) -> trio.abc.Stream:
    await trio.lowlevel.checkpoint()
    raise DialFailed("no dial expected")


async def test_building_clients_makes_no_tls_context(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """A client costs no 34 ms of TLS context: that is the dialer's, once."""

    def forbidden(*_: object, **__: object) -> None:
        raise AssertionError("a TLS context was made")

    monkeypatch.setattr("ssl.create_default_context", forbidden)
    monkeypatch.setattr("ssl.SSLContext", forbidden)
    monkeypatch.setenv("HTTPS_PROXY", "http://proxy.example:3128")
    for _ in range(3):
        await RestClient("v", "https://v.example", lost, TrioClock(), error=read_error).aclose()
