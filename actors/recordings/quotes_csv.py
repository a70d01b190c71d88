"""Best-bid/ask files: comma separated, recognised by their header.

A time column `ts_ns`, `ts_us`, `ts_ms` or `ts_local_ms`, then `best_bid` or `bid` and `best_ask`
or `ask`; sizes are optional.  The file names neither venue nor symbol.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from actors.recordings.files import LineFile
from actors.recordings.records import Feed, Kind, Record, scaled_to_ns
from messages.errors import RecordingError

_TIME_COLUMNS: Final = {"ts_ns": 0, "ts_us": 3, "ts_ms": 6, "ts_local_ms": 6}
"""Column -> decimal digits from its unit down to a nanosecond."""

_BIDS: Final = ("best_bid", "bid")
_ASKS: Final = ("best_ask", "ask")
_BID_AMOUNTS: Final = tuple(
    f"{bid}_{size}" for bid in _BIDS for size in ("amount", "size", "qty", "sz", "volume")
)
_ASK_AMOUNTS: Final = tuple(
    f"{ask}_{size}" for ask in _ASKS for size in ("amount", "size", "qty", "sz", "volume")
)
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"


class _Columns:
    """Where in a line the wanted values stand."""

    def __init__(self, names: list[str]) -> None:
        time = _first(names, tuple(_TIME_COLUMNS))
        bid, ask = _first(names, _BIDS), _first(names, _ASKS)
        if time is None or bid is None or ask is None:
            raise ValueError("time, bid or ask column is missing")
        self.time, self.digits = time, _TIME_COLUMNS[names[time]]
        self.bid, self.ask = bid, ask
        self.bid_amount = _first(names, _BID_AMOUNTS)
        self.ask_amount = _first(names, _ASK_AMOUNTS)
        self.count = len(names)


def _first(names: list[str], wanted: tuple[str, ...]) -> int | None:
    return next((names.index(name) for name in wanted if name in names), None)


def _columns(line: bytes) -> _Columns | None:
    try:
        text = line.removeprefix(_BYTE_ORDER_MARK).decode().strip().lower()
        return _Columns([name.strip() for name in text.split(",")])
    except ValueError:
        return None


def looks_like(line: bytes) -> bool:
    """Tell whether this is the header of such a file."""
    return _columns(line) is not None


def read(file: LineFile, feed: Feed) -> Iterator[Record]:
    """Yield the quotes of one file.

    A line that cannot be read at all (no time, too few columns) is yielded as a quote with its
    text as payload: whoever applies it reports it.
    """
    columns: _Columns | None = None
    at_ns = number = 0
    for lines in file.batches():
        for line in lines:
            number += 1
            if not line.strip():
                continue
            if columns is None:
                columns = _columns(line)
                if columns is None:
                    raise RecordingError(f"{file.path}: line {number} is no header of a quote file")
                continue
            values = line.strip().split(b",")
            place = f"line {number}"
            try:
                whole, _, fraction = values[columns.time].strip().partition(b".")
                at_ns = scaled_to_ns(whole, fraction, columns.digits)
                payload = _quote(columns, values)
            except (ValueError, IndexError):
                payload = line
            yield at_ns, Kind.QUOTE, feed, payload, place


def _quote(columns: _Columns, values: list[bytes]) -> bytes:
    """Bring the four values of a line into the order of a record's payload."""
    if len(values) != columns.count:
        raise ValueError(f"{len(values)} values, {columns.count} columns")
    bid_amount = values[columns.bid_amount] if columns.bid_amount is not None else b"0"
    ask_amount = values[columns.ask_amount] if columns.ask_amount is not None else b"0"
    return b",".join((values[columns.bid], bid_amount, values[columns.ask], ask_amount))
