"""The whole state of a detector as structs: for crash capsules.

Those of pairs and bands are thousands for a detector, copied in one go on the loop: so they are
written without the names of their fields, and are no work for the collector.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

from msgspec import Struct

from actors.assets import band_rules
from actors.opportunity_facts import Both
from actors.runtime.state_copy import StateForm
from config.settings import DetectorSettings
from config.venues import VenueSettings
from markets.assets import AssetRegistry, AssetWord
from markets.episodes import PairEpisodes, Tally
from markets.opportunities import Life
from markets.price_band import BandState, PriceBand, PriceBands
from messages.books import BookTop
from messages.identifiers import Instrument
from messages.instruments import SymbolInfo

if TYPE_CHECKING:
    from actors.detector_pairs import Leg, Pair
    from actors.runtime.actor import ActorContext
    from actors.venue import Venue


class LegState(Struct):
    """One instrument; `connection` is the path of its feed, empty before its first top."""

    info: SymbolInfo
    top: BookTop | None
    told_ns: int
    connection: str


class EpisodesState(Struct, array_like=True, gc=False):
    """The statistics of a pair."""

    tally: Tally
    evaluations: int
    proven: Tally
    proven_evaluations: int
    proven_ns: int | None
    start_ns: int | None
    pending_ns: int | None
    ask: float
    bid: float
    ask_ns: int | None
    bid_ns: int | None
    done_ask_ns: int | None
    done_bid_ns: int | None
    kept: Tally | None
    kept_evaluations: int


class PairState(Struct, array_like=True, gc=False):
    """An ordered pair: its statistics, and its open opportunity."""

    episodes: EpisodesState
    life: Life[Both] | None


class BandRow(Struct, array_like=True, gc=False):
    """The price band of two instruments."""

    inside_ns: int | None
    outside_ns: int | None
    quarantines: int
    state: BandState
    widest_percent: float


class DetectorState(Struct):
    """A detector: what it is made of, then what it has become."""

    rules: DetectorSettings
    venues: list[VenueSettings]
    feeds: dict[str, tuple[str, ...]]
    words: tuple[AssetWord, ...]
    simulated: frozenset[str]
    bands: list[tuple[Instrument, Instrument, BandRow]]
    legs: list[LegState] = []
    pairs: list[PairState] = []
    at_ns: int = 0
    next_id: int = 0
    rechecking: bool = False
    opened: int = 0
    evaluated: int = 0

    def price_bands(self) -> PriceBands:
        """The bands anew."""
        bands = PriceBands(band_rules(self.rules))
        self.fill(bands)
        return bands

    def fill(self, bands: PriceBands) -> None:
        """Make bands what they were."""
        for one, other, row in self.bands:
            BAND.fill(bands.of(one, other), row)


EPISODES = StateForm(
    PairEpisodes,
    EpisodesState,
    left_out=("_ascending", "_bars", "_max_age_ns", "_thresholds"),
)
"""How the statistics of a pair are copied."""

BAND = StateForm(PriceBand, BandRow, left_out=("_rules",))
"""How a price band is copied."""


def state_of(
    rules: DetectorSettings, venues: Mapping[str, Venue], assets: AssetRegistry, bands: PriceBands
) -> DetectorState:
    """A state with nothing but what a detector is made of."""
    return DetectorState(
        rules=rules,
        venues=[venue.settings for venue in venues.values()],
        feeds={name: tuple(venue.feeds) for name, venue in venues.items()},
        words=assets.words,
        simulated=assets.simulated,
        bands=[(one, other, BAND.copy(band)) for (one, other), band in bands.items()],
    )


def take_over(
    state: DetectorState,
    legs: Sequence[Leg],
    pairs: Sequence[Pair],
    bands: PriceBands,
    context: ActorContext,
) -> None:
    """Fill instruments and pairs that were just made, in the order in which they were made."""
    state.fill(bands)
    for leg, known in zip(legs, state.legs, strict=True):
        if known.top is not None:
            leg.show(known.top, known.told_ns)
        leg.told_ns = known.told_ns
        if known.connection:
            leg.feed = leg.venue.feeds[known.connection]
            leg.ref = context.lookup(known.connection)
    for pair, kept in zip(pairs, state.pairs, strict=True):
        EPISODES.fill(pair.episodes, kept.episodes)
        pair.tracker.life = kept.life
