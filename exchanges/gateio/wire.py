"""The venue's JSON as typed structs; they never leave this folder.

Rules of this file: names say what a member means, `field(name=...)` what the venue calls it; a
member nobody reads is not declared.  Numbers are checked while they are parsed: a price must lie
in (0, 1e300], an amount in [0, 1e300], which NaN and infinity do not.  Decoders are lax, so
decimal strings and plain numbers both become floats: futures send sizes as either.  `Loose` marks
members that may be empty texts or null; `loose.number` reads them.

`S` marks the official "Gate Spot WebSocket v4" and "Gate API v4", `F` "Gate Futures WebSocket v4".
"""

from __future__ import annotations

from decimal import Decimal
from typing import Annotated, Final, Generic, Literal, TypeVar

from msgspec import Meta, Raw, Struct, field

LARGEST: Final = 1e300
"""Far above any price or amount, far below infinity."""

Price = Annotated[float, Meta(gt=0, le=LARGEST)]
Amount = Annotated[float, Meta(ge=0, le=LARGEST)]
PriceOrNone = Annotated[float, Meta(ge=0, le=LARGEST)]
"""A price that may be 0 where there is none: an empty side."""
Signed = Annotated[float, Meta(ge=-LARGEST, le=LARGEST)]
"""An amount whose sign is the side: negative is sold."""
Id = Annotated[int, Meta(ge=0)]
Millis = Annotated[int, Meta(ge=0)]
FineTime = Annotated[float, Meta(ge=0, le=1e15)]
"""A time with a fraction, in seconds or milliseconds; 1e15 ms is far in the future."""
Loose = str | float | None
WireLevels = tuple[tuple[Price, Amount], ...]

ResultT = TypeVar("ResultT")


class ContractLevel(Struct, gc=False):
    """One level of a futures book: {"p":"0.3004","s":36916} or {"p":"0.3","s":"36916.5"} (F)."""

    price: Price = field(name="p")
    amount: Amount = field(name="s")


ContractLevels = tuple[ContractLevel, ...]


# -- frames -------------------------------------------------------------------------------------


class Frame(Struct, Generic[ResultT], gc=False):
    """An update of a known channel, decoded in one go.

    {"time":1606294781,"time_ms":1606294781236,"channel":"spot.trades","event":"update","result":[]}
    """

    channel: str
    result: ResultT
    event: str = ""
    """Futures' in-band snapshots come without one."""
    time_ms: int = 0
    time: FineTime = 0.0


class ErrorBody(Struct, gc=False):
    """Why a command was refused: {"code":2,"message":"unknown currency pair: X_USDT"} (S)."""

    code: int
    message: str = ""


class Peek(Struct, gc=False):
    """Just enough of any frame to know what it is.

    {"time":1717595231,"id":17,"channel":"spot.trades","event":"subscribe",
     "payload":["BTC_USDT","ETH_USDT"],"result":{"status":"success"}}
    {"time":1545404023,"channel":"spot.pong","event":"","error":null,"result":null}
    """

    channel: str
    event: str = ""
    request_id: int | str | None = field(name="id", default=None)
    payload: Raw = field(default_factory=Raw)
    error: ErrorBody | None = None
    result: Raw = field(default_factory=Raw)


class Status(Struct, gc=False):
    """The result of a command: {"status":"success"}, {"status":"fail"} (S)."""

    status: Literal["success", "fail"]


# -- stream events ------------------------------------------------------------------------------


class DepthUpdate(Struct, gc=False):
    """Changed levels of a spot book, or all of them where `full` is true (S).

    {"t":1606294781123,"l":"100","e":"depthUpdate","E":1606294781,"s":"BTC_USDT","U":48776301,
     "u":48776306,"b":[["19137.74","0.0001"],["19088.37","0"]],"a":[["19137.75","0.6135"]]}
    """

    venue_ms: Millis = field(name="t")
    symbol: str = field(name="s")
    last_id: Id = field(name="u")
    first_id: int = field(name="U", default=-1)
    bids: WireLevels | None = field(name="b", default=())
    asks: WireLevels | None = field(name="a", default=())
    full: bool = False


class ContractDepthUpdate(Struct, gc=False):
    """Changed levels of a futures book, or all of them where `full` is true (F).

    {"U":203083179,"a":[{"p":"0.3004","s":36916}],"b":[{"p":"0.2943","s":0}],"s":"RDNT_USDT",
     "t":1684930165459,"u":203083180}
    """

    venue_ms: Millis = field(name="t")
    symbol: str = field(name="s")
    last_id: Id = field(name="u")
    first_id: int = field(name="U", default=-1)
    bids: ContractLevels | None = field(name="b", default=())
    asks: ContractLevels | None = field(name="a", default=())
    full: bool = False


