"""Recorded sequences mean what tardis-node's own tests expect of them, event by event.

Their books: a snapshot comes with the events that were held for it already applied, and held
events are expected to be nothing by themselves.  Ours judges the same by ids (`Sequencer`).
"""

from __future__ import annotations

import json
from collections import Counter
from datetime import datetime
from pathlib import Path
from typing import Any, Final

import pytest
from google.protobuf.json_format import ParseDict

from exchanges.contract import PublicCodec
from exchanges.mexc.frames_pb2 import PushDataWrapper
from exchanges.registry import dialect
from exchanges.sequencing import Sequencer, Verdict
from messages.market import Ack, BestQuote, BookDelta, BookSnapshot, PublicMessage, Ticker24h, Trade
from tests.payloads.records import lines
from tests.payloads.sorting import Fate, sorted_parts

Fact = tuple[Any, ...]
NATIVES: Final = {
    "binance": ("BNBBTC", "BTCUSDT", "DOGEBNB", "BTCUSDC", "GNTBTC"),
    "binance_usdm": ("BTCUSDT",),
    "gateio": ("TLOS_BTC", "ETC_ETH", "BTC_USDT"),
    "mexc": ("BTCUSDT", "XENUSDT"),
}
EXPECTED: Final = {
    ("binance", "trade"): 2,
    ("binance", "book_ticker"): 1,
    ("binance", "book_change"): 4,
    ("gateio", "trade"): 1,
    ("gateio", "book_ticker"): 1,
    ("gateio", "book_change"): 4,
    ("mexc", "trade"): 2,
    ("mexc", "book_ticker"): 2,
    ("mexc", "book_change"): 5,
}
"""How many of their events were compared."""


class Books:
    """The plainest books there are, behind the sequencing that the engine uses."""

    def __init__(self, venue: str) -> None:
        self._rule = dialect(venue).rule
        self._orders: dict[str, Sequencer] = {}
        self.gaps = 0

    def snapshot(self, found: BookSnapshot) -> Fact:
        """Load a snapshot and apply what was held for it: the book it makes."""
        order = self._order(found.symbol)
        assert order.snapshot(found) is Verdict.LOADED
        book = (dict(found.bids), dict(found.asks))
        for held in order.buffered():
            for side, changes in zip(book, (held.bids, held.asks), strict=True):
                side.update(changes)
        bids, asks = ({price: n for price, n in side.items() if n} for side in book)
        return ("book", True, bids, asks)

    def delta(self, found: BookDelta) -> list[Fact]:
        """Judge an event; held, it is nothing yet."""
        verdict = self._order(found.symbol).delta(found)
        if verdict is Verdict.HELD:
            return []
        self.gaps += verdict is Verdict.GAP
        return [("book", False, dict(found.bids), dict(found.asks))]

    def _order(self, symbol: str) -> Sequencer:
        return self._orders.setdefault(symbol, Sequencer(self._rule))


def ours(message: PublicMessage, books: Books) -> list[Fact]:
    """What a message of ours says, in the words of the comparison."""
    if isinstance(message, Trade):
        side = "sell" if message.taker_sold else "buy"
        told = (side, message.price, message.amount, message.venue_ms)
        return [("trade", str(message.trade_id), *told)]
    if isinstance(message, BestQuote):
        quote = (message.bid, message.bid_amount, message.ask, message.ask_amount)
        return [("quote", *quote, message.venue_ms)]
    if isinstance(message, BookSnapshot):
        return [books.snapshot(message)]
    if isinstance(message, BookDelta):
        return books.delta(message)
    assert isinstance(message, Ack | Ticker24h)
    return []


