"""The auditor finds what no sequence shows, quarantines that book alone, and is never wrong."""

from __future__ import annotations

import json
from typing import Literal

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from config.settings import AuditorSettings, Settings, SimulatorSettings, VenueSettings
from markets.audit import AuditCounts
from markets.budget import Spend
from simulator.rest import RestFault
from simulator.topics import Mangler
from tests.actors.virtual import Virtual, small_settings, virtual_engine

BOOK = "engine/venues/binance_usdm/books/BTC-USDT.USDT"
NAME = "binance_usdm/books/BTC-USDT.USDT"
STREAM = "btcusdt@depth@100ms"
HOUR_S = 3600.0
LIVELY_S = 50.0
"""Of every ten minutes of the hour; the markets rest meanwhile, or it would take a minute."""
GHOST_TICKS = 1_000
"""How far below the best bid of an event the ghost is put: inside what is compared."""


def settings(kept_share: float = 0.5) -> Settings:
    """The small world with a quick auditor, and with markets quicker than its audits."""
    rules = AuditorSettings(every_s=1.0, kept_share=kept_share)
    return replace(small_settings(), auditor=rules, simulator=SimulatorSettings())


def ghost(payload: bytes) -> tuple[bytes, ...]:
    """The event sets one bid that the venue does not have, far enough from where it trades."""
    event = json.loads(payload)
    best = max((price for price, amount in event["b"] if float(amount)), key=float, default=None)
    if best is None:
        return (payload,)
    digits = len(best.partition(".")[2])
    price = float(best) - GHOST_TICKS * 10.0**-digits
    event["b"].append([f"{price:.{digits}f}", "7.777"])
    return (json.dumps(event).encode(),)


def gate_ghost(payload: bytes) -> tuple[bytes, ...]:
    """The same in an event of Gate's, whose changes stand under `result`."""
    frame = json.loads(payload)
    (event,) = ghost(json.dumps(frame["result"]).encode())
    frame["result"] = json.loads(event)
    return (json.dumps(frame).encode(),)


def counts(virtual: Virtual, venue: str = "binance_usdm") -> AuditCounts:
    """What the audits of a venue have come to."""
    return virtual.engine.venues[venue].audits


def plant(virtual: Virtual, mangler: Mangler, times: int = 1) -> None:
    """Put a fault on the next events of the book under test."""
    virtual.world.tamper("binance_usdm", STREAM, *([mangler] * times))


def dark(virtual: Virtual) -> set[str]:
    """The books that are not live now."""
    return {name for name, state in virtual.states().items() if state != "LIVE"}


async def test_a_silent_divergence_darkens_that_book_alone(autojump_clock: MockClock) -> None:
    """No gap and no quote shows it; the audit does, and one clean audit after a resync lifts it."""
    async with virtual_engine(settings()) as virtual:
        await virtual.until(virtual.all_live)
        plant(virtual, ghost, 5)
        await virtual.until(lambda: counts(virtual).diverged == 1, 60)
        assert dark(virtual) == {NAME}
        book = virtual.books()[NAME]
        assert (book.state, book.reason, book.gaps) == ("DARK", "diverged", 0)
        others: set[str] = set()

        def again() -> bool:
            others.update(dark(virtual))
            return virtual.all_live()

        await virtual.until(again, 30)
        assert others == {NAME}
        book = virtual.books()[NAME]
        assert (book.resyncs, book.restarts) == (1, 0)
        kinds = {e.kind for e in virtual.engine.runtime.events.since() if e.path == BOOK}
        assert {"diverged", "resync", "audited"} <= kinds
        assert counts(virtual).quarantined == 0
        assert counts(virtual, "binance").diverged == 0


