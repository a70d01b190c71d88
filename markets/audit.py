"""Comparing a book that moves with a snapshot of it, at equal sequence.

A snapshot says what a book was at one id, and arrives when the book stands at a later one.  So
the book's owner keeps `AuditNotes` from before the request: a copy of the best levels at one id
and every event since.  From these the book *as of the snapshot's id* is made again.  Where that
id is the last of an event, every level must be equal.  Where it lies inside the next event, or
between two events of a venue whose ids jump, the levels that this event sets may already show
either amount: they are left out, and a difference elsewhere counts only when it persists, since
a venue may leave levels out of an event that changed and changed back within it.

Only what both sides know is compared: prices no farther than the snapshot's last level, the
copy's last level, and the range the book knows for certain.  A stream that serves a number of
levels says no more of one that left them: notes forget it after the event, as the book does.
"""

from __future__ import annotations

import enum
from math import inf, nextafter

from msgspec import Struct

from markets.book import OrderBook
from messages.market import BookDelta, BookSnapshot, Levels

NOTED_EVENTS = 1_024
"""Most events noted for one audit: 13 s of the fastest recorded stream, far beyond any request."""

COPY_FACTOR = 2
"""Levels copied for each one to compare: near ones vanish while the snapshot is on its way."""

STRIKES = 3
"""Inexact audits in a row that must see one and the same level differ."""

SHOWN = 3
"""Differences named in a text; all are counted."""


class Difference(Struct, frozen=True):
    """One level that is not equal; amount 0 where a side does not have it."""

    side: str
    price: float
    ours: float
    theirs: float


class Comparison(enum.Enum):
    """What comparing found."""

    EQUAL = "equal"
    DIFFERENT = "different"
    BEYOND = "beyond"
    """Nothing differs, but the best levels lie outside the range the book knows."""
    EARLIER = "earlier"
    """The snapshot is older than the notes."""


class Finding(Struct, frozen=True):
    """The outcome of one comparison.

    Args:
        result: what was found.
        exact: the snapshot's id is one the book stood at, so that no level was left out.
        compared: how many levels were compared.
        differences: every level that is not equal, bids first, best first.
    """

    result: Comparison
    exact: bool = False
    compared: int = 0
    differences: tuple[Difference, ...] = ()

    @property
    def text(self) -> str:
        """The differences in words, the first few by name."""
        named = "; ".join(
            f"{one.side} {one.price:.12g}: ours {one.ours:.12g}, venue {one.theirs:.12g}"
            for one in self.differences[:SHOWN]
        )
        more = len(self.differences) - SHOWN
        tail = f"; and {more} more" if more > 0 else ""
        return f"{len(self.differences)} of {self.compared} levels differ: {named}{tail}"


class KnownRange:
    """How far down each side a book is known for certain.

    A snapshot is cut at its last level and a full book drops its farthest: what lies beyond
    either was never seen and may be missing, until it changes.  Bounds only tighten until the
    next snapshot.  Where the stream itself serves a number of levels and all are kept, there are
    none: what left that window is told again when it comes back.
    """

    __slots__ = ("ask", "bid")

    def __init__(self) -> None:
        self.bid = -inf
        self.ask = inf

    def loaded(self, bids: Levels, asks: Levels) -> None:
        """Begin anew with a snapshot, best level first on both sides."""
        self.bid = bids[-1][0] if bids else -inf
        self.ask = asks[-1][0] if asks else inf

    def dropped(self, bid: float, ask: float) -> None:
        """These and worse ones were dropped: what is nearer, by however little, is still known."""
        if bid > -inf:
            self.bid = max(self.bid, nextafter(bid, inf))
        if ask < inf:
            self.ask = min(self.ask, nextafter(ask, -inf))


