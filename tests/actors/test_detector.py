"""The detector actor: what it opens, what it refuses, and how it tells the end."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from decimal import Decimal

import pytest
import trio
from trio.testing import MockClock

from actors.assets import asset_registry, band_rules
from actors.detector import DetectorActor, fee_schedule
from actors.feed import Feed
from actors.outlet import Outlet, Subscription
from actors.runtime.actor import Actor
from actors.runtime.clock import TrioClock
from actors.runtime.mailbox import MailboxSpec
from actors.venue import Venue
from arbtree.engine import Seams, open_venues
from config.settings import AssetSettings, DetectorSettings, Settings, VenueSettings
from markets.price_band import PriceBands
from messages.books import BookDark, BookTop, DarkReason
from messages.identifiers import Instrument, parse_symbol
from messages.instruments import SymbolInfo
from messages.opportunities import (
    OpportunityClosed,
    OpportunityOpened,
    PairQuarantined,
    PairReleased,
    ReleasePair,
)
from supervisors.runtime import Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.tree import instrument_of

START_NS = 1_700_000_000_000_000_000


@dataclass
class Market:
    """A detector between stub connections, and what it published."""

    runtime: Runtime
    venues: dict[str, Venue]
    facts: Subscription

    def top(self, venue: str, symbol: str, bid: float, ask: float, epoch: int = 1) -> BookTop:
        """Tell the detector a top that was received just now, proven just now."""
        now_ns = self.runtime.clock.now_ns()
        path = f"engine/{venue}"
        self.venues[venue].feeds[path].proof_ns = now_ns
        wall_ms = self.runtime.clock.wall_ns() // 1_000_000
        top = BookTop(
            venue, symbol, path, epoch, 7, ((bid, 2.0),), ((ask, 2.0),), wall_ms,
            now_ns, now_ns, now_ns,
        )  # fmt: skip
        self.runtime.lookup("engine/detector").tell(top)
        return top

    async def settle(self) -> list[object]:
        """Let the detector take its turn and return what it published."""
        await trio.testing.wait_all_tasks_blocked()
        return self.facts.take_nowait()


def info_of(venue: str, symbol: str) -> SymbolInfo:
    """What a venue says about a symbol, as far as the detector asks."""
    parts = parse_symbol(symbol)
    return SymbolInfo(
        venue=venue, symbol=symbol, native=parts.base + parts.quote, base=parts.base,
        quote=parts.quote, kind=parts.kind, settle=parts.settle, tick=Decimal("0.01"),
        lot=Decimal("0.001"),
    )  # fmt: skip


SYMBOLS = {"binance": "BTC/USDT", "binance_usdm": "BTC/USDT:USDT", "binance_coinm": "BTC/USD:BTC"}


@asynccontextmanager
async def market(
    rules: DetectorSettings | None = None,
    taker_fee_bps: float | None = 0.0,
    assets: tuple[AssetSettings, ...] = (),
) -> AsyncIterator[Market]:
    """A detector over three venues whose connections are stubs."""
    settings = Settings(
        assets=assets,
        venues=tuple(
            VenueSettings(name=name, symbols=(symbol,), taker_fee_bps=taker_fee_bps)
            for name, symbol in SYMBOLS.items()
        ),
    )
    rules = rules or DetectorSettings()
    registry, bands = asset_registry(settings), PriceBands(band_rules(rules))
    clock = TrioClock(START_NS)
    venues = open_venues(settings, Seams(clock=clock), {})
    for name, venue in venues.items():
        venue.directory.learn((info_of(name, SYMBOLS[name]),))
        venue.feeds[f"engine/{name}"] = Feed(f"engine/{name}", (SYMBOLS[name],))
    outlet = Outlet()
    detector = ChildSpec(
        "detector",
        lambda: DetectorActor(rules, venues, outlet, registry, bands),
        mailbox=MailboxSpec(capacity=64, overflow="conflate", key=instrument_of),
    )
    spec = SupervisorSpec("engine", children=(*(ChildSpec(n, Actor) for n in venues), detector))
    facts = outlet.subscribe()
    async with open_tree(spec, clock=clock) as runtime:
        yield Market(runtime, venues, facts)


async def test_a_crossing_opens_and_its_end_is_told(autojump_clock: MockClock) -> None:
    """Opened with the evidence of both books, followed to its peak, closed by price."""
    async with market() as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        (opened,) = await m.settle()
        assert isinstance(opened, OpportunityOpened)
        assert (opened.buy.instrument.venue, opened.sell.instrument.venue) == (
            "binance",
            "binance_usdm",
        )
        assert opened.gross_bps == opened.net_bps == 100.0
        assert opened.amount == 2.0
        assert (opened.buy.price, opened.sell.price) == (100.0, 101.0)
        assert (opened.buy.epoch, opened.buy.sequence) == (1, 7)
        await trio.sleep(0.07)
        m.top("binance_usdm", "BTC/USDT:USDT", 102.0, 103.0)
        await trio.sleep(0.07)
        m.top("binance_usdm", "BTC/USDT:USDT", 99.5, 103.0)
        (closed,) = await m.settle()
        assert isinstance(closed, OpportunityClosed)
        assert closed.opportunity_id == opened.opportunity_id
        assert (closed.reason, closed.gross_bps) == ("price", 200.0)
        assert closed.closed_ns - closed.opened_ns == pytest.approx(140e6, abs=1e6)
        assert closed.peak_ns - closed.opened_ns == pytest.approx(70e6, abs=1e6)
        assert closed.alive_after_ms == (
            (50.0, True),
            (100.0, True),
            (250.0, False),
            (500.0, False),
        )


async def test_a_top_of_an_ended_connection_is_dark(autojump_clock: MockClock) -> None:
    """The connection's life is over: its tops open nothing, although no news came yet."""
    async with market() as m:
        m.runtime.kill("engine/binance", RuntimeError("planted"))
        m.top("binance", "BTC/USDT", 99.0, 100.0, epoch=1)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        assert await m.settle() == []
        m.top("binance", "BTC/USDT", 99.0, 100.0, epoch=2)
        (opened,) = await m.settle()
        assert isinstance(opened, OpportunityOpened)


