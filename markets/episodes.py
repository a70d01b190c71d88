"""How often and how long two prices crossed: statistics of one ordered pair.

Definition (the one of the published cross-venue results): the quotes of both venues are merged by
time; all quotes of one timestamp are applied, then the pair is evaluated once.  The window runs
from the later first quote to the earlier last quote, both ends included.  An episode at a
threshold opens when the gross edge exceeds it and closes when it does not, or with the window.

The window's end is known only when the input ends, so what is counted behind the earlier of the
two last quotes is provisional: the state at that quote is kept aside, and a result is built from
it.  With an age limit an edge lasts only while both quotes are young enough: an open episode ends
at the instant one of them is too old.
"""

from __future__ import annotations

from array import array
from bisect import bisect_left
from collections.abc import Sequence
from math import inf, isfinite

from msgspec import Struct

from markets.arbitrage import ROUNDING_BPS, gross_bps

NS_PER_MS = 1_000_000


class EpisodeCount(Struct, frozen=True):
    """Episodes above one threshold: how many, and how long altogether (to 3 decimals)."""

    threshold_bps: float
    count: int
    total_ms: float


class PairStatistics(Struct, frozen=True):
    """What happened between two quotes; all None and 0 where their windows do not overlap.

    `max_gross_bps` is rounded to 4 decimals, `max_at_ns` the first time of the greatest value.
    """

    window_ns: tuple[int, int] | None
    evaluations: int
    max_gross_bps: float | None
    max_at_ns: int | None
    episodes: tuple[EpisodeCount, ...]


class Tally(Struct, frozen=True, array_like=True, gc=False):
    """What was counted up to one instant; `above` is how many thresholds the edge exceeds.

    It is never changed, another follows it: all who keep one share it, and few quotes make one.
    The numbers of all thresholds lie packed in bytes: as objects each takes memory from its first
    episode on, and a detector has a hundred thousand of them whose first episode comes in hours.
    """

    counts: bytes
    total_ns: bytes
    opened_ns: bytes
    above: int = 0
    max_gross: float = -inf
    max_at_ns: int = 0

    def highest(self, gross: float, at_ns: int) -> Tally:
        """The same with a new maximum."""
        return Tally(self.counts, self.total_ns, self.opened_ns, self.above, gross, at_ns)

    def moved(self, above: int, at_ns: int) -> Tally:
        """The same with episodes opened or closed so that exactly the first `above` are open."""
        counts, total_ns, opened_ns = self.counts, self.total_ns, self.opened_ns
        if above > self.above:
            more, opened = unpacked(counts), unpacked(opened_ns)
            for index in range(self.above, above):
                more[index] += 1
                opened[index] = at_ns
            counts, opened_ns = more.tobytes(), opened.tobytes()
        elif above < self.above:
            totals, opened = unpacked(total_ns), unpacked(opened_ns)
            for index in range(above, self.above):
                totals[index] += at_ns - opened[index]
            total_ns = totals.tobytes()
        return Tally(counts, total_ns, opened_ns, above, self.max_gross, self.max_at_ns)


def unpacked(numbers: bytes) -> array[int]:
    """One number for each threshold."""
    return array("q", numbers)


