"""The JSON of streams: spot and futures write the same facts in different fields.

Source: the venues' stream documents of 2026-07 (spot) and 2026-10 (futures).  With
`recorded=True` a futures venue leaves out the members added in 2025 and 2026 (`st`, `nq`, `ps`
on USD-M), which is the form of all recordings made before.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from simulator.binance.listings import Family
from simulator.book import Book, Diff, Trade
from simulator.candles import Candle
from simulator.instruments import Listing
from simulator.topics import StreamName
from simulator.writers import FUNDING_RATE, StreamWriter, Summary, change_texts, next_funding_ms

INDEX_DIGITS = 8
"""Mark and index prices carry eight digits."""


class LevelText:
    """Prints levels of one listing; the hot path of every depth event."""

    def __init__(self, listing: Listing) -> None:
        price, amount = (
            f"%d.%0{digits}d" if digits else "%d%.0s"
            for digits in (listing.price_digits, listing.lot_digits)
        )
        self._form = f'["{price}","{amount}"]'
        self._tick_units = listing.tick_units
        self._lot_units = listing.lot_units
        self._price_scale = 10**listing.price_digits
        self._lot_scale = 10**listing.lot_digits

    def many(self, levels: Iterable[tuple[int, int]]) -> str:
        """Levels as a JSON array of [price, amount] string pairs."""
        form, price_scale, lot_scale = self._form, self._price_scale, self._lot_scale
        tick_units, lot_units = self._tick_units, self._lot_units
        return ",".join(
            [
                form
                % (divmod(tick * tick_units, price_scale) + divmod(lots * lot_units, lot_scale))
                for tick, lots in levels
            ]
        )


class BinanceWriter(StreamWriter):
    """Writes the stream events of one listing; `unit` is 1 for ms and 1000 for µs times."""

    def __init__(self, listing: Listing, family: Family, recorded: bool) -> None:
        self.listing = listing
        self.levels = LevelText(listing)
        self._spot = family is Family.SPOT
        self._usdm = family is Family.USDM
        self._symbol = f'"s":"{listing.native}"'
        product = 1 if self._usdm else 2
        self._product = "" if self._spot or recorded else f',"st":{product}'
        with_pair = not self._spot and not (self._usdm and recorded)
        self._pair = f',"ps":"{listing.pair}"' if with_pair else ""
        self._with_plain_amount = self._usdm and not recorded
        self._tail = f"{self._pair}{self._product}"
        # Recorded trades name no pair, not even on COIN-M.
        self._trade_tail = "" if recorded else self._tail

    def _price(self, tick: int) -> str:
        return self.listing.price_text(tick)

    def _amount(self, lots: int) -> str:
        return self.listing.amount_text(lots)

    def depth(self, name: StreamName, diff: Diff, book: Book, now_ms: int, unit: int) -> bytes:
        """One `depthUpdate`: bids best first, asks best first."""
        bids = self.levels.many(sorted(diff.bids.items(), reverse=True))
        asks = self.levels.many(sorted(diff.asks.items()))
        ids = f'"U":{diff.first_id},"u":{book.last_id}'
        return self._depth(ids, diff.previous_id, bids, asks, book.changed_ms, now_ms, unit)

    def _depth(
        self, ids: str, previous_id: int, bids: str, asks: str, at_ms: int, now_ms: int, unit: int
    ) -> bytes:
        times = f'"E":{now_ms * unit}'
        chain = ""
        if not self._spot:
            times += f',"T":{at_ms * unit}'
            chain = f',"pu":{previous_id}'
        return (
            f'{{"e":"depthUpdate",{times},{self._symbol}{self._tail},{ids}{chain},'
            f'"b":[{bids}],"a":[{asks}]}}'
        ).encode()

    def partial(
        self, name: StreamName, book: Book, previous_id: int, now_ms: int, unit: int
    ) -> bytes:
        """The best levels: nameless on spot, a `depthUpdate` on futures."""
        bids = self.levels.many(book.bids.top(name.levels))
        asks = self.levels.many(book.asks.top(name.levels))
        if self._spot:
            return f'{{"lastUpdateId":{book.last_id},"bids":[{bids}],"asks":[{asks}]}}'.encode()
        ids = f'"U":{previous_id + 1},"u":{book.last_id}'
        return self._depth(ids, previous_id, bids, asks, book.changed_ms, now_ms, unit)

    def book_ticker(self, name: StreamName, book: Book, now_ms: int, unit: int) -> bytes:
        """Best bid and ask with the id of the book they belong to."""
        bid, bid_lots = book.bids.best()
        ask, ask_lots = book.asks.best()
        best = (
            f'"b":"{self._price(bid)}","B":"{self._amount(bid_lots)}",'
            f'"a":"{self._price(ask)}","A":"{self._amount(ask_lots)}"'
        )
        head = f'"u":{book.last_id},{self._symbol}'
        if self._spot:
            return f"{{{head},{best}}}".encode()
        times = f'"T":{book.changed_ms * unit},"E":{now_ms * unit}'
        return f'{{"e":"bookTicker",{head}{self._tail},{best},{times}}}'.encode()

    def trade(self, name: StreamName, trade: Trade, now_ms: int, unit: int) -> bytes:
        """One single trade."""
        price, amount = self._price(trade.tick), self._amount(trade.lots)
        maker = "true" if trade.taker_sold else "false"
        times = f'"E":{now_ms * unit}'
        what = f'"t":{trade.trade_id},"p":"{price}","q":"{amount}"'
        at = f'"T":{trade.at_ms * unit}'
        if self._spot:
            text = f'{times},{self._symbol},{what},{at},"m":{maker},"M":true'
        else:
            text = f'{times},{at},{self._symbol}{self._trade_tail},{what},"X":"MARKET","m":{maker}'
        return f'{{"e":"trade",{text}}}'.encode()

    def trades(self, name: StreamName, trades: Sequence[Trade], now_ms: int, unit: int) -> bytes:
        """The trades of one taker order at one price, merged."""
        first = trades[0]
        amount = self._amount(sum(trade.lots for trade in trades))
        maker = "true" if first.taker_sold else "false"
        plain = f',"nq":"{amount}"' if self._with_plain_amount else ""
        tail = ',"M":true' if self._spot else self._trade_tail
        return (
            f'{{"e":"aggTrade","E":{now_ms * unit},{self._symbol},"a":{first.aggregate_id},'
            f'"p":"{self._price(first.tick)}","q":"{amount}"{plain},"f":{first.trade_id},'
            f'"l":{trades[-1].trade_id},"T":{first.at_ms * unit},"m":{maker}{tail}}}'
        ).encode()

    def kline(self, name: StreamName, candle: Candle, now_ms: int, unit: int) -> bytes:
        """The candle of an interval, `x` once it is closed."""
        price = self._price
        closed = "true" if now_ms > candle.close_ms else "false"
        volume, quotes = volumes(self.listing, candle.lots, candle.quote, candle.close)
        buyer, buyer_quotes = volumes(
            self.listing, candle.buyer_lots, candle.buyer_quote, candle.close
        )
        return (
            f'{{"e":"kline","E":{now_ms * unit},{self._symbol}{self._product},"k":{{'
            f'"t":{candle.open_ms * unit},"T":{(candle.close_ms + 1) * unit - 1},{self._symbol},'
            f'"i":"{name.interval}","f":{candle.first_trade_id},"L":{candle.last_trade_id},'
            f'"o":"{price(candle.open)}","c":"{price(candle.close)}","h":"{price(candle.high)}",'
            f'"l":"{price(candle.low)}","v":"{volume}","n":{candle.trades},"x":{closed},'
            f'"q":"{quotes}","V":"{buyer}","Q":"{buyer_quotes}","B":"0"}}}}'
        ).encode()

    def ticker(self, name: StreamName, summary: Summary, now_ms: int, unit: int) -> bytes:
        """Rolling statistics of 24 hours, with best bid and ask on spot."""
        day, book, last_lots = summary.day, summary.book, summary.last_lots
        price = self._price
        volume, quotes = volumes(self.listing, day.lots, day.quote, day.close)
        change, percent, average = change_texts(self.listing, day)
        best = ""
        if self._spot:
            bid, bid_lots = book.bids.best()
            ask, ask_lots = book.asks.best()
            best = (
                f'"x":"{price(day.open)}","b":"{price(bid)}","B":"{self._amount(bid_lots)}",'
                f'"a":"{price(ask)}","A":"{self._amount(ask_lots)}",'
            )
        return (
            f'{{"e":"24hrTicker","E":{now_ms * unit},{self._symbol}{self._coin_tail()},'
            f'"p":"{change}","P":"{percent}","w":"{average}",{best}"c":"{price(day.close)}",'
            f'"Q":"{self._amount(last_lots)}","o":"{price(day.open)}","h":"{price(day.high)}",'
            f'"l":"{price(day.low)}","v":"{volume}","q":"{quotes}","O":{day.open_ms * unit},'
            f'"C":{day.close_ms * unit},"F":{day.first_trade_id},"L":{day.last_trade_id},'
            f'"n":{day.trades}}}'
        ).encode()

    def mini_ticker(self, name: StreamName, day: Candle, now_ms: int, unit: int) -> bytes:
        """The same in brief."""
        price = self._price
        volume, quotes = volumes(self.listing, day.lots, day.quote, day.close)
        return (
            f'{{"e":"24hrMiniTicker","E":{now_ms * unit},{self._symbol}{self._coin_tail()},'
            f'"c":"{price(day.close)}","o":"{price(day.open)}","h":"{price(day.high)}",'
            f'"l":"{price(day.low)}","v":"{volume}","q":"{quotes}"}}'
        ).encode()

    def _coin_tail(self) -> str:
        """Tickers name the pair on COIN-M only."""
        return self._product if self._usdm else self._tail

    def mark_price(
        self, name: StreamName, mark: float, index: float, now_ms: int, unit: int
    ) -> bytes:
        """Mark price, index and the running funding rate (futures)."""
        next_ms = next_funding_ms(now_ms)
        return (
            f'{{"e":"markPriceUpdate","E":{now_ms * unit},{self._symbol},'
            f'"p":"{mark:.{INDEX_DIGITS}f}","P":"{index:.{INDEX_DIGITS}f}",'
            f'"i":"{index:.{INDEX_DIGITS}f}","r":"{FUNDING_RATE}","T":{next_ms * unit}'
            f"{self._product}}}"
        ).encode()


def volumes(listing: Listing, lots: int, quote: float, tick: int) -> tuple[str, str]:
    """Volume in the venue's unit, and its worth: quote units, base units on COIN-M.

    Args:
        tick: the price at which quote becomes base on COIN-M.
    """
    worth = quote / (tick * listing.tick) if listing.contract_size else quote
    return listing.amount_text(lots), f"{worth:.8f}"
