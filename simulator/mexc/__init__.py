"""MEXC spot as an embedded venue: JSON commands, protobuf pushes.

- `push.proto`  the frames; `push_pb2` is generated from it (`make proto`)
- `listings`    how an asset is listed, and how MEXC prints numbers
- `streams`     topics
- `payloads`    the protobuf bodies of streams
- `commands`    subscriptions, refusals that look like success, pings
- `answers`     the JSON of REST answers
- `rest`        endpoints with a budget each, parameters, errors, bans
- `faults`      what may happen to a frame

Always on, as on the venue: 30 topics a connection, its end after 30 s without a topic, 60 s
without a message and 24 h, no answer to websocket pings, wrappers without a body, sides that are
missing, zeros spelt in two ways.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterable, Mapping
from urllib.parse import parse_qs

from simulator.book import Engine
from simulator.frames import binary_frame, text_frame
from simulator.instruments import Asset, Listing
from simulator.mexc import commands, rest, streams
from simulator.mexc.faults import UNKNOWN_FIELD
from simulator.mexc.listings import listing
from simulator.mexc.payloads import MexcWriter
from simulator.protocol import Answer, Connection, Request, Rules, Target, VenueProtocol
from simulator.topics import StreamName
from simulator.venue import Venue
from simulator.writers import StreamWriter

RULES = Rules(
    inbound_per_s=100,
    ping_every_s=math.inf,
    pong_within_s=math.inf,
    streams_per_connection=30,
    topicless_s=30.0,
    idle_s=60.0,
    answers_pings=False,
)
FIRST_VERSION = 43_296_363_000
BAD_LISTEN_KEY = text_frame(b"Invalid listen key")
"""What a private connection hears of a key the venue does not know: text that is no JSON."""


def _frame(name: str, payload: bytes, combined: bool) -> bytes:
    return binary_frame(payload)


class MexcProtocol(VenueProtocol):
    """The only one; `VenueProtocol` says what every method means."""

    rules = RULES
    frame = staticmethod(_frame)

    def list_asset(self, asset: Asset) -> Listing:
        """Against USDT."""
        return listing(asset)

    def engines(self) -> Callable[[], Engine]:
        """Every book counts its own versions without gaps."""
        return lambda: Engine(FIRST_VERSION, 1)

    def writer(self, listing: Listing, recorded: bool) -> StreamWriter:
        """Protobuf."""
        return MexcWriter(listing, recorded)

    def parse_stream(self, text: str) -> StreamName | None:
        """`spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT` and the like."""
        return streams.parse_stream(text)

    def target(self, address: str, headers: Mapping[str, str]) -> Target | None:
        """`/ws`; no listen key is known, since nobody can make one."""
        path, _, query = address.partition("?")
        if path.rstrip("/") != "/ws":
            return None
        private = "listenKey" in parse_qs(query, keep_blank_values=True)
        return Target(greeting=BAD_LISTEN_KEY if private else b"")

    def command(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """A partly refused command has two answers."""
        return [text_frame(one) for one in commands.answers(venue, connection, text)]

    def refusal(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """Words that look like success."""
        return (text_frame(commands.refusal()),)

    def unknown_event(self) -> bytes:
        """A wrapper with a member that nobody knows, and no body."""
        return UNKNOWN_FIELD

    def serves(self, path: str) -> bool:
        """The venue has its hosts for itself."""
        return True

    def rest(self, venue: Venue, request: Request) -> Answer:
        """A budget per endpoint, errors with codes."""
        return rest.handle(venue, request)

    def failure(self, status: int) -> Answer:
        """A code; some come with HTTP 200."""
        return rest.failure(status)
