"""Which files make which stream of the published results."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any, Final

HFT: Final = "hftbacktest/binance"
FEED: Final = "cryptofeed"

STREAMS: Final[dict[str, tuple[str, tuple[str, ...]]]] = {
    "spot_btcusdt_20240808.gz": ("binance", (f"{HFT}/spot_btcusdt_20240808.gz",)),
    "spot_btcusdt_20240808.gz + spot_btcusdt_20240809.gz": (
        "binance",
        (f"{HFT}/spot_btcusdt_20240808.gz", f"{HFT}/spot_btcusdt_20240809.gz"),
    ),
    "usdm_btcusdt_20240808.gz": ("binance_usdm", (f"{HFT}/usdm_btcusdt_20240808.gz",)),
    "coinm_btcusd_perp_20240808.gz": (
        "binance_coinm",
        (f"{HFT}/coinm_btcusd_perp_20240808.gz",),
    ),
    "coinm_btcusd_perp_20240808.gz + coinm_btcusd_perp_20240809.gz": (
        "binance_coinm",
        (f"{HFT}/coinm_btcusd_perp_20240808.gz", f"{HFT}/coinm_btcusd_perp_20240809.gz"),
    ),
    "usdm_btcusdt_20240718.gz + usdm_btcusdt_20240719.gz": (
        "binance_usdm",
        (f"{HFT}/usdm_btcusdt_20240718.gz", f"{HFT}/usdm_btcusdt_20240719.gz"),
    ),
    "binance/spot_20210405.txt.gz": ("binance", (f"{FEED}/binance/spot_20210405.txt.gz",)),
    "binance/spot_20210814.ws.txt.gz + binance/spot_20210814.http.txt.gz": (
        "binance",
        (f"{FEED}/binance/spot_20210814.ws.txt.gz", f"{FEED}/binance/spot_20210814.http.txt.gz"),
    ),
    "binance_us/spot_20210405.txt.gz": (
        "binance_us",
        (f"{FEED}/binance_us/spot_20210405.txt.gz",),
    ),
    "binance_usdm/usdm_20210722.ws.txt.gz + binance_usdm/usdm_20210722.http.txt.gz": (
        "binance_usdm",
        (
            f"{FEED}/binance_usdm/usdm_20210722.ws.txt.gz",
            f"{FEED}/binance_usdm/usdm_20210722.http.txt.gz",
        ),
    ),
    "binance_coinm/coinm_20210722.ws.txt.gz + binance_coinm/coinm_20210722.http.txt.gz": (
        "binance_coinm",
        (
            f"{FEED}/binance_coinm/coinm_20210722.ws.txt.gz",
            f"{FEED}/binance_coinm/coinm_20210722.http.txt.gz",
        ),
    ),
}
"""Name of the stream in golden/books.json -> its venue and files below the data folder."""

ACD: Final = {
    "binance": "BTC/USDT",
    "okx": "BTC/USDT",
    "coinbase": "BTC/USD",
    "kraken": "BTC/USD",
    "bybit": "BTC/USDT",
}
"""Venue of each best-bid/ask file -> its symbol."""


def golden(data: Path, name: str) -> dict[str, Any]:
    """Read one file of published results."""
    found: dict[str, Any] = json.loads((data / "golden" / name).read_text())
    return found


def paths(data: Path, name: str) -> list[Path]:
    """The files of one stream."""
    return [data / file for file in STREAMS[name][1]]


def quote_files(data: Path) -> list[str]:
    """The best-bid/ask files, as a user names them on the command line."""
    folder = data / "acd_monitor"
    return [
        f"{venue}:{symbol}={folder / f'{venue}_btc_bbo_20250926.csv.gz'}"
        for venue, symbol in ACD.items()
    ]
