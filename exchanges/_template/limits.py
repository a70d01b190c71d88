"""What the example venue allows and where it lives; a real one names its document here."""

from __future__ import annotations

from typing import Final

from exchanges.contract import HeartbeatRule, Limits
from messages.instruments import REQUEST_WEIGHT, RateRule

VENUE: Final = "example"
REST_URL: Final = "https://api.example.invalid"
WEBSOCKET_URL: Final = "wss://stream.example.invalid/v1"
FEE_BPS: Final = (10.0, 20.0)

LIMITS: Final = Limits(
    streams_per_connection=100,
    commands_per_s=5.0,
    streams_per_command=20,
    connection_max_age_s=86_400.0,
    dials_per_s=1.0,
    rest=(RateRule(REQUEST_WEIGHT, 600, 60.0),),
    snapshot_levels=500,
    snapshot_weight=5,
)

PING: Final = '{"op":"ping"}'
"""The venue's own ping."""

HEARTBEAT: Final = HeartbeatRule(silent_after_s=30.0, client_ping_every_s=10.0)
