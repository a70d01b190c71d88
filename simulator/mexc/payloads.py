"""The protobuf bodies of MEXC's streams.

With `recorded=True` the members added in June 2026 are left out: versions of quotes, times of
orders, ids of trades.  Source: the sheet `mexc` sections 1.3, 1.4 and 3.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Sequence
from typing import Any

from simulator.book import Book, Diff, Trade
from simulator.candles import Candle
from simulator.instruments import Listing
from simulator.mexc.listings import rate_text, sparse, trimmed
from simulator.mexc.push_pb2 import PublicMiniTicker, PushDataV3ApiWrapper
from simulator.mexc.streams import event_type
from simulator.topics import StreamName
from simulator.writers import StreamWriter

BUY, SELL = 1, 2
ORDER_AGE_MS = 6
"""How long before a push its latest order was placed."""
QUIET_SHARE = 0.02
"""How often a stream of trades sends a wrapper without a body instead of nothing."""
LONG_ZERO = "0.00000000"


class MexcWriter(StreamWriter):
    """Writes the stream events of one symbol; they have one spelling."""

    quiet_share = QUIET_SHARE

    def __init__(self, listing: Listing, recorded: bool) -> None:
        self.listing = listing
        self._recorded = recorded
        self._zero = LONG_ZERO if sparse(listing) else "0"
        digest = hashlib.md5(listing.native.encode(), usedforsecurity=False)
        self._symbol_id = digest.hexdigest()

    def _wrapper(self, name: StreamName, now_ms: int) -> PushDataV3ApiWrapper:
        return PushDataV3ApiWrapper(channel=name.text, symbol=self.listing.native, sendTime=now_ms)

    def _fill(self, side: Any, levels: Iterable[tuple[int, int]]) -> None:
        """Write levels into a repeated field; the hot path of every book event."""
        listing, zero, add = self.listing, self._zero, side.add
        price, amount = listing.price_text, listing.amount_text
        for tick, lots in levels:
            add(price=price(tick), quantity=amount(lots) if lots else zero)

    def depth(self, name: StreamName, diff: Diff, book: Book, now_ms: int, spelling: int) -> bytes:
        """Changes from one version to another, or in batches of one version each."""
        wrapper = self._wrapper(name, now_ms)
        if "increase.depth.batch" in name.text:
            self._batch(wrapper, name, diff, book)
            return bytes(wrapper.SerializeToString())
        body = wrapper.publicAggreDepths
        self._fill(body.asks, sorted(diff.asks.items()))
        self._fill(body.bids, sorted(diff.bids.items(), reverse=True))
        body.eventType = event_type(name.text, self.listing.native)
        body.fromVersion, body.toVersion = str(diff.first_id), str(book.last_id)
        if not self._recorded:
            body.lastOrderCreateTime = now_ms - ORDER_AGE_MS
        return bytes(wrapper.SerializeToString())

    def _batch(
        self, wrapper: PushDataV3ApiWrapper, name: StreamName, diff: Diff, book: Book
    ) -> None:
        """One item a level, deletions first; the last item bears the book's version."""
        changes = [("bids", one) for one in diff.bids.items()]
        changes += [("asks", one) for one in diff.asks.items()]
        changes.sort(key=lambda change: change[1][1] > 0)
        body = wrapper.publicIncreaseDepthsBatch
        body.eventType = event_type(name.text, self.listing.native)
        for number, (side, level) in enumerate(changes, 1):
            version = diff.first_id + number - 1 if number < len(changes) else book.last_id
            item = body.items.add(version=str(version))
            self._fill(getattr(item, side), [level])

    def partial(
        self, name: StreamName, book: Book, previous_id: int, now_ms: int, spelling: int
    ) -> bytes:
        """The best levels."""
        wrapper = self._wrapper(name, now_ms)
        body = wrapper.publicLimitDepths
        self._fill(body.asks, book.asks.top(name.levels))
        self._fill(body.bids, book.bids.top(name.levels))
        body.eventType = event_type(name.text, self.listing.native)
        body.version = str(book.last_id)
        if not self._recorded:
            body.lastOrderCreateTime = now_ms - ORDER_AGE_MS
        return bytes(wrapper.SerializeToString())

    def book_ticker(self, name: StreamName, book: Book, now_ms: int, spelling: int) -> bytes:
        """Best bid and ask, alone or as a batch of one."""
        listing, wrapper = self.listing, self._wrapper(name, now_ms)
        (bid, bid_lots), (ask, ask_lots) = book.bids.best(), book.asks.best()
        if "bookTicker.batch" in name.text:
            batch = wrapper.publicBookTickerBatch
            quote: Any = batch.items.add()
            stamped: Any = batch
        else:
            quote = stamped = wrapper.publicAggreBookTicker
        quote.bidPrice = listing.price_text(bid)
        quote.bidQuantity = listing.amount_text(bid_lots)
        quote.askPrice = listing.price_text(ask)
        quote.askQuantity = listing.amount_text(ask_lots)
        if not self._recorded:
            stamped.version = str(book.last_id)
            stamped.lastOrderCreateTime = now_ms - ORDER_AGE_MS
        return bytes(wrapper.SerializeToString())

    def trades(
        self, name: StreamName, trades: Sequence[Trade], now_ms: int, spelling: int
    ) -> bytes:
        """The trades of one interval."""
        listing, wrapper = self.listing, self._wrapper(name, now_ms)
        body = wrapper.publicAggreDeals
        body.eventType = event_type(name.text, listing.native)
        for trade in trades:
            deal = body.deals.add(
                price=listing.price_text(trade.tick),
                quantity=listing.amount_text(trade.lots),
                tradeType=SELL if trade.taker_sold else BUY,
                time=trade.at_ms,
            )
            if not self._recorded:
                deal.tradeId = trade_id(trade)
        return bytes(wrapper.SerializeToString())

    def quiet(self, name: StreamName, now_ms: int, spelling: int) -> bytes:
        """A wrapper without a body."""
        return bytes(self._wrapper(name, now_ms).SerializeToString())

    def kline(self, name: StreamName, candle: Candle, now_ms: int, spelling: int) -> bytes:
        """The candle of an interval; its window is in seconds, its time that of creation."""
        listing = self.listing
        wrapper = PushDataV3ApiWrapper(
            channel=name.text,
            symbol=listing.native,
            symbolId=self._symbol_id,
            createTime=now_ms,
        )
        body = wrapper.publicSpotKline
        body.interval = name.text.rpartition("@")[2]
        body.windowStart = candle.open_ms // 1000
        body.windowEnd = (candle.close_ms + 1) // 1000
        body.openingPrice = trimmed(listing.price_text(candle.open))
        body.closingPrice = trimmed(listing.price_text(candle.close))
        body.highestPrice = trimmed(listing.price_text(candle.high))
        body.lowestPrice = trimmed(listing.price_text(candle.low))
        body.volume = trimmed(listing.amount_text(candle.lots))
        body.amount = trimmed(f"{candle.quote:.2f}")
        return bytes(wrapper.SerializeToString())

    def mini_ticker(self, name: StreamName, day: Candle, now_ms: int, spelling: int) -> bytes:
        """24 h statistics."""
        wrapper = self._wrapper(name, now_ms)
        wrapper.publicMiniTicker.CopyFrom(mini_ticker(self.listing, day))
        return bytes(wrapper.SerializeToString())

    def all_tickers(
        self, name: StreamName, days: Sequence[tuple[Listing, Candle]], now_ms: int, spelling: int
    ) -> bytes:
        """24 h statistics of every symbol; the wrapper names none."""
        wrapper = PushDataV3ApiWrapper(channel=name.text, sendTime=now_ms)
        wrapper.publicMiniTickers.items.extend(mini_ticker(*one) for one in days)
        return bytes(wrapper.SerializeToString())


def mini_ticker(listing: Listing, day: Candle) -> PublicMiniTicker:
    """One symbol's statistics: `volume` is quote money, `quantity` base volume."""
    rate = rate_text(day.close - day.open, day.open)
    high, low = trimmed(listing.price_text(day.high)), trimmed(listing.price_text(day.low))
    return PublicMiniTicker(
        symbol=listing.native,
        price=trimmed(listing.price_text(day.close)),
        rate=rate,
        zonedRate=rate,
        high=high,
        low=low,
        volume=trimmed(f"{day.quote:.2f}"),
        quantity=trimmed(listing.amount_text(day.lots)),
        lastCloseRate=rate,
        lastCloseZonedRate=rate,
        lastCloseHigh=high,
        lastCloseLow=low,
    )


def trade_id(trade: Trade) -> str:
    """A trade's id: those of its two orders."""
    first = 710_342_948_000_000_000 + 2 * trade.trade_id
    return f"{first}X0_{first + 1}X0"
