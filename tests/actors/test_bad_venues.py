"""A venue that answers nonsense: one clear sentence, and that venue alone is affected."""

from __future__ import annotations

import ssl
from collections.abc import Callable

import pytest
import trio
import trustme
from trio.testing import MockClock

from actors.runtime.clock import SystemClock
from actors.transport.dial import SocketDialer
from arbtree import testing
from arbtree.engine import Engine, Seams, embedded_world
from arbtree.status import books
from config.settings import Settings, VenueSettings
from simulator.rest import RestFault
from simulator.world import World
from supervisors.runtime import Options
from tests.actors.virtual import MARKET, Virtual, virtual_engine
from tests.transport.worlds import loopback

NAMES = ("binance", "gateio", "mexc")
SYMBOLS = ("BTC/USDT", "ETH/USDT")
LONGEST_SENTENCE = 500

GATE = (
    b'{"time":1606294781,"time_ms":1606294781236,"channel":"spot.order_book_update",'
    b'"event":"update","result":{"t":1606294781123,"e":"depthUpdate","E":1606294781,'
    b'"s":"BTC_USDT","U":48776301,"u":48776306,"b":[["19137.74","0.0001"]],"a":[]}}'
)
BINANCE = (
    b'{"stream":"btcusdt@depth@100ms","data":{"e":"depthUpdate","E":1700000000000,'
    b'"s":"BTCUSDT","U":157,"u":160,"b":[["1","10"]],"a":[]}}'
)
FOREIGN = [
    ("binance", "btcusdt@depth@100ms", GATE),
    ("gateio", "spot.obu@ob.BTC_USDT.400", BINANCE),
    ("mexc", "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT", GATE),
    ("mexc", "spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT", BINANCE),
]
"""Whose stream suddenly brings whose frame."""


def three_venues() -> Settings:
    """Three protocols beside each other."""
    return Settings(
        simulator=MARKET,
        venues=tuple(VenueSettings(name=name, symbols=SYMBOLS, embedded=True) for name in NAMES),
    )


def _others_stay_live(virtual: Virtual, venue: str) -> None:
    """Every book of the other venues is live and was never interrupted."""
    for path, book in virtual.books().items():
        if not path.startswith(f"{venue}/"):
            assert (path, book.state, book.gaps, book.restarts) == (path, "LIVE", 0, 0)


def _sentences(virtual: Virtual, venue: str, since: int, words: str) -> list[str]:
    """What was said about a venue with these words; nothing else may have been said of others."""
    told = []
    for event in virtual.engine.runtime.events.since(since):
        if event.path.startswith(f"engine/venues/{venue}/"):
            told += [event.text] if words in event.text else []
        else:
            assert event.kind not in ("crash", "outage", "snapshot", "gave_up"), event
    return told


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (RestFault(html=True), "answered with a page instead of data"),
        (RestFault(html=True, status=502), "502"),
        (RestFault(empty=True), "answered with an empty body"),
    ],
    ids=["html", "html 502", "empty"],
)
async def test_rest_that_sends_no_data_while_live(
    autojump_clock: MockClock, fault: RestFault, words: str
) -> None:
    """Its books wait after a reconnect, one sentence says for what, and they return."""
    async with virtual_engine(three_venues()) as virtual:
        await virtual.until(virtual.all_live)
        since = virtual.engine.runtime.events.sequence
        virtual.world.fail_rest("binance", RestFault(fault.status, fault.html, fault.empty))
        virtual.world.cut("binance")
        await trio.sleep(30)
        for path, state in virtual.states().items():
            assert (state == "LIVE") is not path.startswith("binance/"), path
        _others_stay_live(virtual, "binance")
        (sentence,) = _sentences(virtual, "binance", since, words)
        assert "GET /api/v3/depth" in sentence
        assert "\n" not in sentence and len(sentence) < LONGEST_SENTENCE
        virtual.world.heal_rest("binance")
        await virtual.until(virtual.all_live, 60)
        crashes = virtual.engine.runtime.events.counts.get("crash", 0)
        assert crashes == 0


