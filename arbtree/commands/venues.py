"""`arbtree venues`: what every registered venue offers, its limits, fees and heartbeat.

With a configuration also its symbols: which asset each is, or why it is quarantined.
"""

from __future__ import annotations

import argparse
import json

import msgspec
from msgspec import Struct

from arbtree.commands.assets import SymbolAssets, symbol_assets
from config.reader import load
from exchanges.contract import PublicDialect
from exchanges.registry import dialect, venues
from messages.errors import ArbtreeError
from messages.identifiers import ContractKind
from messages.instruments import RateRule, SymbolInfo
from messages.market import StreamKind

_TYPICAL_NATIVES = ("BTCUSDT", "BTCUSDC", "BTCUSD_PERP", "BTCUSD_260925", "BTC_USDT")
"""Native names of the venues' sheets; what a venue makes of them tells which markets it has."""


class VenueFacts(Struct, frozen=True):
    """One venue as the command shows it; fees in basis points, times in seconds."""

    venue: str
    markets: tuple[str, ...]
    streams: tuple[str, ...]
    rest_url: str
    maker_fee_bps: float
    taker_fee_bps: float
    streams_per_connection: int
    commands_per_s: float
    dials_per_s: float
    connection_max_age_s: float
    snapshot_levels: int
    snapshot_weight: int
    rest_limits: tuple[RateRule, ...]
    silent_after_s: float
    ping_every_s: float
    client_ping: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands: at most the names of the venues to show."""
    parser.add_argument("venue", nargs="*", metavar="VENUE", help="show only these venues")
    parser.add_argument(
        "--config", metavar="FILE", help="show the symbols of this configuration too"
    )


def run(arguments: argparse.Namespace) -> int:
    """Print the venues, as a few lines each or as one JSON object."""
    names: list[str] = arguments.venue or list(venues())
    found = [facts(dialect(name)) for name in names]
    symbols: list[SymbolAssets] = []
    if arguments.config is not None:
        told = symbol_assets(load(arguments.config))
        symbols = [each for each in told if each.venue in names]
    if arguments.json:
        body: dict[str, object] = {"venues": msgspec.to_builtins(found)}
        if arguments.config is not None:
            body["symbols"] = msgspec.to_builtins(symbols)
        print(json.dumps(body))
    else:
        print("\n\n".join(_lines(venue, symbols) for venue in found))
    return 0


def facts(public: PublicDialect) -> VenueFacts:
    """Ask a dialect for everything the command shows."""
    known = samples(public)
    limits, heartbeat = public.limits, public.heartbeat
    maker_bps, taker_bps = public.default_fee_bps
    return VenueFacts(
        venue=public.venue,
        markets=tuple(kind.value for kind in known),
        streams=tuple(kind.value for kind in StreamKind if _offers(public, kind, known)),
        rest_url=public.rest_url,
        maker_fee_bps=maker_bps,
        taker_fee_bps=taker_bps,
        streams_per_connection=limits.streams_per_connection,
        commands_per_s=limits.commands_per_s,
        dials_per_s=limits.dials_per_s,
        connection_max_age_s=limits.connection_max_age_s,
        snapshot_levels=limits.snapshot_levels,
        snapshot_weight=limits.snapshot_weight,
        rest_limits=limits.rest,
        silent_after_s=heartbeat.silent_after_s,
        ping_every_s=heartbeat.ping_every_s,
        client_ping=public.client_ping(at_s=0),
    )


def market_kinds(public: PublicDialect) -> frozenset[ContractKind]:
    """The kinds of symbols a venue lists."""
    return frozenset(samples(public))


def samples(public: PublicDialect) -> dict[ContractKind, SymbolInfo]:
    """One symbol of every kind the venue lists, in the order of `ContractKind`."""
    found: dict[ContractKind, SymbolInfo] = {}
    for native in _TYPICAL_NATIVES:
        try:
            info = public.symbol_from_native(native)
        except ArbtreeError:
            continue  # no name of this venue
        found.setdefault(info.kind, info)
    return {kind: found[kind] for kind in ContractKind if kind in found}


def _offers(
    public: PublicDialect, kind: StreamKind, samples: dict[ContractKind, SymbolInfo]
) -> bool:
    """Whether the venue has that stream for at least one kind of symbol."""
    for info in samples.values():
        try:
            return bool(public.stream(kind, info))
        except ArbtreeError:
            continue  # not offered for this kind of symbol
    return False


def _lines(venue: VenueFacts, symbols: list[SymbolAssets]) -> str:
    """One venue for people."""
    ping = f"we ping every {venue.ping_every_s:g} s" if venue.ping_every_s else "the venue pings"
    if venue.client_ping:
        ping += f", and it wants {venue.client_ping}"
    rows = {
        "markets": ", ".join(venue.markets),
        "streams": ", ".join(venue.streams),
        "rest": venue.rest_url,
        "fees": f"maker {venue.maker_fee_bps:g} bps, taker {venue.taker_fee_bps:g} bps",
        "limits": ", ".join(
            (
                f"{venue.streams_per_connection} streams a connection",
                f"{venue.commands_per_s:g} commands/s",
                f"{venue.dials_per_s:g} dials/s",
                *(
                    f"{rule.what.lower().replace('_', ' ')} {rule.limit} in {rule.interval_s:g} s"
                    for rule in venue.rest_limits
                ),
            )
        ),
        "snapshot": f"{venue.snapshot_levels} levels a side for weight {venue.snapshot_weight}",
        "heartbeat": f"{ping}; dead after {venue.silent_after_s:g} s of silence; "
        f"at most {venue.connection_max_age_s / 3600:g} h",
    }
    lines = [venue.venue, *(f"  {name:11}{text}" for name, text in rows.items())]
    for each in symbols:
        if each.venue == venue.venue:
            what = f"quarantined ({each.quarantined})" if each.quarantined else each.base
            lines.append(f"    {each.symbol:18} {what}: {each.why}")
    return "\n".join(lines)
