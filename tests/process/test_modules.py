"""The modules that can be run beside `arbtree`."""

from __future__ import annotations

import socket

from tests.process.commands import finished, objects, one_sentence


def test_supervisors_is_arbtree_run() -> None:
    """`python -m supervisors` takes the same words and writes the same lines."""
    done = finished("supervisors", "--for", "1s", "--json")
    assert done.returncode == 0, done.stderr
    lines = objects(done.stdout)
    assert (lines[0]["kind"], lines[-1]["kind"]) == ("tree", "summary")
    assert finished("supervisors", "--mode", "live").returncode == 2


def test_the_simulator_serves_and_ends() -> None:
    """`python -m simulator` says where its venues are and ends by itself."""
    done = finished("simulator", "--for", "1s", "--json")
    assert done.returncode == 0, done.stderr
    venues = objects(done.stdout)
    assert {line["kind"] for line in venues} == {"venue"}
    assert all(line["rest"].startswith("http://127.0.0.1:") for line in venues)


def test_a_port_in_use_is_named() -> None:
    """A port that is taken gets one sentence that names it, and exit code 3."""
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = finished("simulator", "--base-port", str(port), "--for", "1s")
    assert done.returncode == 3
    assert str(port) in one_sentence(done.stderr)
