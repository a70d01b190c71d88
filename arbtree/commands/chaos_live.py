"""`arbtree chaos live`: breaks an engine on real sockets and tells how it recovered."""

from __future__ import annotations

import argparse
import json
import random
import shlex
import sys
import time
from pathlib import Path
from typing import Any

import msgspec
import trio
from msgspec import Struct, structs, to_builtins

from arbtree.chaos.live import LiveRun, Wish, live_kinds
from arbtree.chaos.page import check_place, page
from arbtree.chaos.remote import Strikes, remote_play, wire_kinds
from arbtree.chaos.report import ChaosReport
from arbtree.chaos.runs import Play
from arbtree.chaos.text import report_text
from arbtree.chaos.whole import whole_report
from arbtree.durations import parse_duration
from arbtree.inspection import Client, add_socket, open_client, socket_of
from arbtree.tables import table
from config.secrets import keyed_venues
from exchanges.registry import venues
from messages.errors import EnvironmentFault, UsageError

HELP = (
    "Break an engine on real sockets. Without --name, --socket or --cut it is one of its own, on"
    " embedded venues, in every way of the catalogue; otherwise a running engine in watch mode,"
    " whose sockets are broken."
)
EXIT_NOT_RECOVERED = 1

LOOK_EVERY_S = 0.02
"""How often the engine is asked after a cut; times to live are this exact."""

LIVE_WITHIN = "60s"
"""A connection that is not back by then counts as not recovered: the cap of all backoff."""

MAX_CUTS = 10_000
SHORTEST_S, LONGEST_S = 5.0, 86_400.0
MAX_PER_S = 100.0


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
        "--for", dest="for_", default="2m", metavar="TIME",
        help="how long faults strike (default %(default)s)",
    )  # fmt: skip
    parser.add_argument(
        "--per-second", type=float, default=10.0, metavar="N",
        help="faults a second at most; one at a time at each place (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--kinds", metavar="A,B,...", help="only these kinds of faults")
    parser.add_argument("--cut", type=int, metavar="N", help="only reset N sockets, one by one")
    parser.add_argument("--seed", type=int, metavar="N", help="draws faults; drawn when left out")
    parser.add_argument(
        "--within", default=LIVE_WITHIN, metavar="TIME",
        help="how long a recovery may take (default %(default)s)",
    )  # fmt: skip
    parser.add_argument("--html", metavar="FILE", help="write the report as a page too")
    add_socket(parser)
    parser.set_defaults(name=None)


def run(arguments: argparse.Namespace) -> int:
    """Break it; 1 when something did not recover."""
    seed = arguments.seed if arguments.seed is not None else random.SystemRandom().getrandbits(32)
    if seed < 0:
        raise UsageError(f"--seed must be at least 0, not {seed}")
    keyed = keyed_venues(venues())
    if keyed:
        raise UsageError(f"trading keys of {', '.join(keyed)} are loaded: chaos runs without keys")
    if arguments.cut is not None:
        return _cut_some(arguments, seed)
    for_s, within_s = parse_duration(arguments.for_), parse_duration(arguments.within)
    if not SHORTEST_S <= for_s <= LONGEST_S:
        raise UsageError(f"--for is {SHORTEST_S:g} s to a day, not {arguments.for_}")
    if not 0.0 < arguments.per_second <= MAX_PER_S:
        raise UsageError(f"--per-second is above 0 and at most {MAX_PER_S:g}")
    kinds = tuple(part for part in (arguments.kinds or "").split(",") if part)
    running = arguments.socket is not None or arguments.name is not None
    if arguments.html:
        check_place(Path(arguments.html))
    break_it = _break_running if running else _break_own
    report = break_it(arguments, Wish(for_s, arguments.per_second, seed, kinds), within_s)
    if arguments.json:
        print(msgspec.json.encode(report).decode())
    else:
        print(report_text(report))
    if arguments.html:
        Path(arguments.html).write_text(page(report), encoding="utf-8")
    return 0 if report.passed else EXIT_NOT_RECOVERED


def _break_own(arguments: argparse.Namespace, wish: Wish, within_s: float) -> ChaosReport:
    """An engine of this process, on embedded venues."""
    live_kinds(wish.kinds)
    began_s = time.monotonic()
    progress = _Progress()
    session = LiveRun(wish, within_s=within_s, told=progress.told)
    trio.run(session.run, restrict_keyboard_interrupt_to_checkpoints=True)
    progress.done()
    took_s = time.monotonic() - began_s
    return _report(session.play(took_s, _command(arguments, wish)), wish, took_s)


