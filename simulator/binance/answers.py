"""The JSON of REST answers, per family, as plain objects or ready bytes.

Source: the venues' REST documents of 2026-07 (spot) and 2026-10 (futures).
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.binance.listings import Family, family_of
from simulator.binance.payloads import LevelText, volumes
from simulator.book import BookState, Trade
from simulator.candles import Candle
from simulator.instruments import Listing, digits_text
from simulator.listing import LiveListing
from simulator.writers import FUNDING_RATE, change_texts, next_funding_ms

Json = dict[str, Any]

PERPETUAL_DELIVERY_MS = 4_133_404_800_000
"""The delivery date of what is never delivered."""
ONBOARD_MS = 1_569_398_400_000
LARGEST_LOTS = 9_000_000_000
LARGEST_TICKS = 100_000_000
MIN_NOTIONAL_SPOT = "5.00000000"
MIN_NOTIONAL_USDM = "5"

SPOT_LIMITS = (
    ("REQUEST_WEIGHT", "MINUTE", 1, 6000),
    ("ORDERS", "SECOND", 10, 100),
    ("ORDERS", "DAY", 1, 200_000),
    ("RAW_REQUESTS", "MINUTE", 5, 300_000),
)
FUTURES_LIMITS = (
    ("REQUEST_WEIGHT", "MINUTE", 1, 2400),
    ("ORDERS", "MINUTE", 1, 1200),
    ("ORDERS", "SECOND", 10, 300),
)


def exchange_info(family: Family, listings: Iterable[LiveListing], now_ms: int) -> Json:
    """Symbols, filters and limits."""
    spot = family is Family.SPOT
    limits = [
        {"rateLimitType": what, "interval": unit, "intervalNum": count, "limit": limit}
        for what, unit, count, limit in (SPOT_LIMITS if spot else FUTURES_LIMITS)
    ]
    symbol = {Family.SPOT: _spot_symbol, Family.USDM: _usdm_symbol, Family.COINM: _coinm_symbol}
    info: Json = {
        "timezone": "UTC",
        "serverTime": now_ms,
        "rateLimits": limits,
        "exchangeFilters": [],
        "symbols": [symbol[family](live) for live in listings],
    }
    if family is Family.USDM:
        info["futuresType"] = "U_MARGINED"
        info["assets"] = [{"asset": "USDT", "marginAvailable": True, "autoAssetExchange": "-10000"}]
    return info


def _price_filter(listing: Listing) -> Json:
    tick = listing.price_text(1)
    return {
        "filterType": "PRICE_FILTER",
        "minPrice": tick,
        "maxPrice": listing.price_text(LARGEST_TICKS),
        "tickSize": tick,
    }


def _lot_filter(listing: Listing, name: str = "LOT_SIZE") -> Json:
    lot = listing.amount_text(1)
    return {
        "filterType": name,
        "minQty": lot,
        "maxQty": listing.amount_text(LARGEST_LOTS),
        "stepSize": lot,
    }


def _spot_symbol(live: LiveListing) -> Json:
    listing = live.listing
    zero = listing.amount_text(0)
    return {
        "symbol": listing.native,
        "status": "HALT" if live.halted else "TRADING",
        "baseAsset": listing.base,
        "baseAssetPrecision": 8,
        "quoteAsset": listing.quote,
        "quotePrecision": 8,
        "quoteAssetPrecision": 8,
        "baseCommissionPrecision": 8,
        "quoteCommissionPrecision": 8,
        "orderTypes": ["LIMIT", "LIMIT_MAKER", "MARKET", "STOP_LOSS_LIMIT", "TAKE_PROFIT_LIMIT"],
        "icebergAllowed": True,
        "ocoAllowed": True,
        "otoAllowed": True,
        "opoAllowed": True,
        "quoteOrderQtyMarketAllowed": True,
        "allowTrailingStop": True,
        "cancelReplaceAllowed": True,
        "amendAllowed": False,
        "pegInstructionsAllowed": True,
        "isSpotTradingAllowed": True,
        "isMarginTradingAllowed": True,
        "filters": [
            _price_filter(listing),
            _lot_filter(listing),
            {**_lot_filter(listing, "MARKET_LOT_SIZE"), "minQty": zero, "stepSize": zero},
            {
                "filterType": "NOTIONAL",
                "minNotional": MIN_NOTIONAL_SPOT,
                "applyMinToMarket": True,
                "maxNotional": "9000000.00000000",
                "applyMaxToMarket": False,
                "avgPriceMins": 5,
            },
            {
                "filterType": "PERCENT_PRICE_BY_SIDE",
                "bidMultiplierUp": "5",
                "bidMultiplierDown": "0.2",
                "askMultiplierUp": "5",
                "askMultiplierDown": "0.2",
                "avgPriceMins": 5,
            },
            {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
            {"filterType": "MAX_NUM_ALGO_ORDERS", "maxNumAlgoOrders": 5},
        ],
        "permissions": [],
        "permissionSets": [["SPOT", "MARGIN"]],
        "defaultSelfTradePreventionMode": "EXPIRE_MAKER",
        "allowedSelfTradePreventionModes": ["NONE", "EXPIRE_TAKER", "EXPIRE_MAKER", "EXPIRE_BOTH"],
    }


def _usdm_symbol(live: LiveListing) -> Json:
    listing = live.listing
    return {
        "symbol": listing.native,
        "pair": listing.pair,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": ONBOARD_MS,
        "status": "PENDING_TRADING" if live.halted else "TRADING",
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.margin,
        "pricePrecision": listing.price_digits,
        "quantityPrecision": listing.lot_digits,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "triggerProtect": "0.0500",
        "liquidationFee": "0.012500",
        "marketTakeBound": "0.05",
        "filters": [
            _price_filter(listing),
            _lot_filter(listing),
            _lot_filter(listing, "MARKET_LOT_SIZE"),
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {"filterType": "MIN_NOTIONAL", "notional": MIN_NOTIONAL_USDM},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": "4",
            },
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX", "GTD"],
    }


def _coinm_symbol(live: LiveListing) -> Json:
    listing = live.listing
    return {
        "symbol": listing.native,
        "pair": listing.pair,
        "contractType": "PERPETUAL",
        "deliveryDate": PERPETUAL_DELIVERY_MS,
        "onboardDate": ONBOARD_MS,
        "contractStatus": "PENDING_TRADING" if live.halted else "TRADING",
        "contractSize": listing.contract_size,
        "baseAsset": listing.base,
        "quoteAsset": listing.quote,
        "marginAsset": listing.margin,
        "pricePrecision": listing.price_digits,
        "quantityPrecision": 0,
        "baseAssetPrecision": 8,
        "quotePrecision": 8,
        "equalQtyPrecision": 4,
        "maintMarginPercent": "2.5000",
        "requiredMarginPercent": "5.0000",
        "triggerProtect": "0.0500",
        "underlyingType": "COIN",
        "underlyingSubType": ["PoW"],
        "liquidationFee": "0.015000",
        "marketTakeBound": "0.05",
        "filters": [
            _price_filter(listing),
            _lot_filter(listing),
            _lot_filter(listing, "MARKET_LOT_SIZE"),
            {"filterType": "MAX_NUM_ORDERS", "limit": 200},
            {
                "filterType": "PERCENT_PRICE",
                "multiplierUp": "1.0500",
                "multiplierDown": "0.9500",
                "multiplierDecimal": 4,
            },
        ],
        "orderTypes": ["LIMIT", "MARKET"],
        "timeInForce": ["GTC", "IOC", "FOK", "GTX"],
    }


def depth(live: LiveListing, state: BookState, now_ms: int) -> bytes:
    """A snapshot; futures add times, COIN-M the symbol and pair too."""
    listing, levels = live.listing, LevelText(live.listing)
    head = f'"lastUpdateId":{state.last_id}'
    if family_of(listing) is not Family.SPOT:
        head += f',"E":{now_ms},"T":{state.at_ms}'
    if family_of(listing) is Family.COINM:
        head += f',"symbol":"{listing.native}","pair":"{listing.pair}"'
    bids, asks = levels.many(state.bids), levels.many(state.asks)
    return f'{{{head},"bids":[{bids}],"asks":[{asks}]}}'.encode()


def trades(listing: Listing, recent: Iterable[Trade]) -> list[Json]:
    """Single trades, oldest first."""
    return [_trade(listing, trade) for trade in recent]


def _trade(listing: Listing, trade: Trade) -> Json:
    value = listing.quote_value(trade.tick, trade.lots)
    answer: Json = {
        "id": trade.trade_id,
        "price": listing.price_text(trade.tick),
        "qty": listing.amount_text(trade.lots),
    }
    if family_of(listing) is Family.COINM:
        answer["baseQty"] = f"{value / (trade.tick * listing.tick):.8f}"
    else:
        digits = listing.price_digits + listing.lot_digits
        units = trade.tick * listing.tick_units * trade.lots * listing.lot_units
        answer["quoteQty"] = digits_text(units // 10 ** max(0, digits - 8), min(digits, 8))
    answer["time"] = trade.at_ms
    answer["isBuyerMaker"] = trade.taker_sold
    if family_of(listing) is Family.SPOT:
        answer["isBestMatch"] = True
    return answer


def aggregate_trades(listing: Listing, recent: Iterable[Trade]) -> list[Json]:
    """Trades merged per taker order, oldest first."""
    merged: dict[int, list[Trade]] = {}
    for trade in recent:
        merged.setdefault(trade.aggregate_id, []).append(trade)
    answer: list[Json] = []
    for aggregate_id, parts in merged.items():
        first = parts[0]
        one: Json = {
            "a": aggregate_id,
            "p": listing.price_text(first.tick),
            "q": listing.amount_text(sum(part.lots for part in parts)),
            "f": first.trade_id,
            "l": parts[-1].trade_id,
            "T": first.at_ms,
            "m": first.taker_sold,
        }
        if family_of(listing) is Family.SPOT:
            one["M"] = True
        answer.append(one)
    return answer


def klines(live: LiveListing, candles: Iterable[Candle]) -> list[list[Any]]:
    """Candles as arrays of twelve."""
    listing = live.listing
    rows = []
    for candle in candles:
        volume, quote = volumes(listing, candle.lots, candle.quote, candle.close)
        buyer, buyer_quote = volumes(listing, candle.buyer_lots, candle.buyer_quote, candle.close)
        rows.append(
            [
                candle.open_ms,
                listing.price_text(candle.open),
                listing.price_text(candle.high),
                listing.price_text(candle.low),
                listing.price_text(candle.close),
                volume,
                candle.close_ms,
                quote,
                candle.trades,
                buyer,
                buyer_quote,
                "0",
            ]
        )
    return rows


def day_ticker(live: LiveListing, now_ms: int) -> Json:
    """24 h statistics."""
    listing, day = live.listing, live.statistics.day(now_ms)
    change, percent, average = change_texts(listing, day)
    volume, quote = volumes(listing, day.lots, day.quote, day.close)
    answer: Json = {"symbol": listing.native}
    if family_of(listing) is Family.COINM:
        answer["pair"] = listing.pair
    answer |= {
        "priceChange": change,
        "priceChangePercent": percent,
        "weightedAvgPrice": average,
        "lastPrice": listing.price_text(day.close),
        "lastQty": listing.amount_text(live.statistics.last_lots),
        "openPrice": listing.price_text(day.open),
        "highPrice": listing.price_text(day.high),
        "lowPrice": listing.price_text(day.low),
        "volume": volume,
        "baseVolume" if family_of(listing) is Family.COINM else "quoteVolume": quote,
        "openTime": day.open_ms,
        "closeTime": day.close_ms,
        "firstId": day.first_trade_id,
        "lastId": day.last_trade_id,
        "count": day.trades,
    }
    if family_of(listing) is Family.SPOT:
        answer["prevClosePrice"] = answer["openPrice"]
        best = book_ticker(live, now_ms)
        answer |= {key: best[key] for key in ("bidPrice", "bidQty", "askPrice", "askQty")}
    return answer


def price_ticker(live: LiveListing, now_ms: int) -> Json:
    """The last traded price."""
    listing = live.listing
    answer: Json = {
        "symbol": listing.native,
        "price": listing.price_text(live.statistics.last_tick),
    }
    if family_of(listing) is Family.COINM:
        answer["ps"] = listing.pair
    if family_of(listing) is not Family.SPOT:
        answer["time"] = now_ms
    return answer


def book_ticker(live: LiveListing, now_ms: int) -> Json:
    """Best bid and ask."""
    listing, book = live.listing, live.book
    (bid, bid_lots), (ask, ask_lots) = book.bids.best(), book.asks.best()
    answer: Json = {
        "symbol": listing.native,
        "bidPrice": listing.price_text(bid),
        "bidQty": listing.amount_text(bid_lots),
        "askPrice": listing.price_text(ask),
        "askQty": listing.amount_text(ask_lots),
    }
    if family_of(listing) is Family.COINM:
        answer["pair"] = listing.pair
    if family_of(listing) is not Family.SPOT:
        answer["lastUpdateId"] = book.last_id
        answer["time"] = now_ms
    return answer


def premium_index(live: LiveListing, now_ms: int) -> Json:
    """Mark price, index and funding (futures)."""
    mark, index = live.mark()
    answer: Json = {"symbol": live.listing.native}
    if family_of(live.listing) is Family.COINM:
        answer["pair"] = live.listing.pair
    return answer | {
        "markPrice": f"{mark:.8f}",
        "indexPrice": f"{index:.8f}",
        "estimatedSettlePrice": f"{index:.8f}",
        "lastFundingRate": FUNDING_RATE,
        "interestRate": "0.00010000",
        "nextFundingTime": next_funding_ms(now_ms),
        "time": now_ms,
    }
