"""What MEXC spot allows and where it lives.

Source: the sheet `mexc`, sections 0, 1.1, 1.2, 4, 7 and 9 (state of 2026-11).
"""

from __future__ import annotations

from typing import Final

from exchanges.contract import HeartbeatRule, Limits, SequenceRule
from messages.instruments import RAW_REQUESTS, REQUEST_WEIGHT, RateRule

VENUE: Final = "mexc"
REST_URL: Final = "https://api.mexc.com"
API: Final = "/api/v3"
WEBSOCKET_URL: Final = "wss://wbs-api.mexc.com/ws"

RULE: Final = SequenceRule.CONTIGUOUS
"""`fromVersion` to `toVersion` is a range of one counter, which the snapshot's `lastUpdateId`
counts too; a range that overlaps what is known is applied, because quantities are absolute."""

FEE_BPS: Final = (0.0, 5.0)
"""The base tier: maker free, taker 0.05 %; `exchangeInfo` says more per symbol."""

COMMAND_BYTES: Final = 1_024
"""Clients keep a command below this; the venue documents no number."""
STREAMS_PER_COMMAND: Final = 12
"""Leaves 80 bytes a topic in such a command: the longest has 46 before its symbol."""

TOPICLESS_CLOSE_S: Final = 30.0
"""The venue closes a connection that has had no valid subscription for so long; the first command
goes out at once, and all of a full connection's within a second (a test holds that)."""
IDLE_CLOSE_S: Final = 60.0
"""The venue closes a connection without traffic after so long: an illiquid symbol needs pings."""

LIMITS: Final = Limits(
    streams_per_connection=30,
    # 100 frames a second from us are documented, and breaking that can ban the address.
    commands_per_s=5.0,
    streams_per_command=STREAMS_PER_COMMAND,
    connection_max_age_s=86_400.0,
    # None is documented; one reading of "100 times/s" would allow far more.
    dials_per_s=1.0,
    # 500 weight per 10 s and endpoint are documented, 300 requests per 10 s and address claimed
    # since 2025: both hold.
    rest=(
        RateRule(REQUEST_WEIGHT, 500, 10.0, per_endpoint=True),
        RateRule(RAW_REQUESTS, 300, 10.0),
    ),
    # 5000 is the most there is, in an answer of 300 kB; the documentation's example takes 1000.
    snapshot_levels=1000,
    snapshot_weight=3,
)

PING: Final = '{"method":"PING"}'
"""The venue's own ping; it answers `PONG`."""

HEARTBEAT: Final = HeartbeatRule(
    # Half of the venue's own limit: thirty of our pings unanswered.
    silent_after_s=IDLE_CLOSE_S / 2,
    # Once a second keeps an idle book proven, at a hundredth of the frames allowed.
    ping_every_s=1.0,
    # One project saw no answer to websocket pings, so that only the venue's own ping proves life.
    probe_by_text=True,
    # The sheet's advice, however much flows: our own frames count as traffic too.
    client_ping_every_s=15.0,
)

# Request weights: the documentation's, or the higher ones a widely used client counts.
EXCHANGE_INFO_WEIGHT: Final = 25
API_SYMBOLS_WEIGHT: Final = 1
TICKERS_WEIGHT: Final = 40
TRADES_WEIGHT: Final = 5
KLINES_WEIGHT: Final = 1
TIME_WEIGHT: Final = 1

MOST_LEVELS: Final = 5_000
"""The venue's own bound on GET depth, a side."""
MOST_TRADES: Final = 1_000
"""The venue's own bound on GET trades."""
MOST_KLINES: Final = 500
"""The documented default of GET klines; what the most is, the sheet does not say."""
