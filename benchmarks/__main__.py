"""Runs the benchmarks and makes one table.

    python -m benchmarks [NAME...] [--quick] [--json] [--write]

Each runs in a process of its own, one after the other.  `--write` renews their rows in
`benchmarks/RESULTS.md`, each with its own date, commit and load; the rows of other benchmarks stay.
Exit code 1 when a bar is broken or a benchmark failed.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NamedTuple

from benchmarks.machine import ROOT, machine
from benchmarks.replay import SHARED_DATA

RESULTS = ROOT / "benchmarks" / "RESULTS.md"
WITHIN_S = 900.0
"""The longest benchmark takes two minutes; this ends a hang."""


HEADER = ("benchmark", "measure", "result", "bar", "kept", "measured")


class Row(NamedTuple):
    """One figure: what was measured, the result, the bar it has to keep and whether it does."""

    benchmark: str
    measure: str
    result: str
    bar: str = ""
    kept: bool | None = None


Line = tuple[str, ...]
"""A row as the table shows it: a text for each column of `HEADER`."""


Rows = Iterator[Row]


class Benchmark(NamedTuple):
    """One module of this folder: how to call it, and how its JSON becomes rows."""

    rows: Callable[[Any], Rows]
    quick: tuple[str, ...] = ()
    recorded: tuple[str, ...] = ()
    """Words to add where the recordings are."""


def handler_rows(said: Any) -> Rows:
    """The ratio on synthetic frames, which has the bar; real ones beside it."""
    for row in said["rows"]:
        us = row["us"]
        text = f"{row['ratio']} x decode ({us['handler']} us a frame beside {us['decode']}),"
        text += f" {row['ratio_proven']} x with all proofs"
        judged = row["input"] == "synthetic"
        bar = f"<= {said['bar']} x" if judged else ""
        measure = f"{row['input']}, {row['changes']} changes a frame"
        yield Row("handler", measure, text, bar, said["kept"] if judged else None)


def replay_rows(said: Any) -> Rows:
    """The ratio of every file."""
    for row in said["rows"]:
        text = f"{row['ratio']} x ({row['replay_us']} us a frame beside {row['least_us']})"
        kept = row["ratio"] <= said["bar"]
        yield Row("replay", row["file"], text, f"<= {said['bar']} x", kept)


def receive_rows(said: Any) -> Rows:
    """Cost and batches of every way."""
    for name, row in said.items():
        text = f"{row['cpu_us']:.1f} us CPU a message, {row['mean_batch']:.1f} a batch"
        if "delay_p50_ms" in row:
            text += (
                f", delay p50 {row['delay_p50_ms']:.2f} ms"
                f" (first third {row['delay_first_third_ms']:.2f},"
                f" last {row['delay_last_third_ms']:.2f})"
            )
        yield Row("receive", name.replace("_", " "), text)


def turn_rows(said: Any) -> Rows:
    """ns a message of every way."""
    once_ns = said["rows"]["bound method"]["median_ns"]
    for name, row in said["rows"].items():
        text = f"{row['median_ns']:.0f} ns a message (least {row['least_ns']:.0f})"
        yield Row("turn", name, f"{text}, {row['median_ns'] / once_ns:.1f} x a call")


def live_rows(said: Any) -> Rows:
    """Whether the queue grew first, then what explains it."""
    grew = said["queue_grew"]
    lag = f"{said['lag_first_third_p50_ms']:.1f} ms, then {said['lag_last_third_p50_ms']:.1f} ms"
    yield Row("live", "lag p50, first and last third", lag, "no growth", not grew)
    fast_enough = said["events_per_s"] >= 0.98 * said["rate_asked"]
    text = f"{said['events_per_s']:.0f} depth events/s ({said['frames_per_s']:.0f} frames/s)"
    yield Row("live", "rate", text, f">= {said['rate_asked']:.0f}", fast_enough)
    whole = said["books_live"] == said["books"] and not said["gaps"] and not said["restarts"]
    books = f"{said['books_live']} of {said['books']} live, {said['gaps']} gaps"
    yield Row("live", "books", books, "all, 0", whole)
    quotes = f"{said['quotes_different']} of {said['quotes_compared']}"
    yield Row("live", "best quotes that differ", quotes, "0", said["quotes_different"] == 0)
    share = f"{said['core_share']:.2f} of a core, {said['cpu_us_per_frame']:.0f} us a frame"
    yield Row("live", "CPU", share)
    waiting = f"p50 {said['waiting_p50_bytes']:.0f}, most {said['waiting_max_bytes']:.0f}"
    yield Row("live", "bytes waiting in the sockets", waiting)
    peaks = f"book {said['book_mailbox_peak']}, detector {said['detector_mailbox_peak']}"
    yield Row("live", "mailbox peaks", peaks)
    spans = f"p50 {said['lag_p50_ms']:.1f} ms, p99 {said['lag_p99_ms']:.1f} ms"
    yield Row("live", "lag, due to detector", spans)
    middle_us, late_us = said["read_to_detector_p50_us"], said["read_to_detector_p99_us"]
    yield Row("live", "read to detector", f"p50 {middle_us:.0f} us, p99 {late_us:.0f} us")
    pauses = (
        f"{said['collections_per_s']:.0f}/s, {said['collections_share'] * 100:.1f} % of the time"
    )
    yield Row("live", "garbage collections", pauses)
    text = f"{said['resident_mb']:.1f} MB, measuring included"
    yield Row("live", "resident at the end", text)


def detector_rows(said: Any) -> Rows:
    """One top, then one copy of the state."""
    text = f"{said['top_us']} us a top, {said['ratio']} x the gross edges of its pairs alone"
    pairs = f"{said['pairs']} pairs, {said['comparable']} comparable"
    yield Row("detector", pairs, text)
    text = f"{said['copy_ms']} ms, {said['copy_bytes'] / 1e6:.1f} MB"
    yield Row("detector", "one copy of its state", text)


def memory_rows(said: Any) -> Rows:
    """The whole, then its parts."""
    whole = f"{said['full_books_mb']:.1f} MB with {said['books']} books, {said['levels']} levels"
    yield Row("memory", "resident", whole, f"< {said['bar_mb']:.0f} MB", said["kept"])
    parts = (
        f"interpreter {said['interpreter_mb']}, modules {said['with_modules_mb']},"
        f" running tree {said['running_tree_mb']} MB; {said['kb_a_book']} kB a book"
    )
    yield Row("memory", "step by step", parts)


def start_rows(said: Any) -> Rows:
    """Help and first opportunity."""
    help_s, bar_s = said["help_wall_median_s"], said["help_bar_s"]
    text = f"{help_s:.3f} s (CPU {said['help_cpu_median_s']:.3f} s)"
    yield Row("start", "arbtree --help", text, f"< {bar_s:g} s", help_s < bar_s)
    worst_s, bar_s = said["first_opportunity_worst_s"], said["first_bar_s"]
    text = (
        f"median {said['first_opportunity_median_s']:.1f} s, worst {worst_s:.1f} s;"
        f" first live book {said['first_live_worst_s']:.1f} s"
    )
    yield Row("start", "run to first opportunity", text, f"< {bar_s:g} s", worst_s < bar_s)


def rest_rows(said: Any) -> Rows:
    """CPU and latency of every way; the bar is on our whole client."""
    for name, row in said["rows"].items():
        text = f"{row['cpu_us']:.0f} us CPU a request ({row['cpu_ratio']:.2f} x httpx),"
        text += f" latency p50 {row['latency_us']:.0f} us ({row['latency_ratio']:.2f} x)"
        judged = name == "our client"
        bar = f"CPU <= {said['bar']} x" if judged else ""
        yield Row("rest", name, text, bar, said["kept"] if judged else None)


def decode_rows(said: Any) -> Rows:
    """Every venue and kind; the bar is on the increments of JSON venues."""
    for each in said["rows"]:
        ours_us = each["us"]["ours"]
        others = [
            f"{name} {each['us'][name]} ({times} x)" for name, times in each["times_ours"].items()
        ]
        text = ", ".join((f"{ours_us} us a frame", *others, *each["notes"]))
        judged = each["kept"] is not None
        measure = f"{each['venue']} {each['kind']}, {each['source']}, {each['bytes']} bytes"
        yield Row("decode", measure, text, "<= orjson + float" if judged else "", each["kept"])
    for sentence in said["missing"]:
        yield Row("decode", "beside others", sentence)


def watching_rows(said: Any) -> Rows:
    """The engine with and without, then one audit and one scrape."""
    cpu = said["cpu_median_s"]
    for way, ratio in said["ratio"].items():
        if way != "without":
            text = f"{ratio:.3f} x the CPU without ({cpu[way]} s beside {cpu['without']})"
            yield Row("watching", f"engine with {way}", text)
    audit = said["audit_us"]
    text = f"copy {audit['copy']} us, {audit['note']} us an event, compare {audit['compare']} us"
    yield Row("watching", "one audit of 1000 levels", text)
    text = f"{said['scrape_ms']} ms, {said['scrape_bytes']} bytes with {said['books']} books"
    yield Row("watching", "one scrape", text)


BENCHMARKS: dict[str, Benchmark] = {
    "handler": Benchmark(handler_rows, quick=("--rounds", "5"), recorded=("--real",)),
    "replay": Benchmark(replay_rows, quick=("--rounds", "2")),
    "decode": Benchmark(
        decode_rows, quick=("--rounds", "3", "--frames", "100"), recorded=("--real",)
    ),
    "receive": Benchmark(receive_rows, quick=("--messages", "10000", "--rounds", "1")),
    "turn": Benchmark(turn_rows, quick=("--rounds", "5")),
    "live": Benchmark(live_rows, quick=("--seconds", "10", "--levels", "100")),
    "detector": Benchmark(detector_rows, quick=("--rounds", "5")),
    "rest": Benchmark(rest_rows, quick=("--requests", "500", "--rounds", "3")),
    "watching": Benchmark(watching_rows, quick=("--rounds", "3", "--seconds", "20")),
    "memory": Benchmark(memory_rows),
    "start": Benchmark(start_rows, quick=("--rounds", "3", "--runs", "1")),
}


def run_one(name: str, *, quick: bool) -> tuple[list[Row], Any]:
    """Run one benchmark; its rows and what it said."""
    benchmark = BENCHMARKS[name]
    command = [sys.executable, "-m", f"benchmarks.{name}", "--json"]
    command += benchmark.quick if quick else ()
    command += benchmark.recorded if SHARED_DATA.is_dir() else ()
    done = subprocess.run(
        command, cwd=ROOT, stdout=subprocess.PIPE, text=True, timeout=WITHIN_S, check=False
    )
    if name == "replay" and not SHARED_DATA.is_dir():
        return [Row(name, "ran", "not: there are no recordings")], None
    try:
        said = json.loads(done.stdout)
    except json.JSONDecodeError:
        # A broken bar is exit code 1 with JSON; without JSON there is no figure.
        return [Row(name, "ran", f"failed with exit code {done.returncode}", "", False)], None
    return list(benchmark.rows(said)), said


def lines_of(rows: Sequence[Row], facts: dict[str, str]) -> list[Line]:
    """The rows with when, of which commit and under which load they were measured."""
    words = {None: "", True: "yes", False: "**no**"}
    measured = f"{facts['date']}, {facts['commit']}, load {facts['load before']}"
    return [(*row[:4], words[row.kept], measured) for row in rows]


def lines_in(document: str) -> list[Line]:
    """The lines of a table that was written before."""
    found = (line for line in document.splitlines() if line.startswith("| "))
    return [tuple(cell.strip() for cell in line.strip("|").split("|")) for line in found][2:]


def renewed(before: Sequence[Line], new: Sequence[Line]) -> list[Line]:
    """The lines of all benchmarks, in their order: the new ones, and the old ones of the others."""
    done, order = {line[0] for line in new}, list(BENCHMARKS)
    lines = [*(line for line in before if line[0] in order and line[0] not in done), *new]
    return sorted(lines, key=lambda line: order.index(line[0]))


def document(facts: dict[str, str], lines: Sequence[Line]) -> str:
    """The whole of `RESULTS.md`."""
    head = "\n".join(
        f"- {name}: {facts[name]}" for name in ("processor", "cores", "system", "python")
    )
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (HEADER, ["---"] * 6, *lines))
    return (
        "# Results\n\nWritten by `python -m benchmarks [NAME...] --write`, which renews the rows of"
        " the benchmarks it ran; what each does stands in its module.\n"
        "Rows may be of different days and loads: compare within a row only.\n\n"
        f"{head}\n\n{table}\n"
    )


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, and say by the exit code whether every bar is kept."""
    parser = argparse.ArgumentParser(prog="benchmarks", description=(__doc__ or "").split("\n")[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help=f"of {', '.join(BENCHMARKS)}")
    parser.add_argument("--quick", action="store_true", help="shorter runs, rougher figures")
    parser.add_argument("--json", action="store_true", help="print JSON instead of the table")
    parser.add_argument(
        "--write",
        action="store_true",
        help=f"renew the rows of what ran in {RESULTS.name} too",
    )
    options = parser.parse_args(argv)
    unknown = [name for name in options.names if name not in BENCHMARKS]
    if unknown:
        parser.error(f"no benchmark {unknown[0]!r}; there are {', '.join(BENCHMARKS)}")
    facts, rows, details = machine(), [], {}
    for name in options.names or BENCHMARKS:
        print(f"benchmarks: {name}", file=sys.stderr)
        found, details[name] = run_one(name, quick=options.quick)
        rows += found
    if options.json:
        body = [row._asdict() for row in rows]
        print(json.dumps({"machine": facts, "rows": body, "details": details}))
    else:
        print(document(facts, lines_of(rows, facts)), end="")
    if options.write:
        before = lines_in(RESULTS.read_text(encoding="utf-8")) if RESULTS.exists() else []
        text = document(facts, renewed(before, lines_of(rows, facts)))
        RESULTS.write_text(text, encoding="utf-8")
    return int(any(row.kept is False for row in rows))


if __name__ == "__main__":
    sys.exit(main())
