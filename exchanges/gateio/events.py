"""From a decoded result to the messages it means, for one connection life.

Rules of this file: one method per kind of result, called with the frame around it and the
receive time.  A symbol nobody asked for, ids that run backwards and a number that is none are
errors.  A full book in the stream (`full`) is a snapshot like any other.  Futures amounts are
contracts.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import NoReturn

from exchanges.gateio import wire
from exchanges.gateio.limits import INTERVALS_S, Family
from messages.errors import DecodeError
from messages.instruments import SymbolInfo
from messages.market import (
    BestQuote,
    BookDelta,
    BookSnapshot,
    Kline,
    Levels,
    PartialBook,
    PublicMessage,
    Ticker24h,
    Trade,
)

IN_BAND = "ob."
"""How the names of books with in-band snapshots begin: `ob.BTC_USDT.400`."""

Messages = tuple[PublicMessage, ...]


def contract_levels(levels: wire.ContractLevels) -> Levels:
    """Turn the levels of a futures book, which are objects, into pairs."""
    return tuple([(level.price, level.amount) for level in levels])


def whole_side(levels: Levels, *, bids: bool) -> Levels:
    """Order a whole side best first, without levels of amount 0."""
    return tuple(sorted((each for each in levels if each[1] > 0), reverse=bids))


def spot_trade(
    family: Family, symbol: str, epoch: int, each: wire.TradeEvent, received_ns: int
) -> Trade:
    """Make a trade of spot."""
    return Trade(
        family.venue,
        symbol,
        epoch,
        each.trade_id,
        int(each.trade_ms),
        received_ns,
        each.price,
        each.amount,
        each.side == "sell",
    )


def contract_trade(
    family: Family, symbol: str, epoch: int, each: wire.ContractTrade, received_ns: int
) -> Trade:
    """Make a trade of a contract.

    Raises:
        DecodeError: it has no price.
    """
    if each.price <= 0:
        raise DecodeError(f"{family.venue} trades: expected a price above 0, got {each.price}")
    at_ms = int(each.create_ms) or round(each.create_s * 1000)
    return Trade(
        family.venue,
        symbol,
        epoch,
        each.trade_id,
        at_ms,
        received_ns,
        each.price,
        abs(each.size),
        each.size < 0,
    )


class Builders:
    """Makes the messages of one connection life.

    Args:
        family: which of the two markets.
        symbols: everything this connection may speak of.
        epoch: the connection life that all messages carry.
    """

    def __init__(self, family: Family, symbols: Iterable[SymbolInfo], epoch: int) -> None:
        self.family, self._venue, self.epoch = family, family.venue, epoch
        self._futures = family.futures
        self._symbols: dict[str, str] = {}
        self.learn(symbols)
        self._candles: dict[str, tuple[str, int, str]] = {}

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """Know these symbols too."""
        self._symbols.update((info.native, info.symbol) for info in symbols)

    def symbol(self, native: str) -> str:
        """The unified symbol of a native name.

        Raises:
            DecodeError: this connection did not ask for it.
        """
        symbol = self._symbols.get(native)
        if symbol is None:
            self._fail("a symbol this connection asked for", native)
        return symbol

    def _fail(self, expected: str, found: object) -> NoReturn:
        raise DecodeError(f"{self._venue}: expected {expected}, got {found!r}")

    # -- books ----------------------------------------------------------------------------------

    def depth(self, frame: wire.Frame[wire.DepthUpdate], received_ns: int) -> Messages:
        """Take changed levels of a spot book."""
        event = frame.result
        symbol = self._symbols.get(event.symbol) or self.symbol(event.symbol)
        return self._book(symbol, event, event.bids or (), event.asks or (), received_ns)

    def contract_depth(
        self, frame: wire.Frame[wire.ContractDepthUpdate], received_ns: int
    ) -> Messages:
        """Take changed levels of a futures book."""
        event = frame.result
        symbol = self._symbols.get(event.symbol) or self.symbol(event.symbol)
        bids = contract_levels(event.bids or ())
        asks = contract_levels(event.asks or ())
        return self._book(symbol, event, bids, asks, received_ns)

    def in_band(self, frame: wire.Frame[wire.DepthUpdate], received_ns: int) -> Messages:
        """Take an event of a stream that brings its own snapshots."""
        event = frame.result
        native, _, levels = event.symbol.removeprefix(IN_BAND).rpartition(".")
        symbol = self.symbol(native)
        bids, asks = event.bids or (), event.asks or ()
        if not event.full:
            return self._book(symbol, event, bids, asks, received_ns)
        # It may come at any time and replaces the book whatever its id (sheet, section 2.1).
        served = int(levels) if levels.isascii() and levels.isdigit() else 0
        return (self._snapshot(symbol, event, bids, asks, received_ns, served, replaces=True),)

    def _book(
        self,
        symbol: str,
        event: wire.DepthUpdate | wire.ContractDepthUpdate,
        bids: Levels,
        asks: Levels,
        received_ns: int,
    ) -> tuple[BookDelta] | tuple[BookSnapshot]:
        first_id, last_id = event.first_id, event.last_id
        if event.full:
            return (self._snapshot(symbol, event, bids, asks, received_ns),)
        if not 0 <= first_id <= last_id:
            self._fail(f"ids of {symbol} with 0 <= U <= u", (first_id, last_id))
        return (
            BookDelta(
                self._venue,
                symbol,
                self.epoch,
                first_id,
                last_id,
                -1,
                event.venue_ms,
                received_ns,
                bids,
                asks,
            ),
        )

    def _snapshot(
        self,
        symbol: str,
        event: wire.DepthUpdate | wire.ContractDepthUpdate,
        bids: Levels,
        asks: Levels,
        received_ns: int,
        served: int = 0,
        *,
        replaces: bool = False,
    ) -> BookSnapshot:
        return BookSnapshot(
            self._venue,
            symbol,
            self.epoch,
            event.last_id,
            event.venue_ms,
            received_ns,
            whole_side(bids, bids=True),
            whole_side(asks, bids=False),
            served,
            replaces,
        )

    def top_levels(self, frame: wire.Frame[wire.TopLevels], received_ns: int) -> Messages:
        """Take the best levels of a spot book."""
        event = frame.result
        return self._partial(event, event.bids, event.asks, received_ns)

    def contract_top_levels(
        self, frame: wire.Frame[wire.ContractTopLevels], received_ns: int
    ) -> Messages:
        """Take the best levels of a futures book."""
        event = frame.result
        bids, asks = contract_levels(event.bids), contract_levels(event.asks)
        return self._partial(event, bids, asks, received_ns)

    def _partial(
        self,
        event: wire.TopLevels | wire.ContractTopLevels,
        bids: Levels,
        asks: Levels,
        received_ns: int,
    ) -> tuple[PartialBook]:
        return (
            PartialBook(
                self._venue,
                self.symbol(event.symbol),
                self.epoch,
                event.last_id,
                event.venue_ms,
                received_ns,
                bids,
                asks,
            ),
        )

    def best_quote(self, frame: wire.Frame[wire.BookTicker], received_ns: int) -> Messages:
        """Take a best bid and ask."""
        event = frame.result
        symbol = self._symbols.get(event.symbol) or self.symbol(event.symbol)
        return (
            BestQuote(
                self._venue,
                symbol,
                self.epoch,
                event.last_id,
                event.venue_ms,
                received_ns,
                event.bid,
                event.bid_amount,
                event.ask,
                event.ask_amount,
            ),
        )

    # -- the rest -------------------------------------------------------------------------------

    def trade(self, frame: wire.Frame[wire.TradeEvent], received_ns: int) -> Messages:
        """Take a trade of spot."""
        event = frame.result
        symbol = self._symbols.get(event.symbol) or self.symbol(event.symbol)
        return (spot_trade(self.family, symbol, self.epoch, event, received_ns),)

    def contract_trades(
        self, frame: wire.Frame[tuple[wire.ContractTrade, ...]], received_ns: int
    ) -> Messages:
        """Take trades of contracts, without those that are not of the book."""
        family, epoch, symbols = self.family, self.epoch, self._symbols
        return tuple(
            [
                contract_trade(
                    family,
                    symbols.get(each.symbol) or self.symbol(each.symbol),
                    epoch,
                    each,
                    received_ns,
                )
                for each in frame.result
                if not each.is_internal
            ]
        )

    def ticker(self, frame: wire.Frame[wire.TickerEvent], received_ns: int) -> Messages:
        """Take the 24 h statistics of a pair."""
        venue_ms = frame.time_ms or int(frame.time * 1000)
        return (self._ticker(frame.result, venue_ms, received_ns),)

    def contract_tickers(
        self, frame: wire.Frame[tuple[wire.ContractTicker, ...]], received_ns: int
    ) -> Messages:
        """Take the 24 h statistics of contracts."""
        venue_ms = frame.time_ms or int(frame.time * 1000)
        return tuple([self._ticker(each, venue_ms, received_ns) for each in frame.result])

    def _ticker(
        self, each: wire.TickerEvent | wire.ContractTicker, venue_ms: int, received_ns: int
    ) -> Ticker24h:
        return Ticker24h(
            self._venue,
            self._symbols.get(each.symbol) or self.symbol(each.symbol),
            self.epoch,
            venue_ms,
            received_ns,
            each.last,
            0.0,
            each.high,
            each.low,
            each.amount,
            each.quote_amount,
            each.change_percent,
            each.bid,
            each.ask,
        )

    def candle(self, frame: wire.Frame[wire.CandleEvent], received_ns: int) -> Messages:
        """Take a candle of spot."""
        return (self._candle(frame.result, frame.time_ms, frame.time, received_ns),)

    def contract_candles(
        self, frame: wire.Frame[tuple[wire.CandleEvent, ...]], received_ns: int
    ) -> Messages:
        """Take candles of contracts."""
        time_ms, time_s = frame.time_ms, frame.time
        return tuple([self._candle(each, time_ms, time_s, received_ns) for each in frame.result])

    def _candle(
        self, event: wire.CandleEvent, time_ms: int, time_s: float, received_ns: int
    ) -> Kline:
        named = self._candles.get(event.name)
        interval, length_ms, symbol = named if named is not None else self._candle_of(event.name)
        if self._futures:
            # `v` is contracts; the quote money is not among what this stream sends.
            amount, quote_amount = event.volume, 0.0
        else:
            amount, quote_amount = event.base_amount, event.volume
        open_ms = event.open_s * 1000
        return Kline(
            self._venue,
            symbol,
            self.epoch,
            interval,
            open_ms,
            open_ms + length_ms - 1,
            time_ms or int(time_s * 1000),
            received_ns,
            event.open,
            event.high,
            event.low,
            event.close,
            amount,
            quote_amount,
            0,
            event.closed,
        )

    def _candle_of(self, name: str) -> tuple[str, int, str]:
        """Interval, length in milliseconds and symbol of a candle's name, kept for the next."""
        interval, _, native = name.partition("_")
        length_s = INTERVALS_S.get(interval)
        if length_s is None:
            self._fail("a candle of a known interval", name)
        # Both parts are known ones, so that this never holds more than their products.
        found = self._candles[name] = (interval, length_s * 1000, self.symbol(native))
        return found
