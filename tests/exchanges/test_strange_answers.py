"""Every venue, asked for data and answered with something else: one sentence says what came."""

from __future__ import annotations

import gzip

import pytest
import trio.testing

from actors.runtime.clock import TrioClock
from actors.transport.http import BODY_LIMIT_BYTES
from actors.transport.rest import RestClient
from exchanges.contract import PublicDialect
from exchanges.registry import dialect, venues
from messages.errors import (
    ArbtreeError,
    Banned,
    DecodeError,
    EndpointLimited,
    Outcome,
    RateLimited,
)
from messages.requests import RestRequest
from tests.transport.rest_worlds import http
from tests.transport.worlds import MemoryDialer, answering

PAGE = b"<html>\n<head><title>502 Bad Gateway</title></head></html>"


def requests_of(public: PublicDialect) -> list[RestRequest]:
    """The requests an engine sends."""
    return [public.venue_info_request(), public.tickers_request(), public.server_time_request()]


STRANGE = [
    (http("200 OK", PAGE), "502 Bad Gateway"),
    (http("200 OK", b""), "empty"),
    (http("502 Bad Gateway", PAGE), "502 Bad Gateway"),
    (http("502 Bad Gateway", b""), "502"),
    (http("404 Not Found", PAGE), "404"),
    (http("403 Forbidden", PAGE), "403"),
    (http("200 OK", gzip.compress(PAGE)[:-9], "Content-Encoding: gzip"), "cut short"),
    (http("200 OK", PAGE, "Content-Encoding: br"), "'br'"),
    (
        http("200 OK", gzip.compress(bytes(BODY_LIMIT_BYTES + 1), 1), "Content-Encoding: gzip"),
        f"more than {BODY_LIMIT_BYTES} bytes",
    ),
]


@pytest.mark.parametrize("venue", venues())
@pytest.mark.parametrize(("answer", "words"), STRANGE, ids=[words for _, words in STRANGE])
async def test_a_gateways_answer(
    venue: str, answer: bytes, words: str, autojump_clock: trio.testing.MockClock
) -> None:
    """The error names venue, method, path and what came, on one line."""
    public = dialect(venue)
    async with trio.open_nursery() as nursery:
        dialer = MemoryDialer(nursery, answering(answer))
        async with RestClient(
            venue, public.rest_url, dialer, TrioClock(), error=public.error
        ) as rest:
            request = requests_of(public)[0]
            with pytest.raises(ArbtreeError) as caught:
                await rest.request(request)
        nursery.cancel_scope.cancel()
    text = caught.value.text
    assert text.startswith(venue)
    assert f"GET {request.path}" in text
    assert words in text
    assert "\n" not in text and len(text) < 500


@pytest.mark.parametrize("venue", venues())
def test_json_that_is_no_answer(venue: str) -> None:
    """What is JSON but not the documented answer is a decode error that quotes it."""
    public = dialect(venue)
    for read in (
        public.decode_venue_info,
        lambda body: public.decode_tickers(body, (), 0),
        lambda body: public.decode_server_time(body, 0),
    ):
        for body in (b'{"unexpected":"thing"}', b'"text"', b"", b"\xff\xfe", PAGE):
            with pytest.raises(DecodeError) as caught:
                read(body)
            assert caught.value.text.startswith(venue)
            assert "\n" not in caught.value.text


@pytest.mark.parametrize("venue", venues())
def test_scopes_of_waits(venue: str) -> None:
    """A firewall's page bans the address; a limit of one endpoint is told apart from all."""
    public = dialect(venue)
    firewall = public.error(403, {}, PAGE)
    assert isinstance(firewall, Banned)
    assert firewall.retry.after_s > 0
    limited = public.error(429, {"retry-after": "7"}, b"")
    assert limited is not None
    assert isinstance(limited, EndpointLimited) is venue.startswith(("gateio", "mexc"))
    assert (limited.outcome, limited.retry.after_s) == (Outcome.REFUSED, 7.0)
    down = public.error(503, {"retry-after": "30"}, b"")
    assert down is not None
    assert (down.outcome, down.retry.after_s, down.outage) == (Outcome.UNKNOWN, 30.0, True)


@pytest.mark.parametrize("venue", venues())
@pytest.mark.parametrize(
    "headers",
    [
        {"retry-after": "120"},
        {
            "retry-after": "Wed, 21 Oct 2026 07:30:00 GMT",
            "date": "Wed, 21 Oct 2026 07:28:00 GMT",
        },
    ],
    ids=["seconds", "date"],
)
@pytest.mark.parametrize(("status", "kind"), [(418, Banned), (429, RateLimited)])
def test_an_answer_that_says_when_to_come_back(
    venue: str, status: int, kind: type[RateLimited], headers: dict[str, str]
) -> None:
    """In either form HTTP has, whatever the venue documents, and 418 is for the whole address."""
    found = dialect(venue).error(status, headers, PAGE)
    assert isinstance(found, kind)
    assert found.retry.after_s == pytest.approx(120)
    assert isinstance(found, Banned) is (status == 418)
