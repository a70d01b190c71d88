"""The connection actor: one life is one websocket connection to a venue's public streams.

Accepts `Up` notices of its books, their `SnapshotWanted` where snapshots come with the stream,
`SymbolChanged` and `SymbolRefused` of the venue's lists, and `DropSymbol`: that symbol is given up
while the others flow on.  Emits `FeedOpened`, `FeedLost`, `SymbolRefused`, `BookSnapshot`,
`BookDelta` and `BestQuote` to its books in its own turn, and to its outlet what is not for a book:
`ConnectionOpened`, trades, candles, tickers, quotes.  The subscriptions are kept by `subscribing`,
the pings by `keeping_alive`, health and promises by `watching`.  The generation of its life is the
epoch of everything it emits, and is bumped the moment the life ends.  State lost at restart: the
socket and its subscriptions, all named again by the next life.  Restart type: permanent; every
lost socket ends the life, there is no hidden reconnect loop.  Cancellation closes the socket
within the stop grace.  A symbol whose stream brings nothing readable is given up, `unreadable`.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Collection, Sequence
from typing import TypeVarTuple

import trio

from actors.feed import WATCHED_KINDS, DropSymbol, Feed
from actors.keeping_alive import KeepingAlive
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.messages import Up
from actors.subscribing import Subscribing
from actors.transport.websocket import Batch, Websocket, open_websocket
from actors.unreadable import symbol_of
from actors.venue import Venue
from actors.watching import Watching
from exchanges.contract import PublicCodec
from exchanges.subscription import SubscriptionContract, Topic
from messages.books import (
    DarkReason,
    FeedLost,
    FeedOpened,
    SnapshotWanted,
    SymbolChanged,
    SymbolRefused,
)
from messages.errors import (
    DecodeError,
    ScheduledReconnect,
    SubscriptionFailed,
    UnknownSymbol,
)
from messages.health import ConnectionOpened
from messages.instruments import SymbolInfo
from messages.market import (
    Ack,
    BestQuote,
    BookDelta,
    BookSnapshot,
    Heartbeat,
    Kline,
    PublicMessage,
    Refused,
    ShutdownAnnounced,
    StreamKind,
    Ticker24h,
    Trade,
)

Args = TypeVarTuple("Args")

DIAL_WITHIN_S = 10.0
"""TCP, TLS and the upgrade together; venues answer within a second when they are well."""


class ConnectionActor(Actor):
    """Carries the streams of some symbols of one venue.

    Args:
        venue: the shared services of the venue.
        symbols: unified symbols this connection carries.
        books: paths of the book actors it feeds, by unified symbol; empty where it carries
            streams for listeners only.
        feed: the cell this connection writes its proof of life to.
        healthy_after_s: time of flowing data after which its backoff starts small again.
        kinds: the streams of each symbol.
        option: interval or the like of streams that are not depth; the venue's usual one if empty.
        outlet: takes what is not for a book.
    """

    def __init__(
        self,
        venue: Venue,
        symbols: tuple[str, ...],
        books: dict[str, str],
        feed: Feed,
        *,
        healthy_after_s: float,
        kinds: tuple[StreamKind, ...] = WATCHED_KINDS,
        option: str = "",
        outlet: Outlet | None = None,
    ) -> None:
        self._venue = venue
        self._kinds, self._option, self._outlet = kinds, option, outlet
        self._symbols = symbols
        self._book_paths = books
        self._feed = feed
        self._healthy_after_s = healthy_after_s
        self._news: dict[str, FeedOpened | SymbolRefused] = {}
        self._told: dict[str, int] = {}
        self._over = False
        self._depth_feed = venue.depth_feed
        self._contract: SubscriptionContract | None = None
        self._infos: list[SymbolInfo] = []
        self._subscribing: Subscribing | None = None
        self._keeping: KeepingAlive | None = None

    # -- life -----------------------------------------------------------------------------------

    def started(self) -> None:
        """Name the epoch; the socket is opened by a task of this life."""
        self._epoch = self.context.generation
        self._clock = self.context.clock
        self._feed.open(self._epoch)
        self._books = {
            symbol: self.context.lookup(path) for symbol, path in self._book_paths.items()
        }
        self._symbol_at = {path: symbol for symbol, path in self._book_paths.items()}
        for path in self._book_paths.values():
            self.context.watch(path)
        self.context.nursery.start_soon(self._live)

    def handle(self, message: object) -> None:
        """A book wants the snapshot that its stream begins with."""
        if isinstance(message, SnapshotWanted) and message.epoch == self._epoch:
            self._begin_anew(message.symbol)

    def handle_control(self, message: object) -> None:
        """A book that (re)started hears what its feed is, or why it has none; lists change."""
        match message:
            case Up(path=path):
                symbol = self._symbol_at.get(path)
                if symbol is not None and symbol in self._news:
                    self._tell(symbol, self._news[symbol])
            case SymbolChanged(info=info):
                news = self._news.get(info.symbol)
                if isinstance(news, FeedOpened) and news.info != info:
                    self.context.note("symbol", f"{info.symbol} has other rules: its book is empty")
                    self._tell(info.symbol, self._opened(info))
            case SymbolRefused(symbol=symbol):
                if isinstance(self._news.get(symbol), FeedOpened):
                    self._give_up(message)
            case DropSymbol(symbol=symbol):
                self._drop(symbol)

    def ended(self) -> None:
        """The life is over: every book of it hears so at once, before any other news."""
        self._over = True
        self._feed.close(self._clock.now_ns())
        lost = FeedLost(self.context.path, self._epoch, DarkReason.DISCONNECTED)
        for symbol, news in self._news.items():
            if isinstance(news, FeedOpened) and symbol in self._books:
                self._books[symbol].tell_control(lost)
        self._news = {}

    async def stopping(self) -> None:
        """Whoever restarts the connection wants to see what its streams bring now."""
        self._feed.unreadable.clear()

    def summary(self) -> dict[str, object]:
        """The connection's health."""
        return self._feed.health(self._clock.now_ns())

    # -- one connection life --------------------------------------------------------------------

    async def _live(self) -> None:
        infos = await self._known_symbols()
        topics = [self._topic(info, kind) for info in infos for kind in self._kinds]
        dialect = self._venue.dialect
        by_symbol = {info.symbol: info for info in infos}
        plans = dialect.plan({topic.stream: by_symbol[topic.symbol] for topic in topics})
        if len(plans) != 1:
            raise SubscriptionFailed(
                f"{len(topics)} streams of {self.context.path} need {len(plans)} connections,"
                " not one"
            )
        codec = dialect.codec(infos, self._epoch)
        self._contract = contract = SubscriptionContract(
            topics,
            ack_within_s=self._venue.settings.acknowledged_within_s,
            data_within_s=self._venue.settings.first_data_within_s,
            in_band=self._depth_feed.in_band,
        )
        async with open_websocket(
            self._venue.address(plans[0].url),
            self._venue.dialer,
            clock=self._clock,
            deadline_s=DIAL_WITHIN_S,
            headers=plans[0].headers,
        ) as socket:
            self._feed.state = "open"
            self._subscribing = subscribing = Subscribing(
                self._venue, contract, self._feed, self.context, self._refused
            )
            self._keeping = keeping = KeepingAlive(self._venue, self._feed, self.context, socket)
            watching = Watching(
                self._venue, self._feed, self.context, self._healthy_after_s, self._begin_anew
            )
            self._open_books(infos)
            self._say_open()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._duty, subscribing.run, socket)
                nursery.start_soon(self._duty, watching.run, socket, contract)
                nursery.start_soon(self._duty, keeping.ping_by_rule)
                nursery.start_soon(self._duty, keeping.probe)
                await self._duty(self._read, socket, codec, contract)

    async def _duty(self, work: Callable[[*Args], Awaitable[None]], *args: *Args) -> None:
        """Do part of this life; a failure ends the life now, before the socket is unwound."""
        try:
            await work(*args)
        except Exception as error:
            self.context.over(error)
            raise

    async def _known_symbols(self) -> list[SymbolInfo]:
        """Symbol info of what may be subscribed; the books of the rest are told why not."""
        await self._venue.directory.load()
        known = []
        for symbol in self._symbols:
            info = self._judge(symbol)
            if isinstance(info, SymbolRefused):
                self._tell(symbol, info)
            else:
                known.append(info)
        self._must_feed(known)
        self._infos = known
        return known

    def _judge(self, symbol: str) -> SymbolInfo | SymbolRefused:
        """What the venue's lists say of a symbol, unless its stream had to be given up."""
        given_up = self._feed.unreadable.given_up.get(symbol)
        if given_up is not None:
            return SymbolRefused(self._venue.name, symbol, True, given_up)
        return self._venue.directory.judge(symbol)

    def _must_feed(self, symbols: Collection[object]) -> None:
        if not symbols:
            raise UnknownSymbol(
                f"none of {', '.join(self._symbols)} can be traded", venue=self._venue.name
            )

    def _topic(self, info: SymbolInfo, kind: StreamKind) -> Topic:
        option = self._depth_feed.option if kind is StreamKind.DEPTH else self._option
        return Topic(self._venue.dialect.stream(kind, info, option), info.symbol, kind)

    def _opened(self, info: SymbolInfo) -> FeedOpened:
        return FeedOpened(info, self.context.path, self._epoch, self._depth_feed.in_band)

    def _open_books(self, infos: list[SymbolInfo]) -> None:
        for info in infos:
            if info.symbol not in self._symbols:
                continue  # dropped while this connection was dialled
            # The lists may have been read anew while this connection was dialled.
            judged = self._venue.directory.judge(info.symbol)
            self._tell(info.symbol, self._opened(info))
            if isinstance(judged, SymbolRefused):
                self._give_up(judged)
            elif judged != info:
                self._tell(info.symbol, self._opened(judged))

    def _say_open(self) -> None:
        if self._outlet is not None:
            name, path, now_ns = self._venue.name, self.context.path, self._clock.now_ns()
            self._outlet.publish(ConnectionOpened(name, path, self._epoch, self._symbols, now_ns))

    def _refused(self, symbol: str, text: str) -> None:
        """The venue lists a symbol and will not carry it."""
        words = f"{symbol} is listed and its depth is refused: {text}"
        self._give_up(SymbolRefused(self._venue.name, symbol, True, words))

    def _give_up(self, refusal: SymbolRefused) -> None:
        """Carry this symbol no more; its book is told why, the others run on."""
        self.context.note("symbol", refusal.text)
        self._tell(refusal.symbol, refusal)
        if self._subscribing is not None:
            self._subscribing.drop(refusal.symbol)
        self._must_feed([news for news in self._news.values() if isinstance(news, FeedOpened)])

    def _drop(self, symbol: str) -> None:
        """Nobody wants this symbol any more, now and in later lives; the others flow on."""
        self._feed.symbols = self._symbols = tuple(each for each in self._symbols if each != symbol)
        self._books.pop(symbol, None)
        self._news.pop(symbol, None)
        if self._subscribing is not None:
            self._subscribing.drop(symbol)
        elif self._contract is not None:
            self._contract.forget(symbol)

    def _begin_anew(self, symbol: str) -> None:
        """Subscribe again to the depth of a symbol: its stream begins with a snapshot."""
        if self._contract is None or self._subscribing is None:
            return
        for topic in self._contract.topics.values():
            if topic.symbol == symbol and topic.kind is StreamKind.DEPTH:
                self._subscribing.again(topic)

    def _tell(self, symbol: str, news: FeedOpened | SymbolRefused) -> None:
        """Tell a book what its feed is, now and whenever it comes up in this life."""
        self._news[symbol] = news
        book = self._books.get(symbol)
        if book is not None and book.tell_control(news):
            self._told[symbol] = book.generation

    # -- reading --------------------------------------------------------------------------------

    async def _read(
        self, socket: Websocket, codec: PublicCodec, contract: SubscriptionContract
    ) -> None:
        while True:
            batch = await socket.receive_batch()
            if self._over:
                return  # read in the moment of the end: it belongs to an epoch that is gone
            self._take(batch, codec, contract)

    def _take(self, batch: Batch, codec: PublicCodec, contract: SubscriptionContract) -> None:
        """Decode a whole read, then hand each book its part in one go."""
        decode, received_ns = codec.decode, batch.received_ns
        parts: dict[str, list[object]] = {}
        for payload in batch.payloads:
            try:
                messages = decode(payload, received_ns)
            except DecodeError as error:
                self._unreadable(payload, error)
                continue
            for message in messages:
                if isinstance(message, _BOOK_MESSAGES):
                    kind = type(message)
                    symbol = message.symbol
                    part = parts.get(symbol)
                    if part is None:
                        parts[symbol] = [message]
                    else:
                        part.append(message)
                    if contract.listening:
                        contract.heard(symbol, _KIND_OF[kind])
                    if kind is BookSnapshot:
                        contract.snapshot(symbol)
                else:
                    self._rare(message)
        self._feed.frames += len(batch.payloads)
        self._feed.proof_ns = received_ns
        for symbol, part in parts.items():
            news = self._news.get(symbol)
            if type(news) is not FeedOpened:
                continue  # given up or dropped: what still comes of it is of no use
            book = self._books.get(symbol)
            if book is None:
                self._publish(part)
                continue
            if self._told.get(symbol) != book.generation:
                self._tell(symbol, news)
            book.tell_batch(part)

    def _unreadable(self, payload: bytes, error: DecodeError) -> None:
        """End the life by raising what could not be read, or give its symbol up for good."""
        symbol, unreadable = symbol_of(payload, self._infos), self._feed.unreadable
        if symbol in unreadable.given_up:
            return  # it was under way when the symbol was given up
        assert self._contract is not None
        now_s, beside = self._clock.now_ns() / 1e9, self._contract.brought(symbol)
        if not symbol or not unreadable.noted(symbol, error.text, now_s, beside_data=beside):
            raise error
        self._give_up(SymbolRefused(self._venue.name, symbol, True, unreadable.given_up[symbol]))

    def _rare(self, message: PublicMessage) -> None:
        assert self._subscribing is not None
        assert self._keeping is not None
        match message:
            case Ack():
                self._subscribing.acknowledged(message)
            case Refused():
                self._subscribing.refused(message)
            case Heartbeat(received_ns=received_ns):
                self._keeping.pong(received_ns)
            case ShutdownAnnounced():
                raise ScheduledReconnect(f"{self._venue.name} announced the end of the connection")
            case Trade() | Kline() | Ticker24h():
                self._publish((message,))

    def _publish(self, messages: Sequence[object]) -> None:
        """Hand out what is not for a book."""
        if self._outlet is not None:
            for message in messages:
                self._outlet.publish(message)


_BOOK_MESSAGES = (BookDelta, BestQuote, BookSnapshot)
_KIND_OF: dict[type, StreamKind] = {
    BookSnapshot: StreamKind.DEPTH,
    BookDelta: StreamKind.DEPTH,
    BestQuote: StreamKind.BEST_QUOTE,
}
