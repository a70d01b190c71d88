"""What commands and a running engine say about assets: what is proven, what quarantined."""

from __future__ import annotations

from collections.abc import Collection, Iterator

from msgspec import Struct

from actors.assets import asset_registry
from config.faults import entry, fault, hint, shown
from config.settings import Settings
from markets.assets import EVERY_VENUE, AssetRegistry, place_of
from markets.comparable import NotComparable
from messages.identifiers import parse_symbol
from messages.instruments import SymbolInfo


class SymbolAssets(Struct, frozen=True):
    """The assets of one configured symbol.

    `base` and `quote` are empty where nothing proves them; `quarantined` is then the reason of
    the pair, `why` says it in words, else what proves the base asset.
    """

    venue: str
    symbol: str
    base: str
    quote: str
    quarantined: str | None
    why: str


def symbol_assets(settings: Settings) -> Iterator[SymbolAssets]:
    """Tell of every symbol of the venues that run, in the order of the file."""
    registry = asset_registry(settings)
    for venue in settings.active_venues:
        for symbol in venue.symbols:
            yield _symbol(registry, venue.name, symbol)


def _symbol(registry: AssetRegistry, venue: str, symbol: str) -> SymbolAssets:
    parts = parse_symbol(symbol)
    info = SymbolInfo(
        venue=venue, symbol=symbol, native="", base=parts.base, quote=parts.quote, kind=parts.kind
    )
    base, quote = registry.identify(venue, parts.base), registry.identify(venue, parts.quote)
    why = registry.unproven(info)
    return SymbolAssets(
        venue,
        symbol,
        base.asset,
        quote.asset,
        None if why is None else NotComparable.ASSET_UNPROVEN.value,
        base.reason if why is None else why,
    )


def quarantine_lines(settings: Settings) -> list[str]:
    """The quarantined symbols of a configuration for people; nothing when there are none."""
    found = [each for each in symbol_assets(settings) if each.quarantined]
    if not found:
        return []
    head = f"quarantined ({NotComparable.ASSET_UNPROVEN.value}), until [[assets]] says otherwise:"
    return [head, *(f"  {each.venue} {each.symbol}: {each.why}" for each in found)]


def check_places(settings: Settings, known: Collection[str], file: str) -> None:
    """Check that the places of `[[assets]]` are venues that exist.

    Args:
        settings: a configuration that is right in itself.
        known: the venues there are.
        file: the name that errors give the configuration.

    Raises:
        ConfigError: a place is no venue.
    """
    for index, word in enumerate(settings.assets):
        for key, places in (("same", word.same), ("different", word.different)):
            for place in places or ():
                venue, _ = place_of(place, word.name)
                if venue != EVERY_VENUE and venue not in known:
                    raise fault(
                        file,
                        entry("assets", index),
                        key,
                        expected=f"one of {', '.join(known)}",
                        found=shown(place) + hint(venue, known),
                    )
