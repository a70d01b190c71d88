"""Pairs of one replay: every two instruments of different venues with one base asset or ticker.

All quotes of one time are applied, then each pair they touch is evaluated once; `flush` does that
and must be called before anything of a later time changes a book.  Episodes count gross edges of
all pairs; opportunities are followed only where the two may trade against each other, net of
fees, with the depth of both books at their peak.  A replay has no price band: it tells what was.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from msgspec import Struct, field

from actors.recordings.lives import LifeLine, Lived
from markets.arbitrage import BPS, Crossing, leg_of
from markets.assets import AssetRegistry
from markets.comparable import why_not_comparable
from markets.episodes import PairEpisodes
from messages.instruments import SymbolInfo
from messages.market import Levels

DEPTH_LEVELS: Final = 20
"""Levels a side an opportunity's amount is taken from, as many as a live `BookTop` carries."""

MAX_PAIRS: Final = 20_000
"""Most ordered pairs of one replay: 100 venues with one asset, or 10,000 assets at two."""

DEFAULT_THRESHOLDS: Final = ("0", "1", "2", "5", "10", "20")

Depth = Callable[[int], tuple[Levels, Levels]]


class PairSettings(Struct, frozen=True):
    """How pairs are evaluated: thresholds in bps as typed, age limit, taker fees, known assets."""

    thresholds: tuple[str, ...] = DEFAULT_THRESHOLDS
    max_age_ms: float | None = None
    fees_bps: Mapping[str, float] = field(default_factory=dict)
    assets: AssetRegistry = field(default_factory=AssetRegistry)

    @property
    def max_age_ns(self) -> int | None:
        """The age limit in whole nanoseconds."""
        return None if self.max_age_ms is None else round(self.max_age_ms * 1_000_000)


class Leg:
    """The present quote of one instrument, as far as pairs are concerned."""

    __slots__ = (
        "amounts",
        "ask",
        "at_ns",
        "bid",
        "depth",
        "from_book",
        "info",
        "pairs",
        "sequence",
    )

    def __init__(self, info: SymbolInfo, from_book: bool) -> None:
        self.info = info
        self.from_book = from_book
        self.at_ns = -1
        """Recorder's time of the last quote, -1 before the first."""
        self.bid = self.ask = 0.0
        """Best prices; 0 while there is no quote."""
        self.amounts = (0.0, 0.0)
        self.sequence = 0
        self.depth: Depth | None = None
        """Where the levels of a book can be had; None for mere quotes."""
        self.pairs: list[Pair] = []

    def top(self) -> tuple[Levels, Levels] | None:
        """The levels to take an opportunity's amount from; None where no amounts are known."""
        if self.depth is not None and self.from_book:
            return self.depth(DEPTH_LEVELS)
        bid_amount, ask_amount = self.amounts
        if bid_amount <= 0.0 or ask_amount <= 0.0:
            return None
        return ((self.bid, bid_amount),), ((self.ask, ask_amount),)


class Pair:
    """Buying at one instrument and selling at the other."""

    def __init__(self, buy: Leg, sell: Leg, settings: PairSettings) -> None:
        self.buy, self.sell = buy, sell
        thresholds = [float(text) for text in settings.thresholds]
        self.episodes = PairEpisodes(thresholds, settings.max_age_ns)
        self.reason = why_not_comparable(buy.info, sell.info, settings.assets)
        self.lives: LifeLine | None = None
        if self.reason is None:
            fees = settings.fees_bps
            bought, sold = (
                leg_of(leg.info, fees.get(leg.info.venue, 0.0) / BPS) for leg in (buy, sell)
            )
            crossing = Crossing(bought, sold)
            self.lives = LifeLine(crossing, buy, sell, settings.max_age_ns)

    def quoted(self, leg: Leg, at_ns: int) -> None:
        """One of the two legs has a new quote, or none any more."""
        if leg is self.buy:
            if leg.ask > 0.0:
                self.episodes.buy_quote(at_ns, leg.ask)
            else:
                self.episodes.withdraw_buy(at_ns)
        elif leg.bid > 0.0:
            self.episodes.sell_quote(at_ns, leg.bid)
        else:
            self.episodes.withdraw_sell(at_ns)


class Pairs:
    """All pairs of one replay."""

    def __init__(self, settings: PairSettings) -> None:
        self.settings = settings
        self.now_ns = -1
        """The time of the quotes not evaluated yet."""
        self.dirty: dict[Leg, None] = {}
        """The legs that quoted at `now_ns`, in the order they did."""
        self.all: list[Pair] = []
        self._legs: dict[str, list[Leg]] = {}

    def add(self, info: SymbolInfo, from_book: bool) -> Leg:
        """Take up an instrument and pair it with those of other venues with its base asset."""
        leg = Leg(info, from_book)
        others = self._legs.setdefault(self.settings.assets.base_key(info), [])
        for other in others:
            if other.info.venue == info.venue or len(self.all) + 2 > MAX_PAIRS:
                continue
            for pair in (Pair(leg, other, self.settings), Pair(other, leg, self.settings)):
                self.all.append(pair)
                leg.pairs.append(pair)
                other.pairs.append(pair)
                if other.bid > 0.0:
                    # What it quoted before there was somebody to compare with.
                    pair.quoted(other, other.at_ns)
        others.append(leg)
        return leg

    def quote(self, leg: Leg, at_ns: int, bid: float, ask: float, sequence: int) -> None:
        """Set the best prices of an instrument at this time."""
        if at_ns > self.now_ns:
            self.now_ns = at_ns
        # Where a recorder's clock stepped back, time stands still until it has caught up.
        leg.at_ns = self.now_ns
        leg.bid, leg.ask, leg.sequence = bid, ask, sequence
        if leg.pairs:
            self.dirty[leg] = None

    def withdraw(self, leg: Leg, at_ns: int) -> None:
        """Take the quote of an instrument back: its book is dark."""
        if leg.bid <= 0.0:
            return
        if at_ns > self.now_ns:
            self.now_ns = at_ns
        leg.bid = leg.ask = 0.0
        if leg.pairs:
            self.dirty[leg] = None

    def flush(self) -> None:
        """Evaluate every pair whose quotes changed at `now_ns`."""
        if not self.dirty:
            return
        at_ns = self.now_ns
        followed: dict[LifeLine, None] = {}
        for leg in self.dirty:
            for pair in leg.pairs:
                pair.quoted(leg, at_ns)
                if pair.lives is not None:
                    followed[pair.lives] = None
        for lives in followed:
            lives.evaluate(at_ns)
        self.dirty.clear()

    def finish(self) -> list[Lived]:
        """Evaluate what is left and return every opportunity, in order of its opening."""
        self.flush()
        found = [lived for pair in self.all if pair.lives for lived in pair.lives.finish()]
        return sorted(found, key=_by_opening)


def _by_opening(lived: Lived) -> tuple[int, str, str, str, str]:
    buy, sell = lived.buy, lived.sell
    return lived.life.opened_ns, buy.venue, buy.symbol, sell.venue, sell.symbol
