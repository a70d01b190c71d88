"""One listed symbol alive: its book, trades and candles, and the streams that tell of them."""

from __future__ import annotations

import math
import random
from collections import deque
from collections.abc import Callable, Mapping
from functools import partial

import trio

from simulator.book import Book, BookState, Diff, Engine, Trade
from simulator.candles import Statistics
from simulator.feeds import Feed, next_due_ms
from simulator.instruments import Asset, Listing
from simulator.market import AssetMarket, VenueMid
from simulator.topics import Kind, StreamName, Topic
from simulator.writers import StreamWriter, Summary

BOOK_REACH = 0.012
"""A fresh book reaches about this share of its price to each side."""
LONGEST_LAG_MS = 12_000
"""Snapshots never show an older book than this."""


Lie = Callable[[Diff, Book], None]
"""Changes what the next depth event tells; the book itself stays as it is."""

Witness = Callable[[StreamName, Book], None]
"""Looks at the true book whenever a stream is told of it, by the update id the stream names."""


def tell_crossed(diff: Diff, book: Book) -> None:
    """Tell of a bid above the best ask."""
    diff.bids[book.asks.best()[0] + 1] = book.bids.best()[1]


def tell_empty(diff: Diff, book: Book) -> None:
    """Tell that every level is gone; `tell_all` must follow."""
    for told, side in ((diff.bids, book.bids), (diff.asks, book.asks)):
        gone = [*told, *(tick for tick, _ in side.top(len(side.keys)))]
        told.update(dict.fromkeys(gone, 0))


def tell_all(diff: Diff, book: Book) -> None:
    """Tell of every level anew."""
    diff.bids = {**diff.bids, **dict(book.bids.top(len(book.bids.keys)))}
    diff.asks = {**diff.asks, **dict(book.asks.top(len(book.asks.keys)))}


