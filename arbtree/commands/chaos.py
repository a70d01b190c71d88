"""`arbtree chaos`: breaks an engine on purpose: `run` a virtual one, `live` a running one."""

from __future__ import annotations

import argparse
from collections.abc import Callable

from arbtree.commands import chaos_live, chaos_run


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands: two commands of its own."""
    where = parser.add_subparsers(dest="where", required=True, metavar="run|live")
    _add(where.add_parser("run", help="a virtual engine, from seeds", description=chaos_run.HELP),
         chaos_run.add_arguments, chaos_run.run)  # fmt: skip
    _add(where.add_parser("live", help="real sockets", description=chaos_live.HELP),
         chaos_live.add_arguments, chaos_live.run)  # fmt: skip


def _add(
    parser: argparse.ArgumentParser,
    add: Callable[[argparse.ArgumentParser], None],
    run_it: Callable[[argparse.Namespace], int],
) -> None:
    # Both words are understood before and after `run` and `live`.
    for word in ("--json", "--debug"):
        parser.add_argument(
            word, action="store_true", default=argparse.SUPPRESS, help=argparse.SUPPRESS
        )
    parser.set_defaults(run_it=run_it)
    add(parser)


def run(arguments: argparse.Namespace) -> int:
    """Do the one that was named."""
    code: int = arguments.run_it(arguments)
    return code
