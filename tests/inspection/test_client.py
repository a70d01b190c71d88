"""The client's half: what it says to an engine of another version, another user, or to none."""

from __future__ import annotations

import os
import socket
import struct
from contextlib import suppress
from pathlib import Path
from threading import Thread

import pytest

from actors.transport import local
from arbtree.cli import EXIT_ENVIRONMENT, EXIT_USAGE, main

HELLO = b'{"protocol":%d,"name":"engine","pid":1,"control":false,"seed":7,"wall_ns":1}\n'


@pytest.fixture
def place(tmp_path: Path) -> Path:
    """Where an engine would listen."""
    return tmp_path / "engine.sock"


def says(place: Path, first: bytes, answer: bytes = b"") -> Thread:
    """Something that listens there, says a line, and one more to a request."""
    listening = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
    listening.bind(os.fspath(place))
    listening.listen(1)

    def serve() -> None:
        with listening:
            client, _ = listening.accept()
            with client, suppress(OSError):
                client.sendall(first)
                if answer:
                    client.recv(4096)
                    client.sendall(answer)

    thread = Thread(target=serve, daemon=True)
    thread.start()
    return thread


def told(place: Path, capsys: pytest.CaptureFixture[str]) -> tuple[int, str]:
    """Exit code and the one sentence of asking for the tree there."""
    code = main(["inspect", "tree", "--socket", str(place)])
    said = capsys.readouterr().err
    assert said.count("\n") == 1 and said.startswith("arbtree: ")
    return code, said


def test_another_protocol_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Both versions and what to do; exit 2."""
    thread = says(place, HELLO % 99)
    code, said = told(place, capsys)
    assert code == EXIT_USAGE
    assert "speaks inspection protocol 99, this command 1: use the arbtree that runs" in said
    thread.join(10.0)


@pytest.mark.parametrize("first", [b"SSH-2.0-OpenSSH\n", b"{}\n", b"[1]\n", b"\xff\n"])
def test_what_is_no_engine_is_named(
    place: Path, first: bytes, capsys: pytest.CaptureFixture[str]
) -> None:
    """Another program on that socket; exit 3."""
    thread = says(place, first)
    code, said = told(place, capsys)
    assert code == EXIT_ENVIRONMENT
    assert "is no arbtree engine" in said
    thread.join(10.0)


@pytest.mark.parametrize(
    ("answer", "words"), [(b"nonsense\n", "is no JSON"), (b"7\n", "is no JSON object")]
)
def test_an_answer_that_is_none_is_named(
    place: Path, answer: bytes, words: str, capsys: pytest.CaptureFixture[str]
) -> None:
    """The engine may be at fault; the command is not."""
    thread = says(place, HELLO % 1, answer)
    code, said = told(place, capsys)
    assert code == EXIT_ENVIRONMENT
    assert words in said
    thread.join(10.0)


def test_an_engine_that_hangs_up_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """In the middle of a conversation; exit 3."""
    thread = says(place, HELLO % 1)
    code, said = told(place, capsys)
    assert code == EXIT_ENVIRONMENT and "has hung up" in said
    thread.join(10.0)


def test_a_stale_socket_is_named(place: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """What a dead engine left; exit 3."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as left:
        left.bind(os.fspath(place))
    code, said = told(place, capsys)
    assert code == EXIT_ENVIRONMENT and "the one that made it has ended" in said


def test_a_socket_of_another_user_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """By the file's owner, before a byte is sent; exit 2."""
    with socket.socket(socket.AF_UNIX, socket.SOCK_STREAM) as listening:
        listening.bind(os.fspath(place))
        listening.listen(1)
        monkeypatch.setattr(os, "getuid", lambda: place.stat().st_uid + 1)
        code, said = told(place, capsys)
    assert code == EXIT_USAGE and f"{place} belongs to another user" in said


@pytest.mark.skipif(not hasattr(socket, "SO_PEERCRED"), reason="the system does not tell")
def test_a_listener_of_another_user_is_refused(
    place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """The file is ours and the process behind it is not; exit 2."""
    mine = place.parent.stat().st_uid
    other = struct.pack("3i", 1, mine + 2, 1)
    monkeypatch.setattr(local, "credentials_of", lambda stream: other)
    monkeypatch.setattr(os, "getuid", lambda: mine + 1)
    monkeypatch.setattr(local, "_look_at", lambda place: None)
    thread = says(place, HELLO % 1)
    code, said = told(place, capsys)
    assert code == EXIT_USAGE and "what listens at" in said and "another user" in said
    thread.join(10.0)
