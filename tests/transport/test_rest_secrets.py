"""A key planted everywhere a signed request has room for one shows up nowhere."""

from __future__ import annotations

import logging
import traceback

import pytest
import trio
import trio.testing

from messages.errors import ArbtreeError
from messages.requests import RestRequest
from tests.transport.rest_worlds import client, http, scripted
from tests.transport.worlds import MemoryDialer, Peer, answering, read_head, silent

CANARY = "CANARYvmPUZE6mv9SD5VNHk4HlWFsOr6aKE2zvsw0MuIgwCIPy6"
SIGNED = RestRequest(
    "POST",
    "/api/v3/order",
    (("symbol", "BTCUSDT"), ("apiKey", CANARY), ("signature", CANARY + "%3D")),
    headers=(("X-MBX-APIKEY", CANARY),),
    body=b'{"apiKey":"' + CANARY.encode() + b'"}',
)


async def echo(stream: trio.abc.Stream) -> None:
    """A gateway that quotes the whole request it refuses."""
    head = await read_head(stream)
    await stream.send_all(http("400 Bad Request", b"cannot serve " + head + SIGNED.body))


FAILING: list[tuple[str, Peer]] = [
    ("refusal that quotes us", echo),
    ("429", scripted(http("429 Too Many", CANARY.encode(), "Retry-After: 1"))),
    ("503", answering(http("503 Down", CANARY.encode()))),
    ("page", answering(http("200 OK", b"<html>" + CANARY.encode()))),
    ("hang-up", answering()),
    ("no HTTP", answering(CANARY.encode() + b"\r\n\r\n")),
    ("no gzip", answering(http("200 OK", CANARY.encode(), "Content-Encoding: gzip"))),
    ("unknown encoding", answering(http("200 OK", b"x", f"Content-Encoding: {CANARY}"))),
    ("silence", silent),
]


def shown(error: BaseException) -> str:
    """All that an error can show: its text, repr, causes and traceback."""
    seen, todo, done = "", [error], set[int]()
    while todo:
        each = todo.pop()
        if id(each) in done:
            continue
        done.add(id(each))
        seen += f"{each} {each!r} {each.args} {vars(each)}\n"
        todo += [one for one in (each.__cause__, each.__context__) if one is not None]
    return seen + "".join(traceback.format_exception(error))


@pytest.mark.parametrize(("what", "peer"), FAILING, ids=[what for what, _ in FAILING])
async def test_no_failure_shows_a_key(
    what: str,
    peer: Peer,
    caplog: pytest.LogCaptureFixture,
    virtual_time: trio.testing.MockClock,
    nursery: trio.Nursery,
) -> None:
    """Not in an error, what caused it, a log at any level, or the client's summary."""
    caplog.set_level(logging.DEBUG)
    async with client(MemoryDialer(nursery, peer)) as venue:
        with pytest.raises(ArbtreeError) as caught:
            await venue.request(SIGNED)
        assert "POST /api/v3/order" in caught.value.text
        told = f"{shown(caught.value)} {caplog.text} {venue.summary()} {venue!r}"
    assert CANARY not in told, what
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize(
    "spoilt",
    [
        RestRequest("POST", "/x", headers=(("X-MBX-APIKEY", CANARY + "\n"),)),
        RestRequest("POST", "/x", headers=(("X-MBX-APIKEY", CANARY + "ä"),)),
        RestRequest("POST", "/x", (("signature", CANARY + "ä"),)),
        RestRequest("POST", "/x", (("signature", CANARY + " "),)),
    ],
)
async def test_malformed_key_is_not_quoted_back(spoilt: RestRequest, nursery: trio.Nursery) -> None:
    """A key with a line break or a foreign letter, as from a key file, is refused unnamed."""
    async with client(MemoryDialer(nursery, silent)) as venue:
        with pytest.raises(ArbtreeError) as caught:
            await venue.request(spoilt)
    assert "POST /x" in caught.value.text
    assert CANARY not in shown(caught.value)
    nursery.cancel_scope.cancel()


async def test_request_itself_shows_nothing(nursery: trio.Nursery) -> None:
    """What is printed of a request, or of a failed dial for it, is its endpoint and weight."""
    assert repr(SIGNED) == str(SIGNED) == "RestRequest(POST /api/v3/order, weight 1)"
    assert CANARY not in f"{[SIGNED]!r} {SIGNED!s}"
    dialer = MemoryDialer(nursery, silent)
    dialer.refusing = "Connection refused"
    async with client(dialer) as venue:
        with pytest.raises(ArbtreeError) as caught:
            await venue.request(SIGNED)
    assert CANARY not in shown(caught.value)
