"""HTTP/1.1 by h11 on one stream: REST answers, or the upgrade to a websocket."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from email.utils import formatdate

import h11
import trio
from wsproto import ConnectionType, WSConnection
from wsproto.events import AcceptConnection
from wsproto.events import Request as UpgradeRequest
from wsproto.utilities import RemoteProtocolError

from simulator.protocol import HTML_TYPE, NOT_FOUND, Answer, Request
from simulator.rest import RestFault
from simulator.venue import Venue
from simulator.websocket import CLOSED, WebSocket

READ_BYTES = 65_536
IDLE_S = 75.0
"""An idle keep-alive connection is closed after this time, as gateways do."""
BAD_REQUEST = b"<html><body><h2>400 Bad Request</h2></body></html>"
FORBIDDEN = (
    b"<html><head><title>ERROR: The request could not be satisfied</title></head>"
    b"<body><h1>403 ERROR</h1></body></html>"
)
BAD_GATEWAY = b"<html><head><title>502 Bad Gateway</title></head><body>502</body></html>"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")


async def serve_http_or_websocket(venues: Sequence[Venue], stream: trio.abc.Stream) -> None:
    """Serve one accepted stream until either side ends it; never raises for what a client does.

    Args:
        venues: who answers at this address; the path of each request says which one.
        stream: any trio stream; closed at the end.
    """
    venues[0].meter.dials += 1
    async with stream:
        try:
            await _serve(venues, stream)
        except (*CLOSED, trio.TooSlowError):
            return


async def _serve(venues: Sequence[Venue], stream: trio.abc.Stream) -> None:
    http = h11.Connection(h11.SERVER)
    while True:
        try:
            with trio.fail_after(IDLE_S):
                request = await _next_request(http, stream)
        except h11.RemoteProtocolError:
            if http.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                await _send(http, stream, Answer(400, BAD_REQUEST, content_type=HTML_TYPE))
            return
        if request is None:
            return
        headers = {name.decode(): value.decode("latin-1") for name, value in request.headers}
        path = request.target.decode("latin-1").partition("?")[0]
        venue = next((one for one in venues if one.protocol.serves(path)), venues[0])
        if "websocket" in headers.get("upgrade", "").lower():
            await _upgrade(venue, http, stream, request, headers)
            return
        if not await _answer(venue, http, stream, request, headers):
            return
        if http.our_state is not h11.DONE or http.their_state is not h11.DONE:
            return
        http.start_next_cycle()


async def _next_request(http: h11.Connection, stream: trio.abc.Stream) -> h11.Request | None:
    """The next request with its body read and dropped; None at the end of the stream."""
    request: h11.Request | None = None
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(bytes(await stream.receive_some(READ_BYTES)))
        elif isinstance(event, h11.Request):
            request = event
            if b"upgrade" in dict(request.headers).get(b"connection", b"").lower():
                return request
        elif isinstance(event, h11.EndOfMessage):
            return request
        elif not isinstance(event, h11.Data):
            return None


async def _send(
    http: h11.Connection,
    stream: trio.abc.Stream,
    answer: Answer,
    more: Iterable[tuple[str, str]] = (),
    without_body: bool = False,
) -> None:
    headers = [
        ("Content-Type", answer.content_type),
        ("Content-Length", str(len(answer.body))),
        *answer.headers,
        *more,
    ]
    head = http.send(h11.Response(status_code=answer.status, headers=headers))
    body = None if without_body else http.send(h11.Data(data=answer.body))
    end = http.send(h11.EndOfMessage())
    await stream.send_all((head or b"") + (body or b"") + (end or b""))


async def _answer(
    venue: Venue,
    http: h11.Connection,
    stream: trio.abc.Stream,
    request: h11.Request,
    headers: dict[str, str],
) -> bool:
    """Answer one REST request; False when the connection is to be closed without an answer."""
    path, _, query = request.target.decode("latin-1").partition("?")
    if not _knows_host(venue, headers.get("host", "")):
        answer = Answer(403, FORBIDDEN, content_type=HTML_TYPE)
    else:
        asked = Request(request.method.decode(), path, query, headers)
        answer = venue.protocol.rest(venue, asked)
    fault = venue.rest_fault(path)
    if fault is not None:
        answer = _faulty(venue, answer, fault)
        if fault.delay_s > 0:
            await trio.sleep(fault.delay_s)
        if fault.hang_up:
            return False
    venue.meter.count_answer(answer.status)
    date = formatdate(venue.now_ms() / 1000, usegmt=True)
    await _send(http, stream, answer, [("Date", date)], request.method == b"HEAD")
    return True


def _faulty(venue: Venue, answer: Answer, fault: RestFault) -> Answer:
    if fault.html:
        return Answer(fault.status or 200, BAD_GATEWAY, content_type=HTML_TYPE)
    if fault.empty:
        return Answer(fault.status or 200, b"", answer.headers)
    if fault.status:
        failure = venue.protocol.failure(fault.status)
        headers = answer.headers + failure.headers
        if fault.retry_after_s:
            headers += (("Retry-After", str(fault.retry_after_s)),)
        return Answer(failure.status, failure.body, headers)
    return answer


def _knows_host(venue: Venue, host: str) -> bool:
    name = host.rsplit(":", 1)[0] if host.rsplit(":", 1)[-1].isdigit() else host
    return name in venue.hosts or name in LOOPBACK


def _may_connect(venue: Venue) -> bool:
    rules = venue.rules
    attempt_fits = venue.meter.may_connect(venue.now_ms(), rules.connects_per_window)
    return attempt_fits and (not rules.connections or len(venue.connections) < rules.connections)


async def _upgrade(
    venue: Venue,
    http: h11.Connection,
    stream: trio.abc.Stream,
    request: h11.Request,
    headers: dict[str, str],
) -> None:
    """Turn the connection into a websocket, or refuse."""
    target_text = request.target.decode("latin-1")
    target = venue.protocol.target(target_text, headers)
    refusal: Answer | None = None
    if target is None or not _knows_host(venue, headers.get("host", "")):
        refusal = Answer(404, NOT_FOUND, content_type=HTML_TYPE)
    elif venue.troubled("failed_upgrade"):
        refusal = Answer(503, BAD_GATEWAY, content_type=HTML_TYPE)
    elif not _may_connect(venue):
        refusal = venue.protocol.failure(429)
    protocol = WSConnection(ConnectionType.SERVER)
    try:
        protocol.initiate_upgrade_connection(list(request.headers), target_text)
    except RemoteProtocolError:
        refusal = refusal or Answer(400, BAD_REQUEST, content_type=HTML_TYPE)
    if refusal is not None or target is None:
        venue.meter.upgrades_refused += 1
        if refusal is not None:
            await _send(http, stream, refusal, [("Connection", "close")])
        return
    venue.meter.upgrades += 1
    number = venue.meter.upgrades  # others may upgrade while the reply is sent
    reply = b"".join(
        protocol.send(AcceptConnection())
        for one in protocol.events()
        if isinstance(one, UpgradeRequest)
    )
    await stream.send_all(reply)
    early, _ = http.trailing_data
    socket = WebSocket(venue, stream, protocol, number, target)
    await socket.run(target.streams, early)