@pytest.mark.parametrize(
    ("fault", "words"),
    [
        (RestFault(html=True), "answered with a page instead of data"),
        (RestFault(empty=True), "answered with an empty body"),
    ],
    ids=["html", "empty"],
)
@pytest.mark.parametrize("venue", NAMES)
async def test_rest_that_sends_no_data_from_the_start(
    autojump_clock: MockClock,
    monkeypatch: pytest.MonkeyPatch,
    venue: str,
    fault: RestFault,
    words: str,
) -> None:
    """Without its lists of symbols a venue follows nothing and says why; it spends no budget."""

    def prepared(settings: Settings) -> World:
        world = embedded_world(settings)
        assert world is not None
        world.fail_rest(venue, RestFault(fault.status, fault.html, fault.empty))
        return world

    monkeypatch.setattr(testing, "embedded_world", prepared)
    async with virtual_engine(three_venues()) as virtual:
        await trio.sleep(30)
        _others_stay_live(virtual, venue)
        assert not [
            path
            for path, state in virtual.states().items()
            if state == "LIVE" and path.startswith(f"{venue}/")
        ]
        row = virtual.row(f"engine/venues/{venue}/connections/0")
        assert row.crashes == 0
        assert words in row.last_failure and venue in row.last_failure
        assert "\n" not in row.last_failure and len(row.last_failure) < LONGEST_SENTENCE
        assert _sentences(virtual, venue, 0, words)
        virtual.world.heal_rest(venue)
        await virtual.until(virtual.all_live, 120)


@pytest.mark.parametrize(("venue", "stream", "frame"), FOREIGN)
async def test_a_frame_of_another_venue(
    autojump_clock: MockClock, venue: str, stream: str, frame: bytes
) -> None:
    """It ends that connection with a sentence that quotes it; the books return on the next one."""
    async with virtual_engine(three_venues()) as virtual:
        await virtual.until(virtual.all_live)
        since = virtual.engine.runtime.events.sequence
        virtual.world.tamper(venue, stream, _instead(frame))
        path = f"engine/venues/{venue}/connections/0"
        await virtual.until(lambda: virtual.row(path).crashes == 1, 5)
        _others_stay_live(virtual, venue)
        failure = virtual.row(path).last_failure
        assert f"DecodeError: {venue}" in failure and "expected" in failure
        assert frame[:20].decode() in failure
        assert "\n" not in failure and len(failure) < LONGEST_SENTENCE
        assert _sentences(virtual, venue, since, frame[:20].decode())
        await virtual.until(virtual.all_live, 10)
        _others_stay_live(virtual, venue)


@pytest.mark.parametrize(("venue", "stream", "frame"), FOREIGN[:3])
async def test_nothing_but_frames_of_another_venue(
    autojump_clock: MockClock, venue: str, stream: str, frame: bytes
) -> None:
    """However long it lasts, no book of that venue prices, and the other venues never notice."""
    async with virtual_engine(three_venues()) as virtual:
        await virtual.until(virtual.all_live)
        virtual.world.tamper(venue, stream, *[_instead(frame)] * 10_000)
        await trio.sleep(1)
        for _ in range(10):
            await trio.sleep(3)
            _others_stay_live(virtual, venue)
            assert virtual.states()[f"{venue}/books/BTC-USDT"] != "LIVE"
        assert virtual.engine.runtime.rows()[0].restarts == 0


