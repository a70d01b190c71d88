"""`arbtree record`: how a recording ends, what it leaves behind, and what is refused."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import trio

from arbtree import cli
from arbtree.recording import Recording
from messages.errors import ArbtreeError, DialFailed, EnvironmentFault, UnknownSymbol, UsageError
from tests.commands.recorded_world import frames_of, inline, recorded, recording, world


async def test_a_stop_completes_the_file(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """What a signal asks for: everything received until then, under the file's name."""
    output = tmp_path / "a.capture"
    async with world() as made:
        work = recording(made, output, duration_s=None)

        async def stop() -> None:
            await trio.sleep(3)
            assert not output.exists()
            work.stop("SIGINT")

        async with trio.open_nursery() as nursery:
            nursery.start_soon(stop)
            report = await work.run()
    assert report is not None
    assert (report.code, report.reason) == (0, "SIGINT")
    assert len(frames_of(output)) == work.progress().frames > 50
    assert list(tmp_path.iterdir()) == [output]


async def test_a_stop_before_the_beginning_leaves_nothing(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """Ctrl-C while the venue is still asked for its symbols ends without a file."""
    async with world() as made:

        async def never(host: str, port: int, tls: bool) -> trio.abc.Stream:
            await trio.sleep(3600)
            raise DialFailed("too late")

        work = recording(made, tmp_path / "a.capture", dialer=never)
        async with trio.open_nursery() as nursery:
            nursery.start_soon(_later, work)
            assert await work.run() is None
    assert list(tmp_path.iterdir()) == []


async def _later(work: Recording) -> None:
    await trio.sleep(1)
    work.stop("SIGINT")


@pytest.mark.parametrize(
    ("symbols", "kind", "text"),
    [
        (("BTC/USDT", "NO/SUCH"), UnknownSymbol, "there is no symbol 'NO/SUCH'"),
        (("BTC/USDT", "BTCUSDT"), UsageError, "BTC/USDT and BTCUSDT are one symbol of binance"),
    ],
)
async def test_a_symbol_that_cannot_be_recorded_ends_it_at_once(
    tmp_path: Path,
    autojump_clock: trio.testing.MockClock,
    symbols: tuple[str, ...],
    kind: type[ArbtreeError],
    text: str,
) -> None:
    """One error that names it, and no file."""
    with pytest.RaisesGroup(pytest.RaisesExc(kind, match=text), flatten_subgroups=True):
        await recorded(tmp_path / "a.capture", symbols)
    assert list(tmp_path.iterdir()) == []


async def test_no_frame_is_no_recording(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """A venue that answers REST but lets no stream open is told, with the reason."""
    async with world() as made:
        dials = 0

        async def only_once(host: str, port: int, tls: bool) -> trio.abc.Stream:
            nonlocal dials
            dials += 1
            if dials > 1:
                raise DialFailed(f"cannot connect to {host}:{port}: closed for the day")
            return await made.dial(host, port, tls)

        text = "no frame came from binance: .*closed for the day"
        fault = pytest.RaisesExc(EnvironmentFault, match=text)
        with pytest.RaisesGroup(fault, flatten_subgroups=True):
            await recording(made, tmp_path / "a.capture", dialer=only_once).run()
    assert list(tmp_path.iterdir()) == []


async def test_a_disk_that_refuses_ends_the_recording(
    tmp_path: Path, autojump_clock: trio.testing.MockClock
) -> None:
    """The error names the file, the engine stops in order, and nothing is left behind."""
    output = tmp_path / "a.capture"
    writes = 0

    async def full(work: Callable[[], None]) -> None:
        nonlocal writes
        writes += 1
        if writes > 3:
            raise EnvironmentFault(f"{output}: no space left")
        await inline(work)

    began_s = trio.current_time()
    async with world() as made:
        with pytest.raises(EnvironmentFault, match="no space left"):
            await recording(made, output, duration_s=None, worker=full).run()
    assert trio.current_time() - began_s < 10
    assert list(tmp_path.iterdir()) == []


# -- the command line -----------------------------------------------------------------------------


def addresses(rest: str, websocket: str) -> list[str]:
    """Both addresses as words of the command line."""
    return ["--rest-url", rest, "--websocket-url", websocket]


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nowhere", "BTC/USDT", "-o", "DIR/a"], 2, "unknown venue 'nowhere'"),
        (["binance", "BTC/USDT", "-o", "DIR"], 2, "DIR: this is a folder"),
        (["binance", "BTC/USDT", "-o", "DIR/no/a"], 3, "DIR/no/a: cannot be written"),
        (["binance", "BTC/USDT", "-o", "DIR/a", "--for", "soon"], 2, "'soon' is not a length"),
        (["binance", "-o", "DIR/a"], 2, "the following arguments are required: SYMBOL"),
        (
            ["binance", "BTC/USDT", "-o", "DIR/a", "--rest-url", "http://127.0.0.1:1"],
            2,
            "--websocket-url: expected an address too",
        ),
        (
            ["binance", "BTC/USDT", "-o", "DIR/a", *addresses("ftp://x", "ws://127.0.0.1:1")],
            2,
            "--rest-url: expected https://HOST",
        ),
        (
            [
                "binance",
                "BTC/USDT",
                "-o",
                "DIR/a",
                *addresses("http://127.0.0.1:1", "ws://[::1]:1"),
            ],
            3,
            "cannot connect to 127.0.0.1:1: ",
        ),
    ],
)
def test_a_wrong_command_line_is_one_sentence(
    words: list[str], code: int, sentence: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The thing is named, the code fits, nothing is left behind."""
    assert cli.main(["record", *(word.replace("DIR", str(tmp_path)) for word in words)]) == code
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("arbtree: " + sentence.replace("DIR", str(tmp_path)))
    assert err.count("\n") == 1
    assert list(tmp_path.iterdir()) == []
