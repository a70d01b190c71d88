"""The cards by number, and how they are played: each in a fresh world, one after the other."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterable, Iterator
from functools import partial
from typing import Final

import trio
from msgspec import Struct
from trio.testing import MockClock

from arbtree.certification import requests, streams
from arbtree.certification.stage import CardFailed, Stage, open_stage
from exchanges.contract import PublicDialect
from exchanges.registry import dialect
from messages.errors import UsageError
from simulator.schedule import make_deterministic
from simulator.venues import VENUES

CARD_WITHIN_S: Final = 3_600.0
"""Virtual seconds that a card may take: what never ends fails."""
SEED: Final = 1

PASSED: Final = "passed"
FAILED: Final = "failed"
NOT_APPLICABLE: Final = "not applicable"

Play = Callable[[Stage], Awaitable[str]]


class Card(Struct, frozen=True):
    """One card.

    Args:
        number: its number for ever.
        name: a word or two.
        checks: one sentence: what the venue has to do.
        play: does it; returns the evidence in one sentence, raises `CardFailed`.
        by_rest: it needs books whose snapshots come by REST.
        clock_ahead_ms: how far the venue's clock runs ahead of ours.
    """

    number: int
    name: str
    checks: str
    play: Play
    by_rest: bool = False
    clock_ahead_ms: int = 0


class Result(Struct, frozen=True):
    """What became of one card: `verdict` is passed, failed or not applicable."""

    venue: str
    number: int
    name: str
    checks: str
    verdict: str
    evidence: str


CARDS: Final = (
    Card(1, "symbols", "the list of symbols reads as the venue has it", streams.symbols),
    Card(2, "snapshot", "books go live from a snapshot and equal the venue's", streams.snapshot),
    Card(3, "increments", "20 s of events without a gap or a false price", streams.increments),
    Card(4, "gap", "a lost event is noticed at the next and mended", streams.gap),
    Card(5, "duplicate", "an event that comes twice changes nothing", streams.repeated),
    Card(6, "reorder", "two events in the wrong order are noticed and mended", streams.reordered),
    Card(7, "snapshot race", "snapshots older than the stream wait", streams.race, by_rest=True),
    Card(8, "silent death", "a dead connection is given up in time", streams.silent),
    Card(9, "refused subscription", "no answer and a refusal cost what they must", streams.refused),
    Card(10, "heartbeat", "an idle connection stays proven and alive", requests.heartbeat),
    Card(11, "429", "a spent budget is waited out", requests.limited, by_rest=True),
    Card(12, "ban", "a ban is kept to its end", requests.banned, by_rest=True),
    Card(
        13,
        "clock skew",
        "another clock is measured and costs no book",
        requests.clock,
        clock_ahead_ms=requests.CLOCK_AHEAD_MS,
    ),
)
"""Every card there is.  Those of orders follow with trading, from number 20."""


def certify(venue: str, numbers: Iterable[int] = (), seed: int = SEED) -> Iterator[Result]:
    """Play the battery; yields each result when it is there.

    Args:
        venue: the name of a registered venue.
        numbers: only these cards; all of them when empty.
        seed: of the order in which tasks run.

    Raises:
        UsageError: there is no such venue or card, or the simulator does not speak it.
    """
    judged = dialect(venue)
    if judged.venue not in VENUES:
        raise UsageError(f"no simulated venue speaks {judged.venue}: nothing can certify it")
    wanted = set(numbers)
    unknown = wanted - {card.number for card in CARDS}
    if unknown:
        raise UsageError(f"there is no card {min(unknown)}; see --list")
    for card in CARDS:
        if not wanted or card.number in wanted:
            yield _play(card, judged, seed)


def _play(card: Card, judged: PublicDialect, seed: int) -> Result:
    """Play one card in a world of its own."""
    options = {}
    if card.by_rest and judged.depth_feed().in_band:
        try:
            judged.depth_feed(snapshots="rest")
        except UsageError as error:
            return _result(card, judged, NOT_APPLICABLE, error.text)
        options["snapshots"] = "rest"
    make_deterministic(seed)
    play = partial(_on_stage, card, judged, options)
    try:
        evidence = trio.run(play, clock=MockClock(autojump_threshold=0))
    except Exception as error:  # whatever a dialect does wrong is what a card is there to say
        return _result(card, judged, FAILED, _sentence(error))
    return _result(card, judged, PASSED, evidence)


async def _on_stage(card: Card, judged: PublicDialect, options: dict[str, str]) -> str:
    with trio.move_on_after(CARD_WITHIN_S):
        async with open_stage(judged, clock_ahead_ms=card.clock_ahead_ms, **options) as stage:
            return await card.play(stage)
    raise CardFailed(f"the card did not end within {CARD_WITHIN_S:g} virtual seconds")


def _result(card: Card, judged: PublicDialect, verdict: str, evidence: str) -> Result:
    return Result(judged.venue, card.number, card.name, card.checks, verdict, evidence)


def _sentence(error: BaseException) -> str:
    """What went wrong, in one line."""
    while isinstance(error, BaseExceptionGroup):
        error = error.exceptions[0]
    text = " ".join(str(error).split())
    return text if isinstance(error, CardFailed) and text else f"{type(error).__name__}: {text}"
