"""One frame through the codec and the book, beside what the independent reader makes of it.

Allowed are a `DecodeError`, or the very book that the reader's Decimals make.  Any other
exception, another message and another book are findings.  Each frame is decoded twice: by a codec
that has seen everything before it, and by a fresh one; that must not matter.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from decimal import Decimal
from typing import Final

from actors.proven_book import ProvenBook, Verdict
from exchanges.contract import PublicCodec, SequenceRule
from exchanges.registry import dialect
from messages.errors import DecodeError
from messages.market import (
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
from tests.fuzz.corpus import Corpus
from tests.fuzz.mutating import mutate
from tests.fuzz.reading import Reading, read_answer, read_frame

KINDS: Final[dict[type, str]] = {
    BookDelta: "delta",
    BookSnapshot: "snapshot",
    PartialBook: "partial",
    BestQuote: "quote",
}
EPOCH: Final = 7
RECEIVED_NS: Final = 5
BASE_AMOUNT: Final = 7.0
"""What every level of the book holds before the frame."""
LARGEST: Final = 1e300

_ANY_READING: Final = (ValueError, ArithmeticError, LookupError, TypeError, AttributeError)

Sides = tuple[dict[float, float], dict[float, float]]


class Finding(Exception):
    """A frame was accepted that should not be, or made another book."""


class Judge:
    """Judges every damaged frame of one venue; `counts` says what became of them."""

    def __init__(self, corpus: Corpus) -> None:
        self.corpus = corpus
        self.dialect = dialect(corpus.venue)
        self.infos = [self.dialect.symbol_from_native(native) for native in corpus.natives]
        self.symbols = {info.native: info.symbol for info in self.infos}
        self.counts: Counter[str] = Counter()
        self._warm = self._codec()
        self._bases = [_base(self._readings(frame)) for frame in corpus.frames]
        self._answer_bodies = [body for _, body in corpus.answers]

    def run(self, seeds: Sequence[int]) -> None:
        """Damage and judge one frame a seed.

        Raises:
            Finding: with a note of seed and bytes.
            Exception: what the codec raised and may not, with the same note.
        """
        for seed in seeds:
            answer = bool(self._answer_bodies) and seed % 16 == 0
            frames = self._answer_bodies if answer else self.corpus.frames
            origin, payload = mutate(seed, frames, binary=self.corpus.venue == "mexc")
            try:
                if answer:
                    self.counts[self.judge_answer(self.corpus.answers[origin][0], payload)] += 1
                else:
                    self.counts[self.judge(payload, origin)] += 1
            except Exception as error:
                error.add_note(f"{self.corpus.venue} seed {seed}: {payload!r}")
                raise

    def judge(self, payload: bytes, origin: int = 0) -> str:
        """Judge one websocket frame; `origin` chooses the book it meets.

        Returns:
            What became of it: `refused`, `nothing`, `book` or `other`.

        Raises:
            Finding: it was accepted and means something else.
        """
        messages = self._decode(self._warm, payload)
        if messages != self._decode(self._codec(), payload):
            raise Finding("a fresh codec reads it otherwise")
        if messages is None:
            return "refused"
        told = [each for each in messages if type(each) in KINDS]
        for each in messages:
            _has_sense(each)
        readings = self._readings(payload)
        if len(told) != len(readings):
            raise Finding(f"{len(told)} events of a book, the reader found {len(readings)}")
        for message, reading in zip(told, readings, strict=True):
            self._compare(message, reading, self._bases[origin])
        return "book" if told else "other" if messages else "nothing"

    def judge_bytes(self, payload: bytes) -> None:
        """Judge a frame that nobody drew: what atheris calls; raises as `judge`."""
        self.counts[self.judge(payload)] += 1

    def judge_answer(self, native: str, body: bytes) -> str:
        """Judge one REST snapshot; returns and raises as `judge`."""
        info = next(each for each in self.infos if each.native == native)
        try:
            snapshot = self.dialect.decode_snapshot(body, info, EPOCH, RECEIVED_NS)
        except DecodeError:
            return "answer refused"
        try:
            reading = read_answer(self.corpus.venue, native, body)
        except _ANY_READING as error:
            raise Finding(f"accepted, but unreadable: {error!r}") from error
        self._compare(snapshot, reading, ({}, {}))
        return "answer"

    def _codec(self) -> PublicCodec:
        return self.dialect.codec(self.infos, EPOCH)

    def _decode(self, codec: PublicCodec, payload: bytes) -> tuple[PublicMessage, ...] | None:
        try:
            return codec.decode(payload, RECEIVED_NS)
        except DecodeError:
            return None

    def _readings(self, payload: bytes) -> list[Reading]:
        """What the reader finds about symbols we know: all-market arrays hold others too."""
        try:
            readings = read_frame(self.corpus.venue, payload, self.corpus.natives)
        except _ANY_READING as error:
            raise Finding(f"accepted, but unreadable: {error!r}") from error
        return [each for each in readings if each.native.upper() in self.symbols]

    # -- one event ------------------------------------------------------------------------------

    def _compare(self, message: PublicMessage, reading: Reading, base: Sides) -> None:
        symbol = self.symbols.get(reading.native)
        if KINDS[type(message)] != reading.kind or getattr(message, "symbol", "") != symbol:
            raise Finding(f"{message} is no {reading.kind} of {reading.native}")
        bids, asks = _floats(reading.bids), _floats(reading.asks)
        if isinstance(message, BestQuote):
            told = (
                (message.last_id, (message.bid, message.bid_amount)),
                ((message.ask, message.ask_amount)),
            )
            if told != ((reading.last_id, bids[0]), asks[0]):
                raise Finding(f"{message}, the reader found {reading}")
        elif isinstance(message, PartialBook):
            if (message.last_id, message.bids, message.asks) != (reading.last_id, bids, asks):
                raise Finding(f"{message}, the reader found {reading}")
        elif isinstance(message, BookDelta):
            ids = message.first_id, message.last_id, message.previous_id
            if ids != reading[2:5]:
                raise Finding(f"ids {ids}, the reader found {reading[2:5]}")
            self._delta(message, bids, asks, base)
        elif isinstance(message, BookSnapshot):
            if message.last_id != reading.last_id:
                raise Finding(f"id {message.last_id}, the reader found {reading.last_id}")
            book = self._book()
            self._same(book, book.snapshot(message), _changed(({}, {}), bids, asks))

    def _delta(self, event: BookDelta, bids: Levels, asks: Levels, base: Sides) -> None:
        """Apply the event to a book that holds some of its levels."""
        before = event.first_id - (self.dialect.rule is SequenceRule.CONTIGUOUS)
        book = self._book()
        held = _levels(base)
        book.snapshot(
            BookSnapshot(self.corpus.venue, event.symbol, EPOCH, max(0, before), 0, 0, *held)
        )
        applied = book.updates
        verdict = book.delta(event)
        if book.updates > applied:
            self.counts["applied"] += 1
            self._same(book, verdict, _changed(base, bids, asks))

    def _book(self) -> ProvenBook:
        book = ProvenBook(self.dialect.rule)
        book.open(EPOCH)
        return book

    def _same(self, book: ProvenBook, verdict: Verdict, expected: Sides) -> None:
        """Whether the book is the expected one, or dark where that one is none."""
        bids, asks = _levels(expected)
        if not bids or not asks or bids[0][0] >= asks[0][0]:
            if book.live:
                raise Finding(f"live, but the reader's book is empty or crossed: {expected}")
        elif not book.live or book.all_levels() != (bids, asks):
            raise Finding(f"{verdict}: {book.all_levels()}, the reader made {(bids, asks)}")


def _base(readings: list[Reading]) -> Sides:
    """A book that a frame changes: its own prices, and one a side far from them."""
    base: Sides = ({}, {})
    for reading in readings:
        for side, levels in zip(base, (reading.bids, reading.asks), strict=True):
            side |= {float(price): BASE_AMOUNT for price, _ in levels[::2] if price > 0}
    if base[0] and base[1] and max(base[0]) >= min(base[1]):
        base[1].clear()
    middle = max(base[0], default=0.0) or min(base[1], default=0.0) * 0.99 or 1.0
    base[0][round(middle * 0.5, 4) or middle * 0.5] = BASE_AMOUNT
    base[1][round(max(middle, *base[1], 0.0) * 2, 4) or middle * 2] = BASE_AMOUNT
    return base


def _changed(base: Sides, bids: Levels, asks: Levels) -> Sides:
    """Set absolute amounts, 0 deletes.  Prices that no float tells apart are one price."""
    changed = (dict(base[0]), dict(base[1]))
    for side, levels in zip(changed, (bids, asks), strict=True):
        for price, amount in levels:
            if amount:
                side[price] = amount
            else:
                side.pop(price, None)
    return changed


def _levels(sides: Sides) -> tuple[Levels, Levels]:
    bids = tuple(sorted(sides[0].items(), reverse=True))
    return bids, tuple(sorted(sides[1].items()))


def _floats(levels: list[tuple[Decimal, Decimal]]) -> Levels:
    return tuple((float(price), float(amount)) for price, amount in levels)


def _has_sense(message: PublicMessage) -> None:
    """Every price and amount is a number in range: what no reader needs to be asked about."""
    numbers: tuple[float, ...] = ()
    if isinstance(message, Trade):
        numbers = (message.price, message.amount)
    elif isinstance(message, Kline):
        numbers = (message.open, message.high, message.low, message.close, message.amount)
        numbers += (message.quote_amount,)
    elif isinstance(message, Ticker24h):
        numbers = (message.last, message.open, message.high, message.low, message.amount)
        numbers += (message.quote_amount, message.bid, message.ask)
    for number in numbers:
        if not 0.0 <= number <= LARGEST:
            raise Finding(f"{number} in {message}")
