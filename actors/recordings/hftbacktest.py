"""Recordings of hftbacktest's collector: a line a message, `local_ns JSON`, usually gzip.

The line without `"stream"` is the REST depth snapshot.  The file names neither venue nor, for the
snapshot, the symbol: both are told from the frames unless the user names them.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

from actors.recordings.files import LineFile
from actors.recordings.records import Feed, Kind, Record

_LINE = re.compile(rb"\d{16,20} [\[{]")
_STREAM = re.compile(rb'"stream":"([^"@]+)@')
_SYMBOL = re.compile(rb'"symbol":"([^"]+)"')
_SNAPSHOT = b'{"lastUpdateId"'
_DEPTH = b'"depthUpdate"'


def looks_like(line: bytes) -> bool:
    """Tell whether this may be a line of such a file."""
    return _LINE.match(line) is not None


def guess_venue(lines: list[bytes]) -> str:
    """Tell the Binance family from the members of its depth events; empty when none is there."""
    for line in lines:
        if _DEPTH in line:
            if b'"pu":' not in line:
                return "binance"
            return "binance_coinm" if b'"ps":' in line else "binance_usdm"
    return ""


def guess_native(lines: list[bytes]) -> str:
    """Name the one symbol whose streams these lines hold; empty when there are several."""
    found = {match[1] for line in lines if (match := _STREAM.search(line, 0, 200))}
    return found.pop().decode().upper() if len(found) == 1 else ""


def read(file: LineFile, feed: Feed, native: str) -> Iterator[Record]:
    """Yield the records of one file.

    Args:
        file: the file.
        feed: the venue it belongs to.
        native: the symbol of snapshots that name none.
    """
    at_ns, frame, snapshot = 0, Kind.FRAME, Kind.SNAPSHOT
    for lines in file.batches():
        for line in lines:
            stamp, _, payload = line.partition(b" ")
            try:
                at_ns = int(stamp)
            except ValueError:
                if not line.strip():
                    continue
                # A damaged line is a message we cannot read: the codec will say so.
                payload = line
            if payload.startswith(_SNAPSHOT):
                match = _SYMBOL.search(payload, 0, 200)
                yield at_ns, snapshot, feed, payload, match[1].decode() if match else native
            else:
                yield at_ns, frame, feed, payload, ""
