"""The view of `arbtree inspect top`: the tree by need of attention, refreshed in place."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from arbtree.screen import STALE_MS, STATE_STYLE
from arbtree.tables import again, lost_of
from supervisors.protocol import Hello

FULL = 0.5
"""A mailbox that is fuller than this stands out."""


class TopScreen:
    """Draws an inspected engine.

    Args:
        hello: what the engine said of itself.
        console: where to draw.
    """

    def __init__(self, hello: Hello, console: Console | None = None) -> None:
        self._hello = hello
        self._console = console if console is not None else Console()
        self._live = Live(console=self._console, auto_refresh=False, transient=True)

    def __enter__(self) -> TopScreen:
        self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        self._live.stop()

    def draw(
        self, rows: list[dict[str, Any]], books: list[dict[str, Any]], loop: dict[str, Any]
    ) -> None:
        """Show the engine as it is now, cut to the height of the terminal."""
        live = sum(book["state"] == "LIVE" for book in books)
        opened = loop["tasks"]
        text = (
            f"{self._hello.name} (process {self._hello.pid}): {live} of {len(books)} books live,"
            f" {opened} tasks, CPU {loop['cpu_user_s'] + loop['cpu_system_s']:.1f} s,"
            f" seed {self._hello.seed}   (Ctrl-C leaves the engine running)"
        )
        room = max(4, self._console.size.height - 5)
        self._live.update(Group(Text(text, style="bold"), actors(rows, books, room)), refresh=True)


def actors(rows: list[dict[str, Any]], books: list[dict[str, Any]], limit: int) -> Table:
    """The rows that need attention first: not running, losing, restarted, full, stale."""
    stale_ms = {book["path"]: book["proof_age_ms"] for book in books}
    shown = Table(expand=True, pad_edge=False, box=None)
    for name in ("actor", "state"):
        shown.add_column(name, no_wrap=True)
    for name in ("generation", "restarts", "mailbox", "peak", "lost", "handler s", "proof ms"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("last exit", no_wrap=True, overflow="ellipsis")
    for row in sorted(rows, key=_need)[:limit]:
        box = row["mailbox"]
        age_ms = stale_ms.get(row["path"])
        full = bool(box) and box["queued"] > FULL * box["capacity"]
        shown.add_row(
            row["path"],
            Text(row["state"] + again(row), style=STATE_STYLE.get(row["state"], "")),
            str(row["generation"]),
            Text(str(row["restarts"] or ""), style="yellow"),
            Text(str(box["queued"]) if box else "", style="red" if full else ""),
            str(box["peak"]) if box else "",
            Text(lost_of(row), style="red"),
            f"{row['handler_s']:.2f}",
            Text(
                "" if age_ms is None else f"{age_ms:.0f}",
                style="yellow" if age_ms is not None and age_ms > STALE_MS else "",
            ),
            row["last_failure"],
        )
    if len(rows) > limit:
        shown.caption = f"... and {len(rows) - limit} more, all quieter"
    return shown


def _need(row: dict[str, Any]) -> tuple[bool, int, bool, str]:
    """Sort key: trouble first, then what was restarted most, then losses, then by path."""
    return (row["state"] == "running", -row["restarts"], not lost_of(row), row["path"])
