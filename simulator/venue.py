"""One embedded venue: what it lists, who is connected, what it allows and how it misbehaves."""

from __future__ import annotations

from collections.abc import Callable

import trio
from msgspec import Struct

from messages.errors import UsageError
from simulator.instruments import Asset
from simulator.limits import Meter, WeightPool
from simulator.listing import AllSymbols, LiveListing
from simulator.market import Market
from simulator.protocol import Connection, VenueProtocol
from simulator.rest import RestFault
from simulator.topics import EVERY_SYMBOL, Kind, Mangler, StreamName, Topic


class VenueSpec(Struct, frozen=True):
    """A venue's place in the world: its protocol and the host names it answers to."""

    name: str
    protocol: VenueProtocol
    rest_hosts: tuple[str, ...]
    stream_hosts: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name of the venue, once."""
        return tuple(dict.fromkeys(self.rest_hosts + self.stream_hosts))


class Venue:
    """One venue alive.

    Args:
        spec: which one, with the protocol it speaks.
        assets: what it lists.
        market: where prices come from; `index` is the venue's place in it.
        pool: the weight pool of its address, shared by venues whose protocol says so.
        now_ms: the venue's wall clock.
        recorded: speak the form of the older recordings (see the Binance payloads).
    """

    def __init__(
        self,
        spec: VenueSpec,
        *,
        seed: int,
        assets: tuple[Asset, ...],
        market: Market,
        index: int,
        pool: WeightPool,
        now_ms: Callable[[], int],
        levels: int,
        recorded: bool,
    ) -> None:
        self.spec = spec
        self.name = spec.name
        self.protocol = spec.protocol
        self.rules = spec.protocol.rules
        self.meter = Meter()
        self.pool = pool
        self._world_ms = now_ms
        self.skew_ms = 0
        self._skewed_until_s = 0.0
        self.hosts = {*spec.hosts, spec.name}
        self.troubles: dict[str, float] = {}
        self.commands_to_refuse = 0
        self.rest_faults: list[RestFault] = []
        self.budgets: dict[str, WeightPool] = {}
        self.acks_to_lose = 0
        self.listings: dict[str, LiveListing] = {}
        self.connections: dict[int, Connection] = {}
        self._topics: dict[str, Topic] = {}
        self.all_symbols = AllSymbols(self.listings)
        engine = self.protocol.engines()
        for asset in assets:
            listed = self.protocol.list_asset(asset)
            asset_market = market.assets[asset.name]
            self.listings[listed.native] = LiveListing(
                seed=f"{seed}/{spec.name}/{listed.native}",
                listing=listed,
                asset=asset,
                market=asset_market,
                mid=asset_market.mids[index],
                levels=levels,
                engine=engine(),
                now_ms=now_ms(),
                writer=self.protocol.writer(listed, recorded),
                snapshot_lag_ms=self.protocol.snapshot_lag_ms,
            )

    def budget(self, endpoint: str, limit: int, window_ms: int, bans: bool) -> WeightPool:
        """The budget of one endpoint, where the venue counts each alone; callers pass known ones.

        Args:
            endpoint: its key in `budgets`.
            limit, window_ms, bans: see `WeightPool`, for its first use.
        """
        pool = self.budgets.get(endpoint)
        if pool is None:
            pool = self.budgets[endpoint] = WeightPool(limit, window_ms, bans)
        return pool

    # -- subscriptions --------------------------------------------------------------------------

    def stream(self, text: str) -> StreamName | None:
        """Read a stream's name; None when the venue has no such stream or no such symbol."""
        name = self.protocol.parse_stream(text)
        return name if name is not None and self._source(name) is not None else None

    def _source(self, name: StreamName) -> LiveListing | AllSymbols | None:
        return self.all_symbols if name.symbol == EVERY_SYMBOL else self.find(name.symbol)

    def find(self, native: str) -> LiveListing | None:
        """The listing of a native name; None when there is none, or none any more."""
        live = self.listings.get(native)
        return None if live is None or live.delisted else live

    def listed(self) -> list[LiveListing]:
        """Everything that is listed at this moment."""
        return [live for live in self.listings.values() if not live.delisted]

    def subscribe(self, connection: Connection, text: str) -> None:
        """Add a stream to a connection; what the connection does not carry stays silent."""
        if text in connection.streams:
            return
        name = self.stream(text)
        if name is None or name.kind not in connection.kinds:
            connection.streams[text] = None
            return
        topic = self._topics.get(text) or self._new_topic(name)
        source = self._source(name)
        if not topic.heard and source is not None:
            source.follow(topic, name, self._world_ms())
        topic.add(connection)
        connection.streams[text] = topic

    def unsubscribe(self, connection: Connection, text: str) -> None:
        """Take a stream from a connection; one it does not have is no error."""
        topic = connection.streams.pop(text, None)
        if topic is None:
            return
        topic.remove(connection)
        if topic.heard:
            return
        source = self._source(topic.name)
        if source is not None:
            source.unfollow(topic)
        if not topic.tampering and not topic.muted:
            del self._topics[text]

    def _new_topic(self, name: StreamName) -> Topic:
        topic = self._topics[name.text] = Topic(name, self.protocol.frame)
        return topic

    def delist(self, native: str) -> None:
        """End a symbol's market for good: its streams fall silent, nothing knows it any more."""
        live = self.listings[native]
        live.delisted = live.halted = True
        for text, topic in list(self._topics.items()):
            if topic.name.symbol == native:
                live.unfollow(topic)
                del self._topics[text]
                for connection in self.connections.values():
                    if text in connection.streams:
                        connection.streams[text] = None

    def now_ms(self) -> int:
        """The venue's wall clock, as REST and commands show it."""
        if self.skew_ms and trio.current_time() >= self._skewed_until_s:
            self.skew_ms = 0
        return self._world_ms() + self.skew_ms

    def skew(self, skew_ms: int, until_s: float) -> None:
        """Let the clock go wrong by so much, until this moment of trio's clock."""
        self.skew_ms, self._skewed_until_s = skew_ms, until_s

    # -- faults ---------------------------------------------------------------------------------

    def trouble(self, name: str, duration_s: float) -> None:
        """Have a trouble of this name (see `breaking`) for so long from now on."""
        self.troubles[name] = trio.current_time() + duration_s

    def troubled(self, name: str) -> bool:
        """Whether the venue has this trouble now."""
        return bool(self.troubles) and trio.current_time() < self.troubles.get(name, 0.0)

    def depth_topics(self, native: str) -> list[Topic]:
        """The streams that somebody keeps a symbol's book by."""
        kinds = (Kind.DIFF, Kind.IN_BAND)
        return [
            topic
            for topic in self._topics.values()
            if topic.name.symbol == native and topic.name.kind in kinds and topic.heard
        ]

    def cut(self, number: int | None = None) -> int:
        """End one connection without a word, or all of them; how many there were."""
        found = self._connections(number)
        for connection in found:
            connection.cut()
        return len(found)

    def stall(self, duration_s: float, number: int | None = None) -> int:
        """Hold one connection's output for so long, or that of all; how many there were."""
        found = self._connections(number)
        for connection in found:
            connection.stall(duration_s)
        return len(found)

    def announce_shutdown(self, close_after_s: float) -> int:
        """Announce a shutdown on every connection and close them later; how many."""
        found = self._connections(None)
        for connection in found:
            connection.announce_shutdown(close_after_s)
        return len(found)

    def tamper(self, stream: str, *manglers: Mangler) -> None:
        """Do these things to the next events of a stream, one each; none ends what is left."""
        tampering = self._known(stream).tampering
        if not manglers:
            tampering.clear()
        tampering.extend(manglers)

    def mute(self, stream: str, muted: bool = True) -> None:
        """Silence a stream while its connections live on, or let it speak again."""
        self._known(stream).muted = muted

    def rebase(self, stream: str) -> None:
        """Let an in-band stream send its whole book anew with its next event."""
        self._known(stream).rebase()

    def _known(self, stream: str) -> Topic:
        name = self.stream(stream)
        if name is None:
            raise UsageError(f"{self.name} has no stream {stream!r}")
        return self._topics.get(stream) or self._new_topic(name)

    def rest_fault(self, path: str) -> RestFault | None:
        """The fault that hits a request to this path, if any; counts it down."""
        now_s = trio.current_time()
        self.rest_faults = [fault for fault in self.rest_faults if now_s < fault.until_s]
        for fault in self.rest_faults:
            if fault.left and path.endswith(fault.path):
                fault.left -= 1
                if fault.left == 0:
                    self.rest_faults.remove(fault)
                return fault
        return None

    def _connections(self, number: int | None) -> list[Connection]:
        if number is None:
            return list(self.connections.values())
        connection = self.connections.get(number)
        return [] if connection is None else [connection]
