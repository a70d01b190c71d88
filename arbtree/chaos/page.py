"""The chaos report as one HTML page: nothing is loaded, nothing runs, it can be mailed.

What it shows comes from `report.ChaosReport` alone: the verdict, the recovery table, the checkers,
a timeline for each seed that kept one, and the seeds with the commands that replay them.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from html import escape
from pathlib import Path
from typing import Final

from arbtree.chaos.report import ChaosReport, FaultRecord, SeedReport, Spread
from arbtree.chaos.timeline import STYLE as TIMELINE_STYLE
from arbtree.chaos.timeline import timeline

TIMELINES_MAX: Final = 20
"""Timelines drawn; failed seeds come first.  More would make a page that no browser likes."""
SEEDS_MAX: Final = 2_000
"""Rows of the table of seeds; failed seeds come first, and what is left out is counted."""

_STYLE: Final = """
:root{color-scheme:light dark;--ink:#1b1f24;--soft:#59636e;--line:#d1d9e0;--bg:#fff;--bad:#b3261e;
--good:#1a7f37;--bar:#eef1f4}
@media(prefers-color-scheme:dark){:root{--ink:#e6edf3;--soft:#9198a1;--line:#3d444d;--bg:#0d1117;
--bad:#ff7b72;--good:#3fb950;--bar:#161b22}}
body{font:14px/1.45 system-ui,sans-serif;color:var(--ink);background:var(--bg);margin:2rem auto;
max-width:76rem;padding:0 1rem}
h1{font-size:1.5rem}h2{font-size:1.15rem;margin-top:2.2rem}h3{font-size:1rem}
.soft{color:var(--soft)}.bad{color:var(--bad);font-weight:600}.good{color:var(--good);
font-weight:600}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-variant-numeric:tabular-nums}
th,td{border-bottom:1px solid var(--line);padding:.3rem .6rem;text-align:left;vertical-align:top}
td.n,th.n{text-align:right}td.n,th.n,#recovery td:first-child{white-space:nowrap}
th{background:var(--bar)}
code{font:12px ui-monospace,monospace}ul{margin:.2rem 0;padding-left:1.2rem}
"""

Cell = tuple[str, str]
"""What a cell holds, as HTML, and its class."""


def check_place(place: Path) -> None:
    """See before a long run whether its page can be written.

    Args:
        place: the file that is meant; it is made if it is not there.

    Raises:
        OSError: it cannot be.
    """
    with place.open("a", encoding="utf-8"):
        pass


def page(report: ChaosReport) -> str:
    """Make the page.

    Args:
        report: a whole run, virtual or live.

    Returns:
        HTML that needs nothing but itself.
    """
    policy = "default-src 'none'; style-src 'unsafe-inline'"
    return (
        '<!doctype html>\n<html lang="en">\n<head>\n<meta charset="utf-8">\n'
        f'<meta http-equiv="Content-Security-Policy" content="{policy}">\n'
        '<meta name="viewport" content="width=device-width, initial-scale=1">\n'
        f"<title>arbtree chaos: {_word(report.passed)}</title>\n"
        f"<style>{_STYLE}{TIMELINE_STYLE}</style>\n</head>\n<body>\n"
        f"{_head(report)}{_recovery(report)}{_checkers(report)}{_timelines(report)}"
        f"{_seeds(report)}</body>\n</html>\n"
    )


def _head(report: ChaosReport) -> str:
    """The verdict, and what ran where."""
    injected = sum(row.injected for row in report.faults)
    recovered = sum(row.recovered for row in report.faults)
    where = "real sockets" if report.kind == "live" else "a virtual world"
    runs = "run" if report.kind == "live" else "seed" if len(report.seeds) == 1 else "seeds"
    facts = [
        f"{len(report.seeds)} {runs} of {report.for_s:g} s in {where}",
        f"{injected} faults of {len(report.faults)} kinds, {recovered} recovered",
        f"{report.repeated} seeds played twice, {len(report.unequal)} with another hash",
    ]
    ran = [f"arbtree {report.version}", f"Python {report.python}", report.machine, report.date]
    if report.commit:
        ran.insert(1, report.commit)
    return (
        f'<h1>Chaos report: <span id="verdict" class="{_colour(report.passed)}">'
        f"{_word(report.passed)}</span></h1>\n<p>{escape('; '.join(facts))}.</p>\n"
        f'<p class="soft">{escape(", ".join(each for each in ran if each))};'
        f" took {report.real_s:.1f} s.</p>\n"
    )


def _recovery(report: ChaosReport) -> str:
    """How long each kind of fault took to be noticed, and to be over."""
    head = [("fault", ""), ("what it does", ""), ("injected", "n"), ("darkened", "n")]
    head += [("recovered", "n"), ("to dark p50", "n"), ("p99", "n"), ("worst", "n")]
    head += [("to live p50", "n"), ("p99", "n"), ("worst", "n")]
    rows: list[list[Cell]] = []
    for row in report.faults:
        lost = row.recovered < row.injected
        rows.append(
            [
                (f'<span class="key {escape(row.group)}"></span>{escape(row.fault)}', ""),
                (escape(row.sentence), "soft"),
                (str(row.injected), "n"),
                (str(row.darkened), "n"),
                (str(row.recovered), "n bad" if lost else "n"),
                *_spread(row.to_dark),
                *_spread(row.to_live),
            ]
        )
    note = "Seconds from the strike, or from the end of a fault that lasts."
    table = _table("recovery", head, rows)
    return f'<h2>Recovery</h2>\n<p class="soft">{note}</p>\n{table}'


def _checkers(report: ChaosReport) -> str:
    """What every checker found over all seeds."""
    rows: list[list[Cell]] = []
    for each in report.verdicts:
        found = "".join(f"<li>{escape(text)}</li>" for text in each.violations)
        rows.append(
            [
                (escape(each.checker), ""),
                (escape(each.sentence) + (f"<ul>{found}</ul>" if found else ""), "soft"),
                (f"{each.looked_at:,}", "n"),
                (str(each.failed), "n bad" if each.failed else "n"),
            ]
        )
    head = [("checker", ""), ("what must hold", ""), ("judged", "n"), ("violations", "n")]
    return f"<h2>Checkers</h2>\n{_table('checkers', head, rows)}"


def _timelines(report: ChaosReport) -> str:
    """The timelines of the seeds that kept one."""
    kept = _failed_first(seed for seed in report.seeds if seed.records or seed.changes)
    shown = kept[:TIMELINES_MAX]
    if not shown:
        text = "No seed kept its timeline: one that fails does, and all of few with --html."
        return f'<h2>Timeline</h2>\n<p class="soft">{text}</p>\n'
    parts = ["<h2>Timeline</h2>\n"]
    for seed in shown:
        end_s = max(seed.virtual_s, _last(seed.records), 1.0)
        name = "The run" if report.kind == "live" else f"Seed {seed.seed}"
        verdict = f'<span class="{_colour(seed.passed)}">{_word(seed.passed)}</span>'
        parts.append(f"<h3>{name}: {verdict}</h3>\n{timeline(seed, end_s)}")
    if len(kept) > len(shown):
        parts.append(f'<p class="soft">{len(kept) - len(shown)} more are not drawn.</p>\n')
    return "".join(parts)


def _seeds(report: ChaosReport) -> str:
    """Every seed with the command that plays it again."""
    rows: list[list[Cell]] = []
    for seed in _failed_first(report.seeds)[:SEEDS_MAX]:
        shrunk = "" if seed.shrunk_to is None else f"{seed.schedule_size} to {seed.shrunk_to}"
        rows.append(
            [
                (str(seed.seed), "n"),
                (_word(seed.passed), _colour(seed.passed)),
                (f"{seed.venues} / {seed.books}", "n"),
                (f"{seed.depth_messages:,}", "n"),
                (f"{seed.faults} of {seed.fault_kinds} kinds", "n"),
                (f"{seed.exit_code} of {seed.expected_exit}", "n"),
                (shrunk, "n"),
                (f"<code>{escape(seed.trace_hash[:16])}</code>", ""),
                (f"<code>{escape(seed.replay)}</code>", ""),
            ]
        )
    head = [("seed", "n"), ("verdict", ""), ("venues / books", "n"), ("depth messages", "n")]
    head += [("faults", "n"), ("exit", "n"), ("shrunk", "n"), ("trace", ""), ("play again", "")]
    left = len(report.seeds) - len(rows)
    more = f'<p class="soft">{left} more are not listed.</p>\n' if left else ""
    return f"<h2>Seeds</h2>\n{_table('seeds', head, rows)}{more}"


def _failed_first(seeds: Iterable[SeedReport]) -> list[SeedReport]:
    return sorted(seeds, key=lambda seed: seed.passed)


def _last(records: Sequence[FaultRecord]) -> float:
    return max((each.at_s + each.duration_s for each in records), default=0.0)


def _table(name: str, head: Sequence[Cell], rows: Sequence[Sequence[Cell]]) -> str:
    tops = "".join(_cell("th", *each) for each in head)
    lines = "".join(f"<tr>{''.join(_cell('td', *each) for each in row)}</tr>\n" for row in rows)
    return (
        f'<div class="wide"><table id="{name}"><thead><tr>{tops}</tr></thead>\n'
        f"<tbody>\n{lines}</tbody></table></div>\n"
    )


def _cell(tag: str, content: str, kind: str) -> str:
    return f'<{tag} class="{kind}">{content}</{tag}>' if kind else f"<{tag}>{content}</{tag}>"


def _spread(spread: Spread) -> tuple[Cell, Cell, Cell]:
    """Three cells of times in seconds."""
    times = (spread.p50_s, spread.p99_s, spread.worst_s)
    first, second, third = ("" if each is None else f"{each:.3f}" for each in times)
    return (first, "n"), (second, "n"), (third, "n")


def _word(passed: bool) -> str:
    return "passed" if passed else "failed"


def _colour(passed: bool) -> str:
    return "good" if passed else "bad"