class PairEpisodes:
    """Statistics of buying at one venue and selling at the other, quote by quote.

    Quotes must come in order of time; those without a positive price on both sides are no quotes
    and must not be passed in.

    Args:
        thresholds_bps: gross edges to count episodes above, in any order.
        max_age_ns: evaluate only while both last quotes are at most this old; None for ever.

    Raises:
        ValueError: a threshold is not finite, or the age limit is negative.
    """

    def __init__(self, thresholds_bps: Sequence[float], max_age_ns: int | None = None) -> None:
        if not all(map(isfinite, thresholds_bps)):
            raise ValueError("a threshold is not a finite number")
        if max_age_ns is not None and max_age_ns < 0:
            raise ValueError(f"an age limit of {max_age_ns} ns is negative")
        self._thresholds = tuple(thresholds_bps)
        self._ascending = sorted(set(thresholds_bps))
        self._bars = [bps + ROUNDING_BPS for bps in self._ascending]
        self._max_age_ns = max_age_ns
        zeros = bytes(8 * len(self._bars))
        self._tally = self._proven = Tally(zeros, zeros, zeros)
        self._evaluations = self._proven_evaluations = 0
        self._proven_ns: int | None = None
        self._start_ns: int | None = None
        self._pending_ns: int | None = None
        # Last quotes: of everything told, and (done) of everything evaluated.
        self._ask = self._bid = 0.0
        self._ask_ns: int | None = None
        self._bid_ns: int | None = None
        self._done_ask_ns: int | None = None
        self._done_bid_ns: int | None = None
        # The state at the last quote, kept when a withdrawal behind it changes the tally.
        self._kept: Tally | None = None
        self._kept_evaluations = 0

    def buy_quote(self, at_ns: int, ask: float) -> None:
        """The buying venue quoted this best ask; at one time the last call counts."""
        self._advance(at_ns)
        self._ask, self._ask_ns = ask, at_ns

    def sell_quote(self, at_ns: int, bid: float) -> None:
        """The selling venue quoted this best bid; at one time the last call counts."""
        self._advance(at_ns)
        self._bid, self._bid_ns = bid, at_ns

    def withdraw_buy(self, at_ns: int) -> None:
        """The buying venue's price is not known any more (its book went dark)."""
        self._advance(at_ns)
        self._ask = 0.0

    def withdraw_sell(self, at_ns: int) -> None:
        """The selling venue's price is not known any more (its book went dark)."""
        self._advance(at_ns)
        self._bid = 0.0

    def result(self) -> PairStatistics:
        """The statistics up to now; call it when the input has ended."""
        if self._pending_ns is not None:
            self._commit(self._pending_ns)
            self._pending_ns = None
        end_ns, seen = self._proven_ns, self._proven_evaluations > 0
        # Those still open end here.
        tally = self._proven.moved(0, end_ns or 0)
        counts, totals = unpacked(tally.counts), unpacked(tally.total_ns)
        by_threshold = dict(zip(self._ascending, zip(counts, totals, strict=True), strict=True))
        start_ns = self._start_ns
        return PairStatistics(
            window_ns=None if end_ns is None or start_ns is None else (start_ns, end_ns),
            evaluations=self._proven_evaluations,
            max_gross_bps=round(tally.max_gross, 4) if seen else None,
            max_at_ns=tally.max_at_ns if seen else None,
            episodes=tuple(
                EpisodeCount(bps, by_threshold[bps][0], round(by_threshold[bps][1] / NS_PER_MS, 3))
                for bps in self._thresholds
            ),
        )

    def _advance(self, at_ns: int) -> None:
        """Evaluate the time before, once its last quote is known to have come."""
        if self._pending_ns != at_ns:
            if self._pending_ns is not None:
                if at_ns < self._pending_ns:
                    raise ValueError(f"time {at_ns} comes after {self._pending_ns}")
                self._commit(self._pending_ns)
            self._pending_ns = at_ns

    def _commit(self, at_ns: int) -> None:
        """Evaluate the pair as it stands at this time, and move the proven end along."""
        ask_ns, bid_ns = self._ask_ns, self._bid_ns
        if ask_ns is None or bid_ns is None:
            return
        if self._start_ns is None:
            self._start_ns = at_ns
        end_ns = ask_ns if ask_ns < bid_ns else bid_ns
        if at_ns not in (ask_ns, bid_ns):
            if self._kept is None:
                self._kept, self._kept_evaluations = self._tally, self._evaluations
        else:
            if self._start_ns <= end_ns < at_ns and end_ns != self._proven_ns:
                # The side behind has caught up: all up to the other's last quote is proven.
                if self._kept is None:
                    self._prove(end_ns, self._tally, self._evaluations)
                else:
                    self._prove(end_ns, self._kept, self._kept_evaluations)
            self._kept = None
        if self._max_age_ns is not None:
            self._expire(at_ns, self._max_age_ns)
        self._done_ask_ns, self._done_bid_ns = ask_ns, bid_ns
        self._evaluate(at_ns)
        if end_ns == at_ns:
            self._prove(at_ns, self._tally, self._evaluations)

    def _prove(self, end_ns: int, tally: Tally, evaluations: int) -> None:
        """The window reaches at least so far, and this is what was counted in it."""
        self._proven_ns, self._proven, self._proven_evaluations = end_ns, tally, evaluations

    def _evaluate(self, at_ns: int) -> None:
        tally = self._tally
        if self._ask <= 0.0 or self._bid <= 0.0:
            if tally.above:
                self._tally = tally.moved(0, at_ns)
            return
        if self._max_age_ns is not None and self._oldest(at_ns) + self._max_age_ns < at_ns:
            return
        gross = gross_bps(self._bid, self._ask)
        self._evaluations += 1
        if gross > tally.max_gross:
            self._tally = tally = tally.highest(gross, at_ns)
        above = bisect_left(self._bars, gross)
        if above != tally.above:
            self._tally = tally.moved(above, at_ns)

    def _expire(self, at_ns: int, max_age_ns: int) -> None:
        """Close episodes at the instant since which one of the quotes was too old."""
        if self._tally.above:
            expiry_ns = self._oldest(at_ns) + max_age_ns
            if expiry_ns < at_ns:
                self._tally = self._tally.moved(0, expiry_ns)

    def _oldest(self, at_ns: int) -> int:
        """The time of the older of the last quotes that were evaluated."""
        if self._done_ask_ns is None or self._done_bid_ns is None:
            return at_ns
        return min(self._done_ask_ns, self._done_bid_ns)
