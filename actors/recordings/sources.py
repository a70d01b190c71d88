"""What the command line names: `FILE`, `VENUE=FILE` or `VENUE:SYMBOL=FILE`.

A file is recognised by its content.  What it does not say itself must be named; obvious cases
(a known host in a URL, the members of a Binance depth event) are recognised without.
"""

from __future__ import annotations

import heapq
import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from itertools import islice
from operator import itemgetter
from pathlib import Path
from typing import Final

from msgspec import Struct

from actors.recordings import capture, cryptofeed, hftbacktest, quotes_csv
from actors.recordings.files import LineFile
from actors.recordings.records import Feed, Kind, Record, Recording
from exchanges.registry import dialect
from messages.errors import RecordingError, UnknownSymbol, UsageError
from messages.identifiers import parse_symbol

MAX_SOURCES: Final = 256
"""Most files of one replay: each holds an open file and about 4 MB of text."""

PRELUDE_RECORDS: Final = 4_096
"""Most records looked at before the first frame: one snapshot for each symbol of a venue fits."""

HEAD_LINES: Final = 500
"""Lines looked at to recognise a file: the first depth event is among them in every recording."""

_NAMED: Final = re.compile(r"(?P<venue>[A-Za-z][A-Za-z0-9_]*)(?::(?P<symbol>[^=]+))?=(?P<file>.+)")


class Source(Struct, frozen=True):
    """One input as the user named it; venue and symbol are empty where he did not."""

    path: Path
    venue: str = ""
    symbol: str = ""


def parse_source(text: str) -> Source:
    """Read one argument of the command line; an existing file wins over any other reading."""
    match = _NAMED.fullmatch(text)
    if match is None or Path(text).exists():
        return Source(Path(text))
    return Source(Path(match["file"]), match["venue"].lower(), match["symbol"] or "")


def open_recording(source: Source) -> Recording:
    """Recognise a file by its content.

    Raises:
        RecordingError: it is missing, empty, or no recording that we know.
        UsageError: it does not say which venue or symbol it belongs to, nor did the user.
    """
    file = LineFile(source.path)
    head = _head(file)
    for line in head[:5]:
        if capture.looks_like(line):
            return _open_capture(source)
        if quotes_csv.looks_like(line):
            return _open_quotes(source, file)
        if cryptofeed.looks_like_text(line):
            return _open_cryptofeed(source, file, head, "cryptofeed", cryptofeed.read_text)
        if hftbacktest.looks_like(line):
            return _open_hftbacktest(source, file, head)
        if cryptofeed.looks_like_json(line):
            return _open_cryptofeed(source, file, head, "cryptofeed json", cryptofeed.read_json)
    raise RecordingError(
        f"{source.path}: this is no recording we know (a capture, a cryptofeed or hftbacktest "
        "file, or a quote file with a header such as ts_ms,bid,ask)"
    )


def merged(recordings: Sequence[Recording]) -> Iterator[Record]:
    """Yield the records of all files in the recorder's time; ties keep the order of the files."""
    if len(recordings) == 1:
        return recordings[0].read()
    return heapq.merge(*(recording.read() for recording in recordings), key=itemgetter(0))


def _head(file: LineFile) -> list[bytes]:
    """Take the first lines that hold anything."""
    if not file.path.exists():
        raise RecordingError(f"{file.path}: there is no such file")
    head = file.head(HEAD_LINES)
    if not head:
        raise RecordingError(f"{file.path}: the file is empty")
    return head


def _prelude(read: Callable[[], Iterator[Record]]) -> tuple[Record, ...]:
    """Collect what stands before the first frame and says something beforehand."""
    found = []
    for record in islice(read(), PRELUDE_RECORDS):
        if record[1] in (Kind.FRAME, Kind.QUOTE):
            break
        if record[1] in (Kind.KNOWN, Kind.ANSWER):
            found.append(record)
    return tuple(found)


def _opened(
    source: Source, name: str, venue: str, read: Callable[[], Iterator[Record]]
) -> Recording:
    return Recording(source.path, name, (venue,), _prelude(read), read)


def _known_venue(source: Source, guessed: str, what: str) -> str:
    """Choose the user's word over the guess, and prove that there is a dialect for it."""
    venue = source.venue or guessed
    if not venue:
        raise UsageError(
            f"{source.path}: {what} does not say which venue it is of: name it, VENUE={source.path}"
        )
    dialect(venue)
    return venue


def _open_hftbacktest(source: Source, file: LineFile, head: list[bytes]) -> Recording:
    venue = _known_venue(source, hftbacktest.guess_venue(head), "this hftbacktest file")
    native = hftbacktest.guess_native(head)
    feed = Feed(venue, "", source.symbol)
    read = partial(hftbacktest.read, file, feed, native)
    return _opened(source, "hftbacktest", venue, read)


def _open_cryptofeed(
    source: Source,
    file: LineFile,
    head: list[bytes],
    name: str,
    reader: Callable[[LineFile, Feed], Iterator[Record]],
) -> Recording:
    venue = _known_venue(source, cryptofeed.guess_venue(head), "this cryptofeed file")
    read = partial(reader, file, Feed(venue, "", source.symbol))
    return _opened(source, name, venue, read)


def _open_quotes(source: Source, file: LineFile) -> Recording:
    if not source.venue or not source.symbol:
        raise UsageError(
            f"{source.path}: a quote file does not say what it is of: name it, "
            f"VENUE:SYMBOL={source.path}"
        )
    try:
        parse_symbol(source.symbol)
    except UnknownSymbol as error:
        raise UsageError(f"{source.path}: {error}") from error
    feed = Feed(source.venue, "", source.symbol)
    return _opened(source, "quotes", source.venue, partial(quotes_csv.read, file, feed))


def _open_capture(source: Source) -> Recording:
    if source.venue:
        raise UsageError(f"{source.path}: a capture says itself what it is of")
    read = partial(capture.read, source.path)
    return Recording(source.path, "capture", (), _prelude(read), read)


def open_recordings(texts: Sequence[str]) -> tuple[Recording, ...]:
    """Open everything the command line names.

    Raises:
        RecordingError, UsageError: see `open_recording`; also when there are too many.
    """
    if len(texts) > MAX_SOURCES:
        raise UsageError(f"{len(texts)} files are more than the {MAX_SOURCES} one replay can merge")
    return tuple(open_recording(parse_source(text)) for text in texts)
