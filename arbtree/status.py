"""What a running engine looks like at one instant, as plain data for screens and JSON lines."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from math import isinf
from typing import Any

from msgspec import Struct, to_builtins

from actors.book import BookActor
from actors.runtime.faults import UnknownPath
from actors.venue import Venue
from arbtree.assets import symbol_assets
from arbtree.engine import Engine
from markets.price_band import BandState
from messages.health import VenueHealth
from messages.identifiers import path_segment
from messages.opportunities import OpportunityClosed, OpportunityOpened
from supervisors.child import ActorRecord, Record
from supervisors.rows import Row


class BookStatus(Struct, frozen=True):
    """One book as a user wants to see it; ages in milliseconds, None where there is none."""

    venue: str
    symbol: str
    path: str
    state: str
    reason: str | None
    connection: str | None
    live_since_ns: int | None
    bid: tuple[float, float] | None
    ask: tuple[float, float] | None
    sequence: int | None
    levels: tuple[int, int] | None
    proof_age_ms: float | None
    change_age_ms: float | None
    updates: int
    gaps: int
    resyncs: int
    quotes_compared: int
    quotes_equal: int
    restarts: int
    mailbox_peak: int
    mailbox_lost: int


def tree_rows(engine: Engine) -> list[Row]:
    """The rows of the whole tree."""
    return engine.runtime.rows()


def tree_line(engine: Engine) -> dict[str, Any]:
    """The tree as one JSON object."""
    rows = [to_builtins(row) for row in tree_rows(engine)]
    return {"kind": "tree", "wall_ns": engine.seams.clock.wall_ns(), "rows": rows}


def books(engine: Engine) -> Iterator[BookStatus]:
    """Every book of the engine, venue by venue."""
    rows = {row.path: row for row in tree_rows(engine)}
    now_ns = engine.seams.clock.now_ns()
    for venue in engine.venues.values():
        for symbol in venue.settings.symbols:
            path = f"engine/venues/{venue.name}/books/{path_segment(symbol)}"
            row = rows.get(path)
            if row is not None:
                said = engine.runtime.summary(path)
                feed = venue.feeds.get(str(said.get("connection")))
                proof_age_ms = feed.proof_age_ms(now_ns) if feed is not None else None
                yield _book(venue.name, symbol, row, said, proof_age_ms)


def book_states(engine: Engine) -> dict[str, str]:
    """The state of every book by its path, as in `books`; for whoever looks again and again."""
    found: dict[str, str] = {}
    for venue in engine.venues.values():
        for symbol in venue.settings.symbols:
            path = f"engine/venues/{venue.name}/books/{path_segment(symbol)}"
            with suppress(UnknownPath):
                found[path] = _state(engine.runtime.registry.record(path))
    return found


def _state(record: Record) -> str:
    """What a living actor says of its book, else what holds it up."""
    life = record.life if record.state == "running" and type(record) is ActorRecord else None
    if life is not None and not life.is_over and isinstance(life.actor, BookActor):
        return life.actor.state.value
    return record.state.upper()


def _book(
    venue: str, symbol: str, row: Row, said: dict[str, Any], proof_age_ms: float | None
) -> BookStatus:
    mailbox = row.mailbox
    known = proof_age_ms is not None and proof_age_ms != float("inf")
    return BookStatus(
        venue=venue,
        symbol=symbol,
        path=row.path,
        state=said.get("state", row.state.upper()) if row.state == "running" else row.state.upper(),
        reason=said.get("reason") if row.state == "running" else row.last_failure or None,
        connection=said.get("connection"),
        live_since_ns=said.get("live_since_ns"),
        bid=said.get("bid"),
        ask=said.get("ask"),
        sequence=said.get("sequence"),
        levels=said.get("levels"),
        proof_age_ms=round(proof_age_ms, 1) if known and proof_age_ms is not None else None,
        change_age_ms=said.get("change_age_ms"),
        updates=said.get("updates", 0),
        gaps=said.get("gaps", 0),
        resyncs=said.get("resyncs", 0),
        quotes_compared=said.get("quotes_compared", 0),
        quotes_equal=said.get("quotes_equal", 0),
        restarts=row.restarts,
        mailbox_peak=mailbox.peak if mailbox is not None else 0,
        mailbox_lost=sum(mailbox.lost.values()) if mailbox is not None else 0,
    )


def venue_health(engine: Engine) -> list[VenueHealth]:
    """Every venue of the engine, in the order of its configuration."""
    states = {row.path: row.state for row in tree_rows(engine)}
    now_ns = engine.seams.clock.now_ns()
    found: dict[str, list[BookStatus]] = {name: [] for name in engine.venues}
    for book in books(engine):
        found[book.venue].append(book)
    held = quarantines(engine)
    return [
        _health(venue, states.get(f"engine/venues/{name}", "down"), found[name], held[name], now_ns)
        for name, venue in engine.venues.items()
    ]


def quarantines(engine: Engine) -> dict[str, dict[str, str]]:
    """By venue and symbol, why something is not traded: with nobody, or not with some other."""
    reasons: dict[tuple[str, str], list[str]] = {}
    for each in symbol_assets(engine.settings):
        if each.quarantined:
            reasons[each.venue, each.symbol] = [f"{each.quarantined}: {each.why}"]
    for one, other, band in engine.bands.held():
        if band.state is BandState.QUARANTINED:
            for this, beside in ((one, other), (other, one)):
                said = reasons.setdefault((this.venue, this.symbol), [])
                said.append(f"price_band: beside {beside}, {band.reason}")
    found: dict[str, dict[str, str]] = {name: {} for name in engine.venues}
    for (venue, symbol), said in reasons.items():
        found[venue][symbol] = "; ".join(said)
    return found


def _health(
    venue: Venue, state: str, seen: list[BookStatus], held: dict[str, str], now_ns: int
) -> VenueHealth:
    feeds = venue.feeds.values()
    ages_ms = [feed.proof_age_ms(now_ns) for feed in feeds if feed.proof_ns]
    dark = Counter(book.reason or book.state for book in seen if book.state != "LIVE")
    banned_s = venue.rest.banned_for_s
    return VenueHealth(
        venue=venue.name,
        state=state,
        connections=len(feeds),
        connections_open=sum(feed.state == "open" for feed in feeds),
        reconnects=sum(feed.reconnects for feed in feeds),
        books=len(seen),
        books_live=len(seen) - dark.total(),
        dark=dict(dark.most_common()),
        oldest_proof_ms=round(max(ages_ms), 1) if ages_ms else None,
        banned_for_s=None if isinf(banned_s) else round(banned_s, 1),
        rest_closed=tuple(venue.rest.left_alone),
        quarantined=held,
    )


class Tally:
    """What a run has seen so far; feeds the last line of every form of output."""

    def __init__(self) -> None:
        self.opened = 0
        self.closed = 0
        self.best_net_bps: float | None = None
        self.ever_live: set[str] = set()
        self.ends: Counter[str] = Counter()
        self.first_live_s: float | None = None
        self.first_opportunity_s: float | None = None

    def saw_books(self, seen: list[BookStatus], elapsed_s: float) -> None:
        """Take in a look at all books."""
        self.ever_live.update(book.path for book in seen if book.state == "LIVE")
        if self.ever_live and self.first_live_s is None:
            self.first_live_s = round(elapsed_s, 3)

    def saw_fact(self, fact: object, elapsed_s: float) -> None:
        """Take in what the detector published."""
        if isinstance(fact, OpportunityOpened):
            self.opened += 1
            if self.first_opportunity_s is None:
                self.first_opportunity_s = round(elapsed_s, 3)
        elif isinstance(fact, OpportunityClosed):
            self.closed += 1
            self.best_net_bps = max(self.best_net_bps or fact.net_bps, fact.net_bps)
