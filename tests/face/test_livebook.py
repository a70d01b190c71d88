"""Live books: proven at every reading, dark in the same turn, and never a stale price."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from arbtree import DarkBook, RestBook, UsageError, open_exchange
from markets.freshness import Freshness
from tests.face.handles import opened, until


async def test_a_dark_book_says_why_and_since_when(autojump_clock: MockClock) -> None:
    """From the very moment of the cut every reading raises, the view got before too."""
    async with opened("binance", "BTC/USDT") as venue:
        exchange, book = venue.exchange, venue.exchange.get_orderbook("BTC/USDT")
        venue.world.refuse_dials("binance", 5)
        venue.world.cut("binance")
        await until(lambda: book.freshness is Freshness.DARK)
        await trio.sleep(2)
        for reading in (
            lambda: exchange.get_orderbook("BTC/USDT"),
            lambda: book.bids,
            lambda: book.asks,
            lambda: book.top,
            lambda: book.sequence,
            lambda: book.epoch,
            lambda: book.ages,
            lambda: book.price_to_buy(0.1),
            lambda: book.price_to_sell(0.1),
        ):
            with pytest.raises(DarkBook, match="binance BTC/USDT is dark for") as caught:
                reading()
            assert caught.value.reason == "disconnected"
            assert 1900 < caught.value.dark_ms < 2200
            assert caught.value.since_ns > 0
        await until(lambda: book.freshness is Freshness.TRADEABLE)
        assert book.epoch > 1


async def test_a_killed_connection_darkens_in_the_same_turn(autojump_clock: MockClock) -> None:
    """No await between the end of the connection's life and the refusal."""
    async with opened("binance", "BTC/USDT") as venue:
        book = venue.exchange.get_orderbook("BTC/USDT")
        venue.runtime.kill("exchange/binance/connections/0", RuntimeError("planted"))
        with pytest.raises(DarkBook, match="disconnected"):
            _ = book.bids


async def test_a_killed_book_darkens_in_the_same_turn(autojump_clock: MockClock) -> None:
    """The same for the book's own actor; it is live again by itself."""
    async with opened("binance", "BTC/USDT") as venue:
        book = venue.exchange.get_orderbook("BTC/USDT")
        venue.runtime.kill("exchange/binance/books/BTC-USDT", RuntimeError("planted"))
        with pytest.raises(DarkBook, match="crashed"):
            _ = book.bids
        await until(lambda: book.freshness is Freshness.TRADEABLE)


async def test_killed_views_are_dark_until_told_again(autojump_clock: MockClock) -> None:
    """A view without an owner answers nothing; its books tell their tops anew."""
    async with opened("binance", "BTC/USDT") as venue:
        book = venue.exchange.get_orderbook("BTC/USDT")
        venue.runtime.kill("exchange/views", RuntimeError("planted"))
        with pytest.raises(DarkBook, match="starting"):
            _ = book.bids
        await until(lambda: book.freshness is Freshness.TRADEABLE)


async def test_a_silent_connection_stops_pricing_then_goes_dark(autojump_clock: MockClock) -> None:
    """Above one second of silence no price is given, above five seconds nothing is."""
    async with opened("binance", "BTC/USDT") as venue:
        book = venue.exchange.get_orderbook("BTC/USDT")
        assert book.price_to_buy(0.1) > book.price_to_sell(0.1)
        venue.world.stall("binance", 60)
        await until(lambda: book.ages.proof_age_ms > 1500)
        assert book.freshness is Freshness.OLD_PROOF
        for price in (book.price_to_buy, book.price_to_sell):
            with pytest.raises(DarkBook, match="stale, proof too old to trade"):
                price(0.1)
        assert book.bids
        await until(lambda: book.freshness is Freshness.DARK)
        with pytest.raises(DarkBook, match=r"stale, nothing proved it for 50\d\d ms"):
            _ = book.bids


async def test_a_book_that_never_comes_says_why(autojump_clock: MockClock) -> None:
    """init waits its time, then raises DarkBook; the symbol is followed and live later."""
    async with opened("binance", "BTC/USDT") as venue:
        venue.world.refuse_dials("binance", 20)
        with pytest.raises(DarkBook, match="ETH/USDT is dark"):
            await venue.exchange.start_symbol("ETH/USDT", live_within_s=2)
        assert venue.exchange.symbols == ("BTC/USDT", "ETH/USDT")
        book = venue.exchange.get_orderbook("BTC/USDT")
        await trio.sleep(60)
        assert venue.exchange.get_orderbook("ETH/USDT").bids
        assert book.bids


async def test_a_quarantined_book_names_its_failure(autojump_clock: MockClock) -> None:
    """A book that keeps crashing is down, and its refusal says so."""
    async with opened("binance", "BTC/USDT", "ETH/USDT") as venue:
        path = "exchange/binance/books/BTC-USDT"
        for _ in range(6):
            await until(lambda: venue.state("binance/books/BTC-USDT") == "running")
            venue.runtime.kill(path, RuntimeError("planted"))
        await until(lambda: venue.state("binance/books/BTC-USDT") == "quarantined")
        with pytest.raises(DarkBook, match="quarantined after crash: RuntimeError: planted"):
            venue.exchange.get_orderbook("BTC/USDT")
        assert venue.exchange.get_orderbook("ETH/USDT").bids


async def test_prices_walk_the_depth(autojump_clock: MockClock) -> None:
    """More costs more, and more than the view holds is refused."""
    async with opened("binance", "BTC/USDT") as venue:
        book = venue.exchange.get_orderbook("BTC/USDT")
        first, held = book.asks[0], sum(amount for _, amount in book.asks)
        assert book.price_to_buy(first[1] / 2) == first[0]
        assert first[0] < book.price_to_buy(held * 0.99) <= book.asks[-1][0]
        for amount in (0.0, -1.0, held * 1.01, float("nan")):
            with pytest.raises(UsageError, match="prices an amount above 0"):
                book.price_to_buy(amount)


async def test_depth_is_what_was_asked_for(autojump_clock: MockClock) -> None:
    """`depth_levels` of the factory are the levels of every view."""
    async with open_exchange("binance", embedded=True, depth_levels=60) as exchange:
        await exchange.init(["BTC/USDT"])
        book = exchange.get_orderbook("BTC/USDT")
        assert len(book.bids) == len(book.asks) == 60


async def test_rest_books_are_of_another_type(autojump_clock: MockClock) -> None:
    """A fresh request answers with what cannot be traded on."""
    async with opened("binance", "BTC/USDT") as venue:
        fresh = await venue.exchange.rest.get_order_book("BTC/USDT")
        assert type(fresh) is RestBook
        assert fresh.tradeable is False
        assert fresh.volatile is True
        assert not hasattr(fresh, "price_to_buy")
