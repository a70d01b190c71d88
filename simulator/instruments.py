"""What the embedded venues list: assets with prices, ticks, lots and contract sizes.

Ticks and lots are those of the real venues of 2024 for the assets that exist; further assets
(for load tests) are made up on the same pattern.  Prices and amounts are integers in units of
the last decimal the venue prints, so that no rounding happens anywhere.
"""

from __future__ import annotations

from msgspec import Struct

from messages.errors import UsageError

MAX_ASSETS = 500
"""More assets than any load test of ours needs; each costs three books."""


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
    value of one contract where contracts are worth a fixed amount of it, and 0 elsewhere;
    `multiplier` is the base amount of one contract where amounts count contracts, as the venue
    prints it.  Empty `margin`: spot.
    """

    native: str
    pair: str
    base: str
    quote: str
    margin: str
    price_digits: int
    tick_units: int
    lot_digits: int
    lot_units: int
    contract_size: int = 0
    multiplier: str = ""

    @property
    def tick(self) -> float:
        """The tick as a number, for the market model."""
        return self.tick_units / float(10**self.price_digits)

    @property
    def lot(self) -> float:
        """The lot as a number: base units, or contracts of a fixed quote value."""
        return self.lot_units / float(10**self.lot_digits) * float(self.multiplier or 1)

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


def usdt_pair(asset: Asset, native: str) -> Listing:
    """The spot pair of an asset against USDT, under the name that a venue gives it."""
    return Listing(
        native=native,
        pair="",
        base=asset.name,
        quote="USDT",
        margin="",
        price_digits=asset.decimals,
        tick_units=1,
        lot_digits=asset.spot_lot_decimals,
        lot_units=1,
    )


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
