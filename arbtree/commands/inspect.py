"""`arbtree inspect`: reads a running engine from another terminal."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from typing import Any

import trio

from arbtree.commands.health import venues_text
from arbtree.durations import parse_duration
from arbtree.inspection import Client, add_socket, open_client, socket_of
from arbtree.tables import (
    actor_text,
    book_table,
    connection_table,
    event_line,
    letters_text,
    loop_text,
    opportunities_text,
    rows_table,
    stacks_text,
    waits_text,
)
from messages.errors import UsageError

EVERY_S = 1.0
"""How often `top` and `events --follow` ask again."""

Show = Callable[[Any], str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument("what", choices=[*_VERBS, "top"], help="what to read")
    parser.add_argument("path", nargs="?", default="", help="an actor's path, for `actor`")
    parser.add_argument(
        "--since", type=int, default=0, metavar="N", help="events after this sequence number"
    )
    parser.add_argument("--follow", action="store_true", help="keep telling events")
    parser.add_argument("--limit", type=int, default=1000, help="events or letters at most")
    parser.add_argument(
        "--every", default=f"{EVERY_S:g}s", metavar="TIME", help="how often `top` looks"
    )
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Ask the engine and print what it says."""
    if arguments.what == "actor" and not arguments.path:
        raise UsageError("inspect actor wants a path, such as engine/detector")
    if arguments.since < 0 or arguments.limit < 1:
        raise UsageError("--since is at least 0 and --limit at least 1")
    every_s = parse_duration(arguments.every)
    trio.run(_inspect, arguments, every_s)
    return 0


async def _inspect(arguments: argparse.Namespace, every_s: float) -> None:
    async with open_client(socket_of(arguments)) as client:
        if arguments.what == "top":
            await _top(client, every_s, as_json=arguments.json)
        elif arguments.what == "events" and arguments.follow:
            await _follow(client, arguments, every_s)
        else:
            await _once(client, arguments)


async def _once(client: Client, arguments: argparse.Namespace) -> None:
    words = {"path": arguments.path, "since": arguments.since, "limit": arguments.limit}
    said = await client.ask(arguments.what, **words)
    print(json.dumps(said) if arguments.json else _VERBS[arguments.what](said))


async def _follow(client: Client, arguments: argparse.Namespace, every_s: float) -> None:
    """Print events as they come, until the engine ends or Ctrl-C."""
    since = arguments.since
    while True:
        said = await client.ask("events", since=since, limit=arguments.limit)
        if said["lost"]:
            print(f"arbtree: {said['lost']} events are no longer kept", file=sys.stderr)
        for event in said["events"]:
            print(json.dumps(event) if arguments.json else event_line(event), flush=True)
            since = event["sequence"]
        if not said["events"]:
            await trio.sleep(every_s)


async def _top(client: Client, every_s: float, *, as_json: bool) -> None:
    """Show the tree, refreshed in place on a terminal; one line or picture a look elsewhere."""
    if as_json:
        while True:
            print(json.dumps(await client.ask("tree")), flush=True)
            await trio.sleep(every_s)
    if not sys.stdout.isatty():
        print(rows_table((await client.ask("tree"))["rows"]))
        return
    from arbtree.top import TopScreen

    with TopScreen(client.hello) as screen:
        while True:
            tree = await client.ask("tree")
            seen = await client.ask("books")
            loop = await client.ask("loop")
            screen.draw(tree["rows"], seen["books"], loop)
            await trio.sleep(every_s)


_VERBS: dict[str, Show] = {
    "tree": lambda said: rows_table(said["rows"]),
    "actor": actor_text,
    "children": lambda said: rows_table(said["rows"]),
    "events": lambda said: "\n".join(map(event_line, said["events"])) or "no events",
    "stacks": stacks_text,
    "books": lambda said: book_table(said["books"]),
    "connections": connection_table,
    "venues": venues_text,
    "opportunities": opportunities_text,
    "deadletters": letters_text,
    "loop": loop_text,
    "waits": waits_text,
}
"""What can be read, and how it is shown to people."""
