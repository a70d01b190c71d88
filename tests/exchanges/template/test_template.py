"""The example venue decodes its own samples, refuses what is broken, and runs a book."""

from __future__ import annotations

import inspect
import json
import re

import msgspec
import pytest

from exchanges import registry
from exchanges._template import PUBLIC, auth, wire
from exchanges._template.limits import LIMITS
from exchanges._template.rest import ExampleError
from exchanges.sequencing import Sequencer, State, Verdict
from messages.errors import (
    DecodeError,
    Outcome,
    RateLimited,
    RetryKind,
    UnknownSymbol,
    VenueUnavailable,
)
from messages.market import (
    Ack,
    BestQuote,
    BookDelta,
    Heartbeat,
    Kline,
    PartialBook,
    Refused,
    StreamKind,
    Ticker24h,
    Trade,
)
from messages.requests import RestRequest

BTC = PUBLIC.symbol_from_native("BTC-USDT")
TOPICS = [PUBLIC.stream(kind, BTC) for kind in StreamKind]


def sample(struct: type[object]) -> bytes:
    """Take the raw sample out of a wire struct's docstring."""
    found = re.search(r"^\s*(\{.*\})\s*$", inspect.getdoc(struct) or "", re.DOTALL | re.MULTILINE)
    assert found is not None
    return found[1].encode()


@pytest.mark.parametrize(
    ("struct", "kind"),
    [
        (wire.Book, BookDelta),
        (wire.Top, PartialBook),
        (wire.Quote, BestQuote),
        (wire.TradeEvent, Trade),
        (wire.Candle, Kline),
        (wire.Day, Ticker24h),
    ],
)
def test_every_sample_in_the_docstrings_decodes(struct: type[object], kind: type[object]) -> None:
    """The samples are the documentation; they are also the fixtures, and name known topics."""
    payload = sample(struct)
    assert json.loads(payload)["topic"] in TOPICS
    (message,) = PUBLIC.codec([BTC], 3).decode(payload, 5)
    assert type(message) is kind
    named = msgspec.structs.asdict(message)
    assert (named["symbol"], named["epoch"]) == ("BTC/USDT", 3)


def test_a_whole_event_value_by_value() -> None:
    """No member is mixed up with another."""
    assert PUBLIC.codec([BTC], 3).decode(sample(wire.Book), 5) == (
        BookDelta(
            "example",
            "BTC/USDT",
            3,
            12,
            14,
            -1,
            1_700_000_000_000,
            5,
            ((100.5, 2.0),),
            ((101.0, 0.0),),
        ),
    )


def test_answers_to_commands() -> None:
    """Acknowledged, refused, alive."""
    codec = PUBLIC.codec([BTC], 3)
    assert codec.decode(b'{"op":"subscribed","id":1}', 5) == (Ack("example", 1, 5),)
    refusal = b'{"op":"refused","id":1,"code":"E1","reason":"no such topic"}'
    assert codec.decode(refusal, 5) == (Refused("example", 1, 5, "E1", "no such topic"),)
    assert codec.decode(b'{"op":"pong"}', 5) == (Heartbeat("example", 5),)


@pytest.mark.parametrize(
    "payload",
    [
        b"",
        b"[]",
        b"{}",
        b'{"topic":"book:ETH-USDT"}',
        b'{"topic":"fog:BTC-USDT"}',
        b'{"topic":"book:BTC-USDT"}',
        sample(wire.Book)[:-3],
        sample(wire.Book).replace(b'"100.5"', b'"NaN"'),
        sample(wire.Book).replace(b'"2"', b'"-2"'),
        sample(wire.Book).replace(b'"100.5"', b'"0"'),
        sample(wire.Book).replace(b'"from":12', b'"from":15'),
    ],
)
def test_broken_frames_are_decode_errors(payload: bytes) -> None:
    """Truncated, foreign, unknown, not finite, negative, backwards: each is named, none passes."""
    with pytest.raises(DecodeError, match=r"^example"):
        PUBLIC.codec([BTC], 3).decode(payload, 5)


def test_a_book_runs_through_the_sequencer() -> None:
    """Snapshot and events of this venue keep a book live, and a missing one ends it."""
    sequencer = Sequencer(PUBLIC.rule)
    codec = PUBLIC.codec([BTC], 0)
    (event,) = codec.decode(sample(wire.Book), 5)
    assert isinstance(event, BookDelta)
    body = b'{"at":1,"to":11,"bids":[["100","1"]],"asks":[]}'
    assert sequencer.delta(event) is Verdict.HELD
    assert sequencer.snapshot(PUBLIC.decode_snapshot(body, BTC, 0, 4)) is Verdict.LOADED
    assert sequencer.buffered() == (event,)
    after_a_hole = sample(wire.Book).replace(b'"from":12,"to":14', b'"from":16,"to":17')
    (later,) = codec.decode(after_a_hole, 6)
    assert isinstance(later, BookDelta)
    assert sequencer.delta(later) is Verdict.GAP
    assert sequencer.state is State.DARK


