"""What travels on the control lane: news of watched actors, and what is for one life only."""

from __future__ import annotations

from msgspec import Struct


class Up(Struct, frozen=True):
    """The watched actor, or supervisor, is ready: its life of this generation has begun."""

    path: str
    generation: int


class Down(Struct, frozen=True):
    """The life of this generation is over, or there is none yet (generation 0).

    `reason` is one line for people: the kind of end and the error's text.
    """

    path: str
    generation: int
    reason: str


class Stamped:
    """A control message meant for one life only: a timer or a notice."""

    __slots__ = ("generation", "message")

    def __init__(self, generation: int, message: object) -> None:
        self.generation = generation
        self.message = message
