"""A handle on one venue: opening, following symbols, live books, requests, health."""

from __future__ import annotations

import threading
from collections.abc import Callable
from decimal import Decimal

import pytest
import trio
from msgspec.structs import replace
from trio.testing import MockClock

from arbtree import (
    DarkBook,
    Exchange,
    ForeignThread,
    NotAvailable,
    PrivateExchange,
    PublicExchange,
    SymbolNotTrading,
    UnknownSymbol,
    UsageError,
    open_exchange,
    open_world,
)
from arbtree.exchange.contract import TRADING_FROM
from arbtree.exchange.following import MAX_CONNECTIONS
from config.venues import MAX_SYMBOLS_PER_VENUE
from exchanges.registry import dialect, venues
from markets.freshness import Freshness
from messages.market import Trade
from tests.face.handles import SIMULATED, SYMBOLS, opened, subscribed, until


@pytest.mark.parametrize("venue", SIMULATED)
async def test_every_simulated_venue_opens(autojump_clock: MockClock, venue: str) -> None:
    """Books, requests and symbol info of each venue, from one factory."""
    symbol = SYMBOLS[venue]
    async with open_exchange(venue, embedded=True) as exchange:
        await exchange.init([symbol])
        book = exchange.get_orderbook(symbol)
        assert book.bids[0][0] < book.asks[0][0]
        assert (book.venue, book.symbol, book.epoch) == (venue, symbol, 1)
        assert book.sequence > 0
        assert 0 <= book.ages.proof_age_ms < 1000
        assert book.freshness is Freshness.TRADEABLE
        info = await exchange.symbol_info(symbol)
        assert info.tick is not None
        assert info.tick > Decimal(0)
        maker_bps, taker_bps = dialect(venue).default_fee_bps
        assert info.maker_fee == Decimal(repr(maker_bps)) / 10_000
        assert info.taker_fee == Decimal(repr(taker_bps)) / 10_000
        assert (await exchange.rest.get_symbols())[symbol] == info
        fresh = await exchange.rest.get_order_book(symbol, levels=5)
        assert len(fresh.bids) == len(fresh.asks) == 5
        assert all(trade.symbol == symbol for trade in await exchange.trades(symbol, 10))
        candles = await exchange.klines(symbol, "1m", 5)
        assert [candle.interval for candle in candles] == ["1m"] * len(candles)
        assert [candle.close_ms - candle.open_ms for candle in candles] == [59_999] * len(candles)
        assert symbol in await exchange.get_tickers_24h()
        assert (await exchange.rest.get_server_time()).venue_ms > 0


def test_neither_side_extends_the_other() -> None:
    """Public and private share one parent and nothing else."""
    assert issubclass(PublicExchange, Exchange)
    assert issubclass(PrivateExchange, Exchange)
    assert not issubclass(PublicExchange, PrivateExchange)
    assert not issubclass(PrivateExchange, PublicExchange)


@pytest.mark.parametrize("venue", venues())
def test_a_private_exchange_is_not_available_yet(venue: str) -> None:
    """One error, at the call, that names the version from which trading exists."""
    with pytest.raises(NotAvailable, match=rf"{venue} .*arbtree {TRADING_FROM};"):
        open_exchange(venue, side="private")


@pytest.mark.parametrize(
    ("refused", "text"),
    [
        (lambda: open_exchange("kraken"), "unknown venue 'kraken'; known are binance"),
        (lambda: open_exchange("binance", depth_levels=0), "depth_levels must be from 1 to 100"),
        (lambda: open_exchange("binance", rest_url="https://x.test"), "websocket_url"),
        (
            lambda: open_exchange("binance", embedded=True, rest_url="https://x.test"),
            "no address of its own",
        ),
    ],
)
def test_wrong_options_are_refused_at_the_call(refused: Callable[[], object], text: str) -> None:
    """One sentence names what is wrong."""
    with pytest.raises(UsageError, match=text):
        refused()


