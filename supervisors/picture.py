"""A spec as people see it: the picture of `tree`, and the same as plain data."""

from __future__ import annotations

from typing import Any

from supervisors.spec import AnySpec, ChildSpec, SupervisorSpec


def draw(spec: AnySpec) -> str:
    """Draw a tree, one line for each supervisor and actor."""
    return "\n".join(_lines(spec, "", ""))


def _lines(spec: AnySpec, first: str, rest: str) -> list[str]:
    lines = [first + _label(spec)]
    children = spec.children if isinstance(spec, SupervisorSpec) else ()
    for number, child in enumerate(children):
        last = number == len(children) - 1
        lines += _lines(child, rest + ("└─ " if last else "├─ "), rest + ("   " if last else "│  "))
    return lines


def _label(spec: AnySpec) -> str:
    if isinstance(spec, SupervisorSpec):
        quarantined = ", quarantined alone" if spec.quarantine_on_give_up else ""
        return f"{spec.id}  [{spec.strategy}{quarantined}]{_scope(spec)}"
    return f"{spec.id}  ({_restart(spec)}){_scope(spec)}"


def _scope(spec: AnySpec) -> str:
    return f"  down: {spec.scope}" if spec.scope else ""


def _restart(spec: ChildSpec) -> str:
    mailbox = spec.mailbox
    return f"{spec.restart}, mailbox {mailbox.capacity} {mailbox.overflow}, {mailbox.at_restart}"


def facts(spec: AnySpec, above: str = "") -> dict[str, Any]:
    """The same tree as data: what a spec says, without the functions in it."""
    path = f"{above}/{spec.id}" if above else spec.id
    fact: dict[str, Any] = {"path": path, "restart": spec.restart, "scope": spec.scope}
    if isinstance(spec, SupervisorSpec):
        fact |= {
            "kind": "supervisor",
            "strategy": spec.strategy,
            "causes": spec.budget.count,
            "window_s": spec.budget.window_s,
            "quarantine_on_give_up": spec.quarantine_on_give_up,
            "children": [facts(child, path) for child in spec.children],
        }
        return fact
    return fact | {
        "kind": "actor",
        "crashes": spec.budget.count,
        "window_s": spec.budget.window_s,
        "backoff_max_s": spec.backoff.max_s,
        "grace_s": spec.stop.grace_s,
        "mailbox": {
            "capacity": spec.mailbox.capacity,
            "overflow": spec.mailbox.overflow,
            "at_restart": spec.mailbox.at_restart,
        },
    }
