"""The recorded dialect keeps every byte that passes through it, and changes nothing of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from actors.recordings import capture
from actors.recordings.recorder import Undecoded, recorded
from actors.recordings.records import Feed, Kind, Record
from actors.recordings.tape import Tape
from actors.runtime.clock import ManualClock
from exchanges.contract import PublicDialect
from exchanges.registry import dialect
from messages.errors import DecodeError
from tests.recordings.frames import ASKS, BIDS, depth, snapshot
from tests.recordings.test_tape import inline

SPOT = dialect("binance")
BTC = SPOT.symbol_from_native("BTCUSDT")
ETH = SPOT.symbol_from_native("ETHUSDT")
CONNECTIONS = {"BTC/USDT": "0", "ETH/USDT": "1"}


class Deck:
    """A recorded Binance and its tape."""

    def __init__(self, path: Path, rest_url: str = "http://127.0.0.1:99") -> None:
        self.tape = Tape(path, ManualClock(7), worker=inline)
        self.dialect: PublicDialect
        self.undecoded: Undecoded
        self.dialect, self.undecoded = recorded(
            SPOT, self.tape, ManualClock(7), rest_url, CONNECTIONS.__getitem__
        )

    async def records(self) -> list[Record]:
        """Everything that was kept."""
        self.tape.close()
        await self.tape.run()
        return list(capture.read(self.tape.path))


async def test_frames_are_kept_whatever_they_are(tmp_path: Path) -> None:
    """Readable or not, text or binary: the same bytes, and the messages of the venue's codec."""
    deck = Deck(tmp_path / "a")
    codec = deck.dialect.codec([BTC], 1)
    good = depth(1, 5, BIDS, ASKS).encode()
    payloads = [good, b"\x00\xff\n\xfe", b"<html>", b""]
    messages = [codec.decode(payload, 10) for payload in payloads]
    assert messages == [SPOT.codec([BTC], 1).decode(good, 10), (), (), ()]
    assert deck.undecoded.count == 3
    assert "\\xff" in deck.undecoded.first
    records = await deck.records()
    assert [record[3] for record in records] == payloads
    assert {record[2] for record in records} == {Feed("binance", "0")}


async def test_an_answer_bears_the_address_it_was_asked_at(tmp_path: Path) -> None:
    """A replay knows by it what the answer is and of which symbol; a proxy's path is no part."""
    deck = Deck(tmp_path / "a", "https://proxy.example:8443/behind/")
    deck.dialect.codec([ETH], 3)
    body = snapshot(7, BIDS, ASKS).encode()
    asked = deck.dialect.snapshot_request(ETH, 1000)
    assert deck.dialect.decode_snapshot(body, ETH, 3, 20) == SPOT.decode_snapshot(body, ETH, 3, 20)
    ((_, kind, feed, payload, about),) = await deck.records()
    assert (kind, feed, payload) == (Kind.ANSWER, Feed("binance", "1"), body)
    assert about == "https://proxy.example:8443" + asked.target


async def test_an_answer_for_a_connection_that_is_gone_is_left_out(tmp_path: Path) -> None:
    """In a replay it would look like a snapshot of the next life."""
    deck = Deck(tmp_path / "a")
    deck.dialect.snapshot_request(BTC, 100)
    body = snapshot(7, BIDS, ASKS).encode()
    deck.dialect.codec([BTC], 1)
    deck.dialect.decode_snapshot(body, BTC, 1, 20)
    deck.dialect.codec([BTC], 2)
    deck.dialect.decode_snapshot(body, BTC, 1, 30)
    assert len(await deck.records()) == 1


async def test_a_bad_answer_is_kept_and_still_an_error(tmp_path: Path) -> None:
    """Whoever asked must know; whoever reads the capture sees why."""
    deck = Deck(tmp_path / "a")
    with pytest.raises(DecodeError):
        deck.dialect.decode_venue_info(b"<html>")
    ((_, kind, feed, payload, about),) = await deck.records()
    assert (kind, feed, payload) == (Kind.ANSWER, Feed("binance", "rest"), b"<html>")
    assert about.startswith("http://127.0.0.1:99/api/v3/exchangeInfo")


async def test_everything_else_is_the_venues_own(tmp_path: Path) -> None:
    """Rules, limits and names pass through."""
    deck = Deck(tmp_path / "a")
    assert (deck.dialect.venue, deck.dialect.rule) == (SPOT.venue, SPOT.rule)
    assert deck.dialect.limits is SPOT.limits
    assert deck.dialect.symbol_from_native("BTCUSDT") == BTC
    assert await deck.records() == []