def theirs(event: dict[str, Any], *, timed: bool) -> Fact:
    """What an expected event says; `timed`: the quote bears the venue's time, not the reader's."""
    at_ms = int(datetime.fromisoformat(event["timestamp"]).timestamp() * 1000 + 0.5)
    if event["type"] == "trade":
        # Their time has microseconds where ours has milliseconds; here all of them are whole.
        return ("trade", event["id"], event["side"], event["price"], event["amount"], at_ms)
    if event["type"] == "book_ticker":
        names = ("bidPrice", "bidAmount", "askPrice", "askAmount")
        # A side that is missing is None there and 0 here.
        return ("quote", *(event[name] or 0.0 for name in names), at_ms if timed else 0)
    sides = ({each["price"]: each["amount"] for each in event[name]} for name in ("bids", "asks"))
    return ("book", event["isSnapshot"], *sides)


def decode(
    venue: str, fate: Fate, message: dict[str, Any], codec: PublicCodec
) -> tuple[PublicMessage, ...]:
    """Decode a recorded message as what it was before their recorder wrote it down.

    MEXC's are decoded protobuf, and are written in our schema first; `generated` snapshots are
    answers of REST.
    """
    if fate is Fate.ANSWER:
        public = dialect(venue)
        name = message.get("symbol") or message["stream"].partition("@")[0].upper()
        body = next(message[key] for key in message if key in _SNAPSHOT_MEMBERS)
        info = public.symbol_from_native(name)
        return (public.decode_snapshot(json.dumps(body).encode(), info, 0, 7),)
    if venue == "mexc" and fate is not Fate.CONFIRMED:
        return codec.decode(ParseDict(message, PushDataWrapper()).SerializeToString(), 7)
    return codec.decode(json.dumps(message, separators=(",", ":")).encode(), 7)


_SNAPSHOT_MEMBERS: Final = ("data", "result", "publicAggreDepthsSnapshot")


def test_sequences(shared_data: Path) -> None:
    """Trades, quotes, books and changes are theirs, in their order; what is held is nothing yet."""
    compared: Counter[tuple[str, str]] = Counter()
    sequences: dict[tuple[str, str], tuple[PublicCodec, Books]] = {}
    unstated = 0
    for part, sorted_ in sorted_parts(shared_data):
        if part.folder != "tardis_node" or sorted_.fate is Fate.RETIRED:
            continue
        venue, record = sorted_.venue, records(shared_data, part.file)[part.record]
        public = dialect(venue)
        if (venue, part.name) not in sequences:
            known = [public.symbol_from_native(native) for native in NATIVES[venue]]
            sequences[venue, part.name] = (public.codec(known, 0), Books(venue))
        codec, books = sequences[venue, part.name]
        messages = decode(venue, sorted_.fate, part.body, codec)
        assert bool(messages) is (sorted_.fate is not Fate.PASSED)
        found = [fact for message in messages for fact in ours(message, books)]
        if "expected" not in record:
            unstated += 1
            continue
        # Spot quotes of Binance bear no time: theirs is then the reader's.
        assert found == [theirs(each, timed=venue != "binance") for each in record["expected"]]
        compared.update((venue, each["type"]) for each in record["expected"])
    assert compared == EXPECTED
    # Gate's frames of a book with snapshots of its own are a minute apart: ours would ask again.
    assert sum(books.gaps for _, books in sequences.values()) == 1
    # One of Binance's sequences is kept without what they expect of it.
    assert unstated == 2


def records(shared_data: Path, file: str) -> list[dict[str, Any]]:
    """The records of one of their files, with what they expect."""
    return lines(shared_data / "tardis_node" / f"{file}.jsonl.gz")


def test_a_wrong_event_is_noticed(shared_data: Path) -> None:
    """The comparison itself: another price, side or level is another fact."""
    record = records(shared_data, "binance")[2]
    (event,) = record["expected"]
    public = dialect("binance")
    codec = public.codec([public.symbol_from_native("BNBBTC")], 0)
    (message,) = decode("binance", Fate.FRAME, record["message"], codec)
    (found,) = ours(message, Books("binance"))
    assert found == theirs(event, timed=True)
    for name, wrong in (("price", 1.0), ("side", "sell"), ("id", "1")):
        assert found != theirs({**event, name: wrong}, timed=True)
    with pytest.raises(AssertionError):
        ours(public.decode_server_time(b'{"serverTime":1}', 7), Books("binance"))
