"""`arbtree decode VENUE FILE`: frames of a venue as text or hex, to normalised messages.

The frames go through the venue's own codec, so what is shown is what a book would be given.  A
file of frames says neither when they came nor on which connection: `received_ns` and `epoch` are 0.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from itertools import count
from pathlib import Path
from typing import Final

import msgspec
import orjson

from actors.recordings.feeds import MAX_SYMBOLS, natives_in, words_in
from actors.recordings.files import MAX_LINE_BYTES, line_batches
from exchanges.contract import PublicDialect
from exchanges.registry import dialect
from messages.errors import DecodeError, RecordingError, UnknownSymbol, UsageError
from messages.instruments import SymbolInfo
from messages.market import PublicMessage

STANDARD_INPUT: Final = "-"


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add what the command understands."""
    parser.add_argument("venue", metavar="VENUE", help="whose frames they are")
    parser.add_argument(
        "file",
        metavar="FILE",
        help="one frame a line, as text or hex, plain or gzip; - reads standard input",
    )
    parser.add_argument(
        "--symbol",
        dest="symbols",
        nargs="+",
        action="extend",
        default=[],
        metavar="NATIVE",
        help="the venue's own names of symbols the frames do not name themselves",
    )
    parser.add_argument(
        "--json", action="store_true", help="no change: the output always is one object a line"
    )


def run(arguments: argparse.Namespace) -> int:
    """Write every message as one JSON object; 1 when a frame could not be decoded."""
    public = dialect(arguments.venue)
    live = arguments.file == STANDARD_INPUT
    name = "standard input" if live else arguments.file
    decoder = Decoder(public, arguments.symbols)
    frames = failures = 0
    for number, line in _numbered(_typed_lines() if live else _lines(Path(arguments.file))):
        frames += 1
        try:
            messages = decoder.decode(frame_of(line))
        except DecodeError as error:
            failures += 1
            sys.stdout.flush()  # in a terminal the sentence stands where the frame stood
            print(f"arbtree: {name} line {number}: {_sentence(error)}", file=sys.stderr)
            continue
        for message in messages:
            print(shown(number, message), flush=live)
    if not frames:
        raise RecordingError(f"{name}: there is no frame in it")
    return 1 if failures else 0


class Decoder:
    """A codec that learns the symbols it is asked about from the frames themselves.

    Args:
        public: the venue's dialect.
        natives: names known from the start.

    Raises:
        UsageError: the venue has no symbol of that name.
    """

    def __init__(self, public: PublicDialect, natives: Sequence[str] = ()) -> None:
        self._public = public
        self._known: dict[str, SymbolInfo] = {}
        for native in map(str.upper, natives):
            try:
                self._known[native] = public.symbol_from_native(native)
            except UnknownSymbol as error:
                raise UsageError(f"--symbol {native}: {error}") from error
        self._codec = public.codec(self._known.values(), 0)

    def decode(self, frame: bytes) -> tuple[PublicMessage, ...]:
        """Decode a frame, and once more if it names symbols that were not known.

        Raises:
            DecodeError: it means nothing in the venue's protocol.
        """
        try:
            messages = self._codec.decode(frame, 0)
        except DecodeError:
            if not self._learn(frame):
                raise
        else:
            if messages or not self._learn(frame):
                return messages
        return self._codec.decode(frame, 0)

    def _learn(self, frame: bytes) -> bool:
        """Take up the symbols a frame names; tell whether there was a new one."""
        found = self._named(natives_in(frame)) or self._named(words_in(frame))
        if not found or len(self._known) + len(found) > MAX_SYMBOLS:
            return False
        self._known.update(found)
        self._codec.learn(found.values())
        return True

    def _named(self, natives: Iterable[str]) -> dict[str, SymbolInfo]:
        """Keep what is new and a name of this venue."""
        found = {}
        for native in natives:
            if native not in self._known:
                try:
                    found[native] = self._public.symbol_from_native(native)
                except UnknownSymbol:
                    continue
        return found


def frame_of(line: bytes) -> bytes:
    """Read one line: as hex where it is nothing else (no JSON is), else the text itself.

    Hex is bytes by twos, with or without blanks between and `0x` before them, as `xxd -p` and
    the venues' documents write them.
    """
    try:
        return bytes.fromhex(line.decode("ascii").removeprefix("0x"))
    except ValueError:
        return line


def shown(number: int, message: PublicMessage) -> str:
    """One message as a line of JSON: where it came from, what it is, and all it says."""
    body = {"line": number, "type": type(message).__name__}
    return orjson.dumps(body | msgspec.to_builtins(message)).decode()


def _numbered(lines: Iterable[bytes]) -> Iterator[tuple[int, bytes]]:
    """Count lines from 1 and leave the blank ones out."""
    return ((number, line.strip()) for number, line in zip(count(1), lines) if line.strip())


def _lines(path: Path) -> Iterator[bytes]:
    if not path.exists():
        raise RecordingError(f"{path}: there is no such file")
    for batch in line_batches(path):
        yield from batch


def _typed_lines() -> Iterator[bytes]:
    """Yield lines as they arrive, so that a pipe can be watched."""
    while line := sys.stdin.buffer.readline(MAX_LINE_BYTES + 1):
        if len(line) > MAX_LINE_BYTES:
            raise RecordingError(f"standard input: a line of more than {MAX_LINE_BYTES >> 20} MiB")
        yield line


def _sentence(error: DecodeError) -> str:
    """One line; frames quoted in errors may hold anything."""
    return " ".join(str(error).split())
