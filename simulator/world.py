"""The embedded venues together: one market, one ticker, one place to dial, listen and break.

Time is trio's: under a mock clock the whole world is virtual.  The wall clock that venues show
is an argument; without one it starts at a fixed date and runs with trio's clock.
"""

from __future__ import annotations

import errno
import math
import os
from collections.abc import Callable, Sequence

import trio
from msgspec import Struct

from messages.errors import DialFailed, EnvironmentFault, UsageError
from simulator.instruments import DEFAULT_ASSETS, Asset
from simulator.limits import WeightPool
from simulator.listing import AllSymbols, LiveListing
from simulator.market import MARKET_STEP_MS, Market, MarketRates
from simulator.pipes import pipe
from simulator.rest import RestFault
from simulator.server import serve_http_or_websocket
from simulator.topics import Mangler
from simulator.venue import Venue, VenueSpec
from simulator.venues import DEFAULT_VENUES, VENUES

TICK_MS = 10
"""The ticker's grain: the books of the world are spread over these slots."""
TICKS_BEHIND = 100
"""Further behind its clock the world skips ahead instead of catching up: one second."""
DIAL_TIMEOUT_S = 120.0
"""After so long a system gives up a dial that nobody answers; who dials does so long before."""
START_MS = 1_767_225_600_000
"""Where the virtual wall clock starts: 2026-01-01T00:00:00Z."""


class Address(Struct, frozen=True):
    """Where a venue listens: bases of REST and stream addresses."""

    venue: str
    rest: str
    stream: str


