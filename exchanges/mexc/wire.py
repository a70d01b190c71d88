"""What the venue sends, as typed structs; they never leave this folder.

Rules of this file: names say what a member means.  Protobuf bodies come as attributes of the
generated classes (frames.proto) and are checked by converting their texts to these structs in one
step, which is stricter than `float()` (no NaN, infinity, underscores, blanks or foreign digits)
and took 9.4 us for 20 levels where a loop of checked floats took 15.2 (CPython 3.11).  JSON is
read into the structs below by lax decoders; a member nobody reads is not declared.

`W` marks the sheet `mexc`, sections 1 and 3 (official .proto files and stream pages), `R` its
section 4 (official REST documentation, live samples), `E` its section 8.
"""

from __future__ import annotations

from typing import Annotated, Final

from msgspec import Meta, Struct, field

_LARGEST: Final = 1e300
"""Far above any price or amount, far below infinity."""

Price = Annotated[float, Meta(gt=0, le=_LARGEST)]
Amount = Annotated[float, Meta(ge=0, le=_LARGEST)]
PriceOrNone = Annotated[float, Meta(ge=0, le=_LARGEST)]
"""A price that may be 0 where there is none: an empty side, a market without a trade."""
Rate = Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
Id = Annotated[int, Meta(ge=0)]
Millis = Annotated[int, Meta(ge=0)]
Seconds = Annotated[int, Meta(ge=0)]
TradeType = Annotated[int, Meta(ge=1, le=2)]
WireLevels = tuple[tuple[Price, Amount], ...]


# -- bodies of binary frames --------------------------------------------------------------------


class Depth(Struct, gc=False, array_like=True):
    """Changed levels (W, body 313 `publicAggreDepths`).

    {"asks":[{"price":"117145.49","quantity":"0"}],
     "bids":[{"price":"117053.41","quantity":"1.86837271"}],
     "fromVersion":"43296363236","toVersion":"43296363255"}
    """

    first_id: Id
    last_id: Id
    bids: WireLevels
    asks: WireLevels


class TopLevels(Struct, gc=False, array_like=True):
    """The best levels (W, body 303 `publicLimitDepths`).

    {"asks":[{"price":"93180.18","quantity":"0.21976424"}],
     "bids":[{"price":"93179.98","quantity":"2.82651000"}],"version":"36913565463"}
    """

    last_id: Id
    bids: WireLevels
    asks: WireLevels


class Quote(Struct, gc=False, array_like=True):
    """Best bid and ask (W, bodies 315 `publicAggreBookTicker` and 311, an item of its batch).

    {"bidPrice":"93387.28","bidQuantity":"3.73485","askPrice":"93387.29",
     "askQuantity":"7.669875","version":"81999275445"}
    """

    bid: PriceOrNone
    bid_amount: Amount
    ask: PriceOrNone
    ask_amount: Amount
    last_id: Id


class Deal(Struct, gc=False, array_like=True):
    """One trade (W, an item of body 314 `publicAggreDeals`).

    {"price":"93220.00","quantity":"0.04438243","tradeType":2,"time":"1736409765051",
     "tradeId":"710342948650209280X0_710342948650209281X0"}
    """

    price: Price
    amount: Amount
    trade_type: TradeType
    trade_ms: Millis


class Candle(Struct, gc=False, array_like=True):
    """One candle (W, body 308 `publicSpotKline`).

    {"interval":"Min15","windowStart":"1736410500","openingPrice":"92925",
     "closingPrice":"93158.47","highestPrice":"93158.47","lowestPrice":"92800",
     "volume":"36.83803224","amount":"3424811.05","windowEnd":"1736411400"}
    """

    open_s: Seconds
    close_s: Seconds
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Amount
    quote_volume: Amount


class Statistics(Struct, gc=False, array_like=True):
    """24 h statistics (W, bodies 309 `publicMiniTicker` and 310, all symbols).

    {"symbol":"BTCUSDT","price":"117100.1","rate":"0.0101","high":"118000","low":"115000.5",
     "volume":"812345678.12","quantity":"6950.11"}
    """

    last: PriceOrNone
    high: PriceOrNone
    low: PriceOrNone
    amount: Amount
    quote_amount: Amount
    rate: Rate


# -- text frames --------------------------------------------------------------------------------


class Answer(Struct, gc=False):
    """The answer to a command: the topics asked for, PONG, or a refusal (W, section 1.2).

    {"id":7,"code":0,"msg":"spot@public.aggre.depth.v3.api.pb@100ms@BTCUSDT"}
    {"id":0,"code":0,"msg":"PONG"}
    {"id":0,"code":0,"msg":"Not Subscribed successfully! [a,b].  Reason: Blocked! "}
    """

    code: int
    msg: str
    request_id: int | str | None = field(name="id", default=None)


