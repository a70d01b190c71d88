"""What the detector says: prices that crossed, with the evidence they were seen on."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from messages.identifiers import Instrument


class Evidence(Struct, frozen=True, gc=False):
    """One leg as the detector saw it when the opportunity peaked."""

    volatile: ClassVar[bool] = True

    instrument: Instrument
    epoch: int
    sequence: int
    price: float
    proof_age_ms: float
    change_age_ms: float
    lag_ms: float | None
    received_ns: int
    applied_ns: int


class OpportunityOpened(Struct, frozen=True, gc=False):
    """Buying here and selling there began to pay after fees.

    `amount` is in the base asset, the largest for which the marginal edge stays above the
    threshold; edges are in basis points of the price paid.
    """

    volatile: ClassVar[bool] = True

    opportunity_id: int
    buy: Evidence
    sell: Evidence
    opened_ns: int
    decided_ns: int
    gross_bps: float
    net_bps: float
    amount: float


class OpportunityClosed(Struct, frozen=True, gc=False):
    """The life of an opportunity, told when it is over.

    `reason` is `price` (the edge went), `dark` or `stale` (a leg could not be proven any more),
    `quarantined` (prices left the band of one asset) or `stopped`.  `alive_after_ms` says for each
    probed delay whether the edge was still there.
    """

    volatile: ClassVar[bool] = True

    opportunity_id: int
    buy: Evidence
    sell: Evidence
    opened_ns: int
    peak_ns: int
    closed_ns: int
    gross_bps: float
    net_bps: float
    amount: float
    reason: str
    alive_after_ms: tuple[tuple[float, bool], ...] = ()


class PairQuarantined(Struct, frozen=True, gc=False):
    """The prices of two symbols of one asset stayed too far apart: nothing opens between them."""

    volatile: ClassVar[bool] = False

    one: Instrument
    other: Instrument
    at_ns: int
    reason: str


class PairReleased(Struct, frozen=True, gc=False):
    """A quarantine is over, by `rule` (prices stayed together) or by the `user`."""

    volatile: ClassVar[bool] = False

    one: Instrument
    other: Instrument
    at_ns: int
    by: str


class ReleasePair(Struct, frozen=True, gc=False):
    """The user's command to the detector: end the quarantine between two symbols."""

    volatile: ClassVar[bool] = False

    one: Instrument
    other: Instrument
