"""Names of symbols, and what exchangeInfo says about them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from exchanges.registry import dialect
from messages.errors import DecodeError, UnknownSymbol
from messages.identifiers import ContractKind
from messages.instruments import RateRule, SymbolInfo

SPOT_SYMBOL = {
    "symbol": "ETHBTC",
    "status": "TRADING",
    "baseAsset": "ETH",
    "baseAssetPrecision": 8,
    "quoteAsset": "BTC",
    "quotePrecision": 8,
    "isSpotTradingAllowed": True,
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "0.00000100",
            "maxPrice": "100000.00000000",
            "tickSize": "0.00000100",
        },
        {
            "filterType": "LOT_SIZE",
            "minQty": "0.00100000",
            "maxQty": "100000.00000000",
            "stepSize": "0.00100000",
        },
        {
            "filterType": "MARKET_LOT_SIZE",
            "minQty": "0.00000000",
            "maxQty": "63100.00000000",
            "stepSize": "0.00000000",
        },
        {
            "filterType": "NOTIONAL",
            "minNotional": "10.00000000",
            "applyMinToMarket": False,
            "maxNotional": "10000.00000000",
            "applyMaxToMarket": False,
            "avgPriceMins": 5,
        },
        {"filterType": "MAX_NUM_ORDERS", "maxNumOrders": 200},
    ],
    "permissions": [],
    "permissionSets": [["SPOT", "MARGIN"]],
}
USDM_SYMBOL = {
    "symbol": "BTCUSDT",
    "pair": "BTCUSDT",
    "contractType": "PERPETUAL",
    "deliveryDate": 4133404800000,
    "status": "TRADING",
    "baseAsset": "BTC",
    "quoteAsset": "USDT",
    "marginAsset": "USDT",
    "pricePrecision": 2,
    "quantityPrecision": 3,
    "underlyingType": "COIN",
    "filters": [
        {
            "filterType": "PRICE_FILTER",
            "minPrice": "556.72",
            "maxPrice": "1000000",
            "tickSize": "0.01",
        },
        {"filterType": "LOT_SIZE", "minQty": "0.001", "maxQty": "1000", "stepSize": "0.001"},
        {"filterType": "MIN_NOTIONAL", "notional": "5"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.1500",
            "multiplierDown": "0.8500",
            "multiplierDecimal": "4",
        },
    ],
}
COINM_SYMBOL = {
    "symbol": "BTCUSD_200925",
    "pair": "BTCUSD",
    "contractType": "CURRENT_QUARTER",
    "deliveryDate": 1601020800000,
    "contractStatus": "TRADING",
    "contractSize": 100,
    "baseAsset": "BTC",
    "quoteAsset": "USD",
    "marginAsset": "BTC",
    "pricePrecision": 1,
    "filters": [
        {"filterType": "PRICE_FILTER", "tickSize": "0.1", "minPrice": "0.1", "maxPrice": "100000"},
        {"filterType": "LOT_SIZE", "minQty": "1", "maxQty": "100000", "stepSize": "1"},
        {
            "filterType": "PERCENT_PRICE",
            "multiplierUp": "1.0500",
            "multiplierDown": "0.9500",
            "multiplierDecimal": 4,
        },
    ],
}
LIMITS = [
    {"rateLimitType": "REQUEST_WEIGHT", "interval": "MINUTE", "intervalNum": 1, "limit": 6000},
    {"rateLimitType": "ORDERS", "interval": "SECOND", "intervalNum": 10, "limit": 50},
    {"rateLimitType": "ORDERS", "interval": "DAY", "intervalNum": 1, "limit": 160000},
    {"rateLimitType": "RAW_REQUESTS", "interval": "MINUTE", "intervalNum": 5, "limit": 300000},
]


def test_permissions_of_either_spelling() -> None:
    """Groups of single accounts say nothing about a symbol."""
    sets = [["SPOT", "MARGIN", "TRD_GRP_004"], ["SPOT"]]
    found = read("binance", SPOT_SYMBOL, permissions=["LEVERAGED"], permissionSets=sets)
    assert found.permissions == ("LEVERAGED", "MARGIN", "SPOT")
    assert read("binance_usdm", USDM_SYMBOL).permissions == ()


def read(venue: str, symbol: dict[str, Any], **changed: Any) -> SymbolInfo:
    """Decode an exchangeInfo of one symbol, some members changed."""
    body = json.dumps({"timezone": "UTC", "rateLimits": [], "symbols": [{**symbol, **changed}]})
    (info,) = dialect(venue).decode_venue_info(body.encode()).symbols
    return info


@pytest.mark.parametrize(
    ("venue", "native", "symbol"),
    [
        ("binance", "ZILUSDT", "ZIL/USDT"),
        ("binance", "ETHBRL", "ETH/BRL"),
        ("binance", "RENBTCETH", "RENBTC/ETH"),
        ("binance", "NEOUSDC", "NEO/USDC"),
        ("binance", "BTCAUD", "BTC/AUD"),
        ("binance", "AXSBNB", "AXS/BNB"),
        ("binance", "BTCSTUSDT", "BTCST/USDT"),
        ("binance", "QTUMETH", "QTUM/ETH"),
        ("binance", "TUSDUSDT", "TUSD/USDT"),
        ("binance", "USDTTRY", "USDT/TRY"),
        ("binance_us", "BTCUSD", "BTC/USD"),
        ("binance_us", "BNBUSD", "BNB/USD"),
        ("binance_us", "QTUMUSDT", "QTUM/USDT"),
        ("binance_us", "VTHOUSD", "VTHO/USD"),
        ("binance_us", "BCHBTC", "BCH/BTC"),
        ("binance_usdm", "BTCUSDT", "BTC/USDT:USDT"),
        ("binance_usdm", "BTCUSDT_250926", "BTC/USDT:USDT-250926"),
        ("binance_usdm", "ETHBTC", "ETH/BTC:BTC"),
        ("binance_usdm", "1000SHIBUSDC", "1000SHIB/USDC:USDC"),
        ("binance_coinm", "BTCUSD_PERP", "BTC/USD:BTC"),
        ("binance_coinm", "ETHUSD_210924", "ETH/USD:ETH-210924"),
    ],
)
def test_native_names(venue: str, native: str, symbol: str) -> None:
    """Split at the longest quote asset; contracts settle in the quote, inverse in the base."""
    info = dialect(venue).symbol_from_native(native)
    assert (info.venue, info.symbol, info.native) == (venue, symbol, native)
    assert (info.tick, info.lot) == (None, None)


@pytest.mark.parametrize(
    ("venue", "native"),
    [
        ("binance", ""),
        ("binance", "USDT"),
        ("binance", "BTCXYZ"),
        ("binance", "btcusdt"),
        ("binance", "BTCUSDT_250926"),
        ("binance_usdm", "BTCUSDT_PERP"),
        ("binance_usdm", "BTCUSDT_1"),
        ("binance_coinm", "BTCUSD"),
        ("binance_coinm", "USD_PERP"),
        ("binance_coinm", "BTCUSDT_PERP"),
        ("binance_us", "BTCTRY"),
    ],
)
def test_what_is_no_name_of_a_symbol(venue: str, native: str) -> None:
    """No guess is made where none is right; the error says venue and name."""
    with pytest.raises(UnknownSymbol, match=f"{native!r} is not a symbol of {venue}"):
        dialect(venue).symbol_from_native(native)


def test_spot_symbol_with_its_rules() -> None:
    """Tick, lot, bounds and notional come from the filters, exactly as decimals."""
    assert read("binance", SPOT_SYMBOL) == SymbolInfo(
        venue="binance",
        symbol="ETH/BTC",
        native="ETHBTC",
        base="ETH",
        quote="BTC",
        kind=ContractKind.SPOT,
        tick=Decimal("0.00000100"),
        lot=Decimal("0.00100000"),
        min_amount=Decimal("0.00100000"),
        max_amount=Decimal("100000.00000000"),
        min_notional=Decimal("10.00000000"),
        status="TRADING",
        tradeable=True,
        permissions=("MARGIN", "SPOT"),
    )


def test_the_older_notional_filter() -> None:
    """Recordings of 2021 have MIN_NOTIONAL with the spot spelling of its member."""
    filters = [{"filterType": "MIN_NOTIONAL", "minNotional": "0.0001", "applyToMarket": True}]
    assert read("binance", SPOT_SYMBOL, filters=filters).min_notional == Decimal("0.0001")


@pytest.mark.parametrize(
    ("changed", "tradeable"),
    [
        ({}, True),
        ({"status": "HALT"}, False),
        ({"status": "BREAK"}, False),
        ({"status": "CANCEL_ONLY"}, False),
        ({"isSpotTradingAllowed": False}, False),
    ],
)
def test_what_may_be_traded_on_spot(changed: dict[str, Any], tradeable: bool) -> None:
    """Status TRADING and spot trading allowed, both."""
    assert read("binance", SPOT_SYMBOL, **changed).tradeable is tradeable


def test_linear_perpetual() -> None:
    """USD-M: the notional filter has its own member, and digits are not ticks."""
    info = read("binance_usdm", USDM_SYMBOL)
    assert (info.symbol, info.kind, info.settle) == ("BTC/USDT:USDT", ContractKind.LINEAR, "USDT")
    assert (info.tick, info.min_notional) == (Decimal("0.01"), Decimal(5))
    assert (info.contract_size, info.tradeable) == (Decimal(1), True)


def test_delivery_contract() -> None:
    """COIN-M: contractStatus, a size in USD, and the delivery day in the name."""
    info = read("binance_coinm", COINM_SYMBOL)
    assert (info.symbol, info.kind) == ("BTC/USD:BTC-200925", ContractKind.INVERSE)
    assert (info.contract_size, info.expiry, info.tradeable) == (Decimal(100), "200925", True)
    assert not read("binance_coinm", COINM_SYMBOL, contractStatus="SETTLING").tradeable


@pytest.mark.parametrize(
    ("changed", "symbol", "tradeable"),
    [
        ({"contractType": "TRADIFI_PERPETUAL", "underlyingType": "EQUITY"}, "BTC/USDT:USDT", False),
        ({"underlyingType": "INDEX"}, "BTC/USDT:USDT", False),
        (
            {"contractType": "CURRENT_QUARTER", "deliveryDate": 1758873600000},
            "BTC/USDT:USDT-250926",
            True,
        ),
        ({"contractType": "PERPETUAL", "deliveryDate": 1758873600000}, "BTC/USDT:USDT", True),
        ({"contractType": "", "status": "PENDING_TRADING"}, "BTC/USDT:USDT", False),
    ],
)
def test_contract_types(changed: dict[str, Any], symbol: str, tradeable: bool) -> None:
    """Perpetual by type or by the date that means none; equities and indices are not traded."""
    info = read("binance_usdm", USDM_SYMBOL, **changed)
    assert (info.symbol, info.tradeable) == (symbol, tradeable)


@pytest.mark.parametrize(
    ("venue", "symbol", "changed"),
    [
        ("binance_coinm", COINM_SYMBOL, {"contractSize": None}),
        ("binance_coinm", COINM_SYMBOL, {"contractSize": "-1"}),
        ("binance_coinm", COINM_SYMBOL, {"deliveryDate": 0}),
        ("binance_coinm", COINM_SYMBOL, {"deliveryDate": 10**18}),
        ("binance", SPOT_SYMBOL, {"filters": [{"filterType": "PRICE_FILTER", "tickSize": "NaN"}]}),
        ("binance", SPOT_SYMBOL, {"filters": [{"filterType": "LOT_SIZE", "stepSize": "-1"}]}),
    ],
)
def test_one_odd_symbol_does_not_cost_the_venue(
    venue: str, symbol: dict[str, Any], changed: dict[str, Any]
) -> None:
    """It stays in the list to be seen, and may not be traded."""
    info = read(venue, symbol, **changed)
    assert (info.status, info.tradeable, info.tick) == ("UNREADABLE", False, None)


def test_a_rule_of_zero_is_switched_off() -> None:
    """Price and quantity rules are each disabled by 0."""
    filters = [
        {"filterType": "PRICE_FILTER", "tickSize": "0.00000000"},
        {"filterType": "LOT_SIZE", "minQty": "0", "maxQty": "0", "stepSize": "0"},
    ]
    info = read("binance", SPOT_SYMBOL, filters=filters)
    assert (info.tick, info.lot, info.max_amount, info.tradeable) == (None, None, None, True)


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"<html></html>",
        b"[]",
        b'{"code":-1003,"msg":"x"}',
        b'{"symbols":[{"symbol":"A","baseAsset":"","quoteAsset":"B"}]}',
        b'{"symbols":[{"symbol":"A","baseAsset":"A","quoteAsset":"B","filters":5}]}',
    ],
)
def test_what_is_no_exchange_info(body: bytes) -> None:
    """An answer of another shape is an error that names the venue."""
    with pytest.raises(DecodeError, match=r"^binance exchangeInfo: expected"):
        dialect("binance").decode_venue_info(body)


def test_declared_limits() -> None:
    """Limits are read with their interval in seconds; what makes no sense is left out."""
    odd = [
        {},
        {"rateLimitType": "X", "interval": "FORTNIGHT", "limit": 1},
        {"rateLimitType": "Y", "interval": "MINUTE", "limit": 0},
    ]
    body = json.dumps({"rateLimits": LIMITS + odd, "symbols": []}).encode()
    assert dialect("binance").decode_venue_info(body).limits == (
        RateRule("REQUEST_WEIGHT", 6000, 60.0),
        RateRule("ORDERS", 50, 10.0),
        RateRule("ORDERS", 160000, 86400.0),
        RateRule("RAW_REQUESTS", 300000, 300.0),
    )