class AuditNotes:
    """A copy of a live book at one id, and the events since.

    Args:
        last_id: the id the book stands at.
        bids: its best `levels` times `COPY_FACTOR` bids, best first; fewer where it has no more.
            With a window all of them.
        asks: the same of its asks.
        known: the range the book knows, as of now.
        levels: most levels a side to compare.
        best: levels a side that must lie within the known range, or the book is outgrown.
        window: levels a side that the stream keeps up to date; 0 for all.
    """

    __slots__ = (
        "_ask_bound",
        "_asks",
        "_best",
        "_bid_bound",
        "_bids",
        "_events",
        "_known",
        "_levels",
        "_start_id",
        "_window",
        "last_id",
        "overflowed",
    )  # fmt: skip

    def __init__(
        self,
        last_id: int,
        bids: Levels,
        asks: Levels,
        known: KnownRange,
        *,
        levels: int,
        best: int,
        window: int = 0,
    ) -> None:
        full = inf if window else levels * COPY_FACTOR
        self.last_id = self._start_id = last_id
        self.overflowed = False
        self._bids, self._asks = bids, asks
        self._known = (known.bid, known.ask)
        self._window = window
        self._bid_bound = max(known.bid, bids[-1][0] if len(bids) >= full else -inf)
        self._ask_bound = min(known.ask, asks[-1][0] if len(asks) >= full else inf)
        self._levels, self._best = levels, best
        self._events: list[BookDelta] = []

    def add(self, event: BookDelta) -> None:
        """Note an event that the book has applied."""
        self.last_id = event.last_id
        if len(self._events) < NOTED_EVENTS:
            self._events.append(event)
        else:
            self.overflowed = True

    def compare(self, snapshot: BookSnapshot) -> Finding:
        """Compare with a snapshot whose id is at most `last_id`, on notes not overflowed."""
        at = snapshot.last_id
        if at < self._start_id:
            return Finding(Comparison.EARLIER)
        stood, inside, bids, asks = self._made_again(at)
        exact = stood == at
        unsure = inside if not exact else None
        theirs_bids = snapshot.bids[: self._levels]
        theirs_asks = snapshot.asks[: self._levels]
        # A side that does not fill the window has everything.
        window_bid = bids[-1][0] if 0 < self._window <= len(bids) else -inf
        window_ask = asks[-1][0] if 0 < self._window <= len(asks) else inf
        bid_bound = max(self._bid_bound, window_bid, theirs_bids[-1][0] if theirs_bids else -inf)
        ask_bound = min(self._ask_bound, window_ask, theirs_asks[-1][0] if theirs_asks else inf)
        compared, found = 0, []
        for side, bound, ours, theirs, left_out in (
            ("bid", bid_bound, bids, theirs_bids, unsure.bids if unsure else ()),
            ("ask", ask_bound, asks, theirs_asks, unsure.asks if unsure else ()),
        ):
            count, differences = _differences(side, bound, ours, theirs, left_out)
            compared += count
            found += differences
        if found:
            return Finding(Comparison.DIFFERENT, exact, compared, tuple(found))
        known = max(self._known[0], window_bid), min(self._known[1], window_ask)
        beyond = self._beyond(known, theirs_bids, theirs_asks)
        return Finding(Comparison.BEYOND if beyond else Comparison.EQUAL, exact, compared)

    def _made_again(self, at: int) -> tuple[int, BookDelta | None, Levels, Levels]:
        """The book after the last event up to this id: its id, the next event, both sides."""
        book = OrderBook(self._window or None, slack=0)
        book.reset(self._bids, self._asks)
        stood, inside = self._start_id, None
        for event in self._events:
            if event.last_id > at:
                inside = event
                break
            stood = event.last_id
            book.apply(event.bids, event.asks)
            if self._window:
                book.settle()
        return stood, inside, *book.all_levels()

    def _beyond(self, known: tuple[float, float], bids: Levels, asks: Levels) -> bool:
        """Whether the levels that matter most lie outside the range the book knows."""
        bid, ask = known
        last_bid, last_ask = bids[: self._best][-1:], asks[: self._best][-1:]
        return any(price < bid for price, _ in last_bid) or any(
            price > ask for price, _ in last_ask
        )


def _differences(
    side: str, bound: float, ours: Levels, theirs: Levels, left_out: Levels
) -> tuple[int, list[Difference]]:
    """Compare one side down to a bound; how many levels were compared, and which differ."""
    sign = 1.0 if side == "bid" else -1.0
    unsure = {price for price, _ in left_out}
    there = _within(theirs, bound, sign)
    here = _within(ours, bound, sign)
    prices = (here.keys() | there.keys()) - unsure
    found = [
        Difference(side, price, here.get(price, 0.0), there.get(price, 0.0))
        for price in sorted(prices, reverse=sign > 0)
        if here.get(price) != there.get(price)
    ]
    return len(prices), found


def _within(levels: Levels, bound: float, sign: float) -> dict[float, float]:
    return {price: amount for price, amount in levels if amount and (price - bound) * sign >= 0.0}


class Suspicion:
    """What the audits of one book add up to."""

    __slots__ = ("_suspects", "strikes")

    def __init__(self) -> None:
        self.strikes = 0
        self._suspects: frozenset[tuple[str, float]] = frozenset()

    def confirmed(self, finding: Finding) -> bool:
        """Take a finding in; whether the book is now known to be wrong.

        An exact difference is proof.  An inexact one must come back at one and the same level in
        `STRIKES` audits in a row.
        """
        if finding.result is not Comparison.DIFFERENT:
            self.strikes, self._suspects = 0, frozenset()
            return False
        if finding.exact:
            return True
        seen = frozenset((one.side, one.price) for one in finding.differences)
        again = seen & self._suspects
        self.strikes = self.strikes + 1 if again else 1
        self._suspects = again or seen
        return self.strikes >= STRIKES


class AuditCounts(Struct):
    """What the audits of one venue have come to, for the whole run."""

    audits: int = 0
    """Audits that asked the venue for a snapshot."""
    agreed: int = 0
    suspect: int = 0
    diverged: int = 0
    quarantined: int = 0
    outgrown: int = 0
    undecided: int = 0
    not_live: int = 0
    no_spare: int = 0
    """Turns given up because there was no spare budget."""
    weight: int = 0
    """Request weight spent."""
