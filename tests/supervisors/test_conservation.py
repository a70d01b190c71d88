"""The law of conservation: no message is unaccounted for, whatever crashes when."""

from __future__ import annotations

import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.runtime.clock import TrioClock
from actors.runtime.mailbox import AtRestart, MailboxSpec
from supervisors.runtime import Options, Runtime, open_tree
from supervisors.spec import BudgetSpec, ChildSpec
from tests.supervisors.trees import (
    ONE_SECOND,
    Boom,
    InTurnWorker,
    Log,
    Outage,
    Worker,
    states,
    tree,
    worker,
)

PLENTY = BudgetSpec(1_000)

STEPS = st.lists(
    st.tuples(
        st.sampled_from(["tell", "batch", "control", "raise", "kill", "outage", "restart", "wait"]),
        st.integers(0, 2),
    ),
    max_size=40,
)
NAMES = "abc"


@given(STEPS, st.integers(0, 5))
@settings(max_examples=80)
def test_no_message_is_unaccounted_for_under_crashes(
    steps: list[tuple[str, int]], seed: int
) -> None:
    """At every instant, for every mailbox: accepted = handled + queued + in hand + lost."""

    def children(log: Log) -> list[ChildSpec]:
        kinds = (Worker, InTurnWorker, InTurnWorker)
        policies: tuple[AtRestart, ...] = ("keep", "purge", "dead_letter")
        return [
            worker(name, log, kind=kind, budget=PLENTY, mailbox=MailboxSpec(4, "block", policy))
            for name, kind, policy in zip(NAMES, kinds, policies, strict=True)
        ]

    def act(runtime: Runtime, verb: str, path: str) -> None:
        ref = runtime.lookup(path)
        if verb == "tell":
            ref.tell("m")
        elif verb == "batch":
            ref.tell_batch(["m", "m", Boom("in a batch"), "m", "m", "m"])
        elif verb == "control":
            ref.tell_control("c")
        elif verb == "raise":
            ref.tell(Boom("told"))
        elif verb == "restart":
            runtime.restart(path)
        elif verb in ("kill", "outage"):
            runtime.kill(path, Boom("x") if verb == "kill" else Outage("y"))

    async def play() -> None:
        log = Log()
        spec = tree(*children(log), strategy="rest_for_one")
        async with open_tree(spec, clock=TrioClock(), options=Options(seed=seed)) as runtime:
            refs = [runtime.lookup(f"top/{name}") for name in NAMES]
            for verb, index in steps:
                if verb == "wait":
                    await trio.sleep(0.1)
                else:
                    act(runtime, verb, refs[index].path)
                for ref in refs:
                    assert ref.statistics().conserved, (ref, ref.statistics())
            await trio.sleep(10)
            assert set(states(runtime).values()) == {"running"}
            for ref in refs:
                assert ref.statistics().queued == 0
        assert all(ref.statistics().conserved for ref in refs)
        letters = refs[2].statistics().lost.get("dead_letter", 0)
        assert runtime.dead_letter_count == letters + refs[2].statistics().refused.get("down", 0)

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
