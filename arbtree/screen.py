"""The terminal view of `arbtree run`: tree, books with ages, opportunities, restarts, in place."""

from __future__ import annotations

from collections import deque

from rich.console import Console, Group, RenderableType
from rich.live import Live
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from arbtree.lines import Fact, age_text, opportunity_text
from arbtree.log import story
from arbtree.status import BookStatus
from supervisors.events import LifecycleEvent
from supervisors.rows import Row

KEPT_LINES = 8
"""Opportunities and restarts shown; older ones are in the totals."""

STALE_MS = 1_000.0
"""Ages beyond the default limit of trading stand out."""

STATE_STYLE = {
    "running": "green",
    "LIVE": "green",
    "starting": "cyan",
    "BUFFERING": "cyan",
    "EMPTY": "cyan",
    "backoff": "yellow",
    "stopping": "yellow",
    "suspended": "magenta",
    "stopped": "dim",
    "DARK": "red",
    "quarantined": "bold red",
    "stuck": "bold red",
}
"""How states look, in every view."""


class Screen:
    """Draws one picture of the engine, refreshed in place.

    Args:
        console: where to draw.
    """

    def __init__(self, console: Console | None = None) -> None:
        self.console = console if console is not None else Console()
        self._opportunities: deque[str] = deque(maxlen=KEPT_LINES)
        self._restarts: deque[str] = deque(maxlen=KEPT_LINES)
        self._live = Live(console=self.console, auto_refresh=False, screen=False, transient=True)

    def start(self) -> None:
        """Begin to draw."""
        self._live.start()

    def stop(self) -> None:
        """Leave the terminal as it was."""
        self._live.stop()

    def opportunity(self, fact: Fact) -> None:
        """Remember an opportunity for the next picture."""
        self._opportunities.append(opportunity_text(fact))

    def restart(self, event: LifecycleEvent) -> None:
        """Remember a restart for the next picture."""
        self._restarts.append(f"{event.path} generation {event.generation} {story(event)}")

    def draw(self, rows: list[Row], books: list[BookStatus], totals: str) -> None:
        """Show the engine as it is now, cut to the height of the terminal."""
        height = self.console.size.height
        fixed = len(self._opportunities) + len(self._restarts) + 8
        room = max(6, height - fixed - 4)
        parts: list[RenderableType] = [
            Text(totals, style="bold"),
            _tree(rows, max(4, room // 3)),
            _books(books, max(4, room - room // 3)),
            _lines("opportunities", self._opportunities),
            _lines("restarts", self._restarts),
        ]
        self._live.update(Group(*parts), refresh=True)


def _tree(rows: list[Row], limit: int) -> Panel:
    """Supervisors, and those actors that are not simply running."""
    text = Text()
    shown = [row for row in rows if row.kind == "supervisor" or row.state != "running"]
    shown += [row for row in rows if row.kind == "actor" and row.path.count("/") == 1]
    # Where there is no room for all, what runs deepest in the tree stays out.
    kept = sorted(shown, key=lambda row: (row.state == "running", row.path.count("/")))[:limit]
    paths = {row.path for row in kept}
    for row in (row for row in shown if row.path in paths):
        children = sum(other.path.startswith(row.path + "/") for other in rows)
        text.append("  " * row.path.count("/") + row.path.rpartition("/")[2] + "  ")
        text.append(row.state, style=STATE_STYLE.get(row.state, ""))
        if row.kind == "supervisor":
            text.append(f"  {children} below")
        if row.next_try_s is not None:
            text.append(f"  again in {row.next_try_s:.1f} s")
        if row.state != "running" and row.last_exit:
            text.append(f"  {row.last_exit}", style="dim")
        text.append("\n")
    if len(shown) > limit:
        text.append(f"... and {len(shown) - limit} more")
    return Panel(text, title="tree", title_align="left")


def _books(books: list[BookStatus], limit: int) -> Table:
    table = Table(expand=True, pad_edge=False, box=None)
    for name in ("venue", "symbol", "state"):
        table.add_column(name, no_wrap=True)
    for name in ("bid", "ask", "proof", "changed", "updates", "gaps", "restarts"):
        table.add_column(name, justify="right", no_wrap=True)
    # What needs looking at stands first.
    ordered = sorted(books, key=lambda book: book.state == "LIVE")
    for book in ordered[:limit]:
        stale = book.proof_age_ms is None or book.proof_age_ms > STALE_MS
        table.add_row(
            book.venue,
            book.symbol,
            Text(book.state, style=STATE_STYLE.get(book.state, "")),
            f"{book.bid[0]:g}" if book.bid else "",
            f"{book.ask[0]:g}" if book.ask else "",
            Text(age_text(book.proof_age_ms), style="yellow" if stale else ""),
            age_text(book.change_age_ms),
            str(book.updates),
            str(book.gaps),
            str(book.restarts),
        )
    if len(ordered) > limit:
        table.caption = f"... and {len(ordered) - limit} more books"
    return table


def _lines(title: str, lines: deque[str]) -> Panel:
    text = Text("\n".join(lines) if lines else "none yet", no_wrap=True, overflow="ellipsis")
    return Panel(text, title=title, title_align="left")
