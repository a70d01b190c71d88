"""Gate.io and MEXC followed live by the whole engine, against their simulators in virtual time."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from actors.venue import SymbolDirectory
from config.settings import Settings, VenueSettings
from exchanges.mexc import MexcPublic
from messages.books import SymbolChanged
from messages.instruments import SymbolInfo
from messages.market import StreamKind
from simulator.gateio import answers
from simulator.topics import drop
from simulator.world import START_MS
from tests.actors.virtual import MARKET, Virtual, virtual_engine

SPOT = ("BTC/USDT", "ETH/USDT")
LINEAR = ("BTC/USDT:USDT", "ETH/USDT:USDT")


def gate(**options: Any) -> Settings:
    """Both markets of Gate.io."""
    return Settings(
        venues=(
            VenueSettings(name="gateio", symbols=SPOT, embedded=True, **options),
            VenueSettings(name="gateio_futures", symbols=LINEAR, embedded=True, **options),
        )
    )


def mexc(*symbols: str) -> Settings:
    """MEXC alone."""
    venue = VenueSettings(name="mexc", symbols=symbols or SPOT, embedded=True)
    return Settings(simulator=MARKET, venues=(venue,))


def _undisturbed(virtual: Virtual, *but: str) -> None:
    """Nothing has restarted, and every book but those named is live and true."""
    for name, book in virtual.books().items():
        if name not in but:
            assert (name, book.state, book.restarts) == (name, "LIVE", 0)
            assert book.quotes_compared == book.quotes_equal
    for path in (row.path for row in virtual.engine.runtime.rows() if "/connections/" in row.path):
        assert virtual.row(path).restarts == 0


@pytest.mark.parametrize(
    ("options", "levels"),
    [
        ({}, 400),
        ({"depth_interval_ms": 20}, 50),
        ({"snapshots": "rest"}, 100),
        ({"snapshots": "rest", "depth_interval_ms": 20}, 20),
    ],
)
async def test_gate_is_followed_each_way(
    autojump_clock: MockClock, options: dict[str, Any], levels: int
) -> None:
    """Books are live, equal to every quote, and never deeper than their stream serves."""
    async with virtual_engine(gate(**options)) as virtual:
        assert await virtual.until(virtual.all_live, 20) < 8
        for _ in range(20):
            await trio.sleep(1)
            for book in virtual.books().values():
                assert book.levels is not None and max(book.levels) <= levels
        _undisturbed(virtual)
        for book in virtual.books().values():
            assert book.gaps == 0 and book.quotes_compared > 20
            assert book.levels is not None and (levels == 400 or max(book.levels) == levels)


async def test_a_gap_of_an_in_band_stream_is_mended_by_subscribing_again(
    autojump_clock: MockClock,
) -> None:
    """That book alone is dark until its stream begins anew; no REST snapshot, no reconnect."""
    async with virtual_engine(gate()) as virtual:
        await virtual.until(virtual.all_live)
        path = "gateio/books/BTC-USDT"
        virtual.world.tamper("gateio", "spot.obu@ob.BTC_USDT.400", drop)
        await virtual.until(lambda: virtual.books()[path].gaps == 1, 10)
        assert {name for name, state in virtual.states().items() if state != "LIVE"} <= {path}
        await virtual.until(virtual.all_live, 10)
        assert virtual.books()[path].resyncs >= 1
        assert virtual.engine.runtime.summary("engine/venues/gateio/snapshots")["fetched"] == 0
        _undisturbed(virtual)


async def test_a_stream_that_begins_anew_by_itself(autojump_clock: MockClock) -> None:
    """A full book in the middle replaces the book without a dark moment."""
    async with virtual_engine(gate()) as virtual:
        await virtual.until(virtual.all_live)
        before = virtual.books()["gateio/books/BTC-USDT"].resyncs
        virtual.world.rebase("gateio", "spot.obu@ob.BTC_USDT.400")
        await virtual.until(lambda: virtual.books()["gateio/books/BTC-USDT"].resyncs > before, 10)
        await trio.sleep(5)
        assert virtual.books()["gateio/books/BTC-USDT"].gaps == 0
        _undisturbed(virtual)


async def test_a_lagging_rest_side_delays_and_never_misleads(autojump_clock: MockClock) -> None:
    """Snapshots that trail the stream by a second are asked for until one fits."""
    async with virtual_engine(gate(snapshots="rest")) as virtual:
        for venue in virtual.world.venues:
            virtual.world.lag_snapshots(venue, 1000)
        await virtual.until(virtual.all_live, 30)
        await trio.sleep(10)
        _undisturbed(virtual)


async def test_an_idle_connection_stays_proven(autojump_clock: MockClock) -> None:
    """While no market moves, probes keep the proof young: by text at MEXC, by websocket at Gate."""
    venues = (*gate().venues, *mexc().venues)
    async with virtual_engine(Settings(venues=venues)) as virtual:
        await virtual.until(virtual.all_live)
        virtual.world.pause(45)
        oldest = 0.0
        for _ in range(40):
            await trio.sleep(1)
            for book in virtual.books().values():
                assert book.proof_age_ms is not None
                oldest = max(oldest, book.proof_age_ms)
        assert oldest <= 2100
        for name in virtual.world.venues:
            (feed,) = virtual.engine.venues[name].feeds.values()
            assert feed.ping_round_trip_ms is not None
        await trio.sleep(10)
        _undisturbed(virtual)


async def test_thirty_topics_a_socket(autojump_clock: MockClock) -> None:
    """Sixteen symbols of MEXC take two connections, and all are live."""
    symbols = tuple(f"X{number:03}/USDT" for number in range(1, 17))
    async with virtual_engine(mexc(*symbols)) as virtual:
        await virtual.until(virtual.all_live, 30)
        feeds = virtual.engine.venues["mexc"].feeds.values()
        assert [(feed.asked, feed.confirmed, feed.refused) for feed in feeds] == [
            (30, 30, 0),
            (2, 2, 0),
        ]
        await trio.sleep(60)
        _undisturbed(virtual)


async def test_a_refused_topic_costs_its_symbol_alone(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """MEXC refuses with code 0: that book is quarantined with the venue's words."""
    genuine = MexcPublic.stream

    def stream(self: MexcPublic, kind: StreamKind, info: SymbolInfo, option: str = "") -> str:
        name = genuine(self, kind, info, option)
        wrong = info.symbol == "ETH/USDT" and kind is StreamKind.DEPTH
        return name.replace(".aggre.", ".agre.") if wrong else name

    monkeypatch.setattr(MexcPublic, "stream", stream)
    async with virtual_engine(mexc()) as virtual:
        path = "mexc/books/ETH-USDT"
        await virtual.until(lambda: virtual.states()[path] == "QUARANTINED", 30)
        await virtual.until(lambda: virtual.states()["mexc/books/BTC-USDT"] == "LIVE")
        await trio.sleep(60)
        assert (
            "ETH/USDT is listed and its depth is refused"
            in virtual.row(f"engine/venues/{path}").last_failure
        )
        _undisturbed(virtual, path)


