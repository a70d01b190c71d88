"""What an inspected engine says, as text for people: one function for each answer."""

from __future__ import annotations

import datetime
import json
from collections.abc import Iterable, Sequence
from typing import Any

Row = dict[str, Any]


def table(head: Sequence[str], lines: Iterable[Sequence[object]]) -> str:
    """Columns of text, as wide as their widest cell."""
    cells = [[str(cell) for cell in line] for line in lines]
    widths = [max(map(len, column)) for column in zip(head, *cells, strict=True)]
    shown = (
        "  ".join(cell.ljust(width) for cell, width in zip(line, widths, strict=True)).rstrip()
        for line in [list(head), *cells]
    )
    return "\n".join(shown)


def rows_table(rows: list[Row]) -> str:
    """The tree, a line a child, indented by depth."""
    return table(
        (
            *("actor", "state", "generation", "up", "restarts", "crashes", "mailbox", "oldest"),
            *("lost", "doing", "last exit", "if down"),
        ),
        (
            (
                "  " * row["path"].count("/") + row["path"].rpartition("/")[2],
                row["state"] + again(row),
                row["generation"],
                age(row["up_s"]),
                row["restarts"],
                crashes(row),
                _mailbox(row),
                age(row["oldest_s"]),
                lost_of(row),
                doing(row),
                f"{row['last_exit']:.60}",
                f"NOW {row['scope']}: {row['in_force']:.80}" if row["in_force"] else row["scope"],
            )
            for row in rows
        ),
    )


def again(row: Row) -> str:
    """When a child in backoff begins anew."""
    return f", again in {row['next_try_s']:.1f} s" if row["next_try_s"] is not None else ""


def age(seconds: float | None) -> str:
    """A time in one short word: 35ms, 4.2s, 12m, 3h; empty for none."""
    if seconds is None:
        return ""
    if seconds < 1.0:
        return f"{seconds * 1000:.0f}ms"
    for limit_s, unit_s, name in ((60.0, 1.0, "s"), (3600.0, 60.0, "m"), (172_800.0, 3600.0, "h")):
        if seconds < limit_s:
            count = seconds / unit_s
            return f"{count:.1f}{name}" if count < 10 else f"{count:.0f}{name}"
    return f"{seconds / 86_400:.0f}d"


def crashes(row: Row) -> str:
    """What is spent of its budget; empty for nothing."""
    return f"{row['crashes']} of {row['budget']}" if row["crashes"] else ""


def doing(row: Row) -> str:
    """What it is at, and whom it waits for."""
    said = f"{row['doing']} {age(row['doing_s'])}".strip()
    if row["waits_for"]:
        circle = "deadlock with" if row["deadlocked"] else "waits for"
        said = f"{said} {circle} {', '.join(row['waits_for'])}".strip()
    return said


def _mailbox(row: Row) -> str:
    box = row["mailbox"]
    return f"{box['queued']}/{box['capacity']} peak {box['peak']}" if box else ""


def lost_of(row: Row) -> str:
    """How many messages its mailbox lost or refused; empty for none."""
    box = row["mailbox"]
    count = sum(box["lost"].values()) + sum(box["refused"].values()) if box else 0
    return str(count) if count else ""


def actor_text(said: Row) -> str:
    """Everything about one actor."""
    row = said["row"]
    parts = [f"{row['path']}  {row['state']}{again(row)}"]
    parts += [f"  {name:14} {_plain(value)}" for name, value in row.items() if name != "path"]
    if said["summary"]:
        parts += ["says of itself", *_pairs(said["summary"])]
    if said["frames"]:
        parts += ["waits at", *(f"  {frame}" for frame in said["frames"])]
    parts += ["events", *(f"  {event_line(event)}" for event in said["events"])]
    return "\n".join(parts)


def _stamp(wall_ns: int) -> str:
    at = datetime.datetime.fromtimestamp(wall_ns / 1e9, datetime.UTC)
    return at.isoformat(timespec="milliseconds")


def event_line(event: Row) -> str:
    """One event of the log."""
    where = f"{event['path']} generation {event['generation']}"
    stamp = _stamp(event["wall_ns"])
    return f"{event['sequence']} {stamp} {where} {event['kind']} {event['text']}".rstrip()


def stacks_text(said: Row) -> str:
    """Where every living actor waits."""
    parts = []
    for path, frames in said["frames"].items():
        parts += [path, *(f"  {frame}" for frame in frames)]
    return "\n".join(parts) or "nothing lives there"


