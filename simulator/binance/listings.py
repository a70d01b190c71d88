"""How the Binance families list an asset."""

from __future__ import annotations

import enum

from simulator.instruments import Asset, Listing

SPOT_DIGITS = 8
"""Spot prints every price and amount with eight digits."""


class Family(enum.Enum):
    """The three protocols of Binance."""

    SPOT = "spot"
    USDM = "usdm"
    COINM = "coinm"


def family_of(listed: Listing) -> Family:
    """Which protocol a listing belongs to: margin in the base asset, in the quote, or none."""
    if listed.contract_size:
        return Family.COINM
    return Family.USDM if listed.margin else Family.SPOT


def listing(asset: Asset, family: Family) -> Listing:
    """How a venue of that family lists the asset: against USDT, or against USD on COIN-M."""
    if family is Family.SPOT:
        return Listing(
            native=f"{asset.name}USDT",
            pair="",
            base=asset.name,
            quote="USDT",
            margin="",
            price_digits=SPOT_DIGITS,
            tick_units=10 ** (8 - asset.decimals),
            lot_digits=SPOT_DIGITS,
            lot_units=10 ** (8 - asset.spot_lot_decimals),
        )
    tick_units = 10 ** (asset.decimals - asset.futures_tick_decimals)
    if family is Family.USDM:
        name = f"{asset.name}USDT"
        return Listing(
            native=name,
            pair=name,
            base=asset.name,
            quote="USDT",
            margin="USDT",
            price_digits=asset.decimals,
            tick_units=tick_units,
            lot_digits=asset.usdm_lot_decimals,
            lot_units=1,
        )
    return Listing(
        native=f"{asset.name}USD_PERP",
        pair=f"{asset.name}USD",
        base=asset.name,
        quote="USD",
        margin=asset.name,
        price_digits=asset.futures_tick_decimals,
        tick_units=1,
        lot_digits=0,
        lot_units=1,
        contract_size=100 if asset.name == "BTC" else 10,
    )
