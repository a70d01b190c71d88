"""Gate's documents, word for word: commands, and a book on Decimals that trims itself."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, cast

import trio
from trio_websocket import wrap_client_stream

from simulator.world import World
from tests.simulator.client import Client, Json, client

SPOT, FUTURES = "spot", "futures"
PLACES = {
    SPOT: ("gateio", "api.gateio.ws", "/ws/v4/", "/api/v4/spot", "currency_pair"),
    FUTURES: (
        "gateio_futures",
        "fx-ws.gateio.ws",
        "/v4/ws/usdt",
        "/api/v4/futures/usdt",
        "contract",
    ),
}
REST_HOST = "api.gateio.ws"


@asynccontextmanager
async def connected(world: World, market: str, decimals: bool = False) -> AsyncIterator[Client]:
    """A connection to one of the markets, with the header that asks for decimals or without."""
    _, host, path, _, _ = PLACES[market]
    if not decimals:
        async with client(world, host, path) as one:
            yield one
        return
    stream = await world.dial(host)
    async with trio.open_nursery() as nursery:
        socket = await wrap_client_stream(
            nursery,
            cast(Any, stream),
            host,
            path,
            extra_headers=[(b"X-Gate-Size-Decimal", b"1")],
            message_queue_size=100_000,
        )
        yield Client(socket)
        nursery.cancel_scope.cancel()


async def ask(
    world: World, one: Client, channel: str, *payload: str, event: str = "subscribe", **more: Any
) -> None:
    """Send one command."""
    command = {
        "time": world.now_ms() // 1000,
        "id": 7,
        "channel": channel,
        "event": event,
        "payload": list(payload),
    }
    await one.text(json.dumps(command | more))


def pairs(levels: list[Any]) -> list[tuple[Decimal, Decimal]]:
    """Levels of any of the venue's forms."""
    return [
        (Decimal(level["p"]), Decimal(level["s"]))
        if isinstance(level, dict)
        else (Decimal(level[0]), Decimal(level[1]))
        for level in levels
    ]


class GateBook:
    """Both documented methods: a full book in band, or a snapshot by REST."""

    def __init__(self, levels: int) -> None:
        self.levels = levels
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.last_id = -1
        self._quotes: dict[int, Json] = {}
        self.gaps = self.applied = self.fulls = self.compared = self.equal = 0

    def snapshot(self, body: Json) -> None:
        """Take a snapshot of REST."""
        self.bids, self.asks = dict(pairs(body["bids"])), dict(pairs(body["asks"]))
        self.last_id = body["id"]

    def event(self, event: Json) -> None:
        """Apply one event of either stream."""
        if event.get("full"):
            self.bids, self.asks = dict(pairs(event["b"])), dict(pairs(event["a"]))
            self.last_id = event["u"]
            self.fulls += 1
            return
        if event["u"] <= self.last_id:
            return
        if not event["U"] <= self.last_id + 1 <= event["u"]:
            self.gaps += 1
        for side, levels in ((self.bids, event.get("b", [])), (self.asks, event.get("a", []))):
            for price, amount in pairs(levels):
                if amount:
                    side[price] = amount
                else:
                    side.pop(price, None)
        for side, best_first in ((self.bids, True), (self.asks, False)):
            for price in sorted(side, reverse=best_first)[self.levels :]:
                del side[price]
        self.last_id = event["u"]
        self.applied += 1
        assert self.gaps or max(self.bids) < min(self.asks), "the venue's book is crossed"
        self._compare(self._quotes.pop(self.last_id, None))

    def quote(self, quote: Json) -> None:
        """Compare a best quote with the book of the same id, now or when that book comes."""
        if quote["u"] == self.last_id:
            self._compare(quote)
        elif quote["u"] > self.last_id:
            self._quotes[quote["u"]] = quote

    def _compare(self, quote: Json) -> None:
        if quote is None:
            return
        self.compared += 1
        bid, ask = max(self.bids), min(self.asks)
        best = (bid, self.bids[bid], ask, self.asks[ask])
        self.equal += best == tuple(Decimal(quote[key]) for key in "bBaA")
