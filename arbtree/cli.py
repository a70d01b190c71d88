"""The `arbtree` command: finds the sub-command, runs it, and turns errors into exit codes.

Nothing but the standard library is imported until a sub-command is known, so that `--help` and a
mistyped name answer at once.  The exit codes are stable and part of the interface.
"""

from __future__ import annotations

import argparse
import difflib
import errno
import importlib
import io
import os
import sys
import traceback
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NoReturn, Protocol, cast

from arbtree import __version__
from arbtree.commands import COMMANDS

if TYPE_CHECKING:
    from _typeshed import SupportsWrite

EXIT_FINE = 0
EXIT_FOUND = 1
"""The command worked and found something wrong."""
EXIT_USAGE = 2
"""The command line, the configuration or an input file is wrong."""
EXIT_ENVIRONMENT = 3
"""This machine or the network does not offer what is needed."""
EXIT_GAVE_UP = 4
"""The engine gave up after failures."""
EXIT_FORCED = 70
"""A stop had to be forced, or arbtree itself is at fault."""
EXIT_INTERRUPTED = 130
"""Ctrl-C before the command was done; `run` stops in order and ends with 0."""

EPILOG = f"""exit codes: {EXIT_FINE} fine, {EXIT_FOUND} found something wrong, \
{EXIT_USAGE} usage or configuration, {EXIT_ENVIRONMENT} environment,
{EXIT_GAVE_UP} gave up after failures, {EXIT_FORCED} forced stop or internal error, \
{EXIT_INTERRUPTED} interrupted"""


class Command(Protocol):
    """What every module of `arbtree.commands` offers."""

    def add_arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the command understands."""

    def run(self, arguments: argparse.Namespace) -> int:
        """Do it and return the exit code."""


class _Parser(argparse.ArgumentParser):
    """A parser whose complaints are our errors: one sentence, no usage dump."""

    def error(self, message: str) -> NoReturn:
        from messages.errors import UsageError

        raise UsageError(f"{message} (see '{self.prog} --help')")

    def print_help(self, file: SupportsWrite[str] | None = None) -> None:
        """Print the help; argparse's own way hides that it could not be written."""
        print(self.format_help(), end="", file=file)


