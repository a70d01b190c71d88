"""Which tickers of which venues are the same asset.

A ticker is what a venue calls an asset, and two venues may call different assets by one ticker.
Tickers count as the same asset only where something says so, in this order:

1. the user's word for this ticker at this venue: the same as others, renamed, or different;
2. embedded venues are simulated from one market, so equal tickers there are one simulated asset,
   which is never the real one;
3. the user's word for a ticker at every venue;
4. `WELL_KNOWN`: coins and tokens so large that no venue lists another one under their ticker.

Everything else is unproven, and a symbol whose base or quote is unproven is quarantined.
"""

from __future__ import annotations

import enum
from collections.abc import Collection, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from msgspec import Struct

from messages.instruments import SymbolInfo

WELL_KNOWN: Final[Mapping[str, str]] = MappingProxyType(
    {
        "BTC": "the coin of Bitcoin",
        "ETH": "the coin of Ethereum",
        "BNB": "the coin of BNB Smart Chain",
        "SOL": "the coin of Solana",
        "XRP": "the coin of the XRP Ledger",
        "DOGE": "the coin of Dogecoin",
        "ADA": "the coin of Cardano",
        "TRX": "the coin of Tron",
        "LTC": "the coin of Litecoin",
        "BCH": "the coin of Bitcoin Cash",
        "ETC": "the coin of Ethereum Classic",
        "AVAX": "the coin of Avalanche",
        "DOT": "the coin of Polkadot",
        "ATOM": "the coin of the Cosmos Hub",
        "XLM": "the coin of Stellar",
        "XMR": "the coin of Monero",
        "ZEC": "the coin of Zcash",
        "NEAR": "the coin of NEAR",
        "ALGO": "the coin of Algorand",
        "FIL": "the coin of Filecoin",
        "HBAR": "the coin of Hedera",
        "ICP": "the coin of the Internet Computer",
        "APT": "the coin of Aptos",
        "SUI": "the coin of Sui",
        "LINK": "ethereum 0x514910771af9ca656af840dff83e8264ecf986ca, Chainlink",
        "UNI": "ethereum 0x1f9840a85d5af5bf1d1762f925bdaddc4201f984, Uniswap",
        "AAVE": "ethereum 0x7fc66500c84a76ad7e9c93437bfc5ac33e2ddae9, Aave",
        "SHIB": "ethereum 0x95ad61b0a150d79219dcf64e1e6cc01f0b64c4ce, Shiba Inu",
        "USDT": "ethereum 0xdac17f958d2ee523a2206206994597c13d831ec7 and what Tether redeems as it",
        "USDC": "ethereum 0xa0b86991c6218b36c1d19d4a2e9eb0ce3606eb48 and what Circle redeems as it",
        "USD": "the money of the United States",
        "EUR": "the money of the euro area",
        "GBP": "the money of the United Kingdom",
        "JPY": "the money of Japan",
        "TRY": "the money of Turkey",
        "BRL": "the money of Brazil",
    }
)
"""Assets that are one and the same under their ticker at every venue, each with its reason: the
coin of a chain of its own, a contract, or the money of a state.  Missing on purpose: tickers that
were handed to another asset (LUNA, MATIC and POL, EOS, FTM), wrapped and staked coins, and every
dollar token whose redemption differs by venue."""

RENAMED: Final[Mapping[str, str]] = MappingProxyType({"XBT": "BTC"})
"""Other tickers of well-known assets: some venues follow the spelling of ISO 4217 for bitcoin."""

EVERY_VENUE: Final = "*"
"""The place of a word that counts at every venue."""

SIMULATED_AS: Final = "simulated "
"""What stands before the name of an asset that only embedded venues have."""


class Proof(enum.Enum):
    """What says that a ticker is an asset."""

    USER = "user"
    SIMULATED = "simulated"
    WELL_KNOWN = "well_known"
    NONE = "none"


class Identity(Struct, frozen=True):
    """What one ticker at one venue is: `asset` is empty where nothing proves one."""

    asset: str
    proof: Proof
    reason: str

    @property
    def proven(self) -> bool:
        """Whether something says which asset it is."""
        return bool(self.asset)


class AssetWord(Struct, frozen=True):
    """The user's word about one asset; places are `VENUE`, `VENUE:TICKER` or `*`."""

    name: str
    same: tuple[str, ...] = ()
    different: tuple[str, ...] = ()
    reason: str = ""


class AssetRegistry:
    """Answers which asset a ticker at a venue is.

    Args:
        words: what the user says, each place at most once.
        simulated: the embedded venues.
    """

    def __init__(
        self, words: Iterable[AssetWord] = (), simulated: Collection[str] = frozenset()
    ) -> None:
        self.words = tuple(words)
        """What the user says, as it was given."""
        self.simulated = frozenset(simulated)
        """The embedded venues."""
        said: dict[tuple[str, str], Identity] = {}
        for word in self.words:
            why = f": {word.reason}" if word.reason else ""
            same = Identity(word.name, Proof.USER, f"your word{why}")
            different = Identity("", Proof.NONE, f"your word: another asset than {word.name}{why}")
            said.update((place_of(place, word.name), same) for place in word.same)
            said.update((place_of(place, word.name), different) for place in word.different)
        self._said = MappingProxyType(said)

    def identify(self, venue: str, ticker: str) -> Identity:
        """Say which asset a ticker at a venue is, and what proves it."""
        if (venue, ticker) in self._said:
            return self._said[venue, ticker]
        if venue in self.simulated:
            reason = "embedded venues are simulated from one market"
            return Identity(SIMULATED_AS + ticker, Proof.SIMULATED, reason)
        if (EVERY_VENUE, ticker) in self._said:
            return self._said[EVERY_VENUE, ticker]
        asset = RENAMED.get(ticker, ticker)
        if asset in WELL_KNOWN:
            return Identity(asset, Proof.WELL_KNOWN, WELL_KNOWN[asset])
        return Identity("", Proof.NONE, f"nothing says which asset {ticker} at {venue} is")

    def same(self, one: tuple[str, str], other: tuple[str, str]) -> bool:
        """Whether two (venue, ticker) are proven to be one asset."""
        found = self.identify(*one)
        return found.proven and found.asset == self.identify(*other).asset

    def base_key(self, info: SymbolInfo) -> str:
        """The name under which a symbol is put beside those of other venues.

        Proven assets meet by their name, whatever they are called; others by their ticker, so
        that it shows which were not compared.
        """
        found = self.identify(info.venue, info.base)
        return (found.asset or info.base).removeprefix(SIMULATED_AS)

    def unproven(self, info: SymbolInfo) -> str | None:
        """Why a symbol is quarantined; None when base and quote are both proven."""
        for ticker in (info.base, info.quote):
            found = self.identify(info.venue, ticker)
            if not found.proven:
                return found.reason
        return None


def place_of(place: str, name: str) -> tuple[str, str]:
    """Read a place as (venue, ticker): the ticker is the asset's name unless it says another."""
    venue, _, ticker = place.partition(":")
    return venue, ticker or name
