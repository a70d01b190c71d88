"""What may still be traded while a part is down."""

from __future__ import annotations

import pytest

from markets.fault_scope import FaultScope, Permission, permitted

VENUE = "engine/venues/mexc"
BOOK = f"{VENUE}/books/BTC-USDT"
OTHER = "engine/venues/mexc_futures"
ALL, NOTHING = Permission(), Permission(False, False, False)
DARK, REDUCE = Permission(False, False, True), Permission(False, True, True)


@pytest.mark.parametrize(
    ("path", "scope", "wanted"),
    [
        (BOOK, FaultScope.BOOK, DARK),
        (f"{VENUE}/books/ETH-USDT", FaultScope.BOOK, ALL),
        (VENUE, FaultScope.VENUE, DARK),
        (OTHER, FaultScope.VENUE, ALL),
        (f"{VENUE}/private", FaultScope.PRIVATE, REDUCE),
        (f"{OTHER}/private", FaultScope.PRIVATE, ALL),
        (f"{VENUE}/snapshots", FaultScope.CLOCK, NOTHING),
        (f"{OTHER}/snapshots", FaultScope.CLOCK, ALL),
        ("engine/journal", FaultScope.JOURNAL, REDUCE),
        (f"{VENUE}/connections/0", FaultScope.CONNECTION, ALL),
    ],
)
def test_each_scope_reaches_as_far_as_it_says(
    path: str, scope: FaultScope, wanted: Permission
) -> None:
    """A neighbour's trouble, even of a venue whose name begins alike, changes nothing."""
    assert permitted([(path, scope.value)], VENUE, BOOK) == wanted


def test_the_stricter_scope_holds() -> None:
    """Several scopes together forbid what any of them forbids; none forbids nothing."""
    both = [("engine/journal", "nothing new anywhere"), (BOOK, FaultScope.BOOK.value)]
    assert permitted(both, VENUE, BOOK) == DARK
    assert permitted([], VENUE, BOOK) == ALL
