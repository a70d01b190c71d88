"""The tree as rows: what people and other programs see of it."""

from __future__ import annotations

from msgspec import Struct

from actors.runtime.mailbox import MailboxStatistics
from supervisors.child import ActorRecord, Record
from supervisors.frames import await_frames
from supervisors.supervisor import Supervisor


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
    return [
        _actor_row(record, now_s) if type(record) is ActorRecord else _supervisor_row(record, now_s)
        for record in walk(root)
    ]


def _actor_row(record: ActorRecord, now_s: float) -> Row:
    """By position and without detours: a view looks at every actor of the tree each second."""
    last, failure, state, ref = record.last_exit, record.last_failure, record.state, record.ref
    mailbox, scope = ref.mailbox, record.spec.scope
    return Row(
        record.path,
        "actor",
        state,
        ref.generation,
        record.begun - 1 if record.begun else 0,
        max(0.0, record.not_before_s - now_s) if state == "backoff" else None,
        "" if last is None else last.reason,
        "" if failure is None else failure.reason,
        0 if last is None else record.budget.spent(now_s),
        mailbox.handler_ns / 1e9,
        mailbox.statistics(),
        scope,
        record.in_force if scope else "",
    )


def _supervisor_row(record: Record, now_s: float) -> Row:
    last, failure = record.last_exit, record.last_failure
    return Row(
        path=record.path,
        kind="supervisor",
        state=record.state,
        generation=record.generation,
        restarts=max(0, record.begun - 1),
        next_try_s=max(0.0, record.not_before_s - now_s) if record.state == "backoff" else None,
        last_exit="" if last is None else last.reason,
        last_failure="" if failure is None else failure.reason,
        crashes=record.spent(now_s),
        handler_s=0.0,
        mailbox=None,
        scope=record.declared.scope,
        in_force=record.in_force,
    )


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
