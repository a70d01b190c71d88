"""The public face of arbtree: the console command and what users import; no room imports it.

    from arbtree import open_exchange

What `__all__` names is loaded when it is first asked for, so that the command answers at once.

The rooms of the house are ordinary top-level packages with ordinary names.  Another
distribution, or a file of the user's, may carry one of these names and come first on the import
path, and half an engine of foreign code must never start.  So this module, before anything
imports a room, checks that every room lies beside it and is the one that was installed with it.
"""

from __future__ import annotations

import importlib
import importlib.util
import os
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from arbtree.exchange.contract import Exchange, PrivateExchange, PublicExchange
    from arbtree.exchange.listening import Messages, Registration
    from arbtree.exchange.livebook import LiveBook
    from arbtree.exchange.opening import open_exchange, open_world
    from arbtree.exchange.rest import PublicRest
    from messages.books import BookDark, BookTop, RestBook
    from messages.errors import (
        ArbtreeError,
        DarkBook,
        ForeignThread,
        NotAvailable,
        SymbolNotTrading,
        UnknownSymbol,
        UsageError,
        VenueError,
    )
    from messages.health import ActorRestarted, ConnectionHealth, ConnectionOpened
    from messages.instruments import SymbolInfo
    from messages.market import BestQuote, Kline, PartialBook, Ticker24h, Trade

__all__ = [
    "ActorRestarted",
    "ArbtreeError",
    "BestQuote",
    "BookDark",
    "BookTop",
    "ConnectionHealth",
    "ConnectionOpened",
    "DarkBook",
    "Exchange",
    "ForeignThread",
    "Kline",
    "LiveBook",
    "Messages",
    "NotAvailable",
    "PartialBook",
    "PrivateExchange",
    "PublicExchange",
    "PublicRest",
    "Registration",
    "RestBook",
    "SymbolInfo",
    "SymbolNotTrading",
    "Ticker24h",
    "Trade",
    "UnknownSymbol",
    "UsageError",
    "VenueError",
    "open_exchange",
    "open_world",
]

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


_HOMES = {
    "arbtree.exchange.contract": ("Exchange", "PrivateExchange", "PublicExchange"),
    "arbtree.exchange.listening": ("Messages", "Registration"),
    "arbtree.exchange.livebook": ("LiveBook",),
    "arbtree.exchange.opening": ("open_exchange", "open_world"),
    "arbtree.exchange.rest": ("PublicRest",),
    "messages.books": ("BookDark", "BookTop", "RestBook"),
    "messages.errors": (
        "ArbtreeError",
        "DarkBook",
        "ForeignThread",
        "NotAvailable",
        "SymbolNotTrading",
        "UnknownSymbol",
        "UsageError",
        "VenueError",
    ),
    "messages.health": ("ActorRestarted", "ConnectionHealth", "ConnectionOpened"),
    "messages.instruments": ("SymbolInfo",),
    "messages.market": ("BestQuote", "Kline", "PartialBook", "Ticker24h", "Trade"),
}
"""Where the names of `__all__` live; a test compares the two with what type checkers see."""


def __getattr__(name: str) -> object:
    """Load a public name when it is first asked for."""
    for home, names in _HOMES.items():
        if name in names:
            found: object = getattr(importlib.import_module(home), name)
            globals()[name] = found
            return found
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")


def __dir__() -> list[str]:
    """Name what there is, loaded or not."""
    return sorted({*globals(), *__all__})
