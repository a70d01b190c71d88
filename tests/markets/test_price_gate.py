"""The gate every price passes: another life, old proof and other types never get through."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from markets.freshness import Ages, Freshness, FreshnessLimits
from markets.price_gate import PriceGate
from messages.books import BookDark, BookTop, DarkReason
from messages.market import BestQuote, BookDelta, BookSnapshot, PartialBook

MS = 1_000_000
NOW_NS = 10_000_000 * MS
WALL_NS = 1_700_000_000_000 * MS
LIMITS = FreshnessLimits(proof_to_trade_ms=1_000.0, proof_hard_ms=5_000.0)
LEVELS = ((100.0, 1.0),)


def top(epoch: int = 1, age_ms: int = 0) -> BookTop:
    """A top that was received so long ago."""
    received_ns = NOW_NS - age_ms * MS
    venue_ms = WALL_NS // MS - age_ms
    return BookTop(
        "a", "BTC/USDT", "engine/a", epoch, 7, LEVELS, LEVELS, venue_ms, received_ns,
        received_ns, received_ns,
    )  # fmt: skip


def judged(what: Any, epoch: int = 1, proof_age_ms: int = 0) -> Ages | Freshness:
    """Ask the gate."""
    proven_ns = NOW_NS - proof_age_ms * MS
    gate = PriceGate(LIMITS)
    return gate.judge(what, epoch=epoch, proven_ns=proven_ns, now_ns=NOW_NS, wall_ns=WALL_NS)


def test_a_proven_top_passes_with_its_ages() -> None:
    """What was checked is what becomes evidence."""
    assert judged(top(age_ms=300), proof_age_ms=200) == Ages(200.0, 300.0, 0.0)


@given(st.integers(-1, 5), st.integers(-1, 5), st.integers(0, 20_000), st.integers(0, 20_000))
def test_only_the_present_life_and_a_young_proof_pass(
    epoch: int, present: int, proof_age_ms: int, age_ms: int
) -> None:
    """Whatever else is true of it."""
    found = judged(top(epoch, age_ms), present, proof_age_ms)
    if epoch != present or proof_age_ms > 5_000:
        assert found is Freshness.DARK
    elif proof_age_ms > 1_000:
        assert found is Freshness.OLD_PROOF
    else:
        assert isinstance(found, Ages)


NO_TOPS = [
    BookSnapshot("a", "BTC/USDT", 1, 7, 0, NOW_NS, LEVELS, LEVELS),
    PartialBook("a", "BTC/USDT", 1, 7, 0, NOW_NS, LEVELS, LEVELS),
    BookDelta("a", "BTC/USDT", 1, 7, 7, 6, 0, NOW_NS, LEVELS, LEVELS),
    BestQuote("a", "BTC/USDT", 1, 7, 0, NOW_NS, 99.0, 1.0, 100.0, 1.0),
    BookDark("a", "BTC/USDT", 1, DarkReason.GAP, NOW_NS),
    {"epoch": 1, "received_ns": NOW_NS, "venue_ms": 0},
    None,
]


@pytest.mark.parametrize("what", NO_TOPS, ids=lambda what: type(what).__name__)
def test_whatever_is_no_top_is_refused_by_its_type(what: object) -> None:
    """A REST answer or a dark book cannot pass, however young and of whatever life it is."""
    with pytest.raises(TypeError, match="only a live book's top has a price"):
        judged(what)


def test_not_even_a_look_alike_passes() -> None:
    """A class of ours that has every member of a top is no top either."""

    class Stored(BookTop, frozen=True):
        """A top out of a drawer."""

    real = top()
    fake = Stored(*(getattr(real, name) for name in BookTop.__struct_fields__))
    with pytest.raises(TypeError, match="not a Stored"):
        judged(fake)
