"""One venue's recording, read for being served: its records, its symbols and their steps."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from functools import cached_property
from itertools import takewhile
from math import gcd
from pathlib import Path
from typing import Literal
from urllib.parse import parse_qs, urlsplit

from msgspec import structs

from actors.recordings.records import Kind, Record, Recording
from actors.recordings.sources import merged, open_recordings
from exchanges.registry import dialect
from messages.identifiers import path_segment
from messages.instruments import SymbolInfo

_DEPTH_OF = re.compile(rb'"e":"depthUpdate".{0,80}?"s":"([^"]+)"')
_LEVEL = re.compile(rb'\["([0-9.]+)","([0-9.]+)"\]')

_SYMBOL_IN = {"depth": ("symbol",), "order_book": ("currency_pair", "contract")}
"""How a request for a snapshot names its symbol, by the last part of its path."""

PERPETUAL_DELIVERY_MS = 4_133_404_800_000
"""What the futures venues write where a contract is never delivered."""
BTC_CONTRACT_USD, OTHER_CONTRACT_USD = 100, 10
"""Dollars a COIN-M contract stands for."""


@dataclass(frozen=True)
class Steps:
    """Price and amount steps of a symbol: the greatest that everything recorded lies on."""

    tick: str
    lot: str


@dataclass(frozen=True)
class Tape:
    """The recording of one venue, whole or up to a recorder's time.

    Args:
        venue: which venue it is of.
        files: its files, in the order they continue each other.
        until_ns: the last recorder's time that counts; None for the whole recording.
    """

    venue: str
    files: tuple[Path, ...]
    until_ns: int | None = None
    snapshots: Literal["stream", "rest"] | None = None
    """Where its books get their snapshots from; None for the venue's usual way."""

    @cached_property
    def recordings(self) -> tuple[Recording, ...]:
        """The opened files, as a replay takes them."""
        return tuple(
            structs.replace(each, read=lambda each=each: self._early(each.read()))
            for each in open_recordings([str(file) for file in self.files])
        )

    def _early(self, records: Iterator[Record]) -> Iterator[Record]:
        if self.until_ns is None:
            return records
        limit_ns = self.until_ns
        return takewhile(lambda record: record[0] <= limit_ns, records)

    def records(self) -> Iterator[Record]:
        """What a venue said, in the recorder's time: frames and depth answers."""
        for record in merged(self.recordings):
            if record[1] is Kind.FRAME or snapshot_native(record):
                yield record

    @cached_property
    def symbols(self) -> dict[str, SymbolInfo]:
        """Every native name whose depth was recorded, and what it means."""
        return {native: dialect(self.venue).symbol_from_native(native) for native in self.steps}

    @cached_property
    def steps(self) -> dict[str, Steps]:
        """The steps of every symbol whose depth was recorded."""
        texts: dict[str, set[tuple[bytes, bytes]]] = {}
        for record in self.records():
            _, kind, _, payload, _ = record
            native = snapshot_native(record)
            if kind is Kind.FRAME:
                match = _DEPTH_OF.search(payload)
                native = match[1].decode() if match else ""
            if native:
                texts.setdefault(native, set()).update(_LEVEL.findall(payload))
        return {
            native: Steps(*(_step([level[side] for level in levels]) for side in (0, 1)))
            for native, levels in texts.items()
        }

    def book_path(self, native: str) -> str:
        """The path of the book actor of a symbol."""
        symbol = path_segment(self.symbols[native].symbol)
        return f"engine/venues/{self.venue}/books/{symbol}"


def snapshot_native(record: Record) -> str:
    """The native symbol a record is the depth snapshot of; empty for all other records."""
    _, kind, _, _, about = record
    if kind is Kind.SNAPSHOT:
        return about
    if kind is not Kind.ANSWER:
        return ""
    url = urlsplit(about)
    member = _SYMBOL_IN.get(url.path.rpartition("/")[2], ())
    return next((found[0] for name, found in parse_qs(url.query).items() if name in member), "")


def _step(texts: Sequence[bytes]) -> str:
    """The greatest step that all these decimals are multiples of, as a decimal text."""
    places = max(len(text.partition(b".")[2]) for text in texts)
    numbers = (
        int(whole + fraction.ljust(places, b"0"))
        for whole, _, fraction in (text.partition(b".") for text in texts)
    )
    digits = str(gcd(*numbers)).rjust(places + 1, "0")
    return f"{digits[: len(digits) - places]}.{digits[len(digits) - places :]}".rstrip(".")


def exchange_info(tape: Tape) -> bytes:
    """The venue's answer to exchangeInfo, in its own form, for the recorded symbols."""
    rows = [_row(tape, native, info) for native, info in tape.symbols.items()]
    return json.dumps({"timezone": "UTC", "rateLimits": [], "symbols": rows}).encode()


def _row(tape: Tape, native: str, info: SymbolInfo) -> dict[str, object]:
    steps = tape.steps[native]
    row: dict[str, object] = {
        "symbol": native,
        "baseAsset": info.base,
        "quoteAsset": info.quote,
        "filters": [
            {"filterType": "PRICE_FILTER", "tickSize": steps.tick},
            {
                "filterType": "LOT_SIZE",
                "minQty": steps.lot,
                "maxQty": "1000000000",
                "stepSize": steps.lot,
            },
        ],
    }
    if not info.settle:
        return {**row, "status": "TRADING", "isSpotTradingAllowed": True}
    pair, _, term = native.partition("_")
    dated = term not in ("", "PERP")
    row |= {
        "pair": pair,
        "marginAsset": info.settle,
        "underlyingType": "COIN",
        "contractType": "CURRENT_QUARTER" if dated else "PERPETUAL",
        "deliveryDate": _delivery_ms(term) if dated else PERPETUAL_DELIVERY_MS,
    }
    if tape.venue == "binance_coinm":
        size = BTC_CONTRACT_USD if info.base == "BTC" else OTHER_CONTRACT_USD
        return {**row, "contractStatus": "TRADING", "contractSize": size}
    return {**row, "status": "TRADING"}


def _delivery_ms(term: str) -> int:
    """Eight o'clock UTC of the day a dated contract names."""
    day = datetime.strptime(term, "%y%m%d").replace(hour=8, tzinfo=UTC)
    return int(day.timestamp()) * 1000
