"""A book that an operator suspends is dark until it has caught up (found by chaos)."""

from __future__ import annotations

import trio
from trio.testing import MockClock

from messages.books import BookDark, BookTop, DarkReason
from tests.actors.virtual import virtual_engine

PATH = "engine/venues/binance/books/BTC-USDT"


class _News:
    """Keeps what the detector was told of one book last."""

    def __init__(self) -> None:
        self.last: BookTop | BookDark | None = None
        self.first_top_age_s = 0.0

    def on_accepted(self, path: str, generation: int, message: object) -> None:
        if isinstance(message, BookTop | BookDark) and (
            (message.venue, message.symbol) == ("binance", "BTC/USDT")
        ):
            if isinstance(message, BookTop) and isinstance(self.last, BookDark):
                self.first_top_age_s = trio.current_time() - message.received_ns / 1e9
            self.last = message

    def on_state(self, path: str, state: str, generation: int) -> None:
        pass


async def test_a_suspended_book_is_dark_at_once_and_live_when_it_has_caught_up(
    autojump_clock: MockClock,
) -> None:
    """Its connection goes on proving itself; without the news its last top would look fresh."""
    news = _News()
    async with virtual_engine(observer=news) as virtual:
        await virtual.until(virtual.all_live)
        virtual.engine.runtime.suspend(PATH)
        assert isinstance(news.last, BookDark)
        assert news.last.reason is DarkReason.SUSPENDED
        await trio.sleep(20)
        assert isinstance(news.last, BookDark)
        virtual.engine.runtime.resume(PATH)
        await virtual.until(lambda: isinstance(news.last, BookTop), 2)
        assert news.first_top_age_s < 0.2  # nothing is told while older events still wait
        assert virtual.states()["binance/books/BTC-USDT"] == "LIVE"
        assert virtual.row(PATH).restarts == 0
