"""The view of `arbtree inspect top`: the tree by need of attention, refreshed in place."""

from __future__ import annotations

from types import TracebackType
from typing import Any

from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from arbtree.screen import STALE_MS, STATE_STYLE
from arbtree.tables import again, age, crashes, doing, lost_of
from supervisors.protocol import Hello

FULL = (0.5, 0.9)
"""Mailboxes that are fuller than this stand out."""

OLD_S = (0.5, 5.0)
"""So do those whose oldest message waits longer,"""

STALE_PROOF_MS = (STALE_MS, 5 * STALE_MS)
"""books whose proof is older,"""

IDLE = (0.5, 0.9)
"""and actors that have used up more than this of the time within which they must get on."""

JUST_UP_S = 60.0
"""An actor that was restarted less long ago stands out."""


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


def heat(value: float | None, limits: tuple[float, float]) -> str:
    """The colour of a figure: none, yellow above the first limit, red above the second."""
    if value is None or value <= limits[0]:
        return ""
    return "yellow" if value <= limits[1] else "bold red"


def actors(rows: list[dict[str, Any]], books: list[dict[str, Any]], limit: int) -> Table:
    """The rows that need attention first: not running, losing, restarted, full, stale."""
    stale_ms = {book["path"]: book["proof_age_ms"] for book in books}
    shown = Table(expand=True, pad_edge=False, box=None)
    for name in ("actor", "state"):
        shown.add_column(name, no_wrap=True)
    for name in ("up", "restarts", "crashes", "mailbox", "oldest", "lost", "proof ms", "idle"):
        shown.add_column(name, justify="right", no_wrap=True)
    shown.add_column("doing", no_wrap=True, overflow="ellipsis")
    shown.add_column("last failure", no_wrap=True, overflow="ellipsis")
    for row in sorted(rows, key=lambda row: _need(row, stale_ms.get(row["path"])))[:limit]:
        shown.add_row(*_cells(row, stale_ms.get(row["path"])))
    if len(rows) > limit:
        shown.caption = f"... and {len(rows) - limit} more, all quieter"
    return shown


def _cells(row: dict[str, Any], proof_ms: float | None) -> tuple[Text, ...]:
    box = row["mailbox"]
    return (
        Text(row["path"]),
        Text(row["state"] + again(row), style=STATE_STYLE.get(row["state"], "")),
        Text(age(row["up_s"])),
        Text(str(row["restarts"] or ""), style=_restart_style(row)),
        Text(crashes(row), style=heat(row["crashes"], (0, max(0, row["budget"] - 1)))),
        Text(f"{box['queued']}/{box['capacity']}" if box else "", style=heat(_filled(row), FULL)),
        Text(age(row["oldest_s"]), style=heat(row["oldest_s"], OLD_S)),
        Text(lost_of(row), style="red" if lost_of(row) else ""),
        Text("" if proof_ms is None else f"{proof_ms:.0f}", style=heat(proof_ms, STALE_PROOF_MS)),
        Text(age(row["progress_s"]), style=heat(_idle(row), IDLE)),
        Text(doing(row), style="bold red" if row["deadlocked"] else ""),
        Text(row["last_failure"]),
    )


def _restart_style(row: dict[str, Any]) -> str:
    if not row["restarts"]:
        return ""
    return "bold red" if row["up_s"] is None or row["up_s"] < JUST_UP_S else "yellow"


def _filled(row: dict[str, Any]) -> float:
    box = row["mailbox"]
    return box["queued"] / box["capacity"] if box else 0.0


def _idle(row: dict[str, Any]) -> float | None:
    """The part of its time without progress that is over."""
    if row["progress_s"] is None or not row["progress_within_s"]:
        return None
    return float(row["progress_s"] / row["progress_within_s"])


def _need(row: dict[str, Any], proof_ms: float | None) -> tuple[bool, bool, int, bool, str]:
    """Sort key: trouble first, what is stuck or stale, restarted most, losing; then by path."""
    hot = any(
        (
            row["deadlocked"],
            heat(_filled(row), FULL),
            heat(row["oldest_s"], OLD_S),
            heat(proof_ms, STALE_PROOF_MS),
            heat(_idle(row), IDLE),
        )
    )
    return (row["state"] == "running", not hot, -row["restarts"], not lost_of(row), row["path"])
