"""What breaks recovers, and nothing else goes dark meanwhile."""

from __future__ import annotations

import pytest
import trio
from trio.testing import MockClock

from actors.transport.reference import ReferenceConnection
from actors.transport.websocket import Batch
from exchanges.binance.codec import BinanceCodec
from messages.errors import DecodeError
from simulator.topics import drop
from tests.actors.virtual import Virtual, virtual_engine

SPOT_BTC = "binance/books/BTC-USDT"


async def _dark_meanwhile(virtual: Virtual, path: str, until_s: float) -> set[str]:
    """Which books were not live at some moment until the named one was live again."""
    dark: set[str] = set()
    with trio.fail_after(until_s):
        while True:
            states = virtual.states()
            dark |= {name for name, state in states.items() if state != "LIVE"}
            if dark and states[path] == "LIVE" and virtual.all_live():
                return dark
            await trio.sleep(0.005)


async def test_all_books_become_live_and_proven(autojump_clock: MockClock) -> None:
    """Every book goes live, its quotes equal it, nothing is lost or restarted."""
    async with virtual_engine() as virtual:
        assert await virtual.until(virtual.all_live) < 5.0
        await trio.sleep(60)
        for book in virtual.books().values():
            assert book.state == "LIVE"
            assert book.quotes_compared > 50
            assert book.quotes_equal == book.quotes_compared
            assert (book.gaps, book.resyncs, book.restarts) == (0, 0, 0)
            assert book.mailbox_lost == 0
        assert virtual.engine.outlet.published > 0
        for row in virtual.engine.runtime.rows():
            assert row.mailbox is None or row.mailbox.conserved, row.path


async def test_a_killed_connection_actor_recovers_alone(autojump_clock: MockClock) -> None:
    """Its own books go dark in the same turn; those of other venues stay live."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        runtime = virtual.engine.runtime
        assert runtime.kill("engine/venues/binance/connections/0", RuntimeError("planted"))
        states = virtual.states()
        assert states[SPOT_BTC] != "LIVE"
        dark = await _dark_meanwhile(virtual, SPOT_BTC, 30)
        assert dark == {SPOT_BTC, "binance/books/ETH-USDT"}
        assert virtual.row("engine/venues/binance/connections/0").restarts == 1
        assert virtual.row("engine/venues/binance/connections/0").crashes == 1


async def test_a_killed_book_actor_recovers_alone(autojump_clock: MockClock) -> None:
    """Only that book is dark, and its connection lives on."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        path = "engine/venues/binance/books/BTC-USDT"
        assert virtual.engine.runtime.kill(path, RuntimeError("planted"))
        dark = await _dark_meanwhile(virtual, SPOT_BTC, 30)
        assert dark == {SPOT_BTC}
        assert virtual.row(path).restarts == 1
        assert virtual.row("engine/venues/binance/connections/0").restarts == 0


