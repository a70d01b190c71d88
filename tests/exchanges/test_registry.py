"""The dialects by name, and the promises every registered one keeps."""

from __future__ import annotations

import subprocess
import sys

import pytest

from exchanges.contract import PublicDialect
from exchanges.registry import dialect, venue_of_url, venues
from messages.errors import UsageError


def test_the_venues() -> None:
    """The Binance families, the two Gate markets and MEXC, in this order."""
    assert venues() == (
        "binance",
        "binance_us",
        "binance_usdm",
        "binance_coinm",
        "gateio",
        "gateio_futures",
        "mexc",
    )


@pytest.mark.parametrize("venue", venues())
def test_every_dialect_is_whole(venue: str) -> None:
    """One stateless object per venue with sane numbers."""
    public = dialect(venue)
    assert isinstance(public, PublicDialect)
    assert public is dialect(venue)
    assert public.venue == venue
    assert public.rest_url.startswith("https://")
    assert min(public.default_fee_bps) >= 0
    limits = public.limits
    assert min(limits.streams_per_connection, limits.streams_per_command) > 0
    assert min(limits.commands_per_s, limits.dials_per_s, limits.connection_max_age_s) > 0
    assert limits.rest and limits.snapshot_levels > 0 and limits.snapshot_weight > 0
    assert public.heartbeat.silent_after_s > 0


def test_an_unknown_venue_is_told_the_known_ones() -> None:
    """The sentence helps whoever mistyped."""
    with pytest.raises(UsageError, match="unknown venue 'binanse'; known are binance, binance_us"):
        dialect("binanse")


@pytest.mark.parametrize(
    ("url", "venue"),
    [
        ("wss://stream.binance.com:9443/stream?streams=btcusdt@depth", "binance"),
        ("https://www.binance.com/api/v1/depth?symbol=ZILUSDT&limit=1000", "binance"),
        ("https://api.binance.us/api/v1/depth?symbol=MANAUSD", "binance_us"),
        ("wss://fstream.binance.com/stream?streams=x@depth", "binance_usdm"),
        ("wss://fstream.binance.com/market/stream", "binance_usdm"),
        ("https://dapi.binance.com/dapi/v1/depth", "binance_coinm"),
        ("wss://api.gateio.ws/ws/v4/", "gateio"),
        ("wss://fx-ws.gateio.ws/v4/ws/usdt", "gateio_futures"),
        ("wss://wbs-api.mexc.com/ws", "mexc"),
        ("https://api.binance.com.example.org/", None),
        ("https://[::1/", None),
        ("", None),
    ],
)
def test_recorded_addresses(url: str, venue: str | None) -> None:
    """Old recordings name hosts, with and without routes, never the venue."""
    assert venue_of_url(url) == venue


def test_dialects_load_when_first_asked_for() -> None:
    """Listing the venues must not cost the loading of them all."""
    code = (
        "import sys, exchanges.registry as r; r.venues();"
        "sys.exit('exchanges.binance' in sys.modules)"
    )
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0
