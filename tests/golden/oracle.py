"""An independent reading of the recordings: its own parser, Decimal books and pair evaluation.

Nothing here imports the product.  Books are dicts of Decimals with two heaps for the best prices
(entries of deleted levels are skipped when they surface); pairs are evaluated by brute force on
the full list of quotes.  The rules are those of the data's README: drop events older than the
snapshot, then chain on `U`/`u` (spot) or `pu` (futures).
"""

from __future__ import annotations

import gzip
import hashlib
import heapq
import json
import re
from collections.abc import Iterable, Iterator
from decimal import Decimal
from pathlib import Path
from typing import Any

FRAME = re.compile(r"(\d+)(?:\.(\d+))?: (.*)", re.DOTALL)
ANSWER = re.compile(r"(https://\S+) -> (\d+)(?:\.(\d+))?: (.*)", re.DOTALL)
THRESHOLDS = (0, 1, 2, 5, 10, 20)

Quote = tuple[int, Decimal, Decimal]


def nanoseconds(seconds: str, fraction: str | None) -> int:
    """Join whole seconds and a decimal fraction without any float in between."""
    return int(seconds) * 10**9 + int((fraction or "").ljust(9, "0")[:9])


def events(path: Path) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Yield (recorder time, stream or REST symbol, payload) of one file."""
    with gzip.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            if not line.strip():
                continue
            if match := FRAME.match(line):
                at_ns, text, native = nanoseconds(match[1], match[2]), match[3], ""
            elif match := ANSWER.match(line):
                at_ns, text = nanoseconds(match[2], match[3]), match[4]
                found = re.search(r"[?&]symbol=([A-Z0-9_]+)", match[1])
                if found is None:
                    continue
                native = found[1].lower()
            elif line[0].isdigit():
                stamp, _, text = line.partition(" ")
                at_ns, native = int(stamp), ""
            else:
                continue
            message = json.loads(text)
            if "stream" in message:
                yield at_ns, message["stream"], message["data"]
            elif "lastUpdateId" in message:
                yield at_ns, f"{native}@snapshot", message


def merged(paths: Iterable[Path]) -> Iterator[tuple[int, str, dict[str, Any]]]:
    """Merge files of one venue by recorder time; equal times keep the order of the files."""
    return heapq.merge(*(events(path) for path in paths), key=lambda event: event[0])


class DecimalBook:
    """A book of Decimals: dicts for the amounts, heaps for the best prices."""

    def __init__(self) -> None:
        self.sides: tuple[dict[Decimal, Decimal], dict[Decimal, Decimal]] = ({}, {})
        self._heaps: tuple[list[Decimal], list[Decimal]] = ([], [])

    def apply(self, bids: Iterable[list[str]], asks: Iterable[list[str]]) -> None:
        """Set absolute amounts; amount 0 deletes."""
        for number, changes in enumerate((bids, asks)):
            side, heap = self.sides[number], self._heaps[number]
            for price_text, amount_text in changes:
                price, amount = Decimal(price_text), Decimal(amount_text)
                if amount:
                    if price not in side:
                        heapq.heappush(heap, price if number else -price)
                    side[price] = amount
                else:
                    side.pop(price, None)

    def best(self, number: int) -> tuple[Decimal, Decimal] | None:
        """The best level of side 0 (bids) or 1 (asks)."""
        side, heap = self.sides[number], self._heaps[number]
        while heap:
            price = heap[0] if number else -heap[0]
            if price in side:
                return price, side[price]
            heapq.heappop(heap)
        return None

    def levels(self, number: int) -> list[tuple[Decimal, Decimal]]:
        """Every level of one side, best first."""
        return sorted(self.sides[number].items(), reverse=not number)

    def sha256(self) -> str:
        """The whole-book hash as the data's README defines it."""
        rows: list[list[str] | str] = []
        for number in (0, 1):
            if number:
                rows.append("|")
            rows += [[str(p.normalize()), str(q.normalize())] for p, q in self.levels(number)]
        return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