async def test_a_raising_codec_takes_its_own_connection_only(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A frame that cannot be decoded ends that connection; all its books return."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        genuine = BinanceCodec.decode
        planted = [1]

        def decode(codec: BinanceCodec, payload: bytes, received_ns: int) -> object:
            if planted and b"dapi" not in payload and b"BTCUSD_PERP" in payload:
                planted.pop()
                raise DecodeError("planted")
            return genuine(codec, payload, received_ns)

        monkeypatch.setattr(BinanceCodec, "decode", decode)
        coinm = "binance_coinm/books/BTC-USD.BTC"
        dark = await _dark_meanwhile(virtual, coinm, 30)
        assert dark == {coinm, "binance_coinm/books/ETH-USD.ETH"}
        row = virtual.row("engine/venues/binance_coinm/connections/0")
        assert (row.restarts, row.crashes) == (1, 1)
        assert "planted" in row.last_failure


async def test_a_cut_socket_is_an_outage_and_spends_no_budget(autojump_clock: MockClock) -> None:
    """Every cut is answered by a new epoch; no crash is counted however many there are."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        connection = "engine/venues/binance_usdm/connections/0"
        for cut in range(1, 11):
            assert virtual.world.cut("binance_usdm") == 1
            await virtual.until(lambda: not virtual.all_live(), 5)
            dark = {name for name, state in virtual.states().items() if state != "LIVE"}
            assert all(name.startswith("binance_usdm/") for name in dark)
            await virtual.until(virtual.all_live, 120)
            assert virtual.row(connection).restarts == cut
        assert virtual.row(connection).crashes == 0
        assert virtual.engine.runtime.events.counts.get("crash", 0) == 0


async def test_six_hours_without_any_venue_spend_nothing(autojump_clock: MockClock) -> None:
    """The tree stays alive, budgets unspent, and every book is live again afterwards."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        for venue in virtual.world.venues:
            virtual.world.refuse_dials(venue, 6 * 3600)
            virtual.world.cut(venue)
        virtual.world.pause(6 * 3600)
        await trio.sleep(6 * 3600)
        states = {row.state for row in virtual.engine.runtime.rows()}
        assert states <= {"running", "starting", "backoff"}
        await virtual.until(virtual.all_live, 200)
        rows = virtual.engine.runtime.rows()
        assert {row.state for row in rows} == {"running"}
        assert all(row.crashes == 0 for row in rows)
        for venue in virtual.world.venues:
            # At most 60 s of backoff, half of it jitter: an attempt every 30 to 60 s.
            assert 350 < virtual.row(f"engine/venues/{venue}/connections/0").restarts < 800


async def test_a_gap_darkens_one_book_and_resyncs_it(autojump_clock: MockClock) -> None:
    """A dropped event is noticed at the next one; that book alone asks for a snapshot."""
    # It is news that a book is whole again, not that all are after a reconnect: they may be many.
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        resyncs: list[str] = []
        virtual.engine.runtime.subscribe(
            lambda event: resyncs.append(event.path) if event.kind == "resync" else None
        )
        virtual.world.tamper("binance_usdm", "btcusdt@depth@100ms", drop)
        path = "binance_usdm/books/BTC-USDT.USDT"
        await virtual.until(lambda: virtual.books()[path].gaps == 1, 5)
        assert {n for n, s in virtual.states().items() if s != "LIVE"} <= {path}
        await virtual.until(virtual.all_live, 10)
        book = virtual.books()[path]
        assert (book.gaps, book.resyncs) == (1, 1)
        assert virtual.row("engine/venues/binance_usdm/connections/0").restarts == 0
        assert book.quotes_compared == book.quotes_equal
        virtual.world.cut("binance_usdm")
        await virtual.until(lambda: virtual.books()[path].resyncs == 2, 10)
        assert resyncs == [f"engine/venues/{path}"]


async def test_a_book_that_keeps_crashing_is_quarantined_alone(autojump_clock: MockClock) -> None:
    """Its budget spent, it stays dark; every other book of the engine is live and unrestarted."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        path = "engine/venues/binance/books/BTC-USDT"
        for _ in range(6):
            await virtual.until(lambda: virtual.row(path).state == "running")
            virtual.engine.runtime.kill(path, RuntimeError("planted"))
        await trio.sleep(5)
        assert virtual.states()[SPOT_BTC] == "QUARANTINED"
        others = {name: book for name, book in virtual.books().items() if name != SPOT_BTC}
        assert {book.state for book in others.values()} == {"LIVE"}
        assert {book.restarts for book in others.values()} == {0}
        await virtual.engine.runtime.restart(path).wait()
        await virtual.until(virtual.all_live)


async def test_a_frame_read_in_the_moment_of_the_end_hurts_nobody(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A batch that was read already when its life ends is dropped, and no book hears of it."""
    async with virtual_engine() as virtual:
        await virtual.until(virtual.all_live)
        path = "engine/venues/binance/connections/0"
        genuine, armed = ReferenceConnection.receive_batch, [1]

        async def receive_batch(connection: ReferenceConnection) -> Batch:
            batch = await genuine(connection)
            if armed and b"btcusdt@depth" in batch.payloads[0] and b'"pu"' not in batch.payloads[0]:
                armed.clear()
                for end in ("engine/venues/binance/books/BTC-USDT", path):
                    assert virtual.engine.runtime.kill(end, RuntimeError("planted"))
            return batch

        monkeypatch.setattr(ReferenceConnection, "receive_batch", receive_batch)
        await virtual.until(lambda: virtual.row(path).restarts == 1)
        assert virtual.row(path).last_failure == "crash: RuntimeError: planted"
        await virtual.until(virtual.all_live)