async def test_darkness_closes_what_is_open(autojump_clock: MockClock) -> None:
    """A dark leg ends the opportunity as dark; delays it did not reach are unknown."""
    async with market() as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        await m.settle()
        dark = BookDark("binance", "BTC/USDT", 1, DarkReason.GAP, m.runtime.clock.now_ns())
        m.runtime.lookup("engine/detector").tell(dark)
        (closed,) = await m.settle()
        assert isinstance(closed, OpportunityClosed)
        assert (closed.reason, closed.alive_after_ms) == ("dark", ())


async def test_an_open_opportunity_ends_when_its_proof_is_old(autojump_clock: MockClock) -> None:
    """No frame and no pong for longer than the limit: closed as stale although no price moved."""
    async with market() as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        await m.settle()
        await trio.sleep(0.95)
        assert await m.settle() == []
        await trio.sleep(0.2)
        (closed,) = await m.settle()
        assert isinstance(closed, OpportunityClosed)
        assert closed.reason == "stale"


async def test_lag_and_change_age_have_limits_of_their_own(autojump_clock: MockClock) -> None:
    """A proven book whose last change or travel is too old does not open anything."""
    rules = DetectorSettings(change_age_ms=300.0, lag_ms=200.0)
    async with market(rules) as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        await trio.sleep(0.4)
        m.venues["binance"].feeds["engine/binance"].proof_ns = m.runtime.clock.now_ns()
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        assert await m.settle() == []
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.venues["binance_usdm"].clock_offset.offset_ms = -250.0
        m.top("binance_usdm", "BTC/USDT:USDT", 101.5, 102.0)
        assert await m.settle() == []
        m.venues["binance_usdm"].clock_offset.offset_ms = 0.0
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        assert len(await m.settle()) == 1


async def test_fees_and_minimum_notional_decide(autojump_clock: MockClock) -> None:
    """100 bps gross pays after two fees of 40 and not after two of 60; small change is nothing."""
    for fee_bps, notional, count in ((40.0, 0.0, 1), (60.0, 0.0, 0), (40.0, 500.0, 0)):
        async with market(DetectorSettings(min_notional=notional), fee_bps) as m:
            m.top("binance", "BTC/USDT", 99.0, 100.0)
            m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
            assert len(await m.settle()) == count


async def test_what_is_not_comparable_is_counted_only(autojump_clock: MockClock) -> None:
    """USD is not USDT: such a pair has episodes and no opportunities."""
    async with market() as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_coinm", "BTC/USD:BTC", 101.0, 102.0)
        assert await m.settle() == []
        summary = m.runtime.summary("engine/detector")
        assert (summary["pairs"], summary["comparable"]) == (2, 0)


async def test_what_the_user_calls_different_opens_nothing(autojump_clock: MockClock) -> None:
    """However well they cross; the pairs are counted as unproven."""
    word = AssetSettings(name="BTC", different=("binance_usdm",))
    async with market(assets=(word,)) as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        assert await m.settle() == []
        summary = m.runtime.summary("engine/detector")
        assert (summary["comparable"], summary["asset_unproven"]) == (0, 2)


def _apart(m: Market, bid: float) -> None:
    """Tell two tops, the second around this bid."""
    m.top("binance", "BTC/USDT", 99.0, 100.0)
    m.top("binance_usdm", "BTC/USDT:USDT", bid, bid + 1.0)