def test_another_event_loop_is_refused() -> None:
    """Outside trio the sentence says what is wanted."""
    manager = open_exchange("binance", embedded=True)
    with pytest.raises(UsageError, match="runs on trio"):
        manager.__aenter__().send(None)


async def test_an_unlisted_symbol_raises_from_the_call(autojump_clock: MockClock) -> None:
    """UnknownSymbol from init and start_symbol, and nothing else was started."""
    async with opened("binance", "BTC/USDT") as venue:
        exchange = venue.exchange
        before = [row.path for row in venue.runtime.rows()]
        with pytest.raises(UnknownSymbol, match="ZZZ/USDT is not listed"):
            await exchange.start_symbol("ZZZ/USDT")
        with pytest.raises(UnknownSymbol, match="ZZZ/USDT"):
            await exchange.init(["ETH/USDT", "ZZZ/USDT"])
        with pytest.raises(UnknownSymbol, match="ZZZ/USDT"):
            await exchange.symbol_info("ZZZ/USDT")
        with pytest.raises(UnknownSymbol, match="ZZZ/USDT"):
            await exchange.rest.get_order_book("ZZZ/USDT")
        assert exchange.symbols == ("BTC/USDT",)
        assert [row.path for row in venue.runtime.rows()] == before


async def test_a_symbol_without_a_market_raises_from_the_call(
    autojump_clock: MockClock,
) -> None:
    """Listed and halted is SymbolNotTrading."""
    async with opened("binance", "BTC/USDT") as venue:
        directory = venue.exchange.rest._venue.directory
        listed = dict(await directory.load())
        listed["ETH/USDT"] = replace(listed["ETH/USDT"], status="BREAK", tradeable=False)
        directory.learn(listed.values())
        with pytest.raises(SymbolNotTrading, match="ETH/USDT is listed as BREAK"):
            await venue.exchange.start_symbol("ETH/USDT")


async def test_symbols_come_and_go_while_others_flow_on(autojump_clock: MockClock) -> None:
    """Adding and removing touches neither book nor connection of the others."""
    async with opened("binance", "BTC/USDT", "ETH/USDT") as venue:
        exchange = venue.exchange
        await exchange.start_symbol("SOL/USDT")
        assert exchange.symbols == ("BTC/USDT", "ETH/USDT", "SOL/USDT")
        await exchange.start_symbol("SOL/USDT")
        assert len(exchange.get_websocket_health()) == 2
        epoch, sequence = exchange.get_orderbook("BTC/USDT").epoch, 0
        await exchange.stop_symbol("ETH/USDT")
        for _ in range(20):
            await trio.sleep(0.5)
            book = exchange.get_orderbook("BTC/USDT")
            assert book.epoch == epoch
            assert book.sequence > sequence
            sequence = book.sequence
        assert venue.state("binance/books/ETH-USDT") == ""
        with pytest.raises(UsageError, match="ETH/USDT is not followed"):
            exchange.get_orderbook("ETH/USDT")
        with pytest.raises(UsageError, match="ETH/USDT is not followed"):
            await exchange.stop_symbol("ETH/USDT")
        streams = " ".join(subscribed(venue.world))
        assert "btcusdt@depth" in streams
        assert "solusdt@depth" in streams
        assert "ethusdt" not in streams
        await exchange.start_symbol("ETH/USDT")
        assert exchange.get_orderbook("ETH/USDT").epoch >= 1
        assert all(row.restarts == 0 for row in venue.runtime.rows())


