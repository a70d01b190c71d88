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

from collections.abc import Collection, Sequence
from typing import Any, ClassVar, Self

from actors.carrying import Carrying
from actors.connection_state import (
    CONNECTION,
    CONTRACT,
    UNREADABLE,
    ConnectionState,
    Dialled,
    Listed,
)
from actors.feed import WATCHED_KINDS, DropSymbol, Feed
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.messages import Up
from actors.subscribing import CommandDue, CommandSent
from actors.told_books import ToldBooks
from actors.transport.opening import open_websocket
from actors.transport.websocket import Batch, Websocket
from actors.unreadable import symbol_of
from actors.venue import Venue
from actors.watching import Looked
from exchanges.contract import PublicCodec
from exchanges.subscription import SubscriptionContract, Topic
from messages.books import (
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
    PartialBook,
    PublicMessage,
    Refused,
    ShutdownAnnounced,
    StreamKind,
    Ticker24h,
    Trade,
)
from messages.requests import ConnectionPlan

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

    capsule_form: ClassVar[type[Any] | None] = ConnectionState
    capsule_bytes: ClassVar[int] = 512 * 1024
    """A thousand frames, more of which tell no more; there are few connections."""

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
        self._over = False
        self._depth_feed = venue.depth_feed
        self._infos: list[SymbolInfo] = []
        self._plan: ConnectionPlan | None = None
        self._codec: PublicCodec | None = None
        self._contract: SubscriptionContract | None = None
        self._carrying: Carrying | None = None

    # -- life -----------------------------------------------------------------------------------

    def started(self) -> None:
        """Name the epoch; the socket is opened by a task of this life."""
        self._epoch = self.context.generation
        self._clock = self.context.clock
        self._feed.open(self._epoch)
        self._books = ToldBooks(self.context, self._book_paths)
        self.context.nursery.start_soon(self._live)

    def handle(self, message: object) -> None:
        """A book wants the snapshot that its stream begins with."""
        carrying = self._carrying
        if carrying and isinstance(message, SnapshotWanted) and message.epoch == self._epoch:
            carrying.begin_anew(message.symbol)

    def handle_control(self, message: object) -> None:
        """A book that (re)started hears what its feed is, or why it has none; lists change."""
        match message:
            case Up(path=path):
                self._books.up(path)
            case SymbolChanged(info=info):
                news = self._books.news.get(info.symbol)
                if isinstance(news, FeedOpened) and news.info != info:
                    self.context.note("symbol", f"{info.symbol} has other rules: its book is empty")
                    self._books.tell(info.symbol, self._opened(info))
            case SymbolRefused(symbol=symbol):
                if symbol in self._books.fed:
                    self._give_up(message)
            case DropSymbol(symbol=symbol):
                self._drop(symbol)

    def ended(self) -> None:
        """The life is over: every book of it hears so at once, before any other news."""
        self._over = True
        self._feed.close(self._clock.now_ns())
        self._books.lose()

    async def stopping(self) -> None:
        """Whoever restarts the connection wants to see what its streams bring now."""
        self._feed.unreadable.clear()

    def summary(self) -> dict[str, object]:
        """The connection's health."""
        return self._feed.health(self._clock.now_ns())

    def capsule_state(self) -> ConnectionState:
        """A copy of everything but the socket; see `Actor.capsule_state`."""
        news = self._books.news.values() if hasattr(self, "_books") else ()  # `started` makes them
        return ConnectionState(
            self._venue.settings,
            self._feed.path,
            UNREADABLE.copy(self._feed.unreadable),
            self._outlet is not None,
            CONNECTION.copy(self),
            opened=[each for each in news if isinstance(each, FeedOpened)],
            refused=[each for each in news if isinstance(each, SymbolRefused)],
            contract=CONTRACT.copy(self._contract) if self._contract is not None else None,
            carrying=self._carrying.state() if self._carrying is not None else None,
        )

    @classmethod
    def from_capsule(cls, state: ConnectionState) -> Self:
        """A new connection of a venue that nobody can dial."""
        return cls(**state.made_of)

    def restored(self, state: ConnectionState) -> None:
        """Become what the state says; what tasks brought comes from the capsule."""
        self._infos = state.life.infos
        self._books.news = {each.info.symbol: each for each in state.opened}
        self._books.news |= {each.symbol: each for each in state.refused}
        if state.contract is not None:
            CONTRACT.fill(self._promise(()), state.contract)
        if state.carrying is not None:
            self._carry().restored(state.carrying)

    # -- one connection life --------------------------------------------------------------------

    async def _live(self) -> None:
        await self._venue.directory.load()
        self.context.input(Listed())
        assert self._plan is not None
        async with open_websocket(
            self._venue.address(self._plan.url),
            self._venue.dialer,
            clock=self._clock,
            deadline_s=DIAL_WITHIN_S,
            headers=self._plan.headers,
        ) as socket:
            self.context.input(Dialled())
            assert self._carrying is not None
            await self._carrying.run(socket, self._read)

    def handle_input(self, message: object) -> None:
        """Take what the tasks of this life bring: reads above all, and steps of the connection."""
        if type(message) is Batch:
            self._take(message)
        elif isinstance(message, Looked | CommandDue | CommandSent):
            assert self._carrying is not None
            self._carrying.step(message)
        elif type(message) is Listed:
            self._list()
        elif type(message) is Dialled:
            self._begin()

    def _list(self) -> None:
        """Take up what may be subscribed; the books of the rest are told why not."""
        for symbol in self._symbols:
            info = self._judge(symbol)
            if isinstance(info, SymbolRefused):
                self._books.tell(symbol, info)
            else:
                self._infos.append(info)
        self._must_feed(self._infos)
        topics = [self._topic(info, kind) for info in self._infos for kind in self._kinds]
        infos = {info.symbol: info for info in self._infos}
        plans = self._venue.dialect.plan({each.stream: infos[each.symbol] for each in topics})
        if len(plans) != 1:
            words = f"{len(topics)} streams of {self.context.path} need {len(plans)} connections"
            raise SubscriptionFailed(f"{words}, not one")
        self._plan = plans[0]
        self._promise(topics)

    def _promise(self, topics: Sequence[Topic]) -> SubscriptionContract:
        settings = self._venue.settings
        self._codec = self._venue.dialect.codec(self._infos, self._epoch)
        self._contract = SubscriptionContract(
            topics,
            ack_within_s=settings.acknowledged_within_s,
            data_within_s=settings.first_data_within_s,
            in_band=self._depth_feed.in_band,
        )
        return self._contract

    def _begin(self) -> None:
        """The socket is open."""
        self._feed.state = "open"
        self._carry()
        self._open_books()
        if self._outlet is not None:
            name, path, now_ns = self._venue.name, self.context.path, self._clock.now_ns()
            self._outlet.publish(ConnectionOpened(name, path, self._epoch, self._symbols, now_ns))

    def _carry(self) -> Carrying:
        assert self._contract is not None
        shared, healthy_after_s = (self._venue, self._contract, self._feed), self._healthy_after_s
        self._carrying = Carrying(*shared, self.context, healthy_after_s, self._refused)
        return self._carrying

    def _judge(self, symbol: str) -> SymbolInfo | SymbolRefused:
        """What the venue's lists say of a symbol, unless its stream had to be given up."""
        given_up = self._feed.unreadable.given_up.get(symbol)
        if given_up is not None:
            return SymbolRefused(self._venue.name, symbol, True, given_up)
        return self.context.saw(self._venue.directory.judge(symbol))

    def _must_feed(self, symbols: Collection[object]) -> None:
        if not symbols:
            text = f"none of {', '.join(self._symbols)} can be traded"
            raise UnknownSymbol(text, venue=self._venue.name)

    def _topic(self, info: SymbolInfo, kind: StreamKind) -> Topic:
        option = self._depth_feed.option if kind is StreamKind.DEPTH else self._option
        return Topic(self._venue.dialect.stream(kind, info, option), info.symbol, kind)

    def _opened(self, info: SymbolInfo) -> FeedOpened:
        return FeedOpened(info, self.context.path, self._epoch, self._depth_feed.in_band)

    def _open_books(self) -> None:
        for info in self._infos:
            if info.symbol not in self._symbols:
                continue  # dropped while this connection was dialled
            # The lists may have been read anew while this connection was dialled.
            judged = self.context.saw(self._venue.directory.judge(info.symbol))
            self._books.tell(info.symbol, self._opened(info))
            if isinstance(judged, SymbolRefused):
                self._give_up(judged)
            elif judged != info:
                self._books.tell(info.symbol, self._opened(judged))

    def _refused(self, symbol: str, text: str) -> None:
        """The venue lists a symbol and will not carry it."""
        words = f"{symbol} is listed and its depth is refused: {text}"
        self._give_up(SymbolRefused(self._venue.name, symbol, True, words))

    def _give_up(self, refusal: SymbolRefused) -> None:
        """Carry this symbol no more; its book is told why, the others run on."""
        self.context.note("symbol", refusal.text)
        self._books.tell(refusal.symbol, refusal)
        if self._carrying is not None:
            self._carrying.drop(refusal.symbol)
        self._must_feed(self._books.fed)

    def _drop(self, symbol: str) -> None:
        """Nobody wants this symbol any more, now and in later lives; the others flow on."""
        self._feed.symbols = self._symbols = tuple(each for each in self._symbols if each != symbol)
        self._books.drop(symbol)
        if self._carrying is not None:
            self._carrying.drop(symbol)
        elif self._contract is not None:
            self._contract.forget(symbol)

    # -- reading --------------------------------------------------------------------------------

    async def _read(self, socket: Websocket) -> None:
        while True:
            batch = await socket.receive_batch()
            if self._over:
                return  # read in the moment of the end: it belongs to an epoch that is gone
            self.context.input(batch, sum(map(len, batch.payloads)))

    def _take(self, batch: Batch) -> None:
        """Decode a whole read, then hand each book its part in one go."""
        codec, contract = self._codec, self._contract
        assert codec is not None
        assert contract is not None
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
        for part in self._books.hand(parts):
            self._publish(part)

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
        match message:
            case Ack() | Refused() | Heartbeat():
                assert self._carrying is not None
                self._carrying.answer(message)
            case ShutdownAnnounced():
                raise ScheduledReconnect(f"{self._venue.name} announced the end of the connection")
            case Trade() | Kline() | Ticker24h() | PartialBook():
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
