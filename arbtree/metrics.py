"""The figures of a running engine for Prometheus: one reading of what is counted anyway.

Nothing is counted for this alone, so that a message costs the same with it and without.  Labels
come from the configuration and from words of this code, never from what a venue sends.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from operator import attrgetter
from typing import Any

from msgspec import to_builtins

from actors.feed import Feed
from actors.venue import Venue
from arbtree import __version__
from arbtree.engine import Engine
from arbtree.exposition import Counters, Exposition, Labels
from arbtree.rest_watch import breakers
from arbtree.status import BookStatus, books
from supervisors.rows import Row

Samples = Iterator[tuple[Labels, float | None]]


class Metrics:
    """Makes the text of one engine.

    Args:
        engine: what is read.
    """

    def __init__(self, engine: Engine) -> None:
        self._engine = engine
        self._counters = Counters()
        self._began_s = engine.seams.clock.wall_ns() / 1e9

    def text(self) -> bytes:
        """Every figure as of now; waits for nothing."""
        text = Exposition(self._counters)
        rows = self._engine.runtime.rows()
        self._engine_figures(text)
        self._connections(text)
        _books(text, list(books(self._engine)))
        self._rest(text)
        self._breakers(text)
        self._audits(text)
        self._detector(text)
        _actors(text, rows)
        _mailboxes(text, [row for row in rows if row.mailbox is not None])
        return text.text()

    def _engine_figures(self, text: Exposition) -> None:
        events, outlet = self._engine.runtime.events, self._engine.outlet
        text.gauge("arbtree_info", "Which version runs.", [({"version": __version__}, 1.0)])
        text.gauge(
            "arbtree_start_time_seconds",
            "When the engine started, as Unix time.",
            [({}, self._began_s)],
        )
        text.counter(
            "arbtree_events_total",
            "What happened to actors, by kind.",
            [({"kind": kind}, count) for kind, count in events.counts.items()],
        )
        text.counter(
            "arbtree_opportunity_facts_total",
            "Opportunities opened and closed that were published.",
            [({}, outlet.published)],
        )

    def _connections(self, text: Exposition) -> None:
        now_ns = self._engine.seams.clock.now_ns()

        def each(value: Callable[[Feed], float | None]) -> Samples:
            for venue in self._engine.venues.values():
                for path, feed in venue.feeds.items():
                    yield {"venue": venue.name, "path": path}, value(feed)

        text.gauge(
            "arbtree_connection_open",
            "1 while the websocket is open.",
            each(lambda feed: feed.state == "open"),
        )
        text.gauge(
            "arbtree_connection_proof_age_seconds",
            "Time since the last frame in order, or pong.",
            each(lambda feed: feed.proof_age_ms(now_ns) / 1e3 if feed.proof_ns else None),
        )
        text.gauge(
            "arbtree_connection_ping_round_trip_seconds",
            "Round trip of our last ping.",
            each(lambda feed: _seconds(feed.ping_round_trip_ms)),
        )
        text.gauge(
            "arbtree_connection_epoch",
            "Which life of the connection this is.",
            each(lambda feed: feed.epoch if feed.epoch >= 0 else None),
        )
        text.counter(
            "arbtree_connection_frames_total", "Frames received.", each(lambda feed: feed.frames)
        )
        text.counter(
            "arbtree_connection_reconnects_total",
            "Connection lives after the first.",
            each(lambda feed: feed.reconnects),
        )
        for state in ("asked", "confirmed", "refused"):
            text.gauge(
                f"arbtree_connection_subscriptions_{state}",
                f"Subscriptions {state} in this life.",
                each(attrgetter(state)),
            )

    def _rest(self, text: Exposition) -> None:
        now_s = self._engine.seams.clock.now_ns() / 1e9

        def each(value: Callable[[Venue], float | None]) -> Samples:
            for venue in self._engine.venues.values():
                yield {"venue": venue.name}, value(venue)

        for name, help_ in (
            ("requests", "REST requests sent, those tried again included."),
            ("dialled", "REST connections opened."),
            ("closed", "REST connections closed."),
            ("reused", "REST requests that found an open connection."),
            ("retried", "REST requests sent again after an idle connection had ended."),
        ):
            text.counter(
                f"arbtree_rest_{name}_total",
                help_,
                each(attrgetter(f"rest.counts.{name}")),
            )
        for name, help_ in (
            ("answered", "Attempts that the venue answered."),
            ("refused", "Attempts that the venue refused."),
            ("failed", "Attempts that failed."),
            ("kept_back", "Attempts never sent, for a ban, the budget or a breaker."),
            ("given_up", "Attempts cancelled by who asked."),
        ):
            text.counter(
                f"arbtree_rest_attempts_{name}_total", help_, each(attrgetter(f"rest.tally.{name}"))
            )
        text.gauge(
            "arbtree_rest_waiting",
            "Requests that wait for budget, bans or a connection.",
            each(attrgetter("rest.turns.waiting")),
        )
        text.gauge(
            "arbtree_rest_banned_seconds",
            "Time until the venue takes requests again; +Inf for never.",
            each(lambda venue: venue.rest.banned_for_s),
        )
        text.gauge(
            "arbtree_rest_budget_left_ratio",
            "Share of the request budget that is left for everyone, 0 to 1.",
            each(lambda venue: venue.rest.budget.share_left("", now_s)),
        )
        text.gauge(
            "arbtree_clock_offset_seconds",
            "Our wall clock minus the venue's.",
            each(
                lambda venue: (
                    _seconds(venue.clock_offset.offset_ms) if venue.clock_offset.measured else None
                )
            ),
        )
        said = {name: self._said(f"engine/venues/{name}/snapshots") for name in self._engine.venues}
        text.gauge(
            "arbtree_snapshots_queued",
            "Books that wait for a snapshot.",
            each(lambda venue: _figure(said[venue.name], "queued")),
        )
        for name in ("fetched", "failures"):
            text.counter(
                f"arbtree_snapshots_{name}_total",
                f"Snapshots: {name}.",
                (({"venue": venue}, _figure(each_said, name)) for venue, each_said in said.items()),
            )

    def _breakers(self, text: Exposition) -> None:
        text.gauge(
            "arbtree_rest_breaker_open",
            "1 while the breaker of an endpoint lets nothing or only a probe through.",
            (
                ({"venue": name, "endpoint": endpoint}, state != "closed")
                for name, venue in self._engine.venues.items()
                for endpoint, state in breakers(venue).items()
            ),
        )

    def _audits(self, text: Exposition) -> None:
        outcomes, weights = [], []
        for venue in self._engine.venues.values():
            counts = to_builtins(venue.audits)
            weights.append(({"venue": venue.name}, counts.pop("weight")))
            del counts["audits"]
            for outcome, count in counts.items():
                outcomes.append(({"venue": venue.name, "outcome": outcome}, count))
        text.counter("arbtree_audits_total", "Audits of books, by how they ended.", outcomes)
        text.counter("arbtree_audit_weight_total", "Request weight spent on audits.", weights)

    def _detector(self, text: Exposition) -> None:
        said = self._said("engine/detector")
        for name, help_ in (
            ("instruments", "Instruments the detector knows."),
            ("pairs", "Ordered pairs of instruments with one base asset."),
            ("comparable", "Pairs whose prices can be compared."),
            ("open", "Opportunities open now."),
        ):
            text.gauge(f"arbtree_detector_{name}", help_, [({}, _figure(said, name))])
        for name, help_ in (
            ("evaluated", "Pairs evaluated."),
            ("opened", "Opportunities opened."),
        ):
            text.counter(f"arbtree_detector_{name}_total", help_, [({}, _figure(said, name))])

    def _said(self, path: str) -> dict[str, Any]:
        return self._engine.runtime.summary(path)


def _books(text: Exposition, seen: list[BookStatus]) -> None:
    def each(value: Callable[[BookStatus], float | None]) -> Samples:
        for book in seen:
            yield {"venue": book.venue, "symbol": book.symbol}, value(book)

    text.gauge(
        "arbtree_book_live",
        "1 while the book may be used for decisions.",
        each(lambda book: book.state == "LIVE"),
    )
    text.gauge(
        "arbtree_book_quarantined",
        "1 while the book is down until an operator restarts it.",
        each(lambda book: book.state == "QUARANTINED"),
    )
    text.gauge(
        "arbtree_book_diverged",
        "1 while the book was found wrong by an audit and not found right since.",
        each(lambda book: book.reason == "diverged"),
    )
    text.gauge(
        "arbtree_book_change_age_seconds",
        "Time since the book last changed.",
        each(lambda book: _seconds(book.change_age_ms)),
    )
    for index, side in enumerate(("bid", "ask")):
        text.gauge(
            f"arbtree_book_{side}_levels",
            f"Levels of the {side} side.",
            (
                ({"venue": book.venue, "symbol": book.symbol}, (book.levels or (None, None))[index])
                for book in seen
            ),
        )
    for name, help_ in (
        ("updates", "Depth events applied."),
        ("gaps", "Breaks in the sequence of events."),
        ("resyncs", "Snapshots loaded after the first."),
        ("quotes_compared", "Best quotes compared with the book."),
    ):
        text.counter(
            f"arbtree_book_{name}_total",
            help_,
            each(attrgetter(name)),
        )
    text.counter(
        "arbtree_book_quotes_different_total",
        "Best quotes that differed from the book.",
        each(lambda book: book.quotes_compared - book.quotes_equal),
    )


def _actors(text: Exposition, rows: list[Row]) -> None:
    text.gauge(
        "arbtree_actor_running",
        "1 while the actor or supervisor runs.",
        (({"path": row.path}, row.state == "running") for row in rows),
    )
    text.counter(
        "arbtree_actor_restarts_total",
        "Lives after the first.",
        (({"path": row.path}, row.restarts) for row in rows),
    )
    text.counter(
        "arbtree_actor_handler_seconds_total",
        "Time spent in handlers.",
        (({"path": row.path}, row.handler_s) for row in rows if row.mailbox is not None),
    )


def _mailboxes(text: Exposition, rows: list[Row]) -> None:
    boxes = [(row.path, row.mailbox) for row in rows if row.mailbox is not None]
    for name, help_ in (
        ("capacity", "Messages the mailbox has room for."),
        ("queued", "Messages that wait."),
        ("peak", "Most messages that ever waited."),
    ):
        text.gauge(
            f"arbtree_mailbox_{name}",
            help_,
            (({"path": path}, getattr(box, name)) for path, box in boxes),
        )
    for name, help_ in (
        ("accepted", "Messages accepted."),
        ("handled", "Messages handled."),
    ):
        text.counter(
            f"arbtree_mailbox_{name}_total",
            help_,
            (({"path": path}, getattr(box, name)) for path, box in boxes),
        )
    for name, help_ in (
        ("lost", "Messages lost after they were accepted, by reason."),
        ("refused", "Messages refused, by reason."),
    ):
        text.counter(
            f"arbtree_mailbox_{name}_total",
            help_,
            (
                ({"path": path, "reason": reason}, count)
                for path, box in boxes
                for reason, count in getattr(box, name).items()
            ),
        )


def _seconds(time_ms: float | None) -> float | None:
    return None if time_ms is None else time_ms / 1e3


def _figure(said: dict[str, Any], name: str) -> float | None:
    value = said.get(name)
    return float(value) if isinstance(value, int | float) else None
