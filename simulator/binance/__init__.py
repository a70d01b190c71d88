"""The Binance families as embedded venues: spot, USD-M and COIN-M.

- `listings`  how an asset is listed; which family a listing belongs to
- `streams`   stream names, addresses and routes
- `payloads`  the JSON of streams, per family
- `commands`  SUBSCRIBE and its sisters, acknowledgements, errors
- `answers`   the JSON of REST answers, per family
- `rest`      parameters, errors, weights and endpoints
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

import orjson

from simulator.binance import commands, rest, streams
from simulator.binance.listings import Family, listing
from simulator.binance.payloads import BinanceWriter
from simulator.book import Engine
from simulator.frames import text_frame
from simulator.instruments import Asset, Listing
from simulator.limits import CONNECTS_PER_WINDOW
from simulator.protocol import Answer, Connection, Request, Rules, Target, VenueProtocol
from simulator.topics import StreamName
from simulator.venue import Venue
from simulator.writers import StreamWriter

SPOT_RULES = Rules(
    inbound_per_s=5,
    ping_every_s=20,
    pong_within_s=60,
    weight_per_minute=6000,
    connects_per_window=CONNECTS_PER_WINDOW,
)
FUTURES_RULES = Rules(
    inbound_per_s=10,
    ping_every_s=180,
    pong_within_s=600,
    weight_per_minute=2400,
    connects_per_window=CONNECTS_PER_WINDOW,
)
FUTURES_ID_JUMP = 24
"""Largest jump between two update ids a futures client sees."""
FIRST_FUTURES_ID = 5_123_107_000_000
FIRST_SPOT_ID = 400_900_000
_PATHS = {Family.SPOT: "/api/", Family.USDM: "/fapi/", Family.COINM: "/dapi/"}


class BinanceProtocol(VenueProtocol):
    """One of the three families; `VenueProtocol` says what every method means."""

    frame = staticmethod(streams.frame)

    def __init__(self, family: Family) -> None:
        self.family = family
        self.rules = SPOT_RULES if family is Family.SPOT else FUTURES_RULES
        self.pool = "" if family is Family.SPOT else "binance futures"

    def list_asset(self, asset: Asset) -> Listing:
        """Against USDT, or against USD on COIN-M."""
        return listing(asset, self.family)

    def engines(self) -> Callable[[], Engine]:
        """Spot counts every symbol alone; futures number all changes in one sequence."""
        if self.family is Family.SPOT:
            return lambda: Engine(FIRST_SPOT_ID, 1)
        shared = Engine(FIRST_FUTURES_ID, FUTURES_ID_JUMP)
        return lambda: shared

    def writer(self, listing: Listing, recorded: bool) -> StreamWriter:
        """JSON in one of three dialects."""
        return BinanceWriter(listing, self.family, recorded)

    def parse_stream(self, text: str) -> StreamName | None:
        """`btcusdt@depth@100ms` and the like."""
        return streams.parse_stream(text, self.family)

    def target(self, address: str, headers: Mapping[str, str]) -> Target | None:
        """`/ws`, `/stream` and the routes of USD-M."""
        return streams.parse_target(address, self.family)

    def command(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """Every command has one answer."""
        return (text_frame(commands.answer(venue, connection, text)),)

    def refusal(self, venue: Venue, connection: Connection, text: str) -> Iterable[bytes]:
        """An error with the request's id."""
        return (text_frame(commands.refusal(text)),)

    def shutdown_notice(self, now_ms: int, combined: bool) -> bytes:
        """`serverShutdown`."""
        event: dict[str, object] = {"e": "serverShutdown", "E": now_ms}
        if combined:
            event = {"stream": "!serverShutdown", "data": event}
        return text_frame(orjson.dumps(event))

    def serves(self, path: str) -> bool:
        """Each family has its own prefix."""
        return path.startswith(_PATHS[self.family])

    def rest(self, venue: Venue, request: Request) -> Answer:
        """Weights per minute, errors with negative codes."""
        return rest.handle(venue, self.family, request)

    def failure(self, status: int) -> Answer:
        """Too many connections, or an error without a meaning of its own."""
        if status == 429:
            return Answer(status, b'{"code":-1034,"msg":"Too many connections."}')
        text = b'{"code":-1000,"msg":"An unknown error occurred while processing the request."}'
        return Answer(status, text)