@pytest.mark.parametrize(("venue", "stream", "frame"), FOREIGN)
async def test_a_stream_that_stays_foreign_costs_its_symbol_alone(
    autojump_clock: MockClock, venue: str, stream: str, frame: bytes
) -> None:
    """After three frames that book is quarantined with a sentence; the connection lives on."""
    async with virtual_engine(three_venues()) as virtual:
        await virtual.until(virtual.all_live)
        since = virtual.engine.runtime.events.sequence
        virtual.world.tamper(venue, stream, *[_instead(frame)] * 10_000)
        bad, good = (f"{venue}/books/{name}" for name in ("BTC-USDT", "ETH-USDT"))
        await virtual.until(lambda: virtual.states()[bad] == "QUARANTINED", 30)
        await virtual.until(lambda: virtual.states()[good] == "LIVE", 10)
        connection = f"engine/venues/{venue}/connections/0"
        lives = virtual.row(connection).restarts
        for _ in range(120):
            await trio.sleep(1)
            assert virtual.states()[good] == "LIVE"
        assert virtual.row(connection).restarts == lives == 2
        _others_stay_live(virtual, venue)
        failure = virtual.row(f"engine/venues/{bad}").last_failure
        assert "BTC/USDT is given up: 3 times its stream brought what cannot be read" in failure
        assert "\n" not in failure and len(failure) < LONGEST_SENTENCE
        (said,) = _sentences(virtual, venue, since, "is given up")[:1]
        assert frame[:20].decode() in said
        # Once it is mended, whoever restarts connection and book has it back.
        virtual.world.tamper(venue, stream)
        for path in (connection, f"engine/venues/{bad}"):
            await virtual.engine.runtime.restart(path).wait()
        await virtual.until(virtual.all_live, 20)


def _instead(frame: bytes) -> Callable[[bytes], tuple[bytes, ...]]:
    return lambda payload: (frame,)


async def _listening(stream: trio.abc.Stream) -> None:
    """Shake hands, which reading does, and say nothing."""
    await stream.receive_some()


@pytest.mark.parametrize("wrong", ["name", "authority"])
async def test_a_wrong_certificate(wrong: str) -> None:
    """The venue whose certificate proves nothing is an outage; the one beside it goes live."""
    # On real sockets and in real time: TLS has no virtual clock.
    authority = trustme.CA()
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    (authority if wrong == "name" else trustme.CA()).configure_trust(context)
    certificate = authority.issue_cert("other.example" if wrong == "name" else "localhost")
    async with loopback(_listening, certificate=certificate) as port:
        bad = VenueSettings(
            name="binance",
            symbols=SYMBOLS,
            rest_url=f"https://localhost:{port}",
            websocket_url=f"wss://localhost:{port}",
        )
        good = VenueSettings(name="gateio", symbols=SYMBOLS, embedded=True)
        settings = Settings(venues=(bad, good))
        clock = SystemClock()
        world, sockets = embedded_world(settings, clock), SocketDialer(context)
        assert world is not None

        async def dial(host: str, port: int, tls: bool) -> trio.abc.Stream:
            return await (sockets if host == "localhost" else world.dial)(host, port, tls)

        engine = Engine(settings, Seams(dial, clock), options=Options(seed=1))
        path = "engine/venues/binance/connections/0"
        with trio.fail_after(20):
            async with trio.open_nursery() as nursery:
                await nursery.start(World.run, world)
                started = trio.Event()
                nursery.start_soon(engine.run, started)
                await started.wait()
                states: dict[str, str] = {}
                failure = ""
                while set(states.values()) != {"LIVE"} or not failure:
                    await trio.sleep(0.02)
                    states = {
                        book.path: book.state
                        for book in books(engine)
                        if book.path.startswith("engine/venues/gateio/")
                    }
                    row = next(row for row in engine.runtime.rows() if row.path == path)
                    failure = row.last_failure
                assert f"cannot connect to localhost:{port}: certificate not accepted: " in failure
                assert "\n" not in failure and len(failure) < LONGEST_SENTENCE
                assert row.crashes == 0
                assert all(book.state != "LIVE" for book in books(engine) if "binance" in book.path)
                engine.runtime.request_stop("the test is over")
                nursery.cancel_scope.cancel(reason="the test is over")
