"""Every registered venue passes every card, and every card can say no."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
import pytest

from arbtree.certification.battery import (
    CARDS,
    FAILED,
    NOT_APPLICABLE,
    PASSED,
    Card,
    Result,
    certify,
)
from arbtree.cli import main
from exchanges.contract import HeartbeatRule, PublicCodec
from exchanges.registry import dialect, venues
from exchanges.subscription import SubscriptionContract
from messages.errors import UsageError, VenueBusy, retry_after
from messages.instruments import SymbolInfo, VenueInfo
from messages.market import BookDelta, BookSnapshot, PublicMessage, ServerTime
from simulator.instruments import DEFAULT_ASSETS
from simulator.venues import VENUES

replace = msgspec.structs.replace


def _one(venue: str, number: int) -> Result:
    (result,) = certify(venue, [number])
    return result


@pytest.mark.parametrize("card", CARDS, ids=lambda card: f"{card.number}-{card.name}")
@pytest.mark.parametrize("venue", venues())
def test_every_venue_passes(venue: str, card: Card) -> None:
    """A venue that is registered is certified; nothing is left out for one of today's."""
    result = _one(venue, card.number)
    assert (result.verdict, result.evidence) == (PASSED, result.evidence)
    assert result.evidence.isprintable() and len(result.evidence) < 200


def test_numbers_are_for_ever() -> None:
    """A number never comes to mean another card."""
    assert {card.number: card.name for card in CARDS} == {
        1: "symbols",
        2: "snapshot",
        3: "increments",
        4: "gap",
        5: "duplicate",
        6: "reorder",
        7: "snapshot race",
        8: "silent death",
        9: "refused subscription",
        10: "heartbeat",
        11: "429",
        12: "ban",
        13: "clock skew",
    }


# -- each card says no ----------------------------------------------------------------------------


class Changing(PublicCodec):
    """A codec that changes what the real one reads; `change` keeps what it likes to remember."""

    def __init__(self, real: PublicCodec, change: Callable[[PublicMessage], PublicMessage]) -> None:
        self.real, self.change = real, change

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """Let the real one know them."""
        self.real.learn(symbols)

    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """Decode and change."""
        return tuple(self.change(each) for each in self.real.decode(payload, received_ns))


Break = Callable[[pytest.MonkeyPatch, Any], None]


def _codec(monkeypatch: pytest.MonkeyPatch, venue: Any, make: Callable[[], Any]) -> None:
    """Let every new codec change messages by a fresh `make()`."""
    real = venue.codec
    monkeypatch.setattr(venue, "codec", lambda *given: Changing(real(*given), make()))


