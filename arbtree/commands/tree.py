"""`arbtree tree`: the actor tree of a configuration or of a running engine."""

from __future__ import annotations

import argparse
import json
from pathlib import Path
from typing import Any

import trio

from actors.outlet import Outlet
from arbtree.commands.check import check_venues, known_markets
from arbtree.engine import Seams, open_venues
from arbtree.inspection import add_socket, open_client, socket_of
from arbtree.tables import rows_table
from config.defaults import NO_FILE, default_settings
from config.reader import load
from config.settings import Settings
from supervisors.picture import draw, facts
from supervisors.spec import SupervisorSpec
from supervisors.tree import engine_tree


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument(
        "--config", metavar="FILE", help="the configuration; embedded venues if none"
    )
    parser.add_argument(
        "--live", action="store_true", help="the tree of a running engine, with its states"
    )
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Print the tree that `arbtree run` with the same configuration would run, or that runs."""
    if arguments.live:
        said = trio.run(_live_tree, socket_of(arguments))
        print(json.dumps(said) if arguments.json else rows_table(said["rows"]))
        return 0
    spec = tree_of(settings_of(arguments.config))
    print(json.dumps(facts(spec)) if arguments.json else draw(spec))
    return 0


async def _live_tree(place: Path) -> dict[str, Any]:
    async with open_client(place) as client:
        said: dict[str, Any] = await client.ask("tree")
        return said


def settings_of(file: str | None) -> Settings:
    """The checked settings of a file; the embedded venues without one.

    Raises:
        ConfigError: the file is wrong.
    """
    settings = load(file) if file is not None else default_settings()
    check_venues(settings, known_markets(), file if file is not None else NO_FILE)
    return settings


def tree_of(settings: Settings) -> SupervisorSpec:
    """The tree of a configuration, built without dialling anything."""
    return engine_tree(settings, open_venues(settings, Seams(), {}), Outlet())
