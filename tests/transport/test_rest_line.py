"""The line before the wire: who goes first, who holds up whom, and what is sent twice."""

from __future__ import annotations

import pytest
import trio
import trio.testing

from actors.runtime.clock import TrioClock
from actors.transport import turns as turns_module
from actors.transport.rest import RestClient
from actors.transport.turns import Turns
from messages.errors import (
    ArbtreeError,
    ConnectionLost,
    EndpointLimited,
    Outcome,
    RateLimited,
    TimedOut,
    UnknownSymbol,
    VenueBusy,
    VenueUnavailable,
)
from messages.instruments import RateRule
from messages.requests import RestRequest
from tests.transport.rest_worlds import DEPTH, client, http, scripted, tokens
from tests.transport.worlds import MemoryDialer, Peer, answering, read_head, silent

TIME = RestRequest("GET", "/api/v3/time")
CANCEL = RestRequest("DELETE", "/api/v3/order", priority=True)


class Sent:
    """Sends requests at once and keeps the order and times in which they went."""

    def __init__(self, venue: RestClient, nursery: trio.Nursery) -> None:
        self.venue, self.nursery = venue, nursery
        self.began_s = trio.current_time()
        self.order: list[tuple[str, float]] = []

    async def add(self, name: str, request: RestRequest, deadline_s: float = 100.0) -> None:
        """Send one; it stands in the line when this returns."""
        self.nursery.start_soon(self._one, name, request, deadline_s)
        await trio.testing.wait_all_tasks_blocked()

    async def _one(self, name: str, request: RestRequest, deadline_s: float) -> None:
        try:
            await self.venue.request(request, deadline_s=deadline_s)
        except ArbtreeError as error:
            name = f"{name} {type(error).__name__}"
        self.order.append((name, round(trio.current_time() - self.began_s, 3)))


def always(stream_answer: bytes = http("200 OK")) -> Peer:
    """A peer that answers every request alike."""
    return scripted(*[stream_answer] * 100)


# -- priority -----------------------------------------------------------------------------------


