"""Books and pairs of the engine, of a replay and of the published results in one form."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from decimal import Decimal
from typing import Any

from actors.proven_book import ProvenBook
from actors.recordings.pairs import PairSettings
from actors.recordings.replay import Replay
from actors.recordings.report import report
from markets.episodes import PairStatistics
from messages.identifiers import Instrument
from messages.instruments import SymbolInfo
from tests.live_path.tapes import Tape

TOP = 10
"""Levels a side that results list."""

Levels = Sequence[tuple[float, float]]
Key = tuple[str, ...]
"""Venue and native symbol of a book; venue and symbol of a pair's buying, then selling side."""


def book_result(info: SymbolInfo, book: ProvenBook) -> dict[str, Any]:
    """What a live book holds."""
    bids, asks = book.all_levels()
    return {
        "symbol": info.symbol,
        "state": book.state.value,
        "sequence": book.sequence,
        "updates": book.updates,
        "resyncs": book.resyncs,
        "gaps": book.gaps,
        "levels": [len(bids), len(asks)],
        "bids": [book_decimals(level) for level in bids[:TOP]],
        "asks": [book_decimals(level) for level in asks[:TOP]],
        "sha256": whole_book_sha256(bids, asks),
        "quotes_compared": book.quotes_compared,
        "quotes_equal": book.quotes_equal,
    }


def published_result(info: SymbolInfo, result: Mapping[str, Any]) -> dict[str, Any]:
    """What a book must hold by the published results."""
    quotes = result["bookTicker_same_update_id"]
    return {
        "symbol": info.symbol,
        "state": "LIVE",
        "sequence": result["last_u"],
        "updates": result["depth_events_applied"],
        "resyncs": 0,
        "gaps": result["sequence_gaps"],
        "levels": result["levels"],
        "bids": [book_decimals(level) for level in result["top10_bids"]],
        "asks": [book_decimals(level) for level in result["top10_asks"]],
        "sha256": result["full_book_sha256"],
        "quotes_compared": quotes["compared"],
        "quotes_equal": quotes["equal"],
    }


def whole_book_sha256(bids: Levels, asks: Levels) -> str:
    """Hash all levels by the rule of the published results."""
    rows: list[object] = [
        *([str(number.normalize()) for number in book_decimals(level)] for level in bids),
        "|",
        *([str(number.normalize()) for number in book_decimals(level)] for level in asks),
    ]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def book_decimals(level: Sequence[float | str]) -> tuple[Decimal, Decimal]:
    """A level as numbers, whether the venue's text or a float that stands for it."""
    price, amount = (Decimal(each if isinstance(each, str) else repr(each)) for each in level)
    return price, amount


def pair_results(
    statistics: Mapping[tuple[Instrument, Instrument], PairStatistics],
) -> dict[Key, dict[str, Any]]:
    """The detector's own episodes by pair, in the members of `arbtree replay --json`."""
    return {
        (buy.venue, buy.symbol, sell.venue, sell.symbol): {
            "window_ns": None if each.window_ns is None else list(each.window_ns),
            "evaluations": each.evaluations,
            "max_gross_bps": each.max_gross_bps,
            "max_at_ns": each.max_at_ns,
            "episodes": {
                f"{one.threshold_bps:g}": {"count": one.count, "total_ms": one.total_ms}
                for one in each.episodes
            },
        }
        for (buy, sell), each in statistics.items()
    }


def replayed(
    tapes: Sequence[Tape],
) -> tuple[dict[Key, dict[str, Any]], dict[Key, dict[str, Any]]]:
    """Books and pairs of a replay of the same tapes by full depth."""
    replay = Replay([each for tape in tapes for each in tape.recordings], PairSettings(), "book")
    replay.run()
    said = report(replay)
    assert said["errors"] == []
    books: dict[Key, dict[str, Any]] = {}
    for book in said["books"]:
        for side in ("bids", "asks"):
            book[side] = [book_decimals(level) for level in book[side]]
        books[book.pop("venue"), book.pop("native")] = book
    pairs: dict[Key, dict[str, Any]] = {}
    for pair in said["pairs"]:
        buy, sell = pair.pop("buy"), pair.pop("sell")
        del pair["comparable"], pair["reason"]
        pairs[buy["venue"], buy["symbol"], sell["venue"], sell["symbol"]] = pair
    return books, pairs
