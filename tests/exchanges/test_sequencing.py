"""The state machine of a book, against a world in which the truth at every id is known."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from exchanges.contract import SequenceRule
from exchanges.sequencing import TABLE, Action, Event, Sequencer, State, Verdict, book_states
from messages.books import DarkReason
from messages.market import BookDelta, BookSnapshot

CONTIGUOUS, CHAINED = SequenceRule.CONTIGUOUS, SequenceRule.CHAINED


def delta(first_id: int, last_id: int, previous_id: int = -1, epoch: int = 0) -> BookDelta:
    """Make an event without levels."""
    return BookDelta("v", "s", epoch, first_id, last_id, previous_id, 0, 0, (), ())


def snapshot(last_id: int, epoch: int = 0) -> BookSnapshot:
    """Make a snapshot without levels."""
    return BookSnapshot("v", "s", epoch, last_id, 0, 0, (), ())


# -- the truth, and an owner of a book who does what he is told ----------------------------------


@dataclass
class World:
    """A stream of single changes with ids, cut into events; every state of the book is known."""

    events: list[BookDelta]
    changes: list[tuple[int, float, float]]

    def at(self, last_id: int) -> dict[float, float]:
        """The book after every change up to that id."""
        return {price: amount for each, price, amount in self.changes if each <= last_id}


@st.composite
def worlds(draw: st.DrawFn, rule: SequenceRule) -> World:
    """Draw a stream: contiguous ids, or ids that jump with a true chain."""
    sizes = draw(st.lists(st.integers(1, 3), min_size=3, max_size=25))
    jumps = st.integers(1, 4) if rule is CHAINED else st.just(1)
    events, changes, last_id = [], [], draw(st.integers(1, 50))
    for size in sizes:
        previous_id, ids = last_id, []
        for _ in range(size):
            last_id += draw(jumps)
            ids.append(last_id)
            changes.append((last_id, float(draw(st.integers(1, 5))), float(last_id)))
        levels = tuple((price, amount) for _, price, amount in changes[-size:])
        named = previous_id if rule is CHAINED else -1
        events.append(BookDelta("v", "s", 0, ids[0], ids[-1], named, 0, 0, levels, ()))
    return World(events, changes)


@dataclass
class Owner:
    """Keeps a book by the sequencer's verdicts alone."""

    sequencer: Sequencer
    book: dict[float, float] | None = None
    applied: int = 0
    verdicts: list[Verdict] = field(default_factory=list)

    def event(self, event: BookDelta) -> Verdict:
        """Hand in one event."""
        verdict = self.sequencer.delta(event)
        if verdict is Verdict.APPLY:
            self._apply(event)
        elif verdict is Verdict.GAP:
            self.book = None
        self.verdicts.append(verdict)
        return verdict

    def snapshot(self, world: World, last_id: int) -> Verdict:
        """Hand in the true snapshot at an id."""
        verdict = self.sequencer.snapshot(snapshot(last_id))
        if verdict is Verdict.LOADED:
            self.book = world.at(last_id)
            for event in self.sequencer.buffered():
                self._apply(event)
        return verdict

    def _apply(self, event: BookDelta) -> None:
        assert self.book is not None
        self.applied += 1
        self.book.update(event.bids)

    def check(self, world: World) -> None:
        """A live book is the truth at the id it claims, whatever happened before."""
        if self.sequencer.state is State.LIVE:
            assert self.book == world.at(self.sequencer.last_id)
        assert self.applied == self.sequencer.applied


OPS = st.sampled_from(
    ["next"] * 8 + ["drop", "repeat", "swap", "old snapshot", "new snapshot", "lost", "cut"]
)


@pytest.mark.parametrize("rule", [CONTIGUOUS, CHAINED])
@given(data=st.data())
@settings(max_examples=150)
def test_a_live_book_is_the_truth_at_its_id(rule: SequenceRule, data: st.DataObject) -> None:
    """Drop, repeat, swap, cut, old snapshots: whatever is live equals the true book."""
    world = data.draw(worlds(rule))
    owner, position = Owner(Sequencer(rule, buffer_limit=8)), 0
    ids = [each for each, _, _ in world.changes]
    while position < len(world.events):
        op = data.draw(OPS)
        if op == "drop":
            position += 1
            continue
        if op == "repeat" and position:
            owner.event(world.events[data.draw(st.integers(0, position - 1))])
        elif op == "old snapshot":
            owner.snapshot(world, data.draw(st.sampled_from(ids)))
        elif op == "new snapshot":
            owner.snapshot(world, world.events[position].last_id)
        elif op == "lost":
            owner.sequencer.lost(DarkReason.DECODE)
        elif op == "cut":
            owner.sequencer.lost(DarkReason.DISCONNECTED)
            position += data.draw(st.integers(0, 2))
        elif op == "swap" and position + 1 < len(world.events):
            owner.event(world.events[position + 1])
            owner.check(world)
            owner.event(world.events[position])
            position += 2
        else:
            owner.event(world.events[position])
            position += 1
        owner.check(world)
    # Whatever went before, one snapshot of now brings the book back, and it is right.
    last_id = world.events[-1].last_id
    owner.snapshot(world, last_id)
    owner.check(world)
    assert owner.sequencer.state is State.LIVE
    assert owner.sequencer.last_id == last_id


