"""Questions: deadlines, answers now and later, and callees whose life ends."""

from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

import pytest
import trio
from hypothesis import given
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.runtime import asks
from actors.runtime.asks import Answer, Ask
from actors.runtime.clock import TrioClock
from actors.runtime.faults import AskFailed, AskRefused, AskTimeout, CalleeDown
from actors.runtime.mailbox import AtRestart, MailboxSpec, Overflow
from supervisors.runtime import Runtime, open_tree
from supervisors.waits import Wait, cycles, waits
from tests.supervisors.trees import ONE_SECOND, Boom, Log, Worker, tree, worker


class Oracle(Worker):
    """Doubles numbers; keeps what says `later`; raises what is an error; is silent on the rest."""

    async def run(self) -> None:
        self.context.ready()
        await self.context.serve()

    def started(self) -> None:
        super().started()
        self.kept: list[Ask] = []

    def handle(self, message: object) -> None:
        if message == "answer":
            self.late = [ask.reply("at last") for ask in self.kept]
            self.log.add(f"{self.name} replied {self.late}")
        else:
            super().handle(message)

    def handle_ask(self, ask: Ask) -> None:
        self.log.add(f"{self.name} asked {ask.message}")
        if isinstance(ask.message, int):
            assert ask.reply(ask.message * 2)
        elif ask.message == "refuse":
            ask.fail(ValueError("no"))
        elif isinstance(ask.message, BaseException):
            raise ask.message
        else:
            self.kept.append(ask)


class InTurnOracle(Oracle):
    """The same in the asker's turn."""

    in_turn: ClassVar[bool] = True


