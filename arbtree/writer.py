"""A thread that writes: a reader that has stopped reading must not stop what is written about.

A full pipe, a terminal stopped by Ctrl-S or a slow disk block whoever writes.  Here that is a
thread of its own behind a bounded queue; lines that only repeat what is so now give way first.
"""

from __future__ import annotations

import io
import os
import threading
import time
from collections import deque
from collections.abc import Callable
from typing import TextIO

MOST_BYTES = 4 * 1024 * 1024
"""What may wait: about ten seconds of lines of a thousand books."""

CLOSE_WITHIN_S = 2.0
"""How long the last lines may take; a pipe that nobody reads would hold the process for ever."""


class Writer:
    """Writes in order, in its own thread, and never keeps the caller waiting.

    Args:
        stream: where to; its file is written to directly, past the stream's own buffer. Without
            one nothing is written.
        on_failure: called once, in the thread, when writing has failed; nothing is written after.
        most_bytes: what may wait.
    """

    def __init__(
        self,
        stream: TextIO | None,
        on_failure: Callable[[OSError], None] | None = None,
        most_bytes: int = MOST_BYTES,
    ) -> None:
        self._write = _writes_to(stream)
        self.encoding = getattr(stream, "encoding", None) or "utf-8"
        self._on_failure = on_failure
        self._most_bytes = most_bytes
        self._lines: deque[bytes] = deque()
        self._bytes = 0
        self._changed = threading.Condition()
        self._closing = self._writing = False
        self._thread: threading.Thread | None = None
        self.failure: OSError | None = None
        self.lost = 0

    @property
    def idle(self) -> bool:
        """Whether everything is written."""
        return not self._lines and not self._writing

    def text(self, text: str, *, minor: bool = False) -> None:
        """Let a text be written, a line end included; see `put`."""
        self.put((text + "\n").encode(self.encoding, "backslashreplace"), minor=minor)

    def put(self, line: bytes, *, minor: bool = False) -> None:
        """Let bytes be written.

        Args:
            line: complete, with its line end.
            minor: what a later line says again; it is lost when half of what may wait does. Of
                the others the oldest is lost when too much waits.

        Raises:
            OSError: an earlier line could not be written.
        """
        if self.failure is not None:
            raise self.failure
        with self._changed:
            if minor and self._bytes + len(line) > self._most_bytes // 2:
                self.lost += 1
                return
            self._lines.append(line)
            self._bytes += len(line)
            while self._bytes > self._most_bytes:
                self._bytes -= len(self._lines.popleft())
                self.lost += 1
            self._changed.notify()
        if self._thread is None:
            self._thread = threading.Thread(target=self._run, name="writer", daemon=True)
            self._thread.start()

    def close(self, within_s: float = CLOSE_WITHIN_S) -> int:
        """Wait until everything is written, at most so long; return how many lines were lost."""
        deadline_s = time.monotonic() + within_s
        with self._changed:
            self._closing = True
            self._changed.notify()
        if self._thread is not None:
            self._thread.join(max(0.0, deadline_s - time.monotonic()))
        return self.lost + len(self._lines) + self._writing

    def _run(self) -> None:
        while True:
            with self._changed:
                self._writing = False
                while not self._lines:
                    if self._closing:
                        return
                    self._changed.wait()
                line = self._lines.popleft()
                self._bytes -= len(line)
                self._writing = True
            try:
                self._write(line)
            except (OSError, ValueError) as error:  # ValueError: closed
                self.failure = error if isinstance(error, OSError) else OSError(str(error))
                if self._on_failure is not None:
                    self._on_failure(self.failure)
                return


class WriterFile:
    """As much of a text file as a terminal library needs; a `Writer` does its writes.

    Args:
        writer: does them.
        terminal: what `isatty` says.
    """

    def __init__(self, writer: Writer, *, terminal: bool) -> None:
        self._writer = writer
        self._terminal = terminal
        self.encoding = writer.encoding

    def flush(self) -> None:
        """Nothing is held back here."""

    def isatty(self) -> bool:
        """Whether a person may look on."""
        return self._terminal

    def write(self, text: str) -> int:
        """Let a text be written as it is."""
        self._writer.put(text.encode(self.encoding, "backslashreplace"))
        return len(text)


def _writes_to(stream: TextIO | None) -> Callable[[bytes], None]:
    """A function that writes all bytes into what stands behind a stream.

    A thread that hangs in the stream's own buffer would hold its lock until after the end.
    """
    if stream is None:
        return lambda _data: None
    try:
        file = stream.fileno()
    except (io.UnsupportedOperation, ValueError):  # a stream in memory, or closed
        return lambda data: _write_text(stream, data)
    stream.flush()
    return lambda data: _write_all(file, data)


def _write_all(file: int, data: bytes) -> None:
    rest = memoryview(data)
    while rest:
        rest = rest[os.write(file, rest) :]


def _write_text(stream: TextIO, data: bytes) -> None:
    stream.write(data.decode(stream.encoding or "utf-8"))
    stream.flush()
