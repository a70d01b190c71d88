"""A lean venue for benchmarks: prepared Binance frames, so that serving costs next to nothing.

    python -m benchmarks.venues [--symbols 100] [--rate 6000] [--levels 1000]

Serves `binance` and `binance_usdm` on loopback sockets.  The first line on standard output is one
JSON object with their addresses.  Every symbol repeats a cycle of depth events of 8.5 level
changes near the top; ids chain as the venue's do, snapshots fit them, and best quotes bear the id
of their event, so a book that is wrong shows.  `E` is the time an event was due, not the time it
was sent: a reader that falls behind cannot hide it by slowing the sender down.
"""

from __future__ import annotations

import argparse
import json
import math
import random
import struct
import sys
import time
from functools import partial

import trio
import trio_websocket

MID_TICKS = 1_000_000
"""10,000.00 at a tick of 0.01: the middle of every book."""

CYCLE = 64
"""Prepared events a symbol; at 30 a second they repeat every two seconds."""

FIRST_ID = 1_000_000_000
IDS_PER_EVENT = 10
"""Ids keep ten digits for 90 million events, so that prepared frames keep their length."""

STEP_S = 0.002
"""Events due within this time are sent together."""

QUOTE_EVERY = 16
"""Events of a symbol to one best quote."""

Side = dict[int, str]


def price_text(ticks: int) -> str:
    """A price as the venue spells it."""
    return f"{ticks // 100}.{ticks % 100:02d}"


class Market:
    """One symbol: its book, its prepared events, and where it stands in them."""

    def __init__(self, number: int, levels: int, *, futures: bool) -> None:
        chance = random.Random(f"{number} {futures}")
        self.base = f"B{number:03d}"
        self.native = f"{self.base}USDT"
        self.futures = futures
        self.sent = 0
        self._sides: tuple[Side, Side] = (
            {MID_TICKS - 1 - each: _amount(chance) for each in range(levels)},
            {MID_TICKS + 1 + each: _amount(chance) for each in range(levels)},
        )
        self._events = [_changes(chance) for _ in range(CYCLE)]
        for event in self._events:
            _apply(self._sides, event)
        # From here on the book after event k is the same in every round of the cycle.
        self._frames = [_depth_frame(self, event) for event in self._events]
        rolling: tuple[Side, Side] = (dict(self._sides[0]), dict(self._sides[1]))
        self._quotes = []
        for event in self._events:
            _apply(rolling, event)
            self._quotes.append(_quote_frame(self, rolling))

    @property
    def last_id(self) -> int:
        """The id of the last event sent."""
        return FIRST_ID + self.sent * IDS_PER_EVENT

    def next_frames(self, due_ms: int) -> bytes:
        """The next event as a frame, now and then followed by its best quote."""
        phase, before = self.sent % CYCLE, self.last_id
        self.sent += 1
        last = self.last_id
        if self.futures:
            frame = self._frames[phase] % (due_ms, due_ms, before + 1, last, before)
        else:
            frame = self._frames[phase] % (due_ms, before + 1, last)
        if self.sent % QUOTE_EVERY == 1:
            frame += self._quotes[phase] % last
        return frame

    def snapshot(self, limit: int) -> bytes:
        """The book as it stands, as the REST answer spells it."""
        sides: tuple[Side, Side] = (dict(self._sides[0]), dict(self._sides[1]))
        for event in self._events[: self.sent % CYCLE]:
            _apply(sides, event)
        bids = sorted(sides[0].items(), reverse=True)[:limit]
        asks = sorted(sides[1].items())[:limit]
        body = {
            "lastUpdateId": self.last_id,
            "bids": [[price_text(ticks), amount] for ticks, amount in bids],
            "asks": [[price_text(ticks), amount] for ticks, amount in asks],
        }
        if self.futures:
            now_ms = time.time_ns() // 1_000_000
            body |= {"E": now_ms, "T": now_ms}
        return json.dumps(body, separators=(",", ":")).encode()

    def info(self) -> dict[str, object]:
        """The symbol's entry in exchangeInfo."""
        filters = [
            {"filterType": "PRICE_FILTER", "tickSize": "0.01"},
            {"filterType": "LOT_SIZE", "stepSize": "0.001", "minQty": "0.001", "maxQty": "9000"},
        ]
        facts: dict[str, object] = {
            "symbol": self.native,
            "baseAsset": self.base,
            "quoteAsset": "USDT",
            "status": "TRADING",
            "filters": filters,
        }
        if self.futures:
            return facts | {"marginAsset": "USDT", "contractType": "PERPETUAL"}
        return facts | {"isSpotTradingAllowed": True}


