"""`arbtree check FILE`: whether a configuration is right, and what it would run."""

from __future__ import annotations

import argparse
import json
from collections.abc import Collection, Mapping

import msgspec

from arbtree.assets import check_places, quarantine_lines, symbol_assets
from arbtree.commands.venues import market_kinds, samples
from config.defaults import example_text
from config.faults import entry, fault, hint, shown
from config.reader import load
from config.settings import Settings, VenueSettings
from exchanges.registry import dialect, venues
from messages.errors import ConfigError, UsageError
from messages.identifiers import ContractKind, SymbolParts, parse_symbol
from messages.market import StreamKind
from simulator.instruments import DEFAULT_ASSETS, Asset, named_assets
from simulator.venues import VENUES

SYMBOLS_SHOWN = 6
"""As many as fit into one line of a terminal; `--json` has all of them."""

_NAMES = ", ".join(asset.name for asset in DEFAULT_ASSETS)
SIMULATED_ASSETS = f"assets of the simulator ({_NAMES}, X001, X002, ...)"
"""The well-known ones by name, the made-up ones by their pattern."""

_FORMS = {
    ContractKind.SPOT: "spot (BTC/USDT)",
    ContractKind.LINEAR: "linear (BTC/USDT:USDT)",
    ContractKind.INVERSE: "inverse (BTC/USD:BTC)",
}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands: a file, or `--example`."""
    parser.add_argument("file", nargs="?", metavar="FILE", help="the configuration, TOML")
    parser.add_argument(
        "--example", action="store_true", help="print a commented example instead of checking"
    )


def run(arguments: argparse.Namespace) -> int:
    """Check the file and print what it would run; a ConfigError says what is wrong."""
    if arguments.example:
        if arguments.file:
            raise UsageError("--example prints a file, it checks none")
        text = example_text()
        print(json.dumps({"example": text}) if arguments.json else text.rstrip())
        return 0
    if not arguments.file:
        raise UsageError("check needs a FILE, or --example")
    try:
        settings = load(arguments.file)
        check_venues(settings, known_markets(), arguments.file)
    except ConfigError as error:
        if arguments.json:
            print(json.dumps(_wrong(error)))
        raise
    if arguments.json:
        print(json.dumps(_right(settings, arguments.file)))
    else:
        print(_lines(settings, arguments.file))
    return 0


def known_markets() -> dict[str, frozenset[ContractKind]]:
    """Every venue the engine can follow and the kinds of symbols it lists."""
    dialects = (dialect(name) for name in venues())
    return {public.venue: market_kinds(public) for public in dialects}


def check_venues(
    settings: Settings, known: Mapping[str, Collection[ContractKind]], file: str
) -> None:
    """Check what only the venues' dialects and the simulator know.

    Args:
        settings: a configuration that is right in itself.
        known: the venues there are and the kinds of symbols each lists.
        file: the name that errors give the configuration.

    Raises:
        ConfigError: a venue does not exist, here or in `[[assets]]`, a symbol is of a kind its
            venue does not list, or the simulator lacks an asset.
    """
    for index, venue in enumerate(settings.venues):
        place = entry("venues", index)
        if venue.name not in known:
            raise fault(
                file,
                place,
                "name",
                expected=f"one of {', '.join(known)}",
                found=shown(venue.name) + hint(venue.name, known),
            )
        for symbol in venue.symbols:
            kind = parse_symbol(symbol).kind
            if kind not in known[venue.name]:
                forms = " or ".join(
                    _FORMS[kind] for kind in ContractKind if kind in known[venue.name]
                )
                raise fault(
                    file,
                    place,
                    "symbols",
                    expected=f"{forms} symbols, the kind {venue.name} lists",
                    found=f"{shown(symbol)}, which is {kind.value}",
                )
        _check_depth(venue, file, place)
        if venue.embedded:
            _check_embedded(venue, file, place)
    # A place may be a venue that only replays: every dialect counts.
    check_places(settings, sorted({*known, *venues()}), file)
    for asset in settings.simulator.assets:
        if not _simulated(asset):
            raise fault(file, "simulator", "assets", expected=SIMULATED_ASSETS, found=shown(asset))


def _check_depth(venue: VenueSettings, file: str, place: str) -> None:
    """Check that the venue offers the depth stream and the snapshots asked for."""
    if venue.name not in venues():
        return
    public = dialect(venue.name)
    key = "depth_interval_ms" if venue.snapshots is None else "snapshots"
    try:
        feed = public.depth_feed(venue.depth_interval_ms, venue.snapshots or "")
        for info in samples(public).values():
            public.stream(StreamKind.DEPTH, info, feed.option)
    except UsageError as error:
        raise fault(
            file, place, key, expected="what the venue offers", found=f"something else: {error}"
        ) from error


def _check_embedded(venue: VenueSettings, file: str, place: str) -> None:
    """Check that the simulator speaks this venue's protocol and lists its symbols."""
    spec = VENUES.get(venue.name)
    if spec is None:
        raise fault(
            file,
            place,
            "embedded",
            expected=f"false, since the simulator only has {', '.join(VENUES)}",
            found="true",
        )
    for symbol in venue.symbols:
        asset = _simulated(parse_symbol(symbol).base)
        if asset is None:
            raise fault(
                file,
                place,
                "symbols",
                expected=f"symbols of {SIMULATED_ASSETS}",
                found=shown(symbol),
            )
        listed = spec.protocol.list_asset(asset)
        there = SymbolParts(listed.base, listed.quote, listed.margin).unified
        if symbol != there:
            raise fault(
                file,
                place,
                "symbols",
                expected=f"{there}, as the embedded {venue.name} lists {asset.name}",
                found=shown(symbol),
            )


