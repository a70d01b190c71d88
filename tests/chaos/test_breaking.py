"""Every fault that a venue can have strikes, is survived, and is gone after the heal."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from arbtree.testing import VirtualEngine, embedded_settings, virtual_engine
from messages.errors import UsageError
from simulator.breaking import Blow, heal, strike, strikes
from simulator.world import World

VENUES = {
    "binance_usdm": ["BTC/USDT:USDT"],
    "gateio": ["BTC/USDT"],
    "mexc": ["BTC/USDT"],
}


async def _connected(virtual: VirtualEngine, venue: str) -> None:
    await virtual.until(lambda: bool(virtual.world.venues[venue].connections), 200)


@pytest.mark.parametrize("turn", range(3))
async def test_each_fault_strikes_and_is_survived(turn: int, autojump_clock: MockClock) -> None:
    """A third of the kinds at each venue in turn, so that three runs are all kinds everywhere."""
    async with virtual_engine(embedded_settings(VENUES), seed=turn) as virtual:
        await virtual.until(virtual.all_live)
        names = list(VENUES)
        for number, fault in enumerate(strikes()):
            if number % 3 != turn:
                continue
            for venue in names:
                await _connected(virtual, venue)
                await trio.sleep(0.5)
                blow = Blow(fault, venue, duration_s=1.0, seed=number)
                struck = strike(virtual.world, blow)
                assert struck or not virtual.world.venues[venue].connections, (fault, venue)
            await trio.sleep(2.0)
        heal(virtual.world)
        for healed in virtual.world.venues.values():
            assert not healed.troubles
            assert not healed.rest_faults
            assert healed.skew_ms == 0
        await virtual.until(virtual.all_live, 300)
        rows = virtual.engine.runtime.rows()
        assert {row.state for row in rows} == {"running"}
        assert all(row.mailbox is None or row.mailbox.conserved for row in rows)


async def test_a_heal_between_empty_and_full_leaves_no_lie(autojump_clock: MockClock) -> None:
    """A venue that told that every level is gone tells of all anew, healed or not."""
    async with virtual_engine(embedded_settings({"gateio": ["BTC/USDT"]})) as virtual:
        await virtual.until(virtual.all_live)
        live = virtual.world.venues["gateio"].listings["BTC_USDT"]
        (before,) = virtual.books().values()
        assert strike(virtual.world, Blow("empty_book", "gateio", "BTC_USDT"))
        await virtual.until(lambda: len(live.lies) == 1)
        heal(virtual.world)
        await virtual.until(lambda: not live.lies)
        await virtual.until(virtual.all_live)
        (after,) = virtual.books().values()
    assert before.levels is not None
    assert after.levels is not None
    assert min(after.levels) > min(before.levels) / 2


def test_what_nobody_can_have_is_refused() -> None:
    """Unknown venues and faults are told by name."""
    world = World(1, venues=("mexc",))
    with pytest.raises(UsageError, match="no venue 'binance': mexc"):
        strike(world, Blow("cut", "binance"))
    with pytest.raises(UsageError, match="the fault 'sigterm': cut, reset"):
        strike(world, Blow("sigterm", "mexc"))
    assert not strike(world, Blow("gap", "mexc"))  # nobody listens
