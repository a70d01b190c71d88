"""The fault catalogue: every way in which we break an engine on purpose, as data.

`CATALOGUE` is the one table that schedules, reports, certificates and documents take names from.
What carries a fault out lies elsewhere: of the simulated world in `simulator/breaking.py`, of any
actor in `supervisors/chaos`, of sockets at the dial seam.
"""

from __future__ import annotations

import enum
from collections.abc import Mapping
from fnmatch import fnmatchcase
from types import MappingProxyType
from typing import ClassVar

from msgspec import Struct

from messages.errors import UsageError


class FaultGroup(enum.Enum):
    """Where a fault strikes.  Orders and the journal have their places; their kinds follow."""

    WIRE = "wire"
    WEBSOCKET = "websocket"
    STREAM = "stream"
    REST = "rest"
    PROCESS = "process"
    ORDERS = "orders"
    JOURNAL = "journal"


class FaultPlace(enum.Enum):
    """Where a fault can be had: the simulated world, real sockets, or a real process."""

    VIRTUAL = "virtual"
    LIVE = "live"
    PROCESS = "process"


class FaultKind(Struct, frozen=True):
    """One way to break something.

    Args:
        name: how it is called in files, reports and commands.
        group: where it strikes.
        sentence: what happens, for people.
        where: the places in which it exists; empty while no venue offers what it breaks.
        target: glob of the tree paths it may be aimed at.
        every_s: mean time between two of this kind in one run, in seconds; above 0.
        duration_s: shortest and longest time it lasts, in seconds; 0 where it is one moment.
    """

    volatile: ClassVar[bool] = False

    name: str
    group: FaultGroup
    sentence: str
    where: frozenset[FaultPlace]
    target: str
    every_s: float
    duration_s: tuple[float, float] = (0.0, 0.0)


VENUES = "engine/venues/*"
CONNECTIONS = "engine/venues/*/connections/*"
BOOKS = "engine/venues/*/books/*"
SNAPSHOTS = "engine/venues/*/snapshots"
ACTORS = "engine/venues/*/**"
ENGINE = "engine"

_EVERYWHERE = frozenset(FaultPlace)
_VIRTUAL = frozenset({FaultPlace.VIRTUAL})
_WORLD = frozenset({FaultPlace.VIRTUAL, FaultPlace.LIVE})
_PROCESS = frozenset({FaultPlace.PROCESS})
_NOWHERE: frozenset[FaultPlace] = frozenset()


def _kind(
    group: FaultGroup,
    name: str,
    sentence: str,
    where: frozenset[FaultPlace],
    target: str,
    every_s: float,
    shortest_s: float = 0.0,
    longest_s: float = 0.0,
) -> FaultKind:
    return FaultKind(name, group, sentence, where, target, every_s, (shortest_s, longest_s))


_WIRE, _SOCKET, _STREAM, _REST, _ACTOR = (
    FaultGroup.WIRE,
    FaultGroup.WEBSOCKET,
    FaultGroup.STREAM,
    FaultGroup.REST,
    FaultGroup.PROCESS,
)

