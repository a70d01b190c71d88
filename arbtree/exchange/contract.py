"""What a handle on one venue promises; public and private handles are apart.

Every method belongs to the thread and the trio run that opened the handle: from anywhere else it
raises `ForeignThread`.  A symbol is ccxt's unified spelling, such as `BTC/USDT` or
`BTC/USDT:USDT`.  Every request has a deadline and obeys the venue's limits.
"""

from __future__ import annotations

import abc
from collections.abc import Awaitable, Callable, Iterable, Sequence
from typing import TYPE_CHECKING, TypeVar

from messages.errors import NotAvailable

if TYPE_CHECKING:
    from decimal import Decimal

    from arbtree.exchange.listening import Messages, Registration
    from arbtree.exchange.livebook import LiveBook
    from arbtree.exchange.rest import PublicRest
    from messages.health import ActorRestarted, ConnectionHealth, ConnectionOpened
    from messages.instruments import SymbolInfo
    from messages.market import Kline, Ticker24h, Trade

Message = TypeVar("Message")

TRADING_FROM = "0.2"
"""The version from which orders and balances exist; nothing else says it."""

LIVE_WITHIN_S = 10.0
"""How long `init` and `start_symbol` wait for books to be live: real venues take about a second."""


def not_available(what: str) -> NotAvailable:
    """The one error of everything private, until trading exists."""
    from arbtree import __version__

    return NotAvailable(
        f"{what} needs trading, which comes with arbtree {TRADING_FROM}; this is {__version__}"
    )


class Exchange(abc.ABC):
    """One venue: its symbols and its connections."""

    @property
    @abc.abstractmethod
    def venue(self) -> str:
        """The venue's id, such as `binance_usdm`."""

    @property
    @abc.abstractmethod
    def symbols(self) -> tuple[str, ...]:
        """What is followed now, in the order asked for."""

    @abc.abstractmethod
    async def init(self, symbols: Iterable[str], *, live_within_s: float = LIVE_WITHIN_S) -> None:
        """Follow symbols, on as few connections as the venue's limits allow.

        Args:
            symbols: those not followed yet are added.
            live_within_s: how long to wait until every book of them is live; 0 does not wait.

        Raises:
            UnknownSymbol: one is not listed; then none is added.
            SymbolNotTrading: one is listed and has no market now; then none is added.
            DarkBook: one is not live in time; it is followed all the same.
            UsageError: too many symbols or connections for one handle.
        """

    @abc.abstractmethod
    async def start_symbol(self, symbol: str, *, live_within_s: float = LIVE_WITHIN_S) -> None:
        """Follow one more symbol, on a connection of its own; see `init`."""

    @abc.abstractmethod
    async def stop_symbol(self, symbol: str) -> None:
        """Follow a symbol no more: its book ends, its streams are unsubscribed.

        Raises:
            UsageError: it is not followed.
        """

    @abc.abstractmethod
    def get_websocket_health(self) -> tuple[ConnectionHealth, ...]:
        """How each websocket connection is."""

    @abc.abstractmethod
    async def symbol_info(self, symbol: str) -> SymbolInfo:
        """Tick, lot, minima, status and fees of a symbol; kept for an hour.

        Raises:
            UnknownSymbol: it is not listed.
        """


class PublicExchange(Exchange):
    """A venue's market data: proven books, messages as they come, and requests."""

    @property
    @abc.abstractmethod
    def rest(self) -> PublicRest:
        """Requests that go to the venue now; nothing they answer may price a trade."""

    @abc.abstractmethod
    def get_orderbook(self, symbol: str) -> LiveBook:
        """The live view of a followed symbol's book.

        Raises:
            DarkBook: it proves no price now; says why, and since when.
            UsageError: the symbol is not followed.
        """

    @abc.abstractmethod
    async def get_tickers_24h(self, quotes: Iterable[str] = ()) -> dict[str, Ticker24h]:
        """24 h statistics by symbol, asked for now.

        Args:
            quotes: only symbols with these quote assets, such as `USDT`; all when empty.
        """

    @abc.abstractmethod
    async def trades(self, symbol: str, count: int = 100) -> tuple[Trade, ...]:
        """The latest public trades, oldest first, asked for now."""

    @abc.abstractmethod
    async def klines(
        self, symbol: str, interval: str = "1m", count: int = 100
    ) -> tuple[Kline, ...]:
        """The latest candles, oldest first, asked for now; the last one still runs."""

    @abc.abstractmethod
    def subscribe(
        self,
        *types: type[Message],
        symbols: Sequence[str] = (),
        interval: str = "1m",
        limit: int = 1024,
    ) -> Messages[Message]:
        """Iterate over messages as they come; the streams they need are opened with it.

        Args:
            types: `BookTop`, `BookDark`, `BestQuote`, `PartialBook`, `Trade`, `Kline`,
                `Ticker24h`, `ConnectionOpened` and `ActorRestarted`; one at least.
            symbols: only these; everything followed, now or later, when left out.
            interval: of the candles.
            limit: messages it holds; the oldest goes when it is full, counted by its `lost`.

        Raises:
            UsageError: no type or one that is none of these, an interval that the venue does not
                know, or too many iterators.
        """

    @abc.abstractmethod
    def on_message(
        self,
        callback: Callable[[Message], Awaitable[object]],
        *types: type[Message],
        symbols: Sequence[str] = (),
        interval: str = "1m",
        limit: int = 1024,
    ) -> Registration:
        """Call an async function with each message, in a supervised task of its own.

        A function that is slow loses its oldest messages, one that raises is restarted under a
        budget and then quarantined; both are counted and neither touches the feed.
        """

    @abc.abstractmethod
    def on_connected(
        self, callback: Callable[[ConnectionOpened], Awaitable[object]]
    ) -> Registration:
        """Call an async function each time a connection stands; see `on_message`."""

    @abc.abstractmethod
    def on_restart(self, callback: Callable[[ActorRestarted], Awaitable[object]]) -> Registration:
        """Call an async function each time an actor lives again; see `on_message`."""


class PrivateExchange(Exchange):
    """A venue's account: balances and orders; `open_exchange` says from which version."""

    @abc.abstractmethod
    async def get_balances(self) -> dict[str, Decimal]:
        """What the account holds, by asset."""

    @abc.abstractmethod
    async def place_order(
        self, symbol: str, side: str, amount: Decimal, price: Decimal | None = None
    ) -> str:
        """Place an order; return its id."""

    @abc.abstractmethod
    async def cancel_order(self, symbol: str, order_id: str) -> None:
        """Cancel an order."""

    @abc.abstractmethod
    async def get_order(self, symbol: str, order_id: str) -> object:
        """What became of an order."""

    @abc.abstractmethod
    async def get_open_orders(self, symbol: str | None = None) -> Sequence[object]:
        """Orders that are open."""