class TopLevels(Struct, gc=False):
    """The best N levels of a spot book (S).

    {"t":1606295412123,"lastUpdateId":48791820,"s":"BTC_USDT","l":"5",
     "bids":[["19079.55","0.0195"]],"asks":[["19080.24","0.1638"]]}
    """

    venue_ms: Millis = field(name="t")
    symbol: str = field(name="s")
    last_id: Id = field(name="lastUpdateId")
    bids: WireLevels
    asks: WireLevels


class ContractTopLevels(Struct, gc=False):
    """The best N levels of a futures book, event `all` (F).

    {"t":1541500161123,"contract":"BTC_USDT","id":93973511,"asks":[{"p":"97.1","s":2245}],
     "bids":[{"p":"97.1","s":2245}]}
    """

    venue_ms: Millis = field(name="t")
    symbol: str = field(name="contract")
    last_id: Id = field(name="id")
    bids: ContractLevels
    asks: ContractLevels


class BookTicker(Struct, gc=False):
    """Best bid and ask with the book's update id (S and F).

    {"t":1606293275123,"u":48733182,"s":"BTC_USDT","b":"19177.79","B":"0.0003341504",
     "a":"19179.38","A":"0.09"}
    """

    venue_ms: Millis = field(name="t")
    last_id: Id = field(name="u")
    symbol: str = field(name="s")
    bid: PriceOrNone = field(name="b")
    bid_amount: Amount = field(name="B")
    ask: PriceOrNone = field(name="a")
    ask_amount: Amount = field(name="A")


class TradeEvent(Struct, gc=False):
    """One trade of spot, with the taker's side; streams and REST alike (S).

    {"id":309143071,"create_time":1606292218,"create_time_ms":"1606292218213.4578","side":"sell",
     "currency_pair":"GT_USDT","amount":"16.4700000000","price":"0.4705000000"}
    """

    trade_id: Id = field(name="id")
    trade_ms: FineTime = field(name="create_time_ms")
    side: Literal["buy", "sell"]
    amount: Amount
    price: Price
    # REST answers may leave out the pair they were asked for.
    symbol: str = field(name="currency_pair", default="")


class ContractTrade(Struct, gc=False):
    """One trade of a contract; a negative size: the taker sold; streams and REST alike (F).

    {"size":"-108.5","id":27753479,"create_time":1545136464,"create_time_ms":1545136464123,
     "price":"96.4","contract":"ETH_USDT","is_internal":true}
    """

    trade_id: Id = field(name="id")
    create_s: FineTime = field(name="create_time")
    symbol: str = field(name="contract")
    size: Signed
    # 0 is possible where is_internal says that this is no trade of the book.
    price: PriceOrNone
    create_ms: FineTime = field(name="create_time_ms", default=0.0)
    is_internal: bool = False


class TickerEvent(Struct, gc=False):
    """24 h statistics of spot; streams and REST alike (S).

    {"currency_pair":"ETH_USDT","last":"70775.2","lowest_ask":"70773.1","highest_bid":"70773",
     "change_percentage":"1.618","base_volume":"4643.108806389","quote_volume":"328461488.44111",
     "high_24h":"71366","low_24h":"69336.2"}
    """

    symbol: str = field(name="currency_pair")
    last: PriceOrNone
    change_percent: Signed = field(name="change_percentage", default=0.0)
    high: PriceOrNone = field(name="high_24h", default=0.0)
    low: PriceOrNone = field(name="low_24h", default=0.0)
    amount: Amount = field(name="base_volume", default=0.0)
    quote_amount: Amount = field(name="quote_volume", default=0.0)
    bid: PriceOrNone = field(name="highest_bid", default=0.0)
    ask: PriceOrNone = field(name="lowest_ask", default=0.0)


class ContractTicker(Struct, gc=False):
    """24 h statistics of a contract; `volume_24h` counts contracts; streams and REST alike (F).

    {"contract":"ETH_USDT","last":"118.4","change_percentage":"0.77","volume_24h":"745487577",
     "volume_24h_quote":"1665006","low_24h":"99.2","high_24h":"132.5"}
    """

    symbol: str = field(name="contract")
    last: PriceOrNone
    change_percent: Signed = field(name="change_percentage", default=0.0)
    high: PriceOrNone = field(name="high_24h", default=0.0)
    low: PriceOrNone = field(name="low_24h", default=0.0)
    amount: Amount = field(name="volume_24h", default=0.0)
    quote_amount: Amount = field(name="volume_24h_quote", default=0.0)
    bid: PriceOrNone = field(name="highest_bid", default=0.0)
    ask: PriceOrNone = field(name="lowest_ask", default=0.0)


