"""How Gate lists an asset: pairs with precisions, and contracts with a multiplier."""

from __future__ import annotations

from simulator.instruments import Asset, Listing, usdt_pair

MULTIPLIERS = {
    "BTC": "0.0001",
    "ETH": "0.01",
    "SOL": "1",
    "XRP": "10",
    "DOGE": "10",
    "ADA": "10",
}
"""Base amount of one contract; of made-up assets it follows from the price."""
DECIMAL_SIZES = frozenset({"XRP"})
"""Contracts that trade in tenths (`enable_decimal`), which the venue opens one after another."""
COARSE_TICKS = {"ETH": 5}
"""Ticks that are no power of ten: ETH moves by 0.05."""
DEAR = 100.0
"""Made-up assets above this price have contracts of a tenth."""


def spot_listing(asset: Asset) -> Listing:
    """The pair of an asset against USDT."""
    return usdt_pair(asset, f"{asset.name}_USDT")


def contract_listing(asset: Asset) -> Listing:
    """The perpetual contract of an asset, settled in USDT; amounts count contracts."""
    return Listing(
        native=f"{asset.name}_USDT",
        pair="",
        base=asset.name,
        quote="USDT",
        margin="USDT",
        price_digits=asset.futures_tick_decimals,
        tick_units=COARSE_TICKS.get(asset.name, 1),
        lot_digits=1 if asset.name in DECIMAL_SIZES else 0,
        lot_units=1,
        multiplier=MULTIPLIERS.get(asset.name) or ("0.1" if asset.price > DEAR else "1"),
    )


def plain(units: int, digits: int) -> str:
    """A count of 10**-digits as the venue prints it: without trailing zeros."""
    if digits == 0:
        return str(units)
    whole, rest = divmod(units, 10**digits)
    return f"{whole}.{rest:0{digits}d}".rstrip("0") if rest else str(whole)


def price_of(listing: Listing, ticks: int) -> str:
    """A price as the venue prints it."""
    return plain(ticks * listing.tick_units, listing.price_digits)


def amount_of(listing: Listing, lots: int) -> str:
    """An amount as the venue prints it: base units, or contracts with all their decimals."""
    return plain(lots * listing.lot_units, listing.lot_digits)


def size_of(listing: Listing, lots: int, decimals: bool) -> str:
    """The JSON of a number of contracts: a decimal string, or an integer cut toward zero."""
    if decimals:
        return f'"{amount_of(listing, lots)}"'
    units = lots * listing.lot_units
    whole = abs(units) // 10**listing.lot_digits
    return str(-whole if units < 0 else whole)


def signed_size(listing: Listing, lots: int, sold: bool, decimals: bool) -> str:
    """The same with the side as its sign."""
    text = size_of(listing, lots, decimals)
    if not sold or text in ("0", '"0"'):
        return text
    return f'"-{text[1:]}' if decimals else f"-{text}"
