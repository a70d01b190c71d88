"""`arbtree tree`: the actor tree of a configuration, as data and as a picture."""

from __future__ import annotations

import argparse
import json

from actors.outlet import Outlet
from arbtree.commands.check import check_venues, known_markets
from arbtree.engine import Seams, open_venues
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


def run(arguments: argparse.Namespace) -> int:
    """Print the tree that `arbtree run` with the same configuration would run."""
    spec = tree_of(settings_of(arguments.config))
    print(json.dumps(facts(spec)) if arguments.json else draw(spec))
    return 0


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
