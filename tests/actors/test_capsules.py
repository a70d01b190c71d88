"""Crash capsules of the real actors: what crashed is acted out again, from exactly its state."""

from __future__ import annotations

import hashlib
import tempfile
from decimal import Decimal
from pathlib import Path

import msgspec
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.assets import band_rules
from actors.bare_venue import bare_venue
from actors.book import BookActor
from actors.detector import DetectorActor
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.capsule import Capsule
from actors.runtime.clock import TrioClock
from actors.runtime.mailbox import MailboxSpec
from actors.venue import Venue
from config.settings import DetectorSettings, VenueSettings
from markets.assets import AssetRegistry
from markets.price_band import PriceBands
from messages.audits import AuditBegun, AuditSnapshot
from messages.books import BookDark, BookTop, DarkReason, FeedLost, FeedOpened
from messages.identifiers import ContractKind, Instrument
from messages.instruments import SymbolInfo
from messages.market import BestQuote, BookDelta, BookSnapshot, Levels
from messages.opportunities import ReleasePair
from supervisors.capsule_replay import Outcome, act_out, types_near
from supervisors.capsules import CapsuleStore, capsule_files, load
from supervisors.runtime import Options, Runtime, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from supervisors.tree import BOOK_MAILBOX, instrument_of
from tests.actors.test_detector import SYMBOLS, info_of

START_NS = 1_700_000_000_000_000_000
PATH = "engine/book"
LEAD = 80
INFO = SymbolInfo(
    venue="binance", symbol="BTC/USDT", native="BTCUSDT", base="BTC", quote="USDT",
    kind=ContractKind.SPOT, tick=Decimal("0.5"),
)  # fmt: skip


class PlantedBook(BookActor):
    """A book with a defect: it raises at one price, and says what it was at that moment."""

    capsule_every = 256

    def drained(self) -> None:
        super().drained()
        if 1.5 in (price for price, _ in self._book.all_levels()[0]):
            raise RuntimeError(digest(self.capsule_state()))


def digest(state: object) -> str:
    """A whole state in one word."""
    return hashlib.sha256(msgspec.msgpack.encode(state)).hexdigest()


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
    assert 32 <= capsule.inputs <= 320
    outcome = replayed(capsule)
    assert outcome.reproduced, outcome.text
    assert outcome.raised is not None
    assert outcome.raised.text == outcome.recorded.text  # the digest of the whole state


async def test_a_suspension_is_acted_out_too(tmp_path: Path, autojump_clock: MockClock) -> None:
    """A book goes dark while it is suspended, which its state remembers."""
    with CapsuleStore(tmp_path) as store:
        async with open_tree(spec_of(), clock=TrioClock(START_NS), options=options(store)) as run:
            book = run.lookup(PATH)
            book.tell_control(FeedOpened(INFO, "engine/feed", 1))
            book.tell_batch((snapshot(0), delta(1), delta(2, ((99.0, 3.0),))))
            run.suspend(PATH)
            book.tell(delta(3, ((98.0, 1.0),)))
            await trio.sleep(0.5)
            run.resume(PATH)
            await trio.sleep(0.01)
            book.tell(delta(4, ((1.5, 1.0),)))
            await trio.sleep(0.01)
    outcome = replayed(the_capsule(tmp_path))
    assert outcome.reproduced, outcome.text
    assert outcome.raised is not None
    assert outcome.raised.text == outcome.recorded.text


async def test_a_bad_amount_is_a_real_crash_of_the_real_book(
    tmp_path: Path, autojump_clock: MockClock
) -> None:
    """An amount below zero raises deep in the book; it does so again."""
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
    assert outcome.recorded.frames[-1].module == "markets.book"


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
    book, at = run.lookup(PATH), LEAD - 1
    book.tell_control(FeedOpened(INFO, "engine/feed", 1))
    book.tell(snapshot(0))
    for at in range(1, LEAD):  # long enough for the state to be copied on the way
        book.tell(delta(at, ((90.0 + at % 9, at % 4 / 2),)))
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
            await trio.lowlevel.checkpoint()
            return [replayed(capsule, Often) for capsule in capsules]

        for outcome in trio.run(again):
            assert outcome.reproduced, outcome.text
            assert outcome.raised is not None
            assert outcome.raised.text == outcome.recorded.text


# -- the detector ---------------------------------------------------------------------------------


class PlantedDetector(DetectorActor):
    """A detector that raises at one price, and says what it was at that moment."""

    capsule_every = 16

    def drained(self) -> None:
        super().drained()
        if any(leg.top is not None and leg.top.bids[0][0] == 1.5 for leg in self._legs.values()):
            raise RuntimeError(digest(self.capsule_state()))


