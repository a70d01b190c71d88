"""`arbtree inspect`: reads a running engine from another terminal, and crashes of the past."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec
import trio

from arbtree.cli import EXIT_FINE, EXIT_FOUND
from arbtree.commands.health import venues_text
from arbtree.durations import parse_duration
from arbtree.inspection import Client, add_socket, open_client, socket_of
from arbtree.tables import (
    actor_text,
    book_table,
    capsules_text,
    connection_table,
    event_line,
    letters_text,
    loop_text,
    opportunities_text,
    replay_text,
    rows_table,
    stacks_text,
    waits_text,
)
from messages.errors import UsageError

if TYPE_CHECKING:
    from supervisors.capsule_replay import Outcome

EVERY_S = 1.0
"""How often `top` and `events --follow` ask again."""

Show = Callable[[Any], str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument("what", choices=[*_VERBS, "top", *_OF_FILES], help="what to read")
    parser.add_argument(
        "path",
        nargs="?",
        default="",
        help="an actor's path, for `actor`; a crash capsule, for `replay`; their folder, for"
        " `capsules`",
    )
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
    if arguments.what in _OF_FILES:
        return _OF_FILES[arguments.what](arguments)
    if arguments.since < 0 or arguments.limit < 1:
        raise UsageError("--since is at least 0 and --limit at least 1")
    every_s = parse_duration(arguments.every)
    trio.run(_inspect, arguments, every_s)
    return 0


def _replay(arguments: argparse.Namespace) -> int:
    """Act a crash out again; 1 when it does not happen."""
    if not arguments.path:
        raise UsageError("inspect replay wants a crash capsule, see `arbtree inspect capsules`")
    from arbtree.capsules import replayed
    from supervisors.capsules import load

    capsule = load(Path(arguments.path))

    async def act() -> Outcome:
        await trio.lowlevel.checkpoint()
        return replayed(capsule)

    outcome = trio.run(act)
    facts = msgspec.to_builtins(outcome)
    about = {
        "path": capsule.path,
        "generation": capsule.generation,
        "actor": capsule.actor,
        "seed": capsule.seed,
        "wall_ns": capsule.wall_ns,
        "tags": capsule.tags,
        "kept_inputs": capsule.inputs,
        "passed": capsule.passed,
    }
    print(json.dumps(facts | about) if arguments.json else replay_text(facts | about))
    return EXIT_FINE if outcome.reproduced else EXIT_FOUND


def _capsules(arguments: argparse.Namespace) -> int:
    """List the capsules of a folder, newest last."""
    from config.places import capsule_folder
    from supervisors.capsules import capsule_files, capsule_row

    folder = Path(arguments.path) if arguments.path else capsule_folder()
    rows = [capsule_row(file) for file in sorted(capsule_files(folder))]
    if arguments.json:
        print(json.dumps({"folder": str(folder), "capsules": rows}))
    else:
        print(capsules_text(rows) if rows else f"no crash capsules in {folder}")
    return EXIT_FINE


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


_OF_FILES: dict[str, Callable[[argparse.Namespace], int]] = {
    "capsules": _capsules,
    "replay": _replay,
}
"""What is read from files: no engine need run."""

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