def book_table(found: list[Row]) -> str:
    """Every book."""
    return table(
        ("venue", "symbol", "state", "bid", "ask", "proof ms", "changed ms", "gaps", "restarts"),
        (
            (
                book["venue"],
                book["symbol"],
                book["state"] + (f" {book['reason']}" if book["reason"] else ""),
                f"{book['bid'][0]:g}" if book["bid"] else "",
                f"{book['ask'][0]:g}" if book["ask"] else "",
                _plain(book["proof_age_ms"]),
                _plain(book["change_age_ms"]),
                book["gaps"],
                book["restarts"],
            )
            for book in found
        ),
    )


def connection_table(said: Row) -> str:
    """Every connection."""
    found = said["connections"]
    names = list(next(iter(found.values()), {}))
    return table(
        ("connection", *names),
        ((path, *(_plain(health[name]) for name in names)) for path, health in found.items()),
    )


def opportunities_text(said: Row) -> str:
    """The open opportunities, then the last closed ones."""
    lines = [_opportunity("open", each) for each in said["open"]]
    lines += [_opportunity(f"closed ({each['reason']})", each) for each in said["closed"]]
    return "\n".join(lines) or "none so far"


def _opportunity(state: str, said: Row) -> str:
    legs = " ".join(
        f"{name} {said[name]['instrument']['venue']} {said[name]['instrument']['symbol']}"
        f" at {said[name]['price']:g}"
        for name in ("buy", "sell")
    )
    edge = f"{said['gross_bps']:.2f} bps gross, {said['net_bps']:.2f} net, {said['amount']:g}"
    return f"#{said['opportunity_id']} {state} {legs}: {edge}"


def letters_text(said: Row) -> str:
    """The dead letters."""
    lines = [f"{each['path']} {each['reason']}: {each['message']}" for each in said["letters"]]
    return "\n".join([f"{said['count']} dead letters, the last {len(lines)}:", *lines])


def waits_text(said: Row) -> str:
    """Who waits for whom, deadlocks first."""
    lines = [f"deadlock: {' -> '.join([*circle, circle[0]])}" for circle in said["deadlocks"]]
    lines += [
        f"{each['asker'] or 'somebody outside'} waits for {_wanted(each)},"
        f" {each['left_s']:.1f} s left"
        for each in said["waits"]
    ]
    return "\n".join(lines) or "nobody waits for an answer"


def _wanted(edge: Row) -> str:
    room = edge["thing"] == "room"
    return f"room in the mailbox of {edge['callee']}" if room else edge["callee"]


def capsules_text(rows: list[Row]) -> str:
    """Every crash capsule, oldest first."""
    lines = []
    for row in rows:
        lines.append(row["file"])
        if row["problem"]:
            lines.append(f"  {row['problem']}")
            continue
        state = f", cannot be acted out: {row['missing']}" if row["missing"] else ""
        lines.append(f"  {row['path']} generation {row['generation']}, {_stamp(row['wall_ns'])}")
        lines.append(f"  {row['error']:.200}{_at(row['raised_at'])}")
        lines.append(f"  {row['inputs']} inputs, {row['bytes']} bytes{state}")
    return "\n".join(lines)


def replay_text(said: Row) -> str:
    """What acting a crash out came to."""
    recorded = said["recorded"]
    tags = ", ".join(f"{name} {value}" for name, value in said["tags"].items())
    frames = recorded["frames"]
    verdict = "reproduced" if said["reproduced"] else "not reproduced"
    who = f"{said['path']} generation {said['generation']} ({said['actor']})"
    lines = [
        f"{who}, {_stamp(said['wall_ns'])}, seed {said['seed']}, {tags}",
        f"  crashed by {recorded['name']}: {recorded['text']}{_at(frames[-1] if frames else None)}",
        f"  took {said['inputs']} of {said['kept_inputs']} kept inputs",
        f"  {verdict}: {said['text']}",
    ]
    return "\n".join(lines)


def _at(frame: Row | None) -> str:
    return f" at {frame['module']}:{frame['line']} ({frame['function']})" if frame else ""


def loop_text(said: Row) -> str:
    """The event loop's figures."""
    return "\n".join(_pairs(said))


def _pairs(said: Row) -> list[str]:
    return [f"  {name:18} {_plain(value)}" for name, value in said.items()]


def _plain(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.3f}".rstrip("0").rstrip(".")
    return value if isinstance(value, str) else json.dumps(value)
