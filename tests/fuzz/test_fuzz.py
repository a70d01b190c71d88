"""Twenty thousand damaged frames a venue, and a judge that can say no."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable
from pathlib import Path

import msgspec
import pytest

from actors.proven_book import ProvenBook
from exchanges.contract import PublicCodec
from exchanges.registry import venues
from messages.instruments import SymbolInfo
from messages.market import BestQuote, BookDelta, PartialBook, PublicMessage
from tests.conftest import SHARED_DATA, find_shared_data
from tests.fuzz import guided, protobuf
from tests.fuzz.corpus import VENUES, Corpus, load
from tests.fuzz.judging import Finding, Judge
from tests.fuzz.mutating import mutate

FRAMES = 20_000
FEW = 400
"""Frames for the tests of the judge itself."""

Change = Callable[[PublicMessage], PublicMessage]


@pytest.fixture(scope="module", params=VENUES)
def corpus(request: pytest.FixtureRequest, shared_data: Path) -> Corpus:
    """The frames of one venue."""
    return load(shared_data, request.param)


@pytest.fixture(scope="module")
def spot(shared_data: Path) -> Corpus:
    """The frames of one venue that serves for all."""
    return load(shared_data, "binance")


def test_every_venue_is_fuzzed() -> None:
    """A venue that is registered has a corpus."""
    assert set(VENUES) == set(venues())


def test_damaged_frames_are_refused_or_mean_what_they_say(corpus: Corpus) -> None:
    """Nothing but our own error, or the book the independent reader makes; neither is rare."""
    judge = Judge(corpus)
    judge.run(range(FRAMES))
    assert judge.counts["refused"] > FRAMES // 10
    assert judge.counts["book"] > FRAMES // 10
    assert judge.counts["applied"] > FRAMES // 20


def test_undamaged_frames_are_accepted(corpus: Corpus) -> None:
    """The corpus is what the venue speaks: the codec refuses none of it."""
    judge = Judge(corpus)
    outcomes = [judge.judge(frame, origin) for origin, frame in enumerate(corpus.frames)]
    assert "refused" not in outcomes
    assert outcomes.count("book") >= 4
    assert [judge.judge_answer(*each) for each in corpus.answers] == ["answer"] * len(
        corpus.answers
    )


def test_one_seed_draws_one_frame(spot: Corpus) -> None:
    """A finding's seed makes the same bytes again."""
    drawn = [mutate(seed, spot.frames, binary=False) for seed in range(FEW)]
    assert drawn == [mutate(seed, spot.frames, binary=False) for seed in range(FEW)]
    assert len({payload for _, payload in drawn}) > FEW * 0.9


class Liar(PublicCodec):
    """A codec that changes what the real one says."""

    def __init__(self, real: PublicCodec, change: Change) -> None:
        self.real, self.change = real, change

    def learn(self, symbols: Iterable[SymbolInfo]) -> None:
        """Let the real one know them."""
        self.real.learn(symbols)

    def decode(self, payload: bytes, received_ns: int) -> tuple[PublicMessage, ...]:
        """Decode and change."""
        return tuple(self.change(each) for each in self.real.decode(payload, received_ns))


def _another_amount(message: PublicMessage) -> PublicMessage:
    if isinstance(message, BookDelta) and message.bids:
        (price, amount), *rest = message.bids
        return msgspec.structs.replace(message, bids=((price, amount + 1e-8), *rest))
    return message


def _a_level_less(message: PublicMessage) -> PublicMessage:
    if isinstance(message, BookDelta):
        return msgspec.structs.replace(message, asks=message.asks[1:])
    return message


def _another_id(message: PublicMessage) -> PublicMessage:
    if isinstance(message, BookDelta):
        return msgspec.structs.replace(message, last_id=message.last_id + 1)
    return message


def _sides_exchanged(message: PublicMessage) -> PublicMessage:
    if isinstance(message, BestQuote):
        return msgspec.structs.replace(message, bid=message.ask, ask=message.bid)
    return message


def _another_symbol(message: PublicMessage) -> PublicMessage:
    if isinstance(message, BookDelta):
        return msgspec.structs.replace(message, symbol="ETH/USDT")
    return message


def _a_delta_as_top_levels(message: PublicMessage) -> PublicMessage:
    if isinstance(message, BookDelta):
        return PartialBook(
            message.venue, message.symbol, message.epoch, message.last_id, message.venue_ms,
            message.received_ns, message.bids, message.asks,
        )  # fmt: skip
    return message


@pytest.mark.parametrize(
    "change",
    [
        _another_amount, _a_level_less, _another_id, _sides_exchanged, _another_symbol,
        _a_delta_as_top_levels,
    ],
)  # fmt: skip
def test_a_codec_that_lies_is_found(
    spot: Corpus, change: Change, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Another amount, level, id, side, symbol or kind than the frame's is a finding."""
    real = Judge._codec
    monkeypatch.setattr(Judge, "_codec", lambda judge: Liar(real(judge), change))
    with pytest.raises(Finding) as caught:
        Judge(spot).run(range(FEW))
    assert "binance seed" in caught.value.__notes__[0]


def test_a_codec_that_remembers_wrongly_is_found(
    spot: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a codec has seen before must not change what it reads now."""
    judge = Judge(spot)
    judge._warm = Liar(judge._codec(), _another_id)
    with pytest.raises(Finding, match="a fresh codec reads it otherwise"):
        judge.run(range(FEW))


def test_any_other_exception_is_found(spot: Corpus) -> None:
    """A KeyError of a codec reaches the caller, with the seed that made it."""

    def fail(message: PublicMessage) -> PublicMessage:
        raise KeyError("planted")

    judge = Judge(spot)
    judge._warm = Liar(judge._codec(), fail)
    with pytest.raises(KeyError, match="planted") as caught:
        judge.run(range(FEW))
    assert "binance seed" in caught.value.__notes__[0]


def test_a_book_that_forgets_a_change_is_found(
    spot: Corpus, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The judge looks at the book, not at the message alone."""
    real = ProvenBook.delta
    monkeypatch.setattr(
        ProvenBook,
        "delta",
        lambda book, event: real(book, msgspec.structs.replace(event, bids=event.bids[:-1])),
    )
    with pytest.raises(Finding, match="the reader made"):
        Judge(spot).run(range(FEW))


def test_protobuf_is_read_and_written_alike(shared_data: Path) -> None:
    """The small reader joins what it took apart to the same bytes."""
    for frame in load(shared_data, "mexc").frames:
        if frame[:1] != b"{":
            assert protobuf.joined(protobuf.fields(frame)) == frame


@pytest.mark.parametrize("damaged", [b"\x0a\x05abc", b"\x80" * 11, b"\x07", b"\x00\x01", b"\x09a"])
def test_protobuf_that_is_none(damaged: bytes) -> None:
    """Cut, endless, of no wire type, of field 0: none of these is a message."""
    with pytest.raises(protobuf.Damaged):
        protobuf.fields(damaged)


def test_the_guided_search_says_what_it_lacks(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Without a venue it is wrong usage; without atheris one sentence and exit code 3."""
    find_shared_data(SHARED_DATA, os.environ.get("ARBTREE_REQUIRE_SHARED_DATA") == "1")
    assert guided.main([]) == 2
    monkeypatch.setitem(__import__("sys").modules, "atheris", None)
    assert guided.main(["mexc"]) == 3
    assert "atheris is not installed" in capsys.readouterr().err
