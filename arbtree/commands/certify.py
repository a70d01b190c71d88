"""`arbtree certify`: plays a numbered battery of cards on venues and prints the matrix.

The real dialect and the real actors follow the simulated venue in virtual time: an hour of market
takes seconds, and no network is used.  Exit code 1 when a card fails.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Iterator

from msgspec import to_builtins

from arbtree.certification.battery import CARDS, FAILED, Result, certify
from arbtree.tables import table
from exchanges.registry import venues
from messages.errors import UsageError

EXIT_FAILED = 1


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument("venue", nargs="*", metavar="VENUE", help="venues to certify")
    parser.add_argument("--all", action="store_true", help="certify every registered venue")
    parser.add_argument("--list", action="store_true", help="list the cards and play none")
    parser.add_argument(
        "--card", type=int, action="append", default=[], metavar="N", help="play only this card"
    )


def run(arguments: argparse.Namespace) -> int:
    """Play the cards; 1 when one failed."""
    if arguments.list:
        _print_cards(arguments.json)
        return 0
    if bool(arguments.venue) is arguments.all:
        raise UsageError("name the venues to certify, or say --all")
    names = list(venues()) if arguments.all else list(dict.fromkeys(arguments.venue))
    results: list[Result] = []
    for result in _played(names, arguments.card):
        results.append(result)
        if arguments.json:
            print(json.dumps(to_builtins(result)), flush=True)
    failed = sum(result.verdict == FAILED for result in results)
    if not arguments.json:
        print(_matrix(results, several=len(names) > 1))
        passed = len(results) - failed
        print(f"{passed} of {len(results)} cards are in order" + _failures(failed))
    return EXIT_FAILED if failed else 0


def _played(names: list[str], numbers: list[int]) -> Iterator[Result]:
    """Play them, with a word on a terminal."""
    for name in names:
        for result in certify(name, numbers):
            if sys.stderr.isatty():
                print(f"\r\x1b[Kcertify: {name} card {result.number}", end="", file=sys.stderr)
            yield result
    if sys.stderr.isatty():
        print("\r\x1b[K", end="", file=sys.stderr)


def _failures(failed: int) -> str:
    return f", {failed} failed" if failed else ""


def _matrix(results: list[Result], *, several: bool) -> str:
    head = ["venue", "card", "name", "checked", "verdict", "evidence"]
    rows = [[r.venue, r.number, r.name, r.checks, r.verdict, r.evidence] for r in results]
    first = 0 if several else 1  # one venue needs no column that names it
    return table(head[first:], [row[first:] for row in rows])


def _print_cards(as_json: bool) -> None:
    if as_json:
        cards = [{"number": c.number, "name": c.name, "checks": c.checks} for c in CARDS]
        print(json.dumps(cards))
    else:
        print(table(("card", "name", "checks"), ((c.number, c.name, c.checks) for c in CARDS)))
