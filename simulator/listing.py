"""One listed symbol alive: its book, trades and candles, and the streams that tell of them."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from functools import partial

from simulator.book import Book, BookState, Diff, Engine, Trade
from simulator.candles import Statistics
from simulator.instruments import Asset, Listing
from simulator.market import AssetMarket, VenueMid
from simulator.payloads import StreamWriter
from simulator.topics import Kind, StreamName, Topic

BOOK_REACH = 0.012
"""A fresh book reaches about this share of its price to each side."""
HISTORY_STATES = 256
"""Frozen books kept at most while snapshots lag: 12 seconds at 20 steps a second."""


class Feed:
    """One topic that is served at intervals: a diff, a partial book, a candle or statistics.

    `last_id` is what was sent last: an update id, or the opening time of a candle.
    """

    __slots__ = ("diff", "due_ms", "last_id", "name", "topic")

    def __init__(self, topic: Topic, name: StreamName, now_ms: int, diff: Diff | None) -> None:
        self.topic = topic
        self.name = name
        self.diff = diff
        self.last_id = 0
        self.due_ms = now_ms if name.every_ms == 0 else next_due_ms(now_ms, name.every_ms)


def next_due_ms(now_ms: int, every_ms: int) -> int:
    """The next moment on the grid of that interval, strictly later than now."""
    return (now_ms // every_ms + 1) * every_ms


class LiveListing:
    """A symbol of a venue.  `step` is called by the world; everything else reads."""

    def __init__(
        self,
        *,
        seed: str,
        listing: Listing,
        asset: Asset,
        market: AssetMarket,
        mid: VenueMid,
        engine: Engine,
        levels: int,
        now_ms: int,
        recorded: bool,
    ) -> None:
        self.listing = listing
        self.asset = asset
        self.mid = mid
        self.market = market
        self.writer = StreamWriter(listing, recorded)
        self.halted = False
        self.snapshot_lag_ms = 0
        self.steps = 0
        self._history: deque[BookState] = deque(maxlen=HISTORY_STATES)
        tick = listing.tick
        self.book = Book(
            seed=seed,
            engine=engine,
            levels=levels,
            mid_ticks=mid.price / tick,
            half_spread_ticks=mid.price * mid.half_spread / tick,
            spacing_ticks=mid.price * BOOK_REACH / levels / tick,
            lot_value=listing.quote_value(max(1, round(mid.price / tick)), 1),
        )
        self.statistics = Statistics(seed, listing, now_ms, mid.price / tick)
        self._feeds: list[Feed] = []
        self._by_kind: dict[Kind, list[Topic]] = {}

    # -- topics ---------------------------------------------------------------------------------

    def follow(self, topic: Topic, name: StreamName, now_ms: int) -> None:
        """Begin to serve a topic; its first diff event begins at the book of this moment."""
        if name.every_ms == 0 and name.kind is not Kind.DIFF:
            self._by_kind.setdefault(name.kind, []).append(topic)
            return
        diff = self.book.watch() if name.kind is Kind.DIFF else None
        self._feeds.append(Feed(topic, name, now_ms, diff))

    def unfollow(self, topic: Topic) -> None:
        """Stop serving a topic that nobody listens to."""
        for topics in self._by_kind.values():
            if topic in topics:
                topics.remove(topic)
        for feed in [feed for feed in self._feeds if feed.topic is topic]:
            self._feeds.remove(feed)
            if feed.diff is not None:
                self.book.unwatch(feed.diff)

    # -- living ---------------------------------------------------------------------------------

    def step(self, now_ms: int) -> None:
        """Move the book on and tell the streams that are due."""
        book, tick = self.book, self.listing.tick
        if not self.halted:
            self.steps += 1
            before = book.bids.best(), book.asks.best()
            price = self.mid.price
            trades = book.step(price / tick, price * self.mid.half_spread / tick, now_ms)
            if trades:
                self.statistics.add(trades)
                self._tell_trades(trades, now_ms)
            if before != (book.bids.best(), book.asks.best()):
                for topic in self._by_kind.get(Kind.BOOK_TICKER, ()):
                    topic.publish(partial(self.writer.book_ticker, book, now_ms))
            if self.snapshot_lag_ms:
                self._history.append(book.state(now_ms, len(book.bids.keys)))
        for feed in self._feeds:
            if now_ms >= feed.due_ms:
                self._serve(feed, now_ms)

    def _tell_trades(self, trades: list[Trade], now_ms: int) -> None:
        for topic in self._by_kind.get(Kind.TRADE, ()):
            for trade in trades:
                topic.publish(partial(self.writer.trade, trade, now_ms))
        for topic in self._by_kind.get(Kind.AGGREGATE_TRADE, ()):
            topic.publish(partial(self.writer.aggregate, trades, now_ms))

    def _serve(self, feed: Feed, now_ms: int) -> None:
        """Send what a feed is due, and say when it is due again."""
        name, book, writer = feed.name, self.book, self.writer
        if name.every_ms:
            feed.due_ms = next_due_ms(now_ms, name.every_ms)
        if feed.diff is not None:
            if feed.diff.first_id:
                feed.topic.publish(partial(writer.depth, feed.diff, book, now_ms))
                feed.diff.restart(book.last_id)
        elif name.kind is Kind.PARTIAL:
            if book.last_id != feed.last_id:
                last_id, feed.last_id = feed.last_id or book.last_id - 1, book.last_id
                feed.topic.publish(partial(writer.partial, book, last_id, name.levels, now_ms))
        elif name.kind is Kind.KLINE:
            candle = self.statistics.current(name.interval, now_ms)
            before = self.statistics.kept(name.interval, feed.last_id)
            feed.last_id = candle.open_ms
            if before is not None and before is not candle:
                feed.topic.publish(partial(writer.kline, before, name, now_ms))
            feed.topic.publish(partial(writer.kline, candle, name, now_ms))
        elif name.kind is Kind.TICKER:
            day = self.statistics.day(now_ms)
            feed.topic.publish(partial(writer.ticker, day, book, self.statistics.last_lots, now_ms))
        elif name.kind is Kind.MINI_TICKER:
            feed.topic.publish(partial(writer.mini_ticker, self.statistics.day(now_ms), now_ms))
        elif name.kind is Kind.MARK_PRICE:
            mark, index = self.mark()
            feed.topic.publish(partial(writer.mark_price, mark, index, now_ms))

    # -- reading --------------------------------------------------------------------------------

    def mark(self) -> tuple[float, float]:
        """Mark and index price: the middle of the book, and what everybody would agree on."""
        bid, ask = self.book.bids.best()[0], self.book.asks.best()[0]
        return (bid + ask) / 2 * self.listing.tick, self.market.truth.price

    def snapshot(self, now_ms: int, limit: int) -> BookState:
        """The book as REST shows it: now, or as it was `snapshot_lag_ms` ago."""
        if self.snapshot_lag_ms == 0 or not self._history:
            return self.book.state(now_ms, limit)
        wanted_ms = now_ms - self.snapshot_lag_ms
        old: Sequence[BookState] = self._history
        state = next((one for one in reversed(old) if one.at_ms <= wanted_ms), old[0])
        return state._replace(bids=state.bids[:limit], asks=state.asks[:limit])

    def lag_snapshots(self, lag_ms: int, now_ms: int) -> None:
        """Serve older snapshots from now on; 0 serves current ones again."""
        self.snapshot_lag_ms = lag_ms
        self._history.clear()
        if lag_ms:
            self._history.append(self.book.state(now_ms, len(self.book.bids.keys)))
