"""What a recorder keeps, when it begins anew, and how what it kept is read."""

from __future__ import annotations

from pathlib import Path
from typing import Any, ClassVar

import trio.testing
from hypothesis import given
from hypothesis import strategies as st

from actors.runtime.actor import Actor
from actors.runtime.capsule import pack_segments
from actors.runtime.clock import TrioClock
from actors.runtime.recorder import MESSAGE, Kept, Mark, encode
from supervisors.capsules import CapsuleStore
from supervisors.runtime import open_tree
from supervisors.spec import ChildSpec
from tests.supervisors.test_capsules import Add, Summer, SumState, one, options
from tests.supervisors.trees import tree


async def test_actors_that_begin_together_copy_their_state_at_different_moments(
    tmp_path: Path, autojump_clock: Any
) -> None:
    """A second copy of every actor at once would be a pause, and a jump of the memory."""

    class Filling(Summer):
        capsule_every: ClassVar[int] = 10_000
        capsule_bytes: ClassVar[int] = 500
        copies: ClassVar[int] = 0

        def capsule_state(self) -> SumState:
            Filling.copies += 1
            return super().capsule_state()

    names = [f"sum-{number}" for number in range(50)]
    spec = tree(ChildSpec("other", Actor), *(ChildSpec(name, Filling) for name in names))
    at_once = []
    with CapsuleStore(tmp_path) as store:
        async with open_tree(spec, clock=TrioClock(), options=options(store)) as runtime:
            while Filling.copies < 3 * len(names):
                before = Filling.copies
                for name in names:
                    runtime.lookup(f"top/{name}").tell(Add(1000))
                await trio.testing.wait_all_tasks_blocked()
                at_once.append(Filling.copies - before)
    assert len(at_once) > 20 and max(at_once) <= len(names) / 4


async def test_a_large_state_is_copied_after_as_many_bytes(
    tmp_path: Path, autojump_clock: Any
) -> None:
    """What copies cost is bounded by what is kept, however large a state becomes."""

    class Large(Summer):
        capsule_form: ClassVar[type[Any] | None] = None
        capsule_every: ClassVar[int] = 10_000
        capsule_bytes: ClassVar[int] = 100
        copies: ClassVar[int] = 0

        def capsule_state(self) -> Any:
            Large.copies += 1
            return bytes(8_000)

    taken = 0
    with CapsuleStore(tmp_path) as store:
        async with open_tree(one(Large), clock=TrioClock(), options=options(store)) as runtime:
            while Large.copies < 6:
                runtime.lookup("top/sum").tell(Add(1000))
                await trio.testing.wait_all_tasks_blocked()
                taken += 1
    # The first two are of the start and of the shorter first list.
    assert taken >= 4 * 8_000 // len(encode(Add(1000)))


@given(st.lists(st.one_of(st.integers(0, 2**40), st.none(), st.just("odd")), max_size=40))
def test_what_was_put_away_is_read_in_order(steps: list[Any]) -> None:
    """A number is a message, None puts the buffer away, and some messages have no form."""
    kept, odd = Kept(b"state", True), object()
    keep = kept.keeper()
    for step in steps:
        if step is None:
            size = len(kept.data)
            assert kept.put_away() == size and not kept.data
        else:
            keep(odd if step == "odd" else Add(step))
    _, _, events = pack_segments([kept], "")
    given_in = [step for step in steps if step is not None]
    assert [event.kind for event in events] == [MESSAGE] * len(given_in)
    data = [event.value.data for event in events]
    assert all(
        b"object object" in found if step == "odd" else found == encode(Add(step))
        for step, found in zip(given_in, data, strict=True)
    )
    assert [type(event) is Mark for event in kept.events] == [step == "odd" for step in given_in]


async def test_what_a_life_kept_goes_with_it(tmp_path: Path, autojump_clock: Any) -> None:
    """Whoever still holds on to a life that is gone holds no frames."""
    with CapsuleStore(tmp_path) as store:
        async with open_tree(one(Summer), clock=TrioClock(), options=options(store)) as runtime:
            ref = runtime.lookup("top/sum")
            context = ref.context
            assert context is not None and context.recorder is not None
            ref.tell(Add(7))
            await trio.testing.wait_all_tasks_blocked()
            assert [list(each.messages()) for each in context.recorder.segments()] == [
                [encode(Add(7))]
            ]
            runtime.restart("top/sum")
            await trio.testing.wait_all_tasks_blocked()
            assert ref.generation == 2
            assert [each.events for each in context.recorder.segments()] == [[]]