class World:
    """All venues of one seed.

    Args:
        seed: everything the venues say follows from it, the clock and the clients.
        venues: which of `VENUES`, in the market's order.
        assets: what each of them lists.
        rates: how lively the market is.
        levels: levels a side a book holds, about.
        step_ms: time between two changes of a book; a multiple of `TICK_MS`.
        now_ms: the wall clock; virtual without one.
        recorded: speak the form of older recordings (see the Binance payloads).
    """

    def __init__(
        self,
        seed: int = 1,
        *,
        venues: Sequence[str] = DEFAULT_VENUES,
        assets: tuple[Asset, ...] = DEFAULT_ASSETS,
        rates: MarketRates | None = None,
        levels: int = 250,
        step_ms: int = 50,
        now_ms: Callable[[], int] | None = None,
        recorded: bool = False,
    ) -> None:
        if step_ms < TICK_MS or step_ms % TICK_MS:
            raise UsageError(f"the step must be a multiple of {TICK_MS} ms, not {step_ms} ms")
        if not 10 <= levels <= 5000:
            raise UsageError(f"a book holds 10 to 5000 levels a side, not {levels}")
        for name in venues:
            if name not in VENUES:
                raise UsageError(f"the simulator has no venue {name!r}: {', '.join(VENUES)}")
        self.seed = seed
        self.ticks = 0
        self.ticks_skipped = 0
        self.now_ms = now_ms if now_ms is not None else self._virtual_ms
        self._started_s: float | None = None
        self._paused_until_s = 0.0
        self._nursery: trio.Nursery | None = None
        self.market = Market(
            seed, {asset.name: asset.price for asset in assets}, venues, rates or MarketRates()
        )
        pools: dict[str, WeightPool] = {}
        self.venues = {
            name: Venue(
                VENUES[name],
                seed=seed,
                assets=assets,
                market=self.market,
                index=index,
                pool=_pool(VENUES[name], pools),
                now_ms=self.now_ms,
                levels=levels,
                recorded=recorded,
            )
            for index, name in enumerate(venues)
        }
        slots = step_ms // TICK_MS
        books: list[LiveListing | AllSymbols] = [
            live for venue in self.venues.values() for live in venue.listings.values()
        ]
        self._slots = [books[slot::slots] for slot in range(slots)]
        self._slots[0].extend(venue.all_symbols for venue in self.venues.values())
        market_ticks = MARKET_STEP_MS // TICK_MS
        self._busy = tuple(
            bool(self._slots[tick % slots]) or tick % market_ticks == 0
            for tick in range(math.lcm(slots, market_ticks))
        )
        self._hosts: dict[str, list[Venue]] = {}
        for venue in self.venues.values():
            for host in (*venue.spec.hosts, venue.name):
                self._hosts.setdefault(host, []).append(venue)

    def _virtual_ms(self) -> int:
        if self._started_s is None:
            return START_MS
        return START_MS + round((trio.current_time() - self._started_s) * 1000)

    # -- running --------------------------------------------------------------------------------

    async def run(self, task_status: trio.TaskStatus[World] = trio.TASK_STATUS_IGNORED) -> None:
        """Let the world live until it is cancelled; ready at once."""
        async with trio.open_nursery() as nursery:
            self._nursery = nursery
            self._started_s = trio.current_time()
            task_status.started(self)
            try:
                await self._tick()
            finally:
                self._nursery = None

    async def _tick(self) -> None:
        assert self._started_s is not None
        while True:
            while not self._busy[(self.ticks + 1) % len(self._busy)]:
                self.ticks += 1
            due_s = self._started_s + self.ticks_done * TICK_MS / 1000
            await trio.sleep_until(max(due_s, self._paused_until_s))
            behind = int((trio.current_time() - due_s) * 1000) // TICK_MS
            if behind > TICKS_BEHIND:
                self.ticks_skipped += behind
            self.step()

    @property
    def ticks_done(self) -> int:
        """Ticks lived or skipped, and the one that is due."""
        return self.ticks + self.ticks_skipped + 1

    def step(self) -> None:
        """Live one tick of `TICK_MS`: move prices, then the books whose turn it is."""
        self.ticks += 1
        if self.ticks * TICK_MS % MARKET_STEP_MS == 0:
            self.market.step()
        now_ms = self.now_ms()
        for live in self._slots[self.ticks % len(self._slots)]:
            live.step(now_ms)

    # -- being reached --------------------------------------------------------------------------

    async def dial(self, host: str, port: int = 443, tls: bool = False) -> trio.abc.Stream:
        """Connect to a venue in memory: fits wherever a dialer of sockets is asked for.

        Args:
            host: one of the venues' host names, a venue's name, or a URL with one of them.
            port: any; venues answer on every port.
            tls: any; nothing is encrypted in memory.

        Raises:
            DialFailed: the name is unknown, or the venue refuses connections at the moment.
            UsageError: the world does not run.
        """
        await trio.lowlevel.checkpoint()
        if self._nursery is None:
            raise UsageError("the simulated world is not running")
        name = host.split("://", 1)[-1].split("/", 1)[0].split(":", 1)[0]
        venues = self._hosts.get(name)
        if venues is None:
            raise DialFailed(f"cannot connect to {name}:{port}: no simulated venue is called so")
        await self._stand_in_the_way(venues, f"cannot connect to {name}:{port}")
        if self._refuses(venues):
            raise DialFailed(f"cannot connect to {name}:{port}: {os.strerror(errno.ECONNREFUSED)}")
        near, far = pipe()
        self._nursery.start_soon(serve_http_or_websocket, venues, far)
        return near

    async def _stand_in_the_way(self, venues: Sequence[Venue], words: str) -> None:
        """Let a dial fail as it does before a venue hears of it."""
        for venue in venues:
            if venue.troubled("dns_failure"):
                raise DialFailed(f"{words}: Temporary failure in name resolution")
            if venue.troubled("dial_timeout"):
                await trio.sleep(DIAL_TIMEOUT_S)
                raise DialFailed(f"{words}: {os.strerror(errno.ETIMEDOUT)}")
            if venue.troubled("failed_tls"):
                raise DialFailed(f"{words}: the TLS handshake failed")

    def _refuses(self, venues: Sequence[Venue]) -> bool:
        """Whether an address refuses: one venue's refusal holds for all that share the host."""
        refusing = next((one for one in venues if one.troubled("refused_dial")), None)
        if refusing is not None:
            refusing.meter.dials_refused += 1
        return refusing is not None

    async def serve(self, venue_name: str, stream: trio.abc.Stream) -> None:
        """Serve a stream somebody else accepted."""
        await serve_http_or_websocket((self._venue(venue_name),), stream)

    async def listen(
        self,
        host: str = "127.0.0.1",
        base_port: int = 0,
        task_status: trio.TaskStatus[tuple[Address, ...]] = trio.TASK_STATUS_IGNORED,
    ) -> None:
        """Serve every venue on a socket of its own, ports counting up from `base_port`.

        Args:
            host: the address to bind.
            base_port: the first port; 0 lets the system choose each.

        Raises:
            EnvironmentFault: an address cannot be bound.
        """
        listeners: list[tuple[Venue, trio.SocketListener]] = []
        for index, venue in enumerate(self.venues.values()):
            port = base_port + index if base_port else 0
            try:
                opened = await trio.open_tcp_listeners(port, host=host)
            except (OSError, OverflowError) as error:
                for _, listener in listeners:
                    listener.socket.close()
                number = error.errno if isinstance(error, OSError) else None
                reason = os.strerror(number) if number else str(error)
                raise EnvironmentFault(f"cannot listen on {host}:{port}: {reason}") from error
            venue.hosts |= {host, f"[{host}]"}
            listeners.extend((venue, listener) for listener in opened)
        addresses = []
        for venue, listener in listeners:
            bracketed = f"[{host}]" if ":" in host else host
            place = f"{bracketed}:{listener.socket.getsockname()[1]}"
            addresses.append(Address(venue.name, f"http://{place}", f"ws://{place}"))
        async with trio.open_nursery() as nursery:
            for venue, listener in listeners:
                nursery.start_soon(self._accept, venue, listener)
            task_status.started(tuple(addresses))

    async def _accept(self, venue: Venue, listener: trio.SocketListener) -> None:
        async def serve(stream: trio.SocketStream) -> None:
            if self._refuses((venue,)):
                stream.socket.close()
                return
            await serve_http_or_websocket((venue,), stream)

        await trio.serve_listeners(serve, [listener])

    # -- being broken ---------------------------------------------------------------------------

    def _venue(self, name: str) -> Venue:
        venue = self.venues.get(name)
        if venue is None:
            raise UsageError(f"this world has no venue {name!r}: {', '.join(self.venues)}")
        return venue

    def cut(self, venue: str, connection: int | None = None) -> int:
        """End one websocket connection of a venue without a word, or all; how many."""
        return self._venue(venue).cut(connection)

    def stall(self, venue: str, duration_s: float, connection: int | None = None) -> int:
        """Hold back what a venue sends on one connection, or on all, for so long; how many."""
        return self._venue(venue).stall(duration_s, connection)

    def shut_down(self, venue: str, close_after_s: float = 1.0) -> int:
        """Announce a venue's shutdown on every connection and close them later; how many."""
        return self._venue(venue).announce_shutdown(close_after_s)

    def refuse_dials(self, venue: str, duration_s: float) -> None:
        """Refuse new connections for so long, REST included; open ones stay."""
        self._venue(venue).trouble("refused_dial", duration_s)

    def pause(self, duration_s: float) -> None:
        """Let nothing happen in any market for so long: hours pass quickly in a virtual world."""
        self._paused_until_s = trio.current_time() + duration_s

    def tamper(self, venue: str, stream: str, *manglers: Mangler) -> None:
        """Drop, repeat, swap or damage the next events of a stream (see `topics`); none ends it."""
        self._venue(venue).tamper(stream, *manglers)

    def mute(self, venue: str, stream: str, muted: bool = True) -> None:
        """Silence a stream on live connections, or end the silence."""
        self._venue(venue).mute(stream, muted)

    def lose_acks(self, venue: str, count: int) -> None:
        """Neither carry out nor acknowledge the next commands."""
        self._venue(venue).acks_to_lose = count

    def lag_snapshots(self, venue: str, lag_ms: int) -> None:
        """Serve snapshots that are so old, 12 s at most; 0 ends it."""
        for live in self._venue(venue).listings.values():
            live.lag_snapshots(lag_ms)

    def halt(self, venue: str, native: str, halted: bool = True) -> None:
        """Stop a symbol's market, or let it move again."""
        self._listing(venue, native).halted = halted

    def restrict(self, venue: str, native: str, restricted: bool = True) -> None:
        """Let a symbol be listed and followed, yet not be tradeable by clients of the API."""
        self._listing(venue, native).restricted = restricted

    def delist(self, venue: str, native: str) -> None:
        """End a symbol for good: streams fall silent, REST and commands know it no more."""
        self._listing(venue, native)
        self._venue(venue).delist(native)

    def rebase(self, venue: str, stream: str) -> None:
        """Let a stream with a book in band send all of it anew with its next event."""
        self._venue(venue).rebase(stream)

    def _listing(self, venue: str, native: str) -> LiveListing:
        listings = self._venue(venue).listings
        if native not in listings:
            raise UsageError(f"{venue} does not list {native!r}")
        return listings[native]

    def fail_rest(self, venue: str, fault: RestFault) -> None:
        """Let REST answers go wrong until the fault is used up or `heal_rest`."""
        self._venue(venue).rest_faults.append(fault)

    def heal_rest(self, venue: str) -> None:
        """End every REST fault of a venue."""
        self._venue(venue).rest_faults.clear()


def _pool(spec: VenueSpec, shared: dict[str, WeightPool]) -> WeightPool:
    """The venue's budget of request weight: its own, or the one it shares by name."""
    pool = shared.get(spec.protocol.pool) or spec.protocol.weight_pool()
    if spec.protocol.pool:
        shared[spec.protocol.pool] = pool
    return pool
