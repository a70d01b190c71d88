"""A book that answers only while it is proven: every reading looks at the proof first."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import NoReturn

from actors.runtime.clock import Clock
from actors.venue import Venue
from actors.views import View
from markets.arbitrage import fill_price
from markets.freshness import Ages, Freshness, FreshnessLimits, ages, lag_of
from messages.books import BookTop, DarkReason
from messages.errors import DarkBook, UsageError
from messages.market import Levels

NS_PER_MS = 1_000_000
STALE = "stale"
"""The reason of a book that nothing contradicts and nothing proves: its connection fell silent."""


class LiveBook:
    """The live view of one book.

    It holds no levels of its own: each reading is of the book as it is now, and raises `DarkBook`
    while that proves nothing, whenever the view was got.  Readings without an `await` between
    them are of one and the same state.  Amounts are in the venue's own unit.

    Args:
        symbol: whose book it is, in unified spelling.
        venue: the shared services of its venue.
        views: the cells that the views actor writes.
        limits: what is too old.
        reach: checks thread and life of the handle, and lets the views actor catch up.
        down: says why the book's actor does not run; empty while it does.
    """

    def __init__(
        self,
        symbol: str,
        venue: Venue,
        views: Mapping[str, View],
        limits: FreshnessLimits,
        reach: Callable[[], None],
        down: Callable[[], str],
    ) -> None:
        self.symbol = symbol
        self._venue = venue
        self._views = views
        self._limits = limits
        self._reach = reach
        self._down = down
        self._clock: Clock = venue.clock

    def __repr__(self) -> str:
        return f"<LiveBook {self._venue.name} {self.symbol}>"

    @property
    def venue(self) -> str:
        """The venue's id."""
        return self._venue.name

    @property
    def top(self) -> BookTop:
        """The whole top as one message, with its stamps; keep it as evidence, not as a price.

        Raises:
            DarkBook: as every reading does.
        """
        return self._proven()[0]

    @property
    def bids(self) -> Levels:
        """The best bids as (price, amount), best first."""
        return self._proven()[0].bids

    @property
    def asks(self) -> Levels:
        """The best asks as (price, amount), best first."""
        return self._proven()[0].asks

    @property
    def sequence(self) -> int:
        """The venue's update id that the book stands at."""
        return self._proven()[0].sequence

    @property
    def epoch(self) -> int:
        """The life of the connection that feeds it."""
        return self._proven()[0].epoch

    @property
    def ages(self) -> Ages:
        """How old proof, change and last event are, in milliseconds."""
        return self._proven()[1]

    @property
    def freshness(self) -> Freshness:
        """What the book may be used for; `DARK` instead of raising."""
        try:
            return self._limits.judge(self._proven()[1])
        except DarkBook:
            return Freshness.DARK

    def price_to_buy(self, amount: float) -> float:
        """The average price of buying so much now, walked through the asks.

        Args:
            amount: in the venue's own unit, above 0.

        Raises:
            DarkBook: the book is dark, or its proof is too old to trade on.
            UsageError: the amount is not above 0, or more than the view's levels hold.
        """
        return self._price(self._fresh().asks, amount)

    def price_to_sell(self, amount: float) -> float:
        """The average price of selling so much now, walked through the bids; see `price_to_buy`."""
        return self._price(self._fresh().bids, amount)

    # -- inside ---------------------------------------------------------------------------------

    def _price(self, levels: Levels, amount: float) -> float:
        held = sum(available for _, available in levels)
        if not 0.0 < amount <= held:
            raise UsageError(
                f"the view of {self.symbol} holds {held:g}, so it prices an amount above 0 and up"
                f" to that, not {amount!r}"
            )
        return fill_price(levels, amount)[0]

    def _fresh(self) -> BookTop:
        """The top if it may be traded on."""
        top, found = self._proven()
        verdict = self._limits.judge(found)
        if verdict is not Freshness.TRADEABLE:
            self._refuse(STALE, top.received_ns, f"{verdict.value}, {found.proof_age_ms:.0f} ms")
        return top

    def _proven(self) -> tuple[BookTop, Ages]:
        """The top and its ages, if the book is live."""
        self._reach()
        view, now_ns = self._views.get(self.symbol), self._clock.now_ns()
        if view is None:
            self._refuse(DarkReason.STARTING.value, 0)
        top = view.current
        if top is None or view.feed is None:
            lost = view.top is not None
            reason = DarkReason.DISCONNECTED if lost else view.reason
            since_ns = view.feed.proof_ns if lost and view.feed is not None else view.dark_ns
            self._refuse(reason.value, since_ns)
        wall_ms = (self._clock.wall_ns() - (now_ns - top.received_ns)) / NS_PER_MS
        lag_ms = lag_of(wall_ms, top.venue_ms, self._venue.clock_offset.offset_ms)
        found = ages(now_ns, view.feed.proof_ns, top.received_ns, lag_ms)
        if self._limits.judge(found) is Freshness.DARK:
            text = f"nothing proved it for {found.proof_age_ms:.0f} ms"
            self._refuse(STALE, view.feed.proof_ns, text)
        return top, found

    def _refuse(self, reason: str, since_ns: int, text: str = "") -> NoReturn:
        dark_ms = (self._clock.now_ns() - since_ns) / NS_PER_MS if since_ns else 0.0
        since = f" for {dark_ms:.0f} ms" if since_ns else ""
        why = self._down() or text
        raise DarkBook(
            f"{self.venue} {self.symbol} is dark{since}: {reason}" + (f", {why}" if why else ""),
            venue=self.venue,
            symbol=self.symbol,
            reason=reason,
            since_ns=since_ns,
            dark_ms=dark_ms,
        )
