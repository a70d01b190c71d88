"""What a replay found, as the one JSON object that `arbtree replay --json` promises.

Prices and amounts are decimal strings, plain and without an exponent; edges are numbers rounded
to 4 decimals of a basis point, durations to 3 of a millisecond.  Books and pairs are sorted by
venue and symbol, so that neither the order of files nor of frames shows.
"""

from __future__ import annotations

import hashlib
import json
from decimal import Decimal
from typing import Any, Final

from actors.proven_book import ProvenBook
from actors.recordings.feeds import Track
from actors.recordings.lives import Lived
from actors.recordings.pairs import Pair
from actors.recordings.replay import Replay
from messages.instruments import SymbolInfo
from messages.market import Levels

AMOUNT_DIGITS: Final = 12
"""Significant digits of an opportunity's amount: a sum of floats has dust behind them."""

TOP_LEVELS: Final = 10
"""Levels a side that the report lists."""


def report(replay: Replay) -> dict[str, Any]:
    """Build the whole object, members in the promised order."""
    return {
        "frames": replay.frames,
        "errors": [
            {
                "venue": each.venue,
                "connection": each.connection,
                "at_ns": each.at_ns,
                "error": each.error,
            }
            for each in replay.errors
        ],
        "books": [_book(track, book) for track, book in books(replay)],
        "pairs": pair_reports(replay),
        "opportunities": [_opportunity(lived) for lived in replay.opportunities],
    }


def books(replay: Replay) -> list[tuple[Track, ProvenBook]]:
    """Every instrument whose depth was seen, with its book, by venue and symbol."""
    return [
        (track, track.book)
        for _, tracks in sorted(replay.tracks.items())
        for _, track in sorted(tracks.items())
        if track.has_depth and track.book is not None
    ]


def pair_reports(replay: Replay) -> list[dict[str, Any]]:
    """Every ordered pair, by venue and symbol of the buying and then the selling side."""
    return [_pair(pair, replay) for pair in sorted(replay.pairs.all, key=_pair_key)]


def plain(number: float) -> str:
    """Spell a float as the shortest plain decimal that reads back as the same float."""
    return f"{Decimal(repr(number)):f}".removesuffix(".0")


def amount_text(amount: float) -> str:
    """Spell a computed amount without the dust of its additions."""
    return plain(float(f"{amount:.{AMOUNT_DIGITS}g}"))


def book_sha256(bids: Levels, asks: Levels) -> str:
    """Hash a whole book.

    One JSON array: bids best first, the string "|", asks best first; each level `[price, amount]`
    as normalised decimals, for example `["1.38E+3", "0.5"]`.
    """
    rows: list[object] = [_normal_level(level) for level in bids]
    rows.append("|")
    rows += [_normal_level(level) for level in asks]
    return hashlib.sha256(json.dumps(rows).encode()).hexdigest()


def _normal_level(level: tuple[float, float]) -> list[str]:
    return [str(Decimal(repr(number)).normalize()) for number in level]


def _levels(levels: Levels) -> list[list[str]]:
    return [[plain(price), plain(amount)] for price, amount in levels]


def _instrument(info: SymbolInfo) -> dict[str, str]:
    return {"venue": info.venue, "symbol": info.symbol}


def _book(track: Track, book: ProvenBook) -> dict[str, Any]:
    bids, asks = book.all_levels()
    return {
        **_instrument(track.info),
        "native": track.info.native,
        "state": book.state.value,
        "sequence": book.sequence,
        "updates": book.updates,
        "resyncs": book.resyncs,
        "gaps": book.gaps,
        "levels": [len(bids), len(asks)],
        "bids": _levels(bids[:TOP_LEVELS]),
        "asks": _levels(asks[:TOP_LEVELS]),
        "sha256": book_sha256(bids, asks),
        "quotes_compared": book.quotes_compared,
        "quotes_equal": book.quotes_equal,
    }


def _pair_key(pair: Pair) -> tuple[str, str, str, str]:
    buy, sell = pair.buy.info, pair.sell.info
    return buy.venue, buy.symbol, sell.venue, sell.symbol


def _pair(pair: Pair, replay: Replay) -> dict[str, Any]:
    found = pair.episodes.result()
    thresholds = replay.pairs.settings.thresholds
    return {
        "buy": _instrument(pair.buy.info),
        "sell": _instrument(pair.sell.info),
        "comparable": pair.reason is None,
        "reason": None if pair.reason is None else pair.reason.value,
        "window_ns": None if found.window_ns is None else list(found.window_ns),
        "evaluations": found.evaluations,
        "max_gross_bps": found.max_gross_bps,
        "max_at_ns": found.max_at_ns,
        "episodes": {
            typed: {"count": each.count, "total_ms": each.total_ms}
            for typed, each in zip(thresholds, found.episodes, strict=True)
        },
    }


def _opportunity(lived: Lived) -> dict[str, Any]:
    life, edge, seen = lived.life, lived.life.edge, lived.life.evidence
    return {
        "buy": _instrument(lived.buy),
        "sell": _instrument(lived.sell),
        "opened_ns": life.opened_ns,
        "peak_ns": life.peak_ns,
        "closed_ns": lived.closed_ns,
        "gross_bps": round(edge.gross_bps, 4),
        "net_bps": round(edge.best_net_bps, 4),
        "amount": amount_text(edge.amount),
        "buy_sequence": seen.buy_sequence,
        "sell_sequence": seen.sell_sequence,
        "buy_age_ms": round(seen.buy_age_ms, 3),
        "sell_age_ms": round(seen.sell_age_ms, 3),
    }
