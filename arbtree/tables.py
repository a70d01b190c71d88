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
            "actor",
            "state",
            "generation",
            "restarts",
            "crashes",
            "mailbox",
            "lost",
            "last exit",
            "if down",
        ),
        (
            (
                "  " * row["path"].count("/") + row["path"].rpartition("/")[2],
                row["state"] + again(row),
                row["generation"],
                row["restarts"],
                row["crashes"],
                _mailbox(row),
                lost_of(row),
                f"{row['last_exit']:.60}",
                f"NOW {row['scope']}: {row['in_force']:.80}" if row["in_force"] else row["scope"],
            )
            for row in rows
        ),
    )


def again(row: Row) -> str:
    """When a child in backoff begins anew."""
    return f", again in {row['next_try_s']:.1f} s" if row["next_try_s"] is not None else ""


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


def event_line(event: Row) -> str:
    """One event of the log."""
    at = datetime.datetime.fromtimestamp(event["wall_ns"] / 1e9, datetime.UTC)
    where = f"{event['path']} generation {event['generation']}"
    stamp = at.isoformat(timespec="milliseconds")
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
        f"{each['asker'] or 'somebody outside'} waits for {each['callee']},"
        f" {each['left_s']:.1f} s left"
        for each in said["waits"]
    ]
    return "\n".join(lines) or "nobody waits for an answer"


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
