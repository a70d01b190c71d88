"""Crash capsules of the real actors: what crashed is acted out again, from exactly its state."""

from __future__ import annotations

import hashlib
from decimal import Decimal
from pathlib import Path

import msgspec
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.bare_venue import bare_venue
from actors.book import BookActor
from actors.runtime.actor import Actor
from actors.runtime.capsule import Capsule
from actors.runtime.clock import TrioClock
from config.settings import VenueSettings
from messages.audits import AuditBegun, AuditSnapshot
from messages.books import DarkReason, FeedLost, FeedOpened
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import BestQuote, BookDelta, BookSnapshot, Levels
from supervisors.capsule_replay import Outcome, act_out, types_near
from supervisors.capsules import CapsuleStore, capsule_files, load
from supervisors.runtime import Options, Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.tree import BOOK_MAILBOX

START_NS = 1_700_000_000_000_000_000
PATH = "engine/book"
INFO = SymbolInfo(
    venue="binance", symbol="BTC/USDT", native="BTCUSDT", base="BTC", quote="USDT",
    kind=ContractKind.SPOT, tick=Decimal("0.5"),
)  # fmt: skip


class PlantedBook(BookActor):
    """A book with a defect: it raises at one price, and says what it was at that moment."""

    def drained(self) -> None:
        super().drained()
        if 1.5 in (price for price, _ in self._book.all_levels()[0]):
            form = msgspec.msgpack.encode(self.capsule_state())
            raise RuntimeError(hashlib.sha256(form).hexdigest())


def book_of(kind: type[BookActor] = PlantedBook) -> BookActor:
    """A book actor of a venue that nobody speaks to."""
    return kind(
        bare_venue(VenueSettings(name="binance", symbols=("BTC/USDT",))),
        "BTC/USDT",
        snapshots="engine/snapshots",
        detector="engine/detector",
        top_levels=20,
        auditor="engine/auditor",
    )


def options(store: CapsuleStore) -> Options:
    """A run that keeps its crashes."""
    return Options(seed=11, capsules=store)


def spec_of(kind: type[BookActor] = PlantedBook) -> SupervisorSpec:
    """The book beside actors that take everything."""
    others = (ChildSpec(name, Actor) for name in ("snapshots", "detector", "auditor", "feed"))
    child = ChildSpec("book", lambda: book_of(kind), mailbox=BOOK_MAILBOX)
    return SupervisorSpec("engine", children=(*others, child))


def delta(at: int, bids: Levels = (), asks: Levels = ()) -> BookDelta:
    """One event that follows `at - 1`."""
    return BookDelta("binance", "BTC/USDT", 1, at, at, -1, 0, 1, bids, asks)


def snapshot(at: int) -> BookSnapshot:
    """A book of ten levels a side around 100."""
    bids = tuple((100.0 - step / 2, 1.0 + step) for step in range(10))
    asks = tuple((101.0 + step / 2, 1.0 + step) for step in range(10))
    return BookSnapshot("binance", "BTC/USDT", 1, at, 0, 1, bids, asks)


def the_capsule(folder: Path) -> Capsule:
    """The only capsule there."""
    (file,) = capsule_files(folder)
    return load(file)


def replayed(capsule: Capsule, kind: type[Actor] = PlantedBook) -> Outcome:
    """Act it out with the class of the test."""
    return act_out(capsule, kind, types_near(kind))


