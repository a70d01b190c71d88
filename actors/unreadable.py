"""What cannot be read of a stream, and when its symbol is given up for that.

One unreadable frame ends its connection: whatever it should have said is lost, and a new
connection begins at a proven state.  A stream that brings nothing else would end every connection
it is on, for ever, and darken all other symbols of it each time.  So the frames are counted over
the lives of a connection, by symbol and cause, and after `GIVEN_UP_AFTER` of them the symbol is
given up alone.  A planned restart of the connection forgets the counts.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

from msgspec import Struct

from messages.instruments import SymbolInfo

GIVEN_UP_AFTER = 3
"""Unreadable frames of one symbol for one cause: more than a damaged frame or two."""

FORGOTTEN_AFTER_S = 600.0
"""Frames farther apart than this are no stream that brings nothing else."""

FORGOTTEN_BESIDE_DATA_S = 5.0
"""The same where the symbol's streams had brought data on the connection that a frame ends: those
are damaged frames.  A stream whose first frame alone can be read still ends lives faster."""

_WORD = re.compile(rb"[A-Za-z0-9_-]+")
_MARKS = b"_-"


class Count(Struct):
    """Unreadable frames of one symbol for one cause; the last came at `last_s`."""

    cause: str
    frames: int
    last_s: float


class UnreadableState(Struct):
    """What was counted, and who is given up."""

    counts: dict[str, Count]
    given_up: dict[str, str]


class Unreadable:
    """The unreadable frames of one connection, over all its lives."""

    __slots__ = ("_counts", "given_up")

    def __init__(self) -> None:
        self._counts: dict[str, Count] = {}
        self.given_up: dict[str, str] = {}
        """Symbols that are carried no more, each with the sentence that says why."""

    def clear(self) -> None:
        """Somebody restarts the connection on purpose: try everything again."""
        self._counts.clear()
        self.given_up.clear()

    def noted(self, symbol: str, text: str, now_s: float, *, beside_data: bool) -> bool:
        """Count a frame of this symbol; whether it is one too many.

        Args:
            symbol: unified symbol it speaks of.
            text: what is wrong with it; what it expected is the cause, what it got may vary.
            now_s: monotonic time.
            beside_data: every stream of the symbol had brought data on this connection.
        """
        cause = text.partition(", got ")[0]
        count = self._counts.get(symbol)
        lasts_s = FORGOTTEN_BESIDE_DATA_S if beside_data else FORGOTTEN_AFTER_S
        if count is None or count.cause != cause or now_s - count.last_s > lasts_s:
            count = self._counts[symbol] = Count(cause, 0, now_s)
        count.frames += 1
        count.last_s = now_s
        if count.frames < GIVEN_UP_AFTER:
            return False
        self.given_up[symbol] = (
            f"{symbol} is given up: {count.frames} times its stream brought what cannot be read,"
            f" the last time: {text}"
        )
        return True


def symbol_of(payload: bytes, infos: Iterable[SymbolInfo]) -> str:
    """The one symbol that a frame speaks of, read or not; empty when it names none, or several.

    Names are compared without their separators and case: another venue may spell them otherwise.
    """
    words = {_plain(word) for word in _WORD.findall(payload)}
    found = [info.symbol for info in infos if _plain(info.native.encode()) in words]
    return found[0] if len(found) == 1 else ""


def _plain(name: bytes) -> bytes:
    return name.translate(None, _MARKS).upper()
