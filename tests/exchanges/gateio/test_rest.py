"""Public REST requests, and answers as the venue sheets show them."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from messages.errors import DecodeError, UnknownSymbol, UsageError
from messages.identifiers import ContractKind
from messages.instruments import SymbolInfo
from messages.market import BookSnapshot, Kline, ServerTime, Ticker24h, Trade
from tests.exchanges.gateio.samples import public

PAIR: dict[str, Any] = {
    "id": "QTUM_ETH",
    "base": "QTUM",
    "quote": "ETH",
    "fee": "0.2",
    "min_base_amount": "0.01",
    "min_quote_amount": "0.001",
    "max_base_amount": "10000",
    "amount_precision": 3,
    "precision": 6,
    "trade_status": "tradable",
    "type": "normal",
}
CONTRACT: dict[str, Any] = {
    "name": "BTC_USDT",
    "type": "direct",
    "quanto_multiplier": "0.0001",
    "order_price_round": "0.1",
    "order_size_min": 1,
    "order_size_max": 1000000,
    "enable_decimal": False,
    "maker_fee_rate": "-0.00025",
    "in_delisting": False,
    "status": "trading",
}


def info(futures: bool, native: str = "BTC_USDT") -> SymbolInfo:
    """A symbol by its name alone."""
    return public(futures).symbol_from_native(native)


def body(answer: object) -> bytes:
    """An answer as bytes."""
    return json.dumps(answer).encode()


# -- symbols ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("futures", "native", "symbol", "kind"),
    [
        (False, "BTC_USDT", "BTC/USDT", ContractKind.SPOT),
        (False, "QTUM3S_USDT", "QTUM3S/USDT", ContractKind.SPOT),
        (False, "HAI_ETH", "HAI/ETH", ContractKind.SPOT),
        (True, "1INCH_USDT", "1INCH/USDT:USDT", ContractKind.LINEAR),
    ],
)
def test_guesses(futures: bool, native: str, symbol: str, kind: ContractKind) -> None:
    """A native name says where its base ends."""
    found = info(futures, native)
    assert (found.symbol, found.kind, found.native) == (symbol, kind, native)


@pytest.mark.parametrize("futures", [False, True])
@pytest.mark.parametrize(
    "native", ["BTCUSDT", "BTCUSD_PERP", "BTC_USDT_20260925", "_USDT", "", "X_"]
)
def test_names_of_other_venues(futures: bool, native: str) -> None:
    """What is no name of this market is not guessed."""
    with pytest.raises(UnknownSymbol):
        info(futures, native)


def test_pairs() -> None:
    """Precisions are steps; the deprecated fee is not read."""
    (found,) = public(False).decode_venue_info(body([PAIR])).symbols
    assert (found.tick, found.lot) == (Decimal("0.000001"), Decimal("0.001"))
    assert (found.min_amount, found.max_amount) == (Decimal("0.01"), Decimal(10000))
    assert (found.min_notional, found.tradeable, found.taker_fee) == (Decimal("0.001"), True, None)


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"trade_status": "untradable"}, "untradable"),
        ({"trade_status": "buyable"}, "buyable"),
        ({"type": "premarket"}, "premarket"),
        ({"precision": -1}, "UNREADABLE"),
        ({"amount_precision": 400}, "UNREADABLE"),
        ({"min_quote_amount": "NaN"}, "UNREADABLE"),
    ],
)
def test_pairs_not_to_trade(change: dict[str, Any], status: str) -> None:
    """They are listed with a reason, and cost no other pair."""
    bad, good = public(False).decode_venue_info(body([PAIR | change, PAIR])).symbols
    assert (bad.status, bad.tradeable, good.tradeable) == (status, False, True)


def test_pairs_that_do_not_trade_yet() -> None:
    """Both directions must have begun by the venue's own clock."""
    gate = public(False)
    (time_request,) = gate.further_info_requests()
    assert time_request == gate.server_time_request()
    pairs = body([PAIR | {"buy_start": 1700, "sell_start": 1800}, PAIR | {"buy_start": None}])
    told = gate.decode_venue_info(pairs)
    assert [info.opens_ms for info in told.symbols] == [1_800_000, 0]
    early, other = gate.refine_venue_info(told, [b'{"server_time":1799999}']).symbols
    assert (early.status, early.tradeable, other.tradeable) == ("not_started", False, True)
    assert gate.refine_venue_info(told, [b'{"server_time":1800000}']) == told
    assert public(True).further_info_requests() == ()


def test_contracts() -> None:
    """The multiplier is the contract's size; nominal fees are not read."""
    (found,) = public(True).decode_venue_info(body([CONTRACT])).symbols
    assert (found.symbol, found.tick, found.lot) == ("BTC/USDT:USDT", Decimal("0.1"), Decimal(1))
    assert (found.contract_size, found.min_amount) == (Decimal("0.0001"), Decimal(1))
    assert (found.max_amount, found.tradeable, found.maker_fee) == (Decimal(1000000), True, None)