async def test_a_book_crashes_again_from_the_middle_of_its_life(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """The state is copied while it runs: all levels, the sequence, the proof by quotes."""
    with CapsuleStore(tmp_path) as store:
        async with open_tree(spec_of(), clock=TrioClock(START_NS), options=options(store)) as run:
            book = run.lookup(PATH)
            book.tell_control(FeedOpened(INFO, "engine/feed", 1))
            book.tell(snapshot(0))
            for at in range(1, 400):
                book.tell_batch((delta(at, ((90.0 + at % 9, float(at)),)),))
                await trio.sleep(0.001)
            book.tell(delta(400, ((1.5, 1.0),)))
            await trio.sleep(0.01)
    capsule = the_capsule(tmp_path)
    assert (capsule.path, capsule.generation, capsule.seed) == (PATH, 1, 11)
    assert not capsule.fresh and capsule.passed > 0
    assert 32 <= capsule.inputs <= 200
    outcome = replayed(capsule)
    assert outcome.reproduced, outcome.text
    assert outcome.raised is not None
    assert outcome.raised.text == outcome.recorded.text  # the digest of the whole state


async def test_a_bad_amount_is_a_real_crash_of_the_real_book(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """An amount below zero raises deep in the ladder; it does so again."""
    with CapsuleStore(tmp_path) as store:
        spec = spec_of(BookActor)
        async with open_tree(spec, clock=TrioClock(START_NS), options=options(store)) as run:
            book = run.lookup(PATH)
            book.tell_control(FeedOpened(INFO, "engine/feed", 1))
            book.tell_batch((snapshot(0), delta(1), delta(2, ((99.0, -1.0),))))
            await trio.sleep(0.01)
    capsule = the_capsule(tmp_path)
    assert capsule.actor == "actors.book:BookActor"
    assert capsule.fresh
    outcome = replayed(capsule, BookActor)
    assert outcome.reproduced, outcome.text
    assert outcome.recorded.frames[-1].module == "markets.ladder"


STEPS = st.lists(
    st.one_of(
        st.tuples(st.just("delta"), st.integers(150, 250), st.sampled_from([0.0, 1.0, 2.5])),
        st.tuples(st.just("jump"), st.integers(1, 3), st.just(0.0)),
        st.tuples(st.just("quote"), st.integers(-2, 2), st.sampled_from([1.0, 2.0])),
        st.tuples(st.just("snapshot"), st.integers(-2, 2), st.just(0.0)),
        st.tuples(st.just("feed"), st.integers(0, 1), st.just(0.0)),
        st.tuples(st.just("audit"), st.integers(1, 3), st.just(0.0)),
        st.tuples(st.just("offgrid"), st.integers(1, 3), st.just(1.0)),
        st.tuples(st.just("wait"), st.integers(1, 30), st.just(0.0)),
    ),
    max_size=120,
)


async def act(run: Runtime, steps: list[tuple[str, int, float]]) -> None:
    """Carry steps out, then crash the book."""
    book, at = run.lookup(PATH), 0
    book.tell_control(FeedOpened(INFO, "engine/feed", 1))
    book.tell(snapshot(0))
    for kind, number, amount in steps:
        if kind == "wait":
            await trio.sleep(number / 10)
        elif kind == "quote":
            bid, ask = 100.0, 101.0
            quote = BestQuote("binance", "BTC/USDT", 1, at + number, 0, 1, bid, amount, ask, 1.0)
            book.tell(quote)
        elif kind == "snapshot":
            at = max(0, at + number)
            book.tell(snapshot(at))
        elif kind == "feed":
            lost = FeedLost("engine/feed", 1, DarkReason.DISCONNECTED)
            book.tell_control(FeedOpened(INFO, "engine/feed", 1) if number else lost)
        elif kind == "audit":
            book.tell_control(AuditBegun(number))
            book.tell_control(AuditSnapshot(number, snapshot(at)))
        else:
            at += number if kind == "jump" else 1
            price = 100.25 if kind == "offgrid" else number / 2
            side = ((price, amount),)
            book.tell(delta(at, side if price < 100.5 else (), side if price > 100.5 else ()))
    book.tell_control(FeedOpened(INFO, "engine/other", 1))
    book.tell_control(FeedLost("engine/other", 1, DarkReason.DISCONNECTED))
    book.tell_control(FeedOpened(INFO, "engine/feed", 1))
    book.tell_batch((snapshot(at + 1), delta(at + 2, ((1.5, 1.0),))))
    await trio.sleep(0.01)


@settings(max_examples=40, deadline=None)
@given(steps=STEPS, every=st.sampled_from([8, 16, 128]))
def test_any_sequence_that_ends_in_a_crash_is_reproduced(
    steps: list[tuple[str, int, float]], every: int
) -> None:
    """Whatever came before and wherever the state was copied: same line, same state."""
    import tempfile

    class Often(PlantedBook):
        capsule_every = every

    with tempfile.TemporaryDirectory() as name:
        with CapsuleStore(Path(name)) as store:

            async def run() -> None:
                spec, clock = spec_of(Often), TrioClock(START_NS)
                async with open_tree(spec, clock=clock, options=options(store)) as tree:
                    await act(tree, steps)

            trio.run(run, clock=MockClock(autojump_threshold=0))
        capsules = [load(file) for file in sorted(capsule_files(Path(name)))]
        assert capsules

        async def again() -> list[Outcome]:
            return [replayed(capsule, Often) for capsule in capsules]

        for outcome in trio.run(again):
            assert outcome.reproduced, outcome.text
            assert outcome.raised is not None
            assert outcome.raised.text == outcome.recorded.text
