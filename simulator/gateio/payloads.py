"""The JSON of Gate's streams: what spot and futures have in common, and spot.

With `recorded=True` the members added since the recordings of 2021 (spot) and 2023 (futures) are
left out.  Source: the sheets `gateio` section 1.4 and `gateio_futures` section 2.
"""

from __future__ import annotations

from collections.abc import Iterable

from simulator.book import Book, Diff, Trade
from simulator.candles import Candle
from simulator.gateio.listings import amount_of, price_of
from simulator.instruments import Listing
from simulator.topics import StreamName
from simulator.writers import StreamWriter, Summary, change_texts

Levels = Iterable[tuple[int, int]]
REBASE_SHARE = 1 / 6000
"""How often an in-band book starts anew: every ten minutes at ten events a second."""
TRADE_DIGITS = 10
"""Trades of spot print price and amount with ten digits, unlike books."""


class LevelPairs:
    """Prints levels as pairs of strings, without trailing zeros."""

    def __init__(self, listing: Listing) -> None:
        self._price = (listing.tick_units, 10**listing.price_digits, listing.price_digits)
        self._amount = (listing.lot_units, 10**listing.lot_digits, listing.lot_digits)

    def many(self, levels: Levels) -> str:
        """Levels as the inside of a JSON array; the hot path of every book event."""
        tick_units, price_scale, price_digits = self._price
        lot_units, lot_scale, lot_digits = self._amount
        pieces = []
        for tick, lots in levels:
            whole, rest = divmod(tick * tick_units, price_scale)
            price = f"{whole}.{rest:0{price_digits}d}".rstrip("0") if rest else str(whole)
            whole, rest = divmod(lots * lot_units, lot_scale)
            amount = f"{whole}.{rest:0{lot_digits}d}".rstrip("0") if rest else str(whole)
            pieces.append(f'["{price}","{amount}"]')
        return ",".join(pieces)


def best_first(changes: dict[int, int], bids: bool) -> list[tuple[int, int]]:
    """Changed levels in the order of a book."""
    return sorted(changes.items(), reverse=bids)


def envelope(
    channel: str, now_ms: int, result: str, *, event: str = "update", millis: bool = True
) -> bytes:
    """One event around its result."""
    times = f'"time":{now_ms // 1000}' + (f',"time_ms":{now_ms}' if millis else "")
    return f'{{{times},"channel":"{channel}","event":"{event}","result":{result}}}'.encode()


def percent_text(day: Candle, listing: Listing) -> str:
    """The change of a day in percent."""
    return change_texts(listing, day)[1]