async def test_a_delisting_while_live(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next look at the lists tells; that book alone is quarantined, and says why."""
    monkeypatch.setattr(SymbolDirectory.__init__, "__defaults__", (60.0,))
    async with virtual_engine(gate()) as virtual:
        await virtual.until(virtual.all_live)
        path = "gateio/books/ETH-USDT"
        virtual.world.delist("gateio", "ETH_USDT")
        await virtual.until(lambda: virtual.states()[path] == "QUARANTINED", 70)
        await trio.sleep(35)
        assert "ETH/USDT is not listed" in virtual.row(f"engine/venues/{path}").last_failure
        _undisturbed(virtual, path)


async def test_a_pair_that_does_not_trade_yet(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is listed as tradable with a first day to come: its books say so, the contracts run."""
    monkeypatch.setattr(answers, "LAUNCHED_S", START_MS // 1000 + 3600)
    async with virtual_engine(gate()) as virtual:
        await trio.sleep(20)
        for path in ("gateio/books/BTC-USDT", "gateio/books/ETH-USDT"):
            assert virtual.states()[path] == "QUARANTINED"
            failure = virtual.row(f"engine/venues/{path}").last_failure
            assert "is listed as not_started and cannot be traded" in failure
        _undisturbed(virtual, "gateio/books/BTC-USDT", "gateio/books/ETH-USDT")


@pytest.mark.parametrize("options", [{}, {"snapshots": "rest"}])
async def test_a_changed_tick_empties_the_book(
    autojump_clock: MockClock, options: dict[str, Any]
) -> None:
    """It begins again under the new rules, from a new snapshot, on the same connection."""
    async with virtual_engine(gate(**options)) as virtual:
        await virtual.until(virtual.all_live)
        await trio.sleep(5)
        path = "gateio/books/BTC-USDT"
        before = virtual.books()[path].resyncs
        known = virtual.engine.venues["gateio"].directory.known("BTC/USDT")
        assert known is not None and known.tick is not None
        finer = replace(known, tick=known.tick / Decimal(10))
        connection = virtual.engine.runtime.lookup("engine/venues/gateio/connections/0")
        connection.tell_control(SymbolChanged(finer))
        await virtual.until(lambda: virtual.states()[path] != "LIVE", 1)
        await virtual.until(virtual.all_live, 20)
        assert virtual.books()[path].resyncs == before + 1
        _undisturbed(virtual)
