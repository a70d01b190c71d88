"""Which actors' crashes can be acted out, and that their states leave nothing out."""

from __future__ import annotations

import importlib
import pkgutil
import re
from pathlib import Path
from typing import Any

from trio.testing import MockClock

import actors
from actors.bare_venue import bare_venue
from actors.carrying import SUBSCRIBING, WATCHING
from actors.connection import ConnectionActor
from actors.connection_state import CONNECTION, CONTRACT, UNREADABLE
from actors.feed import Feed
from actors.runtime.actor import Actor
from actors.runtime.state_copy import StateForm
from actors.subscribing import Subscribing
from actors.watching import Watching
from config.settings import VenueSettings
from exchanges.subscription import SubscriptionContract
from supervisors.runtime import open_tree
from supervisors.spec import ChildSpec, SupervisorSpec


def test_the_table_tells_which_crashes_can_be_acted_out() -> None:
    """One row of docs/capsules.md for each actor of ours, and its answer."""
    for module in pkgutil.iter_modules(actors.__path__, "actors."):
        importlib.import_module(module.name)
    ours = {kind for kind in _below(Actor) if kind.__module__.split(".")[0] == "actors"}
    text = (Path(__file__).parents[2] / "docs" / "capsules.md").read_text(encoding="utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (yes|no) \| ", text, re.MULTILINE))
    assert rows == {kind.__name__: "yes" if kind.capsule_form else "no" for kind in ours}
    for kind in ours:
        hooks = ("capsule_state", "from_capsule", "restored")
        overridden = {any(hook in vars(each) for each in kind.__mro__[:-2]) for hook in hooks}
        assert overridden == {bool(kind.capsule_form)}, kind


def _below(kind: type[Actor]) -> set[type[Actor]]:
    return {each for below in kind.__subclasses__() for each in {below, *_below(below)}}


async def test_every_attribute_is_copied_or_left_out_on_purpose(
    autojump_clock: MockClock,
) -> None:
    """A new attribute of a connection that decides something must not be forgotten."""
    venue, feed = bare_venue(VenueSettings(name="binance", symbols=())), Feed("engine/feed", ())
    spec = SupervisorSpec("engine", children=(ChildSpec("feed", Actor),))
    async with open_tree(spec) as run:
        context = run.lookup("engine/feed").context
        assert context is not None
        contract = SubscriptionContract((), ack_within_s=1.0, data_within_s=1.0)
        forms: list[tuple[StateForm[Any], object]] = [
            (CONNECTION, ConnectionActor(venue, (), {}, feed, healthy_after_s=1.0)),
            (CONTRACT, contract),
            (WATCHING, Watching(venue, feed, context, contract, 1.0, print)),
            (SUBSCRIBING, Subscribing(venue, contract, feed, context, print)),
            (UNREADABLE, feed.unreadable),
        ]
        for form, example in forms:
            have = set(getattr(type(example), "__slots__", None) or vars(example))
            assert have - {*form.names(example), *form.left_out} == set(), type(example)
