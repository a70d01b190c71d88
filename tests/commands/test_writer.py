"""The writer: order, a reader that has stopped, a disk that is full, an end that cannot wait."""

from __future__ import annotations

import io
import os
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from typing import TextIO

import pytest

from arbtree.writer import Writer, WriterFile

WITHIN_S = 30.0
"""Far beyond what anything here takes; it only ends a hang."""


@contextmanager
def pipe() -> Iterator[tuple[int, TextIO]]:
    """A pipe: the file to read from, and the stream to write to."""
    reads, writes = os.pipe()
    try:
        with os.fdopen(writes, "w") as stream:
            yield reads, stream
    finally:
        os.close(reads)


def all_of(reads: int) -> bytes:
    """What a pipe brings until its writer has closed it."""
    return b"".join(iter(lambda: os.read(reads, 65_536), b""))


def test_lines_are_written_in_order() -> None:
    """All of them, whoever is minor, while somebody reads."""
    with pipe() as (reads, stream):
        writer = Writer(stream)
        for number in range(1_000):
            writer.text(f"line {number}", minor=number % 2 == 0)
        assert writer.close(WITHIN_S) == 0
        assert writer.idle
        stream.close()
        assert all_of(reads).decode().splitlines() == [f"line {number}" for number in range(1_000)]


def fill(stream: TextIO) -> None:
    """Let a pipe take nothing more; what fills it is one line."""
    os.set_blocking(stream.fileno(), False)
    with suppress(BlockingIOError):
        while True:
            os.write(stream.fileno(), b"x" * 4096)
    os.set_blocking(stream.fileno(), True)


def test_a_reader_that_has_stopped_costs_minor_lines_first() -> None:
    """The writer never waits; what is lost is counted; the rest comes when reading goes on."""
    with pipe() as (reads, stream):
        fill(stream)
        writer = Writer(stream, most_bytes=100_000)
        for number in range(400):
            writer.put(b"\nminor %03d " % number + b"y" * 989, minor=True)
            writer.put(b"\nkept %03d" % number)
        assert 345 < writer.lost < 355  # half of what may wait holds some fifty
        assert not writer.idle
        assert writer.close(0.0) > writer.lost
        found = bytearray()
        reader = threading.Thread(target=lambda: found.extend(all_of(reads)))
        reader.start()
        lost = writer.close(WITHIN_S)
        stream.close()
        reader.join(WITHIN_S)
        names = [line[:9] for line in bytes(found).splitlines()[1:]]
        assert [name for name in names if name.startswith(b"kept")] == [
            b"kept %03d" % number for number in range(400)
        ]
        assert len(names) == 800 - lost


def test_without_minor_lines_the_oldest_is_lost() -> None:
    """The queue is bounded whatever waits in it."""
    with pipe() as (reads, stream):
        writer = Writer(stream, most_bytes=10_000)
        for number in range(1_000):
            writer.put(b"%0999d\n" % number)
        found = bytearray()
        reader = threading.Thread(target=lambda: found.extend(all_of(reads)))
        reader.start()
        lost = writer.close(WITHIN_S)
        stream.close()
        reader.join(WITHIN_S)
        numbers = [int(line) for line in bytes(found).splitlines()]
        assert lost > 800
        assert (len(numbers), numbers[-10:]) == (1_000 - lost, list(range(990, 1_000)))


def test_a_failure_is_told_once_and_raised_at_the_next_line() -> None:
    """A reader that has gone, or a full disk."""
    told: list[OSError] = []
    heard = threading.Event()

    def hear(error: OSError) -> None:
        told.append(error)
        heard.set()

    with pipe() as (_, stream):
        broken = os.dup(stream.fileno())
    with open(broken, "w") as stream:  # the other end is closed
        writer = Writer(stream, hear)
        writer.text("nobody")
        assert heard.wait(WITHIN_S)
        with pytest.raises(BrokenPipeError):
            writer.text("nobody")
        assert [type(error) for error in told] == [BrokenPipeError]


def test_a_stream_in_memory_and_no_stream() -> None:
    """What has no file behind it is written to all the same; what is not there takes everything."""
    stream = io.StringIO()
    writer = Writer(stream)
    writer.text("one")
    WriterFile(writer, terminal=False).write("two\n")
    assert writer.close(WITHIN_S) == 0
    assert stream.getvalue() == "one\ntwo\n"
    nowhere = Writer(None)
    nowhere.text("one")
    assert nowhere.close(WITHIN_S) == 0
    assert nowhere.failure is None
