"""What a handle runs: the books of its symbols, and the connections they and its listeners need.

Listeners wish for streams; what is wished for and what connections carry are brought together
after every change, by adding and removing children of the running tree.  Nothing here awaits but
the end of what was stopped, so no two changes ever interleave.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence

import trio
from msgspec import Struct

from actors.feed import DropSymbol
from actors.outlet import Outlet
from actors.runtime.requests import Request
from actors.venue import Venue
from config.settings import Settings
from config.venues import MAX_SYMBOLS_PER_VENUE
from messages.errors import SymbolNotTrading, UnknownSymbol, UsageError
from messages.health import ConnectionHealth
from messages.market import StreamKind
from supervisors.runtime import Runtime
from supervisors.tree import book_child, connection_child, exchange_place, shares

MAX_CONNECTIONS = 128
"""Of one handle: 1,000 symbols need 67 on the venue with the smallest limit."""


class Stream(Struct, frozen=True):
    """A kind of stream that only listeners want; `option` is the interval of candles."""

    kind: StreamKind
    option: str = ""

    @property
    def name(self) -> str:
        """What its connections are called, a number behind."""
        return "-".join(part for part in (self.kind.value, self.option) if part)


class Wish(Struct, frozen=True):
    """What one listener wants: streams of some symbols, or of all when it names none."""

    streams: tuple[Stream, ...]
    symbols: frozenset[str] = frozenset()


class _Connection:
    """One connection of the handle and what it still carries; `stream` None feeds books."""

    __slots__ = ("stream", "symbols")

    def __init__(self, stream: Stream | None, symbols: tuple[str, ...]) -> None:
        self.stream = stream
        self.symbols = list(symbols)


class Following:
    """The symbols of one handle.

    Args:
        settings: of this one venue.
        venue: its shared services.
        outlet: takes what connections bring that is not for a book.
        runtime: the handle's tree.
    """

    def __init__(self, settings: Settings, venue: Venue, outlet: Outlet, runtime: Runtime) -> None:
        self._settings = settings
        self._venue = venue
        self._outlet = outlet
        self._runtime = runtime
        self._place = exchange_place(venue.name)
        self._symbols: dict[str, None] = {}
        self._connections: dict[str, _Connection] = {}
        self._closing: dict[str, Request] = {}
        self._wishes: Counter[Wish] = Counter()
        self._changing = trio.Lock()

    @property
    def symbols(self) -> tuple[str, ...]:
        """What is followed now."""
        return tuple(self._symbols)

    def why_down(self, symbol: str) -> str:
        """Why the book of a symbol does not run; empty while it does."""
        for path in (self._place.venue, self._place.book(symbol)):
            record = self._runtime.registry.record(path)
            if record.state in ("quarantined", "backoff"):
                return f"{record.state} after {record.last_failure or 'no reason'}"
        return ""

    def health(self) -> tuple[ConnectionHealth, ...]:
        """How each connection is."""
        now_ns, found = self._venue.clock.now_ns(), []
        for name in self._connections:
            feed = self._venue.feeds[f"{self._place.connections}/{name}"]
            age_ms = feed.proof_age_ms(now_ns)
            found.append(
                ConnectionHealth(
                    venue=self._venue.name,
                    connection=feed.path,
                    symbols=feed.symbols,
                    state=feed.state,
                    epoch=feed.epoch,
                    last_frame_age_ms=None if age_ms == float("inf") else round(age_ms, 3),
                    ping_round_trip_ms=feed.ping_round_trip_ms,
                    frames=feed.frames,
                    reconnects=feed.reconnects,
                    asked=feed.asked,
                    confirmed=feed.confirmed,
                    refused=feed.refused,
                    quiet=feed.quiet,
                )
            )
        return tuple(found)

    # -- symbols --------------------------------------------------------------------------------

    async def follow(self, symbols: Iterable[str]) -> tuple[str, ...]:
        """Start books and connections of symbols that are not followed yet; return all named.

        Raises:
            UnknownSymbol: one is not listed; nothing was started.
            SymbolNotTrading: one cannot be traded; nothing was started.
            UsageError: too many for one handle; nothing was started.
        """
        named = (symbols,) if isinstance(symbols, str) else tuple(dict.fromkeys(symbols))
        listed = await self._venue.directory.load()
        async with self._changing:
            new = tuple(symbol for symbol in named if symbol not in self._symbols)
            for symbol in new:
                info = listed.get(symbol)
                if info is None:
                    raise UnknownSymbol(f"{symbol} is not listed", venue=self._venue.name)
                if not info.tradeable:
                    raise SymbolNotTrading(
                        f"{symbol} is listed as {info.status}", venue=self._venue.name
                    )
            self._must_fit(new)
            for symbol in new:
                child = book_child(self._settings, self._venue, self._place, symbol)
                self._runtime.start_child(self._place.books, child)
                self._symbols[symbol] = None
            for part in shares(self._venue, new):
                self._open(None, part)
            self._arrange()
        return named

    async def unfollow(self, symbol: str) -> None:
        """End the book of a symbol and give up its streams; return when that is done.

        Raises:
            UsageError: it is not followed.
        """
        async with self._changing:
            if symbol not in self._symbols:
                raise UsageError(f"{symbol} is not followed at {self._venue.name}")
            del self._symbols[symbol]
            book = self._runtime.terminate_child(self._place.book(symbol))
            for name, connection in tuple(self._connections.items()):
                if symbol in connection.symbols:
                    self._drop(name, connection, symbol)
            await book.wait()

    def _must_fit(self, new: Sequence[str]) -> None:
        if len(self._symbols) + len(new) > MAX_SYMBOLS_PER_VENUE:
            raise UsageError(f"a handle follows at most {MAX_SYMBOLS_PER_VENUE} symbols")
        streams = {stream for wish in self._wishes for stream in wish.streams}
        self._must_have_room(
            len(shares(self._venue, new)) + len(streams) * len(shares(self._venue, new, 1))
        )

    def _must_have_room(self, further: int) -> None:
        if len(self._connections) + further > MAX_CONNECTIONS:
            raise UsageError(
                f"a handle has at most {MAX_CONNECTIONS} connections:"
                " name symbols together to init(), they share them"
            )

    # -- streams of listeners -------------------------------------------------------------------

    def want(self, wish: Wish) -> None:
        """Open what a listener needs and no connection carries yet.

        Raises:
            UsageError: the venue has no such stream, or it takes too many connections.
        """
        for stream in wish.streams:
            wanted = [symbol for symbol in self._symbols if symbol in (wish.symbols or (symbol,))]
            for symbol in wanted[:1]:
                info = self._venue.directory.known(symbol)
                if info is not None:
                    self._venue.dialect.stream(stream.kind, info, stream.option)
            self._must_have_room(len(shares(self._venue, wanted, 1)))
        self._wishes[wish] += 1
        self._arrange()

    def give_up(self, wish: Wish) -> None:
        """A listener is gone: close what nobody else needs."""
        self._wishes[wish] -= 1
        if self._wishes[wish] <= 0:
            del self._wishes[wish]
        self._arrange()

    def _arrange(self) -> None:
        """Bring what connections carry for listeners together with what is wished for."""
        needed: dict[Stream, dict[str, None]] = {}
        for wish in self._wishes:
            for stream in wish.streams:
                for symbol in self._symbols:
                    if not wish.symbols or symbol in wish.symbols:
                        needed.setdefault(stream, {})[symbol] = None
        for name, connection in tuple(self._connections.items()):
            if connection.stream is not None:
                still = needed.get(connection.stream, {})
                for symbol in tuple(connection.symbols):
                    if symbol in still:
                        del still[symbol]
                    else:
                        self._drop(name, connection, symbol)
        for stream, missing in needed.items():
            for part in shares(self._venue, tuple(missing), 1):
                self._open(stream, part)

    # -- connections ----------------------------------------------------------------------------

    def _open(self, stream: Stream | None, symbols: tuple[str, ...]) -> None:
        name = self._free_name(f"{stream.name}-" if stream is not None else "")
        child = connection_child(
            self._settings.supervision,
            self._venue,
            self._place,
            name,
            symbols,
            outlet=self._outlet,
            kind=stream.kind if stream is not None else None,
            option=stream.option if stream is not None else "",
        )
        self._runtime.start_child(self._place.connections, child)
        self._connections[name] = _Connection(stream, symbols)

    def _drop(self, name: str, connection: _Connection, symbol: str) -> None:
        connection.symbols.remove(symbol)
        path = f"{self._place.connections}/{name}"
        if connection.symbols:
            self._runtime.lookup(path).tell_control(DropSymbol(symbol))
        else:
            del self._connections[name]
            self._venue.feeds.pop(path, None)  # what is given up has no health to show
            self._closing[name] = self._runtime.terminate_child(path)

    def _free_name(self, kind: str) -> str:
        """The smallest number that no connection of this kind has or still gives back."""
        for name in [name for name, request in self._closing.items() if request.done]:
            del self._closing[name]
        number = 0
        while f"{kind}{number}" in self._connections or f"{kind}{number}" in self._closing:
            number += 1
        return f"{kind}{number}"
