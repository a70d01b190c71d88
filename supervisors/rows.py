"""The tree as rows: what people and other programs see of it."""

from __future__ import annotations

from collections.abc import Iterator

from msgspec import Struct

from actors.runtime.mailbox import MailboxStatistics
from supervisors.child import ActorRecord, Record
from supervisors.frames import await_frames
from supervisors.supervisor import Supervisor


class Row(Struct, frozen=True):
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


def walk(record: Record) -> Iterator[Record]:
    """Yield a record and all below it, supervisors before their children, in start order."""
    yield record
    if isinstance(record, Supervisor):
        for child in record.children:
            yield from walk(child)


def rows_below(root: Record, now_s: float) -> list[Row]:
    """Return one row for each record; plain reading, so it never waits."""
    return [_row(record, now_s) for record in walk(root)]


def _row(record: Record, now_s: float) -> Row:
    ref = record.ref if isinstance(record, ActorRecord) else None
    waits = record.state == "backoff"
    return Row(
        path=record.path,
        kind="supervisor" if ref is None else "actor",
        state=record.state,
        generation=record.generation,
        restarts=max(0, record.begun - 1),
        next_try_s=max(0.0, record.not_before_s - now_s) if waits else None,
        last_exit=record.last_exit.reason if record.last_exit is not None else "",
        last_failure=record.last_failure.reason if record.last_failure is not None else "",
        crashes=record.spent(now_s),
        handler_s=ref.mailbox.handler_ns / 1e9 if ref is not None else 0.0,
        mailbox=ref.statistics() if ref is not None else None,
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