class CandleEvent(Struct, gc=False):
    """A candle that still moves; `v` is quote money on spot, contracts on futures (S and F).

    {"t":"1606292580","v":"2362.32035","c":"19128.1","h":"19128.1","l":"19128.1","o":"19128.1",
     "n":"1m_BTC_USDT","a":"3.8283","w":true}
    """

    open_s: Id = field(name="t")
    name: str = field(name="n")
    open: PriceOrNone = field(name="o")
    high: PriceOrNone = field(name="h")
    low: PriceOrNone = field(name="l")
    close: PriceOrNone = field(name="c")
    volume: Amount = field(name="v")
    base_amount: Amount = field(name="a", default=0.0)
    closed: bool = field(name="w", default=False)


# -- REST answers -------------------------------------------------------------------------------


class RefusalAnswer(Struct, gc=False):
    """A refusal: {"label":"INVALID_CURRENCY_PAIR","message":"..."}, some with `detail` (S)."""

    label: str
    message: str = ""
    detail: str = ""


class DepthAnswer(Struct, gc=False):
    """GET spot order_book with `with_id=true`; times in ms (S).

    {"id":123456,"current":1623898993123,"update":1623898993121,"asks":[["1.52","1.151"]],
     "bids":[["1.17","201.863"]]}
    """

    last_id: Id = field(name="id")
    bids: WireLevels
    asks: WireLevels
    update_ms: FineTime = field(name="update", default=0.0)


class ContractDepthAnswer(Struct, gc=False):
    """GET futures order_book with `with_id=true`; times in seconds (F).

    {"id":203083287,"current":1684930166.384,"update":1684930166.35,"asks":[{"s":803,"p":"0.2974"}],
     "bids":[{"s":5302,"p":"0.2969"}]}
    """

    last_id: Id = field(name="id")
    bids: ContractLevels
    asks: ContractLevels
    update_s: FineTime = field(name="update", default=0.0)


class CandleAnswer(Struct, gc=False, array_like=True):
    """One candle of spot: time, quote volume, close, high, low, open, base volume, closed (S).

    ["1539852480","971519.677","0.0021724","0.0021922","0.0021724","0.0021737","447206.1","true"]
    """

    open_s: Id
    quote_amount: Amount
    close: PriceOrNone
    high: PriceOrNone
    low: PriceOrNone
    open: PriceOrNone
    amount: Amount = 0.0
    closed: bool | None = None


class ContractCandle(Struct, gc=False):
    """One candle of a contract; `v` in contracts, `sum` in quote money (F).

    {"t":1539852480,"v":97151,"c":"1.032","h":"1.032","l":"1.032","o":"1.032","sum":"3580"}
    """

    open_s: Id = field(name="t")
    open: PriceOrNone = field(name="o")
    high: PriceOrNone = field(name="h")
    low: PriceOrNone = field(name="l")
    close: PriceOrNone = field(name="c")
    amount: Amount = field(name="v", default=0.0)
    quote_amount: Amount = field(name="sum", default=0.0)


class TimeAnswer(Struct, gc=False):
    """GET spot time: {"server_time":1597026383085} (S)."""

    server_ms: Millis = field(name="server_time")


class PairAnswer(Struct, gc=False):
    """One entry of GET currency_pairs (S).

    {"id":"QTUM_ETH","base":"QTUM","quote":"ETH","min_base_amount":"0.01",
     "min_quote_amount":"0.001","max_base_amount":"10000","amount_precision":3,"precision":6,
     "trade_status":"tradable","sell_start":1607313600,"buy_start":1700492400,"type":"normal"}
    """

    native: str = field(name="id")
    base: str
    quote: str
    amount_precision: int
    price_precision: int = field(name="precision")
    status: str = field(name="trade_status")
    min_amount: Decimal | None = field(name="min_base_amount", default=None)
    max_amount: Decimal | None = field(name="max_base_amount", default=None)
    min_notional: Decimal | None = field(name="min_quote_amount", default=None)
    kind: str = field(name="type", default="normal")
    buy_start_s: int | None = field(name="buy_start", default=None)
    sell_start_s: int | None = field(name="sell_start", default=None)


class ContractAnswer(Struct, gc=False):
    """One entry of GET contracts (F).

    {"name":"BTC_USDT","type":"direct","quanto_multiplier":"0.0001","order_price_round":"0.1",
     "order_size_min":1,"order_size_max":1000000,"enable_decimal":false,"in_delisting":false,
     "status":"trading"}
    """

    native: str = field(name="name")
    multiplier: Decimal = field(name="quanto_multiplier")
    tick: Decimal = field(name="order_price_round")
    min_amount: Decimal = field(name="order_size_min")
    max_amount: Decimal | None = field(name="order_size_max", default=None)
    kind: str = field(name="type", default="direct")
    decimal_sizes: bool = field(name="enable_decimal", default=False)
    in_delisting: bool = False
    # Answers of 2023 have no status; then in_delisting alone says it.
    status: str = "trading"
