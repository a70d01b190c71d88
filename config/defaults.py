"""What runs without a file: six embedded venues; and the commented example file."""

from __future__ import annotations

from pathlib import Path

from config.rules import check_rules
from config.settings import InspectionSettings, Settings
from config.venues import VenueSettings

DEFAULT_ASSETS = ("BTC", "ETH", "SOL", "XRP", "DOGE", "ADA")
"""Large coins that every embedded venue lists."""
NO_FILE = "embedded defaults"
"""The name that messages give to the settings that come from no file."""


def default_settings() -> Settings:
    """The settings of `arbtree run` without a file: embedded venues, nothing leaves the machine."""
    spot = tuple(f"{asset}/USDT" for asset in DEFAULT_ASSETS)
    linear = tuple(f"{asset}/USDT:USDT" for asset in DEFAULT_ASSETS)
    inverse = tuple(f"{asset}/USD:{asset}" for asset in DEFAULT_ASSETS)
    settings = Settings(
        inspection=InspectionSettings(control=True),  # simulated venues are there to be broken
        venues=(
            VenueSettings(name="binance", symbols=spot, embedded=True),
            VenueSettings(name="binance_usdm", symbols=linear, embedded=True),
            VenueSettings(name="binance_coinm", symbols=inverse, embedded=True),
            VenueSettings(name="gateio", symbols=spot, embedded=True),
            VenueSettings(name="gateio_futures", symbols=linear, embedded=True),
            VenueSettings(name="mexc", symbols=spot, embedded=True),
        ),
    )
    check_rules(settings, NO_FILE)
    return settings


def example_text() -> str:
    """The commented example file as it ships."""
    return Path(__file__).with_name("example.toml").read_text(encoding="utf-8")