async def test_a_book_that_diverges_again_waits_for_an_operator(
    autojump_clock: MockClock,
) -> None:
    """One resync is tried; then the book is quarantined, and a restart brings it back."""
    async with virtual_engine(settings()) as virtual:
        await virtual.until(virtual.all_live)
        plant(virtual, ghost, 100_000)
        await virtual.until(lambda: virtual.row(BOOK).state == "quarantined", 120)
        assert dark(virtual) == {NAME}
        assert "BookDiverged: binance_usdm: wrong again" in virtual.row(BOOK).last_failure
        assert (counts(virtual).diverged, counts(virtual).quarantined) == (1, 1)
        virtual.world._venue("binance_usdm")._known(STREAM).tampering.clear()
        await virtual.engine.runtime.restart(BOOK).wait()
        await virtual.until(virtual.all_live, 30)
        agreed = counts(virtual).agreed
        await virtual.until(lambda: counts(virtual).agreed > agreed + 4, 60)
        assert virtual.all_live()


async def test_probation_survives_a_lost_connection(autojump_clock: MockClock) -> None:
    """A new epoch is no proof: the book stays dark until an audit is clean."""
    async with virtual_engine(settings()) as virtual:
        await virtual.until(virtual.all_live)
        plant(virtual, ghost, 5)
        await virtual.until(lambda: counts(virtual).diverged == 1, 60)
        virtual.world.fail_rest("binance_usdm", RestFault(status=503, path="/depth", left=4))
        virtual.world.cut("binance_usdm")
        seen: list[str | None] = []

        def lifted() -> bool:
            seen.append(virtual.books()[NAME].reason)
            return virtual.all_live()

        await virtual.until(lifted, 120)
        assert set(seen[:-1]) <= {"diverged", None}
        assert counts(virtual).diverged == 1


async def test_an_hour_without_a_false_alarm(autojump_clock: MockClock) -> None:
    """Thousands of audits of books that are right, connections cut now and then: none differs."""
    quiet = Settings(
        venues=(
            VenueSettings(name="binance", symbols=("BTC/USDT",), embedded=True),
            VenueSettings(name="binance_usdm", symbols=("BTC/USDT:USDT",), embedded=True),
        ),
        auditor=AuditorSettings(every_s=3.0),
        simulator=SimulatorSettings(step_ms=500, levels=120),
    )
    async with virtual_engine(quiet) as virtual:
        for _ in range(6):
            await virtual.until(virtual.all_live)
            await trio.sleep(LIVELY_S)
            virtual.world.pause(HOUR_S / 6 - LIVELY_S)
            await trio.sleep(HOUR_S / 6 - LIVELY_S)
            virtual.world.cut("binance")
        for venue in ("binance", "binance_usdm"):
            found = counts(virtual, venue)
            assert found.agreed > 1_000, found
            assert (found.diverged, found.quarantined) == (0, 0), found


async def test_audits_leave_the_kept_share_of_the_budget(autojump_clock: MockClock) -> None:
    """With nothing to spare no request goes out, and the turn is counted."""
    async with virtual_engine(settings(kept_share=0.8)) as virtual:
        await virtual.until(virtual.all_live)
        rest = virtual.engine.venues["binance"].rest
        spend = Spend("GET /api/v3/depth", 50)
        while rest.budget.take(spend, rest.turns.now_s()) is not None:
            pass
        before = counts(virtual, "binance").audits
        await virtual.until(lambda: counts(virtual, "binance").no_spare >= 5)
        assert counts(virtual, "binance").audits == before
        assert rest.budget.share_left("", rest.turns.now_s()) < 0.8
        assert virtual.all_live()


async def test_a_venue_that_answers_nothing_is_undecided(autojump_clock: MockClock) -> None:
    """Failed requests and hanging ones change no book."""
    async with virtual_engine(settings()) as virtual:
        await virtual.until(virtual.all_live)
        virtual.world.fail_rest("binance", RestFault(status=503, path="/depth"))
        virtual.world.fail_rest("binance_usdm", RestFault(delay_s=30.0, path="/depth"))
        await virtual.until(lambda: counts(virtual, "binance").undecided >= 3, 120)
        await virtual.until(lambda: counts(virtual, "binance_usdm").undecided >= 3, 120)
        assert virtual.all_live()


