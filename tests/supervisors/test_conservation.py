"""The law of conservation: no message is unaccounted for, whatever crashes when."""

from __future__ import annotations

import contextlib

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.runtime.asks import Ask
from actors.runtime.clock import TrioClock
from actors.runtime.faults import AskFailed, BadRequest
from actors.runtime.mailbox import AtRestart, MailboxSpec
from actors.runtime.reference import ActorRef
from supervisors.runtime import Options, Runtime, open_tree
from supervisors.spec import BudgetSpec, ChildSpec
from tests.supervisors.trees import (
    ONE_SECOND,
    Boom,
    InTurnWorker,
    Log,
    Outage,
    Worker,
    accounted,
    states,
    tree,
    worker,
)

PLENTY = BudgetSpec(1_000)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(
            [
                "tell",
                "batch",
                "control",
                "raise",
                "kill",
                "outage",
                "restart",
                "wait",
                "ask",
                "ask badly",
                "suspend",
                "resume",
                "tick",
                "terminate",
                "again",
            ]
        ),
        st.integers(0, 2),
    ),
    max_size=40,
)
NAMES = "abc"
WISHES = {
    "restart": "restart", "suspend": "suspend", "resume": "resume",
    "terminate": "terminate_child", "again": "restart_child",
}  # fmt: skip


class Answering(Worker):
    """Answers every second question, keeps the others until its life ends."""

    def handle_ask(self, ask: Ask) -> None:
        self.handle(ask.message)
        if len(self.seen) % 2:
            ask.reply(ask.message)


class InTurnAnswering(Answering, InTurnWorker):
    """The same in its sender's turn."""


def act(runtime: Runtime, verb: str, path: str) -> None:
    """Do one thing to one actor."""
    ref = runtime.lookup(path)
    if verb == "tell":
        ref.tell("m")
    elif verb == "batch":
        ref.tell_batch(["m", "m", Boom("in a batch"), "m", "m", "m"])
    elif verb == "control":
        ref.tell_control("c")
    elif verb == "raise":
        ref.tell(Boom("told"))
    elif verb in WISHES:
        with contextlib.suppress(BadRequest):
            getattr(runtime, WISHES[verb])(path)
    elif verb in ("kill", "outage"):
        runtime.kill(path, Boom("x") if verb == "kill" else Outage("y"))


@given(STEPS, st.integers(0, 5))
@settings(max_examples=80)
def test_no_message_is_unaccounted_for_under_crashes(
    steps: list[tuple[str, int]], seed: int
) -> None:
    """At every instant, for every mailbox: accepted = handled + queued + in hand + lost."""

    def children(log: Log) -> list[ChildSpec]:
        kinds = (Answering, InTurnAnswering, InTurnAnswering)
        policies: tuple[AtRestart, ...] = ("keep", "purge", "dead_letter")
        return [
            worker(name, log, kind=kind, budget=PLENTY, mailbox=MailboxSpec(4, "block", policy))
            for name, kind, policy in zip(NAMES, kinds, policies, strict=True)
        ]

    async def play() -> None:
        log = Log()
        spec = tree(*children(log), strategy="rest_for_one")
        asked: list[str] = []

        async def ask(ref: ActorRef, question: object) -> None:
            with contextlib.suppress(AskFailed):
                await ref.ask(question, 2.0)
            asked.append("over")

        async with (
            open_tree(spec, clock=TrioClock(), options=Options(seed=seed)) as runtime,
            trio.open_nursery() as nursery,
        ):
            refs = [runtime.lookup(f"top/{name}") for name in NAMES]
            for verb, index in steps:
                if verb == "wait":
                    await trio.sleep(0.1)
                elif verb == "tick":
                    await trio.lowlevel.checkpoint()
                elif verb.startswith("ask"):
                    question = "q" if verb == "ask" else Boom("asked")
                    nursery.start_soon(ask, refs[index], question)
                else:
                    act(runtime, verb, refs[index].path)
                for ref in refs:
                    assert accounted(ref.mailbox), (ref, ref.statistics())
            await trio.sleep(2)
            for ref in refs:
                for wish in (runtime.resume, runtime.restart_child):
                    with contextlib.suppress(BadRequest):
                        wish(ref.path)
            await trio.sleep(10)
            assert len(asked) == sum(verb.startswith("ask") for verb, _ in steps)
            assert not any(ref.mailbox.asks for ref in refs)
            assert set(states(runtime).values()) == {"running"}
            for ref in refs:
                assert ref.statistics().queued == 0
        assert all(accounted(ref.mailbox) for ref in refs)
        letters = refs[2].statistics().lost.get("dead_letter", 0)
        assert runtime.dead_letters.count == letters + refs[2].statistics().refused.get("down", 0)

    trio.run(play, clock=MockClock(autojump_threshold=0))


async def test_a_mailbox_outlives_the_crash_of_its_actor(autojump_clock: MockClock) -> None:
    """What was queued, and what comes while it is down, is handled by the next life, in order."""
    log = Log()
    spec = tree(worker("a", log, backoff=ONE_SECOND))
    async with open_tree(spec, clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        ref.tell_batch([1, Boom("x"), 2])
        await trio.sleep(0.5)
        assert ref.tell(3)
        await trio.sleep(1)
        assert [text for text in log.texts() if "got" in text] == ["a got 1", "a got 2", "a got 3"]


async def test_a_message_may_be_discarded_with_a_reason(autojump_clock: MockClock) -> None:
    """What a handler finds to be of an older epoch is a counted loss, not a handled message."""
    log = Log()

    class Picky(InTurnWorker):
        def handle(self, message: object) -> None:
            if message == "old":
                self.context.discard("stale")

    async with open_tree(tree(worker("a", log, kind=Picky)), clock=TrioClock()) as runtime:
        ref = runtime.lookup("top/a")
        ref.tell_batch(["new", "old", "new", "old"])
        counted = ref.statistics()
        assert (counted.handled, counted.lost) == (2, {"stale": 2})
        assert counted.conserved
