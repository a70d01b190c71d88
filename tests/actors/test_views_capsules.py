"""Crash capsules of views and callbacks: what they had in hand, and for views what they showed."""

from __future__ import annotations

import tempfile
from functools import partial
from pathlib import Path

import msgspec
import pytest
import trio
from hypothesis import given, settings
from hypothesis import strategies as st
from trio.testing import MockClock

from actors.bare_venue import bare_venue
from actors.callback import CallbackActor, CallbackTally
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.capsule import BadCapsule, Capsule, unpack
from actors.runtime.clock import TrioClock
from actors.views import ViewsActor
from config.settings import VenueSettings
from messages.books import BookDark, BookTop, DarkReason
from supervisors.capsule_replay import Outcome, act_out, types_near
from supervisors.capsules import CapsuleStore, capsule_files, load
from supervisors.runtime import Options, open_tree
from supervisors.spec import ChildSpec, SupervisorSpec
from tests.actors.test_capsules import START_NS

PATH = "engine/it"
SYMBOLS = ("BTC/USDT", "ETH/USDT", "ADA/USDT")
FEEDS = ("engine/one", "engine/two")
FATAL = 666


class PlantedViews(ViewsActor):
    """Views that raise at one top, and say what they were at that moment."""

    capsule_every = 16

    def _show(self, top: BookTop) -> None:
        super()._show(top)
        if top.sequence == FATAL:
            raise RuntimeError(f"{msgspec.to_builtins(self.capsule_state())}")


def top(which: int, sequence: int, feed: int = 0) -> BookTop:
    """A top of a book."""
    levels = ((99.0 + which, float(sequence)),)
    return BookTop(
        "binance", SYMBOLS[which], FEEDS[feed], 1, sequence, levels, levels, 1, 2, 3, sequence
    )


def dark(which: int, at_ns: int) -> BookDark:
    """A book that goes dark."""
    reason = list(DarkReason)[at_ns % len(DarkReason)]
    return BookDark("binance", SYMBOLS[which], 1, reason, at_ns)


def crashed(folder: Path, child: ChildSpec, messages: list[object]) -> Capsule:
    """Tell an actor messages, the last of which is one too many, and return the only capsule."""
    children = (*(ChildSpec(path.rpartition("/")[2], Actor) for path in FEEDS), child)
    spec = SupervisorSpec("engine", children=children)

    async def live(store: CapsuleStore) -> None:
        options = Options(capsules=store)
        async with open_tree(spec, clock=TrioClock(START_NS), options=options) as run:
            for message in messages:
                run.lookup(PATH).tell(message)
                await trio.testing.wait_all_tasks_blocked()

    with CapsuleStore(folder) as store:
        trio.run(live, store, clock=MockClock(autojump_threshold=0))
    (file,) = capsule_files(folder)
    return load(file)


def views(kind: type[ViewsActor]) -> ChildSpec:
    """Views of a venue of two connections."""
    venue = bare_venue(VenueSettings(name="binance", symbols=SYMBOLS), (), FEEDS)
    return ChildSpec("it", lambda: kind(venue, {}, Outlet()), restart="temporary")


def replayed(capsule: Capsule, kind: type[Actor]) -> Outcome:
    """Act it out."""

    async def again() -> Outcome:
        await trio.lowlevel.checkpoint()
        return act_out(capsule, kind, types_near(kind))

    return trio.run(again)


# Long enough for the state to be copied on the way, with one book dark and one quiet meanwhile.
LEAD = [top(1, 1), dark(1, 5), top(2, 3, 1), *(top(0, at) for at in range(80))]
NEWS = st.one_of(
    st.builds(top, st.integers(0, 2), st.integers(1, 99), st.integers(0, 1)),
    st.builds(dark, st.integers(0, 2), st.integers(1, 99)),
)


@settings(max_examples=40, deadline=None)
@given(news=st.lists(NEWS, max_size=80))
def test_any_life_of_views_is_reproduced(news: list[object]) -> None:
    """Tops of any connection, and darkness: same line, and the same views."""
    with tempfile.TemporaryDirectory() as name:
        capsule = crashed(Path(name), views(PlantedViews), [*LEAD, *news, top(0, FATAL)])
    assert not capsule.fresh and capsule.passed > 0
    outcome = replayed(capsule, PlantedViews)
    assert outcome.reproduced, outcome.text
    assert outcome.raised is not None
    assert outcome.raised.text == outcome.recorded.text


@pytest.mark.parametrize("count", [0, 1, 2_000])
def test_a_raising_outlet_raises_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, count: int
) -> None:
    """From the first top or from the middle of its life, and not once it is mended."""
    right = Outlet.publish

    def publish(self: Outlet, fact: object) -> None:
        assert not isinstance(fact, BookTop) or fact.sequence != FATAL
        right(self, fact)

    monkeypatch.setattr(Outlet, "publish", publish)
    news: list[object] = [top(at % 3, at + FATAL + 1) for at in range(count)]
    capsule = crashed(tmp_path, views(ViewsActor), [*news, top(0, FATAL)])
    assert capsule.actor == "actors.views:ViewsActor" and capsule.fresh == (count < 1_000)
    outcome = replayed(capsule, ViewsActor)
    assert outcome.reproduced, outcome.text
    assert outcome.recorded.frames[-1].function.endswith("publish")
    monkeypatch.undo()
    assert "nothing was raised" in replayed(capsule, ViewsActor).text


@pytest.mark.parametrize("count", [0, 100])
def test_a_callbacks_capsule_shows_what_its_function_raised_on(tmp_path: Path, count: int) -> None:
    """The message in hand is the last input, few are kept before it, and the refusal names it."""
    outlet = Outlet()

    async def function(message: object) -> None:
        await trio.lowlevel.checkpoint()
        assert isinstance(message, BookTop) and message.sequence != FATAL

    subscription = outlet.subscribe()
    for at in range(count):
        outlet.publish(top(1, at))
    outlet.publish(top(2, FATAL))
    outlet.publish(top(1, 1))
    child = partial(CallbackActor, function, subscription, CallbackTally())
    capsule = crashed(tmp_path, ChildSpec("it", child, restart="temporary"), [None])
    assert capsule.inputs <= 65
    inputs = [event for event in capsule.events if event.kind == "input"]
    assert unpack(inputs[-1].value, types_near(CallbackActor)) == top(2, FATAL)
    with pytest.raises(BadCapsule, match=r"the last it took in: messages.books:BookTop .*666"):
        replayed(capsule, CallbackActor)
