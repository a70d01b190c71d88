"""The handle behind `PublicExchange`: thin, its work is done by the actors of its tree."""

from __future__ import annotations

import threading
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TypeVar, cast

import trio

from actors.callback import Callback
from actors.outlet import Outlet
from actors.venue import Venue
from actors.views import View
from arbtree.exchange.contract import LIVE_WITHIN_S, PublicExchange
from arbtree.exchange.following import Following
from arbtree.exchange.listening import (
    CALLBACKS,
    Listeners,
    Messages,
    Registration,
    wish_for,
)
from arbtree.exchange.livebook import LiveBook
from arbtree.exchange.rest import PublicRest
from config.settings import Settings
from markets.freshness import FreshnessLimits
from messages.books import BookTop
from messages.errors import ForeignThread, UsageError
from messages.health import ActorRestarted, ConnectionHealth, ConnectionOpened
from messages.instruments import SymbolInfo
from messages.market import Kline, Ticker24h, Trade
from supervisors.events import LifecycleEvent
from supervisors.runtime import Runtime
from supervisors.tree import exchange_place

Message = TypeVar("Message")


class PublicHandle(PublicExchange):
    """One venue's market data; `open_exchange` makes it, `PublicExchange` says what it offers.

    Args:
        settings: of this one venue.
        venue: its shared services.
        views: what the views actor writes.
        outlet: what actors publish.
        runtime: the handle's running tree.
    """

    def __init__(
        self,
        settings: Settings,
        venue: Venue,
        views: dict[str, View],
        outlet: Outlet,
        runtime: Runtime,
    ) -> None:
        self._venue = venue
        self._views = views
        self._outlet = outlet
        self._runtime = runtime
        self._thread = threading.get_ident()
        self._closed = False
        rules = settings.detector
        self._limits = FreshnessLimits(
            proof_to_trade_ms=rules.proof_age_ms,
            proof_hard_ms=rules.proof_age_hard_ms,
            change_ms=rules.change_age_ms,
            lag_ms=rules.lag_ms,
        )
        self._following = Following(settings, venue, outlet, runtime)
        self._listeners = Listeners(
            settings.supervision, outlet, self._following, runtime, self._stay
        )
        self._rest = PublicRest(venue, self._reach)
        self._tops = runtime.lookup(exchange_place(venue.name).tops)
        runtime.subscribe(self._lived_again)

    def __repr__(self) -> str:
        return f"<PublicExchange {self._venue.name}, {len(self._following.symbols)} symbols>"

    # -- symbols and connections ----------------------------------------------------------------

    @property
    def venue(self) -> str:
        """The venue's id."""
        return self._venue.name

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is followed now."""
        self._reach()
        return self._following.symbols

    async def init(self, symbols: Iterable[str], *, live_within_s: float = LIVE_WITHIN_S) -> None:
        """Follow symbols on shared connections."""
        self._reach()
        named = await self._following.follow(symbols)
        if live_within_s > 0:
            await self._until_live(named, live_within_s)

    async def start_symbol(self, symbol: str, *, live_within_s: float = LIVE_WITHIN_S) -> None:
        """Follow one more symbol."""
        await self.init((symbol,), live_within_s=live_within_s)

    async def stop_symbol(self, symbol: str) -> None:
        """Follow a symbol no more."""
        self._reach()
        await self._following.unfollow(symbol)

    def get_websocket_health(self) -> tuple[ConnectionHealth, ...]:
        """How each connection is."""
        self._reach()
        return self._following.health()

    async def symbol_info(self, symbol: str) -> SymbolInfo:
        """Static facts of a symbol, kept for an hour."""
        return await self._rest.symbol_info(symbol)

    # -- market data ----------------------------------------------------------------------------

    @property
    def rest(self) -> PublicRest:
        """Requests that go to the venue now."""
        return self._rest

    def get_orderbook(self, symbol: str) -> LiveBook:
        """The live view of a book, which is live at this moment."""
        self._reach()
        self._must_follow(symbol)
        book = LiveBook(
            symbol,
            self._venue,
            self._views,
            self._limits,
            self._caught_up,
            lambda: self._following.why_down(symbol),
        )
        _ = book.top
        return book

    async def get_tickers_24h(self, quotes: Iterable[str] = ()) -> dict[str, Ticker24h]:
        """24 h statistics by symbol."""
        return await self._rest.get_tickers_24h(quotes)

    async def trades(self, symbol: str, count: int = 100) -> tuple[Trade, ...]:
        """The latest trades."""
        return await self._rest.get_trades(symbol, count)

    async def klines(
        self, symbol: str, interval: str = "1m", count: int = 100
    ) -> tuple[Kline, ...]:
        """The latest candles."""
        return await self._rest.get_klines(symbol, interval, count)

    # -- listening ------------------------------------------------------------------------------

    def subscribe(
        self,
        *types: type[Message],
        symbols: Sequence[str] = (),
        interval: str = "1m",
        limit: int = 1024,
    ) -> Messages[Message]:
        """Iterate over messages as they come."""
        self._reach()
        wish = wish_for(types, _names(symbols), interval)
        return cast("Messages[Message]", self._listeners.iterate(types, wish, limit))

    def on_message(
        self,
        callback: Callable[[Message], Awaitable[object]],
        *types: type[Message],
        symbols: Sequence[str] = (),
        interval: str = "1m",
        limit: int = 1024,
    ) -> Registration:
        """Call an async function with each message."""
        self._reach()
        wish = wish_for(types, _names(symbols), interval)
        return self._listeners.call(cast(Callback, callback), types, wish, limit)

    def on_connected(
        self, callback: Callable[[ConnectionOpened], Awaitable[object]]
    ) -> Registration:
        """Call an async function each time a connection stands."""
        return self.on_message(callback, ConnectionOpened)

    def on_restart(self, callback: Callable[[ActorRestarted], Awaitable[object]]) -> Registration:
        """Call an async function each time an actor lives again."""
        return self.on_message(callback, ActorRestarted)

    # -- inside ---------------------------------------------------------------------------------

    def close(self) -> None:
        """Answer nothing more; iterators end."""
        self._closed = True
        self._outlet.close()

    def _reach(self) -> None:
        """Refuse a use from another thread, or after the end."""
        self._stay()
        if self._closed:
            raise UsageError(f"the handle of {self._venue.name} is closed")

    def _stay(self) -> None:
        """Refuse a use from another thread."""
        if threading.get_ident() != self._thread:
            raise ForeignThread(
                f"the handle of {self._venue.name} was used in another thread than its own; only"
                " messages cross threads: send them, or call it by trio.from_thread"
            )

    def _caught_up(self) -> None:
        """Let the views take in what was told of books in this very moment."""
        self._reach()
        self._tops.tell_batch(())

    def _must_follow(self, symbol: str) -> None:
        if symbol not in self._following.symbols:
            raise UsageError(
                f"{symbol} is not followed at {self._venue.name}: start_symbol() does that"
            )

    async def _until_live(self, symbols: Sequence[str], within_s: float) -> None:
        """Wait until every book is live; after that time say of the first that is not, why."""
        news = self._outlet.subscribe(limit=1, types=(BookTop,), symbols=frozenset(symbols))
        try:
            with trio.move_on_after(within_s):
                while not all(self._live(symbol) for symbol in symbols):
                    await news.take()
        except trio.EndOfChannel:
            pass  # the handle was closed meanwhile, which the next line says
        finally:
            self._outlet.unsubscribe(news)
        for symbol in symbols:
            self.get_orderbook(symbol)

    def _live(self, symbol: str) -> bool:
        view = self._views.get(symbol)
        return view is not None and view.current is not None

    def _lived_again(self, event: LifecycleEvent) -> None:
        """Tell listeners of an actor that lives again, their own functions left out."""
        if event.kind != "ready" or event.generation == 1 or event.path.startswith(CALLBACKS):
            return
        reason = self._runtime.registry.record(event.path).last_failure
        if not reason:
            return  # it was stopped and started again on purpose
        self._outlet.publish(
            ActorRestarted(self.venue, event.path, event.generation, reason, event.at_ns)
        )


def _names(symbols: Sequence[str]) -> tuple[str, ...]:
    """One symbol by itself is a sequence of letters, which nobody means."""
    return (symbols,) if isinstance(symbols, str) else tuple(symbols)
