"""The whole tree as one declarative function: what is printed, run, shown and pinned by a test.

`engine` is rest_for_one: what stands lower relies on what stands above it.  A venue is one fault
scope: it is quarantined alone, and its books are dark, when it gives up.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence

from actors.assets import asset_registry, band_rules
from actors.auditor import AuditorActor
from actors.book import BookActor
from actors.connection import ConnectionActor
from actors.detector import DetectorActor
from actors.feed import WATCHED_KINDS, Feed
from actors.outlet import Outlet
from actors.runtime.actor import Actor
from actors.runtime.mailbox import MailboxSpec
from actors.snapshots import SnapshotActor
from actors.venue import Venue
from config.settings import Settings, SupervisionSettings
from markets.price_band import PriceBands
from messages.books import BookDark, BookTop
from messages.identifiers import path_segment
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

DETECTOR = "engine/detector"
"""Where every book tells its tops."""


def engine_tree(settings: Settings, venues: Mapping[str, Venue], outlet: Outlet) -> SupervisorSpec:
    """Return the engine's tree.

    Args:
        settings: the checked configuration.
        venues: the shared services of every active venue, by name.
        outlet: where the detector publishes opportunities.
    """
    rules = settings.supervision
    assets = asset_registry(settings)
    # Made once: a quarantine outlives a crash of the detector.
    bands = PriceBands(band_rules(settings.detector))
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
                MailboxSpec(capacity=4096, overflow="conflate", key=instrument_of),
            ),
        ),
    )


def venue_tree(settings: Settings, venue: Venue) -> SupervisorSpec:
    """Return one venue's part: snapshots, connections, the books they feed, and their auditor."""
    rules, audits = settings.supervision, settings.auditor
    top = f"engine/venues/{venue.name}"
    symbols = venue.settings.symbols
    books = {symbol: f"{top}/books/{path_segment(symbol)}" for symbol in symbols}
    # The auditor's failures are its own: its venue trades on without it.
    auditor = _child(
        rules, "auditor", lambda: AuditorActor(venue, books, audits), on_spent="quarantine"
    )
    return SupervisorSpec(
        id=venue.name,
        strategy="one_for_one",
        budget=_causes(rules),
        quarantine_on_give_up=True,
        reconnects=ReconnectSpec(rules.reconnects_per_s, rules.reconnect_burst),
        children=(
            _child(rules, "snapshots", lambda: SnapshotActor(venue, books.__getitem__)),
            SupervisorSpec(
                id="connections",
                strategy="dynamic",
                budget=_causes(rules),
                children=tuple(
                    _connection(rules, venue, f"{top}/connections", number, part, books)
                    for number, part in enumerate(_shares(venue, symbols))
                ),
            ),
            SupervisorSpec(
                id="books",
                strategy="dynamic",
                budget=_causes(rules),
                children=tuple(_book(settings, venue, symbol, top) for symbol in symbols),
            ),
            *((auditor,) if audits.enabled else ()),
        ),
    )


def _connection(
    rules: SupervisionSettings,
    venue: Venue,
    above: str,
    number: int,
    symbols: tuple[str, ...],
    books: Mapping[str, str],
) -> ChildSpec:
    path = f"{above}/{number}"
    feed = venue.feeds.setdefault(path, Feed(path, symbols))
    fed = {symbol: books[symbol] for symbol in symbols}
    return _child(
        rules,
        str(number),
        lambda: ConnectionActor(venue, symbols, fed, feed, healthy_after_s=rules.healthy_after_s),
    )


def _book(settings: Settings, venue: Venue, symbol: str, top: str) -> ChildSpec:
    return _child(
        settings.supervision,
        path_segment(symbol),
        lambda: BookActor(
            venue,
            symbol,
            snapshots=f"{top}/snapshots",
            detector=DETECTOR,
            top_levels=settings.detector.depth_levels,
            auditor=f"{top}/auditor",
            audit_levels=settings.auditor.levels,
        ),
        BOOK_MAILBOX,
        # One bad book stays dark alone; the others of its venue trade on.
        on_spent="quarantine",
    )


def _shares(venue: Venue, symbols: Sequence[str]) -> list[tuple[str, ...]]:
    """Split symbols over connections as the venue's limit of streams wants it."""
    size = max(1, venue.dialect.limits.streams_per_connection // len(WATCHED_KINDS))
    return [tuple(symbols[start : start + size]) for start in range(0, len(symbols), size)]


def _child(
    rules: SupervisionSettings,
    name: str,
    start: Callable[[], Actor],
    mailbox: MailboxSpec | None = None,
    on_spent: OnSpent = "escalate",
) -> ChildSpec:
    return ChildSpec(
        id=name,
        start=start,
        on_spent=on_spent,
        stop=StopPolicy(rules.stop_grace_s),
        start_timeout_s=rules.start_timeout_s,
        backoff=BackoffSpec(
            rules.backoff_min_s, rules.backoff_max_s, rules.backoff_factor, rules.backoff_jitter
        ),
        budget=BudgetSpec(rules.child_crashes, rules.child_window_s),
        mailbox=mailbox or MailboxSpec(),
    )


def _causes(rules: SupervisionSettings) -> BudgetSpec:
    return BudgetSpec(rules.supervisor_causes, rules.supervisor_window_s)


def instrument_of(message: object) -> Hashable:
    """The conflation key of the detector's mailbox: it needs only the latest news of each book."""
    if isinstance(message, BookTop | BookDark):
        return (message.venue, message.symbol)
    return type(message).__name__
