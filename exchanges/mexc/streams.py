"""Names of MEXC's topics, which connection carries them, and the commands that ask for them.

Source: sheet `mexc`, sections 1.1 to 1.3.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

import msgspec

from exchanges.mexc.limits import LIMITS, STREAMS_PER_COMMAND, VENUE, WEBSOCKET_URL
from exchanges.planning import fill_connections
from messages.errors import UsageError
from messages.instruments import SymbolInfo
from messages.market import StreamKind
from messages.requests import ConnectionPlan

TOPIC_PREFIX: Final = "spot@"
"""How every topic begins."""

INTERVALS: Final[dict[str, str]] = {
    "1m": "Min1",
    "5m": "Min5",
    "15m": "Min15",
    "30m": "Min30",
    "1h": "Min60",
    "4h": "Hour4",
    "8h": "Hour8",
    "1d": "Day1",
    "1w": "Week1",
    "1M": "Month1",
}
"""Candle lengths, and what the streams call them."""
INTERVAL_OF: Final = {theirs: ours for ours, theirs in INTERVALS.items()}

# What `option` may say for each kind, and the topic it means; the first one is the default.
_SPEEDS: Final = ("100ms", "10ms")
_OPTIONS: Final[dict[StreamKind, dict[str, str]]] = {
    StreamKind.DEPTH: {
        speed: f"spot@public.aggre.depth.v3.api.pb@{speed}@{{}}" for speed in _SPEEDS
    },
    StreamKind.PARTIAL_DEPTH: {
        levels: f"spot@public.limit.depth.v3.api.pb@{{}}@{levels}" for levels in ("20", "10", "5")
    },
    StreamKind.BEST_QUOTE: {
        **{speed: f"spot@public.aggre.bookTicker.v3.api.pb@{speed}@{{}}" for speed in _SPEEDS},
        "batch": "spot@public.bookTicker.batch.v3.api.pb@{}",
    },
    StreamKind.TRADE: {
        speed: f"spot@public.aggre.deals.v3.api.pb@{speed}@{{}}" for speed in _SPEEDS
    },
    StreamKind.KLINE: {
        ours: f"spot@public.kline.v3.api.pb@{{}}@{theirs}" for ours, theirs in INTERVALS.items()
    },
    # Other time zones move the day of `zonedRate`, which nothing here reads.
    StreamKind.TICKER_24H: {"24H": "spot@public.miniTicker.v3.api.pb@{}@24H"},
}


def stream_name(kind: StreamKind, info: SymbolInfo, option: str) -> str:
    """See `PublicDialect.stream`.

    Raises:
        UsageError: when the venue has no such option.
    """
    options = _OPTIONS[kind]
    topic = options.get(option or next(iter(options)))
    if topic is None:
        raise UsageError(
            f"{VENUE} has no {kind.value} stream {option!r}; it has {', '.join(options)}"
        )
    return topic.format(info.native)


def plan_connections(streams: Mapping[str, SymbolInfo]) -> tuple[ConnectionPlan, ...]:
    """See `PublicDialect.plan`; a symbol's topics stay on one connection while they fit."""
    limit = LIMITS.streams_per_connection
    return tuple(
        ConnectionPlan(f"streams-{number}", WEBSOCKET_URL, names, symbols)
        for number, (names, symbols) in enumerate(fill_connections(streams, limit), 1)
    )


def commands(method: str, streams: Sequence[str], request_id: int) -> tuple[str, ...]:
    """Spell a SUBSCRIPTION or UNSUBSCRIPTION of all these topics in as many frames as it takes."""
    return tuple(
        msgspec.json.encode(
            {
                "method": method,
                "params": streams[at : at + STREAMS_PER_COMMAND],
                "id": request_id + number,
            }
        ).decode()
        for number, at in enumerate(range(0, len(streams), STREAMS_PER_COMMAND))
    )
