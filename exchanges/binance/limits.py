"""What each Binance family allows and where it lives: every number that differs, in one place.

Sources: the sheets `binance` (spot, sections 0, 1, 2, 4, 7) and `binance_futures` (0, 1, 2, 6).
binance.us runs the spot protocol; its own numbers are marked where they are assumptions.
"""

from __future__ import annotations

import enum
from typing import Final

from msgspec import Struct

from exchanges.contract import HeartbeatRule, Limits, SequenceRule
from messages.instruments import RAW_REQUESTS, REQUEST_WEIGHT, RateRule

CONNECTION_MAX_AGE_S: Final = 86_400.0
"""The venue closes every stream connection after 24 h."""
STREAMS_PER_COMMAND: Final = 200
"""Our own bound: a command of 200 names stays below 8 kB; the venue documents none."""
WEIGHT_WINDOW_S: Final = 60.0
"""Request weight counts by the minute of the venue's clock."""
DIALS_PER_S: Final = 1.0
"""300 connection attempts in 5 minutes, per address."""


class Product(enum.Enum):
    """Which of the three protocols a family speaks."""

    SPOT = "spot"
    USDM = "usdm"
    COINM = "coinm"


class Weights(Struct, frozen=True):
    """What public REST requests cost.

    The tiers are (up to this `limit`, weight), ascending; the last one is the most the venue
    answers.
    """

    depth: tuple[tuple[int, int], ...]
    klines: tuple[tuple[int, int], ...]
    exchange_info: int
    tickers: int
    trades: int
    server_time: int = 1


class Family(Struct, frozen=True):
    """One of the four venues that share this dialect."""

    venue: str
    product: Product
    rest_url: str
    api: str
    """Path prefix of REST requests we send."""
    recorded_apis: tuple[str, ...]
    """Path prefixes under which recordings may hold the same answers."""
    routes: tuple[tuple[str, str], ...]
    """(name, websocket address): one for all streams, or `public` and `market`."""
    rule: SequenceRule
    limits: Limits
    heartbeat: HeartbeatRule
    fee_bps: tuple[float, float]
    weights: Weights


# The spot socket takes 5 frames a second from us, our pongs and pings included: 3 commands, 1 ping
# and a pong leave room.  Futures take 10.
_SPOT_COMMANDS_PER_S: Final = 3.0
_FUTURES_COMMANDS_PER_S: Final = 5.0

_SPOT_HEARTBEAT: Final = HeartbeatRule(silent_after_s=45.0, ping_every_s=1.0)
"""The server pings every 20 s: two of them missed, and some."""
_FUTURES_HEARTBEAT: Final = HeartbeatRule(silent_after_s=400.0, ping_every_s=1.0)
"""The server pings every 180 s: two of them missed, and some; our own pings tell much sooner."""

_SPOT_WEIGHTS: Final = Weights(
    depth=((100, 5), (500, 25), (1000, 50), (5000, 250)),
    klines=((1000, 2),),
    exchange_info=20,
    tickers=80,
    trades=25,
)
_FUTURES_WEIGHTS: Final = Weights(
    depth=((5, 2), (10, 2), (20, 2), (50, 2), (100, 5), (500, 10), (1000, 20)),
    klines=((99, 1), (499, 2), (1000, 5), (1500, 10)),
    exchange_info=1,
    tickers=40,
    trades=5,
)

_SPOT_SNAPSHOT_LEVELS: Final = 1000
"""The sheet's advice: 5000 levels cost 250, so that 24 resyncs a minute exhaust the address."""


def _spot_limits(weight_per_minute: int) -> Limits:
    return Limits(
        streams_per_connection=1024,
        commands_per_s=_SPOT_COMMANDS_PER_S,
        streams_per_command=STREAMS_PER_COMMAND,
        connection_max_age_s=CONNECTION_MAX_AGE_S,
        dials_per_s=DIALS_PER_S,
        rest=(
            RateRule(REQUEST_WEIGHT, weight_per_minute, WEIGHT_WINDOW_S),
            RateRule(RAW_REQUESTS, 300_000, 300.0),
        ),
        snapshot_levels=_SPOT_SNAPSHOT_LEVELS,
        snapshot_weight=50,
    )


def _futures_limits() -> Limits:
    return Limits(
        # 1024 are documented; clients stay at 200 since the routes were split.
        streams_per_connection=200,
        commands_per_s=_FUTURES_COMMANDS_PER_S,
        streams_per_command=STREAMS_PER_COMMAND,
        connection_max_age_s=CONNECTION_MAX_AGE_S,
        dials_per_s=DIALS_PER_S,
        # One pool for USD-M and COIN-M together, per address.
        rest=(RateRule(REQUEST_WEIGHT, 2400, WEIGHT_WINDOW_S),),
        snapshot_levels=1000,
        snapshot_weight=20,
        pool="binance futures",
    )


SPOT: Final = Family(
    venue="binance",
    product=Product.SPOT,
    rest_url="https://api.binance.com",
    api="/api/v3",
    recorded_apis=("/api/v3", "/api/v1"),
    routes=(("streams", "wss://stream.binance.com:9443/stream"),),
    rule=SequenceRule.CONTIGUOUS,
    limits=_spot_limits(6000),
    heartbeat=_SPOT_HEARTBEAT,
    fee_bps=(10.0, 10.0),
    weights=_SPOT_WEIGHTS,
)

US: Final = Family(
    venue="binance_us",
    product=Product.SPOT,
    rest_url="https://api.binance.us",
    api="/api/v3",
    recorded_apis=("/api/v3", "/api/v1"),
    routes=(("streams", "wss://stream.binance.us:9443/stream"),),
    rule=SequenceRule.CONTIGUOUS,
    # 1200 a minute is what the spot venue allowed in 2021; exchangeInfo says what holds today.
    limits=_spot_limits(1200),
    heartbeat=_SPOT_HEARTBEAT,
    # An assumption; the fee schedule of binance.us is not in the sheets.
    fee_bps=(10.0, 10.0),
    weights=_SPOT_WEIGHTS,
)

USDM: Final = Family(
    venue="binance_usdm",
    product=Product.USDM,
    rest_url="https://fapi.binance.com",
    api="/fapi/v1",
    recorded_apis=("/fapi/v1",),
    routes=(
        ("public", "wss://fstream.binance.com/public/stream"),
        ("market", "wss://fstream.binance.com/market/stream"),
    ),
    rule=SequenceRule.CHAINED,
    limits=_futures_limits(),
    heartbeat=_FUTURES_HEARTBEAT,
    fee_bps=(2.0, 5.0),
    weights=_FUTURES_WEIGHTS,
)

COINM: Final = Family(
    venue="binance_coinm",
    product=Product.COINM,
    rest_url="https://dapi.binance.com",
    api="/dapi/v1",
    recorded_apis=("/dapi/v1",),
    routes=(("streams", "wss://dstream.binance.com/stream"),),
    rule=SequenceRule.CHAINED,
    limits=_futures_limits(),
    heartbeat=_FUTURES_HEARTBEAT,
    fee_bps=(1.0, 5.0),
    weights=_FUTURES_WEIGHTS,
)


def tier(tiers: tuple[tuple[int, int], ...], count: int) -> tuple[int, int]:
    """Find the first tier that holds so many entries, else the last.

    Returns:
        The tier's upper limit and its weight.
    """
    return next((each for each in tiers if count <= each[0]), tiers[-1])
