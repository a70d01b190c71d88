"""How MEXC lists an asset, and how it prints numbers."""

from __future__ import annotations

import zlib

from simulator.instruments import Asset, Listing, usdt_pair


def listing(asset: Asset) -> Listing:
    """The pair of an asset against USDT."""
    return usdt_pair(asset, f"{asset.name}USDT")


def sparse(listed: Listing) -> bool:
    """Whether this is one of the symbols of which the venue tells less.

    Their deleted levels are spelt `0.00000000` instead of `0`, and their statistics leave sizes
    empty: both forms are seen on the venue, and nobody knows what decides.
    """
    return zlib.crc32(listed.native.encode()) % 2 == 1


def trimmed(text: str) -> str:
    """A decimal without trailing zeros."""
    return text.rstrip("0").rstrip(".") if "." in text else text


def rate_text(change: int, base: int) -> str:
    """A change as a fraction of its base: 0.004 is 0.4 %."""
    return f"{change / base:.4f}"
