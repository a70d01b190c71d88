"""What ccxt makes of public answers of our venues equals what our dialects make of them."""

from __future__ import annotations

import json
from collections import Counter
from pathlib import Path
from typing import Any, Final

from exchanges.registry import dialect
from tests.payloads.records import Part
from tests.payloads.sorting import Fate, Sorted, sorted_parts
from tests.payloads.test_answers import decode

METHODS: Final = {
    "fetch_time": "server_time",
    "fetch_ticker": "tickers",
    "fetch_ohlcv": "klines",
    "fetch_order_book": "snapshot",
    "fetch_trades": "trades",
}
"""Their public methods, and ours that reads the same answer."""

PUBLIC_CASES: Final = {
    ("binance", "fetch_time"): 1,
    ("binance", "fetch_ticker"): 1,
    ("gate", "fetch_order_book"): 1,
    ("gate", "fetch_trades"): 1,
    ("mexc", "fetch_time"): 1,
    ("mexc", "fetch_ohlcv"): 1,
}


def cases(shared_data: Path) -> list[dict[str, Any]]:
    """Every parsed answer, of whatever venue."""
    found = json.loads((shared_data / "golden" / "ccxt_parsed.json").read_text())["cases"]
    return list(found)


def same_facts(method: str, messages: tuple[Any, ...], case: dict[str, Any]) -> None:
    """Compare every member of theirs that a message of ours has."""
    parsed = case["parsed"]
    (first, *_) = messages
    if method == "fetch_time":
        assert first.venue_ms == parsed
    elif method == "fetch_ohlcv":
        names = ("open_ms", "open", "high", "low", "close", "amount")
        assert [[getattr(each, name) for name in names] for each in messages] == parsed
    elif method == "fetch_ticker":
        assert {
            "symbol": first.symbol,
            "timestamp": first.venue_ms,
            "last": first.last,
            "close": first.last,
            "open": first.open,
            "high": first.high,
            "low": first.low,
            "bid": first.bid,
            "ask": first.ask,
            "percentage": first.change_percent,
            "baseVolume": first.amount,
            "quoteVolume": first.quote_amount,
        }.items() <= parsed.items()
    elif method == "fetch_order_book":
        assert [list(level) for level in first.bids] == parsed["bids"]
        assert [list(level) for level in first.asks] == parsed["asks"]
        assert (first.symbol, first.last_id) == (parsed["symbol"], parsed["nonce"])
        # Theirs is when the venue answered, ours when the book last changed: 2 ms before.
        assert parsed["timestamp"] - first.venue_ms == 2
    else:
        assert [
            {
                "id": str(each.trade_id),
                "timestamp": each.venue_ms,
                "symbol": each.symbol,
                "side": "sell" if each.taker_sold else "buy",
                "price": each.price,
                "amount": each.amount,
            }
            for each in messages
        ] == [
            {name: each[name] for name in ("id", "timestamp", "symbol", "side", "price", "amount")}
            for each in parsed
        ]


def test_public_answers_equal_ccxt(shared_data: Path) -> None:
    """All public cases of our venues; the private ones and other venues' are counted."""
    by_path = {part.name: (part, sorted_) for part, sorted_ in sorted_parts(shared_data)}
    compared: Counter[tuple[str, str]] = Counter()
    private, elsewhere = 0, 0
    for case in cases(shared_data):
        method = case["ccxt_method"]
        if case["venue"] not in ("binance", "gate", "mexc"):
            elsewhere += 1
            continue
        part, sorted_ = by_path[case["fixture_path"]]
        if sorted_.fate is Fate.PRIVATE:
            private += 1
            continue
        assert METHODS[method] == sorted_.method
        same_facts(method, decoded(part, sorted_), case)
        compared[case["venue"], method] += 1
    assert compared == PUBLIC_CASES
    assert (private, elsewhere) == (9, 19)


def decoded(part: Part, sorted_: Sorted) -> tuple[Any, ...]:
    """Our messages of an answer."""
    return decode(dialect(sorted_.venue), part, sorted_.method, part.payload)
