"""The JSON of MEXC's REST answers.  Source: the sheet `mexc`, section 4."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.book import BookState, Trade
from simulator.candles import Candle
from simulator.instruments import Listing
from simulator.listing import LiveListing
from simulator.mexc.listings import sparse, trimmed
from simulator.writers import change_texts

Json = dict[str, Any]

ONLINE, PAUSED = "1", "2"
MIN_QUOTE, MAX_QUOTE, MAX_MARKET_QUOTE = "1", "2000000", "100000"
MAKER_FEE, TAKER_FEE = "0", "0.0005"


def default_symbols(listings: Iterable[LiveListing], now_ms: int) -> Json:
    """The symbols that may be traded through the API."""
    names = [live.listing.native for live in listings if not live.restricted]
    return {"data": names, "code": 0, "msg": "success", "timestamp": now_ms}


def exchange_info(listings: Iterable[LiveListing], now_ms: int) -> Json:
    """Symbols with their rules; there are no filters and no limits."""
    return {
        "timezone": "CST",
        "serverTime": now_ms,
        "rateLimits": [],
        "exchangeFilters": [],
        "symbols": [_symbol(live) for live in listings],
    }


def _symbol(live: LiveListing) -> Json:
    listing = live.listing
    return {
        "symbol": listing.native,
        "status": PAUSED if live.halted else ONLINE,
        "baseAsset": listing.base,
        "baseAssetPrecision": listing.lot_digits,
        "quoteAsset": listing.quote,
        "quotePrecision": listing.price_digits,
        "quoteAssetPrecision": listing.price_digits,
        "baseCommissionPrecision": listing.lot_digits,
        "quoteCommissionPrecision": listing.price_digits,
        "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"],
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": False,
        "quoteAmountPrecision": MIN_QUOTE,
        "baseSizePrecision": "0" if sparse(listing) else trimmed(listing.amount_text(1)),
        "permissions": ["SPOT"],
        "filters": [],
        "maxQuoteAmount": MAX_QUOTE,
        "makerCommission": MAKER_FEE,
        "takerCommission": TAKER_FEE,
        "quoteAmountPrecisionMarket": MIN_QUOTE,
        "maxQuoteAmountMarket": MAX_MARKET_QUOTE,
        "fullName": listing.base,
        "tradeSideType": 1,
    }


def depth(listing: Listing, state: BookState, now_ms: int) -> Json:
    """A snapshot, best levels first."""
    price, amount = listing.price_text, listing.amount_text
    bids, asks = (
        [[price(tick), amount(lots)] for tick, lots in side] for side in (state.bids, state.asks)
    )
    return {"lastUpdateId": state.last_id, "bids": bids, "asks": asks, "timestamp": now_ms}


def trades(listing: Listing, recent: Iterable[Trade]) -> list[Json]:
    """Trades, newest first; they have no id."""
    return [
        {
            "id": None,
            "price": listing.price_text(trade.tick),
            "qty": listing.amount_text(trade.lots),
            "quoteQty": trimmed(f"{listing.quote_value(trade.tick, trade.lots):.8f}"),
            "time": trade.at_ms,
            "isBuyerMaker": trade.taker_sold,
            "isBestMatch": True,
            "tradeType": "ASK" if trade.taker_sold else "BID",
        }
        for trade in recent
    ]


def aggregate_trades(listing: Listing, recent: Iterable[Trade]) -> list[Json]:
    """The same in the shape of aggregated trades."""
    return [
        {
            "a": None,
            "f": None,
            "l": None,
            "p": listing.price_text(trade.tick),
            "q": listing.amount_text(trade.lots),
            "T": trade.at_ms,
            "m": trade.taker_sold,
            "M": True,
        }
        for trade in recent
    ]


def klines(listing: Listing, candles: Iterable[Candle]) -> list[list[Any]]:
    """Candles as arrays of eight; one ends where the next begins."""
    return [
        [
            candle.open_ms,
            listing.price_text(candle.open),
            listing.price_text(candle.high),
            listing.price_text(candle.low),
            listing.price_text(candle.close),
            listing.amount_text(candle.lots),
            candle.close_ms + 1,
            f"{candle.quote:.2f}",
        ]
        for candle in candles
    ]


def day_ticker(live: LiveListing, now_ms: int) -> Json:
    """24 h statistics; some symbols leave sizes empty, and nobody counts trades."""
    listing, day = live.listing, live.statistics.day(now_ms)
    (bid, bid_lots), (ask, ask_lots) = live.book.bids.best(), live.book.asks.best()
    empty, price = sparse(listing), listing.price_text
    return {
        "symbol": listing.native,
        "priceChange": change_texts(listing, day)[0],
        "priceChangePercent": f"{(day.close - day.open) / day.open:.8f}",
        "prevClosePrice": price(day.open),
        "lastPrice": price(day.close),
        "bidPrice": price(bid),
        "bidQty": "" if empty else listing.amount_text(bid_lots),
        "askPrice": price(ask),
        "askQty": "" if empty else listing.amount_text(ask_lots),
        "openPrice": price(day.open),
        "highPrice": price(day.high),
        "lowPrice": price(day.low),
        "volume": listing.amount_text(day.lots),
        "quoteVolume": None if empty else f"{day.quote:.2f}",
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "count": None,
    }


def price_ticker(live: LiveListing, now_ms: int) -> Json:
    """The last traded price."""
    listing = live.listing
    last = listing.price_text(live.statistics.last_tick)
    return {"symbol": listing.native, "price": last}


def book_ticker(live: LiveListing, now_ms: int) -> Json:
    """Best bid and ask."""
    listing, book = live.listing, live.book
    (bid, bid_lots), (ask, ask_lots) = book.bids.best(), book.asks.best()
    return {
        "symbol": listing.native,
        "bidPrice": listing.price_text(bid),
        "bidQty": listing.amount_text(bid_lots),
        "askPrice": listing.price_text(ask),
        "askQty": listing.amount_text(ask_lots),
    }
