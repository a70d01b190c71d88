"""Damaged frames to our book and to those of ccxt.pro and cryptofeed, counted against the truth.

    python -m benchmarks.peers.torture [--seeds 1000] [--json] [--write] [--without-peers]

The same windows and plans as `tests.damage`: depth events of real recordings (of MEXC made up,
because nobody recorded any) are dropped, repeated, swapped, cut off, and snapshots come late or
old.  A published book is *silently wrong* when its best ten levels equal no book that the venue
ever had up to then, as an oracle of Decimals computed it, and the library gave no error.  A book
that is merely old counts as right.  Each library runs in an environment of its own below the
user's cache folder; one that pip cannot install, or that lacks a venue, is left out with a
sentence.  Exit code 1 when our own book was wrong.
"""

from __future__ import annotations

import argparse
import base64
import json
import os
import subprocess
import sys
import venv
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self

from actors.proven_book import ProvenBook, Verdict
from benchmarks.machine import ROOT, machine
from exchanges.registry import dialect
from messages.books import DarkReason
from tests.conftest import SHARED_DATA
from tests.damage.harm import KINDS, Plan, draw
from tests.damage.windows import TOP, Window, load

VENUES = ("mexc", "gateio", "binance")
PACKAGES = {"ccxt": ("ccxt", "protobuf==5.29.5"), "cryptofeed": ("cryptofeed",)}
"""What pip installs; that protobuf is the one ccxt asks for."""
SUPPORTED = {"ccxt": VENUES, "cryptofeed": ("gateio", "binance")}
INSTALL_S = 400.0
SNAPSHOT_LEVELS = 200
"""Levels a side of a snapshot: many more than a window can delete above the tenth."""
RESULTS = ROOT / "benchmarks" / "peers" / "RESULTS.md"

Json = Any
Sides = tuple[tuple[tuple[float, float], ...], tuple[tuple[float, float], ...]]


class Count(NamedTuple):
    """What became of all seeds of one venue with one library."""

    published: int
    wrong: int
    seeds_wrong: int
    noticed: int
    empty: int


# -- ours -----------------------------------------------------------------------------------------


def ours(window: Window, plan: Plan) -> tuple[list[tuple[int, Sides]], int]:
    """Play a plan with our codec and book: what was published after which event, and breaks."""
    public = dialect(window.venue)
    info = public.symbol_from_native(window.native)
    book = ProvenBook(public.rule)
    published: list[tuple[int, Sides]] = []
    epoch, sent, asked, noticed = 1, 0, 0, 0
    due: int | None = None
    book.open(epoch)
    codec = public.codec((info,), epoch)

    def took(verdict: Verdict) -> None:
        nonlocal due, noticed
        if verdict is Verdict.CHANGED:
            published.append((sent, book.top(TOP)))
        noticed += verdict.dark is not None
        if verdict.wants_snapshot and due is None:
            due = sent + plan.delays[asked % len(plan.delays)]

    for step in plan.steps:
        if step is None:
            book.dark(DarkReason.DISCONNECTED)
            epoch, due, noticed = epoch + 1, None, noticed + 1
            book.open(epoch)
            codec = public.codec((info,), epoch)
            continue
        if not step.event:
            continue
        sent = max(sent, step.event)
        for event in codec.decode(step.payload, 1):
            took(book.delta(event))  # type: ignore[arg-type]  # windows hold depth events
        if due is not None and sent >= due:
            stale = plan.stale[asked % len(plan.stale)]
            asked, due = asked + 1, None
            body = window.snapshot(max(0, sent - stale))
            took(book.snapshot(public.decode_snapshot(body, info, epoch, 1)))
    return published, noticed


# -- the others -----------------------------------------------------------------------------------


def interpreter(library: str) -> Path | None:
    """The interpreter of a library's own environment; None where pip cannot make it."""
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    version = f"{sys.version_info.major}.{sys.version_info.minor}"
    place = cache / "arbtree" / f"torture-{library}-{version}"
    python, stamp = place / "bin" / "python", place / ".installed"
    if not stamp.exists():
        venv.create(place, with_pip=True)
        command = [str(python), "-m", "pip", "install", "--quiet", *PACKAGES[library]]
        try:
            subprocess.run(command, capture_output=True, timeout=INSTALL_S, check=True)
        except (subprocess.CalledProcessError, subprocess.TimeoutExpired):
            return None
        stamp.touch()
    return python


