"""How soon the command answers: `arbtree --help`, and `arbtree run` to its first opportunity.

    python -m benchmarks.start [--rounds 10] [--runs 3] [--json]

Help is asked for a few times and the median counts; every run has another seed of its jitter, and
the worst counts.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time

HELP_BAR_S = 0.15
FIRST_BAR_S = 10.0
"""From the start of the process to the line that tells of the first opportunity."""

RUN_FOR_S = 20


def help_once() -> tuple[float, float]:
    """Wall and CPU seconds of `arbtree --help`."""
    before, began_s = os.times(), time.perf_counter()
    subprocess.run(
        [sys.executable, "-m", "arbtree", "--help"], stdout=subprocess.DEVNULL, check=True
    )
    took_s, after = time.perf_counter() - began_s, os.times()
    cpu_s = after.children_user + after.children_system
    return took_s, cpu_s - before.children_user - before.children_system


def first_opportunity(seed: int) -> tuple[float, float]:
    """Seconds from process start to the first live book and to the first opportunity.

    Infinity where there was none within `RUN_FOR_S`.
    """
    command = [sys.executable, "-m", "arbtree", "run", "--json", "--every", "0.2s"]
    command += ["--for", f"{RUN_FOR_S}s", "--seed", str(seed)]
    live_s = found_s = float("inf")
    began_s = time.perf_counter()
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as child:
        assert child.stdout is not None
        for line in child.stdout:
            said = json.loads(line)
            if said["kind"] == "book" and said["state"] == "LIVE":
                live_s = min(live_s, time.perf_counter() - began_s)
            elif said["kind"] == "opportunity":
                found_s = time.perf_counter() - began_s
                child.terminate()
                break
        child.stdout.read()
    return live_s, found_s


def main() -> int:
    """Measure and print; 1 when a bar is broken."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--rounds", type=int, default=10, help="times to ask for help")
    parser.add_argument("--runs", type=int, default=3, help="times to run the engine")
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()
    helps = [help_once() for _ in range(options.rounds)]
    firsts = [first_opportunity(seed) for seed in range(options.runs)]
    found: dict[str, float | bool] = {
        "help_wall_median_s": round(statistics.median(wall for wall, _ in helps), 3),
        "help_wall_least_s": round(min(wall for wall, _ in helps), 3),
        "help_cpu_median_s": round(statistics.median(cpu for _, cpu in helps), 3),
        "first_live_worst_s": round(max(live for live, _ in firsts), 2),
        "first_opportunity_median_s": round(statistics.median(each for _, each in firsts), 2),
        "first_opportunity_worst_s": round(max(each for _, each in firsts), 2),
    }
    kept = (
        found["help_wall_median_s"] < HELP_BAR_S
        and found["first_opportunity_worst_s"] < FIRST_BAR_S
    )
    found |= {"help_bar_s": HELP_BAR_S, "first_bar_s": FIRST_BAR_S, "kept": kept}
    if options.json:
        print(json.dumps(found))
    else:
        for name, value in found.items():
            print(f"{name:28} {value}")
    return int(not kept)


if __name__ == "__main__":
    sys.exit(main())
