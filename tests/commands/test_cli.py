"""The command's face: finds sub-commands, words errors in one sentence, keeps its exit codes."""

from __future__ import annotations

import argparse
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from types import SimpleNamespace

import pytest

from arbtree import __version__, cli
from arbtree.commands import COMMANDS
from messages.errors import (
    ArbtreeError,
    ConfigError,
    DarkBook,
    DialFailed,
    EnvironmentFault,
    NotAvailable,
    RecordingError,
    UnknownSymbol,
    UsageError,
)

ROOT = Path(__file__).resolve().parents[2]
Plant = Callable[[Callable[[argparse.Namespace], int]], None]


def arbtree(*words: str) -> subprocess.CompletedProcess[str]:
    """Run the real command in a process of its own."""
    return subprocess.run(
        [sys.executable, "-m", "arbtree", *words],
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


@pytest.fixture
def plant(monkeypatch: pytest.MonkeyPatch) -> Plant:
    """Make a function the command `fake`."""

    def put(run: Callable[[argparse.Namespace], int]) -> None:
        def add_arguments(parser: argparse.ArgumentParser) -> None:
            parser.add_argument("word", nargs="*")

        module = SimpleNamespace(add_arguments=add_arguments, run=run)
        monkeypatch.setitem(sys.modules, "planted_command", module)
        monkeypatch.setitem(COMMANDS, "fake", ("planted_command", "do what the test wants"))

    return put


def failing(error: BaseException) -> Callable[[argparse.Namespace], int]:
    """A command that raises."""

    def run(arguments: argparse.Namespace) -> int:
        raise error

    return run


def test_a_command_gets_its_words_and_gives_its_code(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    """Words after the name, the flags every command has, and the code of its own."""
    seen: list[argparse.Namespace] = []

    def run(arguments: argparse.Namespace) -> int:
        seen.append(arguments)
        return 4

    plant(run)
    assert cli.main(["fake", "--json", "a", "b"]) == 4
    assert vars(seen[0]) == {"word": ["a", "b"], "json": True, "debug": False}
    assert cli.main(["--debug", "fake"]) == 4
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("error", "code", "sentence"),
    [
        (UsageError("no such thing"), 2, "no such thing"),
        (ConfigError(file="f", expected="x", found="y"), 2, "f: expected x, found y"),
        (RecordingError("cut off"), 2, "cut off"),
        (NotAvailable("later"), 2, "later"),
        (UnknownSymbol("what?", venue="v", code="7"), 2, "v 7: what?"),
        (EnvironmentFault("port 8080 is in use"), 3, "port 8080 is in use"),
        (DialFailed("x.example refused"), 3, "x.example refused"),
        (DarkBook("dark"), 1, "dark"),
        (ArbtreeError("two\nlines  here"), 1, "two lines here"),
        (FileNotFoundError(2, "No such file or directory", "a.gz"), 3, "a.gz: no such file"),
        (OSError(28, "No space left on device"), 3, "no space left"),
        (OSError("odd"), 3, "odd"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (ExceptionGroup("g", [ExceptionGroup("h", [UsageError("deep")])]), 2, "deep"),
        (BaseExceptionGroup("g", [OSError("x"), KeyboardInterrupt()]), 130, "interrupted"),
    ],
)
def test_each_error_is_one_sentence_and_a_code(
    plant: Plant,
    capsys: pytest.CaptureFixture[str],
    error: BaseException,
    code: int,
    sentence: str,
) -> None:
    """Standard error holds one line that names the thing; standard output nothing."""
    plant(failing(error))
    assert cli.main(["fake"]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith(f"arbtree: {sentence}")
    assert err.count("\n") == 1


def test_debug_shows_where_an_error_came_from(
    plant: Plant, capsys: pytest.CaptureFixture[str]
) -> None:
    """The traceback comes before the sentence, wherever the flag stands."""
    plant(failing(UsageError("no")))
    for words in (["--debug", "fake"], ["fake", "--debug"]):
        assert cli.main(words) == 2
        err = capsys.readouterr().err
        assert "Traceback" in err
        assert err.endswith("arbtree: no\n")


@pytest.mark.parametrize(
    "error",
    [ValueError("a bug"), ExceptionGroup("g", [UsageError("foreseen"), ValueError("a bug")])],
)
def test_a_bug_is_not_dressed_up(
    plant: Plant, capsys: pytest.CaptureFixture[str], error: Exception
) -> None:
    """What nobody foresaw keeps its traceback and has a code no finding has."""
    plant(failing(error))
    assert cli.main(["fake"]) == 70
    err = capsys.readouterr().err
    assert "Traceback" in err
    assert err.endswith("internal error, please report it: ValueError: a bug\n")


def test_a_closed_pipe_is_no_failure(plant: Plant, capsys: pytest.CaptureFixture[str]) -> None:
    """The reader has what it wanted."""
    plant(failing(BrokenPipeError(32, "Broken pipe")))
    assert cli.main(["fake"]) == 0
    assert capsys.readouterr().err == ""


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (["chek"], "unknown command 'chek', did you mean 'check'?"),
        (["doctor"], "unknown command 'doctor'"),
        (["fake", "--nonsense"], "unrecognized arguments: --nonsense"),
        (["fake", "--js"], "unrecognized arguments: --js"),
        (["--nonsense", "fake"], "unrecognized arguments: --nonsense"),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    plant: Plant, capsys: pytest.CaptureFixture[str], words: list[str], sentence: str
) -> None:
    """What is wrong, and where help is."""
    plant(lambda arguments: 0)
    assert cli.main(words) == 2
    err = capsys.readouterr().err
    assert err.startswith(f"arbtree: {sentence}")
    assert "--help')" in err
    assert err.count("\n") == 1


def test_no_command_shows_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    """Somebody who types the bare name learns what there is, and the code says it did nothing."""
    assert cli.main([]) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert all(f"  {name} " in err for name in COMMANDS)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_listed_command_is_there(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    """Each one has help with --json in it."""
    assert cli.main([name, "--help"]) == 0
    out = capsys.readouterr().out
    assert out.startswith(f"usage: arbtree {name}")
    assert "--json" in out


def test_the_process_shows_version_and_help() -> None:
    """`python -m arbtree` is the command."""
    version = arbtree("--version")
    assert (version.returncode, version.stdout) == (0, f"arbtree {__version__}\n")
    help_text = arbtree("--help")
    assert help_text.returncode == 0
    assert help_text.stderr == ""
    assert "exit codes: 0 fine" in help_text.stdout
    assert "doctor" not in help_text.stdout


def test_help_imports_nothing_heavy() -> None:
    """Start time is kept by what is not imported; a measured time would depend on the machine."""
    script = (
        "import sys; from arbtree.cli import main; main(['--help']); heavy = ["
        "'trio', 'httpx', 'msgspec', 'orjson', 'rich', 'trio_websocket', 'asyncio', 'ssl', "
        "'messages.errors', 'config.settings', 'exchanges.registry']; "
        "sys.exit(','.join(name for name in heavy if name in sys.modules) or 0)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=ROOT, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_output_into_a_closed_pipe_is_quiet() -> None:
    """`arbtree --help | head -0` prints no complaint of the interpreter."""
    reader, writer = os.pipe()
    os.close(reader)
    try:
        done = subprocess.run(
            [sys.executable, "-m", "arbtree", "--help"],
            cwd=ROOT,
            stdout=writer,
            stderr=subprocess.PIPE,
            check=False,
        )
    finally:
        os.close(writer)
    assert (done.returncode, done.stderr) == (0, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no /dev/full")
def test_a_full_disk_is_told() -> None:
    """Output that cannot be written is an error of the environment."""
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "arbtree", "--help"],
            cwd=ROOT,
            stdout=full,
            stderr=subprocess.PIPE,
            check=False,
        )
    assert (done.returncode, done.stderr) == (3, b"arbtree: no space left\n")
