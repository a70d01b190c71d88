"""Names and exchangeInfo; the sample is the venue sheet's."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest

from exchanges.mexc import PUBLIC
from messages.errors import DecodeError, UnknownSymbol
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo

# fmt: off
BROCK: dict[str, Any] = {
    "symbol": "BROCKUSDT", "status": "1", "baseAsset": "BROCK", "baseAssetPrecision": 2,
    "quoteAsset": "USDT", "quotePrecision": 5, "quoteAssetPrecision": 5,
    "baseCommissionPrecision": 2, "quoteCommissionPrecision": 5,
    "orderTypes": ["LIMIT", "MARKET", "LIMIT_MAKER"], "isSpotTradingAllowed": True,
    "isMarginTradingAllowed": False, "quoteAmountPrecision": "1", "baseSizePrecision": "0",
    "permissions": ["SPOT"], "filters": [], "maxQuoteAmount": "2000000",
    "makerCommission": "0.0005", "takerCommission": "0.0005", "quoteAmountPrecisionMarket": "1",
    "maxQuoteAmountMarket": "100000", "fullName": "Bitrock", "tradeSideType": 1,
}
# fmt: on


def read(**changes: Any) -> SymbolInfo:
    """What we make of the sample after some changes."""
    symbols = [{**BROCK, **changes}]
    body = json.dumps(
        {"timezone": "CST", "serverTime": 1, "rateLimits": [], "symbols": symbols}
    ).encode()
    info = PUBLIC.decode_venue_info(body)
    assert (info.venue, info.limits) == ("mexc", ())
    (only,) = info.symbols
    return only


def test_symbol_info() -> None:
    """Tick and lot follow from decimal places, the minimum notional is a number of its own."""
    assert read() == SymbolInfo(
        venue="mexc",
        symbol="BROCK/USDT",
        native="BROCKUSDT",
        base="BROCK",
        quote="USDT",
        kind=ContractKind.SPOT,
        tick=Decimal("0.00001"),
        lot=Decimal("0.01"),
        min_notional=Decimal(1),
        maker_fee=Decimal("0.0005"),
        taker_fee=Decimal("0.0005"),
        permissions=("SPOT",),
    )
    assert str(read().tick) == "0.00001"


def test_a_smallest_amount() -> None:
    """`baseSizePrecision` above 0 is the smallest amount, not the step."""
    info = read(baseSizePrecision="0.001", baseAssetPrecision=0)
    assert (info.min_amount, info.lot) == (Decimal("0.001"), Decimal(1))


@pytest.mark.parametrize(
    ("changes", "status", "tradeable"),
    [
        ({"status": "ENABLED"}, "TRADING", True),
        ({"status": 1, "tradeSideType": "1"}, "TRADING", True),
        ({"permissions": []}, "TRADING", True),
        ({"status": "2"}, "PAUSED", False),
        ({"status": "3"}, "OFFLINE", False),
        ({"status": "9"}, "9", False),
        ({"status": None}, "UNKNOWN", False),
        ({"tradeSideType": 2}, "BUY_ONLY", False),
        ({"tradeSideType": "3"}, "SELL_ONLY", False),
        ({"tradeSideType": 4}, "CLOSED", False),
        ({"tradeSideType": 5}, "SIDES_5", False),
        ({"isSpotTradingAllowed": False}, "TRADING", False),
        ({"permissions": ["MARGIN"]}, "NOT_SPOT", False),
    ],
)
def test_status(changes: dict[str, Any], status: str, tradeable: bool) -> None:
    """Only what trades in both directions on the spot market is tradeable."""
    info = read(**changes)
    assert (info.status, info.tradeable) == (status, tradeable)


@pytest.mark.parametrize(
    "changes",
    [
        {"quotePrecision": None},
        {"quotePrecision": 31},
        {"quotePrecision": 1.5},
        {"baseAssetPrecision": -1},
        {"quoteAmountPrecision": "nan"},
        {"baseSizePrecision": "x"},
        {"takerCommission": "-0.1"},
        {"baseAsset": "A/B"},
        {"baseAsset": "A B"},
    ],
)
def test_a_symbol_whose_rules_make_no_sense(changes: dict[str, Any]) -> None:
    """It is listed and not tradeable; the other symbols are not affected."""
    info = read(**changes)
    assert (info.status, info.tradeable, info.tick) == ("UNREADABLE", False, None)


@pytest.mark.parametrize("name", ["symbol", "baseAsset", "quoteAsset"])
def test_a_symbol_without_a_name(name: str) -> None:
    """Without names the answer is not what it says it is."""
    with pytest.raises(DecodeError, match="expected names of base and quote asset"):
        read(**{name: ""})


@pytest.mark.parametrize(
    ("body", "tradeable"),
    [
        ('{"data":["SNTUSDT","BROCKUSDT"],"code":0,"msg":"success","timestamp":1}', True),
        ('{"data":["BROCKUSDT"],"code":200,"msg":null}', True),
        ('{"data":["SNTUSDT"],"code":0,"msg":"success"}', False),
    ],
)
def test_what_the_api_may_trade(body: str, tradeable: bool) -> None:
    """A listed symbol that defaultSymbols lacks is marked."""
    info = PUBLIC.decode_venue_info(json.dumps({"symbols": [BROCK]}).encode())
    (only,) = PUBLIC.refine_venue_info(info, (body.encode(),)).symbols
    assert only.tradeable is tradeable
    assert only.status == ("TRADING" if tradeable else "NOT_BY_API")


@pytest.mark.parametrize(
    ("native", "symbol"),
    [
        ("BTCUSDT", "BTC/USDT"),
        ("USDCUSDT", "USDC/USDT"),
        ("MXBTC", "MX/BTC"),
        ("SOLUSDC", "SOL/USDC"),
        ("1000CATUSDT", "1000CAT/USDT"),
    ],
)
def test_guesses(native: str, symbol: str) -> None:
    """Without symbol info a name is split at a known quote asset, and has no tick."""
    info = PUBLIC.symbol_from_native(native)
    assert (info.symbol, info.native, info.tick, info.kind) == (
        symbol,
        native,
        None,
        ContractKind.SPOT,
    )


@pytest.mark.parametrize("native", ["", "USDT", "BTC", "btcusdt", "BTC-USDT", "BTC_XYZ", "A BUSDT"])
def test_names_that_are_none(native: str) -> None:
    """Nothing is guessed that users could not write."""
    with pytest.raises(UnknownSymbol, match="is not a symbol of mexc"):
        PUBLIC.symbol_from_native(native)
