"""Gate.io as embedded venues: spot, and perpetual contracts settled in USDT.

- `listings`   how an asset is listed, and how Gate prints numbers
- `streams`    channels and what may be asked of them
- `payloads`   the JSON of spot streams; `contracts` that of futures
- `commands`   subscribe, unsubscribe, pings, refusals
- `answers`    the JSON of REST answers
- `rest`       endpoints, parameters, budgets, labels

Always on, as on the venue: REST trails the streams by about a second, deep snapshots come from a
cache, one bad symbol fails a whole list, a duplicate in-band subscription is refused, a
connection without a message for a minute is closed, sizes are integers unless a header asks for
decimals, and a stream of in-band books starts anew now and then.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from simulator.book import Engine
from simulator.frames import text_frame
from simulator.gateio import commands, rest, streams
from simulator.gateio.contracts import ContractWriter
from simulator.gateio.listings import contract_listing, spot_listing
from simulator.gateio.payloads import SpotWriter
from simulator.instruments import Asset, Listing
from simulator.protocol import Answer, Connection, Request, Rules, Target, VenueProtocol
from simulator.topics import StreamName
from simulator.venue import Venue
from simulator.writers import StreamWriter

IDLE_S = 60.0
"""A connection without a message in either direction is dropped after so long."""
CONNECTIONS = 300
"""Documented for futures; spot shares the number here."""
RULES = Rules(
    # Nothing limits what a client sends; a thousand frames a second are no client.
    inbound_per_s=1000,
    ping_every_s=30,
    pong_within_s=60,
    max_age_s=7 * 86_400.0,
    streams_per_connection=1024,
    idle_s=IDLE_S,
    connections=CONNECTIONS,
    unread_bytes=4 * 1024 * 1024,
)
SNAPSHOT_LAG_MS = (600, 1400)
"""How far REST trails the streams: about a second."""
FIRST_ID = 48_776_000
PATHS = {False: "/ws/v4", True: "/v4/ws/usdt"}


class GateProtocol(VenueProtocol):
    """One of the two markets; `VenueProtocol` says what every method means."""

    rules = RULES
    snapshot_lag_ms = SNAPSHOT_LAG_MS

    def __init__(self, futures: bool) -> None:
        self.futures = futures
        self.prefix = "futures" if futures else "spot"

    def list_asset(self, asset: Asset) -> Listing:
        """Against USDT."""
        return contract_listing(asset) if self.futures else spot_listing(asset)

    def engines(self) -> Callable[[], Engine]:
        """Every book counts its own changes without gaps."""
        return lambda: Engine(FIRST_ID, 1)

    def writer(self, listing: Listing, recorded: bool) -> StreamWriter:
        """JSON of spot or of futures."""
        return ContractWriter(listing, recorded) if self.futures else SpotWriter(listing, recorded)

    def parse_stream(self, text: str) -> StreamName | None:
        """`spot.order_book_update@BTC_USDT,100ms` and the like."""
        return streams.parse_stream(text, self.prefix)

    def target(self, address: str, headers: Mapping[str, str]) -> Target | None:
        """One path, with or without a slash; a header asks for decimal sizes."""
        if address.partition("?")[0].rstrip("/") != PATHS[self.futures]:
            return None
        decimals = not self.futures or headers.get("x-gate-size-decimal") == "1"
        return Target(spelling=int(decimals))

    def command(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """Every command has one reply."""
        return (text_frame(commands.answer(venue, connection, text, self.prefix)),)

    def refusal(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """An error of the server."""
        return (text_frame(commands.refusal(venue, connection, text)),)

    def unknown_event(self) -> bytes:
        """A channel that nobody knows."""
        return b'{"time":1,"channel":"spot.never_heard_of","event":"update","result":{}}'

    def serves(self, path: str) -> bool:
        """Spot and futures share a host, each with paths of its own."""
        prefixes = {False: ("/api/v4/spot", "/ws/v4"), True: ("/api/v4/futures", "/v4/ws")}
        return path.startswith(prefixes[self.futures])

    def rest(self, venue: Venue, request: Request) -> Answer:
        """A budget per endpoint, errors with labels."""
        return rest.handle(venue, request, self.futures)

    def failure(self, status: int) -> Answer:
        """A label that fits the status."""
        return rest.failure(status)
