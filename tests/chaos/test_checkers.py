"""Each checker finds what it is for, on messages made by hand, and nothing where all is well.

A checker puts trio's time before its sentences, so these tests run in a loop.
"""

from __future__ import annotations

import math
from typing import Any

import trio
from msgspec import structs
from trio.testing import MockClock

from actors.runtime.whereabouts import current_path
from arbtree.chaos.checkers import BudgetChecker, DecisionChecker, LifeChecker
from arbtree.chaos.recovery import Recovery, books_reached, spread
from arbtree.chaos.sockets import SocketChecker, WatchedDialer
from config.settings import Settings
from messages.books import BookDark, DarkReason, FeedOpened
from messages.identifiers import Instrument
from messages.opportunities import Evidence, OpportunityOpened
from supervisors.chaos.nemesis import Injected
from supervisors.chaos.schedule import Planned
from supervisors.events import LifecycleEvent
from tests.chaos.news import BOOK, CONNECTION, INFO, OTHER, S_NS, delta, top

# -- decisions ------------------------------------------------------------------------------------


def _opened(at_ns: int = S_NS, **changes: object) -> OpportunityOpened:
    buy = Evidence(Instrument("binance", "BTC/USDT"), 1, 12, 101.0, 5.0, 5.0, None, 0, 0)
    sell = Evidence(Instrument("mexc", "BTC/USDT"), 1, 7, 103.0, 5.0, 5.0, None, 0, 0)
    return OpportunityOpened(1, structs.replace(buy, **changes), sell, at_ns, at_ns, 100.0, 90.0, 1)


def _decided(checker: DecisionChecker, fact: OpportunityOpened) -> list[str]:
    checker.top(OTHER, top(7, ((103.0, 1.0),), "mexc"))
    checker.opportunity(fact)
    return checker.violations


async def test_a_decision_is_held_against_the_latest_news(autojump_clock: MockClock) -> None:
    """Live and fresh passes; dark, another sequence, another price and old proof do not."""
    await trio.lowlevel.checkpoint()

    def live() -> DecisionChecker:
        checker = DecisionChecker(Settings(), lambda path: 0.0)
        checker.top(BOOK, top(12))
        return checker

    assert _decided(live(), _opened()) == []
    dark = live()
    dark.dark(BOOK, BookDark("binance", "BTC/USDT", 1, DarkReason.GAP, 0))
    assert "was dark" in _decided(dark, _opened())[0]
    assert "had moved on" in _decided(live(), _opened(sequence=11))[0]
    assert "another price" in _decided(live(), _opened(price=100.5))[0]
    assert "proof was" in _decided(live(), _opened(proof_age_ms=1500.0))[0]
    assert "had moved on" in _decided(live(), _opened(epoch=2))[0]


