"""Crash capsules of any actor: what is kept and how, what reads it, what it never holds."""

from __future__ import annotations

import json
import stat
import threading
from pathlib import Path
from typing import Any, ClassVar, Self

import pytest
import trio
from msgspec import Struct
from msgspec.structs import replace

from actors.runtime.actor import Actor
from actors.runtime.asks import Ask
from actors.runtime.capsule import BadCapsule, Capsule
from actors.runtime.clock import TrioClock
from actors.runtime.recorder import Kept, Mark
from supervisors import capsules
from supervisors.capsule_replay import Outcome, act_out, types_near
from supervisors.capsules import CapsuleStore, capsule_files, file_name, load
from supervisors.runtime import Options, open_tree
from supervisors.spec import ChildSpec
from tests.supervisors.trees import NO_BACKOFF, tree


class Add(Struct, frozen=True):
    """Add this much."""

    amount: int


class Amount(Struct):
    """An amount that its sender may still change."""

    amount: int


class Odd:
    """No struct."""


class SumState(Struct):
    """The sum, and the limit that is a defect."""

    limit: int
    total: int
    drawn: float
    seen_ns: int


class Summer(Actor):
    """Adds up; a sum that is exactly the limit is its defect."""

    capsule_form: ClassVar[type[Any] | None] = SumState
    capsule_every: ClassVar[int] = 8

    def __init__(self, limit: int = 100) -> None:
        self.state = SumState(limit, 0, 0.0, 0)

    def handle(self, message: object) -> None:
        if not isinstance(message, Add | Amount):
            raise TypeError(f"{type(message).__name__} is no number")
        state = self.state
        state.total += message.amount
        state.drawn = self.context.random.random() + self.context.random.randrange(10)
        state.seen_ns = self.context.clock.now_ns()
        if state.total == state.limit:
            raise OverflowError(f"{state.total} {state.drawn!r} {state.seen_ns} {self.more()}")

    def more(self) -> object:
        """A fact of elsewhere."""
        return self.context.saw((self.context.lookup("top/other").generation, "word", 2**70))

    def handle_control(self, message: object) -> None:
        self.handle(message)

    def handle_input(self, message: object) -> None:
        self.handle(message)

    def handle_ask(self, ask: Ask) -> None:
        self.handle(ask.message)
        ask.reply(self.state.total)

    def capsule_state(self) -> SumState:
        return replace(self.state)

    @classmethod
    def from_capsule(cls, state: SumState) -> Self:
        return cls(state.limit)

    def restored(self, state: SumState) -> None:
        self.state = replace(state)


class Silent(Actor):
    """Says nothing of its state."""

    def handle(self, message: object) -> None:
        raise LookupError("no")


def options(store: CapsuleStore) -> Options:
    """A run that keeps its crashes."""
    return Options(seed=3, capsules=store)


def one(kind: Any = Summer) -> Any:
    """A tree of that actor and another one."""
    child = ChildSpec("sum", kind, backoff=NO_BACKOFF)
    return tree(ChildSpec("other", Actor), child)


async def crashed(folder: Path, *messages: object, kind: Any = Summer, **fields: Any) -> Capsule:
    """Let an actor crash by messages and return the capsule."""
    with CapsuleStore(folder, **fields) as store:
        async with open_tree(one(kind), clock=TrioClock(), options=options(store)) as runtime:
            for message in messages:
                runtime.lookup("top/sum").tell(message)
            await trio.testing.wait_all_tasks_blocked()
    (file,) = capsule_files(folder)
    return load(file)


def again(capsule: Capsule, kind: type[Actor] = Summer) -> Outcome:
    """Act it out."""
    return act_out(capsule, kind, types_near(kind))


async def test_clock_chance_and_other_cells_are_inputs(tmp_path: Path, autojump_clock: Any) -> None:
    """The text of the error names a reading, a draw and another actor's generation: all equal."""
    capsule = await crashed(tmp_path, Add(40), Add(60))
    outcome = again(capsule)
    assert outcome.reproduced, outcome.text
    assert outcome.raised is not None and outcome.raised.text == outcome.recorded.text
    assert str(2**70) in outcome.raised.text


async def test_every_way_in_is_kept(tmp_path: Path, autojump_clock: Any) -> None:
    """Control messages, questions and what a task brought count like messages."""
    with CapsuleStore(tmp_path) as store:
        async with open_tree(one(), clock=TrioClock(), options=options(store)) as runtime:
            summer = runtime.lookup("top/sum")
            summer.tell_control(Add(1))
            assert await summer.ask(Add(9), 1.0) == 10
            assert summer.context is not None
            summer.context.input(Add(40))
            for _ in range(5):
                summer.tell(Add(10))
            await trio.testing.wait_all_tasks_blocked()
    (file,) = capsule_files(tmp_path)
    capsule = load(file)
    kinds = [event.kind for event in capsule.events]
    assert {"started", "control", "ask", "input", "message"} <= set(kinds)
    assert again(capsule).reproduced