class _Version(argparse.Action):
    """Prints the version and ends, in the way of `_Parser.print_help`."""

    def __call__(self, parser: argparse.ArgumentParser, *_: object) -> None:
        """Do it; argparse's arguments say nothing here."""
        print(f"arbtree {__version__}")
        parser.exit()


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after the program's name; those of the process when left out.

    Returns:
        The exit code.
    """
    words = list(sys.argv[1:] if argv is None else argv)
    debug = "--debug" in words
    if isinstance(sys.stdout, io.TextIOWrapper):
        # A file's name may hold bytes that are no text: shown escaped, as on standard error.
        sys.stdout.reconfigure(errors="backslashreplace")
    try:
        try:
            code = _dispatch(words)
        except SystemExit as end:  # argparse ends --help and --version this way
            code = end.code if isinstance(end.code, int) else EXIT_USAGE
        _flush()
        return code
    except BaseException as error:  # noqa: ASYNC103 - no event loop runs here any more
        return _tell(error, debug)  # noqa: ASYNC104 - the process ends with this code


def _dispatch(words: list[str]) -> int:
    """Run the sub-command that the words name."""
    top = _top_parser()
    arguments = top.parse_args(words)
    if not arguments.command:
        top.print_help(sys.stderr)
        return EXIT_USAGE
    name: str = arguments.command[0]
    if name not in COMMANDS:
        top.error(f"unknown command {name!r}{_nearest(name)}")
    module, line = COMMANDS[name]
    command = cast(Command, importlib.import_module(module))
    # A command may word --json in its own way: "resolve" lets it take the name over.
    parser = _Parser(
        prog=f"arbtree {name}",
        description=f"{line[0].upper()}{line[1:]}.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        conflict_handler="resolve",
        allow_abbrev=False,
    )
    parser.add_argument("--json", action="store_true", help="write JSON on standard output")
    _add_debug(parser)
    command.add_arguments(parser)
    return command.run(parser.parse_args(arguments.command[1:]))


def _top_parser() -> _Parser:
    width = max(map(len, COMMANDS)) + 2
    lines = "\n".join(f"  {name:{width}}{line}" for name, (_, line) in COMMANDS.items())
    parser = _Parser(
        prog="arbtree",
        usage="arbtree [--version] [--debug] COMMAND ...",
        description=f"A supervised arbitrage engine for centralised exchanges.\n\n"
        f"commands:\n{lines}\n\n'arbtree COMMAND --help' says more about one.",
        epilog=EPILOG,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
    )
    parser.add_argument("--version", action=_Version, nargs=0, help="show the version and end")
    _add_debug(parser)
    # Everything from the command's name on is the command's own affair.
    parser.add_argument("command", nargs=argparse.REMAINDER, help=argparse.SUPPRESS)
    return parser


def _add_debug(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--debug", action="store_true", help="show where an error came from")


def _nearest(name: str) -> str:
    near = difflib.get_close_matches(name, COMMANDS, n=1)
    return f", did you mean {near[0]!r}?" if near else ""


# -- errors ---------------------------------------------------------------------------------------


def _tell(error: BaseException, debug: bool) -> int:
    """Say on standard error what happened; choose the exit code."""
    _save_stdout()
    causes = list(_leaves(error))
    if any(isinstance(cause, KeyboardInterrupt) for cause in causes):
        _say("interrupted")
        return EXIT_INTERRUPTED
    if all(isinstance(cause, BrokenPipeError) for cause in causes):
        return EXIT_FINE  # the reader, `head` for example, has what it wanted
    codes = [_exit_code(cause) for cause in causes]
    unforeseen = EXIT_FORCED in codes
    if debug or unforeseen:
        traceback.print_exception(error, file=sys.stderr)
    # A group may hold several; the one nobody foresaw is the one to report.
    cause = causes[codes.index(EXIT_FORCED) if unforeseen else 0]
    if unforeseen:
        _say(f"internal error, please report it: {type(cause).__name__}: {_sentence(cause)}")
        return EXIT_FORCED
    _say(_sentence(cause))
    return codes[0]


def _leaves(error: BaseException) -> Iterator[BaseException]:
    """The errors inside nested exception groups, in order."""
    if isinstance(error, BaseExceptionGroup):
        for part in error.exceptions:
            yield from _leaves(part)
    else:
        yield error


def _exit_code(error: BaseException) -> int:
    """The exit code of one error; `EXIT_FORCED` for what nobody foresaw."""
    if isinstance(error, OSError):
        return EXIT_ENVIRONMENT
    if not isinstance(error, Exception) or "messages.errors" not in sys.modules:
        return EXIT_FORCED
    from messages import errors

    usage = (
        errors.UsageError,
        errors.ConfigError,
        errors.RecordingError,
        errors.NotAvailable,
        errors.UnknownSymbol,
    )
    if isinstance(error, usage):
        return EXIT_USAGE
    if isinstance(error, errors.EnvironmentFault):
        return EXIT_ENVIRONMENT
    if isinstance(error, errors.ArbtreeError):
        return EXIT_ENVIRONMENT if error.outage else EXIT_FOUND
    return EXIT_FORCED


def _sentence(error: BaseException) -> str:
    """One line that names the thing."""
    if isinstance(error, OSError) and error.strerror:
        name = f"{os.fsdecode(error.filename)}: " if error.filename is not None else ""
        reason = "no space left" if error.errno == errno.ENOSPC else error.strerror.lower()
        return f"{name}{reason}"
    return " ".join(str(error).split()) or type(error).__name__


def _say(sentence: str) -> None:
    if sys.stderr is not None:
        print(f"arbtree: {sentence}", file=sys.stderr)


def _flush() -> None:
    """Write out what is still held back, while its failure can be told."""
    if sys.stdout is not None:
        sys.stdout.flush()


def _save_stdout() -> None:
    """Write out what was printed before an error.

    Where that is what fails, point standard output nowhere, or the interpreter's own last flush
    would fail again and spoil sentence and exit code.
    """
    try:
        _flush()
    except (OSError, ValueError):  # ValueError: closed
        try:
            nowhere = os.open(os.devnull, os.O_WRONLY)
            os.dup2(nowhere, sys.stdout.fileno())
            os.close(nowhere)
        except (OSError, ValueError):
            return  # no file behind it: nothing is left to flush into
