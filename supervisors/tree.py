"""The whole tree as one declarative function: what is printed, run, shown and pinned by a test.

`engine` is rest_for_one: what stands lower relies on what stands above it.  A venue is one fault
scope: it is quarantined alone, and its books are dark, when it gives up.  A handle of the library
runs a smaller tree, one venue made of the very same parts.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable, Mapping, Sequence

from msgspec import Struct

from actors.assets import asset_registry, band_rules
from actors.auditor import AuditorActor
from actors.book import BookActor
from actors.callback import Callback, CallbackActor, CallbackTally
from actors.connection import ConnectionActor
from actors.detector import DetectorActor
from actors.feed import WATCHED_KINDS, Feed
from actors.outlet import Outlet, Subscription
from actors.runtime.actor import Actor
from actors.runtime.mailbox import MailboxSpec
from actors.snapshots import SnapshotActor
from actors.venue import Venue
from actors.views import View, ViewsActor
from config.settings import Settings, SupervisionSettings
from markets.fault_scope import FaultScope
from markets.price_band import PriceBands
from messages.books import BookDark, BookTop
from messages.identifiers import path_segment
from messages.market import StreamKind
from supervisors.spec import (
    BackoffSpec,
    BudgetSpec,
    ChildSpec,
    OnSpent,
    ReconnectSpec,
    StopPolicy,
    SupervisorSpec,
)

BOOK_MAILBOX = MailboxSpec(capacity=1024, overflow="drop_oldest", at_restart="purge")
"""In-turn, so it is deep only while its book restarts; what is dropped shows as a gap."""

SNAPSHOTS_MAILBOX = MailboxSpec(capacity=1024)
"""One read can begin the books of a whole venue: each asks, 1,000 of them at most."""

DETECTOR = "engine/detector"
"""Where every book of the engine tells its tops."""

MAX_LISTENERS = 64
"""Iterators and callbacks of one handle: each costs a queue, and a look at every message."""

TOPS_MAILBOX_CAPACITY = 4096
"""Of whoever is told the tops: above the books of any engine, as one place serves each."""


class Place(Struct, frozen=True):
    """Where the parts of one venue stand in a tree.

    Args:
        venue: path of the venue's supervisor.
        tops: path of the actor that every book tells its tops.
    """

    venue: str
    tops: str

    @property
    def snapshots(self) -> str:
        """Path of the snapshot actor."""
        return f"{self.venue}/snapshots"

    @property
    def connections(self) -> str:
        """Path of the supervisor of the connections."""
        return f"{self.venue}/connections"

    @property
    def auditor(self) -> str:
        """Path of the auditor."""
        return f"{self.venue}/auditor"

    @property
    def books(self) -> str:
        """Path of the supervisor of the books."""
        return f"{self.venue}/books"

    def book(self, symbol: str) -> str:
        """Path of the book of a unified symbol."""
        return f"{self.books}/{path_segment(symbol)}"


def engine_place(venue: str) -> Place:
    """Where a venue stands in the engine's tree."""
    return Place(f"engine/venues/{venue}", DETECTOR)


def exchange_place(venue: str) -> Place:
    """Where the venue of a handle stands in the handle's tree."""
    return Place(f"exchange/{venue}", "exchange/views")


def engine_tree(
    settings: Settings,
    venues: Mapping[str, Venue],
    outlet: Outlet,
    bands: PriceBands | None = None,
) -> SupervisorSpec:
    """Return the engine's tree.

    Args:
        settings: the checked configuration.
        venues: the shared services of every active venue, by name.
        outlet: where the detector publishes opportunities.
        bands: of all pairs, for whoever shows them; a quarantine outlives a crash of the detector.
    """
    rules = settings.supervision
    assets = asset_registry(settings)
    bands = bands or PriceBands(band_rules(settings.detector))
    return SupervisorSpec(
        id="engine",
        strategy="rest_for_one",
        budget=_causes(rules),
        children=(
            SupervisorSpec(
                id="venues",
                strategy="one_for_one",
                budget=_causes(rules),
                children=tuple(venue_tree(settings, venue) for venue in venues.values()),
            ),
            _child(
                rules,
                "detector",
                lambda: DetectorActor(settings.detector, venues, outlet, assets, bands),
                tops_mailbox(),
            ),
        ),
    )


