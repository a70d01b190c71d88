"""What `arbtree run` writes into a pipe: plain lines, or one JSON object a line."""

from __future__ import annotations

from typing import Any

import orjson
from msgspec import to_builtins

from arbtree.log import story
from arbtree.status import BookStatus
from arbtree.writer import Writer
from messages.opportunities import (
    OpportunityClosed,
    OpportunityOpened,
    PairQuarantined,
    PairReleased,
)
from supervisors.events import LifecycleEvent

_LINE = orjson.OPT_APPEND_NEWLINE

RESTART_KINDS = frozenset(
    {"outage", "crash", "killed", "backoff", "quarantined", "gave_up", "stuck", "fatal"}
)
"""Lifecycle events that tell of trouble; with the `ready` of a later life they tell its end."""

Fact = OpportunityOpened | OpportunityClosed
Quarantine = PairQuarantined | PairReleased


def is_restart(event: LifecycleEvent) -> bool:
    """Whether an event belongs to the story of restarts."""
    return event.kind in RESTART_KINDS or (event.kind == "ready" and event.generation > 1)


class JsonLines:
    """One object a line, each with `kind` and `wall_ns`."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def write(self, kind: str, wall_ns: int, body: dict[str, Any], *, minor: bool = False) -> None:
        """Write one object."""
        line = orjson.dumps({"kind": kind, "wall_ns": wall_ns, **body}, option=_LINE)
        self._writer.put(line, minor=minor)

    def tree(self, wall_ns: int, rows: list[dict[str, Any]], picture: str) -> None:
        """Write the tree's rows."""
        self.write("tree", wall_ns, {"rows": rows})

    def book(self, wall_ns: int, book: BookStatus) -> None:
        """Write one book."""
        self.write("book", wall_ns, to_builtins(book), minor=True)

    def opportunity(self, wall_ns: int, fact: Fact) -> None:
        """Write one opportunity's opening or end."""
        state = "opened" if isinstance(fact, OpportunityOpened) else "closed"
        self.write("opportunity", wall_ns, {"state": state, **to_builtins(fact)})

    def quarantine(self, wall_ns: int, fact: Quarantine) -> None:
        """Write the beginning or the end of one pair's quarantine."""
        state = "begun" if isinstance(fact, PairQuarantined) else "released"
        self.write("quarantine", wall_ns, {"state": state, **to_builtins(fact)})

    def restart(self, wall_ns: int, event: LifecycleEvent) -> None:
        """Write one event of a restart's story."""
        body = {"path": event.path, "generation": event.generation, "event": event.kind}
        self.write("restart", event.wall_ns or wall_ns, {**body, "text": event.text})

    def summary(self, wall_ns: int, body: dict[str, Any]) -> None:
        """Write the last object."""
        self.write("summary", wall_ns, body)


class TextLines:
    """The same for people: short lines that a pager or a file keeps well."""

    def __init__(self, writer: Writer) -> None:
        self._writer = writer

    def tree(self, wall_ns: int, rows: list[dict[str, Any]], picture: str) -> None:
        """Print the tree as a picture."""
        self._writer.text(picture)

    def book(self, wall_ns: int, book: BookStatus) -> None:
        """Print one book."""
        self._writer.text(f"book        {book_text(book)}", minor=True)

    def opportunity(self, wall_ns: int, fact: Fact) -> None:
        """Print one opportunity's opening or end."""
        self._writer.text(f"opportunity {opportunity_text(fact)}")

    def quarantine(self, wall_ns: int, fact: Quarantine) -> None:
        """Print the beginning or the end of one pair's quarantine."""
        more = fact.reason if isinstance(fact, PairQuarantined) else f"released by the {fact.by}"
        self._writer.text(f"quarantine  {fact.one} and {fact.other}: {more}")

    def restart(self, wall_ns: int, event: LifecycleEvent) -> None:
        """Print one event of a restart's story."""
        self._writer.text(f"restart     {event.path} generation {event.generation} {story(event)}")

    def summary(self, wall_ns: int, body: dict[str, Any]) -> None:
        """Print the totals."""
        self._writer.text(
            "summary     " + ", ".join(f"{name} {value}" for name, value in body.items())
        )


def book_text(book: BookStatus) -> str:
    """One book in one line."""
    name = f"{book.venue:14} {book.symbol:16}"
    if book.bid is None or book.ask is None:
        return f"{name} {book.state:9} {book.reason or ''}"
    prices = f"{book.bid[0]:>12g} / {book.ask[0]:<12g}"
    ages = f"proof {age_text(book.proof_age_ms)}, changed {age_text(book.change_age_ms)} ago"
    return f"{name} {book.state:9} {prices} {ages}"


def age_text(age_ms: float | None) -> str:
    """An age for people."""
    if age_ms is None:
        return "never"
    return f"{age_ms:.0f} ms" if age_ms < 10_000 else f"{age_ms / 1000:.0f} s"


def opportunity_text(fact: Fact) -> str:
    """One opportunity in one line."""
    buy, sell = fact.buy, fact.sell
    legs = f"buy {buy.instrument} at {buy.price:g}, sell {sell.instrument} at {sell.price:g}"
    edge = f"{fact.gross_bps:.2f} bps gross, {fact.net_bps:.2f} net, {fact.amount:g} of base"
    if isinstance(fact, OpportunityOpened):
        return f"opened #{fact.opportunity_id} {legs}: {edge}"
    lived_ms = (fact.closed_ns - fact.opened_ns) / 1e6
    return f"closed #{fact.opportunity_id} after {lived_ms:.0f} ms ({fact.reason}), best {edge}"
