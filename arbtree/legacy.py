"""Older names of the same things: one table, and an adapter that answers to them.

    from arbtree.legacy import adapt, PublicExchangeInterface

`adapt(exchange)` returns an object with the older members (`ob`, `si`, `rest_api`,
`get_order_book`, ...), everything else goes to the handle itself.  Classes and types are
attributes of this module.  What belongs to the account raises the one `NotAvailable`.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Mapping
from typing import Literal

from msgspec import Struct

from arbtree.exchange.contract import PublicExchange, not_available
from arbtree.exchange.livebook import LiveBook
from arbtree.exchange.rest import PublicRest
from messages.books import RestBook
from messages.errors import UnknownSymbol
from messages.instruments import SymbolInfo
from messages.market import Ticker24h


class OlderName(Struct, frozen=True):
    """One older name.

    Args:
        ours: what it is called here: `module:name` of a class or type, else how a handle says it.
        sort: `class` or `type` is an attribute of this module, `member` one of an adapted handle.
        side: `private` waits for trading.
    """

    ours: str
    sort: Literal["class", "type", "member"]
    side: Literal["public", "private"] = "public"


OLDER_NAMES: dict[str, OlderName] = {
    "BaseExchangeInterface": OlderName("arbtree:Exchange", "class"),
    "PublicExchangeInterface": OlderName("arbtree:PublicExchange", "class"),
    "PrivateExchangeInterface": OlderName("arbtree:PrivateExchange", "class", "private"),
    "BaseSyncExchange": OlderName("arbtree:Exchange", "class"),
    "RestApiInterface": OlderName("arbtree:PublicRest", "class"),
    "WebSocketBase": OlderName("actors.transport.websocket:Websocket", "class"),
    "Deal": OlderName("arbtree:Trade", "type"),
    "SymbolStr": OlderName("builtins:str", "type"),
    "OrderId": OlderName("builtins:str", "type", "private"),
    "ob": OlderName("get_orderbook(symbol)", "member"),
    "si": OlderName("symbol_info(symbol)", "member"),
    "rest_api": OlderName("rest", "member"),
    "get_order_book": OlderName("rest.get_order_book(symbol)", "member"),
    "load_symbol_info": OlderName("rest.get_symbols()", "member"),
    "get_usdt_ticker_24": OlderName('get_tickers_24h(quotes=["USDT"])', "member"),
    "balance": OlderName("get_balances()", "member", "private"),
    "get_balance": OlderName("get_balances()", "member", "private"),
    "get_orders": OlderName("get_open_orders()", "member", "private"),
}
"""Every older name there is."""


def __getattr__(name: str) -> object:
    """Find an older class or type."""
    older = OLDER_NAMES.get(name)
    if older is None:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    if older.side == "private":
        raise not_available(f"the older name {name}")
    if older.sort == "member":
        raise AttributeError(f"{name} is a member: adapt(exchange).{name}, today {older.ours}")
    module, _, ours = older.ours.partition(":")
    found: object = getattr(importlib.import_module(module), ours)
    return found


def adapt(exchange: PublicExchange) -> LegacyExchange:
    """Let an open handle answer to the older names."""
    return LegacyExchange(exchange)


class LegacyExchange:
    """A handle under its older names; what has none goes to the handle.

    Args:
        exchange: the open handle.
    """

    def __init__(self, exchange: PublicExchange) -> None:
        self._exchange = exchange
        self._symbols: dict[str, SymbolInfo] = {}
        self.ob: Mapping[str, LiveBook] = _Books(exchange)
        self.si: Mapping[str, SymbolInfo] = _Infos(exchange.venue, self._symbols)

    @property
    def rest_api(self) -> PublicRest:
        """Requests that go to the venue now."""
        return self._exchange.rest

    async def get_order_book(self, symbol: str, levels: int = 100) -> RestBook:
        """Ask for a book now; it never prices a trade."""
        return await self._exchange.rest.get_order_book(symbol, levels)

    async def load_symbol_info(self) -> dict[str, SymbolInfo]:
        """Load what `si` shows, and return it."""
        self._symbols.clear()
        self._symbols.update(await self._exchange.rest.get_symbols())
        return dict(self._symbols)

    async def get_usdt_ticker_24(self) -> dict[str, Ticker24h]:
        """24 h statistics of what is quoted in USDT."""
        return await self._exchange.get_tickers_24h(quotes=("USDT",))

    def __getattr__(self, name: str) -> object:
        """Refuse what needs an account; hand everything else to the handle."""
        older = OLDER_NAMES.get(name)
        if older is not None and older.side == "private":
            raise not_available(f"the older name {name}")
        found: object = getattr(self._exchange, name)
        return found


class _Books(Mapping[str, LiveBook]):
    """`ob[symbol]`: the live view, or `DarkBook`."""

    def __init__(self, exchange: PublicExchange) -> None:
        self._exchange = exchange

    def __getitem__(self, symbol: str) -> LiveBook:
        if symbol not in self._exchange.symbols:
            raise KeyError(symbol)
        return self._exchange.get_orderbook(symbol)

    def __iter__(self) -> Iterator[str]:
        return iter(self._exchange.symbols)

    def __len__(self) -> int:
        return len(self._exchange.symbols)

    def __contains__(self, symbol: object) -> bool:
        return symbol in self._exchange.symbols


class _Infos(Mapping[str, SymbolInfo]):
    """`si[symbol]`: what `load_symbol_info` loaded."""

    def __init__(self, venue: str, symbols: Mapping[str, SymbolInfo]) -> None:
        self._venue = venue
        self._symbols = symbols

    def __getitem__(self, symbol: str) -> SymbolInfo:
        if not self._symbols:
            raise UnknownSymbol("call load_symbol_info() first", venue=self._venue)
        return self._symbols[symbol]

    def __iter__(self) -> Iterator[str]:
        return iter(self._symbols)

    def __len__(self) -> int:
        return len(self._symbols)
