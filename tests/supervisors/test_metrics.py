"""The listener of the figures: what it answers, whom it refuses, and that nothing stops it."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock, memory_stream_pair

from messages.errors import EnvironmentFault
from supervisors import metrics
from supervisors.metrics import MetricsListener

TEXT = b"# HELP a A.\n# TYPE a gauge\na 1\n"
HOST = b"Host: 127.0.0.1:9464\r\n"


async def asked(listener: MetricsListener, raw: bytes, *, ends: bool = True) -> bytes:
    """Everything the listener says to these bytes."""
    ours, theirs = memory_stream_pair()
    said = b""
    async with trio.open_nursery() as nursery:
        nursery.start_soon(listener.answer, theirs)
        await ours.send_all(raw)
        if ends:
            await ours.send_eof()
        while piece := await ours.receive_some():
            said += piece
    return said


async def test_a_scrape_is_answered_whole() -> None:
    """Status, type, length and the text; the connection serves the next one too."""
    listener = MetricsListener(lambda: TEXT)
    request = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
    said = await asked(listener, request * 2)
    assert said.count(b"HTTP/1.1 200") == 2
    assert said.count(TEXT) == 2
    assert b"Content-Type: text/plain; version=0.0.4; charset=utf-8\r\n" in said
    assert (listener.scrapes, listener.refused) == (2, 0)


async def test_head_has_no_body() -> None:
    """Only the head of the same answer."""
    said = await asked(
        MetricsListener(lambda: TEXT), b"HEAD /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
    )
    assert f"Content-Length: {len(TEXT)}".encode() in said
    assert said.endswith(b"\r\n\r\n")


@pytest.mark.parametrize(
    ("request_", "status"),
    [
        (b"GET / HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"GET /metrics/../secret HTTP/1.1\r\n" + HOST + b"\r\n", 404),
        (b"POST /metrics HTTP/1.1\r\n" + HOST + b"Content-Length: 3\r\n\r\nabc", 405),
        (b"GET /metrics HTTP/1.1\r\nHost: example.org\r\n\r\n", 403),
        (b"GET /metrics HTTP/1.1\r\n\r\n", 400),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00\r\n\r\n", 400),
        (b"GET /metrics HTTP/1.1\r\n" + b"A: " + b"b" * 20_000, 431),
    ],
)
async def test_a_wrong_request_is_answered_properly(request_: bytes, status: int) -> None:
    """The right status, one sentence, and the next client is served."""
    listener = MetricsListener(lambda: TEXT)
    said = await asked(listener, request_)
    assert said.startswith(f"HTTP/1.1 {status} ".encode()), said[:60]
    assert TEXT not in said
    assert listener.refused == 1
    good = await asked(listener, b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
    assert TEXT in good


async def test_a_slow_client_is_left(autojump_clock: MockClock) -> None:
    """Half a request is waited for ten seconds."""
    began_s = trio.current_time()
    assert await asked(MetricsListener(lambda: TEXT), b"GET /met", ends=False) == b""
    assert trio.current_time() - began_s == pytest.approx(metrics.REQUEST_WITHIN_S)


async def test_clients_are_bounded(autojump_clock: MockClock) -> None:
    """One too many is turned away; when others have gone, there is room again."""
    listener = MetricsListener(lambda: TEXT)
    request = b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n"
    async with trio.open_nursery() as nursery:
        streams = []
        for _ in range(metrics.MOST_CLIENTS):
            ours, theirs = memory_stream_pair()
            nursery.start_soon(listener.answer, theirs)
            streams.append(ours)
        await trio.testing.wait_all_tasks_blocked()
        assert await asked(listener, b"") == b""
        assert listener.refused == 1
        for stream in streams:
            await stream.aclose()
    assert TEXT in await asked(listener, request)


async def test_a_client_that_vanishes_hurts_nobody() -> None:
    """Closed in the middle of an answer."""
    ours, theirs = memory_stream_pair()
    await ours.send_all(b"GET /metrics HTTP/1.1\r\n" + HOST + b"\r\n")
    await ours.aclose()
    await MetricsListener(lambda: TEXT).answer(theirs)


async def test_a_port_in_use_is_one_sentence() -> None:
    """The second listener says which port."""
    async with trio.open_nursery() as nursery:
        port = await nursery.start(MetricsListener(lambda: TEXT).serve, 0)
        with pytest.raises(EnvironmentFault, match=rf"127\.0\.0\.1:{port}: Address already in use"):
            await MetricsListener(lambda: TEXT).serve(port)
        nursery.cancel_scope.cancel(reason="the test is over")