async def test_a_lagging_rest_server_is_undecided(autojump_clock: MockClock) -> None:
    """A snapshot from before the audit began proves nothing."""
    async with virtual_engine(settings()) as virtual:
        await virtual.until(virtual.all_live)
        virtual.world.lag_snapshots("binance_usdm", 3_000)
        agreed = counts(virtual).agreed
        await virtual.until(lambda: counts(virtual).undecided >= 3, 60)
        assert counts(virtual).agreed <= agreed + 1
        assert virtual.all_live()


@pytest.mark.parametrize("venue", ["gateio", "gateio_futures"])
@pytest.mark.parametrize("interval_ms", [100, 20])
@pytest.mark.parametrize("snapshots", ["stream", "rest"])
async def test_snapshots_that_always_trail_the_stream_are_compared(
    venue: str,
    interval_ms: int,
    snapshots: Literal["stream", "rest"],
    autojump_clock: MockClock,
) -> None:
    """Gate's do by a second or two: notes begin as much before the request, in every window."""
    symbol = "BTC/USDT" if venue == "gateio" else "BTC/USDT:USDT"
    followed = VenueSettings(
        name=venue,
        symbols=(symbol,),
        embedded=True,
        depth_interval_ms=interval_ms,
        snapshots=snapshots,
    )
    async with virtual_engine(replace(settings(), venues=(followed,))) as virtual:
        await virtual.until(lambda: counts(virtual, venue).agreed >= 15, 120)
        found = counts(virtual, venue)
        assert (found.undecided, found.diverged, found.quarantined) == (0, 0, 0)
        assert (found.outgrown, found.suspect) == (0, 0)


@pytest.mark.parametrize(
    ("snapshots", "stream"),
    [("rest", "spot.order_book_update@BTC_USDT,100ms"), ("stream", "spot.obu@ob.BTC_USDT.400")],
)
async def test_a_silent_divergence_is_found_though_snapshots_trail(
    snapshots: Literal["stream", "rest"], stream: str, autojump_clock: MockClock
) -> None:
    """A level that Gate does not have darkens its book until a resync and a clean audit."""
    followed = VenueSettings(
        name="gateio", symbols=("BTC/USDT",), embedded=True, snapshots=snapshots
    )
    async with virtual_engine(replace(settings(), venues=(followed,))) as virtual:
        await virtual.until(lambda: counts(virtual, "gateio").agreed >= 2, 60)
        virtual.world.tamper("gateio", stream, *([gate_ghost] * 5))
        await virtual.until(lambda: counts(virtual, "gateio").diverged == 1, 60)
        (book,) = virtual.books().values()
        assert (book.state, book.reason, book.gaps) == ("DARK", "diverged", 0)
        await virtual.until(virtual.all_live, 30)
        agreed = counts(virtual, "gateio").agreed
        await virtual.until(lambda: counts(virtual, "gateio").agreed > agreed + 4, 60)
        found = counts(virtual, "gateio")
        assert (found.diverged, found.quarantined) == (1, 0)


async def test_without_an_auditor_nothing_is_asked(autojump_clock: MockClock) -> None:
    """`enabled = false` takes it out of the tree."""
    rules = AuditorSettings(enabled=False)
    async with virtual_engine(replace(small_settings(), auditor=rules)) as virtual:
        await virtual.until(virtual.all_live)
        assert not any(row.path.endswith("/auditor") for row in virtual.engine.runtime.rows())


async def test_a_crashed_auditor_goes_on(autojump_clock: MockClock) -> None:
    """Its books stay live, its counts stay, and answers to its earlier life mean nothing."""
    async with virtual_engine(settings()) as virtual:
        await virtual.until(lambda: counts(virtual).agreed >= 2, 30)
        runtime = virtual.engine.runtime
        assert runtime.kill("engine/venues/binance_usdm/auditor", RuntimeError("planted"))
        await virtual.until(lambda: counts(virtual).agreed >= 6, 30)
        assert virtual.all_live()