def _coarser_ticks(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    real = venue.decode_venue_info

    def decode(body: bytes) -> VenueInfo:
        info: VenueInfo = real(body)
        return replace(
            info,
            symbols=tuple(replace(each, tick=each.tick * 10) for each in info.symbols if each.tick),
        )

    monkeypatch.setattr(venue, "decode_venue_info", decode)


def _another_snapshot(change: Callable[[BookSnapshot], BookSnapshot]) -> Break:
    def spoil(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
        real = venue.decode_snapshot
        monkeypatch.setattr(venue, "decode_snapshot", lambda *given: change(real(*given)))

    return spoil


def _without_best_bid(snapshot: BookSnapshot) -> BookSnapshot:
    return replace(snapshot, bids=snapshot.bids[1:])


def _younger_than_it_is(snapshot: BookSnapshot) -> BookSnapshot:
    return replace(snapshot, last_id=snapshot.last_id + 200)


def _forgotten_deletions(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    def change(message: PublicMessage) -> PublicMessage:
        if isinstance(message, BookDelta):
            return replace(message, bids=tuple(each for each in message.bids if each[1]))
        return message

    _codec(monkeypatch, venue, lambda: change)


def _hidden_gaps(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    """Ids that always continue: no hole can be seen."""

    def make() -> Callable[[PublicMessage], PublicMessage]:
        last: dict[str, int] = {}

        def change(message: PublicMessage) -> PublicMessage:
            if not isinstance(message, BookDelta):
                return message
            before = last.get(message.symbol, message.first_id - 1)
            last[message.symbol] = max(before + 1, message.last_id)
            return replace(message, first_id=before + 1, last_id=last[message.symbol])

        return change

    _codec(monkeypatch, venue, make)


def _angry_at_repetition(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    def make() -> Callable[[PublicMessage], PublicMessage]:
        seen: set[tuple[str, int]] = set()

        def change(message: PublicMessage) -> PublicMessage:
            if isinstance(message, BookDelta):
                if (message.symbol, message.last_id) in seen:
                    raise ValueError("the same event again")
                seen.add((message.symbol, message.last_id))
            return message

        return change

    _codec(monkeypatch, venue, make)


def _deaf(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    monkeypatch.setattr(venue, "heartbeat", HeartbeatRule(silent_after_s=1e9))


def _patient_with_promises(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    monkeypatch.setattr(SubscriptionContract, "breach", lambda *_: None)


def _never_pings(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    monkeypatch.setattr(venue, "heartbeat", replace(venue.heartbeat, ping_every_s=0.0))


def _asks_on(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    real = venue.error

    def error(status: int, headers: Any, body: bytes) -> Any:
        if status in (418, 429):
            return VenueBusy("asked again at once", venue=venue.venue, retry=retry_after(0.05))
        return real(status, headers, body)

    monkeypatch.setattr(venue, "error", error)
    monkeypatch.setattr(venue, "rate_use", lambda headers: ())


def _reads_seconds(monkeypatch: pytest.MonkeyPatch, venue: Any) -> None:
    real = venue.decode_server_time

    def decode(body: bytes, received_ns: int) -> ServerTime:
        time = real(body, received_ns)
        return ServerTime(time.venue, time.venue_ms // 1000, received_ns)

    monkeypatch.setattr(venue, "decode_server_time", decode)


DEFECTS = [
    (1, _coarser_ticks, "the tick of BTC/USDT is 0.01, read as 0.1"),
    (2, _another_snapshot(_without_best_bid), "was published at"),
    (3, _forgotten_deletions, ""),
    (4, _hidden_gaps, "the gap of a lost event did not come"),
    (5, _angry_at_repetition, "crashed: crash: ValueError: the same event again"),
    (6, _hidden_gaps, "the gap of a wrong order did not come"),
    (7, _another_snapshot(_younger_than_it_is), ""),
    (8, _deaf, "it ended otherwise: outage: ConnectionLost"),
    (9, _patient_with_promises, "the end of a connection without an answer did not come"),
    (10, _never_pings, "ms old while idle"),
    (11, _asks_on, "requests were refused in"),
    (12, _asks_on, "requests were refused in"),
    (13, _reads_seconds, "the venue is 90000 ms ahead"),
]


def test_every_card_has_a_defect() -> None:
    """No card is left whose no has never been seen."""
    assert [number for number, _, _ in DEFECTS] == [card.number for card in CARDS]


@pytest.mark.parametrize(("number", "spoil", "words"), DEFECTS)
def test_a_card_says_no(
    number: int, spoil: Break, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A dialect with this defect fails this card, and the card says why."""
    spoil(monkeypatch, dialect("binance"))
    result = _one("binance", number)
    assert result.verdict == FAILED, result.evidence
    assert words in result.evidence


def test_a_simulated_venue_that_lies_is_caught(monkeypatch: pytest.MonkeyPatch) -> None:
    """The witness looks at the venue's book itself, not at what it sends."""
    writer = type(VENUES["binance"].protocol.writer(*_listed()))
    real = writer.depth

    def depth(self: Any, *given: Any) -> bytes:
        return bytes(real(self, *given).replace(b'"a":[["', b'"a":[["1'))

    monkeypatch.setattr(writer, "depth", depth)
    assert _one("binance", 3).verdict == FAILED


def _listed() -> tuple[Any, bool]:
    return VENUES["binance"].protocol.list_asset(DEFAULT_ASSETS[0]), False


def test_a_venue_without_rest_snapshots_has_no_such_cards(monkeypatch: pytest.MonkeyPatch) -> None:
    """What a venue cannot need is said to be so, and is no failure."""
    venue = dialect("gateio")
    real = venue.depth_feed

    def depth_feed(interval_ms: int | None = None, snapshots: str = "") -> Any:
        if snapshots == "rest":
            raise UsageError("gateio has no such way")
        return real(interval_ms, snapshots)

    monkeypatch.setattr(venue, "depth_feed", depth_feed)
    result = _one("gateio", 7)
    assert (result.verdict, result.evidence) == (NOT_APPLICABLE, "gateio has no such way")


# -- the command ----------------------------------------------------------------------------------


def test_the_command_prints_the_matrix(capsys: pytest.CaptureFixture[str]) -> None:
    """Number, name, what was checked, verdict and evidence; JSON has one object a line."""
    assert main(["certify", "mexc", "--card", "1", "--card", "13"]) == 0
    said = capsys.readouterr().out
    assert said.splitlines()[0].split() == ["card", "name", "checked", "verdict", "evidence"]
    assert "2 of 2 cards are in order" in said
    assert main(["certify", "mexc", "--card", "1", "--json"]) == 0
    (line,) = capsys.readouterr().out.splitlines()
    assert json.loads(line)["verdict"] == "passed"


def test_a_failed_card_is_exit_code_1(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The command worked, and found something wrong."""
    _coarser_ticks(monkeypatch, dialect("binance"))
    assert main(["certify", "binance", "--card", "1"]) == 1
    assert "0 of 1 cards are in order, 1 failed" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        ([], "name the venues to certify"),
        (["binance", "--all"], "name the venues to certify"),
        (["nowhere"], "unknown venue 'nowhere'"),
        (["binance", "--card", "99"], "there is no card 99"),
    ],
)
def test_wrong_usage(words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]) -> None:
    """One sentence and exit code 2."""
    assert main(["certify", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_the_cards_are_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Without a venue, by `--list`."""
    assert main(["certify", "--list"]) == 0
    assert len(capsys.readouterr().out.splitlines()) == len(CARDS) + 1
