"""The inspector on a real socket: what it tells, does and refuses, and what cannot harm it."""

from __future__ import annotations

import os
import socket
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import orjson
import pytest
import trio

from actors.transport.local import LocalLines, open_local
from messages.errors import EnvironmentFault, UsageError
from supervisors import inspector as module
from supervisors.inspector import Inspector
from supervisors.protocol import MAX_ASK_BYTES, MAX_REPLY_BYTES, PROTOCOL
from supervisors.runtime import Runtime
from tests.supervisors.trees import Boom, Log, runtime_of, tree, worker

WITHIN_S = 10.0
"""Far beyond what an answer takes; it only ends a hang."""


@asynccontextmanager
async def served(place: Path, *, control: bool = False) -> AsyncIterator[tuple[Runtime, Inspector]]:
    """A tree of two workers, running, with its inspector listening."""
    log = Log()
    runtime = runtime_of(tree(worker("a", log), worker("b", log)), seed=7)
    inspector = Inspector(runtime, "engine", control=control)
    async with trio.open_nursery() as nursery:
        await nursery.start(inspector.run, place)
        started = trio.Event()
        nursery.start_soon(runtime.run, started)
        await started.wait()
        yield runtime, inspector
        runtime.request_stop("the test is over")
        nursery.cancel_scope.cancel()


async def ask(lines: LocalLines, **words: object) -> Any:
    """Send one request and read its reply."""
    await lines.send(orjson.dumps({"id": 1, **words}) + b"\n", WITHIN_S)
    return orjson.loads(await lines.receive(WITHIN_S))


async def test_it_says_hello_and_tells_the_tree(tmp_path: Path) -> None:
    """The first line names engine, process and protocol; then every row of the tree."""
    place = tmp_path / "engine.sock"
    async with served(place), open_local(place, MAX_REPLY_BYTES) as lines:
        hello = orjson.loads(await lines.receive(WITHIN_S))
        assert (hello["protocol"], hello["name"]) == (PROTOCOL, "engine")
        assert (hello["pid"], hello["control"], hello["seed"]) == (os.getpid(), False, 7)
        said = await ask(lines, verb="tree")
        assert [row["path"] for row in said["result"]["rows"]] == ["top", "top/a", "top/b"]
        below = await ask(lines, verb="tree", path="top/b")
        assert [row["path"] for row in below["result"]["rows"]] == ["top/b"]


async def test_every_reading_verb_answers(tmp_path: Path) -> None:
    """Actor, children, events, stacks, dead letters and loop."""
    place = tmp_path / "engine.sock"
    async with served(place), open_local(place, MAX_REPLY_BYTES) as lines:
        await lines.receive(WITHIN_S)
        actor = (await ask(lines, verb="actor", path="top/a"))["result"]
        assert actor["row"]["state"] == "running"
        assert any("sleep_forever" in frame or "run" in frame for frame in actor["frames"])
        children = (await ask(lines, verb="children", path="top"))["result"]
        assert children["states"] == {"running": 2}
        events = (await ask(lines, verb="events", limit=2))["result"]
        assert [event["sequence"] for event in events["events"]] == [1, 2]
        later = (await ask(lines, verb="events", since=events["sequence"]))["result"]
        assert (later["events"], later["lost"]) == ([], 0)
        stacks = (await ask(lines, verb="stacks"))["result"]
        assert set(stacks["frames"]) == {"top/a", "top/b"}
        letters = (await ask(lines, verb="deadletters"))["result"]
        assert letters == {"letters": [], "count": 0}
        loop = (await ask(lines, verb="loop"))["result"]
        assert loop["lives"] == 2 and loop["tasks"] > 2


async def test_control_is_refused_until_it_is_on(tmp_path: Path) -> None:
    """A verb that changes the engine needs the configuration's word."""
    place = tmp_path / "engine.sock"
    async with served(place) as (runtime, _), open_local(place, MAX_REPLY_BYTES) as lines:
        await lines.receive(WITHIN_S)
        said = await ask(lines, verb="restart", path="top/a")
        assert said["error"]["code"] == "control_off"
        assert runtime.rows()[1].generation == 1


