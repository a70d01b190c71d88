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
