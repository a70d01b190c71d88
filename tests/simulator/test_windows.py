"""Streams of a fixed depth, and books read as they were."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from simulator.book import Book, BookState, Engine
from simulator.feeds import Feed
from simulator.topics import Kind, StreamName, Topic


def book(seed: int, levels: int = 30) -> Book:
    """A small lively book."""
    return Book(
        seed=str(seed),
        engine=Engine(100, 1),
        levels=levels,
        lot_value=1.0,
        mid_ticks=1000,
        half_spread_ticks=1,
        spacing_ticks=2,
        changes=(2, 9),
    )


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(3, 25), st.lists(st.integers(1, 5), min_size=5))
def test_a_follower_that_trims_has_the_best_levels(
    seed: int, levels: int, pauses: list[int]
) -> None:
    """From any snapshot, also one between two events, changes within the window rebuild its top."""
    ours = book(seed)
    name = StreamName("x", "X", Kind.DIFF, 100, levels)
    feed = Feed(Topic(name), name, ours, 0)
    assert feed.diff is not None and feed.window is not None
    follower: tuple[dict[int, int], dict[int, int]] | None = None
    at_ms = 0
    for pause in pauses:
        for step in range(pause):
            at_ms += 50
            ours.step(1000 + (seed + at_ms) % 37, 1, at_ms)
            feed.window.note(ours)
            if follower is None and step == 0:
                follower = (dict(ours.bids.top(levels)), dict(ours.asks.top(levels)))
        assert feed.diff.first_id, "a step changes something"
        feed.window.cut(feed.diff, ours)
        assert follower is not None
        for side, changes, best_first in (
            (follower[0], feed.diff.bids, True),
            (follower[1], feed.diff.asks, False),
        ):
            side.update(changes)
            for tick in [tick for tick, lots in side.items() if not lots]:
                del side[tick]
            for tick in sorted(side, reverse=best_first)[levels:]:
                del side[tick]
        assert sorted(follower[0].items(), reverse=True) == ours.bids.top(levels)
        assert sorted(follower[1].items()) == ours.asks.top(levels)
        feed.diff.restart(ours.last_id)


@settings(max_examples=40)
@given(st.integers(0, 10**6), st.integers(1, 30))
def test_the_past_of_a_book_is_what_it_was(seed: int, steps: int) -> None:
    """Taking changes back gives the very books that were seen, as far as the journal goes."""
    ours = book(seed)
    ours.keep_journal(1000)
    seen: dict[int, BookState] = {}
    for step in range(1, steps + 1):
        ours.step(1000 + (seed + step) % 41, 1, step * 50)
        seen[step * 50] = ours.state(step * 50, 100)
    now_ms = steps * 50
    for at_ms, state in seen.items():
        if at_ms >= now_ms - 900:
            past = ours.state_at(at_ms + 49, 100)
            assert (past.last_id, past.bids, past.asks) == (state.last_id, state.bids, state.asks)
    assert all(change.at_ms >= now_ms - 1000 for change in ours.journal)
    ours.keep_journal(0)
    assert not ours.journal


def test_newcomers_wait_for_a_full_book() -> None:
    """Who comes later hears a full book first and no change before it; a rebase is for all."""

    class Ear:
        combined, spelling = False, 1

        def __init__(self) -> None:
            self.frames: list[bytes] = []

        def offer(self, frame: bytes) -> None:
            """Keep the payload."""
            self.frames.append(frame[2:])

    topic = Topic(StreamName("x", "X", Kind.IN_BAND, 100, 50))
    one, two = Ear(), Ear()
    topic.add(one)
    topic.publish(lambda spelling: b"early")
    topic.welcome(lambda spelling: b"full1")
    topic.add(two)
    topic.publish(lambda spelling: b"change1")
    topic.welcome(lambda spelling: b"full2")
    topic.rebase()
    topic.publish(lambda spelling: b"lost")
    topic.welcome(lambda spelling: b"full3")
    assert one.frames == [b"full1", b"change1", b"full3"]
    assert two.frames == [b"full2", b"full3"]
    topic.remove(one)
    topic.remove(two)
    assert not topic.heard
