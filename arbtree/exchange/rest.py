"""Requests that go to the venue now: fresh answers, none of which may price a trade."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from actors.venue import Venue
from messages.books import RestBook, untradeable
from messages.errors import UnknownSymbol, UsageError
from messages.instruments import SymbolInfo
from messages.market import Kline, ServerTime, Ticker24h, Trade

REST_EPOCH = 0
"""The epoch of what no connection life brought; the first life is 1."""

MAX_COUNT = 1000
"""Trades or candles of one request: what every venue answers in one go."""


class PublicRest:
    """The public requests of one venue, within its limits; each has the client's deadline.

    Args:
        venue: the shared services of the venue.
        reach: checks thread and life of the handle.
    """

    def __init__(self, venue: Venue, reach: Callable[[], None]) -> None:
        self._venue = venue
        self._reach = reach

    async def symbol_info(self, symbol: str) -> SymbolInfo:
        """Static facts of a symbol, kept for an hour.

        Fees that the venue does not name for the symbol are those of its base tier.

        Raises:
            UnknownSymbol: the venue does not list it.
        """
        self._reach()
        info = (await self._venue.directory.load()).get(symbol)
        if info is None:
            raise UnknownSymbol(f"{symbol} is not listed", venue=self._venue.name)
        return self._venue.dialect.with_base_fees(info)

    async def get_symbols(self) -> dict[str, SymbolInfo]:
        """Static facts of everything the venue lists, kept for an hour."""
        self._reach()
        listed, with_fees = await self._venue.directory.load(), self._venue.dialect.with_base_fees
        return {symbol: with_fees(info) for symbol, info in listed.items()}

    async def get_order_book(self, symbol: str, levels: int = 100) -> RestBook:
        """Ask for a book of so many levels a side, as far as the venue has and answers them.

        Returns:
            A book to look at: its type keeps it out of everything that prices.
        """
        info, venue = await self.symbol_info(symbol), self._venue
        if levels < 1:
            raise UsageError(f"levels must be at least 1, not {levels}")
        answer = await venue.rest.request(venue.dialect.snapshot_request(info, levels))
        found = venue.dialect.decode_snapshot(answer.body, info, REST_EPOCH, answer.received_ns)
        return untradeable(found, levels)

    async def get_tickers_24h(self, quotes: Iterable[str] = ()) -> dict[str, Ticker24h]:
        """Ask for 24 h statistics, of symbols with these quote assets; of all when empty."""
        self._reach()
        venue, wanted = self._venue, frozenset(quotes)
        listed = await venue.directory.load()
        infos = [info for info in listed.values() if not wanted or info.quote in wanted]
        answer = await venue.rest.request(venue.dialect.tickers_request())
        found = venue.dialect.decode_tickers(answer.body, infos, answer.received_ns)
        return {ticker.symbol: ticker for ticker in found}

    async def get_trades(self, symbol: str, count: int = 100) -> tuple[Trade, ...]:
        """Ask for the latest public trades, oldest first."""
        _check_count(count)
        info, venue = await self.symbol_info(symbol), self._venue
        answer = await venue.rest.request(venue.dialect.trades_request(info, count))
        return venue.dialect.decode_trades(answer.body, info, answer.received_ns)

    async def get_klines(
        self, symbol: str, interval: str = "1m", count: int = 100
    ) -> tuple[Kline, ...]:
        """Ask for the latest candles, oldest first; the last one still runs."""
        _check_count(count)
        info, venue = await self.symbol_info(symbol), self._venue
        answer = await venue.rest.request(venue.dialect.klines_request(info, interval, count))
        return venue.dialect.decode_klines(answer.body, info, interval, answer.received_ns)

    async def get_server_time(self) -> ServerTime:
        """Ask for the venue's clock."""
        self._reach()
        venue = self._venue
        answer = await venue.rest.request(venue.dialect.server_time_request())
        return venue.dialect.decode_server_time(answer.body, answer.received_ns)


def _check_count(count: int) -> None:
    if not 1 <= count <= MAX_COUNT:
        raise UsageError(f"a count is from 1 to {MAX_COUNT}, not {count}")
