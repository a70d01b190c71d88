"""Crash capsules of auditors: budget, answers, snapshots and time lead to the same crash again."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.auditor import AuditorActor, AuditorState, Fetched
from actors.bare_venue import bare_venue
from actors.runtime.actor import Actor
from actors.runtime.capsule import Capsule
from actors.runtime.clock import TrioClock
from actors.transport.answers import Answer
from actors.venue import Venue
from config.settings import AuditorSettings, VenueSettings
from exchanges.registry import dialect
from markets.audit import AuditCounts
from messages.audits import AuditBegun, AuditOpened, AuditOutcome, AuditResult, AuditSnapshot
from messages.errors import VenueUnavailable
from messages.requests import RestRequest
from supervisors.capsule_replay import Outcome, act_out, types_near
from supervisors.capsules import CapsuleStore, capsule_files, load
from supervisors.runtime import Options, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from tests.actors.test_capsules import START_NS
from tests.actors.test_connection_capsules import INFOS

PATH = "engine/auditor"
RULES = AuditorSettings(every_s=1.0, kept_share=0.5)
BOOKS = {"BTC/USDT": "engine/book", "ETH/USDT": "engine/gone", "DOGE/USDT": "engine/unlisted"}
BOOK = b'{"lastUpdateId":%d,"bids":[["99.5","1"]],"asks":[["100.5","2"]]}'
POISON = BOOK % 666
RIGHT_ANSWER, EARLY_RESULT, NO_ANSWER, NOT_LIVE = "opened", "early", "silent", "not live"

Turn = tuple[str, str, AuditOutcome | None, float]
"""What a book says to begin with, what the venue answers, how it ends, what budget is left."""


class PlantedAuditor(AuditorActor):
    """An auditor that raises at one snapshot, and says what it was at that moment."""

    capsule_every = 16

    def _compare(self, fetched: Fetched) -> None:
        if fetched.body == POISON:
            raise RuntimeError(f"{msgspec.to_builtins(self.capsule_state())}")
        super()._compare(fetched)


class World:
    """What the venue and the book do in each turn; what is right and then fatal when none is left.

    It is the REST client of the venue.
    """

    def __init__(self, turns: list[Turn]) -> None:
        self._turns = turns
        self.turn: Turn = RIGHT_ANSWER, "answer", AuditOutcome.AGREED, 1.0
        self.asked = 0
        self.over = trio.Event()

    def share_left(self, request: RestRequest) -> float:
        """Begin a turn: this is the first that an auditor asks."""
        if not self._turns:
            self.over.set()
        last: Turn = RIGHT_ANSWER, "poison", None, 1.0
        self.turn = self._turns.pop(0) if self._turns else last
        return self.turn[3]

    async def request(self, request: RestRequest, **_: object) -> Answer:
        """Answer as the turn says."""
        await trio.sleep(0.05)
        self.asked += 1
        answers = {"answer": BOOK % self.asked, "page": b"<html>", "poison": POISON}
        if self.turn[1] not in answers:
            raise VenueUnavailable("down")
        return Answer(200, {}, answers[self.turn[1]], 1, 1)


class ScriptedBook(Actor):
    """A book that answers audits as the turn says."""

    def __init__(self, world: World) -> None:
        self._world = world

    def handle_control(self, message: object) -> None:
        opens, _, ends, _ = self._world.turn
        if isinstance(message, AuditBegun):
            if opens in (RIGHT_ANSWER, EARLY_RESULT):
                self._tell(AuditOpened("BTC/USDT", message.number, 1))
            not_live = AuditResult("BTC/USDT", message.number, AuditOutcome.NOT_LIVE)
            if opens == NOT_LIVE:
                self._tell(not_live)
            elif opens == EARLY_RESULT:  # while the snapshot is fetched
                self.context.timer(0.02, not_live)
            self._tell(AuditResult("BTC/USDT", message.number - 1, AuditOutcome.DIVERGED))  # late
        elif isinstance(message, AuditSnapshot) and ends is not None:
            self._tell(AuditResult("BTC/USDT", message.number, ends))
        elif isinstance(message, AuditResult):
            self._tell(message)

    def _tell(self, answer: AuditOpened | AuditResult) -> None:
        self.context.lookup(PATH).tell(answer)


class Gone(Actor):
    """A book that is down."""

    async def run(self) -> None:
        self.context.ready()


def venue_of(world: World) -> Venue:
    """A venue that answers as the world does."""
    rules = VenueSettings(name="binance", symbols=tuple(BOOKS))
    return replace(bare_venue(rules, INFOS[:2]), rest=cast(Any, world))


async def live(
    kind: Callable[[Venue, dict[str, str], AuditorSettings], AuditorActor],
    world: World,
    store: CapsuleStore,
) -> Venue:
    """Let an auditor live until it crashes."""
    venue = venue_of(world)
    children = (
        ChildSpec("book", lambda: ScriptedBook(world)),
        ChildSpec("gone", Gone, restart="temporary"),
        ChildSpec("unlisted", Actor),
        ChildSpec("auditor", lambda: kind(venue, BOOKS, RULES), restart="temporary"),
    )
    spec, clock = SupervisorSpec("engine", children=children), TrioClock(START_NS)
    async with open_tree(spec, clock=clock, options=Options(capsules=store)) as run:
        await world.over.wait()
        await trio.sleep(30.0)  # the turn may be that of a book that is down
        assert not run.lookup(PATH).running
    return venue


def crashed(
    folder: Path, turns: list[Turn], kind: type[AuditorActor] = AuditorActor
) -> tuple[Capsule, Venue]:
    """Return the only capsule, and the venue with its counts."""
    with CapsuleStore(folder) as store:
        clock = MockClock(autojump_threshold=0)
        venue = trio.run(live, kind, World(turns), store, clock=clock)
    (file,) = capsule_files(folder)
    return load(file), venue


def replayed(capsule: Capsule, kind: type[Actor] = AuditorActor) -> Outcome:
    """Act it out."""

    async def again() -> Outcome:
        await trio.lowlevel.checkpoint()
        return act_out(capsule, kind, types_near(kind))

    return trio.run(again)


# Long enough for the state to be copied on the way.
LEAD: list[Turn] = [
    (RIGHT_ANSWER, "answer", (AuditOutcome.AGREED, AuditOutcome.SUSPECT, None)[at % 3], 1.0)
    for at in range(24)
]
TURNS = st.lists(
    st.tuples(
        st.sampled_from([RIGHT_ANSWER] * 3 + [EARLY_RESULT, NO_ANSWER, NOT_LIVE]),
        st.sampled_from(["answer", "answer", "answer", "page", "down"]),
        st.sampled_from([*AuditOutcome, None]),
        st.sampled_from([1.0, 1.0, 1.0, 0.5]),
    ),
    max_size=40,
)


@settings(max_examples=40, deadline=None)
@given(turns=TURNS)
def test_any_life_of_an_auditor_is_reproduced(turns: list[Turn]) -> None:
    """Whatever books and venue answered: same line, and the same rotation, tries and audit."""
    with tempfile.TemporaryDirectory() as name:
        capsule, _ = crashed(Path(name), [*LEAD, *turns], PlantedAuditor)
    assert not capsule.fresh and capsule.passed > 0
    outcome = replayed(capsule, PlantedAuditor)
    assert outcome.reproduced, outcome.text
    assert outcome.raised is not None
    assert outcome.raised.text == outcome.recorded.text


@pytest.mark.parametrize("count", [0, 1, 60])
def test_a_raising_decoder_raises_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """From the first snapshot or from the middle of its life, and not once it is mended."""
    public = type(dialect("binance"))
    right = public.decode_snapshot

    def decode(self: Any, body: bytes, *rest: Any) -> Any:
        assert body != POISON
        return right(self, body, *rest)

    monkeypatch.setattr(public, "decode_snapshot", decode)
    turns: list[Turn] = [(RIGHT_ANSWER, "answer", AuditOutcome.AGREED, 1.0)] * count
    capsule, venue = crashed(tmp_path, turns)
    assert capsule.actor == "actors.auditor:AuditorActor"
    outcome = replayed(capsule)
    assert outcome.reproduced, outcome.text
    assert outcome.recorded.frames[-1].function.endswith("decode")
    monkeypatch.undo()
    assert "nothing was raised" in replayed(capsule).text
    assert venue.audits.agreed > 0 or count < 2


def test_every_attribute_is_copied() -> None:
    """A new attribute that decides something must not be forgotten."""
    auditor = AuditorActor(venue_of(World([])), BOOKS, RULES)
    have = {name.removeprefix("_") for name in vars(auditor)}
    assert have - {"answered"} == set(AuditorState.__struct_fields__)


@pytest.mark.parametrize(
    ("turn", "ended", "asked"),
    [
        ((RIGHT_ANSWER, "answer", AuditOutcome.OUTGROWN, 1.0), "outgrown", True),
        ((RIGHT_ANSWER, "answer", None, 1.0), "undecided", True),
        ((RIGHT_ANSWER, "page", AuditOutcome.AGREED, 1.0), "undecided", True),
        ((RIGHT_ANSWER, "down", AuditOutcome.AGREED, 1.0), "undecided", True),
        ((EARLY_RESULT, "answer", None, 1.0), "not_live", True),
        ((NO_ANSWER, "answer", AuditOutcome.AGREED, 1.0), "undecided", False),
        ((NOT_LIVE, "answer", AuditOutcome.AGREED, 1.0), "not_live", False),
        ((RIGHT_ANSWER, "answer", AuditOutcome.AGREED, 0.5), "no_spare", False),
    ],
)
async def test_each_end_of_an_audit_is_counted_once(
    autojump_clock: MockClock, turn: Turn, ended: str, asked: bool
) -> None:
    """Whoever did not answer, and when: one count a turn, and requests only where notes are."""
    world = World([turn] * 5)
    venue = venue_of(world)
    children = (
        ChildSpec("book", lambda: ScriptedBook(world)),
        ChildSpec("auditor", lambda: AuditorActor(venue, {"BTC/USDT": "engine/book"}, RULES)),
    )
    async with open_tree(SupervisorSpec("engine", children=children), clock=TrioClock(START_NS)):
        await world.over.wait()
        await trio.sleep(0.01)
    audits = 5 * asked + 1  # the last turn is under way
    assert venue.audits == AuditCounts(audits=audits, weight=5 * audits, **{ended: 5})
