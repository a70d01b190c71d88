"""The table of older names: every public one works, every private one raises the one error."""

from __future__ import annotations

import importlib

import pytest
from trio.testing import MockClock

import arbtree
from actors.transport.websocket import Websocket
from arbtree import DarkBook, NotAvailable, UnknownSymbol, legacy
from arbtree.exchange.contract import TRADING_FROM
from arbtree.legacy import OLDER_NAMES, adapt
from tests.face.handles import opened

PROMISED = [
    "BaseExchangeInterface",
    "PublicExchangeInterface",
    "PrivateExchangeInterface",
    "BaseSyncExchange",
    "RestApiInterface",
    "WebSocketBase",
    "ob",
    "si",
    "balance",
    "rest_api",
    "get_order_book",
    "load_symbol_info",
    "get_usdt_ticker_24",
    "get_balance",
    "get_orders",
    "Deal",
    "SymbolStr",
    "OrderId",
]

CLASSES = {
    "BaseExchangeInterface": arbtree.Exchange,
    "PublicExchangeInterface": arbtree.PublicExchange,
    "BaseSyncExchange": arbtree.Exchange,
    "RestApiInterface": arbtree.PublicRest,
    "WebSocketBase": Websocket,
    "Deal": arbtree.Trade,
    "SymbolStr": str,
}

PRIVATE = [name for name, older in OLDER_NAMES.items() if older.side == "private"]
MEMBERS = [name for name, older in OLDER_NAMES.items() if older.sort == "member"]


def test_the_table_holds_every_promised_name() -> None:
    """Nothing is missing from the table, and it holds nothing else."""
    assert sorted(OLDER_NAMES) == sorted(PROMISED)


@pytest.mark.parametrize("name", CLASSES)
def test_older_classes_are_ours(name: str) -> None:
    """An older class or type is the very class of today."""
    assert getattr(legacy, name) is CLASSES[name]
    module, _, ours = OLDER_NAMES[name].ours.partition(":")
    assert getattr(importlib.import_module(module), ours) is CLASSES[name]


@pytest.mark.parametrize("name", PRIVATE)
async def test_private_names_raise_the_one_error(autojump_clock: MockClock, name: str) -> None:
    """Of the module or of a handle: NotAvailable, naming the version."""
    text = rf"the older name {name} needs trading, which comes with arbtree {TRADING_FROM};"
    with pytest.raises(NotAvailable, match=text):
        getattr(legacy, name)
    async with opened("binance") as venue:
        with pytest.raises(NotAvailable, match=text):
            getattr(adapt(venue.exchange), name)


@pytest.mark.parametrize("name", [name for name in MEMBERS if name not in PRIVATE])
def test_members_are_members(name: str) -> None:
    """A member asked of the module is answered with where it is and what it is called today."""
    with pytest.raises(AttributeError, match=rf"adapt\(exchange\)\.{name}, today "):
        getattr(legacy, name)


def test_unknown_names_are_unknown() -> None:
    """The module invents nothing."""
    with pytest.raises(AttributeError, match="no attribute 'nonsense'"):
        _ = legacy.nonsense


async def test_books_by_their_older_name(autojump_clock: MockClock) -> None:
    """`ob[symbol]` is the live view of what is followed, and nothing else."""
    async with opened("binance", "BTC/USDT") as venue:
        old = adapt(venue.exchange)
        assert old.ob["BTC/USDT"].bids == venue.exchange.get_orderbook("BTC/USDT").bids
        assert list(old.ob) == ["BTC/USDT"]
        assert len(old.ob) == 1
        assert "ETH/USDT" not in old.ob
        with pytest.raises(KeyError):
            _ = old.ob["ETH/USDT"]
        venue.runtime.kill("exchange/binance/books/BTC-USDT", RuntimeError("planted"))
        assert "BTC/USDT" in old.ob
        with pytest.raises(DarkBook):
            _ = old.ob["BTC/USDT"]


async def test_symbol_info_by_its_older_names(autojump_clock: MockClock) -> None:
    """`load_symbol_info` fills `si`; before, `si` says what is missing."""
    async with opened("binance") as venue:
        old = adapt(venue.exchange)
        with pytest.raises(UnknownSymbol, match="load_symbol_info"):
            _ = old.si["BTC/USDT"]
        loaded = await old.load_symbol_info()
        assert old.si["BTC/USDT"] == await venue.exchange.symbol_info("BTC/USDT")
        assert dict(old.si) == loaded
        assert len(old.si) == len(loaded) > 1
        with pytest.raises(KeyError):
            _ = old.si["ZZZ/USDT"]


async def test_requests_by_their_older_names(autojump_clock: MockClock) -> None:
    """`rest_api` and `get_order_book` are fresh requests; tickers are of USDT alone."""
    async with opened("binance") as venue:
        old = adapt(venue.exchange)
        assert old.rest_api is venue.exchange.rest
        book = await old.get_order_book("BTC/USDT", 5)
        assert type(book) is arbtree.RestBook
        assert len(book.bids) == 5
        tickers = await old.get_usdt_ticker_24()
        assert tickers
        assert all(symbol.endswith("/USDT") for symbol in tickers)


async def test_everything_else_goes_to_the_handle(autojump_clock: MockClock) -> None:
    """An adapted handle is still the handle."""
    async with opened("binance", "BTC/USDT") as venue:
        old = adapt(venue.exchange)
        assert old.symbols == ("BTC/USDT",)
        assert old.venue == "binance"
        with pytest.raises(AttributeError):
            _ = old.nonsense
