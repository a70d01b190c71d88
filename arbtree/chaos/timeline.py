"""A seed's timeline as SVG: a lane for each place that was struck or dark."""

from __future__ import annotations

from html import escape
from itertools import pairwise
from typing import Final

from arbtree.chaos.report import FaultRecord, SeedReport, StateChange

LANES_MAX: Final = 80
"""Lanes drawn; those struck most come first, and what is left out is counted."""
BARS_MAX: Final = 4_000
"""Bars of one lane's faults and dark times together, over all lanes."""
GROUPS: Final = ("wire", "websocket", "stream", "rest", "process")
"""Groups of faults that have a colour; others are grey."""

LANE_HEIGHT: Final = 18
NAME_WIDTH: Final = 300
WIDTH: Final = 1_160
"""Of the whole drawing; it scrolls on narrow screens."""
LEAST_WIDTH: Final = 2.0
"""A moment is drawn so wide that it can be seen."""
TICKS: Final = 10

STYLE: Final = """
svg.timeline{font:11px ui-monospace,monospace;display:block;margin:.5rem 0}
.timeline text{fill:var(--ink)}.timeline .grid{stroke:var(--line)}
.timeline .dark{fill:var(--ink);opacity:.28}.timeline .fault{fill:#8b949e}
.key{display:inline-block;width:.7em;height:.7em;margin-right:.4em;background:#8b949e}
.timeline .wire,.key.wire{fill:#0969da;background:#0969da}
.timeline .websocket,.key.websocket{fill:#8250df;background:#8250df}
.timeline .stream,.key.stream{fill:#bf8700;background:#bf8700}
.timeline .rest,.key.rest{fill:#1b7c83;background:#1b7c83}
.timeline .process,.key.process{fill:#cf222e;background:#cf222e}
"""

Bar = tuple[float, float, str]
"""From, to (seconds), and the words of a mouse that rests on it."""


def timeline(seed: SeedReport, end_s: float) -> str:
    """Draw one seed.

    Args:
        seed: with its records and changes.
        end_s: where the drawing ends.

    Returns:
        A scrolling block with the drawing and the meaning of its colours.
    """
    struck: dict[str, list[FaultRecord]] = {}
    for record in seed.records:
        struck.setdefault(record.target, []).append(record)
    dark = dark_times(seed.changes, end_s)
    lanes = sorted(
        struck.keys() | dark.keys(),
        key=lambda lane: (-len(struck.get(lane, ())), -len(dark.get(lane, ())), lane),
    )
    shown = sorted(lanes[:LANES_MAX])
    scale = (WIDTH - NAME_WIDTH - 10) / end_s
    height = LANE_HEIGHT * len(shown) + 30
    parts, left = [_axis(end_s, scale, height)], BARS_MAX
    for number, lane in enumerate(shown):
        y = LANE_HEIGHT * number + 4
        short = lane.removeprefix("engine/venues/") or "engine"
        parts.append(f'<text x="0" y="{y + 11}">{escape(short[-44:])}</text>')
        for start_s, stop_s, words in dark.get(lane, ())[:left]:
            parts.append(_rect("dark", start_s, stop_s, scale, y + 2, 10, words))
        for record in struck.get(lane, ())[:left]:
            kind = record.group if record.group in GROUPS else ""
            stop_s = record.at_s + record.duration_s
            words = _words(record)
            parts.append(_rect(f"fault {kind}", record.at_s, stop_s, scale, y, 6, words))
        left -= min(left, len(dark.get(lane, ())) + len(struck.get(lane, ())))
    drawing = (
        f'<svg class="timeline" width="{WIDTH}" height="{height}" role="img"'
        f' aria-label="timeline of seed {seed.seed}">\n' + "\n".join(parts) + "\n</svg>"
    )
    keys = " ".join(f'<span class="key {group}"></span>{group}' for group in GROUPS)
    more = (
        f" {len(lanes) - len(shown)} quieter lanes are not drawn." if len(lanes) > LANES_MAX else ""
    )
    legend = f'<p class="soft">{keys}; grey: the book was dark. Seconds.{more}</p>'
    return f'<div class="wide">{drawing}</div>\n{legend}\n'


def dark_times(changes: tuple[StateChange, ...], end_s: float) -> dict[str, list[Bar]]:
    """When each book was dark, from its changes of state; dark at the last lasts to the end."""
    by_path: dict[str, list[StateChange]] = {}
    for change in changes:
        if change.kind == "book":
            by_path.setdefault(change.path, []).append(change)
    found: dict[str, list[Bar]] = {}
    for path, mine in by_path.items():
        last = StateChange(max(end_s, mine[-1].at_s), path, "book", "LIVE")
        bars = [
            (one.at_s, then.at_s, f"{path} dark {one.at_s:.3f} to {then.at_s:.3f} s {one.text}")
            for one, then in pairwise((*mine, last))
            if one.state != "LIVE"
        ]
        if bars:
            found[path] = bars
    return found


def _words(record: FaultRecord) -> str:
    """What a fault was and what followed."""
    told = f"{record.fault} at {record.at_s:.3f} s"
    if record.duration_s:
        told += f" for {record.duration_s:g} s"
    if record.dark_after_s is not None:
        told += f", dark after {record.dark_after_s:.3f} s"
    if record.live_after_s is not None:
        told += f", live after {record.live_after_s:.3f} s"
    return told


def _axis(end_s: float, scale: float, height: int) -> str:
    """The lines of time, and their names below."""
    parts = []
    for tick in range(TICKS + 1):
        at_s = end_s * tick / TICKS
        x = NAME_WIDTH + at_s * scale
        parts.append(
            f'<line class="grid" x1="{x:.1f}" x2="{x:.1f}" y1="0" y2="{height - 22}"/>'
            f'<text x="{x:.1f}" y="{height - 8}" text-anchor="middle">{at_s:.0f}</text>'
        )
    return "\n".join(parts)


def _rect(
    kind: str, start_s: float, stop_s: float, scale: float, y: int, tall: int, words: str
) -> str:
    width = max(LEAST_WIDTH, (stop_s - start_s) * scale)
    x = NAME_WIDTH + start_s * scale
    return (
        f'<rect class="{kind.strip()}" x="{x:.1f}" y="{y}" width="{width:.1f}" height="{tall}">'
        f"<title>{escape(words)}</title></rect>"
    )
