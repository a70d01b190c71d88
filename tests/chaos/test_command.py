"""`arbtree chaos run`: its options, its report as text and JSON, its exit codes."""

from __future__ import annotations

import subprocess
from pathlib import Path

import msgspec
import pytest

from arbtree import cli
from arbtree.chaos.report import ChaosReport
from arbtree.checkout import commit
from config.chaos import parse_faults
from messages.errors import ConfigError


def test_a_seed_twice_gives_one_hash(capsys: pytest.CaptureFixture[str]) -> None:
    """Played again in a new process, with another hash seed of Python, it is the same run."""
    assert cli.main(["chaos", "run", "--seed", "3", "--for", "12s", "--twice", "1", "--json"]) == 0
    report = msgspec.json.decode(capsys.readouterr().out, type=ChaosReport)
    assert (report.repeated, report.unequal, report.passed) == (1, (), True)
    (seed,) = report.seeds
    assert seed.replay == "arbtree chaos run --seed 3 --for 12s --trace"
    assert {verdict.checker for verdict in report.verdicts} >= {"replay", "truth", "decisions"}
    assert not seed.records  # kept of failures, or with --trace
    assert report.commit == commit()


def test_the_commit_is_that_of_the_checkout(tmp_path: Path) -> None:
    """None without a repository of its own, be it inside another; then its commit, and changes."""

    def git(*words: str) -> str:
        names = ["-c", "user.name=somebody", "-c", "user.email=somebody@example.com"]
        done = subprocess.run(
            ["git", *names, *words], cwd=tmp_path, capture_output=True, text=True, check=True
        )
        return done.stdout.strip()

    assert commit(tmp_path) == ""
    git("init", "-q")
    assert commit(tmp_path) == ""
    (tmp_path / "file").write_text("one", encoding="utf-8")
    git("add", "file")
    git("commit", "-qm", "One")
    assert commit(tmp_path) == git("rev-parse", "HEAD")[:12]
    (tmp_path / "file").write_text("two", encoding="utf-8")
    assert commit(tmp_path).endswith(" with changes")
    (tmp_path / "below").mkdir()
    assert commit(tmp_path / "below") == ""


def test_a_trace_tells_faults_and_states(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Each line has its time; the faults file decides what strikes."""
    faults = tmp_path / "faults.toml"
    faults.write_text("only = true\n[cut]\nevery_s = 2.0\n", encoding="utf-8")
    words = ["chaos", "run", "--seed", "3", "--for", "20s", "--faults", str(faults), "--trace"]
    assert cli.main(words) == 0
    said = capsys.readouterr().out
    assert "** cut at engine/venues/" in said
    assert "DARK (disconnected)" in said
    assert "1 of 1 seeds passed, 0 count" in said
    assert "** gap" not in said


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["--seeds", "5..1"], "--seeds is A..B"),
        (["--seeds", "x"], "a seed is a whole number"),
        (["--seeds", "1..2", "--seed", "1"], "give one of them"),
        (["--seeds", "1..2", "--trace"], "--trace tells one seed"),
        (["--seed", "1", "--for", "1s"], "--for is 10 s to a day"),
        (["--seed", "1", "--twice", "2"], "--twice is 0 to the number of seeds, 1"),
        (["--seed", "1", "--jobs", "0"], "--jobs is 1 to 64"),
        (["--seed", "1", "--only", "a"], "--only is numbers"),
        (["--seed", "1", "--for", "12s", "--only", "0,99"], "--only has 99, and the "),
        (["--seed", "1", "--faults", "nowhere.toml"], "expected a configuration file"),
    ],
)
def test_a_wrong_word_is_told_in_a_sentence(
    words: list[str], sentence: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 2, and what was expected."""
    assert cli.main(["chaos", "run", *words]) == 2
    assert sentence in capsys.readouterr().err


def test_too_few_seeds_that_count_fail(capsys: pytest.CaptureFixture[str]) -> None:
    """A quiet run proves nothing: --at-least makes that exit 1."""
    assert cli.main(["chaos", "run", "--seed", "3", "--for", "12s", "--at-least", "1"]) == 1
    assert "only 0 seeds count" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[cutt]\n", "did you mean"),
        ("[cut]\nevery = 1\n", "cut.every: expected one of enabled, every_s"),
        ("[cut]\nevery_s = 0\n", "cut.every_s: expected seconds from 0.1"),
        ("[stall]\nduration_s = [5, 1]\n", "the smaller one first"),
        ("[sigterm]\n", "sigterm: expected a fault of the virtual world"),
        ("cut = 1\n", "expected a table [cut]"),
        ("only = 1\n", "only: expected true or false"),
        ("[cut\n", "expected TOML"),
    ],
)
def test_a_wrong_faults_file_names_the_place(text: str, sentence: str) -> None:
    """File, key, what was expected, what was found."""
    with pytest.raises(ConfigError) as raised:
        parse_faults(text, "faults.toml")
    assert sentence in str(raised.value)
    assert str(raised.value).startswith("faults.toml: ")


@pytest.mark.parametrize(
    "target", ["engine/venues/mexx/**", "engine/detector", "engine/venues/mexc/books/*"]
)
def test_a_target_that_no_seed_has_is_told(
    target: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """A typing mistake would otherwise be a run without a fault, and all would be well."""
    faults = tmp_path / "faults.toml"
    faults.write_text(f'only = true\n[cut]\ntarget = "{target}"\n', encoding="utf-8")
    assert cli.main(["chaos", "run", "--seed", "3", "--for", "12s", "--faults", str(faults)]) == 2
    said = capsys.readouterr()
    assert f"{faults}: cut.target: expected a place of some seed below engine/venues" in said.err
    assert not said.out


def test_a_wide_target_strikes_where_its_kind_can(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """And the command that plays it again can be pasted, whatever the file is called."""
    faults = tmp_path / "my faults.toml"
    faults.write_text('only = true\n[cut]\nevery_s = 1.0\ntarget = "engine/**"\n')
    words = ["chaos", "run", "--seed", "3", "--for", "15s", "--faults", str(faults), "--json"]
    assert cli.main([*words, "--trace"]) == 0
    (seed,) = msgspec.json.decode(capsys.readouterr().out, type=ChaosReport).seeds
    assert seed.faults >= 3
    assert {record.target.split("/")[3] for record in seed.records} == {"connections"}
    assert seed.replay.endswith(f"--faults '{faults}' --trace")


def test_a_page_that_cannot_be_written_is_told_before_the_run(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """Not after an hour of it."""
    nowhere = tmp_path / "nowhere" / "page.html"
    assert cli.main(["chaos", "run", "--seeds", "1..100000", "--html", str(nowhere)]) == 3
    assert f"{nowhere}: no such file" in capsys.readouterr().err


def test_a_faults_file_changes_what_it_names() -> None:
    """`only` switches everything else off."""
    changes = parse_faults("only = true\n[ban]\nduration_s = [1, 2.5]\n", "faults.toml")
    assert changes["ban"].enabled
    assert changes["ban"].duration_s == (1.0, 2.5)
    assert [name for name, change in changes.items() if change.enabled] == ["ban"]
