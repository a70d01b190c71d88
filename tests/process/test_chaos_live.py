"""`arbtree chaos live` as a user calls it: on its own engine, on a running one, and refused."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from tests.process.commands import (
    ROOT,
    WITHIN_S,
    environment,
    one_sentence,
    refused,
    started,
    wait_for_live_book,
)


def chaos_live(*words: str, also: dict[str, str] | None = None) -> subprocess.CompletedProcess[str]:
    """Run `arbtree chaos live words...` to its end."""
    return subprocess.run(
        [sys.executable, "-m", "arbtree", "chaos", "live", *words],
        env=environment() | (also or {}),
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=2 * WITHIN_S,
        check=False,
    )


def rows(report: dict[str, Any]) -> dict[str, dict[str, Any]]:
    """The recovery table by kind."""
    return {row["fault"]: row for row in report["faults"]}


def test_an_engine_of_its_own_recovers_from_every_fault(tmp_path: Path) -> None:
    """Stream, wire, venue and actor faults on real sockets; a page beside the JSON."""
    page = tmp_path / "report.html"
    done = chaos_live(
        *("--for", "5s", "--per-second", "3", "--seed", "6", "--within", "90s"),
        *("--html", str(page), "--json"),
        *("--kinds", "gap,reset,crossed_book,truncated_message,crash,slow_answer"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    report = json.loads(done.stdout)
    assert (report["kind"], report["passed"]) == ("live", True)
    (one,) = report["seeds"]
    assert one["replay"] == (
        "arbtree chaos live --for 5s --per-second 3 --seed 6 --within 90s"
        " --kinds gap,reset,crossed_book,truncated_message,crash,slow_answer"
    )
    found = rows(report)
    assert {"gap", "reset"} <= set(found)
    assert sum(row["injected"] for row in found.values()) >= 10
    assert all(row["recovered"] == row["injected"] for row in found.values())
    assert found["gap"]["darkened"] >= 1
    assert found["reset"]["to_dark"]["worst_s"] < 5.0
    assert "<html" in page.read_text(encoding="utf-8")


def test_a_running_engine_is_struck_through_its_socket(tmp_path: Path) -> None:
    """Sockets of another process are reset and cut; its books come back."""
    place = str(tmp_path / "engine.sock")
    with started(
        "run", "--for", "60s", "--every", "200ms", "--json", "--control", "--socket", place
    ) as process:
        wait_for_live_book(process)
        done = chaos_live(
            *("--socket", place, "--for", "5s", "--seed", "2"), *("--kinds", "reset,cut"), "--json"
        )
        assert done.returncode == 0, done.stdout + done.stderr
        report = json.loads(done.stdout)
        assert report["passed"]
        assert report["seeds"][0]["replay"] == (
            "arbtree chaos live --for 5s --per-second 10 --seed 2 --kinds reset,cut"
            f" --socket {place}"
        )
        assert 1 <= sum(row["darkened"] for row in report["faults"]) == report["seeds"][0]["faults"]


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["--kinds", "earthquake"], "no live fault is called earthquake"),
        (["--per-second", "0"], "--per-second is above 0"),
        (["--for", "1s"], "--for is 5 s to a day"),
        (["--seed", "-1"], "--seed must be at least 0"),
        (["--cut", "0"], "--cut is 1 to"),
        (["--socket", "nowhere.sock", "--kinds", "ban"], "a running engine cannot have ban"),
    ],
)
def test_wrong_words_are_one_sentence(
    words: list[str], says: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit code 2, and nothing is started."""
    done = refused(capsys, "chaos", "live", *words)
    assert done.returncode == 2
    assert says in one_sentence(done.stderr)


def test_it_runs_without_trading_keys_only() -> None:
    """Keys in the environment are reason enough to refuse; they are not shown."""
    keys = {"ARBTREE_MEXC_KEY": "CANARY", "ARBTREE_MEXC_SECRET": "CANARY"}
    done = chaos_live("--for", "5s", also=keys)
    assert done.returncode == 2
    assert one_sentence(done.stderr) == (
        "arbtree: trading keys of mexc are loaded: chaos runs without keys"
    )
    assert "CANARY" not in done.stdout + done.stderr
    assert "ARBTREE_MEXC_KEY" not in os.environ