async def test_restart_and_stop(tmp_path: Path) -> None:
    """Both are carried out by the supervisor, and the reply tells the outcome."""
    place = tmp_path / "engine.sock"
    async with (
        served(place, control=True) as (runtime, _),
        open_local(place, MAX_REPLY_BYTES) as lines,
    ):
        await lines.receive(WITHIN_S)
        said = (await ask(lines, verb="restart", path="top/a"))["result"]
        assert said == {"path": "top/a", "done": True, "state": "running", "generation": 2}
        said = (await ask(lines, verb="stop", path="top/a"))["result"]
        assert (said["done"], said["state"]) == (True, "stopped")
        said = await ask(lines, verb="restart", path="top")
        assert said["error"]["code"] == "refused"
        assert "asked" in {event.kind for event in runtime.events.since()}


@pytest.mark.parametrize(
    ("line", "code"),
    [
        (b"nonsense\n", "bad_request"),
        (b"[1]\n", "bad_request"),
        (b"\xff\xfe\n", "bad_request"),
        (b'{"id":1}\n', "bad_request"),
        (b'{"id":1,"verb":"tree","paht":"x"}\n', "bad_request"),
        (b'{"id":1,"verb":"tree","limit":0}\n', "bad_request"),
        (b'{"id":1,"verb":"tree","protocol":99}\n', "protocol"),
        (b'{"id":1,"verb":"fly"}\n', "unknown_verb"),
        (b'{"id":1,"verb":"actor","path":"top/c"}\n', "unknown_path"),
        (b'{"id":1,"verb":"children","path":"top/a"}\n', "refused"),
    ],
)
async def test_a_bad_request_is_answered_and_the_next_one_served(
    tmp_path: Path, line: bytes, code: str
) -> None:
    """What is wrong is named by a code; the conversation goes on."""
    place = tmp_path / "engine.sock"
    async with served(place), open_local(place, MAX_REPLY_BYTES) as lines:
        await lines.receive(WITHIN_S)
        await lines.send(line, WITHIN_S)
        assert orjson.loads(await lines.receive(WITHIN_S))["error"]["code"] == code
        assert "result" in await ask(lines, verb="loop")


async def test_a_line_without_an_end_ends_its_own_connection(tmp_path: Path) -> None:
    """The limit is told, then the client is hung up on; others are served."""
    place = tmp_path / "engine.sock"
    async with served(place), open_local(place, MAX_REPLY_BYTES) as lines:
        await lines.receive(WITHIN_S)
        await lines.send(b"x" * (MAX_ASK_BYTES + 1), WITHIN_S)
        assert orjson.loads(await lines.receive(WITHIN_S))["error"]["code"] == "bad_request"
        with pytest.raises(EnvironmentFault, match="hung up"):
            await lines.receive(WITHIN_S)
        async with open_local(place, MAX_REPLY_BYTES) as others:
            await others.receive(WITHIN_S)
            assert "result" in await ask(others, verb="tree")


async def test_a_client_that_stops_reading_is_hung_up_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its answers pile up for a bounded time only, and nobody else waits for it."""
    monkeypatch.setattr(module, "SEND_WITHIN_S", 0.05)
    place = tmp_path / "engine.sock"
    async with served(place) as (_, inspector):
        async with open_local(place, MAX_REPLY_BYTES) as deaf, open_local(place, 1000) as other:
            flood = b'{"id":1,"verb":"stacks"}\n' * 2000
            with pytest.raises(EnvironmentFault):
                while True:
                    await deaf.send(flood, WITHIN_S)
            await other.receive(WITHIN_S)
        assert inspector.hung_up >= 1


async def test_more_clients_than_allowed_are_told_so(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The limit is said in one line."""
    monkeypatch.setattr(module, "MAX_CLIENTS", 1)
    place = tmp_path / "engine.sock"
    async with served(place), open_local(place, MAX_REPLY_BYTES) as first:
        await first.receive(WITHIN_S)
        async with open_local(place, MAX_REPLY_BYTES) as second:
            await second.receive(WITHIN_S)
            said = orjson.loads(await second.receive(WITHIN_S))
            assert said["error"]["code"] == "too_many_clients"
        assert "result" in await ask(first, verb="loop")


