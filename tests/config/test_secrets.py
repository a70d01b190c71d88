"""Secrets: nothing but `reveal` shows one, and only a private file or the environment gives one."""

from __future__ import annotations

import copy
import json
import os
import pickle
import pprint
import traceback
from collections.abc import Callable
from pathlib import Path

import msgspec
import orjson
import pytest

from config.secrets import MAX_KEYS_FILE_BYTES, Credentials, Secret, credentials, every_secret
from messages.errors import ConfigError

CANARY = "CANARY-7f3a91"
GIVEN = Credentials(Secret(CANARY), Secret(CANARY), Secret(CANARY))


@pytest.mark.parametrize(
    "show",
    [
        repr,
        str,
        format,
        pprint.pformat,
        ascii,
        lambda value: f"{value} {value!r} {value!s} {GIVEN.key:>20}",
        lambda value: "%s %r" % (value, value),  # noqa: UP031 - the old form is what is tested
        lambda value: repr([value, {"a": value}]),
        lambda value: repr(dir(value)),
        lambda value: json.dumps(value, default=str),
        lambda value: orjson.dumps(value, default=repr).decode(),
        lambda value: msgspec.json.encode(value, enc_hook=repr).decode(),
        lambda value: repr(msgspec.to_builtins(value, enc_hook=repr)),
    ],
)
@pytest.mark.parametrize("value", [GIVEN.key, GIVEN], ids=["secret", "credentials"])
def test_no_way_of_showing_shows_it(show: Callable[[object], str], value: object) -> None:
    """Printing, formatting and encoding with a fallback show stars at most."""
    assert CANARY not in show(value)


@pytest.mark.parametrize(
    "write",
    [
        pickle.dumps,
        json.dumps,
        orjson.dumps,
        msgspec.json.encode,
        msgspec.msgpack.encode,
        msgspec.to_builtins,
        vars,
        hash,
        iter,
        bytes,
    ],
)
def test_no_way_of_writing_takes_it(write: Callable[[object], object]) -> None:
    """Encoders refuse a secret, and say so without it."""
    with pytest.raises(TypeError) as caught:
        write(GIVEN.key)
    assert CANARY not in str(caught.value)


def test_reveal_is_the_one_way() -> None:
    """The text comes back whole, from a copy too, and equality compares it."""
    assert GIVEN.key.reveal() == CANARY
    assert copy.deepcopy(GIVEN).secret.reveal() == CANARY
    assert copy.copy(GIVEN.key) == Secret(CANARY)
    assert GIVEN.key != Secret("other")
    assert GIVEN.key != CANARY


def environment(**more: str) -> dict[str, str]:
    """Variables of one venue."""
    return {f"ARBTREE_BINANCE_USDM_{name.upper()}": value for name, value in more.items()}


def test_the_environment_gives_credentials() -> None:
    """Key and secret of the venue that is asked for, line ends stripped."""
    found = credentials("binance_usdm", environment(key=f"{CANARY}\n", secret="s"))
    assert found is not None
    assert (found.key.reveal(), found.secret.reveal(), found.passphrase) == (CANARY, "s", None)
    assert credentials("binance", environment(key=CANARY, secret="s")) is None
    assert credentials("binance_usdm", environment(key="", secret=" ")) is None


