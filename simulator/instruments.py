"""What the embedded venues list: assets with prices, ticks, lots and contract sizes.

Ticks and lots are those of the real venues of 2024 for the assets that exist; further assets
(for load tests) are made up on the same pattern.  Prices and amounts are integers in units of
the last decimal the venue prints, so that no rounding happens anywhere.
"""

from __future__ import annotations

import enum

from msgspec import Struct

from messages.errors import UsageError

MAX_ASSETS = 500
"""More assets than any load test of ours needs; each costs three books."""


class Family(enum.Enum):
    """The three protocols an embedded venue can speak."""

    SPOT = "spot"
    USDM = "usdm"
    COINM = "coinm"


class Asset(Struct, frozen=True):
    """One base asset and the true price its walk starts from.

    Args:
        name: the ticker, upper case.
        price: quote units per unit of the asset.
        decimals: digits after the point of a price tick, the same at all venues.
        spot_lot_decimals: digits of the spot lot.
        usdm_lot_decimals: digits of the USD-M lot.
    """

    name: str
    price: float
    decimals: int
    spot_lot_decimals: int
    usdm_lot_decimals: int
    futures_decimals: int = -1

    @property
    def futures_tick_decimals(self) -> int:
        """Digits of the futures tick, those of spot unless said otherwise."""
        return self.decimals if self.futures_decimals < 0 else self.futures_decimals


DEFAULT_ASSETS = (
    Asset("BTC", 61_800.0, 2, 5, 3, futures_decimals=1),
    Asset("ETH", 2_650.0, 2, 4, 3),
    Asset("SOL", 155.0, 2, 3, 0),
    Asset("XRP", 0.6100, 4, 0, 1),
    Asset("DOGE", 0.10500, 5, 0, 0),
    Asset("ADA", 0.3450, 4, 1, 0),
)


class Listing(Struct, frozen=True):
    """One symbol as a venue lists it.

    `tick_units` is the tick in units of the last printed price digit (BTCUSDT futures print two
    digits, yet the tick is 0.1: ten units); likewise `lot_units`.  `contract_size` is the quote
    value of one contract on COIN-M and 0 elsewhere.
    """

    native: str
    pair: str
    base: str
    quote: str
    margin: str
    family: Family
    price_digits: int
    tick_units: int
    lot_digits: int
    lot_units: int
    contract_size: int = 0

    @property
    def tick(self) -> float:
        """The tick as a number, for the market model."""
        return self.tick_units / float(10**self.price_digits)

    @property
    def lot(self) -> float:
        """The lot as a number: base units, or contracts on COIN-M."""
        return self.lot_units / float(10**self.lot_digits)

    def price_text(self, ticks: int) -> str:
        """A price on the grid as the venue prints it."""
        return digits_text(ticks * self.tick_units, self.price_digits)

    def amount_text(self, lots: int) -> str:
        """An amount on the grid as the venue prints it; zero of spot is `0.00000000`."""
        return digits_text(lots * self.lot_units, self.lot_digits)

    def quote_value(self, ticks: int, lots: int) -> float:
        """What an amount is worth in the quote currency."""
        if self.contract_size:
            return float(lots * self.contract_size)
        return ticks * self.tick * lots * self.lot

    def lots_worth(self, quote_value: float, price: float) -> int:
        """The number of lots worth about so much in the quote currency, at least one."""
        worth = self.contract_size if self.contract_size else price * self.lot
        return max(1, int(quote_value / worth))


SPOT_DIGITS = 8
"""Spot prints every price and amount with eight digits."""


def digits_text(units: int, digits: int) -> str:
    """Print an integer count of 10**-digits as a decimal number."""
    if digits == 0:
        return str(units)
    return f"{units // 10**digits}.{units % 10**digits:0{digits}d}"


def assets(count: int = len(DEFAULT_ASSETS)) -> tuple[Asset, ...]:
    """The first `count` assets: the well-known ones, then made-up ones for load tests.

    Raises:
        UsageError: when the count is not between 1 and `MAX_ASSETS`.
    """
    if not 1 <= count <= MAX_ASSETS:
        raise UsageError(f"the simulator lists 1 to {MAX_ASSETS} assets, not {count}")
    made_up = (
        Asset(f"X{number:03d}", 5.0 + 7.3 * number, 3, 2, 1)
        for number in range(1, count - len(DEFAULT_ASSETS) + 1)
    )
    return (*DEFAULT_ASSETS, *made_up)[:count]


def named_assets(names: tuple[str, ...]) -> tuple[Asset, ...]:
    """The assets with these names, in that order.

    Raises:
        UsageError: when the simulator has no asset of a name.
    """
    known = {asset.name: asset for asset in assets(MAX_ASSETS)}
    for name in names:
        if name not in known:
            raise UsageError(f"the simulator has no asset {name!r}; it has BTC, ETH, ... X001")
    return tuple(known[name] for name in names)


def listing(asset: Asset, family: Family) -> Listing:
    """How a venue of that family lists the asset: against USDT, or against USD on COIN-M."""
    if family is Family.SPOT:
        return Listing(
            native=f"{asset.name}USDT",
            pair="",
            base=asset.name,
            quote="USDT",
            margin="",
            family=family,
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
            family=family,
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
        family=family,
        price_digits=asset.futures_tick_decimals,
        tick_units=1,
        lot_digits=0,
        lot_units=1,
        contract_size=100 if asset.name == "BTC" else 10,
    )
