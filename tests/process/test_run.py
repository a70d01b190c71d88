"""`arbtree run` as a process: its lines, its ends, its exit codes."""

from __future__ import annotations

import signal
import subprocess
from pathlib import Path
from typing import Any

import pytest

from tests.process.commands import (
    WITHIN_S,
    finished,
    objects,
    one_sentence,
    refused,
    started,
    the_rest,
    wait_for_live_book,
)

BOOKS = 36
"""Six embedded venues with six symbols each."""

NOBODY = """
[log]
level = "error"

[[venues]]
name = "binance"
symbols = ["BTC/USDT"]
rest_url = "http://127.0.0.1:1"
websocket_url = "ws://127.0.0.1:1"
"""
"""A configuration whose only venue refuses every connection."""


@pytest.fixture(scope="module")
def json_run() -> subprocess.CompletedProcess[str]:
    """One run of six seconds with JSON lines."""
    return finished("arbtree", "run", "--for", "6s", "--json", "--every", "500ms")


@pytest.fixture(scope="module")
def json_lines(json_run: subprocess.CompletedProcess[str]) -> list[dict[str, Any]]:
    """Its lines as objects."""
    return objects(json_run.stdout)


def test_a_run_ends_by_itself_with_0(json_run: subprocess.CompletedProcess[str]) -> None:
    """`--for` ends the run in order, and nothing is wrong."""
    assert json_run.returncode == 0, json_run.stderr
    assert json_run.stderr == ""


def test_every_json_line_says_what_and_when(json_lines: list[dict[str, Any]]) -> None:
    """Each line has a kind of the contract and a wall time that does not run backwards."""
    kinds = {line["kind"] for line in json_lines}
    assert {"tree", "book", "summary"} <= kinds
    assert kinds <= {"tree", "book", "opportunity", "restart", "summary"}
    assert all(isinstance(line["wall_ns"], int) for line in json_lines)
    assert json_lines[0]["kind"] == "tree"


def test_the_tree_line_names_every_actor(json_lines: list[dict[str, Any]]) -> None:
    """The first line is the whole tree by its paths."""
    paths = {row["path"] for row in json_lines[0]["rows"]}
    assert {"engine", "engine/detector", "engine/venues/binance/snapshots"} <= paths
    assert sum("/books/" in path for path in paths) == BOOKS


def test_all_books_come_alive(json_lines: list[dict[str, Any]]) -> None:
    """Every embedded book is live in the end, with both sides, uncrossed, and proven."""
    last = {line["path"]: line for line in json_lines if line["kind"] == "book"}
    assert len(last) == BOOKS
    for book in last.values():
        assert book["state"] == "LIVE", book
        assert book["bid"][0] < book["ask"][0]
        assert book["gaps"] == 0
        assert book["quotes_compared"] == book["quotes_equal"]


def test_the_summary_is_last_and_agrees(
    json_run: subprocess.CompletedProcess[str], json_lines: list[dict[str, Any]]
) -> None:
    """One summary ends the output; its counts are those of the lines above."""
    summary = json_lines[-1]
    assert [line["kind"] for line in json_lines].count("summary") == 1
    assert summary["kind"] == "summary"
    assert summary["code"] == json_run.returncode
    assert summary["books"] == summary["books_ever_live"] == BOOKS
    opened = sum(line["kind"] == "opportunity" and line["state"] == "opened" for line in json_lines)
    assert summary["opportunities"] == opened
    assert summary["crashes"] == summary["outages"] == 0


def test_lines_in_a_pipe_are_plain() -> None:
    """Without `--json` a pipe gets the tree and short lines, no colour and no cursor movement."""
    done = finished("arbtree", "run", "--for", "2s")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert lines[0].startswith("engine")
    assert "\x1b" not in done.stdout
    assert sum(line.startswith("book ") for line in lines) >= BOOKS
    assert lines[-1].startswith("summary ")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_stops_in_order(number: signal.Signals) -> None:
    """Ctrl-C and a polite kill end the run with 0, the summary last and no complaint."""
    with started("run", "--json", "--every", "200ms") as process:
        wait_for_live_book(process)
        process.send_signal(number)
        out, err = the_rest(process)
    assert process.returncode == 0, err
    summary = objects(out)[-1]
    assert (summary["kind"], summary["reason"]) == ("summary", number.name)
    assert "Traceback" not in err


def test_a_second_ctrl_c_ends_it_too() -> None:
    """Two in a row end the process without a traceback, by its stop or as interrupted."""
    with started("run", "--json", "--every", "200ms") as process:
        wait_for_live_book(process)
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        _, err = process.communicate(timeout=WITHIN_S)
    # 130: the second one came when the engine had stopped already.
    assert process.returncode in (0, 130), err
    assert "Traceback" not in err


@pytest.mark.parametrize(
    ("words", "named"),
    [
        (["--mode", "paper"], "paper"),
        (["--mode", "live"], "live"),
        (["--for", "soon"], "soon"),
        (["--for", "0s"], "0s"),
        (["--every", "5"], "5"),
        (["--seed", "x"], "--seed"),
        (["--config", "absent.toml"], "absent.toml"),
        (["--nonsense"], "--nonsense"),
    ],
)
def test_what_cannot_be_run_is_refused(
    words: list[str], named: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """A wrong word gets one sentence that names it, exit code 2, and no output."""
    done = refused(capsys, "run", *words)
    assert done.returncode == 2
    assert done.stdout == ""
    assert named in one_sentence(done.stderr)


def test_a_venue_that_cannot_be_reached(tmp_path: Path) -> None:
    """With nobody at the address the run ends with 3 and says so; books were never live."""
    file = tmp_path / "nobody.toml"
    file.write_text(NOBODY)
    done = finished("arbtree", "run", "--config", str(file), "--for", "2s", "--json")
    assert done.returncode == 3
    summary = objects(done.stdout)[-1]
    assert (summary["code"], summary["books_ever_live"]) == (3, 0)
    assert summary["outages"] > 0
    assert summary["crashes"] == 0
    sentence = one_sentence(done.stderr)
    assert "no book was ever live" in sentence
    assert "127.0.0.1:1" in sentence


def test_a_reader_that_leaves_early() -> None:
    """`| head -1` gets its line; the engine stops in order and is content."""
    with started("run") as process:
        assert process.stdout is not None
        assert process.stderr is not None
        assert process.stdout.readline().startswith("engine")
        process.stdout.close()
        err = process.stderr.read()
        assert process.wait(WITHIN_S) == 0, err
    assert err == ""


def test_a_killed_run_leaves_nothing_behind(tmp_path: Path) -> None:
    """Watching writes no file, so a kill leaves nothing half-written."""
    with started("run", "--json", "--every", "200ms", cwd=tmp_path) as process:
        wait_for_live_book(process)
        process.kill()
        process.communicate(timeout=WITHIN_S)
    assert process.returncode == -signal.SIGKILL
    assert list(tmp_path.iterdir()) == []


def test_a_killed_run_starts_again(tmp_path: Path) -> None:
    """The inspection socket that a kill leaves behind is taken over; books are live as before."""
    place = tmp_path / "engine.sock"
    words = ("run", "--json", "--every", "200ms", "--socket", str(place))
    with started(*words) as process:
        wait_for_live_book(process)
        process.kill()
        process.communicate(timeout=WITHIN_S)
    assert place.exists()
    with started(*words) as process:
        wait_for_live_book(process)
        asked = finished("arbtree", "tree", "--live", "--socket", str(place))
        assert asked.returncode == 0, asked.stderr
        process.terminate()
        _, err = the_rest(process)
    assert process.returncode == 0, err
