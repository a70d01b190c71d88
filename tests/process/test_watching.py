"""Metrics and logs of a real process: served, refused, and never with a secret in them."""

from __future__ import annotations

import socket
import subprocess
import sys
import urllib.request
from pathlib import Path
from typing import Any

import orjson

from actors.recordings.files import line_batches
from tests.exposition_parser import parse
from tests.process.commands import (
    WITHIN_S,
    environment,
    finished,
    one_sentence,
    wait_for_live_book,
)

CANARIES = ("canary-key-5f2a9c", "canary-secret-71bd03", "canary-pass-e8842f", "canary-file-0c55d1")

CONFIG = """
[metrics]
port = {port}

[auditor]
every_s = 0.2

[[venues]]
name = "binance"
symbols = ["BTC/USDT"]
embedded = true

[[venues]]
name = "binance_usdm"
symbols = ["BTC/USDT:USDT"]
rest_url = "http://127.0.0.1:1"
websocket_url = "ws://127.0.0.1:1"
"""
"""One venue that works, and one that refuses every connection."""


def planted(tmp_path: Path) -> dict[str, str]:
    """An environment with a canary in every place a key can come from."""
    keys = tmp_path / "keys.toml"
    keys.write_text(f'[binance_usdm]\nkey = "{CANARIES[3]}"\nsecret = "{CANARIES[3]}"\n')
    keys.chmod(0o600)
    return environment() | {
        "ARBTREE_BINANCE_KEY": CANARIES[0],
        "ARBTREE_BINANCE_SECRET": CANARIES[1],
        "ARBTREE_BINANCE_PASSPHRASE": CANARIES[2],
        "ARBTREE_KEYS_FILE": str(keys),
    }


def config(tmp_path: Path, port: int = 0) -> str:
    """A configuration file with metrics."""
    path = tmp_path / "watching.toml"
    path.write_text(CONFIG.format(port=port))
    return str(path)


def without_canaries(*said: str) -> None:
    """None of these texts holds a secret."""
    for text in said:
        assert text
        assert not [canary for canary in CANARIES if canary in text]


def test_figures_and_logs_hold_no_secret(tmp_path: Path) -> None:
    """A run with trouble, everything it says collected: lines, log, figures."""
    words = ("run", "--config", config(tmp_path), "--json", "--every", "200ms")
    with subprocess.Popen(
        [sys.executable, "-m", "arbtree", *words, "--log-level", "debug", "--log-format", "json"],
        env=planted(tmp_path),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            assert process.stderr is not None
            first: dict[str, Any] = orjson.loads(process.stderr.readline())
            assert first["event"] == "metrics"
            early = [process.stderr.readline()]
            while orjson.loads(early[-1])["event"] != "outage":
                early.append(process.stderr.readline())
            wait_for_live_book(process)
            with urllib.request.urlopen(first["text"], timeout=WITHIN_S) as answer:
                assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
                figures = answer.read()
            process.terminate()
            out, err = process.communicate(timeout=WITHIN_S)
        finally:
            process.kill()
    assert process.returncode == 0, err
    found = parse(figures)
    assert found["arbtree_book_live"].kind == "gauge"
    err = "".join(early) + err
    log = [orjson.loads(line) for line in err.splitlines()]
    assert all({"time", "level", "id", "event", "text"} <= line.keys() for line in log)
    without_canaries(out, err, figures.decode())


def ran(env: dict[str, str], *words: str) -> subprocess.CompletedProcess[str]:
    """Run `arbtree words...` to its end in this environment."""
    return subprocess.run(
        [sys.executable, "-m", "arbtree", *words],
        env=env,
        capture_output=True,
        text=True,
        timeout=WITHIN_S,
        check=False,
    )


def test_errors_hold_no_secret(tmp_path: Path) -> None:
    """Wrong files, unknown venues and modes, with all there is to say about them."""
    wrong = tmp_path / "wrong.toml"
    wrong.write_text("[[venues]]\nname = 5\n")
    env = planted(tmp_path)
    for words in (
        ("check", str(wrong)),
        ("run", "--config", str(wrong)),
        ("venues", "nowhere"),
        ("run", "--mode", "live"),
    ):
        done = ran(env, *words, "--debug")
        assert done.returncode == 2
        without_canaries(done.stderr, done.stdout + "\n")


def test_captures_hold_no_secret(tmp_path: Path) -> None:
    """What is recorded, and what is said about it, when it is recorded and when it is replayed."""
    env, capture = planted(tmp_path), tmp_path / "a.capture"
    with subprocess.Popen(
        [sys.executable, "-m", "simulator", "--venues", "binance", "--json"],
        env=env,
        stdout=subprocess.PIPE,
        text=True,
    ) as simulator:
        try:
            assert simulator.stdout is not None
            place = orjson.loads(simulator.stdout.readline())
            addresses = ("--rest-url", place["rest"], "--websocket-url", place["stream"])
            recorded = ("record", "binance", "BTC/USDT", "-o", str(capture), "--for", "1s")
            done = ran(env, *recorded, *addresses)
        finally:
            simulator.kill()
    assert done.returncode == 0, done.stderr
    replayed = ran(env, "replay", str(capture), "--json")
    assert replayed.returncode == 0, replayed.stderr
    lines = b"".join(line for batch in line_batches(capture) for line in batch)
    assert b"BTCUSDT" in lines
    said = (done.stdout + done.stderr, replayed.stdout, lines.decode("latin-1"))
    without_canaries(*said)


def test_a_port_in_use_is_one_sentence_and_3(tmp_path: Path) -> None:
    """Nothing starts; the sentence names the port."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        done = finished("arbtree", "run", "--config", config(tmp_path, port), "--for", "5s")
    assert done.returncode == 3
    assert done.stdout == ""
    expected = f"arbtree: metrics cannot be served on 127.0.0.1:{port}: Address already in use"
    assert one_sentence(done.stderr) == expected


def test_off_without_a_port() -> None:
    """By default the engine listens nowhere for figures."""
    done = finished("arbtree", "run", "--for", "1s", "--log-level", "debug", "--json")
    assert done.returncode == 0
    assert "/metrics" not in done.stderr
