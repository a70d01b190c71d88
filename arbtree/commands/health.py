"""How the venues of a running engine fare, as `arbtree venues` tells it."""

from __future__ import annotations

import argparse
from typing import Any

import msgspec
import trio
from msgspec import Struct

from arbtree.inspection import open_client, socket_of
from messages.errors import EnvironmentFault, UsageError
from messages.health import VenueHealth


class EngineHealth(Struct, frozen=True):
    """What an engine said: its name and process, and its venues by name."""

    name: str
    pid: int
    venues: dict[str, VenueHealth]


def ask_health(arguments: argparse.Namespace) -> EngineHealth | None:
    """Ask the engine that the options mean; None when none answers there."""
    try:
        return trio.run(_ask, arguments)
    except EnvironmentFault:
        return None


async def _ask(arguments: argparse.Namespace) -> EngineHealth:
    async with open_client(socket_of(arguments)) as client:
        try:
            said: Any = (await client.ask("venues"))["venues"]
        except UsageError as error:
            raise EnvironmentFault("the engine is older than this command") from error
        try:
            seen = msgspec.convert(said, list[VenueHealth])
        except msgspec.ValidationError as error:
            raise EnvironmentFault("the engine is of another version than this command") from error
        return EngineHealth(client.hello.name, client.hello.pid, {one.venue: one for one in seen})


def headline(engine: EngineHealth | None, arguments: argparse.Namespace) -> str:
    """One sentence about the engine."""
    if engine is None:
        return f"no engine is running: nothing answers at {socket_of(arguments)}"
    return f"engine {engine.name} is running, process {engine.pid}"


def health_text(engine: EngineHealth | None, venue: str) -> str:
    """How one venue fares, in one line; empty without an engine."""
    if engine is None:
        return ""
    seen = engine.venues.get(venue)
    if seen is None:
        return "not followed"
    parts = [
        f"{seen.books_live} of {seen.books} books live",
        f"{seen.connections_open} of {seen.connections} connections open",
    ]
    if seen.dark:
        parts[0] += f" ({', '.join(f'{count} {why}' for why, count in seen.dark.items())})"
    if seen.reconnects:
        parts.append(f"{seen.reconnects} reconnects")
    if seen.state != "running":
        parts.insert(0, seen.state)
    if seen.banned_for_s is None:
        parts.append("REST banned for good")
    elif seen.banned_for_s:
        parts.append(f"REST banned for {seen.banned_for_s:g} s")
    if seen.rest_closed:
        parts.append(f"REST leaves alone {', '.join(seen.rest_closed)}")
    if seen.quarantined:
        parts.append(f"{len(seen.quarantined)} quarantined")
    return ", ".join(parts)


def quarantine_lines(engine: EngineHealth | None, venue: str) -> list[str]:
    """What a running engine does not trade there, a line each with the reason."""
    seen = engine.venues.get(venue) if engine is not None else None
    held = seen.quarantined if seen is not None else {}
    return [f"    {symbol:18} quarantined ({why})" for symbol, why in held.items()]


def venues_text(said: Any) -> str:
    """A line for each venue of the engine, as `arbtree inspect venues` shows it."""
    seen = msgspec.convert(said["venues"], list[VenueHealth])
    engine = EngineHealth("", 0, {one.venue: one for one in seen})
    return "\n".join(f"{one.venue:16}{health_text(engine, one.venue)}" for one in seen)
