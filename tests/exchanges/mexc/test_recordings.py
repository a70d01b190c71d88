"""Real frames of the venue, frames made from another library's tests, and collected payloads."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from google.protobuf.json_format import MessageToDict

from exchanges.contract import PublicCodec
from exchanges.mexc import PUBLIC
from exchanges.mexc.frames_pb2 import PushDataWrapper
from exchanges.sequencing import Sequencer, State, Verdict
from messages.errors import DecodeError
from messages.market import (
    Ack,
    BestQuote,
    BookDelta,
    BookSnapshot,
    Kline,
    Levels,
    PartialBook,
    PublicMessage,
    Ticker24h,
    Trade,
)

NATIVES = ("BTCUSDT", "HYPEUSDT", "XENUSDT", "LTCBTC")
INFOS = {native: PUBLIC.symbol_from_native(native) for native in NATIVES}


def make() -> PublicCodec:
    """A codec that knows the symbols of all these frames."""
    return PUBLIC.codec(INFOS.values(), 1)


def real_frames(shared_data: Path) -> list[dict[str, Any]]:
    """The frames seen on the wire."""
    frames: list[dict[str, Any]] = json.loads((shared_data / "mexc" / "pb_frames.json").read_text())
    assert len(frames) == 5
    return frames


def reencoded(shared_data: Path, test: str) -> list[dict[str, Any]]:
    """The frames made from one stateful test of another library."""
    records = json.loads((shared_data / "mexc" / "pb_reencoded.json").read_text())["records"]
    return [record for record in records if record["test"] == test]


# -- real frames -----------------------------------------------------------------------------------


def test_the_schema_reads_and_writes_the_real_frames(shared_data: Path) -> None:
    """What is parsed equals what was recorded, and serialises to the same bytes."""
    for frame in real_frames(shared_data):
        wrapper = PushDataWrapper.FromString(bytes.fromhex(frame["hex"]))
        assert MessageToDict(wrapper) == frame["expected"]
        assert wrapper.SerializeToString().hex() == frame["hex"]


def levels(recorded: list[dict[str, str]]) -> Levels:
    """The recorded levels as messages hold them."""
    return tuple((float(each["price"]), float(each["quantity"])) for each in recorded)


def meant(expected: dict[str, Any]) -> list[PublicMessage]:
    """What a recorded frame means, read from its JSON by other code than the codec's."""
    sent_ms = int(expected.get("sendTime", expected.get("createTime", 0)))
    symbol = INFOS[expected["symbol"]].symbol
    head = ("mexc", symbol, 1)
    if body := expected.get("publicAggreBookTicker"):
        sides = ("bidPrice", "bidQuantity", "askPrice", "askQuantity")
        version = int(body["version"])
        return [BestQuote(*head, version, sent_ms, 5, *(float(body[side]) for side in sides))]
    if body := expected.get("publicAggreDeals"):
        return [
            Trade(
                *head, deal["tradeId"], int(deal["time"]), 5,
                float(deal["price"]), float(deal["quantity"]), deal["tradeType"] == 2,
            )
            for deal in body["deals"]
        ]  # fmt: skip
    if body := expected.get("publicLimitDepths"):
        bids, asks = levels(body["bids"]), levels(body["asks"])
        return [PartialBook(*head, int(body["version"]), sent_ms, 5, bids, asks)]
    if body := expected.get("publicSpotKline"):
        opened, high, low, close, base, turnover = (
            float(body[name])
            for name in (
                "openingPrice", "highestPrice", "lowestPrice", "closingPrice", "volume", "amount"
            )
        )  # fmt: skip
        return [
            Kline(
                *head, "1m", int(body["windowStart"]) * 1000, int(body["windowEnd"]) * 1000 - 1,
                sent_ms, 5, opened, high, low, close, base, turnover, 0, False,
            )
        ]  # fmt: skip
    body = expected["publicMiniTicker"]
    last, high, low, base, turnover = (
        float(body[name]) for name in ("price", "high", "low", "quantity", "volume")
    )
    return [Ticker24h(*head, sent_ms, 5, last, 0.0, high, low, base, turnover, 0.67)]


def test_real_frames(shared_data: Path) -> None:
    """Every frame seen on the wire decodes to its recorded content."""
    codec, kinds = make(), []
    for frame in real_frames(shared_data):
        messages = codec.decode(bytes.fromhex(frame["hex"]), 5)
        assert list(messages) == meant(frame["expected"])
        kinds += [type(message) for message in messages]
    assert kinds == [BestQuote, Trade, Trade, Kline, PartialBook, Ticker24h]


def test_real_frames_cut_at_every_length(shared_data: Path) -> None:
    """A cut frame never brings a message, and is an error but where no body has begun."""
    codec = make()
    for frame in real_frames(shared_data):
        payload = bytes.fromhex(frame["hex"])
        quiet = []
        for length in range(len(payload)):
            try:
                assert codec.decode(payload[:length], 5) == ()
            except DecodeError:
                continue
            quiet.append(length)
        wrapper = PushDataWrapper.FromString(payload)
        wrapper.ClearField(wrapper.WhichOneof("body"))
        assert quiet == [len(wrapper.SerializeToString())]


# -- frames of another library's tests -------------------------------------------------------------


def test_an_empty_wrapper_and_an_ack(shared_data: Path) -> None:
    """A wrapper without a body brings nothing; an ack without an id names its topic."""
    records = reencoded(shared_data, "map mexc messages")
    codec = make()
    topic = "spot@public.aggre.deals.v3.api.pb@10ms@BTCUSDT"
    assert codec.decode(json.dumps(records[0]["json"]).encode(), 5) == (
        Ack("mexc", 0, 5, (topic,)),
    )
    assert [codec.decode(bytes.fromhex(records[at]["hex"]), 5) for at in (1, 2, 7)] == [()] * 3


