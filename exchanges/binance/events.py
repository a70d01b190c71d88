"""From a typed event to the message it means; one builder per stream, made once.

Rules of this file: a builder is a closure over everything that does not change (venue, symbol,
epoch), called once per message with the event and the receive time.  An event that names another
symbol than its stream, or ids that run backwards, is an error.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, NoReturn

import msgspec

from exchanges.binance import wire
from exchanges.binance.limits import Family, Product
from messages.errors import DecodeError
from messages.instruments import SymbolInfo
from messages.market import (
    BestQuote,
    BookDelta,
    Kline,
    PartialBook,
    PublicMessage,
    Ticker24h,
    Trade,
)

Build = Callable[[Any, int], tuple[PublicMessage, ...]]


def volumes(family: Family, info: SymbolInfo, volume: float, other: float) -> tuple[float, float]:
    """Say (amount, quote amount) for the two volumes of a candle or ticker.

    COIN-M sends contracts and base asset where the others send base and quote; a contract is
    worth `contract_size` of the quote asset.
    """
    if family.product is Product.COINM:
        return volume, volume * float(info.contract_size)
    return volume, other


def change_percent(last: float, opened: float) -> float:
    """Compute a 24 h change the venue did not send; 0 without an opening price."""
    return (last - opened) / opened * 100.0 if opened > 0 else 0.0


class Builders:
    """Makes the builders of one symbol in one connection life."""

    def __init__(self, family: Family, info: SymbolInfo, epoch: int) -> None:
        self._family, self._info, self._epoch = family, info, epoch
        self.names = (info.native, info.symbol)

    def build(self, struct: type[msgspec.Struct], stream: str, *, partial: bool) -> Build:
        """Make the builder for events of that struct; `partial` marks a best-levels stream."""
        if partial:
            return self._top_levels(stream)
        return _MAKERS[struct](self, stream)

    def _mismatch(self, stream: str, found: str) -> NoReturn:
        raise DecodeError(
            f"{self._family.venue} {stream}: expected symbol {self._info.native}, got {found!r}"
        )

    def _depth(self, stream: str) -> Build:
        venue, symbol, native = self._family.venue, self._info.symbol, self._info.native
        epoch, mismatch = self._epoch, self._mismatch

        def build(event: wire.DepthUpdate, received_ns: int) -> tuple[BookDelta]:
            first_id, last_id = event.first_id, event.last_id
            if event.symbol != native:
                mismatch(stream, event.symbol)
            if first_id > last_id:
                raise DecodeError(f"{venue} {stream}: expected U <= u, got {first_id} > {last_id}")
            return (
                BookDelta(
                    venue,
                    symbol,
                    epoch,
                    first_id,
                    last_id,
                    event.previous_id,
                    event.event_ms,
                    received_ns,
                    event.bids,
                    event.asks,
                ),
            )

        return build

    def _top_levels(self, stream: str) -> Build:
        venue, symbol, native = self._family.venue, self._info.symbol, self._info.native
        epoch, mismatch = self._epoch, self._mismatch

        def build(
            event: wire.TopLevels | wire.FuturesDepthUpdate, received_ns: int
        ) -> tuple[PartialBook]:
            venue_ms = 0
            if isinstance(event, wire.FuturesDepthUpdate):
                venue_ms = event.event_ms
                if event.symbol != native:
                    mismatch(stream, event.symbol)
            return (
                PartialBook(
                    venue,
                    symbol,
                    epoch,
                    event.last_id,
                    venue_ms,
                    received_ns,
                    event.bids,
                    event.asks,
                ),
            )

        return build

    def _book_ticker(self, stream: str) -> Build:
        venue, symbol, native = self._family.venue, self._info.symbol, self._info.native
        epoch, mismatch = self._epoch, self._mismatch

        def build(event: wire.BookTicker, received_ns: int) -> tuple[BestQuote]:
            if event.symbol != native:
                mismatch(stream, event.symbol)
            return (
                BestQuote(
                    venue,
                    symbol,
                    epoch,
                    event.last_id,
                    event.event_ms,
                    received_ns,
                    event.bid,
                    event.bid_amount,
                    event.ask,
                    event.ask_amount,
                ),
            )

        return build

    def _trade(self, stream: str) -> Build:
        venue, symbol, native = self._family.venue, self._info.symbol, self._info.native
        epoch, mismatch = self._epoch, self._mismatch

        def build(event: wire.TradeEvent, received_ns: int) -> tuple[Trade, ...]:
            if event.symbol != native:
                mismatch(stream, event.symbol)
            if event.origin != "MARKET":
                return ()
            if event.price <= 0:
                raise DecodeError(f"{venue} {stream}: expected a price above 0, got {event.price}")
            return (
                Trade(
                    venue,
                    symbol,
                    epoch,
                    event.trade_id,
                    event.trade_ms,
                    received_ns,
                    event.price,
                    event.amount,
                    event.buyer_is_maker,
                ),
            )

        return build

    def _aggregate_trade(self, stream: str) -> Build:
        venue, symbol, native = self._family.venue, self._info.symbol, self._info.native
        epoch, mismatch = self._epoch, self._mismatch

        def build(event: wire.AggregateTrade, received_ns: int) -> tuple[Trade]:
            if event.symbol != native:
                mismatch(stream, event.symbol)
            return (
                Trade(
                    venue,
                    symbol,
                    epoch,
                    event.trade_id,
                    event.trade_ms,
                    received_ns,
                    event.price,
                    event.amount,
                    event.buyer_is_maker,
                    event.first_trade_id,
                    event.last_trade_id,
                ),
            )

        return build

    def _kline(self, stream: str) -> Build:
        family, info, epoch = self._family, self._info, self._epoch
        mismatch = self._mismatch

        def build(event: wire.KlineEvent, received_ns: int) -> tuple[Kline]:
            if event.symbol != info.native:
                mismatch(stream, event.symbol)
            candle = event.candle
            amount, quote_amount = volumes(family, info, candle.volume, candle.other_volume)
            return (
                Kline(
                    family.venue,
                    info.symbol,
                    epoch,
                    candle.interval,
                    candle.open_ms,
                    candle.close_ms,
                    event.event_ms,
                    received_ns,
                    candle.open,
                    candle.high,
                    candle.low,
                    candle.close,
                    amount,
                    quote_amount,
                    candle.trades,
                    candle.closed,
                ),
            )

        return build

    def _ticker(self, stream: str) -> Build:
        family, info, epoch = self._family, self._info, self._epoch
        mismatch = self._mismatch

        def build(
            event: wire.TickerEvent | wire.MiniTickerEvent, received_ns: int
        ) -> tuple[Ticker24h]:
            if event.symbol != info.native:
                mismatch(stream, event.symbol)
            amount, quote_amount = volumes(family, info, event.volume, event.other_volume)
            if isinstance(event, wire.TickerEvent):
                change, bid, ask = event.change_percent, event.bid, event.ask
            else:
                change, bid, ask = change_percent(event.last, event.open), 0.0, 0.0
            return (
                Ticker24h(
                    family.venue,
                    info.symbol,
                    epoch,
                    event.event_ms,
                    received_ns,
                    event.last,
                    event.open,
                    event.high,
                    event.low,
                    amount,
                    quote_amount,
                    change,
                    bid,
                    ask,
                ),
            )

        return build


# One line a wire struct; private methods, because nobody else may make a builder.
_MAKERS: dict[type[msgspec.Struct], Callable[[Builders, str], Build]] = {
    wire.DepthUpdate: Builders._depth,
    wire.FuturesDepthUpdate: Builders._depth,
    wire.TopLevels: Builders._top_levels,
    wire.BookTicker: Builders._book_ticker,
    wire.TradeEvent: Builders._trade,
    wire.AggregateTrade: Builders._aggregate_trade,
    wire.KlineEvent: Builders._kline,
    wire.TickerEvent: Builders._ticker,
    wire.MiniTickerEvent: Builders._ticker,
}
