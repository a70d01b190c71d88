"""The views actor: the latest proven top of each book of one venue, for users of the library.

Accepts `BookTop` and `BookDark`, conflated to the latest of each book; publishes both to its
outlet.  It is the one owner of its views; a reader first lets it catch up (`ActorRef.tell_batch`
of nothing: its handlers are synchronous and run in the reader's turn), and a top of an epoch that
is not its connection's current one is dark by construction.  State lost at restart: all views;
books tell theirs again when they see it up.  Restart type: permanent.  Cancellation empties them.
"""

from __future__ import annotations

from typing import Any, ClassVar, Self

from msgspec import Struct

from actors.bare_venue import bare_venue
from actors.feed import Feed
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.reference import ActorRef
from actors.venue import Venue
from config.settings import VenueSettings
from messages.books import BookDark, BookTop, DarkReason


class View:
    """What is known of one book: its top while it is live, else why and since when it is dark.

    `dark_ns` is monotonic; `feed` and `connection` belong to the top.
    """

    __slots__ = ("connection", "dark_ns", "feed", "reason", "top")

    def __init__(self, dark_ns: int) -> None:
        self.top: BookTop | None = None
        self.feed: Feed | None = None
        self.connection: ActorRef | None = None
        self.reason = DarkReason.STARTING
        self.dark_ns = dark_ns

    @property
    def current(self) -> BookTop | None:
        """The top, if the connection life that it came from still lasts."""
        top = self.top
        if top is None or self.connection is None or self.feed is None:
            return None
        return top if self.connection.generation == top.epoch else None


class ViewState(Struct):
    """What is known of one book; `connection` is a path, empty before the first top."""

    top: BookTop | None
    connection: str
    reason: DarkReason
    dark_ns: int


class ViewsState(Struct):
    """The views of one venue, by unified symbol; `feeds` are the paths of its connections."""

    venue: VenueSettings
    feeds: list[str]
    views: dict[str, ViewState]


class ViewsActor(Actor):
    """Keeps the views of one venue.

    Args:
        venue: the shared services of the venue.
        views: the views by unified symbol; this actor is the only writer.
        outlet: where every top and every darkness is published.
    """

    in_turn: ClassVar[bool] = True
    capsule_form: ClassVar[type[Any] | None] = ViewsState
    capsule_bytes: ClassVar[int] = 512 * 1024
    """Some hundreds of tops, of which the state is made too; there is one such actor a venue."""

    def __init__(self, venue: Venue, views: dict[str, View], outlet: Outlet) -> None:
        self._venue = venue
        self._views = views
        self._outlet = outlet

    def started(self) -> None:
        """Begin with nothing known."""
        self._views.clear()

    def ended(self) -> None:
        """Nobody may use a view that has no owner."""
        self._views.clear()

    def handle(self, message: object) -> None:
        """Take the latest news of one book, and hand it out."""
        if isinstance(message, BookTop):
            self._show(message)
        elif isinstance(message, BookDark):
            self._darken(message)
        else:
            return
        self._outlet.publish(message)

    def summary(self) -> dict[str, object]:
        """What the inspector shows."""
        live = sum(view.current is not None for view in self._views.values())
        return {"books": len(self._views), "live": live, "published": self._outlet.published}

    def capsule_state(self) -> ViewsState:
        """Tops and darkness; see `Actor.capsule_state`."""
        views = {
            symbol: ViewState(
                view.top, view.connection.path if view.connection else "", view.reason, view.dark_ns
            )
            for symbol, view in self._views.items()
        }
        return ViewsState(self._venue.settings, list(self._venue.feeds), views)

    @classmethod
    def from_capsule(cls, state: ViewsState) -> Self:
        """New views of a venue with nothing behind it, which nobody reads."""
        return cls(bare_venue(state.venue, (), state.feeds), {}, Outlet())

    def restored(self, state: ViewsState) -> None:
        """Become what the state says."""
        for symbol, known in state.views.items():
            view = self._view(symbol, known.dark_ns)
            view.top, view.reason = known.top, known.reason
            if known.connection:
                view.connection = self.context.lookup(known.connection)
                view.feed = self._venue.feeds.get(known.connection)

    def _show(self, top: BookTop) -> None:
        view = self._view(top.symbol, top.applied_ns)
        if view.connection is None or view.connection.path != top.connection:
            view.connection = self.context.lookup(top.connection)
        view.feed = self._venue.feeds.get(top.connection)
        view.top = top

    def _darken(self, dark: BookDark) -> None:
        view = self._view(dark.symbol, dark.at_ns)
        if view.top is not None:
            view.dark_ns = dark.at_ns
        view.top, view.reason = None, dark.reason

    def _view(self, symbol: str, at_ns: int) -> View:
        view = self._views.get(symbol)
        if view is None:
            view = self._views[symbol] = View(at_ns)
        return view
