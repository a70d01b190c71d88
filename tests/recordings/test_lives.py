"""The opportunities of one pair: openings, peaks, ends, and what is only provisional."""

from __future__ import annotations

from decimal import Decimal

import pytest

from actors.recordings.lives import Lived
from actors.recordings.pairs import Leg, Pairs, PairSettings
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo


def info(venue: str, **more: object) -> SymbolInfo:
    """A spot symbol of a venue."""
    facts: dict[str, object] = {
        "venue": venue,
        "symbol": "BTC/USDT",
        "native": "AB",
        "base": "BTC",
        "quote": "USDT",
        "kind": ContractKind.SPOT,
        **more,
    }
    return SymbolInfo(**facts)  # type: ignore[arg-type]  # the members are checked when it is made


class Market:
    """Two venues, x and y; x is bought at and y sold at, unless prices say otherwise."""

    def __init__(self, settings: PairSettings | None = None, **more: object) -> None:
        self.pairs = Pairs(settings or PairSettings())
        self.x = self.pairs.add(info("x", **more), from_book=False)
        self.y = self.pairs.add(info("y"), from_book=False)

    def quote(self, leg: Leg, at_ns: int, bid: float, ask: float, amount: float = 1.0) -> None:
        """Quote with the same amount on both sides."""
        if at_ns > self.pairs.now_ns:
            self.pairs.flush()
        leg.amounts = (amount, amount)
        self.pairs.quote(leg, at_ns, bid, ask, at_ns)

    def lives(self) -> list[tuple[int, int, int, float]]:
        """Opened, peak, closed and gross edge of every opportunity."""
        return [
            (
                each.life.opened_ns,
                each.life.peak_ns,
                each.closed_ns,
                round(each.life.edge.gross_bps, 3),
            )
            for each in self.ended()
        ]

    def ended(self) -> list[Lived]:
        """Every opportunity."""
        return self.pairs.finish()


def test_an_opportunity_opens_peaks_and_closes() -> None:
    """The evidence is that of the peak."""
    market = Market()
    for at_ns, bid in ((10, 99.0), (20, 101.0), (30, 103.0), (40, 102.0), (50, 99.0), (60, 98.0)):
        market.quote(market.x, at_ns, 99.0, 100.0, 7.0)
        market.quote(market.y, at_ns, bid, 200.0, 2.0)
    (lived,) = market.ended()
    assert (lived.buy.venue, lived.sell.venue) == ("x", "y")
    assert (lived.life.opened_ns, lived.life.peak_ns, lived.closed_ns) == (20, 30, 50)
    assert lived.life.edge.gross_bps == pytest.approx(300.0)
    assert lived.life.edge.amount == 2.0
    assert lived.life.evidence.sell_sequence == 30


def test_all_quotes_of_one_time_count_as_one() -> None:
    """A crossing that exists only between two quotes of one instant is none."""
    market = Market()
    market.quote(market.x, 10, 99.0, 100.0)
    market.quote(market.y, 10, 99.0, 200.0)
    market.quote(market.y, 20, 105.0, 200.0)
    market.quote(market.x, 20, 105.0, 106.0)
    assert market.lives() == []


def test_what_the_silent_side_never_confirmed_does_not_count() -> None:
    """Behind the earlier last quote openings are dropped and peaks fall back."""
    market = Market()
    market.quote(market.x, 10, 99.0, 100.0)
    market.quote(market.y, 10, 101.0, 200.0)
    market.quote(market.y, 20, 102.0, 200.0)
    market.quote(market.x, 30, 99.0, 100.0)
    market.quote(market.y, 40, 110.0, 200.0)
    market.quote(market.y, 50, 90.0, 200.0)
    market.quote(market.y, 60, 120.0, 200.0)
    assert market.lives() == [(10, 20, 30, 200.0)]


def test_a_peak_is_confirmed_when_the_other_side_quotes_again() -> None:
    """The same prices, and then both have spoken."""
    market = Market()
    market.quote(market.x, 10, 99.0, 100.0)
    market.quote(market.y, 10, 101.0, 200.0)
    market.quote(market.y, 40, 110.0, 200.0)
    market.quote(market.x, 50, 99.0, 100.0)
    assert market.lives() == [(10, 40, 40, 1000.0)]
    again = Market()
    again.quote(again.x, 10, 99.0, 100.0)
    again.quote(again.y, 10, 101.0, 200.0)
    again.quote(again.y, 40, 110.0, 200.0)
    again.quote(again.x, 50, 99.0, 100.0)
    again.quote(again.y, 50, 109.0, 200.0)
    assert again.lives() == [(10, 40, 50, 1000.0)]


def test_a_dark_side_ends_it() -> None:
    """A quote taken back closes what was open; it may open again."""
    market = Market()
    market.quote(market.x, 10, 99.0, 100.0)
    market.quote(market.y, 10, 101.0, 200.0)
    market.pairs.flush()
    market.pairs.withdraw(market.y, 20)
    market.quote(market.y, 30, 101.0, 200.0)
    market.quote(market.x, 40, 99.0, 100.0)
    market.quote(market.y, 40, 101.0, 200.0)
    assert [(opened, closed) for opened, _, closed, _ in market.lives()] == [(10, 20), (30, 40)]


def test_age_ends_it_at_the_instant_it_is_reached() -> None:
    """Not at the message that shows it, and nothing opens on an old quote."""
    market = Market(PairSettings(max_age_ms=10e-6))
    market.quote(market.x, 100, 99.0, 100.0)
    market.quote(market.y, 100, 101.0, 200.0)
    market.quote(market.y, 105, 101.0, 200.0)
    market.quote(market.y, 115, 101.0, 200.0)
    market.quote(market.x, 130, 99.0, 100.0)
    market.quote(market.y, 131, 101.0, 200.0)
    market.quote(market.x, 132, 99.0, 100.0)
    market.quote(market.y, 132, 101.0, 200.0)
    assert [(opened, closed) for opened, _, closed, _ in market.lives()] == [(100, 110), (131, 132)]


def test_filters_of_symbol_information_count() -> None:
    """Less than a lot is no opportunity; it is one from the quote that has enough."""
    market = Market(lot=Decimal("5"))
    market.quote(market.x, 10, 99.0, 100.0, 9.0)
    market.quote(market.y, 10, 101.0, 200.0, 4.0)
    market.quote(market.x, 20, 99.0, 100.0, 9.0)
    market.quote(market.y, 20, 101.0, 200.0, 6.0)
    (lived,) = market.ended()
    assert (lived.life.opened_ns, lived.life.edge.amount) == (20, 5.0)


def test_both_directions_are_followed_in_order_of_opening() -> None:
    """Equal times are ordered by name."""
    market = Market()
    market.quote(market.x, 10, 99.0, 100.0)
    market.quote(market.y, 10, 101.0, 102.0)
    market.quote(market.x, 20, 105.0, 106.0)
    market.quote(market.y, 20, 101.0, 102.0)
    found = [(each.buy.venue, each.life.opened_ns) for each in market.ended()]
    assert found == [("x", 10), ("y", 20)]
