"""The figures of a whole engine: readable, complete, bounded, upwards, and true."""

from __future__ import annotations

import re

from trio.testing import MockClock

from arbtree.metrics import Metrics
from tests.actors.virtual import virtual_engine
from tests.exposition_parser import Family, parse

WORDS = {
    "endpoint",
    "path",
    "venue",
    "symbol",
    "reason",
    "kind",
    "outcome",
    "version",
}
UNITS = re.compile(r"_(ms|us|ns|milliseconds|pct|percent|minutes|hours|bps)(_|\Z)")


def of(family: Family, **labels: str) -> float:
    """The sample with these labels."""
    return family.samples[tuple(sorted(labels.items()))]


async def test_every_part_of_the_engine_has_figures(autojump_clock: MockClock) -> None:
    """Connection, book, REST, mailbox, detector and audit figures, with the state's own numbers."""
    async with virtual_engine() as virtual:
        metrics = Metrics(virtual.engine)
        parse(metrics.text())  # also before anything is live
        await virtual.until(virtual.all_live)
        await virtual.until(lambda: virtual.engine.venues["binance"].audits.agreed > 0, 60)
        found = parse(metrics.text())
        assert all(family.help.endswith(".") and family.kind for family in found.values())
        assert not [name for name in found if UNITS.search(name)]
        book = virtual.books()["binance/books/BTC-USDT"]
        at = {"venue": "binance", "symbol": "BTC/USDT"}
        assert of(found["arbtree_book_live"], **at) == 1
        assert of(found["arbtree_book_updates_total"], **at) == book.updates > 0
        path = "engine/venues/binance/connections/0"
        assert of(found["arbtree_connection_open"], venue="binance", path=path) == 1
        assert of(found["arbtree_connection_frames_total"], venue="binance", path=path) > 0
        assert of(found["arbtree_rest_requests_total"], venue="binance") > 2
        assert of(found["arbtree_audits_total"], venue="binance", outcome="agreed") > 0
        assert of(found["arbtree_mailbox_handled_total"], path="engine/detector") > 0
        assert of(found["arbtree_detector_instruments"]) == 6


async def test_labels_are_of_few_words(autojump_clock: MockClock) -> None:
    """Only labels of the configuration and of this code: nothing grows with time."""
    async with virtual_engine() as virtual:
        metrics = Metrics(virtual.engine)
        await virtual.until(virtual.all_live)
        first = parse(metrics.text())
        for _ in range(5):
            virtual.world.cut("binance")
            await virtual.until(lambda: not virtual.all_live())
            await virtual.until(virtual.all_live, 120)
        last = parse(metrics.text())
        names = {name for f in last.values() for labels in f.samples for name, _ in labels}
        assert names <= WORDS
        grown = {name for name in last if len(last[name].samples) > len(first[name].samples)}
        assert grown <= {
            "arbtree_events_total",
            "arbtree_mailbox_lost_total",
            "arbtree_mailbox_refused_total",
        }


async def test_counters_go_up_over_crashes(autojump_clock: MockClock) -> None:
    """A crashed book counts from 0 again; what is shown goes on."""
    async with virtual_engine() as virtual:
        metrics = Metrics(virtual.engine)
        await virtual.until(virtual.all_live)
        before = parse(metrics.text())
        for path in ("venues/binance/books/BTC-USDT", "detector", "venues/binance/snapshots"):
            assert virtual.engine.runtime.kill(f"engine/{path}", RuntimeError("planted"))
        during = parse(metrics.text())
        await virtual.until(virtual.all_live, 60)
        after = parse(metrics.text())
        for earlier, later in ((before, during), (during, after), (before, after)):
            for name, family in earlier.items():
                if family.kind == "counter":
                    for labels, value in family.samples.items():
                        assert later[name].samples.get(labels, value) >= value, (name, labels)
