"""Best quotes of the shared recordings, read by a parser of this folder's own."""

from __future__ import annotations

import csv
import gzip
import json
from collections.abc import Iterator
from pathlib import Path

Quote = tuple[int, float, float]
"""Receive time in ns, best bid, best ask."""


def ticker_quotes(data: Path, *names: str) -> Iterator[Quote]:
    """Every bookTicker of these hftbacktest files, in order."""
    for name in names:
        with gzip.open(data / "hftbacktest" / "binance" / f"{name}.gz", "rt") as lines:
            for line in lines:
                if "@bookTicker" in line[:120]:
                    at_ns, text = line.split(" ", 1)
                    event = json.loads(text)["data"]
                    yield int(at_ns), float(event["b"]), float(event["a"])


def csv_quotes(data: Path, name: str) -> Iterator[Quote]:
    """Every row of a best bid/ask CSV that is a quote."""
    path = data / "acd_monitor" / f"{name}_btc_bbo_20250926.csv.gz"
    with gzip.open(path, "rt", newline="") as lines:
        for row in csv.DictReader(lines):
            bid, ask = float(row["best_bid"]), float(row["best_ask"])
            if bid > 0.0 and ask > 0.0:
                yield int(row["ts_local_ms"]) * 1_000_000, bid, ask
