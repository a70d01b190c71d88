"""A tiny client of its own: trio-websocket, stdlib json and a Decimal dict book.

It shares no code with the simulator or the engine, so a mistake of theirs cannot hide in it.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from decimal import Decimal
from typing import Any, cast

import h11
import trio
from trio_websocket import ConnectionClosed, WebSocketConnection, wrap_client_stream

from simulator.world import World

Json = Any
RACE_S = 0.015
"""Clients act between two ticks of the world, so that no two tasks race at one instant."""


async def rest(world: World, host: str, target: str, method: str = "GET") -> tuple[int, Any, Json]:
    """One HTTP request on a connection of its own: status, headers, decoded body or bytes."""
    stream = await world.dial(host)
    async with stream:
        return await exchange(stream, host, target, method)


async def exchange(
    stream: trio.abc.Stream,
    host: str,
    target: str,
    method: str = "GET",
    headers: Sequence[tuple[str, str]] = (),
) -> tuple[int, dict[str, str], Json]:
    """One HTTP request on a stream that is already open."""
    http = h11.Connection(h11.CLIENT)
    request = h11.Request(method=method, target=target, headers=[("Host", host), *headers])
    await stream.send_all((http.send(request) or b"") + (http.send(h11.EndOfMessage()) or b""))
    status, answered, body = 0, {}, b""
    while True:
        event = http.next_event()
        if event is h11.NEED_DATA:
            http.receive_data(bytes(await stream.receive_some()))
        elif isinstance(event, h11.Response):
            status = event.status_code
            answered = {name.decode(): value.decode() for name, value in event.headers}
        elif isinstance(event, h11.Data):
            body += bytes(event.data)
        elif isinstance(event, h11.EndOfMessage):
            break
        elif isinstance(event, h11.ConnectionClosed):
            raise EOFError("the server closed the connection without an answer")
    if body and answered.get("content-type", "").startswith("application/json"):
        return status, answered, json.loads(body)
    return status, answered, body


class Client:
    """One websocket connection that keeps what it receives."""

    def __init__(self, socket: WebSocketConnection) -> None:
        self.socket = socket
        self.digest = hashlib.sha256()
        self.received: list[Json] = []
        self.closed: Any = None

    async def command(self, method: str, *params: Any, request_id: Any = 1) -> None:
        """Send one command, not waiting for its acknowledgement."""
        await self.text(json.dumps({"method": method, "params": list(params), "id": request_id}))

    async def text(self, text: str) -> None:
        """Send any text frame."""
        await self.socket.send_message(text)

    async def next(self) -> Json:
        """The next message, decoded."""
        text = await self.socket.get_message()
        assert isinstance(text, str), "the venues send text only"
        self.digest.update(text.encode())
        message = json.loads(text)
        self.received.append(message)
        return message

    async def collect(self, duration_s: float) -> list[Json]:
        """What comes within so long; a close ends it early and is kept in `closed`."""
        start = len(self.received)
        with trio.move_on_after(duration_s):
            try:
                while True:
                    await self.next()
            except ConnectionClosed as error:
                self.closed = error.reason
        return self.received[start:]


@asynccontextmanager
async def client(world: World, host: str, resource: str) -> AsyncIterator[Client]:
    """A websocket connection to a simulated venue."""
    async with client_on(await world.dial(host), host, resource) as one:
        yield one


@asynccontextmanager
async def client_on(stream: trio.abc.Stream, host: str, resource: str) -> AsyncIterator[Client]:
    """A websocket connection on an open stream, which is closed at the end."""
    async with trio.open_nursery() as nursery:
        try:
            # Its annotation asks for sockets; any stream serves.
            socket = await wrap_client_stream(
                nursery, cast(Any, stream), host, resource, message_queue_size=100_000
            )
            yield Client(socket)
        finally:
            nursery.cancel_scope.cancel()
            with trio.CancelScope(shield=True, deadline=trio.current_time() + 1):
                await stream.aclose()


@asynccontextmanager
async def running(world: World) -> AsyncIterator[World]:
    """A world that lives as long as the block, off the ticker's grid by `RACE_S`."""
    async with trio.open_nursery() as nursery:
        await nursery.start(world.run)
        await trio.sleep(RACE_S)
        yield world
        nursery.cancel_scope.cancel()


