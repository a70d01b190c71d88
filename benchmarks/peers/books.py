"""Other people's order books, fed frame by frame: run by an interpreter of another environment.

`benchmarks.peers.torture` makes that environment and starts this file in it; nothing of arbtree is
imported here.  Two libraries: `ccxt`, the websocket classes of ccxt.pro, and `cryptofeed`.  Only
what touches the network is replaced: the connection, and the REST request for a snapshot, which is
answered with the venue's book of that moment.  Everything the library decides is its own.

Each line on standard input is one JSON object, answered by one: `window` brings frames and
snapshots, `seed` a plan, which is played.  The answer has every book that a user of the library
would have read without an error, and how often the library said that something is wrong.
"""

from __future__ import annotations

import asyncio
import base64
import importlib
import json
import logging
import sys
import time
from collections.abc import Callable
from typing import Any, Protocol

Json = Any

TOP = 10
TURNS = 12
"""Turns of the event loop after each frame: whatever is ready to run has run by then."""
SNAPSHOT_DELAY = 1
"""Events that ccxt.pro waits for before it asks for a snapshot (25 and 10 as it comes): our windows
are short, and a book that never begins could not be wrong."""


class Venue:
    """What a library sees of the venue while a plan is played: its book of the moment by REST."""

    def __init__(self, window: Json, plan: Json) -> None:
        self.bodies: list[str] = window["snapshots"]
        self.delays: list[int] = plan["delays"]
        self.stale: list[int] = plan["stale"]
        self.sent = self.asked = self.answered = 0
        self.waiting: list[tuple[int, asyncio.Future[str]]] = []

    def _body(self, sent: int, stale: int) -> str:
        return self.bodies[max(0, min(sent, len(self.bodies) - 1) - stale)]

    async def answer(self) -> str:
        """A snapshot, some events after it was asked for; some of them are old."""
        number = self.asked % len(self.delays)
        self.asked += 1
        future: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        self.waiting.append((self.sent + self.delays[number], future))
        await future
        return self._body(self.sent, self.stale[number])

    def answer_inline(self) -> str:
        """The same for a library that takes no frame meanwhile: the venue has gone on."""
        number = self.asked % len(self.delays)
        self.asked += 1
        self.sent = min(self.sent + self.delays[number], len(self.bodies) - 1)
        return self._body(self.sent, self.stale[number])

    def moved(self, event: int, *, all_due: bool = False) -> None:
        """The venue has sent this event: answers that are due go out."""
        self.sent = max(self.sent, event)
        for due, future in list(self.waiting):
            if (all_due or due <= self.sent) and not future.done():
                future.set_result("")
                self.waiting.remove((due, future))


class Book(Protocol):
    """A library's book: takes what happens and tells `Seen`."""

    async def take(self, payload: bytes) -> None:
        """One frame."""

    async def settle(self) -> None:
        """Let run what is ready."""

    async def cut(self) -> None:
        """The connection is lost."""


class Seen:
    """What a user of the library saw: `published` books, each with the newest event of then."""

    def __init__(self) -> None:
        self.published: list[Json] = []
        self.errors = 0


# -- ccxt.pro -------------------------------------------------------------------------------------

CCXT = {
    "binance": ("binance", "wss://stream.binance.com/stream"),
    "gateio": ("gate", "wss://api.gateio.ws/ws/v4/"),
    "mexc": ("mexc", "wss://wbs-api.mexc.com/ws"),
}
"""The class of ccxt.pro, and an address from which it knows the market."""


class Ccxt:
    """One exchange class of ccxt.pro, watched as its documentation says."""

    def __init__(self, window: Json, venue: Venue, seen: Seen) -> None:
        self.window, self.venue, self.seen = window, venue, seen
        name, self.url = CCXT[window["venue"]]
        self.name = name
        self.exchange = getattr(importlib.import_module("ccxt.pro"), name)()
        self.exchange.asyncio_loop = asyncio.get_running_loop()
        base, quote = window["symbol"].split("/")
        market = {"id": window["native"], "symbol": window["symbol"], "base": base, "quote": quote}
        market |= {"baseId": base, "quoteId": quote, "type": "spot", "spot": True, "active": True}
        self.exchange.set_markets([{**self.exchange.safe_market_structure(), **market}])
        self.exchange.options["watchOrderBook"] = {
            **(self.exchange.options.get("watchOrderBook") or {}),
            "snapshotDelay": SNAPSHOT_DELAY,
        }
        self.exchange.fetch_order_book = self._fetch
        self.hash = ("orderbook::" if name == "binance" else "orderbook:") + window["symbol"]
        self.rejected = False
        self._connect()

    async def _fetch(self, symbol: str, limit: Any = None, params: Any = None) -> Json:
        body = json.loads(await self.venue.answer())
        nonce = body.get("id", body.get("lastUpdateId"))
        book = self.exchange.parse_order_book(body, symbol)
        book["nonce"] = nonce
        return book

    def _connect(self) -> None:
        """A new connection, on which the user watches the book."""
        module = importlib.import_module("ccxt.async_support.base.ws.client")
        silent = [lambda *_: None] * 3
        self.client = module.Client(self.url, self.exchange.handle_message, *silent)
        self.client.decompressBinary = self.name != "mexc"
        self.client.resolve = self._resolve
        self.client.reject = self._reject
        self.client.close = self._close
        self.exchange.clients[self.url] = self.client
        self._watch()

    async def _close(self, code: int = 1000) -> None:
        """The library closes the connection itself, after an error it told."""

    def _watch(self) -> None:
        """Subscribe as `watch_order_book` does, and hand in what the venue answers."""
        subscription = {
            "symbol": self.window["symbol"],
            "limit": 1000,
            "type": "spot",
            "params": {},
        }
        self.client.subscriptions[self.hash] = subscription
        if self.name == "mexc":
            topic = f"spot@public.aggre.depth.v3.api.pb@100ms@{self.window['native']}"
            self.exchange.handle_order_book_subscription(self.client, {"msg": topic})
        else:
            self.exchange.handle_order_book_subscription(self.client, {}, subscription)
        self.rejected = False

    def _resolve(self, result: Any, message_hash: Any) -> Any:
        if message_hash == self.hash and result is not None:
            sides = ([[float(x) for x in level[:2]] for level in result[side][:TOP]]
                     for side in ("bids", "asks"))  # fmt: skip
            self.seen.published.append([self.venue.sent, *sides])
        return result

    def _reject(self, error: Any, message_hash: Any = None) -> Any:
        self.seen.errors += 1
        self.rejected = True
        return error

    async def take(self, payload: bytes) -> None:
        """One frame; a user who was told an error watches again."""
        text = payload if self.name == "mexc" else payload.decode()
        self.client.handle_text_or_binary_message(text)
        await self.settle()

    async def settle(self) -> None:
        """Let run what is ready, and do what a user would."""
        for _ in range(TURNS):
            await asyncio.sleep(0)
        if self.rejected:
            self._watch()

    async def cut(self) -> None:
        """The connection is lost: the user is told so, and watches on another."""
        self.seen.errors += 1
        self.exchange.on_close(self.client, 1006)
        self._connect()


