"""The user's word about assets: the struct of an `[[assets]]` entry and the rules between entries.

See `config.settings` for how these annotations are used.
"""

from __future__ import annotations

import re
from typing import Annotated, Final

from msgspec import Meta, Struct

from config.faults import entry, fault, shown

EVERY_VENUE: Final = "*"
"""The place that means every venue."""
MAX_ASSET_WORDS = 2000
"""Twice the symbols of the largest venue entry; well-known assets need no entry at all."""
MAX_PLACES = 128
"""Twice the venues a file may have."""

TickerText = Annotated[
    str, Meta(pattern=r"^[^/:\s*-]{1,32}\Z", title='a ticker such as "PEPE", at most 32 characters')
]
PlaceText = Annotated[
    str,
    Meta(
        pattern=r"^(?:\*|[a-z][a-z0-9_]{0,31}(?::[^/:\s*-]{1,32})?)\Z",
        title='a venue such as "mexc", a ticker there such as "kraken:XBT", or "*" for every venue',
    ),
]


class AssetSettings(Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Your word on which venues mean the same asset by a ticker; the table may stand many times."""

    name: Annotated[
        TickerText,
        Meta(description="The asset's ticker; its ticker at every place that names no other."),
    ]
    same: (
        Annotated[
            tuple[PlaceText, ...],
            Meta(
                min_length=1,
                max_length=MAX_PLACES,
                description="Where the ticker is this asset; `VENUE:TICKER` where it is renamed, "
                '`"*"` for every venue.',
            ),
        ]
        | None
    ) = None
    different: (
        Annotated[
            tuple[PlaceText, ...],
            Meta(
                min_length=1,
                max_length=MAX_PLACES,
                description="Where the ticker is another asset: its symbols are quarantined.",
            ),
        ]
        | None
    ) = None
    reason: (
        Annotated[
            str,
            Meta(
                max_length=200,
                description="What you know it by, such as chain and contract; it is shown with the "
                "asset.",
            ),
        ]
        | None
    ) = None


def check_asset_words(words: tuple[AssetSettings, ...], file: str) -> None:
    """Check that every entry says something and that no two contradict each other.

    Args:
        words: the entries, each right in itself.
        file: the name that errors give it.

    Raises:
        ConfigError: the first rule broken.
    """
    names: dict[str, int] = {}
    places: dict[tuple[str, str], str] = {}
    for index, word in enumerate(words):
        where = entry("assets", index)
        if word.name in names:
            found = f"{shown(word.name)} again, first in {entry('assets', names[word.name])}"
            raise fault(file, where, "name", expected="each asset once", found=found)
        names[word.name] = index
        if not (word.same or word.different):
            raise fault(file, where, "same", expected="same, different or both", found="neither")
        _check_places(word, file, where, places)


def _check_places(
    word: AssetSettings, file: str, where: str, places: dict[tuple[str, str], str]
) -> None:
    """Check the places of one entry; `places` holds where each was named, and grows."""
    for key, named in (("same", word.same), ("different", word.different)):
        for number, place in enumerate(named or (), start=1):
            venue, _, ticker = place.partition(":")
            meant = (venue, ticker or word.name)
            found = f"{shown(place)} as entry {number}"
            expected = ""
            if meant in places:
                expected = "each ticker of a venue once"
                found += f", first in {places[meant]}"
            elif key == "different" and venue == EVERY_VENUE:
                expected = "venues; what nothing proves is different everywhere as it is"
            elif key == "same" and _scaled(ticker, word.name):
                expected = (
                    f"tickers that count one {word.name} a unit: prices and amounts of others "
                    "are not converted"
                )
            if expected:
                raise fault(file, where, key, expected=expected, found=found)
            places[meant] = f"{where} {key}"


def _scaled(ticker: str, name: str) -> bool:
    """Whether a ticker counts an asset by the thousand or so: `1000SHIB`, `kSHIB`, `SHIB1000`."""
    asset = re.escape(name)
    return re.fullmatch(rf"(?:10{{2,8}}|1[KM]|[kK]){asset}|{asset}10{{2,8}}", ticker) is not None