@pytest.mark.parametrize("rule", [CONTIGUOUS, CHAINED])
@given(data=st.data())
@settings(max_examples=80)
def test_a_gap_is_noticed_at_the_very_next_event(rule: SequenceRule, data: st.DataObject) -> None:
    """Counting events instead of ids: next applies, earlier is old, later is a gap at once."""
    world = data.draw(worlds(rule))
    owner = Owner(Sequencer(rule))
    assert owner.event(world.events[0]) is Verdict.HELD
    assert owner.snapshot(world, world.events[0].last_id) is Verdict.LOADED
    applied = 0
    if rule is CONTIGUOUS:  # there is nothing held any more: the snapshot holds all of event 0
        assert owner.event(world.events[0]) is Verdict.OLD
    for index in data.draw(st.lists(st.integers(0, len(world.events) - 1), max_size=20)):
        verdict = owner.event(world.events[index])
        if index <= applied:
            assert verdict is Verdict.OLD
        elif index == applied + 1:
            assert verdict is Verdict.APPLY
            applied = index
        else:
            assert verdict is Verdict.GAP
            assert owner.sequencer.state is State.DARK
            return


@pytest.mark.parametrize("rule", [CONTIGUOUS, CHAINED])
@given(data=st.data())
@settings(max_examples=80)
def test_the_undamaged_stream_has_no_gap(rule: SequenceRule, data: st.DataObject) -> None:
    """A clean stream with one snapshot anywhere in it: no gap, no resync, the true last book."""
    world = data.draw(worlds(rule))
    ids = [each for each, _, _ in world.changes]
    taken_at = data.draw(st.sampled_from(ids))
    early = sum(event.first_id <= taken_at for event in world.events)
    arrives = data.draw(st.integers(early, len(world.events)))
    owner = Owner(Sequencer(rule))
    for event in world.events[:arrives]:
        assert owner.event(event) is Verdict.HELD
    assert owner.snapshot(world, taken_at) is Verdict.LOADED
    for event in world.events[arrives:]:
        assert owner.event(event) is Verdict.APPLY
    owner.check(world)
    sequencer = owner.sequencer
    assert sequencer.last_id == max(world.events[-1].last_id, taken_at)
    assert (sequencer.gaps, sequencer.resyncs, sequencer.buffer_dropped) == (0, 0, 0)
    assert sequencer.applied + sequencer.old == len(world.events)


# -- the rules, case by case ---------------------------------------------------------------------


def live(rule: SequenceRule, last_id: int = 100) -> Sequencer:
    """A sequencer whose book is live at an id and has not seen an event since."""
    sequencer = Sequencer(rule)
    assert sequencer.snapshot(snapshot(last_id)) is Verdict.LOADED
    return sequencer


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (delta(90, 99), Verdict.OLD),
        (delta(95, 100), Verdict.OLD),
        (delta(100, 101), Verdict.APPLY),
        (delta(101, 110), Verdict.APPLY),
        (delta(102, 110), Verdict.GAP),
    ],
)
def test_contiguous_events_after_a_snapshot(event: BookDelta, verdict: Verdict) -> None:
    """Spot's rule at L = 100: u <= L is old, U > L + 1 a gap, and nothing else matters."""
    assert live(CONTIGUOUS).delta(event) is verdict


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (delta(80, 99, 70), Verdict.OLD),
        (delta(90, 100, 80), Verdict.APPLY),
        (delta(100, 100, 80), Verdict.APPLY),
        (delta(90, 120, 80), Verdict.APPLY),
        (delta(110, 120, 100), Verdict.APPLY),
        (delta(101, 120, 99), Verdict.GAP),
        (delta(110, 120, 105), Verdict.GAP),
    ],
)
def test_chained_first_event_after_a_snapshot(event: BookDelta, verdict: Verdict) -> None:
    """Futures' first event at L = 100: U <= L <= u, or the chain names L itself."""
    assert live(CHAINED).delta(event) is verdict


