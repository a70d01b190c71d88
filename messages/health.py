"""What is told about connections and actors: their health, and news of both."""

from __future__ import annotations

from typing import ClassVar

from msgspec import Struct


class ConnectionOpened(Struct, frozen=True):
    """A websocket connection stands; its subscriptions are being asked for.

    `connection` is the path of its actor, `epoch` the life it is in: above 1 it is a reconnect.
    """

    volatile: ClassVar[bool] = True

    venue: str
    connection: str
    epoch: int
    symbols: tuple[str, ...]
    at_ns: int


class ActorRestarted(Struct, frozen=True):
    """An actor lives again after a failure.

    `generation` is the life that began; `reason` says in one line why the one before ended.
    """

    volatile: ClassVar[bool] = True

    venue: str
    path: str
    generation: int
    reason: str
    at_ns: int


class ConnectionHealth(Struct, frozen=True):
    """How one websocket connection is; ages in milliseconds, None before the first frame.

    `state` is `connecting`, `open` or `closed`.  `asked`, `confirmed` and `refused` count the
    streams of the present life; `quiet` names symbols of which nothing came yet.
    """

    volatile: ClassVar[bool] = True

    venue: str
    connection: str
    symbols: tuple[str, ...]
    state: str
    epoch: int
    last_frame_age_ms: float | None
    ping_round_trip_ms: float | None
    frames: int
    reconnects: int
    asked: int
    confirmed: int
    refused: int
    quiet: tuple[str, ...]


class VenueHealth(Struct, frozen=True, gc=False):
    """How one venue of a running engine fares.

    `dark` counts books by the reason they are not live for; `rest_closed` are endpoints that are
    left alone after failures, `banned_for_s` how long the venue takes no requests, 0 where it does
    and infinite (None in JSON) for good.  `quarantined` are the symbols that are not traded, or not
    with all others, each with the reason.
    """

    volatile: ClassVar[bool] = True

    venue: str
    state: str
    connections: int
    connections_open: int
    reconnects: int
    books: int
    books_live: int
    dark: dict[str, int]
    oldest_proof_ms: float | None
    banned_for_s: float | None
    rest_closed: tuple[str, ...]
    quarantined: dict[str, str]