def test_commands_and_plans_respect_the_limits() -> None:
    """Many streams take several commands and several connections, and none is lost."""
    infos = [PUBLIC.symbol_from_native(f"A{number}-USDT") for number in range(130)]
    streams = {PUBLIC.stream(StreamKind.DEPTH, info): info for info in infos}
    plans = PUBLIC.plan(streams)
    assert [len(plan.streams) for plan in plans] == [100, 30]
    assert [name for plan in plans for name in plan.streams] == list(streams)
    frames = [json.loads(text) for text in PUBLIC.subscribe(plans[0].streams, 7, 0)]
    assert [each["id"] for each in frames] == [7, 8, 9, 10, 11]
    assert max(len(each["topics"]) for each in frames) == LIMITS.streams_per_command
    assert json.loads(PUBLIC.unsubscribe(["a"], 1, 0)[0])["op"] == "unsubscribe"


def test_requests_and_answers() -> None:
    """Every public request has an answer that decodes."""
    assert PUBLIC.snapshot_request(BTC, 9_999).target == "/v1/book?symbol=BTC-USDT&depth=500"
    info = PUBLIC.decode_venue_info(b"[" + sample(wire.Listed) + b"]")
    assert [(each.symbol, str(each.tick)) for each in info.symbols] == [("BTC/USDT", "0.1")]
    days = b"[" + sample(wire.Day).replace(b'"topic":"day:BTC-USDT"', b'"symbol":"BTC-USDT"') + b"]"
    assert PUBLIC.decode_tickers(days, [BTC], 5)[0].last == 101.0
    first = sample(wire.TradeEvent)
    second = first.replace(b'"no":9', b'"no":10')
    trades = PUBLIC.decode_trades(b"[" + second + b"," + first + b"]", BTC, 5)
    assert [each.trade_id for each in trades] == [9, 10]
    candles = PUBLIC.decode_klines(b"[" + sample(wire.Candle) + b"]", BTC, "1m", 5)
    assert candles[0].interval == "1m"
    assert PUBLIC.decode_server_time(b'{"now":7}', 5).venue_ms == 7
    for request in (
        PUBLIC.venue_info_request(),
        PUBLIC.tickers_request(),
        PUBLIC.trades_request(BTC, 5),
        PUBLIC.klines_request(BTC, "1m", 5),
        PUBLIC.server_time_request(),
    ):
        assert request.method == "GET" and request.path.startswith("/v1/")
    assert PUBLIC.classify_rest_path("/v1/book", {"symbol": "BTC-USDT"}) == ("snapshot", "BTC-USDT")
    assert PUBLIC.classify_rest_path("/v1/symbols", {}) == ("venue_info", "")
    assert PUBLIC.classify_rest_path("/v1/time", {}) == ("", "")


def test_refusals() -> None:
    """Each refusal is one class and the venue's marker, and says outcome and retry."""
    limited = PUBLIC.error(429, {"retry-after": "7"}, b'{"code":"RATE","reason":"slow down"}')
    assert isinstance(limited, RateLimited) and isinstance(limited, ExampleError)
    assert (limited.retry.kind, limited.retry.after_s) == (RetryKind.AFTER, 7.0)
    assert isinstance(PUBLIC.error(404, {}, b'{"code":"SYMBOL","reason":"?"}'), UnknownSymbol)
    down = PUBLIC.error(502, {}, b"<html>bad gateway</html>")
    assert isinstance(down, VenueUnavailable) and down.outcome is Outcome.UNKNOWN
    assert PUBLIC.error(200, {}, b"{}") is None


def test_signing_covers_time_method_target_and_body() -> None:
    """Change any of them and the signature is another."""
    request = RestRequest("POST", "/v1/orders", (("a", "b"),), body=b"{}")
    signed = auth.sign(request, 1, b"secret")
    assert len(signed) == 64
    others = [
        auth.sign(request, 2, b"secret"),
        auth.sign(RestRequest("GET", "/v1/orders", (("a", "b"),), body=b"{}"), 1, b"secret"),
        auth.sign(RestRequest("POST", "/v1/orders", (("a", "c"),), body=b"{}"), 1, b"secret"),
        auth.sign(RestRequest("POST", "/v1/orders", (("a", "b"),), body=b"[]"), 1, b"secret"),
        auth.sign(request, 1, b"other"),
    ]
    assert len({signed, *others}) == 6


@pytest.mark.parametrize("native", ["BTCUSDT", "", "-", "BTC-", "-USDT", "A-B-C"])
def test_what_is_no_symbol(native: str) -> None:
    """A name that does not fit is said to be none."""
    with pytest.raises(UnknownSymbol):
        PUBLIC.symbol_from_native(native)


def test_the_template_is_not_a_venue() -> None:
    """Nobody can trade on an exchange that does not exist."""
    assert "example" not in registry.venues()
