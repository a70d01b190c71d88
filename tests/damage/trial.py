"""One seed: a damaged window through the real codec and the real proven book, judged throughout.

The trial plays the owner of the book: it opens lives, asks for snapshots when told to, and
delivers answers made by the tests' own Decimal book.  What it asserts:

- an event that continues the book changes it, one the book holds is ignored, any other is a gap
  noticed at that very event;
- whatever is published equals the true book at that id;
- at the end the book is live, stands at the last event and equals the true book wholly.
"""

from __future__ import annotations

from collections import Counter

from actors.proven_book import ProvenBook, Verdict
from exchanges.registry import dialect
from exchanges.sequencing import State
from messages.books import DarkReason
from messages.market import BestQuote, BookDelta
from tests.damage.harm import Plan
from tests.damage.windows import TOP, Window

REST_FED = {"gateio": "rest", "gateio_futures": "rest"}
"""Venues whose usual books need no REST snapshot, and were recorded with one."""

LAST_ASKS = 64
"""Snapshots asked for after the last event: as many as a plan draws, one of which is good."""


class Trial:
    """One window, one plan, one book."""

    def __init__(self, window: Window, plan: Plan) -> None:
        self.window, self.plan = window, plan
        self.dialect = dialect(window.venue)
        self.info = self.dialect.symbol_from_native(window.native)
        # As the live engine keeps it where snapshots come by REST.
        feed = self.dialect.depth_feed(None, REST_FED.get(window.venue, ""))
        self.book = ProvenBook(self.dialect.rule, served_levels=feed.levels)
        self.verdicts: Counter[Verdict] = Counter()
        self.epoch = 0
        self.at = 0
        """Index of the true event the book stands at, while it is live."""
        self.sent = 0
        """Index of the latest true event the venue has sent."""
        self.oldest_held = 0
        self.due: int | None = None
        """Depth events until the asked-for snapshot arrives; None when none is asked for."""
        self.asked = 0
        self._open()

    def run(self) -> None:
        """Deliver everything, then whatever snapshot is still needed."""
        plan, window = self.plan, self.window
        if plan.held_first == 0:
            self._answer(0)
        else:
            self.due = plan.held_first
        for step in plan.steps:
            if step is None:
                self._cut()
                continue
            if step.event:
                self._depth(step.payload, step.event)
                if self.due is not None:
                    self.due -= 1
                    if self.due < 0:
                        self._snapshot()
            else:
                self._ticker(step.payload)
        for _ in range(LAST_ASKS):
            if self.book.live:
                break
            self.due = 0
            self._snapshot()
        self._judge_end(window)

    # -- deliveries -----------------------------------------------------------------------------

    def _open(self) -> None:
        self.epoch += 1
        self.book.open(self.epoch)
        self.codec = self.dialect.codec((self.info,), self.epoch)
        self.oldest_held = 0

    def _cut(self) -> None:
        self.book.dark(DarkReason.DISCONNECTED)
        assert not self.book.live
        self._open()
        assert self.book.state is State.EMPTY
        self.due = None

    def _depth(self, payload: bytes, index: int) -> None:
        (event,) = self.codec.decode(payload, 1)
        assert isinstance(event, BookDelta)
        was_live, at = self.book.live, self.at
        verdict = self.book.delta(event)
        self.verdicts[verdict] += 1
        self.sent = max(self.sent, index)
        if was_live:
            self._judge_live(verdict, index, at)
        else:
            assert verdict in (Verdict.NOTHING, Verdict.FIRST), verdict
            self.oldest_held = self.oldest_held or index
        if verdict.wants_snapshot:
            self._ask()

    def _judge_live(self, verdict: Verdict, index: int, at: int) -> None:
        """A live book must react to an event at once and rightly."""
        if index == at + 1:
            assert verdict is Verdict.CHANGED
            self.at = index
            self._judge_published()
        elif index <= at:
            assert verdict is Verdict.NOTHING
            assert self.book.live
        else:
            assert verdict is Verdict.GAP
            assert not self.book.live
            assert self.book.levels() == (0, 0)
            self.oldest_held = index

    def _ticker(self, payload: bytes) -> None:
        for quote in self.codec.decode(payload, 1):
            assert isinstance(quote, BestQuote)
            self.book.quote(quote)

    def _ask(self) -> None:
        if self.due is None:
            self.due = self.plan.delays[self.asked % len(self.plan.delays)]

    def _snapshot(self) -> None:
        stale = self.plan.stale[self.asked % len(self.plan.stale)]
        self.asked += 1
        self.due = None
        index = self.sent
        if stale and self.oldest_held:
            index = max(0, self.oldest_held - 1 - stale)
        self._answer(index)

    def _answer(self, index: int) -> None:
        """Deliver the venue's book as of a true event."""
        snapshot = self.dialect.decode_snapshot(
            self.window.snapshot(index), self.info, self.epoch, 1
        )
        was_live = self.book.live
        verdict = self.book.snapshot(snapshot)
        self.verdicts[verdict] += 1
        if verdict is Verdict.CHANGED:
            self.at = self.window.ids.index(self.book.sequence)
            assert self.at >= index
            self.oldest_held = 0
            self._judge_published()
        elif verdict is Verdict.REFUSED:
            assert not self.book.live
            assert index + 1 < self.oldest_held or index < self.sent
            self._ask()
        else:
            assert was_live, verdict

    # -- judgements -----------------------------------------------------------------------------

    def _judge_published(self) -> None:
        """What may be published is the truth at that id."""
        assert self.book.sequence == self.window.ids[self.at]
        assert self.book.top(TOP) == self.window.tops[self.at]
        assert self.book.best_bid == self.window.tops[self.at][0][0]
        assert self.book.best_ask == self.window.tops[self.at][1][0]

    def _judge_end(self, window: Window) -> None:
        book = self.book
        assert book.state is State.LIVE
        assert self.at == window.last
        assert book.all_levels() == window.whole(window.last)
        assert book.quotes_equal == book.quotes_compared
