"""A running engine read, steered and broken from another process."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import pytest

from tests.process.commands import finished, one_sentence, started, wait_for_live_book


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """The socket of an engine on embedded exchanges whose books are live."""
    place = tmp_path_factory.mktemp("run") / "engine.sock"
    with started("run", "--json", "--every", "200ms", "--socket", str(place)) as process:
        wait_for_live_book(process)
        assert process.stdout is not None
        # Read on, as a pager would not: a full pipe stops whoever writes into it.
        Thread(target=process.stdout.read, daemon=True).start()
        yield place


def asked(place: Path, *words: str) -> Any:
    """What a command says as JSON about the engine."""
    done = finished("arbtree", *words, "--json", "--socket", str(place))
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def test_the_live_tree_has_every_actor_running(place: Path) -> None:
    """`tree --live` tells states, where `tree` tells the plan."""
    rows = asked(place, "tree", "--live")["rows"]
    assert {row["state"] for row in rows} == {"running"}
    assert "engine/detector" in {row["path"] for row in rows}


@pytest.mark.parametrize(
    "what",
    [
        "tree", "children", "events", "stacks", "books", "connections", "opportunities",
        "deadletters", "loop", "waits", "venues", "actor",
    ],
)  # fmt: skip
def test_each_view_has_a_text(place: Path, what: str) -> None:
    """Every verb answers in words for people, too."""
    words = ["engine/detector"] if what == "actor" else []
    done = finished("arbtree", "inspect", what, *words, "--socket", str(place))
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.strip()


def test_top_in_a_pipe_is_one_look(place: Path) -> None:
    """It does not refresh where nobody sees it."""
    done = finished("arbtree", "inspect", "top", "--socket", str(place))
    assert done.returncode == 0
    assert "detector" in done.stdout


def test_an_actor_is_restarted(place: Path) -> None:
    """The embedded engine takes control verbs."""
    path = "engine/venues/binance/books/BTC-USDT"
    before = asked(place, "inspect", "actor", path)["row"]["generation"]
    done = finished("arbtree", "restart", path, "--socket", str(place))
    assert done.returncode == 0
    assert asked(place, "inspect", "actor", path)["row"]["generation"] == before + 1


def test_an_actor_is_suspended_and_resumed(place: Path) -> None:
    """Its state says so, and it goes on with what has waited."""
    path = "engine/venues/binance/books/ETH-USDT"
    assert asked(place, "suspend", path)["state"] == "suspended"
    assert asked(place, "inspect", "actor", path)["row"]["state"] == "suspended"
    assert asked(place, "resume", path)["state"] == "running"


def test_the_venues_command_shows_how_they_fare(place: Path) -> None:
    """A line of health for each venue that is followed, and the engine by name."""
    done = finished("arbtree", "venues", "--socket", str(place))
    assert done.returncode == 0, done.stderr
    assert "engine engine is running, process " in done.stdout
    (row,) = [line for line in done.stdout.splitlines() if line.startswith("binance ")]
    assert " books live" in row and " connections open" in row
    (other,) = [line for line in done.stdout.splitlines() if line.startswith("binance_us ")]
    assert other.endswith("not followed")
    health = asked(place, "venues", "binance")["engine"]["venues"]["binance"]
    assert health["connections_open"] == health["connections"] == 1
    assert (health["banned_for_s"], health["rest_closed"]) == (0.0, [])
    detail = finished("arbtree", "venues", "binance", "--socket", str(place)).stdout
    assert "  health     " in detail


def test_a_pair_that_is_free_is_not_released(place: Path) -> None:
    """The engine says so; a symbol that nobody follows is a mistake of the command line."""
    words = ("binance", "BTC/USDT", "mexc", "BTC/USDT")
    done = finished("arbtree", "release", *words, "--socket", str(place))
    assert (done.returncode, done.stderr) == (1, "")
    pair = "binance BTC/USDT and mexc BTC/USDT"
    assert done.stdout == f"{pair}: not quarantined, nothing is changed\n"
    done = finished("arbtree", "release", *words[:3], "NO/SUCH", "--socket", str(place))
    assert done.returncode == 2
    assert "does not follow NO/SUCH at mexc" in done.stderr


def test_cut_sockets_recover_and_are_timed(place: Path) -> None:
    """Each cut darkens its books at once and is live again; the exit code says so."""
    said = asked(place, "chaos", "live", "--cut", "2", "--seed", "1")
    assert (said["recovered"], len(said["cuts"])) == (2, 2)
    for cut in said["cuts"]:
        assert 0 <= cut["dark_ms"] < cut["live_ms"]
        assert cut["books"] > 0


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (("inspect", "actor", "engine/nobody"), 2, "nothing in the tree is called"),
        (("inspect", "actor"), 2, "inspect actor wants a path"),
        (("inspect", "events", "--since", "-1"), 2, "--since is at least 0"),
        (("restart", "engine"), 3, "the root"),
        (("chaos", "live", "--cut", "0"), 2, "--cut is 1 to"),
        (("run", "--for", "1s"), 2, "another engine listens"),
    ],
)
def test_what_cannot_be_done_is_one_sentence(
    place: Path, words: tuple[str, ...], code: int, sentence: str
) -> None:
    """The right exit code, and the engine unharmed."""
    done = finished("arbtree", *words, "--socket", str(place))
    assert done.returncode == code
    assert sentence in one_sentence(done.stderr)


def test_without_an_engine_it_says_so(tmp_path: Path) -> None:
    """No engine, one sentence, exit 3."""
    done = finished("arbtree", "tree", "--live", "--socket", str(tmp_path / "none.sock"))
    assert done.returncode == 3
    assert "no engine is running" in one_sentence(done.stderr)
