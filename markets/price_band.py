"""The price band: two symbols of one asset whose prices stay far apart are not one asset.

A registry can be wrong, a token can migrate at one venue first, a venue can stop withdrawals: then
an edge is no edge.  While the mids of two symbols differ by more than the band, nothing opens
between them; when they do for longer than a while, they are quarantined, and only mids that stay
inside the band for the release time, or the user, end that.

Only prices that are proven at that moment may be told.  Where a price is lost, the time it spent
outside or inside starts anew: what nobody saw counts for nothing.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable, Iterator

from msgspec import Struct

from messages.identifiers import Instrument

NS_PER_S = 1_000_000_000


class BandRules(Struct, frozen=True):
    """The width of the band and its times.

    Args:
        percent: greatest difference of two mids, in percent of the lower one; above 0.
        after_s: how long a greater one is borne before the quarantine, at least 0.
        release_after_s: how long mids must stay inside to end it, at least 0; None: never.

    Raises:
        ValueError: a figure is out of its range.
    """

    percent: float
    after_s: float
    release_after_s: float | None = None

    def __post_init__(self) -> None:
        if not (self.percent > 0.0 and self.after_s >= 0.0 and (self.release_after_s or 0.0) >= 0):
            raise ValueError("a price band needs a width above 0 and times of at least 0")


class BandState(enum.Enum):
    """What the mids of two symbols allow."""

    INSIDE = "inside"
    OUTSIDE = "outside"
    """Too far apart, not yet for long: nothing opens."""
    QUARANTINED = "quarantined"


class PriceBand:
    """Watches the mids of two symbols; times are monotonic nanoseconds.

    Args:
        rules: width and times.
    """

    __slots__ = ("_inside_ns", "_outside_ns", "_rules", "quarantines", "state", "widest_percent")

    def __init__(self, rules: BandRules) -> None:
        self._rules = rules
        self.state = BandState.INSIDE
        self.quarantines = 0
        self.widest_percent = 0.0
        """The greatest difference since the mids left the band."""
        self._outside_ns: int | None = None
        self._inside_ns: int | None = None

    @property
    def calm(self) -> bool:
        """Whether mids inside the band change nothing."""
        return self.state is BandState.INSIDE

    @property
    def reason(self) -> str:
        """Why nothing may open; empty when it may."""
        if self.state is BandState.INSIDE:
            return ""
        rules = self._rules
        text = f"mids were {self.widest_percent:.4g} % apart, more than {rules.percent:g} %"
        if self.state is BandState.QUARANTINED:
            text += f" for longer than {rules.after_s:g} s"
        return text

    def seen(self, at_ns: int, one: float, other: float) -> BandState:
        """Take two proven mids in, both above 0, and say what they allow from now on."""
        rules, apart = self._rules, difference_percent(one, other)
        if apart > rules.percent:
            self._inside_ns = None
            if self._outside_ns is None:
                self._outside_ns = at_ns
            self.widest_percent = max(apart, self.widest_percent)
            if self.state is BandState.INSIDE:
                self.state = BandState.OUTSIDE
        elif self._inside_ns is None:
            self._inside_ns = at_ns
        self.passed(at_ns)
        if apart <= rules.percent:
            self._outside_ns = None
            self._settle(at_ns)
        return self.state

    def passed(self, at_ns: int) -> None:
        """Let time pass: mids outside for longer than is borne become a quarantine."""
        if self.state is not BandState.OUTSIDE or self._outside_ns is None:
            return
        if at_ns - self._outside_ns > self._rules.after_s * NS_PER_S:
            self.state = BandState.QUARANTINED
            self.quarantines += 1

    def lost(self, at_ns: int) -> None:
        """A price is not proven any more: count the time until now, and none from now on."""
        self.passed(at_ns)
        if self.state is BandState.OUTSIDE:
            self._calm()
        self._outside_ns = self._inside_ns = None

    def release(self) -> bool:
        """The user ends the quarantine; False when there was none."""
        was = self.state is BandState.QUARANTINED
        if was:
            self._calm()
        return was

    def _settle(self, at_ns: int) -> None:
        """Mids are inside: forget what was borne, or end the quarantine after its time."""
        if self.state is BandState.OUTSIDE:
            self._calm()
        elif self.state is BandState.QUARANTINED and self._inside_ns is not None:
            after_s = self._rules.release_after_s
            if after_s is not None and at_ns - self._inside_ns >= after_s * NS_PER_S:
                self._calm()

    def _calm(self) -> None:
        self.state = BandState.INSIDE
        self.widest_percent = 0.0
        self._outside_ns = self._inside_ns = None


def difference_percent(one: float, other: float) -> float:
    """How far two prices above 0 are apart, in percent of the lower one."""
    low, high = (one, other) if one < other else (other, one)
    return (high - low) / low * 100.0


class PriceBands:
    """The bands of all pairs; they outlive whoever judges by them, or a crash would release.

    Args:
        rules: width and times, the same for all.
    """

    def __init__(self, rules: BandRules) -> None:
        self.rules = rules
        self._bands: dict[tuple[Instrument, Instrument], PriceBand] = {}

    def of(self, one: Instrument, other: Instrument) -> PriceBand:
        """The band between two symbols, whichever is named first."""
        key = (one, other) if one < other else (other, one)
        band = self._bands.get(key)
        if band is None:
            band = self._bands[key] = PriceBand(self.rules)
        return band

    def items(self) -> Iterable[tuple[tuple[Instrument, Instrument], PriceBand]]:
        """Every pair that was ever asked for, with its band."""
        return self._bands.items()

    def lost(self, at_ns: int) -> None:
        """Every price is lost: whoever saw them begins anew."""
        for band in self._bands.values():
            band.lost(at_ns)

    def held(self) -> Iterator[tuple[Instrument, Instrument, PriceBand]]:
        """Every pair between which nothing may open, in a fixed order."""
        for (one, other), band in sorted(self._bands.items(), key=_by_name):
            if not band.calm:
                yield one, other, band

    @property
    def quarantines(self) -> int:
        """How often a pair was quarantined."""
        return sum(band.quarantines for band in self._bands.values())


def _by_name(
    item: tuple[tuple[Instrument, Instrument], PriceBand],
) -> tuple[Instrument, Instrument]:
    return item[0]
