"""Our own recordings: everything as received, with both clocks, connection and epoch.

A capture is a gzip file.  Its text begins with one line of JSON, `{"arbtree_capture":1}`.  Then
follow records, each a line of fields and the raw bytes behind it:

    feed N SIZE\\n{"venue":...,"connection":...,"symbol":...}\\n
    KIND WALL_NS MONOTONIC_NS N EPOCH ABOUT_SIZE SIZE\\nABOUT PAYLOAD\\n
    end COUNT\\n

Bytes are counted and never quoted, so binary frames need no encoding.  The last line makes a
capture that was cut off recognisable even where the gzip data ends cleanly.  A writer works on a
temporary file beside its target and renames it when it is complete: what bears the target's name
is whole.
"""

from __future__ import annotations

import os
import zlib
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import BinaryIO, Final, Self

import msgspec
from msgspec import Struct

from actors.recordings.files import MAX_LINE_BYTES, pieces
from actors.recordings.records import Feed, Kind, Record
from messages.errors import EnvironmentFault, RecordingError

VERSION: Final = 1
"""Version of the format; a reader refuses any other."""

MAGIC: Final = b'{"arbtree_capture":'

MAX_PAYLOAD_BYTES: Final = MAX_LINE_BYTES
"""Largest payload or URL of one record, the same bound as a line of other tools' recordings."""

MAX_CAPTURE_BYTES: Final = 1 << 38
"""Most text a writer accepts, 256 GiB: days of hundreds of symbols, yet not a full disk unseen."""

_FLUSH_BYTES: Final = 1 << 16
"""Text gathered before it is compressed: a call of zlib per record would double the cost."""

_LEVEL: Final = 6
_GZIP_WINDOW: Final = 31


class Header(Struct, frozen=True):
    """The first line of a capture."""

    arbtree_capture: int


class CaptureWriter:
    """Writes one capture; use it as a context manager.

    Leaving the context normally completes the file under its name; leaving it by an exception
    removes the temporary file and leaves nothing behind.

    Args:
        path: the file to come; an existing one is replaced, at the end and in one step.
        max_bytes: most bytes of text to accept.

    Raises:
        EnvironmentFault: the file cannot be written.
    """

    def __init__(self, path: Path, max_bytes: int = MAX_CAPTURE_BYTES) -> None:
        self.path = path
        self.max_bytes = max_bytes
        self.count = 0
        self.bytes_written = 0
        self._temporary = path.with_name(f".{path.name}.{os.getpid()}.part")
        self._feeds: dict[Feed, int] = {}
        self._gathered: list[bytes] = []
        self._gathered_bytes = 0
        self._deflater = zlib.compressobj(_LEVEL, zlib.DEFLATED, _GZIP_WINDOW)
        try:
            self._file: BinaryIO = self._temporary.open("xb")
        except OSError as error:
            raise EnvironmentFault(
                f"{path}: cannot be written: {error.strerror or error}"
            ) from error
        self._put(MAGIC + b"%d}\n" % VERSION)

    def __enter__(self) -> Self:
        """Begin to write."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Complete the file, or remove what was written of it."""
        if kind is not None:
            self.discard()
            return
        self.complete()

    def write(self, record: Record, *, monotonic_ns: int = 0, epoch: int = 0) -> None:
        """Append one record.

        Args:
            record: as importers yield it; its time is wall time.
            monotonic_ns: receive time on the monotonic clock, 0 where it was not kept.
            epoch: the connection life it belongs to, 0 where it was not kept.

        Raises:
            EnvironmentFault: the disk refuses, or the capture reached its bound.
        """
        at_ns, kind, feed, payload, about = record
        number = self._feeds.get(feed)
        if number is None:
            number = self._feeds[feed] = len(self._feeds)
            described = msgspec.json.encode(feed)
            self._put(b"feed %d %d\n%s\n" % (number, len(described), described))
        named = about.encode()
        if len(payload) > MAX_PAYLOAD_BYTES or len(named) > MAX_PAYLOAD_BYTES:
            raise EnvironmentFault(f"{self.path}: a record of more than {MAX_PAYLOAD_BYTES} bytes")
        self._put(
            b"%s %d %d %d %d %d %d\n%s%s\n"
            % (
                kind.value.encode(),
                at_ns,
                monotonic_ns,
                number,
                epoch,
                len(named),
                len(payload),
                named,
                payload,
            )
        )
        self.count += 1

    def complete(self) -> None:
        """Write the end, make it durable and give the file its name."""
        try:
            self._put(b"end %d\n" % self.count)
            self._flush()
            self._store(self._deflater.flush())
            self._file.flush()
            os.fsync(self._file.fileno())
            self._file.close()
            self._temporary.replace(self.path)
        except OSError as error:
            self.discard()
            raise EnvironmentFault(
                f"{self.path}: cannot be completed: {error.strerror or error}"
            ) from error

    def discard(self) -> None:
        """Give up: remove the temporary file."""
        self._file.close()
        self._temporary.unlink(missing_ok=True)

    def _put(self, data: bytes) -> None:
        self.bytes_written += len(data)
        if self.bytes_written > self.max_bytes:
            raise EnvironmentFault(f"{self.path}: the capture reached {self.max_bytes} bytes")
        self._gathered.append(data)
        self._gathered_bytes += len(data)
        if self._gathered_bytes >= _FLUSH_BYTES:
            self._flush()

    def _flush(self) -> None:
        data = b"".join(self._gathered)
        self._gathered.clear()
        self._gathered_bytes = 0
        self._store(self._deflater.compress(data))

    def _store(self, data: bytes) -> None:
        try:
            self._file.write(data)
        except OSError as error:
            raise EnvironmentFault(
                f"{self.path}: cannot be written: {error.strerror or error}"
            ) from error