def exchange_tree(
    settings: Settings, venue: Venue, views: dict[str, View], outlet: Outlet
) -> SupervisorSpec:
    """Return the tree of a handle: one venue, the views that users read, and their callbacks.

    Args:
        settings: the checked configuration of this one venue.
        venue: its shared services.
        views: the cells that the views actor writes.
        outlet: where everything that users may listen to is published.
    """
    rules = settings.supervision
    return SupervisorSpec(
        id="exchange",
        strategy="one_for_one",
        budget=_causes(rules),
        children=(
            _child(rules, "views", lambda: ViewsActor(venue, views, outlet), tops_mailbox()),
            venue_tree(settings, venue, exchange_place(venue.name), outlet, audited=False),
            SupervisorSpec(
                id="callbacks",
                strategy="dynamic",
                # Functions of a user have nothing in common: bad ones do not stop the good ones.
                budget=BudgetSpec(MAX_LISTENERS),
                quarantine_on_give_up=True,
            ),
        ),
    )


def venue_tree(
    settings: Settings,
    venue: Venue,
    place: Place | None = None,
    outlet: Outlet | None = None,
    *,
    audited: bool = True,
) -> SupervisorSpec:
    """Return one venue's part: snapshots, connections, the books they feed, and their auditor.

    Args:
        settings: the checked configuration.
        venue: the shared services of the venue.
        place: where it stands; in the engine when left out.
        outlet: takes what connections bring that is not for a book.
        audited: whether there is an auditor, where the configuration wants one.
    """
    rules, audits = settings.supervision, settings.auditor
    place = place if place is not None else engine_place(venue.name)
    symbols = venue.settings.symbols
    books = {symbol: place.book(symbol) for symbol in symbols}
    # The auditor's failures are its own: its venue trades on without it.
    auditor = _child(
        rules, "auditor", lambda: AuditorActor(venue, books, audits), on_spent="quarantine"
    )
    return SupervisorSpec(
        id=venue.name,
        strategy="one_for_one",
        budget=_causes(rules),
        quarantine_on_give_up=True,
        scope=FaultScope.VENUE.value,
        reconnects=ReconnectSpec(rules.reconnects_per_s, rules.reconnect_burst),
        children=(
            _child(
                rules,
                "snapshots",
                lambda: SnapshotActor(venue, place.book),
                SNAPSHOTS_MAILBOX,
                scope=FaultScope.CLOCK,  # it keeps the venue's time
            ),
            SupervisorSpec(
                id="connections",
                strategy="dynamic",
                budget=_causes(rules),
                children=tuple(
                    connection_child(rules, venue, place, str(number), part, outlet=outlet)
                    for number, part in enumerate(shares(venue, symbols))
                ),
            ),
            SupervisorSpec(
                id="books",
                strategy="dynamic",
                budget=_causes(rules),
                children=tuple(book_child(settings, venue, place, symbol) for symbol in symbols),
            ),
            *((auditor,) if audited and audits.enabled else ()),
        ),
    )


