"""What the runs of chaos have in common: an operator brings back what does not come by itself."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from arbtree.chaos.runs import all_well, named_kinds, operate
from arbtree.chaos.seeds import feeds_of
from arbtree.testing import embedded_settings, virtual_engine
from messages.errors import UsageError
from messages.faults import FaultPlace, kinds_of
from simulator.topics import truncate
from supervisors.rows import Row

BOOK = "binance_usdm/books/BTC-USDT.USDT"
CONNECTION = "engine/venues/binance_usdm/connections/0"


async def test_an_operator_brings_back_a_symbol_that_was_given_up(
    autojump_clock: MockClock,
) -> None:
    """The book alone would be refused again and again; its connection tries everything anew."""
    settings = embedded_settings({"binance_usdm": ["BTC/USDT:USDT", "ETH/USDT:USDT"]})
    feeds = feeds_of(settings)
    restarted: list[str] = []

    def restarts(path: str, row: Row | None) -> None:
        restarted.append(path)

    async with virtual_engine(settings) as virtual:
        engine, venue = virtual.engine, virtual.world.venues["binance_usdm"]

        def live() -> dict[str, bool]:
            return {path: virtual.states()[path.split("/", 2)[2]] == "LIVE" for path in feeds}

        await virtual.until(lambda: all_well(engine, feeds, live()))
        for topic in venue.depth_topics("BTCUSDT"):
            topic.tampering.extend([truncate] * 50)
        row = f"engine/venues/{BOOK}"
        await virtual.until(lambda: virtual.row(row).state == "quarantined", 120)
        for topic in venue.depth_topics("BTCUSDT"):
            topic.tampering.clear()
        await virtual.until(lambda: live() == {path: path != row for path in feeds}, 120)
        with trio.fail_after(60):
            while not all_well(engine, feeds, live()):
                operate(engine, restarts)
                await trio.sleep(1.0)
    assert {CONNECTION, row} <= set(restarted)


def test_kinds_are_chosen_by_name() -> None:
    """All without a name, and a name that is not there is told with those that are."""
    found = kinds_of(FaultPlace.LIVE)
    assert named_kinds(found, (), "nothing is called") == list(found)
    assert [kind.name for kind in named_kinds(found, ("gap", "cut"), "")] == ["cut", "gap"]
    with pytest.raises(UsageError, match="nothing is called sigterm: cut, reset"):
        named_kinds(found, ("cut", "sigterm"), "nothing is called")