class Stream:
    """One symbol of one venue: buffer, snapshot, chain, book and what was compared."""

    def __init__(self) -> None:
        self.book = DecimalBook()
        self.buffer: list[dict[str, Any]] = []
        self.last_u: int | None = None
        self.chained = False
        self.applied = self.old = self.gaps = self.compared = self.equal = 0
        self.bests: dict[int, tuple[Any, Any]] = {}
        self.waiting: dict[int, list[dict[str, Any]]] = {}

    def snapshot(self, message: dict[str, Any]) -> None:
        """Start from a REST answer and apply what was buffered."""
        self.book.apply(message["bids"], message["asks"])
        self.last_u = message["lastUpdateId"]
        self._remember()
        for event in self.buffer:
            self.depth(event)
        self.buffer.clear()

    def depth(self, event: dict[str, Any]) -> bool:
        """Take one depth event; True when it was applied."""
        if self.last_u is None:
            self.buffer.append(event)
            return False
        if event["u"] < self.last_u or (event["u"] == self.last_u and "pu" not in event):
            self.old += 1
            return False
        if self.chained and "pu" in event:
            fits = event["pu"] == self.last_u
        elif "pu" in event:
            fits = event["U"] <= self.last_u <= event["u"] or event["pu"] == self.last_u
        else:
            fits = event["U"] <= self.last_u + 1
        self.gaps += not fits
        self.chained = True
        self.book.apply(event["b"], event["a"])
        self.last_u = event["u"]
        self.applied += 1
        self._remember()
        return True

    def ticker(self, quote: dict[str, Any]) -> None:
        """Compare a best-bid/ask message with the book of the same id, now or when it comes."""
        if self.last_u is None:
            return
        if quote["u"] in self.bests:
            self._compare(quote, self.bests[quote["u"]])
        if quote["u"] >= self.last_u:
            # With the snapshot's own id it is compared again with the event that ends there.
            self.waiting.setdefault(quote["u"], []).append(quote)

    def _remember(self) -> None:
        assert self.last_u is not None
        best = self.book.best(0), self.book.best(1)
        self.bests[self.last_u] = best
        for quote in self.waiting.pop(self.last_u, ()):
            self._compare(quote, best)

    def _compare(self, quote: dict[str, Any], best: tuple[Any, Any]) -> None:
        told = (
            (Decimal(quote["b"]), Decimal(quote["B"])),
            (Decimal(quote["a"]), Decimal(quote["A"])),
        )
        self.compared += 1
        self.equal += told == best


def rebuild(paths: Iterable[Path]) -> dict[str, Stream]:
    """Rebuild every book of the files of one venue, keyed by the stream's lower-case symbol."""
    streams: dict[str, Stream] = {}
    for _, name, message in merged(paths):
        symbol, _, channel = name.partition("@")
        if channel == "snapshot" and not symbol:
            (symbol,) = streams
        stream = streams.setdefault(symbol, Stream())
        if channel == "snapshot":
            stream.snapshot(message)
        elif channel.startswith("depth"):
            stream.depth(message)
        elif channel == "bookTicker":
            stream.ticker(message)
    return streams


def book_quotes(paths: Iterable[Path], symbol: str) -> list[Quote]:
    """The best bid and ask after the snapshot and after each applied event, with their times."""
    stream, quotes = Stream(), []
    for at_ns, name, message in merged(paths):
        native, _, channel = name.partition("@")
        if channel == "snapshot" and native in ("", symbol):
            stream.snapshot(message)
            changed = True
        else:
            changed = native == symbol and channel.startswith("depth") and stream.depth(message)
        if changed:
            bid, ask = stream.book.best(0), stream.book.best(1)
            assert bid is not None
            assert ask is not None
            quotes.append((at_ns, bid[0], ask[0]))
    return quotes


def ticker_quotes(paths: Iterable[Path], symbol: str) -> list[Quote]:
    """Every best-bid/ask message of a symbol with both sides positive."""
    found = []
    for at_ns, name, message in merged(paths):
        if name == f"{symbol}@bookTicker":
            found.append((at_ns, Decimal(message["b"]), Decimal(message["a"])))
    return [quote for quote in found if quote[1] > 0 and quote[2] > 0]


def brute_pair(buy: list[Quote], sell: list[Quote]) -> dict[str, Any]:
    """Evaluate buying at `buy`'s ask and selling at `sell`'s bid, by the README's definition."""
    start = max(buy[0][0], sell[0][0])
    end = min(buy[-1][0], sell[-1][0])
    asks = {at_ns: ask for at_ns, _, ask in buy}
    bids = {at_ns: bid for at_ns, bid, _ in sell}
    ask = bid = None
    edges: list[tuple[int, float]] = []
    for at_ns in sorted(asks.keys() | bids.keys()):
        ask, bid = asks.get(at_ns, ask), bids.get(at_ns, bid)
        if start <= at_ns <= end and ask is not None and bid is not None:
            edges.append((at_ns, (float(bid) / float(ask) - 1) * 10_000))
    top = max(edges, key=lambda edge: edge[1])
    episodes = {}
    for threshold in THRESHOLDS:
        count, total_ns, opened = 0, 0, None
        for at_ns, edge in edges:
            if edge > threshold + 1e-9 and opened is None:
                opened, count = at_ns, count + 1
            elif edge <= threshold + 1e-9 and opened is not None:
                total_ns, opened = total_ns + at_ns - opened, None
        if opened is not None:
            total_ns += end - opened
        episodes[str(threshold)] = {"count": count, "total_ms": round(total_ns / 1e6, 3)}
    return {
        "window_ns": [start, end],
        "evaluations": len(edges),
        "max_gross_bps": round(top[1], 4),
        "max_at_ns": top[0],
        "episodes": episodes,
    }
