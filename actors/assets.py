"""From the configuration to the asset registry and the price bands that actors decide by."""

from __future__ import annotations

from config.settings import DetectorSettings, Settings
from markets.assets import AssetRegistry, AssetWord
from markets.price_band import BandRules


def asset_registry(settings: Settings) -> AssetRegistry:
    """The registry of a configuration: its `[[assets]]`, and which of its venues are embedded."""
    simulated = {venue.name for venue in settings.active_venues if venue.embedded}
    return AssetRegistry(asset_words(settings), simulated)


def asset_words(settings: Settings) -> tuple[AssetWord, ...]:
    """The user's word about assets."""
    return tuple(
        AssetWord(word.name, word.same or (), word.different or (), word.reason or "")
        for word in settings.assets
    )


def band_rules(rules: DetectorSettings) -> BandRules:
    """The price band of a configuration."""
    return BandRules(
        rules.price_band_percent,
        rules.price_band_after_s,
        rules.price_band_release_after_s or None,
    )