async def test_a_control_message_is_kept_as_it_was_taken(
    tmp_path: Path, autojump_clock: Any
) -> None:
    """It is encoded at once like every message: large ones are not held on to, nor changed."""
    sent = Amount(90)
    with CapsuleStore(tmp_path) as store:
        async with open_tree(one(), clock=TrioClock(), options=options(store)) as runtime:
            summer = runtime.lookup("top/sum")
            summer.tell_control(sent)
            await trio.testing.wait_all_tasks_blocked()
            sent.amount = 1
            summer.tell(Add(10))
            await trio.testing.wait_all_tasks_blocked()
    (file,) = capsule_files(tmp_path)
    assert again(load(file)).reproduced


async def test_a_change_that_is_not_kept_begins_anew(tmp_path: Path, autojump_clock: Any) -> None:
    """An actor that a task changed says so: what came before leads nowhere and is not kept."""
    with CapsuleStore(tmp_path) as store:
        async with open_tree(one(), clock=TrioClock(), options=options(store)) as runtime:
            summer = runtime.lookup("top/sum")
            summer.tell(Add(1))
            await trio.testing.wait_all_tasks_blocked()
            assert summer.context is not None and isinstance(summer.context.actor, Summer)
            summer.context.actor.state.total = 90
            summer.context.changed()
            summer.tell(Add(10))
            await trio.testing.wait_all_tasks_blocked()
    (file,) = capsule_files(tmp_path)
    capsule = load(file)
    assert (capsule.inputs, capsule.fresh) == (1, False)
    assert again(capsule).reproduced


async def test_another_end_is_told(tmp_path: Path, autojump_clock: Any) -> None:
    """A mended actor does not crash; another error, another line and another way are named."""
    capsule = await crashed(tmp_path, Add(40), Add(60))

    class Mended(Summer):
        def handle(self, message: object) -> None:
            self.context.random.random()
            self.context.random.randrange(10)
            self.context.clock.now_ns()
            if isinstance(message, Add) and message.amount == 60:
                self.more()

    class Elsewhere(Summer):
        def handle(self, message: object) -> None:
            raise OverflowError

    class Curious(Summer):
        def handle(self, message: object) -> None:
            self.context.clock.wall_ns()

    assert "nothing was raised in 3 inputs" in again(capsule, Mended).text
    assert "then at" in again(capsule, Elsewhere).text
    assert "it reads 'wall' where the capsule has 'chance'" in again(capsule, Curious).text
    wrong = replace(capsule, error=replace(capsule.error, name="builtins:KeyError"))
    assert "not builtins:KeyError" in again(wrong).text
    assert not again(wrong).reproduced


async def test_an_actor_without_a_state_says_so(tmp_path: Path, autojump_clock: Any) -> None:
    """Its inputs are kept; acting it out is refused with the reason."""
    capsule = await crashed(tmp_path, Add(1), kind=Silent)
    assert capsule.state is None and capsule.inputs == 2
    with pytest.raises(BadCapsule, match="does not say what its state is"):
        again(capsule, Silent)


@pytest.mark.parametrize(
    ("message", "shown"), [(Odd(), "Odd"), ((Add(1), 2), "tuple"), ([1], "list"), ({1}, "set")]
)
async def test_what_is_no_struct_is_shown_only(
    tmp_path: Path, autojump_clock: Any, message: object, shown: str
) -> None:
    """The capsule is written; acting out names the input."""
    capsule = await crashed(tmp_path, message)
    with pytest.raises(BadCapsule, match=shown):
        again(capsule)


async def test_plain_messages_are_acted_out(tmp_path: Path, autojump_clock: Any) -> None:
    """They are no structs, and read as what they were."""
    for number, message in enumerate(("word", 7, 2**70, 1.5, None, b"bytes", True)):
        outcome = again(await crashed(tmp_path / str(number), message))
        assert outcome.reproduced, outcome.text


async def test_no_foreign_type_is_loaded(tmp_path: Path, autojump_clock: Any) -> None:
    """A name that neither the room of messages nor the actor's module knows is refused."""
    capsule = await crashed(tmp_path, Add(40), Add(60))
    events = tuple(
        replace(event, value=replace(event.value, form="subprocess:Popen"))
        if event.kind == "message"
        else event
        for event in capsule.events
    )
    with pytest.raises(BadCapsule, match="Summer does not know: subprocess:Popen"):
        again(replace(capsule, events=events))


async def test_a_crash_while_it_is_made_has_no_inputs(tmp_path: Path, autojump_clock: Any) -> None:
    """There is no actor yet; the error is kept all the same."""

    def broken() -> Actor:
        raise ZeroDivisionError("made wrongly")

    child = ChildSpec("sum", broken, backoff=NO_BACKOFF, restart="temporary")
    with CapsuleStore(tmp_path) as store:
        async with open_tree(tree(child), clock=TrioClock(), options=options(store)):
            await trio.testing.wait_all_tasks_blocked()
    (file,) = capsule_files(tmp_path)
    assert load(file).missing == "it crashed while it was made"


