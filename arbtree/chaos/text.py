"""A chaos report as text for people."""

from __future__ import annotations

from collections.abc import Iterator

from arbtree.chaos.report import ChaosReport, FaultRecord, SeedReport, Spread, StateChange
from arbtree.tables import table


def report_text(report: ChaosReport) -> str:
    """The whole report: recovery table, verdicts, failures with the command that replays each."""
    return "\n\n".join(part for part in _parts(report) if part)


def _parts(report: ChaosReport) -> Iterator[str]:
    yield _recoveries(report)
    yield table(
        ("checker", "looked at", "violations", "what it holds the engine to"),
        ((v.checker, v.looked_at, v.failed, v.sentence) for v in report.verdicts),
    )
    for seed in report.seeds:
        if not seed.passed:
            yield seed_text(seed)
    yield _summary(report)


def _recoveries(report: ChaosReport) -> str:
    return table(
        ("fault", "injected", "darkened", "recovered", "dark p50", "p99", "worst",
         "live p50", "p99", "worst"),
        (
            (row.fault, row.injected, row.darkened, row.recovered,
             *_spread(row.to_dark), *_spread(row.to_live))
            for row in report.faults
        ),
    )  # fmt: skip


def _spread(times: Spread) -> tuple[str, str, str]:
    shown = (times.p50_s, times.p99_s, times.worst_s)
    middle, late, worst = ("" if one is None else f"{one:.3f} s" for one in shown)
    return middle, late, worst


def seed_text(seed: SeedReport) -> str:
    """What went wrong in one seed, and how to see it again."""
    lines = [f"seed {seed.seed} failed; to see it again: {seed.replay}"]
    for verdict in seed.verdicts:
        lines += [f"  {verdict.checker}: {text}" for text in verdict.violations]
        if verdict.failed > len(verdict.violations):
            lines.append(f"  {verdict.checker}: {verdict.failed - len(verdict.violations)} more")
    return "\n".join(lines)


def _summary(report: ChaosReport) -> str:
    counted = sum(seed.counts for seed in report.seeds)
    given_up = sum(seed.expected_exit != 0 for seed in report.seeds)
    passed = sum(seed.passed for seed in report.seeds)
    faults = sum(row.injected for row in report.faults)
    messages = sum(seed.depth_messages for seed in report.seeds)
    if report.kind == "live":
        return _live_summary(report)
    words = [
        f"{passed} of {len(report.seeds)} seeds passed",
        f"{counted} count",
        f"{given_up} were to end with exit 4",
        f"{faults:,} faults of {len(report.faults)} kinds",
        f"{messages:,} depth messages",
        f"{report.real_s:.0f} s",
    ]
    if report.repeated:
        equal = report.repeated - len(report.unequal)
        words.insert(3, f"{equal} of {report.repeated} repeated hashes equal")
    unequal = ", ".join(map(str, report.unequal))
    return ", ".join(words) + (f"\nunequal hashes: seeds {unequal}" if unequal else "")


def _live_summary(report: ChaosReport) -> str:
    (seed,) = report.seeds
    lost = sum(row.injected - row.recovered for row in report.faults)
    return (
        f"{seed.faults:,} faults of {seed.fault_kinds} kinds at {seed.books} books of"
        f" {seed.venues} venues in {report.for_s:g} s, {lost} not recovered;"
        f" --seed {seed.seed} draws alike"
    )


def timeline(records: tuple[FaultRecord, ...], changes: tuple[StateChange, ...]) -> str:
    """Faults and changes of state in the order of time, a line each."""
    lines = [(record.at_s, 0, _fault(record)) for record in records]
    lines += [(change.at_s, 1, _change(change)) for change in changes]
    return "\n".join(
        f"{at_s:9.3f}  {text}" for at_s, _, text in sorted(lines, key=lambda line: line[:2])
    )


def _fault(record: FaultRecord) -> str:
    lasts = f" for {record.duration_s:g} s" if record.duration_s else ""
    dark = "" if record.dark_after_s is None else f", dark after {record.dark_after_s:.3f} s"
    live = "" if record.live_after_s is None else f", live after {record.live_after_s:.3f} s"
    return f"** {record.fault}{lasts} at {record.target}{dark}{live}"


def _change(change: StateChange) -> str:
    why = f" ({change.text})" if change.text else ""
    return f"{change.path}  {change.state}{why}"