def connection_child(
    rules: SupervisionSettings,
    venue: Venue,
    place: Place,
    name: str,
    symbols: tuple[str, ...],
    *,
    outlet: Outlet | None = None,
    kind: StreamKind | None = None,
    option: str = "",
) -> ChildSpec:
    """Return one connection.

    Args:
        rules: backoff, budgets and graces.
        venue: the shared services of the venue.
        place: where the venue stands.
        name: its id among the connections.
        symbols: what it carries from the start; its feed says what is left of them.
        outlet: takes what is not for a book.
        kind: a stream for listeners only; None for those that feed books.
        option: interval or the like of that stream.
    """
    path = f"{place.connections}/{name}"
    feed = venue.feeds.setdefault(path, Feed(path, symbols))

    def start() -> ConnectionActor:
        books = {} if kind is not None else {symbol: place.book(symbol) for symbol in feed.symbols}
        return ConnectionActor(
            venue,
            feed.symbols,
            books,
            feed,
            healthy_after_s=rules.healthy_after_s,
            kinds=(kind,) if kind is not None else WATCHED_KINDS,
            option=option,
            outlet=outlet,
        )

    # Only data that flows proves a connection: a dial that succeeds now and then does not.
    scope = FaultScope.CONNECTION if kind is None else None
    return _child(rules, name, start, lasting_s=math.inf, scope=scope)


def book_child(settings: Settings, venue: Venue, place: Place, symbol: str) -> ChildSpec:
    """Return the book of one unified symbol."""
    return _child(
        settings.supervision,
        path_segment(symbol),
        lambda: BookActor(
            venue,
            symbol,
            snapshots=place.snapshots,
            detector=place.tops,
            top_levels=settings.detector.depth_levels,
            auditor=place.auditor,
            audit_levels=settings.auditor.levels,
        ),
        BOOK_MAILBOX,
        # One bad book stays dark alone; the others of its venue trade on.
        on_spent="quarantine",
        scope=FaultScope.BOOK,
    )


def callback_child(
    rules: SupervisionSettings,
    name: str,
    callback: Callback,
    subscription: Subscription,
    tally: CallbackTally,
) -> ChildSpec:
    """Return the actor that runs one function of a user."""
    return _child(
        rules,
        name,
        lambda: CallbackActor(callback, subscription, tally),
        # A function that keeps raising stays down alone.
        on_spent="quarantine",
    )


def tops_mailbox() -> MailboxSpec:
    """The mailbox of whoever is told the tops: the latest news of each book."""
    return MailboxSpec(capacity=TOPS_MAILBOX_CAPACITY, overflow="conflate", key=instrument_of)


def shares(
    venue: Venue, symbols: Sequence[str], streams: int = len(WATCHED_KINDS)
) -> list[tuple[str, ...]]:
    """Split symbols of so many streams each over connections, as the venue's limit wants it."""
    size = max(1, venue.dialect.limits.streams_per_connection // streams)
    return [tuple(symbols[start : start + size]) for start in range(0, len(symbols), size)]


def _child(
    rules: SupervisionSettings,
    name: str,
    start: Callable[[], Actor],
    mailbox: MailboxSpec | None = None,
    on_spent: OnSpent = "escalate",
    lasting_s: float | None = None,
    scope: FaultScope | None = None,
) -> ChildSpec:
    return ChildSpec(
        id=name,
        start=start,
        on_spent=on_spent,
        stop=StopPolicy(rules.stop_grace_s),
        start_timeout_s=rules.start_timeout_s,
        backoff=BackoffSpec(
            rules.backoff_min_s,
            rules.backoff_max_s,
            rules.backoff_factor,
            rules.backoff_jitter,
            rules.healthy_after_s if lasting_s is None else lasting_s,
        ),
        budget=BudgetSpec(rules.child_crashes, rules.child_window_s),
        mailbox=mailbox or MailboxSpec(),
        scope=scope.value if scope is not None else "",
    )


def _causes(rules: SupervisionSettings) -> BudgetSpec:
    return BudgetSpec(rules.supervisor_causes, rules.supervisor_window_s)


def instrument_of(message: object) -> Hashable:
    """The conflation key of the detector's mailbox: it needs only the latest news of each book."""
    if isinstance(message, BookTop | BookDark):
        return (message.venue, message.symbol)
    return type(message).__name__
