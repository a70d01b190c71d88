"""`arbtree chaos live`: breaks a running engine on purpose and tells how it recovered."""

from __future__ import annotations

import argparse
import json
import random
import sys
from typing import Any

import trio
from msgspec import Struct, to_builtins

from arbtree.durations import parse_duration
from arbtree.inspection import Client, add_socket, open_client, socket_of
from arbtree.tables import table
from messages.errors import EnvironmentFault, UsageError

EXIT_NOT_RECOVERED = 1

LOOK_EVERY_S = 0.02
"""How often the engine is asked after a cut; times to live are this exact."""

LIVE_WITHIN = "60s"
"""A connection that is not back by then counts as not recovered: the cap of all backoff."""

MAX_CUTS = 10_000


class Cut(Struct, frozen=True):
    """One cut socket; milliseconds by the engine's clock, None for what did not happen in time.

    Args:
        connection: path of the connection actor.
        dark_ms: from the cut until the connection's epoch was over, its books dark with it.
        live_ms: from the cut until every one of its books was live again.
        books: how many it feeds.
    """

    connection: str
    dark_ms: float | None
    live_ms: float | None
    books: int


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument(
        "--cut", type=int, default=5, metavar="N", help="cut N random sockets (default 5)"
    )
    parser.add_argument("--seed", type=int, metavar="N", help="which sockets; drawn when left out")
    parser.add_argument(
        "--within",
        default=LIVE_WITHIN,
        metavar="TIME",
        help="how long a recovery may take (default %(default)s)",
    )
    add_socket(parser)


def run(arguments: argparse.Namespace) -> int:
    """Cut sockets one after the other; 1 when one did not recover."""
    if not 1 <= arguments.cut <= MAX_CUTS:
        raise UsageError(f"--cut is 1 to {MAX_CUTS}, not {arguments.cut}")
    within_s = parse_duration(arguments.within)
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    cuts = trio.run(_cut_all, arguments, random.Random(seed), within_s)
    recovered = sum(cut.live_ms is not None for cut in cuts)
    if arguments.json:
        rows = [to_builtins(cut) for cut in cuts]
        print(json.dumps({"seed": seed, "recovered": recovered, "cuts": rows}))
    else:
        print(_report(cuts))
        print(f"{recovered} of {len(cuts)} recovered; --seed {seed} cuts the same sockets again")
    return 0 if recovered == len(cuts) else EXIT_NOT_RECOVERED


async def _cut_all(
    arguments: argparse.Namespace, chance: random.Random, within_s: float
) -> list[Cut]:
    cuts = []
    async with open_client(socket_of(arguments)) as client:
        for number in range(arguments.cut):
            found = await client.ask("connections")
            opened = sorted(
                path for path, feed in found["connections"].items() if feed["state"] == "open"
            )
            if not opened:
                raise EnvironmentFault("the engine has no open connection to cut")
            cuts.append(await _cut(client, chance.choice(opened), within_s))
            if sys.stderr.isatty():
                print(f"\rchaos: {number + 1} of {arguments.cut}", end="", file=sys.stderr)
    if sys.stderr.isatty():
        print(file=sys.stderr)
    return cuts


async def _cut(client: Client, path: str, within_s: float) -> Cut:
    """Cut one connection's socket and watch its books."""
    mine = await _books_of(client, path)
    said = await client.ask("cut", path=path)
    dark_ms = live_ms = None
    with trio.move_on_after(within_s):
        while live_ms is None:
            await trio.sleep(LOOK_EVERY_S)
            feed = (await client.ask("connections"))["connections"][path]
            if dark_ms is None and feed["epoch_over_ns"] >= said["cut_ns"]:
                dark_ms = round((feed["epoch_over_ns"] - said["cut_ns"]) / 1e6, 3)
            if feed["epoch"] > said["epoch"]:
                books = await _books_of(client, path)
                if len(books) >= len(mine) and all(book["state"] == "LIVE" for book in books):
                    since_ns = max(book["live_since_ns"] or 0 for book in books)
                    live_ms = round((since_ns - said["cut_ns"]) / 1e6, 3)
    return Cut(path, dark_ms, live_ms, len(mine))


async def _books_of(client: Client, path: str) -> list[dict[str, Any]]:
    """The books that a connection feeds."""
    found = (await client.ask("books"))["books"]
    return [book for book in found if book["connection"] == path]


def _report(cuts: list[Cut]) -> str:
    return table(
        ("connection", "books", "dark after ms", "live again after ms"),
        (
            (
                cut.connection,
                cut.books,
                "not seen" if cut.dark_ms is None else f"{cut.dark_ms:.3f}",
                "not in time" if cut.live_ms is None else f"{cut.live_ms:.0f}",
            )
            for cut in cuts
        ),
    )