async def test_an_event_that_waits_makes_a_book_stale(autojump_clock: MockClock) -> None:
    """What a book was told and has not applied for more than a second forbids decisions."""
    await trio.lowlevel.checkpoint()
    checker = DecisionChecker(Settings(), lambda path: 0.0)
    checker.opened(BOOK, FeedOpened(INFO, CONNECTION, 1))
    checker.top(BOOK, top(12))
    checker.delta(BOOK, delta(13, 13, ((99.5, 3.0),), received_ns=S_NS))
    assert _decided(checker, _opened(at_ns=S_NS + S_NS // 2)) == []
    assert "waited for 2000 ms" in _decided(checker, _opened(at_ns=3 * S_NS))[0]


async def test_a_silent_connection_proves_nothing(autojump_clock: MockClock) -> None:
    """Whatever age the engine gives a proof: where not a byte came for longer there is none."""
    await trio.lowlevel.checkpoint()
    silent = {CONNECTION: 1.0, "engine/venues/mexc/connections/0": 0.0}
    for at_most_s, found in ((0.0, []), (0.5, [f"{BOOK}: its connection had been silent"])):
        silent[CONNECTION] = 1.0 + at_most_s
        checker = DecisionChecker(Settings(), silent.__getitem__)
        checker.top(BOOK, top(12))
        said = _decided(checker, _opened(proof_age_ms=5.0))
        assert [text.partition(": ")[2][: len(BOOK) + 32] for text in said] == found


class _Tree:
    """What a checker asks of an engine: who runs, and in which life."""

    def __init__(self) -> None:
        self.running, self.generation, self.runtime = True, 1, self

    def lookup(self, path: str) -> _Tree:
        return self


async def test_an_opportunity_ends_with_its_legs(autojump_clock: MockClock) -> None:
    """Kept open on a dark leg or on an earlier life's top, from one look to the next, is wrong."""
    await trio.lowlevel.checkpoint()

    def opened() -> tuple[DecisionChecker, Any]:
        checker = DecisionChecker(Settings(), lambda path: 0.0)
        tree: Any = _Tree()
        checker.top(BOOK, top(12))
        assert _decided(checker, _opened()) == []
        checker.look(tree)
        checker.look(tree)
        assert checker.failed == 0
        return checker, tree

    checker, tree = opened()
    checker.dark(BOOK, BookDark("binance", "BTC/USDT", 1, DarkReason.GAP, 0))
    checker.look(tree)
    assert checker.failed == 0
    checker.look(tree)
    checker.look(tree)
    assert checker.violations == [f"0.000 s: opportunity 1 stays open although {BOOK} is dark"]

    checker, tree = opened()
    tree.generation = 2
    checker.look(tree)
    tree.running = False  # a detector that is held up for a while decides nothing
    checker.look(tree)
    tree.running = True
    checker.look(tree)
    assert checker.failed == 0
    checker.look(tree)
    assert checker.failed == 1

    checker, tree = opened()
    tree.generation = 2
    checker.state("engine/detector", "starting", 2)
    checker.look(tree)
    checker.look(tree)
    assert checker.failed == 0


# -- budgets and lives ----------------------------------------------------------------------------


def _event(path: str, kind: str, text: str = "") -> LifecycleEvent:
    return LifecycleEvent(1, 0, 0, path, 1, kind, text)


async def test_a_quarantine_must_be_due(autojump_clock: MockClock) -> None:
    """Six crashes in a minute, or an error that says never, and nothing else."""
    await trio.lowlevel.checkpoint()
    checker = BudgetChecker(Settings())
    for _ in range(6):
        checker.event(_event(BOOK, "crash"))
    checker.event(_event(BOOK, "quarantined", "spent its budget; crash: Boom"))
    checker.event(_event(OTHER, "quarantined", "crash: UnknownSymbol: mexc: no such symbol"))
    assert checker.failed == 0
    checker.event(_event(OTHER, "quarantined", "spent its budget; crash: Boom"))
    checker.event(_event(OTHER, "quarantined", "outage: ConnectionLost: cut"))
    checker.event(_event("engine/venues/mexc", "quarantined", "crash: GaveUp: it gave up"))
    assert checker.failed == 3


async def test_a_start_beyond_the_budget_is_found(autojump_clock: MockClock) -> None:
    """A budget that is not enforced, and one that an operator's restart refreshed."""
    await trio.lowlevel.checkpoint()
    checker = BudgetChecker(Settings())
    for _ in range(6):
        checker.event(_event(BOOK, "crash"))
    checker.event(_event(BOOK, "starting"))
    assert checker.failed == 1
    checker.restarted(BOOK)
    checker.event(_event(BOOK, "starting"))
    assert checker.failed == 1


async def test_reconnects_faster_than_the_limit_are_found(autojump_clock: MockClock) -> None:
    """Five at once and one a second are allowed; the sixth at once is not."""
    checker = BudgetChecker(Settings())

    def reconnect() -> None:
        checker.event(_event(CONNECTION, "outage", "outage: ConnectionLost: cut"))
        checker.event(_event(CONNECTION, "starting"))

    for _ in range(5):
        reconnect()
    await trio.sleep(1.0)
    reconnect()
    assert checker.failed == 0
    reconnect()
    assert "reconnects before the limit" in checker.violations[0]


async def test_a_life_without_a_new_generation_is_found(autojump_clock: MockClock) -> None:
    """An epoch that is not bumped would make old data look new."""
    await trio.lowlevel.checkpoint()
    checker = LifeChecker(Settings())
    for generation in (1, 2, 2):
        checker.state(CONNECTION, "starting", generation)
    assert "begins as generation 2 after 2" in checker.violations[0]


async def test_an_end_that_takes_too_long_is_found(autojump_clock: MockClock) -> None:
    """Grace and a little are an actor's; a supervisor's end is the end of what is below."""
    checker = LifeChecker(Settings())
    for path in (CONNECTION, BOOK, "engine/venues/binance/books", "engine/venues/binance"):
        checker.state(path, "stopping", 1)
    await trio.sleep(4.0)
    checker.state(BOOK, "stopped", 1)
    checker.look()
    assert checker.failed == 0
    await trio.sleep(6.0)
    checker.look()
    checker.look()
    assert checker.violations == [f"10.000 s: {CONNECTION} has been ending for 10.0 s"]
    checker.state(CONNECTION, "stuck", 1)
    assert "could not be killed" in checker.violations[1]


# -- sockets --------------------------------------------------------------------------------------


async def test_a_socket_that_is_left_or_silent_is_found(autojump_clock: MockClock) -> None:
    """Each is told of once; what is closed, and what REST keeps between lives, is not."""
    far: list[trio.abc.Stream] = []

    async def dial(host: str, port: int, tls: bool) -> trio.abc.Stream:
        near, other = trio.testing.memory_stream_pair()
        far.append(other)
        await trio.lowlevel.checkpoint()
        return near

    dialer = WatchedDialer(dial)
    checker = SocketChecker(dialer)
    checker.silent_after_s["binance"] = 5.0
    current_path.set(CONNECTION)
    left, closed, rest = [await dialer("venue", 443, False) for _ in range(3)]
    for stream in (left, closed):
        await stream.send_all(b"GET /ws HTTP/1.1\r\nUpgrade: websocket\r\n\r\n")
    await rest.send_all(b"GET /time HTTP/1.1\r\n\r\n")
    for other in far:
        await other.send_all(b"answer")
    for stream in (left, closed, rest):
        await stream.receive_some()
    await closed.aclose()
    await trio.sleep(7.9)
    assert dialer.silent_s(CONNECTION) == 7.9
    assert dialer.silent_s("engine/venues/mexc/connections/0") == math.inf
    checker.look()
    assert checker.failed == 0
    checker.state(CONNECTION, "running", 1)
    await trio.sleep(0.2)
    checker.look()
    checker.look()
    assert checker.violations == [f"8.100 s: {CONNECTION} keeps a socket that is silent: 8.1 s"]
    second = await dialer("venue", 443, False)
    await second.send_all(b"Upgrade: websocket")
    checker.state(CONNECTION, "starting", 2)
    assert "left a socket open and begins anew" in checker.violations[1]
    await second.aclose()
    checker.ended()
    assert checker.failed == 3  # REST's own, which nobody has told of yet


# -- recovery -------------------------------------------------------------------------------------


async def test_the_latest_fault_takes_the_blame(autojump_clock: MockClock) -> None:
    """Times to dark and to live are those of one fault; what stays dark has not recovered."""
    recovery = Recovery(lambda planned: [BOOK])
    recovery.begin()
    recovery.top(BOOK, top(1))
    for fault in ("ban", "cut"):
        now_s = trio.current_time()
        recovery.strikes(Injected(Planned(now_s, fault, "engine/venues/binance"), now_s, now_s))
        await trio.sleep(1.0)
    dark = BookDark("binance", "BTC/USDT", 1, DarkReason.DISCONNECTED, 0)
    recovery.dark(BOOK, dark)
    await trio.sleep(2.0)
    recovery.top(BOOK, top(2))
    ban, cut = recovery.records()
    assert (ban.dark_after_s, ban.live_after_s) == (None, None)
    assert (cut.dark_after_s, cut.live_after_s) == (1.0, 3.0)
    recovery.strikes(Injected(Planned(9.0, "cut", "engine/venues/binance"), 3.0, 3.0))
    recovery.dark(BOOK, dark)
    recovery.finish()
    assert recovery.failed == 1


async def test_a_fault_is_over_when_what_it_darkened_is_live(autojump_clock: MockClock) -> None:
    """What another fault keeps dark at the same place meanwhile is no part of its time."""
    recovery = Recovery(
        lambda planned: [BOOK, OTHER] if planned.target == "engine" else [planned.target]
    )
    recovery.begin()
    for book in (BOOK, OTHER):
        recovery.top(book, top(1))
    lost = BookDark("binance", "BTC/USDT", 1, DarkReason.DISCONNECTED, 0)

    def strikes(fault: str, target: str) -> None:
        now_s = trio.current_time()
        recovery.strikes(Injected(Planned(now_s, fault, target), now_s, now_s))

    strikes("blocked_loop", "engine")
    recovery.dark(BOOK, lost)
    strikes("gap", OTHER)
    recovery.dark(OTHER, lost)
    await trio.sleep(2.0)
    recovery.top(BOOK, top(2))
    await trio.sleep(50.0)
    recovery.top(OTHER, top(2))
    assert [one.live_after_s for one in recovery.records()] == [2.0, 52.0]


async def test_a_fault_is_not_blamed_for_ever(autojump_clock: MockClock) -> None:
    """One that still keeps a book dark is not why another goes dark again much later."""
    recovery = Recovery(lambda planned: [BOOK, OTHER])
    recovery.begin()
    for book in (BOOK, OTHER):
        recovery.top(book, top(1))
    recovery.strikes(Injected(Planned(0.0, "cut", "engine/venues/binance"), 0.0, 0.0))
    lost = BookDark("binance", "BTC/USDT", 1, DarkReason.DISCONNECTED, 0)
    recovery.dark(BOOK, lost)
    recovery.dark(OTHER, lost)
    await trio.sleep(2.0)
    recovery.top(BOOK, top(2))
    await trio.sleep(18.0)
    recovery.dark(BOOK, lost)
    await trio.sleep(5.0)
    recovery.top(OTHER, top(2))
    recovery.finish()
    assert recovery.failed == 0
    assert recovery.records()[0].live_after_s == 25.0


async def test_what_ends_a_connection_is_blamed_for_all_its_books(
    autojump_clock: MockClock,
) -> None:
    """An unreadable event of one book darkens the next, which a harmless duplicate had struck."""
    feeds = {BOOK: CONNECTION, OTHER: CONNECTION}
    recovery = Recovery(lambda planned: books_reached(feeds, planned))
    recovery.begin()
    for book in (BOOK, OTHER):
        recovery.top(book, top(1))
    for fault, book in (("duplicate", OTHER), ("truncated_message", BOOK)):
        now_s = trio.current_time()
        recovery.strikes(Injected(Planned(now_s, fault, book), now_s, now_s))
        await trio.sleep(0.1)
    for book in (BOOK, OTHER):
        recovery.dark(book, BookDark("binance", "BTC/USDT", 1, DarkReason.DISCONNECTED, 0))
    duplicate, truncated = recovery.records()
    assert (duplicate.dark_after_s, truncated.dark_after_s) == (None, 0.1)


def test_spread_is_by_nearest_rank() -> None:
    """Of a hundred times the 99th is the second worst."""
    times = [float(number) for number in range(1, 101)]
    assert structs.astuple(spread(times)) == (100, 50.0, 99.0, 100.0)
    assert structs.astuple(spread([])) == (0, None, None, None)