@pytest.mark.parametrize(
    ("event", "verdict"),
    [
        (delta(130, 140, 120), Verdict.APPLY),
        (delta(90, 100, 80), Verdict.OLD),
        (delta(110, 120, 100), Verdict.OLD),
        (delta(115, 130, 110), Verdict.GAP),
        (delta(121, 130, 121), Verdict.GAP),
    ],
)
def test_chained_later_events(event: BookDelta, verdict: Verdict) -> None:
    """From the second event on only the chain counts, and a repeat is old, never a gap."""
    sequencer = live(CHAINED)
    assert sequencer.delta(delta(110, 120, 100)) is Verdict.APPLY
    assert sequencer.delta(event) is verdict


@pytest.mark.parametrize(
    ("rule", "held", "last_id", "verdict"),
    [
        (CONTIGUOUS, delta(102, 105), 100, Verdict.TOO_OLD),
        (CONTIGUOUS, delta(101, 105), 100, Verdict.LOADED),
        (CONTIGUOUS, delta(90, 105), 100, Verdict.LOADED),
        (CHAINED, delta(102, 105, 99), 100, Verdict.TOO_OLD),
        (CHAINED, delta(102, 105, 100), 100, Verdict.LOADED),
        (CHAINED, delta(90, 105, 80), 100, Verdict.LOADED),
    ],
)
def test_a_snapshot_older_than_the_buffer_is_refused(
    rule: SequenceRule, held: BookDelta, last_id: int, verdict: Verdict
) -> None:
    """A snapshot must reach the first held event; a refused one costs the buffer nothing."""
    sequencer = Sequencer(rule)
    sequencer.delta(held)
    assert sequencer.snapshot(snapshot(last_id)) is verdict
    assert sequencer.buffered() == ((held,) if verdict is Verdict.LOADED else ())
    if verdict is Verdict.TOO_OLD:
        assert sequencer.snapshots_refused == 1
        assert sequencer.snapshot(snapshot(held.last_id - 1)) is Verdict.LOADED
        assert sequencer.buffered() == (held,)


@pytest.mark.parametrize("rule", [CONTIGUOUS, CHAINED])
def test_a_snapshot_newer_than_all_held_events_must_still_be_bridged(rule: SequenceRule) -> None:
    """With everything held already old, the next event is judged as a first one."""
    for event, verdict in (
        (delta(95, 110, 90), Verdict.APPLY),
        (delta(105, 110, 102), Verdict.GAP),
    ):
        sequencer = Sequencer(rule)
        sequencer.delta(delta(80, 90, 70))
        assert sequencer.snapshot(snapshot(100)) is Verdict.LOADED
        assert sequencer.buffered() == ()
        assert sequencer.old == 1
        assert sequencer.delta(event) is verdict


def test_the_event_that_showed_the_gap_is_the_first_held_one() -> None:
    """The resync needs no event again: the one that broke the chain waits for the snapshot."""
    sequencer = live(CONTIGUOUS)
    gap, following = delta(105, 107), delta(108, 109)
    assert sequencer.delta(gap) is Verdict.GAP
    assert sequencer.delta(following) is Verdict.HELD
    assert sequencer.state is State.DARK
    assert sequencer.snapshot(snapshot(103)) is Verdict.TOO_OLD
    assert sequencer.snapshot(snapshot(106)) is Verdict.LOADED
    assert sequencer.buffered() == (gap, following)
    assert (sequencer.gaps, sequencer.resyncs, sequencer.last_id) == (1, 1, 109)


def test_a_break_inside_the_buffer_begins_it_anew() -> None:
    """What is held has no gap either: a snapshot before the break is refused."""
    sequencer = Sequencer(CONTIGUOUS)
    sequencer.delta(delta(1, 5))
    assert sequencer.delta(delta(8, 9)) is Verdict.HELD
    assert (sequencer.gaps, sequencer.buffer_dropped) == (1, 1)
    assert sequencer.snapshot(snapshot(3)) is Verdict.TOO_OLD
    assert sequencer.snapshot(snapshot(7)) is Verdict.LOADED
    assert sequencer.buffered() == (delta(8, 9),)