class ReferenceBook:
    """The documents' algorithm, word for word, on Decimals."""

    def __init__(self, futures: bool) -> None:
        self.futures = futures
        self.bids: dict[Decimal, Decimal] = {}
        self.asks: dict[Decimal, Decimal] = {}
        self.last_id = -1
        self.gaps = 0
        self.applied = 0
        self.compared = 0
        self.equal = 0
        self._tickers: dict[int, Json] = {}
        self._first = True

    def snapshot(self, body: Json) -> None:
        """Start from a REST snapshot."""
        self.bids = {Decimal(price): Decimal(amount) for price, amount in body["bids"]}
        self.asks = {Decimal(price): Decimal(amount) for price, amount in body["asks"]}
        self.last_id = body["lastUpdateId"]
        self._first = True

    def too_old_for(self, event: Json) -> bool:
        """Whether the snapshot lies before everything buffered: it must be fetched again."""
        if self.futures:
            return bool(event["U"] > self.last_id and event["pu"] != self.last_id)
        return bool(event["U"] > self.last_id + 1)

    def event(self, event: Json) -> None:
        """Apply one depth event, counting a gap where the chain breaks."""
        first, last = event["U"], event["u"]
        if self.futures:
            if last < self.last_id or (last == self.last_id and not self._first):
                return
            if self._first:
                fits = first <= self.last_id <= last or event["pu"] == self.last_id
            else:
                fits = event["pu"] == self.last_id
        else:
            if last <= self.last_id:
                return
            fits = first <= self.last_id + 1 <= last
        self._first = False
        if not fits:
            self.gaps += 1
        self.applied += 1
        for side, levels in ((self.bids, event["b"]), (self.asks, event["a"])):
            for price, amount in levels:
                if Decimal(amount) == 0:
                    side.pop(Decimal(price), None)
                else:
                    side[Decimal(price)] = Decimal(amount)
        self.last_id = last
        assert self.gaps or max(self.bids) < min(self.asks), "the venue's book is crossed"
        self._compare(self._tickers.pop(last, None))

    def ticker(self, ticker: Json) -> None:
        """Compare a best quote with the book of the same id, now or when that book comes."""
        if ticker["u"] == self.last_id:
            self._compare(ticker)
        elif ticker["u"] > self.last_id:
            self._tickers[ticker["u"]] = ticker

    def _compare(self, ticker: Json) -> None:
        if ticker is None:
            return
        self.compared += 1
        bid, ask = max(self.bids), min(self.asks)
        best = (bid, self.bids[bid], ask, self.asks[ask])
        self.equal += best == tuple(Decimal(ticker[key]) for key in "bBaA")


async def follow(
    world: World,
    host: str,
    client: Client,
    book: ReferenceBook,
    snapshot: str,
    duration_s: float,
    pause: Callable[[], float] = lambda: 0.25,
) -> int:
    """Follow a book by the documents' algorithm for so long; how many snapshots it took.

    The client is subscribed to one symbol's depth and best quotes, combined.
    """
    until_s = trio.current_time() + duration_s
    buffered = [one for one in await client.collect(0.3) if "stream" in one]
    fetched = 0
    while True:
        _, _, body = await rest(world, host, snapshot)
        fetched += 1
        buffered += [one for one in await client.collect(pause()) if "stream" in one]
        book.snapshot(body)
        events = [one["data"] for one in buffered if "@depth" in one["stream"]]
        if events and not book.too_old_for(events[0]):
            break
        assert fetched < 20, "no snapshot ever fits"
    for one in buffered:
        _feed(book, one)
    while trio.current_time() < until_s:
        for one in await client.collect(5.0):
            _feed(book, one)
    return fetched


def _feed(book: ReferenceBook, message: Json) -> None:
    if "@depth" in message.get("stream", ""):
        book.event(message["data"])
    elif "@bookTicker" in message.get("stream", ""):
        book.ticker(message["data"])
