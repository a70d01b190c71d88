"""The whole state of a connection actor as structs: for crash capsules.

A codec is made anew from the symbols it knows: what it remembers besides is how to read streams it
has met, which it finds out again.
"""

from __future__ import annotations

from typing import Any

from msgspec import Struct

from actors.bare_venue import bare_venue
from actors.carrying import CarryingState
from actors.feed import Feed
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.state_copy import StateForm
from actors.unreadable import Unreadable, UnreadableState
from config.settings import VenueSettings
from exchanges.subscription import Command, Key, SubscriptionContract, Topic
from messages.books import FeedOpened, SymbolRefused
from messages.instruments import SymbolInfo
from messages.market import StreamKind


class Listed(Struct, frozen=True):
    """The venue's lists of symbols are at hand."""


class Dialled(Struct, frozen=True):
    """The socket is open."""


class ContractState(Struct):
    """What was promised, and what became of it."""

    topics: dict[str, Topic]
    quiet: tuple[str, ...]
    unacked: dict[int, Command]
    confirmed: set[str]
    refused: set[str]
    silent: dict[Key, float | None]
    snapshot_due_s: dict[str, float]
    heard_symbols: set[str]
    heard_kinds: set[StreamKind]
    unheard: set[Key]
    suspects: set[str]
    window_ends_s: float | None


class ConnectionLifeState(Struct):
    """The attributes of a connection actor."""

    symbols: tuple[str, ...]
    book_paths: dict[str, str]
    healthy_after_s: float
    kinds: tuple[StreamKind, ...]
    option: str
    infos: list[SymbolInfo]


class ConnectionState(Struct):
    """A connection actor and its cell.

    `outlet`: it has one; `contract` is None before the venue's lists are read, `carrying` before
    the socket is open.
    """

    venue: VenueSettings
    path: str
    unreadable: UnreadableState
    outlet: bool
    life: ConnectionLifeState
    opened: list[FeedOpened] = []
    refused: list[SymbolRefused] = []
    contract: ContractState | None = None
    carrying: CarryingState | None = None

    @property
    def made_of(self) -> dict[str, Any]:
        """What a new actor is constructed with."""
        life = self.life
        feed = Feed(self.path, life.symbols)
        UNREADABLE.fill(feed.unreadable, self.unreadable)
        return {
            "venue": bare_venue(self.venue),
            "symbols": life.symbols,
            "books": life.book_paths,
            "feed": feed,
            "healthy_after_s": life.healthy_after_s,
            "kinds": life.kinds,
            "option": life.option,
            "outlet": Outlet() if self.outlet else None,
        }


CONNECTION = StateForm(
    Actor,
    ConnectionLifeState,
    left_out=("context", "_books", "_carrying", "_clock", "_codec", "_contract", "_depth_feed",
              "_epoch", "_feed", "_outlet", "_over", "_plan", "_venue"),
)  # fmt: skip
"""How a connection is copied; its cell, books and promises have forms of their own."""

UNREADABLE = StateForm(Unreadable, UnreadableState)
"""How the counts of unreadable frames are copied."""

CONTRACT = StateForm(
    SubscriptionContract, ContractState, left_out=("ack_within_s", "data_within_s", "in_band")
)
"""How the promises of a connection are copied."""