class ErrorBody(Struct, gc=False):
    """A refusal of REST (E).

    {"code":700002,"msg":"Signature for this request is not valid.","_extend":null}
    {"success":false,"code":10007,"message":"symbol not support api"}
    """

    code: int | str | None = None
    msg: str | None = None
    message: str | None = None
    success: bool | None = None


# -- REST answers -------------------------------------------------------------------------------


class DepthAnswer(Struct, gc=False):
    """GET depth (R).

    {"lastUpdateId":1112416,"bids":[["15.00000","49999.00000"]],"asks":[["14.0000","1.0000"]]}
    """

    last_id: Id = field(name="lastUpdateId")
    bids: WireLevels
    asks: WireLevels
    timestamp: Millis = 0


LaxNumber = float | str | None
"""A number that may be an empty text or null where there is none."""


class TickerAnswer(Struct, gc=False):
    """GET ticker/24hr (R).

    {"symbol":"BTCUSDT","priceChangePercent":"0.00400048","lastPrice":"46263.71",
     "bidPrice":"46260.38","bidQty":"","askPrice":"46260.41","openPrice":"46079.37",
     "highPrice":"47550.01","lowPrice":"45555.5","volume":"1732.461487","quoteVolume":null,
     "closeTime":1641349582808}
    """

    symbol: str
    last: LaxNumber = field(name="lastPrice", default=None)
    open: LaxNumber = field(name="openPrice", default=None)
    high: LaxNumber = field(name="highPrice", default=None)
    low: LaxNumber = field(name="lowPrice", default=None)
    volume: LaxNumber = None
    quote_volume: LaxNumber = field(name="quoteVolume", default=None)
    change_rate: LaxNumber = field(name="priceChangePercent", default=None)
    bid: LaxNumber = field(name="bidPrice", default=None)
    ask: LaxNumber = field(name="askPrice", default=None)
    close_ms: int | None = field(name="closeTime", default=None)


class TradeAnswer(Struct, gc=False):
    """One entry of GET trades (R).

    {"id":null,"price":"3219.58","qty":"0.04757","quoteQty":"153.1554206","time":1737623988881,
     "isBuyerMaker":false,"isBestMatch":true,"tradeType":"BID"}
    """

    price: Price
    amount: Amount = field(name="qty")
    trade_ms: Millis = field(name="time")
    buyer_is_maker: bool = field(name="isBuyerMaker")
    trade_id: int | str | None = field(name="id", default=None)


class KlineAnswer(Struct, gc=False, array_like=True):
    """One entry of GET klines (R).

    [1640804880000,"47482.36","47482.36","47416.57","47436.1","3.550717",1640804940000,"168387.3"]
    """

    open_ms: Millis
    open: Price
    high: Price
    low: Price
    close: Price
    volume: Amount
    end_ms: Millis
    quote_volume: Amount


class TimeAnswer(Struct, gc=False):
    """GET time: {"serverTime":1645539742000} (R)."""

    server_ms: Millis = field(name="serverTime")


class SymbolAnswer(Struct, gc=False):
    """One symbol of GET exchangeInfo (R).

    {"symbol":"BROCKUSDT","status":"1","baseAsset":"BROCK","baseAssetPrecision":2,
     "quoteAsset":"USDT","quotePrecision":5,"isSpotTradingAllowed":true,
     "quoteAmountPrecision":"1","baseSizePrecision":"0","permissions":["SPOT"],
     "makerCommission":"0.0005","takerCommission":"0.0005","tradeSideType":1}
    """

    symbol: str
    base: str = field(name="baseAsset")
    quote: str = field(name="quoteAsset")
    status: int | str | None = None
    amount_places: LaxNumber = field(name="baseAssetPrecision", default=None)
    price_places: LaxNumber = field(name="quotePrecision", default=None)
    min_amount: LaxNumber = field(name="baseSizePrecision", default=None)
    min_notional: LaxNumber = field(name="quoteAmountPrecision", default=None)
    spot_allowed: bool = field(name="isSpotTradingAllowed", default=False)
    permissions: tuple[str, ...] = ()
    maker_fee: LaxNumber = field(name="makerCommission", default=None)
    taker_fee: LaxNumber = field(name="takerCommission", default=None)
    sides: int | str | None = field(name="tradeSideType", default=None)


class ExchangeInfoAnswer(Struct, gc=False):
    """GET exchangeInfo: {"timezone":"CST","rateLimits":[],"symbols":[...]} (R)."""

    symbols: tuple[SymbolAnswer, ...]


class ApiSymbolsAnswer(Struct, gc=False):
    """GET defaultSymbols: {"data":["SNTUSDT"],"code":0,"msg":"success"}; code 200 too (R)."""

    data: tuple[str, ...]