async def test_a_stopped_symbol_stays_away_after_a_reconnect(autojump_clock: MockClock) -> None:
    """The next life of the connection carries what is left, and the last one ends it."""
    async with opened("binance", "BTC/USDT", "ETH/USDT") as venue:
        exchange = venue.exchange
        await exchange.stop_symbol("ETH/USDT")
        venue.world.cut("binance")
        await until(lambda: exchange.get_websocket_health()[0].epoch == 2)
        await until(lambda: exchange.get_websocket_health()[0].confirmed == 2)
        (health,) = exchange.get_websocket_health()
        assert (health.symbols, health.asked, health.reconnects) == (("BTC/USDT",), 2, 1)
        await exchange.stop_symbol("BTC/USDT")
        assert exchange.get_websocket_health() == ()
        assert exchange.symbols == ()
        await exchange.start_symbol("BTC/USDT")
        assert exchange.get_orderbook("BTC/USDT").bids


async def test_a_hundred_rounds_leave_nothing_behind(autojump_clock: MockClock) -> None:
    """Names of connections are used again, and the tree is as large as before."""
    async with opened("binance", "BTC/USDT") as venue:
        before = [row.path for row in venue.runtime.rows()]
        for _ in range(100):
            await venue.exchange.start_symbol("ETH/USDT", live_within_s=0)
            await venue.exchange.stop_symbol("ETH/USDT")
        await trio.sleep(1)
        assert [row.path for row in venue.runtime.rows()] == before
        assert len(venue.exchange.rest._venue.feeds) == 1


