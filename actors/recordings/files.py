"""Reading lines of plain and gzip files in large pieces, and saying where a file breaks off."""

from __future__ import annotations

import zlib
from collections.abc import Iterator
from itertools import islice
from pathlib import Path
from typing import BinaryIO

from messages.errors import RecordingError

FIRST_READ_BYTES = 1 << 13
"""Bytes of the first read: recognising a file needs its first lines only.  Each read doubles."""

READ_BYTES = 1 << 15
"""Most bytes read from the file at once."""

INFLATE_BYTES = 1 << 17
"""Most text one piece may inflate to: a hostile file cannot fill the memory, and its lines are used
while they are in the processor's cache.  Pieces of 2 MB cost a third more a line, which is more
than splitting one off."""

MAX_LINE_BYTES = 1 << 26
"""Longest line of a recording: the largest symbol-info answers are about 20 MB."""

_GZIP_MAGIC = b"\x1f\x8b"
_GZIP_WINDOW = 31
"""zlib's code for: expect a gzip header and check its sum at the end."""


def pieces(path: Path) -> Iterator[bytes]:
    """Yield the text of a file, inflated where it is gzip, in pieces.

    Raises:
        RecordingError: the file cannot be opened or read, or its gzip data is damaged or cut off.
    """
    try:
        with path.open("rb") as file:
            reads = _reads(file)
            start = next(reads, b"")
            if start.startswith(_GZIP_MAGIC):
                yield from _inflate(path, start, reads)
                return
            if start:
                yield start
            yield from reads
    except OSError as error:
        raise RecordingError(f"{path}: cannot be read: {error.strerror or error}") from error


def _reads(file: BinaryIO) -> Iterator[bytes]:
    size = FIRST_READ_BYTES
    while data := file.read(size):
        yield data
        size = min(2 * size, READ_BYTES)


def _inflate(path: Path, data: bytes, reads: Iterator[bytes]) -> Iterator[bytes]:
    inflater, done = zlib.decompressobj(_GZIP_WINDOW), 0
    try:
        while data:
            text = inflater.decompress(data, INFLATE_BYTES)
            done += len(text)
            if text:
                yield text
            if inflater.eof:
                # Several gzip members in a row are one file; zeros behind the last are padding.
                data = inflater.unused_data.lstrip(b"\0") or next(reads, b"").lstrip(b"\0")
                if data:
                    inflater = zlib.decompressobj(_GZIP_WINDOW)
            else:
                data = inflater.unconsumed_tail or next(reads, b"")
    except zlib.error as error:
        raise RecordingError(
            f"{path}: the gzip data is damaged behind byte {done} of the text ({error})"
        ) from error
    if not inflater.eof:
        raise RecordingError(f"{path}: the gzip file is cut off behind byte {done} of the text")


def line_batches(path: Path) -> Iterator[list[bytes]]:
    """Yield the lines of a file, without their ends, in batches of many.

    Raises:
        RecordingError: see `pieces`; also when a line is longer than any recording has.
    """
    rest = b""
    for piece in pieces(path):
        lines = (rest + piece if rest else piece).split(b"\n")
        rest = lines.pop()
        if len(rest) > MAX_LINE_BYTES:
            raise RecordingError(f"{path}: a line of more than {MAX_LINE_BYTES >> 20} MiB")
        yield lines
    if rest:
        yield [rest]


class LineFile:
    """The lines of a file, the beginning of which is inflated once, however often it is read.

    Args:
        path: the file.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._first: list[list[bytes]] = []
        self._further = line_batches(path)

    def head(self, count: int) -> list[bytes]:
        """Take the first lines that hold anything, at most so many.

        Raises:
            RecordingError: see `line_batches`.
        """
        head = [line for lines in self._first for line in lines if line.strip()]
        while len(head) < count and (lines := next(self._further, None)) is not None:
            self._first.append(lines)
            head += [line for line in lines if line.strip()]
        return head[:count]

    def batches(self) -> Iterator[list[bytes]]:
        """Yield all lines from the first on, in batches.

        Raises:
            RecordingError: see `line_batches`.
        """
        yield from self._first
        # Only the first reader that comes so far goes on where `head` stopped.
        further, self._further = (
            self._further,
            islice(line_batches(self.path), len(self._first), None),
        )
        yield from further