# -- cryptofeed -----------------------------------------------------------------------------------

CRYPTOFEED = {"binance": ("Binance", "BINANCE"), "gateio": ("Gateio", "GATEIO")}


class Cryptofeed:
    """One feed class of cryptofeed with a callback for its book."""

    def __init__(self, window: Json, venue: Venue, seen: Seen) -> None:
        self.window, self.venue, self.seen = window, venue, seen
        name, identity = CRYPTOFEED[window["venue"]]
        pair = window["symbol"].replace("/", "-")
        symbols = importlib.import_module("cryptofeed.symbols").Symbols
        symbols.set(identity, {pair: window["native"]}, {"instrument_type": {pair: "spot"}})
        feed_class = getattr(importlib.import_module("cryptofeed.exchanges"), name)
        defines = importlib.import_module("cryptofeed.defines")
        self.feed = feed_class(
            symbols=[pair], channels=[defines.L2_BOOK], callbacks={defines.L2_BOOK: self._book}
        )
        self.feed.http_conn = self
        self.feed._reset()

    async def read(self, address: str, **_: Any) -> str:
        """What the feed believes to be its HTTP connection."""
        return self.venue.answer_inline()

    async def _book(self, book: Any, receipt: float) -> None:
        sides = []
        for side in (book.book.bids, book.book.asks):
            best = [side.index(place) for place in range(min(TOP, len(side)))]
            sides.append([[float(price), float(amount)] for price, amount in best])
        self.seen.published.append([self.venue.sent, *sides])

    async def take(self, payload: bytes) -> None:
        """One frame; an exception ends the connection, as cryptofeed's own handler does."""
        try:
            await self.feed.message_handler(payload.decode(), None, time.time())
        except Exception:
            self.seen.errors += 1
            self.feed._reset()

    async def settle(self) -> None:
        """Nothing runs beside the handler."""

    async def cut(self) -> None:
        """Its connection handler subscribes again, which resets the feed."""
        self.seen.errors += 1
        self.feed._reset()


LIBRARIES: dict[str, Callable[[Json, Venue, Seen], Book]] = {
    "ccxt": Ccxt,
    "cryptofeed": Cryptofeed,
}


class Resets(logging.Handler):
    """Counts what cryptofeed only says in its log: that an update is missing."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.count = 0

    def emit(self, record: logging.LogRecord) -> None:
        """Count a missing update."""
        self.count += "Missing book update" in record.getMessage()


async def play(library: str, window: Json, plan: Json, resets: Resets) -> Json:
    """Play one plan."""
    seen, before = Seen(), resets.count
    venue = Venue(window, plan)
    book = LIBRARIES[library](window, venue, seen)
    await book.settle()
    for number in plan["steps"]:
        if number is None:
            await book.cut()
            continue
        payload, event = window["frames"][number]
        venue.moved(event)
        await book.take(payload)
    venue.moved(0, all_due=True)
    await book.settle()
    return {"published": seen.published, "errors": seen.errors + resets.count - before}


def main(library: str) -> None:
    """Answer until standard input ends."""
    metadata = importlib.import_module("importlib.metadata")
    print(json.dumps({"version": metadata.version(library)}), flush=True)
    resets = Resets()
    logging.getLogger("feedhandler").handlers = [resets]
    logging.getLogger("feedhandler").propagate = False
    windows: dict[str, Json] = {}
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["do"] == "window":
            asked["frames"] = [(base64.b64decode(text), event) for text, event in asked["frames"]]
            windows[asked["name"]] = asked
            answer: Json = {}
        else:
            answer = asyncio.run(play(library, windows[asked["window"]], asked["plan"], resets))
        print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    main(sys.argv[1])