def test_contracts_of_fractions_and_others() -> None:
    """A fractional minimum is the step; other settlements are no contracts of this market."""
    fraction = {"enable_decimal": True, "order_size_min": "0.1"}
    many = [CONTRACT | fraction, CONTRACT | {"name": "BTC_USD", "type": "inverse"}]
    (found,) = public(True).decode_venue_info(body(many)).symbols
    assert found.lot == found.min_amount == Decimal("0.1")


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"in_delisting": True}, "in_delisting"),
        ({"status": "prelaunch"}, "prelaunch"),
        ({"quanto_multiplier": "0"}, "UNREADABLE"),
        ({"order_price_round": "-0.1"}, "UNREADABLE"),
    ],
)
def test_contracts_not_to_trade(change: dict[str, Any], status: str) -> None:
    """They are listed with a reason."""
    (found,) = public(True).decode_venue_info(body([CONTRACT | change])).symbols
    assert (found.status, found.tradeable) == (status, False)


# -- requests -----------------------------------------------------------------------------------


def test_requests() -> None:
    """Paths and queries as documented; futures ask for decimal sizes."""
    spot, futures = public(False), public(True)
    assert spot.venue_info_request().target == "/api/v4/spot/currency_pairs"
    assert futures.venue_info_request().target == "/api/v4/futures/usdt/contracts"
    assert spot.tickers_request().target == "/api/v4/spot/tickers"
    assert spot.server_time_request().target == "/api/v4/spot/time"
    assert (
        spot.trades_request(info(False), 5_000).target
        == "/api/v4/spot/trades?currency_pair=BTC_USDT&limit=1000"
    )
    assert (
        futures.klines_request(info(True), "4h", 10).target
        == "/api/v4/futures/usdt/candlesticks?contract=BTC_USDT&interval=4h&limit=10"
    )
    assert futures.tickers_request().headers == (("X-Gate-Size-Decimal", "1"),)
    assert spot.tickers_request().headers == ()


@pytest.mark.parametrize(("levels", "limit"), [(1, 20), (20, 20), (21, 50), (100, 100), (999, 100)])
def test_snapshot_depth(levels: int, limit: int) -> None:
    """A snapshot is as deep as a stream, and always with its id."""
    assert (
        public(False).snapshot_request(info(False), levels).target
        == f"/api/v4/spot/order_book?currency_pair=BTC_USDT&limit={limit}&with_id=true"
    )
    request = public(True).snapshot_request(info(True), levels)
    assert dict(request.query)["contract"] == "BTC_USDT"
    kind = public(True).classify_rest_path(request.path, dict(request.query))
    assert kind == ("snapshot", "BTC_USDT")


def test_unknown_interval() -> None:
    """A sentence names the lengths there are."""
    with pytest.raises(UsageError, match=r"no candles of '2m'; it has 10s, 1m"):
        public(False).klines_request(info(False), "2m", 1)


@pytest.mark.parametrize(
    "path", ["", "/api/v4/spot/tickers", "/api/v4/futures/btc/order_book", "/api/v3/depth"]
)
def test_paths_of_no_interest(path: str) -> None:
    """Anything else is neither book nor list of symbols."""
    for futures in (False, True):
        query = {"currency_pair": "X_USDT", "contract": "X_USDT"}
        assert public(futures).classify_rest_path(path, query) == ("", "")


# -- answers ------------------------------------------------------------------------------------


def test_snapshots() -> None:
    """Spot speaks of milliseconds and pairs, futures of seconds and objects."""
    spot = {"id": 123456, "update": 1623898993121, "asks": [["1.52", "1.151"]], "bids": []}
    assert public(False).decode_snapshot(body(spot), info(False), 3, 5) == BookSnapshot(
        "gateio", "BTC/USDT", 3, 123456, 1623898993121, 5, (), ((1.52, 1.151),)
    )
    contract = {
        "id": 203083287,
        "current": 1684930166.384,
        "update": 1684930166.35,
        "asks": [{"s": 803, "p": "0.2974"}],
        "bids": [{"s": "5302.5", "p": "0.2969"}],
    }
    assert public(True).decode_snapshot(body(contract), info(True), 3, 5) == BookSnapshot(
        "gateio_futures",
        "BTC/USDT:USDT",
        3,
        203083287,
        1684930166350,
        5,
        ((0.2969, 5302.5),),
        ((0.2974, 803.0),),
    )


def test_a_snapshot_without_an_id() -> None:
    """Without an id a book cannot be joined to its stream."""
    with pytest.raises(DecodeError, match=r"gateio order_book of BTC_USDT"):
        public(False).decode_snapshot(body({"asks": [], "bids": []}), info(False), 0, 0)


