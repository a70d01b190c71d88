"""Kinds that take a whole venue get their turn beside many faults of single books."""

from __future__ import annotations

import random

from arbtree.chaos.promises import PROMISED_FOR_S, PROMISES, Promises
from arbtree.chaos.recovery import books_below
from messages.faults import fault_kind

FEEDS = {
    f"engine/venues/{venue}/books/{asset}-USDT": f"engine/venues/{venue}/connections/{number}"
    for venue in ("binance", "gateio", "mexc")
    for number, asset in enumerate(("BTC", "ETH"))
}
PATHS = ["engine", *(f"engine/venues/{venue}" for venue in ("binance", "gateio", "mexc")),
         *FEEDS, *FEEDS.values()]  # fmt: skip
KINDS = [fault_kind(name) for name in ("gap", "cut", "ban", "clock_skew", "blocked_loop")]


def _promises(busy: frozenset[str] = frozenset()) -> Promises:
    """With the turn of the whole engine over."""
    promises = Promises(
        KINDS,
        lambda path: books_below(FEEDS, path),
        lambda book: book not in busy,
        random.Random(1),
    )
    assert [kind.name for kind in promises.renew(PATHS, 0.0)] == ["blocked_loop"]
    promises.struck("blocked_loop")
    return promises


def test_a_place_that_is_kept_is_left_alone_by_others() -> None:
    """Its books too, and by every kind but the one that it is kept for."""
    promises = _promises()
    kept = promises.renew(PATHS, 0.0)
    assert [kind.name for kind in kept] == ["cut", "ban"]
    assert len(kept) == PROMISES
    _, ban = kept
    venue = promises.place(ban)
    assert venue is not None
    (book, *_) = [one for one in FEEDS if one.startswith(f"{venue}/")]
    gap = fault_kind("gap")
    assert promises.place(gap) is None
    assert not promises.is_free(gap, book)
    assert promises.is_free(ban, book)
    assert not promises.is_free(fault_kind("blocked_loop"), "engine")
    assert promises.renew(PATHS, 1.0) == kept


def test_every_kind_has_one_turn() -> None:
    """Who needs the whole engine first; then nothing is kept any more."""
    promises = _promises()
    order: list[str] = []
    while kept := promises.renew(PATHS, float(len(order))):
        order.append(kept[0].name)
        promises.struck(order[-1])
    assert order == ["cut", "ban", "clock_skew"]
    assert all(promises.is_free(kind, path) for kind in KINDS for path in PATHS)


def test_the_place_with_the_most_idle_books_is_chosen() -> None:
    """And given up when it does not become idle in time."""
    books = frozenset(book for book in FEEDS if "/mexc/" not in book)
    promises = _promises(books)
    cut, ban = promises.renew(PATHS, 0.0)
    places = [promises.place(cut), promises.place(ban)]
    assert (places[0] or "").startswith("engine/venues/mexc/connections/")
    assert places[1] != "engine/venues/mexc"
    assert promises.renew(PATHS, PROMISED_FOR_S - 0.1) == [cut, ban]
    later = promises.renew(PATHS, PROMISED_FOR_S)
    assert [kind.name for kind in later] == ["clock_skew", "cut"]
    assert promises.place(later[0]) == "engine/venues/mexc"
