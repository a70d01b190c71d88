"""The dialects by venue name: one line a venue, loaded when first asked for."""

from __future__ import annotations

from importlib import import_module
from typing import Final, cast
from urllib.parse import urlsplit

from msgspec import Struct

from exchanges.contract import PublicDialect
from messages.errors import UsageError


class Registration(Struct, frozen=True):
    """Where a venue's dialect lies, and under which hosts recordings know the venue."""

    module: str
    public: str
    hosts: tuple[str, ...]


REGISTRATIONS: Final[dict[str, Registration]] = {
    "binance": Registration(
        "exchanges.binance",
        "SPOT_PUBLIC",
        (
            "api.binance.com",
            "www.binance.com",
            "stream.binance.com",
            "api1.binance.com",
            "api2.binance.com",
            "api3.binance.com",
            "api4.binance.com",
            "api-gcp.binance.com",
            "data-api.binance.vision",
            "data-stream.binance.vision",
        ),
    ),
    "binance_us": Registration(
        "exchanges.binance",
        "US_PUBLIC",
        (
            "api.binance.us",
            "www.binance.us",
            "stream.binance.us",
        ),
    ),
    "binance_usdm": Registration(
        "exchanges.binance",
        "USDM_PUBLIC",
        (
            "fapi.binance.com",
            "fstream.binance.com",
        ),
    ),
    "binance_coinm": Registration(
        "exchanges.binance",
        "COINM_PUBLIC",
        (
            "dapi.binance.com",
            "dstream.binance.com",
        ),
    ),
    "gateio": Registration(
        "exchanges.gateio",
        "SPOT_PUBLIC",
        (
            "api.gateio.ws",
            "ws.gateio.ws",
        ),
    ),
    "gateio_futures": Registration(
        "exchanges.gateio",
        "FUTURES_PUBLIC",
        ("fx-ws.gateio.ws",),
    ),
    "mexc": Registration(
        "exchanges.mexc",
        "PUBLIC",
        (
            "api.mexc.com",
            "wbs-api.mexc.com",
        ),
    ),
}
"""Every venue there is.  Adding one is one entry here and one folder beside this file."""


def venues() -> tuple[str, ...]:
    """Name all venues, in the order registered."""
    return tuple(REGISTRATIONS)


def dialect(venue: str) -> PublicDialect:
    """Find the public dialect of a venue.

    Raises:
        UsageError: when there is no such venue; its text names those there are.
    """
    registration = REGISTRATIONS.get(venue)
    if registration is None:
        raise UsageError(f"unknown venue {venue!r}; known are {', '.join(REGISTRATIONS)}")
    return cast(PublicDialect, getattr(import_module(registration.module), registration.public))


def venue_of_url(url: str) -> str | None:
    """Say which venue a recorded REST or websocket address belongs to; None for none of ours."""
    try:
        host = urlsplit(url).hostname
    except ValueError:
        return None
    return next((venue for venue, each in REGISTRATIONS.items() if host in each.hosts), None)
