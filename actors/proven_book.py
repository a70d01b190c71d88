"""A book that is either proven or dark: the pure core of the book actor and of replay alike.

It joins three things: the sequencer, which judges ids; the book, which holds levels; and the
proof by best quotes, which compares what the venue says its best prices are with what the book
says, at the same update id.  Nothing here waits, sends or reads a clock: every method takes one
message and returns what its owner must do.

A quote is compared with the book right after the event whose last id is the quote's, whichever
of the two arrives first.  Quotes that arrive while the book is not live prove nothing and are not
kept.  A snapshot is a state of its own: a quote that bears its id is compared with it, and again
with the event that ends at the same id where the venue's rule applies that event too.
"""

from __future__ import annotations

import enum
from collections.abc import Iterable
from typing import Final

from exchanges.contract import SequenceRule
from exchanges.sequencing import BUFFER_LIMIT, Sequencer, State
from exchanges.sequencing import Verdict as Ruling
from markets.audit import KnownRange
from markets.book import TRIM_SLACK_LEVELS, OrderBook
from messages.books import DarkReason
from messages.market import Best, BestQuote, BookDelta, BookSnapshot, Level, Levels

PENDING_QUOTES: Final = 4_096
"""Most ids whose quotes wait for their event: the recordings never need more than 240."""

QUOTES_AN_ID: Final = 16
"""Most further quotes that wait for one event: a venue sends one."""

RECENT_BESTS: Final = 64
"""Ids whose best prices are remembered for quotes that arrive late: 0.8 s of the fastest stream.
More would cost 180 KB a book at 512 and prove nothing further on any recording."""

_LIVE: Final = State.LIVE
_NO_BEST: Final = (0.0, 0.0, 0.0, 0.0)


class Verdict(enum.Enum):
    """What the owner of the book must do now.

    `dark` is the reason to publish that the book went dark, None where nothing is to be published
    about that; `wants_snapshot` says whether to ask for one.
    """

    NOTHING = ("nothing", None, False)
    CHANGED = ("changed", None, False)
    """The book is live and has changed: publish its top."""
    FIRST = ("first event held", None, True)
    """The stream flows: the first snapshot asked for from now on can be bridged."""
    GAP = ("gap", DarkReason.GAP, True)
    CROSSED = ("crossed", DarkReason.CROSSED, True)
    EMPTY = ("empty", DarkReason.EMPTY, False)
    """A side became empty; the sequence is whole, so the next event may lift it."""
    REFUSED = ("snapshot too old", None, True)
    OVERFLOWED = ("buffer overflowed", None, True)

    def __init__(self, text: str, dark: DarkReason | None, wants_snapshot: bool) -> None:
        self.text = text
        self.dark = dark
        self.wants_snapshot = wants_snapshot


# Members of an enum cost a search each time they are named: these are named for every message.
_NOTHING: Final = Verdict.NOTHING
_CHANGED: Final = Verdict.CHANGED
_APPLY: Final = Ruling.APPLY
_HELD: Final = Ruling.HELD
_GAP: Final = Ruling.GAP

_BY_RULING: Final = {
    Ruling.OLD: Verdict.NOTHING,
    Ruling.HELD: Verdict.NOTHING,
    Ruling.IGNORED: Verdict.NOTHING,
    Ruling.OVERFLOWED: Verdict.OVERFLOWED,
    Ruling.TOO_OLD: Verdict.REFUSED,
}


