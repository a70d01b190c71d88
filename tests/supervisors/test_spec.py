"""The check of specs: every wrong field is named with its value."""

from __future__ import annotations

import math
from typing import Any

import pytest

from actors.runtime.actor import Actor
from actors.runtime.faults import BadSpec
from actors.runtime.mailbox import MailboxSpec
from supervisors.spec import (
    BackoffSpec,
    BudgetSpec,
    ChildSpec,
    ReconnectSpec,
    StopPolicy,
    SupervisorSpec,
    check,
    walk,
)

GOOD = ChildSpec("a", Actor)
WORD: Any = "spill"  # no policy is called that


def child(**fields: Any) -> SupervisorSpec:
    """A root with one child that differs from the default in these fields."""
    given: dict[str, Any] = {"id": "a", "start": Actor} | fields
    return SupervisorSpec("top", children=(ChildSpec(**given),))


def root(**fields: Any) -> SupervisorSpec:
    """A root that differs from the default in these fields."""
    return SupervisorSpec(**({"id": "top"} | fields))


WRONG = [
    (child(id=""), "top/: id"),
    (child(id="a/b"), "id must be .* not 'a/b'"),
    (child(id="a b"), "not 'a b'"),
    (child(id=7), "id .* not 7"),
    (child(start=None), "top/a: start .* not None"),
    (child(restart="always"), "top/a: restart must be one of permanent.* not 'always'"),
    (child(significant=True), "significant must be False for a permanent child"),
    (child(stop=StopPolicy(-1)), "stop.grace_s .* not -1"),
    (child(stop=StopPolicy(math.nan)), "stop.grace_s .* not nan"),
    (child(start_timeout_s=0), "start_timeout_s .* not 0"),
    (child(on_spent="shrug"), "on_spent .* not 'shrug'"),
    (child(progress_within_s=-2), "progress_within_s .* not -2"),
    (child(mailbox=MailboxSpec(capacity=0)), "mailbox.capacity .* not 0"),
    (child(mailbox=MailboxSpec(capacity=True)), "mailbox.capacity .* not True"),
    (child(mailbox=MailboxSpec(overflow=WORD)), "mailbox.overflow .* not 'spill'"),
    (child(mailbox=MailboxSpec(at_restart=WORD)), "mailbox.at_restart .* not 'spill'"),
    (child(mailbox=MailboxSpec(overflow="conflate")), "mailbox.key .* not None"),
    (child(mailbox=MailboxSpec(key=str)), "mailbox.key"),
    (child(backoff=BackoffSpec(min_s=-1)), "backoff.min_s .* not -1"),
    (child(backoff=BackoffSpec(min_s=2, max_s=1)), "backoff.max_s must be at least min_s, not 1"),
    (child(backoff=BackoffSpec(max_s=math.inf)), "backoff.max_s must be finite"),
    (child(backoff=BackoffSpec(factor=0.5)), "backoff.factor .* not 0.5"),
    (child(backoff=BackoffSpec(jitter=1.5)), "backoff.jitter .* not 1.5"),
    (child(budget=BudgetSpec(count=-1)), "budget.count .* not -1"),
    (child(budget=BudgetSpec(window_s=0)), "budget.window_s .* not 0"),
    (root(strategy="some"), "top: strategy .* not 'some'"),
    (root(auto_shutdown="maybe"), "auto_shutdown .* not 'maybe'"),
    (root(children=(GOOD, GOOD)), "children must be different ids, not 'a'"),
    (root(children=("a",)), "must be a ChildSpec"),
    (root(template=GOOD), "template must be left out"),
    (root(reconnects=ReconnectSpec(0)), "reconnects.per_s .* not 0"),
    (root(reconnects=ReconnectSpec(1, 0)), "reconnects.burst .* not 0"),
    (
        root(children=(ChildSpec("a", Actor, "transient", significant=True),)),
        "auto_shutdown must be another value: a is significant",
    ),
    (
        root(strategy="dynamic", template=ChildSpec("a", Actor, "transient", significant=True)),
        "no significant child of a dynamic one",
    ),
    (
        root(strategy="dynamic", auto_shutdown="any_significant"),
        "auto_shutdown must be never for a dynamic supervisor, not 'any_significant'",
    ),
]


@pytest.mark.parametrize(("spec", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_wrong_spec_is_refused_by_field_and_value(spec: SupervisorSpec, words: str) -> None:
    """One sentence names path, field, what is wanted and what was found."""
    with pytest.raises(BadSpec, match=words):
        check(spec)


def test_a_spec_that_nests_without_end_is_refused() -> None:
    """Seventeen supervisors above each other are a mistake."""
    spec = root()
    for _ in range(17):
        spec = root(children=(spec,))
    with pytest.raises(BadSpec, match="depth"):
        check(spec)


def test_a_good_tree_is_walked_in_start_order() -> None:
    """Paths come supervisors first, in the order in which they start."""
    spec = root(children=(GOOD, SupervisorSpec("s", children=(GOOD,)), ChildSpec("z", Actor)))
    check(spec)
    assert [path for path, _ in walk(spec)] == ["top", "top/a", "top/s", "top/s/a", "top/z"]