def test_the_process_environment_is_read_by_default(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without an argument the variables are those of the process."""
    for name, value in environment(key="k", secret="s", passphrase="p").items():
        monkeypatch.setenv(name, value)
    found = credentials("binance_usdm")
    assert found is not None
    assert found.passphrase == Secret("p")


@pytest.mark.parametrize(
    ("given", "names"),
    [
        ({"key": CANARY}, ("ARBTREE_BINANCE_USDM_SECRET", "ARBTREE_BINANCE_USDM_KEY")),
        ({"secret": CANARY}, ("ARBTREE_BINANCE_USDM_KEY", "ARBTREE_BINANCE_USDM_SECRET")),
        ({"key": f"{CANARY} x", "secret": "s"}, ("ARBTREE_BINANCE_USDM_KEY", "printable")),
        ({"key": f"{CANARY}\nX: y", "secret": "s"}, ("ARBTREE_BINANCE_USDM_KEY", "printable")),
        ({"key": f"{CANARY}é", "secret": "s"}, ("ARBTREE_BINANCE_USDM_KEY", "printable")),
        ({"key": CANARY * 1000, "secret": "s"}, ("ARBTREE_BINANCE_USDM_KEY", "4096")),
    ],
)
def test_incomplete_or_malformed_variables_are_named_not_shown(
    given: dict[str, str], names: tuple[str, ...]
) -> None:
    """The error names the variable to mend."""
    with pytest.raises(ConfigError) as caught:
        credentials("binance_usdm", environment(**given))
    assert all(name in str(caught.value) for name in names)
    assert CANARY not in str(caught.value)


def keys_file(folder: Path, text: str | bytes, mode: int = 0o600) -> dict[str, str]:
    """A keys file and the environment that names it."""
    path = folder / "keys.toml"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    path.chmod(mode)
    return {"ARBTREE_KEYS_FILE": str(path)}


def test_a_private_file_gives_credentials(tmp_path: Path) -> None:
    """A table a venue; the environment wins over it; other venues are not touched."""
    text = f'[binance_usdm]\nkey = "{CANARY}"\nsecret = "s"\n[mexc]\nkey = "only"\n'
    named = keys_file(tmp_path, text)
    found = credentials("binance_usdm", named)
    assert found is not None
    assert found.key.reveal() == CANARY
    assert credentials("binance", named) is None
    nearer = credentials("binance_usdm", named | environment(key="k", secret="s"))
    assert nearer is not None
    assert nearer.key.reveal() == "k"


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o604, 0o620, 0o601, 0o666])
def test_a_file_that_others_reach_is_refused(tmp_path: Path, mode: int) -> None:
    """File and mode are named, the content is not."""
    named = keys_file(tmp_path, f'[binance]\nkey = "{CANARY}"\nsecret = "s"\n', mode)
    with pytest.raises(ConfigError) as caught:
        credentials("binance", named)
    assert named["ARBTREE_KEYS_FILE"] in str(caught.value)
    assert f"mode {mode:04o}" in str(caught.value)
    assert CANARY not in str(caught.value)


def test_a_file_of_another_user_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The owner must be the user who runs us."""
    named = keys_file(tmp_path, "")
    owner = os.geteuid()
    monkeypatch.setattr(os, "geteuid", lambda: owner + 1)
    with pytest.raises(ConfigError, match=f"found one of user {owner}"):
        credentials("binance", named)


@pytest.mark.parametrize(
    ("content", "words"),
    [
        (f'[binance]\nkey = "{CANARY}\n', "a mistake at line 2"),
        (f"[binance]\n{CANARY}\n", "a mistake at line 2"),
        (f"binance = '{CANARY}'\n", "expected a table with key, secret, passphrase"),
        (f"[binance]\nkye = '{CANARY}'\n", "expected a table with key, secret, passphrase"),
        (f"[binance]\nkey = ['{CANARY}']\nsecret = 's'\n", "[binance] key: expected 1 to"),
        (f"[binance]\nkey = '{CANARY}'\n", "[binance] secret: expected a value"),
        ("[binance]\n", "[binance] key: expected a value, found nothing"),
        (CANARY.encode() + b"\xff", "expected UTF-8 text"),
        (b"#" * (MAX_KEYS_FILE_BYTES + 1), "expected at most"),
    ],
)
def test_a_wrong_file_is_named_and_its_content_is_not(
    tmp_path: Path, content: str | bytes, words: str
) -> None:
    """No error, nor anything chained to it, repeats the file."""
    with pytest.raises(ConfigError) as caught:
        credentials("binance", keys_file(tmp_path, content))
    assert words in str(caught.value)
    assert CANARY not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__context__ is None
    assert CANARY not in "".join(traceback.format_exception_only(caught.value))


def test_a_file_that_is_absent_or_no_file_is_refused(tmp_path: Path) -> None:
    """A missing name, a directory and a pipe are each refused at once."""
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe, 0o600)
    for path, words in (
        (tmp_path / "absent", "no such file"),
        (tmp_path, "a regular file"),
        (pipe, "a regular file"),
    ):
        with pytest.raises(ConfigError, match=words):
            credentials("binance", {"ARBTREE_KEYS_FILE": str(path)})


def test_every_secret_is_found_whoever_it_belongs_to(tmp_path: Path) -> None:
    """Variables named like credentials, and all texts of a keys file that is not refused."""
    named = keys_file(tmp_path, f'[mexc]\nkey = "a"\nother = "{CANARY}"\n')
    found = every_secret(named | environment(key="b") | {"ARBTREE_HOME": "c"})
    assert [secret.reveal() for secret in found] == ["b", "a", CANARY]
    (tmp_path / "keys.toml").chmod(0o644)
    assert every_secret(named) == ()