def test_trades_and_quotes(shared_data: Path) -> None:
    """Sides, prices and amounts equal those the library's tests expect; an empty side is 0."""
    codec = make()
    found: list[tuple[object, ...]] = []
    expected: list[tuple[object, ...]] = []
    for record in reencoded(shared_data, "map mexc messages"):
        for message in codec.decode(bytes.fromhex(record["hex"]), 5) if "hex" in record else ():
            if isinstance(message, Trade):
                side = "sell" if message.taker_sold else "buy"
                found.append((side, message.price, message.amount))
            elif isinstance(message, BestQuote):
                found.append((message.bid, message.bid_amount, message.ask, message.ask_amount))
        for each in record["expected"]:
            if each["type"] == "trade":
                expected.append((each["side"], each["price"], each["amount"]))
            elif each["type"] == "book_ticker":
                sides = ("bidPrice", "bidAmount", "askPrice", "askAmount")
                expected.append(tuple(each[side] or 0.0 for side in sides))
    assert found == expected and len(found) == 4


class Ladder:
    """The plainest book there is, behind the sequencing that the engine uses."""

    def __init__(self) -> None:
        self.order = Sequencer(PUBLIC.rule, epoch=1)
        self.sides: tuple[dict[float, float], dict[float, float]] = ({}, {})

    def snapshot(self, message: BookSnapshot) -> Verdict:
        """Take a snapshot and what was held for it."""
        verdict = self.order.snapshot(message)
        if verdict is Verdict.LOADED:
            self.sides = (dict(message.bids), dict(message.asks))
            for held in self.order.buffered():
                self._apply(held)
        return verdict

    def delta(self, message: BookDelta) -> Verdict:
        """Take an event."""
        verdict = self.order.delta(message)
        if verdict is Verdict.APPLY:
            self._apply(message)
        return verdict

    def _apply(self, message: BookDelta) -> None:
        for side, changes in zip(self.sides, (message.bids, message.asks), strict=True):
            for price, amount in changes:
                side[price] = amount
                if amount == 0:
                    del side[price]


def snapshot_of(record: dict[str, Any]) -> BookSnapshot:
    """The REST snapshot inside a record, through the dialect's own reading of GET depth."""
    body = json.dumps(record["json"]["publicAggreDepthsSnapshot"]).encode()
    return PUBLIC.decode_snapshot(body, INFOS["BTCUSDT"], 1, 5)


def drive(ladder: Ladder, records: list[dict[str, Any]]) -> list[Verdict]:
    """Feed records through codec and sequencing."""
    codec, verdicts = make(), []
    for record in records:
        if "publicAggreDepthsSnapshot" in record.get("json", {}):
            verdicts.append(ladder.snapshot(snapshot_of(record)))
        elif "hex" in record:
            for message in codec.decode(bytes.fromhex(record["hex"]), 5):
                if isinstance(message, BookDelta):
                    verdicts.append(ladder.delta(message))
    return verdicts


def test_increments_continue_their_snapshot(shared_data: Path) -> None:
    """Held, loaded, applied: the book is the one the library's tests expect at every step."""
    records = reencoded(shared_data, "map mexc messages")
    ladder = Ladder()
    assert drive(ladder, records[:7]) == [Verdict.HELD, Verdict.HELD, Verdict.LOADED]
    assert ladder.sides == ({99.8: 2.3, 99.9: 0.5, 99.7: 1.1}, {})
    # The next event deletes an ask that is not there, which is normal.
    assert drive(ladder, records[7:]) == [Verdict.APPLY] * 3
    assert ladder.sides == ({99.8: 2.3, 99.9: 0.5, 99.7: 1.1, 99.6: 0.8}, {100.3: 0.4})
    assert (ladder.order.state, ladder.order.last_id, ladder.order.gaps) == (State.LIVE, 105, 0)


def test_an_increment_with_one_side_bridges_a_snapshot(shared_data: Path) -> None:
    """The event begins right after the snapshot's version and names asks only."""
    ladder = Ladder()
    records = reencoded(shared_data, "map mexc buffered depth updates with omitted side")
    assert drive(ladder, records) == [Verdict.HELD, Verdict.LOADED]
    asks = {64530.0: 1.0, 64526.18: 0.32477055, 64849.35: 0.01209236}
    assert ladder.sides == ({64520.0: 1.0}, asks)
    assert ladder.order.last_id == 74483042022


@pytest.mark.parametrize(
    ("lost", "verdicts"),
    [
        (4, [Verdict.HELD, Verdict.TOO_OLD, Verdict.HELD, Verdict.HELD, Verdict.HELD]),
        (8, [Verdict.HELD, Verdict.HELD, Verdict.LOADED, Verdict.GAP, Verdict.HELD]),
        (9, [Verdict.HELD, Verdict.HELD, Verdict.LOADED, Verdict.APPLY, Verdict.GAP]),
    ],
)
def test_a_lost_increment_is_noticed_at_the_next(
    shared_data: Path, lost: int, verdicts: list[Verdict]
) -> None:
    """The version has a hole: nothing is applied after it until a new snapshot."""
    records = reencoded(shared_data, "map mexc messages")
    ladder = Ladder()
    assert drive(ladder, records[:lost] + records[lost + 1 :]) == verdicts
    assert ladder.order.state is not State.LIVE


def test_a_repeated_increment_is_old(shared_data: Path) -> None:
    """The same range again changes nothing."""
    records = reencoded(shared_data, "map mexc messages")
    ladder = Ladder()
    verdicts = drive(ladder, [*records[:9], records[8], *records[9:]])
    assert verdicts[3:] == [Verdict.APPLY, Verdict.OLD, Verdict.APPLY, Verdict.APPLY]