class SpotWriter(StreamWriter):
    """Writes the stream events of one pair; they have one spelling."""

    rebase_share = REBASE_SHARE

    def __init__(self, listing: Listing, recorded: bool) -> None:
        self.listing = listing
        self.levels = LevelPairs(listing)
        self._recorded = recorded

    def _event(self, channel: str, now_ms: int, result: str) -> bytes:
        return envelope(channel, now_ms, result, millis=not self._recorded)

    def depth(self, name: StreamName, diff: Diff, book: Book, now_ms: int, spelling: int) -> bytes:
        """Changed levels within the stream's depth; the ids advance even where none is."""
        bids = self.levels.many(best_first(diff.bids, True))
        asks = self.levels.many(best_first(diff.asks, False))
        ids = f'"U":{diff.first_id},"u":{book.last_id},"b":[{bids}],"a":[{asks}]'
        if name.text.startswith("spot.obu@"):
            payload = name.text.partition("@")[2]
            return _in_band(f'"t":{book.changed_ms},"s":"{payload}",{ids}', now_ms)
        level = "" if self._recorded else f'"l":"{name.levels}",'
        head = f'"t":{book.changed_ms},{level}"e":"depthUpdate","E":{now_ms // 1000}'
        result = f'{{{head},"s":"{self.listing.native}",{ids}}}'
        return self._event("spot.order_book_update", now_ms, result)

    def full(self, name: StreamName, book: Book, now_ms: int, spelling: int) -> bytes:
        """The whole book within the stream's depth."""
        payload = name.text.partition("@")[2]
        bids = self.levels.many(book.bids.top(name.levels))
        asks = self.levels.many(book.asks.top(name.levels))
        head = f'"t":{book.changed_ms},"full":true,"s":"{payload}","u":{book.last_id}'
        return _in_band(f'{head},"b":[{bids}],"a":[{asks}]', now_ms)

    def partial(
        self, name: StreamName, book: Book, previous_id: int, now_ms: int, spelling: int
    ) -> bytes:
        """The best levels."""
        bids = self.levels.many(book.bids.top(name.levels))
        asks = self.levels.many(book.asks.top(name.levels))
        head = f'"t":{book.changed_ms},"lastUpdateId":{book.last_id}'
        result = (
            f'{{{head},"s":"{self.listing.native}","l":"{name.levels}",'
            f'"bids":[{bids}],"asks":[{asks}]}}'
        )
        return self._event("spot.order_book", now_ms, result)

    def book_ticker(self, name: StreamName, book: Book, now_ms: int, spelling: int) -> bytes:
        """Best bid and ask with the id of the book they belong to."""
        (bid, bid_lots), (ask, ask_lots) = book.bids.best(), book.asks.best()
        listing = self.listing
        result = (
            f'{{"t":{book.changed_ms},"u":{book.last_id},"s":"{listing.native}",'
            f'"b":"{price_of(listing, bid)}","B":"{amount_of(listing, bid_lots)}",'
            f'"a":"{price_of(listing, ask)}","A":"{amount_of(listing, ask_lots)}"}}'
        )
        return self._event("spot.book_ticker", now_ms, result)

    def trade(self, name: StreamName, trade: Trade, now_ms: int, spelling: int) -> bytes:
        """One trade, with the taker's side."""
        return self._event("spot.trades", now_ms, self.trade_json(trade))

    def trade_json(self, trade: Trade) -> str:
        """A trade of the stream."""
        listing = self.listing
        side = "sell" if trade.taker_sold else "buy"
        market_id = "" if self._recorded else f'"id_market":{trade.trade_id - 900_000},'
        ranges = "" if self._recorded else f',"range":"{trade.trade_id}-{trade.trade_id}"'
        price, amount = padded(price_of(listing, trade.tick)), amount_of(listing, trade.lots)
        return (
            f'{{"id":{trade.trade_id},{market_id}"create_time":{trade.at_ms // 1000},'
            f'"create_time_ms":"{fine_ms(trade)}","side":"{side}",'
            f'"currency_pair":"{listing.native}","amount":"{padded(amount)}",'
            f'"price":"{price}"{ranges}}}'
        )

    def kline(self, name: StreamName, candle: Candle, now_ms: int, spelling: int) -> bytes:
        """The candle of an interval: `v` is quote money, `a` base volume."""
        listing = self.listing
        interval = name.text.partition("@")[2].partition(",")[0]
        closed = "true" if now_ms > candle.close_ms else "false"
        more = "" if self._recorded else f',"a":"{amount_of(listing, candle.lots)}","w":{closed}'
        result = (
            f'{{"t":"{candle.open_ms // 1000}","v":"{money(candle.quote)}",'
            f'"c":"{price_of(listing, candle.close)}","h":"{price_of(listing, candle.high)}",'
            f'"l":"{price_of(listing, candle.low)}","o":"{price_of(listing, candle.open)}",'
            f'"n":"{interval}_{listing.native}"{more}}}'
        )
        return self._event("spot.candlesticks", now_ms, result)

    def ticker(self, name: StreamName, summary: Summary, now_ms: int, spelling: int) -> bytes:
        """Rolling statistics of 24 hours."""
        listing, day, book = self.listing, summary.day, summary.book
        result = (
            f'{{"currency_pair":"{listing.native}","last":"{price_of(listing, day.close)}",'
            f'"lowest_ask":"{price_of(listing, book.asks.best()[0])}",'
            f'"highest_bid":"{price_of(listing, book.bids.best()[0])}",'
            f'"change_percentage":"{percent_text(day, listing)}",'
            f'"base_volume":"{amount_of(listing, day.lots)}","quote_volume":"{money(day.quote)}",'
            f'"high_24h":"{price_of(listing, day.high)}","low_24h":"{price_of(listing, day.low)}"}}'
        )
        return self._event("spot.tickers", now_ms, result)


def _in_band(inside: str, now_ms: int) -> bytes:
    """An event of `spot.obu`, whose envelope names no second."""
    return (
        f'{{"channel":"spot.obu","result":{{{inside}}},"time_ms":{now_ms},"event":"update"}}'
    ).encode()


def fine_ms(trade: Trade) -> str:
    """A trade's time in milliseconds with a fraction."""
    return f"{trade.at_ms}.{trade.trade_id % 10_000:04d}".rstrip("0").rstrip(".")


def padded(text: str) -> str:
    """A decimal with as many digits as trades of spot print."""
    whole, _, rest = text.partition(".")
    return f"{whole}.{rest.ljust(TRADE_DIGITS, '0')}"


def money(value: float) -> str:
    """Quote money of statistics, without trailing zeros."""
    return f"{value:.8f}".rstrip("0").rstrip(".")