def test_a_snapshot_not_newer_than_a_live_book_is_ignored() -> None:
    """The book is never turned back; a newer snapshot replaces it."""
    sequencer = live(CONTIGUOUS, 100)
    assert sequencer.snapshot(snapshot(99)) is Verdict.IGNORED
    assert sequencer.snapshot(snapshot(100)) is Verdict.IGNORED
    assert sequencer.snapshots_refused == 2
    assert sequencer.snapshot(snapshot(105)) is Verdict.LOADED
    assert sequencer.delta(delta(104, 105)) is Verdict.OLD
    assert sequencer.delta(delta(106, 107)) is Verdict.APPLY
    assert sequencer.resyncs == 1


@pytest.mark.parametrize("reason", [DarkReason.DECODE, DarkReason.CROSSED, DarkReason.DISCONNECTED])
def test_after_a_loss_no_snapshot_from_before_it_counts(reason: DarkReason) -> None:
    """A quiet symbol would stay on an old book for ever: ids once seen are not unseen."""
    sequencer = live(CONTIGUOUS, 100)
    sequencer.delta(delta(101, 110))
    sequencer.lost(reason)
    assert sequencer.state is State.DARK
    assert sequencer.delta(delta(101, 110)) is Verdict.OLD
    assert sequencer.snapshot(snapshot(105)) is Verdict.TOO_OLD
    assert sequencer.snapshot(snapshot(110)) is Verdict.LOADED


def test_events_held_and_given_up_count_as_seen() -> None:
    """A cut while waiting drops what was held; a snapshot from before it is still too old."""
    sequencer = Sequencer(CONTIGUOUS)
    sequencer.delta(delta(1, 10))
    sequencer.lost(DarkReason.DISCONNECTED)
    assert sequencer.buffer_dropped == 1
    assert sequencer.snapshot(snapshot(5)) is Verdict.TOO_OLD
    assert sequencer.snapshot(snapshot(12)) is Verdict.LOADED


def test_a_full_buffer_is_dropped_counted_and_asked_for_again() -> None:
    """The limit holds for ever, and a snapshot older than what was dropped is refused."""
    sequencer = Sequencer(CONTIGUOUS, buffer_limit=3)
    verdicts = [sequencer.delta(delta(number, number)) for number in range(1, 8)]
    assert verdicts.count(Verdict.OVERFLOWED) == 2
    assert verdicts[3] is verdicts[6] is Verdict.OVERFLOWED
    assert sequencer.buffer_dropped == 6
    assert sequencer.snapshot(snapshot(3)) is Verdict.TOO_OLD
    assert sequencer.snapshot(snapshot(6)) is Verdict.LOADED
    assert sequencer.buffered() == (delta(7, 7),)


def test_a_new_life_begins_empty_and_refuses_what_is_of_the_old_one() -> None:
    """After a reset neither events nor snapshots of an earlier epoch count."""
    sequencer = live(CONTIGUOUS, 100)
    sequencer.reset(1)
    assert (sequencer.state, sequencer.last_id) == (State.EMPTY, 0)
    assert sequencer.delta(delta(101, 102, epoch=0)) is Verdict.OLD
    assert sequencer.snapshot(snapshot(102, epoch=0)) is Verdict.TOO_OLD
    assert sequencer.state is State.EMPTY
    assert sequencer.delta(delta(5, 6, epoch=1)) is Verdict.HELD
    assert sequencer.snapshot(snapshot(5, epoch=1)) is Verdict.LOADED


def test_buffered_events_are_handed_out_once() -> None:
    """Applying them twice would be harmless for levels, not for counters."""
    sequencer = Sequencer(CONTIGUOUS)
    sequencer.delta(delta(1, 5))
    sequencer.snapshot(snapshot(3))
    assert len(sequencer.buffered()) == 1
    assert sequencer.buffered() == ()


def test_the_short_cut_is_what_the_table_says() -> None:
    """Live and next is the one pair that delta() answers without looking it up."""
    assert TABLE[State.LIVE, Event.DELTA_NEXT] == (State.LIVE, Action.APPLY)
    assert {state for state, _ in TABLE} == set(State)
    assert {event for _, event in TABLE} == set(Event)
    fits = {after for (_, event), (after, _) in TABLE.items() if event is Event.SNAPSHOT_FITS}
    assert fits == {State.LIVE}


def test_the_drawing_in_the_documents_is_the_table() -> None:
    """docs/book_states.md is generated: `python -m exchanges.sequencing > docs/book_states.md`."""
    page = Path(__file__).parents[2] / "docs" / "book_states.md"
    assert page.read_text(encoding="utf-8") == book_states()
