"""`arbtree restart`, `stop`, `suspend`, `resume`: steers one actor of a running engine."""

from __future__ import annotations

import argparse
import json

import trio

from arbtree.inspection import add_socket, open_client, socket_of

EXIT_GOES_ON = 1
"""The engine is still at it: `arbtree inspect actor PATH` tells how it went."""


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the commands understand; their name is the verb."""
    parser.add_argument("path", help="an actor or supervisor, such as engine/detector")
    parser.set_defaults(verb=parser.prog.rpartition(" ")[2])
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask the engine; control must be on there."""
    said = trio.run(_steer, arguments)
    if arguments.json:
        print(json.dumps(said))
    else:
        done = "done" if said["done"] else "the engine is still at it"
        print(f"{said['path']}: {done}, {said['state']}, generation {said['generation']}")
    return 0 if said["done"] else EXIT_GOES_ON


async def _steer(arguments: argparse.Namespace) -> dict[str, object]:
    async with open_client(socket_of(arguments)) as client:
        said: dict[str, object] = await client.ask(arguments.verb, path=arguments.path)
        return said
