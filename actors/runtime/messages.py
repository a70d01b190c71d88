"""What a watcher hears on its control lane when a watched actor comes up or goes down."""

from __future__ import annotations

from msgspec import Struct


class Up(Struct, frozen=True):
    """The watched actor takes messages: its life of this generation has begun."""

    path: str
    generation: int


class Down(Struct, frozen=True):
    """The watched actor's life of this generation is over, or there is none yet (generation 0).

    `reason` is one line for people: the kind of end and the error's text.
    """

    path: str
    generation: int
    reason: str