CATALOGUE: tuple[FaultKind, ...] = (
    # -- wire ------------------------------------------------------------------------------------
    _kind(_WIRE, "cut", "The peer ends the connection without a close frame.",
          _WORLD, CONNECTIONS, 90),
    _kind(_WIRE, "reset", "The connection is reset and what was under way is lost.",
          _WORLD, CONNECTIONS, 90),
    _kind(_WIRE, "half_open", "Not a byte passes any more and nobody says so.",
          _WORLD, CONNECTIONS, 240),
    _kind(_WIRE, "stall", "The peer's bytes are held back and then arrive at once.",
          _WORLD, CONNECTIONS, 120, 0.3, 8),
    _kind(_WIRE, "slice", "Every read returns one byte.",
          _WORLD, CONNECTIONS, 240, 0.2, 1.5),
    _kind(_WIRE, "slow_reader", "Bytes trickle in, so that the peer's queue grows.",
          _WORLD, CONNECTIONS, 240, 1, 6),
    _kind(_WIRE, "refused_dial", "New connections are refused, REST included.",
          _WORLD, VENUES, 180, 1, 15),
    _kind(_WIRE, "dial_timeout", "A dial is never answered.",
          _WORLD, VENUES, 240, 1, 12),
    _kind(_WIRE, "failed_tls", "The TLS handshake fails.",
          _WORLD, VENUES, 240, 1, 10),
    _kind(_WIRE, "failed_upgrade", "The upgrade to a websocket is answered with an error.",
          _WORLD, VENUES, 240, 1, 10),
    _kind(_WIRE, "dns_failure", "The venue's name cannot be resolved.",
          _WORLD, VENUES, 240, 1, 10),
    # -- websocket -------------------------------------------------------------------------------
    _kind(_SOCKET, "unanswered_ping", "The venue answers no pings.",
          _WORLD, VENUES, 240, 2, 20),
    _kind(_SOCKET, "close_code", "The venue closes with one of the codes it may use.",
          _WORLD, CONNECTIONS, 120),
    _kind(_SOCKET, "fragmentation", "Messages come in fragments with pings between them.",
          _WORLD, VENUES, 180, 1, 8),
    _kind(_SOCKET, "oversized_frame", "A frame is announced that is longer than anyone takes.",
          _WORLD, CONNECTIONS, 240),
    # -- stream ----------------------------------------------------------------------------------
    _kind(_STREAM, "gap", "One depth event is missing.",
          _WORLD, BOOKS, 60),
    _kind(_STREAM, "duplicate", "One depth event comes twice.",
          _WORLD, BOOKS, 90),
    _kind(_STREAM, "reorder", "Two depth events come in the wrong order.",
          _WORLD, BOOKS, 90),
    _kind(_STREAM, "stale_snapshot", "Snapshots are seconds old, and one is needed.",
          _WORLD, BOOKS, 150, 1, 8),
    _kind(_STREAM, "delta_before_snapshot", "Events run on for seconds before their snapshot.",
          _WORLD, BOOKS, 150, 0.5, 4),
    _kind(_STREAM, "crossed_book", "A bid above the best ask is told.",
          _WORLD, BOOKS, 150),
    _kind(_STREAM, "empty_book", "Every level is told to be gone, and then to be back.",
          _WORLD, BOOKS, 180),
    _kind(_STREAM, "wrong_checksum", "An event's checksum is wrong; no venue of ours sends one.",
          _NOWHERE, BOOKS, 180),
    _kind(_STREAM, "silent_topic", "One stream falls silent on a live connection.",
          _WORLD, BOOKS, 180, 2, 20),
    _kind(_STREAM, "truncated_message", "An event ends in the middle of its JSON or protobuf.",
          _WORLD, BOOKS, 150),
    _kind(_STREAM, "unknown_type", "A message comes that no document knows.",
          _WORLD, BOOKS, 150),
    _kind(_STREAM, "refused_subscription", "The next subscription is refused.",
          _WORLD, VENUES, 240),
    _kind(_STREAM, "dropped_subscription", "The next subscription is neither done nor answered.",
          _WORLD, VENUES, 240),
    _kind(_STREAM, "aged_disconnect", "The venue ends its connections because of their age.",
          _WORLD, VENUES, 180, 0.2, 3),
    # -- REST ------------------------------------------------------------------------------------
    _kind(_REST, "rate_limited", "Requests are answered with 429.",
          _WORLD, VENUES, 180, 1, 8),
    _kind(_REST, "ban", "The address is banned for some time.",
          _WORLD, VENUES, 300, 2, 15),
    _kind(_REST, "server_error", "Requests are answered with a 5xx.",
          _WORLD, VENUES, 150, 1, 8),
    _kind(_REST, "html_for_json", "A gateway's page comes instead of JSON.",
          _WORLD, VENUES, 180, 1, 8),
    _kind(_REST, "slow_answer", "Answers take seconds.",
          _WORLD, VENUES, 180, 1, 8),
    _kind(_REST, "late_answer", "Answers come after their time limit.",
          _WORLD, VENUES, 240, 1, 8),
    _kind(_REST, "hang_up", "Connections are closed instead of answered.",
          _WORLD, VENUES, 180, 1, 8),
    _kind(_REST, "clock_skew", "The venue's clock goes wrong by seconds.",
          _WORLD, VENUES, 240, 5, 40),
    # -- process ---------------------------------------------------------------------------------
    _kind(_ACTOR, "crash", "An actor raises at its n-th message, or while it waits.",
          _EVERYWHERE, ACTORS, 60),
    _kind(_ACTOR, "start_failure", "The next lives of an actor fail while they start.",
          _WORLD, ACTORS, 150),
    _kind(_ACTOR, "hang_in_cleanup", "An actor that is stopped does not come to an end.",
          _WORLD, ACTORS, 240),
    _kind(_ACTOR, "blocked_loop", "Nothing runs for a moment: a handler holds the loop.",
          _WORLD, ENGINE, 120, 0.05, 2),
    _kind(_ACTOR, "mailbox_pressure", "An actor takes nothing for so long; its mailbox fills.",
          _WORLD, ACTORS, 150, 1, 10),
    _kind(_ACTOR, "root_crash", "The detector crashes; too often, the engine gives up.",
          _VIRTUAL, "engine/detector", 150),
    _kind(_ACTOR, "sigterm", "The process is asked to end.",
          _PROCESS, ENGINE, 300),
    _kind(_ACTOR, "sigkill", "The process is killed and started again.",
          _PROCESS, ENGINE, 300),
    _kind(_ACTOR, "full_disk", "The disk is full under a recording.",
          _PROCESS, ENGINE, 300),
)  # fmt: skip
"""Every kind, group by group."""

BY_NAME: Mapping[str, FaultKind] = MappingProxyType({kind.name: kind for kind in CATALOGUE})
"""The same by name."""


def fault_kind(name: str) -> FaultKind:
    """The kind of this name.

    Raises:
        UsageError: there is none; the text names those there are.
    """
    found = BY_NAME.get(name)
    if found is None:
        raise UsageError(f"there is no fault {name!r}: {', '.join(BY_NAME)}")
    return found


def kinds_of(place: FaultPlace) -> tuple[FaultKind, ...]:
    """The kinds that exist in a place, in the order of the catalogue."""
    return tuple(kind for kind in CATALOGUE if place in kind.where)


def aimable(kind: FaultKind, paths: list[str], target: str | None = None) -> list[str]:
    """Which of these tree paths a fault may be aimed at.

    Args:
        kind: its own glob holds.
        paths: of a whole tree.
        target: a glob that narrows the kind's own; in both a `*` is one part of a path, and a
            `**` at the end everything below.
    """
    return [
        path
        for path in paths
        if _matches(path, kind.target) and (target is None or _matches(path, target))
    ]


def _matches(path: str, glob: str) -> bool:
    parts = path.split("/")
    if glob.endswith("/**"):
        glob = glob[:-3]
        above = glob.count("/") + 1
        return len(parts) > above and fnmatchcase("/".join(parts[:above]), glob)
    return len(parts) == glob.count("/") + 1 and fnmatchcase(path, glob)