async def test_priority_overtakes_what_waits_and_uses_the_reserve(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A cancel goes at once where snapshots wait: ordinary ones leave the reserve alone."""
    dialer = MemoryDialer(nursery, always())
    async with client(dialer, limits=tokens(10)) as venue, trio.open_nursery() as requests:
        sent = Sent(venue, requests)
        for name, weight in (("spend", 10), ("first", 5), ("second", 1)):
            await sent.add(name, RestRequest("GET", "/x", weight=weight))
        await sent.add("cancel", CANCEL)  # of a reserve of 2.5
        await sent.add("hedge", RestRequest("POST", "/x", weight=3, priority=True))
    assert sent.order == [
        ("spend", 0.0),
        ("cancel", 0.0),
        ("hedge", 1.5),
        ("first", 9.0),
        ("second", 10.0),
    ]
    nursery.cancel_scope.cancel()


async def test_priority_overtakes_clients_of_the_same_pool(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Venues that count together stand in one line, not in two."""
    shared = Turns(tokens(10), TrioClock())
    one = client(MemoryDialer(nursery, always()), limits=shared)
    other = client(MemoryDialer(nursery, always()), limits=shared)
    async with one, other, trio.open_nursery() as requests:
        sent = Sent(one, requests)
        await sent.add("spend", RestRequest("GET", "/x", weight=10))
        await sent.add("ordinary", RestRequest("GET", "/x", weight=5))
        sent.venue = other
        await sent.add("hedge", RestRequest("POST", "/x", weight=4, priority=True))
    assert [name for name, _ in sent.order] == ["spend", "hedge", "ordinary"]
    nursery.cancel_scope.cancel()


async def test_some_connections_are_kept_for_priority(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Slow answers may take six of eight connections; a cancel finds one all the same."""

    async def peer(stream: trio.abc.Stream) -> None:
        while head := await read_head(stream):
            await trio.sleep(4.0 if b"depth" in head else 0.0)
            await stream.send_all(http("200 OK"))

    async with client(MemoryDialer(nursery, peer)) as venue, trio.open_nursery() as requests:
        sent = Sent(venue, requests)
        for at in range(8):
            await sent.add(f"depth-{at}", DEPTH)
        assert (venue.summary()["under_way"], venue.summary()["waiting"]) == (6, 2)
        await sent.add("cancel", CANCEL)
        assert sent.order == [("cancel", 0.0)]
    assert [at_s for _, at_s in sent.order] == [0.0, *[4.0] * 6, *[8.0] * 2]
    nursery.cancel_scope.cancel()


# -- scopes -------------------------------------------------------------------------------------


async def test_endpoint_at_its_limit_holds_up_only_itself(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Limits of each endpoint alone: what waits for one is passed by requests to another."""
    own = tokens(1000, RateRule("REQUEST_WEIGHT", 25, 12.5, per_endpoint=True))
    dialer = MemoryDialer(nursery, always())
    async with client(dialer, limits=own) as venue, trio.open_nursery() as requests:
        sent = Sent(venue, requests)
        await sent.add("depth", RestRequest("GET", "/depth", weight=10))
        await sent.add("depth again", RestRequest("GET", "/depth", weight=3))
        await sent.add("depth light", RestRequest("GET", "/depth", weight=1))
        await sent.add("time", TIME)
    assert sent.order == [
        ("depth", 0.0),
        ("time", 0.0),
        ("depth again", 3.0),
        ("depth light", 4.0),
    ]
    nursery.cancel_scope.cancel()


async def test_storm_of_an_endpoints_429s_stops_that_endpoint_only(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A refusal that is about one endpoint: it waits as told, the venue goes on."""
    limited = http("430 Slow", b"", "Retry-After: 30")

    async def peer(stream: trio.abc.Stream) -> None:
        while head := await read_head(stream):
            ban_over = trio.current_time() - began_s >= 30
            await stream.send_all(http("200 OK") if b"time" in head or ban_over else limited)

    began_s = trio.current_time()
    async with client(MemoryDialer(nursery, peer)) as venue:
        with pytest.raises(EndpointLimited):
            await venue.request(DEPTH)
        for _ in range(50):
            with pytest.raises(RateLimited, match="not sent, still banned") as caught:
                await venue.request(DEPTH)
            assert caught.value.outcome is Outcome.NOT_SENT
            await venue.request(TIME)
        assert venue.banned_for_s == 0.0
        assert (venue.tally.refused, venue.tally.kept_back, venue.tally.answered) == (1, 50, 50)
        await venue.request(DEPTH, deadline_s=40)
        assert trio.current_time() - began_s == pytest.approx(30)
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("status", ["429 Too Many", "418 Teapot"])
async def test_storm_of_429s_reaches_the_venue_only_once(
    status: str, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Hundreds of callers: those under way are refused, all others wait or hear the end of it."""
    heads: list[float] = []

    async def peer(stream: trio.abc.Stream) -> None:
        while await read_head(stream):
            heads.append(trio.current_time() - began_s)
            await trio.sleep(0.01)
            over = trio.current_time() - began_s >= 30
            await stream.send_all(http("200 OK") if over else http(status, b"", "Retry-After: 30"))

    began_s = trio.current_time()
    async with client(MemoryDialer(nursery, peer)) as venue:
        async with trio.open_nursery() as requests:
            sent = Sent(venue, requests)
            for at in range(200):
                requests.start_soon(sent.add, "waits", DEPTH)
                requests.start_soon(sent.add, "cannot", DEPTH, 5.0 + at / 50)
        assert len([at_s for at_s in heads if at_s < 30]) == 6
        named = [name for name, _ in sent.order]
        assert named.count("waits") >= 194
        assert named.count("waits") + named.count("cannot RateLimited") >= 394
        assert max(at_s for name, at_s in sent.order if name.startswith("cannot")) < 0.1
    nursery.cancel_scope.cancel()


async def test_busy_venue_leaves_its_endpoint_alone_for_as_long_as_it_says(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A 503 that names a time is believed."""
    dialer = MemoryDialer(nursery, always())
    async with client(dialer) as venue:
        venue._note_ban(VenueBusy("busy", venue="venue"), DEPTH.endpoint)
        began_s = trio.current_time()
        await venue.request(TIME)
        assert trio.current_time() == began_s
        await venue.request(DEPTH)
        assert trio.current_time() - began_s == pytest.approx(1.0)
    nursery.cancel_scope.cancel()


async def test_line_is_bounded(
    monkeypatch: pytest.MonkeyPatch,
    virtual_time: trio.testing.MockClock,
    nursery: trio.Nursery,
) -> None:
    """Beyond so many waiting requests the next one is refused at once."""
    monkeypatch.setattr(turns_module, "MOST_WAITING", 3)
    dialer = MemoryDialer(nursery, silent)
    async with client(dialer, connections=1) as venue, trio.open_nursery() as requests:
        sent = Sent(venue, requests)
        for at in range(4):
            await sent.add(f"{at}", DEPTH, 9.0)
        with pytest.raises(VenueBusy, match="3 requests wait already") as caught:
            await venue.request(DEPTH)
        assert caught.value.outcome is Outcome.NOT_SENT
    assert sorted(sent.order)[1:] == [(f"{at} TimedOut", 9.0) for at in (1, 2, 3)]
    nursery.cancel_scope.cancel()


async def test_waiting_for_others_until_the_deadline_was_not_sent(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """No connection came free: the error says so, and does not speak against the endpoint."""
    dialer = MemoryDialer(nursery, silent)
    async with client(dialer, connections=1) as venue, trio.open_nursery() as requests:
        await Sent(venue, requests).add("slow", DEPTH, 4.0)
        with pytest.raises(TimedOut, match="was not sent, others wait before it") as caught:
            await venue.request(DEPTH, deadline_s=2)
        assert caught.value.outcome is Outcome.NOT_SENT
        assert (venue.tally.kept_back, venue.tally.failed) == (1, 0)
    nursery.cancel_scope.cancel()


async def test_declared_limits_hold_from_then_on(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """What a venue's symbol info says of its limits replaces what its sheet says."""
    dialer = MemoryDialer(nursery, always())
    async with client(dialer, limits=tokens(100)) as venue:
        venue.adopt([RateRule("RAW_REQUESTS", 5, 10.0)])
        began_s = trio.current_time()
        for _ in range(5):
            await venue.request(TIME, deadline_s=60)
        assert trio.current_time() - began_s == pytest.approx(12.0)
        assert venue.share_left(TIME) < 0.3
    nursery.cancel_scope.cancel()


# -- repetition ---------------------------------------------------------------------------------


async def test_get_is_repeated_until_the_venue_answers(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """No connection, a hang-up, a 5xx: asked again with growing pauses, and counted."""
    answers = iter([b"", http("502 Bad Gateway"), http("200 OK")])

    async def peer(stream: trio.abc.Stream) -> None:
        await read_head(stream)
        await stream.send_all(next(answers))
        await stream.aclose()

    async with client(MemoryDialer(nursery, peer)) as venue:
        began_s = trio.current_time()
        assert (await venue.request(TIME, attempts=3)).status == 200
        assert trio.current_time() - began_s == pytest.approx(0.25 + 0.5)
        assert (venue.tally.asked, venue.tally.repeated, venue.tally.failed) == (3, 2, 2)
    nursery.cancel_scope.cancel()


async def test_attempts_end(virtual_time: trio.testing.MockClock, nursery: trio.Nursery) -> None:
    """After so many the last error counts."""
    dialer = MemoryDialer(nursery, answering())
    async with client(dialer) as venue:
        with pytest.raises(ConnectionLost):
            await venue.request(TIME, attempts=4)
    assert dialer.dials == 4


async def test_repetition_stays_within_the_one_deadline(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """A pause that would outlast the deadline is not begun: the error comes at once."""
    dialer = MemoryDialer(nursery, answering())
    async with client(dialer) as venue:
        began_s = trio.current_time()
        with pytest.raises(ConnectionLost):
            await venue.request(TIME, attempts=5, deadline_s=1.0)
        assert trio.current_time() - began_s == pytest.approx(0.75)
        dialer.peer = silent
        with pytest.raises(TimedOut):
            await venue.request(TIME, attempts=5, deadline_s=3.0)
        assert trio.current_time() - began_s == pytest.approx(3.75)


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (http("400 Bad Request", b"no"), UnknownSymbol),
        (http("429 Too Many", b"", "Retry-After: 0"), RateLimited),
        (http("418 Teapot"), RateLimited),
    ],
)
async def test_refusals_are_not_repeated(
    answer: bytes,
    error: type[ArbtreeError],
    virtual_time: trio.testing.MockClock,
    nursery: trio.Nursery,
) -> None:
    """A venue that said no is not asked again by itself."""
    seen: list[bytes] = []
    dialer = MemoryDialer(nursery, scripted(*[answer] * 5, seen=seen))
    async with client(dialer) as venue:
        with pytest.raises(error):
            await venue.request(TIME, attempts=5)
    assert len(seen) == 1
    nursery.cancel_scope.cancel()


@pytest.mark.parametrize("method", ["POST", "DELETE", "PUT"])
async def test_what_changes_something_is_sent_once(
    method: str, virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Asking for more is a mistake of ours; a failure is never repeated behind our back."""
    seen: list[bytes] = []
    dialer = MemoryDialer(nursery, scripted(http("502 Bad Gateway"), seen=seen))
    async with client(dialer) as venue:
        with pytest.raises(ValueError, match=f"{method} /x cannot be sent 2 times"):
            await venue.request(RestRequest(method, "/x"), attempts=2)
        with pytest.raises(VenueUnavailable):
            await venue.request(RestRequest(method, "/x"))
    assert len(seen) == 1
    nursery.cancel_scope.cancel()


# -- warm connections ---------------------------------------------------------------------------


async def test_connections_are_kept_warm(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """So many stand ready at any time, none for longer than a balancer would keep it."""
    dialer = MemoryDialer(nursery, always())
    async with client(dialer) as venue, trio.open_nursery() as keeper:
        keeper.start_soon(venue.keep_warm, 2)
        await trio.sleep(1)
        for _ in range(30):
            assert 2 <= len(dialer.open) <= 4
            await trio.sleep(7)
        dials = dialer.dials
        await venue.request(DEPTH)
        assert dialer.dials == dials
        dialer.refusing = "Connection refused"
        await trio.sleep(60)
        assert (len(dialer.open), venue.counts.cold > 0) == (0, True)
        dialer.refusing = ""
        await trio.sleep(6)
        assert len(dialer.open) == 2
        keeper.cancel_scope.cancel()
    assert dialer.open == []
    nursery.cancel_scope.cancel()


async def test_idle_connections_are_closed_when_old(
    virtual_time: trio.testing.MockClock, nursery: trio.Nursery
) -> None:
    """Those nobody used are closed with the next request, not only passed over."""
    dialer = MemoryDialer(nursery, always())
    async with client(dialer) as venue:
        await venue.warm(4)
        await trio.sleep(31)
        await venue.request(TIME)
        assert (len(dialer.open), venue.counts.closed) == (1, 4)
    nursery.cancel_scope.cancel()