class ProvenBook:
    """One symbol's book with its proof.

    Args:
        rule: how the venue's events chain.
        max_levels: most levels kept a side, None for all.
        buffer_limit: most events held while a snapshot is awaited.
        served_levels: how many levels a side the stream keeps up to date, None for all; never more
            are kept, after any event.  A snapshot that names a number of its own is right.
    """

    def __init__(
        self,
        rule: SequenceRule,
        max_levels: int | None = None,
        buffer_limit: int = BUFFER_LIMIT,
        served_levels: int | None = None,
    ) -> None:
        self.sequencer = Sequencer(rule, buffer_limit)
        self.max_levels = max_levels
        self.served_levels = served_levels
        self.reason = DarkReason.STARTING
        """Why the book is dark; the last reason there was while it is live."""
        self.live = False
        self.changed = False
        """Set by every change of a live book; the owner clears it when it has published."""
        self.best = _NO_BEST
        """The best level of both sides after the last change."""
        self.quotes_compared = 0
        self.quotes_equal = 0
        self.quotes_dropped = 0
        """Quotes that waited for an event and were given up because too many waited."""
        self.known = KnownRange()
        """The prices this book knows for certain, as of the last `look_for_drops`."""
        self.window = 0
        """Levels a side that the stream keeps up to date; 0: all of them."""
        self._book = OrderBook(max_levels)
        self._dropped_before = 0
        self._expects_first = True
        self._pending: dict[int, BestQuote] = {}
        self._others: dict[int, list[BestQuote]] = {}
        self._recent: dict[int, Best] = {}

    # -- what the owner may read ----------------------------------------------------------------

    @property
    def state(self) -> State:
        """The state of the proof; DARK also while a live sequence has left a side empty."""
        state = self.sequencer.state
        return State.DARK if state is State.LIVE and not self.live else state

    @property
    def sequence(self) -> int:
        """The last update id applied; after a loss, the one the book stood at."""
        return self.sequencer.last_id

    @property
    def updates(self) -> int:
        """Events applied, those held for a snapshot included."""
        return self.sequencer.applied

    @property
    def old(self) -> int:
        """Events ignored because the book already held them."""
        return self.sequencer.old

    @property
    def gaps(self) -> int:
        """Breaks noticed."""
        return self.sequencer.gaps

    @property
    def resyncs(self) -> int:
        """Snapshots loaded after the first."""
        return self.sequencer.resyncs

    @property
    def dropped_levels(self) -> int:
        """Levels given up because the book holds at most `max_levels` a side."""
        return self._dropped_before + self._book.dropped_levels

    @property
    def best_bid(self) -> Level | None:
        """The best bid as (price, amount); None where there is none."""
        return self.best[:2] if self.best[0] else None

    @property
    def best_ask(self) -> Level | None:
        """The best ask as (price, amount); None where there is none."""
        return self.best[2:] if self.best[2] else None

    def top(self, count: int) -> tuple[Levels, Levels]:
        """The best levels of both sides, best first."""
        return self._book.top(count)

    def levels(self) -> tuple[int, int]:
        """How many levels each side holds."""
        return self._book.levels()

    def all_levels(self) -> tuple[Levels, Levels]:
        """Every level of both sides, best first."""
        return self._book.all_levels()

    # -- messages -------------------------------------------------------------------------------

    def open(self, epoch: int) -> None:
        """Begin, empty, in a new connection life."""
        self.sequencer.reset(epoch)
        self._darken(DarkReason.STARTING)

    def delta(self, event: BookDelta) -> Verdict:
        """Take one event."""
        ruling = self.sequencer.delta(event)
        if ruling is _APPLY:
            self._book.apply(event.bids, event.asks)
            return self._judge(event.last_id)
        if ruling is _GAP:
            self._darken(DarkReason.GAP)
            return Verdict.GAP
        if ruling is _HELD and self._expects_first:
            self._expects_first = False
            return Verdict.FIRST
        return _BY_RULING[ruling]

    def snapshot(self, snapshot: BookSnapshot) -> Verdict:
        """Take one snapshot."""
        ruling = self.sequencer.snapshot(snapshot)
        if ruling is not Ruling.LOADED:
            return _BY_RULING[ruling]
        self._expects_first = False
        self._load(snapshot)
        verdict = self._judge(snapshot.last_id)
        for event in self.sequencer.buffered():
            if verdict is Verdict.CROSSED:
                break
            self._book.apply(event.bids, event.asks)
            verdict = self._judge(event.last_id)
        return verdict

    def quote(self, quote: BestQuote) -> Verdict:
        """Compare a best quote with the book at its id, now or when its event comes.

        A difference is counted (`quotes_compared` less `quotes_equal`) and changes nothing.
        """
        sequencer, last_id = self.sequencer, quote.last_id
        if sequencer.state is _LIVE:
            if last_id > sequencer.last_id:
                if self._pending.setdefault(last_id, quote) is not quote:
                    self._keep_another(quote)
                elif len(self._pending) > PENDING_QUOTES:
                    self._prune()
            elif last_id in self._recent:
                self._compare(quote, self._recent[last_id])
                if last_id == sequencer.last_id:
                    self._pending.setdefault(last_id, quote)
        return _NOTHING

    def dark(self, reason: DarkReason) -> None:
        """Give up the proof because the owner knows better: a lost connection, a bad frame."""
        self.sequencer.lost(reason)
        self._darken(reason)

    # -- inside ---------------------------------------------------------------------------------

    def _judge(self, last_id: int) -> Verdict:
        """Look at the book right after a change that ends at this id."""
        if self.window:
            self._book.settle()
        recent = self._recent
        recent[last_id] = self.best = best = self._book.best()
        if len(recent) > RECENT_BESTS:
            self._tidy(last_id)
        if last_id in self._pending:
            self._compare(self._pending.pop(last_id), best)
            for quote in self._others.pop(last_id, ()):
                self._compare(quote, best)
        bid, _, ask, _ = best
        if not bid or not ask:
            return self._empty()
        if bid >= ask:
            self.dark(DarkReason.CROSSED)
            return Verdict.CROSSED
        self.live = self.changed = True
        return _CHANGED

    def _empty(self) -> Verdict:
        """A side is empty: no price to trade at, yet the sequence is whole."""
        news = self.live or self.reason is not DarkReason.EMPTY
        self.live = self.changed = False
        self.reason = DarkReason.EMPTY
        return Verdict.EMPTY if news else Verdict.NOTHING

    def _darken(self, reason: DarkReason) -> None:
        self.live = self.changed = False
        self.reason = reason
        self._expects_first = reason in (DarkReason.STARTING, DarkReason.DISCONNECTED)
        self.best = _NO_BEST
        self._book.clear()
        self._pending.clear()
        self._others.clear()
        self._recent.clear()

    def _compare(self, quote: BestQuote, best: Best) -> None:
        self.quotes_compared += 1
        self.quotes_equal += best == (quote.bid, quote.bid_amount, quote.ask, quote.ask_amount)

    def _keep_another(self, quote: BestQuote) -> None:
        """Keep a further quote for the same event."""
        others = self._others.setdefault(quote.last_id, [])
        if len(others) < QUOTES_AN_ID:
            others.append(quote)
        else:
            self.quotes_dropped += 1

    def _prune(self) -> None:
        """Drop quotes whose event never came; if none is, the oldest half."""
        pending, last_id = self._pending, self.sequencer.last_id
        passed = [each for each in pending if each <= last_id]
        if not passed:
            passed = list(pending)[: PENDING_QUOTES // 2]
            self.quotes_dropped += len(passed)
        self._forget(passed)

    def _forget(self, quotes: Iterable[int]) -> None:
        """Wait for the events of these quotes no more."""
        for each in quotes:
            del self._pending[each]
            self._others.pop(each, None)

    def _tidy(self, last_id: int) -> None:
        """Drop the older half of the remembered bests and quotes that no event ended at, and have
        the book look at what is new.

        Done once in many events, since it is cheaper than a little at each.
        """
        self._book.settle()
        for each in list(self._recent)[: RECENT_BESTS // 2]:
            del self._recent[each]
        if self._pending:
            # Where events gather changes for a while, most quotes are of an id within one.
            self._forget([each for each in self._pending if each < last_id])

    def figures(self) -> dict[str, object]:
        """Counters and sizes, for screens."""
        return {
            "sequence": self.sequence,
            "levels": list(self.levels()),
            "updates": self.updates,
            "gaps": self.gaps,
            "resyncs": self.resyncs,
            "quotes_compared": self.quotes_compared,
            "quotes_equal": self.quotes_equal,
            "dropped_levels": self.dropped_levels,
        }

    def _load(self, snapshot: BookSnapshot) -> None:
        """Fill a new book, which holds no more levels than the stream keeps up to date."""
        limit, slack = self.max_levels, TRIM_SLACK_LEVELS
        self.window = window = snapshot.served_levels or self.served_levels or 0
        if window:
            # Levels that left the stream's window are never deleted: not one may stay.
            limit = window if limit is None else min(limit, window)
            slack = min(slack, window - limit)
        self._dropped_before += self._book.dropped_levels
        self._book = OrderBook(limit, slack)
        self._book.reset(snapshot.bids, snapshot.asks)
        self.known.loaded(snapshot.bids, snapshot.asks)
        self.look_for_drops()

    def look_for_drops(self) -> None:
        """Bring the known range up to date."""
        if self._book.max_levels == self.window:
            # What left the window is told again when it comes back: what it holds is what it knows.
            self.known.loaded((), ())
        else:
            self.known.dropped(*self._book.dropped_prices)
