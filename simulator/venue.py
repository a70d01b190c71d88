"""One embedded venue: what it lists, who is connected, what it allows and how it misbehaves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol

from msgspec import Struct

from messages.errors import UsageError
from simulator.book import Engine
from simulator.instruments import Asset, Family, listing
from simulator.limits import Meter, WeightPool
from simulator.listing import LiveListing
from simulator.market import Market
from simulator.topics import Listener, Mangler, Route, Topic, parse_stream


class VenueSpec(Struct, frozen=True):
    """A venue's place in the world: its protocol family and the host names it answers to."""

    name: str
    family: Family
    rest_hosts: tuple[str, ...]
    stream_hosts: tuple[str, ...]

    @property
    def hosts(self) -> tuple[str, ...]:
        """Every host name of the venue."""
        return self.rest_hosts + self.stream_hosts


VENUES = {
    spec.name: spec
    for spec in (
        VenueSpec(
            "binance",
            Family.SPOT,
            (
                "api.binance.com",
                "api-gcp.binance.com",
                "api1.binance.com",
                "api2.binance.com",
                "api3.binance.com",
                "api4.binance.com",
                "data-api.binance.vision",
            ),
            ("stream.binance.com", "data-stream.binance.vision"),
        ),
        VenueSpec("binance_us", Family.SPOT, ("api.binance.us",), ("stream.binance.us",)),
        VenueSpec("binance_usdm", Family.USDM, ("fapi.binance.com",), ("fstream.binance.com",)),
        VenueSpec("binance_coinm", Family.COINM, ("dapi.binance.com",), ("dstream.binance.com",)),
    )
}
DEFAULT_VENUES = ("binance", "binance_usdm", "binance_coinm")


class Rules(Struct, frozen=True):
    """What a venue allows on its streams; seconds and counts as the documents say.

    Args:
        inbound_per_s: frames a client may send in any second, pings and pongs included.
        ping_every_s, pong_within_s: the venue's own pings and how long it waits for a pong.
        max_age_s: a connection ends after this time.
        streams_per_connection: documented as 1024 everywhere.
        weight_per_minute: request weight per address.
    """

    inbound_per_s: int
    ping_every_s: float
    pong_within_s: float
    weight_per_minute: int
    max_age_s: float = 86_400.0
    streams_per_connection: int = 1024


SPOT_RULES = Rules(inbound_per_s=5, ping_every_s=20, pong_within_s=60, weight_per_minute=6000)
FUTURES_RULES = Rules(inbound_per_s=10, ping_every_s=180, pong_within_s=600, weight_per_minute=2400)
FUTURES_ID_JUMP = 24
"""Largest jump between two update ids a futures client sees."""
FIRST_FUTURES_ID = 5_123_107_000_000
FIRST_SPOT_ID = 400_900_000


class RestFault(Struct):
    """A way in which REST answers go wrong.

    Args:
        status: HTTP status sent instead of the answer; 0 keeps the answer.
        html: send a gateway's HTML page as the body, with that status (200 when it is 0).
        delay_s: wait so long before answering; the answer is made before the wait, so a
            snapshot ages on its way.
        hang_up: close the connection instead of answering.
        path: only requests whose path ends like this; empty for all.
        left: how many requests it still hits; below 0 for ever.
    """

    status: int = 0
    html: bool = False
    delay_s: float = 0.0
    hang_up: bool = False
    path: str = ""
    left: int = -1


class Connection(Listener, Protocol):
    """A websocket connection as the venue sees it."""

    number: int
    route: Route
    streams: dict[str, Topic | None]

    def cut(self) -> None:
        """End it without a word."""

    def stall(self, duration_s: float) -> None:
        """Send nothing for so long; what is due piles up and then follows."""

    def announce_shutdown(self, close_after_s: float) -> None:
        """Send `serverShutdown` and close some time later."""


class Venue:
    """One venue alive.

    Args:
        spec: which one.
        assets: what it lists.
        market: where prices come from; `index` is the venue's place in it.
        pool: the weight pool of its address, shared by the two futures products.
        now_ms: the venue's wall clock.
        recorded: speak the form of the older recordings (see `payloads`).
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
        self.family = spec.family
        self.rules = SPOT_RULES if spec.family is Family.SPOT else FUTURES_RULES
        self.meter = Meter()
        self.pool = pool
        self.now_ms = now_ms
        self.hosts = {*spec.hosts, spec.name}
        self.dial_refused_until_s = 0.0
        self.rest_faults: list[RestFault] = []
        self.acks_to_lose = 0
        self.listings: dict[str, LiveListing] = {}
        self.connections: dict[int, Connection] = {}
        self._topics: dict[str, Topic] = {}
        spot = spec.family is Family.SPOT
        shared = Engine(FIRST_FUTURES_ID, FUTURES_ID_JUMP)
        for asset in assets:
            listed = listing(asset, spec.family)
            asset_market = market.assets[asset.name]
            self.listings[listed.native] = LiveListing(
                seed=f"{seed}/{spec.name}/{listed.native}",
                listing=listed,
                asset=asset,
                market=asset_market,
                mid=asset_market.mids[index],
                levels=levels,
                engine=Engine(FIRST_SPOT_ID, 1) if spot else shared,
                now_ms=now_ms(),
                recorded=recorded,
            )

    # -- subscriptions --------------------------------------------------------------------------

    def subscribe(self, connection: Connection, text: str) -> None:
        """Add a stream to a connection; what the route does not carry stays silent."""
        if text in connection.streams:
            return
        name = parse_stream(text, self.family)
        live = self.listings.get(name.symbol.upper()) if name is not None else None
        if name is None or live is None or not connection.route.carries(name.kind):
            connection.streams[text] = None
            return
        topic = self.topic(text)
        if not topic.listeners:
            live.follow(topic, name, self.now_ms())
        topic.listeners[connection] = None
        connection.streams[text] = topic

    def unsubscribe(self, connection: Connection, text: str) -> None:
        """Take a stream from a connection; one it does not have is no error."""
        topic = connection.streams.pop(text, None)
        if topic is None:
            return
        topic.listeners.pop(connection, None)
        if topic.listeners:
            return
        if topic.name is not None:
            self.listings[topic.name.symbol.upper()].unfollow(topic)
        if not topic.tampering and not topic.muted:
            del self._topics[text]

    def topic(self, text: str) -> Topic:
        """The stream of that name, made when it is new."""
        topic = self._topics.get(text)
        if topic is None:
            topic = self._topics[text] = Topic(text, parse_stream(text, self.family))
        return topic

    # -- faults ---------------------------------------------------------------------------------

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
        """Send `serverShutdown` on every connection and close them later; how many."""
        found = self._connections(None)
        for connection in found:
            connection.announce_shutdown(close_after_s)
        return len(found)

    def tamper(self, stream: str, *manglers: Mangler) -> None:
        """Do these things to the next events of a stream, one each."""
        self._known(stream).tampering.extend(manglers)

    def mute(self, stream: str, muted: bool = True) -> None:
        """Silence a stream while its connections live on, or let it speak again."""
        self._known(stream).muted = muted

    def _known(self, stream: str) -> Topic:
        name = parse_stream(stream, self.family)
        if name is None or name.symbol.upper() not in self.listings:
            raise UsageError(f"{self.name} has no stream {stream!r}")
        return self.topic(stream)

    def rest_fault(self, path: str) -> RestFault | None:
        """The fault that hits a request to this path, if any; counts it down."""
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
