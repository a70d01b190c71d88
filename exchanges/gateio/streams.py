"""Names of Gate's streams, which connection carries them, and the commands that ask for them.

A stream is named `CHANNEL@PAYLOAD`, the payload's parts joined by commas:
`spot.order_book_update@BTC_USDT,100ms`.  Sources: sheet `gateio` sections 1.1 to 1.3,
`gateio_futures` section 2.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Final

import msgspec

from exchanges.contract import DepthFeed
from exchanges.gateio.events import IN_BAND
from exchanges.gateio.limits import INTERVALS_S, Family
from exchanges.planning import fill_connections
from messages.errors import UsageError
from messages.instruments import SymbolInfo
from messages.market import StreamKind
from messages.requests import ConnectionPlan

LIST_CHANNELS: Final = frozenset({"trades", "tickers", "book_ticker"})
"""Channels whose payload is a list of symbols; elsewhere it is one stream's parameters."""

# What `option` may say for each kind: the channel and the payload around the symbol, which is
# written {}.  The first one is the default.
_DEPTH: Final[dict[bool, dict[str, tuple[str, str]]]] = {
    False: {
        "100ms": ("order_book_update", "{},100ms"),
        "20ms": ("order_book_update", "{},20ms"),
        "obu400": ("obu", f"{IN_BAND}{{}}.400"),
        "obu50": ("obu", f"{IN_BAND}{{}}.50"),
    },
    True: {
        "100ms": ("order_book_update", "{},100ms,100"),
        "20ms": ("order_book_update", "{},20ms,20"),
        "obu400": ("obu", f"{IN_BAND}{{}}.400"),
        "obu50": ("obu", f"{IN_BAND}{{}}.50"),
    },
}
_PARTIAL: Final[dict[bool, dict[str, tuple[str, str]]]] = {
    False: {
        f"{levels}{speed}": ("order_book", f"{{}},{levels},{speed.removeprefix('@') or '100ms'}")
        for levels in (20, 5, 10, 50, 100)
        for speed in ("", "@100ms", "@1000ms")
    },
    True: {str(levels): ("order_book", f"{{}},{levels},0") for levels in (20, 5, 10, 50, 100)},
}
_OTHER: Final[dict[StreamKind, dict[str, tuple[str, str]]]] = {
    StreamKind.BEST_QUOTE: {"book_ticker": ("book_ticker", "{}")},
    StreamKind.TRADE: {"trades": ("trades", "{}")},
    StreamKind.TICKER_24H: {"tickers": ("tickers", "{}")},
    StreamKind.KLINE: {
        each: ("candlesticks", f"{each},{{}}") for each in dict.fromkeys(("1m", *INTERVALS_S))
    },
}


_FEEDS: Final[dict[tuple[str, int], DepthFeed]] = {
    ("stream", 100): DepthFeed("obu400", in_band=True, levels=400),
    ("stream", 20): DepthFeed("obu50", in_band=True, levels=50),
    ("rest", 100): DepthFeed("100ms", levels=100),
    ("rest", 20): DepthFeed("20ms", levels=20),
}
"""The two ways to keep a book (sheet, sections 2.1 and 2.2), each at two paces."""
USUAL_INTERVAL_MS: Final = 100


def depth_feed(family: Family, interval_ms: int | None, snapshots: str) -> DepthFeed:
    """See `PublicDialect.depth_feed`; in-band snapshots race with nothing, so they are preferred.

    Raises:
        UsageError: when the venue has no such way.
    """
    wanted = (snapshots or "stream", USUAL_INTERVAL_MS if interval_ms is None else interval_ms)
    feed = _FEEDS.get(wanted)
    if feed is None:
        raise UsageError(
            f"{family.venue} has no depth stream every {wanted[1]} ms with snapshots by"
            f" {wanted[0]}; it has 100 ms and 20 ms, each by stream or rest"
        )
    return feed


def stream_of(channel: str, payload: Iterable[str]) -> str:
    """Join a channel and its payload to the name of a stream."""
    return f"{channel}@{','.join(payload)}"


def stream_name(family: Family, kind: StreamKind, info: SymbolInfo, option: str) -> str:
    """See `PublicDialect.stream`.

    Raises:
        UsageError: when the market has no such option.
    """
    if kind is StreamKind.DEPTH:
        options = _DEPTH[family.futures]
    elif kind is StreamKind.PARTIAL_DEPTH:
        options = _PARTIAL[family.futures]
    else:
        options = _OTHER[kind]
    found = options.get(option or next(iter(options)))
    if found is None:
        raise UsageError(
            f"{family.venue} has no {kind.value} stream {option!r}; it has {', '.join(options)}"
        )
    channel, payload = found
    return f"{family.prefix}.{channel}@{payload.format(info.native)}"


def plan_connections(
    family: Family, streams: Mapping[str, SymbolInfo]
) -> tuple[ConnectionPlan, ...]:
    """See `PublicDialect.plan`; the streams of a symbol stay on one connection."""
    limit = family.limits.streams_per_connection
    return tuple(
        ConnectionPlan(f"streams-{number}", family.websocket_url, names, symbols, family.headers)
        for number, (names, symbols) in enumerate(fill_connections(streams, limit), 1)
    )


def commands(event: str, streams: Sequence[str], request_id: int, at_s: int) -> tuple[str, ...]:
    """Spell one command for each stream.

    Args:
        event: `subscribe` or `unsubscribe`.
        streams: names made by `stream_name`.
        request_id: of the first command.
        at_s: wall clock in Unix seconds, within 60 s of the venue's.
    """
    return tuple(
        _command(event, stream, request_id + count, at_s) for count, stream in enumerate(streams)
    )


def _command(event: str, stream: str, request_id: int, at_s: int) -> str:
    channel, _, payload = stream.partition("@")
    frame = {
        "time": at_s,
        "id": request_id,
        "channel": channel,
        "event": event,
        "payload": payload.split(","),
    }
    return msgspec.json.encode(frame).decode()


def ping(family: Family, at_s: int) -> str:
    """Spell the venue's own ping, at `at_s` Unix seconds."""
    return msgspec.json.encode({"time": at_s, "channel": f"{family.prefix}.ping"}).decode()
