"""Subscriptions: bounded, filtered, counted, and never a burden to who publishes."""

from __future__ import annotations

from dataclasses import dataclass

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st

from actors.outlet import Outlet, Subscription


@dataclass
class Priced:
    """A fact with a symbol."""

    symbol: str


@given(
    limit=st.integers(1, 8),
    steps=st.lists(st.sampled_from(["put", "take"]), max_size=60),
)
def test_nothing_is_lost_uncounted(limit: int, steps: list[str]) -> None:
    """Accepted = taken + lost + waiting, and what is taken is in order, the latest kept."""
    queue, taken, count = Subscription(limit), [], 0
    for step in steps:
        if step == "put":
            queue.put(count)
            count += 1
            assert len(queue) <= limit
        else:
            taken += queue.take_nowait()
        assert queue.accepted == count == len(taken) + queue.lost + len(queue)
    rest = queue.take_nowait()
    assert [*taken, *rest] == sorted([*taken, *rest], key=lambda fact: int(str(fact)))
    if count:
        assert [*taken, *rest][-1] == count - 1


def test_types_and_symbols_filter() -> None:
    """A queue takes only what it was opened for; what names no symbol passes that filter."""
    outlet = Outlet()
    everything = outlet.subscribe()
    some = outlet.subscribe(types=(Priced, int), symbols=frozenset({"A"}))
    for fact in (Priced("A"), Priced("B"), 7, "text"):
        outlet.publish(fact)
    assert everything.take_nowait() == [Priced("A"), Priced("B"), 7, "text"]
    assert some.take_nowait() == [Priced("A"), 7]
    assert some.accepted == 2
    assert outlet.published == 4


async def test_a_closed_queue_gives_what_waits_and_ends() -> None:
    """Closing lets nothing more in; a reader takes the rest and hears of the end."""
    outlet = Outlet(subscriptions=1)
    queue = outlet.subscribe()
    full = [outlet.full]
    outlet.publish(1)
    outlet.unsubscribe(queue)
    outlet.unsubscribe(queue)
    outlet.publish(2)
    full.append(outlet.full)
    assert full == [True, False]
    assert not outlet.holds(queue)
    assert await queue.take() == [1]
    with pytest.raises(trio.EndOfChannel):
        await queue.take_one()
    assert queue.take_nowait() == []