class Peer:
    """A library in its own process."""

    def __init__(self, library: str, python: Path) -> None:
        script = Path(__file__).with_name("books.py")
        self._child = subprocess.Popen(
            [str(python), "-W", "ignore", str(script), library],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self.version: str = self._answer()["version"]
        self._known: set[str] = set()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._child.kill()
        self._child.wait()

    def play(self, name: str, window: Window, plan: Plan) -> tuple[list[tuple[int, Sides]], int]:
        """Play a plan: what was published after which event, and how often an error was told."""
        if name not in self._known:
            self._known.add(name)
            self._ask(do="window", name=name, **_window(window))
        numbers = {id(frame): number for number, frame in enumerate(window.frames)}
        steps = [
            None if step is None else numbers[id(step)]
            for step in plan.steps
            if step is None or step.event
        ]
        said = self._ask(
            do="seed",
            window=name,
            plan={"steps": steps, "delays": plan.delays, "stale": plan.stale},
        )
        published = [(sent, (_sides(bids), _sides(asks))) for sent, bids, asks in said["published"]]
        return published, said["errors"]

    def _ask(self, **question: Json) -> Json:
        assert self._child.stdin is not None
        self._child.stdin.write(json.dumps(question) + "\n")
        self._child.stdin.flush()
        return self._answer()

    def _answer(self) -> Json:
        assert self._child.stdout is not None
        line = self._child.stdout.readline()
        if not line:
            raise SystemExit("the other library ended; what it said stands above")
        return json.loads(line)


def _sides(levels: Json) -> tuple[tuple[float, float], ...]:
    return tuple((price, amount) for price, amount in levels)


def _window(window: Window) -> Json:
    """A window for a process that knows nothing of ours."""
    info = dialect(window.venue).symbol_from_native(window.native)
    snapshots = []
    for index in range(window.last + 1):
        body = json.loads(window.snapshot(index))
        for side in ("bids", "asks"):
            body[side] = body[side][:SNAPSHOT_LEVELS]
        snapshots.append(json.dumps(body))
    return {
        "venue": window.venue,
        "native": window.native,
        "symbol": info.symbol,
        "frames": [
            (base64.b64encode(frame.payload).decode(), frame.event) for frame in window.frames
        ],
        "snapshots": snapshots,
    }


# -- judging --------------------------------------------------------------------------------------


def judge(window: Window, published: Sequence[tuple[int, Sides]]) -> int:
    """How many published books equal none that the venue had until then."""
    known: set[Sides] = set()
    upto = -1
    wrong = 0
    for sent, sides in published:
        while upto < sent:
            upto += 1
            known.add(window.tops[upto])
        wrong += sides not in known
    return wrong


def torture(venue: str, seeds: range, peer: Peer | None) -> Count:
    """Play all seeds of one venue with our book, or with a peer's."""
    windows = load(SHARED_DATA, venue)
    published = wrong = seeds_wrong = noticed = empty = 0
    for seed in seeds:
        number = seed // len(KINDS) % len(windows)
        window = windows[number]
        plan = draw(seed, window)
        play = peer.play(f"{venue} {number}", window, plan) if peer else ours(window, plan)
        books, errors = play
        bad = judge(window, books)
        published, noticed, wrong = published + len(books), noticed + errors, wrong + bad
        seeds_wrong += bad > 0
        empty += not books
    return Count(published, wrong, seeds_wrong, noticed, empty)


def _rows(seeds: range, libraries: Sequence[str]) -> Iterator[tuple[str, str, Count | str]]:
    """Every library and venue: what was counted, or why nothing was."""
    for venue in VENUES:
        yield "arbtree", venue, torture(venue, seeds, None)
    for library in libraries:
        python = interpreter(library)
        if python is None:
            yield library, "", "pip could not install it"
            continue
        with Peer(library, python) as peer:
            for venue in VENUES:
                name = f"{library} {peer.version}"
                if venue in SUPPORTED[library]:
                    yield name, venue, torture(venue, seeds, peer)
                else:
                    yield name, venue, "has no such venue"


def table(rows: Sequence[tuple[str, str, Count | str]], seeds: int) -> str:
    """The rows as Markdown."""
    head = (
        "| library | venue | seeds | books published | silently wrong | seeds with a wrong book |"
    )
    lines = [f"{head} errors told | seeds without any book |", "|---|---|--:|--:|--:|--:|--:|--:|"]
    for name, venue, count in rows:
        if isinstance(count, str):
            lines.append(f"| {name} | {venue} | | {count} | | | | |")
        else:
            figures = (seeds, *count)
            lines.append(f"| {name} | {venue} | {' | '.join(f'{each:,}' for each in figures)} |")
    return "\n".join(lines)


def main(words: Sequence[str] | None = None) -> int:
    """Play everything and print the table."""
    parser = argparse.ArgumentParser(prog="benchmarks.peers.torture", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="seeds a venue (default 1000)")
    parser.add_argument("--json", action="store_true")
    parser.add_argument("--write", action="store_true", help=f"renew {RESULTS.name}")
    parser.add_argument("--without-peers", action="store_true", help="our own book alone")
    arguments = parser.parse_args(words)
    if not SHARED_DATA.is_dir():
        print(f"no recordings at {SHARED_DATA}", file=sys.stderr)
        return 3
    libraries = () if arguments.without_peers else tuple(PACKAGES)
    rows = []
    for row in _rows(range(arguments.seeds), libraries):
        rows.append(row)
        print(*row, file=sys.stderr)
    if arguments.json:
        print(json.dumps([[name, venue, count] for name, venue, count in rows]))
    else:
        print(table(rows, arguments.seeds))
    if arguments.write:
        about = (RESULTS.read_text() if RESULTS.exists() else "").partition("<!-- table -->")[0]
        on = machine()
        facts = f"{on['date'][:10]}, commit {on['commit']}, {on['python']}, {on['system']}"
        facts += f", {on['cores']} cores; nothing here is timed"
        RESULTS.write_text(f"{about}<!-- table -->\n\n{facts}.\n\n{table(rows, arguments.seeds)}\n")
    mine = [count for name, _, count in rows if name == "arbtree" and isinstance(count, Count)]
    return 1 if any(count.wrong for count in mine) else 0


if __name__ == "__main__":
    raise SystemExit(main())
