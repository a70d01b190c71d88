"""`arbtree release`: ends the quarantine between two symbols of a running engine."""

from __future__ import annotations

import argparse
import json

import trio

from arbtree.inspection import add_socket, open_client, socket_of

EXIT_WAS_FREE = 1
"""Nothing was quarantined between the two."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    for which in ("one", "other"):
        parser.add_argument(f"{which}_venue", metavar="VENUE", help=f"venue of {which} symbol")
        parser.add_argument(f"{which}_symbol", metavar="SYMBOL", help=f"{which}, as BTC/USDT")
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask the engine; control must be on there."""
    said = trio.run(_release, arguments)
    if arguments.json:
        print(json.dumps(said))
    else:
        done = "released" if said["released"] else "not quarantined, nothing is changed"
        print(f"{said['one']} and {said['other']}: {done}")
    return 0 if said["released"] else EXIT_WAS_FREE


async def _release(arguments: argparse.Namespace) -> dict[str, object]:
    words = (
        arguments.one_venue,
        arguments.one_symbol,
        arguments.other_venue,
        arguments.other_symbol,
    )
    async with open_client(socket_of(arguments)) as client:
        said: dict[str, object] = await client.ask("release", option=" ".join(words))
        return said
