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


class Tally:
    """Running counts at one instant; `above` is how many thresholds the edge exceeds.

    Numbers lie in arrays: as objects each takes memory from the first episode on, and a detector
    has a hundred thousand of them whose first episode comes in hours.  An array is never changed,
    `move` makes new ones: so copies, one for every quote, share what few quotes change.
    """

    __slots__ = (
        "above", "counts", "evaluations", "max_at_ns", "max_gross", "opened_ns", "total_ns",
    )  # fmt: skip

    def __init__(self, thresholds: int) -> None:
        self.evaluations = 0
        self.max_gross = -inf
        self.max_at_ns = 0
        self.above = 0
        self.counts = array("q", bytes(8 * thresholds))
        self.total_ns = self.counts[:]
        self.opened_ns = self.counts[:]

    def copy(self) -> Tally:
        """Return a twin that stays as it is while this one goes on."""
        twin = Tally.__new__(Tally)
        twin.evaluations, twin.above = self.evaluations, self.above
        twin.max_gross, twin.max_at_ns = self.max_gross, self.max_at_ns
        twin.counts, twin.total_ns, twin.opened_ns = self.counts, self.total_ns, self.opened_ns
        return twin

    def move(self, above: int, at_ns: int) -> None:
        """Open or close episodes so that exactly the first `above` are open."""
        if above > self.above:
            self.counts, self.opened_ns = self.counts[:], self.opened_ns[:]
            for index in range(self.above, above):
                self.counts[index] += 1
                self.opened_ns[index] = at_ns
        elif above < self.above:
            self.total_ns = self.total_ns[:]
            for index in range(above, self.above):
                self.total_ns[index] += at_ns - self.opened_ns[index]
        self.above = above


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
        self._tally = Tally(len(self._bars))
        self._proven = self._tally.copy()
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
        tally, end_ns = self._proven, self._proven_ns
        totals = tally.total_ns[:]
        for index in range(tally.above):
            totals[index] += (end_ns or 0) - tally.opened_ns[index]
        by_threshold = {
            bps: (tally.counts[index], totals[index]) for index, bps in enumerate(self._ascending)
        }
        seen = tally.evaluations > 0
        start_ns = self._start_ns
        return PairStatistics(
            window_ns=None if end_ns is None or start_ns is None else (start_ns, end_ns),
            evaluations=tally.evaluations,
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
        if self._ask_ns is None or self._bid_ns is None:
            return
        if self._start_ns is None:
            self._start_ns = at_ns
        end_ns = min(self._ask_ns, self._bid_ns)
        if at_ns not in (self._ask_ns, self._bid_ns):
            if self._kept is None:
                self._kept = self._tally.copy()
        elif self._start_ns <= end_ns < at_ns and end_ns != self._proven_ns:
            # The side that was behind has caught up: all up to the other's last quote is proven.
            self._proven, self._proven_ns = self._kept or self._tally.copy(), end_ns
            self._kept = None
        else:
            self._kept = None
        self._expire(at_ns)
        self._done_ask_ns, self._done_bid_ns = self._ask_ns, self._bid_ns
        self._evaluate(at_ns)
        if end_ns == at_ns:
            self._proven, self._proven_ns = self._tally.copy(), at_ns

    def _evaluate(self, at_ns: int) -> None:
        tally = self._tally
        if self._ask <= 0.0 or self._bid <= 0.0:
            tally.move(0, at_ns)
            return
        if self._max_age_ns is not None and self._oldest(at_ns) + self._max_age_ns < at_ns:
            return
        gross = gross_bps(self._bid, self._ask)
        tally.evaluations += 1
        if gross > tally.max_gross:
            tally.max_gross, tally.max_at_ns = gross, at_ns
        above = bisect_left(self._bars, gross)
        if above != tally.above:
            tally.move(above, at_ns)

    def _expire(self, at_ns: int) -> None:
        """Close episodes at the instant since which one of the quotes was too old."""
        if self._max_age_ns is not None and self._tally.above:
            expiry_ns = self._oldest(at_ns) + self._max_age_ns
            if expiry_ns < at_ns:
                self._tally.move(0, expiry_ns)

    def _oldest(self, at_ns: int) -> int:
        """The time of the older of the last quotes that were evaluated."""
        if self._done_ask_ns is None or self._done_bid_ns is None:
            return at_ns
        return min(self._done_ask_ns, self._done_bid_ns)
