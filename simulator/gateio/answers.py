"""The JSON of Gate's REST answers of both markets.

Source: the sheets `gateio` section 4 and `gateio_futures` sections 1, 3 and 4.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from simulator.book import BookState, Trade
from simulator.candles import Candle
from simulator.gateio.contracts import OPEN_CONTRACTS, ContractWriter, mark_text
from simulator.gateio.listings import amount_of, price_of
from simulator.gateio.payloads import LevelPairs, fine_ms, money, percent_text
from simulator.instruments import Listing
from simulator.listing import LiveListing
from simulator.writers import FUNDING_MS, FUNDING_RATE, next_funding_ms

Json = dict[str, Any]

LAUNCHED_S = 1_607_313_600
MIN_QUOTE = "3"
"""The least an order may be worth, which the venue's errors name too."""
MAX_BASE_LOTS = 10_000_000_000
MAX_CONTRACTS = 1_000_000
MAKER_FEE, TAKER_FEE = "-0.00025", "0.00075"
"""Nominal fees of the contract object; not what an account pays."""


# -- spot ---------------------------------------------------------------------------------------


def pair(live: LiveListing) -> Json:
    """One currency pair with its rules."""
    listing = live.listing
    status = "untradable" if live.halted else "sellable" if live.restricted else "tradable"
    return {
        "id": listing.native,
        "base": listing.base,
        "base_name": listing.base,
        "quote": listing.quote,
        "quote_name": "Tether",
        "fee": "0.2",
        "min_base_amount": amount_of(listing, 1),
        "min_quote_amount": MIN_QUOTE,
        "max_base_amount": amount_of(listing, MAX_BASE_LOTS),
        "max_quote_amount": "5000000",
        "amount_precision": listing.lot_digits,
        "precision": listing.price_digits,
        "trade_status": status,
        "sell_start": LAUNCHED_S,
        "buy_start": LAUNCHED_S,
        "delisting_time": 0,
        "type": "normal",
        "trade_url": f"https://www.gate.com/trade/{listing.native}",
        "st_tag": False,
        "up_rate": "0.5",
        "down_rate": "0.5",
        "slippage": "0.05",
        "market_order_max_stock": "0",
        "market_order_max_money": "0",
        "trade_quotes": None,
    }


def pair_book(live: LiveListing, state: BookState, now_ms: int, with_id: bool) -> bytes:
    """A snapshot of spot, times in milliseconds."""
    levels = LevelPairs(live.listing)
    head = f'"id":{state.last_id},' if with_id else ""
    return (
        f'{{{head}"current":{now_ms},"update":{state.at_ms},'
        f'"asks":[{levels.many(state.asks)}],"bids":[{levels.many(state.bids)}]}}'
    ).encode()


