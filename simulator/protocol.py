"""How one venue speaks: everything that tells one embedded venue from another.

All venues share the market, books, candles, connections, HTTP and faults of this room.  A
further venue is a folder with one `VenueProtocol`, its `StreamWriter`, and a line in `venues`.
"""

from __future__ import annotations

import abc
import math
from collections.abc import Callable, Iterable, Mapping
from typing import TYPE_CHECKING, Protocol

from msgspec import Struct

from simulator.book import Engine
from simulator.instruments import Asset, Listing
from simulator.limits import WeightPool
from simulator.topics import ALL_KINDS, Kind, Listener, StreamName, Topic, plain_text
from simulator.writers import StreamWriter

if TYPE_CHECKING:
    from simulator.venue import Venue

JSON_TYPE = "application/json;charset=UTF-8"
HTML_TYPE = "text/html"
NOT_FOUND = b"<html><body><h2>404 Not found</h2></body></html>"
NO_METHOD = b"<html><body><h2>405 Method Not Allowed</h2></body></html>"


class Rules(Struct, frozen=True):
    """What a venue allows on its streams; seconds and counts as the documents say.

    Args:
        inbound_per_s: frames a client may send in any second, pings and pongs included.
        ping_every_s, pong_within_s: the venue's own pings and how long it waits for a pong;
            infinite where it sends none.
        weight_per_minute: request weight per address; 0 where budgets are per endpoint.
        max_age_s: a connection ends after this time.
        streams_per_connection: how many streams one connection may have.
        topicless_s: a connection without a valid stream ends after this time.
        idle_s: a connection without a message in either direction ends after this time.
        answers_pings: whether the venue answers websocket pings of its clients.
        connects_per_window: connection attempts in five minutes per address; 0: any.
        connections: connections an address may have at a time; 0: any.
        unread_bytes: what a client may leave unread before the venue ends its connection.
    """

    inbound_per_s: int
    ping_every_s: float
    pong_within_s: float
    weight_per_minute: int = 0
    max_age_s: float = 86_400.0
    streams_per_connection: int = 1024
    topicless_s: float = math.inf
    idle_s: float = math.inf
    answers_pings: bool = True
    connects_per_window: int = 0
    connections: int = 0
    unread_bytes: int = 8 * 1024 * 1024


class Target(Struct, frozen=True):
    """What the address of an upgrade request asks for (see `Listener` for the two forms).

    `greeting` is a frame that is sent before anything else; empty for none.
    """

    streams: tuple[str, ...] = ()
    kinds: frozenset[Kind] = ALL_KINDS
    spelling: int = 1
    combined: bool = False
    greeting: bytes = b""


class Request(Struct, frozen=True):
    """One HTTP request; header names in lower case."""

    method: str
    path: str
    query: str
    headers: Mapping[str, str] = {}


class Answer(Struct, frozen=True):
    """One HTTP answer."""

    status: int
    body: bytes
    headers: tuple[tuple[str, str], ...] = ()
    content_type: str = JSON_TYPE


class Connection(Listener, Protocol):
    """A websocket connection as the venue and its protocol see it.

    `streams` has what was asked for; None for a name that was acknowledged and stays silent.
    """

    number: int
    kinds: frozenset[Kind]
    streams: dict[str, Topic | None]

    def cut(self) -> None:
        """End it without a word."""

    def stall(self, duration_s: float) -> None:
        """Send nothing for so long; what is due piles up and then follows.  For ever: hear
        nothing either, without an end: a half-open connection."""

    def announce_shutdown(self, close_after_s: float) -> None:
        """Say what the venue says of its shutdown and close some time later."""

    def kill(self, reason: str, code: int = 1008) -> None:
        """End it with a close frame, once what is queued is sent."""

    def hang_up(self) -> None:
        """End it in order, yet without a close frame."""

    def recover(self) -> None:
        """End what lasts; a half-open connection is cut."""

    def crumble(self, piece_bytes: int, pause_s: float, duration_s: float) -> None:
        """Send in pieces of so many bytes, with a pause after each, for so long."""

    def oversize(self) -> None:
        """Announce a frame that is longer than anyone takes."""


class VenueProtocol(abc.ABC):
    """One venue's wire; stateless, what lives is handed in.

    Class attributes: `rules` of the streams, `pool` to name a request budget shared with other
    venues (empty: its own), `frame` around every stream event.
    """

    rules: Rules
    pool: str = ""
    frame = staticmethod(plain_text)
    snapshot_lag_ms: tuple[int, int] = (0, 0)
    """How far REST trails the streams, shortest and longest; each answer draws its own."""

    def weight_pool(self) -> WeightPool:
        """A fresh budget of request weight for one address."""
        return WeightPool(self.rules.weight_per_minute)

    # -- what is listed -------------------------------------------------------------------------

    @abc.abstractmethod
    def list_asset(self, asset: Asset) -> Listing:
        """How the venue lists an asset."""

    @abc.abstractmethod
    def engines(self) -> Callable[[], Engine]:
        """Where the update ids of each symbol's book come from, for one venue alive."""

    @abc.abstractmethod
    def writer(self, listing: Listing, recorded: bool) -> StreamWriter:
        """Who spells the stream events of a symbol."""

    # -- streams --------------------------------------------------------------------------------

    @abc.abstractmethod
    def parse_stream(self, text: str) -> StreamName | None:
        """Read a stream's name; None when the venue knows no such stream."""

    @abc.abstractmethod
    def target(self, address: str, headers: Mapping[str, str]) -> Target | None:
        """Read the address of an upgrade request; None when the venue has no such path."""

    @abc.abstractmethod
    def command(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """Carry out one command; the frames that answer it."""

    def refusal(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """The frames that refuse a command which would be carried out another time."""
        return ()

    def unknown_event(self) -> bytes:
        """The payload of an event that no document knows."""
        return b'{"e":"neverHeardOf","E":1}'

    def shutdown_notice(self, now_ms: int, combined: bool) -> bytes:
        """The frame that announces a shutdown; empty where the venue just closes."""
        return b""

    # -- REST -----------------------------------------------------------------------------------

    @abc.abstractmethod
    def serves(self, path: str) -> bool:
        """Whether a path is this venue's, where several venues share one host."""

    @abc.abstractmethod
    def rest(self, venue: Venue, request: Request) -> Answer:
        """Answer one request, budget, ban and errors included."""

    @abc.abstractmethod
    def failure(self, status: int) -> Answer:
        """The answer of a venue in trouble, with that status."""