async def test_it_answers_while_the_tree_stops(tmp_path: Path) -> None:
    """The stop of a slow child is watched through the socket."""
    place = tmp_path / "engine.sock"
    runtime = runtime_of(tree(worker("slow", Log(), stop_s=0.2)))
    async with trio.open_nursery() as nursery:
        await nursery.start(Inspector(runtime, "engine").run, place)
        started = trio.Event()
        nursery.start_soon(runtime.run, started)
        await started.wait()
        async with open_local(place, MAX_REPLY_BYTES) as lines:
            await lines.receive(WITHIN_S)
            runtime.request_stop("the test is over")
            await trio.lowlevel.checkpoint()
            said = (await ask(lines, verb="tree"))["result"]
            assert said["rows"][1]["state"] == "stopping"
            assert (await ask(lines, verb="loop"))["result"]["stopping"]
        nursery.cancel_scope.cancel()


async def test_the_crash_of_an_actor_is_seen(tmp_path: Path) -> None:
    """Row and events tell cause and generation."""
    place = tmp_path / "engine.sock"
    async with served(place) as (runtime, _), open_local(place, MAX_REPLY_BYTES) as lines:
        await lines.receive(WITHIN_S)
        back = trio.Event()
        runtime.subscribe(lambda event: back.set() if event.kind == "ready" else None)
        runtime.kill("top/b", Boom("planted"))
        await back.wait()
        said = (await ask(lines, verb="actor", path="top/b"))["result"]
        assert said["row"]["restarts"] == 1
        assert "planted" in said["row"]["last_failure"]


# -- the socket -----------------------------------------------------------------------------------


async def test_the_socket_is_the_users_alone_and_goes_with_the_engine(tmp_path: Path) -> None:
    """Mode 0600 in a folder of 0700, and nothing is left behind."""
    place = tmp_path / "run" / "engine.sock"
    async with served(place):
        assert place.stat().st_mode & 0o777 == 0o600
        assert place.parent.stat().st_mode & 0o777 == 0o700
    assert not place.exists()


async def test_what_a_dead_engine_left_is_taken_over(tmp_path: Path) -> None:
    """A socket nobody listens on is no reason to refuse."""
    place = tmp_path / "engine.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(os.fspath(place))
    async with served(place), open_local(place, MAX_REPLY_BYTES) as lines:
        assert orjson.loads(await lines.receive(WITHIN_S))["name"] == "engine"


async def test_a_living_engine_is_not_pushed_aside(tmp_path: Path) -> None:
    """Two engines of one name: the second is told what to do."""
    place = tmp_path / "engine.sock"
    async with served(place):
        with pytest.raises(UsageError, match="another engine listens"), module.claimed(place):
            pass
        assert place.exists()


def test_a_file_that_is_no_socket_is_left_alone(tmp_path: Path) -> None:
    """It may be somebody's work."""
    place = tmp_path / "engine.sock"
    place.write_text("mine")
    with pytest.raises(UsageError, match="is no socket"), module.claimed(place):
        pass
    assert place.read_text() == "mine"


def test_a_folder_that_others_may_write_is_refused(tmp_path: Path) -> None:
    """Somebody could put a socket of his own there."""
    folder = tmp_path / "open"
    folder.mkdir()
    folder.chmod(0o777)
    with (
        pytest.raises(EnvironmentFault, match="can be written by others"),
        module.claimed(folder / "engine.sock"),
    ):
        pass


def test_a_path_too_long_for_a_socket_is_named(tmp_path: Path) -> None:
    """The system's own error says nothing of the limit."""
    place = tmp_path / ("x" * 120)
    with pytest.raises(EnvironmentFault, match="at most"), module.claimed(place):
        pass


async def test_a_client_says_what_is_missing(tmp_path: Path) -> None:
    """No socket, a dead one, and a file."""
    with pytest.raises(EnvironmentFault, match="no engine is running"):
        async with open_local(tmp_path / "engine.sock", 100):
            pass
    dead = tmp_path / "dead.sock"
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(os.fspath(dead))
    with pytest.raises(EnvironmentFault, match="has ended"):
        async with open_local(dead, 100):
            pass
    file = tmp_path / "file"
    file.touch()
    with pytest.raises(UsageError, match="is no socket"):
        async with open_local(file, 100):
            pass