def pair_trades(listing: Listing, trades: Iterable[Trade]) -> list[Json]:
    """Trades of spot, newest first; every number is text."""
    return [
        {
            "id": str(trade.trade_id),
            "create_time": str(trade.at_ms // 1000),
            "create_time_ms": fine_ms(trade),
            "currency_pair": listing.native,
            "side": "sell" if trade.taker_sold else "buy",
            "amount": amount_of(listing, trade.lots),
            "price": price_of(listing, trade.tick),
            "sequence_id": str(trade.trade_id - 900_000),
        }
        for trade in trades
    ]


def pair_ticker(live: LiveListing, now_ms: int) -> Json:
    """24 h statistics of spot."""
    listing, summary = live.listing, live.summary(now_ms)
    day, change = summary.day, percent_text(summary.day, listing)
    (bid, bid_lots), (ask, ask_lots) = summary.book.bids.best(), summary.book.asks.best()
    return {
        "currency_pair": listing.native,
        "last": price_of(listing, day.close),
        "lowest_ask": price_of(listing, ask),
        "lowest_size": amount_of(listing, ask_lots),
        "highest_bid": price_of(listing, bid),
        "highest_size": amount_of(listing, bid_lots),
        "change_percentage": change,
        "change_utc0": change,
        "change_utc8": change,
        "base_volume": amount_of(listing, day.lots),
        "quote_volume": money(day.quote),
        "high_24h": price_of(listing, day.high),
        "low_24h": price_of(listing, day.low),
    }


def pair_candles(listing: Listing, candles: Iterable[Candle], now_ms: int) -> list[list[str]]:
    """Candles of spot: time, quote volume, close, high, low, open, base volume, closed."""
    return [
        [
            str(candle.open_ms // 1000),
            money(candle.quote),
            price_of(listing, candle.close),
            price_of(listing, candle.high),
            price_of(listing, candle.low),
            price_of(listing, candle.open),
            amount_of(listing, candle.lots),
            "true" if now_ms > candle.close_ms else "false",
        ]
        for candle in candles
    ]


# -- futures ------------------------------------------------------------------------------------


def contract(live: LiveListing, now_ms: int, decimals: bool) -> Json:
    """One contract with its rules."""
    listing = live.listing
    mark, index = live.mark()
    fractions = listing.lot_digits > 0
    least: str | int = amount_of(listing, 1)
    most: str | int = str(MAX_CONTRACTS)
    if not decimals:
        least, most = (least if fractions else 1), MAX_CONTRACTS
    return {
        "name": listing.native,
        "type": "direct",
        "quanto_multiplier": listing.multiplier,
        "order_price_round": price_of(listing, 1),
        "mark_price_round": price_of(listing, 1),
        "order_size_min": least,
        "order_size_max": most,
        "enable_decimal": fractions,
        "order_price_deviate": "0.5",
        "market_order_slip_ratio": "0.05",
        "market_order_size_max": "0",
        "leverage_min": "1",
        "leverage_max": "100",
        "maintenance_rate": "0.005",
        "mark_type": "index",
        "last_price": price_of(listing, live.statistics.last_tick),
        "mark_price": mark_text(mark),
        "index_price": mark_text(index),
        "funding_rate": FUNDING_RATE,
        "funding_rate_indicative": FUNDING_RATE,
        "funding_interval": FUNDING_MS // 1000,
        "funding_next_apply": next_funding_ms(now_ms) // 1000,
        "funding_offset": 0,
        "funding_cap_ratio": "0.75",
        "funding_rate_limit": "0.003",
        "maker_fee_rate": MAKER_FEE,
        "taker_fee_rate": TAKER_FEE,
        "orders_limit": 50,
        "orderbook_id": live.book.last_id,
        "trade_id": live.book.last_trade_id,
        "position_size": str(OPEN_CONTRACTS) if decimals else OPEN_CONTRACTS,
        "in_delisting": live.restricted,
        "status": "prelaunch" if live.halted else "trading",
        "launch_time": LAUNCHED_S,
        "delisting_time": 0,
    }


def contract_book(
    live: LiveListing, state: BookState, now_ms: int, with_id: bool, spelling: int
) -> bytes:
    """A snapshot of futures, times in seconds with a fraction."""
    writer = ContractWriter(live.listing, recorded=False)
    head = f'"id":{state.last_id},' if with_id else ""
    return (
        f'{{{head}"current":{now_ms / 1000:.3f},"update":{state.at_ms / 1000:.3f},'
        f'"asks":[{writer.objects(state.asks, spelling)}],'
        f'"bids":[{writer.objects(state.bids, spelling)}]}}'
    ).encode()


def contract_trades(live: LiveListing, trades: Iterable[Trade], spelling: int) -> bytes:
    """Trades of futures, newest first."""
    writer = ContractWriter(live.listing, recorded=False)
    rows = ",".join(writer.trade_json(trade, spelling, stream=False) for trade in trades)
    return f"[{rows}]".encode()


def contract_tickers(listings: Iterable[LiveListing], now_ms: int) -> bytes:
    """24 h statistics of futures."""
    rows = ",".join(
        ContractWriter(live.listing, recorded=False).ticker_json(live.summary(now_ms), more=True)
        for live in listings
    )
    return f"[{rows}]".encode()


def contract_candles(listing: Listing, candles: Iterable[Candle], decimals: bool) -> list[Json]:
    """Candles of futures: `v` counts contracts, `sum` is quote money."""
    rows = []
    for candle in candles:
        size = amount_of(listing, candle.lots)
        rows.append(
            {
                "t": candle.open_ms // 1000,
                "v": size if decimals else int(float(size)),
                "c": price_of(listing, candle.close),
                "h": price_of(listing, candle.high),
                "l": price_of(listing, candle.low),
                "o": price_of(listing, candle.open),
                "sum": money(candle.quote),
            }
        )
    return rows
