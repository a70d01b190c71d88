"""The connection actor: one life is one websocket connection to a venue's public streams.

Accepts `Up` notices of its books, and `DropSymbol`: that symbol is given up while the others flow
on.  Emits `FeedOpened`, `FeedLost`, `BookDelta` and `BestQuote` to its books in its own turn, and
to its outlet what is not for a book: `ConnectionOpened`, trades, candles, tickers, quotes.  The
generation of its life is the epoch of everything it emits, and is bumped the moment the life
ends.  State lost at restart: the socket and its subscriptions, all named again by the next life.
Restart type: permanent; every lost socket ends the life, there is no hidden reconnect loop.
Cancellation closes the socket within the stop grace.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence
from typing import TypeVarTuple

import trio

from actors.feed import WATCHED_KINDS, DropSymbol, Feed
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.messages import Up
from actors.transport.websocket import Batch, Websocket, open_websocket
from actors.venue import Venue
from exchanges.contract import PublicCodec
from exchanges.subscription import SubscriptionContract, Topic
from messages.books import DarkReason, FeedLost, FeedOpened, SymbolRefused
from messages.errors import (
    ScheduledReconnect,
    SilentConnection,
    SubscriptionFailed,
    SubscriptionRefused,
    UnknownSymbol,
)
from messages.health import ConnectionOpened
from messages.instruments import SymbolInfo
from messages.market import (
    Ack,
    BestQuote,
    BookDelta,
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

WATCH_EVERY_S = 0.25
"""How often promises, silence and age are looked at; bounds how late a breach is noticed."""

AGE_JITTER = 0.1
"""Connections opened together must not all be renewed together: up to a tenth earlier."""

RENEW_AT = 0.95
"""Part of the venue's own age limit at which a connection is renewed unless told otherwise."""


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
        self._kinds = kinds
        self._option = option
        self._outlet = outlet
        self._symbols = symbols
        self._book_paths = books
        self._feed = feed
        self._healthy_after_s = healthy_after_s
        self._news: dict[str, FeedOpened | SymbolRefused] = {}
        self._told: dict[str, int] = {}
        self._over = False
        self._topics: dict[str, Topic] = {}
        self._contract: SubscriptionContract | None = None
        self._socket: Websocket | None = None
        self._next_request = 1

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

    def handle_control(self, message: object) -> None:
        """A book that (re)started hears what its feed is, or why it has none."""
        if isinstance(message, Up):
            symbol = self._symbol_at.get(message.path)
            if symbol is not None and symbol in self._news:
                self._tell(symbol, self._news[symbol])
        elif isinstance(message, DropSymbol):
            self._drop(message.symbol)

    def ended(self) -> None:
        """The life is over: every book of it hears so at once, before any other news."""
        self._over = True
        self._feed.state = "closed"
        self._feed.proof_ns = 0
        lost = FeedLost(self.context.path, self._epoch, DarkReason.DISCONNECTED)
        for symbol, news in self._news.items():
            if isinstance(news, FeedOpened):
                self._books[symbol].tell_control(lost)
        self._news = {}

    def summary(self) -> dict[str, object]:
        """The connection's health."""
        return self._feed.health(self._clock.now_ns())

    # -- one connection life --------------------------------------------------------------------

    async def _live(self) -> None:
        infos = await self._known_symbols()
        topics = [self._topic(info, kind) for info in infos for kind in self._kinds]
        self._topics = {topic.stream: topic for topic in topics}
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
        )
        self._feed.asked = len(topics)
        async with open_websocket(
            self._venue.address(plans[0].url),
            self._venue.dialer,
            clock=self._clock,
            deadline_s=DIAL_WITHIN_S,
        ) as socket:
            self._socket = socket
            self._feed.state = "open"
            self._open_books(infos)
            self._say_open()
            async with trio.open_nursery() as nursery:
                nursery.start_soon(self._duty, self._subscribe, socket, contract)
                nursery.start_soon(self._duty, self._watch, socket, contract)
                nursery.start_soon(self._duty, self._keep_alive, socket)
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
        listed = await self._venue.directory.load()
        known = []
        for symbol in self._symbols:
            info = listed.get(symbol)
            if info is not None and info.tradeable:
                known.append(info)
                continue
            text = (
                f"{symbol} is not listed"
                if info is None
                else (f"{symbol} is listed as {info.status} and cannot be traded")
            )
            self._tell(symbol, SymbolRefused(self._venue.name, symbol, info is not None, text))
        if not known:
            raise UnknownSymbol(
                f"none of {', '.join(self._symbols)} can be traded", venue=self._venue.name
            )
        return known

    def _topic(self, info: SymbolInfo, kind: StreamKind) -> Topic:
        pace_ms = self._venue.settings.depth_interval_ms
        option = self._option
        if kind is StreamKind.DEPTH:
            option = f"{pace_ms}ms" if pace_ms is not None else ""
        return Topic(self._venue.dialect.stream(kind, info, option), info.symbol, kind)

    def _open_books(self, infos: list[SymbolInfo]) -> None:
        for info in infos:
            self._tell(info.symbol, FeedOpened(info, self.context.path, self._epoch))

    def _say_open(self) -> None:
        if self._outlet is not None:
            name, path, now_ns = self._venue.name, self.context.path, self._clock.now_ns()
            self._outlet.publish(ConnectionOpened(name, path, self._epoch, self._symbols, now_ns))

    def _tell(self, symbol: str, news: FeedOpened | SymbolRefused) -> None:
        """Tell a book what its feed is, now and whenever it comes up in this life."""
        book = self._books.get(symbol)
        if book is None:
            return
        self._news[symbol] = news
        if book.tell_control(news):
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
            for message in decode(payload, received_ns):
                if type(message) is BookDelta or type(message) is BestQuote:
                    symbol = message.symbol
                    part = parts.get(symbol)
                    if part is None:
                        parts[symbol] = [message]
                    else:
                        part.append(message)
                    if contract.silent:
                        contract.heard(symbol, _KIND_OF[type(message)])
                else:
                    self._rare(message, contract)
        self._feed.frames += len(batch.payloads)
        self._feed.proof_ns = received_ns
        for symbol, part in parts.items():
            book = self._books.get(symbol)
            if book is None:
                self._publish(part)
                continue
            if self._told.get(symbol) != book.generation:
                self._tell(symbol, self._news[symbol])
            book.tell_batch(part)

    def _rare(self, message: PublicMessage, contract: SubscriptionContract) -> None:
        match message:
            case Ack():
                contract.acknowledged(message.request_id, self._now_s())
                self._feed.confirmed = contract.confirmed
            case Refused():
                contract.refuse(message.request_id)
                self._feed.refused = contract.refused
                raise SubscriptionRefused(message.text, venue=self._venue.name, code=message.code)
            case ShutdownAnnounced():
                raise ScheduledReconnect(f"{self._venue.name} announced the end of the connection")
            case Trade() | Kline() | Ticker24h():
                self._publish((message,))
            case Heartbeat():
                pass

    def _publish(self, messages: Sequence[object]) -> None:
        """Hand out what is not for a book; a symbol just dropped has no listeners either."""
        if self._outlet is not None and not self._book_paths:
            for message in messages:
                self._outlet.publish(message)

    # -- duties beside reading ------------------------------------------------------------------

    async def _subscribe(self, socket: Websocket, contract: SubscriptionContract) -> None:
        """Ask for all streams, no faster than the venue takes commands."""
        limits = self._venue.dialect.limits
        streams = tuple(self._topics)
        size = limits.streams_per_command
        parts = [streams[start : start + size] for start in range(0, len(streams), size)]
        for wanted in parts:
            part = [stream for stream in wanted if stream in self._topics]
            for frame in self._venue.dialect.subscribe(part, self._next_request) if part else ():
                contract.asked(self._next_request, len(part), self._now_s())
                self._next_request += 1
                await socket.send(frame)
                await trio.sleep(1 / limits.commands_per_s)

    def _drop(self, symbol: str) -> None:
        """Give a symbol up; its streams are unsubscribed if they were asked for."""
        self._symbols = tuple(each for each in self._symbols if each != symbol)
        self._feed.symbols = self._symbols
        self._books.pop(symbol, None)
        self._news.pop(symbol, None)
        streams = [topic.stream for topic in self._topics.values() if topic.symbol == symbol]
        for stream in streams:
            del self._topics[stream]
        if self._contract is not None:
            self._contract.forget(symbol)
        if self._socket is not None and streams:
            self.context.nursery.start_soon(self._duty, self._unsubscribe, self._socket, streams)

    async def _unsubscribe(self, socket: Websocket, streams: list[str]) -> None:
        """Ask for streams no more; an answer that does not come changes nothing."""
        limits = self._venue.dialect.limits
        size = limits.streams_per_command
        for start in range(0, len(streams), size):
            part = streams[start : start + size]
            for frame in self._venue.dialect.unsubscribe(part, self._next_request):
                self._next_request += 1
                await socket.send(frame)
                await trio.sleep(1 / limits.commands_per_s)

    async def _watch(self, socket: Websocket, contract: SubscriptionContract) -> None:
        """Notice broken promises, silence and old age within `WATCH_EVERY_S`."""
        settings, dialect = self._venue.settings, self._venue.dialect
        opened_s = self._now_s()
        age_s = settings.reconnect_every_s or dialect.limits.connection_max_age_s * RENEW_AT
        renew_s = opened_s + age_s * (1 - AGE_JITTER * self.context.random.random())
        silent_after_s = settings.silent_after_s or dialect.heartbeat.silent_after_s
        while True:
            await trio.sleep(WATCH_EVERY_S)
            now_s = self._now_s()
            breach = contract.breach(now_s)
            self._feed.quiet = contract.quiet
            if breach is not None:
                raise SubscriptionFailed(f"{self.context.path}: {breach}")
            silence_s = now_s - socket.last_frame_ns / 1e9
            if silence_s > silent_after_s:
                raise SilentConnection(
                    f"{self.context.path} brought no frame for {silence_s:.1f} s"
                )
            if now_s >= renew_s:
                raise ScheduledReconnect(
                    f"{self.context.path} is {now_s - opened_s:.0f} s old and is renewed"
                )
            if now_s - opened_s > self._healthy_after_s and not contract.silent:
                self.context.healthy()

    async def _keep_alive(self, socket: Websocket) -> None:
        """Probe an idle connection, and send what the venue wants to hear."""
        rule = self._venue.dialect.heartbeat
        every_s = rule.client_text_every_s if rule.client_text else rule.ping_every_s
        if self._venue.settings.ping_every_s is not None:
            every_s = self._venue.settings.ping_every_s
        if every_s <= 0:
            return
        while True:
            await trio.sleep(every_s)
            if rule.client_text:
                await socket.send(rule.client_text)
            elif self._now_s() - self._feed.proof_ns / 1e9 >= every_s:
                trip_s = await socket.ping(rule.pong_within_s)
                self._feed.ping_round_trip_ms = round(trip_s * 1e3, 3)
                self._feed.proof_ns = self._clock.now_ns()

    def _now_s(self) -> float:
        return self._clock.now_ns() / 1e9


_KIND_OF: dict[type, StreamKind] = {
    BookDelta: StreamKind.DEPTH,
    BestQuote: StreamKind.BEST_QUOTE,
}
