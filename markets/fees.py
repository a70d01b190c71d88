"""Maker and taker fees: the user's word first, then the venue's own, then its default.

Fees are fractions of the notional (0.001 is 10 bps).  A maker fee may be negative (a rebate).
"""

from __future__ import annotations

from collections.abc import Mapping

from msgspec import Struct

from messages.identifiers import Instrument
from messages.instruments import SymbolInfo

BPS = 10_000.0
"""Basis points in one."""


class Fees(Struct, frozen=True):
    """What a venue takes of the notional, as fractions.

    Raises:
        ValueError: a fee is not above -1 and below 1.
    """

    maker: float
    taker: float

    def __post_init__(self) -> None:
        if not (-1.0 < self.maker < 1.0 and -1.0 < self.taker < 1.0):
            raise ValueError(f"fees {self.maker}, {self.taker} are not fractions between -1 and 1")


def fees_from_bps(maker_bps: float, taker_bps: float) -> Fees:
    """Read fees given in basis points."""
    return Fees(maker_bps / BPS, taker_bps / BPS)


class FeeSchedule:
    """Answers what a trade on an instrument costs.

    Args:
        defaults: by venue, what holds when nobody says better; unknown venues are free of fees.
        venues: by venue, the user's own figures, which beat what the venue says.
        instruments: by instrument, the user's own figures, which beat everything.
    """

    def __init__(
        self,
        defaults: Mapping[str, Fees] | None = None,
        *,
        venues: Mapping[str, Fees] | None = None,
        instruments: Mapping[Instrument, Fees] | None = None,
    ) -> None:
        self._defaults = dict(defaults or {})
        self._venues = dict(venues or {})
        self._instruments = dict(instruments or {})

    def of(self, info: SymbolInfo) -> Fees:
        """The fees of this symbol; a side that its venue leaves open takes the default."""
        chosen = self._instruments.get(info.instrument) or self._venues.get(info.venue)
        if chosen is not None:
            return chosen
        default = self._defaults.get(info.venue, Fees(0.0, 0.0))
        return Fees(
            default.maker if info.maker_fee is None else float(info.maker_fee),
            default.taker if info.taker_fee is None else float(info.taker_fee),
        )

    def taker(self, info: SymbolInfo) -> float:
        """The taker fee of this symbol as a fraction."""
        return self.of(info).taker

    def maker(self, info: SymbolInfo) -> float:
        """The maker fee of this symbol as a fraction."""
        return self.of(info).maker
