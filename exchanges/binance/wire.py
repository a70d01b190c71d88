"""The venue's JSON as typed structs; they never leave this folder.

Rules of this file: names say what a member means, `field(name=...)` what the venue calls it; a
member nobody reads is not declared (unknown ones are skipped, so `st`, `ps` and whatever comes
next do no harm).  Numbers are checked while they are parsed: a price must lie in (0, 1e300], an
amount in [0, 1e300], which NaN and infinity do not (measured: 5 to 14 % of a decode, against 60 %
for a loop in Python).  Decoders are lax (`strict=False`): decimal strings become floats.

`S` marks documentation of spot (binance-spot-api-docs: web-socket-streams.md, rest-api.md), `F`
of futures (developers.binance.com, derivatives: market streams and market data of both products).
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final

from msgspec import Meta, Raw, Struct, field

_LARGEST: Final = 1e300
"""Far above any price or amount, far below infinity."""

Price = Annotated[float, Meta(gt=0, le=_LARGEST)]
Amount = Annotated[float, Meta(ge=0, le=_LARGEST)]
PriceOrNone = Annotated[float, Meta(ge=0, le=_LARGEST)]
"""A price that may be 0 where there is none: an empty side, a market without a trade."""
Change = Annotated[float, Meta(ge=-_LARGEST, le=_LARGEST)]
Id = Annotated[int, Meta(ge=0)]
Millis = Annotated[int, Meta(ge=0)]
WireLevels = tuple[tuple[Price, Amount], ...]


# -- stream events ------------------------------------------------------------------------------


class DepthUpdate(Struct, gc=False, tag_field="e", tag="depthUpdate"):
    """Changed levels of a spot book (S, Diff. Depth Stream).

    {"e":"depthUpdate","E":1672515782136,"s":"BNBBTC","U":157,"u":160,
     "b":[["0.0024","10"]],"a":[["0.0026","100"]]}
    """

    event_ms: Millis = field(name="E")
    symbol: str = field(name="s")
    first_id: Id = field(name="U")
    last_id: Id = field(name="u")
    bids: WireLevels = field(name="b")
    asks: WireLevels = field(name="a")
    previous_id: int = field(name="pu", default=-1)


class FuturesDepthUpdate(Struct, gc=False, tag_field="e", tag="depthUpdate"):
    """Changed levels, or the best N, of a futures book (F, Diff. and Partial Book Depth Streams).

    {"e":"depthUpdate","E":123456789,"T":123456788,"s":"BTCUSDT","ps":"BTCUSDT","st":1,
     "U":157,"u":160,"pu":149,"b":[["0.0024","10"]],"a":[["0.0026","100"]]}
    """

    event_ms: Millis = field(name="E")
    symbol: str = field(name="s")
    first_id: Id = field(name="U")
    last_id: Id = field(name="u")
    previous_id: Id = field(name="pu")
    bids: WireLevels = field(name="b")
    asks: WireLevels = field(name="a")


class TopLevels(Struct, gc=False):
    """The best N levels of a spot book: no symbol, no time (S, Partial Book Depth Streams).

    {"lastUpdateId":160,"bids":[["0.0024","10"]],"asks":[["0.0026","100"]]}
    """

    last_id: Id = field(name="lastUpdateId")
    bids: WireLevels
    asks: WireLevels


class BookTicker(Struct, gc=False, tag_field="e", tag="bookTicker"):
    """Best bid and ask; spot sends neither type nor time (S and F, Book Ticker Streams).

    {"u":400900217,"s":"BNBUSDT","b":"25.35190000","B":"31.21000000","a":"25.36520000",
     "A":"40.66000000"}
    {"e":"bookTicker","u":5123107839020,"s":"BTCUSDT","b":"61800.20","B":"2.507","a":"61800.30",
     "A":"2.510","T":1723161256313,"E":1723161256313}
    """

    last_id: Id = field(name="u")
    symbol: str = field(name="s")
    bid: PriceOrNone = field(name="b")
    bid_amount: Amount = field(name="B")
    ask: PriceOrNone = field(name="a")
    ask_amount: Amount = field(name="A")
    event_ms: Millis = field(name="E", default=0)


class TradeEvent(Struct, gc=False, tag_field="e", tag="trade"):
    """One trade; only futures send `X` (S, Trade Streams; F by recording).

    {"e":"trade","E":1672515782136,"s":"BNBBTC","t":12345,"p":"0.001","q":"100",
     "T":1672515782136,"m":true,"M":true}
    {"e":"trade","E":1723161256322,"T":1723161256322,"s":"BTCUSDT","t":5266583935,"p":"61800.30",
     "q":"0.006","X":"MARKET","m":false}
    """

    symbol: str = field(name="s")
    trade_id: Id = field(name="t")
    # 0 is possible where X says that this is no trade of the book.
    price: PriceOrNone = field(name="p")
    amount: Amount = field(name="q")
    trade_ms: Millis = field(name="T")
    buyer_is_maker: bool = field(name="m")
    origin: str = field(name="X", default="MARKET")


class AggregateTrade(Struct, gc=False, tag_field="e", tag="aggTrade"):
    """Trades of one taker order at one price (S and F, Aggregate Trade Streams).

    {"e":"aggTrade","E":1672515782136,"s":"BNBBTC","a":12345,"p":"0.001","q":"100","f":100,
     "l":105,"T":1672515782136,"m":true,"M":true}
    """

    symbol: str = field(name="s")
    trade_id: Id = field(name="a")
    price: Price = field(name="p")
    amount: Amount = field(name="q")
    first_trade_id: int = field(name="f")
    last_trade_id: int = field(name="l")
    trade_ms: Millis = field(name="T")
    buyer_is_maker: bool = field(name="m")


class Candle(Struct, gc=False):
    """The `k` of a kline event."""

    open_ms: Millis = field(name="t")
    close_ms: Millis = field(name="T")
    interval: str = field(name="i")
    open: PriceOrNone = field(name="o")
    close: PriceOrNone = field(name="c")
    high: PriceOrNone = field(name="h")
    low: PriceOrNone = field(name="l")
    volume: Amount = field(name="v")
    trades: int = field(name="n")
    closed: bool = field(name="x")
    other_volume: Amount = field(name="q")


class KlineEvent(Struct, gc=False, tag_field="e", tag="kline"):
    """A candle that still moves (S and F, Kline/Candlestick Streams).

    {"e":"kline","E":1672515782136,"s":"BNBBTC","k":{"t":1672515780000,"T":1672515839999,
     "s":"BNBBTC","i":"1m","f":100,"L":200,"o":"0.0010","c":"0.0020","h":"0.0025","l":"0.0015",
     "v":"1000","n":100,"x":false,"q":"1.0000","V":"500","Q":"0.500","B":"123456"}}
    """

    event_ms: Millis = field(name="E")
    symbol: str = field(name="s")
    candle: Candle = field(name="k")


class TickerEvent(Struct, gc=False, tag_field="e", tag="24hrTicker"):
    """Rolling 24 h statistics; futures send no bid and ask (S and F, Individual Symbol Ticker).

    {"e":"24hrTicker","E":1672515782136,"s":"BNBBTC","p":"0.0015","P":"250.00","w":"0.0018",
     "x":"0.0009","c":"0.0025","Q":"10","b":"0.0024","B":"10","a":"0.0026","A":"100","o":"0.0010",
     "h":"0.0025","l":"0.0010","v":"10000","q":"18","O":0,"C":86400000,"F":0,"L":18150,"n":18151}
    """

    event_ms: Millis = field(name="E")
    symbol: str = field(name="s")
    last: PriceOrNone = field(name="c")
    open: PriceOrNone = field(name="o")
    high: PriceOrNone = field(name="h")
    low: PriceOrNone = field(name="l")
    volume: Amount = field(name="v")
    other_volume: Amount = field(name="q")
    change_percent: Change = field(name="P")
    bid: PriceOrNone = field(name="b", default=0.0)
    ask: PriceOrNone = field(name="a", default=0.0)


class MiniTickerEvent(Struct, gc=False, tag_field="e", tag="24hrMiniTicker"):
    """The short form of the same statistics (S and F, Individual Symbol Mini Ticker).

    {"e":"24hrMiniTicker","E":1672515782136,"s":"BNBBTC","c":"0.0025","o":"0.0010","h":"0.0025",
     "l":"0.0010","v":"10000","q":"18"}
    """

    event_ms: Millis = field(name="E")
    symbol: str = field(name="s")
    last: PriceOrNone = field(name="c")
    open: PriceOrNone = field(name="o")
    high: PriceOrNone = field(name="h")
    low: PriceOrNone = field(name="l")
    volume: Amount = field(name="v")
    other_volume: Amount = field(name="q")


# -- frames around them -------------------------------------------------------------------------


class ErrorBody(Struct, gc=False):
    """A refusal, in REST answers and stream commands (S, Error codes).

    {"code":-1121,"msg":"Invalid symbol."}
    """

    code: int
    msg: str


class Peek(Struct, gc=False):
    """Just enough of any frame to know what it is; read strictly, so that others' do not fit.

    {"stream":"bnbbtc@trade","data":{...}}                       a combined event
    {"e":"trade",...}                                            a raw one
    {"result":null,"id":1}   {"result":["a@depth"],"id":3}       answers to commands
    {"code":2,"msg":"Invalid request: ..."}                      a refusal as documented
    {"error":{"code":2,"msg":"Invalid request: ..."},"id":1}     a refusal as seen
    """

    stream: str = ""
    data: Raw = field(default_factory=Raw)
    event: str = field(name="e", default="")
    symbol: str = field(name="s", default="")
    result: Raw = field(default_factory=Raw)
    request_id: int | str | None = field(name="id", default=None)
    code: int | None = None
    msg: str | None = None
    error: ErrorBody | None = None
    last_update_id: int | None = field(name="lastUpdateId", default=None)


# -- REST answers -------------------------------------------------------------------------------


class DepthAnswer(Struct, gc=False):
    """GET depth; futures add times, COIN-M its symbol (S and F, Order Book).

    {"lastUpdateId":1027024,"bids":[["4.00000000","431.00000000"]],
     "asks":[["4.00000200","12.00000000"]]}
    {"lastUpdateId":1007198635033,"E":1723161257835,"T":1723161257823,"symbol":"BTCUSD_PERP",
     "pair":"BTCUSD","bids":[["61804.7","35"]],"asks":[["61804.8","1645"]]}
    """

    last_id: Id = field(name="lastUpdateId")
    bids: WireLevels
    asks: WireLevels
    event_ms: Millis = field(name="E", default=0)
    symbol: str = ""


class TickerAnswer(Struct, gc=False):
    """One entry of GET ticker/24hr; COIN-M has `baseVolume` for `quoteVolume` (S and F).

    {"symbol":"BNBBTC","priceChange":"-94.99999800","priceChangePercent":"-95.960",
     "lastPrice":"4.00000200","bidPrice":"4.00000000","askPrice":"4.00000200",
     "openPrice":"99.00000000","highPrice":"100.00000000","lowPrice":"0.10000000",
     "volume":"8913.30000000","quoteVolume":"15.30000000","closeTime":1499869899040,"count":76}
    """

    symbol: str
    last: PriceOrNone = field(name="lastPrice")
    open: PriceOrNone = field(name="openPrice")
    high: PriceOrNone = field(name="highPrice")
    low: PriceOrNone = field(name="lowPrice")
    volume: Amount
    change_percent: Change = field(name="priceChangePercent")
    quote_volume: Amount = field(name="quoteVolume", default=0.0)
    bid: PriceOrNone = field(name="bidPrice", default=0.0)
    ask: PriceOrNone = field(name="askPrice", default=0.0)
    close_ms: Millis = field(name="closeTime", default=0)


class TradeAnswer(Struct, gc=False):
    """One entry of GET trades (S and F, Recent Trades List).

    {"id":28457,"price":"4.00000100","qty":"12.00000000","quoteQty":"48.000012",
     "time":1499865549590,"isBuyerMaker":true,"isBestMatch":true}
    """

    trade_id: Id = field(name="id")
    price: Price
    amount: Amount = field(name="qty")
    trade_ms: Millis = field(name="time")
    buyer_is_maker: bool = field(name="isBuyerMaker")


class KlineAnswer(Struct, gc=False, array_like=True):
    """One entry of GET klines (S and F, Kline/Candlestick Data).

    [1499040000000,"0.01634790","0.80000000","0.01575800","0.01577100","148976.11427815",
     1499644799999,"2434.19055334",308,"1756.87402397","28.46694368","0"]
    """

    open_ms: Millis
    open: PriceOrNone
    high: PriceOrNone
    low: PriceOrNone
    close: PriceOrNone
    volume: Amount
    close_ms: Millis
    other_volume: Amount
    trades: int


class TimeAnswer(Struct, gc=False):
    """GET time: {"serverTime":1499827319559} (S and F, Check Server Time)."""

    server_ms: Millis = field(name="serverTime")


class Filter(Struct, gc=False):
    """One trading rule of a symbol; every kind has its own members (S, filters.md).

    {"filterType":"PRICE_FILTER","minPrice":"0.00000100","maxPrice":"100000.00000000",
     "tickSize":"0.00000100"}
    {"filterType":"LOT_SIZE","minQty":"0.001","maxQty":"100000","stepSize":"0.001"}
    {"filterType":"NOTIONAL","minNotional":"10.00000000"}     spot
    {"filterType":"MIN_NOTIONAL","notional":"5"}              USD-M
    """

    kind: str = field(name="filterType")
    tick: Decimal | None = field(name="tickSize", default=None)
    step: Decimal | None = field(name="stepSize", default=None)
    min_amount: Decimal | None = field(name="minQty", default=None)
    max_amount: Decimal | None = field(name="maxQty", default=None)
    min_notional: Decimal | None = field(name="minNotional", default=None)
    notional: Decimal | None = None


class SymbolAnswer(Struct, gc=False):
    """One symbol of exchangeInfo, all three products (S and F, Exchange Information).

    {"symbol":"ETHBTC","status":"TRADING","baseAsset":"ETH","quoteAsset":"BTC",
     "isSpotTradingAllowed":true,"filters":[...],"permissionSets":[["SPOT","MARGIN"]]}
    {"symbol":"BTCUSD_200925","pair":"BTCUSD","contractType":"CURRENT_QUARTER",
     "deliveryDate":1601020800000,"contractStatus":"TRADING","contractSize":100,"baseAsset":"BTC",
     "quoteAsset":"USD","marginAsset":"BTC","underlyingType":"COIN","filters":[...]}
    """

    symbol: str
    base: str = field(name="baseAsset")
    quote: str = field(name="quoteAsset")
    status: str = ""
    contract_status: str = field(name="contractStatus", default="")
    spot_allowed: bool = field(name="isSpotTradingAllowed", default=False)
    permissions: tuple[str, ...] = ()
    permission_sets: tuple[tuple[str, ...], ...] = field(name="permissionSets", default=())
    filters: tuple[Filter, ...] = ()
    margin_asset: str = field(name="marginAsset", default="")
    contract_type: str = field(name="contractType", default="")
    contract_size: Decimal | None = field(name="contractSize", default=None)
    delivery_ms: int = field(name="deliveryDate", default=0)
    underlying: str = field(name="underlyingType", default="COIN")


class RateLimitAnswer(Struct, gc=False):
    """One declared limit of exchangeInfo (S and F).

    {"rateLimitType":"REQUEST_WEIGHT","interval":"MINUTE","intervalNum":1,"limit":6000}
    """

    kind: str = field(name="rateLimitType", default="")
    interval: str = ""
    count: int = field(name="intervalNum", default=1)
    limit: int = 0


class ExchangeInfoAnswer(Struct, gc=False):
    """GET exchangeInfo: {"timezone":"UTC","rateLimits":[...],"symbols":[...]} (S and F)."""

    symbols: tuple[SymbolAnswer, ...]
    rate_limits: tuple[RateLimitAnswer, ...] = field(name="rateLimits", default=())
