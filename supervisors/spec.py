"""What a tree is made of, as data: child specs, supervisor specs, and the check of both."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from typing import Any, Literal

from msgspec import Struct

from actors.runtime.actor import Actor
from actors.runtime.faults import BadSpec
from actors.runtime.mailbox import MAX_CAPACITY, MailboxSpec

RestartType = Literal["permanent", "transient", "temporary"]
Strategy = Literal["one_for_one", "rest_for_one", "one_for_all", "dynamic"]
AutoShutdown = Literal["never", "any_significant", "all_significant"]
OnSpent = Literal["escalate", "quarantine"]

MAX_DEPTH = 16  # supervisors above each other; more is a loop in whatever built the spec
MAX_CHILDREN = 10_000  # of one supervisor: above the number of symbols of any venue


class StopPolicy(Struct, frozen=True):
    """How long an actor may clean up after it was told to stop: 0 is kill, infinity unlimited."""

    grace_s: float = 5.0


UNLIMITED = StopPolicy(math.inf)
KILL = StopPolicy(0.0)


class BackoffSpec(Struct, frozen=True):
    """How long to wait before the next life: `min_s * factor ** failures`, at most `max_s`.

    `jitter` is the part of that (0 to 1) which chance may take off, so that what fell together
    does not rise together.
    """

    min_s: float = 0.1
    max_s: float = 60.0
    factor: float = 2.0
    jitter: float = 0.5


class BudgetSpec(Struct, frozen=True):
    """How many are tolerated within a sliding window of seconds; the next one is too many."""

    count: int = 5
    window_s: float = 60.0


class ReconnectSpec(Struct, frozen=True):
    """How fast all children together may come back after outages: a rate and a burst."""

    per_s: float
    burst: int = 1


class ChildSpec(Struct, frozen=True):
    """One actor under a supervisor.

    Args:
        id: its name among its siblings, one part of the path.
        start: makes the instance of one life; called inside that life, so raising is an end.
        restart: `permanent` always, `transient` unless it ended normally, `temporary` never.
        stop: the grace of its planned stop, and of the clean-up after any other end.
        significant: its normal end counts for the supervisor's `auto_shutdown`.
        start_timeout_s: how long until it must have said that it is ready.
        backoff: the wait before each new life.
        budget: crashes (never outages) it may have before it counts at its supervisor.
        on_spent: what happens then: `escalate` tries again and counts each further crash as a
            cause at the supervisor, `quarantine` counts once and leaves it down.
        mailbox: capacity and policies of its mailbox.
        progress_within_s: it must call `context.progress()` at least this often; None is never.
        scope: what others may not do while it is down, in words; shown, and told by `in_force`.
    """

    id: str
    start: Callable[..., Actor]
    restart: RestartType = "permanent"
    stop: StopPolicy = StopPolicy()
    significant: bool = False
    start_timeout_s: float = 10.0
    backoff: BackoffSpec = BackoffSpec()
    budget: BudgetSpec = BudgetSpec()
    on_spent: OnSpent = "escalate"
    mailbox: MailboxSpec = MailboxSpec()
    progress_within_s: float | None = None
    scope: str = ""


class SupervisorSpec(Struct, frozen=True):
    """A supervisor and everything under it.

    Args:
        id: its name among its siblings; the root's id begins every path.
        strategy: what a child's end means for its siblings; `dynamic` is one_for_one whose
            children come and go while it runs and are stopped together.
        children: in start order; they are stopped in the reverse order.
        template: what `start_child` makes a dynamic child from: its `start` gets the arguments.
        budget: causes it may have before it gives up: children that spent their own budgets and
            supervisors below that gave up; equal causes within a second are one.
        quarantine_on_give_up: stay down alone, instead of failing the supervisor above.
        restart, significant, backoff: as of a child, towards the supervisor above.
        auto_shutdown: stop this supervisor when any, or all, significant children ended normally.
        reconnects: one bucket for all actors below that come back after an outage.
        scope: as of a child.
    """

    id: str
    strategy: Strategy = "one_for_one"
    children: tuple[ChildSpec | SupervisorSpec, ...] = ()
    template: ChildSpec | None = None
    budget: BudgetSpec = BudgetSpec(count=3)
    quarantine_on_give_up: bool = False
    restart: RestartType = "permanent"
    significant: bool = False
    backoff: BackoffSpec = BackoffSpec()
    auto_shutdown: AutoShutdown = "never"
    reconnects: ReconnectSpec | None = None
    scope: str = ""


AnySpec = ChildSpec | SupervisorSpec


def walk(spec: AnySpec, above: str = "") -> Iterator[tuple[str, AnySpec]]:
    """Yield every (path, spec) of a tree in start order, supervisors before their children."""
    path = f"{above}/{spec.id}" if above else spec.id
    yield path, spec
    if isinstance(spec, SupervisorSpec):
        for child in spec.children:
            yield from walk(child, path)


def check(spec: AnySpec, above: str = "") -> None:
    """Refuse a tree that cannot be run.

    Raises:
        BadSpec: naming path, field, what is wanted and the value.
    """
    _check(spec, above, 1)


def _check(spec: Any, above: str, depth: int) -> None:
    if not isinstance(spec, ChildSpec | SupervisorSpec):
        raise BadSpec(f"{above or 'root'}: a child must be a ChildSpec or SupervisorSpec: {spec!r}")
    path = f"{above}/{spec.id}" if above else str(spec.id)
    field = _Field(path)
    field.must("id", spec.id, _is_id(spec.id), "printable text without '/' or blanks")
    field.among("restart", spec.restart, ("permanent", "transient", "temporary"))
    field.must("significant", spec.significant, isinstance(spec.significant, bool), "a bool")
    if spec.significant and spec.restart == "permanent":
        field.must("significant", True, False, "False for a permanent child: it never ends")
    readable = spec.scope.isprintable()
    field.must("scope", spec.scope, readable, "printable text")
    _check_backoff(field, spec.backoff)
    _check_budget(field, spec.budget)
    if isinstance(spec, ChildSpec):
        _check_child(field, spec)
        return
    field.must("depth", depth, depth <= MAX_DEPTH, f"at most {MAX_DEPTH}")
    for child in spec.children:
        _check(child, path, depth + 1)
    if spec.template is not None:
        _check(spec.template, path, depth + 1)
    _check_supervisor(field, spec)


def _check_child(field: _Field, spec: ChildSpec) -> None:
    field.must("start", spec.start, callable(spec.start), "a callable that makes the actor")
    grace_s = spec.stop.grace_s
    field.must("stop.grace_s", grace_s, _at_least(grace_s, 0.0), "at least 0 (inf: unlimited)")
    field.positive("start_timeout_s", spec.start_timeout_s)
    field.among("on_spent", spec.on_spent, ("escalate", "quarantine"))
    if spec.progress_within_s is not None:
        field.positive("progress_within_s", spec.progress_within_s)
    box = spec.mailbox
    fits = _is_whole(box.capacity, 1) and box.capacity <= MAX_CAPACITY
    field.must("mailbox.capacity", box.capacity, fits, f"a number from 1 to {MAX_CAPACITY}")
    policies = ("block", "reject", "drop_oldest", "drop_newest", "conflate")
    field.among("mailbox.overflow", box.overflow, policies)
    field.among("mailbox.at_restart", box.at_restart, ("keep", "purge", "dead_letter"))
    keyed = (box.key is not None) == (box.overflow == "conflate")
    field.must("mailbox.key", box.key, keyed, "given for conflate, and only there")


def _check_supervisor(field: _Field, spec: SupervisorSpec) -> None:
    field.among(
        "strategy", spec.strategy, ("one_for_one", "rest_for_one", "one_for_all", "dynamic")
    )
    field.among(
        "auto_shutdown", spec.auto_shutdown, ("never", "any_significant", "all_significant")
    )
    field.must("template", spec.template, spec.template is None or spec.strategy == "dynamic",
               "left out unless the strategy is dynamic")  # fmt: skip
    field.must("children", len(spec.children), len(spec.children) <= MAX_CHILDREN,
               f"at most {MAX_CHILDREN}")  # fmt: skip
    ids = [getattr(child, "id", None) for child in spec.children]
    for number, id_ in enumerate(ids):
        field.must("children", id_, id_ not in ids[:number], "different ids")
    shuts = spec.auto_shutdown == "never" or spec.strategy != "dynamic"
    field.must("auto_shutdown", spec.auto_shutdown, shuts, "never for a dynamic supervisor")
    for child in (*spec.children, *([spec.template] if spec.template else [])):
        check_pair(spec, child, field.path)
    if spec.reconnects is not None:
        field.positive("reconnects.per_s", spec.reconnects.per_s)
        burst = spec.reconnects.burst
        field.must("reconnects.burst", burst, _at_least(burst, 1), "at least 1")


def check_pair(above: SupervisorSpec, child: AnySpec, path: str) -> None:
    """Refuse a child that does not go together with the supervisor at this path.

    Raises:
        BadSpec: naming both sides of the combination.
    """
    field = _Field(path)
    if getattr(child, "significant", False) is not True:
        return
    if above.strategy == "dynamic":
        field.must("significant", child.id, False, "no significant child of a dynamic one")
    if above.auto_shutdown == "never":
        field.must("auto_shutdown", "never", False, f"another value: {child.id} is significant")


def _check_backoff(field: _Field, spec: BackoffSpec) -> None:
    field.must("backoff.min_s", spec.min_s, _at_least(spec.min_s, 0.0), "at least 0")
    field.must("backoff.max_s", spec.max_s, _at_least(spec.max_s, spec.min_s), "at least min_s")
    field.must("backoff.max_s", spec.max_s, math.isfinite(spec.max_s), "finite")
    field.must("backoff.factor", spec.factor, _at_least(spec.factor, 1.0), "at least 1")
    inside = _at_least(spec.jitter, 0.0) and spec.jitter <= 1.0
    field.must("backoff.jitter", spec.jitter, inside, "from 0 to 1")


def _check_budget(field: _Field, spec: BudgetSpec) -> None:
    counts = _is_whole(spec.count, 0)
    field.must("budget.count", spec.count, counts, "a whole number, at least 0")
    field.positive("budget.window_s", spec.window_s)


class _Field:
    """Raises for one path, naming field, what is wanted and the value."""

    def __init__(self, path: str) -> None:
        self.path = path

    def must(self, name: str, value: object, right: bool, wanted: str) -> None:
        if not right:
            raise BadSpec(f"{self.path}: {name} must be {wanted}, not {value!r}")

    def among(self, name: str, value: object, allowed: tuple[str, ...]) -> None:
        self.must(name, value, value in allowed, f"one of {', '.join(allowed)}")

    def positive(self, name: str, value: object) -> None:
        number = isinstance(value, int | float) and math.isfinite(value) and value > 0
        self.must(name, value, number, "a finite number above 0")


def _is_whole(value: object, least: int) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= least


def _at_least(value: object, least: float) -> bool:
    return isinstance(value, int | float) and not math.isnan(value) and value >= least


def _is_id(value: object) -> bool:
    return (
        isinstance(value, str)
        and bool(value)
        and value.isprintable()
        and "/" not in value
        and not any(letter.isspace() for letter in value)
    )