async def test_prices_that_stay_apart_are_quarantined(autojump_clock: MockClock) -> None:
    """Nothing opens beyond the band, at once; then it is told, and only the user ends it."""
    rules = DetectorSettings(price_band_after_s=2.0, price_band_release_after_s=0.0)
    async with market(rules) as m:
        _apart(m, 101.0)
        (opened,) = await m.settle()
        assert isinstance(opened, OpportunityOpened)
        _apart(m, 150.0)
        (closed,) = await m.settle()
        assert isinstance(closed, OpportunityClosed)
        assert closed.reason == "quarantined"
        facts: list[object] = []
        for _ in range(5):
            await trio.sleep(0.5)
            _apart(m, 150.0)
            facts += await m.settle()
        (told,) = facts
        assert isinstance(told, PairQuarantined)
        assert "more than 10 % for longer than 2 s" in told.reason
        _apart(m, 101.0)
        assert await m.settle() == []
        # A crash of the detector releases nothing.
        m.runtime.kill("engine/detector", RuntimeError("planted"))
        await trio.sleep(1)
        _apart(m, 101.0)
        assert await m.settle() == []
        summary = m.runtime.summary("engine/detector")
        assert (summary["quarantines"], summary["quarantined"]) == (1, 1)
        one, other = (Instrument(name, SYMBOLS[name]) for name in ("binance_usdm", "binance"))
        detector = m.runtime.lookup("engine/detector")
        assert await detector.ask(ReleasePair(one, other), 1.0) is True
        assert await detector.ask(ReleasePair(one, other), 1.0) is False
        _apart(m, 101.0)
        released, again = await m.settle()
        assert isinstance(released, PairReleased)
        assert released.by == "user"
        assert isinstance(again, OpportunityOpened)


async def test_the_band_is_timed_without_news_and_only_on_proven_prices(
    autojump_clock: MockClock,
) -> None:
    """No further top is needed, a proof is: without it the time apart counts for nothing."""
    async with market(DetectorSettings(price_band_after_s=3.0)) as m:
        _apart(m, 150.0)
        await trio.sleep(5)
        assert await m.settle() == []
        assert m.runtime.summary("engine/detector")["held"] == []
        _apart(m, 150.0)
        for _ in range(40):
            await trio.sleep(0.1)
            for name in ("binance", "binance_usdm"):
                m.venues[name].feeds[f"engine/{name}"].proof_ns = m.runtime.clock.now_ns()
        (told,) = await m.settle()
        assert isinstance(told, PairQuarantined)
        held = m.runtime.summary("engine/detector")["held"]
        assert isinstance(held, list)
        assert len(held) == 1
        assert held[0].startswith("binance BTC/USDT and binance_usdm BTC/USDT:USDT: quarantined")


async def test_the_rule_releases_what_came_together_again(autojump_clock: MockClock) -> None:
    """After the release time inside, told as such."""
    rules = DetectorSettings(price_band_after_s=0.0, price_band_release_after_s=4.0)
    async with market(rules) as m:
        _apart(m, 150.0)
        await trio.sleep(0.5)
        _apart(m, 150.0)
        await m.settle()
        facts: list[object] = []
        for _ in range(10):
            await trio.sleep(0.5)
            _apart(m, 99.0)
            facts += await m.settle()
        (released,) = facts
        assert isinstance(released, PairReleased)
        assert released.by == "rule"


async def test_a_stop_ends_open_opportunities_as_stopped(autojump_clock: MockClock) -> None:
    """Nobody watches them any more, and that is said."""
    async with market() as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        await m.settle()
        facts = m.facts
    (closed,) = facts.take_nowait()
    assert isinstance(closed, OpportunityClosed)
    assert closed.reason == "stopped"


async def test_ids_never_repeat_over_a_restart(autojump_clock: MockClock) -> None:
    """A restarted detector counts on in a range of its own."""
    async with market() as m:
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        (first,) = await m.settle()
        m.runtime.kill("engine/detector", RuntimeError("planted"))
        await trio.sleep(1)
        m.top("binance", "BTC/USDT", 99.0, 100.0)
        m.top("binance_usdm", "BTC/USDT:USDT", 101.0, 102.0)
        (second,) = await m.settle()
        assert isinstance(first, OpportunityOpened)
        assert isinstance(second, OpportunityOpened)
        assert second.opportunity_id > first.opportunity_id


def test_the_users_fee_beats_the_base_fee() -> None:
    """A venue's own figure in the configuration is the one reckoned with."""
    settings = Settings(
        venues=(
            VenueSettings(name="binance", symbols=("BTC/USDT",), taker_fee_bps=3.0),
            VenueSettings(name="binance_usdm", symbols=("BTC/USDT:USDT",)),
        )
    )
    fees = fee_schedule(open_venues(settings, Seams(), {}))
    assert fees.taker(info_of("binance", "BTC/USDT")) == pytest.approx(0.0003)
    assert fees.taker(info_of("binance_usdm", "BTC/USDT:USDT")) == pytest.approx(0.0005)