@pytest.mark.parametrize("kind", [Oracle, InTurnOracle])
async def test_an_answer_comes_back(kind: type[Oracle], autojump_clock: MockClock) -> None:
    """A value, or the error that the callee answers with, without time passing."""
    log = Log()
    async with open_tree(tree(worker("o", log, kind=kind)), clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/o")
        assert await ref.ask(21, 1.0) == 42
        with pytest.raises(ValueError, match="no"):
            await ref.ask("refuse", 1.0)
        assert trio.current_time() == 0
        assert not ref.mailbox.asks
        assert (ref.statistics().accepted, ref.statistics().handled) == (2, 2)


async def test_questions_keep_their_order_among_messages(autojump_clock: MockClock) -> None:
    """They travel in the data lane, so what was told before is handled before."""
    log = Log()
    async with open_tree(tree(worker("o", log, kind=Oracle)), clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/o")
        ref.tell("a")
        await ref.ask(1, 1.0)
        ref.tell("b")
        await trio.sleep(1)
        assert log.texts()[1:] == ["o got a", "o asked 1", "o got b"]


async def test_a_question_may_be_answered_later(autojump_clock: MockClock) -> None:
    """Kept over turns; the asker waits until then, and is listed as waiting."""
    log = Log()
    async with (
        open_tree(tree(worker("o", log, kind=Oracle)), clock=TrioClock()) as runtime,
        trio.open_nursery() as nursery,
    ):
        ref = runtime.lookup("top/o")
        answers: list[object] = []

        async def asker() -> None:
            answers.append(await ref.ask("later", 10.0))

        nursery.start_soon(asker)
        await trio.sleep(3)
        assert waits(runtime.registry.refs(), trio.current_time()) == [Wait("", "top/o", 7.0)]
        ref.tell("answer")
        await trio.sleep(1)
        assert answers == ["at last"]


async def test_who_waits_too_long_is_told_so_and_a_late_answer_is_counted(
    autojump_clock: MockClock,
) -> None:
    """At the deadline, not before; the callee sees that its answer came too late."""
    log = Log()
    async with open_tree(tree(worker("o", log, kind=Oracle)), clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/o")
        with pytest.raises(AskTimeout, match="top/o has not answered in time"):
            await ref.ask("later", 2.0)
        assert trio.current_time() == 2
        ref.tell("answer")
        await trio.sleep(1)
        assert log.texts()[-1] == "o replied [False]"
        assert ref.statistics().refused == {"late_reply": 1}


async def test_an_asker_that_is_cancelled_leaves_nothing_open(autojump_clock: MockClock) -> None:
    """The question is over; if it was still queued, the callee never sees it."""
    log = Log()
    async with open_tree(tree(worker("o", log, kind=Oracle)), clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/o")
        runtime.suspend("top/o")
        with trio.move_on_after(1):
            await ref.ask(1, 5.0)
        assert not ref.mailbox.asks
        runtime.resume("top/o")
        await trio.sleep(1)
        assert log.texts() == ["o start"]
        assert ref.statistics().lost == {"ask_over": 1}
        assert ref.statistics().conserved


ENDS: dict[str, Callable[[Runtime], object]] = {
    "crash": lambda runtime: runtime.kill("top/o", Boom("x")),
    "stop": lambda runtime: runtime.terminate_child("top/o"),
    "restart": lambda runtime: runtime.restart("top/o"),
    "tree": lambda runtime: runtime.request_stop("enough"),
}


@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize("at_restart", ["keep", "purge"])
@pytest.mark.parametrize("queued", [True, False])
async def test_the_end_of_the_callees_life_ends_the_wait(
    end: str, at_restart: AtRestart, queued: bool, autojump_clock: MockClock
) -> None:
    """At once, whether the question was queued or kept, the end planned or not."""
    log = Log()
    mailbox = MailboxSpec(at_restart=at_restart)
    spec = tree(worker("o", log, kind=Oracle, mailbox=mailbox, backoff=ONE_SECOND))
    failures: list[tuple[float, Exception]] = []
    async with (
        open_tree(spec, clock=TrioClock()) as runtime,
        trio.open_nursery() as nursery,
    ):
        ref = runtime.lookup("top/o")

        async def asker() -> None:
            try:
                await ref.ask("later", 60.0)
            except AskFailed as error:
                failures.append((trio.current_time(), error))

        if queued:
            runtime.suspend("top/o")
        nursery.start_soon(asker)
        await trio.sleep(1)
        ENDS[end](runtime)
        await trio.sleep(20)
        assert [at_s for at_s, _ in failures] == [1]
        assert type(failures[0][1]) in (CalleeDown, AskRefused)
        assert ref.statistics().conserved
        assert not ref.mailbox.asks


async def test_a_question_that_crashes_its_callee_fails_at_once(
    autojump_clock: MockClock,
) -> None:
    """The error stays with the callee; the asker hears what happened."""
    log = Log()
    spec = tree(worker("o", log, kind=InTurnOracle, backoff=ONE_SECOND))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/o")
        with pytest.raises(CalleeDown, match="top/o went down before it answered: Boom: bad"):
            await ref.ask(Boom("bad"), 5.0)
        with pytest.raises(CalleeDown, match="top/o is down"):
            await ref.ask(1, 5.0)
        assert ref.statistics().lost == {"crashed": 1}
        await trio.sleep(2)
        assert await ref.ask(1, 5.0) == 2


@pytest.mark.parametrize("overflow", ["block", "reject", "drop_newest"])
async def test_a_full_mailbox_refuses_questions_at_once(
    overflow: Overflow, autojump_clock: MockClock
) -> None:
    """Nobody waits for a place in the queue of what is overloaded."""
    log = Log()
    mailbox = MailboxSpec(1, overflow)
    async with open_tree(
        tree(worker("o", log, kind=Oracle, mailbox=mailbox)), clock=TrioClock()
    ) as runtime:
        runtime.suspend("top/o")
        ref = runtime.lookup("top/o")
        ref.tell("fills it")
        with pytest.raises(AskRefused, match="top/o"):
            await ref.ask(1, 5.0)
        assert trio.current_time() == 0
        assert ref.statistics().conserved


async def test_a_question_that_is_dropped_for_a_newer_message_fails_at_once(
    autojump_clock: MockClock,
) -> None:
    """A loss is told to who waits for it."""
    log = Log()
    spec = tree(worker("o", log, kind=Oracle, mailbox=MailboxSpec(1, "drop_oldest")))
    async with open_tree(spec, clock=TrioClock()) as runtime, trio.open_nursery() as nursery:
        ref = runtime.lookup("top/o")
        runtime.suspend("top/o")

        async def asker() -> None:
            with pytest.raises(AskRefused, match="top/o lost the question: drop_oldest"):
                await ref.ask(1, 5.0)

        nursery.start_soon(asker)
        await trio.sleep(1)
        ref.tell("newer")
    assert trio.current_time() == 1


async def test_questions_are_not_conflated(autojump_clock: MockClock) -> None:
    """Every question is answered, even where only the latest message of a key is kept."""
    log = Log()
    box = MailboxSpec(8, "conflate", key=lambda _: "one key")
    async with (
        open_tree(tree(worker("o", log, kind=Oracle, mailbox=box)), clock=TrioClock()) as runtime,
        trio.open_nursery() as nursery,
    ):
        ref = runtime.lookup("top/o")
        answers: list[object] = []

        async def asker(number: int) -> None:
            answers.append(await ref.ask(number, 5.0))

        runtime.suspend("top/o")
        for number in range(3):
            nursery.start_soon(asker, number)
        await trio.sleep(1)
        runtime.resume("top/o")
        await trio.sleep(1)
        assert sorted(map(str, answers)) == ["0", "2", "4"]


async def test_too_many_open_questions_are_refused(
    autojump_clock: MockClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An actor that keeps questions and never answers is bounded like everything else."""
    monkeypatch.setattr("actors.runtime.mailbox.MAX_OPEN_ASKS", 2)
    log = Log()
    async with (
        open_tree(tree(worker("o", log, kind=Oracle)), clock=TrioClock()) as runtime,
        trio.open_nursery() as nursery,
    ):
        ref = runtime.lookup("top/o")

        async def asker() -> None:
            with pytest.raises(AskTimeout):
                await ref.ask("later", 5.0)

        nursery.start_soon(asker)
        nursery.start_soon(asker)
        await trio.sleep(1)
        with pytest.raises(AskRefused, match="top/o has 2 open questions"):
            await ref.ask("later", 5.0)
    assert asks.MAX_OPEN_ASKS > 2


async def test_an_actor_that_answers_none_says_so(autojump_clock: MockClock) -> None:
    """Nobody waits for a deadline to learn that."""
    log = Log()
    async with open_tree(tree(worker("a", log)), clock=TrioClock()) as runtime:
        with pytest.raises(AskRefused, match="top/a answers no questions"):
            await runtime.lookup("top/a").ask(1, 5.0)


# -- from handlers -------------------------------------------------------------------------------


class Asker(Oracle):
    """Asks another from its handler and logs what comes of it."""

    def handle(self, message: object) -> None:
        self.context.ask_soon(self.context.lookup("top/o"), message, 2.0, tag=message)

    def handle_control(self, message: object) -> None:
        assert isinstance(message, Answer)
        error = type(message.error).__name__ if message.error is not None else ""
        self.log.add(f"{message.tag}: {message.value}{error}")


class InTurnAsker(Asker):
    """The same in its sender's turn."""

    in_turn: ClassVar[bool] = True


@pytest.mark.parametrize("kinds", [(Asker, Oracle), (InTurnAsker, InTurnOracle)])
async def test_a_handler_asks_and_hears_in_any_case(
    kinds: tuple[type[Asker], type[Oracle]], autojump_clock: MockClock
) -> None:
    """Answered, refused, too late, down: one `Answer` each on the control lane."""
    log, heard = Log(), Log()
    spec = tree(
        worker("o", log, kind=kinds[1], backoff=ONE_SECOND), worker("q", heard, kind=kinds[0])
    )
    async with open_tree(spec, clock=TrioClock()) as runtime:
        asker = runtime.lookup("top/q")
        for message in (4, "refuse", "later"):
            asker.tell(message)
        await trio.sleep(3)
        runtime.kill("top/o", Boom("x"))
        asker.tell(5)
        await trio.sleep(3)
        assert heard.lines[1:] == [
            (0, "4: 8"), (0, "refuse: NoneValueError"), (2, "later: NoneAskTimeout"),
            (3, "5: NoneCalleeDown"),
        ]  # fmt: skip


async def test_an_answer_to_an_older_life_is_dropped(autojump_clock: MockClock) -> None:
    """What a dead life asked does not reach the next one."""
    log, heard = Log(), Log()
    spec = tree(worker("o", log, kind=Oracle), worker("q", heard, kind=Asker))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        runtime.lookup("top/q").tell("later")
        await trio.sleep(1)
        runtime.restart("top/q")
        await trio.sleep(0.5)
        runtime.lookup("top/o").tell("answer")
        await trio.sleep(5)
        assert heard.texts() == ["q start", "q ended", "q stopped", "q start"]


# -- circles -------------------------------------------------------------------------------------


def edge(text: str) -> Wait:
    """`ab` is a waiting for b."""
    return Wait(text[0], text[1], 1.0)


@pytest.mark.parametrize(
    ("edges", "found"),
    [
        ([], []),
        (["ab", "bc"], []),
        (["aa"], [("a",)]),
        (["ba", "ab"], [("a", "b")]),
        (["xa", "bc", "ca", "ab", "cz"], [("a", "b", "c")]),
        (["ab", "ba", "cd", "dc", "bc"], [("a", "b"), ("c", "d")]),
    ],
)
def test_circles_are_found(edges: list[str], found: list[tuple[str, ...]]) -> None:
    """Each once, from its first name; what only leads into one is not in it."""
    assert cycles(map(edge, edges)) == found


@given(st.lists(st.tuples(st.sampled_from("abcde"), st.sampled_from("abcde")), max_size=12))
def test_what_is_called_a_circle_is_one(pairs: list[tuple[str, str]]) -> None:
    """Every step of it is an open question, and nothing is found only where there is none."""
    found = cycles(edge(a + b) for a, b in pairs)
    for circle in found:
        steps = zip(circle, (*circle[1:], circle[0]), strict=True)
        assert all(step in pairs for step in steps)
    reach = {a: {b for x, b in pairs if x == a} for a in "abcde"}
    for _ in "abcde":
        reach = {a: seen.union(*(reach[b] for b in seen)) for a, seen in reach.items()}
    assert bool(found) == any(a in seen for a, seen in reach.items())
