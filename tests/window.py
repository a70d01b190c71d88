"""What a stream that serves the best levels of a side tells, and what its books must hold."""

from __future__ import annotations

from hypothesis import strategies as st

from messages.market import Levels

Bids = dict[float, float]

PRICES = st.integers(1, 8).map(float)

BIDS: st.SearchStrategy[Bids] = st.dictionaries(PRICES, st.sampled_from([1.0, 2.0]), min_size=1)
CHANGES: st.SearchStrategy[list[Bids]] = st.lists(
    st.dictionaries(PRICES, st.sampled_from([0.0, 3.0]), min_size=1, max_size=5),
    min_size=3,
    max_size=15,
)
"""What happens to the venue's whole side, event by event; 0 deletes."""


def changed(bids: Bids, changes: Bids) -> Bids:
    """The venue's whole side after an event."""
    return {price: amount for price, amount in {**bids, **changes}.items() if amount}


def best(bids: Bids, count: int) -> Levels:
    """The best bids, best first."""
    return tuple(sorted(bids.items(), reverse=True)[:count])


def told(window: int, before: Bids, after: Bids) -> Levels:
    """The event: changes within the window as it is now; of what left it not a word."""
    old, now = dict(best(before, window)), dict(best(after, window))
    end = min(now) if len(now) == window else 0.0
    return tuple(
        (price, now.get(price, 0.0))
        for price in sorted(old.keys() | now.keys(), reverse=True)
        if price >= end and old.get(price) != now.get(price)
    )
