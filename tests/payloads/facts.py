"""What a payload says, read by its documentation and the json of the standard library.

Rules of this file: nothing of a dialect is used.  A table says for each kind of payload which
member of it each member of our message must equal: a name, an index, or a function of the item.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from decimal import Decimal
from typing import Any, Final

from exchanges.registry import dialect

Where = str | int | Callable[[Any], Any]
Facts = Mapping[str, Where]


def sides(bids: str, asks: str, *, objects: bool = False) -> dict[str, Where]:
    """Both sides of a book, as pairs or as objects with `p` and `s`."""

    def side(name: str) -> Callable[[Any], Any]:
        def read(item: Any) -> Any:
            levels = item.get(name) or []
            pairs = [(each["p"], each["s"]) for each in levels] if objects else levels
            return tuple((float(price), float(amount)) for price, amount in pairs)

        return read

    return {"bids": side(bids), "asks": side(asks)}


def _filter(item: Any, kind: str, member: str) -> Decimal | None:
    found = [each for each in item["filters"] if each["filterType"] == kind]
    return Decimal(found[0][member]) if found else None


# -- Binance ------------------------------------------------------------------------------------

_BINANCE_TICKER: Final[Facts] = {
    "symbol": "symbol",
    "last": "lastPrice",
    "open": "openPrice",
    "high": "highPrice",
    "low": "lowPrice",
    "amount": "volume",
    "quote_amount": "quoteVolume",
    "change_percent": "priceChangePercent",
    "bid": "bidPrice",
    "ask": "askPrice",
    "venue_ms": "closeTime",
}
_BINANCE_TRADE: Final[Facts] = {
    "trade_id": "id",
    "price": "price",
    "amount": "qty",
    "venue_ms": "time",
    "taker_sold": "isBuyerMaker",
}
_COINM_KLINE: Final[Facts] = {
    "open_ms": 0,
    "open": 1,
    "high": 2,
    "low": 3,
    "close": 4,
    "amount": 5,
    "close_ms": 6,
    "trades": 8,
    # A contract of that symbol is worth 100 dollars; column 7 is in the base asset.
    "quote_amount": lambda item: float(item[5]) * 100,
}
_BINANCE_KLINE: Final[Facts] = {**_COINM_KLINE, "quote_amount": 7}
_BINANCE_SYMBOL: Final[Facts] = {
    "native": "symbol",
    "base": "baseAsset",
    "quote": "quoteAsset",
    "tick": lambda item: _filter(item, "PRICE_FILTER", "tickSize"),
    "lot": lambda item: _filter(item, "LOT_SIZE", "stepSize"),
    "contract_size": lambda item: Decimal(item.get("contractSize", 1)),
}
_BINANCE_STATISTICS: Final[Facts] = {
    "symbol": "s",
    "venue_ms": "E",
    "last": "c",
    "open": "o",
    "high": "h",
    "low": "l",
    "amount": "v",
    "quote_amount": "q",
}
BINANCE_EVENTS: Final[dict[str, Facts]] = {
    "depthUpdate": {
        "symbol": "s",
        "venue_ms": "E",
        "first_id": "U",
        "last_id": "u",
        "previous_id": lambda item: item.get("pu", -1),
        **sides("b", "a"),
    },
    "bookTicker": {
        "symbol": "s",
        "venue_ms": "E",
        "last_id": "u",
        "bid": "b",
        "bid_amount": "B",
        "ask": "a",
        "ask_amount": "A",
    },
    "trade": {
        "symbol": "s",
        "trade_id": "t",
        "price": "p",
        "amount": "q",
        "venue_ms": "T",
        "taker_sold": "m",
    },
    "aggTrade": {
        "symbol": "s",
        "trade_id": "a",
        "price": "p",
        "amount": "q",
        "venue_ms": "T",
        "taker_sold": "m",
        "first_trade_id": "f",
        "last_trade_id": "l",
    },
    "kline": {
        "symbol": "s",
        "venue_ms": "E",
        **{
            ours: (lambda name: lambda item: item["k"][name])(theirs)
            for ours, theirs in {
                "open_ms": "t",
                "close_ms": "T",
                "interval": "i",
                "open": "o",
                "high": "h",
                "low": "l",
                "close": "c",
                "amount": "v",
                "quote_amount": "q",
                "trades": "n",
                "closed": "x",
            }.items()
        },
    },
    "24hrTicker": {**_BINANCE_STATISTICS, "change_percent": "P", "bid": "b", "ask": "a"},
    "24hrMiniTicker": _BINANCE_STATISTICS,
}

# -- Gate ---------------------------------------------------------------------------------------

_GATE_TRADE: Final[Facts] = {
    # An answer may leave out the pair it was asked for.
    "symbol": lambda item: item.get("currency_pair", "BTC_USDT"),
    "trade_id": "id",
    "price": "price",
    "amount": "amount",
    "venue_ms": lambda item: int(float(item["create_time_ms"])),
    "taker_sold": lambda item: item["side"] == "sell",
}
_GATE_QUOTE: Final[Facts] = {
    "symbol": "s",
    "venue_ms": "t",
    "last_id": "u",
    "bid": "b",
    "bid_amount": "B",
    "ask": "a",
    "ask_amount": "A",
}
_GATE_DELTA: Final[Facts] = {"venue_ms": "t", "last_id": "u", **sides("b", "a")}
_GATE_IN_BAND: Final[Facts] = {**_GATE_DELTA, "symbol": lambda item: item["s"].split(".")[1]}
GATE_CHANNELS: Final[dict[str, Facts]] = {
    "spot.book_ticker": _GATE_QUOTE,
    "futures.book_ticker": _GATE_QUOTE,
    "spot.obu": _GATE_IN_BAND,
    "futures.obu": _GATE_IN_BAND,
    "spot.order_book_update": {**_GATE_DELTA, "symbol": "s", "first_id": "U"},
    "spot.trades": _GATE_TRADE,
    "spot.tickers": {
        "symbol": "currency_pair",
        "last": "last",
        "high": "high_24h",
        "low": "low_24h",
        "amount": "base_volume",
        "quote_amount": "quote_volume",
        "change_percent": "change_percentage",
        "bid": "highest_bid",
        "ask": "lowest_ask",
    },
}

# -- answers of all venues ----------------------------------------------------------------------

ANSWERS: Final[dict[tuple[str, str], Facts]] = {
    **{
        (venue, method): facts
        for venue in ("binance", "binance_usdm", "binance_coinm")
        for method, facts in {
            "tickers": _BINANCE_TICKER,
            "trades": _BINANCE_TRADE,
            "klines": _COINM_KLINE if venue == "binance_coinm" else _BINANCE_KLINE,
            "snapshot": {"last_id": "lastUpdateId", "venue_ms": "E", **sides("bids", "asks")},
            "server_time": {"venue_ms": "serverTime"},
            "venue_info": _BINANCE_SYMBOL,
        }.items()
    },
    ("gateio", "trades"): _GATE_TRADE,
    ("gateio", "snapshot"): {"last_id": "id", "venue_ms": "update", **sides("bids", "asks")},
    ("gateio", "venue_info"): {
        "native": "id",
        "base": "base",
        "quote": "quote",
        "tick": lambda item: Decimal(1).scaleb(-item["precision"]),
        "lot": lambda item: Decimal(1).scaleb(-item["amount_precision"]),
        "min_notional": lambda item: Decimal(item["min_quote_amount"]),
    },
    ("gateio_futures", "trades"): {
        "symbol": "contract",
        "trade_id": "id",
        "price": "price",
        "amount": lambda item: abs(float(item["size"])),
        "taker_sold": lambda item: float(item["size"]) < 0,
        "venue_ms": lambda item: item.get("create_time_ms") or item["create_time"] * 1000,
    },
    ("gateio_futures", "venue_info"): {
        "native": "name",
        "tick": lambda item: Decimal(item["order_price_round"]),
        "contract_size": lambda item: Decimal(item["quanto_multiplier"]),
    },
    ("mexc", "tickers"): {
        **_BINANCE_TICKER,
        "change_percent": lambda item: float(item["priceChangePercent"]) * 100,
    },
    ("mexc", "klines"): {
        "open_ms": 0,
        "open": 1,
        "high": 2,
        "low": 3,
        "close": 4,
        "amount": 5,
        # It names the next candle's start.
        "close_ms": lambda item: item[6] - 1,
        "quote_amount": 7,
    },
    ("mexc", "snapshot"): {
        "last_id": "lastUpdateId",
        "venue_ms": "timestamp",
        **sides("bids", "asks"),
    },
    ("mexc", "server_time"): {"venue_ms": "serverTime"},
}


def read(item: Any, where: Where) -> Any:
    """Look a member up; None where there is none."""
    if callable(where):
        return where(item)
    if isinstance(where, int):
        return item[where]
    return item.get(where)


def check(venue: str, message: object, item: Any, facts: Facts) -> None:
    """Compare every member of the table; a number the payload leaves out, or empty, is 0."""
    for name, where in facts.items():
        found, told = getattr(message, name), read(item, where)
        if name == "symbol":
            told = dialect(venue).symbol_from_native(told).symbol
        elif told is None or told == "":
            told = type(found)()
        elif isinstance(found, int | float) and not isinstance(found, bool):
            told = type(found)(told)
        assert found == told, f"{name} of {message}"
        assert isinstance(found, bool) == isinstance(told, bool)
