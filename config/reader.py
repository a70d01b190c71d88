"""Reads TOML into `Settings`; the first thing that is wrong becomes one `ConfigError`."""

from __future__ import annotations

import math
import os
import re
import tomllib
from collections.abc import Mapping
from pathlib import Path

import msgspec
from msgspec import Struct

from config.assets import MAX_ASSET_WORDS
from config.faults import entry, fault, hint, shown
from config.keys import Table, tables
from config.rules import check_rules
from config.settings import MAX_VENUES, Settings
from messages.errors import ConfigError

MAX_FILE_BYTES = 1 << 20
"""A thousand symbols fit into 40 kB; a larger file is some other file."""

MAX_ENTRIES = {"assets": MAX_ASSET_WORDS, "venues": MAX_VENUES}
"""How often each array of tables may stand in a file."""

MODES_OUTSIDE_FILES = {
    "live": '"watch"; live is switched on only by --mode live on the command line, never by a file',
    "paper": '"watch"; paper comes with trading, this version has none',
}
"""Modes that exist, or will, and that no file may switch on in this version."""

_SECRET_WORDS = ("secret", "passphrase", "password", "token", "api_key", "apikey", "credential")
_SYNTAX = re.compile(r"(?P<what>.*) \((?P<where>at [^()]*)\)", re.DOTALL)
_PLACE = re.compile(r" - at `\$\.(?P<key>[^`\[.]+)(?:\[(?P<index>\d+)\])?")


def load(path: str | os.PathLike[str]) -> Settings:
    """Read and check a configuration file.

    Args:
        path: the file; a relative one is below the working directory.

    Returns:
        The settings.

    Raises:
        ConfigError: the file cannot be read or says something wrong.
    """
    file = os.fspath(path)
    return parse(read_text(file), file)


def read_text(file: str) -> str:
    """The file's text, at most `MAX_FILE_BYTES`."""

    def refuse(expected: str, found: str) -> ConfigError:
        return ConfigError(file=file, expected=expected, found=found)

    try:
        with Path(file).open("rb") as stream:
            raw = stream.read(MAX_FILE_BYTES + 1)
    except FileNotFoundError:
        raise refuse("a configuration file", "no such file") from None
    except IsADirectoryError:
        raise refuse("a configuration file", "a directory") from None
    except (OSError, ValueError) as error:  # ValueError: a null character in the name
        found = error.strerror if isinstance(error, OSError) else str(error)
        raise refuse("a readable configuration file", str(found).lower()) from error
    if len(raw) > MAX_FILE_BYTES:
        raise refuse(f"at most {MAX_FILE_BYTES} bytes", "more")
    try:
        return raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise refuse("UTF-8 text", f"byte 0x{raw[error.start]:02x} in line {line}") from None


def parse(text: str, file: str) -> Settings:
    """Read and check a configuration given as text.

    Args:
        text: TOML.
        file: the name that errors give it.

    Returns:
        The settings.

    Raises:
        ConfigError: the text is no TOML or says something wrong.
    """
    raw = _toml(text, file)
    known = {table.name: table for table in tables()}
    for name in raw:
        if name not in known:
            titles = ", ".join(table.title for table in known.values())
            raise fault(
                file,
                name,
                "",
                expected=f"one of the tables {titles}",
                found=f"an unknown name{hint(name, known)}",
            )
    settings: dict[str, object] = {
        name: _section(known[name], value, file) for name, value in raw.items()
    }
    whole = msgspec.convert(settings, Settings)
    check_rules(whole, file)
    return whole


def _toml(text: str, file: str) -> Mapping[str, object]:
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise ConfigError(file=file, expected="TOML", found="values nested too deeply") from None
    except ValueError as error:  # TOMLDecodeError, or a number of thousands of digits
        match = _SYNTAX.fullmatch(str(error))
        found = f"{match['what']!s} {match['where']!s}" if match else "a number of too many digits"
        raise ConfigError(file=file, expected="TOML", found=found) from None


def _section(table: Table, value: object, file: str) -> object:
    """Read one table, or every entry of an array of tables."""
    if not table.array:
        if not isinstance(value, dict):
            raise fault(
                file, table.name, "", expected=f"one table {table.title}", found=_shape(value)
            )
        return _struct(table, value, file, table.name)
    if not isinstance(value, list) or not all(isinstance(item, dict) for item in value):
        raise fault(file, table.name, "", expected=f"tables {table.title}", found=_shape(value))
    most = MAX_ENTRIES[table.name]
    if len(value) > most:
        raise fault(
            file,
            table.name,
            "",
            expected=f"at most {most} entries",
            found=str(len(value)),
        )
    return tuple(
        _struct(table, item, file, entry(table.name, index)) for index, item in enumerate(value)
    )


def _shape(value: object) -> str:
    if isinstance(value, list) and value and all(isinstance(item, dict) for item in value):
        return "an array of tables"
    return shown(value)


def _struct(table: Table, raw: dict[str, object], file: str, place: str) -> Struct:
    """Check names, then values; the raw value is at hand to say what was found."""
    known = [key.name for key in table.keys]
    for name in raw:
        if name not in known:
            raise _unknown(name, known, file, place)
    for key in table.keys:
        if key.required and key.name not in raw:
            raise fault(file, place, key.name, expected=key.expected, found="nothing")
    mode = raw.get("mode")
    if table.name == "engine" and isinstance(mode, str) and mode in MODES_OUTSIDE_FILES:
        raise fault(file, place, "mode", expected=MODES_OUTSIDE_FILES[mode], found=shown(mode))
    for name, value in raw.items():
        for number in value if isinstance(value, list) else [value]:
            # TOML has nan and inf, which pass comparisons in ways nobody wants.
            if isinstance(number, float) and not math.isfinite(number):
                expected = table.key(name).expected
                raise fault(file, place, name, expected=expected, found=shown(number))
    try:
        return msgspec.convert(raw, table.struct)
    except msgspec.ValidationError as error:
        raise _wrong_value(error, table, raw, file, place) from None


def _unknown(name: str, known: list[str], file: str, place: str) -> ConfigError:
    if any(word in name.lower() for word in _SECRET_WORDS):
        expected = "no secrets in this file; they come from the environment or a key file"
        return fault(file, place, name, expected=expected, found="an unknown key")
    return fault(
        file,
        place,
        name,
        expected=f"one of the keys {', '.join(known)}",
        found=f"an unknown key{hint(name, known)}",
    )


def _wrong_value(
    error: msgspec.ValidationError, table: Table, raw: dict[str, object], file: str, place: str
) -> ConfigError:
    match = _PLACE.search(str(error))
    if match is None:
        return fault(file, place, "", expected="the keys and values documented", found=str(error))
    key = table.key(match["key"])
    value = raw[key.name]
    found = shown(value)
    if match["index"] is not None and isinstance(value, list):
        number = int(match["index"])
        found = f"{shown(value[number])} as entry {number + 1}"
    elif isinstance(value, str) and key.expected.startswith("one of"):
        found += hint(value, re.findall(r'"([^"]*)"', key.expected))
    return fault(file, place, key.name, expected=key.expected, found=found)