Changes = list[tuple[int, int, str]]
"""(side, ticks, amount); amount "0.000" deletes."""


def _amount(chance: random.Random) -> str:
    return f"{chance.uniform(0.01, 9):.3f}"


def _changes(chance: random.Random) -> Changes:
    found: dict[tuple[int, int], str] = {}
    wanted = chance.randint(4, 13)
    while len(found) < wanted:
        side = chance.randrange(2)
        distance = min(60, int(chance.expovariate(1 / 6)))
        ticks = MID_TICKS + (1 + distance) * (1 if side else -1)
        found[side, ticks] = "0.000" if chance.random() < 0.25 else _amount(chance)
    return [(side, ticks, amount) for (side, ticks), amount in found.items()]


def _apply(sides: tuple[Side, Side], event: Changes) -> None:
    for side, ticks, amount in event:
        if amount == "0.000":
            sides[side].pop(ticks, None)
        else:
            sides[side][ticks] = amount


def _framed(template: str, shown: tuple[int, ...]) -> bytes:
    """A text frame around a template whose placeholders always take as much room as `shown`."""
    size = len(template % shown)
    head = struct.pack("!BBH", 0x81, 126, size) if size > 125 else struct.pack("!BB", 0x81, size)
    return head.replace(b"%", b"%%") + template.encode()


def _depth_frame(market: Market, event: Changes) -> bytes:
    texts = [
        ",".join(f'["{price_text(ticks)}","{amount}"]' for at, ticks, amount in event if at == side)
        for side in (0, 1)
    ]
    levels = f'"b":[{texts[0]}],"a":[{texts[1]}]'
    stream, name = f"{market.native.lower()}@depth@100ms", market.native
    begin = f'{{"stream":"{stream}","data":{{"e":"depthUpdate","E":%d,'
    now_ms = time.time_ns() // 1_000_000
    if market.futures:
        template = f'{begin}"T":%d,"s":"{name}","U":%d,"u":%d,"pu":%d,{levels}}}}}'
        return _framed(template, (now_ms, now_ms, FIRST_ID, FIRST_ID, FIRST_ID))
    return _framed(f'{begin}"s":"{name}","U":%d,"u":%d,{levels}}}}}', (now_ms, FIRST_ID, FIRST_ID))


def _quote_frame(market: Market, sides: tuple[Side, Side]) -> bytes:
    bid, ask = max(sides[0]), min(sides[1])
    kind = '"e":"bookTicker",' if market.futures else ""
    template = (
        f'{{"stream":"{market.native.lower()}@bookTicker","data":{{{kind}"u":%d,'
        f'"s":"{market.native}","b":"{price_text(bid)}","B":"{sides[0][bid]}",'
        f'"a":"{price_text(ask)}","A":"{sides[1][ask]}"}}}}'
    )
    return _framed(template, (FIRST_ID,))


class Turned(trio.abc.Stream):
    """A stream on which several tasks may send, one after the other."""

    def __init__(self, stream: trio.abc.Stream) -> None:
        self._stream = stream
        self._sending = trio.Lock()

    async def send_all(self, data: bytes | bytearray | memoryview) -> None:
        """Send when it is our turn."""
        async with self._sending:
            await self._stream.send_all(data)

    async def wait_send_all_might_not_block(self) -> None:
        """See trio."""
        await self._stream.wait_send_all_might_not_block()

    async def receive_some(self, max_bytes: int | None = None) -> bytes | bytearray:
        """See trio."""
        return await self._stream.receive_some(max_bytes)

    async def aclose(self) -> None:
        """See trio."""
        await self._stream.aclose()