async def test_a_handle_is_bounded(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Symbols and connections have limits, named in the refusal."""
    assert MAX_SYMBOLS_PER_VENUE == 1000
    assert MAX_CONNECTIONS == 128
    monkeypatch.setattr("arbtree.exchange.following.MAX_SYMBOLS_PER_VENUE", 2)
    monkeypatch.setattr("arbtree.exchange.following.MAX_CONNECTIONS", 2)
    async with opened("binance", "BTC/USDT") as venue:
        with pytest.raises(UsageError, match="at most 2 symbols"):
            await venue.exchange.init(["ETH/USDT", "SOL/USDT"])
        await venue.exchange.start_symbol("ETH/USDT")
        with pytest.raises(UsageError, match="at most 2 connections"):
            venue.exchange.subscribe(Trade)
        assert len(venue.exchange.get_websocket_health()) == 2


async def test_tickers_are_filtered_by_quote(autojump_clock: MockClock) -> None:
    """Only symbols of the quote assets asked for; an unknown one finds nothing."""
    async with opened("binance") as venue:
        everything = await venue.exchange.get_tickers_24h()
        usdt = await venue.exchange.get_tickers_24h(quotes=["USDT"])
        assert set(usdt) == {symbol for symbol in everything if symbol.endswith("/USDT")}
        assert await venue.exchange.get_tickers_24h(quotes=["XYZ"]) == {}


@pytest.mark.parametrize("count", [0, 1001])
async def test_counts_are_bounded(autojump_clock: MockClock, count: int) -> None:
    """A count out of range is refused before anything is sent."""
    async with opened("binance") as venue:
        with pytest.raises(UsageError, match="from 1 to 1000"):
            await venue.exchange.trades("BTC/USDT", count)
        with pytest.raises(UsageError, match="from 1 to 1000"):
            await venue.exchange.klines("BTC/USDT", "1m", count)


async def test_symbol_info_is_asked_for_once_an_hour(autojump_clock: MockClock) -> None:
    """Concurrent callers share one request, and it is kept for an hour."""
    async with opened("binance", "BTC/USDT") as venue:
        directory = venue.exchange.rest._venue.directory
        async with trio.open_nursery() as nursery:
            for _ in range(20):
                nursery.start_soon(venue.exchange.symbol_info, "ETH/USDT")
        assert directory.loads == 1
        venue.world.pause(4000)
        await trio.sleep(3601)
        await venue.exchange.symbol_info("ETH/USDT")
        assert directory.loads == 2


async def test_a_foreign_thread_is_told_so(autojump_clock: MockClock) -> None:
    """Every way into a handle raises one clear error in another thread, and harms nothing."""
    async with opened("binance", "BTC/USDT") as venue:
        exchange, book = venue.exchange, venue.exchange.get_orderbook("BTC/USDT")
        messages = exchange.subscribe(Trade)
        uses: list[Callable[[], object]] = [
            lambda: exchange.get_orderbook("BTC/USDT"),
            exchange.get_websocket_health,
            lambda: exchange.subscribe(Trade),
            lambda: exchange.on_message(print, Trade),  # type: ignore[arg-type] # never called
            lambda: book.bids,
            lambda: book.price_to_buy(1),
            lambda: exchange.symbols,
            messages.close,
            lambda: messages.__anext__().send(None),
            lambda: exchange.init(["ETH/USDT"]).send(None),
            lambda: exchange.stop_symbol("BTC/USDT").send(None),
            lambda: exchange.symbol_info("BTC/USDT").send(None),
            lambda: exchange.get_tickers_24h().send(None),
            lambda: exchange.rest.get_order_book("BTC/USDT").send(None),
        ]
        found: list[object] = []

        def foreign() -> None:
            for use in uses:
                try:
                    found.append(use())
                except BaseException as error:  # noqa: ASYNC103 - the test looks at each
                    found.append(error)

        thread = threading.Thread(target=foreign)
        thread.start()
        thread.join()
        assert [type(each) for each in found] == [ForeignThread] * len(uses)
        (text,) = {str(each) for each in found}
        assert "the handle of binance was used in another thread than its own" in text
        assert book.bids


async def test_a_closed_handle_says_so(autojump_clock: MockClock) -> None:
    """After the block every use is one clear error, and iterators have ended."""
    async with opened("binance", "BTC/USDT") as venue:
        exchange, book = venue.exchange, venue.exchange.get_orderbook("BTC/USDT")
        messages = exchange.subscribe(Trade)
    for use in (lambda: book.bids, exchange.get_websocket_health, lambda: exchange.symbols):
        with pytest.raises(UsageError, match="the handle of binance is closed"):
            use()
    with pytest.raises(UsageError, match="closed"):
        await exchange.start_symbol("ETH/USDT")
    left = [message async for message in messages]
    assert len(left) == messages.accepted - messages.lost


async def test_what_the_block_raises_leaves_unwrapped(autojump_clock: MockClock) -> None:
    """Users write plain except clauses: no exception group comes between."""
    with pytest.raises(ZeroDivisionError):
        async with open_exchange("binance", embedded=True) as exchange:
            await exchange.init(["BTC/USDT"])
            raise ZeroDivisionError
    with pytest.raises(DarkBook):
        async with opened("binance", "BTC/USDT") as venue:
            venue.runtime.kill("exchange/binance/books/BTC-USDT", RuntimeError("planted"))
            venue.exchange.get_orderbook("BTC/USDT")


async def test_a_cancelled_block_stops_in_order(autojump_clock: MockClock) -> None:
    """A deadline around a handle ends it at once and leaves nothing running."""
    with trio.move_on_after(5) as scope:
        async with open_exchange("binance", embedded=True) as exchange:
            await exchange.init(["BTC/USDT"])
            await trio.sleep_forever()
    assert scope.cancelled_caught
    assert trio.current_time() - (scope.deadline - 5) < 7


async def test_two_handles_share_one_market(autojump_clock: MockClock) -> None:
    """`open_world` gives several venues one market, so that their prices belong together."""
    async with (
        open_world("binance", "binance_usdm", seed=3) as world,
        open_exchange("binance", world=world) as spot,
        open_exchange("binance_usdm", world=world) as futures,
    ):
        await spot.init(["BTC/USDT"])
        await futures.init(["BTC/USDT:USDT"])
        here = spot.get_orderbook("BTC/USDT").bids[0][0]
        there = futures.get_orderbook("BTC/USDT:USDT").bids[0][0]
        assert abs(here / there - 1) < 0.02
        with pytest.raises(UsageError, match="this world has no venue 'binance_us'"):
            open_exchange("binance_us", world=world)