def _simulated(name: str) -> Asset | None:
    """The simulator's asset of that name; None when it has none."""
    try:
        return named_assets((name,))[0]
    except UsageError:
        return None


def _wrong(error: ConfigError) -> dict[str, object]:
    """The error as JSON, for editors and scripts."""
    names = ("file", "table", "key", "expected", "found")
    return {"valid": False, "error": {name: getattr(error, name) for name in names}}


def _right(settings: Settings, file: str) -> dict[str, object]:
    return {
        "valid": True,
        "file": file,
        "mode": settings.engine.mode,
        "books": sum(len(venue.symbols) for venue in settings.active_venues),
        "quarantined": [
            msgspec.to_builtins(each) for each in symbol_assets(settings) if each.quarantined
        ],
        "settings": msgspec.to_builtins(settings),
    }


def _lines(settings: Settings, file: str) -> str:
    """What would run, for people."""
    active = settings.active_venues
    books = sum(len(venue.symbols) for venue in active)
    counts = f"{_counted(books, 'book')} at {_counted(len(active), 'venue')}"
    lines = [
        f"{file}: right",
        f"engine {settings.engine.name}, mode {settings.engine.mode}: {counts}",
    ]
    width = max(len(venue.name) for venue in settings.venues)
    lines += [f"  {venue.name:{width}}  {_summary(venue)}" for venue in settings.venues]
    rules = settings.detector
    lines.append(
        f"opportunities above {rules.threshold_bps:g} bps after fees, on books proven within "
        f"{rules.proof_age_ms:g} ms, {_counted(rules.depth_levels, 'level')} deep"
    )
    return "\n".join(lines + quarantine_lines(settings))


def _summary(venue: VenueSettings) -> str:
    if not venue.enabled:
        return "off"
    shown_symbols = " ".join(venue.symbols[:SYMBOLS_SHOWN])
    rest = len(venue.symbols) - SYMBOLS_SHOWN
    more = f" and {rest} more" if rest > 0 else ""
    where = "embedded" if venue.embedded else venue.websocket_url or "the venue itself"
    return f"{where}: {shown_symbols}{more}"


def _counted(number: int, noun: str) -> str:
    return f"{number} {noun}" if number == 1 else f"{number} {noun}s"
