"""Crash capsules from the command line: kept by a run, listed, acted out; never with a secret."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
import trio
from trio.testing import MockClock

from actors.book import BookActor
from actors.runtime.clock import TrioClock
from arbtree.capsules import open_store
from arbtree.cli import EXIT_FINE, EXIT_FOUND, EXIT_USAGE, main
from config.settings import CapsuleSettings, Settings, VenueSettings
from messages.books import FeedOpened
from supervisors.capsules import CapsuleStore, capsule_files
from supervisors.runtime import Options, open_tree
from tests.actors.test_capsules import INFO, PATH, START_NS, delta, snapshot, spec_of

CANARY = "canary-9d31c07e5b"


def settings_for(folder: Path) -> Settings:
    """A configuration that keeps its capsules there."""
    venues = (VenueSettings(name="binance", symbols=("BTC/USDT",)),)
    return Settings(capsules=CapsuleSettings(folder=str(folder)), venues=venues)


def crashed_book(store: CapsuleStore, bid: float, amount: float) -> None:
    """Let a real book crash by an amount that is none, in virtual time."""

    async def run() -> None:
        options = Options(seed=5, capsules=store)
        clock = TrioClock(START_NS)
        async with open_tree(spec_of(BookActor), clock=clock, options=options) as tree:
            book = tree.lookup(PATH)
            book.tell_control(FeedOpened(INFO, f"engine/{CANARY}", 1))
            book.tell_batch((snapshot(0), delta(1), delta(2, ((bid, amount),))))
            await trio.sleep(0.01)

    with store:
        trio.run(run, clock=MockClock(autojump_threshold=0))


def kept(tmp_path: Path) -> Path:
    """The capsule of such a crash."""
    store = open_store(settings_for(tmp_path))
    assert store is not None
    crashed_book(store, 99.0, -1.0)
    (file,) = capsule_files(tmp_path)
    return file


def test_a_crash_of_a_book_is_acted_out(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """The engine's own actor, found by its name: reproduced, exit code 0."""
    file = kept(tmp_path)
    assert main(["inspect", "replay", str(file)]) == EXIT_FINE
    said = capsys.readouterr().out
    assert "reproduced: builtins:ValueError was raised at markets.book:" in said
    assert "seed 5" in said
    assert main(["inspect", "replay", str(file), "--json"]) == EXIT_FINE
    facts = json.loads(capsys.readouterr().out)
    assert facts["reproduced"] and facts["actor"] == "actors.book:BookActor"
    assert facts["tags"]["name"] == "engine"


def test_a_crash_that_does_not_happen_again_is_1(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The mended engine takes the same inputs and raises nothing."""
    file = kept(tmp_path)
    monkeypatch.setattr(BookActor, "_delta", lambda self, delta: None)
    assert main(["inspect", "replay", str(file)]) == EXIT_FOUND
    assert "not reproduced" in capsys.readouterr().out


def test_capsules_are_listed(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """With path, error, line and number of inputs; an empty folder says so."""
    assert main(["inspect", "capsules", str(tmp_path)]) == EXIT_FINE
    assert "no crash capsules in" in capsys.readouterr().out
    file = kept(tmp_path)
    assert main(["inspect", "capsules", str(tmp_path)]) == EXIT_FINE
    said = capsys.readouterr().out
    assert str(file) in said and "engine/book generation 1" in said and "markets.book" in said
    assert main(["inspect", "capsules", str(tmp_path), "--json"]) == EXIT_FINE
    (row,) = json.loads(capsys.readouterr().out)["capsules"]
    assert row["problem"] == "" and row["inputs"] > 3


@pytest.mark.parametrize(
    ("data", "words"),
    [
        (None, "no such file"),
        (b"", "is no crash capsule"),
        (b"actor-capsule 1 100 00000000\nabc", "is cut: 3 of 100 bytes are there"),
        (b"actor-capsule 7 3 00000000\nabc", "version 7, this program reads version 1"),
    ],
)
def test_a_file_that_is_none_is_one_sentence(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], data: bytes | None, words: str
) -> None:
    """Missing, foreign, cut, newer: exit code 2 and no traceback."""
    file = tmp_path / "file"
    if data is not None:
        file.write_bytes(data)
    assert main(["inspect", "replay", str(file)]) == EXIT_USAGE
    said = capsys.readouterr().err
    assert words in said and said.count("\n") == 1


def test_a_run_can_keep_none(tmp_path: Path) -> None:
    """`[capsules] enabled = false`."""
    assert open_store(Settings(capsules=CapsuleSettings(enabled=False))) is None


@pytest.mark.parametrize("where", ["environment", "file"])
def test_no_planted_key_is_in_a_capsule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, where: str
) -> None:
    """A key that even stands in a message of the crashed actor is overwritten, state included."""
    if where == "environment":
        monkeypatch.setenv("ARBTREE_BINANCE_KEY", CANARY)
        monkeypatch.setenv("ARBTREE_BINANCE_SECRET", "s")
    else:
        keys = tmp_path / "keys.toml"
        keys.write_text(f'[binance]\nkey = "k"\nsecret = "{CANARY}"\n')
        keys.chmod(0o600)
        monkeypatch.setenv("ARBTREE_KEYS_FILE", str(keys))
    from supervisors.capsules import load

    file = kept(tmp_path / "capsules")
    capsule = load(file)
    assert CANARY not in repr(capsule)
    assert "*" * len(CANARY) in repr(capsule)
    assert main(["inspect", "replay", str(file)]) == EXIT_FINE