class BenchVenue:
    """One venue: REST and one stream of all its symbols.

    Args:
        name: `binance` or `binance_usdm`.
        symbols: how many.
        levels: levels a side of every book.
        rate: depth events a second, all symbols together.
    """

    def __init__(self, name: str, symbols: int, levels: int, rate: float) -> None:
        futures = name != "binance"
        self.name = name
        self.rate = rate
        self.markets = [Market(each, levels, futures=futures) for each in range(symbols)]
        self.by_native = {market.native: market for market in self.markets}

    def answer(self, target: str) -> bytes:
        """Answer a GET request."""
        path, _, query = target.partition("?")
        if path.endswith("/exchangeInfo"):
            return json.dumps({"symbols": [each.info() for each in self.markets]}).encode()
        if path.endswith("/depth"):
            asked = dict(pair.split("=", 1) for pair in query.split("&"))
            return self.by_native[asked["symbol"]].snapshot(int(asked.get("limit", "1000")))
        return json.dumps({"serverTime": time.time_ns() // 1_000_000}).encode()

    async def rest(self, stream: trio.SocketStream) -> None:
        """Serve one HTTP connection."""
        buffer = b""
        try:
            while True:
                while b"\r\n\r\n" not in buffer:
                    got = await stream.receive_some()
                    if not got:
                        return
                    buffer += got
                head, _, buffer = buffer.partition(b"\r\n\r\n")
                body = self.answer(head.split(b" ", 2)[1].decode())
                said = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\n"
                said += "Content-Type: application/json\r\n\r\n"
                await stream.send_all(said.encode() + body)
        except trio.BrokenResourceError:
            await trio.aclose_forcefully(stream)

    async def stream(self, stream: trio.SocketStream) -> None:
        """Serve one websocket connection: commands, then events at the pace asked for."""
        shared = Turned(stream)
        try:
            async with trio.open_nursery() as nursery:
                request = await trio_websocket.wrap_server_stream(nursery, shared)
                connection = await request.accept()
                asked = 0
                while True:
                    command = json.loads(await connection.get_message())
                    asked += len(command["params"])
                    await connection.send_message(json.dumps({"result": None, "id": command["id"]}))
                    if asked == 2 * len(self.markets):
                        nursery.start_soon(self._feed, shared)
        except* (trio.BrokenResourceError, trio.ClosedResourceError):
            await trio.aclose_forcefully(stream)
        except* trio_websocket.ConnectionClosed:
            await trio.aclose_forcefully(stream)

    async def _feed(self, stream: Turned) -> None:
        first_ms = time.time_ns() // 1_000_000
        first = b"".join(market.next_frames(first_ms) for market in self.markets)
        await stream.send_all(first)
        began_s, sent, count = trio.current_time(), 0, len(self.markets)
        first_ms = time.time_ns() // 1_000_000
        while True:
            await trio.sleep_until(began_s + (sent + self.rate * STEP_S) / self.rate)
            due = math.floor((trio.current_time() - began_s) * self.rate)
            frames = [
                self.markets[number % count].next_frames(first_ms + int(number / self.rate * 1000))
                for number in range(sent, due)
            ]
            sent = max(sent, due)
            if frames:
                await stream.send_all(b"".join(frames))


async def serve(symbols: int, levels: int, rate: float) -> None:
    """Serve both venues until standard input ends, which it does with the parent."""
    venues = [BenchVenue(name, symbols, levels, rate / 2) for name in ("binance", "binance_usdm")]
    async with trio.open_nursery() as nursery:
        said = {}
        for venue in venues:
            ports = []
            for handler in (venue.rest, venue.stream):
                opened = await nursery.start(partial(trio.serve_tcp, handler, 0, host="127.0.0.1"))
                ports.append(opened[0].socket.getsockname()[1])
            said[venue.name] = {
                "rest": f"http://127.0.0.1:{ports[0]}",
                "stream": f"ws://127.0.0.1:{ports[1]}",
                "bases": [market.base for market in venue.markets],
            }
        print(json.dumps(said), flush=True)
        await trio.to_thread.run_sync(sys.stdin.read, abandon_on_cancel=True)
        nursery.cancel_scope.cancel(reason="the parent has ended")


def main() -> None:
    """Serve."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--symbols", type=int, default=100, help="symbols a venue")
    parser.add_argument("--levels", type=int, default=1000, help="levels a side")
    parser.add_argument("--rate", type=float, default=6000.0, help="events a second, both venues")
    options = parser.parse_args()
    trio.run(serve, options.symbols, options.levels, options.rate)


if __name__ == "__main__":
    main()