async def test_outages_and_stops_are_no_crashes(tmp_path: Path, autojump_clock: Any) -> None:
    """Nothing is kept of an end that is not ours."""
    from tests.supervisors.trees import Outage

    class Lost(Summer):
        def handle(self, message: object) -> None:
            raise Outage("gone")

    with CapsuleStore(tmp_path) as store:
        async with open_tree(one(Lost), clock=TrioClock(), options=options(store)) as runtime:
            runtime.lookup("top/sum").tell(Add(1))
            await trio.testing.wait_all_tasks_blocked()
        assert store.counts() == {"written": 0, "lost": 0, "waiting": 0}


async def test_no_secret_is_in_any_capsule(tmp_path: Path, autojump_clock: Any) -> None:
    """What must not be written is overwritten: in inputs, errors, summaries and states."""
    canary = "canary-4f1d9a"

    class Leaky(Summer):
        def handle(self, message: object) -> None:
            raise RuntimeError(f"refused for {canary}")

        def summary(self) -> dict[str, object]:
            return {"key": canary}

    with_it = await crashed(tmp_path / "a", canary, kind=Leaky)
    assert canary in with_it.error.text
    capsule = await crashed(tmp_path / "b", canary, kind=Leaky, secrets=[canary])
    assert canary not in repr(capsule)
    assert capsule.error.text == f"refused for {'*' * len(canary)}"
    assert json.loads(capsule.summary) == {"key": "*" * len(canary)}


# -- the store ------------------------------------------------------------------------------------


async def test_a_folder_holds_so_many_and_only_for_its_user(
    tmp_path: Path, autojump_clock: Any
) -> None:
    """The oldest go, other files stay; folder 0700, files 0600, no draft is left."""
    folder = tmp_path / "deep" / "capsules"
    with CapsuleStore(folder, keep=3) as store:
        async with open_tree(one(), clock=TrioClock(), options=options(store)) as runtime:
            (tmp_path / "other.txt").write_text("mine")
            for _ in range(5):
                runtime.lookup("top/sum").tell(Add(100))
                await trio.sleep(0.1)
                runtime.restart("top/sum")
                await trio.sleep(0.1)
            names = [e.text for e in runtime.events.since() if e.kind == "capsule"]
    files = sorted(file.name for file in capsule_files(folder))
    assert files == sorted(names)[-3:]
    assert [entry.name for entry in folder.iterdir() if entry.name not in files] == []
    assert stat.S_IMODE(folder.stat().st_mode) == 0o700
    assert {stat.S_IMODE((folder / name).stat().st_mode) for name in files} == {0o600}


def crash_called(name: str) -> capsules.Crash:
    """A crash without an actor."""
    error = capsules.crash_error("crash", ValueError("no"))
    return capsules.Crash(name, "top/a", 1, None, 0, 0, error, {}, [], "none", 0)


def test_a_storm_is_bounded_and_counted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """While the thread does not get on, what exceeds the queue is lost; so is what is late."""
    began, goes_on = threading.Event(), threading.Event()

    def slow(self: CapsuleStore, crash: capsules.Crash) -> None:
        began.set()
        goes_on.wait(10.0)

    monkeypatch.setattr(CapsuleStore, "_write", slow)
    store = CapsuleStore(tmp_path).__enter__()
    assert store.take(crash_called("a"))
    assert began.wait(10.0)
    taken = [store.take(crash_called("b")) for _ in range(capsules.MAX_WAITING + 3)]
    assert taken.count(False) == 3
    assert store.counts() == {"written": 0, "lost": 3, "waiting": capsules.MAX_WAITING + 1}
    store.close(within_s=0.0)
    assert store.counts() == {"written": 0, "lost": capsules.MAX_WAITING + 4, "waiting": 0}
    assert not store.take(crash_called("c"))
    goes_on.set()


def test_a_folder_that_cannot_be_written_is_counted(tmp_path: Path) -> None:
    """The thread lives on, and says why."""
    place = tmp_path / "file"
    place.write_text("no folder")
    with CapsuleStore(place) as store:
        store.take(crash_called("a"))
        store.take(crash_called("b"))
    assert store.counts() == {"written": 0, "lost": 2, "waiting": 0}
    assert "FileExistsError" in store.last_error


def test_what_is_too_large_is_kept_without_its_inputs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The error is never given up for its size."""
    monkeypatch.setattr(capsules, "MAX_FILE_BYTES", 300)
    crash = crash_called("20260101T000000.000000Z-top.a-g1.capsule")
    kept = Kept(b"state", True)
    kept.events = [Mark("message", str(n)) for n in range(10_000)]
    crash.segments = [kept]
    with CapsuleStore(tmp_path) as store:
        store.take(crash)
    (file,) = tmp_path.iterdir()
    monkeypatch.undo()
    capsule = load(file)
    assert (capsule.state, capsule.missing) == (None, "it is too large to be kept")
    assert capsule.error.text == "no"


def test_names_sort_by_time() -> None:
    """They say who crashed and when, in characters that any file system takes."""
    early = file_name("engine/venues/mexc/books/BTC-USDT", 12, 1_700_000_000_000_001_000)
    assert early == "20231114T221320.000001Z-engine.venues.mexc.books.BTC-USDT-g12.capsule"
    assert early < file_name("a", 1, 1_700_000_000_000_002_000)
