"""The public face of arbtree: the console command and what users import; no room imports it.

The rooms of the house are ordinary top-level packages with ordinary names.  Another
distribution, or a file of the user's, may carry one of these names and come first on the import
path, and half an engine of foreign code must never start.  So this module, before anything
imports a room, checks that every room lies beside it and is the one that was installed with it.
"""

from __future__ import annotations

import importlib.util
import os

__version__ = "0.1.0"

ROOMS = ("actors", "config", "exchanges", "markets", "messages", "simulator", "supervisors")
"""Every top-level package of the distribution but this one."""

_CURE = "install arbtree into an environment of its own, or rename the other one"


def _foreign(room: str, ours: str, found: str) -> ImportError:
    """Word the refusal of a room, naming both files."""
    return ImportError(
        f"{__file__} needs {ours}, but 'import {room}' finds {found}: {_CURE}",
        name=room,
        path=found,
    )


def _check_location(room: str, home: str) -> None:
    """Refuse a room that the import system finds anywhere but beside this package."""
    ours = os.path.join(home, room, "__init__.py")
    try:
        spec = importlib.util.find_spec(room)
    except ValueError:  # a module put into sys.modules by hand has no spec
        raise _foreign(room, ours, "a module made by hand") from None
    found = spec.origin if spec is not None else None
    if found is None or os.path.realpath(found) != os.path.realpath(ours):
        raise _foreign(room, ours, found or "nothing of that name")


def _installed_sizes(home: str) -> dict[str, int]:
    """Read from our installation record how many bytes each room's `__init__.py` has.

    Empty in a source tree and an editable install, where nobody else writes into a room.
    """
    record = os.path.join(home, f"arbtree-{__version__}.dist-info", "RECORD")
    wanted = {f"{room}/__init__.py": room for room in ROOMS}
    sizes: dict[str, int] = {}
    try:
        with open(record, encoding="utf-8") as lines:
            for line in lines:
                path, _, rest = line.rstrip().partition(",")
                size = rest.rpartition(",")[2]
                if path in wanted and size.isdecimal():
                    sizes[wanted[path]] = int(size)
    except FileNotFoundError:
        return {}
    return sizes


def _check_rooms() -> None:
    """Check where every room lies, and that no later installation wrote over its first file."""
    home = os.path.dirname(os.path.dirname(os.path.abspath(__file__)))
    for room in ROOMS:
        _check_location(room, home)
    for room, size in _installed_sizes(home).items():
        path = os.path.join(home, room, "__init__.py")
        if os.path.getsize(path) != size:
            raise _foreign(room, path, f"{path} overwritten by another distribution")


_check_rooms()
