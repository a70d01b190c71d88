"""From the body of a binary frame to the messages it means.

Rules of this file: one function a body; each takes the texts off the generated object by attribute
and has them checked by one conversion to a struct of `wire`.  What is wrong raises ValueError or
msgspec's ValidationError; the codec adds the name of the topic.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Final, NamedTuple

from msgspec import convert

from exchanges.mexc import wire
from exchanges.mexc.limits import VENUE
from exchanges.mexc.streams import INTERVAL_OF
from messages.market import (
    BestQuote,
    BookDelta,
    Kline,
    PartialBook,
    PublicMessage,
    Ticker24h,
    Trade,
)

UNKNOWN_TRADE_ID: Final = -1
"""The venue's trade ids are text, and older gateways send none."""


class Origin(NamedTuple):
    """What a message says of itself beside the body: the symbol, connection life and times."""

    symbol: str
    epoch: int
    venue_ms: int
    received_ns: int


def depth(body: Any, origin: Origin) -> tuple[BookDelta]:
    """Changed levels; either side may be absent, the version moves all the same."""
    event = convert(
        (
            body.from_version,
            body.to_version,
            [(level.price, level.quantity) for level in body.bids],
            [(level.price, level.quantity) for level in body.asks],
        ),
        wire.Depth,
        strict=False,
    )
    first_id, last_id = event.first_id, event.last_id
    if first_id > last_id:
        raise ValueError(f"fromVersion {first_id} above toVersion {last_id}")
    return (
        BookDelta(
            VENUE,
            origin.symbol,
            origin.epoch,
            first_id,
            last_id,
            -1,
            origin.venue_ms,
            origin.received_ns,
            event.bids,
            event.asks,
        ),
    )


def top_levels(body: Any, origin: Origin) -> tuple[PartialBook]:
    """The best levels a side."""
    event = convert(
        (
            body.version or 0,
            [(level.price, level.quantity) for level in body.bids],
            [(level.price, level.quantity) for level in body.asks],
        ),
        wire.TopLevels,
        strict=False,
    )
    return (
        PartialBook(
            VENUE,
            origin.symbol,
            origin.epoch,
            event.last_id,
            origin.venue_ms,
            origin.received_ns,
            event.bids,
            event.asks,
        ),
    )


def _quote(body: Any, version: str, origin: Origin) -> BestQuote:
    """Read one best bid and ask; a side the venue left empty is 0."""
    event = convert(
        (
            body.bid_price or 0,
            body.bid_quantity or 0,
            body.ask_price or 0,
            body.ask_quantity or 0,
            version or 0,
        ),
        wire.Quote,
        strict=False,
    )
    return BestQuote(
        VENUE,
        origin.symbol,
        origin.epoch,
        event.last_id,
        origin.venue_ms,
        origin.received_ns,
        event.bid,
        event.bid_amount,
        event.ask,
        event.ask_amount,
    )


def quote(body: Any, origin: Origin) -> tuple[BestQuote]:
    """Best bid and ask."""
    return (_quote(body, body.version, origin),)


def quotes(body: Any, origin: Origin) -> tuple[BestQuote, ...]:
    """Best bids and asks in a batch, oldest first; the version is that of the last one."""
    last = len(body.items) - 1
    return tuple(
        _quote(item, body.version if index == last else "", origin)
        for index, item in enumerate(body.items)
    )


def trades(body: Any, origin: Origin) -> tuple[Trade, ...]:
    """Trades, as many as the frame holds."""
    messages = []
    for item in body.deals:
        deal = convert(
            (item.price, item.quantity, item.trade_type, item.time), wire.Deal, strict=False
        )
        messages.append(
            Trade(
                VENUE,
                origin.symbol,
                origin.epoch,
                item.trade_id or UNKNOWN_TRADE_ID,
                deal.trade_ms,
                origin.received_ns,
                deal.price,
                deal.amount,
                deal.trade_type == 2,
            )
        )
    return tuple(messages)


def kline(body: Any, origin: Origin) -> tuple[Kline]:
    """One candle: closed once the frame's own time reaches the start of the next."""
    interval = INTERVAL_OF.get(body.interval)
    if interval is None:
        raise ValueError(f"unknown interval {body.interval!r}")
    candle = convert(
        (
            body.window_start,
            body.window_end,
            body.opening_price,
            body.highest_price,
            body.lowest_price,
            body.closing_price,
            body.volume,
            body.amount,
        ),
        wire.Candle,
        strict=False,
    )
    if candle.open_s >= candle.close_s:
        raise ValueError(f"a window from {candle.open_s} to {candle.close_s}")
    end_ms = candle.close_s * 1000
    return (
        Kline(
            VENUE,
            origin.symbol,
            origin.epoch,
            interval,
            candle.open_s * 1000,
            end_ms - 1,
            origin.venue_ms,
            origin.received_ns,
            candle.open,
            candle.high,
            candle.low,
            candle.close,
            candle.volume,
            candle.quote_volume,
            0,
            origin.venue_ms >= end_ms,
        ),
    )


def statistics(body: Any, origin: Origin) -> tuple[Ticker24h]:
    """24 h statistics; the venue sends no opening price, bid or ask here."""
    event = convert(
        (
            body.price or 0,
            body.high or 0,
            body.low or 0,
            body.quantity or 0,
            body.volume or 0,
            body.rate or 0,
        ),
        wire.Statistics,
        strict=False,
    )
    return (
        Ticker24h(
            VENUE,
            origin.symbol,
            origin.epoch,
            origin.venue_ms,
            origin.received_ns,
            event.last,
            0.0,
            event.high,
            event.low,
            event.amount,
            event.quote_amount,
            event.rate * 100.0,
        ),
    )


Build = Callable[[Any, Origin], tuple[PublicMessage, ...]]

BUILDERS: Final[dict[str, Build]] = {
    "public_aggre_depths": depth,
    "public_aggre_book_ticker": quote,
    "public_aggre_deals": trades,
    "public_limit_depths": top_levels,
    "public_book_ticker_batch": quotes,
    "public_spot_kline": kline,
    "public_mini_ticker": statistics,
}
"""What reads each body that is about one symbol."""

ALL_TICKERS: Final = "public_mini_tickers"
"""The one body about all symbols."""

UNUSED: Final = frozenset(
    {
        "public_deals",
        "public_increase_depths",
        "public_book_ticker",
        "public_increase_depths_batch",
    }
)
"""Public bodies of older or undocumented topics, which nothing here asks for."""
