"""`arbtree venues`: the registered venues in a list, some in detail, or with their symbols.

What a venue lists is asked of it by REST, or of the embedded exchanges; without `--symbols`
nothing is dialled.  Symbols, listed or of a configuration, are shown with the asset each is, or
why it is quarantined.  Where an engine of this user runs, it is asked how the venues fare, and
what it holds in quarantine.
"""

from __future__ import annotations

import argparse
import json
from decimal import Decimal

import msgspec
from msgspec import Struct

from actors.assets import asset_words
from arbtree.assets import SymbolAssets, symbol_assets
from arbtree.commands.health import (
    EngineHealth,
    ask_health,
    headline,
    health_text,
    quarantine_lines,
)
from arbtree.inspection import add_socket
from config.reader import load
from config.settings import Settings
from exchanges.contract import PublicDialect
from exchanges.registry import dialect, venues
from markets.assets import AssetRegistry
from markets.comparable import NotComparable
from messages.errors import ArbtreeError, UsageError
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


class SymbolFacts(Struct, frozen=True):
    """One symbol as the command shows it; decimals as the venue writes them, empty: unknown.

    Fees are fractions, the venue's base tier where it names none for the symbol.  `asset` is what
    the base asset is proven to be; where nothing proves base or quote, `quarantined` says why it is
    never traded.  `kept_out` says why the engine would not follow it; empty where it would.
    """

    symbol: str
    native: str
    kind: str
    status: str
    tick: str
    lot: str
    min_notional: str
    contract_size: str
    maker_fee: str
    taker_fee: str
    permissions: tuple[str, ...]
    asset: str
    quarantined: str
    kept_out: str


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument("venue", nargs="*", metavar="VENUE", help="show these in detail")
    parser.add_argument(
        "--config", metavar="FILE", help="show the symbols of this configuration too"
    )
    parser.add_argument(
        "--symbols", action="store_true", help="load what they list; needs the names of venues"
    )
    parser.add_argument(
        "--embedded", action="store_true", help="load it from the embedded exchanges"
    )
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the venues: a line each, or those named in detail, or as one JSON object."""
    named: list[str] = arguments.venue
    if arguments.embedded and not arguments.symbols:
        raise UsageError("--embedded says where --symbols come from: give both")
    if arguments.symbols and not named:
        raise UsageError("--symbols loads from the venues you name: name at least one")
    found = [facts(dialect(name)) for name in named or venues()]
    names = {venue.venue for venue in found}
    configured: list[SymbolAssets] = []
    settings = Settings()
    if arguments.config is not None:
        settings = load(arguments.config)
        configured = [each for each in symbol_assets(settings) if each.venue in names]
    listed: dict[str, list[SymbolFacts]] = {}
    if arguments.symbols:
        from arbtree.listings import load_symbols

        simulated = named if arguments.embedded else ()
        assets = AssetRegistry(asset_words(settings), simulated)
        for name, infos in load_symbols(named, embedded=arguments.embedded).items():
            listed[name] = [symbol_facts(info, assets) for info in infos]
    engine = ask_health(arguments)
    if arguments.json:
        entries = msgspec.to_builtins(found)
        for entry in entries:
            if entry["venue"] in listed:
                entry["symbols"] = msgspec.to_builtins(listed[entry["venue"]])
        body: dict[str, object] = {"venues": entries, "engine": msgspec.to_builtins(engine)}
        if arguments.config is not None:
            body["symbols"] = msgspec.to_builtins(configured)
        print(json.dumps(body))
    elif named or configured:
        print("\n\n".join(_shown(venue, configured, listed, engine) for venue in found))
        print(f"\n{headline(engine, arguments)}")
    else:
        print("\n".join(_row(venue, engine) for venue in found))
        print(f"\n{headline(engine, arguments)}")
    return 0


def _shown(
    venue: VenueFacts,
    configured: list[SymbolAssets],
    listed: dict[str, list[SymbolFacts]],
    engine: EngineHealth | None,
) -> str:
    """One venue in detail, with the symbols that were asked for."""
    text = _lines(venue, configured, engine)
    return f"{text}\n{table(listed[venue.venue])}" if venue.venue in listed else text


def symbol_facts(info: SymbolInfo, assets: AssetRegistry) -> SymbolFacts:
    """What the command shows of one symbol."""
    fees = dialect(info.venue).with_base_fees(info)
    return SymbolFacts(
        symbol=info.symbol,
        native=info.native,
        kind=info.kind.value,
        status=info.status,
        tick=_decimal(info.tick),
        lot=_decimal(info.lot),
        min_notional=_decimal(info.min_notional),
        contract_size=_decimal(info.contract_size),
        maker_fee=_decimal(fees.maker_fee),
        taker_fee=_decimal(fees.taker_fee),
        permissions=info.permissions,
        asset=assets.identify(info.venue, info.base).asset,
        quarantined=assets.unproven(info) or "",
        kept_out="" if info.tradeable else f"listed as {info.status} and cannot be traded",
    )


def _decimal(number: Decimal | None) -> str:
    return "" if number is None else f"{number.normalize():f}"


_HEADS = (
    *("symbol", "native", "kind", "status", "tick", "lot", "min notional", "contract"),
    *("maker", "taker", "permissions", "asset"),
)


def table(symbols: list[SymbolFacts]) -> str:
    """The symbols of one venue for people, in columns."""
    kept_out = sum(bool(each.kept_out) for each in symbols)
    quarantined = sum(bool(each.quarantined) for each in symbols)
    rows = [_HEADS]
    rows += [
        (
            *(each.symbol, each.native, each.kind, each.status),
            *(each.tick or "-", each.lot or "-", each.min_notional or "-", each.contract_size),
            *(each.maker_fee, each.taker_fee, " ".join(each.permissions) or "-"),
            f"quarantined: {each.quarantined}" if each.quarantined else each.asset,
        )
        for each in symbols
    ]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEADS))]
    unproven = f"{quarantined} are quarantined ({NotComparable.ASSET_UNPROVEN.value})"
    lines = [f"  symbols    {len(symbols)}, of which {kept_out} cannot be traded, {unproven}"]
    for row in rows:
        cells = "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        lines.append(f"    {cells}".rstrip())
    return "\n".join(lines)


def _row(venue: VenueFacts, engine: EngineHealth | None) -> str:
    """One venue in one line."""
    fees = f"maker {venue.maker_fee_bps:g} bps, taker {venue.taker_fee_bps:g} bps"
    row = f"{venue.venue:16}{', '.join(venue.markets):22}{fees}"
    health = health_text(engine, venue.venue)
    return f"{row:68}{health}" if health else row


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


def _limit(rule: RateRule) -> str:
    """One limit of requests in words."""
    text = f"{rule.what.lower().replace('_', ' ')} {rule.limit} in {rule.interval_s:g} s"
    return f"{text} for each endpoint" if rule.per_endpoint else text


def _lines(venue: VenueFacts, symbols: list[SymbolAssets], engine: EngineHealth | None) -> str:
    """One venue for people."""
    health = health_text(engine, venue.venue)
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
                *map(_limit, venue.rest_limits),
            )
        ),
        "snapshot": f"{venue.snapshot_levels} levels a side for weight {venue.snapshot_weight}",
        "heartbeat": f"{ping}; dead after {venue.silent_after_s:g} s of silence; "
        f"at most {venue.connection_max_age_s / 3600:g} h",
    }
    if health:
        rows["health"] = health
    lines = [venue.venue, *(f"  {name:11}{text}" for name, text in rows.items())]
    for each in symbols:
        if each.venue == venue.venue:
            what = f"quarantined ({each.quarantined})" if each.quarantined else each.base
            lines.append(f"    {each.symbol:18} {what}: {each.why}")
    return "\n".join(lines + quarantine_lines(engine, venue.venue))
