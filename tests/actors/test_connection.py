"""How a connection ends, and what its books know at that moment."""

from __future__ import annotations

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from config.settings import SimulatorSettings, VenueSettings
from exchanges.binance import streams
from tests.actors.virtual import INVERSE, LINEAR, SPOT, small_settings, virtual_engine

USDM = "engine/venues/binance_usdm/connections/0"


async def test_a_stream_on_the_wrong_route_is_caught(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Acknowledged and silent: the contract breaks after its time, as an outage."""
    monkeypatch.setattr(streams, "route_of", lambda stream: "market")
    async with virtual_engine() as virtual:
        await virtual.until(lambda: virtual.row(USDM).restarts >= 1, 60)
        row = virtual.row(USDM)
        assert "all 4 streams are acknowledged and silent after 30 s" in row.last_failure
        assert row.crashes == 0
        monkeypatch.undo()
        await virtual.until(virtual.all_live, 60)


async def test_one_muted_stream_is_caught_while_others_flow(autojump_clock: MockClock) -> None:
    """Quotes flow and the depth stream of the same symbol never spoke: that is a failure."""
    async with virtual_engine() as virtual:
        virtual.world.mute("binance_usdm", "btcusdt@depth@100ms")
        virtual.world.cut("binance_usdm")
        await virtual.until(lambda: "btcusdt@depth@100ms" in virtual.row(USDM).last_failure, 90)
        assert virtual.row(USDM).crashes == 0
        virtual.world.mute("binance_usdm", "btcusdt@depth@100ms", False)
        await virtual.until(virtual.all_live, 60)


async def test_a_connection_that_says_nothing_ends(autojump_clock: MockClock) -> None:
    """A stalled socket is noticed by the unanswered ping, and its books are unproven before."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        virtual.world.stall("binance", 300)
        await trio.sleep(6)
        book = virtual.books()["binance/books/BTC-USDT"]
        assert book.proof_age_ms is not None
        assert book.proof_age_ms > 5000
        path = "engine/venues/binance/connections/0"
        await virtual.until(lambda: virtual.row(path).restarts == 1, 30)
        assert (
            "ping" in virtual.row(path).last_failure or "no frame" in virtual.row(path).last_failure
        )
        assert virtual.row(path).crashes == 0
        await virtual.until(virtual.all_live, 320)


async def test_a_connection_is_renewed_before_its_age_limit(autojump_clock: MockClock) -> None:
    """Each life ends a little before the configured age, as an outage, and all is live again."""
    async with virtual_engine(small_settings(reconnect_every_s=60.0)) as virtual:
        await trio.sleep(70)
        for venue in virtual.world.venues:
            row = virtual.row(f"engine/venues/{venue}/connections/0")
            assert row.restarts == 1
            assert "is renewed" in row.last_failure
        await virtual.until(virtual.all_live)


async def test_an_announced_shutdown_is_left_early(autojump_clock: MockClock) -> None:
    """The venue says that it will close: the next connection is opened before it does."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        virtual.world.shut_down("binance", 30.0)
        await virtual.until(
            lambda: virtual.row("engine/venues/binance/connections/0").restarts == 1, 5
        )
        assert await virtual.until(virtual.all_live) < 5


async def test_an_unlisted_symbol_is_quarantined_alone(autojump_clock: MockClock) -> None:
    """One clear reason on that book; every other book is live."""
    base = small_settings()
    venues = (
        VenueSettings(name="binance", symbols=(*SPOT, "ZZZ/USDT"), embedded=True),
        VenueSettings(name="binance_usdm", symbols=LINEAR, embedded=True),
        VenueSettings(name="binance_coinm", symbols=INVERSE, embedded=True),
    )
    settings = replace(base, venues=venues, simulator=SimulatorSettings(assets=("BTC", "ETH")))
    async with virtual_engine(settings) as virtual:
        path = "binance/books/ZZZ-USDT"
        await virtual.until(lambda: virtual.states()[path] == "QUARANTINED")
        others = {name for name in virtual.states() if name != path}
        await virtual.until(lambda: all(virtual.states()[name] == "LIVE" for name in others))
        row = virtual.row("engine/venues/binance/books/ZZZ-USDT")
        assert "ZZZ/USDT is not listed" in row.last_failure
        assert virtual.row("engine/venues/binance/connections/0").restarts == 0


async def test_stale_and_dark_legs_open_no_opportunity(autojump_clock: MockClock) -> None:
    """While a venue is stalled nothing opens on its books, and what was open ends as stale."""
    async with virtual_engine() as virtual:
        facts = virtual.engine.outlet.subscribe()
        await virtual.until(virtual.all_live)
        for venue in virtual.world.venues:
            virtual.world.stall(venue, 9)
        await trio.sleep(1.5)
        facts.take_nowait()
        await trio.sleep(7)
        assert [fact for fact in facts.take_nowait() if not hasattr(fact, "closed_ns")] == []
