"""Iterators and callbacks: bounded, counted, and never able to touch the feed."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from arbtree import (
    ActorRestarted,
    BestQuote,
    BookDark,
    BookTop,
    ConnectionOpened,
    Kline,
    PartialBook,
    RestBook,
    Ticker24h,
    Trade,
    UsageError,
)
from supervisors.tree import MAX_LISTENERS
from tests.face.handles import SIMULATED, SYMBOLS, opened, subscribed, until

KINDS = (BookTop, PartialBook, BestQuote, Trade, Kline, Ticker24h)


@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: kind.__name__)
@pytest.mark.parametrize("venue", SIMULATED)
async def test_every_kind_comes_from_every_venue(
    autojump_clock: MockClock, venue: str, kind: type[object]
) -> None:
    """Each kind of message of each venue reaches an iterator, of that kind and symbol alone."""
    symbol = SYMBOLS[venue]
    async with opened(venue, symbol) as handle, handle.exchange.subscribe(kind) as messages:
        with trio.fail_after(30):
            for _ in range(3):
                message = await anext(messages)
                assert type(message) is kind
                assert getattr(message, "venue", "") == venue
                assert getattr(message, "symbol", "") == symbol
                if isinstance(message, Kline):
                    assert message.close_ms - message.open_ms == 59_999
        assert messages.lost == 0
        assert all(row.restarts == 0 for row in handle.runtime.rows())


async def test_an_iterator_receives_in_order_and_loses_nothing(autojump_clock: MockClock) -> None:
    """A reader that keeps up sees every trade, ids counting up."""
    async with opened("binance", "BTC/USDT") as venue:
        async with venue.exchange.subscribe(Trade) as trades:
            with trio.move_on_after(30):
                ids = []
                async for trade in trades:
                    ids.append(int(trade.trade_id))
        assert len(ids) > 20
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        assert (trades.lost, trades.accepted) == (0, len(ids))


async def test_a_slow_iterator_loses_its_oldest_counted(autojump_clock: MockClock) -> None:
    """The queue holds the latest of its limit; the books know nothing of it."""
    async with opened("binance", "BTC/USDT") as venue:
        tops = venue.exchange.subscribe(BookTop, limit=10)
        await trio.sleep(30)
        assert tops.waiting == 10
        assert tops.lost > 100
        assert tops.accepted == tops.lost + tops.waiting
        now = venue.exchange.get_orderbook("BTC/USDT").sequence
        kept = [await anext(tops) for _ in range(10)]
        assert kept[-1].sequence == now
        tops.close()
        left = [top async for top in tops]
        assert tops.accepted == tops.lost + len(kept) + len(left)


async def test_several_kinds_come_in_one_iterator(autojump_clock: MockClock) -> None:
    """One loop over trades and tops of one of two symbols."""
    async with opened("binance", "BTC/USDT", "ETH/USDT") as venue:
        seen = set()
        async with venue.exchange.subscribe(Trade, BookTop, symbols=["ETH/USDT"]) as messages:
            with trio.move_on_after(20):
                async for message in messages:
                    assert isinstance(message, Trade | BookTop)
                    seen.add((type(message), message.symbol))
        assert seen == {(Trade, "ETH/USDT"), (BookTop, "ETH/USDT")}


async def test_streams_are_open_while_somebody_listens(autojump_clock: MockClock) -> None:
    """A stream is subscribed for the first listener, for the symbols wanted, and ends with all."""
    async with opened("binance", "BTC/USDT", "ETH/USDT") as venue:

        def trade_streams() -> list[str]:
            return [name for name in subscribed(venue.world) if name.endswith("@trade")]

        assert trade_streams() == []
        one = venue.exchange.subscribe(Trade, symbols=["BTC/USDT"])
        await until(lambda: trade_streams() == ["btcusdt@trade"])
        other = venue.exchange.subscribe(Trade)
        await until(lambda: trade_streams() == ["btcusdt@trade", "ethusdt@trade"])
        await venue.exchange.start_symbol("SOL/USDT")
        await until(lambda: "solusdt@trade" in trade_streams())
        await venue.exchange.stop_symbol("ETH/USDT")
        await until(lambda: trade_streams() == ["btcusdt@trade", "solusdt@trade"])
        other.close()
        await until(lambda: trade_streams() == ["btcusdt@trade"])
        one.close()
        one.close()
        await until(lambda: trade_streams() == [])
        assert venue.exchange.get_orderbook("BTC/USDT").epoch == 1
        assert len(venue.exchange.get_websocket_health()) == 2


async def test_candles_of_two_intervals_are_two_streams(autojump_clock: MockClock) -> None:
    """Each interval is its own stream; one that the venue does not know is refused at once."""
    async with opened("binance", "BTC/USDT") as venue:
        venue.exchange.subscribe(Kline)
        venue.exchange.subscribe(Kline, interval="5m")
        await until(lambda: "btcusdt@kline_5m" in subscribed(venue.world))
        assert "btcusdt@kline_1m" in subscribed(venue.world)
        with pytest.raises(UsageError, match="no kline stream '7m'"):
            venue.exchange.subscribe(Kline, interval="7m")


async def test_what_cannot_be_listened_to_is_named(autojump_clock: MockClock) -> None:
    """A wrong type, none at all, or a wrong limit: one sentence each."""
    async with opened("binance", "BTC/USDT") as venue:
        with pytest.raises(UsageError, match="RestBook cannot be listened to; what can is BookTop"):
            venue.exchange.subscribe(RestBook)
        with pytest.raises(UsageError, match="name at least one type"):
            venue.exchange.subscribe()
        with pytest.raises(UsageError, match="limit must be from 1 to 65536"):
            venue.exchange.subscribe(Trade, limit=0)


async def test_listeners_are_bounded(autojump_clock: MockClock) -> None:
    """One handle has so many listeners; closing one makes room."""
    async with opened("binance", "BTC/USDT") as venue:
        listeners = [venue.exchange.subscribe(BookTop) for _ in range(MAX_LISTENERS)]

        async def further(top: BookTop) -> None:
            await trio.lowlevel.checkpoint()

        with pytest.raises(UsageError, match=f"at most {MAX_LISTENERS} iterators and callbacks"):
            venue.exchange.on_message(further, BookTop)
        listeners[0].close()
        venue.exchange.subscribe(BookTop)


async def test_a_listener_stream_that_breaks_touches_no_book(autojump_clock: MockClock) -> None:
    """Streams of listeners have connections of their own: theirs ends, books live on."""
    async with opened("binance", "BTC/USDT") as venue:
        trades = venue.exchange.subscribe(Trade)
        await until(lambda: len(subscribed(venue.world)) == 3)
        venue.runtime.kill("exchange/binance/connections/trade-0", RuntimeError("planted"))
        assert venue.exchange.get_orderbook("BTC/USDT").epoch == 1
        last = (await anext(trades)).epoch
        with trio.fail_after(30):
            while last == 1:
                last = (await anext(trades)).epoch
        assert last == 2
        assert venue.exchange.get_orderbook("BTC/USDT").epoch == 1


async def test_a_quiet_market_is_no_broken_stream(autojump_clock: MockClock) -> None:
    """Trades promise no data: a market may rest for minutes while its stream stands."""
    async with opened("binance", "BTC/USDT") as venue:
        venue.exchange.subscribe(Trade, Kline, Ticker24h)
        await until(lambda: len(subscribed(venue.world)) == 5)
        venue.world.halt("binance", "BTCUSDT")
        await trio.sleep(150)
        assert all(health.reconnects == 0 for health in venue.exchange.get_websocket_health())


# -- callbacks --------------------------------------------------------------------------------


async def test_callbacks_are_called_with_each_message(autojump_clock: MockClock) -> None:
    """An async function takes every trade in order, until it is cancelled."""
    async with opened("binance", "BTC/USDT") as venue:
        ids = []

        async def keep(trade: Trade) -> None:
            await trio.lowlevel.checkpoint()
            ids.append(int(trade.trade_id))

        registration = venue.exchange.on_message(keep, Trade)
        await trio.sleep(20)
        assert len(ids) > 10
        assert ids == list(range(ids[0], ids[0] + len(ids)))
        assert (registration.state, registration.failed, registration.lost) == ("running", 0, 0)
        registration.cancel()
        registration.cancel()
        count = len(ids)
        assert registration.handled == count
        await trio.sleep(20)
        assert len(ids) == count
        assert registration.state == "stopped"
        assert venue.state("callbacks/1") == ""


async def test_a_slow_callback_never_touches_the_feed(autojump_clock: MockClock) -> None:
    """It loses its oldest messages, counted; books and other listeners lose nothing."""
    async with opened("binance", "BTC/USDT") as venue:
        taken = []

        async def slow(top: BookTop) -> None:
            taken.append(top.sequence)
            await trio.sleep(10)

        quick = venue.exchange.subscribe(BookTop, limit=65_536)
        registration = venue.exchange.on_message(slow, BookTop, limit=5)
        book, sequence = venue.exchange.get_orderbook("BTC/USDT"), 0
        for _ in range(60):
            await trio.sleep(1)
            assert book.ages.proof_age_ms < 1000
            assert book.sequence > sequence
            sequence = book.sequence
        assert len(taken) in (6, 7)
        assert registration.waiting == 5
        assert registration.lost > 500
        assert registration.failed == 0
        assert quick.lost == 0
        assert quick.accepted == registration.lost + registration.handled + 1 + 5
        rows = venue.runtime.rows()
        assert all(row.mailbox.conserved for row in rows if row.mailbox is not None)
        assert all(row.restarts == 0 for row in rows)


async def test_a_raising_callback_is_restarted_then_quarantined(autojump_clock: MockClock) -> None:
    """Five crashes are forgiven, the next one leaves it down; everything else goes on."""
    async with opened("binance", "BTC/USDT") as venue:
        calls, others = [], []

        async def bad(trade: Trade) -> None:
            await trio.lowlevel.checkpoint()
            calls.append(trade)
            raise ValueError("no")

        async def good(trade: Trade) -> None:
            await trio.lowlevel.checkpoint()
            others.append(trade)

        broken = venue.exchange.on_message(bad, Trade, limit=10)
        sound = venue.exchange.on_message(good, Trade)
        await until(lambda: broken.state == "backoff")
        await until(lambda: broken.state == "quarantined")
        assert len(calls) == broken.failed == 6
        assert broken.handled == 0
        assert venue.exchange.get_orderbook("BTC/USDT").epoch == 1
        await trio.sleep(30)
        assert len(calls) == 6
        assert (broken.waiting, sound.failed, sound.state) == (10, 0, "running")
        assert broken.lost > 0
        assert len(others) == sound.handled > 20
        rows = {row.path: row for row in venue.runtime.rows()}
        assert "ValueError: no" in rows["exchange/callbacks/1"].last_failure
        assert all(
            row.restarts == 0 for path, row in rows.items() if not path.endswith("callbacks/1")
        )
        broken.cancel()


async def test_many_bad_callbacks_leave_the_good_one(autojump_clock: MockClock) -> None:
    """Functions of a user are not one fault: ten bad ones do not stop the eleventh."""
    async with opened("binance", "BTC/USDT") as venue:

        async def bad(top: BookTop) -> None:
            await trio.lowlevel.checkpoint()
            raise RuntimeError(str(top.sequence))

        async def good(top: BookTop) -> None:
            await trio.lowlevel.checkpoint()

        broken = [venue.exchange.on_message(bad, BookTop) for _ in range(10)]
        sound = venue.exchange.on_message(good, BookTop)
        await until(lambda: all(each.state == "quarantined" for each in broken))
        count = sound.handled
        await trio.sleep(5)
        assert sound.handled > count
        assert sound.state == "running"


async def test_a_function_that_is_not_async_is_named(autojump_clock: MockClock) -> None:
    """It is called once, refused in words, and not tried again."""
    async with opened("binance", "BTC/USDT") as venue:
        calls: list[object] = []
        # The mistake is what the test is about.
        registration = venue.exchange.on_message(calls.append, BookTop)  # type: ignore[arg-type]
        await until(lambda: registration.state == "quarantined")
        assert len(calls) == 1
        row = next(row for row in venue.runtime.rows() if row.path == "exchange/callbacks/1")
        assert "is no async function" in row.last_failure


async def test_connections_and_restarts_are_told(autojump_clock: MockClock) -> None:
    """A cut is told as a restart with its reason and as a new connection with its epoch."""
    async with opened("binance") as venue:
        opened_, restarted = [], []

        async def connected(news: ConnectionOpened) -> None:
            await trio.lowlevel.checkpoint()
            opened_.append(news)

        async def lived_again(news: ActorRestarted) -> None:
            await trio.lowlevel.checkpoint()
            restarted.append(news)

        venue.exchange.on_connected(connected)
        venue.exchange.on_restart(lived_again)
        await venue.exchange.start_symbol("BTC/USDT")
        path = "exchange/binance/connections/0"
        assert [(each.connection, each.epoch, each.symbols) for each in opened_] == [
            (path, 1, ("BTC/USDT",))
        ]
        assert restarted == []
        venue.world.cut("binance")
        await until(lambda: len(opened_) == 2)
        assert (opened_[1].connection, opened_[1].epoch) == (path, 2)
        assert [(each.path, each.generation) for each in restarted] == [(path, 2)]
        assert restarted[0].reason.startswith("outage: ConnectionLost")
        venue.runtime.kill("exchange/binance/books/BTC-USDT", RuntimeError("planted"))
        await until(lambda: len(restarted) == 2)
        assert restarted[1].path == "exchange/binance/books/BTC-USDT"
        assert restarted[1].reason == "crash: RuntimeError: planted"


async def test_a_restart_callback_that_raises_does_not_call_itself(
    autojump_clock: MockClock,
) -> None:
    """Restarts of a user's own functions are no news, or one would feed itself."""
    async with opened("binance", "BTC/USDT") as venue:
        calls = []

        async def bad(news: ActorRestarted) -> None:
            await trio.lowlevel.checkpoint()
            calls.append(news)
            raise RuntimeError("no")

        venue.exchange.on_restart(bad)
        venue.world.cut("binance")
        await trio.sleep(60)
        assert len(calls) == 1


async def test_darkness_is_told_too(autojump_clock: MockClock) -> None:
    """An iterator over tops and darkness sees the book go and come back."""
    async with opened("binance", "BTC/USDT") as venue:
        news = venue.exchange.subscribe(BookTop, BookDark, limit=5000)
        venue.world.cut("binance")
        await until(lambda: venue.exchange.get_websocket_health()[0].epoch == 2)
        await trio.sleep(5)
        news.close()
        told = [message async for message in news]
        dark = [at for at, each in enumerate(told) if isinstance(each, BookDark)]
        assert dark
        assert isinstance(told[-1], BookTop)
        assert told[-1].epoch == 2


async def test_a_callback_that_ignores_its_end_is_bounded(autojump_clock: MockClock) -> None:
    """Clean-up of a callback has the stop grace; then the handle is closed all the same."""
    began_s = trio.current_time()
    async with opened("binance", "BTC/USDT") as venue:

        async def stubborn(top: BookTop) -> None:
            try:
                await trio.sleep_forever()
            finally:
                with trio.CancelScope(shield=True, deadline=trio.current_time() + 3):
                    await trio.sleep_forever()

        venue.exchange.on_message(stubborn, BookTop)
        await trio.sleep(1)
    assert trio.current_time() - began_s < 10