def _break_running(arguments: argparse.Namespace, wish: Wish, within_s: float) -> ChaosReport:
    """An engine that runs elsewhere."""
    kinds = wire_kinds(wish.kinds)
    began_s = time.monotonic()
    progress = _Progress()

    async def strike() -> tuple[Strikes, Any]:
        async with open_client(_place(arguments)) as client:
            strikes = Strikes(client, kinds, wish.seed, lambda count: progress.told(count, None))
            return strikes, await strikes.run(wish.for_s, wish.per_s, within_s)

    strikes, records = trio.run(strike)
    progress.done()
    took_s = time.monotonic() - began_s
    command = _command(arguments, wish)
    play = remote_play(records, wish.seed, strikes.books, command, took_s)
    return _report(play, wish, took_s)


def _command(arguments: argparse.Namespace, wish: Wish) -> str:
    """The line that draws alike again; on real sockets no two runs are quite the same."""
    words = ["arbtree chaos live", f"--for {arguments.for_}", f"--per-second {wish.per_s:g}"]
    words.append(f"--seed {wish.seed}")
    if arguments.within != LIVE_WITHIN:
        words.append(f"--within {arguments.within}")
    if wish.kinds:
        words.append(f"--kinds {','.join(wish.kinds)}")
    if arguments.socket is not None:
        words.append(f"--socket {shlex.quote(str(arguments.socket))}")
    elif arguments.name is not None:
        words.append(f"--name {shlex.quote(arguments.name)}")
    return " ".join(words)


def _report(play: Play, wish: Wish, took_s: float) -> ChaosReport:
    report = whole_report([play], wish.for_s, {}, took_s, keep_timelines=True)
    return structs.replace(report, kind="live")


class _Progress:
    """One line on a terminal; nothing in a pipe."""

    def __init__(self) -> None:
        self._visible = sys.stderr is not None and sys.stderr.isatty()

    def told(self, faults: int, dark: int | None) -> None:
        """So many faults, and books that are dark now."""
        if self._visible:
            more = "" if dark is None else f", {dark} books dark"
            print(f"\r\x1b[Kchaos: {faults} faults{more}", end="", file=sys.stderr, flush=True)

    def done(self) -> None:
        """Remove the line."""
        if self._visible:
            print("\r\x1b[K", end="", file=sys.stderr, flush=True)


def _place(arguments: argparse.Namespace) -> Path:
    if arguments.name is None:
        arguments.name = "engine"
    return socket_of(arguments)


# -- some cuts, one by one -------------------------------------------------------------------------


def _cut_some(arguments: argparse.Namespace, seed: int) -> int:
    """Cut sockets one after the other; 1 when one did not recover."""
    if not 1 <= arguments.cut <= MAX_CUTS:
        raise UsageError(f"--cut is 1 to {MAX_CUTS}, not {arguments.cut}")
    within_s = parse_duration(arguments.within)
    cuts = trio.run(_cut_all, arguments, random.Random(seed), within_s)
    recovered = sum(cut.live_ms is not None for cut in cuts)
    if arguments.json:
        rows = [to_builtins(cut) for cut in cuts]
        print(json.dumps({"seed": seed, "recovered": recovered, "cuts": rows}))
    else:
        print(_cuts_text(cuts))
        print(f"{recovered} of {len(cuts)} recovered; --seed {seed} cuts the same sockets again")
    return 0 if recovered == len(cuts) else EXIT_NOT_RECOVERED


async def _cut_all(
    arguments: argparse.Namespace, chance: random.Random, within_s: float
) -> list[Cut]:
    cuts = []
    async with open_client(_place(arguments)) as client:
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
    said = await client.ask("strike", path=path, option="reset")
    dark_ms = live_ms = None
    with trio.move_on_after(within_s):
        while live_ms is None:
            await trio.sleep(LOOK_EVERY_S)
            feed = (await client.ask("connections"))["connections"][path]
            if dark_ms is None and feed["epoch_over_ns"] >= said["struck_ns"]:
                dark_ms = round((feed["epoch_over_ns"] - said["struck_ns"]) / 1e6, 3)
            if feed["epoch"] > said["epoch"]:
                books = await _books_of(client, path)
                if len(books) >= len(mine) and all(book["state"] == "LIVE" for book in books):
                    since_ns = max(book["live_since_ns"] or 0 for book in books)
                    live_ms = round((since_ns - said["struck_ns"]) / 1e6, 3)
    return Cut(path, dark_ms, live_ms, len(mine))


async def _books_of(client: Client, path: str) -> list[dict[str, Any]]:
    """The books that a connection feeds."""
    found = (await client.ask("books"))["books"]
    return [book for book in found if book["connection"] == path]


def _cuts_text(cuts: list[Cut]) -> str:
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
