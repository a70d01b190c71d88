"""What Gate's two markets allow and where they live: every number that differs, in one place.

Sources: the sheets `gateio` (spot, sections 0, 1.2, 2.2, 7, 9) and `gateio_futures` (0, 2, 7, 9).
"""

from __future__ import annotations

from typing import Final

from msgspec import Struct

from exchanges.contract import HeartbeatRule, Limits, SequenceRule
from messages.instruments import REQUEST_WEIGHT, RateRule

API: Final = "/api/v4"
"""Path prefix of every REST request; it is part of what is signed."""

STREAMS_PER_CONNECTION: Final = 200
"""Our own bound: the venue names none, but closes a consumer that falls behind."""
COMMANDS_PER_S: Final = 50.0
"""Our own bound: the venue limits no messages (its staff, 2022); 400 streams take 8 s."""
STREAMS_PER_COMMAND: Final = 1
"""One bad pair fails the whole list of a command, so every stream is asked for alone."""
CONNECTION_MAX_AGE_S: Final = 86_400.0
"""Our own bound: the venue documents no lifetime, so a connection is renewed once a day."""
DIALS_PER_S: Final = 1.0
"""Our own bound: 300 connections an address are allowed, dials are not counted."""
SNAPSHOT_LEVELS: Final = 100
"""What the 100 ms stream serves; deeper snapshots are cached for 30 s and never refreshed."""
SNAPSHOT_TRAIL_S: Final = 2.0
"""Snapshots trail the streams by about a second (measured); twice that, to be sure."""
REQUESTS: Final = 200
REQUESTS_INTERVAL_S: Final = 10.0
"""200 requests in 10 s for each endpoint and address."""

INTERVALS_S: Final = {
    "10s": 10,
    "1m": 60,
    "5m": 300,
    "15m": 900,
    "30m": 1_800,
    "1h": 3_600,
    "4h": 14_400,
    "8h": 28_800,
    "1d": 86_400,
    "7d": 604_800,
}
"""Candle lengths both markets have, in seconds."""

SIZE_HEADER: Final = ("X-Gate-Size-Decimal", "1")
"""Asks for contract amounts as decimal strings; without it fractions are cut to integers."""


class Family(Struct, frozen=True):
    """One of the two markets that share this dialect."""

    venue: str
    futures: bool
    prefix: str
    """First word of every websocket channel."""
    rest_url: str
    path: str
    """Path below which the market's REST endpoints lie."""
    websocket_url: str
    rule: SequenceRule
    limits: Limits
    heartbeat: HeartbeatRule
    fee_bps: tuple[float, float]
    headers: tuple[tuple[str, str], ...]
    """What every REST request and the upgrade to a websocket carry."""
    most_klines: int
    most_trades: int = 1000


def _limits() -> Limits:
    return Limits(
        streams_per_connection=STREAMS_PER_CONNECTION,
        commands_per_s=COMMANDS_PER_S,
        streams_per_command=STREAMS_PER_COMMAND,
        connection_max_age_s=CONNECTION_MAX_AGE_S,
        dials_per_s=DIALS_PER_S,
        rest=(RateRule(REQUEST_WEIGHT, REQUESTS, REQUESTS_INTERVAL_S, per_endpoint=True),),
        snapshot_levels=SNAPSHOT_LEVELS,
        snapshot_weight=1,
        # One address, and the clock's endpoint, for both markets.
        pool="gateio",
        snapshot_trail_s=SNAPSHOT_TRAIL_S,
    )


HEARTBEAT: Final = HeartbeatRule(
    # Something, data or pong, must come within 30 s; the venue drops what rests for a minute.
    silent_after_s=30.0,
    ping_every_s=1.0,
    # 10 to 15 s is the sheet's advice; it resets the venue's own timer whatever flows.
    client_ping_every_s=10.0,
)


SPOT: Final = Family(
    venue="gateio",
    futures=False,
    prefix="spot",
    rest_url="https://api.gateio.ws",
    path=f"{API}/spot",
    websocket_url="wss://api.gateio.ws/ws/v4/",
    rule=SequenceRule.CONTIGUOUS,
    limits=_limits(),
    heartbeat=HEARTBEAT,
    fee_bps=(10.0, 10.0),
    headers=(),
    most_klines=1000,
)

FUTURES: Final = Family(
    venue="gateio_futures",
    futures=True,
    prefix="futures",
    rest_url="https://api.gateio.ws",
    path=f"{API}/futures/usdt",
    websocket_url="wss://fx-ws.gateio.ws/v4/ws/usdt",
    rule=SequenceRule.CONTIGUOUS,
    limits=_limits(),
    heartbeat=HEARTBEAT,
    fee_bps=(2.0, 5.0),
    headers=(SIZE_HEADER,),
    most_klines=2000,
)