class LiveListing:
    """A symbol of a venue.  `step` is called by the world; everything else reads.

    Args:
        seed: names the private random sources of book and statistics.
        writer: spells its stream events.
        snapshot_lag_ms: how far snapshots trail the book, shortest and longest; each draws.
    """

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
        writer: StreamWriter,
        snapshot_lag_ms: tuple[int, int],
    ) -> None:
        self.listing = listing
        self.asset = asset
        self.mid = mid
        self.market = market
        self.writer = writer
        self.halted = False
        self.restricted = False
        self.delisted = False
        self.steps = 0
        self.cached: tuple[int, BookState] | None = None
        """When a snapshot was put away, and it; where a protocol serves some from a cache."""
        self.usual_lag_ms = snapshot_lag_ms
        self._random = random.Random(f"{seed}/listing")
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
        self.lag_ms = snapshot_lag_ms
        self._lagging_until_s = math.inf
        self.book.keep_journal(snapshot_lag_ms[1])
        self._feeds: list[Feed] = []
        self._windows: list[Feed] = []
        self._by_kind: dict[Kind, list[Topic]] = {}
        self.lies: deque[Lie] = deque()
        self.witness: Witness | None = None

    # -- topics ---------------------------------------------------------------------------------

    def follow(self, topic: Topic, name: StreamName, now_ms: int) -> None:
        """Begin to serve a topic; its first diff event begins at the book of this moment."""
        if name.every_ms == 0 and name.kind is not Kind.DIFF:
            self._by_kind.setdefault(name.kind, []).append(topic)
            return
        feed = Feed(topic, name, self.book, now_ms)
        self._feeds.append(feed)
        if feed.window is not None:
            self._windows.append(feed)

    def unfollow(self, topic: Topic) -> None:
        """Stop serving a topic that nobody listens to."""
        for topics in self._by_kind.values():
            if topic in topics:
                topics.remove(topic)
        for feed in [feed for feed in self._feeds if feed.topic is topic]:
            self._feeds.remove(feed)
            if feed.window is not None:
                self._windows.remove(feed)
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
                    topic.publish(partial(self.writer.book_ticker, topic.name, book, now_ms))
            for feed in self._windows:
                if feed.window is not None:
                    feed.window.note(book)
        for feed in self._feeds:
            if now_ms >= feed.due_ms:
                self._serve(feed, now_ms)

    def _tell_trades(self, trades: list[Trade], now_ms: int) -> None:
        for topic in self._by_kind.get(Kind.TRADE, ()):
            for trade in trades:
                topic.publish(partial(self.writer.trade, topic.name, trade, now_ms))
        for topic in self._by_kind.get(Kind.AGGREGATE_TRADE, ()):
            topic.publish(partial(self.writer.trades, topic.name, trades, now_ms))
        for feed in self._feeds:
            if feed.name.kind is Kind.AGGREGATE_TRADE:
                feed.trades.extend(trades)

    def _serve(self, feed: Feed, now_ms: int) -> None:
        """Send what a feed is due, and say when it is due again."""
        name = feed.name
        if name.every_ms:
            feed.due_ms = next_due_ms(now_ms, name.every_ms)
        if feed.diff is not None:
            self._serve_changes(feed, now_ms)
        elif name.kind is Kind.KLINE:
            self._serve_candles(feed, now_ms)
        else:
            self._serve_rest(feed, now_ms)

    def _serve_changes(self, feed: Feed, now_ms: int) -> None:
        """Tell who follows what changed, then tell newcomers everything."""
        diff, name, topic, book = feed.diff, feed.name, feed.topic, self.book
        assert diff is not None
        if diff.first_id:
            if feed.window is not None:
                feed.window.cut(diff, book)
            if self.witness is not None:
                self.witness(name, book)
            if self.lies:
                self.lies.popleft()(diff, book)
            topic.publish(partial(self.writer.depth, name, diff, book, now_ms))
            diff.restart(book.last_id)
        if name.kind is Kind.IN_BAND and self._random.random() < self.writer.rebase_share:
            topic.rebase()
        if topic.newcomers:
            if self.witness is not None:
                self.witness(name, book)
            topic.welcome(partial(self.writer.full, name, book, now_ms))

    def _serve_candles(self, feed: Feed, now_ms: int) -> None:
        """Send the running candle, after the closed one when it has just begun."""
        name, topic = feed.name, feed.topic
        candle = self.statistics.current(name.interval, now_ms)
        before = self.statistics.kept(name.interval, feed.last_id)
        feed.last_id = candle.open_ms
        if before is not None and before is not candle:
            topic.publish(partial(self.writer.kline, name, before, now_ms))
        topic.publish(partial(self.writer.kline, name, candle, now_ms))

    def _serve_rest(self, feed: Feed, now_ms: int) -> None:
        """Send partial books, best quotes, trades and statistics."""
        name, topic, book, writer = feed.name, feed.topic, self.book, self.writer
        if name.kind is Kind.PARTIAL:
            if book.last_id != feed.last_id:
                last_id, feed.last_id = feed.last_id or book.last_id - 1, book.last_id
                topic.publish(partial(writer.partial, name, book, last_id, now_ms))
        elif name.kind is Kind.BOOK_TICKER:
            best = book.bids.best(), book.asks.best()
            if best != feed.best:
                feed.best = best
                topic.publish(partial(writer.book_ticker, name, book, now_ms))
        elif name.kind is Kind.AGGREGATE_TRADE:
            trades, feed.trades = feed.trades, []
            if trades:
                topic.publish(partial(writer.trades, name, trades, now_ms))
            elif writer.quiet_share and self._random.random() < writer.quiet_share:
                topic.publish(partial(writer.quiet, name, now_ms))
        elif name.kind is Kind.TICKER:
            topic.publish(partial(writer.ticker, name, self.summary(now_ms), now_ms))
        elif name.kind is Kind.MINI_TICKER:
            topic.publish(partial(writer.mini_ticker, name, self.statistics.day(now_ms), now_ms))
        elif name.kind is Kind.MARK_PRICE:
            topic.publish(partial(writer.mark_price, name, *self.mark(), now_ms))

    # -- reading --------------------------------------------------------------------------------

    def mark(self) -> tuple[float, float]:
        """Mark and index price: the middle of the book, and what everybody would agree on."""
        bid, ask = self.book.bids.best()[0], self.book.asks.best()[0]
        return (bid + ask) / 2 * self.listing.tick, self.market.truth.price

    def summary(self, now_ms: int) -> Summary:
        """What tickers tell at this moment."""
        statistics = self.statistics
        return Summary(statistics.day(now_ms), self.book, statistics.last_lots, *self.mark())

    def snapshot(self, now_ms: int, limit: int) -> BookState:
        """The book as REST shows it: now, or as it was a lag ago."""
        if trio.current_time() >= self._lagging_until_s:
            self.lag_snapshots(0)
        shortest_ms, longest_ms = self.lag_ms
        if not longest_ms:
            return self.book.state(now_ms, limit)
        return self.book.state_at(now_ms - self._random.randint(shortest_ms, longest_ms), limit)

    def be_honest(self) -> None:
        """Tell no further lie; what a lie has taken away is told anew."""
        told_anew = tell_all in self.lies
        self.lies.clear()
        if told_anew:
            self.lies.append(tell_all)

    def lag_snapshots(self, lag_ms: int, until_s: float = math.inf) -> None:
        """Serve older snapshots until this moment; 0 serves them as the venue usually does."""
        self._lagging_until_s = until_s
        lag_ms = min(lag_ms, LONGEST_LAG_MS)
        self.lag_ms = (lag_ms, lag_ms) if lag_ms else self.usual_lag_ms
        self.book.keep_journal(self.lag_ms[1])


class AllSymbols:
    """The streams that are about every symbol of a venue at once."""

    def __init__(self, listings: Mapping[str, LiveListing]) -> None:
        self._listings = listings
        self._feeds: list[Feed] = []

    def follow(self, topic: Topic, name: StreamName, now_ms: int) -> None:
        """Begin to serve a topic."""
        self._feeds.append(Feed(topic, name, None, now_ms))

    def unfollow(self, topic: Topic) -> None:
        """Stop serving a topic that nobody listens to."""
        self._feeds = [feed for feed in self._feeds if feed.topic is not topic]

    def step(self, now_ms: int) -> None:
        """Tell the streams that are due."""
        for feed in self._feeds:
            if now_ms >= feed.due_ms:
                feed.due_ms = next_due_ms(now_ms, feed.name.every_ms)
                live = [one for one in self._listings.values() if not one.delisted]
                if live:
                    summaries = [(one.listing, one.statistics.day(now_ms)) for one in live]
                    writer = live[0].writer
                    feed.topic.publish(partial(writer.all_tickers, feed.name, summaries, now_ms))
