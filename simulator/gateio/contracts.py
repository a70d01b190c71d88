"""The JSON of Gate's futures streams: sizes are contracts, integers or decimal strings.

A listener's spelling is 1 when it sent `X-Gate-Size-Decimal: 1`, and 0 otherwise.  Source: the
sheet `gateio_futures` sections 1 to 3.
"""

from __future__ import annotations

from collections.abc import Sequence

from simulator.book import Book, Diff, Trade
from simulator.candles import Candle
from simulator.gateio.listings import amount_of, price_of, signed_size, size_of
from simulator.gateio.payloads import (
    REBASE_SHARE,
    Levels,
    best_first,
    envelope,
    money,
    percent_text,
)
from simulator.instruments import Listing
from simulator.topics import StreamName
from simulator.writers import FUNDING_RATE, StreamWriter, Summary

OPEN_CONTRACTS = 5_223_816
"""Open interest of a contract; the simulator keeps no positions."""
DECIMALS = 1
"""The spelling with decimal strings."""
MARK_DIGITS = 8


class ContractWriter(StreamWriter):
    """Writes the stream events of one contract."""

    rebase_share = REBASE_SHARE

    def __init__(self, listing: Listing, recorded: bool) -> None:
        self.listing = listing
        self._recorded = recorded

    def objects(self, levels: Levels, spelling: int) -> str:
        """Levels as objects with price and size."""
        listing, decimals = self.listing, spelling == DECIMALS
        return ",".join(
            f'{{"p":"{price_of(listing, tick)}","s":{size_of(listing, lots, decimals)}}}'
            for tick, lots in levels
        )

    def _pairs(self, levels: Levels, spelling: int) -> str:
        """Levels as pairs of strings, which `futures.obu` has."""
        listing, decimals = self.listing, spelling == DECIMALS
        return ",".join(
            f'["{price_of(listing, tick)}","{size_of(listing, lots, decimals).strip(QUOTE)}"]'
            for tick, lots in levels
        )

    def depth(self, name: StreamName, diff: Diff, book: Book, now_ms: int, spelling: int) -> bytes:
        """Changed levels within the stream's depth; the ids advance even where none is."""
        bids, asks = best_first(diff.bids, True), best_first(diff.asks, False)
        ids = f'"U":{diff.first_id},"u":{book.last_id}'
        if name.text.startswith("futures.obu@"):
            payload = name.text.partition("@")[2]
            head = f'"t":{book.changed_ms},"s":"{payload}",{ids}'
            # A side without a change is missing.
            sides = "".join(
                f',"{side}":[{self._pairs(levels, spelling)}]'
                for side, levels in (("b", bids), ("a", asks))
                if levels
            )
            return _in_band(f"{head}{sides}", now_ms)
        level = "" if self._recorded else f',"l":"{name.levels}"'
        result = (
            f'{{"t":{book.changed_ms},"s":"{self.listing.native}",{ids},'
            f'"b":[{self.objects(bids, spelling)}],"a":[{self.objects(asks, spelling)}]{level}}}'
        )
        return envelope("futures.order_book_update", now_ms, result)

    def full(self, name: StreamName, book: Book, now_ms: int, spelling: int) -> bytes:
        """The whole book within the stream's depth."""
        payload = name.text.partition("@")[2]
        bids = self._pairs(book.bids.top(name.levels), spelling)
        asks = self._pairs(book.asks.top(name.levels), spelling)
        head = f'"t":{book.changed_ms},"full":true,"s":"{payload}","u":{book.last_id}'
        return _in_band(f'{head},"b":[{bids}],"a":[{asks}]', now_ms)

    def partial(
        self, name: StreamName, book: Book, previous_id: int, now_ms: int, spelling: int
    ) -> bytes:
        """The best levels of the older book channel, whose event is `all`."""
        bids = self.objects(book.bids.top(name.levels), spelling)
        asks = self.objects(book.asks.top(name.levels), spelling)
        result = (
            f'{{"t":{book.changed_ms},"contract":"{self.listing.native}","id":{book.last_id},'
            f'"asks":[{asks}],"bids":[{bids}]}}'
        )
        return envelope("futures.order_book", now_ms, result, event="all")

    def book_ticker(self, name: StreamName, book: Book, now_ms: int, spelling: int) -> bytes:
        """Best bid and ask with the id of the book they belong to."""
        (bid, bid_lots), (ask, ask_lots) = book.bids.best(), book.asks.best()
        listing, decimals = self.listing, spelling == DECIMALS
        result = (
            f'{{"t":{book.changed_ms},"u":{book.last_id},"s":"{listing.native}",'
            f'"b":"{price_of(listing, bid)}","B":{size_of(listing, bid_lots, decimals)},'
            f'"a":"{price_of(listing, ask)}","A":{size_of(listing, ask_lots, decimals)}}}'
        )
        return envelope("futures.book_ticker", now_ms, result)

    def trades(
        self, name: StreamName, trades: Sequence[Trade], now_ms: int, spelling: int
    ) -> bytes:
        """The trades of one taker order; a negative size was sold."""
        result = ",".join(self.trade_json(trade, spelling, stream=True) for trade in trades)
        return envelope("futures.trades", now_ms, f"[{result}]")

    def trade_json(self, trade: Trade, spelling: int, stream: bool) -> str:
        """A trade; REST gives its time in seconds with a fraction, streams in milliseconds."""
        listing = self.listing
        size = signed_size(listing, trade.lots, trade.taker_sold, spelling == DECIMALS)
        seconds, millis = divmod(trade.at_ms, 1000)
        times = (
            f'"create_time":{seconds},"create_time_ms":{trade.at_ms}'
            if stream
            else f'"create_time":{seconds}.{millis:03d}'
        )
        return (
            f'{{"size":{size},"id":{trade.trade_id},{times},'
            f'"price":"{price_of(listing, trade.tick)}","contract":"{listing.native}"}}'
        )

    def kline(self, name: StreamName, candle: Candle, now_ms: int, spelling: int) -> bytes:
        """The candle of an interval: `v` counts contracts, `a` is base volume."""
        listing = self.listing
        interval = name.text.partition("@")[2].partition(",")[0]
        closed = "true" if now_ms > candle.close_ms else "false"
        result = (
            f'[{{"t":{candle.open_ms // 1000},'
            f'"v":{size_of(listing, candle.lots, spelling == DECIMALS)},'
            f'"c":"{price_of(listing, candle.close)}","h":"{price_of(listing, candle.high)}",'
            f'"l":"{price_of(listing, candle.low)}","o":"{price_of(listing, candle.open)}",'
            f'"n":"{interval}_{listing.native}","a":"{money(candle.lots * listing.lot)}",'
            f'"w":{closed}}}]'
        )
        return envelope("futures.candlesticks", now_ms, result)

    def ticker(self, name: StreamName, summary: Summary, now_ms: int, spelling: int) -> bytes:
        """Rolling statistics of 24 hours with mark, index and funding."""
        result = self.ticker_json(summary, more=False)
        return envelope("futures.tickers", now_ms, f"[{result}]")

    def ticker_json(self, summary: Summary, more: bool) -> str:
        """A ticker; REST says more than the stream."""
        listing, day, book = self.listing, summary.day, summary.book
        rest = (
            f',"volume_24h_base":"{money(day.lots * listing.lot)}",'
            f'"volume_24h_quote":"{money(day.quote)}","volume_24h_settle":"{money(day.quote)}",'
            f'"highest_bid":"{price_of(listing, book.bids.best()[0])}",'
            f'"highest_size":"{amount_of(listing, book.bids.best()[1])}",'
            f'"lowest_ask":"{price_of(listing, book.asks.best()[0])}",'
            f'"lowest_size":"{amount_of(listing, book.asks.best()[1])}"'
        )
        return (
            f'{{"contract":"{listing.native}","last":"{price_of(listing, day.close)}",'
            f'"change_percentage":"{percent_text(day, listing)}","funding_rate":"{FUNDING_RATE}",'
            f'"funding_rate_indicative":"{FUNDING_RATE}","mark_price":"{mark_text(summary.mark)}",'
            f'"index_price":"{mark_text(summary.index)}","total_size":"{OPEN_CONTRACTS}",'
            f'"volume_24h":"{amount_of(listing, day.lots)}","quanto_base_rate":"",'
            f'"low_24h":"{price_of(listing, day.low)}","high_24h":"{price_of(listing, day.high)}"'
            f"{rest if more else ''}}}"
        )


QUOTE = '"'


def mark_text(value: float) -> str:
    """A mark or index price, without trailing zeros."""
    return f"{value:.{MARK_DIGITS}f}".rstrip("0").rstrip(".")


def _in_band(inside: str, now_ms: int) -> bytes:
    """An event of `futures.obu`, whose envelope names neither second nor event."""
    return f'{{"channel":"futures.obu","result":{{{inside}}},"time_ms":{now_ms}}}'.encode()
