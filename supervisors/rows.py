"""The tree as rows: what people and other programs see of it."""

from __future__ import annotations

from msgspec import Struct
from msgspec.structs import replace

from actors.runtime.mailbox import NOTHING, MailboxStatistics
from supervisors.child import ActorRecord, Record
from supervisors.frames import await_frames
from supervisors.supervisor import Supervisor
from supervisors.waits import Wait, cycles, waits


class Row(Struct, frozen=True, gc=False):
    """One child at one instant.

    Args:
        path, kind: where it stands; `actor` or `supervisor`.
        state: starting, running, suspended, backoff, stopping, stopped, quarantined or stuck.
        generation: the life it is in, or will be in next.
        restarts: lives after the first, whatever the reason.
        next_try_s: seconds until its next life may begin, None unless it waits.
        last_exit, last_failure: kind and text of its last end, and of the last that was a failure.
        crashes: crashes within the window of its budget; of a supervisor: causes.
        handler_s: time its handlers took in this run.
        mailbox: its counters; None for a supervisor.
        scope: what others may not do while it is down; empty where its spec says nothing.
        in_force: why that is so now; empty while it is not.
        budget, window_s: how many crashes, or causes, are tolerated in that time.
        up_s: seconds since it was ready; None while it is not up.
        oldest_s: how long the oldest queued message has waited; None when nothing is queued.
        doing, doing_s: what its handler or task is at (a message's type, mostly), and since when.
        progress_s, progress_within_s: seconds since it got on, and within how many it must; None
            where its spec does not ask for progress.
        waits_for: paths of those whose answer, or room in whose mailbox, it waits for.
        deadlocked: it waits in a circle.
    """

    path: str
    kind: str
    state: str
    generation: int
    restarts: int
    next_try_s: float | None
    last_exit: str
    last_failure: str
    crashes: int
    handler_s: float
    mailbox: MailboxStatistics | None
    scope: str = ""
    in_force: str = ""
    budget: int = 0
    window_s: float = 0.0
    up_s: float | None = None
    oldest_s: float | None = None
    doing: str = ""
    doing_s: float | None = None
    progress_s: float | None = None
    progress_within_s: float | None = None
    waits_for: tuple[str, ...] = ()
    deadlocked: bool = False


def walk(record: Record) -> list[Record]:
    """Return a record and all below it, supervisors before their children, in start order."""
    found = [record]
    if isinstance(record, Supervisor):
        for child in record.children:
            if type(child) is ActorRecord:
                found.append(child)
            else:
                found += walk(child)
    return found


def rows_below(root: Record, now_s: float) -> list[Row]:
    """Return one row for each record; plain reading, so it never waits."""
    rows = [
        _actor_row(record, now_s) if type(record) is ActorRecord else _supervisor_row(record, now_s)
        for record in walk(root)
    ]
    edges = waits(root.runtime.registry.refs(), now_s)
    return _with_waits(rows, edges) if edges else rows


def _with_waits(rows: list[Row], edges: list[Wait]) -> list[Row]:
    """Say of each row for whom it waits, and whether in a circle."""
    waiting: dict[str, tuple[str, ...]] = {}
    for edge in edges:
        waiting[edge.asker] = (*waiting.get(edge.asker, ()), edge.callee)
    stuck = {path for circle in cycles(edges) for path in circle}
    return [
        replace(row, waits_for=waiting[row.path], deadlocked=row.path in stuck)
        if row.path in waiting
        else row
        for row in rows
    ]


def _actor_row(record: ActorRecord, now_s: float) -> Row:
    """By position and without detours: a view looks at every actor of the tree each second."""
    state, ref = record.state, record.ref
    mailbox, spec, life = ref.mailbox, record.spec, record.life
    within_s, up_s, scope, budget = spec.progress_within_s, record.up_s, spec.scope, spec.budget
    context = None if life is None else life.context
    busy = mailbox.in_hand is not NOTHING or (context is not None and context.work is not None)
    doing, doing_s = _doing(record, now_s) if busy else ("", None)
    return Row(
        record.path,
        "actor",
        state,
        ref.generation,
        record.begun - 1 if record.begun else 0,
        max(0.0, record.not_before_s - now_s) if state == "backoff" else None,
        record.last_exit,
        record.last_failure,
        record.budget.spent(now_s) if record.last_exit else 0,
        mailbox.handler_ns / 1e9,
        mailbox.statistics(),
        scope,
        record.in_force if scope else "",
        budget.count,
        budget.window_s,
        None if up_s is None else now_s - up_s,
        None if mailbox.accepted == mailbox.taken else mailbox.oldest_s(now_s),
        doing,
        doing_s,
        None if within_s is None or life is None else life.progress_age_s(now_s),
        within_s,
    )


def _supervisor_row(record: Record, now_s: float) -> Row:
    budget = record.declared.budget
    return Row(
        path=record.path,
        kind="supervisor",
        state=record.state,
        generation=record.generation,
        restarts=max(0, record.begun - 1),
        next_try_s=max(0.0, record.not_before_s - now_s) if record.state == "backoff" else None,
        last_exit=record.last_exit,
        last_failure=record.last_failure,
        crashes=record.spent(now_s),
        handler_s=0.0,
        mailbox=None,
        scope=record.declared.scope,
        in_force=record.in_force,
        budget=budget.count,
        window_s=budget.window_s,
        up_s=None if record.up_s is None else now_s - record.up_s,
    )


def _doing(record: ActorRecord, now_s: float) -> tuple[str, float | None]:
    """What a living actor is at: the message in hand, or what its tasks say of themselves.

    A handler is seen at work only from outside the loop, as it lets nobody else run there.
    """
    in_hand = record.ref.mailbox.in_hand
    if in_hand is not NOTHING:
        return type(in_hand).__name__, None
    context = record.life.context if record.life is not None else None
    if context is None or context.work is None:
        return "", None
    what, since_s = context.work
    return what, max(0.0, now_s - since_s)


def alive_frames(root: Record) -> dict[str, list[str]]:
    """Return where each actor that is alive waits, by path."""
    return {
        record.path: await_frames(record.life.task)
        for record in walk(root)
        if isinstance(record, ActorRecord) and record.life is not None
    }


def picture(rows: list[Row], frames: dict[str, list[str]]) -> str:
    """Return the tree as indented text, await frames below those that have them."""
    lines: list[str] = []
    for row in rows:
        depth = row.path.count("/")
        name = row.path.rpartition("/")[2]
        lines.append(f"{'  ' * depth}{name}  {row.state}  generation {row.generation}")
        lines += [f"{'  ' * depth}    at {frame}" for frame in frames.get(row.path, [])]
    return "\n".join(lines)
