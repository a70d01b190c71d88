"""The proof that a connection still tells the truth: one small cell per connection actor.

The connection is the only writer.  Readers (detector, risk gate, screens) hold the cell and the
connection's reference: a datum of an epoch that is not the reference's generation is dark by
construction, whatever the cell says.
"""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct

from actors.unreadable import Unreadable
from messages.market import StreamKind


class DropSymbol(Struct, frozen=True, gc=False):
    """A command to a connection: carry this symbol no more, now and in every later life."""

    volatile: ClassVar[bool] = False

    symbol: str


class Feed:
    """Health of one connection, written in its own turns.

    `proof_ns` is the monotonic time of the last in-order frame or pong; 0 before the first.
    `epoch_over_ns` is when the last epoch ended; 0 while there was none.
    """

    __slots__ = (
        "asked",
        "confirmed",
        "epoch",
        "epoch_over_ns",
        "frames",
        "path",
        "ping_round_trip_ms",
        "proof_ns",
        "quiet",
        "reconnects",
        "refused",
        "state",
        "symbols",
        "unreadable",
    )

    def __init__(self, path: str, symbols: tuple[str, ...]) -> None:
        self.path = path
        self.symbols = symbols
        self.unreadable = Unreadable()
        self.state = "closed"
        self.epoch = -1
        self.epoch_over_ns = 0
        self.proof_ns = 0
        self.frames = 0
        self.reconnects = 0
        self.ping_round_trip_ms: float | None = None
        self.asked = 0
        self.confirmed = 0
        self.refused = 0
        self.quiet: tuple[str, ...] = ()

    def open(self, epoch: int) -> None:
        """A new connection life begins; nothing of the last one counts any more."""
        self.reconnects += self.epoch >= 0
        self.state = "connecting"
        self.epoch = epoch
        self.proof_ns = 0
        self.asked = self.confirmed = self.refused = 0
        self.quiet = ()
        self.ping_round_trip_ms = None

    def close(self, now_ns: int) -> None:
        """The life is over: nothing of its epoch counts from this moment."""
        self.state = "closed"
        self.proof_ns = 0
        self.epoch_over_ns = now_ns

    def proof_age_ms(self, now_ns: int) -> float:
        """Milliseconds since the connection last proved itself; infinite before the first."""
        return (now_ns - self.proof_ns) / 1e6 if self.proof_ns else float("inf")

    def health(self, now_ns: int) -> dict[str, object]:
        """The connection's row on a screen or in a JSON line."""
        age_ms = self.proof_age_ms(now_ns)
        return {
            "state": self.state,
            "epoch": self.epoch,
            "epoch_over_ns": self.epoch_over_ns,
            "proof_age_ms": None if age_ms == float("inf") else round(age_ms, 1),
            "ping_round_trip_ms": self.ping_round_trip_ms,
            "frames": self.frames,
            "reconnects": self.reconnects,
            "asked": self.asked,
            "confirmed": self.confirmed,
            "refused": self.refused,
            "quiet": list(self.quiet),
        }


WATCHED_KINDS = (StreamKind.DEPTH, StreamKind.BEST_QUOTE)
"""What the engine subscribes for each symbol: the book and the quote that proves it."""
