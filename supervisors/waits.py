"""Who waits for whom, for an answer or for room, and whether some wait for each other."""

from __future__ import annotations

from collections.abc import Iterable

from msgspec import Struct

from actors.runtime.reference import ActorRef


class Wait(Struct, frozen=True):
    """`asker` (empty if no actor) waits `left_s` more for `callee`: its `answer`, or `room`."""

    asker: str
    callee: str
    left_s: float
    thing: str = "answer"


def waits(refs: Iterable[ActorRef], now_s: float) -> list[Wait]:
    """Return every open question of a run, and everybody who waits for room in a mailbox."""
    found = []
    for ref in refs:
        box = ref.mailbox
        if box.asks or box.blocked:
            path = ref.path
            found += [Wait(ask.asker, path, max(0.0, ask.deadline_s - now_s)) for ask in box.asks]
            found += [
                Wait(each.sender, path, max(0.0, each.deadline_s - now_s), "room")
                for each in box.blocked
            ]
    return found


def cycles(edges: Iterable[Wait]) -> list[tuple[str, ...]]:
    """Return circles of actors of which each waits for the next: a deadlock until a deadline.

    Each circle begins at its first path in the order of names; an actor is told of in one at most.
    """
    follow: dict[str, set[str]] = {}
    for edge in edges:
        if edge.asker:
            follow.setdefault(edge.asker, set()).add(edge.callee)
    found = []
    while _prune(follow):
        trail: dict[str, None] = {}
        at = min(follow)
        while at not in trail:
            trail[at] = None
            at = min(follow[at])
        names = list(trail)
        circle = names[names.index(at) :]
        first = circle.index(min(circle))
        found.append(tuple(circle[first:] + circle[:first]))
        for name in circle:
            del follow[name]
    return sorted(found)


def _prune(follow: dict[str, set[str]]) -> bool:
    """Take out who waits for nobody that waits; return whether anybody is left."""
    before = -1
    while len(follow) != before:
        before = len(follow)
        for name in list(follow):
            follow[name] &= follow.keys()
            if not follow[name]:
                del follow[name]
    return bool(follow)
