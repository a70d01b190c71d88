"""How a wrong place in a file becomes a `ConfigError`."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable

from messages.errors import ConfigError

SHOWN_CHARACTERS = 60
"""A found value is shown so that it can be recognised, not so that it floods the terminal."""


def fault(file: str, table: str, key: str, *, expected: str, found: str) -> ConfigError:
    """Build the error for one place.

    Args:
        file: the file's name as the user gave it.
        table: the table's header without brackets; an entry of an array of tables is given as
            `[[venues]] #2`.
        key: the key inside it; empty for the table itself.
        expected: what belongs there, in words.
        found: what stands there.

    Returns:
        The error, whose attributes `table` and `key` are those given here.
    """
    if not table.startswith("["):
        return ConfigError(file=file, table=table, key=key, expected=expected, found=found)
    # ConfigError puts brackets around its table; an entry's place brings its own.
    error = ConfigError(file=file, key=f"{table} {key}".strip(), expected=expected, found=found)
    error.table, error.key = table, key
    return error


def entry(name: str, index: int) -> str:
    """Name an entry of an array of tables, counted from 1: `[[venues]] #2`."""
    return f"[[{name}]] #{index + 1}"


def shown(value: object) -> str:
    """Say what a TOML value is, shortened."""
    if isinstance(value, str):
        return _cut(json.dumps(value, ensure_ascii=False))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        return "a table"
    if isinstance(value, list):
        return f"a list of {len(value)}" if value else "an empty list"
    return _cut(str(value))


def _cut(text: str) -> str:
    printable = "".join(mark if mark.isprintable() else "?" for mark in text)
    if len(printable) <= SHOWN_CHARACTERS:
        return printable
    return printable[:SHOWN_CHARACTERS] + "..."


def hint(word: str, known: Iterable[str]) -> str:
    """Suggest the known word nearest to a wrong one: ` (did you mean "x"?)`, or nothing."""
    near = difflib.get_close_matches(word.lower(), list(known), n=1, cutoff=0.6)
    return f" (did you mean {json.dumps(near[0])}?)" if near else ""