def looks_like(line: bytes) -> bool:
    """Tell whether this is the first line of a capture, of any version."""
    return line.startswith(MAGIC)


class _Text:
    """The inflated text of a capture, taken line by line and by counted bytes."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._pieces = pieces(path)
        self._held = b""
        self._at = 0
        self._passed = 0

    @property
    def place(self) -> int:
        """The byte of the text that is read next."""
        return self._passed + self._at

    def line(self) -> bytes:
        """Take one line without its end."""
        while (end := self._held.find(b"\n", self._at)) < 0:
            self._more()
        line = self._held[self._at : end]
        self._at = end + 1
        return line

    def take(self, size: int) -> bytes:
        """Take so many bytes and the line end behind them."""
        end = self._at + size
        while len(self._held) <= end:
            held = len(self._held) - self._at
            self._more()
            end = self._at + size
            if len(self._held) - self._at <= held:
                raise self.broken("a record is cut off")
        data = self._held[self._at : end]
        if self._held[end] != 0x0A:
            raise self.broken("a record does not end where it says")
        self._at = end + 1
        return data

    def at_end(self) -> bool:
        """Tell whether nothing follows."""
        return self._at >= len(self._held) and next(self._pieces, None) is None

    def broken(self, why: str) -> RecordingError:
        """Say what is wrong and where."""
        return RecordingError(f"{self.path}: {why} at byte {self.place} of the text")

    def _more(self) -> None:
        piece = next(self._pieces, None)
        if piece is None:
            raise self.broken("the capture is cut off")
        rest = self._held[self._at :]
        if len(rest) > 2 * MAX_PAYLOAD_BYTES:
            raise self.broken("a record without an end")
        self._passed += self._at
        self._held, self._at = rest + piece, 0


def read(path: Path) -> Iterator[Record]:
    """Yield the records of a capture.

    A record of a newer epoch than its feed had before stands for a new connection, also where
    the capture holds no record of the connection itself.

    Raises:
        RecordingError: another version, a damaged record, or a capture that was cut off.
    """
    text = _Text(path)
    _check_header(text)
    kinds = {kind.value.encode(): kind for kind in Kind}
    feeds: list[Feed] = []
    epochs: dict[Feed, int] = {}
    count = 0
    while True:
        line = text.line()
        fields = line.split(b" ")
        try:
            kind = kinds.get(fields[0])
            if kind is None:
                if fields[0] == b"feed":
                    feeds.append(msgspec.json.decode(text.take(int(fields[2])), type=Feed))
                    continue
                if fields[0] == b"end" and int(fields[1]) == count and text.at_end():
                    return
                raise text.broken("an unknown record or a wrong end")
            at_ns, feed, epoch = int(fields[1]), feeds[int(fields[3])], int(fields[4])
            about_size = int(fields[5])
            if not 0 <= about_size <= MAX_PAYLOAD_BYTES >= int(fields[6]) >= 0:
                raise text.broken("a record with an impossible size")
            data = text.take(about_size + int(fields[6]))
        except (ValueError, IndexError, msgspec.MsgspecError) as error:
            raise text.broken("a damaged record") from error
        count += 1
        if epoch > epochs.setdefault(feed, epoch):
            epochs[feed] = epoch
            if kind is not Kind.CONNECT:
                yield at_ns, Kind.CONNECT, feed, b"", ""
        if about_size:
            yield at_ns, kind, feed, data[about_size:], data[:about_size].decode()
        else:
            yield at_ns, kind, feed, data, ""


def _check_header(text: _Text) -> None:
    try:
        header = msgspec.json.decode(text.line(), type=Header)
    except msgspec.MsgspecError as error:
        raise text.broken("no capture header") from error
    if header.arbtree_capture != VERSION:
        raise RecordingError(
            f"{text.path}: capture format {header.arbtree_capture}, this program reads {VERSION}"
        )
