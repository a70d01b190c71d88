"""The example venue's JSON as typed structs; they never leave this folder.

Numbers are checked while they are parsed: `Price` and `Amount` let neither NaN nor infinity nor
a negative number through.
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated

from msgspec import Meta, Struct, field

Price = Annotated[float, Meta(gt=0, le=1e300)]
Amount = Annotated[float, Meta(ge=0, le=1e300)]
Change = Annotated[float, Meta(ge=-1e300, le=1e300)]
WireLevels = tuple[tuple[Price, Amount], ...]


class Head(Struct, gc=False):
    """What tells frames apart: a topic, or the name of an operation.

    {"topic":"book:BTC-USDT",...}
    {"op":"subscribed","id":1}
    {"op":"refused","id":1,"code":"E1","reason":"no such topic"}
    {"op":"pong"}
    """

    topic: str = ""
    op: str = ""
    request_id: int = field(name="id", default=-1)
    code: str = ""
    reason: str = ""


class Book(Struct, gc=False):
    """Changed levels, from update `from` to update `to`.

    {"topic":"book:BTC-USDT","at":1700000000000,"from":12,"to":14,"bids":[["100.5","2"]],
     "asks":[["101","0"]]}
    """

    at: int
    first_id: int = field(name="from")
    last_id: int = field(name="to")
    bids: WireLevels
    asks: WireLevels


class Top(Struct, gc=False):
    """A book, or the best ten levels of it, as of update `to`; REST and stream alike.

    {"topic":"top:BTC-USDT","at":1700000000000,"to":14,"bids":[["100.5","2"]],"asks":[]}
    """

    at: int
    last_id: int = field(name="to")
    bids: WireLevels
    asks: WireLevels


class Quote(Struct, gc=False):
    """Best bid and ask.

    {"topic":"quote:BTC-USDT","at":1700000000000,"to":14,"bid":["100.5","2"],"ask":["101","3"]}
    """

    at: int
    last_id: int = field(name="to")
    bid: tuple[Price, Amount]
    ask: tuple[Price, Amount]


class TradeEvent(Struct, gc=False):
    """One trade; `side` is the taker's.

    {"topic":"trade:BTC-USDT","at":1700000000000,"no":9,"price":"100.5","size":"1","side":"sell"}
    """

    at: int
    no: int
    price: Price
    size: Amount
    side: str


class Candle(Struct, gc=False):
    """One candle.

    {"topic":"candle:BTC-USDT:1m","at":1700000000000,"start":1699999980000,"end":1700000039999,
     "open":"100","high":"102","low":"99","close":"101","base":"5","quote":"500","count":7,
     "over":false}
    """

    at: int
    start: int
    end: int
    open: Price
    high: Price
    low: Price
    close: Price
    base: Amount
    quote: Amount
    count: int
    over: bool


class Day(Struct, gc=False):
    """Rolling 24 h statistics; `symbol` is in REST answers only.

    {"topic":"day:BTC-USDT","at":1700000000000,"last":"101","open":"100","high":"102","low":"99",
     "base":"5","quote":"500","change":"1.0"}
    """

    at: int
    last: Price
    open: Price
    high: Price
    low: Price
    base: Amount
    quote: Amount
    change: Change
    symbol: str = ""


class Listed(Struct, gc=False):
    """One symbol of GET /v1/symbols.

    {"symbol":"BTC-USDT","tick":"0.1","lot":"0.001","least":"5","open":true}
    """

    symbol: str
    tick: Decimal
    lot: Decimal
    least: Decimal
    open: bool


class Clock(Struct, gc=False):
    """GET /v1/time: {"now":1700000000000}."""

    now: int


class Failure(Struct, gc=False):
    """A refused REST request: {"code":"RATE","reason":"slow down"}."""

    code: str
    reason: str