def detector_spec(venues: dict[str, Venue]) -> SupervisorSpec:
    """The planted detector beside stub connections."""
    rules = DetectorSettings(price_band_after_s=0.5, price_band_release_after_s=5.0)
    bands = PriceBands(band_rules(rules))
    child = ChildSpec(
        "detector",
        lambda: PlantedDetector(rules, venues, Outlet(), AssetRegistry(), bands),
        mailbox=MailboxSpec(capacity=64, overflow="conflate", key=instrument_of),
    )
    return SupervisorSpec("engine", children=(*(ChildSpec(n, Actor) for n in SYMBOLS), child))


def detector_venues() -> dict[str, Venue]:
    """Three venues whose connections are stubs."""
    found = {}
    for name, symbol in SYMBOLS.items():
        rules = VenueSettings(name=name, symbols=(symbol,), taker_fee_bps=0.0)
        found[name] = bare_venue(rules, (info_of(name, symbol),), (f"engine/{name}",))
    return found


async def drive(
    run: Runtime, venues: dict[str, Venue], steps: list[tuple[int, int, int, int]]
) -> None:
    """Tell tops of prices around 100 at any age, lose some, let time pass; then crash it."""
    names = list(SYMBOLS)
    # Long enough for the state to be copied on the way: crossings, outsiders, darkness, time.
    lead = [
        (at % 3, (60, 98, 99, 103)[at * at % 4], 5, (0, 0, 1, 2)[at % 7 % 4]) for at in range(72)
    ]
    for which, ticks, age_ms, kind in [*lead, *steps, (0, 100, 0, 9)]:
        name = names[which]
        symbol, path, now_ns = SYMBOLS[name], f"engine/{name}", run.clock.now_ns()
        bid = 1.5 if kind == 9 else ticks / 1.0
        if kind == 1:
            run.lookup("engine/detector").tell(BookDark(name, symbol, 1, DarkReason.GAP, now_ns))
        elif kind == 2:
            await trio.sleep(ticks / 100)
        elif kind == 3:
            pair = [Instrument(each, SYMBOLS[each]) for each in names[:2]]
            run.lookup("engine/detector").tell_control(ReleasePair(*pair))
        else:
            venues[name].feeds[path].proof_ns = now_ns - age_ms * 1_000_000
            venues[name].clock_offset.offset_ms = float(age_ms)
            top = BookTop(
                name, symbol, path, 1 + (kind == 4), 7, ((bid, 2.0),), ((bid + 1.0, 2.0),),
                run.clock.wall_ns() // 1_000_000, now_ns, now_ns, now_ns,
            )  # fmt: skip
            run.lookup("engine/detector").tell(top)
        if kind != 5:
            await trio.testing.wait_all_tasks_blocked()
    await trio.sleep(0.01)


@settings(max_examples=30, deadline=None)
@given(
    steps=st.lists(
        st.tuples(
            st.integers(0, 2),
            st.sampled_from([60, 98, 99, 100, 101, 103, 150]),
            st.sampled_from([0, 5, 900, 1500, 6000]),
            st.sampled_from([0, 0, 0, 0, 1, 2, 3, 4, 5]),
        ),
        max_size=60,
    )
)
def test_any_life_of_a_detector_is_reproduced(steps: list[tuple[int, int, int, int]]) -> None:
    """Tops, opportunities, statistics and quarantines: what other actors' cells said is kept."""
    for outcome in crash_and_replay(PlantedDetector, steps):
        assert outcome.reproduced, outcome.text
        assert outcome.raised is not None
        assert outcome.raised.text == outcome.recorded.text


def crash_and_replay(
    kind: type[PlantedDetector], steps: list[tuple[int, int, int, int]]
) -> list[Outcome]:
    """Live through the steps in virtual time, then act every crash out."""
    with tempfile.TemporaryDirectory() as name:
        with CapsuleStore(Path(name)) as store:

            async def run() -> None:
                venues = detector_venues()
                clock = TrioClock(START_NS)
                spec = detector_spec(venues)
                async with open_tree(spec, clock=clock, options=options(store)) as tree:
                    await drive(tree, venues, steps)

            trio.run(run, clock=MockClock(autojump_threshold=0))
        capsules = [load(file) for file in sorted(capsule_files(Path(name)))]
        assert capsules

        async def again() -> list[Outcome]:
            await trio.lowlevel.checkpoint()
            return [replayed(capsule, kind) for capsule in capsules]

        return trio.run(again)
