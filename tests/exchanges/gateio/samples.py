"""Frames of the venue sheets, and how tests make codecs."""

from __future__ import annotations

import json
from typing import Any

from exchanges.contract import PublicCodec
from exchanges.gateio import FUTURES_PUBLIC, SPOT_PUBLIC, GatePublic

EPOCH = 7
NATIVES = ("BTC_USDT", "ETH_USDT", "GT_USDT", "XRP_USDT", "RDNT_USDT")

SPOT_DEPTH: dict[str, Any] = {
    "t": 1606294781123,
    "l": "100",
    "e": "depthUpdate",
    "E": 1606294781,
    "s": "BTC_USDT",
    "U": 48776301,
    "u": 48776306,
    "b": [["19137.74", "0.0001"], ["19088.37", "0"]],
    "a": [["19137.75", "0.6135"]],
}
CONTRACT_DEPTH: dict[str, Any] = {
    "U": 203083179,
    "a": [{"p": "0.3004", "s": 36916}],
    "b": [{"p": "0.2943", "s": 0}],
    "s": "RDNT_USDT",
    "t": 1684930165459,
    "u": 203083180,
}
TICKER: dict[str, Any] = {
    "t": 1606293275123,
    "u": 48733182,
    "s": "BTC_USDT",
    "b": "19177.79",
    "B": "0.0003341504",
    "a": "19179.38",
    "A": "0.09",
}
TRADE: dict[str, Any] = {
    "id": 309143071,
    "id_market": 24345,
    "create_time": 1606292218,
    "create_time_ms": "1606292218213.4578",
    "side": "sell",
    "currency_pair": "GT_USDT",
    "amount": "16.4700000000",
    "price": "0.4705000000",
    "range": "2390902-2390902",
}
CANDLE: dict[str, Any] = {
    "t": "1606292580",
    "v": "2362.32035",
    "c": "19128.1",
    "h": "19129.1",
    "l": "19127.1",
    "o": "19128.2",
    "n": "1m_BTC_USDT",
    "a": "3.8283",
    "w": True,
}
CONTRACT_TRADE: dict[str, Any] = {
    "size": "-108.5",
    "id": 27753479,
    "create_time": 1545136464,
    "create_time_ms": 1545136464123,
    "price": "96.4",
    "contract": "ETH_USDT",
}


def public(futures: bool) -> GatePublic:
    """The dialect of one market."""
    return FUTURES_PUBLIC if futures else SPOT_PUBLIC


def make(futures: bool = False, natives: tuple[str, ...] = NATIVES) -> PublicCodec:
    """A codec that knows some symbols."""
    dialect = public(futures)
    return dialect.codec([dialect.symbol_from_native(each) for each in natives], EPOCH)


def frame(channel: str, result: object, event: str = "update", **more: object) -> bytes:
    """An update in the venue's own spelling: no spaces, times first."""
    envelope = {"time": 1606294781, "time_ms": 1606294781236, "channel": channel, "event": event}
    return json.dumps({**envelope, "result": result, **more}, separators=(",", ":")).encode()
