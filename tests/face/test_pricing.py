"""Books that came by REST, are stale or are dark can never price: types and run time."""

from __future__ import annotations

import inspect
import typing
from collections.abc import Callable
from types import ModuleType
from typing import Any

import pytest
from mypy import api

import arbtree
import markets
from markets import arbitrage
from markets.arbitrage import Crossing, Leg, NoEdge, fill_price
from messages.books import BookTop, RestBook, RestLevel, untradeable
from messages.market import BookSnapshot, Levels

SNAPSHOT = BookSnapshot(
    "binance", "BTC/USDT", 0, 7, 0, 1, ((100.0, 1.0), (99.0, 2.0)), ((101.0, 1.0), (102.0, 2.0))
)
REST = untradeable(SNAPSHOT, 2)


def test_a_rest_book_holds_what_the_snapshot_held() -> None:
    """Levels, id and stamps are those of the answer, cut to what was asked for."""
    assert (REST.last_id, REST.received_ns) == (7, 1)
    assert REST.bids == (RestLevel(100.0, 1.0), RestLevel(99.0, 2.0))
    assert untradeable(SNAPSHOT, 1).asks == (RestLevel(101.0, 1.0),)


def test_rest_levels_break_every_price_at_run_time() -> None:
    """A level that is no tuple cannot be unpacked, indexed or compared with one."""
    bids, asks = typing.cast(Levels, REST.bids), typing.cast(Levels, REST.asks)
    with pytest.raises(TypeError):
        fill_price(asks, 0.5)
    with pytest.raises(TypeError):
        Crossing(Leg(), Leg()).evaluate(bids, asks)
    genuine = Crossing(Leg(), Leg()).evaluate(SNAPSHOT.bids, SNAPSHOT.asks)
    assert genuine is NoEdge.BELOW_THRESHOLD


def test_rest_books_break_every_price_in_the_type_checker() -> None:
    """mypy refuses levels of a fresh request wherever a price is made of levels."""
    code = (
        "from markets.arbitrage import Crossing, Leg, fill_price\n"
        "from messages.books import BookTop, RestBook\n"
        "def price(book: RestBook) -> None:\n"
        "    fill_price(book.asks, 1.0)\n"
        "    Crossing(Leg(), Leg()).evaluate(book.bids, book.asks)\n"
        "def genuine(book: BookTop) -> None:\n"
        "    fill_price(book.asks, 1.0)\n"
        "    Crossing(Leg(), Leg()).evaluate(book.bids, book.asks)\n"
    )
    said, failed, _ = api.run(
        ["--strict", "--no-error-summary", "--cache-dir", ".mypy_cache", "-c", code]
    )
    assert failed == "", failed
    lines = said.strip().splitlines()
    assert [line.split(":")[1] for line in lines] == ["4", "5", "5"]
    assert all("[arg-type]" in line and "RestLevel" in line for line in lines)


def _functions(module: ModuleType) -> list[Callable[..., Any]]:
    found = [each for _, each in inspect.getmembers(module, inspect.isfunction)]
    for _, each in inspect.getmembers(module, inspect.isclass):
        found += [method for _, method in inspect.getmembers(each, inspect.isfunction)]
    return [each for each in found if each.__module__ == module.__name__]


def test_nothing_that_prices_takes_a_book_from_rest() -> None:
    """No function of the market mathematics names a type of REST."""
    for function in _functions(arbitrage):
        hints = typing.get_type_hints(function)
        assert not {RestBook, RestLevel} & set(hints.values()), function.__qualname__
    assert markets.__doc__ is not None


def test_the_public_face_prices_only_by_live_books() -> None:
    """The only prices of the library are methods of `LiveBook`, which take no levels."""
    pricing = [name for name in arbtree.__all__ if "price" in name.lower()]
    assert pricing == []
    for name in ("price_to_buy", "price_to_sell"):
        holders = [each for each in arbtree.__all__ if hasattr(getattr(arbtree, each), name)]
        assert holders == ["LiveBook"]
        hints = typing.get_type_hints(getattr(arbtree.LiveBook, name))
        assert hints == {"amount": float, "return": float}
    assert not hasattr(BookTop, "price_to_buy")
