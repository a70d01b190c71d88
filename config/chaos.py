"""A faults file: what `arbtree chaos run --faults FILE` does differently from the catalogue."""

from __future__ import annotations

import math
import tomllib

from msgspec import Struct

from config.faults import hint
from config.reader import read_text
from messages.errors import ConfigError
from messages.faults import BY_NAME, FaultPlace

SHORTEST_EVERY_S, LONGEST_S = 0.1, 86_400.0
"""Faults of one kind ten times a second are the most; a day the least often and the longest."""


class FaultChange(Struct, frozen=True, kw_only=True):
    """What a file says of one kind; None leaves what the catalogue says.

    Args:
        enabled: whether it strikes at all.
        every_s: mean time between two.
        duration_s: shortest and longest time it lasts.
        target: glob of tree paths; `*` is one part, a last `**` everything below.
    """

    enabled: bool = True
    every_s: float | None = None
    duration_s: tuple[float, float] | None = None
    target: str | None = None


def load_faults(file: str) -> dict[str, FaultChange]:
    """Read a faults file: a table for each kind, and `only = true` to leave out all others.

    Raises:
        ConfigError: the file cannot be read, or says something wrong.
    """
    return parse_faults(read_text(file), file)


def parse_faults(text: str, file: str) -> dict[str, FaultChange]:
    """Read the same from text; `file` is the name that errors give it.

    Raises:
        ConfigError: it is no TOML, or says something wrong.
    """
    try:
        raw = tomllib.loads(text)
    except (ValueError, RecursionError) as error:
        raise ConfigError(file=file, expected="TOML", found=str(error) or "no TOML") from None
    only = raw.pop("only", False)
    if not isinstance(only, bool):
        raise _wrong(file, "only", "true or false", only)
    possible = {name: kind for name, kind in BY_NAME.items() if FaultPlace.VIRTUAL in kind.where}
    changes = {}
    for name, table in raw.items():
        if name not in possible:
            known = f"a fault of the virtual world{hint(name, possible)}"
            raise _wrong(file, name, known, "an unknown name")
        if not isinstance(table, dict):
            raise _wrong(file, name, f"a table [{name}]", table)
        changes[name] = _change(file, name, table)
    if only:
        changes |= {name: FaultChange(enabled=False) for name in possible if name not in changes}
    return changes


def _change(file: str, name: str, table: dict[str, object]) -> FaultChange:
    for key in table:
        if key not in FaultChange.__struct_fields__:
            keys = ", ".join(FaultChange.__struct_fields__)
            raise _wrong(file, f"{name}.{key}", f"one of {keys}", "an unknown key")
    enabled, every_s = table.get("enabled", True), table.get("every_s")
    duration_s, target = table.get("duration_s"), table.get("target")
    if not isinstance(enabled, bool):
        raise _wrong(file, f"{name}.enabled", "true or false", enabled)
    if every_s is not None and not _within(every_s, SHORTEST_EVERY_S):
        expected = f"seconds from {SHORTEST_EVERY_S:g} to {LONGEST_S:g}"
        raise _wrong(file, f"{name}.every_s", expected, every_s)
    if target is not None and not (isinstance(target, str) and target):
        raise _wrong(file, f"{name}.target", 'a path such as "engine/venues/mexc/**"', target)
    return FaultChange(
        enabled=enabled,
        every_s=_number(every_s),
        duration_s=_pair(file, name, duration_s),
        target=target,
    )


def _pair(file: str, name: str, value: object) -> tuple[float, float] | None:
    if value is None:
        return None
    right = isinstance(value, list) and len(value) == 2 and all(_within(one, 0) for one in value)
    if not right or not isinstance(value, list) or value[0] > value[1]:
        expected = "two numbers of seconds, the smaller one first"
        raise _wrong(file, f"{name}.duration_s", expected, value)
    return float(value[0]), float(value[1])


def _number(value: object) -> float | None:
    return float(value) if isinstance(value, int | float) else None


def _within(value: object, least: float) -> bool:
    number = isinstance(value, int | float) and not isinstance(value, bool)
    return number and isinstance(value, int | float) and (
        math.isfinite(value) and least <= value <= LONGEST_S
    )  # fmt: skip


def _wrong(file: str, key: str, expected: str, found: object) -> ConfigError:
    shown = found if isinstance(found, str) and found.startswith("an ") else repr(found)
    return ConfigError(file=file, key=key, expected=expected, found=f"{shown}")
