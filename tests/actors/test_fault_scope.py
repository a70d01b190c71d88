"""Fault scopes of the real tree: a book, a public connection, a venue's clock."""

from __future__ import annotations

import math

import trio
from trio.testing import MockClock

from markets.fault_scope import FaultScope, Permission, permitted
from tests.actors.virtual import Virtual, virtual_engine

VENUE = "engine/venues/binance"
BTC, ETH = f"{VENUE}/books/BTC-USDT", f"{VENUE}/books/ETH-USDT"
OTHER = "engine/venues/binance_usdm"
NOT_SIGNABLE = (f"{VENUE}/snapshots", FaultScope.CLOCK.value)


def dark(virtual: Virtual) -> set[str]:
    """The books that are not live now."""
    return {f"engine/venues/{path}" for path, state in virtual.states().items() if state != "LIVE"}


async def test_a_book_that_is_down_is_dark_alone(autojump_clock: MockClock) -> None:
    """In the turn of its end its scope is in force; nothing else is."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        runtime = virtual.engine.runtime
        assert runtime.in_force() == []
        assert runtime.kill(BTC, RuntimeError("planted"))
        assert runtime.in_force() == [(BTC, FaultScope.BOOK.value)]
        assert dark(virtual) == {BTC}
        assert permitted(runtime.in_force(), VENUE, BTC) == Permission(False, False, True)
        assert permitted(runtime.in_force(), VENUE, ETH) == Permission()
        assert virtual.row(BTC).in_force
        await virtual.until(virtual.all_live)
        assert runtime.in_force() == []


async def test_a_public_connection_that_is_down_darkens_all_its_books_in_the_same_turn(
    autojump_clock: MockClock,
) -> None:
    """Before anything else runs its epoch is gone, and with it every top that bears it."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        runtime, path = virtual.engine.runtime, f"{VENUE}/connections/0"
        epoch = runtime.lookup(path).generation
        assert runtime.kill(path, RuntimeError("planted"))
        assert dark(virtual) == {BTC, ETH}  # no checkpoint since: the same turn
        assert runtime.lookup(path).generation == epoch + 1
        assert runtime.in_force() == [(path, FaultScope.CONNECTION.value)]
        await virtual.until(virtual.all_live)
        assert runtime.in_force() == []
        assert all(row.restarts == 0 for row in runtime.rows() if "/books/" in row.path)


async def test_a_clock_that_is_off_makes_its_venue_not_signable(
    autojump_clock: MockClock,
) -> None:
    """Measured anew each minute; said in the log and in the tree, lifted when it is right."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        runtime, world = virtual.engine.runtime, virtual.world
        simulated = world.venues["binance"]
        simulated.skew(800, math.inf)
        await trio.sleep(61)
        assert runtime.in_force() == [NOT_SIGNABLE]
        assert permitted(runtime.in_force(), VENUE, BTC) == Permission(False, False, False)
        assert permitted(runtime.in_force(), OTHER, f"{OTHER}/books/BTC-USDT.USDT") == Permission()
        row = virtual.row(NOT_SIGNABLE[0])
        assert (row.state, row.scope) == ("running", "the venue is not signable")
        assert row.in_force.endswith("ms off the venue's; 500 ms are allowed")
        simulated.skew(0, math.inf)
        await trio.sleep(61)
        assert runtime.in_force() == []
        said = [e.kind for e in runtime.events.since() if e.path == NOT_SIGNABLE[0]]
        assert said.count("unfit") == 2  # until it is measured at the start, and while it was off
        assert said.count("fit") == 2


async def test_a_clock_that_was_never_measured_is_not_trusted(autojump_clock: MockClock) -> None:
    """From the start until the first answer the venue is not signable."""
    async with virtual_engine() as virtual:
        runtime = virtual.engine.runtime
        if not virtual.engine.venues["binance"].clock_offset.measured:
            assert NOT_SIGNABLE in runtime.in_force()
        await virtual.until(virtual.all_live)
        assert runtime.in_force() == []