def test_tickers() -> None:
    """Unknown symbols are left out, empty prices are 0."""
    one = {"currency_pair": "BTC_USDT", "last": "70775.2", "lowest_ask": "", "base_volume": "4"}
    answer = body([one, one | {"currency_pair": "X_USDT"}])
    (ticker,) = public(False).decode_tickers(answer, [info(False)], 5)
    assert ticker == Ticker24h(
        "gateio", "BTC/USDT", 0, 0, 5, 70775.2, 0.0, 0.0, 0.0, 4.0, 0.0, 0.0, 0.0, 0.0
    )
    contract = {"contract": "BTC_USDT", "last": "1", "volume_24h": 7, "volume_24h_quote": "9"}
    (ticker,) = public(True).decode_tickers(body([contract]), [info(True)], 5)
    assert (ticker.amount, ticker.quote_amount) == (7.0, 9.0)


def test_trades_oldest_first() -> None:
    """The venue sends the newest first; times are strings, numbers, milliseconds or seconds."""
    spot = {"id": "2", "create_time_ms": "1548000000123.456", "side": "buy", "amount": "0.15"}
    spot |= {"price": "0.03", "currency_pair": "BTC_USDT"}
    answer = body([spot, spot | {"id": "1"}])
    first, second = public(False).decode_trades(answer, info(False), 5)
    assert (first.trade_id, second.trade_id) == (1, 2)
    assert first == Trade("gateio", "BTC/USDT", 0, 1, 1548000000123, 5, 0.03, 0.15, False)
    contract = {"id": 7, "create_time": 1514764800.5, "contract": "BTC_USDT", "size": -100}
    (trade,) = public(True).decode_trades(body([contract | {"price": "100.1"}]), info(True), 5)
    assert (trade.venue_ms, trade.amount, trade.taker_sold) == (1514764800500, 100.0, True)
    with pytest.raises(DecodeError, match="only that symbol"):
        public(False).decode_trades(answer, info(False, "ETH_USDT"), 5)


def test_candles() -> None:
    """Spot says which candle is closed; elsewhere the last one runs."""
    early = ["1539852480", "971519.677", "2.5", "4", "1", "3", "447206.1", "true"]
    late = ["1539852540", "1", "2.5", "4", "1", "3", "2", "false"]
    first, last = public(False).decode_klines(body([late, early]), info(False), "1m", 5)
    assert first == Kline(
        "gateio",
        "BTC/USDT",
        0,
        "1m",
        1539852480000,
        1539852539999,
        0,
        5,
        3.0,
        4.0,
        1.0,
        2.5,
        447206.1,
        971519.677,
        0,
        True,
    )
    assert not last.closed
    contract = {"t": 60, "v": 97151, "c": "2", "h": "4", "l": "1", "o": "3", "sum": "3580"}
    first, last = public(True).decode_klines(
        body([contract, contract | {"t": 120}]), info(True), "1m", 5
    )
    assert (first.amount, first.quote_amount, first.closed, last.closed) == (
        97151,
        3580,
        True,
        False,
    )


def test_server_time() -> None:
    """Milliseconds as sent."""
    answer = body({"server_time": 1597026383085})
    assert public(True).decode_server_time(answer, 5) == ServerTime(
        "gateio_futures", 1597026383085, 5
    )


@pytest.mark.parametrize("futures", [False, True])
@pytest.mark.parametrize("page", [b"", b"<html>502</html>", b"{}", b"[1]", b"null", b"\xff"])
def test_answers_that_are_none(futures: bool, page: bytes) -> None:
    """Every answer that does not read as documented is a DecodeError."""
    dialect, symbol = public(futures), info(futures)
    for read in (
        dialect.decode_venue_info,
        lambda text: dialect.decode_snapshot(text, symbol, 0, 0),
        lambda text: dialect.decode_tickers(text, [symbol], 0),
        lambda text: dialect.decode_trades(text, symbol, 0),
        lambda text: dialect.decode_klines(text, symbol, "1m", 0),
        lambda text: dialect.decode_server_time(text, 0),
    ):
        with pytest.raises(DecodeError, match=r"^gateio"):
            read(page)


@settings(max_examples=40)
@given(limit=st.integers(0, 10_000), left=st.integers(0, 10_000))
def test_rate_use(limit: int, left: int) -> None:
    """What the headers say is used, never negative; none where they say nothing readable."""
    headers = {
        "x-gate-ratelimit-limit": str(limit),
        "x-gate-ratelimit-requests-remain": str(left),
    }
    (use,) = public(False).rate_use(headers)
    assert (use.used, use.limit, use.resets_in_s) == (max(0, limit - left), limit, None)
    assert public(False).rate_use(headers | {"x-gate-ratelimit-limit": "many"}) == ()
    assert public(False).rate_use({}) == ()
    when = {
        "date": "Tue, 14 Nov 2023 22:13:20 GMT",
        "x-gate-ratelimit-reset-timestamp": "1700000004",
    }
    assert public(True).rate_use(headers | when)[0].resets_in_s == 4.0
